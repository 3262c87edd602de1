-- How changes of users' tables reach the queue, without superuser and without a replication slot.
--
-- Statement-level triggers, one per event, with transition tables: a statement that changes 50,000 rows costs one pass. The
-- entry says which row and which columns, never the values: a run reads the row itself, later, so a stale image cannot be
-- applied. Texts are compared, because an operator of a type outside pg_catalog could be missing for the empty search_path,
-- and a capture trigger must never make a user's write fail.

-- Arguments: schema and table of the pair (a partition's trigger names the parent), key column, then the watched columns.
create or replace function rowpage.capture() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  this_pair bigint;
  key_name text := tg_argv[2];
  watched text[] := tg_argv[3:];
  origin_mark text;
  row_texts text;
  written bigint := 0;
begin
  -- Depth 1 is our own statement, or what a foreign key does because of it; deeper, somebody's trigger acts inside our transaction,
  -- and that is a change of its own.
  if pg_trigger_depth() = 1 then
    origin_mark := nullif(current_setting('rowpage.origin', true), '');
    if tg_op = 'INSERT' and origin_mark is not null and current_setting('rowpage.quiet', true) = tg_relid::text then
      return null;  -- rowpage.write_batch() tells itself what of it is news
    end if;
  end if;
  select p.id into this_pair from rowpage.pair p where p.table_schema = tg_argv[0] and p.table_name = tg_argv[1];
  if this_pair is null then
    return null;
  end if;
  begin
    if tg_op = 'TRUNCATE' then
      insert into rowpage.change_log (pair, op, origin) values (this_pair, 'T', origin_mark);
    elsif tg_op = 'INSERT' then
      execute format('insert into rowpage.change_log (pair, row_key, op, origin) '
                     'select $1, rowpage_row.%I::text, ''I'', $2 from rowpage_new_rows as rowpage_row', key_name)
        using this_pair, origin_mark;
    elsif tg_op = 'DELETE' then
      execute format('insert into rowpage.change_log (pair, row_key, op, origin) '
                     'select $1, rowpage_row.%I::text, ''D'', $2 from rowpage_old_rows as rowpage_row', key_name)
        using this_pair, origin_mark;
    else
      select 'array[' || coalesce(string_agg(format('rowpage_row.%I::text', c), ', ' order by i), '') || ']::text[]' into row_texts
        from unnest(watched) with ordinality u(c, i);
      -- A changed key shows as one key gone and another one new.
      execute format('insert into rowpage.change_log (pair, row_key, op, columns, origin) '
                     'select $1, coalesce(n.k, o.k), case when o.k is null then ''I'' when n.k is null then ''D'' else ''U'' end, '
                     '       case when o.k is null or n.k is null then ''{}'' else '
                     '         (select array_agg(c order by i) from unnest($3, o.v, n.v) with ordinality u(c, x, y, i) '
                     '           where x is distinct from y) end, $2 '
                     'from (select rowpage_row.%1$I::text as k, %2$s as v from rowpage_new_rows as rowpage_row) n '
                     'full join (select rowpage_row.%1$I::text as k, %2$s as v from rowpage_old_rows as rowpage_row) o '
                     '  on o.k = n.k '
                     'where o.k is null or n.k is null or o.v is distinct from n.v', key_name, row_texts)
        using this_pair, origin_mark, watched;
    end if;
    if tg_op <> 'TRUNCATE' then
      get diagnostics written = row_count;
      if written > 0 and origin_mark is null then
        perform rowpage.limit_change_log(this_pair, written);
      end if;
    end if;
  exception when others then
    -- A watched column was dropped or renamed, say. The user's write must not fail over it: ask for a scan instead.
    insert into rowpage.change_log (pair, op, origin) values (this_pair, 'T', null);
  end;
  return null;
end
$$;
comment on function rowpage.capture() is 'Writes the keys a statement changed into rowpage.change_log.';

-- Changes of a join table, for one field that shows it. The queue gets the owners' keys with the field's stored name.
--
-- Arguments: schema, table and key of the pair, the column of it that the links hold, the field's stored name, the join
-- table's two columns, and the owner's updated_at, '' for none: a link that changes makes its owner look edited, unless it is
-- ours. An owner somebody else is writing just now is passed by, for nobody may have to wait here.
create or replace function rowpage.capture_links() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  this_pair bigint;
  target text := format('%I.%I', tg_argv[0], tg_argv[1]);
  origin_mark text;
  changed text;  -- query: what the changed links hold of their owners
  written bigint := 0;
begin
  select p.id into this_pair from rowpage.pair p where p.table_schema = tg_argv[0] and p.table_name = tg_argv[1];
  if this_pair is null then
    return null;
  end if;
  if pg_trigger_depth() = 1 then
    origin_mark := nullif(current_setting('rowpage.origin', true), '');
  end if;
  begin
    if tg_op = 'TRUNCATE' then
      insert into rowpage.change_log (pair, op, origin) values (this_pair, 'T', origin_mark);
      return null;
    end if;
    changed := case tg_op
      when 'INSERT' then format('select c.%I as own from rowpage_new_rows c', tg_argv[5])
      when 'DELETE' then format('select c.%I as own from rowpage_old_rows c', tg_argv[5])
      else format('select x.own from (select c.%1$I as own, c.%2$I::text from rowpage_new_rows c '
                  '  except all select c.%1$I, c.%2$I::text from rowpage_old_rows c) x union all '
                  'select x.own from (select c.%1$I as own, c.%2$I::text from rowpage_old_rows c '
                  '  except all select c.%1$I, c.%2$I::text from rowpage_new_rows c) x', tg_argv[5], tg_argv[6]) end;
    execute 'insert into rowpage.change_log (pair, row_key, op, columns, origin) select distinct $1, u.k, ''U'', array[$2], $3 from ('
      || case when tg_argv[3] = tg_argv[2] then format('select w.own::text from (%s) w where w.own is not null', changed)
              else format('select t.%I::text from %s t join (%s) w on w.own = t.%I', tg_argv[2], target, changed, tg_argv[3]) end
      || ') u(k)'
      using this_pair, tg_argv[4], origin_mark;
    get diagnostics written = row_count;
    if written > 0 and origin_mark is null then
      perform rowpage.limit_change_log(this_pair, written);
    end if;
  exception when others then
    -- A column was dropped or renamed, say. The user's write must not fail over it: ask for a scan instead.
    insert into rowpage.change_log (pair, op, origin) values (this_pair, 'T', null);
    return null;
  end;
  if tg_argv[7] <> '' and coalesce(current_setting('rowpage.origin', true), '') = '' then
    begin
      execute format('with owner as (select t.%2$I as k from %1$s t where t.%3$I in (%4$s) for no key update skip locked) '
                     'update %1$s t set %5$I = clock_timestamp() from owner where t.%2$I = owner.k',
                     target, tg_argv[2], tg_argv[3], changed, tg_argv[7]);
    exception when others then
      null;  -- captured all the same; only the time of the change stays unknown
    end;
  end if;
  return null;
end
$$;
comment on function rowpage.capture_links() is 'Writes the keys of rows whose links a statement changed into rowpage.change_log.';

-- While nobody syncs, the queue must not grow for ever. Beyond meta.change_log_limit entries a pair's queue becomes one entry
-- that asks for a scan, which is cheaper by then anyway. Counting costs, so it is done once in many entries: when their
-- numbers, of which this statement just drew `written`, pass a multiple of `step`. Entries that another transaction holds
-- are passed by: a user's statement must not wait here.
create or replace function rowpage.limit_change_log(this_pair bigint, written bigint) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  most bigint := (select m.change_log_limit from rowpage.meta m);
  step bigint := greatest(1, least(10000, most / 10));
  newest bigint := pg_catalog.currval('rowpage.change_log_id_seq');
begin
  if newest / step = (newest - written) / step then
    return;
  end if;
  if (select count(*) from (select from rowpage.change_log l where l.pair = this_pair limit most + 1) counted) <= most then
    return;
  end if;
  delete from rowpage.change_log l
   where l.id in (select c.id from rowpage.change_log c where c.pair = this_pair for update skip locked);
  insert into rowpage.change_log (pair, op) values (this_pair, 'T');
end
$$;
comment on function rowpage.limit_change_log(bigint, bigint) is 'Empties an overlong queue of a pair into one entry that asks for a scan.';

-- Argument: the column to touch. The trigger's WHEN clause names the columns whose change counts.
create or replace function rowpage.touch() returns trigger
language plpgsql security invoker set search_path = ''
as $$
begin
  return jsonb_populate_record(new, jsonb_build_object(tg_argv[0], clock_timestamp()));
end
$$;
comment on function rowpage.touch() is 'Sets the column a trigger names to the current time.';
