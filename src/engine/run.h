// What the steps of one run share. Internal to the engine.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/brake.h"
#include "core/match.h"
#include "core/plan.h"
#include "engine/cycle.h"
#include "engine/ports.h"
#include "engine/spool.h"

namespace rowpage {

struct Run {
  Run(const Ports& ports_, const Pair& pair_, const RunOptions& options_, PairReport& report_)
      : ports(ports_), pair(pair_), options(options_), report(report_) {}

  const Ports& ports;
  const Pair& pair;
  const RunOptions& options;
  PairReport& report;

  PairState state;  // as loaded; `next` is what the commit step will store
  PairState next;
  std::vector<Pending> pending;       // requests still open after the recover step
  std::vector<Item> housekeeping;     // acknowledgements and the like, owed whatever the plan says
  bool deletions_left = false;        // the plan has some, passed over until every pair's changes are done
  std::optional<Millis> skew_ms;      // how far Notion's clock was measured from the database's
  std::map<std::string, bool> lives;  // linked pages read in this run: whether they live where they should
  std::set<std::string> unread;       // those that could not be read
  bool full = false;                  // this run looks at everything
  bool watermark_may_move = false;
  bool listing_cut_short = false;  // Notion did not show all pages it was asked for

  /// The database's clock, carried forward by the monotonic one.
  Millis db_now() const { return db_ms_ + (ports.clock.monotonic() - mono_ms_); }
  void set_db_now(Millis ms) {
    db_ms_ = ms;
    mono_ms_ = ports.clock.monotonic();
  }

  bool may_write(Side side) const;
  PlanOptions plan_options() const;
  std::vector<Pending> open_for(const std::string& key, const std::string& page_id) const;

  /// Commits, bisecting around rows that PostgreSQL refuses: one outcome per item. An error means the run must stop.
  struct Stored {
    ItemResult::Outcome outcome = ItemResult::Outcome::done;
    std::optional<Row> row;
    std::optional<Error> refused;  // Scope::record: nothing of this item was stored
  };
  Result<std::vector<Stored>> commit(std::vector<Item> items, const PairState* state_to_store = nullptr);

  /// Keeps the lease alive during long work.
  Status keep_lease();

  void note(std::string_view event, std::string_view text) const { ports.listener.note(pair.model, event, text); }

 private:
  Result<std::vector<Stored>> commit_some(std::span<Item> items, const PairState* state_to_store);

  Millis db_ms_ = 0, mono_ms_ = 0;
};

/// What observation found: states of linked records that may need something, and the unlinked halves with their
/// matches.
class Plan {
 public:
  explicit Plan(const Pair& pair) : matcher_(pair) {}

  Status add_linked(const RecordState& state);
  Status add_unlinked_page(const RecordState& state);
  Status add_unlinked_row(const RecordState& state);
  /// Pairs up the unlinked halves; call once, after the last addition.
  void match();

  bool has_unlinked_pages() const { return pages_.size() > 0; }
  bool has_unlinked_rows() const { return rows_.size() > 0; }
  std::size_t size() const { return linked_.size() + pages_.size() + rows_.size(); }

  /// Every record, linked ones first, in the order found. Stops at the first error.
  Status for_each(const std::function<Status(RecordState&&)>& visit);
  /// The same, in groups of at most `size`.
  Status for_each_group(std::size_t size, const std::function<Status(std::vector<RecordState>&&)>& visit);

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF, doubtful = 0xFFFFFFFE;
  Spool linked_, pages_, rows_;
  Matcher matcher_;
  std::vector<std::uint32_t> row_of_page_;                       // row number, `none` or `doubtful`
  std::vector<bool> row_taken_;                                  // matched
  std::map<std::size_t, std::string> page_doubts_, row_doubts_;  // why ambiguous
};

// The steps, in the order of the cycle.
Status recover(Run& run);              // recovery.cc
Status observe(Run& run, Plan& plan);  // observe.cc
// The same, of the records that links left something to do about; `more`: of some of them, and others can follow.
Status observe_errands(Run& run, Plan& plan, bool& more);
Status apply(Run& run, Plan& plan, bool deletions);  // apply.cc: one of the two parts of a plan

}  // namespace rowpage
