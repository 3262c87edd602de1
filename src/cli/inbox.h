// What waits for somebody, and what runs did: reading the rowpage schema for the commands status, report, conflicts and
// parked. Where nothing is installed yet, nothing waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/session.h"

namespace rowpage {

struct Waiting {
  std::int64_t conflicts = 0;  // open: no winner yet
  std::int64_t parked = 0;     // failed alone, or held
  std::int64_t waiting = 0;    // for a bound or another record
};

/// Over all pairs of the workspace.
Result<Waiting> count_waiting(Session& session);

struct PairStatus {
  std::string model, table, data_source;
  std::optional<std::string> watermark, full_scan;  // ISO 8601, UTC
  std::optional<std::int64_t> lag_s;                // since the watermark
  bool first_sync_done = false;
  std::int64_t links = 0, pending = 0, queued = 0;
  std::int64_t pending_links = 0;  // links between records whose other end is not there yet, or not written yet
  Waiting waiting;
};
Result<std::vector<PairStatus>> pair_statuses(Session& session);

struct RunRow {
  std::int64_t id = 0;
  std::string command, direction, started;
  std::optional<std::string> outcome, finished;
  json::value detail;
};
/// The last run of the workspace; nullopt: none.
Result<std::optional<RunRow>> last_run(Session& session);

struct ConflictRow {
  std::int64_t id = 0;
  std::string model, key, page_id, field, at, reason;
  std::optional<std::string> winner, page_at, row_at;
  json::value page, row, base_page, base_row;
};
/// Newest first. `id` 0: all; `open_only`: those that wait for a person.
Result<std::vector<ConflictRow>> conflict_rows(Session& session, std::int64_t id, bool open_only, std::size_t limit);

struct ParkedRow {
  std::int64_t id = 0;
  std::string model, kind, key, page_id, reason, hint, at, next_try;
  std::int64_t attempts = 0;
};
Result<std::vector<ParkedRow>> parked_rows(Session& session, std::int64_t id, std::size_t limit);

}  // namespace rowpage
