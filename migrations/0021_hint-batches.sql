-- Up Migration
-- What HubSpot's webhooks told, a row for all deliveries that were stored together instead of one an event: a tenth of the
-- writing, reading and deleting. The version before goes on with `hint`; what it leaves there is unpacked as before.
create table hint_batch (
  id bigint primary key generated always as identity,
  portal_id bigint not null references portal on delete cascade,
  hints jsonb not null,                         -- HubSpot id of a contact that may differ -> why
  merges jsonb not null default '[]',           -- which contacts became one: {merged, survivor}
  size int not null,                            -- contacts in `hints`
  received_at timestamptz not null default now()
);
create index hint_batch_portal on hint_batch (portal_id, id);
alter table hint_batch enable row level security;
create policy own_portal on hint_batch to tandem_portal
  using (portal_id = (select nullif(current_setting('app.portal', true), '')::bigint));

-- Down Migration
-- Migrations only go forward.
