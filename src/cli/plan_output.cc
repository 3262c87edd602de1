#include "cli/plan_output.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"

namespace rowpage {
namespace {

constexpr std::uint64_t shown_most = 100;  // per pair, without --verbose

std::string seconds(Millis ms) {
  if (ms < minute_ms) return fmt::format("{:.1f} s", static_cast<double>(ms) / second_ms);
  return fmt::format("{} min {} s", ms / minute_ms, ms % minute_ms / second_ms);
}

}  // namespace

Status PlanOutput::to_file(const std::string& path) {
  path_ = path;
  file_.open(path, std::ios::trunc);
  file_ << "{\"version\":1,\"actions\":[";
  if (file_) return {};
  return fail(
      {Effect::none, Scope::workspace, Cause::usage, "cannot write " + path, "check the folder and its permissions"});
}

void PlanOutput::action(const Pair& pair, const Action& action) {
  if (!action.telling()) return;
  ++actions_;
  if (model_ != pair.model) {
    model_ = pair.model;
    shown_ = 0;
    output_.line(
        output_.bold(fmt::format("{}: {} <-> {}.{}", pair.model, pair.data_source, pair.schema_name, pair.table_name)));
  }
  if (output_.mode().json || file_.is_open()) {
    json::object object = action_to_json(pair, action);
    object["model"] = pair.model;
    if (file_.is_open()) file_ << (actions_ > 1 ? ",\n" : "\n") << to_text(object);
    if (output_.mode().json) collected_.push_back(std::move(object));
  }
  ++shown_;
  if (shown_ <= shown_most || output_.mode().verbose) {
    output_.line(describe(pair, action));
  } else if (shown_ == shown_most + 1) {
    output_.line("  ... and more (all of them with --verbose, --json or --out FILE)");
  }
}

Status PlanOutput::finish() {
  if (!file_.is_open()) return {};
  file_ << "\n]}\n";
  file_.close();
  if (!file_.fail()) return {};
  return fail(
      {Effect::none, Scope::workspace, Cause::other, "the plan in " + path_ + " is not whole", "is the disk full?"});
}

namespace {

// Done of what there was to do, per model: what a person looks at after a run over many.
void show_success(Output& output, const RunOutcome& outcome) {
  std::size_t widest = 0;
  for (const auto& report : outcome.reports) widest = std::max(widest, report.model.size());
  output.line("");
  for (const auto& report : outcome.reports) {
    const auto percent = report.success_percent();
    std::string rate = percent ? fmt::format("{:>4} %", *percent) : "     -";
    if (report.error || report.interrupted) rate = "  stopped";
    const char* colour = report.error                   ? "\x1b[31m"
                         : percent.value_or(100) == 100 ? "\x1b[32m"
                         : *percent >= 80               ? ""
                                                        : "\x1b[33m";
    if (output.terminal().color && *colour) rate = colour + rate + "\x1b[0m";
    const std::string share =
        percent ? fmt::format("{} of {}", grouped(report.done()), grouped(report.done() + report.left()))
                : "nothing to do";
    output.line(fmt::format("  {:<{}}  {:>15}  {}", report.model, widest, share, rate));
    for (const auto& trouble : report.troubles) output.line("      " + printable(redact(trouble)));
  }
}

}  // namespace

void show_outcome(Output& output, const RunOutcome& outcome, bool planned) {
  for (const auto& report : outcome.reports) {
    output.line(fmt::format("{}: {}", output.bold(report.model), summary(report, planned)));
    if (planned && report.requests_planned > 0) {
      // A sync looks as this plan has looked, and then writes.
      const std::uint64_t requests = report.requests + report.requests_planned;
      output.line(fmt::format("  a sync will need about {} Notion requests: {} to look, {} to write{}",
                              grouped(requests), grouped(report.requests), grouped(report.requests_planned),
                              requests > 180 ? fmt::format(", {} min at 180 a minute", (requests - 1) / 180) : ""));
    }
    if (output.mode().verbose) {
      output.line(fmt::format("  read {} pages and {} rows with {} requests{}", grouped(report.pages_listed),
                              grouped(report.rows_read), grouped(report.requests),
                              report.full_scan ? ", complete scan" : ""));
    }
    for (const auto& warning : report.warnings) output.warn(report.model + ": " + printable(warning));
    if (report.error) output.error(*report.error);
    if (report.interrupted)
      output.say(report.model + ": interrupted; what was begun is finished, the next sync goes on");
  }
  const bool several = outcome.reports.size() > 1;
  const bool busy =
      std::ranges::any_of(outcome.reports, [](const auto& report) { return report.success_percent().has_value(); });
  const bool troubled = std::ranges::any_of(outcome.reports, [](const auto& report) { return report.left() > 0; });
  if (!planned && ((several && busy) || troubled)) show_success(output, outcome);
  if (outcome.error) output.error(*outcome.error);
  if (!planned && !outcome.error) output.line(fmt::format("run {} took {}", outcome.run, seconds(outcome.took_ms)));
}

}  // namespace rowpage
