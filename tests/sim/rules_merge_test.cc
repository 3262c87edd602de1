// Two people, one record: fields that merge, conflicts whose loser is kept, writes of ours that must not look like
// edits.
#include "sim/story.h"

namespace rowpage::sim {
namespace {

using testing::HasSubstr;

// --- field by field (I2)

TEST(Fields, changed_on_different_sides_merge) {
  Story story;
  const auto record = story.synced();
  const Value note = story.fresh("r1", Story::note);
  const Value score = story.fresh("r1", Story::score);
  story.edit_page(record.page, {{Story::note, note}});
  story.edit_row(record.row, {{Story::score, score}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_supabase(record.row, Story::note), note);
  EXPECT_EQ(story.in_notion(record.page, Story::score), score);
  EXPECT_TRUE(story.postgres.conflicts().empty());
}

TEST(Fields, changed_to_the_same_on_both_sides_agree_without_a_write) {
  Story story;
  const auto record = story.synced();
  const Value note = story.fresh("r1", Story::note);
  story.edit_page(record.page, {{Story::note, note}});
  story.edit_row(record.row, {{Story::note, note}});
  story.notion.reset_stats();
  const auto writes = story.postgres.row_writes();
  EXPECT_EQ(story.sync().agreed, 1);
  EXPECT_EQ(story.notion_writes(), 0);
  EXPECT_EQ(story.postgres.row_writes(), writes);
  EXPECT_TRUE(story.postgres.conflicts().empty());
}

TEST(Fields, emptied_travel_too) {
  Story story;
  const auto record = story.synced();
  story.edit_page(record.page, {{Story::note, Null{}}});
  story.edit_row(record.row, {{Story::score, Null{}}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_supabase(record.row, Story::note), Value{});
  EXPECT_EQ(story.in_notion(record.page, Story::score), Value{});
}

// --- conflicts

struct Dispute : testing::Test {
  void page_then_row(Millis between) {
    story.edit_page(record.page, {{Story::note, in_page}});
    story.clock.pass(between);
    story.edit_row(record.row, {{Story::note, in_row}});
  }
  void row_then_page(Millis between) {
    story.edit_row(record.row, {{Story::note, in_row}});
    story.clock.pass(between);
    story.edit_page(record.page, {{Story::note, in_page}});
  }
  void expect_everywhere(const Value& winner) {
    EXPECT_TRUE(story.comes_to_rest());
    EXPECT_EQ(story.in_notion(record.page, Story::note), winner);
    EXPECT_EQ(story.in_supabase(record.row, Story::note), winner);
    const Value& loser = winner == in_page ? in_row : in_page;
    EXPECT_NE(story.logged(loser), nullptr) << "the loser is in no log";
    EXPECT_THAT(story.judge(), testing::IsEmpty());
  }
  Story story;
  Story::Record record = story.synced();
  Value in_page = story.fresh("r1", Story::note), in_row = story.fresh("r1", Story::note);
};

TEST_F(Dispute, goes_to_the_newer_row) {
  page_then_row(3 * minute_ms);
  expect_everywhere(in_row);
}

TEST_F(Dispute, goes_to_the_newer_page) {
  row_then_page(3 * minute_ms);
  expect_everywhere(in_page);
}

TEST_F(Dispute, within_one_minute_is_a_tie_and_goes_where_the_policy_says) {
  story.wait(minute_ms - story.clock.now() % minute_ms + second_ms);
  page_then_row(20 * second_ms);  // later by the second, but Notion knows minutes only
  expect_everywhere(in_page);
}

TEST_F(Dispute, within_one_minute_goes_to_supabase_where_the_policy_says_so) {
  story.pair.conflict.on_equal = Side::supabase;
  story.wait(minute_ms - story.clock.now() % minute_ms + second_ms);
  row_then_page(20 * second_ms);
  expect_everywhere(in_row);
}

TEST_F(Dispute, goes_to_the_preferred_side_whatever_the_time) {
  story.pair.conflict.prefer = Prefer::supabase;
  row_then_page(5 * minute_ms);
  expect_everywhere(in_row);
}

TEST_F(Dispute, is_decided_by_the_time_of_the_field_not_of_the_row) {
  // The row's note is older than the page's, but its score was changed later: updated_at alone would mislead.
  row_then_page(3 * minute_ms);
  story.clock.pass(3 * minute_ms);
  story.edit_row(record.row, {{Story::score, story.fresh("r1", Story::score)}});
  expect_everywhere(in_page);
}

TEST_F(Dispute, has_its_loser_logged_before_the_page_is_overwritten_R11) {
  page_then_row(3 * minute_ms);
  bool seen = false;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.method != "PATCH") return std::nullopt;
    seen = true;
    EXPECT_NE(story.logged(in_page), nullptr);
    return std::nullopt;
  };
  story.sync();
  EXPECT_TRUE(seen);
}

TEST_F(Dispute, that_nobody_may_decide_waits_for_a_person_and_changes_nothing) {
  story.pair.conflict.prefer = Prefer::ask;
  page_then_row(3 * minute_ms);
  EXPECT_EQ(story.sync().undecided, 1);
  EXPECT_EQ(story.in_notion(record.page, Story::note), in_page);
  EXPECT_EQ(story.in_supabase(record.row, Story::note), in_row);
  const Parked* waits = story.waiting(record.row);
  ASSERT_NE(waits, nullptr);
  EXPECT_EQ(waits->kind, Parked::Kind::undecided);
  EXPECT_TRUE(story.comes_to_rest());
}

TEST_F(Dispute, still_lets_the_other_fields_travel_while_it_waits) {
  story.pair.conflict.prefer = Prefer::ask;
  page_then_row(3 * minute_ms);
  story.sync();
  const Value score = story.fresh("r1", Story::score);
  story.edit_page(record.page, {{Story::score, score}});
  story.sync();
  EXPECT_EQ(story.in_supabase(record.row, Story::score), score);
  EXPECT_EQ(story.in_supabase(record.row, Story::note), in_row);
}

TEST_F(Dispute, is_over_when_a_person_has_decided) {
  for (const Side winner : {Side::supabase, Side::notion}) {
    story.pair.conflict.prefer = Prefer::ask;
    in_page = story.fresh("r1", Story::note);
    in_row = story.fresh("r1", Story::note);
    page_then_row(3 * minute_ms);
    story.sync();
    story.postgres.decide(record.row, Story::note, winner);
    expect_everywhere(winner == Side::notion ? in_page : in_row);
    EXPECT_EQ(story.waiting(record.row), nullptr);
  }
}

TEST_F(Dispute, is_over_when_people_agree_by_themselves) {
  story.pair.conflict.prefer = Prefer::ask;
  page_then_row(3 * minute_ms);
  story.sync();
  const Value agreed = story.fresh("r1", Story::note);
  story.edit_page(record.page, {{Story::note, agreed}});
  story.edit_row(record.row, {{Story::note, agreed}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.waiting(record.row), nullptr);
}

// Found under fire: a decision whose conflict was gone by the time of the next run waited for ever.
TEST_F(Dispute, is_over_when_what_was_in_dispute_was_taken_back) {
  for (const bool decided : {false, true}) {
    for (const auto& [page_back, row_back] : {std::pair{true, true}, {true, false}, {false, true}}) {
      story.pair.conflict.prefer = Prefer::ask;
      const Value base = story.in_supabase(record.row, Story::note);
      in_page = story.fresh("r1", Story::note);
      in_row = story.fresh("r1", Story::note);
      page_then_row(3 * minute_ms);
      story.sync();
      EXPECT_EQ(story.postgres.open_conflicts().size(), 1U);
      if (decided) story.postgres.decide(record.row, Story::note, Side::notion);
      if (page_back) story.edit_page(record.page, {{Story::note, base}});
      if (row_back) story.edit_row(record.row, {{Story::note, base}});
      EXPECT_TRUE(story.comes_to_rest());
      EXPECT_EQ(story.in_notion(record.page, Story::note), story.in_supabase(record.row, Story::note));
      EXPECT_EQ(story.waiting(record.row), nullptr) << decided << page_back << row_back;
      EXPECT_TRUE(story.postgres.open_conflicts().empty()) << decided << page_back << row_back;
      EXPECT_TRUE(story.postgres.links().at(record.row).choices.empty()) << decided << page_back << row_back;
    }
  }
}

// Found by simulation: what stood in the log was what the half had shown when the conflict was noticed.
TEST_F(Dispute, whose_loser_was_edited_again_is_in_the_log_when_the_record_is_deleted) {
  for (const Side winner : {Side::notion, Side::supabase}) {
    Story story;
    story.pair.conflict.prefer = Prefer::ask;
    const Story::Record both = story.synced();
    story.edit_page(both.page, {{Story::note, story.fresh("r1", Story::note)}});
    story.edit_row(both.row, {{Story::note, story.fresh("r1", Story::note)}});
    story.sync();
    story.postgres.decide(both.row, Story::note, winner);
    const Value again = story.fresh("r1", Story::note);
    if (winner == Side::notion) {
      story.edit_row(both.row, {{Story::note, again}});
      story.trash_page(both.page);
    } else {
      story.edit_page(both.page, {{Story::note, again}});
      story.delete_row(both.row, false);
    }
    EXPECT_TRUE(story.comes_to_rest());
    const Conflict* logged = story.logged(again);
    ASSERT_NE(logged, nullptr);
    EXPECT_EQ(logged->winner, winner);
    EXPECT_TRUE(story.postgres.open_conflicts().empty());
  }
}

TEST_F(Dispute, record_by_record_gives_the_whole_record_to_the_newer_half) {
  story.pair.conflict.granularity = Granularity::record;
  const Value score = story.fresh("r1", Story::score);
  story.edit_page(record.page, {{Story::note, in_page}, {Story::score, score}});
  story.clock.pass(3 * minute_ms);
  story.edit_row(record.row, {{Story::note, in_row}});
  expect_everywhere(in_row);
  EXPECT_EQ(story.in_notion(record.page, Story::score), record.values[Story::score]);
  EXPECT_NE(story.logged(score), nullptr) << "the page's own edit went under and is in no log";
}

// --- what we sent is never a person's edit (R6, R7, R8, R10, I10)

TEST(OurWrite, of_unknown_outcome_that_took_effect_is_no_edit_R7) {
  Story story;
  const auto record = story.synced();
  const Value written = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, written}});
  story.next_write("PATCH", Story::Kind::lost_after);
  story.sync();
  story.wait(30 * second_ms);
  const auto rows = story.postgres.row_writes();
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_notion(record.page, Story::note), written);
  EXPECT_EQ(story.postgres.row_writes(), rows) << "our own value came back as an edit";
  EXPECT_TRUE(story.postgres.conflicts().empty());
}

