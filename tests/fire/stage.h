// Where a seed is played: a PostgreSQL of our own, the sandbox as a process of its own behind HTTP, relays between them
// and the program, a folder to run in. Everything a person or a judge sees of it goes through public interfaces:
// Notion's API with a person's token, SQL on the user's tables, the program's commands.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "base/json.h"
#include "postgres/private_cluster.h"
#include "support/data_api.h"
#include "support/pooler.h"
#include "support/relay.h"

struct pg_conn;

namespace rowpage::fire {

/// SQL as an application speaks it, past the relay. A connection that broke is made anew.
class Sql {
 public:
  explicit Sql(std::string url) : url_(std::move(url)) {}
  ~Sql() { hang_up(); }
  /// The server is about to go away: the next statement is asked on a new connection.
  void hang_up();
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;

  using Cell = std::optional<std::string>;
  using Rows = std::vector<std::vector<Cell>>;
  /// Throws std::runtime_error where the statement fails, or nobody answers for ten seconds.
  Rows operator()(const std::string& statement, const std::vector<Cell>& parameters = {});

 private:
  std::string url_;
  pg_conn* line_ = nullptr;
};

struct Ended {
  int code = -1;  // exit code; 128 + signal when killed
  std::string out, err;
  json::value object;  // `out` as JSON, where it is
};

/// A program under way.
struct Child {
  pid_t pid = -1;
  std::string out, err;  // files
};

/// What a process that died in the middle of a seed has left in the temporary folder.
void remove_folders(pid_t process);

class Stage {
 public:
  /// `cluster` is shared by the seeds of a process. Throws std::runtime_error.
  Stage(PrivateCluster& cluster, const std::string& name, const std::string& config);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Child start(const std::vector<std::string>& arguments);
  bool running(const Child& child);
  /// Waits for at most two minutes; throws when it does not end.
  Ended finish(const Child& child);
  Ended run(const std::vector<std::string>& arguments) { return finish(start(arguments)); }

  /// Notion as a person, and the sandbox's control paths. Throws on anything but a success.
  json::value person(const std::string& method, const std::string& path, const json::value& body = nullptr);
  json::value control(const std::string& method, const std::string& path, const json::value& body = nullptr);
  /// As a person, whatever the answer; the status.
  int try_person(const std::string& method, const std::string& path, const json::value& body, json::value& answer);

  /// Ten minutes pass on both sides: queries show everything, a dead runner's lease has run out, late requests have
  /// landed or never will, what waits is due.
  void pass_time();

  /// The way to the database that FIRE_WAY names, from now on: direct, session, transaction (poolers) or data-api,
  /// where the program has a project's address and a key in place of a password. The relay stands before it. Throws.
  void take_way();

  PrivateCluster& cluster;
  Sql sql;
  std::unique_ptr<test::Relay> to_postgres, to_notion;
  std::string folder;
  std::map<std::string, std::string> environment;
  std::vector<std::string> secrets;  // which must never show

 private:
  void connect_through_relay();
  Child spawn_program(const std::vector<std::string>& arguments);
  int ask(const std::string& method, const std::string& path, const json::value& body, bool as_person,
          json::value& answer);

  std::string database_, base_url_, person_token_;
  std::string way_;
  std::unique_ptr<testing::DataApi> api_;
  std::unique_ptr<testing::Pooler> pooler_;
  std::unique_ptr<HttpClient> http_;
  Child sandbox_;
  int started_ = 0;
};

}  // namespace rowpage::fire
