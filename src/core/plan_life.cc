// Whether a record exists: deletions, restores, and halves that meet for the first time (see decider.h).
#include <algorithm>
#include <utility>

#include "core/decider.h"
#include "core/mutant.h"

namespace rowpage {

Decider::Sides Decider::now_live() const {
  Sides live;
  live.page = state_.page ? !state_.page->in_trash : state_.link->page_live;
  live.row = state_.row && !state_.row->deleted;
  // Without a deleted_at column the mark is in our state only: the row stays, and lives again when it is edited.
  if (state_.row && pair_.book.deleted_at_column.empty() && !state_.link->row_live) live.row = edited(Side::supabase);
  return live;
}

void Decider::decide_linked() {
  const Link& link = *state_.link;
  if (!readable()) return;
  const Sides live = now_live();
  const Sides base{link.page_live, link.row_live};
  if (live.page && live.row) {
    if (!base.page || !base.row) action_.reasons.push_back("restored");
    find_record_winner();
    if (merge_fields()) revive(base);
    return;
  }
  if (!live.page && !live.row) {
    if (base.page || base.row) {
      action_.close = true;
      action_.reasons.push_back("deleted on both sides");
      nothing_to_decide();
    }
    return;
  }
  if (pair_.deletes == Deletes::ignore) return;
  if (!live.page) {
    base.page ? page_was_trashed() : row_came_back();
  } else {
    base.row ? row_was_deleted() : page_came_back();
  }
}

// Of a record that is gone nobody need decide anything any more; the log keeps both values.
void Decider::nothing_to_decide() {
  for (std::size_t i = 0; i < pair_.fields.size(); ++i) action_.settled.push_back(i);
}

// A person decided against this half's value in a conflict, which is why its change does not keep the record alive. It
// may be another by now than the one that stands in the log.
void Decider::log_what_lost(Side side) {
  const Link& link = *state_.link;
  for (const auto& [i, winner] : link.choices) {
    const bool changed =
        side == Side::notion ? action_.page_now[i] != link.page_shadow[i] : action_.row_now[i] != link.row_shadow[i];
    if (changed && winner != side)
      log_conflict(i, field_state(i), winner, "a person decided for " + std::string(name_of(winner)));
  }
}

// Both halves live, at least one of them lived on only in our state: nothing to write, the link lives again.
void Decider::revive(const Sides& base) {
  if (base.page && base.row) {
    bookkeep();
    return;
  }
  if (action_.row_op == RowOp::none && action_.sets_row()) action_.row_op = RowOp::update;
  if (action_.page_op == PageOp::none && !action_.page_set.empty()) action_.page_op = PageOp::update;
  action_.link_new = true;
}

void Decider::page_was_trashed() {
  if (!pair_writes(Side::supabase)) {
    // Supabase decides for this pair: the trashed page is drift.
    action_.reasons.push_back("the page was trashed, and Notion is read only for this pair");
    if (pair_.drift == Drift::revert) action_.page_op = PageOp::restore;
    return;
  }
  if (pair_writes(Side::notion) && edited(Side::supabase) && !mutated(Mutant::delete_beats_edit)) {
    action_.reasons.push_back("trashed in Notion while the row was edited: the edit wins");
    survivor_ = Side::supabase;
    bring_page_back();
    return;
  }
  action_.reasons.push_back("trashed in Notion");
  log_what_lost(Side::supabase);
  nothing_to_decide();
  action_.row_op = pair_.deletes == Deletes::hard ? RowOp::hard_delete : RowOp::soft_delete;
}

void Decider::row_was_deleted() {
  const bool gone = !state_.row;
  if (!pair_writes(Side::notion)) {
    action_.reasons.push_back("the row was deleted, and Supabase is read only for this pair");
    if (pair_.drift == Drift::revert) bring_row_back(gone);
    return;
  }
  if (pair_writes(Side::supabase) && edited(Side::notion) && !mutated(Mutant::delete_beats_edit)) {
    action_.reasons.push_back("deleted in Supabase while the page was edited: the edit wins");
    survivor_ = Side::notion;
    bring_row_back(gone);
    return;
  }
  action_.reasons.push_back(gone ? "the row was deleted in Supabase" : "the row was marked deleted in Supabase");
  action_.page_op = PageOp::trash;
  log_what_lost(Side::notion);
  nothing_to_decide();
}

void Decider::page_came_back() {
  if (!pair_writes(Side::supabase)) return;
  action_.reasons.push_back("restored in Notion");
  bring_row_back(!state_.row);
}

void Decider::row_came_back() {
  if (!pair_writes(Side::notion)) return;
  action_.reasons.push_back("restored in Supabase");
  bring_page_back();
}

// The page's own changes travel to the row at once; the row's follow when the page lives again.
void Decider::bring_page_back() {
  if (!merge_fields()) return;
  action_.page_op = PageOp::restore;
  if (action_.sets_row()) action_.row_op = RowOp::update;
}

void Decider::bring_row_back(bool gone) {
  if (!gone) {
    if (!merge_fields()) return;
    action_.row_op = RowOp::restore;
    if (!action_.page_set.empty()) action_.page_op = PageOp::update;
    return;
  }
  // The row is really gone: it is inserted again, whole, under its old key.
  action_.row_now = Values(pair_.fields.size());
  if (fill_row()) action_.row_op = RowOp::insert;
}

bool Decider::fill_row() {
  for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
    const Field& field = pair_.fields[i];
    const bool back = field.relation.kind == Relation::Kind::back;
    if (field.direction == Direction::to_notion && !back) continue;
    if (!field.has_column()) {
      if (!merge_links(i, true)) return false;
      continue;
    }
    const Value& value = action_.page_now[i];
    if (field.relation.kind == Relation::Kind::column) {
      if (!fill_foreign_key(i)) return false;
      continue;
    }
    if (is_null(value) && field.target.has_default && field.type != FieldType::checkbox)
      continue;  // the default shall apply
    if (!send_to_row(i, value)) return false;
  }
  return true;
}

