-- What the entry points of the Data API lead to.

-- What may be called over the Data API.
create or replace function rowpage.dispatch(request jsonb) returns jsonb
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
create or replace function rowpage.answers(request jsonb) returns jsonb
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
