// What JSON Schema asks of single values: their kind, their format, their length, and how they are shown in complaints.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.h"

namespace rowpage::contract {

/// "null", "boolean", "string", "array", "object" or "number".
std::string_view kind_of(const json::value& value);
/// `type` may be "integer" as well: a number without a fraction.
bool is_of(const json::value& value, std::string_view type);
std::size_t code_points(std::string_view text);
/// uuid, date and date-time; other formats say nothing that could be judged ("uri" of a relative link) and always hold.
bool has_format(std::string_view text, std::string_view format);
/// On one line of at most 60 bytes.
std::string shortened(const json::value& value);
/// A key as part of a JSON pointer.
std::string escaped(std::string_view key);

}  // namespace rowpage::contract
