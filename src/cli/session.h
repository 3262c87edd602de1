// One command's world, put together: config, log, Notion, database, and the pairs laid beside both schemas.
//
// Everything is opened on first use, so a command that needs only one side asks only that side. Nothing here writes to
// a user's data; runner.h does, under the lease.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "config/read.h"
#include "config/workspace.h"
#include "engine/budget.h"
#include "engine/cycle.h"
#include "notion/client.h"
#include "notion/curl_transport.h"
#include "postgres/database.h"
#include "postgres/store.h"
#include "postgres/table.h"

namespace rowpage {

/// Progress to the terminal, reasons to the log.
class CommandListener : public Listener {
 public:
  CommandListener(Output& output, Log& log) : output_(output), log_(log) {}
  void progress(std::string_view phase, std::uint64_t done, std::optional<std::uint64_t> total) override;
  void note(std::string_view model, std::string_view event, std::string_view text) override;
  /// Whose work is under way, for the progress line.
  void begin(std::string model) { model_ = std::move(model); }

 private:
  Output& output_;
  Log& log_;
  std::string model_;
};

class Session {
 public:
  /// How a command uses the world around it.
  struct Use {
    Needs needs;
    bool writes = false;  // read-only commands open no log file and account no requests
    std::string log = "logs/sync.log";
  };

  /// Reads the config and checks that what the command needs is set. Errors: usage.
  static Result<std::unique_ptr<Session>> open(const Arguments& arguments, Output& output, const Use& use);
  /// The same for a config already at hand (demo).
  static Result<std::unique_ptr<Session>> open(WorkspaceConfig config, const Environment& environment, Output& output,
                                               const Use& use);
  ~Session();

  const WorkspaceConfig& config() const { return config_; }
  Output& output() { return output_; }
  Log& log() { return log_; }
  SystemClock& clock() { return clock_; }
  CommandListener& listener() { return listener_; }

  NotionClient& notion() { return *notion_; }
  Database& database() { return *database_; }
  /// What changes the schema: the connection, or the Management API where there is none and it is configured, or else
  /// the Data API, over which a setup can be planned and not carried out.
  Result<Database*> setup_database();
  /// The Data API where it is configured beside a direct connection, which is then used; nullptr: nothing else is.
  Result<std::unique_ptr<Database>> other_way();
  /// Supabase's reference of the project, as the address in use shows it, or else as configured; empty: unknown.
  std::string project() const;
  PostgresStore& store() { return *store_; }
  PostgresTable& table() { return *table_; }
  Ports ports();

  /// Whose token this is; asked once.
  Result<Bot> bot();
  /// A bot known from the state: saves the question.
  void know_bot(Bot bot) { bot_ = std::move(bot); }

  /// The pairs that --model selects (all without it), as indexes. Errors: usage, with the nearest name.
  Result<std::vector<std::size_t>> selected(const std::vector<std::string>& models) const;

  /// A database that setup has just made or found: from now on the pair means this one.
  void name_database(std::size_t index, const std::string& database);

  /// The data source of a pair, asked from Notion.
  Result<SourceSchema> find_source(const PairSpec& spec);
  /// The table of a pair, read from the database.
  Result<TableSchema> find_table(const PairSpec& spec);
  /// Reads the tables of these pairs and of what they link to, in a few statements for all. From then on, and until it
  /// is called again, they are taken as they were now.
  Status read_tables(const std::vector<std::size_t>& indexes);

  /// What the pair's relations lead to, read from the database; data sources as far as they are known by now.
  Result<Neighbours> neighbours(const PairSpec& spec);
  const std::map<std::string, std::string>& sources() const { return sources_; }
  /// The data source of a model, known from elsewhere.
  void know_source(const std::string& model, const std::string& data_source) { sources_[model] = data_source; }

  /// One pair laid beside both sides, read now. Errors name what does not fit (schema_drift).
  Result<Pair> resolve(std::size_t index);
  /// The same over a source schema already at hand.
  Result<Pair> resolve(std::size_t index, const SourceSchema& source);
  /// The same with all problems, warnings too.
  Result<Resolved> lay_beside(std::size_t index, const SourceSchema& source);

 private:
  Session(WorkspaceConfig config, const Environment& environment, Output& output, const Use& use);
  Status connect();
  Status open_database();
  Result<std::unique_ptr<Database>> data_api();
  HttpClient& data_http();
  std::set<std::string> linked_tables(const PairSpec& spec) const;  // and join tables
  std::string key_of(const std::string& table) const;               // of the pair's table; empty: it is no pair's

  WorkspaceConfig config_;
  Output& output_;
  Use use_;
  Log log_;
  SystemClock clock_;
  CommandListener listener_;
  std::optional<Bot> bot_;
  std::map<std::string, std::string> sources_;  // model → data source
  std::map<std::string, TableSchema> tables_;   // linked tables and join tables, by their names in the config
  std::map<std::string, Result<TableSchema>> read_together_;  // by read_tables()
  std::unique_ptr<HttpClient> data_http_;                     // for the Data API
  std::unique_ptr<Database> database_, management_;
  std::unique_ptr<PostgresStore> store_;
  std::unique_ptr<PostgresTable> table_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<CurlTransport> transport_;
  std::unique_ptr<Budget> budget_;
  std::unique_ptr<NotionClient> notion_;
};

/// The problems of a pair that cannot run, as one error; warnings are left out.
Error as_error(const Resolved& resolved);

/// The environment and the config file or preset of a command line. `init` and `sandbox` need neither.
Result<Environment> environment_of(const Arguments& arguments);
Result<WorkspaceConfig> config_of(const Arguments& arguments, const Environment& environment);

}  // namespace rowpage
