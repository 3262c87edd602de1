#include "postgres/connection.h"

#include <poll.h>

#include <chrono>
#include <memory>

#include "postgres/sql_text.h"

namespace rowpage {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// "FATAL:  28P01: password ..." under verbose errors; the word before the first colon is translated by the server.
std::string startup_sqlstate(const std::string& text) {
  for (std::size_t at = text.find(':'); at != std::string::npos; at = text.find(':', at + 1)) {
    const auto start = text.find_first_not_of(' ', at + 1);
    if (start == std::string::npos || start + 5 >= text.size() || text[start + 5] != ':') continue;
    std::string code = text.substr(start, 5);
    const bool plausible = code.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos &&
                           code.find_first_of("0123456789") != std::string::npos;
    if (plausible) return code;
  }
  return {};
}

/// The first line that says something, without the "LOCATION" lines of verbose errors.
std::string first_line(std::string text) {
  if (const auto end = text.find('\n'); end != std::string::npos) text.resize(end);
  return text;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

ServerMessage message_of(const PGresult* result) {
  const auto field = [&](int code) {
    const char* value = PQresultErrorField(result, code);
    return value == nullptr ? std::string() : std::string(value);
  };
  return {.sqlstate = field(PG_DIAG_SQLSTATE),
          .text = field(PG_DIAG_MESSAGE_PRIMARY),
          .detail = field(PG_DIAG_MESSAGE_DETAIL),
          .hint = field(PG_DIAG_MESSAGE_HINT),
          .schema = field(PG_DIAG_SCHEMA_NAME),
          .table = field(PG_DIAG_TABLE_NAME),
          .column = field(PG_DIAG_COLUMN_NAME),
          .constraint = field(PG_DIAG_CONSTRAINT_NAME)};
}

/// What to do about a line that cannot be trusted; empty when the trouble is another.
std::string transport_hint(const std::string& text) {
  if (contains(text, "does not match host name")) {
    return "The certificate belongs to another server than the one asked for: use the host name it was issued for "
           "(Supabase, Dashboard, Connect).";
  }
  if (contains(text, "root certificate file")) {
    return "Check sslrootcert in SUPABASE_DB_URL: it must name a readable file with the authority's certificate.";
  }
  if (contains(text, "certificate")) {
    return "The server's certificate could not be verified. Supabase signs with its own authority: download the "
           "certificate (Dashboard, Database settings) and add sslrootcert=FILE to the URL.";
  }
  if (contains(text, "does not support SSL")) {
    return "The server offers no encryption. Turn it on there (ssl = on); off this machine Rowpage never connects "
           "without.";
  }
  return {};
}

// The cells as libpq keeps them.
class Received : public Answer::Cells {
 public:
  explicit Received(PGresult* result) : result_(result, &PQclear) {}
  int rows() const override { return PQntuples(result_.get()); }
  int columns() const override { return PQnfields(result_.get()); }
  std::optional<std::string_view> cell(int row, int column) const override {
    if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
    return std::string_view(PQgetvalue(result_.get(), row, column),
                            static_cast<std::size_t>(PQgetlength(result_.get(), row, column)));
  }

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

Answer answer_of(PGresult* result) {
  return Answer(std::make_unique<Received>(result));
}

Error unavailable(std::string what, const ConnectPlan& plan = {}) {
  return Error{.effect = Effect::none,
               .scope = Scope::workspace,
               .cause = Cause::unavailable,
               .what = std::move(what),
               .hint = unreachable_hint(plan)};
}

}  // namespace

Result<Answer> ConnectedUnit::run(const std::string& sql, const Parameters& parameters, std::string_view doing) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  PGresult* result =
      PQexecParams(link_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0);
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return answer_of(result);
  const ServerMessage message = message_of(result);
  PQclear(result);
  sqlstate_ = message.sqlstate;
  lost_ = PQstatus(link_) == CONNECTION_BAD;
  if (lost_ || message.sqlstate.empty()) {
    lost_ = true;
    return fail(unavailable(std::string(doing) + ": the connection broke (" + first_line(PQerrorMessage(link_)) + ")"));
  }
  return fail(error_of(message, doing, role_));
}

Status ConnectedUnit::script(const std::string& sql, std::string_view doing) {
  PGresult* result = PQexec(link_, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  const ServerMessage message = message_of(result);
  PQclear(result);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) return {};
  sqlstate_ = message.sqlstate;
  lost_ = PQstatus(link_) == CONNECTION_BAD || message.sqlstate.empty();
  if (lost_)
    return fail(unavailable(std::string(doing) + ": the connection broke (" + first_line(PQerrorMessage(link_)) + ")"));
  return fail(error_of(message, doing, role_));
}

ConnectedDatabase::ConnectedDatabase(DatabaseOptions options)
    : options_(std::move(options)), plan_(plan_connection(options_.url)) {}

ConnectedDatabase::~ConnectedDatabase() {
  PQfinish(link_);
}

std::string ConnectedDatabase::place() const {
  return plan_ ? plan_->place : without_password(options_.url);
}
std::string ConnectedDatabase::role() const {
  if (link_ != nullptr && PQuser(link_) != nullptr) return PQuser(link_);
  return plan_ ? plan_->role : std::string();
}

std::string ConnectedDatabase::project() const {
  return plan_ ? plan_->project : std::string();
}

Result<std::string> ConnectedDatabase::transport_warning() const {
  if (!plan_) return fail(plan_.error());
  return plan_->warning;
}

Error ConnectedDatabase::connection_error() const {
  const std::string text = PQerrorMessage(link_);
  const std::string code = startup_sqlstate(text);
  const std::string what = "connecting to " + plan_->place + ": " + first_line(text);
  // A pooler reports its own codes, so the words count too.
  if (code.starts_with("28") || PQconnectionNeedsPassword(link_) != 0 || contains(text, "authentication failed") ||
      contains(text, "Tenant or user not found")) {
    return Error{
        .effect = Effect::none,
        .scope = Scope::workspace,
        .cause = Cause::unauthorised,
        .what = what,
        .hint =
            "Check user and password in SUPABASE_DB_URL (Supabase, Dashboard, Connect). It was tried once and is not "
            "repeated: two wrong passwords in a row block this machine for 30 minutes. Behind the pooler the user "
            "is postgres.PROJECT."};
  }
  if (code == "3D000") {
    return Error{.scope = Scope::workspace,
                 .cause = Cause::usage,
                 .what = what,
                 .hint = "Check the database name in SUPABASE_DB_URL."};
  }
  if (const std::string hint = transport_hint(text); !hint.empty()) {
    return Error{.scope = Scope::workspace, .cause = Cause::usage, .what = what, .hint = hint};
  }
  return unavailable(what, *plan_);
}

Status ConnectedDatabase::connect() {
  if (!plan_) return fail(plan_.error());
  if (refused_) return fail(*refused_);
  if (link_ != nullptr && PQstatus(link_) == CONNECTION_OK) return {};
  PQfinish(link_);
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : plan_->parameters) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  // By hand instead of PQconnectdbParams, so that start-up errors carry their SQLSTATE too.
  link_ = PQconnectStartParams(keys.data(), values.data(), 0);
  if (link_ == nullptr) return fail(unavailable("connecting to " + plan_->place + ": out of memory"));
  PQsetErrorVerbosity(link_, PQERRORS_VERBOSE);
  const auto deadline = steady_clock::now() + std::chrono::seconds(15);
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(link_) != CONNECTION_BAD && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) {
      PQfinish(link_);
      link_ = nullptr;
      return fail(unavailable("connecting to " + plan_->place + ": no answer within 15 s"));
    }
    pollfd descriptor{.fd = PQsocket(link_),
                      .events = static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT)};
    ::poll(&descriptor, 1, static_cast<int>(left));
    state = PQconnectPoll(link_);
  }
  if (PQstatus(link_) != CONNECTION_OK) {
    Error error = connection_error();
    PQfinish(link_);
    link_ = nullptr;
    if (error.cause == Cause::unauthorised) refused_ = error;
    return fail(std::move(error));
  }
  PQsetErrorVerbosity(link_, PQERRORS_DEFAULT);
  PQsetNoticeProcessor(
      link_, [](void*, const char*) {}, nullptr);
  if (PQserverVersion(link_) < 140000) {
    refused_ = Error{.scope = Scope::workspace,
                     .cause = Cause::incompatible,
                     .what = plan_->place + " runs PostgreSQL " + std::to_string(PQserverVersion(link_) / 10000) +
                             ", Rowpage needs 14 or newer",
                     .hint = "Upgrade the server."};
    return fail(*refused_);
  }
  return {};
}

