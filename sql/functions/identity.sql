-- Which database this is: a copy must not be taken for its original.

-- What tells this database from a restored or copied one.
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
comment on function rowpage.database_identity() is 'Cluster, database and installation of this schema as one text.';

-- request: {project}. Pairs stored before the project was known stay what they were; those stored under another project do not.
create or replace function rowpage.set_project(request jsonb) returns jsonb
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
