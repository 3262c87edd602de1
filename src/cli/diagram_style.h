// Colours and text of the diagram's style sheet.
#pragma once

#include <cstddef>
#include <string>

namespace rowpage {

/// Groups and lines get colours of their own up to these; further ones share the last.
inline constexpr std::size_t group_colours = 7;
inline constexpr std::size_t line_colours = 10;

/// The rules of everything, first for light, then for dark surroundings.
std::string diagram_style();

}  // namespace rowpage
