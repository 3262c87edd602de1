-- Relations: join tables written with the row they belong to, and what links leave to do.
--
-- A link of a join table is one fact. In a request and in the queue it goes by the row that owns it and the field that shows
-- it (its stored name, "task_dependencies.task_id"), so that two fields over one table, the two ends of a self relation say,
-- are told apart.

-- Adds errands ([{"kind", "schema", "table", "row_key", "page_id", "field", "other", "to_schema", "to_table"}...]); one that is
-- there already stays as it is, one for a pair nobody knows is dropped.
create or replace function rowpage.add_errands(this_pair bigint, errands jsonb) returns void
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
create or replace function rowpage.links_of(pair jsonb, keys text[]) returns jsonb
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

-- Rows as stored, with their links behind their columns, before and after; the fields whose links were written count as written.
create or replace function rowpage.with_links(pair jsonb, edges jsonb, stored rowpage.stored[], links_before jsonb) returns rowpage.stored[]
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
