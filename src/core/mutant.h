// Switches that break one rule each, so that the simulation can prove it would notice. Only builds with
// tests have them; in a release build mutated() is false at compile time.
#pragma once

namespace rowpage {

enum class Mutant {
  none,
  no_note_before_create,   // R1
  retry_create_blindly,    // R4: an unknown create is sent again
  look_once_then_retry,    // R4: no waiting for the landing bound
  ignore_index_bound,      // R4: waits for landing, not for the index
  accept_partial_absence,  // R4: an incomplete look proves absence
  orphan_not_in_trash,     // R4: the trash is not searched
  last_writer_wins,        // merge: whole records by time
  shadow_before_write,     // the shadow moves before the page is written
  loser_logged_late,       // R11
  note_without_values,     // R7: the intended values are not in the note
  no_quarantine,           // R6
  absence_is_deletion,     // R9
  no_fresh_read,           // R10
  no_overlap,              // R13: the watermark is taken literally
  delete_beats_edit,       // I4
  same_nonce_again,        // R3
  forget_abandoned,        // R5
  no_compare_and_set,      // R12
  trust_stale_listing,     // an older version in a listing is taken for an edit
  deletes_first,           // R14
  no_brake,                // I9
  watermark_at_end,        // watermark from the end of the listing instead of its start
  ack_before_apply,        // captured changes are acknowledged when taken
  guess_ambiguous,         // matching takes the first of several
  copy_is_orphan,          // R3: a person's Duplicate is taken for our own page
  vanished_is_removed,     // a link missing from a page is taken for removed, whatever became of its target
  links_as_one_value,      // a relation is merged as a whole, the page wins
  forget_waiting_links,    // a link whose target has no counterpart yet is taken for agreed
  deaf_back_end,           // a change seen at the back end of a relation is not followed to its owner
  links_cut_at_hundred,    // what does not fit into one write is left out for good
  no_budget,               // requests are sent whatever the minute's budget says
  ignore_send_by,          // a note is good for ever: its request is sent however late
  always_noting,           // bookkeeping written is not remembered as written
  no_look_when_cut_short,  // R2: pages are made although Notion did not show all there are
  archive_not_searched,    // R4: archived pages are taken for absent
  forget_looks,            // links seen from a back end are taken for settled
  forget_just_sent,        // R6: what has no answer yet is open from the next run on, not in this one
  former_link_stays,       // a link replaced by one to a deleted record is left on the page
  count_
};

#ifdef ROWPAGE_MUTANTS
inline Mutant active_mutant = Mutant::none;
inline bool mutated(Mutant mutant) {
  return active_mutant == mutant;
}
#else
constexpr bool mutated(Mutant) {
  return false;
}
#endif

}  // namespace rowpage
