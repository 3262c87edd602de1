// The table of outcomes of one field, and its laws.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/make.h"
#include "core/merge.h"

namespace rowpage {
namespace {

using enum FieldOutcome;

const Field two_way = make_field("Note", FieldType::rich_text, ColumnType::text);

FieldState state(const char* page, const char* row, const char* base = "base") {
  FieldState state;
  state.page = text(page);
  state.row = text(row);
  state.page_shadow = state.row_shadow = text(base);
  return state;
}

FieldMerge merged(const FieldState& now, ConflictPolicy policy = {}, First first = First::ask) {
  return merge_field(two_way, now, policy, first);
}

TEST(Merge, of_two_way_fields_has_these_outcomes) {
  EXPECT_EQ(merged(state("base", "base")).outcome, unchanged);
  EXPECT_EQ(merged(state("new", "base")).outcome, to_row);
  EXPECT_EQ(merged(state("base", "new")).outcome, to_page);
  EXPECT_EQ(merged(state("new", "new")).outcome, agreed);
  EXPECT_FALSE(merged(state("new", "base")).conflict);
  EXPECT_FALSE(merged(state("new", "new")).conflict);
  EXPECT_TRUE(merged(state("one", "two")).conflict);
}

TEST(Merge, compares_each_side_with_its_own_shadow) {
  // The column holds numeric(10,2): 1.005 became 1.01. Neither side has changed since.
  FieldState now;
  now.page = now.page_shadow = 1.005;
  now.row = now.row_shadow = 1.01;
  const Field number = make_field("Score", FieldType::number, ColumnType::numeric);
  EXPECT_EQ(merge_field(number, now, {}, First::ask).outcome, unchanged);
}

TEST(Merge, of_one_way_fields_has_these_outcomes) {
  Field field = two_way;
  const auto outcome = [&](const FieldState& now) { return merge_field(field, now, {}, First::ask); };
  field.direction = Direction::to_supabase;
  EXPECT_EQ(outcome(state("new", "base")).outcome, to_row);
  EXPECT_EQ(outcome(state("base", "new")).outcome, drift_on_row);
  EXPECT_EQ(outcome(state("one", "two")).outcome, to_row);
  EXPECT_TRUE(outcome(state("one", "two")).conflict);
  field.direction = Direction::to_notion;
  EXPECT_EQ(outcome(state("base", "new")).outcome, to_page);
  EXPECT_EQ(outcome(state("new", "base")).outcome, drift_on_page);
  EXPECT_EQ(outcome(state("one", "two")).outcome, to_page);
}

TEST(Merge, gives_a_conflict_to_whom_the_policy_says) {
  FieldState now = state("one", "two");
  now.page_ms = 5 * minute_ms;
  now.row_ms = 3 * minute_ms;
  EXPECT_EQ(merged(now).outcome, to_row);
  EXPECT_EQ(merged(now, {Prefer::supabase}).outcome, to_page);
  EXPECT_EQ(merged(now, {Prefer::notion}).outcome, to_row);
  EXPECT_EQ(merged(now, {Prefer::ask}).outcome, undecided);
  now.choice = Side::supabase;
  EXPECT_EQ(merged(now, {Prefer::ask}).outcome, to_page) << "a person decided";
}

TEST(Merge, of_a_first_meeting_asks_unless_told_otherwise) {
  FieldState now = state("one", "two");
  now.has_shadow = false;
  now.page_ms = 5 * minute_ms;
  now.row_ms = 3 * minute_ms;
  EXPECT_EQ(merged(now, {}, First::ask).outcome, undecided);
  EXPECT_EQ(merged(now, {}, First::newest).outcome, to_row);
  EXPECT_EQ(merged(now, {}, First::notion).outcome, to_row);
  EXPECT_EQ(merged(now, {}, First::supabase).outcome, to_page);
  now.row = now.page;
  EXPECT_EQ(merged(now, {}, First::ask).outcome, agreed);
}

TEST(Judge, knows_ties_and_missing_times) {
  const ConflictPolicy policy{Prefer::newest, Side::notion, Side::supabase};
  EXPECT_EQ(judge(policy, 5 * minute_ms, 5 * minute_ms + 59 * second_ms).winner, Side::notion) << "within the minute";
  EXPECT_EQ(judge(policy, 5 * minute_ms, 6 * minute_ms).winner, Side::supabase);
  EXPECT_EQ(judge(policy, 5 * minute_ms, 5 * minute_ms - 1).winner, Side::notion);
  EXPECT_EQ(judge(policy, std::nullopt, 6 * minute_ms).winner, Side::supabase);
  EXPECT_EQ(judge(policy, 5 * minute_ms, std::nullopt).winner, Side::supabase);
  EXPECT_EQ(judge({Prefer::ask}, 1, 2).winner, std::nullopt);
}

FieldOutcome mirrored(FieldOutcome outcome) {
  switch (outcome) {
    case to_row:
      return to_page;
    case to_page:
      return to_row;
    case drift_on_page:
      return drift_on_row;
    case drift_on_row:
      return drift_on_page;
    default:
      return outcome;
  }
}

Side mirrored(Side side) {
  return side == Side::notion ? Side::supabase : Side::notion;
}

RC_GTEST_PROP(Merge, is_the_same_with_the_sides_exchanged, ()) {
  const auto side = rc::gen::element(Side::notion, Side::supabase);
  FieldState now;
  now.page = *gen::small_value();
  now.row = *gen::small_value();
  now.page_shadow = *gen::small_value();
  now.row_shadow = *gen::small_value();
  now.has_shadow = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) now.page_ms = *gen::minute();
  if (*rc::gen::arbitrary<bool>()) now.row_ms = *gen::minute();
  if (*rc::gen::arbitrary<bool>()) now.choice = *side;
  ConflictPolicy policy;
  policy.prefer = *rc::gen::element(Prefer::newest, Prefer::notion, Prefer::supabase, Prefer::ask);
  policy.on_equal = *side;
  policy.on_missing = *side;
  const auto first = *rc::gen::element(First::ask, First::newest, First::notion, First::supabase);

