#include "core/table_name.h"

namespace rowpage {

std::vector<std::string> name_parts(std::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      const bool doubled = quoted && i + 1 < text.size() && text[i + 1] == '"';
      if (doubled) parts.back() += text[i++];
      if (!doubled) quoted = !quoted;
    } else if (text[i] == '.' && !quoted && parts.size() == 1) {
      parts.emplace_back();
    } else {
      parts.back() += text[i];
    }
  }
  return parts;
}

TableName split_table_name(std::string_view text) {
  auto parts = name_parts(text);
  if (parts.size() == 1) return {"public", std::move(parts[0])};
  return {std::move(parts[0]), std::move(parts[1])};
}

}  // namespace rowpage
