#include "sandbox/server.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include <fmt/format.h>

#include "sandbox/bulk.h"
#include "sandbox/shape.h"

namespace rowpage::sandbox {
namespace {

HttpResponse plain_json(int status, const json::value& body) {
  HttpResponse response;
  response.status = status;
  response.body = to_text(body);
  return response;
}

HttpResponse refused(std::string what) {
  return plain_json(400, json::object{{"error", std::move(what)}});
}

// "Fri, 20 Nov 2026 09:30:00 GMT"
std::string http_date(Millis ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / second_ms);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  static constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon],
                     parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

bool path_matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty()) {
    if (pattern == "**") return true;
    const auto pattern_end = std::min(pattern.find('/', 1), pattern.size());
    const auto path_end = std::min(path.find('/', 1), path.size());
    const auto wanted = pattern.substr(0, pattern_end);
    if (path.empty()) return false;
    if (wanted == "/**") return true;
    if (wanted != "/*" && wanted != path.substr(0, path_end)) return false;
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
  }
  return path.empty();
}

std::string_view trash_name(Habits::TrashQuery query) {
  switch (query) {
    case Habits::TrashQuery::refused:
      return "refused";
    case Habits::TrashQuery::ignored:
      return "ignored";
    case Habits::TrashQuery::honoured:
      return "honoured";
  }
  return "refused";
}

}  // namespace

Status read_habits(const json::value& in, Habits& habits) {
  const auto bad = [](std::string what) {
    return fail({Effect::none, Scope::record, Cause::usage, std::move(what), "docs/sandbox.md lists the knobs"});
  };
  if (!in.is_object()) return bad("habits are given as an object");
  Habits changed = habits;
  for (const auto& [key, value] : in.get_object()) {
    const auto number = as_number(value);
    constexpr double most = 1e9;  // of anything; more fits no int
    const auto whole = [&](auto& into) -> bool {
      if (!number || !(*number >= 0 && *number <= most)) return false;
      into = static_cast<std::remove_reference_t<decltype(into)>>(*number);
      return true;
    };
    const auto flag = [&](bool& into) -> bool {
      if (!value.is_bool()) return false;
      into = value.get_bool();
      return true;
    };
    const auto trash = [&](Habits::TrashQuery& into) -> bool {
      for (const auto one : {Habits::TrashQuery::refused, Habits::TrashQuery::ignored, Habits::TrashQuery::honoured}) {
        if (value.is_string() && value.get_string() == trash_name(one)) {
          into = one;
          return true;
        }
      }
      return false;
    };
    bool good = false;
    if (key == "index_delay_ms")
      good = whole(changed.index_delay_ms);
    else if (key == "search_delay_ms")
      good = whole(changed.search_delay_ms);
    else if (key == "minute_times")
      good = flag(changed.minute_times);
    else if (key == "inline_items")
      good = whole(changed.inline_items);
    else if (key == "page_size_max")
      good = whole(changed.page_size_max) && changed.page_size_max > 0;
    else if (key == "query_rows_max")
      good = whole(changed.query_rows_max);
    else if (key == "requests_per_minute")
      good = whole(changed.requests_per_minute);
    else if (key == "query_in_trash")
      good = trash(changed.query_in_trash);
    else if (key == "search_in_trash")
      good = trash(changed.search_in_trash);
    else if (key == "back_ends_bump")
      good = flag(changed.back_ends_bump);
    else if (key == "keyset_cursors")
      good = flag(changed.keyset_cursors);
    else if (key == "option_overflow_silent")
      good = flag(changed.option_overflow_silent);
    else if (key == "cursor_ttl_ms")
      good = whole(changed.cursor_ttl_ms);
    else if (key == "latency_ms")
      good = whole(changed.latency_ms);
    else
      return bad(fmt::format("there is no habit \"{}\"", std::string_view(key)));
    if (!good) return bad(fmt::format("habit \"{}\" cannot be {}", std::string_view(key), to_text(value)));
  }
  habits = changed;
  return {};
}