TEST(OurWrite, of_unknown_outcome_gives_way_to_what_a_person_wrote_over_it_R7) {
  Story story;
  const auto record = story.synced();
  const Value ours = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, ours}});
  story.next_write("PATCH", Story::Kind::lost_after);
  story.sync();
  const Value theirs = story.fresh("r1", Story::note);
  story.clock.pass(10 * second_ms);
  story.edit_page(record.page, {{Story::note, theirs}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_supabase(record.row, Story::note), theirs);
  EXPECT_EQ(story.in_notion(record.page, Story::note), theirs);
  EXPECT_NE(story.logged(ours), nullptr);
}

TEST(OurWrite, that_may_still_land_keeps_its_page_in_quarantine_R6) {
  Story story;
  const auto record = story.synced();
  story.edit_row(record.row, {{Story::note, story.fresh("r1", Story::note)}});
  story.next_write("PATCH", Story::Kind::lands_later, 50 * second_ms);
  story.sync();
  const Value newer = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, newer}});
  int patches = 0;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    patches += request.method == "PATCH" ? 1 : 0;
    return std::nullopt;
  };
  story.wait(20 * second_ms);
  story.sync_now();
  EXPECT_EQ(patches, 0) << "written to while the older value may still land on top";
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_notion(record.page, Story::note), newer);
  EXPECT_EQ(story.in_supabase(record.row, Story::note), newer);
}

