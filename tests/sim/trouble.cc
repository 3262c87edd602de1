#include "sim/trouble.h"

#include <algorithm>

namespace rowpage::sim {

const std::vector<std::string>& trouble_kinds() {
  static const std::vector<std::string> all = {
      "refused",        "lost_before",    "lost_after",     "lands_later",  "lands_minutes_later", "error_after",
      "read_trouble",   "partial_told",   "partial_silent", "revoked",      "clock_skew",          "clock_steps_back",
      "commit_unknown", "unavailable",    "touched",        "capture_lost", "second_runner",       "state_lost",
      "state_restored", "mapping_edited", "emptied",
  };
  return all;
}

bool Trouble::draws(Dice& dice, std::string_view kind, double chance) const {
  // Drawn even when it stays away, so that leaving out one kind does not change the others.
  const bool drawn = dice.chance(chance);
  return drawn && !without_.contains(std::string(kind));
}

void Trouble::draw_habits() {
  auto& habits = world_.notion.habits();
  habits.index_delay_ms = dice_.pick<Millis>({0, 5, 30, 110}) * second_ms;
  habits.search_delay_ms = habits.index_delay_ms;
  habits.query_in_trash = dice_.pick({sandbox::Habits::TrashQuery::refused, sandbox::Habits::TrashQuery::ignored,
                                      sandbox::Habits::TrashQuery::honoured});
  // Where neither way of listing the trash works, a create of unknown outcome parks for good, as the design says;
  // search works here.
  habits.search_in_trash = sandbox::Habits::TrashQuery::honoured;
}

void Trouble::draw() {
  const auto share = [&](const char* kind, std::initializer_list<double> shares) {
    const double drawn = dice_.pick(shares);
    return without_.contains(kind) ? 0.0 : drawn;
  };
  auto& faults = world_.faults;
  faults.refused = share("refused", {0.0, 0.05, 0.2, 0.5});
  faults.lost_before = share("lost_before", {0.0, 0.05, 0.2, 0.4});
  faults.lost_after = share("lost_after", {0.0, 0.05, 0.2, 0.4});
  faults.lands_later = share("lands_later", {0.0, 0.05, 0.2, 0.4});
  faults.error_after = share("error_after", {0.0, 0.05, 0.2});
  faults.read_trouble = share("read_trouble", {0.0, 0.05, 0.2});
  world_.postgres.faults.commit_unknown = share("commit_unknown", {0.0, 0.0, 0.05, 0.1});
  world_.postgres.faults.unavailable = share("unavailable", {0.0, 0.0, 0.01, 0.05});
  world_.postgres.strangers_touch_updated_at = draws(swarm_, "touched", 0.2);
  // A service that is minutes late, told so in the config (`bounds.landing`).
  if (draws(swarm_, "lands_minutes_later", 0.1) && faults.lands_later > 0) {
    faults.late_ms = 290 * second_ms;
    world_.pair.bounds.landing_ms = 300 * second_ms;
    strike("lands_minutes_later");
  }
  if (draws(swarm_, "partial_told", 0.15)) world_.faults.partial_told = 0.2;
  if (draws(swarm_, "partial_silent", 0.15)) world_.faults.partial_silent = 0.2;
  if (draws(swarm_, "clock_skew", 0.2)) {
    world_.notion_skew_ms = swarm_.chance(0.5) ? 5 * minute_ms : -5 * minute_ms;
    strike("clock_skew");
  }
  if (world_.postgres.strangers_touch_updated_at) strike("touched");
  revokes_ = draws(swarm_, "revoked", 0.05);
  breaks_capture_ = draws(swarm_, "capture_lost", 0.05);
  second_runner_ = draws(swarm_, "second_runner", 0.1);
  steps_back_ = draws(swarm_, "clock_steps_back", 0.1);
  loses_state_ = draws(swarm_, "state_lost", 0.03);
  restores_state_ = draws(swarm_, "state_restored", 0.05);
  copy_at_ = swarm_.below(4);
  edits_mapping_ = draws(planted_, "mapping_edited", 0.03);
  empties_ = draws(planted_, "emptied", 0.03);
}

void Trouble::before_cycle(std::uint64_t cycle, std::uint64_t cycles) {
  if (restores_state_ && cycle == std::min(copy_at_, cycles - 1)) copy_ = world_.postgres.copy_state();
  if (revokes_) {
    world_.access_revoked = swarm_.chance(0.4);
    if (world_.access_revoked) strike("revoked");
  }
  if (breaks_capture_) {
    world_.postgres.capture_broken = swarm_.chance(0.5);
    if (world_.postgres.capture_broken) strike("capture_lost");
  }
  if (steps_back_ && swarm_.chance(0.3)) {
    world_.clock.step_back(static_cast<Millis>(swarm_.below(300)) * second_ms);
    strike("clock_steps_back");
  }
  if (edits_mapping_) edit_mapping();
  if (second_runner_ && swarm_.chance(0.5)) {
    // In the middle of the run that follows: a machine that was asleep, or an impatient person.
    world_.at(world_.clock.true_now() + static_cast<Millis>(swarm_.below(5)) * second_ms, [this] {
      strike("second_runner");
      world_.cycle();
    });
  }
}

// Another fingerprint that means the same: a value's other spelling which nobody ever writes. Until somebody names the
// change, or takes it back, every run must stop.
void Trouble::edit_mapping() {
  auto& spellings = world_.pair.fields[SimWorld::note].values;
  if (mapping_named_) return;
  if (!mapping_edited_) {
    if (world_.postgres.state().fingerprint.empty()) return;  // nothing to differ from
    spellings.emplace_back("never written", "never stored");
    mapping_edited_ = true;
    strike("mapping_edited");
  } else if (planted_.chance(0.5)) {
    mapping_named_ = true;
  } else {
    spellings.clear();
    mapping_edited_ = false;
  }
}

bool Trouble::empties(std::uint64_t cycle, std::uint64_t cycles) {
  if (!empties_ || emptied_ || !world_.postgres.state().first_sync_done) return false;
  if (cycle + 1 < cycles && planted_.chance(0.5)) return false;
  world_.pair.brakes.deletes = {0, 0};
  emptied_ = true;
  strike("emptied");
  return true;
}

std::vector<std::string> Trouble::judge_brakes(const PairReport& report) const {
  std::vector<std::string> wrong;
  if (mapping_edited_ && !mapping_named_ && (!report.error || report.wrote()))
    wrong.emplace_back("I9: a run went on with a mapping that nobody named");
  if (emptied_ && !healed_ && report.rows_deleted + report.pages_trashed > 0)
    wrong.emplace_back("I9: a side was emptied, and the other followed past the brake");
  return wrong;
}

void Trouble::allow(RunOptions& options) const {
  options.allow_mapping_change = mapping_edited_ && mapping_named_;
  if (emptied_ && healed_) options.allow_deletes = 1000;
}

void Trouble::heal() {
  healed_ = true;
  if (!mapping_named_) {
    world_.pair.fields[SimWorld::note].values.clear();
    mapping_edited_ = false;
  }
  world_.pair.brakes = {};
  world_.faults = {};
  world_.postgres.faults = {};
  world_.access_revoked = false;
  world_.postgres.capture_broken = false;
}

bool Trouble::strike_state() {
  // A state that is gone does not know of pages that left queries; nor does anybody who starts anew
  // (docs/guarantees.md).
  if (world_.anything_left()) return false;
  if (restores_state_ && copy_) {
    strike("state_restored");
    world_.postgres.restore_state(*copy_);
    return true;
  }
  if (!loses_state_) return false;
  strike("state_lost");
  world_.postgres.lose_state();
  return true;
}

}  // namespace rowpage::sim
