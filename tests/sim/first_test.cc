#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace rowpage::sim
