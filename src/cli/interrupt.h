// The program's clock and the user's wish to stop. The first Ctrl-C (or SIGTERM) asks the run to finish its batch and
// leave with 130; the second leaves at once.
#pragma once

#include "engine/ports.h"

namespace rowpage {

/// Installs the handlers for SIGINT and SIGTERM and ignores SIGPIPE. Once, at the start.
void catch_signals();

/// Whether the user has asked to stop.
bool interrupt_asked();

/// Waits until the user asks to stop, or `ms` have passed (negative: for ever). True: asked.
bool wait_for_interrupt(Millis ms);

class SystemClock : public Clock {
 public:
  Millis now() override;
  Millis monotonic() override;
  bool sleep(Millis ms) override;
  bool interrupted() override { return interrupt_asked(); }
};

}  // namespace rowpage
