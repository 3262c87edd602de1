// Rules about a run as a whole: directions, --since, whose clock, identity, dry runs, two runners, bad tokens, bad
// rows.
#include "sim/story.h"

namespace rowpage::sim {
namespace {

using testing::HasSubstr;

// --- one way

TEST(OneWayRun, writes_one_side_and_leaves_the_others_changes_for_a_later_run) {
  Story story;
  const auto record = story.synced();
  const Value note = story.fresh("r1", Story::note);
  const Value score = story.fresh("r1", Story::score);
  story.edit_page(record.page, {{Story::note, note}});
  story.edit_row(record.row, {{Story::score, score}});
  story.notion.reset_stats();
  story.one_way(Direction::to_supabase);
  EXPECT_EQ(story.notion_writes(), 0);
  EXPECT_EQ(story.in_supabase(record.row, Story::note), note);
  EXPECT_EQ(story.in_supabase(record.row, Story::score), score) << "the row's own change must not be undone";
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_notion(record.page, Story::score), score);
}

TEST(OneWayRun, to_notion_leaves_the_pages_changes_however_often_it_runs) {
  Story story;
  const auto record = story.synced();
  const Value note = story.fresh("r1", Story::note);
  const Value score = story.fresh("r1", Story::score);
  story.edit_page(record.page, {{Story::note, note}});
  story.edit_row(record.row, {{Story::score, score}});
  const auto rows = story.postgres.row_writes();
  for (int i = 0; i < 4; ++i) story.one_way(Direction::to_notion);
  EXPECT_EQ(story.postgres.row_writes(), rows);
  EXPECT_EQ(story.in_notion(record.page, Story::score), score);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_supabase(record.row, Story::note), note) << "the watermark passed what was left lying";
}

TEST(OneWayRun, leaves_new_deleted_and_restored_records_of_the_other_side_too) {
  for (const Direction direction : {Direction::to_supabase, Direction::to_notion}) {
    Story story;
    const auto records = story.synced(3);
    story.trash_page(records[0].page);
    story.delete_row(records[1].row, false);
    story.make_page(story.some());
    story.make_row(story.some());
    const auto rows = story.postgres.row_writes();
    story.notion.reset_stats();
    story.one_way(direction);
    story.one_way(direction);
    if (direction == Direction::to_supabase) EXPECT_EQ(story.notion_writes(), 0);
    if (direction == Direction::to_notion) EXPECT_EQ(story.postgres.row_writes(), rows);
    story.full_sync();
    EXPECT_TRUE(story.comes_to_rest());
    EXPECT_THAT(story.judge(), testing::IsEmpty());
    EXPECT_EQ(story.live_pages(), 3);
    EXPECT_EQ(story.live_rows(), 3);
  }
}

// --- a side that is read only for the pair (I14)

struct OneWayPair : testing::Test {
  void make(Direction direction, Drift drift) {
    story.pair.direction = direction;
    for (auto& field : story.pair.fields) field.direction = direction;
    story.pair.drift = drift;
    values = story.some();
    if (direction == Direction::to_supabase) {
      page = story.make_page(values);
      story.sync();
      row = story.row_of(page);
    } else {
      row = story.make_row(values);
      story.sync();
      page = story.page_of(row);
    }
    ASSERT_FALSE(page.empty());
    ASSERT_FALSE(row.empty());
  }
  Story story;
  Values values;
  std::string page, row;
};

TEST_F(OneWayPair, never_writes_to_notion_whatever_happens_in_supabase) {
  make(Direction::to_supabase, Drift::report);
  const Value drifted = story.fresh("r1", Story::note);
  story.edit_row(row, {{Story::note, drifted}});
  story.make_row(story.some());
  story.notion.reset_stats();
  EXPECT_EQ(story.sync().drift, 1);
  EXPECT_EQ(story.in_supabase(row, Story::note), drifted) << "report: it stays";
  story.delete_row(row, false);
  story.sync();
  story.full_sync();
  EXPECT_EQ(story.notion_writes(), 0);
}

TEST_F(OneWayPair, never_writes_to_supabase_whatever_happens_in_notion) {
  make(Direction::to_notion, Drift::report);
  const auto rows = story.postgres.row_writes();
  story.edit_page(page, {{Story::note, story.fresh("r1", Story::note)}});
  story.make_page(story.some());
  EXPECT_EQ(story.sync().drift, 1);
  story.trash_page(page);
  story.full_sync();
  EXPECT_EQ(story.postgres.row_writes(), rows);
  EXPECT_EQ(story.live_rows(), 1);
}

