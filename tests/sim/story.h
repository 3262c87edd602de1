// A small world told as a story: one pair, a few people, and the questions a story ends with.
//
// SimWorld draws everything from a seed; here a person says what happens, step by step, and time passes only where the
// story says so. Notion's habits stay on: the index lags by 30 s, times are whole minutes.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/mutant.h"
#include "sim/world.h"

namespace rowpage::sim {

/// Switches one rule off for as long as it lives.
class Without {
 public:
  explicit Without(Mutant rule) { active_mutant = rule; }
  ~Without() { active_mutant = Mutant::none; }
  Without(const Without&) = delete;
  Without& operator=(const Without&) = delete;
};

class Story : public SimWorld {
 public:
  using Kind = sandbox::Fate::Kind;

  explicit Story(std::uint64_t seed = 1) : SimWorld(seed) {}

  /// A record nobody had before: a title, a note and a score of its own.
  Values some() { return some(new_record()); }
  Values some(const std::string& record) { return {fresh(record, title), fresh(record, note), fresh(record, score)}; }

  void wait(Millis ms) { clock.pass(ms); }

  /// Five minutes later somebody runs sync. A crash, which no story plans here, fails the test.
  PairReport sync(RunOptions options = {}) {
    wait(5 * minute_ms);
    return sync_now(std::move(options));
  }
  PairReport sync_now(RunOptions options = {}) {
    auto report = cycle(std::move(options));
    if (!report) ADD_FAILURE() << "the run crashed";
    return report.value_or(PairReport{});
  }
  PairReport full_sync() {
    RunOptions options;
    options.full = true;
    return sync(options);
  }
  PairReport one_way(Direction direction) {
    RunOptions options;
    options.direction = direction;
    return sync(options);
  }

  /// A record in step on both sides: its page and its row.
  struct Record {
    std::string page, row;
    Values values;
  };
  Record synced() {
    Record record;
    record.values = some();
    record.page = make_page(record.values);
    EXPECT_FALSE(full_sync().error);
    record.row = row_of(record.page);
    EXPECT_FALSE(record.row.empty());
    return record;
  }
  std::vector<Record> synced(std::size_t count) {
    std::vector<Record> records(count);
    for (auto& record : records) {
      record.values = some();
      record.page = make_page(record.values);
    }
    EXPECT_FALSE(full_sync().error);
    for (auto& record : records) record.row = row_of(record.page);
    return records;
  }

  std::string row_of(const std::string& page_id) const {
    for (const auto& [key, link] : postgres.links()) {
      if (link.page_id == page_id) return key;
    }
    return {};
  }
  std::string page_of(const std::string& key) const {
    const auto link = postgres.links().find(key);
    return link != postgres.links().end() ? link->second.page_id : std::string();
  }
  Value in_notion(const std::string& page_id, std::size_t field) const {
    const auto view = page(page_id);
    return view ? view->values[field] : Value{};
  }
  Value in_supabase(const std::string& key, std::size_t field) const {
    const auto row = postgres.rows().find(key);
    return row != postgres.rows().end() ? row->second.values[field] : Value{};
  }
  std::size_t live_pages() const {
    return static_cast<std::size_t>(std::ranges::count_if(pages(), [](const auto& view) { return !view.in_trash; }));
  }
  std::size_t live_rows() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(postgres.rows(), [](const auto& row) { return !row.second.deleted; }));
  }
  const Parked* waiting(const std::string& name) const {
    for (const auto& [key, parked] : postgres.parked()) {
      if (parked.key == name || parked.page_id == name) return &parked;
    }
    return nullptr;
  }
  /// The conflict in which this value stands, winner or loser.
  const Conflict* logged(const Value& value) const {
    for (const auto& conflict : postgres.conflicts()) {
      if (conflict.page == value || conflict.row == value) return &conflict;
    }
    return nullptr;
  }

  /// Runs until a run writes nothing on either side, at most three times (I1).
  testing::AssertionResult comes_to_rest() {
    for (int i = 0; i < 3; ++i) {
      const auto notion_before = notion_writes();
      const auto rows_before = postgres.row_writes();
      const PairReport report = sync();
      if (report.error) return testing::AssertionFailure() << report.error->what;
      if (notion_writes() == notion_before && postgres.row_writes() == rows_before) return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << "three runs later it still writes";
  }

  /// The next writing request of this kind ("POST" makes pages, "PATCH" changes them) has this fate; later ones are
  /// spared.
  void next_write(std::string method, Kind kind, Millis delay_ms = 0) {
    auto spent = std::make_shared<bool>(false);
    fate_of = [=](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
      if (*spent || reads(request) || request.method != method) return std::nullopt;
      *spent = true;
      return sandbox::Fate{kind, delay_ms, 502};
    };
  }
  static bool reads(const sandbox::Request& request) {
    return request.method == "GET" || request.path.ends_with("/query") || request.path.ends_with("/search");
  }

  /// Anything a person may ask of Notion, by its API.
  sandbox::Answer as_person(const std::string& method, const std::string& path, json::value body) {
    sandbox::Request request;
    request.method = method;
    request.path = path;
    request.body = std::move(body);
    request.token = notion.person_token();
    request.version = "2026-03-11";
    auto answer = notion.handle(request);
    EXPECT_EQ(answer.status, 200) << to_text(answer.body);
    return answer;
  }

  /// Everything both sides and our state hold, as text: equal texts, nothing happened.
  std::string whole_state();
};

}  // namespace rowpage::sim
