-- Made by `npm run schema` from the migrations; do not edit.

create table activity (
  id bigint not null generated always as identity,
  portal_id bigint not null,
  klaviyo_account_id uuid not null,
  event_id text not null,
  kind text not null,
  at timestamp with time zone not null,
  profile_id text,
  email text,
  message_key text not null,
  url_key text not null default ''::text,
  facts jsonb not null,
  collected_at timestamp with time zone not null default now(),
  historical boolean not null default false,
  due_at timestamp with time zone default now(),
  looks smallint not null default 0,
  verdict text,
  decision text,
  because text,
  counted boolean not null default false,
  connection_id uuid,
  contact_id text,
  shown_at timestamp with time zone,
  shown_as text,
  constraint activity_pkey PRIMARY KEY (id),
  constraint activity_klaviyo_account_id_event_id_key UNIQUE (klaviyo_account_id, event_id)
);
CREATE INDEX activity_address ON public.activity USING btree (email, portal_id);
CREATE INDEX activity_at ON public.activity USING btree (at);
CREATE INDEX activity_contact ON public.activity USING btree (portal_id, contact_id, at DESC) INCLUDE (kind, decision, verdict, counted) WHERE (contact_id IS NOT NULL);
CREATE INDEX activity_due ON public.activity USING btree (klaviyo_account_id, historical, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX activity_leaving_contact ON public.activity USING btree (portal_id, contact_id) WHERE (kind = ANY (ARRAY['unsubscribed'::text, 'preferences'::text]));
CREATE INDEX activity_leaving_email ON public.activity USING btree (portal_id, email) WHERE (kind = ANY (ARRAY['unsubscribed'::text, 'preferences'::text]));
CREATE INDEX activity_leaving_profile ON public.activity USING btree (klaviyo_account_id, profile_id) WHERE (kind = ANY (ARRAY['unsubscribed'::text, 'preferences'::text]));
CREATE INDEX activity_message ON public.activity USING btree (klaviyo_account_id, message_key);
CREATE INDEX activity_profile ON public.activity USING btree (klaviyo_account_id, profile_id);
CREATE TRIGGER activity_account AFTER INSERT ON public.activity REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION account_stands();
CREATE TRIGGER activity_added AFTER INSERT ON public.activity REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_activity();
CREATE TRIGGER activity_changed AFTER UPDATE ON public.activity REFERENCING OLD TABLE AS taken NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_activity();
CREATE TRIGGER activity_taken AFTER DELETE ON public.activity REFERENCING OLD TABLE AS taken FOR EACH STATEMENT EXECUTE FUNCTION count_activity();
alter table activity enable row level security;
create policy own_portal on activity to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table activity_day (
  portal_id bigint not null,
  contact_id text not null,
  day date not null,
  kind text not null,
  n integer not null,
  left_out integer not null,
  constraint activity_day_pkey PRIMARY KEY (portal_id, contact_id, day, kind),
  constraint activity_day_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
alter table activity_day enable row level security;
create policy own_portal on activity_day to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table admission (
  connection_id uuid not null,
  portal_id bigint not null,
  rank bigint not null,
  chosen boolean not null default false,
  constraint admission_pkey PRIMARY KEY (connection_id, rank),
  constraint admission_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connection(id) ON DELETE CASCADE,
  constraint admission_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
alter table admission enable row level security;
create policy own_portal on admission to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table alert (
  id bigint not null generated always as identity,
  portal_id bigint not null,
  connection_id uuid,
  code text not null,
  message text not null,
  fix text not null,
  raised_at timestamp with time zone not null default now(),
  cleared_at timestamp with time zone,
  notified_at timestamp with time zone,
  constraint alert_pkey PRIMARY KEY (id),
  constraint alert_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connection(id) ON DELETE CASCADE,
  constraint alert_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX alert_open ON public.alert USING btree (portal_id, COALESCE(connection_id, '00000000-0000-0000-0000-000000000000'::uuid), code) WHERE (cleared_at IS NULL);
alter table alert enable row level security;
create policy own_portal on alert to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table app_event_due (
  activity_id bigint not null,
  object text not null,
  object_id text not null,
  portal_id bigint not null,
  klaviyo_account_id uuid not null,
  name text not null,
  historical boolean not null,
  state text not null default 'waiting'::text,
  error text,
  attempts smallint not null default 0,
  due_at timestamp with time zone not null default now(),
  constraint app_event_due_pkey PRIMARY KEY (activity_id, object, object_id),
  constraint app_event_due_activity_id_fkey FOREIGN KEY (activity_id) REFERENCES activity(id) ON DELETE CASCADE,
  constraint app_event_due_object_check CHECK ((object = ANY (ARRAY['contact'::text, 'company'::text, 'deal'::text]))),
  constraint app_event_due_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'unapproved'::text, 'refused'::text])))
);
CREATE INDEX app_event_due_next ON public.app_event_due USING btree (klaviyo_account_id, state, historical, due_at);
alter table app_event_due enable row level security;
create policy own_portal on app_event_due to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table change (
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  side text not null,
  record_id text not null,
  priority smallint not null,
  cause text not null,
  generation bigint not null default 1,
  attempts integer not null default 0,
  noticed_at timestamp with time zone not null default now(),
  due_at timestamp with time zone not null default now(),
  constraint change_pkey PRIMARY KEY (klaviyo_account_id, side, record_id),
  constraint change_side_check CHECK ((side = ANY (ARRAY['hubspot'::text, 'klaviyo'::text])))
) with (fillfactor=70);
CREATE INDEX change_due ON public.change USING btree (klaviyo_account_id, priority, due_at);
CREATE TRIGGER change_account AFTER INSERT ON public.change REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION account_stands();
alter table change enable row level security;
create policy own_portal on change to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table connection (
  id uuid not null default gen_random_uuid(),
  portal_id bigint not null,
  klaviyo_account_id uuid not null,
  type text not null,
  name text not null,
  state text not null default 'draft'::text,
  state_reason text,
  config jsonb not null,
  config_version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  activated_at timestamp with time zone,
  last_success_at timestamp with time zone,
  unsaved jsonb,
  constraint connection_pkey PRIMARY KEY (id),
  constraint connection_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint connection_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint connection_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'initial_sync'::text, 'active'::text, 'paused'::text, 'stopped'::text]))),
  constraint connection_type_check CHECK ((type = ANY (ARRAY['contact'::text, 'engagement'::text])))
);
CREATE INDEX connection_account ON public.connection USING btree (klaviyo_account_id) WHERE (state = ANY (ARRAY['initial_sync'::text, 'active'::text]));
CREATE INDEX connection_portal ON public.connection USING btree (portal_id);
CREATE TRIGGER connection_gone AFTER DELETE ON public.connection REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION connection_takes_along();
alter table connection enable row level security;
create policy own_portal on connection to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table consent (
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  email text not null,
  opted_out text[] not null default '{}'::text[],
  unsubscribed boolean not null default false,
  asked_at timestamp with time zone,
  asked_list text,
  entered_at timestamp with time zone,
  constraint consent_pkey PRIMARY KEY (klaviyo_account_id, email),
  constraint consent_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE
);
alter table consent enable row level security;
create policy own_portal on consent to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table email_message (
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  message_id text not null,
  campaign_id text,
  flow_id text,
  name text,
  subject text,
  group_ids text[] not null default '{}'::text[],
  read_at timestamp with time zone not null default now(),
  constraint email_message_pkey PRIMARY KEY (klaviyo_account_id, message_id),
  constraint email_message_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint email_message_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
alter table email_message enable row level security;
create policy own_portal on email_message to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table engaged_contact (
  portal_id bigint not null,
  contact_id text not null,
  company_id text,
  deal_ids text[] not null default '{}'::text[],
  read_at timestamp with time zone not null default now(),
  constraint engaged_contact_pkey PRIMARY KEY (portal_id, contact_id),
  constraint engaged_contact_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
CREATE INDEX engaged_contact_company ON public.engaged_contact USING btree (portal_id, company_id) WHERE (company_id IS NOT NULL);
CREATE TRIGGER engaged_contact_added AFTER INSERT ON public.engaged_contact REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_engaged_deals();
CREATE TRIGGER engaged_contact_changed AFTER UPDATE ON public.engaged_contact REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION keep_engaged_deals();
alter table engaged_contact enable row level security;
create policy own_portal on engaged_contact to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table engaged_deal (
  portal_id bigint not null,
  contact_id text not null,
  deal_id text not null,
  constraint engaged_deal_pkey PRIMARY KEY (portal_id, contact_id, deal_id),
  constraint engaged_deal_portal_id_contact_id_fkey FOREIGN KEY (portal_id, contact_id) REFERENCES engaged_contact(portal_id, contact_id) ON DELETE CASCADE
);
CREATE INDEX engaged_deal_deal ON public.engaged_deal USING btree (portal_id, deal_id);
alter table engaged_deal enable row level security;
create policy own_portal on engaged_deal to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table engagement_account (
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  live_from timestamp with time zone not null,
  due_at timestamp with time zone not null default now(),
  metrics_at timestamp with time zone,
  sources_at timestamp with time zone,
  succeeded_at timestamp with time zone,
  webhook_key text not null,
  webhook_secret text,
  webhook_id text,
  webhook_state text not null default 'unknown'::text,
  webhook_at timestamp with time zone,
  constraint engagement_account_pkey PRIMARY KEY (klaviyo_account_id),
  constraint engagement_account_webhook_key_key UNIQUE (webhook_key),
  constraint engagement_account_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint engagement_account_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint engagement_account_webhook_state_check CHECK ((webhook_state = ANY (ARRAY['unknown'::text, 'on'::text, 'not_available'::text])))
);
alter table engagement_account enable row level security;
create policy own_portal on engagement_account to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table engagement_count (
  connection_id uuid not null,
  portal_id bigint not null,
  decision text not null,
  because text not null,
  n bigint not null default 0,
  constraint engagement_count_pkey PRIMARY KEY (connection_id, decision, because),
  constraint engagement_count_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connection(id) ON DELETE CASCADE,
  constraint engagement_count_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
alter table engagement_count enable row level security;
create policy own_portal on engagement_count to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table erased (
  portal_id bigint not null,
  email_hash bytea not null,
  report jsonb not null,
  at timestamp with time zone not null default now(),
  constraint erased_pkey PRIMARY KEY (portal_id, email_hash),
  constraint erased_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
alter table erased enable row level security;
create policy own_portal on erased to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table erasure_due (
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  hubspot_id text not null,
  at timestamp with time zone not null default now(),
  constraint erasure_due_pkey PRIMARY KEY (klaviyo_account_id, hubspot_id),
  constraint erasure_due_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint erasure_due_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
alter table erasure_due enable row level security;
create policy own_portal on erasure_due to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table event_stream (
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  metric_id text not null,
  kind text not null,
  watermark timestamp with time zone not null,
  hour_at timestamp with time zone,
  hour_pages integer not null default 0,
  day_at timestamp with time zone not null default now(),
  week_at timestamp with time zone not null default now(),
  again jsonb,
  constraint event_stream_pkey PRIMARY KEY (klaviyo_account_id, metric_id),
  constraint event_stream_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES engagement_account(klaviyo_account_id) ON DELETE CASCADE,
  constraint event_stream_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
alter table event_stream enable row level security;
create policy own_portal on event_stream to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table hint (
  id bigint not null generated always as identity,
  portal_id bigint not null,
  vendor text not null,
  event jsonb not null,
  received_at timestamp with time zone not null default now(),
  constraint hint_pkey PRIMARY KEY (id),
  constraint hint_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint hint_vendor_check CHECK ((vendor = ANY (ARRAY['hubspot'::text, 'klaviyo'::text])))
);
CREATE INDEX hint_portal ON public.hint USING btree (portal_id, id);
alter table hint enable row level security;
create policy own_portal on hint to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table hint_batch (
  id bigint not null generated always as identity,
  portal_id bigint not null,
  hints jsonb not null,
  merges jsonb not null default '[]'::jsonb,
  size integer not null,
  received_at timestamp with time zone not null default now(),
  constraint hint_batch_pkey PRIMARY KEY (id),
  constraint hint_batch_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
CREATE INDEX hint_batch_portal ON public.hint_batch USING btree (portal_id, id);
alter table hint_batch enable row level security;
create policy own_portal on hint_batch to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table history (
  id bigint not null generated always as identity,
  portal_id bigint not null,
  klaviyo_account_id uuid not null,
  connection_id uuid not null,
  run_id uuid,
  side text not null,
  action text not null,
  hubspot_id text,
  klaviyo_id text,
  email text,
  fields jsonb not null default '[]'::jsonb,
  because text not null,
  at timestamp with time zone not null default now(),
  settled_at timestamp with time zone,
  outcome text,
  undone_by bigint,
  resolved_at timestamp with time zone,
  constraint history_pkey PRIMARY KEY (id),
  constraint history_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'refused'::text, 'unknown'::text]))),
  constraint history_side_check CHECK ((side = ANY (ARRAY['hubspot'::text, 'klaviyo'::text])))
);
CREATE INDEX history_connection ON public.history USING btree (connection_id, id DESC);
CREATE INDEX history_hubspot ON public.history USING btree (portal_id, hubspot_id, id DESC);
CREATE INDEX history_open_write ON public.history USING btree (klaviyo_account_id) WHERE ((outcome = 'unknown'::text) AND (resolved_at IS NULL));
CREATE INDEX history_portal_at ON public.history USING btree (portal_id, id DESC);
CREATE INDEX history_run ON public.history USING btree (run_id, id) WHERE (run_id IS NOT NULL);
CREATE INDEX history_unsettled ON public.history USING btree (klaviyo_account_id) WHERE (settled_at IS NULL);
CREATE TRIGGER history_account AFTER INSERT ON public.history REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION account_stands();
alter table history enable row level security;
create policy own_portal on history to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table issue (
  id bigint not null generated always as identity,
  portal_id bigint not null,
  connection_id uuid not null,
  code text not null,
  side text not null,
  record_id text not null,
  field text not null default ''::text,
  title text not null,
  detail text not null,
  fix text not null,
  hubspot_id text,
  klaviyo_id text,
  email text,
  attempts integer not null default 1,
  first_seen_at timestamp with time zone not null default now(),
  last_seen_at timestamp with time zone not null default now(),
  ignored_at timestamp with time zone,
  repair jsonb,
  awaits text,
  constraint issue_pkey PRIMARY KEY (id),
  constraint issue_connection_id_side_record_id_code_field_key UNIQUE (connection_id, side, record_id, code, field),
  constraint issue_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connection(id) ON DELETE CASCADE,
  constraint issue_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint issue_side_check CHECK ((side = ANY (ARRAY['hubspot'::text, 'klaviyo'::text])))
);
CREATE INDEX issue_awaits ON public.issue USING btree (connection_id, awaits) WHERE (awaits IS NOT NULL);
CREATE INDEX issue_portal ON public.issue USING btree (portal_id, connection_id, code, id) WHERE (ignored_at IS NULL);
alter table issue enable row level security;
create policy own_portal on issue to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table klaviyo_account (
  id uuid not null default gen_random_uuid(),
  portal_id bigint not null,
  company_id text not null,
  name text not null,
  state text not null,
  state_reason text,
  auth text not null,
  api_key text,
  access_token text,
  refresh_token text,
  access_expires_at timestamp with time zone,
  missing_scopes text[] not null default '{}'::text[],
  klaviyo_fields jsonb,
  klaviyo_fields_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  constraint klaviyo_account_pkey PRIMARY KEY (id),
  constraint klaviyo_account_portal_id_company_id_key UNIQUE (portal_id, company_id),
  constraint klaviyo_account_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint klaviyo_account_auth_check CHECK ((auth = ANY (ARRAY['oauth'::text, 'api_key'::text]))),
  constraint klaviyo_account_state_check CHECK ((state = ANY (ARRAY['connected'::text, 'reconnect'::text, 'disconnected'::text])))
);
CREATE TRIGGER klaviyo_account_gone AFTER DELETE ON public.klaviyo_account REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION account_takes_along();
alter table klaviyo_account enable row level security;
create policy own_portal on klaviyo_account to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table lease (
  name text not null,
  owner text not null,
  token bigint not null,
  until timestamp with time zone not null,
  constraint lease_pkey PRIMARY KEY (name)
);

create table link (
  id bigint not null generated always as identity,
  portal_id bigint not null,
  klaviyo_account_id uuid not null,
  hubspot_id text not null,
  klaviyo_id text not null,
  email text not null,
  base jsonb not null default '{}'::jsonb,
  hubspot_modified_at timestamp with time zone,
  klaviyo_modified_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  synced_at timestamp with time zone not null default now(),
  constraint link_pkey PRIMARY KEY (id),
  constraint link_hubspot UNIQUE (klaviyo_account_id, hubspot_id),
  constraint link_klaviyo UNIQUE (klaviyo_account_id, klaviyo_id)
);
CREATE INDEX link_account_id ON public.link USING btree (klaviyo_account_id, id);
CREATE INDEX link_contact ON public.link USING btree (hubspot_id, portal_id);
CREATE INDEX link_email ON public.link USING btree (klaviyo_account_id, email);
CREATE TRIGGER link_account AFTER INSERT ON public.link REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION account_stands();
alter table link enable row level security;
create policy own_portal on link to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table list_member (
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  side text not null,
  list_id text not null,
  record_id text not null,
  seen bigint not null,
  constraint list_member_pkey PRIMARY KEY (klaviyo_account_id, side, list_id, record_id),
  constraint list_member_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint list_member_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint list_member_side_check CHECK ((side = ANY (ARRAY['hubspot'::text, 'klaviyo'::text])))
);
alter table list_member enable row level security;
create policy own_portal on list_member to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table list_write (
  connection_id uuid not null,
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  klaviyo_id text not null,
  list_id text not null,
  rules_key text not null,
  at timestamp with time zone not null default now(),
  constraint list_write_pkey PRIMARY KEY (klaviyo_account_id, klaviyo_id, connection_id, list_id)
);
CREATE TRIGGER list_write_connection AFTER INSERT ON public.list_write REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION connection_stands();
alter table list_write enable row level security;
create policy own_portal on list_write to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table merged_contact (
  portal_id bigint not null,
  contact_id text not null,
  survivor_id text not null,
  at timestamp with time zone not null default now(),
  constraint merged_contact_pkey PRIMARY KEY (portal_id, contact_id),
  constraint merged_contact_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
CREATE INDEX merged_contact_at ON public.merged_contact USING btree (portal_id, at);
CREATE INDEX merged_contact_survivor ON public.merged_contact USING btree (portal_id, survivor_id);
alter table merged_contact enable row level security;
create policy own_portal on merged_contact to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table oauth_state (
  state_hash text not null,
  vendor text not null,
  portal_id bigint,
  browser_hash text,
  verifier text,
  return_url text,
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  constraint oauth_state_pkey PRIMARY KEY (state_hash),
  constraint oauth_state_vendor_check CHECK ((vendor = ANY (ARRAY['hubspot'::text, 'klaviyo'::text])))
);
alter table oauth_state enable row level security;
create policy own_portal on oauth_state to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table parity (
  connection_id uuid not null,
  portal_id bigint not null,
  round jsonb not null default '{}'::jsonb,
  last jsonb,
  checked_at timestamp with time zone,
  constraint parity_pkey PRIMARY KEY (connection_id),
  constraint parity_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connection(id) ON DELETE CASCADE,
  constraint parity_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
alter table parity enable row level security;
create policy own_portal on parity to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table portal (
  id bigint not null,
  name text not null,
  ui_domain text not null,
  time_zone text,
  state text not null,
  state_reason text,
  access_token text,
  refresh_token text,
  access_expires_at timestamp with time zone,
  scopes text[] not null default '{}'::text[],
  hubspot_fields jsonb,
  hubspot_fields_at timestamp with time zone,
  installed_at timestamp with time zone not null default now(),
  uninstalled_at timestamp with time zone,
  erase_after timestamp with time zone,
  erasure_key text,
  alert_email text,
  app_events text,
  app_events_at timestamp with time zone,
  constraint portal_pkey PRIMARY KEY (id),
  constraint portal_app_events_check CHECK ((app_events = ANY (ARRAY['approved'::text, 'unapproved'::text]))),
  constraint portal_state_check CHECK ((state = ANY (ARRAY['installed'::text, 'reconnect'::text, 'uninstalled'::text])))
);
CREATE TRIGGER portal_gone AFTER DELETE ON public.portal REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION portal_takes_along();
alter table portal enable row level security;
create policy own_portal on portal to tandem_portal using ((id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table preview (
  id uuid not null default gen_random_uuid(),
  portal_id bigint not null,
  connection_id uuid not null,
  klaviyo_account_id uuid not null,
  config_version integer not null,
  state text not null default 'queued'::text,
  people integer,
  cursor jsonb,
  counts jsonb not null default '{}'::jsonb,
  skipped jsonb not null default '{}'::jsonb,
  examined bigint not null default 0,
  error text,
  created_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  constraint preview_pkey PRIMARY KEY (id),
  constraint preview_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connection(id) ON DELETE CASCADE,
  constraint preview_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint preview_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint preview_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'ready'::text, 'failed'::text])))
);
CREATE INDEX preview_connection ON public.preview USING btree (connection_id, created_at DESC);
alter table preview enable row level security;
create policy own_portal on preview to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table preview_person (
  preview_id uuid not null,
  portal_id bigint not null,
  n bigint not null generated always as identity,
  hubspot_id text,
  klaviyo_id text,
  action text not null,
  plan jsonb,
  constraint preview_person_pkey PRIMARY KEY (preview_id, n),
  constraint preview_person_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint preview_person_preview_id_fkey FOREIGN KEY (preview_id) REFERENCES preview(id) ON DELETE CASCADE
);
CREATE INDEX preview_person_action ON public.preview_person USING btree (preview_id, action, n) WHERE (plan IS NOT NULL);
CREATE INDEX preview_person_hubspot ON public.preview_person USING btree (preview_id, hubspot_id);
CREATE INDEX preview_person_klaviyo ON public.preview_person USING btree (preview_id, klaviyo_id);
alter table preview_person enable row level security;
create policy own_portal on preview_person to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table rate_bucket (
  key text not null,
  tokens double precision not null,
  at timestamp with time zone not null,
  paused_until timestamp with time zone,
  constraint rate_bucket_pkey PRIMARY KEY (key)
) with (fillfactor=50);

create table rollup (
  portal_id bigint not null,
  contact_id text not null,
  klaviyo_account_id uuid not null,
  profile_id text,
  written jsonb not null default '{}'::jsonb,
  due_at timestamp with time zone,
  constraint rollup_pkey PRIMARY KEY (portal_id, contact_id),
  constraint rollup_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint rollup_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
CREATE INDEX rollup_due ON public.rollup USING btree (klaviyo_account_id, due_at) WHERE (due_at IS NOT NULL);
alter table rollup enable row level security;
create policy own_portal on rollup to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table roster (
  run_id uuid not null,
  portal_id bigint not null,
  kind text not null,
  record_id text not null,
  email text,
  phone text,
  record json,
  stale boolean not null default false,
  constraint roster_pkey PRIMARY KEY (run_id, kind, record_id)
) with (fillfactor=90);
CREATE INDEX roster_address ON public.roster USING btree (run_id, email) WHERE (email IS NOT NULL);
CREATE INDEX roster_phone ON public.roster USING btree (run_id, phone) WHERE (phone IS NOT NULL);
CREATE TRIGGER roster_run AFTER INSERT ON public.roster REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION run_stands();
alter table roster enable row level security;
create policy own_portal on roster to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table run (
  id uuid not null default gen_random_uuid(),
  portal_id bigint not null,
  connection_id uuid not null,
  klaviyo_account_id uuid not null,
  kind text not null,
  state text not null default 'queued'::text,
  cursor jsonb,
  counts jsonb not null default '{}'::jsonb,
  done bigint not null default 0,
  total bigint,
  error text,
  queued_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  subject jsonb,
  constraint run_pkey PRIMARY KEY (id),
  constraint run_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connection(id) ON DELETE CASCADE,
  constraint run_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint run_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint run_kind_check CHECK ((kind = ANY (ARRAY['initial'::text, 'continuous'::text, 'manual'::text, 'canary'::text, 'undo'::text]))),
  constraint run_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'finished'::text, 'failed'::text, 'cancelled'::text])))
);
CREATE INDEX run_connection ON public.run USING btree (connection_id, queued_at DESC);
CREATE INDEX run_open ON public.run USING btree (klaviyo_account_id, queued_at) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));
CREATE TRIGGER run_gone AFTER DELETE ON public.run REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION run_takes_along();
alter table run enable row level security;
create policy own_portal on run to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table standing (
  connection_id uuid not null,
  portal_id bigint not null,
  side text not null,
  record_id text not null,
  state text not null,
  reason text,
  message text,
  lists text[] not null default '{}'::text[],
  rules_key text not null default ''::text,
  since timestamp with time zone not null default now(),
  checked_at timestamp with time zone not null default now(),
  constraint standing_pkey PRIMARY KEY (connection_id, side, record_id),
  constraint standing_side_check CHECK ((side = ANY (ARRAY['hubspot'::text, 'klaviyo'::text]))),
  constraint standing_state_check CHECK ((state = ANY (ARRAY['in_sync'::text, 'skipped'::text, 'failed'::text, 'not_in_scope'::text])))
);
CREATE INDEX standing_record ON public.standing USING btree (portal_id, side, record_id);
CREATE TRIGGER standing_connection AFTER INSERT ON public.standing REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION connection_stands();
alter table standing enable row level security;
create policy own_portal on standing to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table standing_count (
  connection_id uuid not null,
  state text not null,
  reason text not null default ''::text,
  n bigint not null,
  constraint standing_count_pkey PRIMARY KEY (connection_id, state, reason),
  constraint standing_count_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connection(id) ON DELETE CASCADE
);
alter table standing_count enable row level security;
create policy own_portal on standing_count to tandem_portal using ((EXISTS ( SELECT
   FROM connection c
  WHERE (c.id = standing_count.connection_id))));