TEST_F(OneWayPair, puts_drift_back_where_told_to_and_keeps_it_in_the_log) {
  make(Direction::to_supabase, Drift::revert);
  const Value drifted = story.fresh("r1", Story::note);
  story.edit_row(row, {{Story::note, drifted}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_supabase(row, Story::note), values[Story::note]);
  EXPECT_NE(story.logged(drifted), nullptr);
}

TEST_F(OneWayPair, puts_drift_in_notion_back_where_told_to) {
  make(Direction::to_notion, Drift::revert);
  const Value drifted = story.fresh("r1", Story::note);
  story.edit_page(page, {{Story::note, drifted}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_notion(page, Story::note), values[Story::note]);
  EXPECT_NE(story.logged(drifted), nullptr);
}

TEST_F(OneWayPair, carries_a_later_change_of_the_source_over_drift_and_logs_the_drift) {
  make(Direction::to_supabase, Drift::report);
  const Value drifted = story.fresh("r1", Story::note);
  const Value later = story.fresh("r1", Story::note);
  story.edit_row(row, {{Story::note, drifted}});
  story.sync();
  story.edit_page(page, {{Story::note, later}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_supabase(row, Story::note), later);
  EXPECT_NE(story.logged(drifted), nullptr);
}

// --- --since

TEST(Since, carries_what_is_recent_and_moves_no_watermark) {
  Story story;
  const auto records = story.synced(2);
  story.wait(hour_ms);
  story.sync();
  const auto watermark = story.postgres.state().watermark_ms;
  const Value early = story.fresh("r1", Story::note);
  const Value late = story.fresh("r2", Story::note);
  story.edit_page(records[0].page, {{Story::note, early}});
  story.wait(hour_ms);
  const Millis since = story.clock.now();
  story.edit_page(records[1].page, {{Story::note, late}});
  RunOptions options;
  options.since_ms = since;
  EXPECT_FALSE(story.sync(options).full_scan);
  EXPECT_EQ(story.in_supabase(records[1].row, Story::note), late);
  EXPECT_NE(story.in_supabase(records[0].row, Story::note), early);
  EXPECT_EQ(story.postgres.state().watermark_ms, watermark);
  story.sync();
  EXPECT_EQ(story.in_supabase(records[0].row, Story::note), early);
}

TEST(Since, infers_no_deletion) {
  Story story;
  const auto records = story.synced(3);
  const Millis since = story.clock.now();
  story.trash_page(records[0].page);
  RunOptions options;
  options.since_ms = since;
  story.sync(options);
  EXPECT_EQ(story.live_rows(), 3);
}

TEST(Since, keeps_captured_changes_from_before_it_for_a_run_that_wants_them) {
  Story story;
  const auto record = story.synced();
  const Value written = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, written}});
  story.wait(hour_ms);
  RunOptions options;
  options.since_ms = story.clock.now();
  story.sync(options);
  EXPECT_NE(story.in_notion(record.page, Story::note), written);
  story.sync();
  EXPECT_EQ(story.in_notion(record.page, Story::note), written);
}

// --- whose clock

TEST(Watermark, is_notions_own_time_however_far_its_clock_is_off) {
  for (const Millis skew : {-5 * minute_ms, 5 * minute_ms, -3 * hour_ms}) {
    Story story;
    story.notion_skew_ms = skew;
    const auto record = story.synced();
    for (int i = 0; i < 5; ++i) {
      const Value written = story.fresh("r1", Story::note);
      story.edit_page(record.page, {{Story::note, written}});
      story.sync();
      EXPECT_EQ(story.in_supabase(record.row, Story::note), written) << "skew " << skew / second_ms << " s, edit " << i;
    }
    EXPECT_EQ(story.postgres.state().watermark_ms, floor_minute(*story.postgres.state().watermark_ms));
    EXPECT_LE(*story.postgres.state().watermark_ms, story.clock.now() + skew);
  }
}

// --- identity

TEST(Identity, a_changed_mapping_stops_the_pair_until_it_is_named) {
  Story story;
  const auto record = story.synced();
  story.pair.fields[Story::score].direction = Direction::to_supabase;
  story.edit_page(record.page, {{Story::note, story.fresh("r1", Story::note)}});
  const auto report = story.sync();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->cause, Cause::brake);
  EXPECT_THAT(report.error->hint, HasSubstr("--allow-mapping-change"));
  EXPECT_EQ(story.in_supabase(record.row, Story::note), record.values[Story::note]);
  RunOptions named;
  named.allow_mapping_change = true;
  EXPECT_FALSE(story.sync(named).error);
  EXPECT_FALSE(story.sync().error) << "once is enough";
}

