// One PostgreSQL database, by whichever way it is reached, and work done in it in units.
//
// A unit is one transaction. Reading may be repeated. Writing has one dangerous moment: the COMMIT whose answer is
// lost. Every function of ours is safe to call again with the same argument (its token, ticket or lease answers for the
// first call), so a lost COMMIT is settled by calling again; only when that fails too is the effect unknown.
//
// Two ways: a connection of our own (postgres/connection.h) and Supabase's Data API (postgres/data_api.h).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace rowpage {

/// The rows of an answer, each cell in PostgreSQL's text form. Texts stay valid as long as the Answer.
class Answer {
 public:
  /// Where the cells are kept.
  class Cells {
   public:
    virtual ~Cells() = default;
    virtual int rows() const = 0;
    virtual int columns() const = 0;
    virtual std::optional<std::string_view> cell(int row, int column) const = 0;
  };

  Answer() = default;  // no rows
  explicit Answer(std::unique_ptr<const Cells> cells) : cells_(std::move(cells)) {}
  int rows() const { return cells_ ? cells_->rows() : 0; }
  int columns() const { return cells_ ? cells_->columns() : 0; }
  std::optional<std::string_view> cell(int row, int column) const { return cells_->cell(row, column); }
  bool null(int row, int column) const { return !cell(row, column); }
  std::string_view text(int row, int column) const { return cell(row, column).value_or(std::string_view()); }
  std::int64_t integer(int row, int column) const;
  bool flag(int row, int column) const { return text(row, column) == "t"; }

 private:
  std::unique_ptr<const Cells> cells_;
};

using Parameter = std::optional<std::string>;
using Parameters = std::vector<Parameter>;

struct Statement {
  std::string sql;
  Parameters parameters;
};

/// A transaction under way, handed to the body of a unit.
class Unit {
 public:
  virtual ~Unit() = default;
  /// Runs one statement. `doing` is what the error message says was attempted.
  virtual Result<Answer> run(const std::string& sql, const Parameters& parameters, std::string_view doing) = 0;
  /// Several statements without parameters or answer (DDL).
  virtual Status script(const std::string& sql, std::string_view doing) = 0;
  /// The database this transaction runs in.
  virtual std::string database() const = 0;
  /// Whether it may change the schema. Where not, a plan is for somebody else to carry out.
  virtual bool changes() const { return true; }
  /// The last failure's SQLSTATE; empty when the connection itself failed.
  const std::string& sqlstate() const { return sqlstate_; }

 protected:
  std::string sqlstate_;
};

class Database {
 public:
  virtual ~Database() = default;

  /// One read-only transaction with one snapshot. The body may be called again from the start.
  template <class T>
  Result<T> read(const std::function<Result<T>(Unit&)>& body) {
    return unit<T>(false, body);
  }

  /// One writing transaction whose body may be repeated safely even after a COMMIT of unknown outcome (see above).
  template <class T>
  Result<T> write(const std::function<Result<T>(Unit&)>& body) {
    return unit<T>(true, body);
  }

  /// One statement as a unit. Its parameters may show in the server's log.
  Result<Answer> read(const std::string& sql, const Parameters& parameters, std::string_view doing);
  /// Several, of which none needs another's answer, as one unit and one message. An answer for each, in order.
  virtual Result<std::vector<Answer>> read(std::span<const Statement> statements, std::string_view doing) = 0;

  /// `select rowpage.NAME($1)` as a writing unit; the answer is the function's jsonb as text. `private_values`: the
  /// request must not show in the server's log.
  virtual Result<std::string> call(const std::string& function, const std::string& request, std::string_view doing,
                                   bool private_values = false) = 0;

  /// Whether write() takes any body. Where not, the schema is changed by execute().
  virtual bool transactions() const { return true; }
  /// Carries out a script that brings its own BEGIN and COMMIT. Errors: usage where this way cannot.
  virtual Status execute(const std::string& script, std::string_view doing);

  /// A warning about the transport that people should see once; may be empty.
  virtual Result<std::string> transport_warning() const = 0;

  /// "user@host:port/database", or the project's address; never a secret.
  virtual std::string place() const = 0;
  /// Supabase's reference of the project, where the address shows it; empty: it does not.
  virtual std::string project() const { return {}; }
  /// Whom a missing GRANT would go to.
  virtual std::string role() const = 0;

 protected:
  enum class Step { done, failed, again, commit_lost };
  virtual Status run_unit(bool writes, const std::function<Status(Unit&)>& body) = 0;
  /// One attempt after another, at most `attempts`, with pauses between them.
  static Status repeat(int attempts, const std::function<Step(Error&)>& attempt_once);

 private:
  template <class T>
  Result<T> unit(bool writes, const std::function<Result<T>(Unit&)>& body) {
    std::optional<Result<T>> answer;
    const Status status = run_unit(writes, [&](Unit& unit) -> Status {
      answer.emplace(body(unit));
      if (!*answer) return fail(answer->error());
      return {};
    });
    if (!status) return fail(status.error());
    return std::move(*answer);
  }
};

/// For a way that calls functions only: names the ways that change a schema.
Error no_statements(std::string_view doing);

}  // namespace rowpage
