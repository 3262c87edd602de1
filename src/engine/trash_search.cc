#include "engine/trash_search.h"

#include <algorithm>
#include <iterator>

namespace rowpage {

Result<bool> TrashSearch::works() {
  if (works_) return *works_;
  auto answer = notion_.trash_search_works();
  if (answer) works_ = *answer;
  return answer;
}

Result<PageList> TrashSearch::page(const Pair& pair, const std::string& cursor) {
  auto known = pages_.find(cursor);
  if (known == pages_.end()) {
    auto found = notion_.search_trash(pairs_, cursor);
    if (!found) return found;
    known = pages_.emplace(cursor, std::move(*found)).first;
  }
  PageList own;
  own.next_cursor = known->second.next_cursor;
  own.complete = known->second.complete;
  own.server_ms = known->second.server_ms;
  std::ranges::copy_if(known->second.pages, std::back_inserter(own.pages),
                       [&](const Page& page) { return page.parent == pair.data_source; });
  return own;
}

}  // namespace rowpage
