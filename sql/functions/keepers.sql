-- Columns that are kept in step with others of their row.

-- Arguments: column, column it takes its value from while it is blank, and so on in pairs.
create or replace function rowpage.fill() returns trigger
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
create or replace function rowpage.keep_names() returns trigger
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
