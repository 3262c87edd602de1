#include "fire/stage.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace rowpage::fire {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() /
         (std::getenv("FIRE_MUTANT") != nullptr ? "rowpage-mutable" : "rowpage");
}

void pause_ms(int ms) {
  ::usleep(static_cast<useconds_t>(ms) * 1000);
}

}  // namespace

void Sql::hang_up() {
  if (line_ != nullptr) PQfinish(line_);
  line_ = nullptr;
}

Sql::Rows Sql::operator()(const std::string& statement, const std::vector<Cell>& parameters) {
  for (int tenths = 0; line_ == nullptr || PQstatus(line_) != CONNECTION_OK; ++tenths) {
    if (line_ != nullptr) PQfinish(line_);
    line_ = PQconnectdb(url_.c_str());
    if (PQstatus(line_) == CONNECTION_OK) {
      PQsetNoticeProcessor(
          line_, [](void*, const char*) {}, nullptr);
      break;
    }
    if (tenths == 100) throw std::runtime_error(std::string("no PostgreSQL: ") + PQerrorMessage(line_));
    pause_ms(100);
  }
  std::vector<const char*> texts;
  for (const auto& parameter : parameters) texts.push_back(parameter ? parameter->c_str() : nullptr);
  PGresult* result = PQexecParams(line_, statement.c_str(), static_cast<int>(texts.size()), nullptr, texts.data(),
                                  nullptr, nullptr, 0);
  const auto status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    const std::string why = statement + ": " + PQerrorMessage(line_);
    PQclear(result);
    throw std::runtime_error(why);
  }
  Rows rows(static_cast<std::size_t>(PQntuples(result)));
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < PQnfields(result); ++column) {
      rows[static_cast<std::size_t>(row)].push_back(
          PQgetisnull(result, row, column) ? Cell() : Cell(PQgetvalue(result, row, column)));
    }
  }
  PQclear(result);
  return rows;
}

void remove_folders(pid_t process) {
  const std::string end = "-" + std::to_string(process);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path(), ignored)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("rowpage-fire-") && name.ends_with(end)) std::filesystem::remove_all(entry.path(), ignored);
  }
}

Stage::Stage(PrivateCluster& shared, const std::string& name, const std::string& config)
    : cluster(shared), sql(shared.url(name)), database_(name) {
  Sql(shared.url())("create database " + name);
  folder = std::filesystem::temp_directory_path() / ("rowpage-fire-" + name + "-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/rowpage.yaml") << config;
  environment["PATH"] = "/usr/bin:/bin";
  for (const char* passed : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "ASAN_SYMBOLIZER_PATH", "FIRE_MUTANT"}) {
    if (const char* value = std::getenv(passed)) environment[passed] = value;
  }
  sandbox_ = start(
      {"sandbox", "--json", "--habits", R"({"index_delay_ms":300,"search_delay_ms":600,"requests_per_minute":0})"});
  json::value info;
  for (int ms = 0; ms < 20'000 && !info.is_object(); ms += 5) {
    pause_ms(5);
    if (auto value = parse_json(slurp(sandbox_.out))) info = std::move(*value);
  }
  if (!info.is_object()) throw std::runtime_error("the sandbox did not start: " + slurp(sandbox_.err));
  base_url_ = find_string(info, "base_url");
  person_token_ = find_string(info, "person_token");
  http_ = std::make_unique<HttpClient>(HttpClient::Options{});
  to_postgres = std::make_unique<test::Relay>(cluster.port());
  to_notion = std::make_unique<test::Relay>(static_cast<int>(as_number(*find(info, "port")).value_or(0)));
  const std::string token(find_string(info, "token"));
  environment["NOTION_BASE_URL"] = "http://127.0.0.1:" + std::to_string(to_notion->port());
  environment["NOTION_API_KEY"] = token;
  environment["NOTION_PARENT_PAGE_ID"] = find_string(info, "root_page");
  connect_through_relay();
  secrets = {token, cluster.password()};
  const char* way = std::getenv("FIRE_WAY");
  way_ = way != nullptr ? way : "direct";
  if (way_ == "data-api") api_ = std::make_unique<testing::DataApi>(cluster.url(database_));
}

void Stage::connect_through_relay() {
  environment["SUPABASE_DB_URL"] = "postgresql://postgres:" + cluster.password() +
                                   "@127.0.0.1:" + std::to_string(to_postgres->port()) + "/" + database_;
}

