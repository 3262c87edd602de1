#include "engine/budget.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fake_clock.h"

namespace rowpage {
namespace {

// The most requests sent in any [t, t + window).
std::size_t densest(const std::vector<Millis>& sent, Millis window_ms) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < sent.size(); ++last) {
    while (sent[last] - sent[first] >= window_ms) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST(Budget, lets_a_short_run_go_at_once) {
  FakeClock clock;
  Budget budget(clock, {});
  for (int i = 0; i < 180; ++i) ASSERT_TRUE(budget.acquire());
  EXPECT_EQ(clock.slept_ms, 0);
}

TEST(Budget, four_hundred_requests_take_little_more_than_two_minutes) {
  FakeClock clock;
  Budget budget(clock, {});
  std::vector<Millis> sent;
  while (sent.size() < 400) {
    const auto got = budget.acquire(8);
    ASSERT_TRUE(got);
    sent.insert(sent.end(), *got, clock.at_ms);
    clock.at_ms += 30;  // the batch is answered
    for (std::size_t k = 0; k < *got; ++k) budget.done();
  }
  EXPECT_LE(clock.at_ms, 120'000 * 1.05);
  EXPECT_LE(densest(sent, minute_ms), 180U);
}

TEST(Budget, counts_a_request_from_its_completion) {
  FakeClock clock;
  Budget budget(clock, {.limit = 1});
  ASSERT_TRUE(budget.acquire());
  clock.at_ms = 50'000;  // Notion took long: it may have counted the request at any moment until now
  budget.done();
  ASSERT_TRUE(budget.acquire());
  EXPECT_EQ(clock.at_ms, 110'000);
}

TEST(Budget, gives_back_at_once_what_was_not_sent) {
  FakeClock clock;
  Budget budget(clock, {.limit = 1});
  ASSERT_TRUE(budget.acquire());
  budget.done(false);
  ASSERT_TRUE(budget.acquire());
  EXPECT_EQ(clock.slept_ms, 0);
}

TEST(Budget, keeps_silent_as_long_as_notion_asks) {
  FakeClock clock;
  Budget budget(clock, {});
  budget.pause(17'000);
  budget.pause(3'000);  // a shorter one does not end the longer
  ASSERT_TRUE(budget.acquire());
  EXPECT_EQ(clock.at_ms, 17'000);
}

TEST(Budget, ends_the_run_when_asked_for_very_long_silence) {
  FakeClock clock;
  Budget budget(clock, {});
  budget.pause(hour_ms);
  const auto status = budget.acquire();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().cause, Cause::rate_limited);
  EXPECT_EQ(status.error().scope, Scope::workspace);
  EXPECT_EQ(clock.slept_ms, 0);
}

TEST(Budget, never_sends_again_once_blocked) {
  FakeClock clock;
  Budget budget(clock, {});
  budget.block("Notion blocks us");
  EXPECT_FALSE(budget.acquire());
  EXPECT_FALSE(budget.ready(1));
}

TEST(Budget, ready_waits_and_spends_nothing) {
  FakeClock clock;
  Budget budget(clock, {.limit = 4});
  ASSERT_TRUE(budget.acquire(3));
  for (int i = 0; i < 3; ++i) budget.done();
  ASSERT_TRUE(budget.ready(2));
  EXPECT_EQ(clock.at_ms, 60'000);
  const Millis before = clock.at_ms;
  ASSERT_EQ(budget.acquire(4).value_or(0), 4U);
  EXPECT_EQ(clock.at_ms, before);
}

TEST(Budget, gives_what_there_is_rather_than_wait_for_all) {
  FakeClock clock;
  Budget budget(clock, {.limit = 10});
  ASSERT_EQ(budget.acquire(7).value_or(0), 7U);
  EXPECT_EQ(budget.acquire(8).value_or(0), 3U);
  EXPECT_EQ(clock.slept_ms, 0);
}

// Another process takes nearly everything: the database gives one permit every five seconds.
TEST(Budget, neither_starves_nor_hangs_on_a_trickle) {
  FakeClock clock;
  Millis next = 0;
  Budget budget(clock, {}, [&](std::size_t) -> Result<Store::Permits> {
    if (clock.at_ms < next) return Store::Permits{0, next - clock.at_ms};
    next = clock.at_ms + 5'000;
    return Store::Permits{1, 5'000};
  });
  for (int i = 0; i < 3; ++i) ASSERT_EQ(budget.acquire(8).value_or(0), 1U);
  EXPECT_LE(clock.at_ms, 10'500);
  EXPECT_TRUE(budget.ready(8));
  EXPECT_LE(clock.at_ms, 135'000);
}

TEST(Budget, asks_for_no_more_than_can_ever_be_had) {
  FakeClock clock;
  Budget budget(clock, {.limit = 5});
  EXPECT_TRUE(budget.ready(100));
}

TEST(Budget, stops_when_interrupted) {
  FakeClock clock;
  Budget budget(clock, {.limit = 1});
  ASSERT_TRUE(budget.acquire());
  budget.done();
  clock.stop = true;
  const auto status = budget.acquire();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().cause, Cause::interrupted);
  EXPECT_EQ(status.error().effect, Effect::none);
  EXPECT_FALSE(budget.ready(1));
}

TEST(Budget, asks_the_database_in_chunks) {
  FakeClock clock;
  int asked = 0;
  Budget budget(clock, {}, [&](std::size_t want) -> Result<Store::Permits> {
    ++asked;
    return Store::Permits{want, 0};
  });
  for (int i = 0; i < 180; ++i) ASSERT_TRUE(budget.acquire());
  EXPECT_EQ(asked, 9);
}

TEST(Budget, waits_as_long_as_the_database_says_and_asks_rarely) {
  FakeClock clock;
  int asked = 0;
  Budget budget(clock, {}, [&](std::size_t want) -> Result<Store::Permits> {
    ++asked;
    if (clock.at_ms < 40'000) return Store::Permits{0, 40'000 - clock.at_ms};
    return Store::Permits{want, 0};
  });
  ASSERT_TRUE(budget.acquire());
  EXPECT_EQ(clock.at_ms, 40'000);
  EXPECT_EQ(asked, 2);
}

TEST(Budget, lets_go_of_fetched_permits_that_lie_unused) {
  FakeClock clock;
  std::size_t granted = 0;
  Budget budget(clock, {}, [&](std::size_t want) -> Result<Store::Permits> {
    granted += want;
    return Store::Permits{want, 0};
  });
  ASSERT_TRUE(budget.acquire());
  clock.at_ms += 30'000;  // in the database those 19 come back in half a minute: using them now would break its account
  ASSERT_TRUE(budget.acquire());
  EXPECT_EQ(granted, 40U);
}

TEST(Budget, goes_by_its_own_account_when_the_database_is_away) {
  FakeClock clock;
  Budget budget(clock, {.limit = 2}, [](std::size_t) -> Result<Store::Permits> {
    return fail({Effect::none, Scope::workspace, Cause::unavailable, "away", {}});
  });
  ASSERT_EQ(budget.acquire(2).value_or(0), 2U);
  budget.done();
  budget.done();
  ASSERT_TRUE(budget.acquire());
  EXPECT_EQ(clock.at_ms, 60'000);
}

RC_GTEST_PROP(Budget, never_grants_more_than_the_limit_in_any_window, ()) {
  FakeClock clock;
  const auto limit = *rc::gen::inRange<std::size_t>(1, 30);
  Budget budget(clock, {.limit = limit});
  std::vector<Millis> sent;
  std::vector<Millis> ends;  // of those in flight
  const auto steps = *rc::gen::inRange(1, 120);
  for (int step = 0; step < steps; ++step) {
    const auto count = std::min<std::size_t>(*rc::gen::inRange<std::size_t>(1, 10), limit);
    // Whoever waits for permits has nothing in flight that only he could finish.
    for (std::size_t i = 0; i < ends.size(); ++i) budget.done();
    ends.clear();
    const auto got = budget.acquire(count);
    RC_ASSERT(got.has_value());
    RC_ASSERT(*got >= 1U && *got <= count);
    sent.insert(sent.end(), *got, clock.at_ms);
    clock.at_ms += *rc::gen::inRange<Millis>(0, 70'000) / *rc::gen::element(1, 10, 1000);
    ends.resize(*got);
    if (*rc::gen::inRange(0, 20) == 0) budget.pause(*rc::gen::inRange<Millis>(0, 5'000));
  }
  RC_ASSERT(densest(sent, minute_ms) <= limit);
}

}  // namespace
}  // namespace rowpage
