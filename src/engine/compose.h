// What is sent and what is stored about one record, put together from its decision: links with their shadows, row
// writes, requests to Notion and the notes of them. Nothing here talks to anybody; the order of the steps is
// apply.cc's.
#pragma once

#include <string>
#include <vector>

#include "engine/run.h"

namespace rowpage {

/// A record on its way through the apply step.
struct Work {
  RecordState state;
  Action action;
  int tries = 0;
  bool settled = false;     // nothing more to do for this record
  bool send_again = false;  // its request was not taken, and may be tried once more in this run
};

/// The record ceases to exist on a side.
bool deletes(const Action& action);
/// A conflict of it waits for a person.
bool has_undecided(const Action& action);
/// Whether a field is among the changes.
bool has_field(const std::vector<Change>& changes, std::size_t field);
/// The page a request is about, which for a late landing is not the record's own.
std::string request_page(const Work& work);
/// The link of a page about to be restored, whose values follow once it lives: what lost a conflict (and stands in the
/// log) is its shadow now, so that only a newer edit of it counts as one.
Link keep_verdict(const Pair& pair, Work& work);
/// One line from several reasons.
std::string joined(const std::vector<std::string>& reasons);

class Composer {
 public:
  explicit Composer(Run& run);

  /// The link as it will be once the row part is stored.
  Link link_after_row(const Work& work) const;
  /// The link once the page shows what we sent. `page`: as Notion returned it.
  Link link_after_page(const Work& work, const Page* page) const;

  /// The row part, the learning or the parking of a record.
  Item row_item(const Work& work) const;
  /// Bookkeeping columns that go with a write.
  void add_row_bookkeeping(RowWrite& write, const Action& action) const;
  /// SHA-256 of the record's values (core/match.h); empty for an empty record.
  std::string checksum_of(const Values& values) const;

  /// R1: what is written down before the request is sent. `send_by`: database clock.
  Pending note_for(const Work& work, Millis send_by) const;
  /// The request itself, with the bookkeeping that rides along. `send_by`: Clock::monotonic().
  PageRequest request_for(const Work& work, const Pending& note, Millis send_by) const;

  /// What a record's links leave to do, with either part of its action.
  void add_errands(Item& item, const Work& work, bool page_part) const;

  /// When a waiting record is looked at again by itself (an edit of either half brings it back at once).
  Parked with_backoff(Parked parked) const;

 private:
  std::vector<std::size_t> kept_shadows(const Action& action) const;
  void settle_links(const Work& work, Link& link) const;
  std::vector<Errand> errands_done(const Work& work) const;

  Run& run_;
  const Pair& pair_;
  bool has_links_ = false;
};

}  // namespace rowpage
