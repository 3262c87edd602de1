// The stage of `rowpage demo`: a private PostgreSQL, a sandbox, and a person who works in both.
#pragma once

#include <memory>
#include <string>

#include "base/http_client.h"
#include "base/json.h"
#include "config/environment.h"
#include "core/result.h"
#include "postgres/connection.h"
#include "postgres/private_cluster.h"
#include "sandbox/server.h"

namespace rowpage {

class DemoWorld {
 public:
  /// `keep`: both go on running after this program; otherwise nothing does.
  static Result<std::unique_ptr<DemoWorld>> start(bool keep);
  ~DemoWorld();

  /// What a config sees: the variables that point at this world.
  Environment environment() const;
  const sandbox::SandboxInfo& notion() const { return notion_; }
  const PrivateCluster& cluster() const { return cluster_; }
  Database& database() { return *database_; }

  // As a person in Notion.
  Result<std::string> create_page(const std::string& data_source, const json::object& properties);
  Status edit_page(const std::string& page, const json::object& properties);
  Status trash_page(const std::string& page);
  Result<json::value> page(const std::string& page);

  // As an application of the database.
  Status sql(const std::string& statement, const Parameters& parameters = {});
  Result<std::string> value(const std::string& statement, const Parameters& parameters = {});

  /// Moves the sandbox's clock ahead, so that its queries show what was written.
  Status advance(int seconds);
  /// The sandbox's counters of the integration's requests and of what they changed, since the last reset.
  struct Counters {
    std::int64_t requests = 0, writes = 0;
  };
  Result<Counters> notion_counters();
  Status reset_counters();
  /// Rows written to the table so far, by PostgreSQL's own statistics. `syncing`: the connection that does the writing.
  Result<std::int64_t> rows_written(const std::string& table, Database& syncing);

  /// For people, with --keep.
  std::string stop_commands() const;

 private:
  explicit DemoWorld(PrivateCluster cluster) : cluster_(std::move(cluster)) {}
  Status start_sandbox(bool keep);
  Result<json::value> ask(const std::string& method, const std::string& path, const json::value& body,
                          bool as_person = true);

  PrivateCluster cluster_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<sandbox::SandboxServer> server_;
  sandbox::SandboxInfo notion_;
  int sandbox_process_ = -1;
  HttpClient http_{HttpClient::Options{}};
};

}  // namespace rowpage
