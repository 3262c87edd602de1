// What a value becomes on the other side, and what cannot travel.
//
// Example: a day-only column keeps the day of a Notion date with a time; a select refuses an option name with a comma.
// The rule is that a value either arrives whole, arrives in the form the field declares (day of a time, joined texts),
// or does not travel at all and parks its record with the reason. Nothing is cut.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "core/schema.h"
#include "core/value.h"

namespace rowpage {

/// The value, or why it cannot travel (one sentence for a person).
using Fitted = tl::expected<Value, std::string>;

/// A page's value as the field's column will hold it. `values` and `percent` of the field are applied here and undone
/// in fit_page(): a row's value is always in the column's terms.
Fitted fit_row(const Field& field, const Value& page_value);

/// A value in the column's own terms as the column will hold it: fit_row() without `values` and `percent`.
Fitted fit_column(const Field& field, const Value& value);

/// A row's value as the field's property will show it. Limits are Notion's
/// (developers.notion.com, request limits).
Fitted fit_page(const Field& field, const Value& row_value);

/// How the field's column holds several values, with `automatic` resolved.
Storing storing(const Field& field);

/// Same value to a person, after what each side can hold (a day-only column agrees with any time of that day).
bool agree(const Field& field, const Value& page, const Value& row);

}  // namespace rowpage
