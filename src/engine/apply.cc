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
#include <algorithm>
#include <memory>

#include "core/mutant.h"
#include "core/recover.h"
#include "engine/compose.h"
#include "engine/figures.h"
#include "engine/own_pages.h"
#include "engine/reading.h"
#include "engine/run.h"
#include "engine/targets.h"

namespace rowpage {
namespace {

constexpr Millis send_window_ms = 20 * second_ms;  // a note not sent within it is void
constexpr std::size_t background_max = 30;  // pages noted in one run: a third of a minute's budget, two requests each
constexpr int sendings_max = 5;             // of one record in one run, while Notion asks for silence
constexpr int postponed_rounds = 20;        // as deep a line of parents as is made in order
constexpr int redecide_max = 3;             // a record that keeps moving is left for the next run

class Applier {
 public:
  Applier(Run& run, bool deletions) : run_(run), pair_(run.pair), compose_(run), deleting_(deletions) {}

  Status all(Plan& plan) {
    if (auto done = store_housekeeping(); !done) return done;
    std::uint64_t done_count = 0;
    auto done = plan.for_each_group(run_.options.batch_size, [&](std::vector<RecordState>&& states) -> Status {
      run_.ports.listener.progress("writing", done_count += states.size(), plan.size());
      if (run_.ports.clock.interrupted()) run_.report.interrupted = true;
      if (run_.report.interrupted) return {};
      return take_up_group(std::move(states));
    });
    if (!done) return done;
    if (auto flushed = flush_all(); !flushed) return flushed;
    if (auto made = make_postponed(); !made) return made;
    if (!deleting_) {
      if (auto noted = note_in_background(); !noted) return noted;
    }
    return store_housekeeping();
  }

 private:
  Status take_up_group(std::vector<RecordState>&& states) {
    // What the links lead to may have come into being since the plan was made.
    if (auto found = find_targets(run_, states); !found) return found;
    for (auto& state : states) {
      if (auto taken = take_up(std::move(state)); !taken) return taken;
    }
    return {};
  }

  Status flush_all() {
    if (auto flushed = flush_rows(); !flushed) return flushed;
    while (!pages_.empty() && !run_.report.interrupted) {
      if (auto flushed = flush_pages(); !flushed) return flushed;
    }
    return {};
  }

  // A new record that links to another new one of its own pair: made first, it would have to be written again for the
  // link, which on a page is a reading and a writing.
  bool better_later(const Action& action) const {
    const bool makes = action.page_op == PageOp::create || action.row_op == RowOp::insert;
    if (!makes || !may_postpone_) return false;
    return std::ranges::any_of(action.errands, [&](const Errand& errand) {
      const bool waits = errand.kind == Errand::Kind::await_page || errand.kind == Errand::Kind::await_row;
      return waits && errand.to_schema == pair_.schema_name && errand.to_table == pair_.table_name;
    });
  }

  // As long as that lets some of them have their links from the start; the others, in circles or linked to what does
  // not come, are made as they are.
  Status make_postponed() {
    for (int round = 1; postponed_->size() > 0 && !run_.report.interrupted; ++round) {
      const auto waiting = std::exchange(postponed_, std::make_unique<Spool>());
      const std::size_t before = waiting->size();
      for (std::size_t at = 0; at < before;) {
        std::vector<RecordState> group;
        for (; at < before && group.size() < run_.options.batch_size; ++at) {
          auto state = waiting->at(at);
          if (!state) return fail(state.error());
          group.push_back(std::move(*state));
        }
        if (auto taken = take_up_group(std::move(group)); !taken) return taken;
      }
      if (auto flushed = flush_all(); !flushed) return flushed;
      may_postpone_ = postponed_->size() < before && round < postponed_rounds;
    }
    return {};
  }

  Status store_housekeeping() {
    auto stored = run_.commit(std::exchange(run_.housekeeping, {}));
    if (!stored) return fail(stored.error());
    return {};
  }

