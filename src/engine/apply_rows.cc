// What goes to rows, in batches of one transaction each (see applier.h).
#include <algorithm>
#include <utility>

#include "engine/applier.h"
#include "engine/figures.h"
#include "engine/reading.h"
#include "engine/targets.h"

namespace rowpage {
namespace {

constexpr int redecide_max = 3;  // a record that keeps moving is left for the next run

}  // namespace

Status Applier::flush_rows() {
  auto batch = std::exchange(rows_, {});
  if (batch.empty()) return {};
  if (auto kept = run_.keep_lease(); !kept) return kept;
  return store_rows(batch);
}

// Commits the row part (or the learning, or the parking) of each work; marks those that are finished.
Status Applier::store_rows(std::vector<Work>& batch) {
  for (int round = 0; round < redecide_max; ++round) {
    std::vector<Item> items;
    std::vector<Work*> whose;
    for (auto& work : batch) {
      if (work.settled) continue;
      const bool page_only = work.action.page_op != PageOp::none && work.action.row_op == RowOp::none &&
                             !work.action.park && !work.action.link_new && work.action.agreed.empty() &&
                             work.action.noticed.empty() && !has_undecided(work.action) &&
                             std::ranges::none_of(work.action.edges, &EdgeMerge::learns);
      if (page_only) continue;
      items.push_back(compose_.row_item(work));
      whose.push_back(&work);
    }
    if (items.empty()) break;
    auto stored = run_.commit(std::move(items));
    if (!stored) return fail(stored.error());
    bool again = false;
    for (std::size_t i = 0; i < whose.size(); ++i) {
      Work& work = *whose[i];
      auto& outcome = (*stored)[i];
      if (outcome.refused) {
        if (auto parked = park_refused(work, *outcome.refused); !parked) return parked;
      } else if (outcome.outcome == ItemResult::Outcome::moved) {
        again = true;
      } else {
        row_done(work, std::move(outcome.row));
      }
    }
    if (!again) break;
    if (auto reread = redecide_rows(batch); !reread) return reread;
  }
  // What still moves is left: its row changed again under us, so the capture log names it for the next run.
  for (auto& work : batch) {
    if (work.settled || work.action.row_op == RowOp::none) continue;
    work.settled = true;
    ++run_.report.waiting;
    run_.note("moved", work.action.key + ": the row keeps changing; left for the next run");
  }
  return {};
}

// A row that has moved since it was observed may carry an edit of which the capture log will only tell later.
void Applier::take_row(RecordState& state, std::optional<Row> row) {
  const bool same = row && state.row && row->version == state.row->version;
  state.derived = state.derived && same;
  state.row = std::move(row);
}

// Compare-and-set lost: read the rows again and decide anew.
Status Applier::redecide_rows(std::vector<Work>& batch) {
  std::vector<std::string> keys;
  for (const auto& work : batch) {
    if (!work.settled && !work.action.key.empty()) keys.push_back(work.action.key);
  }
  if (keys.empty()) return {};
  auto rows = run_.ports.table.read(pair_, keys);
  if (!rows) return fail(rows.error());
  for (auto& work : batch) {
    if (work.settled || work.action.key.empty()) continue;
    const auto row = std::ranges::find(*rows, work.action.key, &Row::key);
    take_row(work.state, row != rows->end() ? std::optional(*row) : std::nullopt);
    if (auto found = find_targets(run_, work.state); !found) return found;
    work.action = decide(pair_, work.state, run_.plan_options());
    if (work.action.nothing()) work.settled = true;
  }
  return {};
}

void Applier::row_done(Work& work, std::optional<Row> row) {
  const Action action = work.action;
  count_row(run_.report, action);
  if (action.park) {
    tell(name_of(action.park->kind), action.key.empty() ? action.page_id : action.key, action.reasons);
  } else if (action.row_op != RowOp::none) {
    tell(name_of(action.row_op), row ? row->key : action.key, action.why(Side::supabase));
  } else if (action.page_op == PageOp::none) {
    tell(action.close ? "close" : "link", action.key, action.reasons);
  }
  if (action.park) {
    count_parked(run_.report, *action.park);
    work.settled = true;
    return;
  }
  if (action.page_op == PageOp::none) {
    work.settled = true;
    return;
  }
  // The page part follows from the link and the row as they are now.
  work.state.link = compose_.link_after_row(work);
  if (row) {
    work.action.key = work.state.link->key = row->key;
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
      if (has_field(action.row_set, i)) work.state.link->row_shadow[i] = row->values[i];
    }
    work.action.row_now = row->values;
    work.state.row = std::move(row);
  }
  work.action.row_op = RowOp::none;
  work.action.row_set.clear();
  work.action.agreed.clear();
  work.action.noticed.clear();
  for (auto& merge : work.action.edges) {
    for (auto* settled : {&merge.agreed_in, &merge.agreed_out, &merge.row_add, &merge.row_drop}) settled->clear();
  }
  work.action.link_new = false;
  work.state.adopting = false;
  std::erase_if(work.action.conflicts, [](const Conflict& c) { return c.winner != Side::supabase; });
}

void Applier::tell(std::string_view event, const std::string& key, const std::vector<std::string>& reasons) const {
  for (const auto& reason : reasons) run_.note(event, key + ": " + reason);
}

Status Applier::park_refused(Work& work, const Error& error) {
  Parked parked;
  parked.kind = Parked::Kind::parked;
  parked.key = work.action.key;
  parked.page_id = work.action.page_id;
  parked.reason = "PostgreSQL refused the row: " + error.what;
  parked.hint = error.hint;
  return park(work, std::move(parked));
}

Status Applier::park(Work& work, Parked parked) {
  Item item;
  item.key = parked.key;
  item.page_id = parked.page_id;
  item.ack = work.state.captured;
  count_parked(run_.report, parked);
  run_.note(name_of(parked.kind), (parked.key.empty() ? parked.page_id : parked.key) + ": " + parked.reason);
  item.park = compose_.with_backoff(std::move(parked));
  work.settled = true;
  std::vector<Item> items;
  items.push_back(std::move(item));
  auto stored = run_.commit(std::move(items));
  if (!stored) return fail(stored.error());
  return {};
}

}  // namespace rowpage
