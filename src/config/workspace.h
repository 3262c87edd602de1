// A workspace as its config file or preset describes it: the connections, the settings of a run, the pairs, and what
// `setup` creates where a side is missing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/environment.h"
#include "config/secret.h"
#include "core/schema.h"

namespace rowpage {

struct Connections {
  Secret notion_token;
  std::string notion_base_url = "https://api.notion.com";
  std::string parent_page;  // canonical id; empty: not given
  int requests_per_minute = 180;
  Secret database_url;
  std::string supabase_url;
  Secret supabase_key;
};

struct SyncSettings {
  std::string interval = "15m";  // or a cron expression; read by the scheduler of a later version
  std::size_t batch_size = 100;
  int retries = 3;
};

/// A column of a table that `setup` creates or adds.
struct WantedColumn {
  std::string name, sql_type;
  bool not_null = false;
  std::string default_sql;  // empty: none
};

/// What `setup` creates for a pair. `columns` holds every column the pair needs, in the order of a new table.
struct WantedTable {
  std::vector<WantedColumn> columns;
  std::vector<std::string> indexes;  // columns; the index is called idx_<table>_<column>
  std::string title;                 // of the database
  std::string id_variable;           // where the database's id comes from, when the file says ${NAME}; empty: not so
};

struct WorkspaceConfig {
  std::string name = "default";
  std::string source;  // "rowpage.yaml" or "preset decision-vault", for messages
  Connections connections;
  SyncSettings sync;
  std::vector<PairSpec> pairs;
  std::vector<WantedTable> wanted;  // one for each pair
};

/// What a command needs to be set before it can begin.
struct Needs {
  bool notion = true, postgres = true;
  bool databases = true;  // every pair names its database or data source
  bool parent = false;    // a page to create databases under
};

/// A usage error naming every variable that is missing for these needs; with only SUPABASE_URL and a key it says that
/// SUPABASE_DB_URL is needed for now.
Status complete(const WorkspaceConfig& config, const Needs& needs);

}  // namespace rowpage