  // bookkeeping.write: background. A share of the budget left over when all edits have travelled goes to pages that do
  // not show their bookkeeping yet, a few in every run.
  Status note_in_background() {
    const bool wanted = pair_.book.write == BookkeepingWrite::background && run_.may_write(Side::notion);
    if (!wanted || run_.report.interrupted) return {};
    auto links = run_.ports.store.links_unnoted(pair_, background_max);
    if (!links) return fail(links.error());
    for (auto& link : *links) {
      Work work;
      work.action.key = link.key;
      work.action.page_id = link.page_id;
      work.action.page_op = PageOp::update;
      work.state.link = std::move(link);
      work.state.note_page = true;
      work.state.open = run_.open_for(work.action.key, work.action.page_id);
      if (!work.state.open.empty()) continue;
      pages_.push_back(std::move(work));
      if (pages_.size() < run_.options.in_flight) continue;
      if (auto flushed = flush_pages(); !flushed) return flushed;
    }
    return flush_pages();
  }

  // A record that needs nothing: what the capture log said of it is dealt with.
  Status acknowledge(const RecordState& state, const Action& action) {
    if (!state.captured.empty() || state.due) {
      Item item;
      item.key = action.key;
      item.page_id = action.page_id;
      item.ack = state.captured;
      item.unpark = state.due;
      compose_.add_errands(item, {state, action}, true);
      run_.housekeeping.push_back(std::move(item));
    }
    return run_.housekeeping.size() >= run_.options.batch_size ? store_housekeeping() : Status();
  }

  Status take_up(RecordState&& state) {
    if (run_.ports.clock.interrupted()) run_.report.interrupted = true;
    if (run_.report.interrupted) return {};
    const Action action = decide(pair_, state, run_.plan_options());
    if (deletes(action) != deleting_) {
      run_.deletions_left = run_.deletions_left || !deleting_;
      return {};
    }
    if (action.nothing()) return action.later ? Status() : acknowledge(state, action);
    if (better_later(action)) return postponed_->add(state);
    return take(std::move(state), action);
  }

  Status take(RecordState&& state, const Action& action) {
    const bool needs_page = action.page_op != PageOp::none;
    auto& queue = needs_page ? pages_ : rows_;
    queue.push_back({std::move(state), action});
    if (pages_.size() >= run_.options.in_flight) {
      if (auto flushed = flush_pages(); !flushed) return flushed;
    }
    return rows_.size() >= run_.options.batch_size ? flush_rows() : Status();
  }

  // --- rows

  Status flush_rows() {
    auto batch = std::exchange(rows_, {});
    if (batch.empty()) return {};
    if (auto kept = run_.keep_lease(); !kept) return kept;
    return store_rows(batch);
  }

  // Commits the row part (or the learning, or the parking) of each work; marks those that are finished.
  Status store_rows(std::vector<Work>& batch) {
    for (int round = 0; round < redecide_max; ++round) {
      std::vector<Item> items;
      std::vector<Work*> whose;
      for (auto& work : batch) {
        if (work.settled) continue;
        const bool page_only = work.action.page_op != PageOp::none && work.action.row_op == RowOp::none &&
                               !work.action.park && !work.action.link_new && work.action.agreed.empty() &&
                               work.action.noticed.empty() && !has_undecided(work.action) &&
                               std::ranges::none_of(work.action.edges, &EdgeMerge::learns);
        if (page_only) continue;
        items.push_back(compose_.row_item(work));
        whose.push_back(&work);
      }
      if (items.empty()) break;
      auto stored = run_.commit(std::move(items));
      if (!stored) return fail(stored.error());
      bool again = false;
      for (std::size_t i = 0; i < whose.size(); ++i) {
        Work& work = *whose[i];
        auto& outcome = (*stored)[i];
        if (outcome.refused) {
          if (auto parked = park_refused(work, *outcome.refused); !parked) return parked;
        } else if (outcome.outcome == ItemResult::Outcome::moved) {
          again = true;
        } else {
          row_done(work, std::move(outcome.row));
        }
      }
      if (!again) break;
      if (auto reread = redecide_rows(batch); !reread) return reread;
    }
    // What still moves is left: its row changed again under us, so the capture log names it for the next run.
    for (auto& work : batch) {
      if (work.settled || work.action.row_op == RowOp::none) continue;
      work.settled = true;
      ++run_.report.waiting;
      run_.note("moved", work.action.key + ": the row keeps changing; left for the next run");
    }
    return {};
  }

