// What the links of records lead to: looked up for many records at once, so that a batch costs one question a relation.
//
// A link that a page lost is removed only where its target lives (core/edges.h), so such targets are read from Notion,
// each once a run. Everything else is known from our own state.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/run.h"

namespace rowpage {

/// Fills RecordState::targets, from what the states show now. Records whose links are as in their shadows need none.
Status find_targets(Run& run, std::span<RecordState* const> states);
Status find_targets(Run& run, std::vector<RecordState>& states);
Status find_targets(Run& run, RecordState& state);

/// What the links among some values to be sent lead to.
Result<std::vector<Target>> targets_of(Run& run, const std::vector<Change>& page_values);

/// Sets Target::seen: reads the live ones among these pages, each once a run. Errors: what stops a pair.
Status see_alive(Run& run, std::size_t field, const std::set<std::string>& page_ids, std::vector<Target>& targets);

}  // namespace rowpage
