// Walking past the cap of 10,000 rows, against a Notion that plays a script.
#include "engine/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowpage {
namespace {

class StillClock : public Clock {
 public:
  Millis now() override { return 0; }
  Millis monotonic() override { return 0; }
  bool sleep(Millis) override { return true; }
  bool interrupted() override { return false; }
};

// A data source of `total` pages, `per_minute` of them made in each minute; a query gives at most `cap`, then it is
// cut.
class ScriptedNotion : public Notion {
 public:
  std::size_t total = 0, per_minute = 1, cap = 10'000;
  bool says_so = true;   // request_status comes with the answer
  int dead_cursors = 0;  // so many cursors die before they are used
  std::vector<ListQuery> asked;

  Result<PageList> list(const Pair&, const ListQuery& query) override {
    asked.push_back(query);
    if (!query.cursor.empty() && dead_cursors > 0) {
      --dead_cursors;
      return fail({Effect::none, Scope::pair, Cause::invalid, "the cursor has expired", {}});
    }
    const auto start = static_cast<std::size_t>(query.since.value_or(0) / minute_ms) * per_minute;
    const std::size_t from = query.cursor.empty() ? start : std::stoul(query.cursor);
    const std::size_t limit = std::min(total, start + cap);
    PageList list;
    list.server_ms = 7 * day_ms;
    for (std::size_t i = from; i < std::min(limit, from + 100); ++i) {
      Page page;
      page.id = "page-" + std::to_string(i);
      page.created_ms = page.edited_ms = static_cast<Millis>(i / per_minute) * minute_ms;
      list.pages.push_back(std::move(page));
    }
    if (from + 100 < limit) list.next_cursor = std::to_string(from + 100);
    list.has_status = says_so;
    if (list.next_cursor.empty() && says_so) list.complete = limit == total;
    return list;
  }
  Result<Bot> me() override { return Bot{}; }
  Result<SourceSchema> schema(const std::string&) override { return SourceSchema{}; }
  Result<PageList> search_trash(std::span<const Pair* const>, const std::string&) override { return PageList{}; }
  Result<bool> trash_search_works() override { return true; }
  std::vector<Result<Page>> perform(const Pair&, std::span<const PageRequest>) override { return {}; }
  bool ready(std::size_t) override { return true; }
  std::uint64_t requests_sent() const override { return asked.size(); }
};

struct Walk : testing::Test {
  ScriptedNotion notion;
  StillClock clock;
  Pair pair;
  std::optional<Error> error;
  bool complete = false;

  std::size_t met() {
    ListQuery query;
    query.by = ListQuery::By::created;
    PageWalk walk(notion, clock, pair, query);
    std::size_t count = 0;
    IdSet ids;
    while (true) {
      auto pages = walk.next();
      if (!pages) {
        error = pages.error();
        return count;
      }
      if (pages->empty()) break;
      for (const auto& page : *pages) {
        EXPECT_TRUE(ids.insert(page.id)) << page.id << " was given twice";
        ++count;
      }
    }
    complete = walk.complete();
    EXPECT_EQ(walk.started_ms(), 7 * day_ms);
    return count;
  }
};

TEST_F(Walk, of_a_small_source_is_one_query_and_complete) {
  notion.total = 250;
  EXPECT_EQ(met(), 250);
  EXPECT_TRUE(complete);
  EXPECT_EQ(notion.asked.size(), 3);
}

TEST_F(Walk, of_an_empty_source_is_complete) {
  EXPECT_EQ(met(), 0);
  EXPECT_TRUE(complete);
}

TEST_F(Walk, goes_on_in_windows_behind_the_cap_and_meets_each_page_once) {
  notion.total = 25'000;
  notion.per_minute = 7;
  EXPECT_EQ(met(), 25'000);
  EXPECT_TRUE(complete);
}

TEST_F(Walk, takes_ten_thousand_rows_for_the_cap_where_nothing_says_so) {
  notion.total = 12'000;
  notion.says_so = false;
  EXPECT_EQ(met(), 12'000);
  EXPECT_TRUE(complete);
}

TEST_F(Walk, believes_a_short_listing_that_is_said_to_be_cut) {
  notion.total = 3'000;
  notion.cap = 1'000;
  EXPECT_EQ(met(), 3'000);
  EXPECT_TRUE(complete);
}

TEST_F(Walk, says_incomplete_where_one_minute_holds_more_than_a_query_gives) {
  notion.total = 25'000;
  notion.per_minute = 25'000;
  EXPECT_EQ(met(), 10'000);
  EXPECT_FALSE(complete);
}

TEST_F(Walk, starts_anew_when_a_cursor_dies_and_loses_nothing) {
  notion.total = 1'000;
  notion.dead_cursors = 3;
  EXPECT_EQ(met(), 1'000);
  EXPECT_TRUE(complete);
}

TEST_F(Walk, gives_up_when_every_cursor_dies) {
  notion.total = 1'000;
  notion.dead_cursors = 1'000;
  met();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->cause, Cause::invalid);
  EXPECT_LT(notion.asked.size(), 20) << "every loop over a service has a limit";
}

}  // namespace
}  // namespace rowpage
