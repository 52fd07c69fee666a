-- Up Migration
-- Ids of vendors are text: HubSpot's are numeric strings, Klaviyo's are ULIDs. Every row names its portal (rule A1).

create table portal (
  id bigint primary key,                        -- HubSpot hub id
  name text not null,
  ui_domain text not null,
  time_zone text,
  state text not null check (state in ('installed', 'reconnect', 'uninstalled')),
  state_reason text,
  access_token text,                            -- sealed, see oauth/seal.ts
  refresh_token text,                           -- sealed
  access_expires_at timestamptz,
  scopes text[] not null default '{}',
  hubspot_fields jsonb,                         -- catalogue of contact and company properties as last read
  hubspot_fields_at timestamptz,
  installed_at timestamptz not null default now(),
  uninstalled_at timestamptz,
  erase_after timestamptz
);

create table klaviyo_account (
  id uuid primary key default gen_random_uuid(),
  portal_id bigint not null references portal on delete cascade,
  company_id text not null,                     -- Klaviyo's own account id (the six characters of the public key)
  name text not null,
  state text not null check (state in ('connected', 'reconnect', 'disconnected')),
  state_reason text,
  auth text not null check (auth in ('oauth', 'api_key')),
  api_key text,                                 -- sealed
  access_token text,                            -- sealed
  refresh_token text,                           -- sealed
  access_expires_at timestamptz,
  missing_scopes text[] not null default '{}',
  klaviyo_fields jsonb,                         -- catalogue of profile attributes and properties as last read
  klaviyo_fields_at timestamptz,
  created_at timestamptz not null default now(),
  unique (portal_id, company_id)
);

-- One-time states of both OAuth flows (hash of the state; browser binding; PKCE verifier sealed).
create table oauth_state (
  state_hash text primary key,
  vendor text not null check (vendor in ('hubspot', 'klaviyo')),
  portal_id bigint,
  browser_hash text,
  verifier text,
  return_url text,
  expires_at timestamptz not null,
  used_at timestamptz
);

create table connection (
  id uuid primary key default gen_random_uuid(),
  portal_id bigint not null references portal on delete cascade,
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  type text not null check (type in ('contact', 'engagement')),
  name text not null,
  state text not null default 'draft' check (state in ('draft', 'initial_sync', 'active', 'paused', 'stopped')),
  state_reason text,
  config jsonb not null,                        -- direction, rules, mappings, options (or sources, activities, options)
  config_version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  activated_at timestamptz,
  last_success_at timestamptz
);
create index connection_portal on connection (portal_id);
create index connection_account on connection (klaviyo_account_id) where state in ('initial_sync', 'active');

-- The remembered pair (HubSpot contact, Klaviyo profile) and the values both sides last agreed on.
create table link (
  id bigint generated always as identity primary key,
  portal_id bigint not null references portal on delete cascade,
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  hubspot_id text not null,
  klaviyo_id text not null,
  email text not null,                          -- trimmed, lower-case: the identity when both sides last agreed on it
  base jsonb not null default '{}',             -- field key -> canonical value, see rules/reconcile.ts
  hubspot_modified_at timestamptz,              -- of the state last compared: sweeps pass over what was seen
  klaviyo_modified_at timestamptz,
  created_at timestamptz not null default now(),
  synced_at timestamptz not null default now(),
  constraint link_hubspot unique (klaviyo_account_id, hubspot_id),
  constraint link_klaviyo unique (klaviyo_account_id, klaviyo_id)
);
create index link_email on link (klaviyo_account_id, email);
create index link_portal_hubspot on link (portal_id, hubspot_id);

-- A link that ended because one side was deleted: the remaining record is not recreated there (B11).
create table tombstone (
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  side text not null check (side in ('hubspot', 'klaviyo')), -- the side whose record remains
  record_id text not null,
  reason text not null,
  at timestamptz not null default now(),
  primary key (klaviyo_account_id, side, record_id)
);

-- What one connection knows of one record: in sync, skipped and why, failed and why.
-- A linked person has one row under its HubSpot id; a record without a partner stands under its own side and id.
create table standing (
  connection_id uuid not null references connection on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  side text not null check (side in ('hubspot', 'klaviyo')),
  record_id text not null,
  state text not null check (state in ('in_sync', 'skipped', 'failed', 'not_in_scope')),
  reason text,
  message text,
  lists text[] not null default '{}',           -- Klaviyo lists this connection's rules keep the person on
  rules_key text not null default '',           -- fingerprint of the rules that put them there (B9)
  since timestamptz not null default now(),
  checked_at timestamptz not null default now(),
  primary key (connection_id, side, record_id)
);
create index standing_record on standing (portal_id, side, record_id);

-- Counts of standings, kept by the same transaction: the status page never counts a million rows.
create table standing_count (
  connection_id uuid not null references connection on delete cascade,
  state text not null,
  reason text not null default '',
  n bigint not null,
  primary key (connection_id, state, reason)
);

-- "This record may differ from its base." Coalesced: one row a record, the generation counts the hints it stands for.
create table change (
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  side text not null check (side in ('hubspot', 'klaviyo')),
  record_id text not null,
  priority smallint not null,                   -- 0 a person waits, 1 hint, 2 sweep, 3 retry of an issue
  cause text not null,
  generation bigint not null default 1,
  attempts int not null default 0,
  noticed_at timestamptz not null default now(),
  due_at timestamptz not null default now(),
  primary key (klaviyo_account_id, side, record_id)
) with (fillfactor = 70);
create index change_due on change (klaviyo_account_id, priority, due_at);

