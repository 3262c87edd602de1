// Relations: one fact with two ends. Writing one end of a dual relation changes the pages at the other.
#pragma once

#include <utility>
#include <vector>

#include "sandbox/call.h"

namespace rowpage::sandbox {

/// Every id must be a visible page of the related data source.
Outcome<void> check_targets(const Call& call, const Property& property, const json::array& ids);

/// The first `most` targets as [{"id"}], and whether there are more. Targets the token cannot see, and trashed ones,
/// are left out without a word, as the real service does.
std::pair<json::array, bool> show_targets(const Call& call, const Property& property, const PageState& state,
                                          std::size_t most);

/// The targets that are shown, from the first to the last.
std::vector<Id> visible_targets(const Call& call, const Property& property, const PageState& state);

/// After the relations of `page` went from `before` to its present state: writes the other ends of dual relations.
void sync_back_ends(Call& call, Page& page, const Source& source, const PageState& before);

}  // namespace rowpage::sandbox
