// One generator per concern, all from the case's seed, so that a new kind of trouble does not reshuffle the people, and
// leaving out one deed of a person does not change the others.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>

namespace rowpage::sim {

class Dice {
 public:
  enum Concern : std::uint64_t {
    people = 1,
    faults = 2,
    times = 3,
    swarm = 4,
    network = 5,
    shape = 6,
    planted = 7,
    rules = 8,
    decisions = 9,
    deeds = 1000
  };

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

}  // namespace rowpage::sim
