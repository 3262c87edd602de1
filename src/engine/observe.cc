// Observing both sides, batch by batch: what may need something goes into the plan, the rest is forgotten at once.
//
// Incremental: pages edited since the watermark minus an overlap, rows named by the capture log, records that wait and
// are due, pages found in the trash. Full: every page by created_time windows, every link, every unlinked row.
//
// Two readings are never taken at their word. A listing may show an older version than the one we wrote ourselves (the
// index lags), so a difference dated no later than our own last reading is confirmed by a read by id. And a page that
// is missing from a listing proves nothing: it too is read by id (R9).
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/edges.h"
#include "core/mutant.h"
#include "core/recover.h"
#include "engine/capture_hints.h"
#include "engine/errand_list.h"
#include "engine/listing.h"
#include "engine/own_pages.h"
#include "engine/reading.h"
#include "engine/run.h"
#include "engine/targets.h"
#include "engine/trash_search.h"

namespace rowpage {
namespace {

constexpr int trash_pages_max = 50;  // a trash listing is followed this far; the full scan finds the rest
constexpr Millis full_scan_every_ms = day_ms;

using Names = std::vector<std::string>;  // keys of rows, or ids of pages

Names not_in(const IdSet& seen, Names names) {
  std::erase_if(names, [&](const std::string& name) { return seen.contains(name); });
  return names;
}

class Observer {
 public:
  Observer(Run& run, Plan& plan) : run_(run), plan_(plan), pair_(run.pair), hints_(run), errands_(run) {}

