#include "scenario/play.h"

#include <algorithm>

#include <fmt/format.h>

#include "scenario/check.h"
#include "scenario/world.h"

namespace rowpage::scenario {
namespace {

constexpr int resumptions_max = 8;

// As cli/exit_code.cc has it, of what can happen here.
int exit_code(const PairReport& report) {
  if (report.error) {
    switch (report.error->cause) {
      case Cause::unauthorised:
      case Cause::forbidden:
        return 6;
      case Cause::lease_lost:
        return 7;
      case Cause::brake:
        return 5;
      default:
        return 1;
    }
  }
  return report.undecided > 0 ? 4 : report.parked + report.held > 0 ? 3 : 0;
}

std::optional<Luck::Fate> luck_of(Kill::Luck luck) {
  if (luck == Kill::Luck::told) return std::nullopt;
  return luck == Kill::Luck::lost ? Luck::Fate::lost : Luck::Fate::unanswered;
}

class Play {
 public:
  Play(const Scenario& scenario, const Kill& kill, bool verbose)
      : scenario_(scenario), kill_(kill), world_(scenario, verbose) {}

  Played run() {
    world_.begin();
    since_ = now();
    if (kill_.step != 0) world_.crash.arm(kill_.step);
    world_.in_flight = kill_.resume == Kill::Resume::in_flight;
    disturbed_ = kill_.luck != Kill::Luck::told;
    for (const auto& step : scenario_.steps) {
      if (step.kind == Step::Kind::sync) {
        sync(step);
      } else if (step.kind == Step::Kind::expect) {
        expect(step);
      } else {
        world_.act(step);
      }
    }
    played_.steps = world_.crash.passed();
    played_.sends = world_.sends;
    world_.crash.disarm();
    if (!played_.killed && !disturbed_) {
      for (const int line : world_.unused_luck()) wrong(fmt::format("line {}: no such request was ever made", line));
    }
    once_more();
    played_.trace = world_.trace;
    return std::move(played_);
  }

 private:
  void wrong(std::string text) { played_.wrong.push_back(std::move(text)); }
  Since now() const { return {world_.page_writes(), world_.row_writes()}; }
  bool wrote_since(const Since& since) const {
    return since.pages != world_.page_writes() || since.rows != world_.row_writes();
  }

  void sync(const Step& step) {
    last_run_ = step.run;
    if (!step.run.now) world_.clock.pass(5 * minute_ms);
    if (!played_.killed) world_.luck_of_writes = luck_of(kill_.luck);
    const auto reports = world_.run(step.run);
    world_.luck_of_writes.reset();
    if (reports) check_exit(step, *reports);
    if (!reports) {
      played_.killed = disturbed_ = true;
      world_.crash.disarm();
    }
    if (!reports || (kill_.luck != Kill::Luck::told && !played_.killed)) resume(step);
    world_.catch_up();
  }

  void check_exit(const Step& step, const std::vector<PairReport>& reports) {
    int code = 0;
    std::string said;
    for (const auto& report : reports) {
      // Most pressing first, as the program has it.
      constexpr int order[] = {6, 7, 5, 1, 4, 3, 0};
      const int one = exit_code(report);
      code = *std::ranges::find_if(order, [&](int each) { return each == code || each == one; });
      if (report.error) said += report.error->what + " " + report.error->hint + " ";
      for (const auto& trouble : report.troubles) said += trouble + " ";
      for (const auto& warning : report.warnings) said += warning + " ";
    }
    const bool fails = code == 1 || code >= 5;
    // After a death, brakes and tokens are as they were; other troubles may be over, or have got another reason.
    const bool stays = step.run.exit == 5 || step.run.exit == 6;
    const bool asked = step.run.exit && (!disturbed_ || stays);
    const bool excused = !asked && (step.run.exit == 1 || step.run.exit == 7);
    if (asked ? code != *step.run.exit : fails && !excused)
      wrong(fmt::format("line {}: sync ends with {}, not {}: {}", step.line, code, step.run.exit.value_or(0), said));
    if (asked && said.find(step.run.because) == std::string::npos)
      wrong(fmt::format("line {}: sync says \"{}\", and nothing of \"{}\"", step.line, said, step.run.because));
  }