create table sweep (
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  name text not null,
  position jsonb,
  due_at timestamp with time zone not null default now(),
  succeeded_at timestamp with time zone,
  constraint sweep_pkey PRIMARY KEY (klaviyo_account_id, name),
  constraint sweep_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint sweep_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
CREATE INDEX sweep_due ON public.sweep USING btree (due_at);
alter table sweep enable row level security;
create policy own_portal on sweep to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table tombstone (
  klaviyo_account_id uuid not null,
  portal_id bigint not null,
  side text not null,
  record_id text not null,
  reason text not null,
  at timestamp with time zone not null default now(),
  base jsonb not null default '{}'::jsonb,
  constraint tombstone_pkey PRIMARY KEY (klaviyo_account_id, side, record_id),
  constraint tombstone_klaviyo_account_id_fkey FOREIGN KEY (klaviyo_account_id) REFERENCES klaviyo_account(id) ON DELETE CASCADE,
  constraint tombstone_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint tombstone_side_check CHECK ((side = ANY (ARRAY['hubspot'::text, 'klaviyo'::text])))
);
alter table tombstone enable row level security;
create policy own_portal on tombstone to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table usage_contact (
  portal_id bigint not null,
  month date not null,
  email_hash bytea not null,
  constraint usage_contact_pkey PRIMARY KEY (portal_id, month, email_hash)
);
CREATE TRIGGER usage_contact_portal AFTER INSERT ON public.usage_contact REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION portal_stands();
alter table usage_contact enable row level security;
create policy own_portal on usage_contact to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table usage_month (
  portal_id bigint not null,
  month date not null,
  contacts bigint not null default 0,
  constraint usage_month_pkey PRIMARY KEY (portal_id, month),
  constraint usage_month_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE
);
alter table usage_month enable row level security;
create policy own_portal on usage_month to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

create table vendor_trouble (
  portal_id bigint not null,
  vendor text not null,
  account text not null,
  kind text not null,
  since timestamp with time zone not null default now(),
  seen_at timestamp with time zone not null default now(),
  constraint vendor_trouble_pkey PRIMARY KEY (portal_id, vendor, account, kind),
  constraint vendor_trouble_portal_id_fkey FOREIGN KEY (portal_id) REFERENCES portal(id) ON DELETE CASCADE,
  constraint vendor_trouble_kind_check CHECK ((kind = ANY (ARRAY['down'::text, 'limited'::text]))),
  constraint vendor_trouble_vendor_check CHECK ((vendor = ANY (ARRAY['hubspot'::text, 'klaviyo'::text])))
);
alter table vendor_trouble enable row level security;
create policy own_portal on vendor_trouble to tandem_portal using ((portal_id = ( SELECT (NULLIF(current_setting('app.portal'::text, true), ''::text))::bigint AS "nullif")));

CREATE OR REPLACE FUNCTION public.account_stands()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  wanted uuid[];
  there int;
begin
  select array_agg(distinct klaviyo_account_id) into wanted from added;
  perform from klaviyo_account where id = any (wanted) for key share;
  get diagnostics there = row_count;
  if there < cardinality(wanted) then
    raise foreign_key_violation using message = format('a row of %I refers to an account that is gone', tg_table_name);
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.account_takes_along()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  ended uuid[];
begin
  select array_agg(id) into ended from gone;
  delete from link where klaviyo_account_id = any (ended);
  delete from history where klaviyo_account_id = any (ended);
  delete from change where klaviyo_account_id = any (ended);
  delete from activity where klaviyo_account_id = any (ended);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.connection_stands()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  wanted uuid[];
  there int;
begin
  select array_agg(distinct connection_id) into wanted from added;
  perform from connection where id = any (wanted) for key share;
  get diagnostics there = row_count;
  if there < cardinality(wanted) then
    raise foreign_key_violation using message = format('a row of %I refers to a connection that is gone', tg_table_name);
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.connection_takes_along()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  ended uuid[];
begin
  select array_agg(id) into ended from gone;
  delete from standing where connection_id = any (ended);
  delete from list_write where connection_id = any (ended);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.count_activity()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  -- A portal that is being deleted takes the sums with it.
  added constant text := 'select 1 as d, portal_id, contact_id, at, kind, counted, decision from added';
  taken constant text := 'select -1 as d, portal_id, contact_id, at, kind, counted, decision from taken';
begin
  execute format($q$
    insert into activity_day as t (portal_id, contact_id, day, kind, n, left_out)
    select portal_id, contact_id, coalesce(day, '-infinity'), kind,
      coalesce(sum(d) filter (where counted), 0) as n, coalesce(sum(d) filter (where decision = 'left_out'), 0) as left_out
    from (select d, portal_id, contact_id, (at at time zone 'utc')::date as day, kind, counted, decision
          from (%s) c join portal on portal.id = c.portal_id
          where contact_id is not null and (counted or decision = 'left_out')) x
    group by grouping sets ((portal_id, contact_id, kind, day), (portal_id, contact_id, kind))
    having coalesce(sum(d) filter (where counted), 0) <> 0 or coalesce(sum(d) filter (where decision = 'left_out'), 0) <> 0
    order by 1, 2, 3, 4
    on conflict (portal_id, contact_id, day, kind) do update set n = t.n + excluded.n, left_out = t.left_out + excluded.left_out$q$,
    case tg_op when 'INSERT' then added when 'DELETE' then taken else added || ' union all ' || taken end);
  if tg_op <> 'INSERT' then
    -- Nothing stays behind of who was erased or merged.
    execute $q$
      delete from activity_day t
      using (select distinct portal_id, contact_id from taken where contact_id is not null and (counted or decision = 'left_out')) g
      where t.portal_id = g.portal_id and t.contact_id = g.contact_id and t.n = 0 and t.left_out = 0$q$;
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.keep_engaged_deals()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  -- Planned for the rows of this statement: a plan that is kept is the first statement's, of one row or of thousands.
  if tg_op = 'UPDATE' then
    execute 'delete from engaged_deal d using added a
      where d.portal_id = a.portal_id and d.contact_id = a.contact_id and d.deal_id <> all (a.deal_ids)';
  end if;
  execute 'insert into engaged_deal (portal_id, contact_id, deal_id)
    select a.portal_id, a.contact_id, x from added a, unnest(a.deal_ids) as x order by 1, 2, 3 on conflict do nothing';
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.portal_stands()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  wanted bigint[];
  there int;
begin
  select array_agg(distinct portal_id) into wanted from added;
  perform from portal where id = any (wanted) for key share;
  get diagnostics there = row_count;
  if there < cardinality(wanted) then
    raise foreign_key_violation using message = format('a row of %I refers to a portal that is gone', tg_table_name);
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.portal_takes_along()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  ended bigint[];
begin
  select array_agg(id) into ended from gone;
  delete from usage_contact where portal_id = any (ended);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.rate_take(k text[], cap double precision[], per_s double precision[], n double precision, reserve double precision)
 RETURNS double precision
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.rate_take_together(asked jsonb)
 RETURNS TABLE(place integer, wait double precision)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
declare
  names text[];
  left_in float8[];
  as_of timestamptz[];
  paused timestamptz[];
  touched boolean[];
  one record;
  t timestamptz;
  bound float8;
  i int;
  j int;
begin
  select array_agg(k order by k) into names
    from (select distinct k from jsonb_to_recordset(asked) as x (keys text[]), unnest(x.keys) as k) d;
  loop
    -- In the order of their keys: two processes never hold what the other waits for.
    select array_agg(b.tokens), array_agg(b.at), array_agg(b.paused_until) into left_in, as_of, paused
      from (select * from rate_bucket where key = any (names) order by key for update) b;
    exit when cardinality(left_in) = cardinality(names);
    -- Full, whatever their size.
    insert into rate_bucket (key, tokens, at) select k, 'infinity', clock_timestamp() from unnest(names) as k on conflict do nothing;
  end loop;
  touched := array_fill(false, array[cardinality(names)]);
  t := clock_timestamp();
  for one in
    select x.*, (ordinality - 1)::int as place
    from rows from (jsonb_to_recordset(asked) as (keys text[], caps float8[], "perSecond" float8[], n float8, reserve float8)) with ordinality
      as x (keys, caps, per_second, n, reserve, ordinality)
  loop
    wait := 0;
    for i in 1..cardinality(one.keys) loop
      j := array_position(names, one.keys[i]);
      bound := least(one.caps[i], left_in[j] + greatest(0, extract(epoch from t - as_of[j])) * one.per_second[i])
        - one.n - least(one.reserve * one.caps[i], greatest(0, one.caps[i] - one.n));
      wait := greatest(wait, -bound / one.per_second[i], coalesce(extract(epoch from paused[j] - t), 0));
    end loop;
    if wait <= 0 then
      for i in 1..cardinality(one.keys) loop
        j := array_position(names, one.keys[i]);
        left_in[j] := least(one.caps[i], left_in[j] + greatest(0, extract(epoch from t - as_of[j])) * one.per_second[i]) - one.n;
        as_of[j] := t;
        touched[j] := true;
      end loop;
    end if;
    place := one.place;
    return next;
  end loop;
  update rate_bucket b set tokens = x.tokens, at = t
    from unnest(names, left_in, touched) as x (key, tokens, touched) where b.key = x.key and x.touched;
end $function$;

CREATE OR REPLACE FUNCTION public.roster_page(of_run uuid, of_kind text, after text, most integer)
 RETURNS SETOF text
 LANGUAGE sql
 STABLE
 SET enable_bitmapscan TO 'off'
 SET enable_seqscan TO 'off'
 SET enable_sort TO 'off'
AS $function$
  select record_id from roster where run_id = of_run and kind = of_kind and record_id > after order by record_id limit most $function$;

CREATE OR REPLACE FUNCTION public.run_stands()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  wanted uuid[];
  there int;
begin
  select array_agg(distinct run_id) into wanted from added;
  perform from run where id = any (wanted) for key share;
  get diagnostics there = row_count;
  if there < cardinality(wanted) then
    raise foreign_key_violation using message = format('a row of %I refers to a run that is gone', tg_table_name);
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION public.run_takes_along()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  ended uuid[];
begin
  select array_agg(id) into ended from gone;
  delete from roster where run_id = any (ended);
  return null;
end $function$;
