// rowpage sandbox: a local stand-in for Notion, for trying things out and for tests.
#include <charconv>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "sandbox/server.h"

namespace rowpage {
namespace {

Error usage(std::string what, std::string hint) {
  return {Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)};
}

Result<sandbox::SandboxOptions> read_options(const Arguments& arguments) {
  sandbox::SandboxOptions options;
  if (const auto text = arguments.get("--port")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), options.port);
    if (error != std::errc{} || end != text->data() + text->size() || options.port < 0 || options.port > 65'535) {
      return fail(usage("--port needs a number from 0 to 65535, not `" + *text + "`", "0 takes any free port"));
    }
  }
  if (const auto text = arguments.get("--habits")) {
    const auto value = parse_json(*text);
    if (!value) return fail(usage("--habits is not JSON: " + value.error().what, "docs/sandbox.md lists the knobs"));
    if (auto read = sandbox::read_habits(*value, options.habits); !read) return fail(read.error());
  }
  return options;
}

int run(const Arguments& arguments, Output& output) {
  const auto options = read_options(arguments);
  if (!options) return output.finish("sandbox", options.error());
  const auto server = sandbox::SandboxServer::start(*options);
  if (!server) return output.finish("sandbox", server.error());
  const auto& info = (*server)->info();
  output.line(fmt::format("NOTION_BASE_URL={}\nNOTION_API_KEY={}\nNOTION_PARENT_PAGE_ID={}", info.base_url,
                          info.integration_token, info.root_page));
  output.say("running until Ctrl-C");
  // The object is printed at once, for scripts read it and go on while the sandbox runs.
  output.finish("sandbox", ExitCode::done,
                {{"base_url", info.base_url},
                 {"port", info.port},
                 {"token", info.integration_token},
                 {"person_token", info.person_token},
                 {"root_page", info.root_page}});
  wait_for_interrupt(-1);
  return static_cast<int>(ExitCode::done);
}

}  // namespace

Command sandbox_command() {
  return {
      "sandbox",
      "a local stand-in for Notion",
      "sandbox [--port N] [--habits JSON]",
      "Answers like Notion on a loopback port, with its habits: queries lag 30 s behind writes, times are whole "
      "minutes,\n"
      "long lists are cut, requests are limited. Prints the base URL, the token and the id of a root page, and runs\n"
      "until Ctrl-C. Nothing is stored. docs/sandbox.md lists the knobs and the control paths.\n",
      {{"--port", "N", "port to listen on (default 0: any free one)"},
       {"--habits", "JSON", "knobs, e.g. '{\"index_delay_ms\":0}'"}},
      false,
      run};
}

}  // namespace rowpage
