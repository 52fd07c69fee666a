-- Up Migration
-- What email activity asked of its tables read them from end to end in some places; each gets an index that answers it.

-- Contacts of a deal. `engaged_contact.deal_ids` says the same, but of an array PostgreSQL may not ask an index before the
-- policy of the portal: a deal's card read all contacts of its portal. Kept by the database, whoever writes.
create table engaged_deal (
  portal_id bigint not null,
  contact_id text not null,
  deal_id text not null,
  primary key (portal_id, contact_id, deal_id),
  foreign key (portal_id, contact_id) references engaged_contact on delete cascade
);
create index engaged_deal_deal on engaged_deal (portal_id, deal_id);
alter table engaged_deal enable row level security;
create policy own_portal on engaged_deal to tandem_portal
  using (portal_id = (select nullif(current_setting('app.portal', true), '')::bigint));

create function keep_engaged_deals() returns trigger language plpgsql as $$
begin
  -- Planned for the rows of this statement: a plan that is kept is the first statement's, of one row or of thousands.
  if tg_op = 'UPDATE' then
    execute 'delete from engaged_deal d using added a
      where d.portal_id = a.portal_id and d.contact_id = a.contact_id and d.deal_id <> all (a.deal_ids)';
  end if;
  execute 'insert into engaged_deal (portal_id, contact_id, deal_id)
    select a.portal_id, a.contact_id, x from added a, unnest(a.deal_ids) as x order by 1, 2, 3 on conflict do nothing';
  return null;
end $$;
create trigger engaged_contact_added after insert on engaged_contact referencing new table as added for each statement execute function keep_engaged_deals();
create trigger engaged_contact_changed after update on engaged_contact referencing new table as added for each statement execute function keep_engaged_deals();

insert into engaged_deal (portal_id, contact_id, deal_id)
select portal_id, contact_id, x from engaged_contact, unnest(deal_ids) as x on conflict do nothing;
drop index engaged_contact_deals;

-- Rows that go after a month are looked for with every merge.
create index merged_contact_at on merged_contact (portal_id, at);

-- As before (0016), but what takes sums away that are nothing any more is planned for the rows of its statement too.
create or replace function count_activity() returns trigger language plpgsql as $$
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
end $$;

-- Down Migration
-- Migrations only go forward.
