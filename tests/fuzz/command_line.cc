// The command line, one word a line: taken apart or refused with a reason.
#include "cli/commands.h"
#include "fuzz/fuzz.h"

using namespace rowpage;
using fuzz::claim;

ROWPAGE_FUZZ(command_line) {
  std::vector<std::string> line;
  while (!bytes.empty() && line.size() < 40) line.emplace_back(fuzz::take_line(bytes));
  const auto parsed = parse_command_line(line, commands(), later_commands());
  if (!parsed) {
    claim(parsed.error().cause == Cause::usage && !parsed.error().what.empty(),
          "a refusal is a usage error with words");
    return;
  }
  if (const auto* invocation = std::get_if<Invocation>(&*parsed)) {
    claim(invocation->command != nullptr, "an invocation names its command");
    for (const auto& option : invocation->command->options) (void)invocation->arguments.all(option.name);
  }
}
