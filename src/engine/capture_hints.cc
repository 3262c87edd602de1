#include "engine/capture_hints.h"

#include <algorithm>
#include <iterator>

#include "core/mutant.h"
#include "engine/reading.h"

namespace rowpage {
namespace {
constexpr std::size_t changes_max = 10'000;  // entries held at once
constexpr std::size_t changes_per_read = 1'000;
}  // namespace

Status CaptureHints::take(std::optional<Millis> since) {
  std::int64_t after = 0;
  std::size_t taken = 0;
  while (taken < changes_max) {
    auto list = run_.ports.table.changes(pair_, after, std::min(changes_per_read, changes_max - taken));
    if (!list) return fail(list.error());
    for (const auto& change : list->changes) {
      after = change.id;
      ++taken;
      if (since && change.at_ms < *since) continue;
      if (change.whole) {
        whole_ = true;
        void_.push_back(change.id);
        continue;
      }
      Hint& hint = hints_[change.key];
      hint.ids.push_back(change.id);
      hint.times.resize(pair_.fields.size());
      if (change.own) continue;
      hint.by_others = true;
      for (const std::size_t field : change.fields) {
        auto& time = hint.times[field];
        if (!time || *time < change.at_ms) time = change.at_ms;
      }
    }
    if (!list->more || list->changes.empty()) break;
  }
  if (mutated(Mutant::ack_before_apply)) {
    for (auto& [key, hint] : hints_) std::ranges::move(std::exchange(hint.ids, {}), std::back_inserter(void_));
  }
  return {};
}

std::vector<std::string> CaptureHints::keys() const {
  std::vector<std::string> keys;
  keys.reserve(hints_.size());
  for (const auto& [key, hint] : hints_) keys.push_back(key);
  std::ranges::sort(keys);
  return keys;
}

void CaptureHints::attach(RecordState& state, const std::string& key) {
  const auto hint = hints_.find(key);
  if (hint == hints_.end()) return;
  state.captured = std::move(hint->second.ids);
  state.row_times = std::move(hint->second.times);
  state.derived = !hint->second.by_others;
  hints_.erase(hint);
}

Status CaptureHints::follow_moved_keys() {
  if (pair_.book.page_id_column.empty() || run_.options.dry_run) return {};
  return in_parts(keys(), [this](const std::vector<std::string>& part) { return follow_moved_keys(part); });
}

Status CaptureHints::follow_moved_keys(std::vector<std::string> keys) {
  auto linked = run_.ports.store.links_of_rows(pair_, keys);
  if (!linked) return fail(linked.error());
  std::erase_if(keys,
                [&](const std::string& key) { return std::ranges::find(*linked, key, &Link::key) != linked->end(); });
  auto rows = rows_of(run_, keys);
  if (!rows) return fail(rows.error());
  std::unordered_map<std::string, std::string> claims;  // page id → new key
  std::vector<std::string> page_ids;
  for (const auto& [key, row] : *rows) {
    if (row.deleted || row.page_id.empty()) continue;
    if (!claims.emplace(row.page_id, key).second) claims[row.page_id].clear();  // two claimants: neither
    page_ids.push_back(row.page_id);
  }
  auto links = links_of_pages(run_, page_ids);
  if (!links) return fail(links.error());
  std::vector<std::string> old_keys;
  for (const auto& [id, link] : *links) old_keys.push_back(link.key);
  auto old_rows = rows_of(run_, old_keys);
  if (!old_rows) return fail(old_rows.error());
  std::vector<Item> items;
  for (auto& [id, link] : *links) {
    const std::string& key = claims[id];
    if (key.empty() || !link.row_live || old_rows->contains(link.key)) continue;
    Item item;
    item.key = key;
    item.page_id = id;
    item.history.push_back({Side::supabase, "rekey", {}, {}, "the row's key was changed from " + link.key});
    run_.note("rekey", link.key + ": the row has a new key, " + key);
    item.link = std::move(link);
    item.link->key = key;
    items.push_back(std::move(item));
  }
  auto stored = run_.commit(std::move(items));
  if (!stored) return fail(stored.error());
  return {};
}

}  // namespace rowpage
