// The figures of a run, counted as things happen (or, in a dry run, as they are planned).
#pragma once

#include "core/plan.h"
#include "engine/cycle.h"

namespace rowpage {

/// The row part, links and what was found on the way.
void count_row(PairReport& report, const Action& action);
void count_page(PairReport& report, const Action& action);
void count_parked(PairReport& report, const Parked& parked);

}  // namespace rowpage
