-- Up Migration
-- What the app itself can do about an issue, at the press of a button (D8).
alter table issue add column repair jsonb;

-- The round over all pairs goes by id.
create index link_account_id on link (klaviyo_account_id, id);

-- Down Migration
-- Migrations only go forward.
