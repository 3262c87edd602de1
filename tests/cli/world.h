// A world for the real binary: a private PostgreSQL (one for all tests, a database for each), a sandbox of its own, an
// empty folder to run in. Habits of the sandbox stay on; its clock is moved where a person would wait.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "base/json.h"
#include "postgres/connection.h"
#include "sandbox/server.h"
#include "support/data_api.h"

namespace rowpage::test {

struct Ran {
  int code = -1;  // exit code; 128 + signal when killed
  std::string out, err;
  json::value object;  // `out` as JSON, where it is
};

/// How the binary reaches the database. Results must not depend on it.
enum class DatabaseWay { direct, session_pooler, transaction_pooler, data_api };

/// The way that ROWPAGE_WAY names (direct, session, transaction, data-api), so that whole suites can be run over each.
DatabaseWay database_way_of_tests();

class World {
 public:
  explicit World(DatabaseWay way = database_way_of_tests());
  ~World();

  /// Why the world could not be made; empty: it is there.
  const std::string& trouble() const { return trouble_; }

  using Environment = std::map<std::string, std::string>;
  Environment environment;  // of the binary; PATH and the variables of this world
  std::string folder;

  /// Runs the binary in the folder and waits for it. With ROWPAGE_SHOW set, shows what was run and what it said.
  Ran run(const std::vector<std::string>& arguments, const Environment& more = {});
  /// Starts it; finish() waits, at most three minutes.
  pid_t start(const std::vector<std::string>& arguments);
  Ran finish(pid_t child);

  /// Starts a sync against a sandbox that takes `latency_ms` to answer, and kills it (SIGKILL) `late_ms` after
  /// `requests` of its requests were counted. Whether it was still at work.
  struct KillMoment {
    int requests = 0, late_ms = 0, latency_ms = 0;
  };
  bool kill_sync(const KillMoment& moment);
  /// Numbers of requests to kill at: `usual`, or all of 1 … `most` with ROWPAGE_FULL=1.
  static std::vector<int> kill_moments(std::initializer_list<int> usual, int most);

  /// setup with the preset, and NOTION_DATABASE_ID set from its answer.
  void set_up();

  /// Of the database itself, whatever the binary's way.
  const std::string& database_url() const { return database_url_; }
  std::string sql(const std::string& statement, const Parameters& parameters = {});
  std::int64_t number(const std::string& statement) { return std::atoll(sql(statement).c_str()); }

  /// As a person in Notion; the answer's id, or the test fails.
  std::string page(const std::string& title, const std::string& tag, const std::string& day);
  json::value person(const std::string& method, const std::string& path, const json::value& body = nullptr);
  /// The same with a body that need not be JSON; the status.
  int person_raw(const std::string& method, const std::string& path, const std::string& body);
  json::value control(const std::string& method, const std::string& path, const json::value& body = nullptr);
  void advance(int seconds = 150) { control("POST", "/_sandbox/clock", json::object{{"advance_s", seconds}}); }
  std::int64_t writes_counted();
  std::int64_t requests_counted();

  /// Both sides ten minutes later: queries and searches show everything, a dead runner's lease has run out, requests
  /// that were under way have landed or never will, what waits is due.
  void pass_time();
  /// A config file made from the preset with every property and column of bookkeeping and short bounds; the preset's
  /// variable is gone from then on.
  void full_bookkeeping();

  /// What people see, by title or decision: "type|date", types sorted; a second record of one name shows as "NAME (2)".
  using Seen = std::map<std::string, std::string>;
  Seen live_pages();
  Seen live_rows();
  /// Changes whenever anything is written: xmin of every row and PostgreSQL's own count of written rows.
  std::string row_marks();

  /// What the PostgreSQL server has logged.
  static std::string server_log();

  /// A file of the repository.
  static std::string source_file(const std::string& path);

  std::string read(const std::string& file) const;
  void write(const std::string& file, const std::string& text) const;
  bool exists(const std::string& file) const;

  sandbox::SandboxServer& server() { return *server_; }
  std::string data_source;

 private:
  json::value ask(const std::string& method, const std::string& path, const json::value& body, bool as_person);

  std::string take_way();

  DatabaseWay way_;
  std::string trouble_, database_url_;
  std::unique_ptr<sandbox::SandboxServer> server_;
  std::unique_ptr<ConnectedDatabase> database_;
  std::unique_ptr<testing::DataApi> data_api_;
  HttpClient http_{HttpClient::Options{}};
};

/// Properties of a decision page.
json::object title(const std::string& text);
json::object tags(const std::vector<std::string>& names);
json::object day(const std::string& text);

}  // namespace rowpage::test
