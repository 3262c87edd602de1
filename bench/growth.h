// A cycle with 100 changes in tables of 1,000 and of 1,000,000 rows.
#pragma once

#include "bench/figure.h"

namespace rowpage::bench {

/// Processor time and memory of the program, its round trips, and the blocks PostgreSQL touched for it, must not grow
/// with the table: each at most 1.5 times as much, blocks twice (deeper indexes). The rows that make the table large
/// are copied in SQL, with links whose shadows are empty: an incremental cycle never looks at them.
void incremental_growth(const Report& report);

}  // namespace rowpage::bench
