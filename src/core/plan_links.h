// The part of a decision that is about links: what a relation of one record needs, given what its links lead to.
//
// A foreign key is merged like any value, in the names of rows (core/merge.h); a list kept in a join table link by link
// (core/edges.h); the other end of a two-way relation is only followed. Everything goes into the record's Action; why a
// record cannot go on is given back, for parking is the decision's.
#pragma once

#include <optional>
#include <string>

#include "core/merge.h"
#include "core/plan.h"

namespace rowpage {

/// Why a record cannot go on, for a person.
struct Misfit {
  std::string reason, hint;
};

class LinkPlanner {
 public:
  /// All three outlive it; the action is the one under way.
  LinkPlanner(const Pair& pair, const RecordState& state, Action& action)
      : pair_(pair), state_(state), action_(action) {}

  // --- foreign keys

  /// Puts the page's links into the names of rows, and says what is not a person's word: a link that a page lost while
  /// its target is in the trash, a key that was emptied because its row was deleted.
  void name_rows(std::size_t i, FieldState& field) const;
  /// A list of pages in the names of their rows.
  Value as_refs(std::size_t i, const Value& pages) const;
  /// False: the link's target is not there yet on the other side, and the link waits for it.
  bool target_ready(std::size_t i, Side source, const FieldState& now);
  /// Of a link of the row that is not ready: it leads to a deleted record, and the page shows one that it replaced.
  /// What the row says no more is not left standing on the page until the deleted record comes back, which may be
  /// never.
  bool replaced_by_deleted(std::size_t i, const FieldState& now) const;
  /// `refs`: names of rows, at most one that is ready.
  std::optional<Misfit> send_to_row(std::size_t i, const Value& refs);
  void send_to_page(std::size_t i, const Value& refs);

  // --- links that an earlier write may have left unseen (Errand::Kind::drop, of the end that owns the relation)

  /// What the page shows of this relation without those: nobody in Notion has set them.
  Value without_doubted(std::size_t i, const Value& page) const;
  /// Takes them off the page, with a write of what it is to show, where nothing else writes it.
  void clear_doubted(std::size_t i);

  // --- lists of links

  /// Of a join table. `afresh`: the row, or the page, is made anew, so every link is news for it.
  std::optional<Misfit> merge(std::size_t i, bool afresh);
  /// The other end of a relation. Its links belong to other pages: what changed here is a hint to look at those; and
  /// what they could not write themselves is written here.
  std::optional<Misfit> follow_back_end(std::size_t i);

  /// Whether a link is new on this side, to a record that lives or is not on both sides yet: an edit. A link that went
  /// is none: it goes by itself when its target is deleted, and a record deleted together with what it links to must
  /// not come back for that.
  bool linked(Side side, std::size_t i) const;

 private:
  std::optional<Misfit> fit_into_one_write(const Field& field, EdgeMerge& merge);
  void ask_far_end(const Field& field, Errand::Kind kind, const std::string& page_id);
  bool doubts(const Errand& errand, std::size_t i) const;
  void tell_of_waiting(const Field& field, std::size_t links);

  const Pair& pair_;
  const RecordState& state_;
  Action& action_;
};

}  // namespace rowpage