json::value show_habits(const Habits& habits) {
  return json::object{{"index_delay_ms", habits.index_delay_ms},
                      {"search_delay_ms", habits.search_delay_ms},
                      {"minute_times", habits.minute_times},
                      {"inline_items", habits.inline_items},
                      {"page_size_max", habits.page_size_max},
                      {"query_rows_max", habits.query_rows_max},
                      {"requests_per_minute", habits.requests_per_minute},
                      {"query_in_trash", trash_name(habits.query_in_trash)},
                      {"search_in_trash", trash_name(habits.search_in_trash)},
                      {"back_ends_bump", habits.back_ends_bump},
                      {"keyset_cursors", habits.keyset_cursors},
                      {"option_overflow_silent", habits.option_overflow_silent},
                      {"cursor_ttl_ms", habits.cursor_ttl_ms},
                      {"latency_ms", habits.latency_ms}};
}

SandboxServer::SandboxServer(SandboxOptions options) : options_(std::move(options)) {
  model_ = std::make_unique<NotionModel>(
      options_.habits, [this] { return now(); }, options_.seed);
}

SandboxServer::~SandboxServer() {
  {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
  }
  stopping_.notify_all();
  http_.reset();
}

Result<std::unique_ptr<SandboxServer>> SandboxServer::start(SandboxOptions options) {
  if (const char* file = std::getenv("ROWPAGE_SANDBOX_RECORD"); file && options.record.empty()) options.record = file;
  std::unique_ptr<SandboxServer> server(new SandboxServer(std::move(options)));
  HttpServerOptions http;
  http.host = server->options_.host;
  http.port = server->options_.port;
  http.body_max = 64UL * 1024 * 1024;  // seeding comes in large bodies; Notion's own limit is checked by the model
  auto started = HttpServer::start(std::move(http),
                                   [self = server.get()](const auto& request) { return self->on_request(request); });
  if (!started) return tl::unexpected(started.error());
  server->http_ = std::move(*started);
  auto& info = server->info_;
  info.port = server->http_->port();
  const bool six = server->options_.host.find(':') != std::string::npos;
  const auto& host = server->options_.host;
  info.base_url = six ? fmt::format("http://[{}]:{}", host, info.port) : fmt::format("http://{}:{}", host, info.port);
  info.integration_token = server->model_->integration_token();
  info.person_token = server->model_->person_token();
  info.root_page = server->model_->root_page().text();
  return server;
}

Millis SandboxServer::now() const {
  if (!options_.real_clock) return options_.start_ms + advanced_ms_;
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count() + advanced_ms_;
}

void SandboxServer::wait(Millis ms) {
  if (ms <= 0) return;
  std::unique_lock guard(mutex_);
  stopping_.wait_for(guard, std::chrono::milliseconds(ms), [this] { return stopped_; });
}

HttpResponse SandboxServer::on_request(const HttpRequest& request) {
  if (request.path.starts_with("/_sandbox")) return on_control(request);
  return on_notion(request);
}

SandboxServer::PlannedFate SandboxServer::take_fate(const HttpRequest& request) {
  for (auto planned = planned_.begin(); planned != planned_.end(); ++planned) {
    if (!planned->method.empty() && planned->method != request.method) continue;
    if (!path_matches(planned->path, request.path)) continue;
    PlannedFate taken = *planned;
    if (--planned->times <= 0) planned_.erase(planned);
    return taken;
  }
  return {};
}

// One line an exchange, written at once: several processes may append to one file, and one may be killed.
void SandboxServer::record(const Request& request, const Answer& answer) {
  if (options_.record.empty()) return;
  const auto shape = shape_of(request) ^ (shape_of(request, answer) * 3);
  if (!recorded_.insert(shape).second) return;
  json::array query;
  for (const auto& [key, value] : request.query) query.push_back(json::array{json::string(key), json::string(value)});
  const auto line = to_text(json::object{{"version", request.version},
                                         {"agent", request.agent},
                                         {"method", request.method},
                                         {"path", request.path},
                                         {"query", std::move(query)},
                                         {"request", request.body},
                                         {"status", answer.status},
                                         {"json", answer.raw.empty()},
                                         {"response", answer.body}});
  std::ofstream file(options_.record, std::ios::app | std::ios::binary);
  file << line + "\n" << std::flush;
}

