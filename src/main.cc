// rowpage COMMAND ...: finds the command, runs it, answers with its exit code.
//
// The commands are in cli/commands.cc, one file each under cli/; the exit codes in cli/exit_code.h; what a sync does is
// in engine/cycle.cc.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/output.h"

namespace {

using namespace rowpage;

Output::Mode mode_of(const Arguments& arguments) {
  return {arguments.has("--json"), arguments.has("--quiet"), arguments.has("--verbose")};
}

int run(const std::vector<std::string>& line) {
  const auto parsed = parse_command_line(line, commands(), later_commands());
  if (!parsed) {
    bool json = false;
    for (const auto& word : line) json = json || word == "--json";
    Output output({json, false, false});
    return output.finish("", parsed.error());
  }
  if (std::holds_alternative<ShowVersion>(*parsed)) {
    std::printf("rowpage %s\n", std::string(program_version()).c_str());
    return 0;
  }
  if (const auto* help = std::get_if<ShowHelp>(&*parsed)) {
    const std::string text = help->command ? help_text(*help->command) : help_overview(commands());
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  const auto& invocation = std::get<Invocation>(*parsed);
  Output output(mode_of(invocation.arguments));
  return invocation.command->run(invocation.arguments, output);
}

}  // namespace

int main(int count, char** words) {
  catch_signals();
  try {
    return run(std::vector<std::string>(words + 1, words + count));
  } catch (const std::exception& error) {  // out of memory, or a fault of ours: nothing else throws this far
    std::fprintf(stderr, "error: rowpage stopped by a fault of its own: %s\n", error.what());
    return 1;
  }
}
