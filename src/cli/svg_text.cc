#include "cli/svg_text.h"

#include <cmath>

#include <fmt/format.h>

namespace rowpage {
namespace {

struct Character {
  char32_t code = 0xFFFD;
  std::size_t bytes = 1;
};

std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

// The first character; a byte that begins none is one broken character.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = length_of(byte(0));
  if (length == 1) return {byte(0), 1};
  if (length == 0 || text.size() < length) return {};
  char32_t code = byte(0) & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < least[length] || code > 0x10FFFF || surrogate) return {};
  return {code, length};
}

// XML 1.0, production Char.
bool in_xml(char32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code != 0x7F && code != 0xFFFE && code != 0xFFFF && !(code >= 0x80 && code < 0xA0);
}

double ascii_width(char32_t code) {
  constexpr std::string_view narrow = "ijl.,:;'|!I()[]/ ", wide = "mwMW@%";
  const char letter = static_cast<char>(code);
  if (narrow.find(letter) != std::string_view::npos) return 0.37;
  if (wide.find(letter) != std::string_view::npos) return 0.95;
  if (letter >= 'A' && letter <= 'Z') return 0.68;
  return letter == 'f' || letter == 't' || letter == 'r' ? 0.42 : 0.61;
}

// In parts of the font size.
double character_width(char32_t code) {
  if (code < 0x80) return ascii_width(code);
  if ((code >= 0x300 && code < 0x370) || code == 0x200D || (code >= 0xFE00 && code < 0xFE10)) return 0;  // combining
  if ((code >= 0x1100 && code < 0x2000) || code >= 0x2E80) return 1.05;
  return 0.7;
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_of(text);
    const std::string_view bytes = text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
    if (character.code == 0xFFFD || !in_xml(character.code)) {
      out += "\xEF\xBF\xBD";
    } else if (character.code == '&') {
      out += "&amp;";
    } else if (character.code == '<') {
      out += "&lt;";
    } else if (character.code == '>') {
      out += "&gt;";
    } else if (character.code == '"') {
      out += "&quot;";
    } else {
      out += bytes;
    }
  }
  return out;
}

double text_width(std::string_view text, double size, bool bold) {
  double width = 0;
  while (!text.empty()) {
    const Character character = first_of(text);
    width += character_width(character.code);
    text.remove_prefix(character.bytes);
  }
  return width * size * (bold ? 1.08 : 1);
}

std::string fit_text(std::string_view text, double width, double size, bool bold) {
  if (text_width(text, size, bold) <= width) return std::string(text);
  const double room = width - text_width("…", size, bold);
  double used = 0;
  std::size_t kept = 0;
  while (kept < text.size()) {
    const Character character = first_of(text.substr(kept));
    used += text_width(text.substr(kept, character.bytes), size, bold);
    if (used > room) break;
    kept += character.bytes;
  }
  while (kept > 0 && text[kept - 1] == ' ') --kept;
  return std::string(text.substr(0, kept)) + "…";
}

std::string grouped_number(std::int64_t number) {
  std::string text = fmt::format("{}", number);
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  for (std::size_t i = text.size(); i > first + 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string coordinate(double value) {
  const double tenths = std::round(value * 10);
  const auto whole = static_cast<std::int64_t>(tenths);
  if (whole % 10 == 0) return fmt::format("{}", whole / 10);
  return fmt::format("{:.1f}", tenths / 10);
}

}  // namespace rowpage
