#include "cli/commands.h"

namespace rowpage {

std::span<const Command> commands() {
  static const Command all[] = {
      init_command(),    check_command(),   setup_command(),  plan_command(),      sync_command(),
      verify_command(),  status_command(),  report_command(), conflicts_command(), parked_command(),
      diagram_command(), sandbox_command(), demo_command(),
  };
  return all;
}

std::span<const LaterCommand> later_commands() {
  static constexpr LaterCommand all[] = {
      {"apply", "until then `rowpage sync` makes and carries out its own plan"},
      {"history", "until then every before- and after-value is in the table rowpage.history"},
      {"undo", "until then every before-value is in the table rowpage.history"},
      {"forget", "until then `rowpage parked release` drops the tie between a page and a row"},
      {"serve", "until then run `rowpage sync` from cron or a systemd timer (docs/operations.md)"},
  };
  return all;
}

}  // namespace rowpage
