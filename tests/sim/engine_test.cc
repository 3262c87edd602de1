#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/world.h"

namespace rowpage::sim {
namespace {

Values values(SimWorld& world, const std::string& record) {
  return {world.fresh(record, 0), world.fresh(record, 1), world.fresh(record, 2)};
}

TEST(Simulation, a_page_and_a_row_meet_their_counterparts) {
  SimWorld world(1);
  world.make_page(values(world, world.new_record()));
  world.make_row(values(world, world.new_record()));
  world.clock.pass(5 * minute_ms);
  const auto report = world.cycle();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->error) << report->error->what;
  EXPECT_EQ(report->rows_created, 1);
  EXPECT_EQ(report->pages_created, 1);
  EXPECT_THAT(world.judge(), testing::IsEmpty());
  world.clock.pass(5 * minute_ms);
  world.notion.reset_stats();
  const auto second = world.cycle();
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->error) << second->error->what;
  EXPECT_EQ(world.notion_writes(), 0);
}

TEST(Simulation, a_changed_key_takes_its_page_along) {
  SimWorld world(7);
  const std::string record = world.new_record();
  const std::string key = world.make_row(values(world, record));
  ASSERT_TRUE(world.cycle());
  ASSERT_EQ(world.pages().size(), 1);
  const auto row = world.postgres.rows().at(key);
  world.postgres.rename_key(key, "another-key");
  world.clock.pass(minute_ms);
  const auto report = world.cycle();
  ASSERT_TRUE(report && !report->error);
  ASSERT_EQ(world.pages().size(), 1);
  EXPECT_FALSE(world.pages().front().in_trash);
  EXPECT_EQ(world.postgres.links().at("another-key").page_id, world.pages().front().id);
  EXPECT_FALSE(world.postgres.links().contains(key));
}

TEST(Simulation, background_bookkeeping_notes_imported_pages_a_few_a_run_and_then_rests) {
  SimWorld world(8);
  world.pair.book.write = BookkeepingWrite::background;
  for (int i = 0; i < 40; ++i) world.make_page(values(world, world.new_record()));
  world.clock.pass(5 * minute_ms);
  ASSERT_TRUE(world.cycle());
  const auto noted = [&] {
    return std::ranges::count_if(world.postgres.links(), [](const auto& link) { return link.second.page_noted; });
  };
  EXPECT_EQ(noted(), 30);
  world.clock.pass(5 * minute_ms);
  ASSERT_TRUE(world.cycle());
  EXPECT_EQ(noted(), 40);
  world.clock.pass(5 * minute_ms);
  const auto before = world.notion_writes();
  ASSERT_TRUE(world.cycle());
  EXPECT_EQ(world.notion_writes(), before);
  EXPECT_THAT(world.judge(), testing::IsEmpty());
}

TEST(Simulation, a_run_told_to_be_silent_waits_and_goes_on) {
  SimWorld world(9);
  world.cycle();
  world.notion.habits().requests_per_minute = 20;
  for (int i = 0; i < 60; ++i) world.make_row(values(world, world.new_record()));
  const auto report = world.cycle();
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->error) << report->error->what;
  EXPECT_EQ(report->pages_created, 60);
  EXPECT_GT(world.notion.stats().rate_limited, 0);
  EXPECT_TRUE(world.postgres.open_requests().empty());
}

}  // namespace
}  // namespace rowpage::sim
