// What `setup` and `demo` do to make both sides ready.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "postgres/setup.h"

namespace rowpage {

/// The table a pair wants, for the setup of PostgreSQL.
TableSpec table_spec(const PairSpec& spec, const WantedTable& wanted);

struct NotionSetup {
  SourceSchema source;
  bool made = false;               // a database was created (or found under its title) and its id should be noted
  std::vector<std::string> done;   // "added Checksum (rich_text)"
  std::vector<std::string> notes;  // what was left alone, and why
};

/// Finds or makes the pair's database and adds what is missing.
Result<NotionSetup> set_up_notion(Session& session, std::size_t index);

/// Puts `NAME=value` into a .env file whose line for NAME is empty. False: there is no such line.
bool fill_env_file(const std::string& path, const std::string& name, const std::string& value);

}  // namespace rowpage
