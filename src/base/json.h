// JSON for everything that reads or writes it: Boost.JSON with the three faults mended that would lose data.
//
// 1. Boost 1.81 rounds about one double in seven wrongly on reading; here the digits go through std::from_chars.
// 2. 1e999 would become infinity without an error; here it is refused.
// 3. serialize() writes 12.5 as 1.25E1; here numbers are the shortest text that reads back the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "core/result.h"
#include "core/value.h"

namespace rowpage {

namespace json = boost::json;

/// Parses one JSON text (RFC 8259), nesting up to 128. Errors name the byte offset. Memory comes from `storage`; for
/// large answers hand in a monotonic_resource that outlives the value.
Result<json::value> parse_json(std::string_view text, json::storage_ptr storage = {});

/// Compact, keys in the order they have.
std::string to_text(const json::value& value);

/// Compact, keys sorted at every level: equal values give equal texts.
std::string canonical_text(const json::value& value);

/// A number as JSON and people write it: "12.5", "3", "1e+300".
std::string number_text(double number);

/// Typed look-ups that never throw: the member, or nullptr / a default when absent or of another kind.
const json::value* find(const json::value& object, std::string_view key);
const json::object* find_object(const json::value& object, std::string_view key);
const json::array* find_array(const json::value& object, std::string_view key);
std::string_view find_string(const json::value& object, std::string_view key, std::string_view otherwise = {});
bool find_bool(const json::value& object, std::string_view key, bool otherwise = false);
std::optional<double> as_number(const json::value& value);

/// A Value as JSON and back, without loss: null, true, 12.5, "text", ["a","b"],
/// {"date":[start_ms,end_ms or null],"time":true}.
json::value value_to_json(const Value& value);
Result<Value> value_from_json(const json::value& value);

}  // namespace rowpage
