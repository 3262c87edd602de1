// A diagram as one SVG that stands alone: no fonts, images or scripts from anywhere, light and dark, a description for
// those who cannot see it. Pointing at a box shows its relations (CSS only).
#pragma once

#include <string>

#include "cli/diagram_model.h"

namespace rowpage {

/// Ends with a line end. The same diagram gives the same bytes.
std::string diagram_to_svg(const Diagram& diagram);

}  // namespace rowpage