// Texts of values are compared between runs, so everything that shapes them is set; row security must raise an error
// instead of hiding rows, for a hidden row would look deleted. Compiling a statement that looks up some hundred rows
// takes longer than the looking up.
std::string ConnectedDatabase::opening(bool writes) const {
  return std::string(writes ? begin_writing : begin_reading) + "; select set_config('statement_timeout', '" +
         std::to_string(options_.statement_ms) + "', true), set_config('lock_timeout', '" +
         std::to_string(options_.lock_ms) +
         "', true), set_config('idle_in_transaction_session_timeout', '120000', true), set_config('TimeZone', 'UTC', "
         "true), set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'postgres', true), "
         "set_config('extra_float_digits', '1', true), set_config('row_security', 'off', true), "
         "set_config('standard_conforming_strings', 'on', true), set_config('jit', 'off', true)";
}

ConnectedDatabase::Step ConnectedDatabase::try_unit(bool writes, const std::function<Status(Unit&)>& body,
                                                    Error& error) {
  if (Status connected = connect(); !connected) {
    error = connected.error();
    return error.cause == Cause::unavailable ? Step::again : Step::failed;
  }
  ConnectedUnit unit(link_, plan_->role);
  Status status = unit.script(opening(writes), "beginning a transaction");
  if (status) status = body(unit);
  if (!status) {
    error = status.error();
    if (!unit.lost_) {
      PQclear(PQexec(link_, "rollback"));
      return transient(unit.sqlstate_) ? Step::again : Step::failed;
    }
    PQfinish(link_);
    link_ = nullptr;
    return Step::again;
  }
  if (before_commit) before_commit(unit);
  status = unit.script("commit", "committing");
  if (status) return Step::done;
  error = status.error();
  if (unit.lost_) {
    PQfinish(link_);
    link_ = nullptr;
    return writes ? Step::commit_lost : Step::again;
  }
  PQclear(PQexec(link_, "rollback"));  // a deferred constraint refused: nothing happened
  return transient(unit.sqlstate_) ? Step::again : Step::failed;
}

