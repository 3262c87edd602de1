// The stage of a figure: a private PostgreSQL, `rowpage sandbox` and `rowpage` as processes of their own. Requests are
// counted by the sandbox, rows by PostgreSQL, round trips by a relay between; nothing here trusts what the program says
// about itself.
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
#include "bench/way.h"
#include "postgres/connection.h"
#include "postgres/private_cluster.h"
#include "support/data_api.h"
#include "support/pooler.h"
#include "support/relay.h"

namespace rowpage::bench {

/// The benchmark ends at the first thing that does not work: it throws this, and main() prints it.
struct Trouble {
  std::string what;
};

/// Requests of the integration since the last reset, as the sandbox counted them.
struct Requests {
  std::int64_t total = 0;
  std::int64_t refused = 0;  // 429
  std::int64_t writes = 0;   // that changed something
  std::string kinds;         // "query 10, search 1"
};

class Stage {
 public:
  /// `requests_per_minute`: of the sandbox; 0: no limit. PostgreSQL and the sandbox run, nothing is in them.
  explicit Stage(int requests_per_minute);
  virtual ~Stage() = default;

  /// From now on `rowpage` goes this way; at first it is a direct connection.
  void go(Way way);
  /// `rowpage ARGUMENTS`; any exit code but 0 is trouble.
  Finished rowpage(const std::vector<std::string>& arguments);
  /// `rowpage sync`, with the counters set to zero before.
  Finished sync(const std::vector<std::string>& more = {});
  Requests requests();
  /// What the last command and PostgreSQL told each other.
  test::Relay::Traffic traffic() const { return wire_->traffic(); }
  /// Waits until PostgreSQL's statistics tell of all that was done so far.
  void take_statistics();
  /// Rows written so far to tables outside the schema rowpage, by PostgreSQL's statistics.
  std::int64_t rows_written();

  std::string sql(const std::string& statement, const Parameters& parameters = {});
  /// Fails where the answer is another.
  void must_be(const std::string& question, const std::string& answer);
  json::value person(const std::string& method, const std::string& path, const json::value& body = nullptr);
  json::value control(const std::string& method, const std::string& path, const json::value& body = nullptr);
  /// Moves the sandbox's clock, so that its queries show what was written.
  void let_settle();

 protected:
  static std::string own_folder();
  const std::string& folder() const { return folder_.path; }
  /// Runs this very program with these words, with the integration's token.
  Finished own(const std::vector<std::string>& words);
  const std::string& base_url() const { return base_url_; }
  /// The only data source of a database.
  std::string data_source_of(const std::string& database);

 private:
  json::value ask(const std::string& method, const std::string& path, const json::value& body, bool as_person);
  void start_sandbox(int requests_per_minute);

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
  std::unique_ptr<testing::DataApi> api_;
  std::unique_ptr<testing::Pooler> pooler_;
  std::unique_ptr<test::Relay> wire_;
  std::unique_ptr<ConnectedDatabase> database_;
  Environment way_;  // the variables that name the database
  TemporaryFolder folder_;
  Child sandbox_;
  std::string base_url_, token_, person_token_, root_page_;
  HttpClient http_{HttpClient::Options{.total_ms = 10 * minute_ms}};
};

}  // namespace rowpage::bench
