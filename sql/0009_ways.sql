-- What every way in needs alike: emptying tables as one function, entry points that stay thin and can be checked, and the name of
-- the project a database belongs to.

-- request: {token, workspace, pairs: [{data_source, schema, table}], joins: [{schema, table}], force}
-- Empties the pairs' tables and their join tables and forgets what is known of them: {rows: [count, ...]}, in order.
--
-- One DELETE statement empties all tables, for a constraint is checked at the statement's end: tables that reference each other in
-- a circle, or themselves, need no order and no deferrable keys.
create function rowpage.reset(request jsonb) returns jsonb
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

-- The project of Supabase that this database is. A copy of a whole cluster (a backup restored into another project, a branch) has
-- everything of its original but this.
alter table rowpage.meta add column project text not null default '';
comment on column rowpage.meta.project is 'Supabase''s reference of the project, where a runner knew it; empty: none did yet.';

create or replace function rowpage.database_identity() returns text
language plpgsql stable security invoker set search_path = ''
as $$
declare
  place text;
begin
  if has_function_privilege('pg_catalog.pg_control_system()', 'execute') then
    select c.system_identifier::text into place from pg_catalog.pg_control_system() c;
  end if;
  return coalesce(place, '-') || '/' || (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
         || '/' || (select m.epoch || case m.project when '' then '' else '/' || m.project end from rowpage.meta m);
end
$$;

-- request: {project}. Pairs stored before the project was known stay what they were; those stored under another project do not.
create function rowpage.set_project(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  old_project text;
  old_identity text;
begin
  select m.project into old_project from rowpage.meta m for update;
  if old_project is distinct from request ->> 'project' then
    old_identity := rowpage.database_identity();
    update rowpage.meta m set project = request ->> 'project' where true;
    if old_project = '' then
      update rowpage.pair p set database_identity = rowpage.database_identity() where p.database_identity = old_identity;
    end if;
  end if;
  return jsonb_build_object('was', old_project);
end
$$;
comment on function rowpage.set_project(jsonb) is 'Notes which project of Supabase this database is.';

-- What may be called over the Data API.
create function rowpage.dispatch(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  case request ->> 'function'
    when 'commit' then return rowpage.commit(request -> 'request');
    when 'acquire' then return rowpage.acquire(request -> 'request');
    when 'renew' then return rowpage.renew(request -> 'request');
    when 'release' then return rowpage.release(request -> 'request');
    when 'start_run' then return rowpage.start_run(request -> 'request');
    when 'finish_run' then return rowpage.finish_run(request -> 'request');
    when 'take_permits' then return rowpage.take_permits(request -> 'request');
    when 'reset' then return rowpage.reset(request -> 'request');
    when 'set_project' then return rowpage.set_project(request -> 'request');
    else raise exception 'rowpage_call knows no function "%"', request ->> 'function' using errcode = '42883';
  end case;
end
$$;
comment on function rowpage.dispatch(jsonb) is 'Calls the function that a request over the Data API names.';

-- request: {statements: [SELECT...]}. For each the rows as record texts.
create function rowpage.answers(request jsonb) returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  statement text;
  lines jsonb;
  answers jsonb := '[]';
begin
  for statement in select s from jsonb_array_elements_text(request -> 'statements') with ordinality u(s, i) order by i loop
    execute 'select coalesce(pg_catalog.jsonb_agg(rowpage__line::text), ''[]'') from (' || statement || ') rowpage__line' into lines;
    answers := answers || jsonb_build_array(lines);
  end loop;
  return answers;
end
$$;
comment on function rowpage.answers(jsonb) is 'Answers SELECTs as the caller, who sees no more than without it.';

-- The way in over Supabase's Data API: two entry points in the schema public, which PostgREST exposes, for service_role alone.
-- They are made where that role exists, and hold nothing themselves: the work is done by the functions of this schema, as the
-- caller, with the caller's own privileges. Called again after every migration, for CREATE FUNCTION opens a function to everybody.
--
-- Settings that shape texts are fixed here, as every connection of ours fixes them, and so are time limits, which PostgREST
-- lifts from the function to the transaction (service_role would have the 8 s of its authenticator).
create or replace function rowpage.expose() returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $expose$
declare
  settings constant text :=
    $set$ set search_path = '' set statement_timeout = '25s' set lock_timeout = '4s' set timezone = 'UTC'
    set datestyle = 'ISO, YMD' set intervalstyle = 'postgres' set extra_float_digits = 1 set row_security = off
    set standard_conforming_strings = on set jit = off $set$;
  one text;
  role_name text;
begin
  if not exists (select from pg_catalog.pg_roles r where r.rolname = 'service_role') then
    return '{"exposed": false}';
  end if;
  execute $define$
    create or replace function public.rowpage_call(request jsonb) returns jsonb
    language plpgsql volatile security invoker $define$ || settings || $define$
    as 'begin return rowpage.dispatch(request); end'
  $define$;
  comment on function public.rowpage_call(jsonb) is 'Rowpage over the Data API, writing: {"function", "request"}. For service_role only.';
  execute $define$
    create or replace function public.rowpage_read(request jsonb) returns jsonb
    language plpgsql stable security invoker $define$ || settings || $define$
    as 'begin return rowpage.answers(request); end'
  $define$;
  comment on function public.rowpage_read(jsonb) is
    'Rowpage over the Data API, reading: {"statements": [SELECT...]} as the caller, who sees no more than without it. For service_role only.';
  foreach one in array array['rowpage_call', 'rowpage_read'] loop
    execute format('revoke all on function public.%I(jsonb) from public', one);
    for role_name in select r.rolname from pg_catalog.pg_roles r where r.rolname in ('anon', 'authenticated') loop
      execute format('revoke all on function public.%I(jsonb) from %I', one, role_name);
    end loop;
    execute format('grant execute on function public.%I(jsonb) to service_role', one);
  end loop;
  perform pg_catalog.pg_notify('pgrst', 'reload schema');
  return '{"exposed": true}';
end
$expose$;

-- What is wrong with the entry points, one text each: a grant or a definition that somebody changed. Nothing where Supabase's roles
-- are not.
create function rowpage.exposure_faults() returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  faults text[] := '{}';
  one text;
  point record;
  role_name text;
begin
  if not exists (select from pg_catalog.pg_roles r where r.rolname = 'service_role') then
    return '[]';
  end if;
  foreach one in array array['rowpage_call', 'rowpage_read'] loop
    select p.oid, p.prosecdef, p.proacl, p.proowner, p.provolatile, p.proconfig into point from pg_catalog.pg_proc p
     where p.oid = to_regprocedure(format('public.%I(jsonb)', one));
    if not found then
      faults := faults || format('public.%s is missing', one);
      continue;
    end if;
    if exists (select from aclexplode(coalesce(point.proacl, acldefault('f', point.proowner))) a where a.grantee = 0) then
      faults := faults || format('everybody may call public.%s', one);
    else
      for role_name in select r.rolname from pg_catalog.pg_roles r
                        where r.rolname in ('anon', 'authenticated') and has_function_privilege(r.oid, point.oid, 'execute') loop
        faults := faults || format('%s may call public.%s', role_name, one);
      end loop;
    end if;
    if not has_function_privilege('service_role', point.oid, 'execute') then
      faults := faults || format('service_role may not call public.%s', one);
    end if;
    if point.prosecdef then
      faults := faults || format('public.%s runs with its owner''s privileges', one);
    end if;
    if not coalesce('search_path=""' = any(point.proconfig), false) then
      faults := faults || format('public.%s has no fixed search_path', one);
    end if;
    if point.provolatile <> (case one when 'rowpage_read' then 's' else 'v' end) then
      faults := faults || format('public.%s was made by somebody else', one);
    end if;
  end loop;
  return to_jsonb(faults);
end
$$;
comment on function rowpage.exposure_faults() is 'What somebody changed about the entry points of the Data API; a setup makes them anew.';
