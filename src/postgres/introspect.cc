#include "postgres/introspect.h"

#include <algorithm>
#include <array>
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

/// Domains are taken down to their base type, and the base type's length is read where the column or domain has one.
constexpr const char* columns_sql =
    "with recursive base as ("
    "  select a.attnum, a.atttypid as type, a.atttypmod as modifier, a.attnotnull as not_null from "
    "pg_catalog.pg_attribute a "
    "   where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped"
    "  union all"
    "  select b.attnum, t.typbasetype, t.typtypmod, b.not_null or t.typnotnull from base b "
    "    join pg_catalog.pg_type t on t.oid = b.type where t.typtype = 'd') "
    "select a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.format_type(b.type, null), "
    "t.typtype = 'e' or e.typtype = 'e', "
    "  t.typcategory = 'A', b.not_null, a.atthasdef or a.attidentity <> '', "
    "  a.attgenerated <> '' or a.attidentity = 'a', "
    "  case when t.typname in ('varchar', 'bpchar') and b.modifier > 4 then b.modifier - 4 end, t.typlen, "
    "  (select pg_catalog.array_agg(l.enumlabel::text order by l.enumsortorder) from pg_catalog.pg_enum l "
    "    where l.enumtypid = case when t.typtype = 'e' then t.oid else e.oid end)::text "
    "from base b join pg_catalog.pg_type t on t.oid = b.type and t.typtype <> 'd' "
    "join pg_catalog.pg_attribute a on a.attrelid = $1::oid and a.attnum = b.attnum "
    "left join pg_catalog.pg_type e on e.oid = t.typelem and t.typcategory = 'A' order by a.attnum";

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

Status foreign_keys(Unit& unit, const std::string& oid, TableSchema& schema) {
  // $1: the table. Columns in the order of the key, on both sides.
  const auto names = [](const char* table, const char* numbers) {
    return std::string("(select pg_catalog.array_agg(a.attname::text order by u.o) from pg_catalog.unnest(c.") +
           numbers + ") with ordinality u(n, o) join pg_catalog.pg_attribute a on a.attrelid = c." + table +
           " and a.attnum = u.n)::text";
  };
  auto answer =
      unit.run("select " + names("conrelid", "conkey") + ", n.nspname, f.relname, " + names("confrelid", "confkey") +
                   ", c.condeferrable from pg_catalog.pg_constraint c join pg_catalog.pg_class f on f.oid = "
                   "c.confrelid join pg_catalog.pg_namespace n on n.oid = f.relnamespace "
                   "where c.conrelid = $1::oid and c.contype = 'f' order by c.conname",
               {oid}, "reading the foreign keys of " + schema.schema + "." + schema.name);
  if (!answer) return fail(answer.error());
  for (int i = 0; i < answer->rows(); ++i) {
    schema.foreign_keys.push_back({.columns = parse_array(answer->text(i, 0)).value_or(std::vector<std::string>{}),
                                   .schema = std::string(answer->text(i, 1)),
                                   .table = std::string(answer->text(i, 2)),
                                   .references = parse_array(answer->text(i, 3)).value_or(std::vector<std::string>{}),
                                   .deferrable = answer->flag(i, 4)});
  }
  return {};
}

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

Result<TableSchema> introspect_table(Unit& unit, std::string_view table, std::string_view key) {
  const TableName wanted = split_table_name(table);
  const std::string doing = "reading the schema of " + std::string(table);
  auto relation = unit.run(
      "select c.oid, c.reltuples::bigint, has_table_privilege(c.oid, 'select'), has_table_privilege(c.oid, 'insert'), "
      "has_table_privilege(c.oid, 'update'), has_table_privilege(c.oid, 'delete'), c.relkind "
      "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f')",
      {wanted.schema, wanted.name}, doing);
  if (!relation) return fail(relation.error());
  if (relation->rows() == 0) return fail(no_such_table(unit, wanted));
  if (const auto kind = relation->text(0, 6); kind != "r" && kind != "p") {
    return fail(Error{.scope = Scope::pair,
                      .cause = Cause::usage,
                      .what = std::string(table) + " is a " + (kind == "f" ? "foreign table" : "view") +
                              ", and only tables can be synced",
                      .hint = "Name the table behind it."});
  }
  const std::string oid(relation->text(0, 0));
  TableSchema schema{.schema = wanted.schema, .name = wanted.name};
  schema.row_estimate = relation->integer(0, 1);
  schema.can_select = relation->flag(0, 2);
  schema.can_insert = relation->flag(0, 3);
  schema.can_update = relation->flag(0, 4);
  schema.can_delete = relation->flag(0, 5);

  auto columns = unit.run(columns_sql, {oid}, doing);
  if (!columns) return fail(columns.error());
  for (int i = 0; i < columns->rows(); ++i) {
    Column column{.name = std::string(columns->text(i, 0)), .sql_type = std::string(columns->text(i, 1))};
    const bool is_enum = columns->flag(i, 3), is_array = columns->flag(i, 4);
    column.type = column_type(columns->text(i, 2), is_enum, is_array);
    column.not_null = columns->flag(i, 5);
    column.has_default = columns->flag(i, 6);
    column.generated = columns->flag(i, 7);
    if (!columns->null(i, 8)) column.max_length = static_cast<int>(columns->integer(i, 8));
    if (column.type == ColumnType::integer || column.type == ColumnType::bigint) {
      column.max_integer_bytes = static_cast<int>(columns->integer(i, 9));
    }
    column.labels = parse_array(columns->text(i, 10)).value_or(std::vector<std::string>{});
    schema.columns.push_back(std::move(column));
  }

  // Full, valid, immediate unique indexes only: a partial or expression index does not make a key unique.
  auto keys = unit.run(
      "select i.indisprimary, (select pg_catalog.array_agg(a.attname::text order by u.o) from "
      "  pg_catalog.unnest(i.indkey::int2[]) with ordinality u(n, o) join pg_catalog.pg_attribute a "
      "  on a.attrelid = i.indrelid and a.attnum = u.n where u.o <= i.indnkeyatts)::text "
      "from pg_catalog.pg_index i where i.indrelid = $1::oid and i.indisunique and i.indisvalid and i.indimmediate "
      "and i.indpred is null and i.indexprs is null",
      {oid}, doing);
  if (!keys) return fail(keys.error());
  const auto key_column = std::ranges::find(schema.columns, key, &Column::name);
  for (int i = 0; i < keys->rows(); ++i) {
    const auto names = parse_array(keys->text(i, 1)).value_or(std::vector<std::string>{});
    if (keys->flag(i, 0)) schema.primary_key = names;
    if (names.size() == 1 && names[0] == key && key_column != schema.columns.end() && key_column->not_null)
      schema.key_unique = true;
    schema.unique_keys.push_back(names);
  }
  if (Status status = foreign_keys(unit, oid, schema); !status) return fail(status.error());
  return schema;
}

Result<TableSchema> introspect_table(Database& database, std::string_view table, std::string_view key) {
  return database.read<TableSchema>([&](Unit& unit) { return introspect_table(unit, table, key); });
}

}  // namespace rowpage
