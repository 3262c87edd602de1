// The program's exit codes, and which one wins when a run has reason for several.
#pragma once

#include <string_view>

#include "core/result.h"
#include "engine/cycle.h"

namespace rowpage {

enum class ExitCode : int {
  done = 0,
  failed = 1,
  usage = 2,
  parked = 3,
  conflicts = 4,
  brake = 5,
  not_authorised = 6,
  lease_held = 7,
  has_changes = 10,  // plan --exit-code
  interrupted = 130,
};

/// The more pressing of two: 130 > 6 > 7 > 2 > 5 > 1 > 4 > 3 > 10 > 0.
ExitCode worse(ExitCode a, ExitCode b);

ExitCode exit_code_of(const Error& error);
ExitCode exit_code_of(const PairReport& report);

/// The paragraph for the help texts.
std::string_view exit_status_help();

}  // namespace rowpage
