// A Batch as the jsonb that rowpage.commit() takes, and its answer as Committed.
#pragma once

#include <string>

#include "engine/ports.h"
#include "postgres/row_shape.h"

namespace rowpage {

/// Errors: constraint (record, none) when a value cannot be written to its column; nothing was sent then.
Result<json::object> batch_to_json(const Pair& pair, const RowShape& shape, const Batch& batch);

/// The pair as the functions of the schema know it.
json::object pair_to_json(const Pair& pair, const RowShape& shape);

Result<Committed> committed_from_json(const RowShape& shape, std::size_t items, const std::string& answer);

/// {"column": value} <-> changes; fields that are no longer mapped are left out.
json::object changes_to_json(const RowShape& shape, const std::vector<Change>& changes);
std::vector<Change> changes_from_json(const RowShape& shape, const json::value& object);

}  // namespace rowpage
