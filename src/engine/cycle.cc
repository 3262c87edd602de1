// The spine: one run of one pair, read aloud.
#include "engine/cycle.h"

#include "core/mutant.h"
#include "engine/figures.h"
#include "engine/run.h"

namespace rowpage {
namespace {

// A run starts from what the last one stored, and refuses where that no longer fits what it is about to do.
Status load(Run& run) {
  auto state = run.ports.store.load(run.pair);
  if (!state) return fail(state.error());
  run.state = run.next = std::move(*state);
  auto now = run.ports.store.now();
  if (!now) return fail(now.error());
  run.set_db_now(*now);

  const bool other_mapping =
      run.state.known && !run.state.fingerprint.empty() && run.state.fingerprint != run.pair.fingerprint();
  const bool other_bot = run.state.known && !run.state.bot_id.empty() && run.state.bot_id != run.options.bot_id;
  if ((other_mapping || other_bot) && !run.options.allow_mapping_change && !run.options.dry_run &&
      !mutated(Mutant::no_brake)) {
    return fail({Effect::none, Scope::pair, Cause::brake,
                 run.pair.model + ": brake: " +
                     (other_bot ? "the Notion token belongs to another integration than last time"
                                : "the mapping has changed since the last run") +
                     ". Nothing was changed.",
                 "Look at `rowpage plan`; if it is what you want: `rowpage sync --allow-mapping-change`."});
  }
  if (other_mapping) run.state.scan_needed = true;
  return {};
}

// The plan's figures, and the plan itself for whoever wants to see it.
void count_action(const Action& action, PlanCounts& counts, PairReport& report) {
  if (action.park) return;
  switch (action.row_op) {
    case RowOp::insert:
      ++counts.row_creates;
      break;
    case RowOp::update:
      counts.row_rewrites += action.row_set.empty() ? 0 : 1;
      break;
    case RowOp::soft_delete:
    case RowOp::hard_delete:
      ++counts.row_deletes;
      break;
    default:
      break;
  }
  switch (action.page_op) {
    case PageOp::none:
      break;
    case PageOp::create:
      ++counts.page_creates;
      report.requests_planned += 1;
      break;
    case PageOp::update:
      counts.page_rewrites += action.page_set.empty() ? 0 : 1;
      report.requests_planned += 2;
      break;
    case PageOp::trash:
      ++counts.page_deletes;
      report.requests_planned += 2;
      break;
    case PageOp::restore:
      report.requests_planned += 4;
      break;
  }
  if (action.link_new) {
    ++counts.pages;
    ++counts.rows;
  }
}

// A dry run reports what would be done in the figures a real run fills as it goes.
void report_as_planned(const Action& action, PairReport& report) {
  if (action.park) {
    count_parked(report, *action.park);
    return;
  }
  count_row(report, action);
  count_page(report, action);
}

Status count(Run& run, Plan& plan, PlanCounts& counts, PlanSink* sink) {
  counts.pages = counts.rows = run.state.live_links;
  counts.first_sync = !run.state.first_sync_done;
  bool stranded = false;
  auto done = plan.for_each([&](RecordState&& state) -> Status {
    const Action action = decide(run.pair, state, run.plan_options());
    count_action(action, counts, run.report);
    // A page of ours that landed late and is cleared away is nobody's deletion.
    if (!state.orphan_of.empty() && action.page_op == PageOp::trash) --counts.page_deletes;
    const bool page_alone = !state.link && state.page && !state.row;
    stranded = stranded || (page_alone && (action.park || action.row_op == RowOp::none));
    if (run.options.dry_run) report_as_planned(action, run.report);
    if (sink && !action.nothing()) sink->action(run.pair, action);
    return {};
  });
  run.next.stranded_pages = run.full ? stranded : run.state.stranded_pages || stranded;
  return done;
}

Status brake(Run& run, const PlanCounts& counts) {
  if (mutated(Mutant::no_brake)) return {};
  const Allowances allowed{run.options.allow_deletes, run.options.allow_rewrites, run.options.allow_creates};
  auto tripped = check_brakes(run.pair, counts, allowed);
  if (!tripped) return {};
  return fail(std::move(*tripped));
}

// The watermark moves only past what is settled: not after an interruption, nor by a run that left Notion's changes
// lying.
Status commit(Run& run) {
  if (run.report.interrupted) return {};
  PairState& next = run.next;
  next.known = true;
  const bool leaves_pages = run.options.direction == Direction::to_notion && run.pair.direction != Direction::to_notion;
  const bool moves = run.watermark_may_move && !leaves_pages;
  if (!moves) next.watermark_ms = run.state.watermark_ms;
  const bool complete = run.full && run.watermark_may_move;
  if (complete) {
    next.full_scan_ms = run.db_now();
    next.scan_needed = false;
    if (run.options.direction == Direction::both || run.pair.direction == run.options.direction)
      next.first_sync_done = true;
    if (!next.watermark_ms) next.first_sync_done = run.state.first_sync_done;
  }
  next.fingerprint = run.pair.fingerprint();
  next.bot_id = run.options.bot_id;
  auto stored = run.commit({}, &next);
  if (!stored) return fail(stored.error());
  return {};
}

Status steps(Run& run, Plan& plan, PlanCounts& counts, PlanSink* sink) {
  if (auto done = load(run); !done) return done;
  if (auto done = recover(run); !done) return done;
  if (auto done = observe(run, plan); !done) return done;
  if (auto done = count(run, plan, counts, sink); !done) return done;
  if (auto done = brake(run, counts); !done) return done;
  if (run.options.dry_run) return {};
  if (auto done = apply(run, plan); !done) return done;
  return commit(run);
}

}  // namespace

bool PairReport::wrote() const {
  return rows_created + rows_updated + rows_deleted + rows_restored + pages_created + pages_updated + pages_trashed +
             pages_restored >
         0;
}

PairReport run_pair(const Ports& ports, const Pair& pair, const RunOptions& options, PlanSink* sink) {
  PairReport report;
  report.model = pair.model;
  const std::uint64_t sent_before = ports.notion.requests_sent();
  Run run(ports, pair, options, report);
  Plan plan(pair);
  PlanCounts counts;
  if (auto done = steps(run, plan, counts, sink); !done) {
    report.interrupted = report.interrupted || done.error().cause == Cause::interrupted;
    if (done.error().cause != Cause::interrupted) report.error = done.error();
  }
  report.requests = ports.notion.requests_sent() - sent_before;
  return report;
}

}  // namespace rowpage