  // A row that has moved since it was observed may carry an edit of which the capture log will only tell later.
  static void take_row(RecordState& state, std::optional<Row> row) {
    const bool same = row && state.row && row->version == state.row->version;
    state.derived = state.derived && same;
    state.row = std::move(row);
  }

  // Compare-and-set lost: read the rows again and decide anew.
  Status redecide_rows(std::vector<Work>& batch) {
    std::vector<std::string> keys;
    for (const auto& work : batch) {
      if (!work.settled && !work.action.key.empty()) keys.push_back(work.action.key);
    }
    if (keys.empty()) return {};
    auto rows = run_.ports.table.read(pair_, keys);
    if (!rows) return fail(rows.error());
    for (auto& work : batch) {
      if (work.settled || work.action.key.empty()) continue;
      const auto row = std::ranges::find(*rows, work.action.key, &Row::key);
      take_row(work.state, row != rows->end() ? std::optional(*row) : std::nullopt);
      if (auto found = find_targets(run_, work.state); !found) return found;
      work.action = decide(pair_, work.state, run_.plan_options());
      if (work.action.nothing()) work.settled = true;
    }
    return {};
  }

  void row_done(Work& work, std::optional<Row> row) {
    const Action action = work.action;
    count_row(run_.report, action);
    if (action.park) {
      tell(name_of(action.park->kind), action.key.empty() ? action.page_id : action.key, action.reasons);
    } else if (action.row_op != RowOp::none) {
      tell(name_of(action.row_op), row ? row->key : action.key, action.why(Side::supabase));
    } else if (action.page_op == PageOp::none) {
      tell(action.close ? "close" : "link", action.key, action.reasons);
    }
    if (action.park) {
      count_parked(run_.report, *action.park);
      work.settled = true;
      return;
    }
    if (action.page_op == PageOp::none) {
      work.settled = true;
      return;
    }
    // The page part follows from the link and the row as they are now.
    work.state.link = compose_.link_after_row(work);
    if (row) {
      work.action.key = work.state.link->key = row->key;
      for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
        if (has_field(action.row_set, i)) work.state.link->row_shadow[i] = row->values[i];
      }
      work.action.row_now = row->values;
      work.state.row = std::move(row);
    }
    work.action.row_op = RowOp::none;
    work.action.row_set.clear();
    work.action.agreed.clear();
    work.action.noticed.clear();
    for (auto& merge : work.action.edges) {
      for (auto* settled : {&merge.agreed_in, &merge.agreed_out, &merge.row_add, &merge.row_drop}) settled->clear();
    }
    work.action.link_new = false;
    work.state.adopting = false;
    std::erase_if(work.action.conflicts, [](const Conflict& c) { return c.winner != Side::supabase; });
  }

  void tell(std::string_view event, const std::string& key, const std::vector<std::string>& reasons) const {
    for (const auto& reason : reasons) run_.note(event, key + ": " + reason);
  }

  Status park_refused(Work& work, const Error& error) {
    Parked parked;
    parked.kind = Parked::Kind::parked;
    parked.key = work.action.key;
    parked.page_id = work.action.page_id;
    parked.reason = "PostgreSQL refused the row: " + error.what;
    parked.hint = error.hint;
    return park(work, std::move(parked));
  }

  Status park(Work& work, Parked parked) {
    Item item;
    item.key = parked.key;
    item.page_id = parked.page_id;
    item.ack = work.state.captured;
    count_parked(run_.report, parked);
    run_.note(name_of(parked.kind), (parked.key.empty() ? parked.page_id : parked.key) + ": " + parked.reason);
    item.park = compose_.with_backoff(std::move(parked));
    work.settled = true;
    std::vector<Item> items;
    items.push_back(std::move(item));
    auto stored = run_.commit(std::move(items));
    if (!stored) return fail(stored.error());
    return {};
  }

  // --- pages

