// Deciding one record.
//
// Two questions, in this order. Does the record exist? Each side's existence is merged three-way like a field: a page
// trashed since the shadow is a deletion that travels, unless the other side was edited meanwhile by somebody who did
// not know (an edit beats a deletion, always). Then, for a record that lives, field by field: core/merge.h.
//
// Nothing is concluded from absence. `page_left` (moved, archived, unshared) holds the record; an open request makes it
// wait; a value that cannot travel parks it with the reason, and the other side stays as it is.
#include "core/plan.h"

#include <algorithm>
#include <iterator>

#include "core/fit.h"
#include "core/mutant.h"
#include "core/plan_links.h"

namespace rowpage {
namespace {

bool may_write(Direction direction, Side side) {
  return direction == Direction::both ||
         direction == (side == Side::notion ? Direction::to_notion : Direction::to_supabase);
}

class Decider {
 public:
  Decider(const Pair& pair, const RecordState& state, const PlanOptions& options)
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

  Action run() {
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

 private:
  struct Sides {
    bool page = false, row = false;
  };

  void park(Parked::Kind kind, std::string reason, std::string hint) {
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
  void hold() {
    if (!state_.link->page_live) return;
    park(Parked::Kind::held, state_.page_left,
         "`rowpage parked release` forgets the page and keeps the row; `relink` names another page.");
  }

  bool pair_writes(Side side) const { return may_write(pair_.direction, side); }

  // --- reading both halves

  // An unreadable field would be taken for an emptied one: the record waits as it is.
  bool readable() {
    const auto report = [this](const std::vector<Unreadable>& unreadable, Side side) {
      if (unreadable.empty()) return true;
      const auto& first = unreadable.front();
      const Field& field = pair_.fields[first.field];
      park(Parked::Kind::parked,
           std::string(name_of(side)) + " " +
               (side == Side::notion ? "property " + field.property : "column " + field.column) + ": " + first.why,
           first.hint.empty() ? "Mend the value there; the record is tried again when it changes." : first.hint);
      return false;
    };
    return (!state_.page || report(state_.page->unreadable, Side::notion)) &&
           (!state_.row || report(state_.row->unreadable, Side::supabase));
  }

  std::optional<Millis> time_of(const Times& times, std::size_t field, std::optional<Millis> otherwise) const {
    if (field < times.size() && times[field]) return times[field];
    return otherwise;
  }

  FieldState field_state(std::size_t i) const {
    FieldState field;
    field.page = action_.page_now[i];
    field.row = action_.row_now[i];
    std::optional<Millis> page_time;
    std::optional<Millis> row_time;
    if (state_.page) page_time = state_.page->edited_ms;
    if (state_.row) row_time = state_.row->updated_ms;
    if (state_.link) {
      const Link& link = *state_.link;
      field.page_shadow = link.page_shadow[i];
      field.row_shadow = link.row_shadow[i];
      field.has_shadow = std::ranges::find(link.unsettled, i) == link.unsettled.end();
      if (i < link.page_seen.size() && link.page_seen[i]) page_time = link.page_seen[i];
      if (i < link.row_seen.size() && link.row_seen[i]) row_time = link.row_seen[i];
      const auto choice = std::ranges::find(link.choices, i, &std::pair<std::size_t, Side>::first);
      if (choice != link.choices.end()) field.choice = choice->second;
    } else {
      field.has_shadow = false;
    }
    if (pair_.fields[i].relation.kind == Relation::Kind::column) links_.name_rows(i, field);
    field.skew_ms = options_.skew_ms;
    field.page_ms = time_of(state_.page_times, i, page_time);
    field.row_ms = time_of(state_.row_times, i, row_time);
    return field;
  }

  // False: the record parked.
  bool goes_on(std::optional<Misfit> misfit) {
    if (misfit) park(Parked::Kind::parked, std::move(misfit->reason), std::move(misfit->hint));
    return !misfit;
  }

  // Relations without a column: a join table, or the other end of one.
  bool merge_links(std::size_t i, bool afresh) {
    const bool back = pair_.fields[i].relation.kind == Relation::Kind::back;
    if (!goes_on(back ? links_.follow_back_end(i) : links_.merge(i, afresh))) return false;
    if (!back && !afresh) links_.clear_doubted(i);
    return true;
  }

  // --- fields

  void log_conflict(std::size_t i, const FieldState& field, std::optional<Side> winner, const std::string& reason) {
    Conflict conflict;
    conflict.key = action_.key;
    conflict.page_id = action_.page_id;
    conflict.field = i;
    if (field.has_shadow) {
      conflict.base_page = field.page_shadow;
      conflict.base_row = field.row_shadow;
    }
    conflict.page = field.page;
    conflict.row = field.row;
    if (pair_.fields[i].is_relation()) {
      conflict.page = action_.page_now[i];
      if (field.has_shadow) conflict.base_page = state_.link->page_shadow[i];
    }
    conflict.page_ms = field.page_ms;
    conflict.row_ms = field.row_ms;
    conflict.winner = winner;
    conflict.reason = reason;
    action_.conflicts.push_back(std::move(conflict));
  }

  // False: the record was parked.
  bool send_to_row(std::size_t i, const Value& page_value) {
    const Field& field = pair_.fields[i];
    if (field.is_relation()) return goes_on(links_.send_to_row(i, page_value));
    auto fitted = fit_row(field, page_value);
    if (!fitted) {
      park(Parked::Kind::parked, label(field) + " cannot travel to column " + field.column + ": " + fitted.error(),
           "Change the value in Notion, or the column.");
      return false;
    }
    if (is_null(*fitted) && field.target.not_null && field.target.type != ColumnType::text) {
      park(Parked::Kind::parked,
           label(field) + " is empty in Notion, and column " + field.column + " is required (NOT NULL)",
           "Fill it in Notion; the record is tried again when it changes.");
      return false;
    }
    action_.row_set.push_back({i, std::move(*fitted)});
    return true;
  }

  bool send_to_page(std::size_t i, const Value& row_value) {
    const Field& field = pair_.fields[i];
    if (field.is_relation()) {
      links_.send_to_page(i, row_value);
      return true;
    }
    auto fitted = fit_page(field, row_value);
    if (!fitted) {
      park(Parked::Kind::parked,
           "column " + field.column + " cannot travel to property " + label(field) + ": " + fitted.error(),
           "Change the value in the row, or map the column to another type of property.");
      return false;
    }
    action_.page_set.push_back({i, std::move(*fitted)});
    return true;
  }

  void explain(std::size_t i, Side source, const Value& from, const Value& to, const std::string& why) {
    auto& reasons = source == Side::notion ? action_.row_reasons : action_.page_reasons;
    reasons.push_back(label(pair_.fields[i]) + ": changed in " + std::string(name_of(source)) + ", " +
                      display(from, 40) + " → " + display(to, 40) + (why.empty() ? "" : " (" + why + ")"));
  }

  // Merges all fields; false when the record was parked.
  bool merge_fields() {
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
      const Field& field = pair_.fields[i];
      if (!field.has_column()) {
        if (!merge_links(i, false)) return false;
        continue;
      }
      const FieldState now = field_state(i);
      FieldMerge merged =
          record_winner_ ? merge_for_record(field, now) : merge_field(field, now, pair_.conflict, options_.first);
      if (survivor_ && merged.conflict && field.direction == Direction::both) {
        merged.outcome = *survivor_ == Side::notion ? FieldOutcome::to_row : FieldOutcome::to_page;
        merged.reason = "the other half was deleted";
      }
      const bool was_unsettled = state_.link && !now.has_shadow;
      switch (merged.outcome) {
        case FieldOutcome::unchanged:
          break;
        case FieldOutcome::agreed:
          action_.agreed.push_back(i);
          if (now.has_shadow) action_.reasons.push_back(label(field) + ": both sides changed to the same value");
          break;
        case FieldOutcome::to_row:
          if (!links_.target_ready(i, Side::notion, now)) continue;
          if (merged.conflict) log_conflict(i, now, Side::notion, merged.reason);
          if (!send_to_row(i, now.page)) return false;
          explain(i, Side::notion, now.row, action_.row_set.back().value, merged.reason);
          break;
        case FieldOutcome::to_page:
          if (!links_.target_ready(i, Side::supabase, now)) {
            if (links_.replaced_by_deleted(i, now)) {
              if (merged.conflict) log_conflict(i, now, Side::supabase, merged.reason);
              action_.page_set.push_back({i, Null{}});
              action_.page_reasons.push_back(label(field) +
                                             ": the row links to a deleted record now, so the former link goes");
            }
            links_.clear_doubted(i);
            continue;
          }
          if (merged.conflict) log_conflict(i, now, Side::supabase, merged.reason);
          if (!send_to_page(i, now.row)) return false;
          explain(i, Side::supabase, now.page, action_.page_set.back().value, merged.reason);
          break;
        case FieldOutcome::undecided:
          log_conflict(i, now, std::nullopt, merged.reason);
          action_.reasons.push_back(label(field) + ": both sides changed, Notion " + display(now.page, 40) +
                                    ", Supabase " + display(now.row, 40) + "; a person must decide");
          break;
        case FieldOutcome::drift_on_page:
        case FieldOutcome::drift_on_row:
          drift(i, now, merged.outcome == FieldOutcome::drift_on_page ? Side::notion : Side::supabase);
          break;
      }
      // A value that travels to the row moves both shadows with the row's part: the page is cleared by the next run.
      const bool in_the_way = merged.outcome == FieldOutcome::undecided || merged.outcome == FieldOutcome::to_row;
      if (field.relation.kind == Relation::Kind::column && !in_the_way) links_.clear_doubted(i);
      // What was in dispute may also have been taken back; that the page shows it no more is believed when it was read.
      const bool in_dispute = state_.link && state_.link->in_dispute(i);
      const bool taken_back =
          merged.outcome == FieldOutcome::unchanged && in_dispute && state_.page && !state_.page_presumed;
      const bool over = merged.outcome != FieldOutcome::undecided && merged.outcome != FieldOutcome::unchanged;
      if (taken_back || (over && (was_unsettled || in_dispute))) action_.settled.push_back(i);
      if (action_.park) return false;
    }
    drop_lone_riders();
    return true;
  }

  // updated_at shown in Notion rides on a write that happens anyway; it never is the reason for one.
  void drop_lone_riders() {
    const std::string& column = pair_.book.updated_at_column;
    if (column.empty() || action_.page_set.empty()) return;
    const auto rides = [&](const Change& change) { return pair_.fields[change.field].column == column; };
    if (!std::ranges::all_of(action_.page_set, rides)) return;
    action_.page_set.clear();
    action_.page_reasons.clear();
  }

  void drift(std::size_t i, const FieldState& now, Side changed) {
    const Field& field = pair_.fields[i];
    action_.drift.push_back(i);
    const Value& value = changed == Side::notion ? now.page : now.row;
    action_.reasons.push_back(label(field) + ": changed in " + std::string(name_of(changed)) + " to " +
                              display(value, 40) + ", which is read only there for this field");
    if (pair_.drift != Drift::revert) return;
    const Side source = changed == Side::notion ? Side::supabase : Side::notion;
    log_conflict(i, now, source, "put back: " + std::string(name_of(changed)) + " is read only for this field");
    if (source == Side::notion) {
      send_to_row(i, now.page);
    } else {
      send_to_page(i, now.row);
    }
  }

  // granularity: record. Once a field is in real conflict, the two records' own times name one winner, which takes
  // every changed field, the loser's single-sided changes too: what "the newer record wins" says literally. Losers are
  // logged.
  FieldMerge merge_for_record(const Field& field, const FieldState& now) const {
    FieldMerge merged = merge_field(field, now, pair_.conflict, options_.first);
    const bool travels = merged.outcome == FieldOutcome::to_row || merged.outcome == FieldOutcome::to_page;
    if (!travels || field.direction != Direction::both) return merged;
    const auto wanted = *record_winner_ == Side::notion ? FieldOutcome::to_row : FieldOutcome::to_page;
    if (merged.outcome == wanted) return merged;
    return {wanted, !mutated(Mutant::last_writer_wins), record_reason_};
  }

  void find_record_winner() {
    if (mutated(Mutant::last_writer_wins) && state_.page && state_.row)
      record_winner_ = judge(pair_.conflict, state_.page->edited_ms, state_.row->updated_ms).winner;
    if (pair_.conflict.granularity != Granularity::record || !state_.link) return;
    const bool any = std::ranges::any_of(pair_.fields, [&](const Field& field) {
      const auto i = static_cast<std::size_t>(&field - pair_.fields.data());
      return field.direction == Direction::both &&
             merge_field(field, field_state(i), pair_.conflict, options_.first).conflict;
    });
    if (!any) return;
    std::optional<Millis> page_ms;
    std::optional<Millis> row_ms;
    if (state_.page) page_ms = state_.page->edited_ms;
    if (state_.row) row_ms = state_.row->updated_ms;
    Verdict verdict = judge(pair_.conflict, page_ms, row_ms, options_.skew_ms);
    record_winner_ = verdict.winner;
    record_reason_ = "record by record: " + verdict.reason;
  }

  // Whether people changed this half since the shadow, in a field that may travel to the other. A change that has lost
  // its conflict already (and stands in the log) is none any more.
  bool edited(Side side) const {
    const Link& link = *state_.link;
    if (side == Side::supabase && state_.derived) return false;  // defaults of a row we made are nobody's edit
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
      const Field& field = pair_.fields[i];
      if (field.is_relation()) {
        if (links_.linked(side, i)) return true;
        continue;
      }
      const bool travels = side == Side::notion ? field.direction != Direction::to_notion && !read_only(field.type)
                                                : field.direction != Direction::to_supabase;
      const auto choice = std::ranges::find(link.choices, i, &std::pair<std::size_t, Side>::first);
      const bool lost = choice != link.choices.end() && choice->second != side;
      const bool changed =
          side == Side::notion ? action_.page_now[i] != link.page_shadow[i] : action_.row_now[i] != link.row_shadow[i];
      if (travels && changed && !lost) return true;
    }
    return false;
  }

