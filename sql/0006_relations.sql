-- Relations: join tables written with the row they belong to, captured like the tables beside them, and what links leave to do.
--
-- A link of a join table is one fact. In a request and in the queue it goes by the row that owns it and the field that shows
-- it (its stored name, "task_dependencies.task_id"), so that two fields over one table, the two ends of a self relation say,
-- are told apart.

create table rowpage.errand (
  id bigint generated always as identity primary key,
  pair bigint not null references rowpage.pair (id) on delete cascade,
  kind text not null,
  row_key text collate "C" not null default '',
  page_id text not null default '',
  field text not null default '',
  other text collate "C" not null default '',
  to_schema text not null default '',
  to_table text not null default '',
  at timestamptz not null default clock_timestamp()
);
alter table rowpage.pair add column properties jsonb not null default '{}';
comment on column rowpage.pair.properties is 'Of the last run: {"field": "id of its property"}. A property made anew has agreed with nothing yet.';
create unique index errand_once on rowpage.errand (pair, kind, row_key, page_id, field, other);
create index errand_row on rowpage.errand (pair, row_key) where row_key <> '';
create index errand_page on rowpage.errand (pair, page_id) where page_id <> '';
comment on table rowpage.errand is 'What links left to do: records that wait for the other end of a link, pages to look at, links to write from their back end.';
comment on column rowpage.errand.other is 'await_page: key of the row whose page is awaited; await_row: the page whose row is; else the page at the other end.';
comment on column rowpage.errand.to_table is 'With to_schema: table of the pair that `other` belongs to, where it is awaited.';

-- Adds errands ([{"kind", "schema", "table", "row_key", "page_id", "field", "other", "to_schema", "to_table"}...]); one that is
-- there already stays as it is, one for a pair nobody knows is dropped.
create function rowpage.add_errands(this_pair bigint, errands jsonb) returns void
language sql volatile security invoker set search_path = ''
as $$
  insert into rowpage.errand (pair, kind, row_key, page_id, field, other, to_schema, to_table)
  select p.id, n.kind, n.row_key, n.page_id, n.field, n.other, n.to_schema, n.to_table
    from jsonb_to_recordset(coalesce(errands, '[]'))
         as n(kind text, schema text, "table" text, row_key text, page_id text, field text, other text, to_schema text, to_table text)
    join rowpage.pair p on case when n."table" = '' then p.id = this_pair
                                else p.table_schema = n.schema and p.table_name = n."table" end
  on conflict (pair, kind, row_key, page_id, field, other) do nothing
$$;
comment on function rowpage.add_errands(bigint, jsonb) is 'Adds to what links left to do.';

-- Row key -> for each of pair.joins the linked rows' names as a sorted array's text, NULL for none.
-- {"joins": [{"name", "schema", "table", "own", "other", "own_ref"}...]}; own_ref is the column of the pair's table that `own` holds.
create function rowpage.links_of(pair jsonb, keys text[]) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  target text := format('%I.%I', pair ->> 'schema', pair ->> 'table');
  key_type text := rowpage.cast_types(target::regclass) ->> (pair ->> 'key');
  lists text;
  result jsonb;
begin
  select string_agg(format('(select array_agg(distinct j.%1$I::text collate "C" order by j.%1$I::text collate "C")::text from %2$I.%3$I j '
                           'where j.%4$I = t.%5$I and j.%1$I is not null)',
                           j ->> 'other', j ->> 'schema', j ->> 'table', j ->> 'own', j ->> 'own_ref'), ', ' order by i)
    into lists from jsonb_array_elements(pair -> 'joins') with ordinality u(j, i);
  execute format('select jsonb_object_agg(t.%1$I::text, jsonb_build_array(%2$s)) from %3$s t where t.%1$I = any($1::%4$s[])',
                 pair ->> 'key', lists, target, key_type)
    into result using keys;
  return coalesce(result, '{}');
end
$$;
comment on function rowpage.links_of(jsonb, text[]) is 'What the rows link to through join tables.';

-- Writes links of rows just stored: [{"o", "name", "added": [...], "dropped": [...]}...]. One that is there is not added, one that
-- is not there not removed. A constraint that refuses a link (a target that is gone, one link only) refuses the batch.
create function rowpage.write_edges(pair jsonb, edges jsonb, stored rowpage.stored[]) returns void
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
  end loop;
