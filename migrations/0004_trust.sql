-- Up Migration
-- Dry runs (F2): what a connection would do, from real data, writing nothing. Dropped after a week.
create table preview (
  id uuid primary key default gen_random_uuid(),
  portal_id bigint not null references portal on delete cascade,
  connection_id uuid not null references connection on delete cascade,
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  config_version int not null,
  state text not null default 'queued' check (state in ('queued', 'running', 'ready', 'failed')),
  people int,                                   -- a sample of so many; null for everybody
  cursor jsonb,
  counts jsonb not null default '{}',
  skipped jsonb not null default '{}',
  examined bigint not null default 0,
  error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz
);
create index preview_connection on preview (connection_id, created_at desc);

-- One person of a preview; `plan` is null for those with nothing to do, who are only remembered as seen.
create table preview_person (
  preview_id uuid not null references preview on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  n bigint generated always as identity,
  hubspot_id text,
  klaviyo_id text,
  action text not null,
  plan jsonb,
  primary key (preview_id, n)
);
create index preview_person_hubspot on preview_person (preview_id, hubspot_id);
create index preview_person_klaviyo on preview_person (preview_id, klaviyo_id);
create index preview_person_action on preview_person (preview_id, action, n) where plan is not null;

-- The rolling audit of one connection (F10): the round under way and the last complete one.
create table parity (
  connection_id uuid primary key references connection on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  round jsonb not null default '{}',            -- figures of the round under way
  last jsonb,                                   -- figures of the last complete round
  checked_at timestamptz
);

-- Undo (F6): what is to be taken back, and what was left alone and why.
alter table run add column subject jsonb;       -- an undo's history rows: {changeId} or {runId} or {hubspotId} or {since}

-- Alerts (F14): what needs a person, raised once, cleared by itself.
create table alert (
  id bigint generated always as identity primary key,
  portal_id bigint not null references portal on delete cascade,
  connection_id uuid references connection on delete cascade,
  code text not null,
  message text not null,
  fix text not null,
  raised_at timestamptz not null default now(),
  cleared_at timestamptz,
  notified_at timestamptz
);
create unique index alert_open on alert (portal_id, coalesce(connection_id, '00000000-0000-0000-0000-000000000000'::uuid), code) where cleared_at is null;
alter table portal add column alert_email text;

-- Down Migration
-- Migrations only go forward.
