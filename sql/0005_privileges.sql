-- Who may do what: the owner everything, service_role (Supabase's server-side role) the same work, nobody else anything.
-- Called again after every migration, for CREATE FUNCTION opens a function to everybody.
create function rowpage.secure() returns jsonb
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
