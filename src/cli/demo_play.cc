#include "cli/demo_play.h"

#include <fmt/format.h>

namespace rowpage {
namespace {

constexpr int index_delay_s = 150;  // longer than the sandbox's queries and searches lag behind

}  // namespace

Status DemoPlay::lag(int times) {
  const int by_s = times * index_delay_s;
  line(fmt::format("  (the sandbox's clock moves ahead {} s: Notion's queries lag behind writes)", by_s));
  return world_.advance(by_s);
}

Result<RunOutcome> DemoPlay::sync(const char* name, RunRequest request, std::string_view may_fail) {
  if (request.pairs.empty()) {
    for (std::size_t i = 0; i < session_.config().pairs.size(); ++i) request.pairs.push_back(i);
  }
  request.direction = "both";
  RunOutcome outcome = run_pairs(session_, request);
  object_[name] = outcome.to_json();
  for (const auto& report : outcome.reports) {
    if (report.error && report.model != may_fail) return fail(*report.error);
    if (report.interrupted) break;
  }
  if (outcome.error) return fail(*outcome.error);
  if (auto wanted = still_wanted(); !wanted) return fail(wanted.error());
  return outcome;
}

Status DemoPlay::unexpected(std::string what) {
  return fail(
      {Effect::none, Scope::workspace, Cause::other, "the demo found a fault: " + std::move(what), "please report it"});
}

Status DemoPlay::still_wanted() const {
  if (!session_.clock().interrupted()) return {};
  return fail({Effect::none, Scope::workspace, Cause::interrupted, "the demo was interrupted", ""});
}

}  // namespace rowpage