HttpResponse SandboxServer::on_notion(const HttpRequest& request) {
  Request asked;
  asked.method = request.method;
  asked.path = request.path;
  asked.query = request.query;
  asked.version = std::string(request.header("Notion-Version"));
  asked.agent = std::string(request.header("User-Agent"));
  asked.body_bytes = request.body.size();
  const auto authorization = request.header("Authorization");
  if (authorization.starts_with("Bearer ")) asked.token = std::string(authorization.substr(7));
  const bool multipart = request.header("Content-Type").starts_with("multipart/");
  bool bad_json = false;
  if (!request.body.empty() && !multipart) {
    auto parsed = parse_json(request.body);
    bad_json = !parsed;
    if (parsed) asked.body = std::move(*parsed);
  }
  if (bad_json) {
    return plain_json(
        400,
        json::object{
            {"object", "error"}, {"status", 400}, {"code", "invalid_json"}, {"message", "Error parsing JSON body."}});
  }
  Answer answer;
  bool hang = false;
  Millis latency = 0;
  {
    const std::lock_guard guard(mutex_);
    const auto planned = take_fate(request);
    hang = planned.hang;
    latency = model_->habits().latency_ms;
    answer = model_->handle(asked, planned.fate);
    record(asked, answer);
  }
  wait(latency);
  HttpResponse response;
  if (answer.status == 0) {
    if (hang) wait(options_.client_timeout_ms > 0 ? options_.client_timeout_ms : 10 * minute_ms);
    response.drop = true;
    return response;
  }
  response.status = answer.status;
  response.headers.emplace_back("Date", http_date(answer.server_ms));
  if (answer.retry_after) response.headers.emplace_back("Retry-After", std::to_string(*answer.retry_after));
  if (const auto id = find_string(answer.body, "request_id"); !id.empty()) {
    response.headers.emplace_back("x-notion-request-id", id);
  }
  if (answer.raw.empty()) {
    response.body = to_text(answer.body);
  } else {
    response.body = std::move(answer.raw);
    if (response.body.starts_with("<html")) response.content_type = "text/html; charset=utf-8";
  }
  return response;
}

HttpResponse SandboxServer::set_faults(const json::value& body) {
  const auto* faults = find_array(body, "faults");
  if (!faults) return refused("faults: an array is expected");
  std::vector<PlannedFate> read;
  for (const auto& one : *faults) {
    PlannedFate planned;
    auto name = find_string(one, "fate");
    planned.hang = name == "hang" || find_bool(one, "hang");
    if (name == "hang") name = "lost_before";
    const auto kind = fate_kind(name);
    if (!kind) return refused(fmt::format("there is no fate \"{}\"", name));
    planned.fate.kind = *kind;
    const auto number = [&](std::string_view key, double otherwise) {
      const auto* given = find(one, key);
      return std::clamp(given ? as_number(*given).value_or(otherwise) : otherwise, 0.0, 1e9);
    };
    planned.fate.delay_ms = static_cast<Millis>(number("delay_ms", 0));
    planned.fate.status = static_cast<int>(number("status", 502));
    planned.times = static_cast<int>(number("times", 1));
    const auto match = find_string(one, "match", "/**");
    const auto blank = match.find(' ');
    planned.method = blank == std::string_view::npos ? std::string() : std::string(match.substr(0, blank));
    planned.path = std::string(blank == std::string_view::npos ? match : match.substr(blank + 1));
    read.push_back(std::move(planned));
  }
  planned_ = std::move(read);
  return plain_json(200, json::object{{"faults", planned_.size()}});
}

HttpResponse SandboxServer::stats() const {
  const auto& stats = model_->stats();
  json::object requests, writes;
  for (std::size_t i = 0; i < endpoint_count; ++i) {
    const auto name = name_of(static_cast<Endpoint>(i));
    if (stats.requests[i]) requests[name] = stats.requests[i];
    if (stats.effects[i]) writes[name] = stats.effects[i];
  }
  return plain_json(200, json::object{{"requests", std::move(requests)},
                                      {"requests_total", stats.requests_total()},
                                      {"writes", std::move(writes)},
                                      {"writes_total", stats.effects_total()},
                                      {"rate_limited", stats.rate_limited},
                                      {"person_requests", stats.person_requests},
                                      {"late_requests", model_->late_requests()}});
}

