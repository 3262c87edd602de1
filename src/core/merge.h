// Three-way merge of one field.
//
// Each side is compared with its own shadow, the value it showed when both sides last agreed. Changed on one side: the
// value travels. Changed on both to the same: agreement. Changed on both differently: the policy names a winner and the
// loser goes to the conflict log. Comparing the two sides with each other instead would lose edits (which one is new?)
// and ping-pong wherever a value legitimately differs between the halves (numeric(10,2) rounds, a date column holds the
// day only).
#pragma once

#include <optional>
#include <string>

#include "core/record.h"
#include "core/schema.h"

namespace rowpage {

struct FieldState {
  Value page, row;                // now
  Value page_shadow, row_shadow;  // last agreed, per side
  bool has_shadow = true;         // false: first meeting of two unlinked halves
  std::optional<Millis> page_ms;  // start of the minute of the page's change
  std::optional<Millis> row_ms;
  Millis skew_ms = 0;          // how far the two sides' clocks were measured apart
  std::optional<Side> choice;  // a person decided
};

enum class FieldOutcome {
  unchanged,
  agreed,         // both changed to the same value: only the shadows move
  to_row,         // the page's value travels
  to_page,        // the row's value travels
  undecided,      // conflict that waits for a person
  drift_on_page,  // changed on the page, which is read only for this field
  drift_on_row,
};

struct FieldMerge {
  FieldOutcome outcome = FieldOutcome::unchanged;
  bool conflict = false;  // both sides had changed: the losing value must be logged first
  std::string reason;     // in words
};

FieldMerge merge_field(const Field& field, const FieldState& state, const ConflictPolicy& policy, First first);

/// Who wins when both changed: the policy applied to two times. nullopt: a person must say (`ask`).
struct Verdict {
  std::optional<Side> winner;
  std::string reason;
};
Verdict judge(const ConflictPolicy& policy, std::optional<Millis> page_ms, std::optional<Millis> row_ms,
              Millis skew_ms = 0);

}  // namespace rowpage
