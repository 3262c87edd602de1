// Deciding one record.
//
// Two questions, in this order. Does the record exist? Each side's existence is merged three-way like a field: a page
// trashed since the shadow is a deletion that travels, unless the other side was edited meanwhile by somebody who did
// not know (an edit beats a deletion, always). Then, for a record that lives, field by field: core/merge.h.
//
// Nothing is concluded from absence. `page_left` (moved, archived, unshared) holds the record; an open request makes it
// wait; a value that cannot travel parks it with the reason, and the other side stays as it is.
//
// Internal to deciding; core/plan.h has what others call.
#pragma once

#include <optional>
#include <string>

#include "core/plan.h"
#include "core/plan_links.h"

namespace rowpage {

/// Whether a direction lets a side be written.
bool may_write(Direction direction, Side side);

class Decider {
 public:
  Decider(const Pair& pair, const RecordState& state, const PlanOptions& options);
  Action run();

 private:
  struct Sides {
    bool page = false, row = false;
  };
  void park(Parked::Kind kind, std::string reason, std::string hint);
  void hold();
  bool pair_writes(Side side) const { return may_write(pair_.direction, side); }

  // --- field by field: plan_fields.cc
  bool readable();
  std::optional<Millis> time_of(const Times& times, std::size_t field, std::optional<Millis> otherwise) const;
  FieldState field_state(std::size_t i) const;
  bool goes_on(std::optional<Misfit> misfit);
  bool merge_links(std::size_t i, bool afresh);
  void log_conflict(std::size_t i, const FieldState& field, std::optional<Side> winner, const std::string& reason);
  bool send_to_row(std::size_t i, const Value& page_value);
  bool send_to_page(std::size_t i, const Value& row_value);
  void explain(std::size_t i, Side source, const Value& from, const Value& to, const std::string& why);
  bool merge_fields();
  void drop_lone_riders();
  void drift(std::size_t i, const FieldState& now, Side changed);
  FieldMerge merge_for_record(const Field& field, const FieldState& now) const;
  void find_record_winner();
  bool edited(Side side) const;

  // --- whether the record exists: plan_life.cc
  Sides now_live() const;
  void decide_linked();
  void nothing_to_decide();
  void log_what_lost(Side side);
  void revive(const Sides& base);
  void page_was_trashed();
  void row_was_deleted();
  void page_came_back();
  void row_came_back();
  void bring_page_back();
  void bring_row_back(bool gone);

  bool fill_row();
  bool fill_foreign_key(std::size_t i);
  void decide_new_page();
  void decide_new_row();
  void decide_first_meeting();
  void clear_orphan();

  // --- finishing: plan.cc
  void bookkeep();
  void apply_run_direction();

  const Pair& pair_;
  const RecordState& state_;
  const PlanOptions& options_;
  Action action_;
  LinkPlanner links_;
  std::optional<Side> record_winner_;
  std::string record_reason_;
  std::optional<Side> survivor_;  // an edit beat the deletion of the other half: in conflicts the edited half wins
};

}  // namespace rowpage
