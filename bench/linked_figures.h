// The figures of the sixteen-database workspace: what its links cost, and that nothing grows with its records.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/figure.h"

namespace rowpage::bench {

/// 2,000 records that begin as rows, then one changed link at each of its ends.
void load_of_rows(const Report& report);

/// 2,000 records that begin as pages.
void load_of_pages(const Report& report);

/// Imports of so many records a pair, quiet cycles and a hundred changes at each size, and how they grow. Ascending.
void linked_scale(const std::vector<std::int64_t>& sizes, const Report& report);

}  // namespace rowpage::bench
