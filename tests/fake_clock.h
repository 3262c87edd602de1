// A clock that moves only when somebody sleeps. For tests of anything that waits.
#pragma once

#include "engine/ports.h"

namespace rowpage {

class FakeClock : public Clock {
 public:
  Millis now() override { return start_ms + at_ms; }
  Millis monotonic() override { return at_ms; }
  bool sleep(Millis ms) override {
    slept_ms += ms;
    at_ms += ms;
    return !stop;
  }
  bool interrupted() override { return stop; }

  static constexpr Millis start_ms = 1'763'634'600'000;  // 2025-11-20T10:30:00Z
  Millis at_ms = 0;
  Millis slept_ms = 0;
  bool stop = false;
};

}  // namespace rowpage
