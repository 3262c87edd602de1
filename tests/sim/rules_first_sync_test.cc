// The first meeting of both sides: halves are matched 1:1, nothing is deleted, nothing is guessed.
#include "sim/story.h"

namespace rowpage::sim {
namespace {

using testing::HasSubstr;

// A record entered on both sides before anybody synchronised.
struct Twins {
  std::string page, row;
};

Twins twins(Story& story, const Values& in_page, const Values& in_row) {
  Twins made{story.make_page(in_page), story.postgres.insert(story.pair, in_row)};
  for (std::size_t i = 0; i < in_row.size(); ++i) {
    if (in_row[i] != in_page[i])
      story.ghost.wrote(Side::supabase, record_of(in_page[Story::title]), i, Null{}, in_row[i]);
  }
  return made;
}

TEST(FirstSync, links_equal_halves_without_changing_either) {
  Story story;
  const Values values = story.some();
  const Twins both = twins(story, values, values);
  story.notion.reset_stats();
  const auto report = story.sync();
  EXPECT_EQ(report.linked, 1);
  EXPECT_EQ(story.notion_writes(), 0);
  EXPECT_EQ(story.postgres.rows().at(both.row).values, values);
  EXPECT_EQ(story.page_of(both.row), both.page);
  EXPECT_TRUE(story.postgres.conflicts().empty());
  EXPECT_TRUE(story.comes_to_rest());
}

TEST(FirstSync, makes_what_only_one_side_has_and_deletes_nothing) {
  Story story;
  for (int i = 0; i < 3; ++i) {
    story.make_page(story.some());
    story.make_row(story.some());
  }
  const auto report = story.sync();
  EXPECT_EQ(report.rows_created, 3);
  EXPECT_EQ(report.pages_created, 3);
  EXPECT_EQ(report.rows_deleted + report.pages_trashed, 0);
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

// Of ten thousand pages of one minute Notion shows a part. A row whose page is among the others is no new record.
TEST(FirstSync, makes_no_page_under_a_key_that_a_page_not_shown_may_carry) {
  Story story;
  const Values values = story.some();
  const Twins both = twins(story, values, values);
  const std::string lone = story.make_row(story.some());
  story.wait(5 * minute_ms);
  story.faults.partial_told = 1;
  for (int i = 0; i < 2; ++i) story.sync();
  EXPECT_EQ(story.page_of(both.row), "");
  ASSERT_NE(story.waiting(both.row), nullptr);
  EXPECT_EQ(story.waiting(both.row)->kind, Parked::Kind::waiting);
  EXPECT_NE(story.page_of(lone), "") << "no page has its key: Notion was asked for it";
  story.faults.partial_told = 0;
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.page_of(both.row), both.page);
  EXPECT_EQ(story.pages().size(), 2);
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

// Matched, but not linked yet: its page cannot be read just now. A new page makes the next run look at all rows.
TEST(FirstSync, makes_no_second_page_for_a_row_whose_own_page_cannot_be_read) {
  Story story;
  const Values in_page = story.some("r1");
  Values in_row = in_page;
  in_row[Story::note] = story.fresh("r1", Story::note);
  const Twins both = twins(story, in_page, in_row);
  story.clock.pass(5 * minute_ms);
  story.edit_row(both.row, {{Story::note, story.fresh("r1", Story::note)}});  // so that the row wins, on the page
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.method != "GET" || !request.path.ends_with(both.page)) return std::nullopt;
    return sandbox::Fate{Story::Kind::refuse_409, 0, 409};
  };
  story.sync();
  ASSERT_NE(story.waiting(both.row), nullptr);
  ASSERT_TRUE(story.postgres.links().empty());
  story.make_page(story.some("r2"));
  story.sync();
  EXPECT_EQ(story.pages().size(), 2) << "the row got a second page";
  story.fate_of = nullptr;
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.page_of(both.row), both.page);
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

TEST(FirstSync, makes_no_second_page_for_a_row_that_is_parked_with_its_page) {
  Story story;
  story.postgres.one_column_constraint = true;
  const Values in_row = story.some("r1");
  Values in_page = in_row;
  in_page[Story::score] = -1.0;  // the column's CHECK refuses it
  story.pair.conflict.prefer = Prefer::notion;
  story.pair.first = First::notion;
  const Twins both = twins(story, in_page, in_row);
  story.sync();
  ASSERT_NE(story.waiting(both.row), nullptr);
  story.make_page(story.some("r2"));
  story.sync();
  EXPECT_EQ(story.pages().size(), 2) << "the row got a second page";
}

struct Differing : testing::Test {
  Differing() {
    in_page = story.some("r1");
    in_row = in_page;
    in_row[Story::note] = story.fresh("r1", Story::note);
    both = twins(story, in_page, in_row);
  }
  void expect_note(std::size_t linked, const Value& in_notion, const Value& in_supabase) {
    EXPECT_EQ(story.postgres.links().size(), linked);
    EXPECT_EQ(story.in_notion(both.page, Story::note), in_notion);
    EXPECT_EQ(story.in_supabase(both.row, Story::note), in_supabase);
    EXPECT_NE(story.logged(in_page[Story::note]), nullptr);
    EXPECT_NE(story.logged(in_row[Story::note]), nullptr);
  }
  Story story;
  Values in_page, in_row;
  Twins both;
};

TEST_F(Differing, halves_are_linked_but_not_overwritten_when_a_person_shall_say) {
  story.pair.first = First::ask;
  EXPECT_EQ(story.sync().undecided, 1);
  expect_note(1, in_page[Story::note], in_row[Story::note]);
  EXPECT_TRUE(story.comes_to_rest());
  story.postgres.decide(both.row, Story::note, Side::notion);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_supabase(both.row, Story::note), in_page[Story::note]);
}

