// Plays a scenario once, from its start to its end, and says what is not as expected.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "scenario/scenario.h"

namespace rowpage::scenario {

/// Where the process dies, and when the user runs sync again. A resumed run has the options of the one that died; it is
/// repeated every five minutes until one has nothing to write, then the story goes on.
struct Kill {
  /// What happens to every writing request until then, unless the story says something else of it. A run with bad luck
  /// is repeated like a resumed one.
  enum class Luck {
    told,        // what the story says
    unanswered,  // it takes effect, and no answer comes
    lost,        // it never arrives
  } luck = Luck::told;
  enum class Resume {
    at_once,    // a second later
    soon,       // 40 seconds later: the index knows by then, and a request may still land
    later,      // five minutes later
    in_flight,  // a second later, and the request that was about to be sent lands 25 s after the death
  } resume = Resume::at_once;
  std::uint64_t step = 0;  // 0: it does not. Otherwise counted from the first step on
};

struct Played {
  std::vector<std::string> wrong;  // a line each
  std::uint64_t steps = 0;         // at which the process could have died
  std::set<std::uint64_t> sends;   // of them, those just before a request was sent
  bool killed = false;
  std::uint64_t trace = 0;  // of everything that happened: equal stories, equal traces
};

Played play(const Scenario& scenario, const Kill& kill = {}, bool verbose = false);

}  // namespace rowpage::scenario