  Status flush_pages() {
    auto group = std::exchange(pages_, {});
    if (group.empty()) return {};
    std::size_t requests = 0;
    for (const auto& work : group) requests += work.action.page_op == PageOp::create ? 1 : 2;
    if (!run_.ports.notion.ready(requests)) {
      if (run_.ports.clock.interrupted()) {
        run_.report.interrupted = true;
        return {};
      }
      return fail({Effect::none, Scope::workspace, Cause::rate_limited,
                   "Notion takes no more requests of this integration",
                   "See the log for its reason; what is left travels in a later run."});
    }
    if (auto kept = run_.keep_lease(); !kept) return kept;
    if (auto fresh = read_fresh(group); !fresh) return fresh;
    if (auto stored = store_rows(group); !stored) return stored;
    const bool cut_short = run_.listing_cut_short && !mutated(Mutant::no_look_when_cut_short);
    if (pair_.nonce_id.empty() || cut_short) {
      if (auto looked = look_before_creating(group); !looked) return looked;
    }
    std::erase_if(group, [](const Work& work) { return work.settled || work.action.page_op == PageOp::none; });
    if (group.empty()) return {};
    return send(group);
  }

  // A page is created only when none carries a key it could be matched by (R2: look-up-or-create): where the pair keeps
  // no nonce, and where Notion cut the listing short, so that the row's counterpart may just not have shown.
  Status look_before_creating(std::vector<Work>& group) {
    auto fields = key_fields(pair_);
    if (pair_.nonce_id.empty() && fields.size() > 1) fields.resize(1);  // a lost create is found by the first alone
    for (auto& work : group) {
      if (work.settled || work.action.page_op != PageOp::create) continue;
      std::vector<Change> keys;
      for (const std::size_t field : fields) {
        const auto value = std::ranges::find(work.action.page_set, field, &Change::field);
        if (value != work.action.page_set.end()) keys.push_back(*value);
      }
      Parked parked;
      parked.key = work.action.key;
      if (keys.empty() && !pair_.nonce_id.empty()) continue;  // nothing to look for, and the nonce serves
      if (keys.empty()) {
        parked.reason = "the row's natural key is empty, and without a nonce a page is created only under its key";
        parked.hint = "Fill the key, or keep a nonce property (`bookkeeping.nonce`).";
      } else {
        auto taken = key_is_taken(keys);
        if (!taken) return fail(taken.error());
        if (taken->empty()) continue;
        parked.kind = Parked::Kind::waiting;
        parked.reason = *taken;
        run_.next.stranded_pages = true;  // makes the next run look at all pages
      }
      if (auto done = park(work, std::move(parked)); !done) return done;
    }
    return {};
  }

  // Why a page may be there already; empty: none is.
  Result<std::string> key_is_taken(const std::vector<Change>& keys) {
    for (const auto& key : keys) {
      auto look = pages_with_key(run_, key);
      if (!look) return fail(look.error());
      if (!look->pages.empty())
        return std::string("a page with this key is there already; they are matched in the next run");
      if (!look->complete)
        return std::string(
            "Notion did not show all pages, and one with this key may be among them; looked for again in the next run");
    }
    return std::string();
  }

