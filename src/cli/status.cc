// rowpage status: per pair when it ran last, how far behind it is, and what waits.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/inbox.h"

namespace rowpage {
namespace {

std::string age(std::int64_t seconds) {
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  if (seconds < 172'800) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} days", seconds / 86'400);
}

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(json::string(*text)) : json::value(nullptr);
}

json::object to_json(const PairStatus& status) {
  json::object out;
  out["model"] = status.model;
  out["table"] = status.table;
  out["data_source"] = status.data_source;
  out["synced_until"] = text_or_null(status.watermark);
  out["full_scan_at"] = text_or_null(status.full_scan);
  out["lag_s"] = status.lag_s ? json::value(*status.lag_s) : json::value(nullptr);
  out["first_sync_done"] = status.first_sync_done;
  out["links"] = status.links;
  out["pending"] = status.pending;
  out["captured"] = status.queued;
  out["conflicts"] = status.waiting.conflicts;
  out["parked"] = status.waiting.parked;
  out["waiting"] = status.waiting.waiting;
  out["pending_links"] = status.pending_links;
  return out;
}

void show(Output& output, const PairStatus& status) {
  output.line(fmt::format("{} ({})", output.bold(status.model), status.table));
  if (!status.lag_s || !status.watermark) {
    output.line("  not synced yet");
  } else {
    output.line(fmt::format("  Notion dealt with until {}, {} ago; last full scan {}", readable_time(*status.watermark),
                            age(*status.lag_s), readable_time(status.full_scan.value_or("never"))));
  }
  const auto some = [](std::int64_t count, std::string_view noun) {
    return counted(static_cast<std::uint64_t>(count), noun);
  };
  output.line(fmt::format("  {}; {} in PostgreSQL not dealt with yet", some(status.links, "linked record"),
                          some(status.queued, "change")));
  if (status.pending > 0) {
    output.line(fmt::format("  {} whose outcome is not known yet", some(status.pending, "Notion request")));
  }
  if (status.pending_links > 0) {
    output.line(fmt::format("  {} for the record at the other end, and travel{} by {} as soon as it is on both sides",
                            status.pending_links == 1 ? "1 link waits" : some(status.pending_links, "link") + " wait",
                            status.pending_links == 1 ? "s" : "", status.pending_links == 1 ? "itself" : "themselves"));
  }
  if (status.waiting.conflicts > 0) {
    output.line(
        fmt::format("  {}, to be decided: rowpage conflicts list", some(status.waiting.conflicts, "open conflict")));
  }
  if (status.waiting.parked > 0) {
    output.line(fmt::format("  {} parked or held: rowpage parked list", some(status.waiting.parked, "record")));
  }
  if (status.waiting.waiting > 0) {
    output.line(fmt::format("  {} to be tried again", some(status.waiting.waiting, "record")));
  }
}

int run(const Arguments& arguments, Output& output) {
  Session::Use use;
  use.needs = {false, true, false, false};
  auto session = Session::open(arguments, output, use);
  if (!session) return output.finish("status", session.error());
  auto installed = (*session)->store().installed();
  if (!installed) return output.finish("status", installed.error());
  auto statuses = pair_statuses(**session);
  if (!statuses) return output.finish("status", statuses.error());
  auto run = last_run(**session);
  if (!run) return output.finish("status", run.error());

  json::object object;
  object["installed"] = *installed;
  if (!*installed) output.line("the database is not set up for Rowpage yet: run `rowpage setup`");
  object["last_run"] = nullptr;
  if (*run) {
    const RunRow& last = **run;
    object["last_run"] = json::object{{"run", last.id},
                                      {"direction", last.direction},
                                      {"outcome", text_or_null(last.outcome)},
                                      {"started_at", last.started},
                                      {"finished_at", text_or_null(last.finished)}};
    output.line(fmt::format("last run: {} at {}, {}", last.id, readable_time(last.started),
                            last.outcome.value_or("under way, or killed")));
  } else if (*installed) {
    output.line("no run yet: run `rowpage sync`");
  }
  json::array pairs;
  for (const auto& status : *statuses) {
    show(output, status);
    pairs.push_back(to_json(status));
  }
  object["pairs"] = std::move(pairs);
  return output.finish("status", ExitCode::done, std::move(object));
}

}  // namespace

Command status_command() {
  return {"status", "per pair: last run, lag, pending, parked, conflicts",
          "status", "Reads Rowpage's own tables only; Notion is not asked, nothing is written.\n",
          {},       false,
          run};
}

}  // namespace rowpage