TEST(OurWrite, acknowledged_by_notion_is_remembered_though_the_row_moved_meanwhile_R8) {
  Story story;
  const auto record = story.synced();
  const Value ours = story.fresh("r1", Story::note);
  const Value score = story.fresh("r1", Story::score);
  story.edit_row(record.row, {{Story::note, ours}});
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.method == "PATCH") story.edit_row(record.row, {{Story::score, score}});
    return std::nullopt;
  };
  story.sync();
  story.fate_of = nullptr;
  EXPECT_EQ(story.postgres.links().at(record.row).page_shadow[Story::note], ours);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_notion(record.page, Story::score), score);
  EXPECT_TRUE(story.postgres.conflicts().empty());
}

TEST(OurWrite, is_preceded_by_a_fresh_read_R10) {
  Story story;
  const auto record = story.synced();
  story.edit_row(record.row, {{Story::note, story.fresh("r1", Story::note)}});
  std::vector<std::string> order;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.path.find(record.page) != std::string::npos) order.push_back(request.method);
    return std::nullopt;
  };
  story.sync();
  EXPECT_EQ(order, (std::vector<std::string>{"GET", "PATCH"}));
}

TEST(OurWrite, to_a_row_is_compare_and_set_R12) {
  Story story;
  const auto record = story.synced();
  const Value in_row = story.fresh("r1", Story::score);
  const Value in_page = story.fresh("r1", Story::note);
  story.edit_page(record.page, {{Story::note, in_page}});
  int requests = 0;
  story.fate_of = [&](const sandbox::Request&) -> std::optional<sandbox::Fate> {
    if (++requests == 2) story.edit_row(record.row, {{Story::score, in_row}});  // after the rows were read
    return std::nullopt;
  };
  story.sync();
  EXPECT_EQ(story.in_supabase(record.row, Story::score), in_row);
  EXPECT_EQ(story.in_supabase(record.row, Story::note), in_page);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_notion(record.page, Story::score), in_row);
}

