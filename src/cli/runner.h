// A whole run: the lease, the record of the run, the pairs in the order of their links, the figures, the log.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/session.h"

namespace rowpage {

struct RunRequest {
  RunOptions options;              // bot, run and fence are filled in
  std::vector<std::size_t> pairs;  // indexes into the config
  Millis wait_ms = 0;              // how long to wait for the lease
  std::string direction;           // as the record of the run shows it
};

struct RunOutcome {
  std::int64_t run = 0;
  std::vector<PairReport> reports;  // of the pairs that were begun
  std::optional<Error> error;       // the run did not begin, or could not be recorded
  Millis took_ms = 0;
  ExitCode code = ExitCode::done;

  json::object to_json() const;
};

/// Carries the run out, or with options.dry_run only plans it (no lease, no record, nothing written anywhere).
RunOutcome run_pairs(Session& session, const RunRequest& request, PlanSink* sink = nullptr);

/// Holds the workspace's lease for work outside a run (resolving a conflict, releasing a parked record).
class HeldLease {
 public:
  static Result<HeldLease> take(Session& session, Millis wait_ms);
  HeldLease(HeldLease&& other) noexcept;
  HeldLease(const HeldLease&) = delete;
  HeldLease& operator=(HeldLease&&) = delete;
  ~HeldLease();

  const Lease& lease() const { return lease_; }

 private:
  HeldLease(Session& session, Lease lease) : session_(&session), lease_(lease) {}
  Session* session_;
  Lease lease_;
};

/// Reads --direction, --since, --full, --allow-* and the settings of the config. Errors: usage.
Result<RunRequest> run_request(Session& session, const Arguments& arguments);

/// The options run_request() reads, for the help of `plan` and `sync`.
std::vector<OptionSpec> run_options();

/// One pair resolved for work on single records; its schema may come from the state.
Result<Pair> ready_pair(Session& session, const std::string& model);

/// The error of a command that needs the rowpage schema before it is there.
Status need_installed(Session& session);

}  // namespace rowpage