// The message's answers are those of BEGIN, of the settings, of the statements and of COMMIT; after an error none
// follows.
ConnectedDatabase::Step ConnectedDatabase::try_message(const std::string& message, bool writes, std::string_view doing,
                                                       std::vector<Answer>& answers, Error& error) {
  constexpr std::size_t before = 2;
  if (Status connected = connect(); !connected) {
    error = connected.error();
    return error.cause == Cause::unavailable ? Step::again : Step::failed;
  }
  std::optional<ServerMessage> failure;
  bool sent = PQsendQuery(link_, message.c_str()) == 1;
  for (std::size_t n = 0; sent; ++n) {
    PGresult* result = PQgetResult(link_);
    if (result == nullptr) break;
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
      Answer received = answer_of(result);
      if (n >= before && n - before < answers.size()) answers[n - before] = std::move(received);
      continue;
    }
    if (!failure) {
      failure = message_of(result);
      error = error_of(*failure, n == before + answers.size() ? "committing" : doing, plan_->role);
    }
    PQclear(result);
  }
  if (!sent || PQstatus(link_) == CONNECTION_BAD || (failure && failure->sqlstate.empty())) {
    error = unavailable(std::string(doing) + ": the connection broke (" + first_line(PQerrorMessage(link_)) + ")");
    PQfinish(link_);
    link_ = nullptr;
    // The COMMIT was on its way with the rest.
    return writes && sent ? Step::commit_lost : Step::again;
  }
  if (!failure) return Step::done;
  PQclear(PQexec(link_, "rollback"));
  return transient(failure->sqlstate) ? Step::again : Step::failed;
}

Result<std::vector<Answer>> ConnectedDatabase::one_message(bool writes, std::span<const Statement> statements,
                                                           std::string_view doing) {
  std::vector<Answer> answers;
  Status done;
  if (before_commit) {  // a test wants to stand between the statements and their COMMIT
    done = run_unit(writes, [&](Unit& unit) -> Status {
      answers.clear();
      for (const auto& [sql, parameters] : statements) {
        auto ran = unit.run(sql, parameters, doing);
        if (!ran) return fail(ran.error());
        answers.push_back(std::move(*ran));
      }
      return {};
    });
  } else {
    std::string message = opening(writes);
    for (const auto& [sql, parameters] : statements) {
      message += "; " + with_literals(sql, parameters);
      answers.emplace_back();
    }
    message += "; commit";
    const std::scoped_lock lock(mutex_);
    done = repeat(options_.attempts, [&](Error& error) { return try_message(message, writes, doing, answers, error); });
  }
  if (!done) return fail(done.error());
  return answers;
}

Status ConnectedDatabase::run_unit(bool writes, const std::function<Status(Unit&)>& body) {
  const std::scoped_lock lock(mutex_);
  return repeat(options_.attempts, [&](Error& error) { return try_unit(writes, body, error); });
}

Result<std::vector<Answer>> ConnectedDatabase::read(std::span<const Statement> statements, std::string_view doing) {
  return one_message(false, statements, doing);
}

Result<std::string> ConnectedDatabase::call(const std::string& function, const std::string& request,
                                            std::string_view doing, bool private_values) {
  const Statement statement{"select rowpage." + function + "($1::jsonb)", {request}};
  if (!private_values) {
    auto answers = one_message(true, {&statement, 1}, doing);
    if (!answers) return fail(std::move(answers.error()));
    return std::string(answers->front().text(0, 0));
  }
  return write<std::string>([&](Unit& unit) -> Result<std::string> {
    auto answer = unit.run(statement.sql, statement.parameters, doing);
    if (!answer) return fail(std::move(answer.error()));
    return std::string(answer->text(0, 0));
  });
}

}  // namespace rowpage
