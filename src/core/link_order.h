// In which order pairs are synced, so that what a link leads to is there before the link: required foreign keys first,
// then other foreign keys, then join tables, as far as cycles allow; otherwise as the configuration has them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/schema.h"

namespace rowpage {

/// Indexes into `pairs`, linked ones before those that link to them. Deletions go the other way round.
std::vector<std::size_t> link_order(std::span<const PairSpec* const> pairs);

/// A chain of required foreign keys that leads back to where it began, "A.b_id → B.a_id → A"; empty: there is none.
/// Rows of such a cycle cannot be inserted one after another. Only pairs whose rows are written count.
std::string required_cycle(std::span<const PairSpec* const> pairs);

}  // namespace rowpage
