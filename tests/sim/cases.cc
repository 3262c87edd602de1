#include "sim/cases.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/dice.h"
#include "sim/people.h"
#include "sim/trouble.h"

namespace rowpage::sim {
namespace {

class Case {
 public:
  explicit Case(const CaseOptions& options)
      : options_(options),
        world_(options.seed, note_of(options.seed)),
        people_(world_, options.seed),
        trouble_(world_, options.seed, options.without),
        times_(options.seed, Dice::times) {
    draw_rules();
  }

  CaseResult run() {
    trouble_.draw_habits();
    if (!options_.calm) trouble_.draw();
    people_.enter_records();
    // A page younger than the index bound does not show in any listing yet, so nothing could match its twin.
    world_.clock.pass(150 * second_ms);
    plan_deeds();
    safety();
    result_.wrong = settle_and_judge();
    if (result_.wrong.empty() && !options_.calm && trouble_.strike_state()) {
      result_.wrong = settle_and_judge();
      for (auto& line : result_.wrong) line = "after our state was lost or an old copy came back: " + line;
    }
    result_.tally = world_.tally;
    result_.tally.steps = world_.crash.passed();
    result_.trace = world_.trace;
    result_.conflicts = world_.postgres.conflicts().size();
    result_.window_losses = world_.ghost.window_losses();
    return std::move(result_);
  }

 private:
  static SimWorld::Note note_of(std::uint64_t seed) {
    return Dice(seed, Dice::shape).chance(0.3) ? SimWorld::Note::select : SimWorld::Note::text;
  }

  // How conflicts are settled: mostly as by default.
  void draw_rules() {
    Dice dice(options_.seed, Dice::rules);
    constexpr Prefer sides[] = {Prefer::newest, Prefer::newest,   Prefer::newest, Prefer::newest,
                                Prefer::notion, Prefer::supabase, Prefer::ask,    Prefer::ask};
    ConflictPolicy& rules = world_.pair.conflict;
    rules.prefer = sides[dice.below(std::size(sides))];
    if (dice.chance(0.2)) rules.granularity = Granularity::record;
  }

  // A person says which half is right, of some of what is open or of all of it.
  void decide(Dice& dice, double chance) {
    const auto open = world_.postgres.open_conflicts();
    for (const auto& [key, field] : open) {
      const Side winner = dice.chance(0.5) ? Side::notion : Side::supabase;
      if (dice.chance(chance)) world_.postgres.decide(key, field, winner);
    }
  }

  void plan_deeds() {
    result_.deeds = times_.below(12);
    Millis when = world_.clock.true_now();
    for (std::uint64_t number = 0; number < result_.deeds; ++number) {
      when += static_cast<Millis>(times_.below(90)) * second_ms;
      if (options_.skip.contains(number)) continue;
      world_.at(when, [this, number] { people_.act(number); });
    }
  }

  void safety() {
    const std::uint64_t cycles = 1 + times_.below(6);
    const std::uint64_t crash_cycle = times_.below(cycles);
    const std::uint64_t drawn = times_.below(3) == 0 ? 0 : 1 + times_.below(24);
    const std::uint64_t crash_step = options_.crash_step != 0 ? options_.crash_step : drawn;
    const bool crashes = crash_step != 0 && !options_.calm && !options_.no_crash;
    for (std::uint64_t i = 0; i < cycles; ++i) {
      world_.clock.pass(static_cast<Millis>(times_.below(150)) * second_ms);
      decide(decisions_, 0.5);
      RunOptions options;
      options.full = times_.chance(0.1);
      if (!options_.calm) {
        trouble_.before_cycle(i, cycles);
        if (trouble_.empties(i, cycles)) {
          Dice dice(options_.seed, Dice::planted + 1000000);
          people_.empty_a_side(dice);
        }
        trouble_.allow(options);
      }
      if (crashes && i == crash_cycle) world_.crash.arm(crash_step);
      const auto report = world_.cycle(options);
      world_.crash.disarm();
      if (report) std::ranges::copy(trouble_.judge_brakes(*report), std::back_inserter(broken_brakes_));
    }
  }

