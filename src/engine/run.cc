#include "engine/run.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/mutant.h"

namespace rowpage {
namespace {
constexpr Millis lease_ms = 5 * minute_ms;
constexpr Millis renew_after_ms = 30 * second_ms;
}  // namespace

bool Run::may_write(Side side) const {
  const auto allows = [side](Direction direction) {
    return direction == Direction::both ||
           direction == (side == Side::notion ? Direction::to_notion : Direction::to_supabase);
  };
  return allows(pair.direction) && allows(options.direction);
}

PlanOptions Run::plan_options() const {
  PlanOptions plan;
  plan.direction = options.direction;
  plan.now_ms = db_now();
  plan.skew_ms = skew_ms.value_or(0);
  plan.first = pair.first;
  return plan;
}

std::vector<Pending> Run::open_for(const std::string& key, const std::string& page_id) const {
  std::vector<Pending> open;
  if (mutated(Mutant::no_quarantine)) return open;
  for (const auto& request : pending) {
    if ((!key.empty() && request.key == key) || (!page_id.empty() && request.page_id == page_id))
      open.push_back(request);
  }
  return open;
}

Result<std::vector<Run::Stored>> Run::commit(std::vector<Item> items, const PairState* state_to_store) {
  if (options.dry_run || (items.empty() && !state_to_store)) return std::vector<Stored>(items.size());
  return commit_some(items, state_to_store);
}

Result<std::vector<Run::Stored>> Run::commit_some(std::span<Item> items, const PairState* state_to_store) {
  Batch batch;
  batch.fence = options.fence;
  batch.run = options.run;
  batch.items.assign(std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
  if (state_to_store) batch.state = *state_to_store;
  auto committed = ports.store.commit(pair, batch);
  if (committed) {
    set_db_now(committed->now_ms);
    std::vector<Stored> stored;
    stored.reserve(committed->items.size());
    for (auto& item : committed->items) stored.push_back({item.outcome, std::move(item.row), std::nullopt});
    return stored;
  }
  const Error& error = committed.error();
  const bool one_is_bad = error.scope == Scope::record && error.effect == Effect::none;
  if (!one_is_bad || items.empty()) return fail(error);
  if (items.size() == 1) return std::vector<Stored>{{ItemResult::Outcome::done, std::nullopt, error}};

  // Halve until the bad row stands alone; the good ones go through.
  std::vector<Item> all = std::move(batch.items);
  const std::size_t half = all.size() / 2;
  auto first = commit_some(std::span(all).first(half), nullptr);
  if (!first) return first;
  auto second = commit_some(std::span(all).subspan(half), state_to_store);
  if (!second) return second;
  std::ranges::move(*second, std::back_inserter(*first));
  return first;
}

Status Run::keep_lease() {
  if (options.dry_run || options.fence == 0) return {};
  const Millis now = ports.clock.monotonic();
  Millis& renewed_ms = options.shared->lease_renewed_ms;
  if (renewed_ms == 0) renewed_ms = now;
  if (now - renewed_ms < renew_after_ms) return {};
  Lease lease;
  lease.fence = options.fence;
  auto renewed = ports.store.renew(pair.workspace, lease, lease_ms);
  if (!renewed) return fail(renewed.error());
  set_db_now(renewed->now_ms);
  renewed_ms = now;
  return {};
}

Status Plan::add_linked(const RecordState& state) {
  return linked_.add(state);
}

Status Plan::add_unlinked_page(const RecordState& state) {
  matcher_.add(*state.page);
  return pages_.add(state);
}

Status Plan::add_unlinked_row(const RecordState& state) {
  matcher_.add(*state.row);
  return rows_.add(state);
}

void Plan::match() {
  row_of_page_.assign(pages_.size(), none);
  row_taken_.assign(rows_.size(), false);
  const Matcher::Matches found = matcher_.find();
  for (const auto& [page, row] : found.pairs) {
    row_of_page_[page] = static_cast<std::uint32_t>(row);
    row_taken_[row] = true;
  }
  for (const auto& doubt : found.ambiguous) {
    if (mutated(Mutant::guess_ambiguous)) {
      row_of_page_[doubt.pages.front()] = static_cast<std::uint32_t>(doubt.rows.front());
      row_taken_[doubt.rows.front()] = true;
      continue;
    }
    const std::string why = std::to_string(doubt.pages.size()) + " pages and " + std::to_string(doubt.rows.size()) +
                            " rows share the same " + doubt.by + ": which belongs to which cannot be told";
    for (const std::size_t page : doubt.pages) {
      row_of_page_[page] = doubtful;
      page_doubts_[page] = why;
    }
    for (const std::size_t row : doubt.rows) {
      row_taken_[row] = true;
      row_doubts_[row] = why;
    }
  }
}

Status Plan::for_each_group(std::size_t size, const std::function<Status(std::vector<RecordState>&&)>& visit) {
  std::vector<RecordState> group;
  auto done = for_each([&](RecordState&& state) -> Status {
    group.push_back(std::move(state));
    return group.size() < size ? Status() : visit(std::exchange(group, {}));
  });
  if (!done || group.empty()) return done;
  return visit(std::move(group));
}

Status Plan::for_each(const std::function<Status(RecordState&&)>& visit) {
  const auto give = [&](Result<RecordState> state) -> Status {
    if (!state) return fail(state.error());
    return visit(std::move(*state));
  };
  for (std::size_t i = 0; i < linked_.size(); ++i) {
    if (auto done = give(linked_.at(i)); !done) return done;
  }
  for (std::size_t i = 0; i < pages_.size(); ++i) {
    auto state = pages_.at(i);
    if (state && row_of_page_[i] == doubtful) state->ambiguous = page_doubts_[i];
    if (state && row_of_page_[i] < doubtful) {
      auto partner = rows_.at(row_of_page_[i]);
      if (!partner) return fail(partner.error());
      state->row = std::move(partner->row);
      state->row_times = std::move(partner->row_times);
      state->captured = std::move(partner->captured);
      std::ranges::move(partner->targets, std::back_inserter(state->targets));
      std::ranges::move(partner->errands, std::back_inserter(state->errands));
    }
    if (auto done = give(std::move(state)); !done) return done;
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto doubt = row_doubts_.find(i);
    if (row_taken_[i] && doubt == row_doubts_.end()) continue;
    auto state = rows_.at(i);
    if (state && doubt != row_doubts_.end()) state->ambiguous = doubt->second;
    if (auto done = give(std::move(state)); !done) return done;
  }
  return {};
}

}  // namespace rowpage
