#include "bench/lot_world.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include <fmt/format.h>

namespace rowpage::bench {
namespace {

constexpr int no_limit_per_minute = 10'000;  // the most a configuration takes; see the note in stage.h
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

LotWorld::LotWorld(int requests_per_minute, Way way) : Stage(requests_per_minute) {
  if (way == Way::data_api) {  // Supabase's roles are there before any setup
    go(way);
    go(Way::direct);
  }
  write_config(requests_per_minute, "");
  const auto made = parse_json(rowpage({"setup"}).out);
  const auto* databases = made ? find_object(*made, "databases") : nullptr;
  const auto* id = databases ? databases->if_contains("Lot") : nullptr;
  if (!id || !id->is_string()) throw Trouble{"setup did not tell the database it made"};
  data_source_ = data_source_of(std::string(id->get_string()));
  // setup does not wait until Notion's search shows the new database, and the configuration names it by title
  write_config(requests_per_minute, data_source_);
  go(way);
}

void LotWorld::write_config(int requests_per_minute, const std::string& data_source) const {
  std::ofstream(folder() + "/rowpage.yaml")
      << fmt::format(config_text, requests_per_minute > 0 ? requests_per_minute : no_limit_per_minute,
                     data_source.empty() ? "title: Lots" : "data_source: " + data_source);
}

void LotWorld::seed(std::int64_t first, std::int64_t pages) {
  for (std::int64_t at = first; at < first + pages; at += pages_per_seeding) {
    json::array list;
    for (std::int64_t n = at; n < std::min(at + pages_per_seeding, first + pages); ++n) list.push_back(page_of(n));
    control("POST", "/_sandbox/seed", json::object{{"data_source_id", data_source_}, {"pages", std::move(list)}});
  }
}

Finished LotWorld::receive() {
  Finished finished = own({"receive", base_url(), data_source_});
  if (finished.code != 0) throw Trouble{"receiving alone failed: " + finished.err};
  return finished;
}

std::vector<std::string> LotWorld::linked_pages(int count) {
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
