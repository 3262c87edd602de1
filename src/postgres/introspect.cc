#include "postgres/introspect.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "core/text.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

constexpr const char* tables_sql =
    "select case when n.nspname = 'public' then c.relname::text else n.nspname || '.' || c.relname end "
    "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
    "where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname not in "
    "('information_schema', 'rowpage', 'auth', 'storage', 'realtime', 'vault', 'extensions', 'graphql', "
    "'graphql_public', "
    "'supabase_functions', 'supabase_migrations', 'cron', 'net', 'pgsodium') order by 1";

/// The tables asked for ($1 schemas, $2 names), as far as they are there.
constexpr const char* relations_sql =
    "select w.i, c.oid, c.reltuples::bigint, has_table_privilege(c.oid, 'select'), has_table_privilege(c.oid, "
    "'insert'), has_table_privilege(c.oid, 'update'), has_table_privilege(c.oid, 'delete'), c.relkind "
    "from unnest($1::text[], $2::text[]) with ordinality w(schema, name, i) "
    "join pg_catalog.pg_namespace n on n.nspname = w.schema "
    "join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name "
    "where c.relkind in ('r', 'p', 'v', 'm', 'f') order by w.i";

/// Domains are taken down to their base type, and the base type's length is read where the column or domain has one.
/// Of this statement and those below: $1 is an array of tables, and the first column says which of them a row is about.
constexpr const char* columns_sql =
    "with recursive base as ("
    "  select a.attrelid, a.attnum, a.atttypid as type, a.atttypmod as modifier, a.attnotnull as not_null from "
    "pg_catalog.pg_attribute a "
    "   where a.attrelid = any($1::oid[]) and a.attnum > 0 and not a.attisdropped"
    "  union all"
    "  select b.attrelid, b.attnum, t.typbasetype, t.typtypmod, b.not_null or t.typnotnull from base b "
    "    join pg_catalog.pg_type t on t.oid = b.type where t.typtype = 'd') "
    "select b.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.format_type(b.type, "
    "null), "
    "t.typtype = 'e' or e.typtype = 'e', "
    "  t.typcategory = 'A', b.not_null, a.atthasdef or a.attidentity <> '', "
    "  a.attgenerated <> '' or a.attidentity = 'a', "
    "  case when t.typname in ('varchar', 'bpchar') and b.modifier > 4 then b.modifier - 4 end, t.typlen, "
    "  (select pg_catalog.array_agg(l.enumlabel::text order by l.enumsortorder) from pg_catalog.pg_enum l "
    "    where l.enumtypid = case when t.typtype = 'e' then t.oid else e.oid end)::text "
    "from base b join pg_catalog.pg_type t on t.oid = b.type and t.typtype <> 'd' "
    "join pg_catalog.pg_attribute a on a.attrelid = b.attrelid and a.attnum = b.attnum "
    "left join pg_catalog.pg_type e on e.oid = t.typelem and t.typcategory = 'A' order by a.attrelid, a.attnum";

/// Full, valid, immediate unique indexes only: a partial or expression index does not make a key unique.
constexpr const char* keys_sql =
    "select i.indrelid, i.indisprimary, (select pg_catalog.array_agg(a.attname::text order by u.o) from "
    "  pg_catalog.unnest(i.indkey::int2[]) with ordinality u(n, o) join pg_catalog.pg_attribute a "
    "  on a.attrelid = i.indrelid and a.attnum = u.n where u.o <= i.indnkeyatts)::text "
    "from pg_catalog.pg_index i where i.indrelid = any($1::oid[]) and i.indisunique and i.indisvalid and "
    "i.indimmediate and i.indpred is null and i.indexprs is null order by i.indrelid, i.indexrelid";

Error no_such_table(Unit& unit, const TableName& wanted) {
  Error error{.effect = Effect::none,
              .scope = Scope::pair,
              .cause = Cause::not_found,
              .what = "there is no table " + wanted.schema + "." + wanted.name,
              .hint = "`rowpage setup` creates it."};
  auto answer = unit.run(tables_sql, {}, "listing tables");
  if (!answer) return error;
  std::vector<std::string> names;
  for (int i = 0; i < answer->rows(); ++i) names.emplace_back(answer->text(i, 0));
  const auto close = nearest(wanted.schema == "public" ? wanted.name : wanted.schema + "." + wanted.name, names);
  if (!close.empty()) {
    error.hint = "Did you mean ";
    for (std::size_t i = 0; i < close.size(); ++i) error.hint += (i == 0 ? "" : " or ") + close[i];
    error.hint += "? `rowpage setup` creates a missing table.";
  }
  return error;
}

