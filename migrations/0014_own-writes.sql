-- Up Migration
-- Writes whose answer was lost may have been carried out. Until a pass over the person is through, the value that stands
-- where we wrote it is told apart from one that a person gave (D4, G1): only these rows are asked for.
alter table history add column resolved_at timestamptz;
update history set resolved_at = settled_at where outcome = 'unknown';
create index history_open_write on history (klaviyo_account_id) where outcome = 'unknown' and resolved_at is null;

-- Down Migration
-- Migrations only go forward.
