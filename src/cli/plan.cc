// rowpage plan: what sync would do. Reads both sides, writes nothing, needs no setup.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/plan_output.h"

namespace rowpage {
namespace {

int run(const Arguments& arguments, Output& output) {
  auto session = Session::open(arguments, output, {{}, false});
  if (!session) return output.finish("plan", session.error());
  auto request = run_request(**session, arguments);
  if (!request) return output.finish("plan", request.error());
  request->options.dry_run = true;

  PlanOutput plan(output);
  const auto file = arguments.get("--out");
  if (file) {
    if (auto open = plan.to_file(*file); !open) return output.finish("plan", open.error());
  }
  const RunOutcome outcome = run_pairs(**session, *request, &plan);
  if (auto whole = plan.finish(); !whole) return output.finish("plan", whole.error());
  show_outcome(output, outcome, true);
  if (file) output.say("wrote the plan to " + *file);
  ExitCode code = outcome.code;
  if (arguments.has("--exit-code") && plan.actions() > 0) code = worse(code, ExitCode::has_changes);
  json::object object = outcome.to_json();
  plan.add_to(object);
  return output.finish("plan", code, std::move(object));
}

}  // namespace

Command plan_command() {
  auto options = run_options();
  options.push_back({"--out", "FILE", "also write every action to FILE as JSON"});
  options.push_back({"--exit-code", "", "exit 10 when there is anything to do"});
  return {
      "plan",
      "show what sync would do, and what it costs in requests",
      "plan [--model NAME]... [--direction WHICH] [--since TIME] [--full] [--out FILE] [--exit-code]",
      "Reads both sides and shows, record by record, what a sync would write and why. Nothing is written anywhere, no\n"
      "lease is taken, and it works before `rowpage setup`.\n",
      std::move(options),
      false,
      run};
}

}  // namespace rowpage