create table run (
  id uuid primary key default gen_random_uuid(),
  portal_id bigint not null references portal on delete cascade,
  connection_id uuid not null references connection on delete cascade,
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  kind text not null check (kind in ('initial', 'continuous', 'manual', 'canary', 'undo')),
  state text not null default 'queued' check (state in ('queued', 'running', 'finished', 'failed', 'cancelled')),
  cursor jsonb,                                 -- where the scan stands, see contacts/scan.ts
  counts jsonb not null default '{}',
  done bigint not null default 0,
  total bigint,
  error text,
  queued_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);
create index run_connection on run (connection_id, queued_at desc);
create index run_open on run (klaviyo_account_id, queued_at) where state in ('queued', 'running');

-- One write to one record: intended before the vendor is called, settled after. Shown as history, one row a field.
create table history (
  id bigint generated always as identity primary key,
  portal_id bigint not null references portal on delete cascade,
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  connection_id uuid not null,
  run_id uuid,
  side text not null check (side in ('hubspot', 'klaviyo')),
  action text not null,
  hubspot_id text,
  klaviyo_id text,
  email text,
  fields jsonb not null default '[]',           -- [{field, oldValue, newValue, because}]
  because text not null,
  at timestamptz not null default now(),
  settled_at timestamptz,
  outcome text check (outcome in ('done', 'refused', 'unknown')),
  undone_by bigint
);
create index history_portal_at on history (portal_id, id desc);
create index history_hubspot on history (portal_id, hubspot_id, id desc);
create index history_run on history (run_id, id) where run_id is not null;
create index history_connection on history (connection_id, id desc);
create index history_unsettled on history (klaviyo_account_id) where settled_at is null;

-- One problem of one record that a person can read and act on. Gone by itself once its cause is gone.
create table issue (
  id bigint generated always as identity primary key,
  portal_id bigint not null references portal on delete cascade,
  connection_id uuid not null references connection on delete cascade,
  code text not null,
  side text not null check (side in ('hubspot', 'klaviyo')),
  record_id text not null,                      -- '' for an issue of the whole connection
  field text not null default '',
  title text not null,
  detail text not null,
  fix text not null,
  hubspot_id text,
  klaviyo_id text,
  email text,
  attempts int not null default 1,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  ignored_at timestamptz,
  unique (connection_id, side, record_id, code, field)
);
create index issue_portal on issue (portal_id, connection_id, code, id) where ignored_at is null;

-- Members of the lists and segments that rules name, as the last membership sweep saw them.
create table list_member (
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  side text not null check (side in ('hubspot', 'klaviyo')),
  list_id text not null,
  record_id text not null,
  seen bigint not null,                         -- number of the sweep that saw the member last
  primary key (klaviyo_account_id, side, list_id, record_id)
);

-- How far each sweep has come, and when it is due again.
create table sweep (
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  name text not null,                           -- hubspot_contacts, klaviyo_profiles, list:<side>:<id>, …
  position jsonb,
  due_at timestamptz not null default now(),
  succeeded_at timestamptz,
  primary key (klaviyo_account_id, name)
);
create index sweep_due on sweep (due_at);

-- Webhook deliveries as received, kept shortly: hints are unpacked from here, duplicates fall out here (G1).
create table hint (
  id bigint generated always as identity primary key,
  portal_id bigint not null references portal on delete cascade,
  vendor text not null check (vendor in ('hubspot', 'klaviyo')),
  event jsonb not null,
  received_at timestamptz not null default now()
);
create index hint_portal on hint (portal_id, id);

-- Unique contacts in sync, each once a month (F8).
create table usage_contact (
  portal_id bigint not null references portal on delete cascade,
  month date not null,
  email_hash bytea not null,
  primary key (portal_id, month, email_hash)
);
create table usage_month (
  portal_id bigint not null references portal on delete cascade,
  month date not null,
  contacts bigint not null default 0,
  primary key (portal_id, month)
);

-- "One at a time" across processes. The token only grows: a late writer shows an old one and is refused (fencing).
create table lease (
  name text primary key,
  owner text not null,
  token bigint not null,
  until timestamptz not null
);

create table rate_bucket (
  key text primary key,
  tokens double precision not null,
  at timestamptz not null,
  paused_until timestamptz
) with (fillfactor = 50);

-- A token bucket over several windows at once, shared by all processes. Keep cap + per_s * window <= the vendor's limit.
-- `reserve` is what stays in the bucket for work that a person waits for. Returns 0 (taken) or the seconds to wait.
create function rate_take(k text[], cap float8[], per_s float8[], n float8, reserve float8) returns float8
language plpgsql as $$
declare
  wait float8 := 0;
  i int;
  r rate_bucket;
  t timestamptz;
  v float8;
begin
  insert into rate_bucket (key, tokens, at)
    select x.k, x.c, clock_timestamp() from unnest(k, cap) as x (k, c) on conflict do nothing;
  perform 1 from rate_bucket where key = any (k) order by key for update; -- fixed order: no deadlock
  t := clock_timestamp();
  for i in 1..array_length(k, 1) loop
    select * into r from rate_bucket where key = k[i];
    v := least(cap[i], r.tokens + greatest(0, extract(epoch from t - r.at)) * per_s[i]) - n - least(reserve * cap[i], greatest(0, cap[i] - n));
    wait := greatest(wait, -v / per_s[i], coalesce(extract(epoch from r.paused_until - t), 0));
  end loop;
  if wait > 0 then
    return wait; -- nothing taken
  end if;
  update rate_bucket b set tokens = least(x.c, b.tokens + greatest(0, extract(epoch from t - b.at)) * x.p) - n, at = t
    from unnest(k, cap, per_s) as x (k, c, p) where b.key = x.k;
  return 0;
end $$;

-- Down Migration
-- Migrations only go forward.
