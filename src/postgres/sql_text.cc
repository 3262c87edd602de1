#include "postgres/sql_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>

namespace rowpage {

std::string quote_ident(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string quote_name(std::string_view schema, std::string_view name) {
  return quote_ident(schema) + "." + quote_ident(name);
}

std::string quote_literal(std::string_view text) {
  const bool escaped = text.find('\\') != std::string_view::npos;
  std::string quoted = escaped ? "E'" : "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

std::string with_literals(std::string_view sql, std::span<const std::optional<std::string>> values) {
  const auto in_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           (static_cast<unsigned char>(c) & 0x80U) != 0;
  };
  std::string text;
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    if (c == '\'' || c == '"') {  // a doubled quote ends one and begins the next, which comes to the same
      const bool escapes = c == '\'' && at > 0 && (sql[at - 1] == 'E' || sql[at - 1] == 'e');
      std::size_t end = at + 1;
      while (end < sql.size() && sql[end] != c) end += escapes && sql[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, sql.size());
      text += sql.substr(at, end - at);
      at = end;
      continue;
    }
    std::size_t end = at;
    while (end < sql.size() && in_word(sql[end])) ++end;
    const std::string_view word = sql.substr(at, std::max<std::size_t>(1, end - at));
    std::size_t number = 0;
    const bool is_parameter =
        word.size() > 1 && c == '$' &&
        std::from_chars(word.data() + 1, word.data() + word.size(), number).ptr == word.data() + word.size();
    if (is_parameter && number >= 1 && number <= values.size()) {
      const auto& value = values[number - 1];
      text += value ? quote_literal(std::string_view(*value).substr(0, value->find('\0'))) : "NULL";
    } else {
      text += word;
    }
    at += word.size();
  }
  return text;
}

std::string array_literal(std::span<const std::string> elements) {
  std::string literal = "{";
  for (const auto& element : elements) {
    if (literal.size() > 1) literal += ',';
    literal += '"';
    for (const char c : element) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  return literal + "}";
}

std::optional<std::vector<std::string>> parse_array(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != '{' || literal.back() != '}') return std::nullopt;
  std::vector<std::string> elements;
  std::size_t at = 1;
  const std::size_t end = literal.size() - 1;
  while (at < end) {
    std::string element;
    bool quoted = false;
    if (literal[at] == '{') return std::nullopt;
    if (literal[at] == '"') {
      quoted = true;
      for (++at; at < end && literal[at] != '"'; ++at) {
        if (literal[at] == '\\' && ++at >= end) return std::nullopt;
        element += literal[at];
      }
      if (at >= end) return std::nullopt;
      ++at;
    } else {
      for (; at < end && literal[at] != ','; ++at) element += literal[at];
    }
    if (quoted || element != "NULL") elements.push_back(std::move(element));
    if (at < end && literal[at] != ',') return std::nullopt;
    ++at;
  }
  return elements;
}

std::string trigger_arguments_hex(std::span<const std::string> arguments) {
  constexpr const char* digits = "0123456789abcdef";
  std::string result;
  for (const auto& argument : arguments) {
    for (const char c : argument) {
      result += digits[static_cast<unsigned char>(c) >> 4];
      result += digits[static_cast<unsigned char>(c) & 15];
    }
    result += "00";  // each ends with a NUL
  }
  return result;
}

std::string short_name(std::string_view name) {
  constexpr std::size_t most = 63;
  if (name.size() <= most) return std::string(name);
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a: names only, nothing depends on it being hard to guess
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  char tail[10];
  std::snprintf(tail, sizeof tail, "_%08x", static_cast<unsigned>(hash ^ (hash >> 32)));
  std::size_t cut = most - 9;
  while (cut > 0 && (static_cast<unsigned char>(name[cut]) & 0xC0U) == 0x80U) --cut;
  return std::string(name.substr(0, cut)) + tail;
}

}  // namespace rowpage
