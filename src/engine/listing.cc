#include "engine/listing.h"

namespace rowpage {
namespace {
constexpr std::size_t query_rows_max = 10'000;
constexpr int restarts_max = 5;  // a cursor may die in mid-walk
}  // namespace

Result<std::vector<Page>> PageWalk::next() {
  std::vector<Page> fresh;
  while (fresh.empty() && !ended_) {
    const Millis sent = clock_.monotonic();
    auto list = notion_.list(pair_, query_);
    if (!list) {
      const bool dead_cursor = list.error().cause == Cause::invalid && !query_.cursor.empty();
      if (!dead_cursor || ++restarts_ > restarts_max) return fail(list.error());
      query_.cursor.clear();
      if (in_window_ > 0) query_.since = last_time_;
      in_window_ = 0;
      new_in_window_ = 0;
      continue;
    }
    if (!started_ms_) started_ms_ = list->server_ms - (clock_.monotonic() - sent);
    ended_ms_ = list->server_ms;
    in_window_ += list->pages.size();
    fresh.reserve(list->pages.size());
    for (auto& page : list->pages) {
      last_time_ = query_.by == ListQuery::By::created ? page.created_ms : page.edited_ms;
      if (!met_.insert(page.id)) continue;
      ++new_in_window_;
      fresh.push_back(std::move(page));
    }
    query_.cursor = list->next_cursor;
    if (!query_.cursor.empty()) continue;
    const bool cut = list->has_status ? !list->complete : in_window_ >= query_rows_max;
    if (!cut) {
      ended_ = true;
    } else if (!next_window()) {
      ended_ = true;
      complete_ = false;
    }
  }
  return fresh;
}

// False when the walk cannot advance: a whole capped window within one minute, or one that showed nothing new.
bool PageWalk::next_window() {
  const bool stuck = new_in_window_ == 0 || query_.descending || !query_.nonce.empty() ||
                     (query_.since && last_time_ <= *query_.since);
  if (stuck) return false;
  query_.since = last_time_;
  in_window_ = 0;
  new_in_window_ = 0;
  return true;
}

}  // namespace rowpage
