#include "config/mistake.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "core/text.h"

namespace rowpage {
namespace {

std::string_view line_of(std::string_view source, int number) {
  for (int line = 1; line < number; ++line) {
    const auto end = source.find('\n');
    if (end == std::string_view::npos) return {};
    source.remove_prefix(end + 1);
  }
  source = source.substr(0, source.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  return source;
}

// Blanks up to the caret. Tabs stay tabs, so that the caret stands right whatever the terminal makes of them.
std::string indent_to(std::string_view line, int column) {
  std::string out;
  int at = 1;
  for (const char c : line) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) continue;
    if (at++ >= column) return out;
    out += c == '\t' ? '\t' : ' ';
  }
  out.append(static_cast<std::size_t>(std::max(0, column - at)), ' ');
  return out;
}

}  // namespace

std::string Mistake::place() const {
  if (line <= 0) return file;
  if (column <= 0) return fmt::format("{}:{}", file, line);
  return fmt::format("{}:{}:{}", file, line, column);
}

std::string render(const Mistake& mistake, std::string_view source) {
  std::string out = mistake.place() + ": " + mistake.what;
  const std::string_view line = mistake.line > 0 ? line_of(source, mistake.line) : std::string_view{};
  if (!line.empty()) {
    out += "\n    " + redact(line);
    if (mistake.column > 0) out += "\n    " + indent_to(line, mistake.column) + "^";
  }
  if (!mistake.hint.empty()) out += "\n  " + mistake.hint;
  return out;
}

Error as_error(const std::vector<Mistake>& mistakes, std::string_view source) {
  std::string text;
  for (const auto& mistake : mistakes) {
    if (!text.empty()) text += "\n";
    text += render(mistake, source);
  }
  return {Effect::none, Scope::workspace, Cause::usage, std::move(text), ""};
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates, bool list_all) {
  const auto near = nearest(name, candidates, 2);
  if (!near.empty()) {
    std::string out = "did you mean `" + near[0] + "`";
    if (near.size() > 1) out += " or `" + near[1] + "`";
    return out + "?";
  }
  if (!list_all || candidates.empty()) return "";
  return fmt::format("known here: {}", fmt::join(candidates, ", "));
}

}  // namespace rowpage
