-- Up Migration
-- A person whose phone number belongs to another Klaviyo profile waits for it: the number is looked up here when somebody
-- gives one up, and the person is tried again at once. The index holds only those who wait.
alter table issue add column awaits text;
create index issue_awaits on issue (connection_id, awaits) where awaits is not null;

-- Down Migration
-- Migrations only go forward.
