-- One batch of records, all or nothing: rows, links, shadows, history, requests noted and settled, acknowledgements.
--
-- The caller sends flat lists; every entry carries "o", the number of the item it belongs to. An item whose row was changed
-- by somebody else since it was read (compare-and-set on xmin) is "moved": none of its entries is stored. A row that the
-- table refuses ends the whole call, and the caller finds it by halving the batch.
--
-- commit() calls a function for each list. `stored`: the rows as this batch wrote them; `moved`: the items that somebody else was
-- faster with.

-- The row writes of a batch, one statement per shape, and the links that go with them.
--
-- Our own writes are no news as long as the rows are exactly what we wrote. What a trigger or a default added is, so that it
-- travels; and so is what a foreign key did to other rows. Inserts make no such waves, so capture() passes them by and what is news
-- of them is told here; a first import would fill the queue only for us to empty it.
create or replace function rowpage.write_batch(this_pair bigint, request jsonb) returns rowpage.stored[]
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  pair jsonb := request -> 'pair';
  target regclass := format('%I.%I', pair ->> 'schema', pair ->> 'table')::regclass;
  origin_mark text := 'rowpage:' || (request ->> 'token');
  joins text[] := array(select j ->> 'name' from jsonb_array_elements(pair -> 'joins') j);
  log_floor bigint;
  write jsonb;
  links_before jsonb := '{}';
  stored rowpage.stored[] := '{}';
begin
  perform set_config('rowpage.origin', origin_mark, true);
  select coalesce(max(l.id), 0) into log_floor from rowpage.change_log l;
  if cardinality(joins) > 0 then
    links_before := rowpage.links_of(pair,
      array(select r ->> 1 from jsonb_array_elements(request -> 'writes') w, jsonb_array_elements(w -> 'rows') r
             where w ->> 'kind' <> 'insert'));
  end if;
  perform set_config('rowpage.quiet', target::oid::text, true);
  for write in select w from jsonb_array_elements(request -> 'writes') w loop
    stored := stored || rowpage.write_rows(pair, write);
  end loop;
  perform set_config('rowpage.quiet', '', true);
  insert into rowpage.change_log (pair, row_key, op, origin)
  select this_pair, s.row_key, 'I', origin_mark from unnest(stored) s where s.before is null and s.derived <> '{}';
  if cardinality(joins) > 0 then
    perform rowpage.write_edges(this_pair, pair, coalesce(request -> 'edges', '[]'), stored);
    stored := rowpage.with_links(pair, coalesce(request -> 'edges', '[]'), stored, links_before);
  end if;
  delete from rowpage.change_log l
   where l.pair = this_pair and l.id > log_floor and l.origin = origin_mark
     and l.row_key = any(array(select s.row_key from unnest(stored) s where s.derived = '{}'))
     and not l.columns && joins;
  -- What fell with a row we deleted is no news of that row.
  delete from rowpage.change_log l
   where l.pair = this_pair and l.id > log_floor and cardinality(l.columns) = 1 and l.columns <@ joins
     and l.row_key = any(array(select s.row_key from unnest(stored) s where s.after is null));
  perform set_config('rowpage.origin', '', true);
  return stored;
end
$$;
comment on function rowpage.write_batch(bigint, jsonb) is 'Writes the rows of a batch and their links; used inside rowpage.commit().';