  FieldState other = now;
  std::swap(other.page, other.row);
  std::swap(other.page_shadow, other.row_shadow);
  std::swap(other.page_ms, other.row_ms);
  if (other.choice) other.choice = mirrored(*other.choice);
  ConflictPolicy turned = policy;
  if (policy.prefer == Prefer::notion) turned.prefer = Prefer::supabase;
  if (policy.prefer == Prefer::supabase) turned.prefer = Prefer::notion;
  turned.on_equal = mirrored(policy.on_equal);
  turned.on_missing = mirrored(policy.on_missing);
  First turned_first = first;
  if (first == First::notion) turned_first = First::supabase;
  if (first == First::supabase) turned_first = First::notion;

  Field field = two_way;
  field.direction = *rc::gen::element(Direction::both, Direction::to_notion, Direction::to_supabase);
  Field turned_field = field;
  if (field.direction == Direction::to_notion) turned_field.direction = Direction::to_supabase;
  if (field.direction == Direction::to_supabase) turned_field.direction = Direction::to_notion;

  const FieldMerge here = merge_field(field, now, policy, first);
  const FieldMerge there = merge_field(turned_field, other, turned, turned_first);
  RC_ASSERT(there.outcome == mirrored(here.outcome));
  RC_ASSERT(there.conflict == here.conflict);
}

RC_GTEST_PROP(Merge, never_overwrites_a_change_without_calling_it_a_conflict, ()) {
  FieldState now;
  now.page = *gen::small_value();
  now.row = *gen::small_value();
  now.page_shadow = *gen::small_value();
  now.row_shadow = *gen::small_value();
  now.page_ms = *gen::minute();
  now.row_ms = *gen::minute();
  const FieldMerge result = merged(now);
  if (result.outcome == to_row && now.row != now.row_shadow) RC_ASSERT(result.conflict);
  if (result.outcome == to_page && now.page != now.page_shadow) RC_ASSERT(result.conflict);
}

TEST(Judge, takes_times_that_the_measured_skew_could_swap_for_a_tie) {
  ConflictPolicy policy;
  policy.on_equal = Side::notion;
  const Millis minute = 100 * minute_ms;
  const Millis just_after = minute + minute_ms + 3 * second_ms;
  EXPECT_EQ(judge(policy, minute, just_after).winner, Side::supabase);
  EXPECT_EQ(judge(policy, minute, just_after, 2 * second_ms).winner, Side::supabase);
  EXPECT_EQ(judge(policy, minute, just_after, 4 * second_ms).winner, Side::notion) << "a tie goes to on_equal";
  const Millis just_before = minute - 3 * second_ms;
  policy.on_equal = Side::supabase;
  EXPECT_EQ(judge(policy, minute, just_before).winner, Side::notion);
  EXPECT_EQ(judge(policy, minute, just_before, 4 * second_ms).winner, Side::supabase);
}

}  // namespace
}  // namespace rowpage
