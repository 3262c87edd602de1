#include "engine/own_pages.h"

#include <algorithm>
#include <functional>

#include "core/mutant.h"
#include "engine/listing.h"

namespace rowpage {
namespace {

constexpr int trash_pages_max = 100;  // of 100 pages each

using Wanted = std::function<bool(const Page&)>;

Status by_query(Run& run, ListQuery query, const Wanted& wanted, OwnPages& look) {
  query.by = ListQuery::By::created;
  PageWalk walk(run.ports.notion, run.ports.clock, run.pair, std::move(query));
  while (true) {
    auto pages = walk.next();
    if (!pages) return fail(pages.error());
    if (pages->empty()) break;
    for (auto& page : *pages) {
      if (wanted(page)) look.pages.push_back(std::move(page));
    }
  }
  look.complete = look.complete && walk.complete();
  return {};
}

Status by_search(Run& run, const Wanted& wanted, OwnPages& look) {
  const Pair* pairs[] = {&run.pair};
  std::string cursor;
  for (int n = 0; n < trash_pages_max; ++n) {
    auto list = run.ports.notion.search_trash(pairs, cursor);
    if (!list) return fail(list.error());
    for (auto& page : list->pages) {
      if (wanted(page)) look.pages.push_back(std::move(page));
    }
    if (list->next_cursor.empty()) {
      look.complete = look.complete && list->complete;
      return {};
    }
    cursor = list->next_cursor;
  }
  look.complete = false;
  return {};
}

// Asked once and remembered with the pair's state.
Result<bool> search_works(Run& run) {
  auto& known = run.state.trash_search;
  if (known) return *known;
  auto works = run.ports.notion.trash_search_works();
  if (works) known = run.next.trash_search = *works;
  return works;
}

Status in_trash(Run& run, ListQuery query, const Wanted& wanted, OwnPages& look) {
  if (run.state.trash_query.value_or(false)) {
    query.trashed = true;
    return by_query(run, std::move(query), wanted, look);
  }
  auto works = search_works(run);
  if (!works) return fail(works.error());
  if (*works) return by_search(run, wanted, look);
  look.complete = false;
  return {};
}

// Archived pages leave queries as trashed ones do. Asked for only before absence is concluded; a service that refuses
// the word keeps no such pages.
Status among_archived(Run& run, ListQuery query, const Wanted& wanted, OwnPages& look) {
  query.archived = true;
  auto done = by_query(run, std::move(query), wanted, look);
  if (!done && done.error().cause == Cause::invalid) return {};
  return done;
}

// A natural key says nothing about pages that belong to other records already.
Status drop_linked(Run& run, std::vector<Page>& pages) {
  std::vector<std::string> ids;
  for (const auto& page : pages) ids.push_back(page.id);
  if (ids.empty()) return {};
  auto links = run.ports.store.links_of_pages(run.pair, ids);
  if (!links) return fail(links.error());
  std::erase_if(pages,
                [&](const Page& page) { return std::ranges::find(*links, page.id, &Link::page_id) != links->end(); });
  return {};
}

}  // namespace

std::vector<std::size_t> key_fields(const Pair& pair) {
  std::vector<std::size_t> fields;
  for (const auto& match : pair.match) {
    if (match.by != Match::By::key) continue;
    const auto field = std::ranges::find(pair.fields, match.column, &Field::column);
    if (field != pair.fields.end()) fields.push_back(static_cast<std::size_t>(field - pair.fields.begin()));
  }
  return fields;
}

std::optional<std::size_t> natural_key(const Pair& pair) {
  const auto fields = key_fields(pair);
  return fields.empty() ? std::nullopt : std::optional(fields.front());
}

Result<OwnPages> look_for_own_pages(Run& run, const std::string& nonce, const std::vector<Change>& intended) {
  OwnPages look;
  auto now = run.ports.store.now();
  if (!now) return fail(now.error());
  run.set_db_now(*now);
  look.began_ms = *now;
  ListQuery query;
  Wanted wanted = [&](const Page& page) { return page.nonce == nonce; };
  const bool by_key = run.pair.nonce_id.empty();
  if (by_key) {
    const auto key = natural_key(run.pair);
    const auto sent = key ? std::ranges::find(intended, *key, &Change::field) : intended.end();
    if (sent == intended.end()) {
      look.complete = false;  // nothing to look by: a person must say
      return look;
    }
    query.equals = *sent;
    wanted = [change = *sent](const Page& page) { return page.values[change.field] == change.value; };
  } else {
    query.nonce = nonce;
  }
  if (auto done = by_query(run, query, wanted, look); !done) return fail(done.error());
  look.live_shown = look.complete;
  if (!mutated(Mutant::orphan_not_in_trash)) {
    if (auto done = in_trash(run, query, wanted, look); !done) return fail(done.error());
  }
  if (look.pages.empty() && look.complete && !mutated(Mutant::archive_not_searched)) {
    if (auto done = among_archived(run, query, wanted, look); !done) return fail(done.error());
  }
  if (by_key) {
    if (auto done = drop_linked(run, look.pages); !done) return fail(done.error());
  }
  return look;
}

Result<OwnPages> pages_with_key(Run& run, const Change& key) {
  OwnPages look;
  ListQuery query;
  query.equals = key;
  const auto wanted = [&](const Page& page) { return page.values[key.field] == key.value; };
  if (auto done = by_query(run, query, wanted, look); !done) return fail(done.error());
  if (auto done = drop_linked(run, look.pages); !done) return fail(done.error());
  return look;
}

}  // namespace rowpage