-- What an entry leaves out has its usual value: both halves live, nothing seen, nothing chosen; and of the row's shadow what the row
-- as stored says anyway.
create or replace function rowpage.store_links(this_pair bigint, request jsonb, stored rowpage.stored[], moved int[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  columns text[] := array(select jsonb_array_elements_text(request #> '{pair,columns}'));
begin
  -- A page that was tied to another row, or to none yet. (The lateral keeps this a look-up per page, by index.)
  delete from rowpage.link l
   where l.id = any(array(
     select held.id
       from jsonb_to_recordset(request -> 'links') as n(o int, row_key text, page_id text)
       left join unnest(stored) s on s.o = n.o
      cross join lateral (select x.id, x.row_key from rowpage.link x
                           where x.pair = this_pair and x.page_id = n.page_id and x.page_id <> '' offset 0) held
      where not n.o = any(moved)
        and (held.row_key = '' or held.row_key <> coalesce(nullif(n.row_key, ''), s.row_key, ''))));
  insert into rowpage.link as l (pair, row_key, page_id, nonce, page_shadow, row_shadow, page_live, row_live, page_edited_at,
                                 page_seen, row_seen, choices, unsettled, page_noted)
  select this_pair, coalesce(nullif(n.row_key, ''), s.row_key, ''), n.page_id, n.nonce, n.page_shadow,
         case when n.row_shadow is null then coalesce(as_stored, '{}') else n.row_shadow || coalesce(as_stored, '{}') end,
         coalesce(n.page_live, true), coalesce(n.row_live, true), to_timestamp(nullif(n.page_edited_ms, 0) / 1000.0),
         coalesce(n.page_seen, '{}'), coalesce(n.row_seen, '{}'), coalesce(n.choices, '{}'), coalesce(n.unsettled, '{}'),
         coalesce(n.page_noted, false)
    from jsonb_to_recordset(request -> 'links')
         as n(o int, row_key text, page_id text, nonce text, page_shadow jsonb, row_shadow jsonb, page_live boolean,
              row_live boolean, page_edited_ms bigint, page_seen jsonb, row_seen jsonb, choices jsonb, unsettled text[], page_noted boolean, keep text[])
    left join unnest(stored) s on s.o = n.o
   cross join lateral (select jsonb_object(columns, s.after[:cardinality(columns)]) - (coalesce(n.keep, '{}') || s.derived)) as x(as_stored)
   where not n.o = any(moved)
  on conflict (pair, row_key) where row_key <> '' do update
    set page_id = excluded.page_id, nonce = excluded.nonce, page_shadow = excluded.page_shadow,
        row_shadow = excluded.row_shadow, page_live = excluded.page_live, row_live = excluded.row_live,
        page_edited_at = excluded.page_edited_at, page_seen = excluded.page_seen, row_seen = excluded.row_seen,
        choices = excluded.choices, unsettled = excluded.unsettled, page_noted = excluded.page_noted, updated_at = clock_timestamp();
end
$$;
comment on function rowpage.store_links(bigint, jsonb, rowpage.stored[], int[]) is 'Ties between pages and rows, with their shadows; used inside rowpage.commit().';

create or replace function rowpage.unlink(this_pair bigint, request jsonb, stored rowpage.stored[], moved int[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  delete from rowpage.link l
   where l.pair = this_pair and l.row_key <> ''
     and l.row_key = any(array(select n.row_key from jsonb_to_recordset(request -> 'unlink') as n(o int, row_key text)
                                where not n.o = any(moved)));
  delete from rowpage.link l
   where l.pair = this_pair and l.page_id <> ''
     and l.page_id = any(array(select n.page_id from jsonb_to_recordset(request -> 'unlink') as n(o int, page_id text)
                                where not n.o = any(moved)));
end
$$;
comment on function rowpage.unlink(bigint, jsonb, rowpage.stored[], int[]) is 'Ties that are no more; used inside rowpage.commit().';

create or replace function rowpage.store_conflicts(this_pair bigint, request jsonb, stored rowpage.stored[], moved int[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  this_run bigint := nullif((request ->> 'run')::bigint, 0);
begin
  if request ? 'close_conflicts' then
    update rowpage.conflict c set resolved_at = clock_timestamp()
      from jsonb_to_recordset(request -> 'close_conflicts') as n(o int, row_key text, page_id text, field text)
     where c.pair = this_pair and c.winner is null and c.resolved_at is null and not n.o = any(moved) and c.field = n.field
       and (c.row_key = n.row_key and n.row_key <> '' or c.page_id = n.page_id and n.page_id <> '');
  end if;
  if request ? 'conflicts' then
    delete from rowpage.conflict c
     using jsonb_to_recordset(request -> 'conflicts') as n(o int, row_key text, page_id text, field text, winner text)
     where c.pair = this_pair and c.winner is null and c.resolved_at is null and n.winner is null and not n.o = any(moved)
       and c.field = n.field
       and (c.row_key = n.row_key and n.row_key <> '' or c.page_id = n.page_id and n.page_id <> '');
    insert into rowpage.conflict (pair, run, row_key, page_id, field, base_page, base_row, page, row, page_at, row_at, winner, reason)
    select this_pair, this_run, coalesce(nullif(n.row_key, ''), s.row_key, ''), n.page_id, n.field, n.base_page, n.base_row, n.page, n.row,
           to_timestamp(n.page_ms / 1000.0), to_timestamp(n.row_ms / 1000.0), n.winner, n.reason
      from jsonb_to_recordset(request -> 'conflicts')
           as n(o int, row_key text, page_id text, field text, base_page jsonb, base_row jsonb, page jsonb, row jsonb,
                page_ms bigint, row_ms bigint, winner text, reason text)
      left join unnest(stored) s on s.o = n.o
     where not n.o = any(moved);
  end if;
end
$$;
comment on function rowpage.store_conflicts(bigint, jsonb, rowpage.stored[], int[]) is 'Conflicts: those that are over, and new ones; used inside rowpage.commit().';

-- Of a row that this batch wrote: the texts of the columns that were asked for, before and after, and after also what the database
-- changed by itself. (Mostly that is all columns, and then no subquery is needed.)
create or replace function rowpage.store_history(this_pair bigint, request jsonb, stored rowpage.stored[], moved int[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  this_run bigint := nullif((request ->> 'run')::bigint, 0);
  names text[] := array(select jsonb_array_elements_text(request #> '{pair,columns}'))
    || array(select j ->> 'name' from jsonb_array_elements(request #> '{pair,joins}') j);
begin
  insert into rowpage.history (pair, run, row_key, page_id, side, action, before, after, reason)
  select this_pair, this_run, coalesce(nullif(n.row_key, ''), s.row_key, ''), n.page_id, n.side, n.action,
         case when n.of_row is not true or s.o is null then n.before
              when s.before is null then null
              when s.after is null or names <@ s.written then nullif(jsonb_object(names, s.before), '{}')
              else (select jsonb_object_agg(c, v) from unnest(names, s.before) u(c, v) where c = any(s.written)) end,
         case when n.of_row is not true or s.o is null then n.after
              when names <@ s.written then nullif(jsonb_object(names, s.after), '{}')
              else (select jsonb_object_agg(c, v) from unnest(names, s.after) u(c, v) where c = any(s.written || s.derived)) end,
         coalesce(n.reason, '')
    from jsonb_to_recordset(request -> 'history')
         as n(o int, row_key text, page_id text, side text, action text, before jsonb, after jsonb, reason text, of_row boolean)
    left join unnest(stored) s on s.o = n.o
   where not n.o = any(moved);
end
$$;
comment on function rowpage.store_history(bigint, jsonb, rowpage.stored[], int[]) is 'What was written on either side, before and after; used inside rowpage.commit().';

create or replace function rowpage.store_requests(this_pair bigint, request jsonb, stored rowpage.stored[], moved int[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if request ? 'abandon' then
    delete from rowpage.pending p using jsonb_to_recordset(request -> 'abandon') as n(o int, nonce text)
     where p.pair = this_pair and p.nonce = n.nonce and not n.o = any(moved);
    insert into rowpage.abandoned (pair, nonce, row_key, intended)
    select this_pair, n.nonce, n.row_key, n.intended
      from jsonb_to_recordset(request -> 'abandon') as n(o int, nonce text, row_key text, intended jsonb)
     where not n.o = any(moved)
    on conflict (pair, nonce) do update set row_key = excluded.row_key, intended = excluded.intended;
  end if;
  if request ? 'settle' then
    delete from rowpage.pending p using jsonb_to_recordset(request -> 'settle') as n(o int, nonce text)
     where p.pair = this_pair and p.nonce = n.nonce and not n.o = any(moved);
    -- A create given up whose page appeared after all and was taken over: it is no longer awaited.
    delete from rowpage.abandoned a using jsonb_to_recordset(request -> 'settle') as n(o int, nonce text)
     where a.pair = this_pair and a.nonce = n.nonce and not n.o = any(moved);
  end if;
  if request ? 'note' then
    insert into rowpage.pending (pair, nonce, kind, row_key, page_id, intended, found, noted_at, send_by, attempt)
    select this_pair, n.nonce, n.kind, coalesce(nullif(n.row_key, ''), s.row_key, ''), n.page_id, n.intended, n.found,
           coalesce(to_timestamp(nullif(n.noted_ms, 0) / 1000.0), clock_timestamp()), to_timestamp(nullif(n.send_by_ms, 0) / 1000.0),
           n.attempt
      from jsonb_to_recordset(request -> 'note')
           as n(o int, nonce text, kind text, row_key text, page_id text, intended jsonb, found jsonb, noted_ms bigint, send_by_ms bigint,
                attempt int)
      left join unnest(stored) s on s.o = n.o
     where not n.o = any(moved)
    on conflict (pair, nonce) do update
      set kind = excluded.kind, row_key = excluded.row_key, page_id = excluded.page_id, intended = excluded.intended,
          found = excluded.found, noted_at = excluded.noted_at, send_by = excluded.send_by, attempt = excluded.attempt;
  end if;
end
$$;
comment on function rowpage.store_requests(bigint, jsonb, rowpage.stored[], int[]) is 'Notion requests given up, settled and noted; used inside rowpage.commit().';

create or replace function rowpage.store_parked(this_pair bigint, request jsonb, stored rowpage.stored[], moved int[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if request ? 'unpark' then
    delete from rowpage.parked p using jsonb_to_recordset(request -> 'unpark') as n(o int, row_key text, page_id text)
     left join unnest(stored) s on s.o = n.o
     where p.pair = this_pair and not n.o = any(moved)
       and (p.row_key <> '' and p.row_key = coalesce(nullif(n.row_key, ''), s.row_key) or p.page_id = n.page_id and n.page_id <> '');
  end if;
  if request ? 'park' then
    insert into rowpage.parked (pair, kind, row_key, page_id, reason, hint, attempts, next_try_at)
    select this_pair, n.kind, n.row_key, n.page_id, n.reason, n.hint, n.attempts, to_timestamp(n.next_try_ms / 1000.0)
      from jsonb_to_recordset(request -> 'park')
           as n(o int, kind text, row_key text, page_id text, reason text, hint text, attempts int, next_try_ms bigint)
     where not n.o = any(moved);
  end if;
end
$$;
comment on function rowpage.store_parked(bigint, jsonb, rowpage.stored[], int[]) is 'Records that wait, and those that no longer do; used inside rowpage.commit().';

create or replace function rowpage.store_errands(this_pair bigint, request jsonb, stored rowpage.stored[], moved int[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if request ? 'errands_done' then
    -- (Here and below the laterals keep this two look-ups per record, by index: a first import has many thousands waiting.)
    delete from rowpage.errand e
     where e.id = any(array(
       select held.id
         from jsonb_to_recordset(request -> 'errands_done')
              as n(o int, kind text, row_key text, page_id text, field text, other text)
        cross join lateral (
          select x.id, x.kind, x.field, x.other from rowpage.errand x
           where x.pair = this_pair and x.row_key <> '' and x.row_key = n.row_key
          union all
          select x.id, x.kind, x.field, x.other from rowpage.errand x
           where x.pair = this_pair and x.page_id <> '' and x.page_id = n.page_id) held
        where not n.o = any(moved) and held.kind = n.kind and held.field = n.field and held.other = n.other));
  end if;
  if request ? 'errands' then
    -- This record's list anew: what it awaits and what was to be looked at, all of it from this reading.
    delete from rowpage.errand e
     where e.pair = this_pair and e.kind in ('await_page', 'await_row') and e.row_key <> ''
       and e.row_key = any(array(select coalesce(nullif(n.row_key, ''), s.row_key)
                                   from jsonb_to_recordset(request -> 'errands') as n(o int, row_key text)
                                   left join unnest(stored) s on s.o = n.o
                                  where not n.o = any(moved)));
    delete from rowpage.errand e
     where e.pair = this_pair and e.kind in ('await_page', 'await_row') and e.page_id <> ''
       and e.page_id = any(array(select n.page_id from jsonb_to_recordset(request -> 'errands') as n(o int, page_id text)
                                  where not n.o = any(moved)));
    perform rowpage.add_errands(this_pair,
      (select jsonb_agg(e || jsonb_build_object('row_key', coalesce(nullif(e ->> 'row_key', ''), nullif(n ->> 'row_key', ''), s.row_key, '')))
         from jsonb_array_elements(request -> 'errands') n
         left join unnest(stored) s on s.o = (n ->> 'o')::int
        cross join jsonb_array_elements(n -> 'list') e
        where not (n ->> 'o')::int = any(moved)));
  end if;
  if request ? 'other_errands' then
    perform rowpage.add_errands(this_pair,
      (select jsonb_agg(n) from jsonb_array_elements(request -> 'other_errands') n where not (n ->> 'o')::int = any(moved)));
  end if;
end
$$;
comment on function rowpage.store_errands(bigint, jsonb, rowpage.stored[], int[]) is 'What links left to do, and what of it is done; used inside rowpage.commit().';

-- An entry somebody is just removing (a full log, see rowpage.capture) is left to them, so that nobody waits for anybody; should they
-- roll back, it is read once more.
create or replace function rowpage.acknowledge(this_pair bigint, request jsonb, stored rowpage.stored[], moved int[]) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  delete from rowpage.change_log l
   where l.id in (select c.id from rowpage.change_log c
                   where c.pair = this_pair
                     and c.id in (select n.id from jsonb_to_recordset(request -> 'ack') as n(o int, id bigint)
                                   where not n.o = any(moved))
                   for update skip locked);
end
$$;
comment on function rowpage.acknowledge(bigint, jsonb, rowpage.stored[], int[]) is 'Changes of the queue that were dealt with; used inside rowpage.commit().';

create or replace function rowpage.store_state(this_pair bigint, request jsonb) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  if request ? 'forget_fields' then
    update rowpage.link l
       set page_shadow = (l.page_shadow - names.list) || (request #> '{forget_fields,shown}'), row_shadow = l.row_shadow - names.list
      from (select array(select jsonb_array_elements_text(request #> '{forget_fields,names}'))) names(list)
     where l.pair = this_pair;
  end if;
  if request ? 'state' then
    update rowpage.pair p
       set watermark = to_timestamp(n.watermark_ms / 1000.0), full_scan_at = to_timestamp(n.full_scan_ms / 1000.0),
           first_sync_done = n.first_sync_done, scan_needed = n.scan_needed,
           stranded_pages = n.stranded_pages, fingerprint = n.fingerprint, properties = n.properties, bot_id = n.bot_id,
           source_schema = n.source_schema, source_schema_at = to_timestamp(nullif(n.source_schema_ms, 0) / 1000.0),
           trash_query = n.trash_query, trash_search = n.trash_search, database_identity = rowpage.database_identity()
      from jsonb_to_record(request -> 'state')
           as n(watermark_ms bigint, full_scan_ms bigint, first_sync_done boolean, scan_needed boolean, stranded_pages boolean, fingerprint text,
                properties jsonb, bot_id text, source_schema text, source_schema_ms bigint, trash_query boolean, trash_search boolean)
     where p.id = this_pair;
  end if;
end
$$;
comment on function rowpage.store_state(bigint, jsonb) is 'Where a pair stands; used inside rowpage.commit().';

-- Everything here is found by key. Sequential scans are ruled out, for in a first sync the statistics are those of empty
-- tables, and a plan made from them would read whole tables of links again and again.
create or replace function rowpage.commit(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = '' set enable_seqscan = off
as $$
declare
  ticket uuid := (request ->> 'token')::uuid;
  this_pair bigint;
  stored rowpage.stored[] := '{}';
  moved int[] := '{}';
  reply jsonb;
begin
  -- Was this batch committed before? A first call still under way is waited for here.
  insert into rowpage.applied (token, workspace) values (ticket, request ->> 'workspace') on conflict (token) do nothing;
  if not found then
    select a.answer into reply from rowpage.applied a where a.token = ticket;
    return reply;
  end if;
  delete from rowpage.applied a
   where a.token = nullif(request ->> 'forget', '')::uuid or a.at < clock_timestamp() - interval '1 day';
  perform rowpage.check_fence(request);
  this_pair := rowpage.register_pair(request -> 'pair');

  if jsonb_array_length(request -> 'writes') > 0 then
    stored := rowpage.write_batch(this_pair, request);
    select coalesce(array_agg((r ->> 0)::int), '{}') into moved
      from jsonb_array_elements(request -> 'writes') w, jsonb_array_elements(w -> 'rows') r
     where not exists (select from unnest(stored) s where s.o = (r ->> 0)::int);
  end if;
  if request ? 'links' then
    perform rowpage.store_links(this_pair, request, stored, moved);
  end if;
  if request ? 'unlink' then
    perform rowpage.unlink(this_pair, request, stored, moved);
  end if;
  if request ?| array['close_conflicts', 'conflicts'] then
    perform rowpage.store_conflicts(this_pair, request, stored, moved);
  end if;
  if request ? 'history' then
    perform rowpage.store_history(this_pair, request, stored, moved);
  end if;
  if request ?| array['abandon', 'settle', 'note'] then
    perform rowpage.store_requests(this_pair, request, stored, moved);
  end if;
  if request ?| array['unpark', 'park'] then
    perform rowpage.store_parked(this_pair, request, stored, moved);
  end if;
  if request ?| array['errands_done', 'errands', 'other_errands'] then
    perform rowpage.store_errands(this_pair, request, stored, moved);
  end if;
  if request ? 'ack' then
    perform rowpage.acknowledge(this_pair, request, stored, moved);
  end if;
  if request ?| array['forget_fields', 'state'] then
    perform rowpage.store_state(this_pair, request);
  end if;

  reply := jsonb_build_object(
    'now_ms', (extract(epoch from clock_timestamp()) * 1000)::bigint,
    'moved', to_jsonb(moved),
    'rows', (select coalesce(jsonb_agg(jsonb_build_array(s.o, s.row_key, s.meta, s.after)), '[]') from unnest(stored) s));
  update rowpage.applied a set answer = reply where a.token = ticket;
  return reply;
end
$$;
comment on function rowpage.commit(jsonb) is 'Stores one batch of records in one transaction, under the lease, once per token.';
