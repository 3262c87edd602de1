// Random cases: people, faults and a crash drawn from one seed; first anything may fail (safety), then all is healed
// and both sides must come together (liveness), then the ghost judges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/world.h"

namespace rowpage::sim {

struct CaseOptions {
  std::uint64_t seed = 1;
  std::uint64_t crash_step = 0;  // 0: as drawn from the seed
  bool calm = false;             // no faults and no crash
};

struct CaseResult {
  std::vector<std::string> wrong;  // empty: every promise held
  Tally tally;
  std::uint64_t trace = 0;
  std::uint64_t conflicts = 0, window_losses = 0;
};

CaseResult run_case(const CaseOptions& options);

}  // namespace rowpage::sim
