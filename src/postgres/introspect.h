// What the database has: tables, columns, keys, privileges. pg_catalog only, no superuser needed, read only.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/schema.h"
#include "core/table_name.h"
#include "postgres/database.h"

namespace rowpage {

/// All ordinary and partitioned tables of users' schemas as "schema.table" ("table" in public), by name.
Result<std::vector<std::string>> list_tables(Database& database);

/// The schema of one table. `key_unique` speaks of column `key`. not_found (pair): the nearest names are in the hint.
Result<TableSchema> introspect_table(Database& database, std::string_view table, std::string_view key);
Result<TableSchema> introspect_table(Unit& unit, std::string_view table, std::string_view key);

/// Several at once, in as many statements as one takes; answers in the order asked.
struct AskedTable {
  std::string table, key;
};
Result<std::vector<Result<TableSchema>>> introspect_tables(Database& database, std::span<const AskedTable> wanted);

/// The column type behind a PostgreSQL type (base type of domains), as format_type() writes it without length.
ColumnType column_type(std::string_view type_name, bool is_enum, bool is_array);

}  // namespace rowpage
