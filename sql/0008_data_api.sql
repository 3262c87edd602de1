-- The way in over Supabase's Data API: two entry points in the schema public, which PostgREST exposes, for service_role alone.
-- They are made where that role exists, and hold nothing themselves: the work is done by the functions of this schema, as the
-- caller, with the caller's own privileges. Called again after every migration, for CREATE FUNCTION opens a function to everybody.
--
-- Settings that shape texts are fixed here, as every connection of ours fixes them, and so are time limits, which PostgREST
-- lifts from the function to the transaction (service_role would have the 8 s of its authenticator).
create function rowpage.expose() returns jsonb
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
    as $body$
    begin
      case request ->> 'function'
        when 'commit' then return rowpage.commit(request -> 'request');
        when 'acquire' then return rowpage.acquire(request -> 'request');
        when 'renew' then return rowpage.renew(request -> 'request');
        when 'release' then return rowpage.release(request -> 'request');
        when 'start_run' then return rowpage.start_run(request -> 'request');
        when 'finish_run' then return rowpage.finish_run(request -> 'request');
        when 'take_permits' then return rowpage.take_permits(request -> 'request');
        else raise exception 'rowpage_call knows no function "%"', request ->> 'function' using errcode = '42883';
      end case;
    end
    $body$
  $define$;
  comment on function public.rowpage_call(jsonb) is 'Rowpage over the Data API, writing: {"function", "request"}. For service_role only.';
  execute $define$
    create or replace function public.rowpage_read(request jsonb) returns jsonb
    language plpgsql stable security invoker $define$ || settings || $define$
    as $body$
    declare
      statement text;
      lines jsonb;
      answers jsonb := '[]';
    begin
      for statement in select s from pg_catalog.jsonb_array_elements_text(request -> 'statements') with ordinality u(s, i) order by i loop
        execute 'select coalesce(pg_catalog.jsonb_agg(rowpage__line::text), ''[]'') from (' || statement || ') rowpage__line' into lines;
        answers := answers || pg_catalog.jsonb_build_array(lines);
      end loop;
      return answers;
    end
    $body$
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
