// rowpage report: the statistics of the last run.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/inbox.h"

namespace rowpage {
namespace {

// Shows the figures that are not zero, as the run recorded them.
void show_pair(Output& output, const json::value& pair) {
  output.line(output.bold(find_string(pair, "model", "?")));
  bool any = false;
  for (const auto figure : figure_names()) {
    const auto* value = find(pair, figure);
    const auto number = value ? as_number(*value) : std::nullopt;
    if (!number || *number == 0) continue;
    any = true;
    std::string name(figure);
    for (auto& c : name) c = c == '_' ? ' ' : c;
    output.line(fmt::format("  {:<18} {}", name, number_text(*number)));
  }
  if (!any) output.line("  nothing to do");
  if (const auto* error = find_object(pair, "error"))
    output.line(fmt::format("  error: {}", printable(find_string(*error, "what"), true)));
}

int run(const Arguments& arguments, Output& output) {
  Session::Use use;
  use.needs = {false, true, false, false};
  auto session = Session::open(arguments, output, use);
  if (!session) return output.finish("report", session.error());
  auto run = last_run(**session);
  if (!run) return output.finish("report", run.error());
  json::object object;
  if (!*run) {
    output.line("no run yet: run `rowpage sync`");
    object["run"] = nullptr;
    return output.finish("report", ExitCode::done, std::move(object));
  }
  const RunRow& last = **run;
  output.line(fmt::format("run {} ({}), {} to {}: {}", last.id, last.direction, readable_time(last.started),
                          readable_time(last.finished.value_or("?")), last.outcome.value_or("under way, or killed")));
  if (const auto* pairs = find_array(last.detail, "pairs")) {
    for (const auto& pair : *pairs) {
      if (pair.is_object()) show_pair(output, pair);
    }
  }
  object["run"] = last.id;
  object["direction"] = last.direction;
  object["outcome"] = last.outcome ? json::value(json::string(*last.outcome)) : json::value(nullptr);
  object["started_at"] = last.started;
  object["finished_at"] = last.finished ? json::value(json::string(*last.finished)) : json::value(nullptr);
  object["detail"] = last.detail;
  return output.finish("report", ExitCode::done, std::move(object));
}

}  // namespace

Command report_command() {
  return {
      "report", "the statistics of the last run",
      "report", "Shows what the last sync read, wrote, linked, settled and parked, pair by pair. Nothing is written.\n",
      {},       false,
      run};
}

}  // namespace rowpage
