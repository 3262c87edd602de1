#include "postgres/data_api.h"

#include <utility>

#include "base/json.h"
#include "postgres/api_key.h"
#include "postgres/sql_text.h"
#include "postgres/sqlstate.h"
#include "postgres/told_answer.h"
#include "postgres/url.h"

namespace rowpage {
namespace {

bool from_gateway(int status) {
  return status == 502 || status == 503 || status == 504 || (status >= 520 && status <= 524) || status == 544;
}

struct Refusal {
  std::string_view code;  // PostgREST's; a prefix
  Scope scope;
  Cause cause;
  bool again;
  std::string_view hint;
};

// https://docs.postgrest.org/en/v14/references/errors.html
constexpr Refusal refusals[] = {
    {"PGRST000", Scope::workspace, Cause::unavailable, true, "PostgREST cannot reach the database; is it starting?"},
    {"PGRST001", Scope::workspace, Cause::unavailable, true, "PostgREST lost its connection to the database."},
    {"PGRST002", Scope::workspace, Cause::unavailable, true, "PostgREST is still reading the database's schema."},
    {"PGRST003", Scope::workspace, Cause::unavailable, true, "All of PostgREST's connections are busy."},
    {"PGRST106", Scope::workspace, Cause::usage, false,
     "Add `public` to the exposed schemas (project settings, Data API)."},
    {"PGRST202", Scope::workspace, Cause::schema_drift, true,
     "Rowpage's functions are not there, or PostgREST has not noticed them yet. `rowpage setup` makes them with "
     "SUPABASE_PROJECT_ID and SUPABASE_ACCESS_TOKEN, or SUPABASE_DB_URL; without either, run in Supabase's SQL editor "
     "what "
     "`rowpage setup --print` prints."},
    {"PGRST203", Scope::workspace, Cause::schema_drift, false,
     "Another function of the same name stands in the schema public; rename it."},
    {"PGRST3", Scope::workspace, Cause::unauthorised, false,
     "Check SUPABASE_SERVICE_ROLE_KEY: an expired or foreign key. It is not tried again."},
};

}  // namespace

DataApiFailure data_api_failure(int status, std::string_view body, bool writes, std::string_view doing) {
  DataApiFailure failure;
  const auto parsed = parse_json(body);
  const json::value answer = parsed && parsed->is_object() ? *parsed : json::value(json::object());
  const std::string code(find_string(answer, "code")), message(find_string(answer, "message"));
  const auto told = [&](Scope scope, Cause cause, std::string what, std::string hint, bool again) {
    failure.error = {Effect::none, scope, cause, std::string(doing) + ": " + std::move(what), std::move(hint)};
    failure.again = again;
  };
  const std::string number = "HTTP " + std::to_string(status);
  if (status == 540) {
    told(Scope::workspace, Cause::unavailable, "the project is paused (" + number + ")",
         "Restore it in Supabase's dashboard; free projects are paused after a week without use.", false);
    return failure;
  }
  for (const auto& refusal : refusals) {
    if (!code.starts_with(refusal.code)) continue;
    told(refusal.scope, refusal.cause, message + " [" + code + "]", std::string(refusal.hint), refusal.again);
    if (writes && code == "PGRST001") failure.error.effect = Effect::unknown;  // lost in the middle of it
    return failure;
  }
  const bool has_sqlstate = code.size() == 5 && !code.starts_with("PGRST");
  if (has_sqlstate) {
    failure.error = error_of({.sqlstate = code,
                              .text = message,
                              .detail = std::string(find_string(answer, "details")),
                              .hint = std::string(find_string(answer, "hint"))},
                             doing, "service_role");
    failure.again = transient(code);
    // PostgREST's own line to the database broke, perhaps behind the COMMIT.
    if (writes && (code.starts_with("08") || code.starts_with("57P"))) failure.error.effect = Effect::unknown;
    return failure;
  }
  if (status == 401) {
    told(Scope::workspace, Cause::unauthorised,
         "the key is refused (" + number + ")" + (message.empty() ? "" : ": " + message),
         "Check SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY: both must be of the same project. It is not tried again.",
         false);
  } else if (status == 403) {
    told(Scope::workspace, Cause::forbidden,
         "the Data API refuses (" + number + ")" + (message.empty() ? "" : ": " + message),
         "Is the Data API switched on, and this address allowed to reach it (project settings)?", false);
  } else if (status == 404) {
    told(Scope::workspace, Cause::usage, "there is no Data API at this address (" + number + ")",
         "Check SUPABASE_URL: https://PROJECT.supabase.co, without a path.", false);
  } else if (status == 413) {
    told(Scope::record, Cause::unavailable, "the request is too large (" + number + ")", "A smaller batch may pass.",
         false);
  } else if (status == 429) {
    told(Scope::workspace, Cause::unavailable, "the Data API asks to slow down (" + number + ")", "", true);
  } else if (from_gateway(status)) {
    told(Scope::workspace, Cause::unavailable, "a gateway gave up (" + number + ")",
         "Supabase, or the way to it, is overloaded or down; it is tried again by the next run.", true);
    if (writes) failure.error.effect = Effect::unknown;
  } else {
    told(Scope::workspace, Cause::other, "unexpected answer (" + number + ")" + (message.empty() ? "" : ": " + message),
         "", false);
    if (writes && status >= 500) failure.error.effect = Effect::unknown;
  }
  return failure;
}

Result<std::unique_ptr<DataApiDatabase>> DataApiDatabase::make(HttpClient& http, DataApiOptions options) {
  if (Status status = check_base_url(options.url, "SUPABASE_URL"); !status) return fail(status.error());
  while (options.url.ends_with('/')) options.url.pop_back();
  if (options.url.ends_with("/rest/v1")) options.url.resize(options.url.size() - std::string_view("/rest/v1").size());
  auto headers = key_headers(options.key, "SUPABASE_SERVICE_ROLE_KEY");
  if (!headers) return fail(headers.error());
  headers->emplace_back("Content-Type: application/json");
  headers->emplace_back("Accept: application/json");
  return std::unique_ptr<DataApiDatabase>(new DataApiDatabase(http, std::move(options), std::move(*headers)));
}

DataApiDatabase::DataApiDatabase(HttpClient& http, DataApiOptions options, std::vector<std::string> headers)
    : http_(http), options_(std::move(options)), headers_(std::move(headers)) {}

Database::Step DataApiDatabase::try_once(const std::string& function, const std::string& body, bool writes,
                                         std::string_view doing, std::string& answer, Error& error) {
  HttpClient::Request request;
  request.method = "POST";
  request.url = options_.url + "/rest/v1/rpc/" + function;
  request.headers = headers_;
  request.body = body;
  request.repeatable = true;  // every function of ours answers a second call with the first one's outcome
  HttpClient::Answer got = http_.start(std::move(request)).get();
  using Outcome = HttpClient::Answer::Outcome;
  if (got.outcome != Outcome::complete) {
    const bool stopped = got.stop == HttpClient::Answer::Stop::interrupted;
    error = {Effect::none, Scope::workspace, stopped ? Cause::interrupted : Cause::unavailable,
             std::string(doing) + ": " + got.why, "Is " + options_.url + " right, and reachable from here?"};
    const bool maybe_done = writes && got.outcome != Outcome::not_sent;
    if (stopped) {
      if (maybe_done) error.effect = Effect::unknown;
      return Step::failed;
    }
    return maybe_done ? Step::commit_lost : Step::again;
  }
  if (got.status >= 200 && got.status < 300) {
    answer = std::move(got.body);
    return Step::done;
  }
  DataApiFailure failure = data_api_failure(got.status, got.body, writes, doing);
  const bool unknown = failure.error.effect == Effect::unknown;
  error = std::move(failure.error);
  if (!failure.again) return Step::failed;
  error.effect = Effect::none;
  return unknown ? Step::commit_lost : Step::again;
}

Result<std::string> DataApiDatabase::ask(const std::string& function, const std::string& body, bool writes,
                                         std::string_view doing) {
  const std::scoped_lock lock(mutex_);
  std::string answer;
  const Status done =
      repeat(options_.attempts, [&](Error& error) { return try_once(function, body, writes, doing, answer, error); });
  if (!done) return fail(done.error());
  return answer;
}

Result<std::vector<Answer>> DataApiDatabase::read(std::span<const Statement> statements, std::string_view doing) {
  json::array texts;
  for (const auto& [sql, parameters] : statements) texts.emplace_back(with_literals(sql, parameters));
  const std::size_t count = texts.size();
  const std::string body = to_text(json::object{{"request", json::object{{"statements", std::move(texts)}}}});
  auto text = ask("rowpage_read", body, false, doing);
  if (!text) return fail(text.error());
  const auto parsed = parse_json(*text);
  return told_answers(parsed ? *parsed : json::value(nullptr), count, doing);
}

Result<std::string> DataApiDatabase::call(const std::string& function, const std::string& request,
                                          std::string_view doing, bool) {
  const std::string body =
      R"({"request":{"function":)" + to_text(json::value(function)) + R"(,"request":)" + request + "}}";
  return ask("rowpage_call", body, true, doing);
}

std::string DataApiDatabase::project() const {
  const std::size_t host = options_.url.find("://");
  return host == std::string::npos ? std::string() : project_of(std::string_view(options_.url).substr(host + 3));
}

Status DataApiDatabase::run_unit(bool writes, const std::function<Status(Unit&)>& body) {
  if (writes) return fail(no_statements("changing the database's schema"));
  AskingUnit unit(*this);
  return body(unit);
}

}  // namespace rowpage
