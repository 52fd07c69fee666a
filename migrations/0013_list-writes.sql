-- Up Migration
-- A profile is being put on a Klaviyo list or taken off it, and no answer was recorded yet: whether it is on the list is
-- not known (B8, G1). Written before the call and taken away with its answer, so the table holds what is under way.
create table list_write (
  connection_id uuid not null references connection on delete cascade,
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  klaviyo_id text not null,
  list_id text not null,
  rules_key text not null,                      -- fingerprint of the rules that asked for it (B9)
  at timestamptz not null default now(),
  primary key (klaviyo_account_id, klaviyo_id, connection_id, list_id)
);

-- Down Migration
-- Migrations only go forward.
