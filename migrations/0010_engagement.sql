-- Up Migration
-- Whether HubSpot lets the app write on timelines; null while nobody tried.
alter table portal add column app_events text check (app_events in ('approved', 'unapproved'));
alter table portal add column app_events_at timestamptz;

-- What the engagement sync of one pair of accounts knows: when to look next, and its webhook at Klaviyo.
create table engagement_account (
  klaviyo_account_id uuid primary key references klaviyo_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  live_from timestamptz not null,               -- live sweeps began here; what is older belongs to runs
  due_at timestamptz not null default now(),
  metrics_at timestamptz,                       -- when the metrics were listed last
  sources_at timestamptz,                       -- when campaigns and flows were listed last
  succeeded_at timestamptz,
  webhook_key text not null unique,             -- the last part of our address
  webhook_secret text,                          -- sealed
  webhook_id text,                              -- Klaviyo's id; null: none
  webhook_state text not null default 'unknown' check (webhook_state in ('unknown', 'on', 'not_available')),
  webhook_at timestamptz
);

-- One metric of an account, and how far it has been read. Events appear late and out of order, so the last hour, day
-- and week are read again now and then (`again` holds where such a reading stands).
create table event_stream (
  klaviyo_account_id uuid not null references engagement_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  metric_id text not null,
  kind text not null,
  watermark timestamptz not null,
  hour_at timestamptz,
  hour_pages int not null default 0,
  day_at timestamptz not null default now(),
  week_at timestamptz not null default now(),
  again jsonb,
  primary key (klaviyo_account_id, metric_id)
);

-- A campaign's or flow's message: what it is called, where it leads, whom it targets.
create table email_message (
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  message_id text not null,
  campaign_id text,
  flow_id text,
  name text,
  subject text,
  group_ids text[] not null default '{}',
  read_at timestamptz not null default now(),
  primary key (klaviyo_account_id, message_id)
);

-- Every email event as collected, with what was decided of it. `contact_id` is HubSpot's.
create table activity (
  id bigint generated always as identity primary key,
  portal_id bigint not null references portal on delete cascade,
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  event_id text not null,
  kind text not null,
  at timestamptz not null,
  profile_id text,
  email text,
  message_key text not null,                    -- one email to one person
  url_key text not null default '',
  facts jsonb not null,
  collected_at timestamptz not null default now(),
  historical boolean not null default false,    -- found by a run over the past: live ones go first
  due_at timestamptz default now(),             -- when to decide; null: decided
  looks smallint not null default 0,
  verdict text,
  decision text,
  because text,
  counted boolean not null default false,
  connection_id uuid,
  contact_id text,
  shown_at timestamptz,                         -- when it went on the timeline, or was handed over for it
  shown_as text,                                -- the verdict it was shown with
  unique (klaviyo_account_id, event_id)
);
create index activity_due on activity (klaviyo_account_id, historical, due_at) where due_at is not null;
create index activity_message on activity (klaviyo_account_id, message_key);
-- A card: one contact's activities, newest first; totals are counted from the index alone.
create index activity_contact on activity (portal_id, contact_id, at desc) include (kind, decision, verdict, counted) where contact_id is not null;
create index activity_email on activity (portal_id, email);
create index activity_profile on activity (klaviyo_account_id, profile_id);
create index activity_at on activity (at);

-- App events that are not yet on a timeline. A row goes when HubSpot has the event.
create table app_event_due (
  activity_id bigint not null references activity on delete cascade,
  object text not null check (object in ('contact', 'company', 'deal')),
  object_id text not null,
  portal_id bigint not null references portal on delete cascade,
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  name text not null,
  historical boolean not null,
  state text not null default 'waiting' check (state in ('waiting', 'unapproved', 'refused')),
  error text,
  attempts smallint not null default 0,
  due_at timestamptz not null default now(),
  primary key (activity_id, object, object_id)
);
create index app_event_due_next on app_event_due (klaviyo_account_id, state, historical, due_at);

-- Contacts with activity: to which company and deals their card and activities belong, as last read.
create table engaged_contact (
  portal_id bigint not null references portal on delete cascade,
  contact_id text not null,
  company_id text,
  deal_ids text[] not null default '{}',
  read_at timestamptz not null default now(),
  primary key (portal_id, contact_id)
);
create index engaged_contact_company on engaged_contact (portal_id, company_id) where company_id is not null;
create index engaged_contact_deals on engaged_contact using gin (deal_ids);

-- Roll-up properties of a contact as written last, and when they have to be worked out again.
create table rollup (
  portal_id bigint not null references portal on delete cascade,
  contact_id text not null,
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  profile_id text,
  written jsonb not null default '{}',
  due_at timestamptz,
  primary key (portal_id, contact_id)
);
create index rollup_due on rollup (klaviyo_account_id, due_at) where due_at is not null;

-- How many activities of a connection came to which decision, for its status page.
create table engagement_count (
  connection_id uuid not null references connection on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  decision text not null,
  because text not null,
  n bigint not null default 0,
  primary key (connection_id, decision, because)
);
