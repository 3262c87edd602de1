// The direct way: one connection of our own to PostgreSQL.
//
// The same code runs on a direct connection, behind a session pooler and behind a transaction pooler, so nothing
// outlives a transaction: unnamed statements, settings by set_config(..., true), no temporary tables, no session locks,
// no LISTEN.
//
// A unit whose statements are known from the start travels as one message, from BEGIN to COMMIT, for a database in
// another town costs its round trips. It is a simple query with the values written into it: libpq's pipeline mode loses
// its server behind some poolers. A server logs statements that fail, so what holds values of records goes as
// parameters, in three messages.
#pragma once

#include <libpq-fe.h>

#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "postgres/database.h"
#include "postgres/sqlstate.h"
#include "postgres/url.h"

namespace rowpage {

struct DatabaseOptions {
  std::string url;
  Millis statement_ms = 60 * second_ms;
  Millis lock_ms = 15 * second_ms;
  int attempts = 4;  // of a unit, while the server cannot be reached
};

class ConnectedUnit : public Unit {
 public:
  Result<Answer> run(const std::string& sql, const Parameters& parameters, std::string_view doing) override;
  Status script(const std::string& sql, std::string_view doing) override;
  std::string database() const override { return PQdb(link_); }
  /// The server process of this transaction.
  int backend() const { return PQbackendPID(link_); }

 private:
  friend class ConnectedDatabase;
  ConnectedUnit(PGconn* link, const std::string& role) : link_(link), role_(role) {}
  PGconn* link_;
  const std::string& role_;
  bool lost_ = false;
};

/// Connects on first use, reconnects when the line broke. Units from several threads wait for each other.
class ConnectedDatabase : public Database {
 public:
  explicit ConnectedDatabase(DatabaseOptions options);
  ~ConnectedDatabase() override;
  ConnectedDatabase(const ConnectedDatabase&) = delete;
  ConnectedDatabase& operator=(const ConnectedDatabase&) = delete;

  using Database::read;
  Result<std::vector<Answer>> read(std::span<const Statement> statements, std::string_view doing) override;
  Result<std::string> call(const std::string& function, const std::string& request, std::string_view doing,
                           bool private_values = false) override;
  Result<std::string> transport_warning() const override;
  std::string place() const override;
  std::string project() const override;
  std::string role() const override;

  /// For tests: called when a unit's COMMIT is about to be sent.
  std::function<void(ConnectedUnit&)> before_commit;

 private:
  static constexpr const char* begin_reading = "begin isolation level repeatable read read only";
  static constexpr const char* begin_writing = "begin";

  Status run_unit(bool writes, const std::function<Status(Unit&)>& body) override;
  Result<std::vector<Answer>> one_message(bool writes, std::span<const Statement> statements, std::string_view doing);
  Step try_message(const std::string& message, bool writes, std::string_view doing, std::vector<Answer>& answers,
                   Error& error);
  std::string opening(bool writes) const;
  Step try_unit(bool writes, const std::function<Status(Unit&)>& body, Error& error);
  Status connect();
  Error connection_error() const;

  DatabaseOptions options_;
  Result<ConnectPlan> plan_;
  PGconn* link_ = nullptr;
  std::optional<Error> refused_;  // authentication failed: never tried again
  std::mutex mutex_;
};

}  // namespace rowpage
