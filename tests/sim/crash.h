// Stops the engine at a chosen step, as kill -9 would. Only in the simulation does anything fly out of a port.
#pragma once

#include <cstdint>

namespace rowpage::sim {

struct Crash {};

/// Counts the moments at which a process can die: before and after each call that has an effect.
class CrashPoint {
 public:
  void arm(std::uint64_t step) { left_ = step; }
  void disarm() { left_ = 0; }
  bool armed() const { return left_ != 0; }
  std::uint64_t passed() const { return passed_; }
  void reset() { passed_ = 0; }

  void step() {
    ++passed_;
    if (left_ != 0 && --left_ == 0) throw Crash{};
  }

 private:
  std::uint64_t left_ = 0, passed_ = 0;
};

}  // namespace rowpage::sim
