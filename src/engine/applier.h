// Applying the plan: rows in batches, each one transaction; pages a few at a time under the write protocol
// (R1-R16 of ARCHITECTURE.md).
//
// The order for a group of pages, and why it may not change:
//   1. wait until the budget allows the whole group       so that reading and writing stay close together (R10)
//   2. read the pages by id and the rows again, decide anew  what the listing said may be old
//   3. commit what goes to rows                            compare-and-set against what was just read (R12)
//   4. commit the notes and the losers of conflicts         written down before the first byte is sent (R1, R11)
//   5. send                                               each at most once, never after its send_by
//   6. commit what came back                               an unknown outcome stays noted and its record waits (R4, R6)
// Creations and updates come first, deletions last (R14): of one pair, and of all pairs of a run, children before the
// records they link to.
//
// Internal to the engine; run.h has what others call.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/compose.h"
#include "engine/run.h"

namespace rowpage {

class Applier {
 public:
  Applier(Run& run, bool deletions) : run_(run), pair_(run.pair), compose_(run), deleting_(deletions) {}
  Status all(Plan& plan);

 private:
  Status take_up_group(std::vector<RecordState>&& states);
  Status flush_all();
  bool better_later(const Action& action) const;
  Status make_postponed();
  Status store_housekeeping();
  Status note_in_background();
  Status acknowledge(const RecordState& state, const Action& action);
  Status take_up(RecordState&& state);
  Status take(RecordState&& state, const Action& action);

  // --- rows: apply_rows.cc
  Status flush_rows();
  Status store_rows(std::vector<Work>& batch);
  static void take_row(RecordState& state, std::optional<Row> row);
  Status redecide_rows(std::vector<Work>& batch);
  void row_done(Work& work, std::optional<Row> row);
  void tell(std::string_view event, const std::string& key, const std::vector<std::string>& reasons) const;
  Status park_refused(Work& work, const Error& error);
  Status park(Work& work, Parked parked);

  // --- pages before they are written: apply_pages.cc; sending: apply_sending.cc
  Status flush_pages();
  Status look_before_creating(std::vector<Work>& group);
  Result<std::string> key_is_taken(const std::vector<Change>& keys);
  Status read_fresh(std::vector<Work>& group);
  Status forget(Work& work);
  Status take_fresh(Work& work, Result<Page> answer);
  Status park_error(Work& work, const Error& error, Parked::Kind kind);
  Status send(std::vector<Work>& group);
  Item page_done(Work& work, const Pending& note, const Page& page);
  void warn_about_formatting(const Work& work) const;
  Item page_failed(Work& work, const Pending& note, const Error& error, std::optional<Error>& stop);
  Status write_row_bookkeeping(std::vector<Work>& group);
  void send_again(std::vector<Work>& group);
  Status continue_restored(std::vector<Work>& group);

  Run& run_;
  const Pair& pair_;
  Composer compose_;
  std::vector<Work> rows_, pages_;
  std::unique_ptr<Spool> postponed_ = std::make_unique<Spool>();
  bool may_postpone_ = true;
  bool deleting_;  // the part of the plan under way
};

}  // namespace rowpage
