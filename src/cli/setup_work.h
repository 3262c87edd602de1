// What `setup` and `demo` do to make both sides ready.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/session.h"
#include "postgres/setup.h"

namespace rowpage {

/// The table a pair wants, with its foreign keys and the join tables it owns. `index`: of the config.
TableSpec table_spec(const WorkspaceConfig& config, std::size_t index);

/// The pairs as the setup of PostgreSQL takes them, in the order in which tables can be made.
std::vector<SetupInput> setup_inputs(const WorkspaceConfig& config, const std::vector<std::size_t>& indexes);

/// What was done to one pair's database in Notion.
struct NotionSetup {
  std::string database;
  bool made = false;               // a database was created (or found under its title) and its id should be noted
  std::vector<std::string> done;   // "added Checksum (rich_text)"
  std::vector<std::string> notes;  // what was left alone, and why
};

/// Finds or makes the pair's database and adds what stands alone: relations and formulas follow when every database is
/// there. May be run again after it was cut off anywhere.
Result<NotionSetup> set_up_database(Session& session, std::size_t index);
/// Adds the pair's relations to databases that are there by now.
Result<NotionSetup> set_up_relations(Session& session, std::size_t index);
/// Adds the formulas, which name other properties.
Result<NotionSetup> set_up_formulas(Session& session, std::size_t index);

/// Reads both sides anew and lays every pair beside them; `fits` hears of each. What Notion said is remembered, so that
/// the first sync need not ask again (unless a run that holds the lease just now knows it itself).
Status verify_setup(Session& session, const std::vector<std::size_t>& indexes,
                    const std::function<void(const Pair&)>& fits);

/// Puts `NAME=value` into a .env file whose line for NAME is empty. False: there is no such line.
bool fill_env_file(const std::string& path, const std::string& name, const std::string& value);

}  // namespace rowpage
