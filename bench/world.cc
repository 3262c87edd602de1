#include "bench/world.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace rowpage::bench {
namespace {

constexpr int settle_s = 150;                // longer than queries and searches of the sandbox lag behind
constexpr int no_limit_per_minute = 10'000;  // the most a configuration takes; see the note in world.h
constexpr std::int64_t pages_per_seeding = 2'000;
constexpr std::int64_t pages_per_minute = 100;
constexpr Millis seeded_from_ms = 1'735'689'600'000;  // 2025-01-01T00:00Z

// One pair, twenty fields, every kind of value.
constexpr std::string_view config_text = R"(version: 1
workspace: default
notion:
  token: ${{NOTION_API_KEY}}
  parent_page: ${{NOTION_PARENT_PAGE_ID}}
  requests_per_minute: {}
supabase:
  database_url: ${{SUPABASE_DB_URL}}
pairs:
  - model: Lot
    notion: {{ {} }}
    table: lots
    key: id
    direction: both
    match: [page_id, row_id]
    fields:
      - {{ column: name, property: Name, type: title, required: true }}
      - {{ column: origin, property: Origin, type: rich_text }}
      - {{ column: notes, property: Notes, type: rich_text }}
      - {{ column: story, property: Story, type: rich_text }}
      - {{ column: buyer, property: Buyer, type: rich_text }}
      - {{ column: bags, property: Bags, type: number }}
      - {{ column: price, property: Price, type: number }}
      - {{ column: score, property: Score, type: number }}
      - {{ column: moisture, property: Moisture, type: number }}
      - {{ column: stage, property: Stage, type: select, options: [Sample, Offered, Bought, Roasted] }}
      - {{ column: process, property: Process, type: select, options: [Washed, Natural, Honey] }}
      - {{ column: tags, property: Tags, type: multi_select, store: array, sql_type: "text[]", options: [Floral, Cocoa, Citrus, Nutty] }}
      - {{ column: uses, property: Uses, type: multi_select, store: joined, options: [Espresso, Filter, Blend] }}
      - {{ column: harvested, property: Harvested, type: date, sql_type: date }}
      - {{ column: arrives, property: Arrives, type: date, sql_type: timestamptz }}
      - {{ column: organic, property: Organic, type: checkbox }}
      - {{ column: sold, property: Sold, type: checkbox }}
      - {{ column: page, property: Page, type: url }}
      - {{ column: email, property: Contact, type: email }}
      - {{ column: phone, property: Phone, type: phone_number }}
    bookkeeping: {{ nonce: Rowpage, row_id: Row ID, last_synced: Last Synced, page_id_column: notion_page_id,
                   updated_at_column: updated_at, deleted_at_column: deleted_at }}
)";

std::string own_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

