// Scenario files, which people send with their reports: read whole or refused with the line, never half.
#include "scenario/scenario.h"
#include "fuzz/fuzz.h"

using namespace rowpage;
using fuzz::claim;

ROWPAGE_FUZZ(scenario) {
  const auto read = scenario::parse_scenario(bytes, "sent.sync");
  if (read) return;
  claim(!read.error().what.empty() && !read.error().hint.empty(), "a refusal says what is wrong and what to do");
  claim(read.error().what.size() < 2000, "a refusal stays readable", read.error().what);
}
