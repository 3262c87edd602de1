#include "cli/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>

namespace rowpage {
namespace {

// The handler may only do what is safe in a signal: set a flag and write a byte, which wakes whoever sleeps.
volatile std::sig_atomic_t asked = 0;
int wake[2] = {-1, -1};

void on_signal(int) {
  if (asked) _exit(130);
  asked = 1;
  const int kept = errno;
  if (wake[1] >= 0) [[maybe_unused]]
    const auto written = ::write(wake[1], "x", 1);
  constexpr std::string_view text = "\nstopping after this batch; press Ctrl-C again to leave at once\n";
  [[maybe_unused]] const auto shown = ::write(STDERR_FILENO, text.data(), text.size());
  errno = kept;
}

}  // namespace

void catch_signals() {
  if (::pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) wake[0] = wake[1] = -1;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupt_asked() {
  return asked != 0;
}

bool wait_for_interrupt(Millis ms) {
  SystemClock clock;
  const Millis until = clock.monotonic() + ms;
  while (!asked) {
    const Millis left = ms < 0 ? hour_ms : until - clock.monotonic();
    if (left <= 0) return false;
    // The byte is never taken out of the pipe: from the first signal on, every wait ends at once.
    pollfd poll_entry{wake[0], POLLIN, 0};
    ::poll(&poll_entry, wake[0] >= 0 ? 1 : 0, static_cast<int>(std::min(left, hour_ms)));
  }
  return true;
}

Millis SystemClock::now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Millis SystemClock::monotonic() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

bool SystemClock::sleep(Millis ms) {
  return !wait_for_interrupt(std::max<Millis>(ms, 0));
}

}  // namespace rowpage
