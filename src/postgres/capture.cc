#include "postgres/capture.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>

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

/// Whether a source is one that this program holds.
bool unaltered(std::string_view source) {
  return !source.empty() && std::ranges::any_of(function_texts(), [&](std::string_view text) {
    return text.find(source) != std::string_view::npos;
  });
}

/// What a pair captures: its rows (nullopt), and the links of its join tables, by their fields.
std::vector<std::optional<std::size_t>> captured(const Pair& pair) {
  std::vector<std::optional<std::size_t>> what{std::nullopt};
  for (std::size_t i = 0; i < pair.fields.size(); ++i) {
    if (pair.fields[i].relation.kind == Relation::Kind::join) what.emplace_back(i);
  }
  return what;
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

Statement capture_question(const Pair& pair) {
  std::vector<std::string> schemas, tables, functions, arguments, prefixes, words;
  for (const auto& field : captured(pair)) {
    const TriggerSet set = triggers(pair, field);
    const Relation* relation = field ? &pair.fields[*field].relation : nullptr;
    schemas.push_back(relation == nullptr ? pair.schema_name : relation->join_schema);
    tables.push_back(relation == nullptr ? pair.table_name : relation->join_table);
    functions.push_back(set.function);
    arguments.push_back(trigger_arguments_hex(set.arguments));
    prefixes.push_back(set.prefix);
  }
  for (const auto& event : events) words.emplace_back(event.event);
  // Each table with its partitions. The function's source stands in its first row.
  return {
      "with recursive wanted as (select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], "
      "$5::text[]) with ordinality w(schema, name, function, arguments, prefix, i)), "
      "family as (select w.i, c.oid from wanted w join pg_catalog.pg_namespace n on n.nspname = w.schema "
      "  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p') "
      "  union select f.i, i.inhrelid from pg_catalog.pg_inherits i join family f on f.oid = i.inhparent) "
      "select w.i, n.nspname, c.relname, (select count(*) from pg_catalog.pg_trigger g join pg_catalog.pg_proc p on "
      "  p.oid = g.tgfoid join pg_catalog.pg_namespace s on s.oid = p.pronamespace where g.tgrelid = c.oid "
      "  and g.tgenabled = 'A' and g.tgargs = pg_catalog.decode(w.arguments, 'hex') and g.tgqual is null "
      "  and s.nspname = 'rowpage' and p.proname = w.function "
      "  and g.tgname = any(array(select w.prefix || e from pg_catalog.unnest($6::text[]) e))), "
      "w.function, case when row_number() over (partition by w.function order by w.i, c.relispartition, n.nspname, "
      "  c.relname) = 1 then (select p.prosrc from pg_catalog.pg_proc p join pg_catalog.pg_namespace s "
      "  on s.oid = p.pronamespace where s.nspname = 'rowpage' and p.proname = w.function) end "
      "from family f join wanted w on w.i = f.i join pg_catalog.pg_class c on c.oid = f.oid "
      "join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "order by w.i, c.relispartition, n.nspname, c.relname",
      {array_literal(schemas), array_literal(tables), array_literal(functions), array_literal(arguments),
       array_literal(prefixes), array_literal(words)}};
}

std::vector<CaptureState> capture_answer(const Pair& pair, const Answer& answer) {
  const auto what = captured(pair);
  std::map<std::string, bool, std::less<>> sound;
  std::vector<CaptureState> states;
  for (int i = 0; i < answer.rows(); ++i) {
    if (!answer.null(i, 5)) sound[std::string(answer.text(i, 4))] = unaltered(answer.text(i, 5));
    const auto function = sound.find(answer.text(i, 4));
    const bool all = answer.integer(i, 3) == std::ssize(events);
    states.push_back({std::string(answer.text(i, 1)), std::string(answer.text(i, 2)),
                      what[static_cast<std::size_t>(answer.integer(i, 0)) - 1],
                      all && function != sound.end() && function->second});
  }
  return states;
}

Result<std::vector<CaptureState>> capture_states(Unit& unit, const Pair& pair) {
  const Statement question = capture_question(pair);
  auto answer = unit.run(question.sql, question.parameters, "checking the capture triggers of " + pair.table);
  if (!answer) return fail(answer.error());
  return capture_answer(pair, *answer);
}

std::size_t captured_tables(const Pair& pair) {
  return captured(pair).size();
}

}  // namespace rowpage
