// The recorded conversations against Notion's OpenAPI document: where they differ, the recordings are right and the
// difference is listed, with the recording as its source. Requests are judged when the service took them.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <set>

#include <fmt/format.h>

#include "support/witness.h"

namespace rowpage::contract {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(ROWPAGE_SOURCE_DIR) / "../shared/data/notion-recorded";

constexpr std::string_view recording = "recording ";

Exchange exchange_of(const json::value& line) {
  Exchange exchange;
  exchange.method = find_string(line, "method");
  exchange.path = find_string(line, "path");
  exchange.version = find_string(line, "version");
  if (const auto* query = find_object(line, "query")) {
    for (const auto& [key, value] : *query) {
      if (value.is_string()) exchange.query.emplace_back(key, value.get_string());
    }
  }
  exchange.request = line.at("request");
  exchange.response = line.at("response");
  exchange.status = static_cast<int>(as_number(line.at("status")).value_or(0));
  return exchange;
}

// The document speaks of the newest version; refusals look the same in all. Besides, an older conversation may be the
// source of a difference.
bool is_judged(const Exchange& exchange) {
  return exchange.response.is_object() && (exchange.version == "2026-03-11" || exchange.status >= 400);
}

TEST(Recordings, are_what_the_document_says_but_for_the_listed_differences) {
  const auto& witness = Witness::get();
  if (!witness.judges() || witness.small())
    GTEST_SKIP() << "Notion's larger OpenAPI document is not beside the repository";
  if (!fs::exists(folder)) GTEST_SKIP() << "no recordings beside the repository";
  const auto& differences = witness.differences();
  std::map<std::string, std::set<std::string>> met;  // row -> exchanges that show it
  std::set<std::string> sources;
  for (const auto& row : differences.rows()) {
    if (row.source.starts_with(recording)) sources.insert(row.source.substr(recording.size()));
  }
  std::size_t judged = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl" || entry.path().filename() == "webhooks.jsonl") continue;
    std::ifstream file(entry.path());
    std::string line;
    for (std::size_t number = 0; std::getline(file, line); ++number) {
      const auto parsed = parse_json(line);
      ASSERT_TRUE(parsed) << entry.path() << ": " << parsed.error().what;
      const auto exchange = exchange_of(*parsed);
      const auto name = fmt::format("{}:{}", entry.path().stem().string(), number);
      const bool is_source = sources.contains(name);
      if (!is_judged(exchange) && !is_source) continue;
      ++judged;
      auto found = witness.document()->check_answer(exchange, differences.tolerates());
      if (exchange.status < 300) {
        auto asked = witness.document()->check_request(exchange, differences.tolerates());
        std::ranges::move(asked.violations, std::back_inserter(found.violations));
        std::ranges::move(asked.tolerated, std::back_inserter(found.tolerated));
      }
      for (const auto& one : found.violations) {
        if (!is_judged(exchange)) break;  // what an older version does besides is its own affair
        ADD_FAILURE() << name << " " << exchange.method << " " << exchange.path << "\n  " << one.text()
                      << fmt::format("\n| {} | {} | {} | {} | recording {} |", one.schema,
                                     one.place.empty() ? "/" : one.place, one.rule, one.value, name);
      }
      for (const auto& one : found.tolerated) met[differences.row_of(one)->key()].insert(name);
    }
  }
  EXPECT_GT(judged, 800U);
  std::size_t recorded = 0;
  for (const auto& row : differences.rows()) {
    if (!row.source.starts_with(recording)) continue;
    ++recorded;
    EXPECT_TRUE(met[row.key()].contains(row.source.substr(recording.size())))
        << "the recording does not show the difference it is the source of: " << row.key() << " (" << row.source << ")";
  }
  std::cout << fmt::format("contract: {} recorded exchanges judged, {} differences shown by them\n", judged, recorded);
}

}  // namespace
}  // namespace rowpage::contract
