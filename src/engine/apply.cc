// Applying the plan: rows in batches, each one transaction; pages a few at a time under the write protocol (anchors
// A7).
//
// The order for a group of pages, and why it may not change:
//   1. wait until the budget allows the whole group       so that reading and writing stay close together (R10)
//   2. read the pages by id and the rows again, decide anew  what the listing said may be old
//   3. commit what goes to rows                            compare-and-set against what was just read (R12)
//   4. commit the notes and the losers of conflicts         written down before the first byte is sent (R1, R11)
//   5. send                                               each at most once, never after its send_by
//   6. commit what came back                               an unknown outcome stays noted and its record waits (R4, R6)
// Creations and updates come first, deletions last (R14).
#include <algorithm>

#include "base/digest.h"
#include "core/mutant.h"
#include "core/recover.h"
#include "engine/own_pages.h"
#include "engine/run.h"

namespace rowpage {
namespace {

constexpr Millis send_window_ms = 20 * second_ms;  // a note not sent within it is void
constexpr int redecide_max = 3;                    // a record that keeps moving is left for the next run

bool deletes(const Action& action) {
  return action.row_op == RowOp::soft_delete || action.row_op == RowOp::hard_delete || action.page_op == PageOp::trash;
}

RowWrite::Kind write_kind(RowOp op) {
  switch (op) {
    case RowOp::insert:
      return RowWrite::Kind::insert;
    case RowOp::soft_delete:
      return RowWrite::Kind::soft_delete;
    case RowOp::hard_delete:
      return RowWrite::Kind::hard_delete;
    case RowOp::restore:
      return RowWrite::Kind::restore;
    default:
      return RowWrite::Kind::update;
  }
}

RequestKind request_kind_of(PageOp op) {
  switch (op) {
    case PageOp::create:
      return RequestKind::create;
    case PageOp::trash:
      return RequestKind::trash;
    case PageOp::restore:
      return RequestKind::restore;
    default:
      return RequestKind::update;
  }
}

bool has_field(const std::vector<Change>& changes, std::size_t field) {
  return std::ranges::find(changes, field, &Change::field) != changes.end();
}

std::string joined(const std::vector<std::string>& reasons) {
  std::string text;
  for (const auto& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

class Applier {
 public:
  explicit Applier(Run& run) : run_(run), pair_(run.pair) {}

  Status all(Plan& plan) {
    if (auto done = store_housekeeping(); !done) return done;
    // Two passes over the plan: what makes and changes, then what deletes.
    const bool first_pass_deletes = mutated(Mutant::deletes_first);
    for (const bool pass_deletes : {first_pass_deletes, !first_pass_deletes}) {
      deleting_ = pass_deletes;
      std::uint64_t done_count = 0;
      auto done = plan.for_each([&](RecordState&& state) -> Status {
        run_.ports.listener.progress("writing", ++done_count, plan.size());
        if (run_.ports.clock.interrupted()) run_.report.interrupted = true;
        if (run_.report.interrupted) return {};
        const Action action = decide(pair_, state, run_.plan_options());
        if (deletes(action) != pass_deletes) return {};
        if (action.nothing()) return action.later ? Status() : acknowledge(state, action);
        return take(std::move(state), action);
      });
      if (!done) return done;
      if (auto flushed = flush_rows(); !flushed) return flushed;
      while (!pages_.empty() && !run_.report.interrupted) {
        if (auto flushed = flush_pages(); !flushed) return flushed;
      }
    }
    return store_housekeeping();
  }

 private:
  struct Work {
    RecordState state;
    Action action;
    int tries = 0;
    bool settled = false;  // nothing more to do for this record
  };

  Status store_housekeeping() {
    auto stored = run_.commit(std::exchange(run_.housekeeping, {}));
    if (!stored) return fail(stored.error());
    return {};
  }

  // A record that needs nothing: what the capture log said of it is dealt with.
  Status acknowledge(const RecordState& state, const Action& action) {
    if (!state.captured.empty() || state.due) {
      Item item;
      item.key = action.key;
      item.page_id = action.page_id;
      item.ack = state.captured;
      item.unpark = state.due;
      run_.housekeeping.push_back(std::move(item));
    }
    return run_.housekeeping.size() >= run_.options.batch_size ? store_housekeeping() : Status();
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
                               !has_undecided(work.action);
        if (page_only) continue;
        items.push_back(row_item(work));
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

  static bool has_undecided(const Action& action) {
    return std::ranges::any_of(action.conflicts, [](const Conflict& c) { return !c.winner; });
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
      work.state.row = row != rows->end() ? std::optional(*row) : std::nullopt;
      work.state.row_presumed = false;
      work.action = decide(pair_, work.state, run_.plan_options());
      if (work.action.nothing()) work.settled = true;
    }
    return {};
  }

  // The link as it will be once the row part is stored.
  Link link_after_row(const Work& work) const {
    const Action& action = work.action;
    Link link;
    const bool fresh = !work.state.link;
    if (fresh) {
      link.key = action.key;
      link.page_id = action.page_id;
      link.page_shadow.resize(pair_.fields.size());
      link.row_shadow.resize(pair_.fields.size());
      for (std::size_t i = 0; i < pair_.fields.size(); ++i) link.unsettled.push_back(i);
      if (work.state.copied_page) link.nonce.clear();
    } else {
      link = *work.state.link;
    }
    const auto settle = [&](std::size_t i) {
      std::erase(link.unsettled, i);
      std::erase_if(link.choices, [i](const auto& choice) { return choice.first == i; });
      if (i < link.page_seen.size()) link.page_seen[i].reset();
      if (i < link.row_seen.size()) link.row_seen[i].reset();
    };
    const auto take_both = [&](std::size_t i) {
      link.page_shadow[i] = action.page_now[i];
      link.row_shadow[i] = action.row_now[i];
      settle(i);
    };
    for (const std::size_t i : action.agreed) take_both(i);
    if (action.row_op == RowOp::insert) {
      // A whole row made from a page: both halves agree in everything that travels to the row.
      for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
        link.page_shadow[i] = action.page_now[i];
        link.row_shadow[i] = Null{};
        settle(i);
      }
    }
    for (const auto& change : action.row_op == RowOp::none ? std::vector<Change>() : action.row_set) {
      link.page_shadow[change.field] = action.page_now[change.field];
      link.row_shadow[change.field] = change.value;
      settle(change.field);
    }
    if (action.close || action.row_op == RowOp::soft_delete || action.row_op == RowOp::hard_delete) {
      link.page_live = link.row_live = false;
    } else if (action.row_op == RowOp::insert || action.row_op == RowOp::restore || action.link_new) {
      link.row_live = true;
      // A page about to be restored is still in the trash.
      link.page_live = action.page_op != PageOp::restore;
    }
    if (work.state.page) link.page_edited_ms = std::max(link.page_edited_ms, work.state.page->edited_ms);
    remember_seen(work, link);
    return link;
  }

  // An open conflict keeps the time at which each side's change was first seen.
  static void remember_seen(const Work& work, Link& link) {
    for (const auto& conflict : work.action.conflicts) {
      if (conflict.winner) continue;
      link.page_seen.resize(link.page_shadow.size());
      link.row_seen.resize(link.page_shadow.size());
      if (!link.page_seen[conflict.field]) link.page_seen[conflict.field] = conflict.page_ms;
      if (!link.row_seen[conflict.field]) link.row_seen[conflict.field] = conflict.row_ms;
    }
  }

  // Fields of the stored row that are not agreed by this write: their shadow must not move.
  std::vector<std::size_t> kept_shadows(const Action& action) const {
    std::vector<std::size_t> keep;
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
      const bool covered = has_field(action.row_set, i) || std::ranges::find(action.agreed, i) != action.agreed.end();
      if (!covered) keep.push_back(i);
    }
    return keep;
  }

  Item row_item(Work& work) {
    const Action& action = work.action;
    Item item;
    item.key = action.key;
    item.page_id = action.page_id;
    item.ack = work.state.captured;
    if (action.park) {
      item.park = with_backoff(*action.park);
      return item;
    }
    for (const auto& conflict : action.conflicts) {
      const bool before_page = conflict.winner == Side::supabase && action.page_op != PageOp::none;
      if (before_page || (mutated(Mutant::loser_logged_late) && conflict.winner))
        continue;  // logged with the note, step 4
      item.conflicts.push_back(conflict);
    }
    item.close_conflicts = action.settled;
    item.link = link_after_row(work);
    if (has_undecided(action)) {
      Parked undecided;
      undecided.kind = Parked::Kind::undecided;
      undecided.key = action.key;
      undecided.page_id = action.page_id;
      undecided.reason = "a person must decide: " + joined(action.reasons);
      undecided.hint = "`rowpage conflicts list`, then `rowpage conflicts resolve`.";
      undecided.next_try_ms = run_.db_now() + 3650 * day_ms;  // nothing to try until somebody decides or edits
      item.park = std::move(undecided);
    } else {
      item.unpark = true;
    }
    if (action.page_op != PageOp::none) item.ack.clear();  // the page part has still to succeed
    if (action.row_op == RowOp::none) {
      if (action.link_new) item.history.push_back({Side::supabase, "link", {}, {}, joined(action.reasons)});
      if (action.close) item.history.push_back({Side::supabase, "close", {}, {}, joined(action.reasons)});
      return item;
    }
    RowWrite write;
    write.kind = write_kind(action.row_op);
    write.key = action.key;
    if (work.state.row && write.kind != RowWrite::Kind::insert) write.version = work.state.row->version;
    if (mutated(Mutant::no_compare_and_set)) write.version.clear();
    write.set = action.row_set;
    const bool deleting = write.kind == RowWrite::Kind::soft_delete || write.kind == RowWrite::Kind::hard_delete;
    if (!deleting) add_row_bookkeeping(write, action);
    HistoryEntry entry;
    entry.side = Side::supabase;
    entry.action = name_of(action.row_op);
    if (deleting) {
      for (std::size_t i = 0; i < action.row_now.size(); ++i) entry.before.push_back({i, action.row_now[i]});
    } else {
      for (const auto& change : action.row_set)
        entry.before.push_back({change.field, action.row_now.empty() ? Value{} : action.row_now[change.field]});
    }
    entry.reason = joined(action.why(Side::supabase));
    item.history.push_back(std::move(entry));
    item.row = std::move(write);
    item.keep_shadow = kept_shadows(action);
    if (deleting) item.keep_shadow.clear();
    return item;
  }

  void add_row_bookkeeping(RowWrite& write, const Action& action) const {
    const auto& book = pair_.book;
    if (!book.page_id_column.empty()) write.page_id = action.page_id;
    if (!book.synced_column.empty() && book.write != BookkeepingWrite::off) write.synced = true;
    if (!book.checksum_column.empty()) {
      Values after = action.row_now.empty() ? Values(pair_.fields.size()) : action.row_now;
      for (const auto& change : write.set) after[change.field] = change.value;
      write.checksum = checksum_of(after);
    }
  }

  std::string checksum_of(const Values& values) const {
    const std::string text = checksum_text(pair_, values);
    return text.empty() ? std::string() : sha256_hex(text);
  }

  void row_done(Work& work, std::optional<Row> row) {
    const Action action = work.action;
    count_row(action);
    if (action.park) {
      tell(name_of(action.park->kind), action.key.empty() ? action.page_id : action.key, action.reasons);
    } else if (action.row_op != RowOp::none) {
      tell(name_of(action.row_op), row ? row->key : action.key, action.why(Side::supabase));
    } else if (action.page_op == PageOp::none) {
      tell(action.close ? "close" : "link", action.key, action.reasons);
    }
    if (action.park) {
      count_parked(*action.park);
      work.settled = true;
      return;
    }
    if (action.page_op == PageOp::none) {
      work.settled = true;
      return;
    }
    // The page part follows from the link and the row as they are now.
    work.state.link = link_after_row(work);
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
    count_parked(parked);
    run_.note(name_of(parked.kind), (parked.key.empty() ? parked.page_id : parked.key) + ": " + parked.reason);
    item.park = with_backoff(std::move(parked));
    work.settled = true;
    std::vector<Item> items;
    items.push_back(std::move(item));
    auto stored = run_.commit(std::move(items));
    if (!stored) return fail(stored.error());
    return {};
  }

  // When a waiting record is looked at again by itself (an edit of either half brings it back at once).
  Parked with_backoff(Parked parked) const {
    if (parked.next_try_ms != 0) return parked;
    const Millis now = run_.db_now();
    switch (parked.kind) {
      case Parked::Kind::waiting: {
        Millis look = now;
        for (const auto& request : run_.open_for(parked.key, parked.page_id))
          look = std::max(look, next_look(pair_, request));
        parked.next_try_ms = look;
        break;
      }
      case Parked::Kind::parked:
        parked.next_try_ms = now + hour_ms;
        break;
      case Parked::Kind::held:
        parked.next_try_ms = now + day_ms;
        break;
      case Parked::Kind::undecided:
        parked.next_try_ms = now + 3650 * day_ms;
        break;
    }
    return parked;
  }

  // --- pages

  Status flush_pages() {
    auto group = std::exchange(pages_, {});
    if (group.empty()) return {};
    std::size_t requests = 0;
    for (const auto& work : group) requests += work.action.page_op == PageOp::create ? 1 : 2;
    if (!run_.ports.notion.ready(requests)) {
      run_.report.interrupted = true;
      return {};
    }
    if (auto kept = run_.keep_lease(); !kept) return kept;
    if (auto fresh = read_fresh(group); !fresh) return fresh;
    if (auto stored = store_rows(group); !stored) return stored;
    if (pair_.nonce_id.empty()) {
      if (auto looked = look_before_creating(group); !looked) return looked;
    }
    std::erase_if(group, [](const Work& work) { return work.settled || work.action.page_op == PageOp::none; });
    if (group.empty()) return {};
    return send(group);
  }

  // nonce: off. A page is created only when none carries its natural key (R2: look-up-or-create).
  Status look_before_creating(std::vector<Work>& group) {
    const auto key = natural_key(pair_);
    for (auto& work : group) {
      if (work.settled || work.action.page_op != PageOp::create) continue;
      const auto value = std::ranges::find(work.action.page_set, key.value_or(pair_.fields.size()), &Change::field);
      Parked parked;
      parked.key = work.action.key;
      if (value == work.action.page_set.end()) {
        parked.reason = "the row's natural key is empty, and without a nonce a page is created only under its key";
        parked.hint = "Fill the key, or keep a nonce property (`bookkeeping.nonce`).";
      } else {
        auto pages = pages_with_key(run_, *value);
        if (!pages) return fail(pages.error());
        if (pages->empty()) continue;
        parked.kind = Parked::Kind::waiting;
        parked.reason = "a page with this key is there already; they are matched in the next run";
        run_.next.stranded_pages = true;  // makes the next run look at all pages
      }
      if (auto done = park(work, std::move(parked)); !done) return done;
    }
    return {};
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
    for (auto& work : group) {
      if (work.settled) continue;
      if (!work.action.key.empty() && work.state.orphan_of.empty()) {
        const auto row = std::ranges::find(*rows, work.action.key, &Row::key);
        work.state.row = row != rows->end() ? std::optional(*row) : std::nullopt;
        work.state.row_presumed = false;
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
    std::vector<Item> items;
    items.push_back(std::move(item));
    auto stored = run_.commit(std::move(items));
    if (!stored) return fail(stored.error());
    return {};
  }

  Status take_fresh(Work& work, Result<Page> answer) {
    if (answer) {
      work.state.page_presumed = false;
      if (answer->is_archived) {
        work.state.page_left = "the page was archived in Notion (which is not the trash)";
      } else if (!answer->parent.empty() && answer->parent != pair_.data_source) {
        work.state.page_left = "the page was moved to another place in Notion";
      }
      work.state.page = std::move(*answer);
      return {};
    }
    const Error& error = answer.error();
    if (error.cause == Cause::not_found) {
      work.state.page_left =
          "the page can no longer be read: deleted for good, or no longer shared with the integration";
      return {};
    }
    if (error.scope != Scope::record) return fail(error);
    return park_error(work, error, Parked::Kind::waiting);
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

  Pending note_for(const Work& work, Millis send_by) {
    Pending note;
    note.kind = request_kind_of(work.action.page_op);
    note.key = work.action.key;
    const bool reused = mutated(Mutant::same_nonce_again) && note.kind == RequestKind::create;
    note.nonce = reused ? note.key : run_.ports.new_nonce();
    note.page_id = work.action.page_op == PageOp::create ? std::string() : request_page(work);
    const bool carries = note.kind == RequestKind::create || note.kind == RequestKind::update;
    if (carries) note.intended = work.action.page_set;
    if (note.kind == RequestKind::update) {
      for (const auto& change : note.intended) note.found.push_back({change.field, work.action.page_now[change.field]});
    }
    if (mutated(Mutant::note_without_values)) note.intended.clear();
    note.noted_ms = run_.db_now();
    note.send_by_ms = send_by;
    return note;
  }

  static std::string request_page(const Work& work) {
    return work.state.orphan_of.empty() ? work.action.page_id : work.state.page->id;
  }

  // Steps 4 to 6.
  Status send(std::vector<Work>& group) {
    const Millis send_by_mono = run_.ports.clock.monotonic() + send_window_ms;
    const Millis send_by_db = run_.db_now() + send_window_ms;
    std::vector<Pending> notes;
    std::vector<Item> items;
    for (auto& work : group) {
      Pending note = note_for(work, send_by_db);
      Item item;
      item.key = note.key;
      item.page_id = note.page_id;
      const bool unnoted = mutated(Mutant::no_note_before_create) && note.kind == RequestKind::create;
      if (!unnoted) item.note.push_back(note);
      if (!mutated(Mutant::loser_logged_late)) item.conflicts = work.action.conflicts;
      if (mutated(Mutant::shadow_before_write) && work.state.link && note.kind == RequestKind::update)
        item.link = link_after_page(work, nullptr);
      if (note.kind == RequestKind::restore && work.state.link) item.link = keep_verdict(work);
      items.push_back(std::move(item));
      notes.push_back(std::move(note));
    }
    auto noted = run_.commit(std::move(items));
    if (!noted) return fail(noted.error());

    std::vector<PageRequest> requests;
    for (std::size_t i = 0; i < group.size(); ++i) requests.push_back(request_for(group[i], notes[i], send_by_mono));
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
    return continue_restored(group);
  }

  // A restore carries no values; those follow once the page lives. Who won its conflicts is remembered until then.
  static Link keep_verdict(Work& work) {
    for (const auto& conflict : work.action.conflicts) {
      if (conflict.winner) work.state.link->choices.emplace_back(conflict.field, *conflict.winner);
    }
    return *work.state.link;
  }

  PageRequest request_for(const Work& work, const Pending& note, Millis send_by) const {
    PageRequest request;
    request.send_by = send_by;
    request.page_id = note.page_id;
    switch (note.kind) {
      case RequestKind::create:
        request.kind = PageRequest::Kind::create;
        break;
      case RequestKind::update:
        request.kind = PageRequest::Kind::update;
        break;
      case RequestKind::trash:
        request.kind = PageRequest::Kind::trash;
        return request;
      case RequestKind::restore:
        request.kind = PageRequest::Kind::restore;
        return request;
    }
    request.set = work.action.page_set;
    const auto& book = pair_.book;
    const bool creating = note.kind == RequestKind::create;
    if ((creating || work.state.copied_page) && !pair_.nonce_id.empty()) request.nonce = note.nonce;
    if (!pair_.row_id_id.empty()) request.row_id = work.action.key;
    if (book.write != BookkeepingWrite::off) {
      if (!pair_.synced_id.empty()) request.synced = true;
      if (!pair_.last_synced_id.empty()) request.last_synced_ms = floor_minute(run_.db_now() + minute_ms - 1);
    }
    if (!pair_.checksum_id.empty()) request.checksum = checksum_of(work.action.row_now);
    return request;
  }

  // The link once the page shows what we sent. `page`: as Notion returned it.
  Link link_after_page(const Work& work, const Page* page) const {
    const Action& action = work.action;
    Link link;
    if (work.state.link) {
      link = *work.state.link;
    } else if (page) {
      link = adopt(pair_, action.page_set, {}, *page, work.state.row ? &*work.state.row : nullptr, action.key);
    }
    if (page) {
      link.page_id = page->id;
      link.page_edited_ms = std::max(link.page_edited_ms, page->edited_ms);
    }
    const auto settle = [&](std::size_t i) {
      std::erase(link.unsettled, i);
      std::erase_if(link.choices, [i](const auto& choice) { return choice.first == i; });
      if (i < link.page_seen.size()) link.page_seen[i].reset();
      if (i < link.row_seen.size()) link.row_seen[i].reset();
    };
    const bool carried = action.page_op == PageOp::update;
    for (const auto& change : carried ? action.page_set : std::vector<Change>()) {
      // What we sent, not what came back: the answer may be a page read back after a lost one, with a person's edit on
      // it already. Where Notion spells a value its own way, that spelling travels to the row once.
      link.page_shadow[change.field] = change.value;
      link.row_shadow[change.field] = action.row_now[change.field];
      settle(change.field);
    }
    if (action.page_op == PageOp::trash) link.page_live = link.row_live = false;
    if (action.page_op == PageOp::restore) link.page_live = link.row_live = true;
    return link;
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
      Link link = link_after_page(work, &page);
      if (note.kind == RequestKind::create) link.nonce = note.nonce;
      if (work.state.copied_page) link.nonce = note.nonce;
      item.link = link;
      work.state.link = std::move(link);
      item.close_conflicts = action.settled;
    }
    warn_about_formatting(work);
    work.state.page = page;
    count_page(action);
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
    if (error.effect != Effect::none) {
      // Also when it is known to be saved but could not be read back: the recover step learns what became of it.
      parked.kind = Parked::Kind::waiting;
      parked.reason = "the outcome of a request to Notion is unknown: " + error.what;
      parked.next_try_ms = mutated(Mutant::no_quarantine) ? run_.db_now() : next_look(pair_, note);
    } else {
      item.settle.push_back(note.nonce);
      parked.reason = error.what;
      const bool permanent = error.cause == Cause::invalid || error.cause == Cause::forbidden;
      parked.kind = error.cause == Cause::not_found ? Parked::Kind::held
                    : permanent                     ? Parked::Kind::parked
                                                    : Parked::Kind::waiting;
    }
    if (error.scope != Scope::record) stop = error;
    count_parked(parked);
    run_.note(name_of(parked.kind), parked.key + ": " + parked.reason);
    item.ack = work.state.captured;
    item.park = with_backoff(std::move(parked));
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
      add_row_bookkeeping(write, shown);
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
          book.checksum_column.empty() || work.state.row->checksum == checksum_of(work.state.row->values);
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

  // --- figures

  void count_row(const Action& action) {
    PairReport& report = run_.report;
    if (action.link_new && !action.park) ++report.linked;
    if (!action.agreed.empty()) ++report.agreed;
    for (const auto& conflict : action.conflicts) {
      if (!conflict.winner) ++report.undecided;
      if (conflict.winner == Side::notion) ++report.conflicts;
    }
    report.drift += action.drift.size();
    if (action.later) ++report.later;
    switch (action.row_op) {
      case RowOp::none:
        break;
      case RowOp::insert:
        ++report.rows_created;
        break;
      case RowOp::update:
        ++report.rows_updated;
        break;
      case RowOp::soft_delete:
      case RowOp::hard_delete:
        ++report.rows_deleted;
        break;
      case RowOp::restore:
        ++report.rows_restored;
        break;
    }
  }

  void count_page(const Action& action) {
    PairReport& report = run_.report;
    for (const auto& conflict : action.conflicts) report.conflicts += conflict.winner == Side::supabase ? 1 : 0;
    switch (action.page_op) {
      case PageOp::none:
        break;
      case PageOp::create:
        ++report.pages_created;
        break;
      case PageOp::update:
        ++report.pages_updated;
        break;
      case PageOp::trash:
        ++report.pages_trashed;
        break;
      case PageOp::restore:
        ++report.pages_restored;
        break;
    }
  }

  void count_parked(const Parked& parked) {
    switch (parked.kind) {
      case Parked::Kind::parked:
        ++run_.report.parked;
        break;
      case Parked::Kind::waiting:
        ++run_.report.waiting;
        break;
      case Parked::Kind::held:
        ++run_.report.held;
        break;
      case Parked::Kind::undecided:
        break;
    }
  }

  Run& run_;
  const Pair& pair_;
  std::vector<Work> rows_, pages_;
  bool deleting_ = false;  // the pass under way
};

}  // namespace

Status apply(Run& run, Plan& plan) {
  return Applier(run).all(plan);
}

}  // namespace rowpage
