#include "cli/demo_world.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <deque>
#include <future>
#include <thread>

#include <fmt/format.h>

namespace rowpage {
namespace {

constexpr Millis sandbox_start_ms = 10 * second_ms;
constexpr std::size_t in_flight = 8;          // of a person's requests
constexpr Millis statistics_delay_ms = 1500;  // before PostgreSQL 15 a server process reports twice a second

Error failure(std::string what) {
  return {Effect::none, Scope::workspace, Cause::other, std::move(what), ""};
}

// Reads one line within the time, from a program that was just started.
std::string read_line(int pipe, Millis wait_ms) {
  std::string line;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (line.empty() || line.back() != '\n') {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd entry{pipe, POLLIN, 0};
    if (left <= 0 || ::poll(&entry, 1, static_cast<int>(left)) <= 0) break;
    char c = 0;
    if (::read(pipe, &c, 1) != 1) break;
    line += c;
  }
  return line;
}

}  // namespace

Result<std::unique_ptr<DemoWorld>> DemoWorld::start(bool keep) {
  PrivateClusterOptions options;
  options.keep = keep;
  auto cluster = PrivateCluster::start(options);
  if (!cluster) return fail(cluster.error());
  std::unique_ptr<DemoWorld> world(new DemoWorld(std::move(*cluster)));
  world->database_ = std::make_unique<ConnectedDatabase>(DatabaseOptions{world->cluster_.url()});
  if (auto started = world->start_sandbox(keep); !started) return fail(started.error());
  return world;
}

DemoWorld::~DemoWorld() = default;

// Without --keep the sandbox lives in this process and dies with it; with --keep it is a process of its own.
Status DemoWorld::start_sandbox(bool keep) {
  if (!keep) {
    auto server = sandbox::SandboxServer::start();
    if (!server) return fail(server.error());
    server_ = std::move(*server);
    notion_ = server_->info();
    return {};
  }
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return fail(failure("cannot make a pipe"));
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    ::execl("/proc/self/exe", "rowpage", "--json", "--quiet", "sandbox", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(pipe[1]);
  const std::string line = child > 0 ? read_line(pipe[0], sandbox_start_ms) : "";
  ::close(pipe[0]);
  const auto info = parse_json(line);
  if (!info || find_string(*info, "base_url").empty()) return fail(failure("the sandbox did not start"));
  sandbox_process_ = child;
  notion_.base_url = find_string(*info, "base_url");
  notion_.integration_token = find_string(*info, "token");
  notion_.person_token = find_string(*info, "person_token");
  notion_.root_page = find_string(*info, "root_page");
  return {};
}

Environment DemoWorld::environment() const {
  return {{{"NOTION_BASE_URL", notion_.base_url},
           {"NOTION_API_KEY", notion_.integration_token},
           {"NOTION_PARENT_PAGE_ID", notion_.root_page},
           {"SUPABASE_DB_URL", cluster_.url()}},
          {}};
}

HttpClient::Request DemoWorld::request(const std::string& method, const std::string& path, const json::value& body,
                                       bool as_person) const {
  HttpClient::Request request;
  request.method = method;
  request.url = notion_.base_url + path;
  request.headers = {"Content-Type: application/json", "Notion-Version: 2026-03-11"};
  if (as_person) request.headers.push_back("Authorization: Bearer " + notion_.person_token);
  if (!body.is_null()) request.body = to_text(body);
  return request;
}

Result<json::value> DemoWorld::read(const std::string& method, const std::string& path,
                                    const HttpClient::Answer& answer) {
  auto value = parse_json(answer.body.empty() ? "null" : answer.body);
  if (answer.status >= 200 && answer.status < 300 && value) return value;
  return fail(failure(fmt::format("{} {} was answered {} {}", method, path, answer.status,
                                  value ? std::string(find_string(*value, "message")) : answer.why)));
}

Result<json::value> DemoWorld::ask(const std::string& method, const std::string& path, const json::value& body,
                                   bool as_person) {
  return read(method, path, http_.start(request(method, path, body, as_person)).get());
}

Result<std::vector<json::value>> DemoWorld::person(std::span<const Ask> asks,
                                                   const std::function<bool(std::size_t)>& told) {
  std::vector<json::value> answers;
  std::deque<std::future<HttpClient::Answer>> under_way;
  for (std::size_t begun = 0; answers.size() < asks.size();) {
    while (begun < asks.size() && under_way.size() < in_flight) {
      const Ask& next = asks[begun++];
      under_way.push_back(http_.start(request(next.method, next.path, next.body, true)));
    }
    const Ask& asked = asks[answers.size()];
    auto answer = read(asked.method, asked.path, under_way.front().get());
    under_way.pop_front();
    if (!answer) return fail(answer.error());
    answers.push_back(std::move(*answer));
    if (told && !told(answers.size()))
      return fail({Effect::none, Scope::workspace, Cause::interrupted, "the demo was interrupted", ""});
  }
  return answers;
}

Result<std::string> DemoWorld::create_page(const std::string& data_source, const json::object& properties) {
  auto made = ask("POST", "/v1/pages",
                  json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", data_source}}},
                               {"properties", properties}});
  if (!made) return fail(made.error());
  return std::string(find_string(*made, "id"));
}

Status DemoWorld::edit_page(const std::string& page, const json::object& properties) {
  auto done = ask("PATCH", "/v1/pages/" + page, json::object{{"properties", properties}});
  if (!done) return fail(done.error());
  return {};
}

Status DemoWorld::trash_page(const std::string& page) {
  auto done = ask("PATCH", "/v1/pages/" + page, json::object{{"in_trash", true}});
  if (!done) return fail(done.error());
  return {};
}

Result<json::value> DemoWorld::page(const std::string& page) {
  return ask("GET", "/v1/pages/" + page, nullptr);
}

Status DemoWorld::sql(const std::string& statement, const Parameters& parameters) {
  auto done = database_->write<bool>([&](Unit& unit) -> Result<bool> {
    auto answer = unit.run(statement, parameters, "play the application");
    if (!answer) return fail(answer.error());
    return true;
  });
  if (!done) return fail(done.error());
  return {};
}

Result<std::string> DemoWorld::value(const std::string& statement, const Parameters& parameters) {
  auto answer = database_->read(statement, parameters, "look at the database");
  if (!answer) return fail(answer.error());
  return answer->rows() > 0 && answer->columns() > 0 ? std::string(answer->text(0, 0)) : std::string();
}

Status DemoWorld::advance(int seconds) {
  auto done = ask("POST", "/_sandbox/clock", json::object{{"advance_s", seconds}}, false);
  if (!done) return fail(done.error());
  return {};
}

Result<DemoWorld::Counters> DemoWorld::notion_counters() {
  auto stats = ask("GET", "/_sandbox/stats", nullptr, false);
  if (!stats) return fail(stats.error());
  Counters counters;
  if (const auto* number = find(*stats, "requests_total"))
    counters.requests = static_cast<std::int64_t>(as_number(*number).value_or(0));
  if (const auto* number = find(*stats, "writes_total"))
    counters.writes = static_cast<std::int64_t>(as_number(*number).value_or(0));
  if (const auto* requests = find_object(*stats, "requests")) {
    for (const auto& [endpoint, number] : *requests)
      counters.by_endpoint[std::string(endpoint)] = static_cast<std::int64_t>(as_number(number).value_or(0));
  }
  return counters;
}

Status DemoWorld::reset_counters() {
  auto done = ask("POST", "/_sandbox/reset_stats", json::object{}, false);
  if (!done) return fail(done.error());
  return {};
}

Status DemoWorld::allow_requests(int a_minute) {
  auto done = ask("POST", "/_sandbox/habits", json::object{{"requests_per_minute", a_minute}}, false);
  if (!done) return fail(done.error());
  return {};
}

Result<std::int64_t> DemoWorld::rows_written(Database& syncing) {
  // Each server process hands in its counts when it likes; from PostgreSQL 15 on it can be told to.
  bool told = false;
  for (Database* database : {&syncing, database_.get()}) {
    auto known =
        database->read("select to_regprocedure('pg_stat_force_next_flush()') is not null", {}, "ask for statistics");
    if (!known) return fail(known.error());
    told = known->flag(0, 0);
    if (!told) continue;
    auto flushed = database->read("select pg_stat_force_next_flush()", {}, "ask for statistics");
    if (!flushed) return fail(flushed.error());
  }
  if (!told) std::this_thread::sleep_for(std::chrono::milliseconds(statistics_delay_ms));
  auto answer = database_->read(
      "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint from pg_stat_user_tables"
      " where schemaname <> 'rowpage'",
      {}, "read PostgreSQL's statistics");
  if (!answer) return fail(answer.error());
  return answer->rows() > 0 ? answer->integer(0, 0) : 0;
}

std::string DemoWorld::stop_commands() const {
  return fmt::format("kill {}\n{}", sandbox_process_, cluster_.stop_command());
}

}  // namespace rowpage
