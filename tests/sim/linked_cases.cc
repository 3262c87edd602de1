// Random cases of two related pairs, and histories that a property test makes up.
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/linked_world.h"

namespace rowpage::sim {

namespace {

Deed random_deed(std::mt19937_64& dice) {
  Deed deed;
  const auto draw = dice() % 20;
  deed.kind = draw < 3   ? Deed::Kind::make_task
              : draw < 5 ? Deed::Kind::make_person
                         : static_cast<Deed::Kind>(2 + dice() % (static_cast<unsigned>(Deed::Kind::count_) - 2));
  deed.in_notion = dice() % 2 == 0;
  deed.a = static_cast<unsigned>(dice() % 16);
  deed.b = static_cast<unsigned>(dice() % 16);
  deed.wait_s = static_cast<unsigned>(dice() % 90);
  return deed;
}

}  // namespace

const std::vector<std::string>& linked_trouble_kinds() {
  static const std::vector<std::string> kinds = {"refused",     "lost_before",  "lost_after",     "lands_later",
                                                 "error_after", "read_trouble", "commit_unknown", "crash"};
  return kinds;
}

LinkedResult run_linked_case(const LinkedCase& options) {
  std::mt19937_64 people(options.seed * 0x9e3779b97f4a7c15ULL + 1), luck(options.seed * 0x9e3779b97f4a7c15ULL + 2);
  LinkedWorld world(options.seed);
  world.verbose = options.verbose;
  const auto pick = [&](std::initializer_list<double> values) { return *(values.begin() + luck() % values.size()); };
  auto& habits = world.notion.habits();
  habits.index_delay_ms = static_cast<Millis>(pick({0, 5, 30, 110})) * second_ms;
  habits.search_delay_ms = habits.index_delay_ms;
  habits.query_in_trash =
      luck() % 2 == 0 ? sandbox::Habits::TrashQuery::ignored : sandbox::Habits::TrashQuery::honoured;
  habits.search_in_trash = sandbox::Habits::TrashQuery::honoured;
  habits.back_ends_bump = luck() % 2 == 0;
  if (!options.calm) {
    // Drawn even where it is left out, so that the rest of the case stays the same.
    const auto trouble = [&](double& chance, const char* kind, std::initializer_list<double> values) {
      const double drawn = pick(values);
      if (!options.without.contains(kind)) chance = drawn;
    };
    trouble(world.faults.refused, "refused", {0, 0.05, 0.2});
    trouble(world.faults.lost_before, "lost_before", {0, 0.05, 0.2});
    trouble(world.faults.lost_after, "lost_after", {0, 0.05, 0.2});
    trouble(world.faults.lands_later, "lands_later", {0, 0.05, 0.2});
    trouble(world.faults.error_after, "error_after", {0, 0.05, 0.2});
    trouble(world.faults.read_trouble, "read_trouble", {0, 0.05, 0.2});
    trouble(world.postgres.faults.commit_unknown, "commit_unknown", {0, 0, 0.03});
  }
  std::mt19937_64 rules(options.seed * 0x9e3779b97f4a7c15ULL + 3);
  for (auto& pair : world.pairs) {
    constexpr Prefer sides[] = {Prefer::newest, Prefer::newest,   Prefer::newest,
                                Prefer::notion, Prefer::supabase, Prefer::ask};
    pair.conflict.prefer = sides[rules() % std::size(sides)];
    if (rules() % 5 == 0) pair.conflict.granularity = Granularity::record;
  }
  std::uint64_t deeds_done = 0;
  const auto act = [&](const Deed& deed) {
    if (!options.skip.contains(++deeds_done)) world.act(deed);
  };
  for (std::uint64_t i = 2 + people() % 5; i > 0; --i) {
    Deed deed;
    deed.kind = people() % 3 == 0 ? Deed::Kind::make_person : Deed::Kind::make_task;
    deed.in_notion = people() % 2 == 0;
    act(deed);
  }
  const std::uint64_t rounds = 1 + luck() % 5, crash_round = luck() % rounds;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::uint64_t deeds = people() % 12;
    for (std::uint64_t i = 0; i < deeds; ++i) {
      const Deed deed = random_deed(people);
      world.clock.pass(static_cast<Millis>(deed.wait_s) * second_ms);
      act(deed);
    }
    world.clock.pass(static_cast<Millis>(luck() % 200) * second_ms);
    const bool crashes = !options.calm && round == crash_round && luck() % 3 != 0;
    if (crashes) {
      const std::uint64_t step = 1 + luck() % 60;
      if (!options.without.contains("crash")) world.crash.arm(step);
    }
    world.decide(rules, false);
    RunOptions run;
    run.full = luck() % 8 == 0;
    world.cycle(run);
    world.crash.disarm();
  }
  LinkedResult result;
  const bool rests = world.come_to_rest();
  result.wrong = world.judge();
  if (!rests) result.wrong.emplace_back("I6: it does not come to rest");
  result.requests = world.requests;
  result.crashes = world.crashes;
  result.cycles = world.cycles;
  for (const auto& pair : world.pairs) {
    world.postgres.use(pair);
    result.conflicts += world.postgres.conflicts().size();
  }
  result.window_losses = world.window_losses;
  result.trace = world.trace;
  result.fates = world.fates;
  result.deeds = deeds_done;
  return result;
}

LinkedCase shrink(LinkedCase failing) {
  const bool verbose = std::exchange(failing.verbose, false);
  const auto fails = [](const LinkedCase& options) { return !run_linked_case(options).wrong.empty(); };
  if (!failing.calm) {
    for (const auto& kind : linked_trouble_kinds()) {
      LinkedCase next = failing;
      next.without.insert(kind);
      if (fails(next)) failing = std::move(next);
    }
  }
  for (std::uint64_t number = run_linked_case(failing).deeds; number > 0; --number) {
    LinkedCase next = failing;
    if (next.skip.insert(number).second && fails(next)) failing = std::move(next);
  }
  failing.verbose = verbose;
  return failing;
}

std::string replay_words(const LinkedCase& options) {
  std::string words = fmt::format("--linked --seed {} --count 1", options.seed);
  if (options.calm) words += " --calm";
  if (!options.skip.empty()) words += fmt::format(" --skip {}", fmt::join(options.skip, ","));
  if (!options.without.empty()) words += fmt::format(" --without {}", fmt::join(options.without, ","));
  return words;
}

std::vector<std::string> play(const std::vector<Deed>& deeds, unsigned cycle_every, std::uint64_t crash_step) {
  LinkedWorld world(7);
  world.notion.habits().query_in_trash = sandbox::Habits::TrashQuery::honoured;
  world.notion.habits().search_in_trash = sandbox::Habits::TrashQuery::honoured;
  if (crash_step != 0) world.crash.arm(crash_step);
  unsigned done = 0;
  for (const auto& deed : deeds) {
    world.clock.pass(static_cast<Millis>(deed.wait_s) * second_ms);
    world.act(deed);
    if (cycle_every != 0 && ++done % cycle_every == 0) {
      world.clock.pass(3 * minute_ms);
      world.cycle();
    }
  }
  const bool rests = world.come_to_rest();
  auto wrong = world.judge();
  if (!rests) wrong.emplace_back("I6: it does not come to rest");
  return wrong;
}

}  // namespace rowpage::sim