json::object page_of(std::int64_t n) {
  static constexpr const char* stages[] = {"Sample", "Offered", "Bought", "Roasted"};
  static constexpr const char* processes[] = {"Washed", "Natural", "Honey"};
  static constexpr const char* tags[] = {"Floral", "Cocoa", "Citrus", "Nutty"};
  static constexpr const char* uses[] = {"Espresso", "Filter", "Blend"};
  const Millis created = seeded_from_ms + n / pages_per_minute * minute_ms;
  const std::string day = format_day(seeded_from_ms + n % 365 * day_ms);
  json::object properties{
      {"Name", fmt::format("Lot {}: Finca La Esperanza", n)},
      {"Origin", "Huila, Colombia"},
      {"Notes", fmt::format("Red apple, panela, a clean finish; cupped {} times by two people.", n % 9 + 1)},
      {"Story", "Grown at 1,750 m, picked by hand, dried for eighteen days on raised beds under shade – ¡qué café! ☕"},
      {"Buyer", n % 3 == 0 ? json::value(nullptr) : json::value("Ada Kovács")},
      {"Bags", n % 250},
      {"Price", 4.25 + static_cast<double>(n % 400) / 100},
      {"Score", 80 + static_cast<double>(n % 40) / 4},
      {"Moisture", 0.1 + static_cast<double>(n % 20) / 1000},
      {"Stage", stages[n % 4]},
      {"Process", processes[n % 3]},
      {"Tags", json::array{tags[n % 4], tags[(n + 1) % 4]}},
      {"Uses", json::array{uses[n % 3]}},
      {"Harvested", day},
      {"Arrives", day + "T09:30:00.000Z"},
      {"Organic", n % 2 == 0},
      {"Sold", n % 5 == 0},
      {"Page", fmt::format("https://example.com/lots/{}", n)},
      {"Contact", fmt::format("lot{}@example.com", n)},
      {"Phone", fmt::format("+57 8 871 {:04}", n % 10'000)}};
  for (auto& [name, value] : properties) {
    if (value.is_null()) value = json::object{{"rich_text", json::array{}}};
  }
  return {{"properties", std::move(properties)}, {"created_time", format_utc(created)}};
}

}  // namespace

World::World(int requests_per_minute) {
  auto cluster = PrivateCluster::start();
  if (!cluster) throw Trouble{cluster.error().what};
  cluster_ = std::move(*cluster);
  database_ = std::make_unique<Database>(DatabaseOptions{cluster_->url()});
  std::string pattern = (std::filesystem::temp_directory_path() / "rowpage-bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw Trouble{"no temporary folder could be made"};
  folder_.path = pattern;
  start_sandbox(requests_per_minute);
  write_config(requests_per_minute, "");
  const auto made = parse_json(rowpage({"setup"}).out);
  const auto* databases = made ? find_object(*made, "databases") : nullptr;
  const auto* id = databases ? databases->if_contains("Lot") : nullptr;
  if (!id || !id->is_string()) throw Trouble{"setup did not tell the database it made"};
  const auto database = person("GET", "/v1/databases/" + std::string(id->get_string()));
  const auto* sources = find_array(database, "data_sources");
  if (!sources || sources->size() != 1) throw Trouble{"the database has no data source"};
  data_source_ = find_string((*sources)[0], "id");
  // setup does not wait until Notion's search shows the new database, and the configuration names it by title
  write_config(requests_per_minute, data_source_);
}

World::TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path.empty()) std::filesystem::remove_all(path, ignored);
}

World::Child::~Child() {
  if (id <= 0) return;
  ::kill(id, SIGKILL);
  ::waitpid(id, nullptr, 0);
}

void World::start_sandbox(int requests_per_minute) {
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

void World::write_config(int requests_per_minute, const std::string& data_source) const {
  std::ofstream(folder_.path + "/rowpage.yaml")
      << fmt::format(config_text, requests_per_minute > 0 ? requests_per_minute : no_limit_per_minute,
                     data_source.empty() ? "title: Lots" : "data_source: " + data_source);
}

void World::seed(std::int64_t first, std::int64_t pages) {
  for (std::int64_t at = first; at < first + pages; at += pages_per_seeding) {
    json::array list;
    for (std::int64_t n = at; n < std::min(at + pages_per_seeding, first + pages); ++n) list.push_back(page_of(n));
    control("POST", "/_sandbox/seed", json::object{{"data_source_id", data_source_}, {"pages", std::move(list)}});
  }
}

Finished World::rowpage(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {own_folder() + "/rowpage", "--config", "rowpage.yaml", "--json"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const Environment environment = {{"NOTION_BASE_URL", base_url_},
                                   {"NOTION_API_KEY", token_},
                                   {"NOTION_PARENT_PAGE_ID", root_page_},
                                   {"SUPABASE_DB_URL", cluster_->url()}};
  Finished finished = run(words, environment, folder_.path);
  if (finished.code != 0) {
    throw Trouble{fmt::format("rowpage {} ended with {}\n{}\n{}", fmt::join(arguments, " "), finished.code,
                              finished.out, finished.err)};
  }
  return finished;
}

Finished World::sync() {
  control("POST", "/_sandbox/reset_stats", json::object{});
  return rowpage({"sync"});
}

Finished World::receive() {
  Finished finished = run({own_folder() + "/rowpage_bench", "receive", base_url_, data_source_},
                          {{"NOTION_API_KEY", token_}}, folder_.path);
  if (finished.code != 0) throw Trouble{"receiving alone failed: " + finished.err};
  return finished;
}

Requests World::requests() {
  const auto stats = control("GET", "/_sandbox/stats");
  const auto count = [&](std::string_view key) {
    const auto* number = find(stats, key);
    return number ? static_cast<std::int64_t>(as_number(*number).value_or(0)) : 0;
  };
  Requests requests{count("requests_total"), count("rate_limited"), {}};
  if (const auto* kinds = find_object(stats, "requests")) {
    for (const auto& [kind, number] : *kinds) {
      requests.kinds +=
          fmt::format("{}{} {}", requests.kinds.empty() ? "" : ", ", std::string_view(kind), to_text(number));
    }
  }
  return requests;
}

std::string World::sql(const std::string& statement, const Parameters& parameters) {
  auto done = database_->write<std::string>([&](Unit& unit) -> Result<std::string> {
    auto answer = unit.run(statement, parameters, "play the application");
    if (!answer) return fail(answer.error());
    return answer->rows() > 0 && answer->columns() > 0 ? std::string(answer->text(0, 0)) : std::string();
  });
  if (!done) throw Trouble{statement + ": " + done.error().what};
  return *done;
}

json::value World::ask(const std::string& method, const std::string& path, const json::value& body, bool as_person) {
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

json::value World::person(const std::string& method, const std::string& path, const json::value& body) {
  return ask(method, path, body, true);
}

json::value World::control(const std::string& method, const std::string& path, const json::value& body) {
  return ask(method, path, body, false);
}

void World::let_settle() {
  control("POST", "/_sandbox/clock", json::object{{"advance_s", settle_s}});
}

std::vector<std::string> World::linked_pages(int count) {
  const std::string text =
      sql("select string_agg(page_id, ',') from (select page_id from rowpage.link where page_id <> '' "
          "order by id limit $1::bigint) l",
          {std::to_string(count)});
  std::vector<std::string> ids;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    ids.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return ids;
}

}  // namespace rowpage::bench
