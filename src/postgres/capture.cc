#include "postgres/capture.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "postgres/migrations.h"
#include "postgres/row_shape.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

struct Event {
  const char* event;
  const char* referencing;
};

constexpr Event events[] = {
    {"insert", " referencing new table as rowpage_new_rows"},
    {"update", " referencing old table as rowpage_old_rows new table as rowpage_new_rows"},
    {"delete", " referencing old table as rowpage_old_rows"},
    {"truncate", ""},
};

/// One set of triggers: what their names start with, the function they call, with which arguments.
struct TriggerSet {
  std::string prefix, function;
  std::vector<std::string> arguments;
  std::string name(const Event& event) const { return prefix + event.event; }
};

TriggerSet row_triggers(const Pair& pair) {
  TriggerSet set{"rowpage_capture_", "capture", {pair.schema_name, pair.table_name, pair.key}};
  for (const auto& column : watched_columns(pair)) set.arguments.push_back(column);
  return set;
}

/// Several pairs and fields may show one join table, so the names tell the sets apart.
TriggerSet link_triggers(const Pair& pair, std::size_t field) {
  const RowShape shape(pair);
  const Relation& relation = pair.fields[field].relation;
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const auto& part : {pair.schema_name, pair.table_name, shape.name(field)}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    hash *= 1099511628211ULL;  // the end of a part counts
  }
  char mark[17];
  std::snprintf(mark, sizeof mark, "%016llx", static_cast<unsigned long long>(hash));
  return {"rowpage_links_" + std::string(mark) + "_",
          "capture_links",
          {pair.schema_name, pair.table_name, pair.key, shape.own_reference(field), shape.name(field), relation.own,
           relation.other, pair.book.updated_at_column}};
}

TriggerSet triggers(const Pair& pair, std::optional<std::size_t> field) {
  return field ? link_triggers(pair, *field) : row_triggers(pair);
}

/// Whether a function of ours has a source that one of this program's migrations holds.
Result<bool> unaltered(Unit& unit, const std::string& function) {
  auto answer = unit.run(
      "select p.prosrc from pg_catalog.pg_proc p join pg_catalog.pg_namespace s on s.oid = p.pronamespace "
      "where s.nspname = 'rowpage' and p.proname = $1",
      {function}, "checking the capture functions");
  if (!answer) return fail(answer.error());
  if (answer->rows() != 1 || answer->text(0, 0).empty()) return false;
  return std::ranges::any_of(migrations(), [&](const Migration& migration) {
    return migration.text.find(answer->text(0, 0)) != std::string_view::npos;
  });
}

/// The states of one table and its partitions.
Status add_states(Unit& unit, const Pair& pair, std::optional<std::size_t> field, std::vector<CaptureState>& states) {
  const TriggerSet set = triggers(pair, field);
  const Relation* relation = field ? &pair.fields[*field].relation : nullptr;
  const std::string& schema = relation == nullptr ? pair.schema_name : relation->join_schema;
  const std::string& table = relation == nullptr ? pair.table_name : relation->join_table;
  std::vector<std::string> names;
  for (const auto& event : events) names.push_back(set.name(event));
  auto answer = unit.run(
      "with recursive family as ("
      "  select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "   where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')"
      "  union select i.inhrelid from pg_catalog.pg_inherits i join family f on f.oid = i.inhparent) "
      "select n.nspname, c.relname, (select count(*) from pg_catalog.pg_trigger g join pg_catalog.pg_proc p on p.oid = "
      "g.tgfoid join pg_catalog.pg_namespace s on s.oid = p.pronamespace "
      "   where g.tgrelid = c.oid and g.tgenabled = 'A' and g.tgargs = pg_catalog.decode($3, 'hex') and g.tgqual is "
      "null and s.nspname = 'rowpage' and p.proname = $4 and g.tgname = any($5::text[])) "
      "from family f join pg_catalog.pg_class c on c.oid = f.oid join pg_catalog.pg_namespace n on n.oid = "
      "c.relnamespace order by c.relispartition, 1, 2",
      {schema, table, trigger_arguments_hex(set.arguments), set.function, array_literal(names)},
      "checking the capture triggers of " + schema + "." + table);
  if (!answer) return fail(answer.error());
  auto sound = unaltered(unit, set.function);
  if (!sound) return fail(sound.error());
  for (int i = 0; i < answer->rows(); ++i) {
    states.push_back({std::string(answer->text(i, 0)), std::string(answer->text(i, 1)), field,
                      *sound && answer->integer(i, 2) == std::ssize(events)});
  }
  return {};
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

std::vector<std::string> capture_statements(const Pair& pair, const std::string& schema, const std::string& table,
                                            std::optional<std::size_t> field) {
  const TriggerSet set = triggers(pair, field);
  std::string list;
  for (const auto& argument : set.arguments) list += (list.empty() ? "" : ", ") + quote_literal(argument);
  const std::string target = quote_name(schema, table);
  std::vector<std::string> statements;
  for (const auto& event : events) {
    const std::string name = set.name(event);
    statements.push_back("drop trigger if exists " + name + " on " + target);
    statements.push_back("create trigger " + name + " after " + event.event + " on " + target + event.referencing +
                         " for each statement execute function rowpage." + set.function + "(" + list + ")");
    // ALWAYS: restores and replication set session_replication_role, which silences ordinary triggers.
    statements.push_back("alter table " + target + " enable always trigger " + name);
  }
  return statements;
}

Result<std::vector<CaptureState>> capture_states(Unit& unit, const Pair& pair) {
  std::vector<CaptureState> states;
  if (Status status = add_states(unit, pair, std::nullopt, states); !status) return fail(status.error());
  for (std::size_t i = 0; i < pair.fields.size(); ++i) {
    if (pair.fields[i].relation.kind != Relation::Kind::join) continue;
    if (Status status = add_states(unit, pair, i, states); !status) return fail(status.error());
  }
  return states;
}

std::size_t captured_tables(const Pair& pair) {
  return 1 + static_cast<std::size_t>(std::ranges::count(pair.fields, Relation::Kind::join,
                                                         [](const Field& field) { return field.relation.kind; }));
}

}  // namespace rowpage
