// The order of an observation, the pages that a listing shows, and what all of it ends in (see observer.h).
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "core/mutant.h"
#include "engine/observer.h"
#include "engine/reading.h"

namespace rowpage {
namespace {

constexpr Millis full_scan_every_ms = day_ms;

}  // namespace

Status Observer::all() {
  choose_scope();
  if (auto done = hints_.take(narrowed() ? run_.options.since_ms : std::nullopt); !done) return done;
  if (hints_.whole_table()) run_.full = run_.report.full_scan = true;
  acknowledge(hints_.take_void());
  if (auto done = hints_.follow_moved_keys(); !done) return done;
  if (auto done = load_errands(); !done) return done;
  if (auto done = load_due(); !done) return done;
  if (auto done = walk_pages(run_.full); !done) return done;
  if (run_.full) {
    if (auto done = visit_unseen_links(); !done) return done;
  } else if (auto done = find_trashed(); !done) {
    return done;
  }
  if (auto done = visit_due(); !done) return done;
  if (auto done = visit_errands(); !done) return done;
  if (auto done = visit_hinted_rows(); !done) return done;
  if (run_.full || plan_.has_unlinked_pages()) {
    if (auto done = scan_unlinked_rows(); !done) return done;
  }
  if (!run_.full && run_.state.stranded_pages && plan_.has_unlinked_rows()) {
    if (auto done = walk_pages(true); !done) return done;
  }
  plan_.match();
  return {};
}

// Between two observations of a run: only what links left to do. `more`: and not all of that at once, but what was
// settled made room for others.
Status Observer::errands_only(bool& more) {
  between_ = true;
  const std::size_t owed = run_.housekeeping.size();
  if (auto done = load_errands(); !done) return done;
  more = errands_.more() && run_.housekeeping.size() > owed;
  if (auto done = visit_errands(); !done) return done;
  plan_.match();
  return {};
}

void Observer::choose_scope() {
  const PairState& state = run_.state;
  const bool first = !state.known || !state.first_sync_done || !state.watermark_ms;
  const bool aged = !state.full_scan_ms || run_.db_now() - *state.full_scan_ms > full_scan_every_ms;
  const bool doubt = state.scan_needed || (state.known && !state.capture_ready);
  run_.full = first || run_.options.full || (!run_.options.since_ms && (aged || doubt));
  if (first && run_.options.since_ms) {
    run_.report.warnings.push_back(
        "--since was set aside: the first sync of a pair looks at everything, or it could make duplicates");
  }
  run_.report.full_scan = run_.full;
  const auto trash_search = run_.next.trash_search;  // the recover step may have asked
  run_.next = state;
  run_.next.trash_search = trash_search;
}

Status Observer::walk_pages(bool everything) {
  ListQuery query;
  query.by = everything ? ListQuery::By::created : ListQuery::By::edited;
  if (!everything) {
    const Millis overlap = pair_.bounds.index_ms + 2 * minute_ms;
    const Millis from =
        narrowed() ? *run_.options.since_ms : *run_.state.watermark_ms - (mutated(Mutant::no_overlap) ? 0 : overlap);
    query.since = floor_minute(from);
  }
  PageWalk walk(run_.ports.notion, run_.ports.clock, pair_, query);
  while (true) {
    if (run_.ports.clock.interrupted()) return interrupted_while_reading();
    auto pages = walk.next();
    if (!pages) return fail(pages.error());
    if (!run_.skew_ms && walk.ended_ms()) measure_skew(*walk.ended_ms());
    if (pages->empty()) break;
    run_.report.pages_listed += pages->size();
    run_.ports.listener.progress("reading Notion", run_.report.pages_listed, std::nullopt);
    if (auto done = visit_listed(std::move(*pages)); !done) return done;
    if (auto kept = run_.keep_lease(); !kept) return kept;
  }
  listing_complete_ = walk.complete();
  run_.listing_cut_short = run_.listing_cut_short || !walk.complete();
  if (!walk.complete()) {
    run_.report.warnings.push_back(
        "the listing of pages is incomplete (Notion gives at most 10,000 rows for one minute); nothing is "
        "concluded from pages that did not show");
  }
  // A second walk of one run skips what the first has met, so the first one's start counts.
  if (!narrowed() && walk.started_ms() && !std::exchange(walked_, true)) {
    run_.next.watermark_ms = floor_minute(mutated(Mutant::watermark_at_end) ? *walk.ended_ms() : *walk.started_ms());
    run_.watermark_may_move = walk.complete() || !everything;
  }
  return {};
}

// The HTTP Date has whole seconds and the answer was under way: two seconds are no skew.
void Observer::measure_skew(Millis notion_ms) {
  const Millis apart = std::abs(notion_ms - run_.db_now());
  run_.skew_ms = std::max<Millis>(0, apart - 2 * second_ms);
}

Status Observer::visit_listed(std::vector<Page> pages) {
  std::erase_if(pages, [this](const Page& page) { return !seen_pages_.insert(page.id); });
  std::vector<std::string> ids;
  for (const auto& page : pages) ids.push_back(page.id);
  auto links = links_of_pages(run_, ids);
  if (!links) return fail(links.error());

  std::vector<RecordState> linked;
  std::vector<Page> unlinked;
  std::vector<std::size_t> doubtful;
  for (auto& page : pages) {
    const auto link = links->find(page.id);
    if (link == links->end()) {
      unlinked.push_back(std::move(page));
      continue;
    }
    RecordState state;
    state.link = std::move(link->second);
    if (needs_confirmation(page, *state.link)) doubtful.push_back(linked.size());
    place_page(run_.pair, state, std::move(page));
    linked.push_back(std::move(state));
  }
  if (auto done = confirm(linked, doubtful); !done) return done;
  if (auto done = add_with_rows(std::move(linked), true); !done) return done;
  return visit_unlinked_pages(std::move(unlinked));
}

// Whether a listing's page may be an older version than the one our shadow was made from.
bool Observer::needs_confirmation(const Page& page, const Link& link) const {
  if (mutated(Mutant::trust_stale_listing)) return false;
  if (page.in_trash == link.page_live) return true;  // deletions and restores are believed from a read by id only
  return page.edited_ms <= link.page_edited_ms && page.values != link.page_shadow;
}

Status Observer::confirm(std::vector<RecordState>& states, const std::vector<std::size_t>& doubtful) {
  std::vector<std::string> ids;
  for (const std::size_t i : doubtful) ids.push_back(states[i].link->page_id);
  return read_by_id(run_, ids, [&](std::size_t n, RecordState&& read) {
    RecordState& state = states[doubtful[n]];
    state.page = std::move(read.page);
    state.page_left = std::move(read.page_left);
    state.page_presumed = read.page_presumed;
  });
}

// Keeps a linked record for the plan only when it needs something.
Status Observer::add(RecordState&& state) {
  if (between_ && comes_or_goes(state)) return {};
  state.open = run_.open_for(state.link->key, state.link->page_id);
  errands_.attach(state);
  const Link& link = *state.link;
  const bool read = !state.page_presumed;  // what is only presumed proves nothing
  if (read && waits(link)) state.due = true;
  const Action action = decide(pair_, state, run_.plan_options());
  if (!action.nothing()) return plan_.add_linked(state);
  run_.report.drift += action.drift.size();
  for (const auto& reason : action.reasons) run_.note("drift", action.key + ": " + reason);
  if (action.later) return {};
  acknowledge(state.captured);
  if (state.due || !state.errands.empty()) forget_waiting(action.key, action.page_id, state.errands);
  return {};
}

// Between the changes and the deletions of a run nothing is decided about existence: what was captured of the record
// is not at hand, and its deletion may be planned already. Its errands stay for the next run.
bool Observer::comes_or_goes(const RecordState& state) {
  const Link& link = *state.link;
  const bool row_lives = state.row && !state.row->deleted;
  return !state.page_left.empty() || (state.page && state.page->in_trash == link.page_live) ||
         row_lives != link.row_live;
}

// Whatever the record waited for is over.
void Observer::forget_waiting(const std::string& key, const std::string& page_id, const std::vector<Errand>& errands) {
  housekeeping();  // the first item is for acknowledgements
  Item item;
  item.key = key;
  item.page_id = page_id;
  item.unpark = true;
  item.errands.emplace();
  item.errands_done = errands;
  run_.housekeeping.push_back(std::move(item));
}

// Only for something captured: an empty item would cost every quiet pair a commit.
void Observer::acknowledge(const std::vector<std::int64_t>& captured) {
  if (!captured.empty()) std::ranges::copy(captured, std::back_inserter(housekeeping().ack));
}

Item& Observer::housekeeping() {
  if (run_.housekeeping.empty()) run_.housekeeping.emplace_back();
  return run_.housekeeping.front();
}

std::vector<std::string> not_in(const IdSet& seen, std::vector<std::string> names) {
  std::erase_if(names, [&](const std::string& name) { return seen.contains(name); });
  return names;
}

Status observe(Run& run, Plan& plan) {
  return Observer(run, plan).all();
}

Status observe_errands(Run& run, Plan& plan, bool& more) {
  return Observer(run, plan).errands_only(more);
}

}  // namespace rowpage
