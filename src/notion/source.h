// Data sources and databases as Notion shows them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "core/result.h"
#include "core/schema.h"

namespace rowpage {

/// A data source object (GET /v1/data_sources/{id}).
Result<SourceSchema> read_source(const json::value& object);

/// Names of a select, multi_select or status property's options; empty for other types.
std::vector<std::string> option_names(const json::value& property);

/// The concatenated plain text of a title, name or description.
std::string title_text(const json::value& object, std::string_view member);

}  // namespace rowpage
