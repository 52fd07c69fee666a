-- What a vendor does at present for an account: it fails, or its limits are used up by others. Written when that begins,
-- seen again every few seconds, gone with the first answer.
create table vendor_trouble (
  portal_id bigint not null references portal on delete cascade,
  vendor text not null check (vendor in ('hubspot', 'klaviyo')),
  account text not null,                        -- the Klaviyo account; '' for HubSpot
  kind text not null check (kind in ('down', 'limited')),
  since timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  primary key (portal_id, vendor, account, kind)
);
alter table vendor_trouble enable row level security;
create policy own_portal on vendor_trouble to tandem_portal
  using (portal_id = (select nullif(current_setting('app.portal', true), '')::bigint));

-- Down Migration
-- Migrations only go forward.
