// Sending to pages, and what comes back (see applier.h).
#include <algorithm>
#include <utility>

#include "core/mutant.h"
#include "core/recover.h"
#include "engine/applier.h"
#include "engine/figures.h"
#include "engine/reading.h"

namespace rowpage {
namespace {

constexpr Millis send_window_ms = 20 * second_ms;  // a note not sent within it is void
constexpr int sendings_max = 5;                    // of one record in one run, while Notion asks for silence
constexpr int redecide_max = 3;                    // a record that keeps moving is left for the next run

}  // namespace

// Steps 4 to 6.
Status Applier::send(std::vector<Work>& group) {
  const Millis send_by_mono = run_.ports.clock.monotonic() + send_window_ms;
  const Millis send_by_db = run_.db_now() + send_window_ms;
  std::vector<Pending> notes;
  std::vector<Item> items;
  for (auto& work : group) {
    Pending note = compose_.note_for(work, send_by_db);
    Item item;
    item.key = note.key;
    item.page_id = note.page_id;
    const bool unnoted = mutated(Mutant::no_note_before_create) && note.kind == RequestKind::create;
    if (!unnoted) item.note.push_back(note);
    if (!mutated(Mutant::loser_logged_late)) item.conflicts = work.action.conflicts;
    if (mutated(Mutant::shadow_before_write) && work.state.link && note.kind == RequestKind::update)
      item.link = compose_.link_after_page(work, nullptr);
    if (note.kind == RequestKind::restore && work.state.link) item.link = keep_verdict(pair_, work);
    items.push_back(std::move(item));
    notes.push_back(std::move(note));
  }
  auto noted = run_.commit(std::move(items));
  if (!noted) return fail(noted.error());

  std::vector<PageRequest> requests;
  for (std::size_t i = 0; i < group.size(); ++i)
    requests.push_back(compose_.request_for(group[i], notes[i], send_by_mono));
  auto answers = run_.ports.notion.perform(pair_, requests);

  std::vector<Item> outcomes;
  std::optional<Error> stop;
  for (std::size_t i = 0; i < group.size(); ++i) {
    Work& work = group[i];
    if (!answers[i] && answers[i].error().effect == Effect::unknown && mutated(Mutant::retry_create_blindly) &&
        notes[i].kind == RequestKind::create) {
      const PageRequest again[] = {requests[i]};
      answers[i] = std::move(run_.ports.notion.perform(pair_, again).front());
    }
    outcomes.push_back(answers[i] ? page_done(work, notes[i], *answers[i])
                                  : page_failed(work, notes[i], answers[i].error(), stop));
  }
  auto stored = run_.commit(std::move(outcomes));
  if (!stored) return fail(stored.error());
  if (auto kept = write_row_bookkeeping(group); !kept) return kept;
  if (stop) return fail(*stop);
  send_again(group);
  return continue_restored(group);
}

Item Applier::page_done(Work& work, const Pending& note, const Page& page) {
  const Action& action = work.action;
  Item item;
  item.key = action.key;
  item.page_id = page.id;
  item.settle.push_back(note.nonce);
  // A restored page still lacks what the row changed: the hint stays until that has travelled too.
  const bool more_to_do = action.page_op == PageOp::restore && !action.page_set.empty();
  if (!more_to_do) item.ack = work.state.captured;
  item.unpark = !has_undecided(action) && !more_to_do;
  if (!more_to_do) compose_.add_errands(item, work, true);
  HistoryEntry entry;
  entry.side = Side::notion;
  entry.action = name_of(action.page_op);
  entry.reason = joined(action.why(Side::notion));
  for (const auto& change : action.page_set) {
    if (action.page_op == PageOp::create) break;
    entry.before.push_back({change.field, action.page_now[change.field]});
  }
  if (action.page_op == PageOp::trash) {
    for (std::size_t i = 0; i < action.page_now.size(); ++i) entry.before.push_back({i, action.page_now[i]});
  } else if (action.page_op != PageOp::restore) {
    entry.after = action.page_set;
  }
  item.history.push_back(std::move(entry));
  if (mutated(Mutant::loser_logged_late)) item.conflicts = action.conflicts;
  if (work.state.orphan_of.empty()) {
    Link link = compose_.link_after_page(work, &page);
    if (note.kind == RequestKind::create) link.nonce = note.nonce;
    if (work.state.copied_page) link.nonce = note.nonce;
    item.link = link;
    work.state.link = std::move(link);
    item.close_conflicts = action.settled;
  }
  warn_about_formatting(work);
  work.state.page = page;
  count_page(run_.report, action);
  tell(name_of(action.page_op), action.key, action.why(Side::notion));
  return item;
}

// Plain text over formatted text cannot be undone by the tool, so the log says that it happened.
void Applier::warn_about_formatting(const Work& work) const {
  if (!work.state.page) return;
  for (const auto& change : work.action.page_set) {
    const auto& formatted = work.state.page->formatted;
    if (std::ranges::find(formatted, change.field) == formatted.end()) continue;
    run_.note("formatting", work.action.key + ": the formatting of " + pair_.fields[change.field].property +
                                " was replaced by plain text, because its text changed in Supabase");
  }
}

Item Applier::page_failed(Work& work, const Pending& note, const Error& error, std::optional<Error>& stop) {
  Item item;
  item.key = work.action.key;
  item.page_id = note.page_id;
  Parked parked;
  parked.key = work.action.key;
  parked.page_id = note.page_id;
  parked.hint = error.hint;
  work.settled = true;
  const bool not_yet = error.cause == Cause::rate_limited || error.cause == Cause::too_late;
  if (error.effect == Effect::none && not_yet && work.tries < sendings_max) {
    // Asked for silence, or the budget took longer than the note was good for: nothing happened, so the note is void
    // and the record is taken up again, from reading its page anew.
    item.settle.push_back(note.nonce);
    work.send_again = true;
    return item;
  }
  if (error.effect != Effect::none) {
    // Also when it is known to be saved but could not be read back: the recover step learns what became of it.
    parked.kind = Parked::Kind::waiting;
    parked.reason = "the outcome of a request to Notion is unknown: " + error.what;
    parked.next_try_ms = mutated(Mutant::no_quarantine) ? run_.db_now() : next_look(pair_, note);
    // Another part of this run may come to the record again: what links left to do, done in between.
    if (!mutated(Mutant::forget_just_sent)) run_.pending.push_back(note);
  } else {
    item.settle.push_back(note.nonce);
    parked.reason = error.what;
    const bool permanent = error.cause == Cause::invalid || error.cause == Cause::forbidden;
    parked.kind = error.cause == Cause::not_found ? Parked::Kind::held
                  : permanent                     ? Parked::Kind::parked
                                                  : Parked::Kind::waiting;
  }
  if (error.scope != Scope::record) stop = error;
  count_parked(run_.report, parked);
  run_.note(name_of(parked.kind), parked.key + ": " + parked.reason);
  item.ack = work.state.captured;
  item.park = compose_.with_backoff(std::move(parked));
  return item;
}

// The row learns its page's id, checksum and mark. Separate from the link, which must not depend on whether the row
// has moved (R8).
Status Applier::write_row_bookkeeping(std::vector<Work>& group) {
  const auto& book = pair_.book;
  const bool keeps = !book.page_id_column.empty() || !book.checksum_column.empty() || !book.synced_column.empty();
  if (!keeps || pair_.direction == Direction::to_notion || !run_.may_write(Side::supabase)) return {};
  std::vector<Item> items;
  std::vector<Work*> whose;
  const auto queue = [&](Work& work) {
    RowWrite write;
    write.key = work.state.row->key;
    write.version = work.state.row->version;
    Action shown = work.action;
    shown.page_id = work.state.link->page_id;
    shown.row_now = work.state.row->values;
    compose_.add_row_bookkeeping(write, shown);
    Item item;
    item.key = write.key;
    item.row = std::move(write);
    items.push_back(std::move(item));
    whose.push_back(&work);
  };
  for (auto& work : group) {
    const bool wrote = work.action.page_op == PageOp::create || work.action.page_op == PageOp::update;
    if (work.settled || !wrote || !work.state.row || !work.state.link) continue;
    const bool page_id_right = book.page_id_column.empty() || work.state.row->page_id == work.state.link->page_id;
    const bool checksum_right =
        book.checksum_column.empty() || work.state.row->checksum == compose_.checksum_of(work.state.row->values);
    if (!page_id_right || !checksum_right) queue(work);
  }
  for (int round = 0; round < redecide_max && !items.empty(); ++round) {
    auto stored = run_.commit(std::exchange(items, {}));
    if (!stored) return fail(stored.error());
    auto tried = std::exchange(whose, {});
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < tried.size(); ++i) {
      if ((*stored)[i].outcome == ItemResult::Outcome::moved) keys.push_back(tried[i]->state.row->key);
    }
    if (keys.empty()) return {};
    auto rows = run_.ports.table.read(pair_, keys);
    if (!rows) return fail(rows.error());
    for (Work* work : tried) {
      const auto row = std::ranges::find(*rows, work->state.row->key, &Row::key);
      if (row == rows->end()) continue;
      work->state.row = *row;
      queue(*work);
    }
  }
  return {};
}

void Applier::send_again(std::vector<Work>& group) {
  for (auto& work : group) {
    if (!work.send_again) continue;
    Work again = work;
    again.settled = again.send_again = false;
    ++again.tries;
    pages_.push_back(std::move(again));
  }
}

// A restored page may still lack the row's edits: the record is decided once more, now that its page lives.
Status Applier::continue_restored(std::vector<Work>& group) {
  std::vector<Work> again;
  for (auto& work : group) {
    if (work.settled || work.action.page_op != PageOp::restore) continue;
    Action action = decide(pair_, work.state, run_.plan_options());
    if (!action.nothing()) again.push_back({std::move(work.state), std::move(action), work.tries + 1});
  }
  for (auto& work : again) {
    if (work.tries > redecide_max) continue;
    auto& queue = work.action.page_op != PageOp::none ? pages_ : rows_;
    queue.push_back(std::move(work));
  }
  return {};
}

}  // namespace rowpage
