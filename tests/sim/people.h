// People at work on both sides of one pair, drawn from the seed: what they enter at the start, and what they do while
// runs go on. Each deed has dice of its own, so that one can be left out without changing the others (shrink.h).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sim/dice.h"
#include "sim/world.h"

namespace rowpage::sim {

class People {
 public:
  People(SimWorld& world, std::uint64_t seed) : world_(world), seed_(seed) {}

  /// One to three records, on one side or on both.
  void enter_records();
  /// Does the deed with this number now.
  void act(std::uint64_t number);
  /// Somebody selects all and deletes it, on one side.
  void empty_a_side(Dice& dice);

 private:
  Values record_values(Dice& dice);
  void both_sides(Dice& dice, const Values& values);
  bool unmet_twin(const std::string& record) const;
  bool met(const std::string& page_id) const;
  std::size_t any_field(Dice& dice, const std::string& record) const;
  void edit_some_page(Dice& dice);
  void edit_some_row(Dice& dice);
  void edit_both_halves(Dice& dice);
  void edit_many(Dice& dice);
  void take_a_page_away(Dice& dice);
  std::optional<SimWorld::PageView> any_page(Dice& dice) const;
  std::string any_row(Dice& dice) const;
  std::vector<std::string> all_rows() const;
  std::string record_at_row(const std::string& key) const;

  SimWorld& world_;
  std::uint64_t seed_;
  std::set<std::string> twins_;  // records that people entered on both sides
};

}  // namespace rowpage::sim
