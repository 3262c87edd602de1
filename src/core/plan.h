// The plan: a pure function of what is known of each record and the pair's policy. One Action per record that needs
// anything; a plan is the ordered list of them. Nothing here talks to anybody.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/edges.h"
#include "core/merge.h"
#include "core/record.h"
#include "core/schema.h"

namespace rowpage {

/// What a run may do and how the user narrowed it.
struct PlanOptions {
  Direction direction = Direction::both;  // which sides may be written in this run
  Millis now_ms = 0;                      // database clock
  Millis skew_ms = 0;                     // between Notion's clock and the database's, as measured in this run
  First first = First::ask;
};

/// Everything known of one record when it is decided upon.
struct RecordState {
  std::optional<Page> page;    // as observed, in the trash or not
  bool page_presumed = false;  // not observed: taken to show its shadow (a write re-reads it first)
  std::string page_left;       // why it can neither be read nor is in the trash: moved, archived, unshared, purged
  std::optional<Row> row;      // as observed in a consistent read; absent and not presumed: there is none
  std::optional<Link> link;
  std::vector<Pending> open;    // requests about this record whose outcome is not known yet
  Times page_times, row_times;  // when each field changed, where something better than the record's own time is known
  bool derived = false;         // the row was changed by nobody since we wrote it but by its own defaults and triggers
  std::vector<std::int64_t> captured;  // entries of the capture log that led here, acknowledged with the outcome
  std::string ambiguous;               // why no counterpart can be chosen: the half parks
  bool adopting = false;  // `link` is not stored yet: our own page, met again after its create had been given up
  // A page that landed late although its record has another one by now (R5): the record's key, and what the page was
  // sent with.
  std::string orphan_of;
  std::vector<Change> orphan_intended;
  bool note_page = false;       // the page lacks its bookkeeping and there is budget left for it
  bool due = false;             // the record waited and its time has come
  bool copied_page = false;     // a person's Duplicate: shows the nonce of another page, which must be rewritten
  std::vector<Target> targets;  // what the links of both halves and of their shadows lead to, as far as known
  std::vector<Errand> errands;  // that led here
};

enum class RowOp { none, insert, update, soft_delete, hard_delete, restore };
enum class PageOp { none, create, update, trash, restore };

/// What one record needs, with the reason of each part. Both sides may be written (different fields).
struct Action {
  std::string key, page_id;
  RowOp row_op = RowOp::none;
  std::vector<Change> row_set;
  PageOp page_op = PageOp::none;     // restore with page_set: restore first, then update
  std::vector<Change> page_set;      // with update and an empty set: bookkeeping alone
  bool link_new = false;             // a new link between two existing halves
  std::vector<std::size_t> noticed;  // other ends of relations: the page's shadow moves, nothing else
  std::vector<std::size_t> agreed;   // fields in which both halves show the same: their shadows move without a write
  bool close = false;                // both halves are gone: the link stays as a tombstone
  std::vector<Conflict> conflicts;   // logged before anything is overwritten
  std::vector<std::size_t> settled;  // fields that were undecided and are no longer
  std::vector<std::size_t> drift;    // fields changed on a side that is read only for them
  std::vector<EdgeMerge> edges;      // of relations kept in join tables; their page parts stand in page_set as well
  std::vector<std::size_t> late;     // foreign keys whose link cannot travel yet: neither shadow moves
  std::vector<Errand> errands;       // what links of this record leave to do; they replace those of kinds await_*
  std::vector<Errand> other_errands, errands_done;  // for other records; of this one, done with this action's page part
  bool later = false;                // something is left for a later run, because of this run's direction
  std::optional<Parked> park;        // waiting, held or parked: nothing else is done
  Values page_now, row_now;          // what each side shows (presumed: its shadow); empty: no such half
  std::vector<std::string> reasons;  // for people: why this record needs something at all
  std::vector<std::string> row_reasons,
      page_reasons;  // and what travels there: "Type: changed in Notion, “Ops” → “Policy”"

  /// Everything there is to say about the write to one side.
  std::vector<std::string> why(Side written) const;
  std::vector<std::string> all_reasons() const;

  /// Something a person may want to see: not only notes about other records.
  bool telling() const;

  bool writes() const { return row_op != RowOp::none || page_op != PageOp::none; }
  /// Whether values or links travel to the row.
  bool sets_row() const;
  /// Nothing to write and nothing to learn.
  bool nothing() const;
};

/// Decides one record. Never fails: what cannot travel becomes an Action with `park`.
Action decide(const Pair& pair, const RecordState& state, const PlanOptions& options);

std::string_view name_of(RowOp op);
std::string_view name_of(PageOp op);

}  // namespace rowpage
