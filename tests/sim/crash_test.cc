// Killed at every step, and resumed (I7).
//
// A scene is prepared, people act, and sync runs until it is quiet; on the way the steps are counted at which a process
// can die: before and after each request that writes, each commit. Then the same scene is played once per step and the
// process dies there. Whatever happened, the runs that follow must come to rest with both sides equal, nothing lost,
// nothing twice, nothing open, and then write nothing more.
//
// Each scene is played with different luck on the way to Notion: requests that are answered, that take effect
// unanswered, that land only after the restart, and that are answered by something unreadable.
#include <array>

#include "sim/story.h"

namespace rowpage::sim {
namespace {

using Records = std::vector<Story::Record>;

struct Scene {
  const char* name;
  std::size_t records;  // in step before the people act
  std::function<void(Story&, const Records&)> people;
};

void both_halves(Story& story, const Values& page, const Values& row) {
  story.make_page(page);
  const std::string key = story.postgres.insert(story.pair, row);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] != page[i]) story.ghost.wrote(Side::supabase, record_of(page[Story::title]), i, Null{}, row[i]);
  }
}

const Scene scenes[] = {
    {"new_row", 0, [](Story& s, const Records&) { s.make_row(s.some()); }},
    {"new_page", 0, [](Story& s, const Records&) { s.make_page(s.some()); }},
    {"several_of_each", 2,
     [](Story& s, const Records&) {
       for (int i = 0; i < 6; ++i) {
         s.make_row(s.some());
         s.make_page(s.some());
       }
     }},
    {"update_to_row", 1,
     [](Story& s, const Records& r) {
       s.edit_page(r[0].page, {{Story::note, s.fresh("r1", Story::note)}});
     }},
    {"update_to_page", 1,
     [](Story& s, const Records& r) {
       s.edit_row(r[0].row, {{Story::note, s.fresh("r1", Story::note)}});
     }},
    {"update_both_ways", 1,
     [](Story& s, const Records& r) {
       s.edit_page(r[0].page, {{Story::note, s.fresh("r1", Story::note)}});
       s.edit_row(r[0].row, {{Story::score, s.fresh("r1", Story::score)}});
     }},
    {"conflict_notion_wins", 1,
     [](Story& s, const Records& r) {
       s.edit_row(r[0].row, {{Story::note, s.fresh("r1", Story::note)}});
       s.clock.pass(3 * minute_ms);
       s.edit_page(r[0].page, {{Story::note, s.fresh("r1", Story::note)}});
     }},
    {"conflict_supabase_wins", 1,
     [](Story& s, const Records& r) {
       s.edit_page(r[0].page, {{Story::note, s.fresh("r1", Story::note)}});
       s.clock.pass(3 * minute_ms);
       s.edit_row(r[0].row, {{Story::note, s.fresh("r1", Story::note)}});
     }},
    {"conflicts_each_way_in_one_record", 1,
     [](Story& s, const Records& r) {
       s.edit_row(r[0].row, {{Story::score, s.fresh("r1", Story::score)}});
       s.clock.pass(3 * minute_ms);
       s.edit_page(r[0].page, {{Story::score, s.fresh("r1", Story::score)}, {Story::note, s.fresh("r1", Story::note)}});
       s.clock.pass(3 * minute_ms);
       s.edit_row(r[0].row, {{Story::note, s.fresh("r1", Story::note)}});
     }},
    {"trashed_page", 2, [](Story& s, const Records& r) { s.trash_page(r[0].page); }},
    {"deleted_row", 2, [](Story& s, const Records& r) { s.delete_row(r[0].row, false); }},
    {"row_deleted_for_good", 2, [](Story& s, const Records& r) { s.delete_row(r[0].row, true); }},
    {"restored_page", 2,
     [](Story& s, const Records& r) {
       s.trash_page(r[0].page);
       s.sync();
       s.restore_page(r[0].page);
     }},
    {"restored_row", 2,
     [](Story& s, const Records& r) {
       s.delete_row(r[0].row, false);
       s.sync();
       s.restore_row(r[0].row);
     }},
    {"restored_and_edited_row", 2,
     [](Story& s, const Records& r) {
       s.delete_row(r[0].row, false);
       s.sync();
       s.restore_row(r[0].row);
       s.edit_row(r[0].row, {{Story::note, s.fresh("r1", Story::note)}});
     }},
    {"page_of_a_row_gone_for_good_restored", 2,
     [](Story& s, const Records& r) {
       s.delete_row(r[0].row, true);
       s.sync();
       s.restore_page(r[0].page);
     }},
    {"edited_row_against_trashed_page", 2,
     [](Story& s, const Records& r) {
       s.edit_row(r[0].row, {{Story::note, s.fresh("r1", Story::note)}});
       s.trash_page(r[0].page);
     }},
    {"edited_page_against_deleted_row", 2,
     [](Story& s, const Records& r) {
       s.edit_page(r[0].page, {{Story::note, s.fresh("r1", Story::note)}});
       s.delete_row(r[0].row, false);
     }},
    {"edited_page_against_row_gone_for_good", 2,
     [](Story& s, const Records& r) {
       s.edit_page(r[0].page, {{Story::note, s.fresh("r1", Story::note)}});
       s.delete_row(r[0].row, true);
     }},
    {"duplicate_of_a_page", 1, [](Story& s, const Records& r) { s.duplicate_page(r[0].page, s.some()); }},
    {"first_sync_with_matches", 0,
     [](Story& s, const Records&) {
       const Values equal = s.some();
       both_halves(s, equal, equal);
       Values page = s.some();
       Values row = page;
       row[Story::note] = s.fresh(record_of(page[Story::title]), Story::note);
       both_halves(s, page, row);
       s.make_page(s.some());
       s.make_row(s.some());
     }},
};