// False: the record parked, or waits for the row its own must name.
bool Decider::fill_foreign_key(std::size_t i) {
  const Field& field = pair_.fields[i];
  FieldState now;
  now.page = links_.as_refs(i, action_.page_now[i]);
  if (is_null(now.page) && field.target.has_default) return true;
  if (links_.target_ready(i, Side::notion, now)) return goes_on(links_.send_to_row(i, now.page));
  if (!field.relation.required) return true;
  std::vector<Errand> errands = std::exchange(action_.errands, {});
  park(Parked::Kind::waiting,
       label(field) + " links to a page that has no row yet, and column " + field.column + " is required (NOT NULL)",
       "It goes on by itself as soon as the linked page of " + field.relation.to + " has been synced.");
  action_.errands = std::move(errands);
  action_.park->next_try_ms = options_.now_ms + hour_ms;  // the errand brings it back as soon as it can go on
  return false;
}

void Decider::decide_new_page() {
  if (state_.page->in_trash || state_.page->is_archived) return;
  if (!pair_writes(Side::supabase)) {
    action_.reasons.push_back("a page without a row, and Supabase is read only for this pair");
    return;
  }
  if (!readable() || !fill_row()) return;
  action_.row_op = RowOp::insert;
  action_.reasons.push_back("new page in Notion");
  if (state_.copied_page && pair_writes(Side::notion) && !pair_.nonce_id.empty()) {
    action_.page_op = PageOp::update;
    action_.page_reasons.emplace_back("a person's duplicate of another page: its bookkeeping is rewritten");
  }
}

void Decider::decide_new_row() {
  if (state_.row->deleted) return;
  if (!pair_writes(Side::notion)) {
    action_.reasons.push_back("a row without a page, and Notion is read only for this pair");
    return;
  }
  if (!readable()) return;
  for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
    const Field& field = pair_.fields[i];
    if (field.direction == Direction::to_supabase || is_null(action_.row_now[i])) continue;
    if (!field.has_column()) {
      if (!merge_links(i, true)) return;
      continue;
    }
    FieldState now;
    now.row = action_.row_now[i];
    if (!links_.target_ready(i, Side::supabase, now)) continue;
    if (!send_to_page(i, action_.row_now[i])) return;
  }
  action_.page_op = PageOp::create;
  action_.reasons.push_back("new row in Supabase");
}

void Decider::decide_first_meeting() {
  if (state_.page->in_trash) return;
  if (state_.row->deleted) {
    park(Parked::Kind::parked, "the row is marked deleted while its unlinked page lives",
         "Trash the page or clear deleted_at; nothing is deleted when two halves first meet.");
    return;
  }
  if (!readable()) return;
  action_.reasons.push_back("page and row belong together");
  if (!merge_fields()) return;
  action_.link_new = true;
  if (action_.sets_row()) action_.row_op = RowOp::update;
  if (!action_.page_set.empty()) action_.page_op = PageOp::update;
  bookkeep();
}

// A second page of one record, made by a request that landed after it was given up. What a person wrote on it
// meanwhile is kept in the conflict log before it goes to the trash.
void Decider::clear_orphan() {
  action_.key = state_.orphan_of;
  if (state_.page->in_trash || !pair_writes(Side::notion)) return;
  action_.page_op = PageOp::trash;
  action_.reasons.push_back("a request given up has landed late: the record has another page");
  for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
    if (read_only(pair_.fields[i].type) || pair_.fields[i].relation.kind == Relation::Kind::back) continue;
    const auto sent = std::ranges::find(state_.orphan_intended, i, &Change::field);
    const Value meant = sent != state_.orphan_intended.end() ? sent->value : Value{};
    const Value& shown = state_.page->values[i];
    const bool as_made =
        shown == meant || (sent == state_.orphan_intended.end() && state_.page->edited_ms == state_.page->created_ms);
    if (as_made) continue;
    Conflict conflict;
    conflict.key = state_.orphan_of;
    conflict.page_id = state_.page->id;
    conflict.field = i;
    conflict.base_page = meant;
    conflict.page = shown;
    conflict.page_ms = state_.page->edited_ms;
    conflict.winner = Side::supabase;
    conflict.reason = "edited on a page that landed late; the record has another page";
    action_.conflicts.push_back(std::move(conflict));
  }
}

}  // namespace rowpage
