// What is, against what a scenario expects.
#pragma once

#include <string>
#include <vector>

#include "scenario/world.h"

namespace rowpage::scenario {

struct Since {
  std::uint64_t pages = 0, rows = 0;  // writes before what is looked at
};

/// Every difference in a line. `last`: the end of the story, when no request may be open. `may_log`: conflicts that may
/// stand in the log too.
std::vector<std::string> differences(ScenarioWorld& world, const Scenario& scenario, const Expect& expect, Since since,
                                     bool last, const std::vector<Expect::Logged>& may_log = {});

}  // namespace rowpage::scenario
