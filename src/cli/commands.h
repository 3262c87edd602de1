// The commands of this version, each in its own file, and the names of those that come later.
#pragma once

#include <span>

#include "cli/arguments.h"

namespace rowpage {

std::span<const Command> commands();
std::span<const LaterCommand> later_commands();

// One per file cli/<name>.cc
Command init_command();
Command check_command();
Command setup_command();
Command plan_command();
Command sync_command();
Command status_command();
Command verify_command();
Command report_command();
Command conflicts_command();
Command parked_command();
Command diagram_command();
Command sandbox_command();
Command demo_command();

}  // namespace rowpage