  // The user runs sync again, and again while there is something to do.
  void resume(const Step& step) {
    Millis pause = kill_.resume == Kill::Resume::later  ? 5 * minute_ms
                   : kill_.resume == Kill::Resume::soon ? 40 * second_ms
                                                        : second_ms;
    for (int i = 0; i < resumptions_max; ++i) {
      world_.clock.pass(pause);
      const Since before = now();
      const auto reports = world_.run(step.run);
      if (!reports) {  // the bad luck was not all
        if (std::exchange(played_.killed, true)) return wrong("it died twice");
        world_.crash.disarm();
        continue;
      }
      check_exit(step, *reports);
      const bool sees_all = pause > 2 * minute_ms;  // what was written a moment ago shows in no listing yet
      if (sees_all && !wrote_since(before) && nothing_open()) return;
      pause = 5 * minute_ms;
    }
    wrong(fmt::format("line {}: killed and resumed {} times, it still writes or waits for a request", step.line,
                      resumptions_max));
  }

  bool nothing_open() {
    return std::ranges::all_of(world_.pairs, [&](const auto& pair) {
      world_.postgres.use(pair);
      return world_.postgres.open_requests().empty();
    });
  }

  void expect(const Step& step) {
    const Expect& expect = scenario_.expects[static_cast<std::size_t>(step.number)];
    const bool last = static_cast<std::size_t>(step.number) + 1 == scenario_.expects.size();
    const Since since = std::exchange(since_, now());
    // What a story shows on its way, a resumed one has passed already.
    if (disturbed_ && !last) return;
    Expect asked = expect;
    // Killed, it may need a write more; but where nothing is to be written, nothing is.
    if (disturbed_ && asked.written && asked.written->pages + asked.written->rows > 0) asked.written.reset();
    std::vector<std::string> found = differences(world_, scenario_, asked, since, last);
    if (last && judged(asked)) std::ranges::move(world_.judge(), std::back_inserter(found));
    if (!found.empty() && disturbed_ && last) {
      for (const auto& other : scenario_.after_crash) {
        if (allowed(asked, other, since)) return;
      }
    }
    for (auto& line : found) wrong(fmt::format("line {}: {}", expect.line, line));
  }

  // Whether it has become what the scenario says a death may make of it.
  bool allowed(const Expect& usual, const Expect& other, Since since) {
    Expect asked = usual;
    for (std::size_t i = 0; i < other.grids.size(); ++i) {
      if (other.grids[i]) std::erase_if(asked.lines, [&](const GridLine& line) { return line.pair == i; });
    }
    std::ranges::copy(other.lines, std::back_inserter(asked.lines));
    if (other.log_given && other.logged.empty()) asked.logged.clear();
    if (!other.waits.empty()) asked.waits = other.waits;
    if (!other.no_judge.empty()) asked.no_judge = other.no_judge;
    auto found = differences(world_, scenario_, asked, since, true, other.logged);
    if (judged(asked)) std::ranges::move(world_.judge(), std::back_inserter(found));
    return found.empty();
  }

  // The witness knows pairs that are kept in step both ways, and ends at which everything is.
  bool judged(const Expect& end) const {
    const bool one_way =
        last_run_.direction != Direction::both || last_run_.since_ms || last_run_.dry || !last_run_.model.empty();
    const bool plain = std::ranges::all_of(scenario_.pairs, [](const PairSpec& spec) {
      return spec.direction == Direction::both && spec.deletes != Deletes::ignore &&
             std::ranges::all_of(spec.fields, [](const Field& field) { return field.direction == Direction::both; });
    });
    const bool apart = std::ranges::any_of(end.lines, [](const GridLine& line) {
      return line.mark == GridLine::Mark::notion || line.mark == GridLine::Mark::supabase;
    });
    return end.no_judge.empty() && plain && !one_way && !apart && end.waits.empty();
  }

  // I6: one run more writes nothing, and where both sides are in step, a full one neither.
  void once_more() {
    const Expect& end = scenario_.expects.back();
    for (const bool full : {false, true}) {
      if (full && !judged(end)) return;
      Step::Run run = last_run_;
      run.full = run.full || full;
      world_.clock.pass(5 * minute_ms);
      const Since before = now();
      if (!world_.run(run)) return wrong("it died after the end");
      if (wrote_since(before)) {
        wrong(fmt::format("I6: run once more{}, it writes {} pages and {} rows", full ? " in full" : "",
                          world_.page_writes() - before.pages, world_.row_writes() - before.rows));
      }
    }
  }

  const Scenario& scenario_;
  Kill kill_;
  bool disturbed_ = false;  // it was killed, or had bad luck that the story does not tell
  ScenarioWorld world_;
  Played played_;
  Since since_;
  Step::Run last_run_;
};

}  // namespace

Played play(const Scenario& scenario, const Kill& kill, bool verbose) {
  try {
    return Play(scenario, kill, verbose).run();
  } catch (const Impossible& impossible) {
    Played played;
    played.wrong.push_back(fmt::format("line {}: {}", impossible.line, impossible.what));
    played.killed = kill.step != 0;
    return played;
  }
}

}  // namespace rowpage::scenario
