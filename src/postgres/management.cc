#include "postgres/management.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "postgres/sql_text.h"
#include "postgres/told_answer.h"

namespace rowpage {
namespace {

constexpr int attempts = 4;
constexpr int patience_s = 70;  // the limit is counted by the minute

int seconds_of(std::string_view text) {
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp(seconds, 0, patience_s);
}

}  // namespace

Result<std::unique_ptr<ManagementDatabase>> ManagementDatabase::make(HttpClient& http, Clock& clock,
                                                                     ManagementOptions options) {
  const auto refuse = [](std::string what, std::string hint) {
    return fail(Error{Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)});
  };
  if (Status status = check_base_url(options.url, "SUPABASE_MANAGEMENT_URL"); !status) return fail(status.error());
  while (options.url.ends_with('/')) options.url.pop_back();
  const bool plain = std::ranges::all_of(options.project, [](unsigned char c) { return std::isalnum(c) != 0; });
  if (options.project.empty() || !plain) {
    return refuse("SUPABASE_PROJECT_ID is no project's reference: it has letters and digits only",
                  "It stands in the project's address: https://REFERENCE.supabase.co.");
  }
  if (std::ranges::any_of(options.token, [](unsigned char c) { return c <= ' ' || c >= 127; })) {
    return refuse("SUPABASE_ACCESS_TOKEN holds white space or characters that no token has",
                  "Make one at https://supabase.com/dashboard/account/tokens; it begins with sbp_.");
  }
  return std::unique_ptr<ManagementDatabase>(new ManagementDatabase(http, clock, std::move(options)));
}

ManagementDatabase::ManagementDatabase(HttpClient& http, Clock& clock, ManagementOptions options)
    : http_(http), clock_(clock), options_(std::move(options)) {}

Database::Step ManagementDatabase::try_once(const std::string& body, bool writes, std::string_view doing,
                                            std::string& answer, Error& error) {
  HttpClient::Request request;
  request.method = "POST";
  request.url = options_.url + "/v1/projects/" + options_.project + "/database/query";
  request.headers = {"Authorization: Bearer " + options_.token, "Content-Type: application/json",
                     "Accept: application/json"};
  request.body = body;
  request.repeatable = !writes;
  HttpClient::Answer got = http_.start(std::move(request)).get();
  using Outcome = HttpClient::Answer::Outcome;
  const auto told = [&](Cause cause, std::string what, std::string hint) {
    error = {Effect::none, Scope::workspace, cause, std::string(doing) + ": " + std::move(what), std::move(hint)};
  };
  if (got.outcome != Outcome::complete) {
    told(Cause::unavailable, "the Management API: " + got.why, "Is " + options_.url + " reachable from here?");
    if (!writes) return Step::again;
    // A script is no function of ours that could be called again: the next setup looks what became of it.
    if (got.outcome != Outcome::not_sent) error.effect = Effect::unknown;
    return got.outcome == Outcome::not_sent ? Step::again : Step::failed;
  }
  if (got.status >= 200 && got.status < 300) {
    answer = std::move(got.body);
    return Step::done;
  }
  const auto parsed = parse_json(got.body);
  const std::string message(parsed ? find_string(*parsed, "message") : std::string_view());
  const std::string said = "HTTP " + std::to_string(got.status) + (message.empty() ? "" : ": " + message);
  switch (got.status) {
    case 401:
      told(Cause::unauthorised, "the access token is refused (" + said + ")",
           "Check SUPABASE_ACCESS_TOKEN: https://supabase.com/dashboard/account/tokens. It is not tried again.");
      return Step::failed;
    case 403:
      told(Cause::forbidden, "the access token may not do this (" + said + ")",
           "It needs to read and write the project's database.");
      return Step::failed;
    case 404:
      told(Cause::usage, "there is no such project (" + said + ")", "Check SUPABASE_PROJECT_ID.");
      return Step::failed;
    case 429:
      told(Cause::rate_limited, "the Management API asks to wait (" + said + ")", "Try again in a minute.");
      if (const auto asked = got.header("retry-after"), resets = got.header("x-ratelimit-reset");
          !clock_.sleep(std::max(1, seconds_of(asked.empty() ? resets : asked)) * second_ms)) {
        told(Cause::interrupted, "interrupted while the Management API asked to wait", "Run `rowpage setup` again.");
        return Step::failed;
      }
      return Step::again;
    default:
      break;
  }
  const bool refused = got.status >= 400 && got.status < 500;
  told(refused || !message.empty() ? Cause::other : Cause::unavailable, "the Management API answers " + said, "");
  if (writes && !refused && message.empty()) error.effect = Effect::unknown;
  return refused || writes || !message.empty() ? Step::failed : Step::again;
}

Result<std::string> ManagementDatabase::query(const std::string& sql, bool writes, std::string_view doing) {
  const std::string body = to_text(json::object{{"query", sql}});
  std::string answer;
  const Status done = repeat(attempts, [&](Error& error) { return try_once(body, writes, doing, answer, error); });
  if (!done) return fail(done.error());
  return answer;
}

Result<std::vector<Answer>> ManagementDatabase::read(std::span<const Statement> statements, std::string_view doing) {
  std::string list;
  for (const auto& [sql, parameters] : statements)
    list += (list.empty() ? "" : ", ") + row_lines(with_literals(sql, parameters));
  auto text = query("select pg_catalog.jsonb_build_array(" + list + ") as lines", false, doing);
  if (!text) return fail(text.error());
  const auto rows = parse_json(*text);
  const json::value* lines =
      rows && rows->is_array() && rows->get_array().size() == 1 ? find(rows->get_array().front(), "lines") : nullptr;
  return told_answers(lines ? *lines : json::value(nullptr), statements.size(), doing);
}

Result<std::string> ManagementDatabase::call(const std::string& function, const std::string&, std::string_view doing,
                                             bool) {
  return fail(Error{Effect::none, Scope::workspace, Cause::usage,
                    std::string(doing) + ": rowpage." + function + " is not called over the Management API",
                    "Set SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY."});
}

Status ManagementDatabase::execute(const std::string& script, std::string_view doing) {
  auto answer = query(script, true, doing);
  if (!answer) return fail(answer.error());
  return {};
}

Status ManagementDatabase::run_unit(bool writes, const std::function<Status(Unit&)>& body) {
  if (writes) {
    return fail(Error{Effect::none, Scope::workspace, Cause::usage,
                      "this needs a transaction of its own, which the Management API does not have",
                      "Set SUPABASE_DB_URL for this command."});
  }
  AskingUnit unit(*this);
  return body(unit);
}

}  // namespace rowpage
