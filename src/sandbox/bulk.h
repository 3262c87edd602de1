// Filling the stand-in with many rows, and reading all of them back as plain values: for demonstrations, benchmarks and
// the judges of tests, which must not see the world through the interface under test.
#pragma once

#include <optional>
#include <vector>

#include "core/result.h"
#include "sandbox/notion_model.h"

namespace rowpage::sandbox {

/// {"data_source_id":…, "pages":[{"properties":{…}, "created_time":…, "last_edited_time":…}],
/// "as":"person"|"integration"}: rows made without requests, visible to queries at once. Properties are written as in
/// POST /v1/pages; a bare text or number stands for itself.
Result<std::vector<Id>> seed_rows(NotionModel& model, const json::value& body);

/// What a person's Duplicate makes of a row: a page of the same values and links, the other ends of two-way relations
/// written. Nothing: no such row.
std::optional<Id> duplicate_row(NotionModel& model, const Id& page);

/// {"total":N,"pages":[{"id","in_trash","is_archived","created_time","last_edited_time","last_edited_by","values":{name:plain}}]}
/// from `offset` on, in the order of creation. Values are texts, numbers, flags, lists of names or ids, or null.
json::value dump_rows(NotionModel& model, const Id& source, std::size_t offset, std::size_t limit);

}  // namespace rowpage::sandbox
