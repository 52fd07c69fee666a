-- Up Migration
-- Rows that come by the million refer to their parent once. Each reference is a look-up of its own when a row is written
-- (about 10 µs), and the portal is reached through the account anyway: deleting a portal deletes its accounts, and those their
-- rows, as before.
alter table link drop constraint link_portal_id_fkey;
alter table history drop constraint history_portal_id_fkey;
alter table standing drop constraint standing_portal_id_fkey;
alter table consent drop constraint consent_portal_id_fkey;
alter table change drop constraint change_portal_id_fkey;
alter table list_write drop constraint list_write_portal_id_fkey, drop constraint list_write_klaviyo_account_id_fkey;
alter table activity drop constraint activity_portal_id_fkey;
alter table app_event_due drop constraint app_event_due_portal_id_fkey, drop constraint app_event_due_klaviyo_account_id_fkey;

-- Down Migration
-- Migrations only go forward.
