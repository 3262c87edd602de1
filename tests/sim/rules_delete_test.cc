// Deletions: only positive evidence counts (R9), an edit beats them (I4), they come last (R14), and the brake watches
// (I9).
#include "sim/story.h"

namespace rowpage::sim {
namespace {

using TrashQuery = sandbox::Habits::TrashQuery;
using testing::HasSubstr;

// --- how they travel

TEST(Delete, of_a_page_marks_its_row) {
  Story story;
  const auto record = story.synced(2).front();
  story.trash_page(record.page);
  EXPECT_EQ(story.full_sync().rows_deleted, 1);
  EXPECT_TRUE(story.postgres.rows().at(record.row).deleted);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

TEST(Delete, of_a_row_trashes_its_page_whether_marked_or_gone) {
  for (const bool gone : {false, true}) {
    Story story;
    const auto record = story.synced(2).front();
    story.delete_row(record.row, gone);
    EXPECT_EQ(story.sync().pages_trashed, 1);
    EXPECT_TRUE(story.page(record.page)->in_trash);
    EXPECT_TRUE(story.comes_to_rest());
    EXPECT_THAT(story.judge(), testing::IsEmpty());
  }
}

TEST(Delete, hard_removes_the_row_and_keeps_its_values_in_the_history) {
  Story story;
  story.pair.deletes = Deletes::hard;
  const auto record = story.synced(2).front();
  story.trash_page(record.page);
  story.full_sync();
  EXPECT_FALSE(story.postgres.rows().contains(record.row));
  const auto& entry = story.postgres.history().back();
  EXPECT_EQ(entry.action, "hard_delete");
  EXPECT_EQ(entry.before.size(), 3);
}

// The edit of the row brings the page back, and beats the page's own; before the page is back, the row is set to what
// it was before all that.
TEST(Delete, a_row_that_is_set_back_while_its_page_comes_back_still_travels) {
  Story story;
  const auto record = story.synced(2).front();
  const Value first = story.in_supabase(record.row, Story::note);
  story.edit_page(record.page, {{Story::note, story.fresh("r1", Story::note)}});
  story.wait(minute_ms);
  story.edit_row(record.row, {{Story::note, story.fresh("r1", Story::note)}});
  story.trash_page(record.page);
  story.next_write("PATCH", Story::Kind::lands_later, 20 * second_ms);
  story.sync();
  story.edit_row(record.row, {{Story::note, first}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_FALSE(story.page(record.page)->in_trash);
  EXPECT_EQ(story.in_notion(record.page, Story::note), story.in_supabase(record.row, Story::note));
  EXPECT_EQ(story.in_supabase(record.row, Story::note), first);
}

TEST(Delete, ignored_stays_where_it_happened) {
  Story story;
  story.pair.deletes = Deletes::ignore;
  const auto records = story.synced(3);
  story.trash_page(records[0].page);
  story.delete_row(records[1].row, false);
  story.full_sync();
  EXPECT_EQ(story.live_rows(), 2);
  EXPECT_EQ(story.live_pages(), 2);
  EXPECT_TRUE(story.comes_to_rest());
}

TEST(Delete, without_a_deleted_at_column_lives_in_our_state_and_the_row_stays) {
  Story story;
  story.pair.book.deleted_at_column.clear();
  const auto record = story.synced(2).front();
  story.trash_page(record.page);
  story.full_sync();
  EXPECT_TRUE(story.comes_to_rest()) << "the row must not come back as a new page";
  EXPECT_EQ(story.postgres.rows().size(), 2);
  EXPECT_EQ(story.live_pages(), 1);
  const Value written = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, written}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.live_pages(), 2) << "a row edited afterwards lives again";
}

TEST(Restore, brings_the_other_half_back_both_ways) {
  Story story;
  const auto records = story.synced(3);
  story.trash_page(records[0].page);
  story.delete_row(records[1].row, false);
  story.full_sync();
  story.restore_page(records[0].page);
  story.restore_row(records[1].row);
  story.sync();
  EXPECT_EQ(story.live_pages(), 3);
  EXPECT_EQ(story.live_rows(), 3);
  EXPECT_EQ(story.pages().size(), 3) << "restored, not made again";
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

TEST(Restore, of_a_page_whose_row_is_gone_inserts_the_row_under_its_old_key) {
  Story story;
  const auto record = story.synced(2).front();
  story.delete_row(record.row, true);
  story.sync();
  story.restore_page(record.page);
  story.sync();
  EXPECT_TRUE(story.postgres.rows().contains(record.row));
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

// --- an edit beats a deletion that did not see it

TEST(Delete, of_a_page_loses_to_an_edit_of_its_row) {
  Story story;
  const auto record = story.synced(2).front();
  const Value written = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, written}});
  story.trash_page(record.page);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_FALSE(story.page(record.page)->in_trash);
  EXPECT_EQ(story.in_notion(record.page, Story::note), written);
}

TEST(Delete, of_a_row_loses_to_an_edit_of_its_page) {
  for (const bool gone : {false, true}) {
    Story story;
    const auto record = story.synced(2).front();
    const Value written = story.fresh("r1", Story::note);
    story.edit_page(record.page, {{Story::note, written}});
    story.delete_row(record.row, gone);
    EXPECT_TRUE(story.comes_to_rest());
    EXPECT_EQ(story.live_rows(), 2);
    EXPECT_EQ(story.in_supabase(record.row, Story::note), written);
  }
}

// Access is withdrawn before we learn what became of an update, and given back later: the page shows what we wrote.
TEST(Delete, is_not_undone_by_our_own_write_to_a_page_that_was_out_of_sight_R7) {
  Story story;
  const auto record = story.synced();
  story.edit_row(record.row, {{Story::note, story.fresh("r1", Story::note)}});
  story.next_write("PATCH", Story::Kind::lost_after);
  story.sync();
  ASSERT_EQ(story.postgres.open_requests().size(), 1);
  story.access_revoked = true;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(story.sync().error);
  story.delete_row(record.row, true);
  story.access_revoked = false;
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.live_pages(), 0);
  EXPECT_EQ(story.live_rows(), 0) << "our own write was taken for an edit that beats the deletion";
  EXPECT_TRUE(story.postgres.open_requests().empty());
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

// --- finding trash: trashed pages leave queries

struct Ladder {
  const char* name;
  TrashQuery query, search;
  bool needs_full;  // neither way works: only the full scan finds it
};

class FindingTrash : public testing::TestWithParam<Ladder> {};

TEST_P(FindingTrash, works) {
  const Ladder& ladder = GetParam();
  Story story;
  story.notion.habits().query_in_trash = ladder.query;
  story.notion.habits().search_in_trash = ladder.search;
  const auto record = story.synced(2).front();
  if (ladder.query == TrashQuery::honoured) story.postgres.state().trash_query = true;  // as `check` proves it
  story.sync();
  story.trash_page(record.page);
  story.sync();
  EXPECT_EQ(story.postgres.rows().at(record.row).deleted, !ladder.needs_full);
  story.full_sync();
  EXPECT_TRUE(story.postgres.rows().at(record.row).deleted);
  EXPECT_EQ(story.live_rows(), 1) << "a live page was taken for a trashed one";
}

INSTANTIATE_TEST_SUITE_P(
    By, FindingTrash,
    testing::Values(Ladder{"query", TrashQuery::honoured, TrashQuery::ignored, false},
                    Ladder{"search", TrashQuery::refused, TrashQuery::honoured, false},
                    Ladder{"search_where_the_query_is_ignored", TrashQuery::ignored, TrashQuery::honoured, false},
                    Ladder{"full_scan", TrashQuery::ignored, TrashQuery::ignored, true},
                    Ladder{"full_scan_where_all_is_refused", TrashQuery::refused, TrashQuery::refused, true}),
    [](const auto& info) { return info.param.name; });

// --- left without trash: held, not deleted (I8)

struct Leaving {
  const char* name;
  std::function<void(Story&, const std::string&)> leave;
};

class LeftWithoutTrash : public testing::TestWithParam<Leaving> {};

TEST_P(LeftWithoutTrash, is_held_and_its_row_stays) {
  Story story;
  const auto records = story.synced(3);
  GetParam().leave(story, records[0].page);
  story.full_sync();
  EXPECT_EQ(story.live_rows(), 3);
  const Parked* held = story.waiting(records[0].row);
  ASSERT_NE(held, nullptr);
  EXPECT_EQ(held->kind, Parked::Kind::held);
  EXPECT_THAT(held->hint, HasSubstr("release"));
  story.edit_row(records[0].row, {{Story::note, story.fresh("r1", Story::note)}});
  story.sync();
  story.full_sync();
  EXPECT_EQ(story.live_rows(), 3);
  EXPECT_EQ(story.postgres.links().size(), 3) << "the record must not get a second page";
}

INSTANTIATE_TEST_SUITE_P(
    Because, LeftWithoutTrash,
    testing::Values(Leaving{"moved", [](Story& story, const std::string& page) { story.move_away(page); }},
                    Leaving{"archived",
                            [](Story& story, const std::string& page) {
                              story.as_person("PATCH", "/v1/pages/" + page, json::object{{"is_archived", true}});
                            }},
                    Leaving{"cannot_be_read",
                            [](Story& story, const std::string& page) {
                              // Purged, or no longer shared: the service says 404 to both.
                              story.move_away(page);
                              story.notion.share(*sandbox::parse_id(page), false);
                            }}),
    [](const auto& info) { return info.param.name; });

TEST(LeftWithoutTrashStory, a_page_that_comes_back_goes_on_where_it_was) {
  Story story;
  const auto record = story.synced(2).front();
  story.as_person("PATCH", "/v1/pages/" + record.page, json::object{{"is_archived", true}});
  story.full_sync();
  ASSERT_NE(story.waiting(record.row), nullptr);
  story.as_person("PATCH", "/v1/pages/" + record.page, json::object{{"is_archived", false}});
  const Value written = story.fresh("r1", Story::note);
  story.edit_page(record.page, {{Story::note, written}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_supabase(record.row, Story::note), written);
  EXPECT_EQ(story.waiting(record.row), nullptr);
}

TEST(LeftWithoutTrashStory, a_whole_database_out_of_sight_stops_the_pair_and_deletes_nothing) {
  Story story;
  story.synced(8);
  story.notion.share(*sandbox::parse_id(story.pair.data_source), false);
  const auto report = story.full_sync();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->cause, Cause::not_found);
  EXPECT_EQ(story.live_rows(), 8);
}

// --- complete listings

TEST(CompleteListing, goes_on_behind_the_cap) {
  Story story;
  story.notion.habits().query_rows_max = 10;
  for (int i = 0; i < 35; ++i) {
    story.make_page(story.some());
    story.clock.pass(30 * second_ms);
  }
  EXPECT_EQ(story.sync().rows_created, 35);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

TEST(CompleteListing, that_cannot_be_had_is_said_and_nothing_is_concluded_from_it) {
  Story story;
  const auto records = story.synced(30);  // all made in one minute: a window cannot be narrowed further
  story.notion.habits().query_rows_max = 10;
  const auto report = story.full_sync();
  EXPECT_FALSE(report.error);
  EXPECT_THAT(report.warnings, testing::ElementsAre(HasSubstr("incomplete")));
  EXPECT_EQ(story.live_rows(), 30);
  EXPECT_TRUE(story.postgres.parked().empty());
}

// A page has become a row whose blank column the database filled; that value has not travelled back yet.
struct FilledRow : testing::Test {
  FilledRow() {
    story.postgres.column_defaults = Values(3);
    story.postgres.column_defaults[Story::score] = 7.0;
    story.pair.fields[Story::score].target.has_default = true;
    Values values = story.some();
    values[Story::score] = Null{};
    page = story.make_page(values);
    story.make_page(story.some());
    story.sync();
  }
  Story story;
  std::string page;
};

TEST_F(FilledRow, is_no_edit_against_the_trashing_of_its_page_I4) {
  story.trash_page(page);  // before the default has travelled back
  story.sync();
  story.sync();
  EXPECT_EQ(story.live_pages(), 1);
  EXPECT_EQ(story.live_rows(), 1);
}

TEST_F(FilledRow, travels_once_the_trashing_of_its_page_is_undone_I1) {
  story.trash_page(page);
  story.sync();
  story.restore_page(page);
  story.sync();
  story.sync();
  EXPECT_EQ(story.in_notion(page, Story::score), Value(7.0));
}

TEST_F(FilledRow, edited_by_a_person_beats_the_trashing_of_its_page_I4) {
  story.edit_row(story.row_of(page), {{Story::note, story.fresh("r1", Story::note)}});
  story.trash_page(page);
  story.sync();
  story.sync();
  EXPECT_EQ(story.live_pages(), 2);
}

// --- brakes

TEST(Brake, stops_a_mass_deletion_in_supabase_before_any_page_is_touched_I9) {
  Story story;
  const auto records = story.synced(8);
  for (int i = 0; i < 6; ++i) story.delete_row(records[static_cast<std::size_t>(i)].row, false);
  story.make_row(story.some());
  story.notion.reset_stats();
  const auto report = story.sync();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->cause, Cause::brake);
  EXPECT_THAT(report.error->what, HasSubstr("6 of 8 pages"));
  EXPECT_THAT(report.error->hint, HasSubstr("--allow-deletes=6"));
  EXPECT_EQ(story.notion_writes(), 0);
}

TEST(Brake, stops_a_mass_deletion_in_notion) {
  Story story;
  for (const auto& record : story.synced(8)) story.trash_page(record.page);
  const auto report = story.full_sync();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->cause, Cause::brake);
  EXPECT_EQ(story.live_rows(), 8);
}

TEST(Brake, stops_when_the_table_is_emptied) {
  Story story;
  story.synced(8);
  story.postgres.truncate();
  const auto report = story.sync();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->cause, Cause::brake);
  EXPECT_EQ(story.live_pages(), 8);
}

