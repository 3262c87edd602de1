// Records that wait, and what links left to do (see observer.h).
#include <utility>

#include "engine/observer.h"
#include "engine/reading.h"

namespace rowpage {

// Known before anything is looked at: a record that is met on the way, and needs nothing any more, waits no longer.
Status Observer::load_due() {
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

Status Observer::visit_due() {
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
Status Observer::visit_loose_pages(const std::vector<std::string>& ids) {
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

Status Observer::load_errands() {
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
Status Observer::visit_errands() {
  const auto [keys, read, presumed] = errands_.visits(between_);
  std::vector<std::string> loose;
  const auto by_reading = [&](const std::vector<std::string>& ids) { return visit_linked_pages(ids, true, loose); };
  const auto presuming = [&](const std::vector<std::string>& ids) { return visit_linked_pages(ids, false, loose); };
  if (auto done = in_parts(not_in(seen_pages_, read), by_reading); !done) return done;
  if (auto done = in_parts(presumed, presuming); !done) return done;
  if (auto done = visit_loose_pages(loose); !done) return done;
  return in_parts(not_in(seen_keys_, keys),
                  [&](const std::vector<std::string>& part) { return visit_rows(part, true); });
}

// Those without a link of their own go to `loose`.
Status Observer::visit_linked_pages(const std::vector<std::string>& ids, bool read, std::vector<std::string>& loose) {
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

}  // namespace rowpage
