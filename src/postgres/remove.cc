#include "postgres/setup.h"

namespace rowpage {
namespace {

// One statement, so that it is one transaction over every way there is. The triggers on the user's tables go with the
// functions they call.
constexpr const char* removal = R"(do $rowpage$
declare
  one record;
  runner text;
begin
  if to_regclass('rowpage.workspace') is not null then
    select w.name into runner from rowpage.workspace w where w.expires_at > clock_timestamp() limit 1;
    if runner is not null then
      raise exception 'workspace % is being synced', runner using errcode = 'PT409';
    end if;
  end if;
  for one in select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
              where c.relkind = 'i' and starts_with(c.relname, 'rowpage_key_') loop
    execute format('drop index %I.%I', one.nspname, one.relname);
  end loop;
  for one in select c.oid::regclass::text as place from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
              where p.polname = 'rowpage_nobody' and c.relnamespace <> coalesce(to_regnamespace('rowpage'), 0) loop
    execute format('drop policy rowpage_nobody on %s', one.place);
  end loop;
  drop schema if exists rowpage cascade;
  drop function if exists public.rowpage_call(jsonb);
  drop function if exists public.rowpage_read(jsonb);
  perform pg_catalog.pg_notify('pgrst', 'reload schema');
end
$rowpage$)";

}  // namespace

std::string removal_script() {
  return removal;
}

Status remove_everything(Database& database) {
  constexpr const char* doing = "removing what is Rowpage's";
  if (!database.transactions()) return database.execute(removal, doing);
  auto done = database.write<bool>([&](Unit& unit) -> Result<bool> {
    if (Status status = unit.script(removal, doing); !status) return fail(status.error());
    return true;
  });
  if (!done) return fail(done.error());
  return {};
}

}  // namespace rowpage
