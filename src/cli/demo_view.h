// What a person sees of a field in Notion, and an application in PostgreSQL, as texts that are equal when the two mean
// the same. Written for the demo's own judgement: nothing here uses the code that syncs.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "config/workspace.h"
#include "core/schema.h"

namespace rowpage {

/// A property of a page object (Notion's API), in the column's terms: percentages as 0-100, an option as the column
/// names it. Of a date only the beginning: the preset's columns hold one time. Not for relations.
std::string demo_page_text(const Field& field, const json::value& property);

/// A column as to_jsonb() shows it. Not for relations.
std::string demo_row_text(const Field& field, const json::value& column);

/// The end of a date range; empty: none.
std::string demo_range_end(const json::value& property);

/// Ids in a relation property, as far as the page object shows them; `more`: it does not show all.
struct DemoShownLinks {
  std::vector<std::string> ids;
  bool more = false;
};
DemoShownLinks demo_page_links(const json::value& property);

/// The value of a property as a person's request writes it. `person`: id of the workspace's member to choose.
json::object demo_property(const Field& field, const json::value& value, const std::string& person);

/// Links as a person's request writes them.
json::object demo_relation(const std::vector<std::string>& page_ids);

/// The value as jsonb_populate_record() takes it for the field's column.
json::value demo_column(const Field& field, const json::value& value);

/// The pair of a model, and its field of a property. nullptr: none.
const PairSpec* demo_pair(const WorkspaceConfig& config, std::string_view model);
const Field* demo_field(const PairSpec& pair, std::string_view property);

}  // namespace rowpage
