-- Rows are written one statement per shape (same operation, same columns), so a batch of 500 costs a handful of statements.
-- The casts to column types leave the length out, for an explicit cast to varchar(5) cuts silently, an assignment does not.

-- Every column of a table with the type to cast texts to: domains taken down to their base, lengths left out. (Asked once for each
-- statement of a batch; as PL/pgSQL its plan is kept.)
create or replace function rowpage.cast_types(relation regclass) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return (
    with recursive base as (
      select a.attname as name, a.atttypid as type from pg_catalog.pg_attribute a
       where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
      union all
      select b.name, t.typbasetype from base b join pg_catalog.pg_type t on t.oid = b.type where t.typtype = 'd'
    )
    select jsonb_object_agg(b.name, pg_catalog.format_type(b.type, -1))
      from base b join pg_catalog.pg_type t on t.oid = b.type where t.typtype <> 'd');
end
$$;
comment on function rowpage.cast_types(regclass) is 'Column name -> type to cast a text to.';

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
  derived text;    -- array of the columns that were not asked for and are not what they were: of b (before) and a (after)
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
  -- Spelt out by column: a subquery for each row would cost as much as writing the row.
  select 'pg_catalog.array_remove(array[' || string_agg(format('case when %s then %L end',
           case write ->> 'kind' when 'insert' then format('a[%s] is not null', i) else format('a[%1$s] is distinct from b[%1$s]', i) end, c),
           ', ' order by i) || ']::text[], null)' into derived
    from unnest(columns) with ordinality u(c, i) where not c = any(written);
  derived := coalesce(derived, '''{}''::text[]');
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
      || 'select array_agg(row((e.r ->> 0)::int, n.k, n.m, n.a, null, $2, ' || derived || ')::rowpage.stored) '
      || 'from numbered n join entry e on e.i = n.i'
      into result using fresh, written;
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
    || 'select array_agg(row(o, k, m, a, b, $2, ' || case write ->> 'kind' when 'update' then derived else '''{}''' end
    || ')::rowpage.stored) from done'
    into result using write -> 'rows', written;
  return coalesce(result, '{}');
end
$$;
comment on function rowpage.write_rows(jsonb, jsonb) is 'Writes the rows of one shape; compare-and-set on xmin, for inserts on the key.';
