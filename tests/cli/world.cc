#include "cli/world.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>
#include <optional>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "support/postgres.h"

namespace rowpage::test {
namespace {

std::string binary() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "rowpage";
}

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

DatabaseWay database_way_of_tests() {
  const char* word = std::getenv("ROWPAGE_WAY");
  const std::string way = word ? word : "direct";
  if (way == "direct") return DatabaseWay::direct;
  if (way == "session") return DatabaseWay::session_pooler;
  if (way == "transaction") return DatabaseWay::transaction_pooler;
  if (way == "data-api") return DatabaseWay::data_api;
  throw std::runtime_error("ROWPAGE_WAY is direct, session, transaction or data-api, not " + way);
}

World::World(DatabaseWay way) : way_(way) {
  if (testing::cluster() == nullptr) {
    trouble_ = "no PostgreSQL server programs on this machine";
    return;
  }
  database_url_ = testing::fresh_database();
  database_ = std::make_unique<ConnectedDatabase>(DatabaseOptions{database_url()});
  auto server = sandbox::SandboxServer::start();
  if (!server) {
    trouble_ = server.error().what;
    return;
  }
  server_ = std::move(*server);
  folder = std::filesystem::temp_directory_path() /
           ("rowpage-cli-" + std::to_string(getpid()) + database_url_.substr(database_url_.rfind('/') + 1));
  std::filesystem::create_directories(folder);
  environment = {{"PATH", "/usr/bin:/bin"},
                 {"NOTION_BASE_URL", server_->info().base_url},
                 {"NOTION_API_KEY", server_->info().integration_token},
                 {"NOTION_PARENT_PAGE_ID", server_->info().root_page},
                 {"ROWPAGE_PRESET", "decision-vault"}};
  trouble_ = take_way();
}

// Lets the binary know its way; what is missing for it, if anything.
std::string World::take_way() {
  if (way_ == DatabaseWay::data_api) {
    data_api_ = std::make_unique<testing::DataApi>(database_url());
    // As in projects made before Supabase changed it; that setup's own tables need no such thing is tested apart.
    sql("alter default privileges in schema public grant all on tables to service_role");
    environment["SUPABASE_URL"] = environment["SUPABASE_MANAGEMENT_URL"] = data_api_->base_url();
    environment["SUPABASE_SERVICE_ROLE_KEY"] = testing::DataApi::secret_key;
    environment["SUPABASE_PROJECT_ID"] = testing::DataApi::project;
    environment["SUPABASE_ACCESS_TOKEN"] = testing::DataApi::access_token;
    return "";
  }
  if (way_ == DatabaseWay::direct) {
    environment["SUPABASE_DB_URL"] = database_url();
    return "";
  }
  const auto pooling = way_ == DatabaseWay::session_pooler ? testing::Pooling::session : testing::Pooling::transaction;
  if (testing::pooler_port(pooling) == 0) return "pgbouncer is not installed";
  environment["SUPABASE_DB_URL"] = testing::through_pooler(database_url(), pooling);
  return "";
}

World::~World() {
  std::error_code ignored;
  if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
}

pid_t World::start(const std::vector<std::string>& arguments) {
  std::vector<std::string> texts = {binary()};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "ROWPAGE_SANDBOX_RECORD"}) {
    if (const char* value = std::getenv(name)) variables.push_back(std::string(name) + "=" + value);
  }
  std::vector<char*> argv, envp;
  for (auto& text : texts) argv.push_back(text.data());
  for (auto& text : variables) envp.push_back(text.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  const int in = ::open("/dev/null", O_RDONLY);
  const int out = ::open((folder + "/.out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err = ::open((folder + "/.err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

Ran World::finish(pid_t child) {
  int status = 0;
  for (int tenths = 0; tenths < 1800; ++tenths) {  // three minutes: a hung binary must not hang the tests
    if (::waitpid(child, &status, WNOHANG) == child) {
      Ran ran;
      ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      ran.out = slurp(folder + "/.out");
      ran.err = slurp(folder + "/.err");
      if (auto value = parse_json(ran.out)) ran.object = std::move(*value);
      return ran;
    }
    ::usleep(100'000);
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  ADD_FAILURE() << "the binary did not end: " << slurp(folder + "/.err");
  return {};
}

Ran World::run(const std::vector<std::string>& arguments, const Environment& more) {
  const Environment kept = environment;
  for (const auto& [name, value] : more) environment[name] = value;
  Ran ran = finish(start(arguments));
  environment = kept;
  if (std::getenv("ROWPAGE_SHOW")) {
    std::cerr << "$ rowpage";
    for (const auto& word : arguments) std::cerr << " " << word;
    std::cerr << "\n" << ran.out << ran.err << "[exit " << ran.code << "]\n\n";
  }
  return ran;
}

void World::set_up() {
  const Ran ran = run({"setup", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto* databases = find_object(ran.object, "databases");
  ASSERT_TRUE(databases) << ran.out;
  environment["NOTION_DATABASE_ID"] = std::string(find_string(*databases, "Decision"));
  const auto database = person("GET", "/v1/databases/" + environment["NOTION_DATABASE_ID"]);
  const auto* sources = find_array(database, "data_sources");
  ASSERT_TRUE(sources && !sources->empty());
  data_source = find_string((*sources)[0], "id");
}

std::string World::sql(const std::string& statement, const Parameters& parameters) {
  auto done = database_->write<std::string>([&](Unit& unit) -> Result<std::string> {
    auto answer = unit.run(statement, parameters, "test");
    if (!answer) return fail(answer.error());
    return answer->rows() > 0 && answer->columns() > 0 ? std::string(answer->text(0, 0)) : std::string();
  });
  if (!done) {
    ADD_FAILURE() << statement << ": " << done.error().what;
    return "";
  }
  return *done;
}

json::value World::ask(const std::string& method, const std::string& path, const json::value& body, bool as_person) {
  HttpClient::Request request;
  request.method = method;
  request.url = server_->info().base_url + path;
  request.headers = {"Content-Type: application/json", "Notion-Version: 2026-03-11"};
  if (as_person) request.headers.push_back("Authorization: Bearer " + server_->info().person_token);
  if (!body.is_null()) request.body = to_text(body);
  const auto answer = http_.start(std::move(request)).get();
  auto value = parse_json(answer.body.empty() ? "null" : answer.body);
  if (answer.status < 200 || answer.status > 299 || !value) {
    ADD_FAILURE() << method << " " << path << ": " << answer.status << " " << answer.body << answer.why;
    return nullptr;
  }
  return *value;
}

int World::person_raw(const std::string& method, const std::string& path, const std::string& body) {
  HttpClient::Request request;
  request.method = method;
  request.url = server_->info().base_url + path;
  request.headers = {"Content-Type: application/json", "Notion-Version: 2026-03-11",
                     "Authorization: Bearer " + server_->info().person_token};
  request.body = body;
  return http_.start(std::move(request)).get().status;
}

std::string World::server_log() {
  return slurp(testing::cluster()->directory() + "/server.log");
}

json::value World::person(const std::string& method, const std::string& path, const json::value& body) {
  return ask(method, path, body, true);
}
json::value World::control(const std::string& method, const std::string& path, const json::value& body) {
  return ask(method, path, body, false);
}

std::int64_t World::writes_counted() {
  const auto stats = control("GET", "/_sandbox/stats");
  const auto* total = find(stats, "writes_total");
  return total ? static_cast<std::int64_t>(as_number(*total).value_or(-1)) : -1;
}

bool World::kill_sync(const KillMoment& moment) {
  pass_time();
  control("POST", "/_sandbox/habits", json::object{{"latency_ms", moment.latency_ms}});
  const auto before = requests_counted();
  const auto child = start({"sync", "--json"});
  bool running = true;
  siginfo_t ended{};
  for (int ms = 0; ms < 60'000 && running && requests_counted() - before < moment.requests; ++ms) {
    ::usleep(1000);
    ended.si_pid = 0;
    running = ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
  }
  ::usleep(static_cast<useconds_t>(moment.late_ms) * 1000);
  ::kill(child, SIGKILL);
  const bool killed = finish(child).code == 128 + SIGKILL;
  control("POST", "/_sandbox/habits", json::object{{"latency_ms", 0}});
  return killed;
}

std::vector<int> World::kill_moments(std::initializer_list<int> usual, int most) {
  if (!std::getenv("ROWPAGE_FULL")) return usual;
  std::vector<int> all(static_cast<std::size_t>(most));
  std::iota(all.begin(), all.end(), 1);
  return all;
}

std::int64_t World::requests_counted() {
  const auto lock = server_->lock();
  return static_cast<std::int64_t>(server_->model().stats().requests_total());
}

void World::pass_time() {
  advance(600);
  sql("update rowpage.workspace set expires_at = least(expires_at, now())");
  sql("update rowpage.pending set noted_at = noted_at - interval '10 minutes', send_by = send_by - interval '10 "
      "minutes'");
  sql("update rowpage.parked set next_try_at = next_try_at - interval '10 minutes'");
  sql("update rowpage.request_budget set at = at - interval '10 minutes'");
}

void World::full_bookkeeping() {
  run({"init", "--preset", "decision-vault"});
  auto yaml = read("rowpage.yaml");
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"row_id: off", "row_id: Supabase ID"},
                                 {"last_synced: off", "last_synced: Last Synced"},
                                 {"requests_per_minute: 180", "requests_per_minute: 600"},
                                 {"landing: 60s, index: 120s", "landing: 1s, index: 1s"}}) {
    const auto at = yaml.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    yaml.replace(at, from.size(), to);
  }
  write("rowpage.yaml", yaml);
  environment.erase("ROWPAGE_PRESET");
  control("POST", "/_sandbox/habits", json::object{{"requests_per_minute", 600}});
}

namespace {

void add(World::Seen& seen, const std::string& name, std::vector<std::string> types, const std::string& date) {
  std::sort(types.begin(), types.end());
  std::string shown;
  for (const auto& type : types) shown += (shown.empty() ? "" : ", ") + type;
  std::string key = name;
  for (int n = 2; seen.count(key) != 0; ++n) key = name + " (" + std::to_string(n) + ")";
  seen[key] = shown + "|" + date.substr(0, 10);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    const auto first = part.find_first_not_of(' ');
    if (first != std::string::npos) parts.push_back(part.substr(first));
  }
  return parts;
}

}  // namespace

World::Seen World::live_pages() {
  Seen seen;
  const auto dump = control("GET", "/_sandbox/dump?limit=10000&data_source_id=" + data_source);
  const auto* pages = find_array(dump, "pages");
  if (!pages) {
    ADD_FAILURE() << "no pages: " << to_text(dump).substr(0, 300);
    return seen;
  }
  for (const auto& page : *pages) {
    if (find_bool(page, "in_trash")) continue;
    const auto& values = *find(page, "values");
    std::vector<std::string> types;
    if (const auto* list = find_array(values, "Type")) {
      for (const auto& one : *list) types.emplace_back(one.get_string());
    }
    const auto* date = find(values, "Date");
    std::string day;
    if (date && date->is_string()) day = std::string(date->get_string());
    if (date && date->is_object()) day = std::string(find_string(*date, "start"));
    add(seen, std::string(find_string(values, "Decision")), std::move(types), day);
  }
  return seen;
}

World::Seen World::live_rows() {
  Seen seen;
  const auto all = parse_json(
      sql("select coalesce(jsonb_agg(jsonb_build_array(decision, type, date::text)), '[]')::text from decision_vault "
          "where deleted_at is null"));
  if (!all || !all->is_array()) {
    ADD_FAILURE() << "no rows";
    return seen;
  }
  for (const auto& row : all->get_array()) {
    const auto text = [&](std::size_t i) { return std::string(row.at(i).is_string() ? row.at(i).get_string() : ""); };
    add(seen, text(0), split(text(1)), text(2));
  }
  return seen;
}

std::string World::row_marks() {
  const char* versions =
      "select coalesce(string_agg(id || ':' || xmin::text, ',' order by id), '') from decision_vault";
  if (way_ != DatabaseWay::direct) return sql(versions);  // connections that stay hand in their counts when they like
  // A server process hands in its counts at its end, or when told to: those of the program's last commands may be on
  // their way out, and ours has counts, too. (Before PostgreSQL 15 it cannot be told, and reports within a second.)
  for (int tries = 0; tries < 500; ++tries) {
    if (sql("select count(*) from pg_stat_activity where backend_type = 'client backend' and datname = "
            "current_database() and pid <> pg_backend_pid()") == "0") {
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  sql("do $$ begin perform pg_stat_force_next_flush(); exception when undefined_function then perform pg_sleep(1.1); "
      "end $$");
  return sql(versions) + " " +
         sql("select pg_stat_clear_snapshot()::text || (n_tup_ins + n_tup_upd + n_tup_del)::text from "
             "pg_stat_user_tables where relname = 'decision_vault'");
}

std::string World::page(const std::string& name, const std::string& tag, const std::string& date) {
  json::object properties{{"Decision", title(name)}, {"Type", tags({tag})}};
  if (!date.empty()) properties["Date"] = day(date);
  const auto made =
      person("POST", "/v1/pages",
             json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", data_source}}},
                          {"properties", properties}});
  return std::string(find_string(made, "id"));
}

std::string World::source_file(const std::string& path) {
  return slurp(std::string(ROWPAGE_SOURCE_DIR) + "/" + path);
}

std::string World::read(const std::string& file) const {
  return slurp(folder + "/" + file);
}
void World::write(const std::string& file, const std::string& text) const {
  std::ofstream(folder + "/" + file) << text;
}
bool World::exists(const std::string& file) const {
  return std::filesystem::exists(folder + "/" + file);
}

json::object title(const std::string& text) {
  return {{"title", json::array{json::object{{"type", "text"}, {"text", json::object{{"content", text}}}}}}};
}
json::object tags(const std::vector<std::string>& names) {
  json::array options;
  for (const auto& name : names) options.push_back(json::object{{"name", name}});
  return {{"multi_select", options}};
}
json::object day(const std::string& text) {
  return {{"date", json::object{{"start", text}}}};
}

}  // namespace rowpage::test
