-- Up Migration
-- Rows that come by the thousand are held to their parent by the statement that writes them, not row by row: a foreign key
-- looks its parent up for each row (8 to 16 µs, up to 45 % of an insert into `link`), and a thousand rows of a batch have one.
-- What holds is the same: no row without its parent, a parent that is being referred to waits with going (`for key share`),
-- and rows go with their parent. None of them ever changes its parent. By a list of keys, never by a join: plans are kept, and a
-- join would be planned for the first statement's rows.

create function account_stands() returns trigger language plpgsql as $$
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
end $$;
create function account_takes_along() returns trigger language plpgsql as $$
declare
  ended uuid[];
begin
  select array_agg(id) into ended from gone;
  delete from link where klaviyo_account_id = any (ended);
  delete from history where klaviyo_account_id = any (ended);
  delete from change where klaviyo_account_id = any (ended);
  delete from activity where klaviyo_account_id = any (ended);
  return null;
end $$;
create trigger klaviyo_account_gone after delete on klaviyo_account referencing old table as gone for each statement execute function account_takes_along();
create trigger link_account after insert on link referencing new table as added for each statement execute function account_stands();
alter table link drop constraint link_klaviyo_account_id_fkey;
create trigger history_account after insert on history referencing new table as added for each statement execute function account_stands();
alter table history drop constraint history_klaviyo_account_id_fkey;
create trigger change_account after insert on change referencing new table as added for each statement execute function account_stands();
alter table change drop constraint change_klaviyo_account_id_fkey;
create trigger activity_account after insert on activity referencing new table as added for each statement execute function account_stands();
alter table activity drop constraint activity_klaviyo_account_id_fkey;

create function connection_stands() returns trigger language plpgsql as $$
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
end $$;
create function connection_takes_along() returns trigger language plpgsql as $$
declare
  ended uuid[];
begin
  select array_agg(id) into ended from gone;
  delete from standing where connection_id = any (ended);
  delete from list_write where connection_id = any (ended);
  return null;
end $$;
create trigger connection_gone after delete on connection referencing old table as gone for each statement execute function connection_takes_along();
create trigger standing_connection after insert on standing referencing new table as added for each statement execute function connection_stands();
alter table standing drop constraint standing_connection_id_fkey;
create trigger list_write_connection after insert on list_write referencing new table as added for each statement execute function connection_stands();
alter table list_write drop constraint list_write_connection_id_fkey;

create function run_stands() returns trigger language plpgsql as $$
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
end $$;
create function run_takes_along() returns trigger language plpgsql as $$
declare
  ended uuid[];
begin
  select array_agg(id) into ended from gone;
  delete from roster where run_id = any (ended);
  return null;
end $$;
create trigger run_gone after delete on run referencing old table as gone for each statement execute function run_takes_along();
create trigger roster_run after insert on roster referencing new table as added for each statement execute function run_stands();
alter table roster drop constraint roster_run_id_fkey;

create function portal_stands() returns trigger language plpgsql as $$
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
end $$;
create function portal_takes_along() returns trigger language plpgsql as $$
declare
  ended bigint[];
begin
  select array_agg(id) into ended from gone;
  delete from usage_contact where portal_id = any (ended);
  return null;
end $$;
create trigger portal_gone after delete on portal referencing old table as gone for each statement execute function portal_takes_along();
create trigger usage_contact_portal after insert on usage_contact referencing new table as added for each statement execute function portal_stands();
alter table usage_contact drop constraint usage_contact_portal_id_fkey;

-- Down Migration
-- Migrations only go forward.
