// Observing both sides, batch by batch: what may need something goes into the plan, the rest is forgotten at once.
//
// Incremental: pages edited since the watermark minus an overlap, rows named by the capture log, records that wait and
// are due, pages found in the trash. Full: every page by created_time windows, every link, every unlinked row.
//
// Two readings are never taken at their word. A listing may show an older version than the one we wrote ourselves (the
// index lags), so a difference dated no later than our own last reading is confirmed by a read by id. And a page that
// is missing from a listing proves nothing: it too is read by id (R9).
//
// Internal to the engine; run.h has what others call.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/capture_hints.h"
#include "engine/errand_list.h"
#include "engine/listing.h"
#include "engine/run.h"

namespace rowpage {

class Observer {
 public:
  Observer(Run& run, Plan& plan) : run_(run), plan_(plan), pair_(run.pair), hints_(run), errands_(run) {}
  /// Everything that a run looks at before it changes anything.
  Status all();
  /// Between two observations of a run: only what links left to do. `more`: and not all of that at once, but what was
  /// settled made room for others.
  Status errands_only(bool& more);

 private:
  void choose_scope();
  bool narrowed() const { return run_.options.since_ms && !run_.full; }

  // --- pages: observe.cc, and those without a link: observe_unlinked.cc
  Status walk_pages(bool everything);
  void measure_skew(Millis notion_ms);
  Status visit_listed(std::vector<Page> pages);
  bool needs_confirmation(const Page& page, const Link& link) const;
  Status confirm(std::vector<RecordState>& states, const std::vector<std::size_t>& doubtful);
  Status visit_unlinked_pages(std::vector<Page> pages);
  Status visit_own_nonce(RecordState& state, const NonceOwner& owner, bool& taken);
  Status visit_late_landing(RecordState& state, const NonceOwner& owner);

  // --- pages that do not show: observe_missing.cc
  Status visit_unseen_links();
  Status too_many_missing(std::size_t more);
  Status find_trashed();
  using TrashList = std::function<Result<PageList>(const std::string& cursor)>;
  TrashList trash_query();
  Status prove_trash_query();
  Status follow_trash(const TrashList& list, bool* found_some);

  // --- rows: observe_rows.cc
  Status add_with_rows(std::vector<RecordState> states, bool from_listing = false);
  Status visit_hinted_rows();
  Status visit_rows(const std::vector<std::string>& keys, bool due);
  Status add_unlinked_row(RecordState&& state);
  Status scan_unlinked_rows();

  // --- records that wait, and what links left to do: observe_waiting.cc
  Status load_due();
  bool waits(const Link& link) const { return due_records_.contains(link.key) || due_records_.contains(link.page_id); }
  Status visit_due();
  Status visit_loose_pages(const std::vector<std::string>& ids);
  Status load_errands();
  Status visit_errands();
  Status visit_linked_pages(const std::vector<std::string>& ids, bool read, std::vector<std::string>& loose);

  // --- common: observe.cc
  Status add(RecordState&& state);
  static bool comes_or_goes(const RecordState& state);
  void forget_waiting(const std::string& key, const std::string& page_id, const std::vector<Errand>& errands = {});
  void acknowledge(const std::vector<std::int64_t>& captured);
  Item& housekeeping();

  Run& run_;
  Plan& plan_;
  const Pair& pair_;
  CaptureHints hints_;
  IdSet seen_pages_, seen_keys_, seen_trashed_;
  std::vector<Parked> due_;                      // records whose time to be tried again has come
  std::set<std::string> due_records_;            // their keys and pages
  std::map<std::string, std::string> promised_;  // of records that wait: row key → page
  ErrandList errands_;
  bool between_ = false;  // after the changes of this run: what was read in it is known
  bool listing_complete_ = false, walked_ = false;
  std::int64_t missing_ = 0;
};

/// The names that have not been seen: keys of rows, or ids of pages.
std::vector<std::string> not_in(const IdSet& seen, std::vector<std::string> names);

}  // namespace rowpage
