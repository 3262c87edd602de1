// Random cases: people, trouble and a crash drawn from one seed; first anything may fail (safety), then all is healed
// and both sides must come together (liveness), then the ghost judges.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sim/world.h"

namespace rowpage::sim {

struct CaseOptions {
  std::uint64_t seed = 1;
  std::uint64_t crash_step = 0;   // 0: as drawn from the seed
  bool calm = false;              // no trouble and no crash
  bool no_crash = false;          // trouble, but no crash
  std::set<std::uint64_t> skip;   // deeds of people left out, by number
  std::set<std::string> without;  // kinds of trouble left out (trouble.h)
};

struct CaseResult {
  std::vector<std::string> wrong;  // empty: every promise held
  Tally tally;
  std::uint64_t trace = 0;
  std::uint64_t deeds = 0;  // of people, as drawn
  std::uint64_t conflicts = 0, window_losses = 0;
};

CaseResult run_case(const CaseOptions& options);

/// The options of a smaller case that still fails: deeds of people left out first, then kinds of trouble, then the
/// crash. Runs the case again for each try, at most `tries` times.
CaseOptions shrink(CaseOptions failing, std::size_t tries = 200);

/// The words after `simulate` that replay the case.
std::string replay_words(const CaseOptions& options);

}  // namespace rowpage::sim