std::string foreign_keys_sql() {
  // Columns in the order of the key, on both sides.
  const auto names = [](const char* table, const char* numbers) {
    return std::string("(select pg_catalog.array_agg(a.attname::text order by u.o) from pg_catalog.unnest(c.") +
           numbers + ") with ordinality u(n, o) join pg_catalog.pg_attribute a on a.attrelid = c." + table +
           " and a.attnum = u.n)::text";
  };
  return "select c.conrelid, " + names("conrelid", "conkey") + ", n.nspname, f.relname, " +
         names("confrelid", "confkey") +
         ", c.condeferrable from pg_catalog.pg_constraint c join pg_catalog.pg_class f on f.oid = c.confrelid "
         "join pg_catalog.pg_namespace n on n.oid = f.relnamespace "
         "where c.conrelid = any($1::oid[]) and c.contype = 'f' order by c.conrelid, c.conname";
}

std::vector<std::string> names_in(const Answer& answer, int row, int column) {
  return parse_array(answer.text(row, column)).value_or(std::vector<std::string>{});
}

Column column_of(const Answer& answer, int row) {
  Column column{.name = std::string(answer.text(row, 1)), .sql_type = std::string(answer.text(row, 2))};
  column.type = column_type(answer.text(row, 3), answer.flag(row, 4), answer.flag(row, 5));
  column.not_null = answer.flag(row, 6);
  column.has_default = answer.flag(row, 7);
  column.generated = answer.flag(row, 8);
  if (!answer.null(row, 9)) column.max_length = static_cast<int>(answer.integer(row, 9));
  if (column.type == ColumnType::integer || column.type == ColumnType::bigint)
    column.max_integer_bytes = static_cast<int>(answer.integer(row, 10));
  column.labels = names_in(answer, row, 11);
  return column;
}

void add_key(TableSchema& schema, std::string_view key, bool primary, std::vector<std::string> names) {
  const auto column = std::ranges::find(schema.columns, key, &Column::name);
  if (primary) schema.primary_key = names;
  if (names.size() == 1 && names[0] == key && column != schema.columns.end() && column->not_null)
    schema.key_unique = true;
  schema.unique_keys.push_back(std::move(names));
}

Error not_a_table(const std::string& table, bool foreign) {
  return {.scope = Scope::pair,
          .cause = Cause::usage,
          .what = table + " is a " + (foreign ? "foreign table" : "view") + ", and only tables can be synced",
          .hint = "Name the table behind it."};
}

// Fills the schemas of the tables found, four statements for all of them.
class Introspection {
 public:
  Introspection(Unit& unit, std::span<const AskedTable> wanted) : unit_(unit), wanted_(wanted) {}

  Result<std::vector<Result<TableSchema>>> run() {
    if (auto done = find(); !done) return fail(done.error());
    using Fill = void (Introspection::*)(const Answer&, int, std::size_t);
    const std::tuple<std::string, Fill> statements[] = {{columns_sql, &Introspection::add_column},
                                                        {keys_sql, &Introspection::add_unique},
                                                        {foreign_keys_sql(), &Introspection::add_foreign}};
    for (const auto& [sql, fill] : statements) {
      if (found_.empty()) break;
      auto answer = unit_.run(sql, {array_literal(oids_)}, doing());
      if (!answer) return fail(answer.error());
      for (int i = 0; i < answer->rows(); ++i) {
        const auto [begin, end] = found_.equal_range(answer->text(i, 0));
        for (auto at = begin; at != end; ++at) (this->*fill)(*answer, i, at->second);
      }
    }
    return std::move(results_);
  }

 private:
  std::string doing() const {
    return wanted_.size() == 1 ? "reading the schema of " + wanted_.front().table : "reading the schemas of tables";
  }