TEST_F(Differing, halves_take_notions_value_and_log_the_other) {
  story.pair.first = First::notion;
  EXPECT_TRUE(story.comes_to_rest());
  expect_note(1, in_page[Story::note], in_page[Story::note]);
}

TEST_F(Differing, halves_take_supabases_value_and_log_the_other) {
  story.pair.first = First::supabase;
  EXPECT_TRUE(story.comes_to_rest());
  expect_note(1, in_row[Story::note], in_row[Story::note]);
}

TEST_F(Differing, halves_take_the_newest_value_and_log_the_other) {
  story.pair.first = First::newest;
  story.wait(3 * minute_ms);
  const Value newest = story.fresh("r1", Story::note);
  story.edit_row(both.row, {{Story::note, newest}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_notion(both.page, Story::note), newest);
  EXPECT_NE(story.logged(in_page[Story::note]), nullptr);
}

TEST(FirstSync, with_too_many_strangers_on_both_sides_suspects_the_match_list) {
  Story story;
  for (int i = 0; i < 21; ++i) {
    story.make_page(story.some());
    story.make_row(story.some());
  }
  story.notion.reset_stats();
  const auto report = story.sync();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->cause, Cause::brake);
  EXPECT_THAT(report.error->hint, HasSubstr("--allow-creates=42"));
  EXPECT_EQ(story.notion_writes(), 0);
  EXPECT_EQ(story.live_rows(), 21);
  RunOptions fewer;
  fewer.allow_creates = 41;
  EXPECT_TRUE(story.sync(fewer).error);
  RunOptions named;
  named.allow_creates = 42;
  EXPECT_FALSE(story.sync(named).error);
  EXPECT_EQ(story.live_rows(), 42);
}

TEST(FirstSync, with_many_strangers_on_one_side_only_is_an_import) {
  Story story;
  for (int i = 0; i < 40; ++i) story.make_page(story.some());
  EXPECT_FALSE(story.sync().error);
  EXPECT_EQ(story.live_rows(), 40);
}

TEST(Match, that_is_ambiguous_parks_all_who_share_the_key) {
  Story story;
  const Values values = story.some();
  const std::string first = story.make_page(values);
  const std::string second = story.make_page(values);
  const std::string row = story.postgres.insert(story.pair, values);
  story.make_page(story.some());
  story.sync();
  EXPECT_EQ(story.postgres.links().size(), 1) << "the record that is clear goes on";
  for (const auto& name : {first, second, row}) {
    const Parked* parked = story.waiting(name);
    ASSERT_NE(parked, nullptr) << name;
    EXPECT_THAT(parked->reason, HasSubstr("key:name"));
  }
  EXPECT_EQ(story.live_pages(), 3);
  EXPECT_EQ(story.live_rows(), 2);
}

