-- Links of one batch, mended. A record that writes links no longer loses the news of a link that another record of the same batch
-- made from the other end; links alone compare the row's version, as every write does; and a batch names the fields whose shadows
-- are to be forgotten by a word of their own, for "forget" stood for something else.
--
-- The three functions stand here whole: what an earlier migration holds is installed somewhere and stays as it is. Some of those
-- installations have write_edges() in its new form already.

drop function if exists rowpage.write_edges(jsonb, jsonb, rowpage.stored[]);

-- Writes links of rows just stored: [{"o", "name", "added": [...], "dropped": [...]}...]. One that is there is not added, one that
-- is not there not removed. A constraint that refuses a link (a target that is gone, one link only) refuses the batch.
--
-- Links we wrote come back from the join table's capture under the owner and the field, and under others' names for whoever
-- else shows that table: those stay, even where that record writes the field they name in the same batch, for it has not seen
-- them. So the echo goes at once, before the next field is written.
create or replace function rowpage.write_edges(this_pair bigint, pair jsonb, edges jsonb, stored rowpage.stored[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  target text := format('%I.%I', pair ->> 'schema', pair ->> 'table');
  key_type text := rowpage.cast_types(target::regclass) ->> (pair ->> 'key');
  joined jsonb;
  place text;
  types jsonb;
  entry text;
  once boolean;
  log_floor bigint;
begin
  for joined in select j from jsonb_array_elements(pair -> 'joins') j
                 where exists (select from jsonb_array_elements(edges) e where e ->> 'name' = j ->> 'name') loop
    place := format('%I.%I', joined ->> 'schema', joined ->> 'table');
    types := rowpage.cast_types(place::regclass);
    if not types ?& array[joined ->> 'own', joined ->> 'other'] then
      raise exception using errcode = '42703', message = format('column "%s" of %s does not exist',
        case when types ? (joined ->> 'own') then joined ->> 'other' else joined ->> 'own' end, place);
    end if;
    -- Two runs of a statement may add one link at once; where the table has a key for it, the second one does nothing.
    select exists (select from pg_catalog.pg_index i
                    where i.indrelid = place::regclass and i.indisunique and i.indisvalid and i.indimmediate
                      and i.indpred is null and i.indexprs is null and i.indnkeyatts = 2
                      and (select array_agg(a.attname::text order by a.attname::text collate "C") from pg_catalog.pg_attribute a
                            where a.attrelid = i.indrelid and a.attnum = any((i.indkey::int2[])[0:1]))
                        = array(select c from unnest(array[joined ->> 'own', joined ->> 'other']) c order by c collate "C"))
      into once;
    entry := format('with entry as materialized (select t.%1$I as own, e.added, e.dropped '
                    '  from jsonb_to_recordset($1) as e(o int, name text, added text[], dropped text[]) '
                    '  join unnest($2) s on s.o = e.o and s.after is not null '
                    '  join %2$s t on t.%3$I = s.row_key::%4$s where e.name = $3) ',
                    joined ->> 'own_ref', target, pair ->> 'key', key_type);
    select coalesce(max(l.id), 0) into log_floor from rowpage.change_log l;
    -- As in write_rows(): users' triggers expect the session's own search path.
    set local search_path to default;
    execute entry || format('delete from %1$s x using entry e cross join unnest(e.dropped) d(v) where x.%2$I = e.own and x.%3$I = d.v::%4$s',
                            place, joined ->> 'own', joined ->> 'other', types ->> (joined ->> 'other'))
      using edges, stored, joined ->> 'name';
    execute entry || format('insert into %1$s (%2$I, %3$I) select e.own, a.v::%4$s from entry e cross join unnest(e.added) a(v) '
                            'where not exists (select from %1$s x where x.%2$I = e.own and x.%3$I = a.v::%4$s) '
                            'order by e.own::text, a.v %5$s',
                            place, joined ->> 'own', joined ->> 'other', types ->> (joined ->> 'other'),
                            case when once then format('on conflict (%I, %I) do nothing', joined ->> 'own', joined ->> 'other') else '' end)
      using edges, stored, joined ->> 'name';
    set local search_path to '';
    delete from rowpage.change_log l
     where l.pair = this_pair and l.id > log_floor and l.origin = current_setting('rowpage.origin') and l.columns = array[joined ->> 'name']
       and l.row_key = any(array(select s.row_key from jsonb_to_recordset(edges) as e(o int, name text) join unnest(stored) s on s.o = e.o
                                  where e.name = joined ->> 'name' and s.row_key is not null));
  end loop;
end
$$;
comment on function rowpage.write_edges(bigint, jsonb, jsonb, rowpage.stored[]) is 'Adds and removes links of join tables, for rows just stored.';

-- One write statement of a batch: {"kind": insert | update | delete | none, "columns": [...], "rows": [[o, key, version, text...]...]}
create or replace function rowpage.write_rows(pair jsonb, write jsonb) returns rowpage.stored[]
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  target text := format('%I.%I', pair ->> 'schema', pair ->> 'table');
  types jsonb := rowpage.cast_types(target::regclass);
  key_name text := pair ->> 'key';
  columns text[] := array(select jsonb_array_elements_text(pair -> 'columns'));
  written text[] := array(select jsonb_array_elements_text(write -> 'columns'));
  has_key boolean := coalesce(write #>> '{rows,0,1}', '') <> '';
  missing text;
  whole text;      -- array of the mapped columns' texts of the row t
  meta text;       -- array of what else is shown of the row t
  rest text;       -- of it, all but the version
  names text;      -- written columns
  casts text;      -- their values, taken from the entry r
  sets text;
  result rowpage.stored[];
  fresh jsonb := write -> 'rows';
begin
  select c into missing from unnest(columns || written || key_name) c where not types ? c limit 1;
  if missing is not null then
    raise exception using errcode = '42703', message = format('column "%s" of %s does not exist', missing, target);
  end if;
  select 'array[' || string_agg(format('t.%I::text', c), ', ' order by i) || ']::text[]' into whole
    from unnest(columns) with ordinality u(c, i);
  whole := coalesce(whole, 'array[]::text[]');
  rest := ', ' || coalesce('(extract(epoch from t.' || quote_ident(pair ->> 'updated_at_column') || '::timestamptz) * 1000)::bigint::text', 'null')
    || ', ' || coalesce('(t.' || quote_ident(pair ->> 'deleted_at_column') || ' is not null)::text', '''false''')
    || ', ' || coalesce('t.' || quote_ident(pair ->> 'page_id_column') || '::text', 'null')
    || ', ' || coalesce('t.' || quote_ident(pair ->> 'checksum_column') || '::text', 'null') || ']';
  meta := 'array[pg_catalog.pg_current_xact_id()::xid::text' || rest;
  select string_agg(format('%I', c), ', ' order by i), string_agg(format('(r ->> %s)::%s', i + 2, types ->> c), ', ' order by i),
         string_agg(format('%I = (h.r ->> %s)::%s', c, i + 2, types ->> c), ', ' order by i)
    into names, casts, sets
    from unnest(written) with ordinality u(c, i);
  -- From here to the end of this function users' triggers may run, and they expect the session's own search path.
  set local search_path to default;

  if write ->> 'kind' = 'insert' then
    -- RETURNING comes in the order of the rows, which is how a row whose key the database makes is told from the next one.
    if has_key then
      -- A key that is taken is a lost race like any other: its item is moved, and planned again with the row that is there.
      execute 'select coalesce(jsonb_agg(e.r order by e.i), ''[]'') from jsonb_array_elements($1) with ordinality e(r, i) '
        || 'where not exists (select from ' || target || ' x where ' || format('x.%I = (e.r ->> 1)::%s', key_name, types ->> key_name) || ')'
        into fresh using fresh;
      names := concat_ws(', ', format('%I', key_name), names);
      casts := concat_ws(', ', format('(r ->> 1)::%s', types ->> key_name), casts);
    end if;
    execute 'with entry as materialized (select i, r from jsonb_array_elements($1) with ordinality e(r, i)), '
      || case when names is null
         then 'done as (insert into ' || target || ' as t default values returning ' || format('t.%I::text', key_name)
         else 'done as (insert into ' || target || ' as t (' || names || ') '
           || case when has_key then 'overriding system value ' else '' end
           || 'select ' || casts || ' from entry order by i returning ' || format('t.%I::text', key_name) end
      || ' as k, ' || meta || ' as m, ' || whole || ' as a), '
      || 'numbered as (select row_number() over () as i, * from done) '
      || 'select array_agg(row((e.r ->> 0)::int, n.k, n.m, n.a, null, $2, '
      || '  (select coalesce(array_agg(c), ''{}'') from unnest($3, n.a) u(c, v) where v is not null and not c = any($2)))::rowpage.stored) '
      || 'from numbered n join entry e on e.i = n.i'
      into result using fresh, written, columns;
    if coalesce(cardinality(result), 0) <> jsonb_array_length(fresh) then
      raise exception using errcode = 'RP003', message = format('a trigger of %s kept a row from being inserted', target);
    end if;
    return coalesce(result, '{}');
  end if;

  if write ->> 'kind' = 'none' then
    -- Nothing of the row changes: only its links do. The lock keeps the row from being deleted under them. A version that is
    -- given must be the row's all the same, for with the links its columns are stored as agreed.
    execute 'select array_agg(row((r ->> 0)::int, held.k, held.m, held.a, held.a, ''{}'', ''{}'')::rowpage.stored) '
      || 'from jsonb_array_elements($1) e(r) join (select ' || format('t.%I::text', key_name) || ' as k, '
      || 'array[t.xmin::text' || rest || ' as m, ' || whole || ' as a from ' || target || ' t where ' || format('t.%I', key_name)
      || ' = any(array(select (r ->> 1)::' || (types ->> key_name) || ' from jsonb_array_elements($1) e(r))) for key share of t) held '
      || 'on held.k = e.r ->> 1 and coalesce(e.r ->> 2, '''') in ('''', held.m[1])'
      into result using write -> 'rows';
    return coalesce(result, '{}');
  end if;

  execute 'with w as materialized (select (r ->> 0)::int as o, ' || format('(r ->> 1)::%s', types ->> key_name) || ' as k, r ->> 2 as v, r '
    || '  from jsonb_array_elements($1) e(r)), '
    || 'held as materialized (select w.o, w.k, w.r, w.v, t.xmin::text as now, ' || whole || ' as b, ' || meta || ' as m '
    || '  from ' || target || ' t join w on w.k = ' || format('t.%I', key_name) || ' order by w.k for update of t), '
    || case when write ->> 'kind' = 'update'
       then 'done as (update ' || target || ' as t set ' || sets || ' from held h where h.v = h.now and '
         || format('t.%I', key_name) || ' = h.k returning h.o, ' || format('t.%I::text', key_name) || ' as k, '
         || meta || ' as m, ' || whole || ' as a, h.b) '
       else 'done as (delete from ' || target || ' as t using held h where h.v = h.now and '
         || format('t.%I', key_name) || ' = h.k returning h.o, ' || format('t.%I::text', key_name) || ' as k, '
         || 'h.m, null::text[] as a, h.b) ' end
    || 'select array_agg(row(o, k, m, a, b, $2, (select coalesce(array_agg(c), ''{}'') from unnest($3, b, a) u(c, x, y) '
    || '  where a is not null and x is distinct from y and not c = any($2)))::rowpage.stored) from done'
    into result using write -> 'rows', written, columns;
  return coalesce(result, '{}');
end
$$;
comment on function rowpage.write_rows(jsonb, jsonb) is 'Writes the rows of one shape; compare-and-set on xmin, for inserts on the key.';

-- Everything here is found by key. Sequential scans are ruled out, for in a first sync the statistics are those of empty
-- tables, and a plan made from them would read whole tables of links again and again.
create or replace function rowpage.commit(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = '' set enable_seqscan = off
as $$
declare
  ticket uuid := (request ->> 'token')::uuid;
  origin_mark text := 'rowpage:' || (request ->> 'token');
  this_run bigint := nullif((request ->> 'run')::bigint, 0);
  columns text[] := array(select jsonb_array_elements_text(request #> '{pair,columns}'));
  joins text[] := array(select j ->> 'name' from jsonb_array_elements(request #> '{pair,joins}') j);
  edges jsonb := coalesce(request -> 'edges', '[]');
  this_pair bigint;
  log_floor bigint := 0;
  write jsonb;
  stored rowpage.stored[] := '{}';
  links_before jsonb := '{}';
  moved int[] := '{}';
  reply jsonb;
begin
  -- Was this batch committed before? A first call still under way is waited for here.
  insert into rowpage.applied (token, workspace) values (ticket, request ->> 'workspace') on conflict (token) do nothing;
  if not found then
    select a.answer into reply from rowpage.applied a where a.token = ticket;
    return reply;
  end if;
  delete from rowpage.applied a
   where a.token = nullif(request ->> 'forget', '')::uuid or a.at < clock_timestamp() - interval '1 day';
  perform rowpage.check_fence(request);
  this_pair := rowpage.register_pair(request -> 'pair');

  if jsonb_array_length(request -> 'writes') > 0 then
    perform set_config('rowpage.origin', origin_mark, true);
    select coalesce(max(l.id), 0) into log_floor from rowpage.change_log l;
    if cardinality(joins) > 0 then
      links_before := rowpage.links_of(request -> 'pair',
        array(select r ->> 1 from jsonb_array_elements(request -> 'writes') w, jsonb_array_elements(w -> 'rows') r
               where w ->> 'kind' <> 'insert'));
    end if;
    for write in select w from jsonb_array_elements(request -> 'writes') w loop
      stored := stored || rowpage.write_rows(request -> 'pair', write);
    end loop;
    select coalesce(array_agg((r ->> 0)::int), '{}') into moved
      from jsonb_array_elements(request -> 'writes') w, jsonb_array_elements(w -> 'rows') r
     where not exists (select from unnest(stored) s where s.o = (r ->> 0)::int);
    if cardinality(joins) > 0 then
      perform rowpage.write_edges(this_pair, request -> 'pair', edges, stored);
      stored := rowpage.with_links(request -> 'pair', edges, stored, links_before);
    end if;
    -- Our own echo, as long as it is exactly what we wrote. What a trigger or a default added stays in the queue, so that it
    -- travels; what a cascade did to other rows has their keys and stays too.
    delete from rowpage.change_log l
     where l.pair = this_pair and l.id > log_floor and l.origin = origin_mark
       and l.row_key = any(array(select s.row_key from unnest(stored) s where s.derived = '{}'))
       and not l.columns && joins;
    -- What fell with a row we deleted is no news of that row.
    delete from rowpage.change_log l
     where l.pair = this_pair and l.id > log_floor and cardinality(l.columns) = 1 and l.columns <@ joins
       and l.row_key = any(array(select s.row_key from unnest(stored) s where s.after is null));
    perform set_config('rowpage.origin', '', true);
  end if;

  if request ? 'links' then
    -- A page that was tied to another row, or to none yet. (The lateral keeps this a look-up per page, by index.)
    delete from rowpage.link l
     where l.id = any(array(
       select held.id
         from jsonb_to_recordset(request -> 'links') as n(o int, row_key text, page_id text)
         left join unnest(stored) s on s.o = n.o
        cross join lateral (select x.id, x.row_key from rowpage.link x
                             where x.pair = this_pair and x.page_id = n.page_id and x.page_id <> '' offset 0) held
        where not n.o = any(moved)
          and (held.row_key = '' or held.row_key <> coalesce(nullif(n.row_key, ''), s.row_key, ''))));
    insert into rowpage.link as l (pair, row_key, page_id, nonce, page_shadow, row_shadow, page_live, row_live, page_edited_at,
                                   page_seen, row_seen, choices, unsettled, page_noted)
    select this_pair, coalesce(nullif(n.row_key, ''), s.row_key, ''), n.page_id, n.nonce, n.page_shadow,
           n.row_shadow || coalesce(jsonb_object(columns, s.after[:cardinality(columns)]) - (coalesce(n.keep, '{}') || s.derived), '{}'),
           n.page_live, n.row_live, to_timestamp(nullif(n.page_edited_ms, 0) / 1000.0), n.page_seen, n.row_seen, n.choices, n.unsettled, n.page_noted
      from jsonb_to_recordset(request -> 'links')
           as n(o int, row_key text, page_id text, nonce text, page_shadow jsonb, row_shadow jsonb, page_live boolean,
                row_live boolean, page_edited_ms bigint, page_seen jsonb, row_seen jsonb, choices jsonb, unsettled text[], page_noted boolean, keep text[])
      left join unnest(stored) s on s.o = n.o
     where not n.o = any(moved)
    on conflict (pair, row_key) where row_key <> '' do update
      set page_id = excluded.page_id, nonce = excluded.nonce, page_shadow = excluded.page_shadow,
          row_shadow = excluded.row_shadow, page_live = excluded.page_live, row_live = excluded.row_live,
          page_edited_at = excluded.page_edited_at, page_seen = excluded.page_seen, row_seen = excluded.row_seen,
          choices = excluded.choices, unsettled = excluded.unsettled, page_noted = excluded.page_noted, updated_at = clock_timestamp();
  end if;
  if request ? 'unlink' then
    delete from rowpage.link l
     where l.pair = this_pair and l.row_key <> ''
       and l.row_key = any(array(select n.row_key from jsonb_to_recordset(request -> 'unlink') as n(o int, row_key text)
                                  where not n.o = any(moved)));
    delete from rowpage.link l
     where l.pair = this_pair and l.page_id <> ''
       and l.page_id = any(array(select n.page_id from jsonb_to_recordset(request -> 'unlink') as n(o int, page_id text)
                                  where not n.o = any(moved)));
  end if;

  if request ? 'close_conflicts' then
    update rowpage.conflict c set resolved_at = clock_timestamp()
      from jsonb_to_recordset(request -> 'close_conflicts') as n(o int, row_key text, page_id text, field text)
     where c.pair = this_pair and c.winner is null and c.resolved_at is null and not n.o = any(moved) and c.field = n.field
       and (c.row_key = n.row_key and n.row_key <> '' or c.page_id = n.page_id and n.page_id <> '');
  end if;
  if request ? 'conflicts' then
    delete from rowpage.conflict c
     using jsonb_to_recordset(request -> 'conflicts') as n(o int, row_key text, page_id text, field text, winner text)
     where c.pair = this_pair and c.winner is null and c.resolved_at is null and n.winner is null and not n.o = any(moved)
       and c.field = n.field
       and (c.row_key = n.row_key and n.row_key <> '' or c.page_id = n.page_id and n.page_id <> '');
    insert into rowpage.conflict (pair, run, row_key, page_id, field, base_page, base_row, page, row, page_at, row_at, winner, reason)
    select this_pair, this_run, coalesce(nullif(n.row_key, ''), s.row_key, ''), n.page_id, n.field, n.base_page, n.base_row, n.page, n.row,
           to_timestamp(n.page_ms / 1000.0), to_timestamp(n.row_ms / 1000.0), n.winner, n.reason
      from jsonb_to_recordset(request -> 'conflicts')
           as n(o int, row_key text, page_id text, field text, base_page jsonb, base_row jsonb, page jsonb, row jsonb,
                page_ms bigint, row_ms bigint, winner text, reason text)
      left join unnest(stored) s on s.o = n.o
     where not n.o = any(moved);
  end if;
  if request ? 'history' then
    insert into rowpage.history (pair, run, row_key, page_id, side, action, before, after, reason)
    select this_pair, this_run, coalesce(nullif(n.row_key, ''), s.row_key, ''), n.page_id, n.side, n.action,
           case when n.of_row and s.o is not null
                then (select jsonb_object_agg(c, v) from unnest(columns || joins, s.before) u(c, v) where s.after is null or c = any(s.written))
                else n.before end,
           case when n.of_row and s.o is not null
                then (select jsonb_object_agg(c, v) from unnest(columns || joins, s.after) u(c, v) where c = any(s.written || s.derived))
                else n.after end,
           n.reason
      from jsonb_to_recordset(request -> 'history')
           as n(o int, row_key text, page_id text, side text, action text, before jsonb, after jsonb, reason text, of_row boolean)
      left join unnest(stored) s on s.o = n.o
     where not n.o = any(moved);
  end if;

  if request ? 'abandon' then
    delete from rowpage.pending p using jsonb_to_recordset(request -> 'abandon') as n(o int, nonce text)
     where p.pair = this_pair and p.nonce = n.nonce and not n.o = any(moved);
    insert into rowpage.abandoned (pair, nonce, row_key, intended)
    select this_pair, n.nonce, n.row_key, n.intended
      from jsonb_to_recordset(request -> 'abandon') as n(o int, nonce text, row_key text, intended jsonb)
     where not n.o = any(moved)
    on conflict (pair, nonce) do update set row_key = excluded.row_key, intended = excluded.intended;
  end if;
  if request ? 'settle' then
    delete from rowpage.pending p using jsonb_to_recordset(request -> 'settle') as n(o int, nonce text)
     where p.pair = this_pair and p.nonce = n.nonce and not n.o = any(moved);
    -- A create given up whose page appeared after all and was taken over: it is no longer awaited.
    delete from rowpage.abandoned a using jsonb_to_recordset(request -> 'settle') as n(o int, nonce text)
     where a.pair = this_pair and a.nonce = n.nonce and not n.o = any(moved);
  end if;
  if request ? 'note' then
    insert into rowpage.pending (pair, nonce, kind, row_key, page_id, intended, found, noted_at, send_by, attempt)
    select this_pair, n.nonce, n.kind, coalesce(nullif(n.row_key, ''), s.row_key, ''), n.page_id, n.intended, n.found,
           coalesce(to_timestamp(nullif(n.noted_ms, 0) / 1000.0), clock_timestamp()), to_timestamp(nullif(n.send_by_ms, 0) / 1000.0),
           n.attempt
      from jsonb_to_recordset(request -> 'note')
           as n(o int, nonce text, kind text, row_key text, page_id text, intended jsonb, found jsonb, noted_ms bigint, send_by_ms bigint,
                attempt int)
      left join unnest(stored) s on s.o = n.o
     where not n.o = any(moved)
    on conflict (pair, nonce) do update
      set kind = excluded.kind, row_key = excluded.row_key, page_id = excluded.page_id, intended = excluded.intended,
          found = excluded.found, noted_at = excluded.noted_at, send_by = excluded.send_by, attempt = excluded.attempt;
  end if;

  if request ? 'unpark' then
    delete from rowpage.parked p using jsonb_to_recordset(request -> 'unpark') as n(o int, row_key text, page_id text)
     left join unnest(stored) s on s.o = n.o
     where p.pair = this_pair and not n.o = any(moved)
       and (p.row_key <> '' and p.row_key = coalesce(nullif(n.row_key, ''), s.row_key) or p.page_id = n.page_id and n.page_id <> '');
  end if;
  if request ? 'park' then
    insert into rowpage.parked (pair, kind, row_key, page_id, reason, hint, attempts, next_try_at)
    select this_pair, n.kind, n.row_key, n.page_id, n.reason, n.hint, n.attempts, to_timestamp(n.next_try_ms / 1000.0)
      from jsonb_to_recordset(request -> 'park')
           as n(o int, kind text, row_key text, page_id text, reason text, hint text, attempts int, next_try_ms bigint)
     where not n.o = any(moved);
  end if;
  if request ? 'errands_done' then
    -- (Here and below the laterals keep this two look-ups per record, by index: a first import has many thousands waiting.)
    delete from rowpage.errand e
     where e.id = any(array(
       select held.id
         from jsonb_to_recordset(request -> 'errands_done')
              as n(o int, kind text, row_key text, page_id text, field text, other text)
        cross join lateral (
          select x.id, x.kind, x.field, x.other from rowpage.errand x
           where x.pair = this_pair and x.row_key <> '' and x.row_key = n.row_key
          union all
          select x.id, x.kind, x.field, x.other from rowpage.errand x
           where x.pair = this_pair and x.page_id <> '' and x.page_id = n.page_id) held
        where not n.o = any(moved) and held.kind = n.kind and held.field = n.field and held.other = n.other));
  end if;
  if request ? 'errands' then
    -- This record's list anew: what it awaits and what was to be looked at, all of it from this reading.
    delete from rowpage.errand e
     where e.pair = this_pair and e.kind in ('await_page', 'await_row') and e.row_key <> ''
       and e.row_key = any(array(select coalesce(nullif(n.row_key, ''), s.row_key)
                                   from jsonb_to_recordset(request -> 'errands') as n(o int, row_key text)
                                   left join unnest(stored) s on s.o = n.o
                                  where not n.o = any(moved)));
    delete from rowpage.errand e
     where e.pair = this_pair and e.kind in ('await_page', 'await_row') and e.page_id <> ''
       and e.page_id = any(array(select n.page_id from jsonb_to_recordset(request -> 'errands') as n(o int, page_id text)
                                  where not n.o = any(moved)));
    perform rowpage.add_errands(this_pair,
      (select jsonb_agg(e || jsonb_build_object('row_key', coalesce(nullif(e ->> 'row_key', ''), nullif(n ->> 'row_key', ''), s.row_key, '')))
         from jsonb_array_elements(request -> 'errands') n
         left join unnest(stored) s on s.o = (n ->> 'o')::int
        cross join jsonb_array_elements(n -> 'list') e
        where not (n ->> 'o')::int = any(moved)));
  end if;
  if request ? 'other_errands' then
    perform rowpage.add_errands(this_pair,
      (select jsonb_agg(n) from jsonb_array_elements(request -> 'other_errands') n where not (n ->> 'o')::int = any(moved)));
  end if;
  if request ? 'ack' then
    -- An entry somebody is just removing (a full log, see rowpage.capture) is left to them, so that nobody waits for anybody;
    -- should they roll back, it is read once more.
    delete from rowpage.change_log l
     where l.id in (select c.id from rowpage.change_log c
                     where c.pair = this_pair
                       and c.id in (select n.id from jsonb_to_recordset(request -> 'ack') as n(o int, id bigint)
                                     where not n.o = any(moved))
                     for update skip locked);
  end if;

  if request ? 'forget_fields' then
    update rowpage.link l
       set page_shadow = (l.page_shadow - names.list) || (request #> '{forget_fields,shown}'), row_shadow = l.row_shadow - names.list
      from (select array(select jsonb_array_elements_text(request #> '{forget_fields,names}'))) names(list)
     where l.pair = this_pair;
  end if;
  if request ? 'state' then
    update rowpage.pair p
       set watermark = to_timestamp(n.watermark_ms / 1000.0), full_scan_at = to_timestamp(n.full_scan_ms / 1000.0),
           first_sync_done = n.first_sync_done, scan_needed = n.scan_needed,
           stranded_pages = n.stranded_pages, fingerprint = n.fingerprint, properties = n.properties, bot_id = n.bot_id,
           source_schema = n.source_schema, source_schema_at = to_timestamp(nullif(n.source_schema_ms, 0) / 1000.0),
           trash_query = n.trash_query, trash_search = n.trash_search, database_identity = rowpage.database_identity()
      from jsonb_to_record(request -> 'state')
           as n(watermark_ms bigint, full_scan_ms bigint, first_sync_done boolean, scan_needed boolean, stranded_pages boolean, fingerprint text,
                properties jsonb, bot_id text, source_schema text, source_schema_ms bigint, trash_query boolean, trash_search boolean)
     where p.id = this_pair;
  end if;

  reply := jsonb_build_object(
    'now_ms', (extract(epoch from clock_timestamp()) * 1000)::bigint,
    'moved', to_jsonb(moved),
    'rows', (select coalesce(jsonb_agg(jsonb_build_array(s.o, s.row_key, s.meta, s.after)), '[]') from unnest(stored) s));
  update rowpage.applied a set answer = reply where a.token = ticket;
  return reply;
end
$$;
comment on function rowpage.commit(jsonb) is 'Stores one batch of records in one transaction, under the lease, once per token.';
