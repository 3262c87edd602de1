#include "sim/cases.h"

#include <algorithm>
#include <random>
#include <set>

namespace rowpage::sim {
namespace {

// One generator per concern, all from the seed, so that a new kind of fault does not reshuffle the people.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t concern) : random_(seed * 0x9e3779b97f4a7c15ULL + concern) {}
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  template <class T>
  T pick(std::initializer_list<T> items) {
    return *(items.begin() + below(items.size()));
  }

 private:
  std::mt19937_64 random_;
};

class Case {
 public:
  explicit Case(const CaseOptions& options)
      : options_(options),
        world_(options.seed),
        people_(options.seed, 1),
        faults_(options.seed, 2),
        times_(options.seed, 3) {}

  CaseResult run() {
    draw_habits();
    people_before();
    safety();
    const bool came_together = liveness();
    CaseResult result;
    result.wrong = world_.judge();
    if (!came_together) result.wrong.push_back("I1/I6: no quiet cycle after everything was healed: " + last_trouble_);
    for (const auto& [nonce, request] : world_.postgres.open_requests()) {
      result.wrong.push_back("I7: a request is still open: " + std::string(name_of(request.kind)) + " for " +
                             request.key);
    }
    for (const auto& [name, parked] : world_.postgres.parked()) {
      result.wrong.push_back("I12: still waiting: " + name + ": " + parked.reason);
    }
    result.tally = world_.tally;
    result.tally.steps = world_.crash.passed();
    result.trace = world_.trace;
    result.conflicts = world_.postgres.conflicts().size();
    result.window_losses = world_.ghost.window_losses();
    return result;
  }

 private:
  void draw_habits() {
    auto& habits = world_.notion.habits();
    habits.index_delay_ms = faults_.pick<Millis>({0, 5, 30, 110}) * second_ms;
    habits.search_delay_ms = habits.index_delay_ms;
    habits.query_in_trash = faults_.pick({sandbox::Habits::TrashQuery::refused, sandbox::Habits::TrashQuery::ignored,
                                          sandbox::Habits::TrashQuery::honoured});
    // Where neither way of listing the trash works, a create of unknown outcome parks for good, as the design says;
    // search works here.
    habits.search_in_trash = sandbox::Habits::TrashQuery::honoured;
    if (options_.calm) return;
    auto& faults = world_.faults;
    faults.refused = faults_.pick({0.0, 0.05, 0.2});
    faults.lost_before = faults_.pick({0.0, 0.05, 0.2, 0.4});
    faults.lost_after = faults_.pick({0.0, 0.05, 0.2, 0.4});
    faults.lands_later = faults_.pick({0.0, 0.05, 0.2, 0.4});
    faults.error_after = faults_.pick({0.0, 0.05, 0.2});
    faults.read_trouble = faults_.pick({0.0, 0.05, 0.2});
    world_.postgres.faults.commit_unknown = faults_.pick({0.0, 0.0, 0.05});
    world_.postgres.faults.unavailable = faults_.pick({0.0, 0.0, 0.01});
    world_.postgres.strangers_touch_updated_at = faults_.chance(0.2);
  }

  Values record_values() {
    const std::string record = world_.new_record();
    return {world_.fresh(record, 0), people_.chance(0.3) ? Value{} : world_.fresh(record, 1),
            people_.chance(0.3) ? Value{} : world_.fresh(record, 2)};
  }

  void people_before() {
    const std::uint64_t records = 1 + people_.below(3);
    for (std::uint64_t i = 0; i < records; ++i) {
      const Values values = record_values();
      switch (people_.below(3)) {
        case 0:
          world_.make_page(values);
          break;
        case 1:
          world_.make_row(values);
          break;
        default:
          both_sides(values);
      }
    }
    // A page younger than the index bound does not show in any listing yet, so nothing could match its twin.
    world_.clock.pass(150 * second_ms);
    const std::uint64_t events = people_.below(12);
    Millis when = world_.clock.now();
    for (std::uint64_t i = 0; i < events; ++i) {
      when += static_cast<Millis>(people_.below(90)) * second_ms;
      world_.at(when, [this] { person_acts(); });
    }
  }

  // The same record on both sides before anybody synchronised: equal, or with fields that differ.
  void both_sides(const Values& values) {
    world_.make_page(values);
    Values other = values;
    const std::string record = record_of(values[SimWorld::title]);
    twins_.insert(record);
    if (people_.chance(0.5)) other[SimWorld::note] = world_.fresh(record, SimWorld::note);
    const std::string key = world_.postgres.insert(world_.pair, other);
    world_.ghost.wrote(Side::supabase, record, SimWorld::note, Null{}, other[SimWorld::note]);
  }

