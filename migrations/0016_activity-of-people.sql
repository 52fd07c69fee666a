-- Up Migration
-- Deciding about an unsubscribing looks at all of a person's, whichever way they are known: few rows of many (E11).
create index activity_leaving_contact on activity (portal_id, contact_id) where kind in ('unsubscribed', 'preferences');
create index activity_leaving_profile on activity (klaviyo_account_id, profile_id) where kind in ('unsubscribed', 'preferences');
create index activity_leaving_email on activity (portal_id, email) where kind in ('unsubscribed', 'preferences');

-- Contacts that were merged into another one: a turn under way, which found them before, writes down the survivor. Rows
-- go after a month: by then nobody knows the old contact any more.
create table merged_contact (
  portal_id bigint not null references portal on delete cascade,
  contact_id text not null,
  survivor_id text not null,
  at timestamptz not null default now(),
  primary key (portal_id, contact_id)
);
create index merged_contact_survivor on merged_contact (portal_id, survivor_id);

-- Down Migration
-- Migrations only go forward.