TEST(Brake, is_overridden_by_the_number_it_names_and_by_no_smaller_one) {
  Story story;
  const auto records = story.synced(8);
  for (int i = 0; i < 6; ++i) story.delete_row(records[static_cast<std::size_t>(i)].row, false);
  RunOptions yesterday;
  yesterday.allow_deletes = 5;
  EXPECT_TRUE(story.sync(yesterday).error);
  EXPECT_EQ(story.live_pages(), 8);
  RunOptions today;
  today.allow_deletes = 6;
  EXPECT_FALSE(story.sync(today).error);
  EXPECT_EQ(story.live_pages(), 2);
}

TEST(Brake, lets_a_few_deletions_pass) {
  Story story;
  const auto records = story.synced(8);
  for (int i = 0; i < 5; ++i) story.delete_row(records[static_cast<std::size_t>(i)].row, false);
  EXPECT_FALSE(story.sync().error);
  EXPECT_EQ(story.live_pages(), 3);
}

TEST(Brake, does_not_stop_what_only_fills_blanks) {
  // As after a first import: every row has got a default, which its page does not show yet.
  Story story;
  std::vector<std::string> keys;
  for (int i = 0; i < 30; ++i) {
    Values values = story.some();
    values[Story::score] = Null{};
    keys.push_back(story.make_row(values));
  }
  story.sync();
  story.sync();
  for (const auto& key : keys) story.edit_row(key, {{Story::score, story.fresh("r1", Story::score)}});
  const PairReport report = story.sync();
  EXPECT_FALSE(report.error) << report.error->what;
  EXPECT_EQ(report.pages_updated, 30U);
}

TEST(Brake, stops_a_mass_rewrite_on_either_side_until_its_number_is_named) {
  for (const Side side : {Side::notion, Side::supabase}) {
    Story story;
    const auto records = story.synced(30);
    for (std::size_t i = 0; i < 21; ++i) {
      const std::vector<Change> change{{Story::note, story.fresh("r1", Story::note)}};
      side == Side::notion ? story.edit_row(records[i].row, change) : story.edit_page(records[i].page, change);
    }
    const auto report = story.sync();
    ASSERT_TRUE(report.error);
    EXPECT_EQ(report.error->cause, Cause::brake);
    EXPECT_THAT(report.error->hint, HasSubstr("--allow-rewrites=21"));
    RunOptions options;
    options.allow_rewrites = 21;
    EXPECT_FALSE(story.sync(options).error);
    EXPECT_TRUE(story.comes_to_rest());
  }
}

}  // namespace
}  // namespace rowpage::sim
