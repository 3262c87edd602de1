// The spine: one run of one pair, read aloud.
#include "engine/cycle.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/mutant.h"
#include "engine/figures.h"
#include "engine/run.h"
#include "engine/trash_search.h"

namespace rowpage {
namespace {

// A property that was deleted and made again shows nothing yet: what its field agreed on before would make that look
// like values and links that people emptied.
Status forget_renewed(Run& run) {
  Batch batch;
  std::string names;
  for (std::size_t i = 0; i < run.pair.fields.size(); ++i) {
    const Field& field = run.pair.fields[i];
    const auto known = run.state.properties.find(field.column);
    if (known == run.state.properties.end() || known->second == field.property_id) continue;
    batch.forget.push_back(i);
    names += (names.empty() ? "" : ", ") + field.property;
  }
  if (batch.forget.empty()) return {};
  run.report.warnings.push_back("made anew in Notion, and filled from Supabase where they are blank: " + names);
  if (run.options.dry_run) return {};
  batch.fence = run.options.fence;
  batch.run = run.options.run;
  auto done = run.ports.store.commit(run.pair, batch);
  if (!done) return fail(done.error());
  return {};
}

// A run starts from what the last one stored, and refuses where that no longer fits what it is about to do.
Status load(Run& run) {
  auto state = run.ports.store.load(run.pair);
  if (!state) return fail(state.error());
  run.state = run.next = std::move(*state);
  auto now = run.ports.store.now();
  if (!now) return fail(now.error());
  run.set_db_now(*now);

  if (run.state.elsewhere) {
    const std::string what =
        "what is known of it was stored by another database: this one was restored, branched or copied";
    if (run.options.dry_run) {
      run.report.warnings.push_back(run.pair.model + ": " + what + ". A sync will ask first");
    } else if (!run.options.allow_copied_database && !mutated(Mutant::no_brake)) {
      return fail({Effect::none, Scope::pair, Cause::brake,
                   run.pair.model + ": brake: " + what + ". Nothing was changed.",
                   "If the original still syncs with this Notion database, give this one a Notion database of its own. "
                   "If it has taken the original's place: `rowpage sync --allow-copied-database`."});
    }
  }
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
  return forget_renewed(run);
}

// A write that replaces or takes away something. Filling what was blank loses nothing, however often it happens: a
// first import writes the rows' defaults into all of its pages.
bool replaces(const std::vector<Change>& set, const Values& now) {
  return std::ranges::any_of(set, [&](const Change& change) {
    const Value& before = now.empty() ? Value{} : now[change.field];
    if (const auto* links = std::get_if<TextList>(&before)) {
      const TextList& after = links_of(change.value);
      return std::ranges::any_of(*links, [&](const auto& name) { return !std::ranges::binary_search(after, name); });
    }
    return !is_null(before);
  });
}

bool rewrites_row(const Action& action) {
  const auto drops = [](const EdgeMerge& merge) { return !merge.row_drop.empty(); };
  return replaces(action.row_set, action.row_now) || std::ranges::any_of(action.edges, drops);
}

// The plan's figures, and the plan itself for whoever wants to see it.
void count_action(const Action& action, PlanCounts& counts, PairReport& report) {
  if (action.park) return;
  switch (action.row_op) {
    case RowOp::insert:
      ++counts.row_creates;
      break;
    case RowOp::update:
      counts.row_rewrites += rewrites_row(action) ? 1 : 0;
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
      counts.page_rewrites += replaces(action.page_set, action.page_now) ? 1 : 0;
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
  const auto check_among = [&](std::int64_t enough) -> Result<std::optional<Error>> {
    const auto live = run.ports.store.live_links(run.pair, enough);
    if (!live) return fail(live.error());
    PlanCounts all = counts;
    all.pages += *live;
    all.rows += *live;
    return check_brakes(run.pair, all, allowed);
  };
  std::optional<Error> tripped = check_brakes(run.pair, counts, allowed);
  if (const auto enough = records_enough(run.pair, counts)) {
    auto checked = check_among(*enough);
    if (checked && *checked) checked = check_among(all_links);  // people are told the share
    if (!checked) return fail(checked.error());
    tripped = std::move(*checked);
  }
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
  next.properties.clear();
  for (const auto& field : run.pair.fields) next.properties[field.column] = field.property_id;
  next.bot_id = run.options.bot_id;
  auto stored = run.commit({}, &next);
  if (!stored) return fail(stored.error());
  return {};
}

Status steps_of_change(Run& run, Plan& plan, PlanCounts& counts, PlanSink* sink) {
  if (auto done = load(run); !done) return done;
  if (auto done = recover(run); !done) return done;
  if (auto done = observe(run, plan); !done) return done;
  if (auto done = count(run, plan, counts, sink); !done) return done;
  if (auto done = brake(run, counts); !done) return done;
  if (run.options.dry_run) return {};
  return apply(run, plan, mutated(Mutant::deletes_first));
}

}  // namespace

std::uint64_t PairReport::done() const {
  return rows_created + rows_updated + rows_deleted + rows_restored + pages_created + pages_updated + pages_trashed +
         pages_restored;
}

bool PairReport::wrote() const {
  return done() > 0;
}

std::optional<int> PairReport::success_percent() const {
  const std::uint64_t total = done() + left();
  if (total == 0) return std::nullopt;
  return static_cast<int>(done() * 100 / total);
}

// What the steps of one pair's run share.
struct PairRun::State {
  State(const Ports& ports_, Pair pair_, RunOptions options_, PairReport& report_)
      : ports(ports_), pair(std::move(pair_)), options(std::move(options_)), report(report_) {}
  Ports ports;
  Pair pair;
  RunOptions options;
  PairReport& report;
  Run run{ports, pair, options, report};
  std::optional<Plan> plan;
};

PairRun::PairRun(const Ports& ports, Pair pair, RunOptions options, PairReport& report)
    : state_(std::make_unique<State>(ports, std::move(pair), std::move(options), report)) {
  report.model = state_->pair.model;
}

PairRun::~PairRun() = default;

void PairRun::step(const std::function<Status()>& work) {
  PairReport& report = state_->report;
  if (report.error || report.interrupted) return;
  const std::uint64_t sent_before = state_->ports.notion.requests_sent();
  if (auto done = work(); !done) {
    report.interrupted = report.interrupted || done.error().cause == Cause::interrupted;
    if (done.error().cause != Cause::interrupted) report.error = done.error();
  }
  report.requests += state_->ports.notion.requests_sent() - sent_before;
}

void PairRun::change(PlanSink* sink) {
  PlanCounts counts;
  state_->plan.emplace(state_->pair);
  step([&] { return steps_of_change(state_->run, *state_->plan, counts, sink); });
  // The plans of all pairs would be in memory until the last has had its turn.
  if (!state_->run.deletions_left && !mutated(Mutant::deletes_first)) state_->plan.reset();
}

bool PairRun::late() {
  bool any = false;
  if (state_->options.dry_run) return any;
  step([&]() -> Status {
    Plan plan(state_->pair);
    if (auto done = observe_errands(state_->run, plan, any); !done) return done;
    const std::uint64_t before = state_->report.done();
    auto done = apply(state_->run, plan, false);
    any = any || state_->report.done() > before;
    return done;
  });
  return any;
}

void PairRun::remove() {
  if (state_->options.dry_run || !state_->plan) return;
  step([&] { return apply(state_->run, *state_->plan, !mutated(Mutant::deletes_first)); });
}

void PairRun::finish() {
  if (state_->options.dry_run) return;
  step([&] { return commit(state_->run); });
}

PairReport run_pair(const Ports& ports, const Pair& pair, const RunOptions& options, PlanSink* sink) {
  return std::move(run_linked(ports, {pair}, options, sink).front());
}

std::vector<PairReport> run_linked(const Ports& ports, const std::vector<Pair>& pairs, const RunOptions& options,
                                   PlanSink* sink, const std::function<void(const Pair&)>& begin) {
  constexpr int late_rounds = 100;  // what is left after that is done by the next run
  std::vector<const Pair*> all;
  for (const auto& pair : pairs) all.push_back(&pair);
  TrashSearch trash(ports.notion, all);
  RunShared shared{trash};
  RunOptions each = options;
  each.shared = &shared;
  std::vector<PairReport> reports(pairs.size());
  std::vector<std::unique_ptr<PairRun>> runs;
  const auto stopped = [&] {
    return std::ranges::any_of(reports, [](const PairReport& report) {
      return report.interrupted || (report.error && report.error->scope == Scope::workspace);
    });
  };
  const auto tell = [&](std::size_t i) {
    if (begin) begin(pairs[i]);
  };
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    runs.push_back(std::make_unique<PairRun>(ports, pairs[i], each, reports[i]));
    if (stopped()) continue;
    tell(i);
    runs[i]->change(sink);
  }
  bool more = std::ranges::any_of(
      pairs, [](const Pair& pair) { return std::ranges::any_of(pair.fields, &Field::is_relation); });
  for (int round = 0; more && round < late_rounds; ++round) {
    more = false;
    for (std::size_t i = 0; i < pairs.size() && !stopped(); ++i) {
      tell(i);
      more = runs[i]->late() || more;
    }
  }
  for (std::size_t i = pairs.size(); i-- > 0 && !stopped();) {
    tell(i);
    runs[i]->remove();
  }
  for (std::size_t i = 0; i < pairs.size() && !stopped(); ++i) runs[i]->finish();
  return reports;
}

}  // namespace rowpage
