#include "engine/reading.h"

#include <algorithm>
#include <span>

namespace rowpage {

Result<Links> links_of_pages(Run& run, const std::vector<std::string>& ids) {
  Links links;
  if (ids.empty()) return links;
  auto found = run.ports.store.links_of_pages(run.pair, ids);
  if (!found) return fail(found.error());
  for (auto& link : *found) {
    std::string id = link.page_id;
    links.emplace(std::move(id), std::move(link));
  }
  return links;
}

Result<Rows> rows_of(Run& run, const std::vector<std::string>& keys) {
  Rows rows;
  if (keys.empty()) return rows;
  auto found = run.ports.table.read(run.pair, keys);
  if (!found) return fail(found.error());
  run.report.rows_read += found->size();
  for (auto& row : *found) {
    std::string key = row.key;
    rows.emplace(std::move(key), std::move(row));
  }
  return rows;
}

Status in_parts(const std::vector<std::string>& names,
                const std::function<Status(const std::vector<std::string>&)>& visit) {
  for (std::size_t at = 0; at < names.size(); at += keys_per_read) {
    const auto part = std::span(names).subspan(at, std::min(keys_per_read, names.size() - at));
    if (auto done = visit({part.begin(), part.end()}); !done) return done;
  }
  return {};
}

void place_page(const Pair& pair, RecordState& state, Page&& page) {
  state.page_left.clear();
  state.page_presumed = false;
  if (page.is_archived) {
    state.page_left = "the page was archived in Notion (which is not the trash)";
  } else if (page.parent != pair.data_source) {
    state.page_left = "the page was moved to another place in Notion";
  }
  if (state.page_left.empty()) {
    state.page = std::move(page);
  } else {
    state.page.reset();
  }
}

Status place_reading(const Pair& pair, RecordState& state, Result<Page>&& answer) {
  if (answer) {
    place_page(pair, state, std::move(*answer));
    return {};
  }
  const Error& error = answer.error();
  if (error.cause == Cause::not_found) {
    state.page.reset();
    state.page_left = "the page can no longer be read: deleted for good, or no longer shared with the integration";
    return {};
  }
  if (error.scope != Scope::record) return fail(error);
  state.page_presumed = true;  // unreadable just now: nothing is concluded
  return {};
}

Status read_by_id(Run& run, const std::vector<std::string>& ids,
                  const std::function<void(std::size_t, RecordState&&)>& give) {
  for (std::size_t at = 0; at < ids.size(); at += run.options.in_flight) {
    if (run.ports.clock.interrupted()) return interrupted_while_reading();
    std::vector<PageRequest> requests;
    for (std::size_t i = at; i < std::min(ids.size(), at + run.options.in_flight); ++i) {
      PageRequest request;
      request.page_id = ids[i];
      requests.push_back(std::move(request));
    }
    auto answers = run.ports.notion.perform(run.pair, requests);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      RecordState state;
      if (auto placed = place_reading(run.pair, state, std::move(answers[i])); !placed) return placed;
      give(at + i, std::move(state));
    }
    if (auto kept = run.keep_lease(); !kept) return kept;
  }
  return {};
}

Status interrupted_while_reading() {
  return fail({Effect::none, Scope::pair, Cause::interrupted, "interrupted while reading; nothing was changed",
               "Run it again."});
}

}  // namespace rowpage
