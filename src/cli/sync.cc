// rowpage sync: brings both sides together.
#include <sys/stat.h>

#include <cstdio>
#include <fstream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/plan_output.h"
#include "cli/runner.h"

namespace rowpage {
namespace {

constexpr const char* success_path = "logs/last_success.json";

// Replaces the file in one step, so that a reader never sees half of it.
void write_last_success(Session& session, const RunOutcome& outcome) {
  json::object object = outcome.to_json();
  object["at"] = format_utc(session.clock().now());
  object["exit_code"] = static_cast<int>(outcome.code);
  ::mkdir("logs", 0777);
  const std::string temporary = std::string(success_path) + ".new";
  {
    std::ofstream file(temporary, std::ios::trunc);
    file << to_text(object) << "\n";
    if (!file.flush()) {
      session.output().warn(std::string("cannot write ") + success_path);
      return;
    }
  }
  if (std::rename(temporary.c_str(), success_path) != 0) {
    session.output().warn(std::string("cannot write ") + success_path);
  }
}

bool succeeded(ExitCode code) {
  return code == ExitCode::done || code == ExitCode::parked || code == ExitCode::conflicts;
}

int run(const Arguments& arguments, Output& output) {
  const bool dry_run = arguments.has("--dry-run");
  auto session = Session::open(arguments, output, {{}, !dry_run});
  if (!session) return output.finish("sync", session.error());
  auto request = run_request(**session, arguments);
  if (!request) return output.finish("sync", request.error());
  request->options.dry_run = dry_run;

  PlanOutput plan(output);
  const RunOutcome outcome = run_pairs(**session, *request, dry_run ? &plan : nullptr);
  json::object object = outcome.to_json();
  if (dry_run) plan.add_to(object);
  show_outcome(output, outcome, dry_run);
  if (!dry_run && succeeded(outcome.code) && !outcome.error) write_last_success(**session, outcome);
  return output.finish("sync", outcome.code, std::move(object));
}

}  // namespace

Command sync_command() {
  auto options = run_options();
  options.push_back({"--dry-run", "", "only show what would be done: nothing is written anywhere"});
  options.push_back({"--wait", "", "wait while another runner holds the workspace, instead of exit 7"});
  return {
      "sync",
      "bring both sides together",
      "sync [--direction WHICH] [--model NAME]... [--since TIME] [--dry-run] [--full] [--wait]",
      "Reads what changed on both sides, settles it field by field and writes it: Postgres in batches, Notion page by\n"
      "page. Both values of a conflict are kept (`rowpage conflicts list`). A record that fails is parked alone\n"
      "(`rowpage parked list`). Interrupted or killed, the next sync goes on where this one stood.\n\n"
      "Writes logs/sync.log (one JSON object a line) and, after success, logs/last_success.json.\n",
      std::move(options),
      false,
      run};
}

}  // namespace rowpage