  // --- linked records

  Sides now_live() const {
    Sides live;
    live.page = state_.page ? !state_.page->in_trash : state_.link->page_live;
    live.row = state_.row && !state_.row->deleted;
    // Without a deleted_at column the mark is in our state only: the row stays, and lives again when it is edited.
    if (state_.row && pair_.book.deleted_at_column.empty() && !state_.link->row_live) live.row = edited(Side::supabase);
    return live;
  }

  void decide_linked() {
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
  void nothing_to_decide() {
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) action_.settled.push_back(i);
  }

  // Both halves live, at least one of them lived on only in our state: nothing to write, the link lives again.
  void revive(const Sides& base) {
    if (base.page && base.row) {
      bookkeep();
      return;
    }
    if (action_.row_op == RowOp::none && action_.sets_row()) action_.row_op = RowOp::update;
    if (action_.page_op == PageOp::none && !action_.page_set.empty()) action_.page_op = PageOp::update;
    action_.link_new = true;
  }

  void page_was_trashed() {
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
    nothing_to_decide();
    action_.row_op = pair_.deletes == Deletes::hard ? RowOp::hard_delete : RowOp::soft_delete;
  }

  void row_was_deleted() {
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
    nothing_to_decide();
  }

  void page_came_back() {
    if (!pair_writes(Side::supabase)) return;
    action_.reasons.push_back("restored in Notion");
    bring_row_back(!state_.row);
  }

  void row_came_back() {
    if (!pair_writes(Side::notion)) return;
    action_.reasons.push_back("restored in Supabase");
    bring_page_back();
  }

  // The page's own changes travel to the row at once; the row's follow when the page lives again.
  void bring_page_back() {
    if (!merge_fields()) return;
    action_.page_op = PageOp::restore;
    if (action_.sets_row()) action_.row_op = RowOp::update;
  }

  void bring_row_back(bool gone) {
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

  // --- unlinked halves

  bool fill_row() {
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
  bool fill_foreign_key(std::size_t i) {
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

  void decide_new_page() {
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

  void decide_new_row() {
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

  void decide_first_meeting() {
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
  void clear_orphan() {
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

  // --- finishing

  // Sets the plain updates, and an update of bookkeeping alone where the row names another page than its link.
  void bookkeep() {
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
  void apply_run_direction() {
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

  const Pair& pair_;
  const RecordState& state_;
  const PlanOptions& options_;
  Action action_;
  LinkPlanner links_;
  std::optional<Side> record_winner_;
  std::string record_reason_;
  std::optional<Side> survivor_;  // an edit beat the deletion of the other half: in conflicts the edited half wins
};

}  // namespace

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