TEST(Identity, a_token_of_another_integration_stops_the_pair_until_it_is_named) {
  Story story;
  story.synced();
  RunOptions other;
  other.bot_id = "another bot";
  const auto report = story.sync(other);
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->cause, Cause::brake);
  EXPECT_THAT(report.error->what, HasSubstr("another integration"));
  other.allow_mapping_change = true;
  EXPECT_FALSE(story.sync(other).error);
}

TEST(Identity, a_copied_database_asks_before_it_touches_the_originals_notion) {
  Story story;
  const auto record = story.synced();
  const Value written = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, written}});
  story.postgres.state().elsewhere = true;
  const auto report = story.sync();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->cause, Cause::brake);
  EXPECT_THAT(report.error->hint, HasSubstr("--allow-copied-database"));
  EXPECT_EQ(story.in_notion(record.page, Story::note), record.values[Story::note]);
  RunOptions dry;
  dry.dry_run = true;
  const auto planned = story.sync(dry);
  EXPECT_FALSE(planned.error) << "a plan may be looked at";
  EXPECT_THAT(planned.warnings, Contains(HasSubstr("A sync will ask first")));
  RunOptions named;
  named.allow_copied_database = true;
  EXPECT_FALSE(story.sync(named).error);
  EXPECT_EQ(story.in_notion(record.page, Story::note), written);
}

// --- dry runs

class Shown : public PlanSink {
 public:
  void action(const Pair&, const Action& action) override { actions.push_back(action); }
  std::vector<Action> actions;
};

TEST(DryRun, shows_what_a_run_would_do_and_leaves_no_trace) {
  Story story;
  const auto records = story.synced(6);
  story.edit_page(records[0].page, {{Story::note, story.fresh("r1", Story::note)}});
  story.edit_row(records[1].row, {{Story::note, story.fresh("r2", Story::note)}});
  story.edit_page(records[2].page, {{Story::note, story.fresh("r3", Story::note)}});
  story.edit_row(records[2].row, {{Story::note, story.fresh("r3", Story::note)}});
  story.trash_page(records[3].page);
  story.delete_row(records[4].row, false);
  story.make_page(story.some());
  story.make_row(story.some());
  story.wait(5 * minute_ms);
  RunOptions options;
  options.dry_run = true;
  options.full = true;
  const std::string before = story.whole_state();
  story.notion.reset_stats();
  Shown shown;
  const auto planned = story.cycle(options, &shown);
  ASSERT_TRUE(planned);
  EXPECT_EQ(story.notion_writes(), 0);
  EXPECT_EQ(story.whole_state(), before);
  options.dry_run = false;
  const auto done = story.sync_now(options);
  EXPECT_EQ(planned->rows_created, done.rows_created);
  EXPECT_EQ(planned->rows_updated, done.rows_updated);
  EXPECT_EQ(planned->rows_deleted, done.rows_deleted);
  EXPECT_EQ(planned->pages_created, done.pages_created);
  EXPECT_EQ(planned->pages_updated, done.pages_updated);
  EXPECT_EQ(planned->pages_trashed, done.pages_trashed);
  EXPECT_EQ(planned->conflicts, done.conflicts);
  EXPECT_EQ(shown.actions.size(), 7);
  for (const auto& action : shown.actions) EXPECT_FALSE(action.all_reasons().empty()) << action.key;
}

TEST(DryRun, of_a_first_sync_and_of_open_requests_leaves_no_trace_either) {
  Story story;
  story.make_row(story.some());
  story.next_write("POST", Story::Kind::lost_after);
  story.sync();
  story.make_page(story.some());
  story.wait(hour_ms);
  RunOptions options;
  options.dry_run = true;
  const std::string before = story.whole_state();
  story.cycle(options);
  EXPECT_EQ(story.whole_state(), before);
}

// --- quiet

TEST(QuietRun, writes_nothing_and_asks_next_to_nothing_I6) {
  Story story;
  story.synced(30);
  for (int i = 0; i < 3; ++i) story.sync();
  const std::string before = story.whole_state();
  story.notion.reset_stats();
  const auto rows = story.postgres.row_writes();
  story.wait(hour_ms);
  const auto report = story.sync();
  EXPECT_FALSE(report.wrote());
  EXPECT_EQ(story.notion_writes(), 0);
  EXPECT_EQ(story.postgres.row_writes(), rows);
  EXPECT_LE(report.requests, 2);
}