struct Luck {
  const char* name;
  std::optional<sandbox::Fate> fate;  // of every write of the first run
};

const Luck lucks[] = {
    {"answered", std::nullopt},
    {"unanswered", sandbox::Fate{Story::Kind::lost_after, 0, 502}},
    {"lands_after_the_restart", sandbox::Fate{Story::Kind::lands_later, 25 * second_ms, 502}},
    {"unreadable", sandbox::Fate{Story::Kind::truncated_after, 0, 502}},
    {"never_sent", sandbox::Fate{Story::Kind::lost_before, 0, 502}},
};

constexpr std::array<Millis, 3> waits = {second_ms, 40 * second_ms, 5 * minute_ms};  // until the next run

// Under the sanitizers, which make everything an order of magnitude slower, each step gets one of them in turn.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool one_wait_a_step = true;
#else
constexpr bool one_wait_a_step = false;
#endif
#else
constexpr bool one_wait_a_step = false;
#endif

struct Played {
  std::uint64_t steps = 0;
  bool crashed = false;
  std::string wrong;
};

// Plays the scene; dies at `step` (0: never). `wait`: until the next run after the crash.
Played play(const Scene& scene, const Luck& luck, std::uint64_t step, Millis wait) {
  Story story;
  story.notion.habits().query_in_trash = sandbox::Habits::TrashQuery::honoured;
  const Records records = story.synced(scene.records);
  scene.people(story, records);
  story.clock.pass(3 * minute_ms);
  story.crash.reset();
  if (step != 0) story.crash.arm(step);
  if (luck.fate) {
    story.fate_of = [&luck](const sandbox::Request& request) {
      return Story::reads(request) ? std::nullopt : luck.fate;
    };
  }
  Played played;
  bool quiet = false;
  Millis paused = wait;  // before the run: a page younger than the index bound shows in no listing yet
  for (int i = 0; i < 9 && !quiet; ++i) {
    const auto notion_before = story.notion_writes();
    const auto rows_before = story.postgres.row_writes();
    const auto report = story.cycle();
    story.fate_of = nullptr;  // bad luck ends with the first run
    if (!report) {
      played.crashed = true;
      story.crash.disarm();
      story.wait(wait);
      paused = wait;
      continue;
    }
    if (report->error) played.wrong += "\n  run " + std::to_string(i) + ": " + report->error->what;
    quiet = story.notion_writes() == notion_before && story.postgres.row_writes() == rows_before &&
            story.postgres.open_requests().empty() && story.postgres.parked().empty() &&
            paused > story.pair.bounds.index_ms;
    paused = 5 * minute_ms;
    story.wait(5 * minute_ms);
  }
  played.steps = story.crash.passed();
  story.crash.disarm();
  if (!quiet) played.wrong += "\n  it does not come to rest";
  for (const auto& [nonce, request] : story.postgres.open_requests()) played.wrong += "\n  still open: " + request.key;
  for (const auto& [name, parked] : story.postgres.parked())
    played.wrong += "\n  still waits: " + name + ": " + parked.reason;
  for (const auto& line : story.judge()) played.wrong += "\n  " + line;
  const auto notion_before = story.notion_writes();
  const auto rows_before = story.postgres.row_writes();
  story.full_sync();
  if (story.notion_writes() != notion_before || story.postgres.row_writes() != rows_before)
    played.wrong += "\n  a quiet pair is written to";
  return played;
}

class AnyScene : public testing::TestWithParam<Scene> {};

TEST_P(AnyScene, survives_a_crash_at_every_step) {
  const Scene& scene = GetParam();
  std::uint64_t points = 0;
  for (const Luck& luck : lucks) {
    const Played whole = play(scene, luck, 0, 5 * minute_ms);
    ASSERT_EQ(whole.wrong, "") << luck.name << ", not killed at all";
    ASSERT_GT(whole.steps, 0);
    for (std::uint64_t step = 1; step <= whole.steps; ++step) {
      for (const Millis wait : waits) {
        if (one_wait_a_step && wait != waits[step % waits.size()]) continue;
        const Played played = play(scene, luck, step, wait);
        ASSERT_TRUE(played.crashed) << "step " << step << " was not reached";
        EXPECT_EQ(played.wrong, "") << luck.name << ", killed at step " << step << ", resumed after "
                                    << wait / second_ms << " s";
        ++points;
      }
    }
  }
  std::printf("  %-40s %llu crashes survived\n", scene.name, static_cast<unsigned long long>(points));
  RecordProperty("crashes", static_cast<int>(points));
}

INSTANTIATE_TEST_SUITE_P(Every, AnyScene, testing::ValuesIn(scenes), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace rowpage::sim
