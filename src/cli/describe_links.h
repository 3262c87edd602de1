// The links of an action in words and in JSON.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "core/plan.h"

namespace rowpage {

/// What its links leave to do, a line each: "Members: goes on once row 17 of people has a page". Empty: nothing.
std::vector<std::string> link_notes(const Pair& pair, const Action& action);

/// Links that travel: [{"property", "row_add", "row_drop", "page_add", "page_drop"}], in the names that the side uses;
/// lists that hold nothing are left out.
json::array links_to_json(const Pair& pair, const Action& action);

/// Links that wait: [{"property", "for": "page" | "row", "of"}], `of` being the row without a page or the page without
/// a row.
json::array waits_to_json(const Pair& pair, const Action& action);

}  // namespace rowpage