  Status all() {
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
  Status errands_only(bool& more) {
    between_ = true;
    const std::size_t owed = run_.housekeeping.size();
    if (auto done = load_errands(); !done) return done;
    more = errands_.more() && run_.housekeeping.size() > owed;
    if (auto done = visit_errands(); !done) return done;
    plan_.match();
    return {};
  }

 private:
  void choose_scope() {
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

  bool narrowed() const { return run_.options.since_ms && !run_.full; }

  // --- pages

  Status walk_pages(bool everything) {
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
  void measure_skew(Millis notion_ms) {
    const Millis apart = std::abs(notion_ms - run_.db_now());
    run_.skew_ms = std::max<Millis>(0, apart - 2 * second_ms);
  }

  Status visit_listed(std::vector<Page> pages) {
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
  bool needs_confirmation(const Page& page, const Link& link) const {
    if (mutated(Mutant::trust_stale_listing)) return false;
    if (page.in_trash == link.page_live) return true;  // deletions and restores are believed from a read by id only
    return page.edited_ms <= link.page_edited_ms && page.values != link.page_shadow;
  }

  Status confirm(std::vector<RecordState>& states, const std::vector<std::size_t>& doubtful) {
    std::vector<std::string> ids;
    for (const std::size_t i : doubtful) ids.push_back(states[i].link->page_id);
    return read_by_id(run_, ids, [&](std::size_t n, RecordState&& read) {
      RecordState& state = states[doubtful[n]];
      state.page = std::move(read.page);
      state.page_left = std::move(read.page_left);
      state.page_presumed = read.page_presumed;
    });
  }

  Status visit_unlinked_pages(std::vector<Page> pages) {
    std::vector<std::string> nonces;
    for (const auto& page : pages) {
      if (!page.nonce.empty()) nonces.push_back(page.nonce);
    }
    std::unordered_map<std::string, NonceOwner> owners;
    if (!nonces.empty()) {
      auto found = run_.ports.store.owners(pair_, nonces);
      if (!found) return fail(found.error());
      for (auto& owner : *found) owners.emplace(owner.nonce, std::move(owner));
    }
    std::vector<RecordState> states;
    for (auto& page : pages) {
      if (page.in_trash || page.is_archived) continue;
      RecordState state;
      const auto owner = owners.find(page.nonce);
      state.page = std::move(page);
      if (owner != owners.end() && owner->second.state != NonceOwner::State::unknown) {
        bool taken = false;
        if (auto done = visit_own_nonce(state, owner->second, taken); !done) return done;
        if (taken) continue;
      }
      errands_.attach(state);
      states.push_back(std::move(state));
    }
    if (auto found = find_targets(run_, states); !found) return found;
    for (const auto& state : states) {
      if (auto added = plan_.add_unlinked_page(state); !added) return added;
    }
    return {};
  }

  // An unlinked page that shows a nonce of ours (R3, R5).
  Status visit_own_nonce(RecordState& state, const NonceOwner& owner, bool& taken) {
    switch (owner.state) {
      case NonceOwner::State::unknown:
        return {};
      case NonceOwner::State::pending:
        taken = true;
        return {};  // the recover step owns it
      case NonceOwner::State::linked:
        taken = mutated(Mutant::copy_is_orphan);
        if (taken) return visit_late_landing(state, owner);
        state.copied_page = true;
        return {};
      case NonceOwner::State::abandoned:
        break;
    }
    if (mutated(Mutant::forget_abandoned)) return {};
    // A person may have copied the page before we met it: only one of those that show the nonce is ours.
    auto look = look_for_own_pages(run_, owner.nonce, owner.intended);
    if (!look) return fail(look.error());
    if (!look->live_shown) {
      taken = true;  // which is ours is judged when all are shown
      return {};
    }
    if (std::ranges::find(look->pages, state.page->id, &Page::id) == look->pages.end())
      look->pages.push_back(*state.page);
    if (original_of(look->pages, owner.intended).id != state.page->id) {
      state.copied_page = true;
      return {};
    }
    taken = true;
    return visit_late_landing(state, owner);
  }

  Status visit_late_landing(RecordState& state, const NonceOwner& owner) {
    const std::vector<std::string> keys{owner.key};
    auto link = run_.ports.store.links_of_rows(pair_, keys);
    if (!link) return fail(link.error());
    const bool creating = std::ranges::any_of(
        run_.pending, [&](const Pending& p) { return p.key == owner.key && p.kind == RequestKind::create; });
    if (creating) return {};  // another attempt is under way: judged once that is settled
    if (!link->empty()) {
      state.orphan_of = owner.key;
      state.orphan_intended = owner.intended;
      return plan_.add_linked(state);
    }
    auto rows = run_.ports.table.read(pair_, keys);
    if (!rows) return fail(rows.error());
    if (!rows->empty()) state.row = std::move(rows->front());
    auto targets = targets_of(run_, owner.intended);
    if (!targets) return fail(targets.error());
    state.link =
        adopt(pair_, owner.intended, owner.nonce, *state.page, state.row ? &*state.row : nullptr, owner.key, *targets);
    state.adopting = true;
    hints_.attach(state, owner.key);
    seen_keys_.insert(owner.key);
    if (auto found = find_targets(run_, state); !found) return found;
    return plan_.add_linked(state);
  }

  // --- deletions

  Status visit_unseen_links() {
    std::string after;
    while (true) {
      auto links = run_.ports.store.links_after(pair_, after, keys_per_read);
      if (!links) return fail(links.error());
      if (links->empty()) return {};
      after = links->back().key;
      std::vector<RecordState> states;
      std::vector<std::size_t> missing;
      std::vector<std::size_t> waiting;  // though its page died: whether that is over is believed from a read only
      for (auto& link : *links) {
        if (seen_keys_.contains(link.key)) continue;
        RecordState state;
        state.link = std::move(link);
        state.page_presumed = true;
        if (state.link->page_live && listing_complete_ && !seen_pages_.contains(state.link->page_id))
          missing.push_back(states.size());
        if (!state.link->page_live && waits(*state.link)) waiting.push_back(states.size());
        states.push_back(std::move(state));
      }
      if (mutated(Mutant::absence_is_deletion)) {
        for (const std::size_t i : missing) {
          Page page;
          page.id = states[i].link->page_id;
          page.values = states[i].link->page_shadow;
          page.in_trash = true;
          states[i].page = page;
          states[i].page_presumed = false;
        }
      } else {
        // A page made a moment ago may not be in the index yet: its absence says nothing, and it is asked for.
        const Millis shown_from = run_.db_now() - pair_.bounds.index_ms - 2 * minute_ms;
        const auto known =
            std::ranges::count_if(missing, [&](std::size_t i) { return states[i].link->page_edited_ms < shown_from; });
        if (auto refused = too_many_missing(static_cast<std::size_t>(known)); !refused) return refused;
        if (auto done = confirm(states, missing); !done) return done;
        if (auto done = confirm(states, waiting); !done) return done;
      }
      if (auto done = add_with_rows(std::move(states)); !done) return done;
    }
  }

  // A page that does not show costs one request to ask about. If so many are gone that the brake would stop their
  // deletion anyway, the requests are saved and the brake speaks now.
  Status too_many_missing(std::size_t more) {
    missing_ += static_cast<std::int64_t>(more);
    const std::int64_t always = std::max(pair_.brakes.deletes.at_least, run_.options.allow_deletes.value_or(0));
    if (missing_ <= always || pair_.deletes == Deletes::ignore || mutated(Mutant::no_brake)) return {};
    const auto live = run_.ports.store.live_links(pair_, all_links);
    if (!live) return fail(live.error());
    const std::int64_t limit = std::max(pair_.brakes.deletes.of(*live), always);
    if (missing_ <= limit) return {};
    return fail({Effect::none, Scope::pair, Cause::brake,
                 pair_.model + ": brake: at least " + std::to_string(missing_) + " of " + std::to_string(*live) +
                     " linked pages no longer show in Notion's listing; the limit is " + std::to_string(limit) +
                     ". Nothing was changed.",
                 "Was the database emptied, filtered, or unshared from the integration? If they were really deleted: "
                 "`rowpage sync --allow-deletes=" +
                     std::to_string(missing_) + "`."});
  }

  // By the query where it has proved to work, else by the search where that has, else not at all: the full scan finds
  // the rest.
  Status find_trashed() {
    if (pair_.deletes == Deletes::ignore || !run_.state.has_links || narrowed()) return {};
    const bool by_query = run_.state.trash_query.value_or(false);
    TrashSearch& search = run_.options.shared->trash;
    // One search serves all pairs of a run; a query serves one.
    const bool cheaper = search.shared() && run_.next.trash_search.value_or(true);
    if (by_query && !cheaper) return follow_trash(trash_query(), nullptr);
    if (!run_.next.trash_search) {
      auto works = search.works();
      if (!works) return fail(works.error());
      run_.next.trash_search = *works;
    }
    if (!*run_.next.trash_search) return by_query ? follow_trash(trash_query(), nullptr) : Status();
    bool found_some = false;
    const TrashList by_search = [&](const std::string& cursor) { return search.page(pair_, cursor); };
    if (auto done = follow_trash(by_search, &found_some); !done) return done;
    if (!run_.next.trash_query && found_some) return prove_trash_query();
    return {};
  }

  using TrashList = std::function<Result<PageList>(const std::string& cursor)>;

  TrashList trash_query() {
    return [this](const std::string& cursor) {
      ListQuery query;
      query.trashed = true;
      query.descending = true;
      query.cursor = cursor;
      return run_.ports.notion.list(pair_, query);
    };
  }

  // There is something in the trash, so a query that honours `in_trash` must show it, and nothing else. An empty answer
  // proves nothing: a service that ignores the word shows no page either where none lives.
  Status prove_trash_query() {
    auto list = trash_query()({});
    if (!list && list.error().cause != Cause::invalid) return fail(list.error());
    const bool trash_only = list && std::ranges::all_of(list->pages, &Page::in_trash);
    if (!trash_only || !list->pages.empty()) run_.next.trash_query = trash_only;
    return {};
  }

  // Follows a listing of trashed pages while it names pages we believe alive; each of those is read by id.
  Status follow_trash(const TrashList& list, bool* found_some) {
    std::string cursor;
    for (int n = 0; n < trash_pages_max; ++n) {
      auto found = list(cursor);
      if (!found) return fail(found.error());
      if (found_some && !found->pages.empty()) *found_some = true;
      std::vector<std::string> ids;
      for (const auto& page : found->pages) {
        if (page.in_trash && seen_trashed_.insert(page.id) && !seen_pages_.contains(page.id)) ids.push_back(page.id);
      }
      auto links = links_of_pages(run_, ids);
      if (!links) return fail(links.error());
      std::vector<RecordState> states;
      std::vector<std::size_t> all;
      for (auto& [id, link] : *links) {
        if (!link.page_live) continue;
        RecordState state;
        state.link = std::move(link);
        states.push_back(std::move(state));
      }
      std::ranges::sort(states, {}, [](const RecordState& state) { return state.link->key; });
      for (std::size_t i = 0; i < states.size(); ++i) all.push_back(i);
      const bool any = !states.empty();
      if (auto done = confirm(states, all); !done) return done;
      if (auto done = add_with_rows(std::move(states)); !done) return done;
      if (!any || found->next_cursor.empty()) return {};
      cursor = found->next_cursor;
    }
    return {};
  }

  // --- rows

  // Completes states of linked records with their rows and adds them.
  Status add_with_rows(std::vector<RecordState> states, bool from_listing = false) {
    std::vector<std::string> keys;
    for (const auto& state : states) keys.push_back(state.link->key);
    auto rows = rows_of(run_, keys);
    if (!rows) return fail(rows.error());
    for (auto& state : states) {
      if (const auto row = rows->find(state.link->key); row != rows->end()) state.row = std::move(row->second);
    }
    if (from_listing) {
      // Against a deleted row a page's edit would win; that the page still lives is believed from a read by id only.
      std::vector<std::size_t> against;
      for (std::size_t i = 0; i < states.size(); ++i) {
        const bool row_dead = !states[i].row || states[i].row->deleted;
        if (row_dead && states[i].link->row_live && states[i].page) against.push_back(i);
      }
      if (auto done = confirm(states, against); !done) return done;
    }
    if (auto found = find_targets(run_, states); !found) return found;
    for (auto& state : states) {
      if (!seen_keys_.insert(state.link->key)) continue;
      seen_pages_.insert(state.link->page_id);
      hints_.attach(state, state.link->key);
      if (auto added = add(std::move(state)); !added) return added;
    }
    return {};
  }

  Status visit_hinted_rows() {
    const auto keys = not_in(seen_keys_, hints_.keys());
    std::size_t visited = 0;
    return in_parts(keys, [&](const Names& part) -> Status {
      if (auto done = visit_rows(part, false); !done) return done;
      run_.ports.listener.progress("reading Supabase", visited += part.size(), keys.size());
      return run_.keep_lease();
    });
  }

  // Linked or not, with the page presumed.
  Status visit_rows(const std::vector<std::string>& keys, bool due) {
    auto links = run_.ports.store.links_of_rows(pair_, keys);
    if (!links) return fail(links.error());
    Links by_key;
    for (auto& link : *links) by_key.emplace(link.key, std::move(link));
    auto rows = rows_of(run_, keys);
    if (!rows) return fail(rows.error());
    std::vector<RecordState> states;
    for (const auto& key : keys) {
      if (!seen_keys_.insert(key)) continue;
      RecordState state;
      hints_.attach(state, key);
      if (const auto row = rows->find(key); row != rows->end()) state.row = std::move(row->second);
      if (const auto link = by_key.find(key); link != by_key.end()) {
        state.link = std::move(link->second);
        state.page_presumed = true;
        state.due = due;
        states.push_back(std::move(state));
      } else if (state.row) {
        state.due = due;
        states.push_back(std::move(state));
      } else {
        // Came and went between two runs.
        acknowledge(state.captured);
        if (due) forget_waiting(key, {});
      }
    }
    // The page of a record that waits shows more than its shadow does.
    std::vector<std::size_t> waiting;
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (states[i].link && waits(*states[i].link)) waiting.push_back(i);
    }
    if (auto done = confirm(states, waiting); !done) return done;
    if (auto found = find_targets(run_, states); !found) return found;
    for (auto& state : states) {
      auto added = state.link ? add(std::move(state)) : add_unlinked_row(std::move(state));
      if (!added) return added;
    }
    return {};
  }

  Status add_unlinked_row(RecordState&& state) {
    // It was matched with a page, and waits. Without that page it would be taken for a row that has none.
    const auto promised = promised_.find(state.row->key);
    if (promised != promised_.end() && !seen_pages_.contains(promised->second)) return {};
    state.open = run_.open_for(state.row->key, {});
    errands_.attach(state);
    return plan_.add_unlinked_row(state);
  }

  Status scan_unlinked_rows() {
    std::string after;
    while (true) {
      if (run_.ports.clock.interrupted()) return interrupted_while_reading();
      auto list = run_.ports.table.scan(pair_, after, keys_per_read, true);
      if (!list) return fail(list.error());
      run_.report.rows_read += list->rows.size();
      std::vector<RecordState> states;
      for (auto& row : list->rows) {
        after = row.key;
        if (!seen_keys_.insert(row.key)) continue;
        RecordState state;
        hints_.attach(state, row.key);
        state.row = std::move(row);
        states.push_back(std::move(state));
      }
      if (auto found = find_targets(run_, states); !found) return found;
      for (auto& state : states) {
        if (auto added = add_unlinked_row(std::move(state)); !added) return added;
      }
      run_.ports.listener.progress("reading Supabase", run_.report.rows_read, std::nullopt);
      if (!list->more) return {};
      if (auto kept = run_.keep_lease(); !kept) return kept;
    }
  }

  // --- records that wait

  // Known before anything is looked at: a record that is met on the way, and needs nothing any more, waits no longer.
  Status load_due() {
    auto waiting = run_.ports.store.waiting(pair_);
    if (!waiting) return fail(waiting.error());
    for (auto& parked : *waiting) {
      if (!parked.key.empty() && !parked.page_id.empty()) promised_[parked.key] = parked.page_id;
      if (!parked.key.empty()) due_records_.insert(parked.key);
      if (!parked.page_id.empty()) due_records_.insert(parked.page_id);
      if (parked.next_try_ms <= run_.db_now()) due_.push_back(std::move(parked));  // a full run meets the others anyhow
    }
    return {};
  }

  bool waits(const Link& link) const { return due_records_.contains(link.key) || due_records_.contains(link.page_id); }

  Status visit_due() {
    std::vector<std::string> keys;
    std::vector<std::string> page_ids;
    std::vector<std::string> loose_pages;
    for (const auto& parked : due_) {
      if (parked.key.empty() || !parked.page_id.empty()) page_ids.push_back(parked.page_id);
      if (!parked.key.empty() && parked.page_id.empty()) keys.push_back(parked.key);
    }
    std::erase_if(page_ids, [this](const std::string& id) { return id.empty() || seen_pages_.contains(id); });
    auto links = links_of_pages(run_, page_ids);
    if (!links) return fail(links.error());
    std::vector<RecordState> states;
    std::vector<std::size_t> all;
    for (const auto& id : page_ids) {
      const auto link = links->find(id);
      if (link == links->end()) {
        loose_pages.push_back(id);
        continue;
      }
      RecordState state;
      state.link = std::move(link->second);
      state.due = true;
      links->erase(link);
      all.push_back(states.size());
      states.push_back(std::move(state));
    }
    if (auto done = confirm(states, all); !done) return done;
    if (auto done = add_with_rows(std::move(states)); !done) return done;

    if (auto done = visit_loose_pages(loose_pages); !done) return done;
    return visit_rows(keys, true);
  }

  // Pages that waited without a row of their own.
  Status visit_loose_pages(const std::vector<std::string>& ids) {
    std::vector<Page> pages;
    std::vector<std::string> gone;
    auto read = read_by_id(run_, ids, [&](std::size_t n, RecordState&& state) {
      if (state.page && !state.page->in_trash) {
        if (seen_pages_.insert(state.page->id)) pages.push_back(std::move(*state.page));
      } else if (!state.page_presumed) {
        gone.push_back(ids[n]);
      }
    });
    if (!read) return read;
    for (const auto& id : gone) {
      std::erase_if(promised_, [&](const auto& promise) { return promise.second == id; });
      RecordState lost;
      lost.page.emplace();
      lost.page->id = id;
      errands_.attach(lost);
      forget_waiting({}, id, lost.errands);
    }
    return visit_unlinked_pages(std::move(pages));
  }

  // --- what links left to do

  Status load_errands() {
    if (auto done = errands_.load(); !done) return done;
    auto settled = errands_.take_settled();
    if (!settled.empty()) {
      housekeeping();  // the first item is for acknowledgements
      Item item;
      item.errands_done = std::move(settled);
      run_.housekeeping.push_back(std::move(item));
    }
    return {};
  }

  // Records that this run has not met yet.
  Status visit_errands() {
    const auto [keys, read, presumed] = errands_.visits(between_);
    std::vector<std::string> loose;
    const auto by_reading = [&](const Names& ids) { return visit_linked_pages(ids, true, loose); };
    const auto presuming = [&](const Names& ids) { return visit_linked_pages(ids, false, loose); };
    if (auto done = in_parts(not_in(seen_pages_, read), by_reading); !done) return done;
    if (auto done = in_parts(presumed, presuming); !done) return done;
    if (auto done = visit_loose_pages(loose); !done) return done;
    return in_parts(not_in(seen_keys_, keys), [&](const Names& part) { return visit_rows(part, true); });
  }

  // Those without a link of their own go to `loose`.
  Status visit_linked_pages(const std::vector<std::string>& ids, bool read, std::vector<std::string>& loose) {
    auto links = links_of_pages(run_, ids);
    if (!links) return fail(links.error());
    std::vector<RecordState> states;
    std::vector<std::size_t> all;
    for (const auto& id : ids) {
      const auto link = links->find(id);
      if (link == links->end()) {
        loose.push_back(id);
        continue;
      }
      if (seen_keys_.contains(link->second.key)) continue;
      RecordState state;
      state.link = std::move(link->second);
      state.page_presumed = true;
      state.due = true;
      if (!read) errands_.show_awaited(state);
      all.push_back(states.size());
      states.push_back(std::move(state));
    }
    if (read) {
      if (auto done = confirm(states, all); !done) return done;
    }
    return add_with_rows(std::move(states));
  }

  // --- common

  // Keeps a linked record for the plan only when it needs something.
  Status add(RecordState&& state) {
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
  static bool comes_or_goes(const RecordState& state) {
    const Link& link = *state.link;
    const bool row_lives = state.row && !state.row->deleted;
    return !state.page_left.empty() || (state.page && state.page->in_trash == link.page_live) ||
           row_lives != link.row_live;
  }

  // Whatever the record waited for is over.
  void forget_waiting(const std::string& key, const std::string& page_id, const std::vector<Errand>& errands = {}) {
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
  void acknowledge(const std::vector<std::int64_t>& captured) {
    if (!captured.empty()) std::ranges::copy(captured, std::back_inserter(housekeeping().ack));
  }

  Item& housekeeping() {
    if (run_.housekeeping.empty()) run_.housekeeping.emplace_back();
    return run_.housekeeping.front();
  }

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

}  // namespace

Status observe(Run& run, Plan& plan) {
  return Observer(run, plan).all();
}

Status observe_errands(Run& run, Plan& plan, bool& more) {
  return Observer(run, plan).errands_only(more);
}

}  // namespace rowpage
