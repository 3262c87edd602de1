#include "postgres/key_filter.h"

#include <charconv>
#include <cstdint>

#include "core/text.h"

namespace rowpage {
namespace {

bool possible(ColumnType type, const std::string& text) {
  if (!valid_utf8(text) || text.find('\0') != std::string::npos) return false;
  if (type == ColumnType::uuid) return text.size() == 36 && canonical_id(text) == ascii_lower(text);
  if (type != ColumnType::integer && type != ColumnType::bigint) return true;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string comparable_type(ColumnType type) {
  switch (type) {
    case ColumnType::uuid:
      return "uuid";
    case ColumnType::integer:
    case ColumnType::bigint:
      return "bigint";
    case ColumnType::text:
      return "text";
    default:
      return {};
  }
}

std::string any_of(const std::string& column, ColumnType type, int parameter, std::vector<std::string>& texts) {
  std::erase_if(texts, [type](const std::string& text) { return !possible(type, text); });
  const std::string as = comparable_type(type), n = "$" + std::to_string(parameter);
  return as.empty() ? column + "::text = any(" + n + "::text[])" : column + " = any(" + n + "::" + as + "[])";
}

}  // namespace rowpage
