#include "engine/nonce_look.h"

#include "core/mutant.h"
#include "engine/listing.h"

namespace rowpage {
namespace {

constexpr int trash_pages_max = 100;  // of 100 pages each

Status by_query(Run& run, const std::string& nonce, bool trashed, NonceLook& look) {
  ListQuery query;
  query.by = ListQuery::By::created;
  query.nonce = nonce;
  query.trashed = trashed;
  PageWalk walk(run.ports.notion, run.ports.clock, run.pair, query);
  while (true) {
    auto pages = walk.next();
    if (!pages) return fail(pages.error());
    if (pages->empty()) break;
    for (auto& page : *pages) {
      if (page.nonce == nonce) look.pages.push_back(std::move(page));
    }
  }
  look.complete = look.complete && walk.complete();
  return {};
}

Status by_search(Run& run, const std::string& nonce, NonceLook& look) {
  const Pair* pairs[] = {&run.pair};
  std::string cursor;
  for (int n = 0; n < trash_pages_max; ++n) {
    auto list = run.ports.notion.search_trash(pairs, cursor);
    if (!list) return fail(list.error());
    for (auto& page : list->pages) {
      if (page.nonce == nonce) look.pages.push_back(std::move(page));
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

}  // namespace

Result<NonceLook> look_for_nonce(Run& run, const std::string& nonce) {
  NonceLook look;
  auto now = run.ports.store.now();
  if (!now) return fail(now.error());
  run.set_db_now(*now);
  look.began_ms = *now;
  if (auto done = by_query(run, nonce, false, look); !done) return fail(done.error());
  if (mutated(Mutant::orphan_not_in_trash)) return look;
  if (run.state.trash_query.value_or(false)) {
    if (auto done = by_query(run, nonce, true, look); !done) return fail(done.error());
    return look;
  }
  auto works = search_works(run);
  if (!works) return fail(works.error());
  if (!*works) {
    look.complete = false;
    return look;
  }
  if (auto done = by_search(run, nonce, look); !done) return fail(done.error());
  return look;
}

}  // namespace rowpage
