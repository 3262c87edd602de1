#include "support/json_kinds.h"

#include <algorithm>
#include <cctype>

#include "core/time.h"

namespace rowpage::contract {
namespace {

bool is_uuid_text(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  return true;
}

}  // namespace

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
    default:
      return "number";
  }
}

bool is_of(const json::value& value, std::string_view type) {
  if (type != "integer") return kind_of(value) == type;
  const auto number = as_number(value);
  return number && *number == static_cast<double>(static_cast<long long>(*number));
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool has_format(std::string_view text, std::string_view format) {
  if (format == "uuid") return is_uuid_text(text);
  if (format == "date") return text.size() == 10 && parse_time(text).has_value();
  if (format == "date-time") return text.find('T') != std::string_view::npos && parse_time(text).has_value();
  return true;
}

std::string shortened(const json::value& value) {
  auto text = value.is_string() ? std::string(value.get_string()) : to_text(value);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string escaped(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
  return out;
}

}  // namespace rowpage::contract