  Status find() {
    std::vector<std::string> schemas, names;
    for (const auto& each : wanted_) {
      TableName name = split_table_name(each.table);
      results_.emplace_back(TableSchema{.schema = name.schema, .name = name.name});
      schemas.push_back(std::move(name.schema));
      names.push_back(std::move(name.name));
    }
    auto answer = unit_.run(relations_sql, {array_literal(schemas), array_literal(names)}, doing());
    if (!answer) return fail(answer.error());
    std::vector<bool> there(wanted_.size(), false);
    for (int i = 0; i < answer->rows(); ++i) {
      const auto at = static_cast<std::size_t>(answer->integer(i, 0)) - 1;
      there[at] = true;
      if (const auto kind = answer->text(i, 7); kind != "r" && kind != "p") {
        results_[at] = fail(not_a_table(wanted_[at].table, kind == "f"));
        continue;
      }
      TableSchema& schema = *results_[at];
      schema.row_estimate = answer->integer(i, 2);
      schema.can_select = answer->flag(i, 3);
      schema.can_insert = answer->flag(i, 4);
      schema.can_update = answer->flag(i, 5);
      schema.can_delete = answer->flag(i, 6);
      oids_.emplace_back(answer->text(i, 1));
      found_.emplace(answer->text(i, 1), at);
    }
    for (std::size_t at = 0; at < wanted_.size(); ++at) {
      if (!there[at]) results_[at] = fail(no_such_table(unit_, split_table_name(wanted_[at].table)));
    }
    return {};
  }

  void add_column(const Answer& answer, int row, std::size_t at) {
    results_[at]->columns.push_back(column_of(answer, row));
  }

  void add_unique(const Answer& answer, int row, std::size_t at) {
    add_key(*results_[at], wanted_[at].key, answer.flag(row, 1), names_in(answer, row, 2));
  }

  void add_foreign(const Answer& answer, int row, std::size_t at) {
    results_[at]->foreign_keys.push_back({.columns = names_in(answer, row, 1),
                                          .schema = std::string(answer.text(row, 2)),
                                          .table = std::string(answer.text(row, 3)),
                                          .references = names_in(answer, row, 4),
                                          .deferrable = answer.flag(row, 5)});
  }

  Unit& unit_;
  std::span<const AskedTable> wanted_;
  std::vector<Result<TableSchema>> results_;
  std::vector<std::string> oids_;
  std::multimap<std::string, std::size_t, std::less<>> found_;  // by oid; one table may be asked for twice
};

}  // namespace

ColumnType column_type(std::string_view name, bool is_enum, bool is_array) {
  if (is_array) {
    return is_enum || name == "text[]" || name == "character varying[]" || name == "citext[]" ||
                   name.ends_with(".citext[]")
               ? ColumnType::text_array
               : ColumnType::other;
  }
  if (is_enum) return ColumnType::enumeration;
  static constexpr std::array<std::pair<std::string_view, ColumnType>, 23> known = {{
      {"text", ColumnType::text},
      {"character varying", ColumnType::text},
      {"character", ColumnType::text},
      {"citext", ColumnType::text},
      {"name", ColumnType::text},
      {"smallint", ColumnType::integer},
      {"integer", ColumnType::integer},
      {"bigint", ColumnType::bigint},
      {"numeric", ColumnType::numeric},
      {"double precision", ColumnType::numeric},  // a double holds what Notion holds; `real` stands for four bytes
      {"real", ColumnType::real},
      {"boolean", ColumnType::boolean},
      {"date", ColumnType::date},
      {"timestamp without time zone", ColumnType::timestamp},
      {"timestamp with time zone", ColumnType::timestamptz},
      {"daterange", ColumnType::daterange},
      {"tsrange", ColumnType::tsrange},
      {"tstzrange", ColumnType::tstzrange},
      {"json", ColumnType::json},
      {"jsonb", ColumnType::json},
      {"uuid", ColumnType::uuid},
      {"bpchar", ColumnType::text},
      {"public.citext", ColumnType::text},
  }};
  for (const auto& [type, meaning] : known) {
    if (type == name) return meaning;
  }
  return name.ends_with(".citext") ? ColumnType::text : ColumnType::other;
}

Result<std::vector<std::string>> list_tables(Database& database) {
  auto answer = database.read(tables_sql, {}, "listing tables");
  if (!answer) return fail(answer.error());
  std::vector<std::string> names;
  for (int i = 0; i < answer->rows(); ++i) names.emplace_back(answer->text(i, 0));
  return names;
}

Result<std::vector<Result<TableSchema>>> introspect_tables(Database& database, std::span<const AskedTable> wanted) {
  return database.read<std::vector<Result<TableSchema>>>([&](Unit& unit) { return Introspection(unit, wanted).run(); });
}

Result<TableSchema> introspect_table(Unit& unit, std::string_view table, std::string_view key) {
  const AskedTable wanted{std::string(table), std::string(key)};
  auto all = Introspection(unit, {&wanted, 1}).run();
  if (!all) return fail(all.error());
  return std::move(all->front());
}

Result<TableSchema> introspect_table(Database& database, std::string_view table, std::string_view key) {
  return database.read<TableSchema>([&](Unit& unit) { return introspect_table(unit, table, key); });
}

}  // namespace rowpage
