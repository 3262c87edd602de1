#include "core/value.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "core/time.h"

namespace rowpage {
namespace {

std::string shortened(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string time_text(Millis ms, bool has_time) {
  if (!has_time) return format_day(ms);
  std::string text = format_utc(ms);
  if (ms % minute_ms == 0) text = text.substr(0, 16) + "Z";
  return text;
}

}  // namespace

bool is_null(const Value& value) {
  return std::holds_alternative<Null>(value);
}

Value make_list(TextList names) {
  std::erase_if(names, [](const std::string& name) { return name.empty(); });
  std::ranges::sort(names);
  const auto doubles = std::ranges::unique(names);
  names.erase(doubles.begin(), doubles.end());
  if (names.empty()) return Null{};
  return names;
}

Value make_text(std::string text) {
  if (text.empty()) return Null{};
  return text;
}

std::string display(const Value& value, std::size_t limit) {
  struct Visitor {
    std::size_t limit;
    std::string operator()(Null) const { return "(empty)"; }
    std::string operator()(bool flag) const { return flag ? "yes" : "no"; }
    std::string operator()(double number) const {
      char buffer[64];
      return {buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr};
    }
    std::string operator()(const std::string& text) const {
      std::string line = text;
      std::ranges::replace_if(
          line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
      return "“" + shortened(std::move(line), limit) + "”";
    }
    std::string operator()(const DateSpan& span) const {
      std::string text = time_text(span.start_ms, span.has_time);
      if (span.end_ms) text += " to " + time_text(*span.end_ms, span.has_time);
      return text;
    }
    std::string operator()(const TextList& names) const {
      std::string text;
      for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
      return "[" + shortened(std::move(text), limit) + "]";
    }
  };
  return std::visit(Visitor{limit}, value);
}

}  // namespace rowpage
