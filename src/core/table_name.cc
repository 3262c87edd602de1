#include "core/table_name.h"

#include <algorithm>

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

std::string sql_name(const TableName& name) {
  const auto part = [](const std::string& text) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
    if (!text.empty() && (text[0] < '0' || text[0] > '9') && std::ranges::all_of(text, plain)) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
  };
  return part(name.schema) + "." + part(name.name);
}

}  // namespace rowpage