TEST(OurWrite, has_its_reason_and_its_before_and_after_in_the_history_I13) {
  Story story;
  const auto record = story.synced();
  const Value written = story.fresh("r1", Story::note);
  story.edit_page(record.page, {{Story::note, written}});
  story.sync();
  const auto& entry = story.postgres.history().back();
  EXPECT_EQ(entry.action, "update");
  EXPECT_EQ(entry.before, (std::vector<Change>{{Story::note, record.values[Story::note]}}));
  EXPECT_THAT(entry.reason, HasSubstr("changed in Notion"));
}

TEST(OurWrite, answered_by_an_error_that_names_what_it_committed_is_no_second_page) {
  Story story;
  story.make_row(story.some());
  story.next_write("POST", Story::Kind::committed_503);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.pages().size(), 1);
}

// --- hints are not data (R13)

TEST(Hint, that_was_lost_is_made_up_for_by_the_full_scan_R13) {
  Story story;
  const auto record = story.synced();
  story.postgres.capture_broken = true;
  const Value written = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, written}});
  story.sync();
  EXPECT_EQ(story.in_notion(record.page, Story::note), written);
}

TEST(Hint, names_a_row_whose_present_values_are_read) {
  Story story;
  const auto record = story.synced();
  story.edit_row(record.row, {{Story::note, story.fresh("r1", Story::note)}});
  const Value last = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, last}});
  story.notion.reset_stats();
  story.sync();
  EXPECT_EQ(story.in_notion(record.page, Story::note), last);
  EXPECT_EQ(story.notion_writes(), 1) << "two hints, one write";
}

// Our write landed without an answer; when that is found out, the listing still shows the page as it was before.
TEST(Merge, an_older_version_in_a_listing_does_not_undo_a_write_that_was_found_again) {
  Story story;
  story.notion.habits().index_delay_ms = 110 * second_ms;
  const auto record = story.synced();
  story.clock.pass(10 * minute_ms - story.clock.now() % minute_ms);
  story.edit_page(record.page, {{Story::note, story.in_notion(record.page, Story::note)}});  // touched, not changed
  story.wait(2 * minute_ms);
  const Value written = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, written}});
  story.next_write("PATCH", Story::Kind::lost_after);
  story.sync_now();
  story.wait(20 * second_ms);
  const auto before = story.postgres.row_writes();
  story.sync_now();
  EXPECT_EQ(story.in_supabase(record.row, Story::note), written);
  EXPECT_EQ(story.postgres.row_writes(), before) << "the row was written, though nobody edited the page";
}

}  // namespace
}  // namespace rowpage::sim
