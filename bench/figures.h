// The figures of one pair: imports, quiet cycles, small changes, and the request budget.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/figure.h"

namespace rowpage::bench {

/// Imports of each size, what quiet cycles cost afterwards, and small changes in a base of 10,000. Sizes ascend.
void scale(const std::vector<std::int64_t>& sizes, const Report& report, Way way = Way::direct);

/// 400 rows become pages at 180 requests a minute, in real time: two minutes.
void paced_creates(const Report& report);

}  // namespace rowpage::bench
