// Column values as Values, and back, by the field that maps them.
//
// Both directions go through the text form PostgreSQL itself writes under ISO dates, UTC and shortest floats: int8 and
// numeric would lose digits as JSON numbers, and one codec serves rows as read, rows as stored and shadows alike.
// Example: numeric "1.10" is 1.1; daterange "[2026-01-01,2026-02-01)" is 1 to 31 January; text "" is Null.
// A relation's links are a list of texts: of a foreign key at most one, of a join table an array as it is selected.
// The rule is decode(encode(v)) = v. A cell that has no exact Value (an infinite date, a numeric of 20 digits) is not
// rounded: it is unreadable, and its record parks with the reason.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "core/schema.h"
#include "core/value.h"

namespace rowpage {

/// A column's text form; nullopt is SQL NULL.
using Cell = std::optional<std::string>;

/// The value of a field from its column's text, and its end column's where the field has one. The error is one
/// sentence.
tl::expected<Value, std::string> decode(const Field& field, std::optional<std::string_view> cell,
                                        std::optional<std::string_view> end_cell = std::nullopt);

/// The columns a field's value is written to, with their texts. Refuses NUL, invalid UTF-8 and what the type cannot
/// hold.
tl::expected<std::vector<std::pair<std::string, Cell>>, std::string> encode(const Field& field, const Value& value);

}  // namespace rowpage
