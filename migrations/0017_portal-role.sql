-- The second wall between portals (A1): what is run for one portal is run as a role that sees and takes rows of that
-- portal only. The owner of the tables is above it, so the version before goes on as it is.

-- Roles belong to the whole server: another database of Tandem's may have made it, at this very moment even.
do $$
begin
  if not exists (select from pg_roles where rolname = 'tandem_portal') then
    create role tandem_portal nologin;
  end if;
  execute format('grant tandem_portal to %I', current_user);
exception
  when duplicate_object or unique_violation then
    execute format('grant tandem_portal to %I', current_user);
  when insufficient_privilege then
    if not exists (select from pg_roles where rolname = 'tandem_portal' and pg_has_role(current_user, oid, 'member')) then
      raise exception 'The role tandem_portal is missing and % may not make it.', current_user
        using hint = format('As an administrator of the server: create role tandem_portal nologin; grant tandem_portal to %I;', current_user);
    end if;
end $$;

grant usage on schema public to tandem_portal;
grant select, insert, update, delete on all tables in schema public to tandem_portal;
grant usage on all sequences in schema public to tandem_portal;
revoke all on pgmigrations from tandem_portal;
alter default privileges in schema public grant select, insert, update, delete on tables to tandem_portal;
alter default privileges in schema public grant usage on sequences to tandem_portal;

-- Asked once a statement: as a sub-select the planner reads the setting before, not at every row.
do $$
declare
  one record;
begin
  for one in
    select c.relname as name,
      case c.relname
        when 'portal' then 'id'
        else 'portal_id'
      end as owner
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
      and (c.relname = 'portal' or exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'portal_id' and not a.attisdropped))
  loop
    execute format('alter table %I enable row level security', one.name);
    execute format(
      $policy$create policy own_portal on %I to tandem_portal
        using (%I = (select nullif(current_setting('app.portal', true), '')::bigint))$policy$,
      one.name, one.owner);
  end loop;
end $$;
alter table standing_count enable row level security;
create policy own_portal on standing_count to tandem_portal
  using (exists (select from connection c where c.id = connection_id));

-- Down Migration
-- Migrations only go forward.
