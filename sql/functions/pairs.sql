-- Pairs of a data source and a table: known, forgotten, emptied.

-- {"workspace", "model", "data_source", "schema", "table", "key"} -> the pair's id; registers it on first sight.
create or replace function rowpage.register_pair(pair jsonb) returns bigint
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  mine rowpage.pair;
  other rowpage.pair;
begin
  select * into mine from rowpage.pair p
   where p.data_source = pair ->> 'data_source' and p.table_schema = pair ->> 'schema' and p.table_name = pair ->> 'table';
  if mine.id is not null and mine.workspace = pair ->> 'workspace' then
    if mine.model <> pair ->> 'model' or mine.key_column <> pair ->> 'key' then
      update rowpage.pair p set model = pair ->> 'model', key_column = pair ->> 'key' where p.id = mine.id;
    end if;
    return mine.id;
  end if;
  select * into other from rowpage.pair p
   where (p.table_schema = pair ->> 'schema' and p.table_name = pair ->> 'table') or p.data_source = pair ->> 'data_source'
   order by p.id limit 1;
  if other.id is not null then
    raise exception using errcode = 'RP002',
      message = case when other.table_schema = pair ->> 'schema' and other.table_name = pair ->> 'table'
                     then format('table %s.%s', other.table_schema, other.table_name)
                     else format('data source %s', other.data_source) end
                || format(' already belongs to the pair %s of workspace %s', other.model, other.workspace);
  end if;
  insert into rowpage.pair (workspace, model, data_source, table_schema, table_name, key_column)
  values (pair ->> 'workspace', pair ->> 'model', pair ->> 'data_source', pair ->> 'schema', pair ->> 'table', pair ->> 'key')
  returning id into strict mine.id;
  return mine.id;
end
$$;
comment on function rowpage.register_pair(jsonb) is 'The id of a pair; a table or data source belongs to one pair only (RP002 names the other).';

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

-- request: {token, workspace, pairs: [{data_source, schema, table}], joins: [{schema, table}], force}
-- Empties the pairs' tables and their join tables and forgets what is known of them: {rows: [count, ...]}, in order.
--
-- One DELETE statement empties all tables, for a constraint is checked at the statement's end: tables that reference each other in
-- a circle, or themselves, need no order and no deferrable keys.
create or replace function rowpage.reset(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  ticket uuid := (request ->> 'token')::uuid;
  force boolean := coalesce((request ->> 'force')::boolean, false);
  own regclass[];      -- of the pairs, in order
  emptied regclass[];  -- and their join tables
  ids bigint[];
  this_pair bigint;
  one record;
  holds boolean;
  holding text := '';
  with_parts text[] := '{}';
  counts text[] := '{}';
  rows jsonb;
begin
  insert into rowpage.applied (token, workspace) values (ticket, request ->> 'workspace') on conflict (token) do nothing;
  if not found then
    return (select a.answer from rowpage.applied a where a.token = ticket);
  end if;
  own := array(select to_regclass(format('%I.%I', p ->> 'schema', p ->> 'table'))
                 from jsonb_array_elements(request -> 'pairs') with ordinality u(p, i) order by i);
  emptied := own || array(select distinct j.oid::regclass from jsonb_array_elements(request -> 'joins') u(p)
                            join pg_catalog.pg_class j on j.oid = to_regclass(format('%I.%I', p ->> 'schema', p ->> 'table'))
                           where not j.oid::regclass = any(own));
  -- Held against writers, so that nothing can be captured between the check and the emptying.
  execute (select 'lock table ' || string_agg(t::text, ', ') || ' in share row exclusive mode' from unnest(emptied) t);

  ids := array(select r.id from jsonb_array_elements(request -> 'pairs') u(p)
                 join rowpage.pair r on r.workspace = request ->> 'workspace' and r.data_source = p ->> 'data_source'
                                    and r.table_schema = p ->> 'schema' and r.table_name = p ->> 'table');
  foreach this_pair in array ids loop
    perform rowpage.clear_pair(jsonb_build_object('pair', this_pair, 'force', force));
  end loop;

  -- Rows elsewhere that hold rows of ours.
  for one in select k.conrelid::regclass as holder, k.conname, k.confrelid::regclass as held,
                    (select string_agg(format('t.%I is not null', a.attname), ' and ') from pg_catalog.pg_attribute a
                      where a.attrelid = k.conrelid and a.attnum = any(k.conkey)) as linked
               from pg_catalog.pg_constraint k
              where k.contype = 'f' and k.confdeltype in ('a', 'r') and k.conparentid = 0
                and k.confrelid = any(emptied) and not k.conrelid = any(emptied)
              order by 1, 2 loop
    execute format('select exists (select from %s t where %s)', one.holder, one.linked) into holds;
    if holds then
      holding := holding || case holding when '' then '' else ', ' end || format('%s (%s to %s)', one.holder, one.conname, one.held);
    end if;
  end loop;
  if holding <> '' then
    raise exception using errcode = 'RP005', message = 'rows of other tables hold rows that would go: ' || holding;
  end if;

  for i in 1 .. cardinality(emptied) loop
    with_parts := with_parts || format('t%s as (delete from %s where true returning 1)', i, emptied[i]);
    if i <= cardinality(own) then
      counts := counts || format('(select count(*) from t%s)', i);
    end if;
  end loop;
  execute format('with %s select jsonb_build_array(%s)', array_to_string(with_parts, ', '), array_to_string(counts, ', ')) into rows;
  foreach this_pair in array ids loop  -- what the emptying itself was captured as
    perform rowpage.clear_pair(jsonb_build_object('pair', this_pair, 'force', true));
  end loop;
  rows := jsonb_build_object('rows', rows);
  update rowpage.applied a set answer = rows where a.token = ticket;
  return rows;
end
$$;
comment on function rowpage.reset(jsonb) is 'Empties the tables of pairs and forgets their links, in one transaction, once per token.';
