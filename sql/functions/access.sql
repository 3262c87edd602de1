-- Who may use what: the schema, and the entry points of the Data API.

-- Who may do what: the owner everything, service_role (Supabase's server-side role) the same work, nobody else anything.
-- Called again after every migration, for CREATE FUNCTION opens a function to everybody.
create or replace function rowpage.secure() returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  one record;
  role_name text;
begin
  execute 'revoke all on schema rowpage from public';
  execute 'revoke all on all tables in schema rowpage from public';
  execute 'revoke all on all functions in schema rowpage from public';
  for role_name in select r.rolname from pg_catalog.pg_roles r where r.rolname in ('anon', 'authenticated') loop
    execute format('revoke all on schema rowpage from %I', role_name);
    execute format('revoke all on all tables in schema rowpage from %I', role_name);
    execute format('revoke all on all functions in schema rowpage from %I', role_name);
  end loop;
  if exists (select from pg_catalog.pg_roles r where r.rolname = 'service_role') then
    execute 'grant usage on schema rowpage to service_role';
    execute 'grant select, insert, update, delete on all tables in schema rowpage to service_role';
    execute 'grant execute on all functions in schema rowpage to service_role';
  end if;
  for one in select c.oid, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
              where n.nspname = 'rowpage' and c.relkind = 'r' loop
    execute format('alter table rowpage.%I enable row level security', one.relname);
    if not exists (select from pg_catalog.pg_policy p where p.polrelid = one.oid and p.polname = 'rowpage_nobody') then
      execute format('create policy rowpage_nobody on rowpage.%I for all to public using (false) with check (false)', one.relname);
      execute format('comment on policy rowpage_nobody on rowpage.%I is %L', one.relname,
                     'Only the owner and roles that bypass row security read or write here.');
    end if;
  end loop;
  return '{}';
end
$$;
comment on function rowpage.secure() is 'Closes the schema to everybody but its owner and service_role; safe to repeat.';

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
comment on function rowpage.expose() is 'Makes the entry points of the Data API where Supabase''s roles exist; safe to repeat.';

-- What is wrong with the entry points, one text each: a grant or a definition that somebody changed. Nothing where Supabase's roles
-- are not.
create or replace function rowpage.entry_point_faults() returns jsonb
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
comment on function rowpage.entry_point_faults() is 'What somebody changed about the entry points of the Data API.';

-- What is wrong with the entry points, one text each: a grant or a definition that somebody changed. Nothing where Supabase's roles
-- are not.
create or replace function rowpage.exposure_faults() returns jsonb
language plpgsql stable security invoker set search_path = ''
as $$
declare
  faults jsonb := rowpage.entry_point_faults();
  role_name text;
begin
  for role_name in select r.rolname from pg_catalog.pg_roles r
                    where r.rolname in ('anon', 'authenticated') and has_schema_privilege(r.oid, 'rowpage', 'usage') order by 1 loop
    faults := faults || to_jsonb(format('%s may use the schema rowpage', role_name));
  end loop;
  if exists (select from pg_catalog.pg_roles r where r.rolname = 'service_role')
     and not (has_schema_privilege('service_role', 'rowpage', 'usage')
              and has_table_privilege('service_role', 'rowpage.link', 'insert')
              and has_function_privilege('service_role', 'rowpage.dispatch(jsonb)', 'execute')) then
    faults := faults || to_jsonb('service_role may not use the schema rowpage'::text);
  end if;
  return faults;
end
$$;
comment on function rowpage.exposure_faults() is 'What somebody changed about who may use our schema and the entry points of the Data API.';