  // Step 2: pages by id, rows by key, and each record decided anew.
  Status read_fresh(std::vector<Work>& group) {
    std::vector<PageRequest> reads;
    std::vector<Work*> whose;
    std::vector<std::string> keys;
    for (auto& work : group) {
      if (work.action.page_op != PageOp::create && !mutated(Mutant::no_fresh_read)) {
        PageRequest read;
        read.page_id = work.action.page_id;
        if (!work.state.orphan_of.empty()) read.page_id = work.state.page->id;
        reads.push_back(std::move(read));
        whose.push_back(&work);
      }
      if (!work.action.key.empty() && work.state.orphan_of.empty()) keys.push_back(work.action.key);
    }
    auto answers = run_.ports.notion.perform(pair_, reads);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (auto taken = take_fresh(*whose[i], std::move(answers[i])); !taken) return taken;
    }
    auto rows = run_.ports.table.read(pair_, keys);
    if (!rows) return fail(rows.error());
    std::vector<RecordState*> states;
    for (auto& work : group) {
      if (work.settled) continue;
      if (!work.action.key.empty() && work.state.orphan_of.empty()) {
        const auto row = std::ranges::find(*rows, work.action.key, &Row::key);
        take_row(work.state, row != rows->end() ? std::optional(*row) : std::nullopt);
      }
      states.push_back(&work.state);
    }
    if (auto found = find_targets(run_, states); !found) return found;
    for (auto& work : group) {
      if (work.settled) continue;
      if (!work.action.key.empty() && work.state.orphan_of.empty()) {
        if (!work.state.row && !work.state.link && !work.state.page) {
          work.settled = true;  // an unlinked row that has gone again
          continue;
        }
      }
      work.action = decide(pair_, work.state, run_.plan_options());
      if (work.action.nothing()) {
        if (auto done = forget(work); !done) return done;
      } else if (deletes(work.action) && !deleting_) {
        // Deletions pass the brake first: this one was not in the plan, so it waits for the next.
        Parked later;
        later.kind = Parked::Kind::waiting;
        later.key = work.action.key;
        later.page_id = work.action.page_id;
        later.reason = "found deleted while it was to be written; decided upon in the next run";
        if (auto parked = park(work, std::move(later)); !parked) return parked;
      }
    }
    return {};
  }

  // Nothing is left to do for this record after all.
  Status forget(Work& work) {
    work.settled = true;
    if (work.action.later) return {};
    Item item;
    item.key = work.action.key;
    item.page_id = work.action.page_id;
    item.ack = work.state.captured;
    item.unpark = true;
    compose_.add_errands(item, work, true);
    std::vector<Item> items;
    items.push_back(std::move(item));
    auto stored = run_.commit(std::move(items));
    if (!stored) return fail(stored.error());
    return {};
  }

  Status take_fresh(Work& work, Result<Page> answer) {
    if (!answer && answer.error().scope == Scope::record && answer.error().cause != Cause::not_found) {
      return park_error(work, answer.error(), Parked::Kind::waiting);
    }
    return place_reading(pair_, work.state, std::move(answer));
  }

  Status park_error(Work& work, const Error& error, Parked::Kind kind) {
    Parked parked;
    parked.kind = kind;
    parked.key = work.action.key;
    parked.page_id = work.action.page_id;
    parked.reason = error.what;
    parked.hint = error.hint;
    return park(work, std::move(parked));
  }

  // Steps 4 to 6.
  Status send(std::vector<Work>& group) {
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

  Item page_done(Work& work, const Pending& note, const Page& page) {
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
  void warn_about_formatting(const Work& work) const {
    if (!work.state.page) return;
    for (const auto& change : work.action.page_set) {
      const auto& formatted = work.state.page->formatted;
      if (std::ranges::find(formatted, change.field) == formatted.end()) continue;
      run_.note("formatting", work.action.key + ": the formatting of " + pair_.fields[change.field].property +
                                  " was replaced by plain text, because its text changed in Supabase");
    }
  }

  Item page_failed(Work& work, const Pending& note, const Error& error, std::optional<Error>& stop) {
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
  Status write_row_bookkeeping(std::vector<Work>& group) {
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

  void send_again(std::vector<Work>& group) {
    for (auto& work : group) {
      if (!work.send_again) continue;
      Work again = work;
      again.settled = again.send_again = false;
      ++again.tries;
      pages_.push_back(std::move(again));
    }
  }

  // A restored page may still lack the row's edits: the record is decided once more, now that its page lives.
  Status continue_restored(std::vector<Work>& group) {
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

  Run& run_;
  const Pair& pair_;
  Composer compose_;
  std::vector<Work> rows_, pages_;
  std::unique_ptr<Spool> postponed_ = std::make_unique<Spool>();
  bool may_postpone_ = true;
  bool deleting_;  // the part of the plan under way
};

}  // namespace

Status apply(Run& run, Plan& plan, bool deletions) {
  return Applier(run, deletions).all(plan);
}

}  // namespace rowpage
