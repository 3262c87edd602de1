-- Who may run a workspace, and which run is under way.
--
-- Every function takes one jsonb and answers with one, and may be called again with the same argument when its answer was
-- lost: the second call finds what the first one did.

-- {"workspace", "holder", "ttl_ms"} -> {"fence", "now_ms", "expires_ms"} | {"busy": holder, "until_ms", "now_ms"}
create or replace function rowpage.acquire(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  moment timestamptz := clock_timestamp();
  lease rowpage.workspace;
begin
  insert into rowpage.workspace as w (name, holder, fence, expires_at)
  values (request ->> 'workspace', request ->> 'holder', 1, moment + (request ->> 'ttl_ms')::float8 * interval '1 ms')
  on conflict (name) do update
    set holder = excluded.holder, fence = w.fence + 1,
        expires_at = clock_timestamp() + (request ->> 'ttl_ms')::float8 * interval '1 ms'
    where w.expires_at <= clock_timestamp() or w.holder = excluded.holder
  returning * into lease;
  if lease.name is null then
    select * into lease from rowpage.workspace w where w.name = request ->> 'workspace';
    return jsonb_build_object('busy', lease.holder,
                              'until_ms', (extract(epoch from lease.expires_at) * 1000)::bigint,
                              'now_ms', (extract(epoch from clock_timestamp()) * 1000)::bigint);
  end if;
  return jsonb_build_object('fence', lease.fence,
                            'expires_ms', (extract(epoch from lease.expires_at) * 1000)::bigint,
                            'now_ms', (extract(epoch from clock_timestamp()) * 1000)::bigint);
end
$$;
comment on function rowpage.acquire(jsonb) is 'Takes the lease of a workspace, or names who holds it.';

-- {"workspace", "fence", "ttl_ms"} -> {"fence", "now_ms", "expires_ms"}; PT409 when the lease is lost
create or replace function rowpage.renew(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  until timestamptz;
begin
  update rowpage.workspace w
     set expires_at = clock_timestamp() + (request ->> 'ttl_ms')::float8 * interval '1 ms'
   where w.name = request ->> 'workspace' and w.fence = (request ->> 'fence')::bigint
     and w.expires_at > clock_timestamp()
  returning w.expires_at into until;
  if until is null then
    perform rowpage.refuse_fence(request);
  end if;
  return jsonb_build_object('fence', (request ->> 'fence')::bigint,
                            'expires_ms', (extract(epoch from until) * 1000)::bigint,
                            'now_ms', (extract(epoch from clock_timestamp()) * 1000)::bigint);
end
$$;
comment on function rowpage.renew(jsonb) is 'Keeps a lease that is still held.';

-- {"workspace", "fence"} -> {}
create or replace function rowpage.release(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  update rowpage.workspace w set expires_at = clock_timestamp(), holder = ''
   where w.name = request ->> 'workspace' and w.fence = (request ->> 'fence')::bigint
     and w.expires_at > clock_timestamp();
  return '{}';
end
$$;
comment on function rowpage.release(jsonb) is 'Gives a lease back; without effect when it is no longer held.';

-- Raises PT409 and says who holds the lease now.
create or replace function rowpage.refuse_fence(request jsonb) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  lease rowpage.workspace;
begin
  select * into lease from rowpage.workspace w where w.name = request ->> 'workspace';
  raise exception using errcode = 'PT409',
    message = case when lease.name is null then format('workspace %s is not known', request ->> 'workspace')
                   when lease.fence <> (request ->> 'fence')::bigint then
                     format('the lease of workspace %s was taken over (fence %s, ours %s)', lease.name, lease.fence,
                            request ->> 'fence')
                   else format('the lease of workspace %s ran out at %s', lease.name, lease.expires_at) end;
end
$$;
comment on function rowpage.refuse_fence(jsonb) is 'Ends a call whose lease is no longer held (PT409).';

-- Passes when {"workspace", "fence"} names a lease that is held now. The lock keeps a successor out until we commit.
create or replace function rowpage.check_fence(request jsonb) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  perform 1 from rowpage.workspace w
    where w.name = request ->> 'workspace' and w.fence = (request ->> 'fence')::bigint
      and w.expires_at > clock_timestamp()
    for share;
  if not found then
    perform rowpage.refuse_fence(request);
  end if;
end
$$;
comment on function rowpage.check_fence(jsonb) is 'Refuses a caller whose lease is no longer held.';

-- {"workspace", "fence", "ticket", "command", "direction"} -> {"run"}
create or replace function rowpage.start_run(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  number bigint;
begin
  perform rowpage.check_fence(request);
  insert into rowpage.run as r (workspace, ticket, command, direction)
  values (request ->> 'workspace', (request ->> 'ticket')::uuid, request ->> 'command', request ->> 'direction')
  on conflict (ticket) do update set command = r.command
  returning r.id into number;
  return jsonb_build_object('run', number);
end
$$;
comment on function rowpage.start_run(jsonb) is 'Opens a run. The ticket makes a repeated call find the same run.';

-- {"workspace", "fence", "run", "outcome", "detail"} -> {}
create or replace function rowpage.finish_run(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  update rowpage.run r
     set outcome = request ->> 'outcome', detail = request -> 'detail', finished_at = clock_timestamp()
   where r.id = (request ->> 'run')::bigint and r.workspace = request ->> 'workspace';
  return '{}';
end
$$;
comment on function rowpage.finish_run(jsonb) is 'Closes a run with its outcome and figures. Needs no lease: a run that lost it also ends.';
