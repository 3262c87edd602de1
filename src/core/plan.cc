// The order of a decision, and what every one ends in (see decider.h).
#include <algorithm>
#include <iterator>
#include <utility>

#include "core/decider.h"

namespace rowpage {

bool may_write(Direction direction, Side side) {
  return direction == Direction::both ||
         direction == (side == Side::notion ? Direction::to_notion : Direction::to_supabase);
}

Decider::Decider(const Pair& pair, const RecordState& state, const PlanOptions& options)
    : pair_(pair), state_(state), options_(options), links_(pair, state, action_) {
  action_.key = state.link ? state.link->key : state.row ? state.row->key : "";
  action_.page_id = state.link ? state.link->page_id : state.page ? state.page->id : "";
  if (state.page) {
    action_.page_now = state.page->values;
  } else if (state.link) {
    action_.page_now = state.link->page_shadow;
  }
  if (state.row) {
    action_.row_now = state.row->values;
  } else if (state.link) {
    action_.row_now = state.link->row_shadow;
  }
}

Action Decider::run() {
  if (!state_.open.empty()) {
    park(Parked::Kind::waiting,
         "an earlier request to Notion (" + std::string(name_of(state_.open.front().kind)) +
             ") has no known outcome yet",
         "It is looked up again in the next run.");
  } else if (!state_.ambiguous.empty()) {
    park(Parked::Kind::parked, state_.ambiguous, "Make the values differ, or link by hand: `rowpage parked relink`.");
  } else if (std::ranges::any_of(state_.targets, &Target::unread)) {
    // A page shows no link to what is in the trash, and none that a person removed: which of the two decides what a
    // write of the list would take away for good.
    park(Parked::Kind::waiting,
         "a page that this one linked to could not be read, so it is not known where its link went",
         "It is looked up again in the next run.");
  } else if (!state_.page_left.empty()) {
    if (state_.link) hold();
  } else if (!state_.orphan_of.empty()) {
    clear_orphan();
  } else if (state_.link) {
    decide_linked();
    if (state_.adopting && !action_.park) {
      action_.link_new = true;
      action_.reasons.insert(action_.reasons.begin(), "our own page, whose creation had been given up");
    }
  } else if (state_.page && state_.row) {
    decide_first_meeting();
  } else if (state_.page) {
    decide_new_page();
  } else if (state_.row) {
    decide_new_row();
  }
  if (!action_.park) apply_run_direction();
  return std::move(action_);
}

void Decider::park(Parked::Kind kind, std::string reason, std::string hint) {
  Parked parked;
  parked.kind = kind;
  parked.key = action_.key;
  parked.page_id = action_.page_id;
  parked.reason = std::move(reason);
  parked.hint = std::move(hint);
  action_.park = std::move(parked);
  action_.reasons = {action_.park->reason};
  action_.row_reasons.clear();
  action_.page_reasons.clear();
  action_.row_op = RowOp::none;
  action_.page_op = PageOp::none;
  action_.row_set.clear();
  action_.page_set.clear();
  action_.conflicts.clear();
  action_.agreed.clear();
  action_.noticed.clear();
  action_.edges.clear();
  action_.late.clear();
  action_.errands.clear();
  action_.other_errands.clear();
  action_.errands_done.clear();
  action_.link_new = action_.close = false;
}

// A page that left without being trashed is no deletion. Only a record whose page was alive is news.
void Decider::hold() {
  if (!state_.link->page_live) return;
  park(Parked::Kind::held, state_.page_left,
       "`rowpage parked release` forgets the page and keeps the row; `relink` names another page.");
}

// Sets the plain updates, and an update of bookkeeping alone where the row names another page than its link.
void Decider::bookkeep() {
  if (action_.row_op == RowOp::none && action_.sets_row()) action_.row_op = RowOp::update;
  if (action_.page_op == PageOp::none && !action_.page_set.empty()) action_.page_op = PageOp::update;
  const bool shows_other_page =
      state_.row && !pair_.book.page_id_column.empty() && state_.row->page_id != action_.page_id;
  if (action_.row_op == RowOp::none && shows_other_page && pair_writes(Side::supabase)) {
    action_.row_op = RowOp::update;
    if (!action_.link_new) action_.row_reasons.emplace_back("the row's page id is put right");
  }
  const bool page_lives = state_.page && !state_.page->in_trash;
  if (action_.page_op == PageOp::none && state_.note_page && page_lives && pair_writes(Side::notion)) {
    action_.page_op = PageOp::update;
    action_.page_reasons.emplace_back("the page's bookkeeping is brought up to date");
  }
}

// A one-way run observes both sides, writes one, and leaves the other's changes for a later run.
void Decider::apply_run_direction() {
  const auto drop_conflicts_won_by = [this](Side side) {
    std::erase_if(action_.conflicts, [side](const Conflict& conflict) { return conflict.winner == side; });
  };
  if (action_.page_op != PageOp::none && !may_write(options_.direction, Side::notion)) {
    action_.page_op = PageOp::none;
    action_.page_set.clear();
    action_.errands_done.clear();
    drop_conflicts_won_by(Side::supabase);
    action_.later = true;
  }
  if (action_.row_op != RowOp::none && !may_write(options_.direction, Side::supabase)) {
    action_.row_op = RowOp::none;
    action_.row_set.clear();
    drop_conflicts_won_by(Side::notion);
    action_.later = true;
  }
}

bool Action::sets_row() const {
  return !row_set.empty() || std::ranges::any_of(edges, &EdgeMerge::to_row);
}

bool Action::nothing() const {
  const bool errs = !errands.empty() || !other_errands.empty() || !errands_done.empty();
  return !telling() && noticed.empty() && !errs;
}

bool Action::telling() const {
  const bool learns = !agreed.empty() || !settled.empty() || !conflicts.empty() || !edges.empty();
  const bool waits = std::ranges::any_of(errands, [](const Errand& errand) {
    return errand.kind == Errand::Kind::await_page || errand.kind == Errand::Kind::await_row;
  });
  return writes() || link_new || close || learns || park || !late.empty() || waits;
}

std::vector<std::string> Action::why(Side written) const {
  std::vector<std::string> all = reasons;
  std::ranges::copy(written == Side::notion ? page_reasons : row_reasons, std::back_inserter(all));
  return all;
}

std::vector<std::string> Action::all_reasons() const {
  std::vector<std::string> all = why(Side::supabase);
  std::ranges::copy(page_reasons, std::back_inserter(all));
  return all;
}

Action decide(const Pair& pair, const RecordState& state, const PlanOptions& options) {
  return Decider(pair, state, options).run();
}

}  // namespace rowpage
