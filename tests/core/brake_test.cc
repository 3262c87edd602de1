#include "core/brake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/make.h"

namespace rowpage {
namespace {

using testing::HasSubstr;

PlanCounts of(std::int64_t records) {
  PlanCounts counts;
  counts.pages = counts.rows = records;
  return counts;
}

TEST(Brake, limit_is_a_share_but_never_less_than_a_few) {
  EXPECT_EQ((Limit{10, 5}).of(900), 90);
  EXPECT_EQ((Limit{10, 5}).of(20), 5);
  EXPECT_EQ((Limit{10, 5}).of(0), 5);
}

TEST(Brake, names_side_count_share_limit_and_flag) {
  PlanCounts counts = of(900);
  counts.page_deletes = 412;
  const auto error = check_brakes(text_pair(), counts, {});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->cause, Cause::brake);
  EXPECT_EQ(error->scope, Scope::pair);
  EXPECT_EQ(error->effect, Effect::none);
  for (const char* part : {"notion", "412 of 900", "45 %", "limit is 90"}) EXPECT_THAT(error->what, HasSubstr(part));
  EXPECT_THAT(error->hint, HasSubstr("--allow-deletes=412"));
}

TEST(Brake, watches_each_side_and_each_kind) {
  for (auto PlanCounts::*kind :
       {&PlanCounts::page_deletes, &PlanCounts::row_deletes, &PlanCounts::page_rewrites, &PlanCounts::row_rewrites}) {
    PlanCounts counts = of(100);
    counts.*kind = 100;
    EXPECT_TRUE(check_brakes(text_pair(), counts, {}));
  }
}

TEST(Brake, suspects_the_match_list_only_when_both_sides_have_strangers_at_the_first_sync) {
  PlanCounts counts;
  counts.first_sync = true;
  counts.page_creates = 500;
  EXPECT_FALSE(check_brakes(text_pair(), counts, {})) << "an import";
  counts.row_creates = 20;
  EXPECT_FALSE(check_brakes(text_pair(), counts, {}));
  counts.row_creates = 21;
  EXPECT_TRUE(check_brakes(text_pair(), counts, {}));
  EXPECT_FALSE(check_brakes(text_pair(), counts, {{}, {}, 521}));
  EXPECT_TRUE(check_brakes(text_pair(), counts, {{}, {}, 520}));
  counts.first_sync = false;
  EXPECT_FALSE(check_brakes(text_pair(), counts, {}));
}

RC_GTEST_PROP(Brake, yields_to_the_number_it_names_and_to_no_smaller_one, ()) {
  PlanCounts counts = of(*rc::gen::inRange(0, 1000));
  counts.row_deletes = *rc::gen::inRange(0, 1000);
  const bool tripped = check_brakes(text_pair(), counts, {}).has_value();
  RC_ASSERT(tripped == (counts.row_deletes > std::max<std::int64_t>(counts.rows / 10, 5)));
  RC_ASSERT(!check_brakes(text_pair(), counts, {counts.row_deletes, {}, {}}));
  if (tripped) RC_ASSERT(check_brakes(text_pair(), counts, {counts.row_deletes - 1, {}, {}}).has_value());
}

TEST(Brake, as_many_records_as_are_enough_let_the_counts_pass_and_far_fewer_do_not) {
  Pair pair;
  PlanCounts counts;
  EXPECT_FALSE(records_enough(pair, counts)) << "nothing to ask for";
  for (std::int64_t deletes = 1; deletes < 400; deletes += 7) {
    for (const int percent : {1, 7, 10, 33, 100}) {
      pair.brakes.deletes = {percent, 5};
      counts = {};
      counts.row_deletes = deletes;
      const auto enough = records_enough(pair, counts);
      ASSERT_EQ(enough.has_value(), deletes > 5) << deletes;
      if (!enough) continue;
      counts.rows = *enough;
      EXPECT_FALSE(check_brakes(pair, counts, {})) << deletes << " at " << percent << " %";
      counts.rows = *enough / 2;
      EXPECT_TRUE(check_brakes(pair, counts, {})) << deletes << " at " << percent << " %";
    }
  }
}

}  // namespace
}  // namespace rowpage