TEST(Match, that_was_ambiguous_is_made_once_the_keys_differ) {
  Story story;
  const Values values = story.some("r1");
  const std::string first = story.make_page(values);
  const std::string second = story.make_page(values);
  const std::string row = story.postgres.insert(story.pair, values);
  story.sync();
  ASSERT_TRUE(story.postgres.links().empty());
  story.edit_page(second, {{Story::title, std::string("r2.other")}});
  for (int i = 0; i < 3; ++i) story.sync();
  EXPECT_EQ(story.page_of(row), first);
  EXPECT_FALSE(story.row_of(second).empty());
  EXPECT_TRUE(story.postgres.parked().empty());
}

TEST(Match, by_page_id_comes_before_the_key) {
  Story story;
  const Values values = story.some("r1");
  const std::string page = story.make_page(values);
  Values renamed = values;
  renamed[Story::title] = std::string("r1.renamed");
  const std::string row = story.postgres.insert(story.pair, renamed);
  story.postgres.claim(row, page);
  story.sync();
  EXPECT_EQ(story.page_of(row), page);
  EXPECT_EQ(story.live_pages(), 1);
  EXPECT_EQ(story.live_rows(), 1);
}

TEST(Match, parks_two_rows_that_claim_one_page) {
  Story story;
  const Values values = story.some();
  const std::string page = story.make_page(values);
  const std::string mine = story.postgres.insert(story.pair, values);
  const std::string also_mine = story.postgres.insert(story.pair, story.some());
  story.postgres.claim(mine, page);
  story.postgres.claim(also_mine, page);
  story.sync();
  EXPECT_TRUE(story.postgres.links().empty());
  EXPECT_NE(story.waiting(mine), nullptr);
  EXPECT_NE(story.waiting(also_mine), nullptr);
  EXPECT_NE(story.waiting(page), nullptr);
  EXPECT_EQ(story.live_pages(), 1);
}

TEST(Match, trusts_the_link_not_the_page_id_column_once_they_are_linked) {
  Story story;
  const auto records = story.synced(2);
  story.postgres.claim(records[0].row, records[1].page);
  EXPECT_TRUE(story.comes_to_rest());
  story.full_sync();
  EXPECT_EQ(story.page_of(records[0].row), records[0].page);
  EXPECT_EQ(story.page_of(records[1].row), records[1].page);
  EXPECT_EQ(story.postgres.rows().at(records[0].row).page_id, records[0].page) << "put right";
}

TEST(Match, never_revives_a_row_marked_deleted_by_pairing_it_with_a_live_page) {
  Story story;
  const Values values = story.some();
  story.make_page(values);
  const std::string row = story.postgres.insert(story.pair, values);
  story.postgres.soft_delete(row);
  story.sync();
  EXPECT_TRUE(story.postgres.rows().at(row).deleted);
  EXPECT_EQ(story.live_pages(), 1) << "nothing is deleted when two halves first meet";
}

TEST(LostState, is_a_first_sync_nothing_is_deleted_or_made_twice) {
  Story story;
  story.synced(12);
  story.postgres.lose_state();
  const auto report = story.sync();
  EXPECT_FALSE(report.error) << report.error->what;
  EXPECT_EQ(story.postgres.links().size(), 12);
  EXPECT_EQ(story.pages().size(), 12);
  EXPECT_EQ(story.live_rows(), 12);
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

// Ten pages are made, the rest is left for later (an interrupt, a closed laptop), and the run after it comes at once.
TEST(FirstSync, pages_made_a_moment_ago_are_not_missing_because_the_index_lags) {
  Story story;
  story.notion.habits().index_delay_ms = 110 * second_ms;
  for (int i = 0; i < 10; ++i) story.make_row(story.some());
  ASSERT_FALSE(story.sync_now().error);
  story.wait(5 * second_ms);
  RunOptions full;
  full.full = true;
  const auto report = story.sync_now(full);
  EXPECT_FALSE(report.error) << report.error->what;
  EXPECT_EQ(story.pages().size(), 10U);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

}  // namespace
}  // namespace rowpage::sim
