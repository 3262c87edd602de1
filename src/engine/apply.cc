// The order of applying, and what belongs to rows and pages alike (see applier.h).
#include <algorithm>
#include <utility>

#include "engine/applier.h"
#include "engine/reading.h"
#include "engine/targets.h"

namespace rowpage {
namespace {

constexpr std::size_t background_max = 30;  // pages noted in one run: a third of a minute's budget, two requests each
constexpr int postponed_rounds = 20;        // as deep a line of parents as is made in order

}  // namespace

Status Applier::all(Plan& plan) {
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

Status Applier::take_up_group(std::vector<RecordState>&& states) {
  // What the links lead to may have come into being since the plan was made.
  if (auto found = find_targets(run_, states); !found) return found;
  for (auto& state : states) {
    if (auto taken = take_up(std::move(state)); !taken) return taken;
  }
  return {};
}

Status Applier::flush_all() {
  if (auto flushed = flush_rows(); !flushed) return flushed;
  while (!pages_.empty() && !run_.report.interrupted) {
    if (auto flushed = flush_pages(); !flushed) return flushed;
  }
  return {};
}

// A new record that links to another new one of its own pair: made first, it would have to be written again for the
// link, which on a page is a reading and a writing.
bool Applier::better_later(const Action& action) const {
  const bool makes = action.page_op == PageOp::create || action.row_op == RowOp::insert;
  if (!makes || !may_postpone_) return false;
  return std::ranges::any_of(action.errands, [&](const Errand& errand) {
    const bool waits = errand.kind == Errand::Kind::await_page || errand.kind == Errand::Kind::await_row;
    return waits && errand.to_schema == pair_.schema_name && errand.to_table == pair_.table_name;
  });
}

// As long as that lets some of them have their links from the start; the others, in circles or linked to what does
// not come, are made as they are.
Status Applier::make_postponed() {
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

Status Applier::store_housekeeping() {
  auto stored = run_.commit(std::exchange(run_.housekeeping, {}));
  if (!stored) return fail(stored.error());
  return {};
}

// bookkeeping.write: background. A share of the budget left over when all edits have travelled goes to pages that do
// not show their bookkeeping yet, a few in every run.
Status Applier::note_in_background() {
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
Status Applier::acknowledge(const RecordState& state, const Action& action) {
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

Status Applier::take_up(RecordState&& state) {
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

Status Applier::take(RecordState&& state, const Action& action) {
  const bool needs_page = action.page_op != PageOp::none;
  auto& queue = needs_page ? pages_ : rows_;
  queue.push_back({std::move(state), action});
  if (pages_.size() >= run_.options.in_flight) {
    if (auto flushed = flush_pages(); !flushed) return flushed;
  }
  return rows_.size() >= run_.options.batch_size ? flush_rows() : Status();
}

Status apply(Run& run, Plan& plan, bool deletions) {
  return Applier(run, deletions).all(plan);
}

}  // namespace rowpage
