// Time that passes only when somebody waits or calls.
#pragma once

#include <functional>

#include "engine/ports.h"

namespace rowpage::sim {

class SimClock : public Clock {
 public:
  explicit SimClock(Millis start) : now_(start) {}

  Millis now() override { return now_; }
  Millis monotonic() override { return now_ + 1'000'000; }
  bool sleep(Millis ms) override {
    pass(ms);
    return true;
  }
  bool interrupted() override { return false; }

  /// Lets time pass; the world acts at every moment it has something to do.
  void pass(Millis ms) {
    now_ += ms;
    if (on_pass) on_pass();
  }

  std::function<void()> on_pass;

 private:
  Millis now_;
};

}  // namespace rowpage::sim
