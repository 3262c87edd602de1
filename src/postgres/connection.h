// One connection to PostgreSQL, and work done over it in units.
//
// The same code runs on a direct connection, behind a session pooler and behind a transaction pooler, so nothing
// outlives a transaction: unnamed statements, settings by set_config(..., true), no temporary tables, no session locks,
// no LISTEN.
//
// A unit whose statements are known from the start travels as one message, from BEGIN to COMMIT, for a database in
// another town costs its round trips. It is a simple query with the values written into it: libpq's pipeline mode loses
// its server behind some poolers. A server logs statements that fail, so what holds values of records goes as
// parameters, in three messages.
//
// A unit is one transaction. Reading may be repeated on a new connection. Writing has one dangerous moment: the COMMIT
// whose answer is lost. Every function of ours is safe to call again with the same argument (its token, ticket or lease
// answers for the first call), so a lost COMMIT is settled by calling again; only when that fails too is the effect
// unknown.
#pragma once

#include <libpq-fe.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "postgres/sqlstate.h"
#include "postgres/url.h"

namespace rowpage {

/// The rows of an answer. Texts stay valid as long as the Answer.
class Answer {
 public:
  explicit Answer(PGresult* result) : result_(result, &PQclear) {}
  int rows() const { return PQntuples(result_.get()); }
  int columns() const { return PQnfields(result_.get()); }
  bool null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  std::string_view text(int row, int column) const;
  std::optional<std::string_view> cell(int row, int column) const;
  std::int64_t integer(int row, int column) const;
  bool flag(int row, int column) const { return text(row, column) == "t"; }

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

using Parameter = std::optional<std::string>;
using Parameters = std::vector<Parameter>;

struct Statement {
  std::string sql;
  Parameters parameters;
};

struct DatabaseOptions {
  std::string url;
  Millis statement_ms = 60 * second_ms;
  Millis lock_ms = 15 * second_ms;
  int attempts = 4;  // of a unit, while the server cannot be reached
};

/// A transaction under way, handed to the body of a unit.
class Unit {
 public:
  /// Runs one statement. `doing` is what the error message says was attempted.
  Result<Answer> run(const std::string& sql, const Parameters& parameters, std::string_view doing);
  /// Several statements without parameters or answer (DDL).
  Status script(const std::string& sql, std::string_view doing);
  /// The last failure's SQLSTATE; empty when the connection itself failed.
  const std::string& sqlstate() const { return sqlstate_; }
  /// The database this transaction runs in.
  std::string database() const { return PQdb(link_); }
  /// The server process of this transaction.
  int backend() const { return PQbackendPID(link_); }

 private:
  friend class Database;
  Unit(PGconn* link, const std::string& role) : link_(link), role_(role) {}
  PGconn* link_;
  const std::string& role_;
  std::string sqlstate_;
  bool lost_ = false;
};

/// One database. Connects on first use, reconnects when the line broke. Units from several threads wait for each other.
class Database {
 public:
  explicit Database(DatabaseOptions options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// One read-only transaction with one snapshot. The body may be called again from the start.
  template <class T>
  Result<T> read(const std::function<Result<T>(Unit&)>& body) {
    return unit<T>(begin_reading, false, body);
  }

  /// One writing transaction whose body may be repeated safely even after a COMMIT of unknown outcome (see above).
  template <class T>
  Result<T> write(const std::function<Result<T>(Unit&)>& body) {
    return unit<T>(begin_writing, true, body);
  }

  /// One statement as a unit. Its parameters may show in the server's log.
  Result<Answer> read(const std::string& sql, const Parameters& parameters, std::string_view doing);
  /// Several, of which none needs another's answer, as one unit and one message. An answer for each, in order.
  Result<std::vector<Answer>> read(std::span<const Statement> statements, std::string_view doing);

  /// `select rowpage.NAME($1)` as a writing unit; the answer is the function's jsonb as text. `private_values`: the
  /// request must not show in the server's log.
  Result<std::string> call(const std::string& function, const std::string& request, std::string_view doing,
                           bool private_values = false);

  /// A warning about the transport that people should see once; may be empty.
  Result<std::string> transport_warning() const;

  /// "user@host:port/database"
  std::string place() const;
  std::string role() const;

  /// For tests: called when a unit's COMMIT is about to be sent.
  std::function<void(Unit&)> before_commit;

 private:
  static constexpr const char* begin_reading = "begin isolation level repeatable read read only";
  static constexpr const char* begin_writing = "begin";

  template <class T>
  Result<T> unit(const char* begin, bool writes, const std::function<Result<T>(Unit&)>& body) {
    std::optional<Result<T>> answer;
    const Status status = run_unit(begin, writes, [&](Unit& unit) -> Status {
      answer.emplace(body(unit));
      if (!*answer) return fail(answer->error());
      return {};
    });
    if (!status) return fail(status.error());
    return std::move(*answer);
  }
  enum class Step { done, failed, again, commit_lost };
  Status run_unit(const char* begin, bool writes, const std::function<Status(Unit&)>& body);
  Status repeat(const std::function<Step(Error&)>& attempt);
  Result<std::vector<Answer>> one_message(const char* begin, bool writes, std::span<const Statement> statements,
                                          std::string_view doing);
  Step try_message(const std::string& message, bool writes, std::string_view doing, std::vector<Answer>& answers,
                   Error& error);
  std::string opening(const char* begin) const;
  Step try_unit(const char* begin, bool writes, const std::function<Status(Unit&)>& body, Error& error);
  Status connect();
  Error connection_error() const;

  DatabaseOptions options_;
  Result<ConnectPlan> plan_;
  PGconn* link_ = nullptr;
  std::optional<Error> refused_;  // authentication failed: never tried again
  std::mutex mutex_;
};

}  // namespace rowpage