  // Twins meet by their title: whoever renames one before they have met has made two records, for any tool.
  // And whoever deletes one of them then leaves a question that only a person can answer (it parks).
  bool unmet_twin(const std::string& record) const {
    const bool linked = std::ranges::any_of(world_.postgres.links(), [&](const auto& link) {
      return record_of(link.second.page_shadow[SimWorld::title]) == record;
    });
    return !linked && twins_.contains(record);
  }

  std::size_t any_field(const std::string& record) {
    return unmet_twin(record) ? 1 + people_.below(2) : people_.below(3);
  }

  Value changed(const Values& values, std::size_t field) {
    return world_.fresh(record_of(values[SimWorld::title]), field);
  }

  void person_acts() {
    const auto pages = world_.pages();
    std::vector<std::string> keys;
    for (const auto& [key, row] : world_.postgres.rows()) keys.push_back(key);
    const auto any_page = [&]() -> const SimWorld::PageView* {
      return pages.empty() ? nullptr : &pages[people_.below(pages.size())];
    };
    const auto any_row = [&]() -> std::string { return keys.empty() ? "" : keys[people_.below(keys.size())]; };
    const auto* page = any_page();
    const std::string row = any_row();
    const auto record_at_row = [&] { return record_of(world_.postgres.rows().at(row).values[SimWorld::title]); };
    switch (people_.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        if (page) {
          const std::size_t field = any_field(record_of(page->values[SimWorld::title]));
          world_.edit_page(page->id, {{field, changed(page->values, field)}});
        }
        break;
      case 4:
      case 5:
      case 6:
      case 7:
        if (!row.empty()) {
          const std::size_t field = any_field(record_at_row());
          world_.edit_row(row, {{field, changed(world_.postgres.rows().at(row).values, field)}});
        }
        break;
      case 8:
        world_.make_page(record_values());
        break;
      case 9:
        world_.make_row(record_values());
        break;
      case 10:
        if (page && !unmet_twin(record_of(page->values[SimWorld::title]))) world_.trash_page(page->id);
        break;
      case 11:
        if (!row.empty() && !unmet_twin(record_at_row())) world_.delete_row(row, people_.chance(0.5));
        break;
      case 12:
        if (page) world_.restore_page(page->id);
        break;
      case 13:
        if (!row.empty()) world_.restore_row(row);
        break;
      case 14:
        if (page) world_.duplicate_page(page->id, record_values());
        break;
      default:
        // Both sides of one record at nearly the same time.
        if (page) {
          const std::string record = record_of(page->values[SimWorld::title]);
          const std::size_t field = any_field(record);
          world_.edit_page(page->id, {{field, world_.fresh(record, field)}});
          for (const auto& [key, stored] : world_.postgres.rows()) {
            if (record_of(stored.values[SimWorld::title]) != record) continue;
            world_.edit_row(key, {{field, world_.fresh(record, field)}});
            break;
          }
        }
    }
  }

  void safety() {
    const std::uint64_t cycles = 1 + times_.below(6);
    const std::uint64_t crash_cycle = times_.below(cycles);
    const std::uint64_t crash_step = options_.crash_step != 0 ? options_.crash_step
                                     : times_.below(3) == 0   ? 0
                                                              : 1 + times_.below(24);
    for (std::uint64_t i = 0; i < cycles; ++i) {
      world_.clock.pass(static_cast<Millis>(times_.below(150)) * second_ms);
      if (i == crash_cycle && crash_step != 0 && !options_.calm) world_.crash.arm(crash_step);
      run(i);
      world_.crash.disarm();
    }
  }

  std::optional<PairReport> run(std::uint64_t cycle) {
    RunOptions options;
    options.full = times_.chance(0.1);
    (void)cycle;
    return world_.cycle(options);
  }

  // Everything is healed; people have stopped. True when a cycle found nothing to do.
  bool liveness() {
    world_.faults = {};
    world_.postgres.faults = {};
    world_.clock.pass(30 * minute_ms);  // the last people act, the last requests land
    for (int i = 0; i < 12; ++i) {
      world_.clock.pass(5 * minute_ms);
      const std::uint64_t notion_before = world_.notion_writes();
      const std::uint64_t rows_before = world_.postgres.row_writes();
      RunOptions options;
      options.full = i == 1;  // the daily full scan
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
  Dice people_, faults_, times_;
  std::set<std::string> twins_;  // records that people entered on both sides
  std::string last_trouble_;
};

}  // namespace

CaseResult run_case(const CaseOptions& options) {
  return Case(options).run();
}

}  // namespace rowpage::sim