void Stage::take_way() {
  if (way_ == "direct") return;
  if (way_ == "session" || way_ == "transaction") {
    const auto pooling = way_ == "session" ? testing::Pooling::session : testing::Pooling::transaction;
    pooler_ = std::make_unique<testing::Pooler>(cluster, pooling, database_);
    if (pooler_->port() == 0) throw std::runtime_error("pgbouncer is not installed");
    to_postgres = std::make_unique<test::Relay>(pooler_->port());
    connect_through_relay();
    return;
  }
  if (way_ != "data-api") throw std::runtime_error("there is no way " + way_);
  environment.erase("SUPABASE_DB_URL");
  to_postgres = std::make_unique<test::Relay>(api_->port());
  environment["SUPABASE_URL"] = "http://127.0.0.1:" + std::to_string(to_postgres->port());
  environment["SUPABASE_SERVICE_ROLE_KEY"] = testing::DataApi::secret_key;
  secrets.emplace_back(testing::DataApi::secret_key);
}

Stage::~Stage() {
  if (sandbox_.pid > 0) {
    ::kill(sandbox_.pid, SIGKILL);
    ::waitpid(sandbox_.pid, nullptr, 0);
  }
  to_postgres.reset();
  to_notion.reset();
  api_.reset();
  pooler_.reset();
  try {
    Sql(cluster.url())("drop database if exists " + database_ + " with (force)");
  } catch (const std::runtime_error&) {  // the cluster is gone soon, too
  }
  std::error_code ignored;
  if (!folder.empty() && std::getenv("FIRE_KEEP") == nullptr) std::filesystem::remove_all(folder, ignored);
}

Child Stage::start(const std::vector<std::string>& arguments) {
  Child child;
  const std::string files = folder + "/." + std::to_string(++started_);
  child.out = files + ".out";
  child.err = files + ".err";
  std::vector<std::string> texts = {program()};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  std::vector<char*> argv, envp;
  for (auto& text : texts) argv.push_back(text.data());
  for (auto& text : variables) envp.push_back(text.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  child.pid = ::fork();
  if (child.pid != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whatever becomes of us, nothing is left running
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  ::dup2(::open(child.out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
  ::dup2(::open(child.err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
  ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

bool Stage::running(const Child& child) {
  siginfo_t ended{};
  return ::waitid(P_PID, static_cast<id_t>(child.pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
}

Ended Stage::finish(const Child& child) {
  int status = 0;
  for (int ms = 0;; ms += 2) {
    if (::waitpid(child.pid, &status, WNOHANG) == child.pid) break;
    if (ms > 120'000) {
      ::kill(child.pid, SIGKILL);
      ::waitpid(child.pid, &status, 0);
      throw std::runtime_error("the program did not end within two minutes: " + slurp(child.err));
    }
    pause_ms(2);
  }
  Ended ended;
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ended.out = slurp(child.out);
  ended.err = slurp(child.err);
  if (auto value = parse_json(ended.out)) ended.object = std::move(*value);
  return ended;
}

int Stage::ask(const std::string& method, const std::string& path, const json::value& body, bool as_person,
               json::value& answer) {
  HttpClient::Request request;
  request.method = method;
  request.url = base_url_ + path;
  request.headers = {"Content-Type: application/json", "Notion-Version: 2026-03-11"};
  if (as_person) request.headers.push_back("Authorization: Bearer " + person_token_);
  if (!body.is_null()) request.body = to_text(body);
  const auto got = http_->start(std::move(request)).get();
  if (auto value = parse_json(got.body.empty() ? "null" : got.body)) answer = std::move(*value);
  return got.status;
}

int Stage::try_person(const std::string& method, const std::string& path, const json::value& body,
                      json::value& answer) {
  return ask(method, path, body, true, answer);
}

json::value Stage::person(const std::string& method, const std::string& path, const json::value& body) {
  json::value answer;
  const int status = ask(method, path, body, true, answer);
  if (status < 200 || status > 299)
    throw std::runtime_error(method + " " + path + ": " + std::to_string(status) + " " + to_text(answer));
  return answer;
}

json::value Stage::control(const std::string& method, const std::string& path, const json::value& body) {
  json::value answer;
  const int status = ask(method, "/_sandbox" + path, body, false, answer);
  if (status < 200 || status > 299)
    throw std::runtime_error(method + " " + path + ": " + std::to_string(status) + " " + to_text(answer));
  return answer;
}

void Stage::pass_time() {
  control("POST", "/clock", json::object{{"advance_s", 600}});
  person("GET", "/v1/users/me");  // what is due lands with the next request
  if (!sql("select to_regclass('rowpage.parked')::text").front().front()) return;
  // The server's clock cannot be moved, so what it measures is moved back.
  sql("update rowpage.workspace set expires_at = least(expires_at, now())");
  sql("update rowpage.pending set noted_at = noted_at - interval '10 minutes', send_by = send_by - interval '10 "
      "minutes'");
  sql("update rowpage.parked set next_try_at = next_try_at - interval '10 minutes'");
}

}  // namespace rowpage::fire
