// Time that passes only when somebody waits or calls.
#pragma once

#include <algorithm>
#include <functional>

#include "engine/ports.h"

namespace rowpage::sim {

class SimClock : public Clock {
 public:
  explicit SimClock(Millis start) : now_(start) {}

  Millis now() override { return now_ - behind_; }
  Millis monotonic() override { return now_ + 1'000'000; }
  bool sleep(Millis ms) override {
    pass(ms);
    return true;
  }
  bool interrupted() override { return false; }

  /// Lets time pass; the world acts at every moment it has something to do.
  void pass(Millis ms) {
    // In small steps, so that what is due in between happens at its own time.
    while (ms > 0) {
      const Millis step = std::min<Millis>(ms, second_ms);
      now_ += step;
      ms -= step;
      if (on_pass) on_pass();
    }
  }

  /// What happens in the world goes by this one, whatever the wall clock of our machine says.
  Millis true_now() const { return now_; }
  /// Somebody sets the machine's clock back.
  void step_back(Millis ms) { behind_ += ms; }

  std::function<void()> on_pass;

 private:
  Millis now_, behind_ = 0;
};

}  // namespace rowpage::sim
