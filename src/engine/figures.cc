#include "engine/figures.h"

namespace rowpage {

void count_row(PairReport& report, const Action& action) {
  if (action.link_new && !action.park) ++report.linked;
  if (!action.agreed.empty()) ++report.agreed;
  for (const auto& conflict : action.conflicts) {
    if (!conflict.winner) ++report.undecided;
    if (conflict.winner == Side::notion) ++report.conflicts;
  }
  report.drift += action.drift.size();
  if (action.row_op != RowOp::none) {
    for (const auto& merge : action.edges) {
      report.links_added += merge.row_add.size();
      report.links_removed += merge.row_drop.size();
    }
  }
  if (action.later) ++report.later;
  switch (action.row_op) {
    case RowOp::none:
      break;
    case RowOp::insert:
      ++report.rows_created;
      break;
    case RowOp::update:
      ++report.rows_updated;
      break;
    case RowOp::soft_delete:
    case RowOp::hard_delete:
      ++report.rows_deleted;
      break;
    case RowOp::restore:
      ++report.rows_restored;
      break;
  }
}

void count_page(PairReport& report, const Action& action) {
  for (const auto& conflict : action.conflicts) report.conflicts += conflict.winner == Side::supabase ? 1 : 0;
  if (action.page_op == PageOp::create || action.page_op == PageOp::update) {
    for (const auto& merge : action.edges) {
      report.links_added += merge.page_add.size();
      report.links_removed += merge.page_drop.size();
    }
  }
  switch (action.page_op) {
    case PageOp::none:
      break;
    case PageOp::create:
      ++report.pages_created;
      break;
    case PageOp::update:
      ++report.pages_updated;
      break;
    case PageOp::trash:
      ++report.pages_trashed;
      break;
    case PageOp::restore:
      ++report.pages_restored;
      break;
  }
}

void count_parked(PairReport& report, const Parked& parked) {
  constexpr std::size_t troubles_most = 3;
  if (report.troubles.size() < troubles_most)
    report.troubles.push_back((parked.key.empty() ? "page " + parked.page_id : parked.key) + ": " + parked.reason);
  switch (parked.kind) {
    case Parked::Kind::parked:
      ++report.parked;
      break;
    case Parked::Kind::waiting:
      ++report.waiting;
      break;
    case Parked::Kind::held:
      ++report.held;
      break;
    case Parked::Kind::undecided:
      break;
  }
}

}  // namespace rowpage
