// Pages that do not show: links a full listing did not meet, and the trash (see observer.h).
#include <algorithm>
#include <utility>

#include "core/mutant.h"
#include "engine/observer.h"
#include "engine/reading.h"
#include "engine/trash_search.h"

namespace rowpage {
namespace {

constexpr int trash_pages_max = 50;  // a trash listing is followed this far; the full scan finds the rest

}  // namespace

Status Observer::visit_unseen_links() {
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
Status Observer::too_many_missing(std::size_t more) {
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
Status Observer::find_trashed() {
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

Observer::TrashList Observer::trash_query() {
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
Status Observer::prove_trash_query() {
  auto list = trash_query()({});
  if (!list && list.error().cause != Cause::invalid) return fail(list.error());
  const bool trash_only = list && std::ranges::all_of(list->pages, &Page::in_trash);
  if (!trash_only || !list->pages.empty()) run_.next.trash_query = trash_only;
  return {};
}

// Follows a listing of trashed pages while it names pages we believe alive; each of those is read by id.
Status Observer::follow_trash(const TrashList& list, bool* found_some) {
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

}  // namespace rowpage
