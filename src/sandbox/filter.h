// Filters and sorts of a query, checked against the schema once and then asked per row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/call.h"

namespace rowpage::sandbox {

struct Condition {
  enum class Kind { all, any, leaf } kind = Kind::all;
  std::vector<Condition> parts;
  const Property* property = nullptr;  // null in a leaf: a timestamp
  bool created = false;                // of a timestamp leaf: created_time, else last_edited_time
  std::string type;                    // "rich_text", "number", … as written in the filter
  std::string group;                   // rollup: "any", "every", "none" or empty
  std::string op;
  json::value operand;
  std::string lower;              // the operand when it is a text, in lower case
  std::optional<Timestamp> time;  // the operand when it is a date or a time
};

struct Sort {
  const Property* property = nullptr;  // null: a timestamp
  bool created = false;
  bool descending = false;
};

Outcome<Condition> read_filter(const Call& call, const Source& source, const json::value& in);
Outcome<std::vector<Sort>> read_sorts(const Source& source, const json::value* in);

bool matches(const Call& call, const Source& source, const Condition& condition, const Page& page,
             const PageState& state);

/// A value rows can be ordered by: numbers and times before texts before nothing.
struct SortKey {
  int rank = 2;  // 0 number, 1 text, 2 empty
  double number = 0;
  std::string text;
  auto operator<=>(const SortKey&) const = default;
};
SortKey sort_key(const Call& call, const Source& source, const Sort& sort, const Page& page, const PageState& state);

}  // namespace rowpage::sandbox
