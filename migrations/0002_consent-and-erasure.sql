-- Up Migration
-- What is remembered of a person's consent between passes, by email: opt-outs are carried once, and an unsubscribe that
-- is fresher than the person's entry is never undone (C2, C5, C6). Kept only where a connection's switches need it.
create table consent (
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  email text not null,
  opted_out text[] not null default '{}',       -- sides whose opt-out was seen
  unsubscribed boolean not null default false,  -- Klaviyo showed an opt-out of this address last; kept though the profile goes
  asked_at timestamptz,                         -- when subscribing was asked for last
  asked_list text,
  entered_at timestamptz,                       -- since when a subscribing rule matches
  primary key (klaviyo_account_id, email)
);

-- What the pair had agreed on when it ended: an edit of the remaining record after that brings it back (B11).
alter table tombstone add column base jsonb not null default '{}';

-- People whose data was erased at their wish, as a keyed hash of the email: never recreated from the other side (B11).
create table erased (
  portal_id bigint not null references portal on delete cascade,
  email_hash bytea not null,
  report jsonb not null,
  at timestamptz not null default now(),
  primary key (portal_id, email_hash)
);
alter table portal add column erasure_key text; -- sealed; the key of those hashes

-- Contacts whose erasure HubSpot has told and that is not done yet, per pair of accounts (B11).
create table erasure_due (
  klaviyo_account_id uuid not null references klaviyo_account on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  hubspot_id text not null,
  at timestamptz not null default now(),
  primary key (klaviyo_account_id, hubspot_id)
);

-- The people a limited connection works on: the first N by the rank of their email (F9).
create table admission (
  connection_id uuid not null references connection on delete cascade,
  portal_id bigint not null references portal on delete cascade,
  rank bigint not null,
  chosen boolean not null default false,        -- false while a run is still looking for who comes first
  primary key (connection_id, rank)
);

-- Down Migration
-- Migrations only go forward.
