// JSON from anybody: read, written and read again it is the same, and numbers are what the C library reads.
#include <cmath>

#include "core/text.h"
#include "fuzz/fuzz.h"

using namespace rowpage;
using fuzz::claim;

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("+-.0123456789eE") == std::string_view::npos;
}

// Equal as JSON: 1e2 and 100 are one number, however they are kept.
bool same(const json::value& a, const json::value& b) {
  if (a.is_array() && b.is_array()) {
    const auto &left = a.get_array(), &right = b.get_array();
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!same(left[i], right[i])) return false;
    }
    return true;
  }
  if (a.is_object() && b.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    for (const auto& [key, value] : a.get_object()) {
      const auto* other = find(b, key);
      if (!other || !same(value, *other)) return false;
    }
    return true;
  }
  if (a.is_double() || b.is_double()) return as_number(a) && as_number(a) == as_number(b);
  return a == b;
}

}  // namespace

ROWPAGE_FUZZ(json) {
  const auto value = parse_json(bytes);
  if (!value) {
    claim(!value.error().what.empty(), "a refusal says why");
    return;
  }
  claim(valid_utf8(bytes), "JSON is UTF-8");
  const auto text = to_text(*value);
  const auto again = parse_json(text);
  claim(again.has_value(), "what is written can be read", text);
  claim(same(*again, *value), "what is written is what was read", text);
  claim(to_text(*again) == text, "writing is a function of the value", text);
  const auto canonical = canonical_text(*value);
  const auto sorted = parse_json(canonical);
  claim(sorted.has_value() && canonical_text(*sorted) == canonical, "the canonical text is its own canonical text",
        canonical);
  if (const auto number = as_number(*value); number && is_number(bytes) && value->is_double()) {
    const double other = std::strtod(std::string(bytes).c_str(), nullptr);
    claim(std::isfinite(*number), "no number is infinite", bytes);
    claim(*number == other, "a number is read as the C library reads it", bytes);
    claim(std::strtod(number_text(*number).c_str(), nullptr) == *number, "a number's text is that number", bytes);
  }
  if (const auto stored = value_from_json(*value)) {
    const auto back = value_from_json(value_to_json(*stored));
    claim(back.has_value() && *back == *stored, "a stored value comes back", text);
  }
}
