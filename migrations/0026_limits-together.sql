-- Up Migration
-- Calls of many accounts ask for their limits in one statement (server/store/rate-limit.ts). `rate_take` took each by
-- itself: five statements a call, planned for a table of any size, so that each read the table from end to end. This one
-- reads and writes the windows of all who ask once. `rate_take` stays for processes of the version before.

-- `asked`: [{keys, caps, perSecond, n, reserve}], served in this order. Keep cap + perSecond * window <= the vendor's
-- limit; `reserve` is the share of the bucket that stays for work a person waits for. Answers for each place, counted
-- from 0, the seconds to wait; 0: taken, in all its windows.
create function rate_take_together(asked jsonb) returns table (place int, wait float8)
language plpgsql
-- Rows are named by their keys: never by reading the table, whatever its figures say.
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
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
end $$;

-- Down Migration
-- Migrations only go forward.
