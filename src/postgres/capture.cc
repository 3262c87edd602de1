#include "postgres/capture.h"

#include <algorithm>

#include "postgres/migrations.h"
#include "postgres/row_shape.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

struct Event {
  const char* name;  // of the trigger
  const char* event;
  const char* referencing;
};

constexpr Event events[] = {
    {"rowpage_capture_insert", "insert", " referencing new table as rowpage_new_rows"},
    {"rowpage_capture_update", "update", " referencing old table as rowpage_old_rows new table as rowpage_new_rows"},
    {"rowpage_capture_delete", "delete", " referencing old table as rowpage_old_rows"},
    {"rowpage_capture_truncate", "truncate", ""},
};

std::vector<std::string> arguments(const Pair& pair) {
  std::vector<std::string> list{pair.schema_name, pair.table_name, pair.key};
  for (const auto& column : watched_columns(pair)) list.push_back(column);
  return list;
}

std::string hex(const std::vector<std::string>& texts) {
  constexpr const char* digits = "0123456789abcdef";
  std::string result;
  for (const auto& text : texts) {
    for (const char c : text) {
      result += digits[static_cast<unsigned char>(c) >> 4];
      result += digits[static_cast<unsigned char>(c) & 15];
    }
    result += "00";
  }
  return result;
}

}  // namespace

std::vector<std::string> watched_columns(const Pair& pair) {
  std::vector<std::string> columns = RowShape(pair).columns();
  const auto& book = pair.book;
  std::erase_if(columns, [&](const std::string& column) {
    return column == book.page_id_column || column == book.checksum_column || column == book.synced_column ||
           column == book.updated_at_column;
  });
  if (!book.deleted_at_column.empty() && std::ranges::find(columns, book.deleted_at_column) == columns.end()) {
    columns.push_back(book.deleted_at_column);
  }
  return columns;
}

std::vector<std::string> capture_statements(const Pair& pair, const std::string& schema, const std::string& table) {
  std::string list;
  for (const auto& argument : arguments(pair)) list += (list.empty() ? "" : ", ") + quote_literal(argument);
  const std::string target = quote_name(schema, table);
  std::vector<std::string> statements;
  for (const auto& event : events) {
    const std::string name = event.name;
    statements.push_back("drop trigger if exists " + name + " on " + target);
    statements.push_back("create trigger " + name + " after " + event.event + " on " + target + event.referencing +
                         " for each statement execute function rowpage.capture(" + list + ")");
    // ALWAYS: restores and replication set session_replication_role, which silences ordinary triggers.
    statements.push_back("alter table " + target + " enable always trigger " + name);
  }
  return statements;
}

Result<std::vector<CaptureState>> capture_states(Unit& unit, const Pair& pair) {
  auto answer = unit.run(
      "with recursive family as ("
      "  select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "   where n.nspname = $1 and c.relname = $2"
      "  union select i.inhrelid from pg_catalog.pg_inherits i join family f on f.oid = i.inhparent) "
      "select n.nspname, c.relname, (select count(*) from pg_catalog.pg_trigger g join pg_catalog.pg_proc p on p.oid = "
      "g.tgfoid "
      "    join pg_catalog.pg_namespace s on s.oid = p.pronamespace "
      "   where g.tgrelid = c.oid and g.tgenabled = 'A' and g.tgargs = pg_catalog.decode($3, 'hex') and g.tgqual is "
      "null "
      "     and s.nspname = 'rowpage' and p.proname = 'capture' "
      "     and g.tgname in ('rowpage_capture_insert', 'rowpage_capture_update', 'rowpage_capture_delete', "
      "                      'rowpage_capture_truncate')), "
      "  (select p.prosrc from pg_catalog.pg_proc p join pg_catalog.pg_namespace s on s.oid = p.pronamespace "
      "    where s.nspname = 'rowpage' and p.proname = 'capture') "
      "from family f join pg_catalog.pg_class c on c.oid = f.oid join pg_catalog.pg_namespace n on n.oid = "
      "c.relnamespace "
      "order by c.relispartition, 1, 2",
      {pair.schema_name, pair.table_name, hex(arguments(pair))}, "checking the capture triggers of " + pair.table);
  if (!answer) return fail(answer.error());
  std::vector<CaptureState> states;
  for (int i = 0; i < answer->rows(); ++i) {
    const auto source = answer->text(i, 3);
    const bool unaltered = !source.empty() && std::ranges::any_of(migrations(), [&](const Migration& migration) {
      return migration.text.find(source) != std::string_view::npos;
    });
    states.push_back(
        {std::string(answer->text(i, 0)), std::string(answer->text(i, 1)), unaltered && answer->integer(i, 2) == 4});
  }
  return states;
}

}  // namespace rowpage
