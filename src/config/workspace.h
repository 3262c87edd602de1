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
  std::string project;  // reference of the Supabase project; with the token, setup goes over the Management API
  Secret access_token;
  std::string management_url;  // empty: Supabase's
  bool has_management() const { return !project.empty() && !access_token.empty(); }
  /// Whether the database can be reached in some way.
  bool has_database() const { return !database_url.empty() || (!supabase_url.empty() && !supabase_key.empty()); }
};

struct SyncSettings {
  std::string interval = "15m";  // or a cron expression; read by the scheduler of a later version
  std::size_t batch_size = 100;
  int retries = 3;
};

/// A column of a table that `setup` creates or adds.
struct WantedColumn {
  std::string name, sql_type;  // the name of an enum type when `labels` are given
  bool not_null = false;
  std::string default_sql;  // empty: none
  bool unique = false;
  std::string check;                // SQL condition; empty: none
  std::vector<std::string> labels;  // of the enum, in its order
  // A foreign key; empty: none.
  std::string references_model, references_column, on_delete;
};

struct WantedIndex {
  std::vector<std::string> columns;
  std::string name;  // empty: idx_<table>_<columns>
};

/// A property that is not mapped: computed in Notion, created by setup, never read or written.
struct WantedExtra {
  std::string name;
  std::string type;        // "formula", "last_edited_time", ...
  std::string expression;  // of a formula
};

/// What `setup` creates for a pair. `columns` holds every column the pair needs, in the order of a new table.
struct WantedTable {
  std::vector<WantedColumn> columns;
  std::vector<WantedIndex> indexes;
  std::string title;              // of the database
  std::vector<std::string> also;  // other titles under which the database may be found
  std::string id_variable;        // where the database's id comes from, when the file says ${NAME}; empty: not so
  std::string icon;               // an emoji; empty: none
  std::string comment;            // what the table and the database hold, for people
  std::string group;              // of the diagram; empty: none
  std::vector<WantedExtra> extras;
  // Column → column whose value it takes while it is blank (a title without a name shows the id).
  std::vector<std::pair<std::string, std::string>> fills;
  // A whole name and its two parts, each kept in step with the others; empty: no such columns.
  std::string full_name, first_name, last_name;
  bool bare = false;                    // `table` was written without a schema
  std::vector<std::size_t> bare_joins;  // fields whose join table was, too
};

struct WorkspaceConfig {
  std::string name = "default";
  std::string source;  // "rowpage.yaml" or "preset decision-vault", for messages
  std::string schema;  // of tables written without one; empty: public
  Connections connections;
  SyncSettings sync;
  std::vector<PairSpec> pairs;
  std::vector<WantedTable> wanted;  // one for each pair
};

/// Puts every table and join table that was written without a schema into this one (again, when it was in another).
/// Before the pairs are resolved.
void use_schema(WorkspaceConfig& config, const std::string& schema);

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
