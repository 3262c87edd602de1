// The rowpage schema, built into the program: tables as numbered migrations (sql/NNNN_name.sql), functions as they are
// now (sql/functions/*.sql).
//
// A migration is applied once, in order; it holds what cannot be said twice. Functions are replaced as a whole whenever
// those installed are not this program's, which their digest tells. All of it happens in one transaction under a lock
// that makes two setups wait for each other. A database whose schema is newer than this program is refused: an old
// binary must not guess what new tables mean.
#pragma once

#include <string>
#include <string_view>
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

/// The texts of all functions.
const std::vector<std::string_view>& function_texts();

/// The schema version this program works with.
int program_schema_version();

/// What a database holds of us.
struct InstalledSchema {
  int version = 0;        // 0: nothing
  std::string functions;  // their digest

  bool newer() const { return version > program_schema_version(); }
  /// Exactly what this program installs.
  bool current() const;
  /// "version 9", with a remark where only the functions differ.
  std::string described() const;
  /// What a setup does about it, for people: "our own schema, from version 9".
  std::string step() const;
};

Result<InstalledSchema> installed_schema(Unit& unit);

/// Refuses a schema that is newer (incompatible) or not yet brought up to date (schema_drift, hint: setup). True:
/// installed.
Result<bool> check_installed(Database& database);

/// One script that makes a database what this program needs; empty when there is nothing to do.
std::string migration_script(const InstalledSchema& from);

/// Applies what is missing; safe to repeat and to run twice at once.
Status migrate(Database& database);

/// What is said of a newer one.
Error newer_schema(const InstalledSchema& installed, const std::string& place);

}  // namespace rowpage