HttpResponse SandboxServer::on_control(const HttpRequest& request) {
  json::value body;
  if (!request.body.empty()) {
    auto parsed = parse_json(request.body);
    if (!parsed) return refused(parsed.error().what);
    body = std::move(*parsed);
  }
  const std::string_view path = std::string_view(request.path).substr(std::string_view("/_sandbox").size());
  const bool get = request.method == "GET", post = request.method == "POST";
  const std::lock_guard guard(mutex_);
  if (get && path == "/stats") return stats();
  if (post && path == "/reset_stats") {
    model_->reset_stats();
    return plain_json(200, json::object{{"reset", true}});
  }
  if (get && path == "/info") {
    return plain_json(200, json::object{{"base_url", info_.base_url},
                                        {"integration_token", info_.integration_token},
                                        {"person_token", info_.person_token},
                                        {"root_page", info_.root_page},
                                        {"now", format_utc(now())}});
  }
  if (post && path == "/clock") {
    const auto* by = find(body, "advance_s");
    const auto seconds = by ? as_number(*by) : std::nullopt;
    constexpr double century = 3.2e9;
    if (!seconds || *seconds < 0 || *seconds > century)
      return refused("advance_s: a number of seconds, not negative and below a century, is expected");
    advanced_ms_ += static_cast<Millis>(*seconds * 1000);
    model_->run_due();
    return plain_json(200, json::object{{"now", format_utc(now())}});
  }
  if (get && path == "/faults") {
    json::array waiting;
    for (const auto& planned : planned_) {
      waiting.push_back(json::object{{"fate", name_of(planned.fate.kind)},
                                     {"match", planned.method + " " + planned.path},
                                     {"times", planned.times}});
    }
    return plain_json(200, json::object{{"faults", std::move(waiting)}});
  }
  if (post && path == "/faults") return set_faults(body);
  if (path == "/habits" && (get || post)) {
    if (post) {
      if (auto good = read_habits(body, model_->habits()); !good) return refused(good.error().what);
    }
    return plain_json(200, show_habits(model_->habits()));
  }
  if (post && path == "/share") {
    const auto id = parse_id(find_string(body, "id"));
    if (!id || !model_->share(*id, find_bool(body, "shared", true)))
      return refused("share: no page, database or data source of that id");
    return plain_json(200, json::object{{"shared", find_bool(body, "shared", true)}});
  }
  if (post && path == "/expire") {
    model_->expire_token(std::string(find_string(body, "token", info_.integration_token)));
    return plain_json(200, json::object{{"expired", true}});
  }
  if (post && path == "/seed") return seed(body);
  if (post && path == "/duplicate") {
    const auto id = parse_id(find_string(body, "id"));
    const auto copy = id ? duplicate_row(*model_, *id) : std::nullopt;
    return copy ? plain_json(200, json::object{{"id", copy->text()}}) : refused("duplicate: no row of that id");
  }
  if (get && path == "/dump") return dump(request);
  return plain_json(404, json::object{{"error", "there is no such control path; docs/sandbox.md lists them"}});
}

HttpResponse SandboxServer::seed(const json::value& body) {
  const auto made = seed_rows(*model_, body);
  if (!made) return refused(made.error().what);
  json::array ids;
  if (find_bool(body, "ids", true)) {
    for (const auto& id : *made) ids.push_back(json::string(id.text()));
  }
  return plain_json(200, json::object{{"pages", made->size()}, {"ids", std::move(ids)}});
}

HttpResponse SandboxServer::dump(const HttpRequest& request) {
  std::optional<Id> source;
  std::size_t offset = 0, limit = 1000;
  for (const auto& [key, value] : request.query) {
    if (key == "data_source_id") source = parse_id(value);
    if (key == "offset") std::from_chars(value.data(), value.data() + value.size(), offset);
    if (key == "limit") std::from_chars(value.data(), value.data() + value.size(), limit);
  }
  if (!source || !model_->world().source(*source)) return refused("dump: data_source_id names no data source");
  return plain_json(200, dump_rows(*model_, *source, offset, std::min<std::size_t>(limit, 10'000)));
}

}  // namespace rowpage::sandbox
