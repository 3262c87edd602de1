// Both halves are there: field by field (see decider.h).
#include <algorithm>
#include <utility>

#include "core/decider.h"
#include "core/fit.h"
#include "core/mutant.h"

namespace rowpage {

// An unreadable field would be taken for an emptied one: the record waits as it is.
bool Decider::readable() {
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

std::optional<Millis> Decider::time_of(const Times& times, std::size_t field, std::optional<Millis> otherwise) const {
  if (field < times.size() && times[field]) return times[field];
  return otherwise;
}

FieldState Decider::field_state(std::size_t i) const {
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
bool Decider::goes_on(std::optional<Misfit> misfit) {
  if (misfit) park(Parked::Kind::parked, std::move(misfit->reason), std::move(misfit->hint));
  return !misfit;
}

// Relations without a column: a join table, or the other end of one.
bool Decider::merge_links(std::size_t i, bool afresh) {
  const bool back = pair_.fields[i].relation.kind == Relation::Kind::back;
  if (!goes_on(back ? links_.follow_back_end(i) : links_.merge(i, afresh))) return false;
  if (!back && !afresh) links_.clear_doubted(i);
  return true;
}

void Decider::log_conflict(std::size_t i, const FieldState& field, std::optional<Side> winner,
                           const std::string& reason) {
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
bool Decider::send_to_row(std::size_t i, const Value& page_value) {
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

bool Decider::send_to_page(std::size_t i, const Value& row_value) {
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

void Decider::explain(std::size_t i, Side source, const Value& from, const Value& to, const std::string& why) {
  auto& reasons = source == Side::notion ? action_.row_reasons : action_.page_reasons;
  reasons.push_back(label(pair_.fields[i]) + ": changed in " + std::string(name_of(source)) + ", " + display(from, 40) +
                    " → " + display(to, 40) + (why.empty() ? "" : " (" + why + ")"));
}

// Merges all fields; false when the record was parked.
bool Decider::merge_fields() {
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
void Decider::drop_lone_riders() {
  const std::string& column = pair_.book.updated_at_column;
  if (column.empty() || action_.page_set.empty()) return;
  const auto rides = [&](const Change& change) { return pair_.fields[change.field].column == column; };
  if (!std::ranges::all_of(action_.page_set, rides)) return;
  action_.page_set.clear();
  action_.page_reasons.clear();
}

void Decider::drift(std::size_t i, const FieldState& now, Side changed) {
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
// logged. Links travel by themselves even so, as lists of them always do: that a page shows none may only mean that it
// led into the trash, which is nobody's word against a link that was made.
FieldMerge Decider::merge_for_record(const Field& field, const FieldState& now) const {
  FieldMerge merged = merge_field(field, now, pair_.conflict, options_.first);
  const bool travels = merged.outcome == FieldOutcome::to_row || merged.outcome == FieldOutcome::to_page;
  if (!travels || field.direction != Direction::both || (field.is_relation() && !merged.conflict)) return merged;
  const auto wanted = *record_winner_ == Side::notion ? FieldOutcome::to_row : FieldOutcome::to_page;
  if (merged.outcome == wanted) return merged;
  return {wanted, !mutated(Mutant::last_writer_wins), record_reason_};
}

void Decider::find_record_winner() {
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
// its conflict already is none any more (and stands in the log: see log_what_lost()).
bool Decider::edited(Side side) const {
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

}  // namespace rowpage