TEST(QuietRun, is_quiet_though_a_strangers_trigger_touches_updated_at) {
  Story story;
  story.postgres.strangers_touch_updated_at = true;
  const auto records = story.synced(3);
  story.edit_page(records[0].page, {{Story::note, story.fresh("r1", Story::note)}});
  story.sync();
  story.notion.reset_stats();
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.notion_writes(), 0);
  EXPECT_TRUE(story.postgres.conflicts().empty());
}

// --- two runners

TEST(TwoRunners, the_one_whose_lease_was_taken_over_can_commit_nothing) {
  Story story;
  const auto record = story.synced();
  const Value written = story.fresh("r1", Story::note);
  story.edit_page(record.page, {{Story::note, written}});
  story.wait(5 * minute_ms);
  // While the first one reads, a second takes over.
  story.fate_of = [&](const sandbox::Request&) -> std::optional<sandbox::Fate> {
    EXPECT_TRUE(story.postgres.acquire(story.pair.workspace, minute_ms, 0));
    return std::nullopt;
  };
  const auto rows = story.postgres.row_writes();
  const auto report = story.cycle();
  ASSERT_TRUE(report && report->error);
  EXPECT_EQ(report->error->cause, Cause::lease_lost);
  EXPECT_EQ(story.postgres.row_writes(), rows);
  story.fate_of = nullptr;
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_supabase(record.row, Story::note), written);
}

TEST(TwoRunners, the_one_that_lost_its_lease_sends_nothing_it_could_not_write_down) {
  Story story;
  story.make_row(story.some());
  story.wait(5 * minute_ms);
  story.fate_of = [&](const sandbox::Request&) -> std::optional<sandbox::Fate> {
    EXPECT_TRUE(story.postgres.acquire(story.pair.workspace, minute_ms, 0));
    return std::nullopt;
  };
  story.notion.reset_stats();
  EXPECT_TRUE(story.cycle()->error);
  EXPECT_EQ(story.notion_writes(), 0);
}

// --- how far an error reaches (R15, I12)

TEST(BadToken, stops_everything_at_once_and_is_not_tried_again) {
  Story story;
  const auto record = story.synced();
  story.edit_row(record.row, {{Story::note, story.fresh("r1", Story::note)}});
  story.notion.expire_token(story.notion.integration_token());
  const auto report = story.sync();
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->cause, Cause::unauthorised);
  EXPECT_EQ(report.error->scope, Scope::workspace);
  EXPECT_EQ(report.requests, 1);
}

TEST(BadRow, parks_itself_and_the_others_go_on) {
  Story story;
  story.postgres.one_column_constraint = true;
  std::vector<std::string> good;
  for (int i = 0; i < 7; ++i) good.push_back(story.make_page(story.some()));
  Values values = story.some();
  values[Story::score] = -1.0;
  const std::string bad = story.make_page(values);
  for (int i = 0; i < 7; ++i) good.push_back(story.make_page(story.some()));
  const auto report = story.sync();
  EXPECT_FALSE(report.error);
  EXPECT_EQ(report.parked, 1);
  EXPECT_EQ(story.live_rows(), 14);
  ASSERT_NE(story.waiting(bad), nullptr);
  EXPECT_THAT(story.waiting(bad)->reason, HasSubstr("CHECK"));
}

TEST(BadRow, that_a_person_mends_goes_on_by_itself) {
  Story story;
  const auto record = story.synced(2).front();
  story.postgres.one_column_constraint = true;
  story.edit_page(record.page, {{Story::score, -1.0}});
  story.sync();
  ASSERT_NE(story.waiting(record.row), nullptr);
  story.edit_page(record.page, {{Story::score, 7.0}});
  story.sync();
  EXPECT_EQ(story.in_supabase(record.row, Story::score), Value(7.0));
  EXPECT_EQ(story.waiting(record.row), nullptr);
}

TEST(Unavailable, is_waited_out_when_notion_says_so) {
  Story story;
  const auto record = story.synced();
  const Value written = story.fresh("r1", Story::note);
  story.edit_row(record.row, {{Story::note, written}});
  story.next_write("PATCH", Story::Kind::refuse_429);
  story.sync();
  EXPECT_EQ(story.in_notion(record.page, Story::note), written) << "effect none: sent again within the run";
}

}  // namespace
}  // namespace rowpage::sim
