// The brake: a pure function of the plan's counts and the pair's limits.
//
// Problem: an emptied view, a wrong token, a slipped filter or a TRUNCATE look exactly like people deleting everything.
// Rule: a run that would delete or rewrite an unusual share of one side does nothing and says so. The override names
// the number, so that yesterday's flag cannot bless today's accident.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"
#include "core/schema.h"

namespace rowpage {

/// What a plan would do to each side.
struct PlanCounts {
  std::int64_t page_deletes = 0, row_deletes = 0;
  std::int64_t page_rewrites = 0, row_rewrites = 0;
  std::int64_t page_creates = 0, row_creates = 0;
  std::int64_t pages = 0, rows = 0;  // linked and live on each side before the run
  bool first_sync = false;           // the pair has had no complete sync yet
};

struct Allowances {
  std::optional<std::int64_t> deletes, rewrites, creates;
};

/// How many records there must be so that no share of them trips; std::nullopt: the counts pass in any table.
std::optional<std::int64_t> records_enough(const Pair& pair, const PlanCounts& counts);

/// nullopt: go. Otherwise an Error with Cause::brake whose text names side, count, share, limit and the flag.
std::optional<Error> check_brakes(const Pair& pair, const PlanCounts& counts, const Allowances& allowed);

}  // namespace rowpage
