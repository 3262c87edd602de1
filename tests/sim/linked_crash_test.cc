// Killed at every step while links are on their way, and resumed (I7): as crash_test.cc, for two related pairs.
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "sim/linked_world.h"

namespace rowpage::sim {
namespace {

using Kind = sandbox::Fate::Kind;
constexpr std::size_t person = 0, task = 1;

struct Scene {
  const char* name;
  std::function<void(LinkedWorld&)> people;  // after p1, p2, t1 (owner p1, helper p1) and t2 are in step
};

void link(LinkedWorld& w, const char* own, const char* other) {
  w.postgres.link("public.task_people", own, other);
}
void unlink(LinkedWorld& w, const char* own, const char* other) {
  w.postgres.unlink("public.task_people", own, other);
}
std::string page(LinkedWorld& w, std::size_t pair, const char* key) {
  return w.page_of(pair, key);
}

const Scene scenes[] = {
    {"new_task_with_links_in_sql",
     [](LinkedWorld& w) {
       w.make_row(task, "t3");
       w.edit_row(task, "t3", LinkedWorld::owner, {"p2"});
       link(w, "t3", "p1");
       link(w, "t3", "p2");
     }},
    {"new_task_of_a_new_person",
     [](LinkedWorld& w) {
       w.make_row(person, "p3");
       w.make_row(task, "t3");
       w.edit_row(task, "t3", LinkedWorld::owner, {"p3"});
       w.edit_row(task, "t2", LinkedWorld::owner, {"p3"});
     }},
    {"new_page_with_links",
     [](LinkedWorld& w) {
       const auto t3 = w.make_page(task, "t3");
       w.set_links(t3, "Owner", {page(w, person, "p2")});
       w.set_links(t3, "Helpers", {page(w, person, "p1"), page(w, person, "p2")});
       w.set_links(t3, "Depends", {page(w, task, "t1")});
     }},
    {"pages_that_link_in_a_circle",
     [](LinkedWorld& w) {
       const auto a = w.make_page(task, "a"), b = w.make_page(task, "b");
       w.set_links(a, "Parent", {b});
       w.set_links(b, "Parent", {a});
       w.set_links(a, "Depends", {b});
     }},
    {"rows_that_link_in_a_circle",
     [](LinkedWorld& w) {
       w.make_row(task, "a");
       w.make_row(task, "b");
       w.edit_row(task, "a", LinkedWorld::parent, {"b"});
       w.edit_row(task, "b", LinkedWorld::parent, {"a"});
     }},
    {"links_added_on_both_sides",
     [](LinkedWorld& w) {
       link(w, "t2", "p1");
       w.set_links(page(w, task, "t2"), "Helpers", {page(w, person, "p2")});
     }},
    {"link_removed_in_sql_and_added_in_notion",
     [](LinkedWorld& w) {
       unlink(w, "t1", "p1");
       w.set_links(page(w, task, "t1"), "Helpers", {page(w, person, "p1"), page(w, person, "p2")});
     }},
    {"linked_from_the_other_end",
     [](LinkedWorld& w) {
       w.notion.habits().back_ends_bump = false;
       w.set_links(page(w, person, "p2"), "Tasks", {page(w, task, "t2")});
       w.set_links(page(w, person, "p2"), "Helps", {page(w, task, "t1"), page(w, task, "t2")});
     }},
    {"target_trashed", [](LinkedWorld& w) { w.trash(page(w, person, "p1"), true); }},
    {"target_trashed_and_restored",
     [](LinkedWorld& w) {
       const auto p1 = page(w, person, "p1");
       w.trash(p1, true);
       w.clock.pass(5 * minute_ms);
       w.cycle();
       link(w, "t1", "p2");
       w.clock.pass(5 * minute_ms);
       w.cycle();
       w.trash(p1, false);
     }},
    {"target_deleted_for_good",
     [](LinkedWorld& w) {
       w.postgres.use(w.pairs[person]);
       w.postgres.hard_delete("p1");
     }},
    {"task_and_owner_deleted",
     [](LinkedWorld& w) {
       w.trash(page(w, person, "p1"), true);
       w.trash(page(w, task, "t1"), true);
     }},
    {"owner_changed_on_both_sides",
     [](LinkedWorld& w) {
       w.edit_row(task, "t1", LinkedWorld::owner, {"p2"});
       w.clock.pass(3 * minute_ms);
       w.set_links(page(w, task, "t1"), "Owner", {});
     }},
};

struct Luck {
  const char* name;
  std::optional<sandbox::Fate> fate;  // of every write of the first run
};
const Luck lucks[] = {
    {"answered", std::nullopt},
    {"unanswered", sandbox::Fate{Kind::lost_after, 0, 502}},
    {"lands_after_the_restart", sandbox::Fate{Kind::lands_later, 25 * second_ms, 502}},
    {"never_sent", sandbox::Fate{Kind::lost_before, 0, 502}},
};
constexpr std::array<Millis, 2> waits = {second_ms, 5 * minute_ms};

struct Played {
  std::uint64_t steps = 0;
  bool crashed = false;
  std::string wrong;
};

Played play_scene(const Scene& scene, const Luck& luck, std::uint64_t step, Millis wait) {
  LinkedWorld world(5);
  world.notion.habits().query_in_trash = sandbox::Habits::TrashQuery::honoured;
  world.notion.habits().search_in_trash = sandbox::Habits::TrashQuery::honoured;
  for (const char* name : {"p1", "p2"}) world.make_row(person, name);
  for (const char* name : {"t1", "t2"}) world.make_row(task, name);
  world.edit_row(task, "t1", LinkedWorld::owner, {"p1"});
  link(world, "t1", "p1");
  for (int i = 0; i < 2; ++i) {
    world.clock.pass(5 * minute_ms);
    world.cycle();
  }
  scene.people(world);
  world.clock.pass(3 * minute_ms);
  world.crash.reset();
  if (step != 0) world.crash.arm(step);
  if (luck.fate) {
    world.fate_of = [&luck](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
      const bool reads =
          request.method == "GET" || request.path.ends_with("/query") || request.path.ends_with("/search");
      return reads ? std::nullopt : luck.fate;
    };
  }
  Played played;
  played.crashed = !world.cycle();
  played.steps = world.crash.passed();
  world.crash.disarm();
  world.fate_of = nullptr;
  world.clock.pass(wait);
  world.cycle();
  if (!world.come_to_rest()) played.wrong = "\n  it does not come to rest";
  for (const auto& line : world.judge()) played.wrong += "\n  " + line;
  return played;
}

class LinkScene : public testing::TestWithParam<Scene> {};

TEST_P(LinkScene, survives_a_crash_at_every_step) {
  const Scene& scene = GetParam();
  std::uint64_t points = 0;
  for (const Luck& luck : lucks) {
    const Played whole = play_scene(scene, luck, 0, 5 * minute_ms);
    ASSERT_EQ(whole.wrong, "") << luck.name << ", not killed at all";
    ASSERT_GT(whole.steps, 0U);
    for (std::uint64_t step = 1; step <= whole.steps; ++step) {
      // One of the moments of resuming in turn; every step meets every kind of luck.
      const Millis wait = waits[step % waits.size()];
      const Played played = play_scene(scene, luck, step, wait);
      ASSERT_TRUE(played.crashed) << "step " << step << " was not reached";
      EXPECT_EQ(played.wrong, "") << luck.name << ", killed at step " << step << ", resumed after " << wait / second_ms
                                  << " s";
      ++points;
    }
  }
  std::printf("  %-40s %llu crashes survived\n", scene.name, static_cast<unsigned long long>(points));
  RecordProperty("crashes", static_cast<int>(points));
}

INSTANTIATE_TEST_SUITE_P(Every, LinkScene, testing::ValuesIn(scenes), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace rowpage::sim