  std::vector<std::string> settle_and_judge() {
    trouble_.heal();
    const bool came_together = liveness();
    auto wrong = world_.judge();
    std::ranges::copy(broken_brakes_, std::back_inserter(wrong));
    if (!came_together) wrong.push_back("I1/I6: no quiet cycle after everything was healed: " + last_trouble_);
    for (const auto& [nonce, request] : world_.postgres.open_requests()) {
      wrong.push_back("I7: a request is still open: " + std::string(name_of(request.kind)) + " for " + request.key);
    }
    for (const auto& [name, parked] : world_.postgres.parked()) {
      if (!may_wait(parked)) wrong.push_back("I12: still waiting: " + name + ": " + parked.reason);
    }
    return wrong;
  }

  // A record whose page left is held until somebody says what is to become of it.
  bool may_wait(const Parked& parked) const {
    const auto row = world_.postgres.rows().find(parked.key);
    const bool left =
        row != world_.postgres.rows().end() && world_.left(record_of(row->second.values[SimWorld::title]));
    return left || world_.left_page(parked.page_id);
  }

  // Everything is healed; people have stopped. True when a cycle found nothing to do.
  bool liveness() {
    world_.clock.pass(30 * minute_ms);  // the last people act, the last requests land
    for (int i = 0; i < 12; ++i) {
      world_.clock.pass(5 * minute_ms);
      decide(decisions_, 1);
      const std::uint64_t notion_before = world_.notion_writes();
      const std::uint64_t rows_before = world_.postgres.row_writes();
      RunOptions options;
      options.full = i == 1;  // the daily full scan
      trouble_.allow(options);
      const auto report = world_.cycle(options);
      if (report->error) {
        last_trouble_ = report->error->what;
        continue;
      }
      const bool quiet = world_.notion_writes() == notion_before && world_.postgres.row_writes() == rows_before;
      last_trouble_ = "it still writes";
      if (quiet && i > 1 && world_.postgres.open_requests().empty()) return true;
    }
    return false;
  }

  CaseOptions options_;
  SimWorld world_;
  People people_;
  Trouble trouble_;
  Dice times_;
  Dice decisions_{options_.seed, Dice::decisions};
  CaseResult result_;
  std::string last_trouble_;
  std::vector<std::string> broken_brakes_;
};

}  // namespace

CaseResult run_case(const CaseOptions& options) {
  return Case(options).run();
}

CaseOptions shrink(CaseOptions failing, std::size_t tries) {
  const std::uint64_t deeds = run_case(failing).deeds;
  const auto still_fails = [&](const CaseOptions& smaller) {
    if (tries == 0) return false;
    --tries;
    return !run_case(smaller).wrong.empty();
  };
  const auto try_all = [&] {
    bool smaller = false;
    const auto attempt = [&](const CaseOptions& next) {
      if (!still_fails(next)) return;
      failing = next;
      smaller = true;
    };
    for (std::uint64_t number = 0; number < deeds; ++number) {
      if (failing.skip.contains(number)) continue;
      CaseOptions next = failing;
      next.skip.insert(number);
      attempt(next);
    }
    for (const auto& kind : failing.calm ? std::vector<std::string>() : trouble_kinds()) {
      if (failing.without.contains(kind)) continue;
      CaseOptions next = failing;
      next.without.insert(kind);
      attempt(next);
    }
    if (!failing.calm && !failing.no_crash) {
      CaseOptions next = failing;
      next.no_crash = true;
      attempt(next);
    }
    return smaller;
  };
  while (try_all() && tries > 0) {
  }
  return failing;
}

std::string replay_words(const CaseOptions& options) {
  std::string words = fmt::format("--seed {} --count 1", options.seed);
  if (options.calm) words += " --calm";
  if (options.no_crash) words += " --no-crash";
  if (options.crash_step != 0) words += fmt::format(" --crash {}", options.crash_step);
  if (!options.skip.empty()) words += fmt::format(" --skip {}", fmt::join(options.skip, ","));
  if (!options.without.empty()) words += fmt::format(" --without {}", fmt::join(options.without, ","));
  return words;
}

}  // namespace rowpage::sim
