-- Up Migration
-- A run now looks up who is on its roster while it fills it. Uncounted, `run_id = … and kind = …` looks to the planner as good as
-- the address itself, and it took the primary key for what began alike: all contacts of the run read for each address. So
-- addresses have an index without the kind, look-ups name the kind in a way that no index answers, and nothing is ever counted of
-- the runs: a run that the last count did not know looked like one with a single row.
alter table roster alter column run_id set statistics 0;
create index roster_address on roster (run_id, email) where email is not null;
drop index roster_email;

-- Taken for few, the rows of a page would be read from all of the kind and sorted.
create function roster_page(of_run uuid, of_kind text, after text, most integer) returns setof text language sql stable
  set enable_bitmapscan to off set enable_seqscan to off set enable_sort to off as $$
  select record_id from roster where run_id = of_run and kind = of_kind and record_id > after order by record_id limit most $$;

-- Down Migration
-- Migrations only go forward.
