// What may go wrong in a case: kinds of trouble, of which each seed draws a few (a swarm), by name, so that a failing
// case can be replayed without some of them and a report can say how often each one struck.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/dice.h"
#include "sim/world.h"

namespace rowpage::sim {

/// Names of all kinds, as in --without and in reports.
const std::vector<std::string>& trouble_kinds();

class Trouble {
 public:
  /// Draws for this seed; kinds in `without` stay away.
  Trouble(SimWorld& world, std::uint64_t seed, std::set<std::string> without)
      : world_(world),
        dice_(seed, Dice::faults),
        swarm_(seed, Dice::swarm),
        planted_(seed, Dice::planted),
        without_(std::move(without)) {}

  /// How Notion is: index delays and what it honours. For calm cases, too.
  void draw_habits();
  /// What strikes while people and runs are at work.
  void draw();
  /// Trouble that strikes between two runs, or during one. `cycle`: of `cycles`.
  void before_cycle(std::uint64_t cycle, std::uint64_t cycles);
  /// Whether somebody empties a side before this run. The brakes are tight from then on, until heal().
  bool empties(std::uint64_t cycle, std::uint64_t cycles);
  /// What a run may not have done while a brake had to hold; one line each.
  std::vector<std::string> judge_brakes(const PairReport& report) const;
  /// Sets what an operator would say to the run, in answer to a brake of an earlier one.
  void allow(RunOptions& options) const;
  /// Ends all of it.
  void heal();
  /// After both sides came together: our state is lost, or an older copy of it comes back. Whether it did.
  bool strike_state();

 private:
  bool draws(Dice& dice, std::string_view kind, double chance) const;
  void edit_mapping();
  void strike(const std::string& kind) { ++world_.tally.faults[kind]; }

  SimWorld& world_;
  Dice dice_, swarm_, planted_;
  std::set<std::string> without_;
  bool revokes_ = false, breaks_capture_ = false, second_runner_ = false, steps_back_ = false;
  bool edits_mapping_ = false, mapping_named_ = false, mapping_edited_ = false, empties_ = false, emptied_ = false,
       healed_ = false;
  bool loses_state_ = false, restores_state_ = false;
  std::optional<PostgresModel::State> copy_;
  std::uint64_t copy_at_ = 0;
};

}  // namespace rowpage::sim