end
$$;
comment on function rowpage.write_edges(jsonb, jsonb, rowpage.stored[]) is 'Adds and removes links of join tables, for rows just stored.';

-- Rows as stored, with their links behind their columns, before and after; the fields whose links were written count as written.
create function rowpage.with_links(pair jsonb, edges jsonb, stored rowpage.stored[], links_before jsonb) returns rowpage.stored[]
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  links_after jsonb := rowpage.links_of(pair, array(select s.row_key from unnest(stored) s where s.after is not null));
  fields int[] := array(select i - 1 from generate_series(1, jsonb_array_length(pair -> 'joins')) i);
begin
  return array(
    select row(s.o, s.row_key, s.meta,
               case when s.after is not null then s.after || array(select links_after -> s.row_key ->> i from unnest(fields) i) end,
               case when s.before is not null then s.before || array(select links_before -> s.row_key ->> i from unnest(fields) i) end,
               s.written || coalesce(w.names, '{}'), s.derived)::rowpage.stored
      from unnest(stored) s
      left join (select e.o, array_agg(e.name) as names from jsonb_to_recordset(edges) as e(o int, name text) group by e.o) w on w.o = s.o);
end
$$;
comment on function rowpage.with_links(jsonb, jsonb, rowpage.stored[], jsonb) is
  'Rows as stored with what they link to; used inside rowpage.commit().';

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
    -- Nothing of the row changes: only its links do. The lock keeps the row from being deleted under them.
    execute 'select array_agg(row((r ->> 0)::int, held.k, held.m, held.a, held.a, ''{}'', ''{}'')::rowpage.stored) '
      || 'from jsonb_array_elements($1) e(r) join (select ' || format('t.%I::text', key_name) || ' as k, '
      || 'array[t.xmin::text' || rest || ' as m, ' || whole || ' as a from ' || target || ' t where ' || format('t.%I', key_name)
      || ' = any(array(select (r ->> 1)::' || (types ->> key_name) || ' from jsonb_array_elements($1) e(r))) for key share of t) held '
      || 'on held.k = e.r ->> 1'
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
  own_links jsonb;
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
      perform rowpage.write_edges(request -> 'pair', edges, stored);
      stored := rowpage.with_links(request -> 'pair', edges, stored, links_before);
    end if;
    -- Our own echo, as long as it is exactly what we wrote. What a trigger or a default added stays in the queue, so that it
    -- travels; what a cascade did to other rows has their keys and stays too.
    delete from rowpage.change_log l
     where l.pair = this_pair and l.id > log_floor and l.origin = origin_mark
       and l.row_key = any(array(select s.row_key from unnest(stored) s where s.derived = '{}'))
       and not l.columns && joins;
    -- Links we wrote come back from the join table's capture under the owner and the field, and under others' names for
    -- whoever else shows that table: those stay. What fell with a row we deleted is no news of that row.
    -- (Looked up, not joined: the planner knows nothing of the lists' lengths, and compares each entry with each record.)
    select coalesce(jsonb_object_agg(to_jsonb(array[s.row_key, e.name])::text, true), '{}') into own_links
      from jsonb_to_recordset(edges) as e(o int, name text) join unnest(stored) s on s.o = e.o where s.row_key is not null;
    delete from rowpage.change_log l
     where l.pair = this_pair and l.id > log_floor and l.origin = origin_mark and cardinality(l.columns) = 1
       and own_links ? to_jsonb(array[l.row_key, l.columns[1]])::text;
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

  if request ? 'forget' then
    update rowpage.link l
       set page_shadow = (l.page_shadow - names.list) || (request #> '{forget,shown}'), row_shadow = l.row_shadow - names.list
      from (select array(select jsonb_array_elements_text(request #> '{forget,names}'))) names(list)
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

-- Changes of a join table, for one field that shows it. The queue gets the owners' keys with the field's stored name.
--
-- Arguments: schema, table and key of the pair, the column of it that the links hold, the field's stored name, the join
-- table's two columns, and the owner's updated_at, '' for none: a link that changes makes its owner look edited, unless it is
-- ours. An owner somebody else is writing just now is passed by, for nobody may have to wait here.
create function rowpage.capture_links() returns trigger
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

-- Forgets a pair's links, shadows, pending requests, errands and log, and empties nothing of the user's.
-- {"pair": id, "force": boolean} -> {"waiting": captured changes not yet synced}; refused (RP004) while some wait, unless forced.
create or replace function rowpage.clear_pair(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  this_pair bigint := (request ->> 'pair')::bigint;
  waiting bigint;
begin
  select count(*) into waiting from rowpage.change_log l where l.pair = this_pair and l.origin is null;
  if waiting > 0 and not coalesce((request ->> 'force')::boolean, false) then
    raise exception using errcode = 'RP004', message = format('%s captured changes have not been synced yet', waiting);
  end if;
  delete from rowpage.link l where l.pair = this_pair;
  delete from rowpage.pending p where p.pair = this_pair;
  delete from rowpage.abandoned a where a.pair = this_pair;
  delete from rowpage.conflict c where c.pair = this_pair;
  delete from rowpage.parked p where p.pair = this_pair;
  delete from rowpage.errand e where e.pair = this_pair;
  delete from rowpage.history h where h.pair = this_pair;
  delete from rowpage.change_log l where l.pair = this_pair;
  update rowpage.pair p
     set watermark = null, full_scan_at = null, first_sync_done = false, scan_needed = true, fingerprint = '',
         source_schema = '', source_schema_at = null
   where p.id = this_pair;
  return jsonb_build_object('waiting', waiting);
end
$$;
comment on function rowpage.clear_pair(jsonb) is 'Forgets everything known of a pair, so that its next sync is a first one.';

-- Arguments: column, column it takes its value from while it is blank, and so on in pairs.
create function rowpage.fill() returns trigger
language plpgsql security invoker set search_path = ''
as $$
declare
  whole jsonb := to_jsonb(new);
  taken jsonb := '{}';
begin
  for i in 0 .. tg_nargs - 2 by 2 loop
    if btrim(coalesce(whole ->> tg_argv[i], '')) = '' and coalesce(whole ->> tg_argv[i + 1], '') <> '' then
      taken := taken || jsonb_build_object(tg_argv[i], whole ->> tg_argv[i + 1]);
    end if;
  end loop;
  return jsonb_populate_record(new, taken);
end
$$;
comment on function rowpage.fill() is 'Gives blank columns the text of the columns beside them.';

-- Arguments: columns of the whole name, the first and the last name. Whichever changed rewrites the others; of a new row, a blank
-- one is made from what is there. The last word is the last name; a single word has none.
create function rowpage.keep_names() returns trigger
language plpgsql security invoker set search_path = ''
as $$
declare
  now jsonb := to_jsonb(new);
  was jsonb := case when tg_op = 'UPDATE' then to_jsonb(old) else '{}' end;
  whole text := btrim(coalesce(now ->> tg_argv[0], ''));
  first text := btrim(coalesce(now ->> tg_argv[1], ''));
  last text := btrim(coalesce(now ->> tg_argv[2], ''));
  whole_changed boolean := whole <> btrim(coalesce(was ->> tg_argv[0], ''));
  parts_changed boolean := first <> btrim(coalesce(was ->> tg_argv[1], '')) or last <> btrim(coalesce(was ->> tg_argv[2], ''));
  head text := btrim(coalesce(substring(whole from '^(.*)\s\S+$'), whole));
  tail text := coalesce(substring(whole from '\s(\S+)$'), '');
begin
  if not whole_changed and not parts_changed then
    return new;
  elsif whole_changed and not parts_changed then
    first := head;
    last := tail;
  elsif parts_changed and not whole_changed or whole = '' then
    whole := btrim(first || ' ' || last);
    return jsonb_populate_record(new, jsonb_build_object(tg_argv[0], whole));
  elsif first = '' then
    -- All of the name that is not the last name already.
    first := case when last = '' or last = tail then head else whole end;
    last := case when last = '' then tail else last end;
  elsif last = '' then
    last := case when first = whole then '' else tail end;
  else
    return new;
  end if;
  return jsonb_populate_record(new, jsonb_build_object(tg_argv[1], first, tg_argv[2], last));
end
$$;
comment on function rowpage.keep_names() is 'Keeps a whole name and its parts in step.';
