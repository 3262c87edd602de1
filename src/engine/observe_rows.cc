// Rows: those of records that were met, those that capture names, and those nobody knows yet (see observer.h).
#include <utility>

#include "engine/observer.h"
#include "engine/reading.h"
#include "engine/targets.h"

namespace rowpage {

// Completes states of linked records with their rows and adds them.
Status Observer::add_with_rows(std::vector<RecordState> states, bool from_listing) {
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

Status Observer::visit_hinted_rows() {
  const auto keys = not_in(seen_keys_, hints_.keys());
  std::size_t visited = 0;
  return in_parts(keys, [&](const std::vector<std::string>& part) -> Status {
    if (auto done = visit_rows(part, false); !done) return done;
    run_.ports.listener.progress("reading Supabase", visited += part.size(), keys.size());
    return run_.keep_lease();
  });
}

// Linked or not, with the page presumed.
Status Observer::visit_rows(const std::vector<std::string>& keys, bool due) {
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

Status Observer::add_unlinked_row(RecordState&& state) {
  // It was matched with a page, and waits. Without that page it would be taken for a row that has none.
  const auto promised = promised_.find(state.row->key);
  if (promised != promised_.end() && !seen_pages_.contains(promised->second)) return {};
  state.open = run_.open_for(state.row->key, {});
  errands_.attach(state);
  return plan_.add_unlinked_row(state);
}

Status Observer::scan_unlinked_rows() {
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

}  // namespace rowpage
