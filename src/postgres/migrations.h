// The rowpage schema as numbered migrations (sql/NNNN_name.sql), built into the program.
//
// Each is applied once, in order, in one transaction under a lock that makes two setups wait for each other. A database
// whose schema is newer than this program is refused: an old binary must not guess what new tables mean.
#pragma once

#include <string>
#include <vector>

#include "base/embedded.h"
#include "core/result.h"
#include "postgres/database.h"

namespace rowpage {

struct Migration {
  int version = 0;
  std::string_view name, text;
};

/// All migrations of this program, ascending.
const std::vector<Migration>& migrations();

/// The schema version this program works with.
int program_schema_version();

/// The version in the database; 0 when nothing is installed.
Result<int> installed_schema_version(Unit& unit);

/// Refuses a schema that is newer (incompatible) or not yet brought up to date (schema_drift, hint: setup). True:
/// installed.
Result<bool> check_installed(Database& database);

/// One script that brings a database from version `from` to this program's; empty when there is nothing to do.
std::string migration_script(int from);

/// Applies what is missing; safe to repeat and to run twice at once.
Status migrate(Database& database);

}  // namespace rowpage
