#include "bench/stage.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace rowpage::bench {
namespace {
constexpr int settle_s = 150;  // longer than queries and searches of the sandbox lag behind
}

Stage::Stage(int requests_per_minute) {
  auto cluster = PrivateCluster::start();
  if (!cluster) throw Trouble{cluster.error().what};
  cluster_ = std::move(*cluster);
  go(Way::direct);
  database_ =
      std::make_unique<ConnectedDatabase>(DatabaseOptions{.url = cluster_->url(), .statement_ms = 10 * minute_ms});
  std::string pattern = (std::filesystem::temp_directory_path() / "rowpage-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw Trouble{"no temporary folder could be made"};
  folder_.path = pattern;
  start_sandbox(requests_per_minute);
}

Stage::TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path.empty()) std::filesystem::remove_all(path, ignored);
}

Stage::Child::~Child() {
  if (id <= 0) return;
  ::kill(id, SIGKILL);
  ::waitpid(id, nullptr, 0);
}

std::string Stage::own_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

void Stage::start_sandbox(int requests_per_minute) {
  const std::string habits = fmt::format("{{\"requests_per_minute\":{}}}", requests_per_minute);
  sandbox_.id = start({own_folder() + "/rowpage", "--json", "--quiet", "sandbox", "--habits", habits}, {}, folder_.path,
                      "sandbox");
  for (int tries = 0; tries < 1000; ++tries) {
    if (const auto info = parse_json(slurp(folder_.path + "/sandbox.out")); info && info->is_object()) {
      base_url_ = find_string(*info, "base_url");
      token_ = find_string(*info, "token");
      person_token_ = find_string(*info, "person_token");
      root_page_ = find_string(*info, "root_page");
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw Trouble{"the sandbox did not start: " + slurp(folder_.path + "/sandbox.err")};
}

void Stage::go(Way way) {
  int port = cluster_->port();
  if (way == Way::session || way == Way::transaction) {
    pooler_ = std::make_unique<testing::Pooler>(
        *cluster_, way == Way::session ? testing::Pooling::session : testing::Pooling::transaction,
        way == Way::session ? "session" : "transaction");
    port = pooler_->port();
    if (port == 0) throw Trouble{"pgbouncer is not installed"};
  }
  if (way == Way::data_api) {
    if (!api_) api_ = std::make_unique<testing::DataApi>(cluster_->url());
    port = api_->port();
  }
  wire_ = std::make_unique<test::Relay>(port);
  if (wire_->port() == 0) throw Trouble{"the relay before PostgreSQL could not be opened"};
  if (way == Way::data_api) {
    way_ = {{"SUPABASE_URL", fmt::format("http://127.0.0.1:{}", wire_->port())},
            {"SUPABASE_SERVICE_ROLE_KEY", testing::DataApi::secret_key}};
  } else {
    way_ = {{"SUPABASE_DB_URL",
             fmt::format("postgresql://postgres:{}@127.0.0.1:{}/postgres", cluster_->password(), wire_->port())}};
  }
}

Finished Stage::rowpage(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {own_folder() + "/rowpage", "--config", "rowpage.yaml", "--json"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Environment environment = way_;
  for (const auto& [name, value] : {std::pair("NOTION_BASE_URL", base_url_), std::pair("NOTION_API_KEY", token_),
                                    std::pair("NOTION_PARENT_PAGE_ID", root_page_)})
    environment[name] = value;
  wire_->reset_traffic();
  Finished finished = run(words, environment, folder_.path);
  if (finished.code != 0) {
    throw Trouble{fmt::format("rowpage {} ended with {}\n{}\n{}", fmt::join(arguments, " "), finished.code,
                              finished.out, finished.err)};
  }
  return finished;
}

Finished Stage::sync(const std::vector<std::string>& more) {
  control("POST", "/_sandbox/reset_stats", json::object{});
  std::vector<std::string> words = {"sync"};
  words.insert(words.end(), more.begin(), more.end());
  return rowpage(words);
}

Finished Stage::own(const std::vector<std::string>& words) {
  std::vector<std::string> all = {own_folder() + "/rowpage_bench"};
  all.insert(all.end(), words.begin(), words.end());
  return run(all, {{"NOTION_API_KEY", token_}}, folder_.path);
}

Requests Stage::requests() {
  const auto stats = control("GET", "/_sandbox/stats");
  const auto count = [&](std::string_view key) {
    const auto* number = find(stats, key);
    return number ? static_cast<std::int64_t>(as_number(*number).value_or(0)) : 0;
  };
  Requests requests{count("requests_total"), count("rate_limited"), count("writes_total"), {}};
  if (const auto* kinds = find_object(stats, "requests")) {
    for (const auto& [kind, number] : *kinds) {
      requests.kinds +=
          fmt::format("{}{} {}", requests.kinds.empty() ? "" : ", ", std::string_view(kind), to_text(number));
    }
  }
  return requests;
}

void Stage::take_statistics() {
  // A server process hands in its counts at its end; the one of the last command may be on its way out.
  for (int tries = 0; tries < 500; ++tries) {
    if (sql("select count(*) from pg_stat_activity where application_name = 'rowpage' and pid <> pg_backend_pid()") ==
        "0") {
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  // From PostgreSQL 15 on our own can be told to; before, it reports within half a second.
  if (sql("select to_regprocedure('pg_stat_force_next_flush()') is not null") == "t")
    sql("select pg_stat_force_next_flush()");
  else
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
}

std::int64_t Stage::rows_written() {
  take_statistics();
  return std::stoll(
      sql("select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_user_tables "
          "where schemaname <> 'rowpage'"));
}

std::string Stage::sql(const std::string& statement, const Parameters& parameters) {
  auto done = database_->write<std::string>([&](Unit& unit) -> Result<std::string> {
    auto answer = unit.run(statement, parameters, "play the application");
    if (!answer) return fail(answer.error());
    return answer->rows() > 0 && answer->columns() > 0 ? std::string(answer->text(0, 0)) : std::string();
  });
  if (!done) throw Trouble{statement + ": " + done.error().what};
  return *done;
}

void Stage::must_be(const std::string& question, const std::string& answer) {
  if (const auto found = sql(question); found != answer)
    throw Trouble{fmt::format("{}: {} instead of {}", question, found, answer)};
}

json::value Stage::ask(const std::string& method, const std::string& path, const json::value& body, bool as_person) {
  HttpClient::Request request;
  request.method = method;
  request.url = base_url_ + path;
  request.headers = {"Content-Type: application/json", "Notion-Version: 2026-03-11"};
  if (as_person) request.headers.push_back("Authorization: Bearer " + person_token_);
  if (!body.is_null()) request.body = to_text(body);
  const auto answer = http_.start(std::move(request)).get();
  auto value = parse_json(answer.body.empty() ? "null" : answer.body);
  if (answer.status < 200 || answer.status > 299 || !value) {
    throw Trouble{fmt::format("{} {}: {} {} {}", method, path, answer.status, answer.body, answer.why)};
  }
  return std::move(*value);
}

json::value Stage::person(const std::string& method, const std::string& path, const json::value& body) {
  return ask(method, path, body, true);
}

json::value Stage::control(const std::string& method, const std::string& path, const json::value& body) {
  return ask(method, path, body, false);
}

void Stage::let_settle() {
  control("POST", "/_sandbox/clock", json::object{{"advance_s", settle_s}});
}

std::string Stage::data_source_of(const std::string& id) {
  const auto database = person("GET", "/v1/databases/" + id);
  const auto* sources = find_array(database, "data_sources");
  if (!sources || sources->size() != 1) throw Trouble{"the database has no data source"};
  return std::string(find_string((*sources)[0], "id"));
}

}  // namespace rowpage::bench
