#include "postgres/record_text.h"

#include <utility>

namespace rowpage {

std::optional<std::vector<std::optional<std::string>>> parse_record(std::string_view text) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return std::nullopt;
  std::vector<std::optional<std::string>> fields;
  const std::string_view inside = text.substr(1, text.size() - 2);
  std::optional<std::string> field;
  bool quoted = false;
  for (std::size_t at = 0; at < inside.size(); ++at) {
    const char c = inside[at];
    if (!quoted && c == ',') {
      fields.push_back(std::exchange(field, std::nullopt));
    } else if (c == '"') {
      if (!field) field.emplace();
      if (quoted && at + 1 < inside.size() && inside[at + 1] == '"') {
        *field += '"';
        ++at;
      } else {
        quoted = !quoted;
      }
    } else {
      if (c == '\\' && ++at == inside.size()) return std::nullopt;
      if (!field) field.emplace();
      *field += inside[at];
    }
  }
  if (quoted) return std::nullopt;
  fields.push_back(std::move(field));
  return fields;
}

}  // namespace rowpage
