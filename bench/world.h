// The stage of a figure: a private PostgreSQL, `rowpage sandbox` and `rowpage` as processes of their own, one pair of
// twenty fields. Requests are counted by the sandbox; nothing here trusts what the program says about itself.
//
// The sandbox keeps its habits (index delay, minute times, 10,000 rows a query, a trash that leaves queries) except
// for the rate limit, where a figure says so: a hundred thousand pages at 180 requests a minute would take six minutes
// of waiting that measures nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "base/json.h"
#include "bench/process.h"
#include "postgres/connection.h"
#include "postgres/private_cluster.h"

namespace rowpage::bench {

/// The benchmark ends at the first thing that does not work: it throws this, and main() prints it.
struct Trouble {
  std::string what;
};

/// Requests of the integration since the last reset, as the sandbox counted them.
struct Requests {
  std::int64_t total = 0;
  std::int64_t refused = 0;  // 429
  std::string kinds;         // "query 10, search 1"
};

class World {
 public:
  /// `requests_per_minute`: what program and sandbox both go by; 0: no limit.
  explicit World(int requests_per_minute);

  /// Pages made at once by a person, `first` being the number of the first. Their times lie in the past, one hundred
  /// to a minute, so that a query that ends at 10,000 rows can go on behind them.
  void seed(std::int64_t first, std::int64_t pages);

  /// `rowpage ARGUMENTS`; any exit code but 0 is trouble.
  Finished rowpage(const std::vector<std::string>& arguments);
  /// `rowpage sync`, with the counters set to zero before.
  Finished sync();
  Requests requests();

  /// This program as `rowpage_bench receive`: the same answers, received and parsed, nothing more.
  Finished receive();

  std::string sql(const std::string& statement, const Parameters& parameters = {});
  json::value person(const std::string& method, const std::string& path, const json::value& body = nullptr);
  json::value control(const std::string& method, const std::string& path, const json::value& body = nullptr);
  /// Moves the sandbox's clock, so that its queries show what was written.
  void let_settle();

  /// Ids of the first pages, as the database knows them linked.
  std::vector<std::string> linked_pages(int count);

 private:
  json::value ask(const std::string& method, const std::string& path, const json::value& body, bool as_person);
  void start_sandbox(int requests_per_minute);
  void write_config(int requests_per_minute, const std::string& data_source) const;

  // Members of their own, so that they go also when the constructor throws: the child first, then its folder.
  struct TemporaryFolder {
    std::string path;
    ~TemporaryFolder();
  };
  struct Child {
    pid_t id = -1;
    ~Child();
  };

  std::optional<PrivateCluster> cluster_;
  std::unique_ptr<Database> database_;
  TemporaryFolder folder_;
  Child sandbox_;
  std::string base_url_, token_, person_token_, root_page_, data_source_;
  HttpClient http_{HttpClient::Options{.total_ms = 10 * minute_ms}};
};

}  // namespace rowpage::bench
