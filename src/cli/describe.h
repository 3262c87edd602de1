// Plans and reports in words and in JSON: the one place where their keys are spelled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "core/plan.h"
#include "engine/cycle.h"

namespace rowpage {

/// "Decision 2f0c (\"Use Postgres\")": the record's title where it is known, else its key or page id.
std::string record_name(const Pair& pair, const Action& action);

/// One action on a few lines, for people.
std::string describe(const Pair& pair, const Action& action);

/// {"record","key","page_id","row","page","row_set","page_set","links","waits","link","conflicts","drift","agreed","later","parked",
/// "reasons","row_reasons","page_reasons"}; members that say nothing are left out.
json::object action_to_json(const Pair& pair, const Action& action);

/// Values to write by the names of their columns (Side::supabase) or properties (Side::notion).
json::object changes_to_json(const Pair& pair, const std::vector<Change>& changes, Side side);

/// "2 rows created, 1 page updated, 1 conflict"; "nothing to do" when there is nothing.
std::string summary(const PairReport& report, bool planned);

/// The names of a report's figures, in the order to show them.
std::vector<std::string_view> figure_names();

/// Every figure of a report by its name.
json::object report_to_json(const PairReport& report);

}  // namespace rowpage
