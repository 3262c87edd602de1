// One run of one pair, or of several whose records link to each other: recover, observe, plan, brake, apply, commit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/plan.h"
#include "core/result.h"
#include "engine/ports.h"

namespace rowpage {

class TrashSearch;

/// What the pairs of one run have in common.
struct RunShared {
  TrashSearch& trash;
  Millis lease_renewed_ms = 0;  // Clock::monotonic(); 0: not yet
};

struct Ports {
  Notion& notion;
  Table& table;
  Store& store;
  Clock& clock;
  Listener& listener;
  std::function<std::string()> new_nonce;  // a fresh random id per call
};

struct RunOptions {
  Direction direction = Direction::both;
  std::optional<Millis> since_ms;  // narrows what is observed; never moves a watermark, never infers deletion
  bool full = false;
  bool dry_run = false;  // plan only: nothing is written anywhere, no lease
  std::optional<std::int64_t> allow_deletes, allow_rewrites, allow_creates;
  bool allow_mapping_change = false;   // the mapping or the token's owner may differ from the last run's
  bool allow_copied_database = false;  // the state may come from another database, of which this one is a copy
  std::size_t batch_size = 100;
  int retries = 3;
  std::string bot_id;    // whose token this is
  std::int64_t run = 0;  // run id in the store; 0 for a dry run
  std::int64_t fence = 0;
  std::size_t in_flight = 8;    // pages read and written together
  RunShared* shared = nullptr;  // filled in by run_linked()
};

/// What a run did (or, dry, would do) for one pair.
struct PairReport {
  std::string model;
  std::uint64_t pages_listed = 0, rows_read = 0;
  std::uint64_t rows_created = 0, rows_updated = 0, rows_deleted = 0, rows_restored = 0;
  std::uint64_t pages_created = 0, pages_updated = 0, pages_trashed = 0, pages_restored = 0;
  std::uint64_t linked = 0, agreed = 0, conflicts = 0, undecided = 0, parked = 0, waiting = 0, held = 0, drift = 0,
                later = 0;
  std::uint64_t links_added = 0, links_removed = 0;  // of join tables, on either side
  std::uint64_t adopted = 0, abandoned = 0;          // recovered requests
  std::uint64_t requests = 0;                        // Notion requests used
  std::uint64_t requests_planned = 0;                // a dry run's estimate of what sync would need
  bool full_scan = false;
  bool interrupted = false;
  std::vector<std::string> warnings;
  std::vector<std::string> troubles;  // the first three records that were left, each with its reason
  std::optional<Error> error;         // the pair stopped; Cause::brake when a brake tripped

  bool wrote() const;
  /// Writes carried out, and records that were left: what the run's success is measured by.
  std::uint64_t done() const;
  std::uint64_t left() const { return parked + waiting + held + undecided; }
  /// Whole percent of what there was to do, never 100 while anything is left; nullopt: there was nothing.
  std::optional<int> success_percent() const;
};

/// Receives the plan as it is made, in order. Used by `plan` and --dry-run, and by tests.
class PlanSink {
 public:
  virtual ~PlanSink() = default;
  virtual void action(const Pair& pair, const Action& action) = 0;
};

/// One pair's share of a run, in steps, so that several pairs can take turns: what links lead to is made before the
/// links, and deletions come last, children first. A step after an error, or after an interruption, does nothing.
class PairRun {
 public:
  PairRun(const Ports& ports, Pair pair, RunOptions options, PairReport& report);
  ~PairRun();
  PairRun(const PairRun&) = delete;
  PairRun& operator=(const PairRun&) = delete;

  /// Load, recover, observe, plan, brake; then, unless dry, everything but deletions.
  void change(PlanSink* sink);
  /// Links that have become possible since. True: there was something to do.
  bool late();
  /// Deletions.
  void remove();
  /// Moves the watermark.
  void finish();

 private:
  struct State;
  void step(const std::function<Status()>& work);
  std::unique_ptr<State> state_;
};

/// Runs one pair. The caller holds the workspace's lease (unless dry_run) and renews nothing: the run renews through
/// `Store`.
PairReport run_pair(const Ports& ports, const Pair& pair, const RunOptions& options, PlanSink* sink = nullptr);

/// Runs several in the order given (core/link_order.h), as one run. An error of a pair stops that pair alone, one of
/// the workspace all. `begin` hears which pair's turn it is. The answer has a report per pair, in order.
std::vector<PairReport> run_linked(const Ports& ports, const std::vector<Pair>& pairs, const RunOptions& options,
                                   PlanSink* sink = nullptr, const std::function<void(const Pair&)>& begin = nullptr);

}  // namespace rowpage
