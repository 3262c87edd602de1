// The stage of `rowpage demo`: a private PostgreSQL, a sandbox, and a person who works in both.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

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
  /// A person's request, as Notion's documentation has it.
  Result<json::value> person(const std::string& method, const std::string& path, const json::value& body = nullptr) {
    return ask(method, path, body);
  }
  /// Many of them, several in flight; answers in the same order. `told` hears how many are done; false from it, or the
  /// first refusal, ends the work with an error.
  struct Ask {
    std::string method, path;
    json::value body;
  };
  Result<std::vector<json::value>> person(std::span<const Ask> asks, const std::function<bool(std::size_t)>& told);

  // As an application of the database.
  Status sql(const std::string& statement, const Parameters& parameters = {});
  Result<std::string> value(const std::string& statement, const Parameters& parameters = {});

  /// Moves the sandbox's clock ahead, so that its queries show what was written.
  Status advance(int seconds);
  /// The sandbox's counters of the integration's requests and of what they changed, since the last reset.
  struct Counters {
    std::int64_t requests = 0, writes = 0;
    std::map<std::string, std::int64_t> by_endpoint;  // requests
  };
  Result<Counters> notion_counters();
  Status reset_counters();
  /// Rows written to the user's tables so far, by PostgreSQL's own statistics. `syncing`: the connection that does the
  /// writing.
  Result<std::int64_t> rows_written(Database& syncing);
  /// Lets the integration send so many requests a minute.
  Status allow_requests(int a_minute);

  /// For people, with --keep.
  std::string stop_commands() const;

 private:
  explicit DemoWorld(PrivateCluster cluster) : cluster_(std::move(cluster)) {}
  Status start_sandbox(bool keep);
  HttpClient::Request request(const std::string& method, const std::string& path, const json::value& body,
                              bool as_person) const;
  static Result<json::value> read(const std::string& method, const std::string& path, const HttpClient::Answer& answer);
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
