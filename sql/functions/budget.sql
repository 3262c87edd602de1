-- How many Notion requests are left in this minute.

-- {"bot", "limit", "want"} -> {"granted", "wait_ms"}
create or replace function rowpage.take_permits(request jsonb) returns jsonb
language plpgsql volatile security invoker set search_path = ''
as $$
declare
  whose text := request ->> 'bot';
  used bigint;
  oldest timestamptz;
  moment timestamptz;
  granted bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('rowpage budget ' || whose, 0));
  moment := clock_timestamp();
  delete from rowpage.request_budget b where b.bot = whose and b.at <= moment - interval '60 seconds';
  select coalesce(sum(b.requests), 0), min(b.at) into used, oldest from rowpage.request_budget b where b.bot = whose;
  granted := greatest(0, least((request ->> 'want')::bigint, (request ->> 'limit')::bigint - used));
  if granted > 0 then
    insert into rowpage.request_budget (bot, at, requests) values (whose, moment, granted);
    return jsonb_build_object('granted', granted, 'wait_ms', 0);
  end if;
  return jsonb_build_object('granted', 0, 'wait_ms',
    greatest(1, ceil(extract(epoch from coalesce(oldest, moment) + interval '60 seconds' - moment) * 1000))::bigint);
end
$$;
comment on function rowpage.take_permits(jsonb) is 'Grants requests out of the rolling minute of a bot; never more than the limit in any 60 seconds.';
