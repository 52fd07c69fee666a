-- Up Migration
-- Everybody on both sides as a run over everybody read them at its beginning: partners, holders of phone numbers and members
-- of lists are found here instead of being asked for. Gone with its run.
create table roster (
  run_id uuid not null references run on delete cascade,
  portal_id bigint not null,
  kind text not null,                           -- contact, secondary, profile, member:<list>
  record_id text not null,
  email text,                                   -- trimmed, in lower case
  phone text,
  record json,                                  -- null for who came to be by this run
  stale boolean not null default false,         -- looked at by itself since: to be read again
  primary key (run_id, kind, record_id)
) with (fillfactor = 90);
create index roster_email on roster (run_id, kind, email) where email is not null;
create index roster_phone on roster (run_id, phone) where phone is not null;
alter table roster enable row level security;
create policy own_portal on roster to tandem_portal
  using (portal_id = (select nullif(current_setting('app.portal', true), '')::bigint));

-- Down Migration
-- Migrations only go forward.
