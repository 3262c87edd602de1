// How much there is of everything a diagram shows: rows, links, and what waits, from one read-only look at the
// database.
#pragma once

#include <string>

#include "cli/diagram_model.h"
#include "postgres/database.h"

namespace rowpage {

/// Fills in the counts, and what only the tables know of a foreign key (unique, NOT NULL). What is not there yet stays
/// without a count; large tables are estimated. The answer is a remark for the user, empty when all could be counted.
Result<std::string> count_diagram(Database& database, Diagram& diagram);

}  // namespace rowpage
