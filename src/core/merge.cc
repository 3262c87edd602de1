#include "core/merge.h"

#include "core/fit.h"
#include "core/time.h"

namespace rowpage {
namespace {

std::string clock_text(Millis ms) {
  return format_utc(ms).substr(0, 16) + "Z";
}

FieldMerge conflict_won_by(Side winner, std::string reason) {
  return {winner == Side::notion ? FieldOutcome::to_row : FieldOutcome::to_page, true, std::move(reason)};
}

// A field that travels one way only: the source decides, a change at the other end is drift.
FieldMerge merge_one_way(const Field& field, const FieldState& state, bool page_changed, bool row_changed) {
  const bool from_page = field.direction == Direction::to_supabase;
  const bool source_changed = from_page ? page_changed : row_changed;
  const bool target_changed = from_page ? row_changed : page_changed;
  const auto travels = from_page ? FieldOutcome::to_row : FieldOutcome::to_page;
  if (source_changed && target_changed) {
    if (agree(field, state.page, state.row)) return {FieldOutcome::agreed, false, {}};
    return {travels, true, from_page ? "Notion decides for this field" : "Supabase decides for this field"};
  }
  if (source_changed) return {travels, false, {}};
  if (target_changed) return {from_page ? FieldOutcome::drift_on_row : FieldOutcome::drift_on_page, false, {}};
  return {};
}

}  // namespace

Verdict judge(const ConflictPolicy& policy, std::optional<Millis> page_ms, std::optional<Millis> row_ms,
              Millis skew_ms) {
  switch (policy.prefer) {
    case Prefer::notion:
      return {Side::notion, "the policy prefers Notion"};
    case Prefer::supabase:
      return {Side::supabase, "the policy prefers Supabase"};
    case Prefer::ask:
      return {std::nullopt, "the policy asks"};
    case Prefer::newest:
      break;
  }
  const auto named = [](Side side) { return std::string(name_of(side)); };
  if (!page_ms || !row_ms) return {policy.on_missing, "a time is missing, which goes to " + named(policy.on_missing)};
  // A page time stands for a whole minute, so a row time inside it is neither before nor after; nor is one that the
  // measured difference of the two clocks could put there.
  const Millis row_minute = floor_minute(*row_ms);
  const bool before_page = *row_ms + skew_ms < *page_ms;
  const bool after_page = *row_ms - skew_ms >= *page_ms + minute_ms;
  if (!before_page && !after_page) {
    const std::string when = row_minute == *page_ms
                                 ? "both changed in the minute " + clock_text(*page_ms)
                                 : "the two clocks differ by more than the two changes (Notion " +
                                       clock_text(*page_ms) + ", Supabase " + clock_text(row_minute) + ")";
    return {policy.on_equal, when + ", which goes to " + named(policy.on_equal)};
  }
  const Side newer = before_page ? Side::notion : Side::supabase;
  return {newer,
          named(newer) + " is newer (Notion " + clock_text(*page_ms) + ", Supabase " + clock_text(row_minute) + ")"};
}

FieldMerge merge_field(const Field& field, const FieldState& state, const ConflictPolicy& policy, First first) {
  const bool page_changed = !state.has_shadow || state.page != state.page_shadow;
  const bool row_changed = !state.has_shadow || state.row != state.row_shadow;
  if (!page_changed && !row_changed) return {};
  if (!state.has_shadow && agree(field, state.page, state.row)) return {FieldOutcome::agreed, false, {}};
  if (field.direction != Direction::both) return merge_one_way(field, state, page_changed, row_changed);
  if (!row_changed) return {FieldOutcome::to_row, false, {}};
  if (!page_changed) return {FieldOutcome::to_page, false, {}};
  if (agree(field, state.page, state.row)) return {FieldOutcome::agreed, false, {}};

  if (state.choice)
    return conflict_won_by(*state.choice, "a person decided for " + std::string(name_of(*state.choice)));
  ConflictPolicy rule = policy;
  if (!state.has_shadow) {
    switch (first) {
      case First::ask:
        rule.prefer = Prefer::ask;
        break;
      case First::newest:
        rule.prefer = Prefer::newest;
        break;
      case First::notion:
        rule.prefer = Prefer::notion;
        break;
      case First::supabase:
        rule.prefer = Prefer::supabase;
        break;
    }
  }
  const Verdict verdict = judge(rule, state.page_ms, state.row_ms, state.skew_ms);
  if (!verdict.winner) return {FieldOutcome::undecided, true, verdict.reason};
  return conflict_won_by(*verdict.winner, verdict.reason);
}

}  // namespace rowpage
