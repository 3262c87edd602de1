// Text in an SVG: escaped, measured and cut to a width. Widths are estimates on the generous side, for which font the
// reader's machine has is not known here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rowpage {

/// The text for XML content and attributes. What XML cannot hold (control characters, broken UTF-8) becomes "�".
std::string xml_text(std::string_view text);

/// Width in pixels at this font size.
double text_width(std::string_view text, double size, bool bold = false);

/// The text, or as much of it as fits with "…" behind.
std::string fit_text(std::string_view text, double width, double size, bool bold = false);

/// "12,345"
std::string grouped_number(std::int64_t number);

/// A coordinate with at most one decimal: "12", "12.5".
std::string coordinate(double value);

}  // namespace rowpage
