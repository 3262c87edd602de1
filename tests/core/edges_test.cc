// Links merged one by one (core/edges.h): what each change comes to, and laws over all of them.
#include "core/edges.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace rowpage {
namespace {

// Targets 0..7 are the page "pN" and the row "rN"; which of them are known, alive and seen is the test's choice.
Target target(int n, bool live = true, bool seen = true) {
  Target t;
  t.page_id = "p" + std::to_string(n);
  t.ref = t.key = "r" + std::to_string(n);
  t.live = live;
  t.seen = seen;
  return t;
}

std::vector<Target> all_known() {
  std::vector<Target> targets;
  for (int n = 0; n < 8; ++n) targets.push_back(target(n));
  return targets;
}

Value pages(const std::set<int>& numbers) {
  TextList list;
  for (const int n : numbers) list.push_back("p" + std::to_string(n));
  return make_list(std::move(list));
}

Value refs(const std::set<int>& numbers) {
  TextList list;
  for (const int n : numbers) list.push_back("r" + std::to_string(n));
  return make_list(std::move(list));
}

Field join_field() {
  Field field;
  field.property = "Tags";
  field.column = "decision_tags.decision_id";
  field.type = FieldType::relation;
  field.relation.kind = Relation::Kind::join;
  field.relation.to_schema = "public";
  field.relation.to_table = "tags";
  return field;
}

EdgeMerge merged(const EdgeState& state, const std::vector<Target>& targets, bool may_page = true,
                 bool may_row = true) {
  return merge_edges(join_field(), 0, state, targets, may_page, may_row);
}

std::vector<std::string> names(const std::vector<Edge>& edges) {
  std::vector<std::string> list;
  for (const auto& edge : edges) list.push_back(edge.page_id + "/" + edge.ref);
  std::ranges::sort(list);
  return list;
}

using Names = std::vector<std::string>;

TEST(Edges, a_link_new_on_one_side_goes_to_the_other) {
  const auto merge = merged({pages({1, 2}), refs({1, 3}), pages({1}), refs({1})}, all_known());
  EXPECT_EQ(names(merge.row_add), Names{"p2/r2"});
  EXPECT_EQ(names(merge.page_add), Names{"p3/r3"});
  EXPECT_EQ(Value(merge.page_after), pages({1, 2, 3}));
  EXPECT_TRUE(merge.row_drop.empty() && merge.page_drop.empty() && merge.waiting.empty());
}

TEST(Edges, a_link_that_went_on_one_side_goes_on_the_other) {
  const auto merge = merged({pages({2}), refs({1}), pages({1, 2}), refs({1, 2})}, all_known());
  EXPECT_EQ(names(merge.row_drop), Names{"p1/r1"});
  EXPECT_EQ(names(merge.page_drop), Names{"p2/r2"});
}

TEST(Edges, what_both_sides_did_is_agreed_without_a_write) {
  const auto merge = merged({pages({2}), refs({2}), pages({1}), refs({1})}, all_known());
  EXPECT_EQ(names(merge.agreed_in), Names{"p2/r2"});
  EXPECT_EQ(names(merge.agreed_out), Names{"p1/r1"});
  EXPECT_FALSE(merge.to_page() || merge.to_row());
}

TEST(Edges, halves_that_meet_for_the_first_time_keep_the_links_of_both) {
  const auto merge = merged({pages({1, 2}), refs({2, 3}), {}, {}}, all_known());
  EXPECT_EQ(names(merge.row_add), Names{"p1/r1"});
  EXPECT_EQ(names(merge.page_add), Names{"p3/r3"});
  EXPECT_EQ(names(merge.agreed_in), Names{"p2/r2"});
}

TEST(Edges, a_link_missing_from_the_page_is_removed_only_if_its_target_was_seen_alive) {
  const EdgeState state{Null{}, refs({1}), pages({1}), refs({1})};
  EXPECT_EQ(names(merged(state, {target(1)}).row_drop), Names{"p1/r1"});
  EXPECT_TRUE(merged(state, {target(1, true, false)}).nothing()) << "not seen";
  EXPECT_TRUE(merged(state, {target(1, false, false)}).nothing()) << "in the trash";
  EXPECT_TRUE(merged(state, {}).nothing()) << "not known at all";
}

TEST(Edges, a_link_to_what_is_not_there_yet_waits_and_says_for_what) {
  Target row_only = target(1, false);
  row_only.page_id.clear();
  const auto to_page = merged({Null{}, refs({1}), {}, {}}, {row_only});
  ASSERT_EQ(to_page.waiting.size(), 1U);
  EXPECT_EQ(to_page.waiting[0].kind, Errand::Kind::await_page);
  EXPECT_EQ(to_page.waiting[0].other, "r1");
  EXPECT_EQ(to_page.waiting[0].to_table, "tags");
  const auto to_row = merged({pages({4}), Null{}, {}, {}}, {});
  ASSERT_EQ(to_row.waiting.size(), 1U);
  EXPECT_EQ(to_row.waiting[0].kind, Errand::Kind::await_row);
  EXPECT_EQ(to_row.waiting[0].other, "p4");
  EXPECT_FALSE(to_page.to_page() || to_row.to_row());
}

TEST(Edges, a_removal_in_the_row_of_a_link_the_page_hides_is_remembered_until_it_shows_again) {
  const std::vector<Target> dead{target(1, false, false)};
  EdgeState state{Null{}, Null{}, pages({1}), refs({1})};
  const auto hidden = merged(state, dead);
  EXPECT_FALSE(hidden.to_page());
  settle_edges(hidden, {.row = true, .page = true}, state.page_shadow, state.row_shadow);
  state.page = pages({1});  // its target came back
  state.row_shadow = Null{};
  EXPECT_EQ(names(merged(state, {target(1)}).page_drop), Names{"p1/r1"});
}

TEST(Edges, a_side_that_is_read_only_keeps_its_links_and_the_change_is_drift) {
  const EdgeState state{pages({1}), refs({2}), {}, {}};
  const auto to_supabase = merged(state, all_known(), false, true);
  EXPECT_EQ(names(to_supabase.row_add), Names{"p1/r1"});
  EXPECT_TRUE(to_supabase.page_add.empty());
  EXPECT_TRUE(to_supabase.drift);
}

TEST(Edges, a_doubtful_write_settles_what_it_meant_to_change_and_nothing_else) {
  // Shown before: 1, 2, 3 (3 was not agreed yet); sent: 2, 3, 4, 5. It now shows 2, 4, 6: 4 landed, 5 did not (or went
  // again), 1 is gone as meant, 6 is somebody's.
  Value page = pages({1, 2}), row = refs({1, 2});
  settle_doubtful(0, pages({1, 2, 3}), pages({2, 3, 4, 5}), pages({2, 4, 6}), true, all_known(), page, row);
  EXPECT_EQ(page, pages({2, 4}));
  EXPECT_EQ(row, refs({2, 4}));
}

TEST(Edges, a_link_the_page_hid_has_gone_from_it_with_a_write_that_landed) {
  // 1 leads into the trash: the page does not show it, so the list that was written does not hold it.
  Value page = pages({1, 2}), row = refs({1, 2});
  settle_doubtful(0, pages({2}), pages({2, 3}), pages({2, 3}), true, all_known(), page, row);
  EXPECT_EQ(page, pages({2, 3}));
  EXPECT_EQ(row, refs({1, 2, 3})) << "the row's link brings it back with its target";
}

TEST(Edges, a_link_the_page_hides_stays_with_a_write_that_never_landed) {
  Value page = pages({1, 2}), row = refs({1, 2});
  settle_doubtful(0, pages({2}), pages({2, 3}), pages({2}), false, all_known(), page, row);
  EXPECT_EQ(page, pages({1, 2}));
  EXPECT_EQ(row, refs({1, 2}));
}

// --- laws

using Numbers = std::set<int>;

Numbers some_numbers() {
  const int bits = *rc::gen::inRange(0, 256);
  Numbers numbers;
  for (int n = 0; n < 8; ++n) {
    if (bits >> n & 1) numbers.insert(n);
  }
  return numbers;
}

// Both sides as plain sets, after everything a merge says was done.
struct Applied {
  Value page, row, page_shadow, row_shadow;
};

Applied apply(const EdgeState& state, const EdgeMerge& merge) {
  Applied done{state.page, state.row, state.page_shadow, state.row_shadow};
  if (merge.to_page()) done.page = make_list(merge.page_after);
  TextList row = links_of(state.row);
  for (const auto& edge : merge.row_drop) std::erase(row, edge.ref);
  for (const auto& edge : merge.row_add) row.push_back(edge.ref);
  done.row = make_list(std::move(row));
  settle_edges(merge, {.row = true, .page = true}, done.page_shadow, done.row_shadow);
  return done;
}

RC_GTEST_PROP(EdgesLaws, one_merge_brings_both_sides_together_and_a_second_finds_nothing, ()) {
  const auto base = some_numbers();
  const EdgeState state{pages(some_numbers()), refs(some_numbers()), pages(base), refs(base)};
  const auto done = apply(state, merged(state, all_known()));
  RC_ASSERT(done.row == refs_of(0, done.page, all_known()));
  RC_ASSERT(done.page_shadow == done.page);
  RC_ASSERT(done.row_shadow == done.row);
  RC_ASSERT(merged({done.page, done.row, done.page_shadow, done.row_shadow}, all_known()).nothing());
}

RC_GTEST_PROP(EdgesLaws, every_change_of_either_side_is_in_the_outcome, ()) {
  const auto base = some_numbers(), page = some_numbers(), row = some_numbers();
  const EdgeState state{pages(page), refs(row), pages(base), refs(base)};
  const auto done = apply(state, merged(state, all_known()));
  for (int n = 0; n < 8; ++n) {
    const bool was = base.contains(n), in_page = page.contains(n), in_row = row.contains(n);
    const bool expected = in_page == in_row ? in_page : !was;  // whoever changed it decides
    const auto& after = links_of(done.page);
    RC_ASSERT(std::ranges::binary_search(after, "p" + std::to_string(n)) == expected);
  }
}

RC_GTEST_PROP(EdgesLaws, the_two_sides_are_treated_alike, ()) {
  const auto base = some_numbers(), page = some_numbers(), row = some_numbers();
  const auto one = merged({pages(page), refs(row), pages(base), refs(base)}, all_known());
  const auto other = merged({pages(row), refs(page), pages(base), refs(base)}, all_known());
  RC_ASSERT(names(one.row_add) == names(other.page_add));
  RC_ASSERT(names(one.row_drop) == names(other.page_drop));
  RC_ASSERT(names(one.agreed_in) == names(other.agreed_in));
}

RC_GTEST_PROP(EdgesLaws, whatever_is_known_of_the_targets_nothing_is_written_twice_and_no_shadow_claims_too_much, ()) {
  std::vector<Target> targets;
  for (int n = 0; n < 8; ++n) {
    Target t = target(n, *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>());
    if (*rc::gen::inRange(0, 4) == 0) t.page_id.clear(), t.live = false;
    if (*rc::gen::inRange(0, 4) != 0) targets.push_back(t);
  }
  const EdgeState state{pages(some_numbers()), refs(some_numbers()), pages(some_numbers()), refs(some_numbers())};
  const auto done = apply(state, merged(state, targets));
  const auto again = merged({done.page, done.row, done.page_shadow, done.row_shadow}, targets);
  RC_ASSERT(again.row_add.empty() && again.row_drop.empty());
  RC_ASSERT(again.page_add.empty() && again.page_drop.empty());
}

}  // namespace
}  // namespace rowpage
