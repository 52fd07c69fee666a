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

-- What counts of each contact, by day and (day -infinity) in all: the cards of companies add up hundreds of contacts, whose
-- activities are too many to count each time. Kept by the database with every change, whichever way it comes.
create table activity_day (
  portal_id bigint not null references portal on delete cascade,
  contact_id text not null,
  day date not null,                            -- UTC
  kind text not null,
  n int not null,                               -- counted activities
  left_out int not null,                        -- those that a machine made
  primary key (portal_id, contact_id, day, kind)
);

create function count_activity() returns trigger language plpgsql as $$
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
    delete from activity_day t
    using (select distinct portal_id, contact_id from taken where contact_id is not null and (counted or decision = 'left_out')) g
    where t.portal_id = g.portal_id and t.contact_id = g.contact_id and t.n = 0 and t.left_out = 0;
  end if;
  return null;
end $$;
create trigger activity_added after insert on activity referencing new table as added for each statement execute function count_activity();
create trigger activity_changed after update on activity referencing old table as taken new table as added for each statement execute function count_activity();
create trigger activity_taken after delete on activity referencing old table as taken for each statement execute function count_activity();

insert into activity_day (portal_id, contact_id, day, kind, n, left_out)
select portal_id, contact_id, coalesce(day, '-infinity'), kind, count(*) filter (where counted), count(*) filter (where decision = 'left_out')
from (select portal_id, contact_id, (at at time zone 'utc')::date as day, kind, counted, decision from activity
      where contact_id is not null and (counted or decision = 'left_out')) x
group by grouping sets ((portal_id, contact_id, kind, day), (portal_id, contact_id, kind));

-- Down Migration
-- Migrations only go forward.
