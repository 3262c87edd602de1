#include "cli/runner.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "cli/describe.h"
#include "cli/inbox.h"
#include "cli/source_cache.h"
#include "config/reading.h"
#include "core/link_order.h"
#include "core/text.h"
#include "postgres/standing.h"

namespace rowpage {
namespace {

constexpr Millis lease_ms = 5 * minute_ms;
constexpr Millis longest_wait_ms = day_ms;

Error usage(std::string what, std::string hint) {
  return {Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)};
}

// A pair ready to run, and whether its schema came from the cache.
struct Ready {
  Pair pair;
  SourceSchema source;
  bool cached = false;
};

// A data source as remembered, where it may be, or else asked for.
Result<Ready> find_out(Session& session, std::size_t index, const SourceCache* cache) {
  const auto& spec = session.config().pairs[index];
  Ready ready;
  if (cache) {
    if (auto cached = cache->find(spec)) {
      session.know_bot(cached->bot);
      session.know_source(spec.model, cached->source.data_source);
      ready.source = std::move(cached->source);
      ready.cached = true;
      return ready;
    }
  }
  auto source = session.find_source(spec);
  if (!source) return fail(source.error());
  ready.source = std::move(*source);
  return ready;
}

Result<Ready> make_ready(Session& session, std::size_t index, Ready ready) {
  auto pair = session.resolve(index, ready.source);
  if (!pair && ready.cached) {
    // What is remembered may be out of date: when it does not fit, Notion is asked.
    auto fresh = find_out(session, index, nullptr);
    if (!fresh) return fresh;
    ready = std::move(*fresh);
    pair = session.resolve(index, ready.source);
  }
  if (!pair) return fail(pair.error());
  ready.pair = std::move(*pair);
  return ready;
}

// Data sources of linked pairs that this run leaves alone, as far as they are remembered.
void know_neighbours(Session& session, const SourceCache& cache, const std::vector<std::size_t>& selected) {
  const auto& pairs = session.config().pairs;
  if (selected.size() == pairs.size()) return;
  for (const std::size_t index : selected) {
    for (const auto& field : pairs[index].fields) {
      const auto target = std::ranges::find(pairs, field.relation.to, &PairSpec::model);
      if (!field.is_relation() || target == pairs.end()) continue;
      if (auto cached = cache.find(*target)) session.know_source(target->model, cached->source.data_source);
    }
  }
}

// Remembers a freshly asked schema with the pair's state. A run that cannot is as good without.
Status remember(Session& session, const Ready& ready, const RunOptions& options) {
  if (ready.cached || options.dry_run) return {};
  return remember_source(session, ready.pair, ready.source, options.fence, options.run);
}

// The pairs of one run, made ready together and run together.
class LinkedRun {
 public:
  LinkedRun(Session& session, const RunRequest& request, RunOptions options, PlanSink* sink)
      : session_(session), request_(request), options_(std::move(options)), sink_(sink) {
    for (const std::size_t index : request.pairs) reports_[index].model = session.config().pairs[index].model;
  }

  /// Reports in the order of the config.
  std::map<std::size_t, PairReport> run() {
    const SourceCache cache(session_);
    know_neighbours(session_, cache, request_.pairs);
    // A full run asks afresh, and so does a plan: it is what people look at when something is odd.
    const bool may_use_cache = !request_.options.full && !request_.options.dry_run;
    prepare(request_.pairs, may_use_cache ? &cache : nullptr);
    if (refuse_cycle()) return std::move(reports_);
    go(in_order());
    if (auto again = drifted(); !again.empty()) {
      // What was remembered no longer fits: once more with what Notion says now.
      for (const std::size_t index : again) {
        reports_[index] = blank(index);
        ready_.erase(index);
      }
      prepare(again, nullptr);
      go(again);
    }
    return std::move(reports_);
  }

 private:
  PairReport blank(std::size_t index) const {
    PairReport report;
    report.model = session_.config().pairs[index].model;
    return report;
  }

  bool stopped() const {
    return std::ranges::any_of(reports_, [](const auto& entry) {
      const auto& report = entry.second;
      return report.interrupted || (report.error && report.error->scope == Scope::workspace);
    });
  }

  // First what each pair is, then how they fit together: a relation is laid beside the data source it leads to.
  void prepare(const std::vector<std::size_t>& indexes, const SourceCache* cache) {
    std::map<std::size_t, Ready> found;
    for (const std::size_t index : indexes) {
      if (stopped()) return;
      counted(index, [&]() -> Status {
        auto ready = find_out(session_, index, cache);
        if (!ready) return fail(ready.error());
        found[index] = std::move(*ready);
        return {};
      });
    }
    // All tables at once; where that fails each pair reads its own, and fails or not by itself.
    (void)session_.read_tables(indexes);
    for (auto& [index, ready] : found) {
      if (stopped()) return;
      counted(index, [&]() -> Status {
        auto fits = make_ready(session_, index, std::move(ready));
        if (!fits) return fail(fits.error());
        const auto bot = session_.bot();
        if (!bot) return fail(bot.error());
        options_.bot_id = bot->id;
        if (auto known = remember(session_, *fits, options_); !known) return known;
        ready_[index] = std::move(*fits);
        return {};
      });
    }
  }

  void counted(std::size_t index, const std::function<Status()>& work) {
    PairReport& report = reports_[index];
    const auto before = session_.notion().requests_sent();
    if (session_.clock().interrupted()) {
      report.interrupted = true;
    } else if (auto done = work(); !done) {
      report.error = done.error();
    }
    report.requests += session_.notion().requests_sent() - before;
  }

  // Rows whose required links lead in a circle could never be inserted.
  bool refuse_cycle() {
    std::vector<const PairSpec*> specs;
    for (const auto& [index, ready] : ready_) specs.push_back(&ready.pair);
    const std::string cycle = required_cycle(specs);
    if (cycle.empty() || request_.options.direction == Direction::to_notion) return false;
    for (auto& [index, report] : reports_) {
      if (report.error) continue;
      report.error = Error{Effect::none, Scope::workspace, Cause::schema_drift,
                           "required links lead in a circle: " + cycle + ". No row of them could be inserted.",
                           "Let one of these columns be NULL, or sync --direction supabase_to_notion only."};
    }
    return true;
  }

  std::vector<std::size_t> in_order() const {
    std::vector<std::size_t> indexes;
    std::vector<const PairSpec*> specs;
    for (const auto& [index, ready] : ready_) {
      indexes.push_back(index);
      specs.push_back(&ready.pair);
    }
    std::vector<std::size_t> order;
    for (const std::size_t at : link_order(specs)) order.push_back(indexes[at]);
    return order;
  }

  void go(const std::vector<std::size_t>& order) {
    std::vector<Pair> pairs;
    std::vector<std::size_t> whose;
    for (const std::size_t index : order) {
      if (!ready_.contains(index)) continue;
      pairs.push_back(ready_[index].pair);
      whose.push_back(index);
    }
    if (pairs.empty() || stopped()) return;
    auto done = run_linked(session_.ports(), pairs, options_, sink_,
                           [this](const Pair& pair) { session_.listener().begin(pair.model); });
    for (std::size_t i = 0; i < whose.size(); ++i) {
      const std::uint64_t asked = reports_[whose[i]].requests;
      reports_[whose[i]] = std::move(done[i]);
      reports_[whose[i]].requests += asked;
    }
  }

  std::vector<std::size_t> drifted() const {
    std::vector<std::size_t> again;
    for (const auto& [index, ready] : ready_) {
      const PairReport& report = reports_.at(index);
      const bool fits =
          !report.error || (report.error->cause != Cause::schema_drift && report.error->cause != Cause::invalid);
      if (!fits && ready.cached && !report.wrote()) again.push_back(index);
    }
    return again;
  }

  Session& session_;
  const RunRequest& request_;
  RunOptions options_;
  PlanSink* sink_;
  std::map<std::size_t, PairReport> reports_;
  std::map<std::size_t, Ready> ready_;
};

std::string_view outcome_word(ExitCode code) {
  switch (code) {
    case ExitCode::done:
      return "done";
    case ExitCode::parked:
      return "parked";
    case ExitCode::conflicts:
      return "conflicts";
    case ExitCode::brake:
      return "brake";
    case ExitCode::not_authorised:
      return "not_authorised";
    case ExitCode::lease_held:
      return "lease_lost";
    case ExitCode::interrupted:
      return "interrupted";
    default:
      return "failed";
  }
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

void run_all(Session& session, const RunRequest& request, const RunOptions& options, PlanSink* sink,
             RunOutcome& outcome) {
  for (auto& [index, report] : LinkedRun(session, request, options, sink).run()) {
    outcome.code = worse(outcome.code, exit_code_of(report));
    for (const auto& warning : report.warnings) {
      session.log().write(Log::Level::warning, "warning", warning, {{"model", report.model}});
    }
    if (report.error)
      session.log().write(Log::Level::error, "pair_failed", report.error->what, {{"model", report.model}});
    outcome.reports.push_back(std::move(report));
  }
  if (session.clock().interrupted()) outcome.code = worse(outcome.code, ExitCode::interrupted);
}

// Whether this is still the database that it was, and its entry points as we made them.
Status look_around(Session& session) {
  auto standing = read_standing(session.database());
  if (!standing) return fail(standing.error());
  for (const auto& fault : standing->exposure_faults) {
    const std::string text =
        "the privileges of the schema rowpage and of the Data API's entry points are not as setup made them: " + fault;
    session.output().warn(text + "; run `rowpage setup`");
    session.log().write(Log::Level::warning, "exposure", text);
  }
  const std::string project = session.project();
  if (project.empty() || project == standing->project) return {};
  return note_project(session.database(), project);
}

}  // namespace

json::object RunOutcome::to_json() const {
  json::object out;
  if (run > 0) out["run"] = run;
  out["took_ms"] = took_ms;
  json::array pairs;
  for (const auto& report : reports) pairs.push_back(report_to_json(report));
  out["pairs"] = std::move(pairs);
  if (error) out["error"] = error_to_json(*error);
  return out;
}

Status need_installed(Session& session) {
  auto installed = session.store().installed();
  if (!installed) return fail(installed.error());
  if (*installed) return {};
  return fail({Effect::none, Scope::workspace, Cause::schema_drift, "the database is not set up for Rowpage yet",
               "run `rowpage setup` once; `rowpage plan` works before it"});
}

Result<Pair> ready_pair(Session& session, const std::string& model) {
  auto indexes = session.selected({model});
  if (!indexes) return fail(indexes.error());
  const SourceCache cache(session);
  know_neighbours(session, cache, *indexes);
  auto found = find_out(session, indexes->front(), &cache);
  if (!found) return fail(found.error());
  auto ready = make_ready(session, indexes->front(), std::move(*found));
  if (!ready) return fail(ready.error());
  return std::move(ready->pair);
}

RunOutcome run_pairs(Session& session, const RunRequest& request, PlanSink* sink) {
  RunOutcome outcome;
  const Millis began = session.clock().monotonic();
  RunOptions options = request.options;
  const auto give_up = [&](const Error& error) {
    outcome.error = error;
    outcome.code = worse(outcome.code, exit_code_of(error));
    outcome.took_ms = session.clock().monotonic() - began;
    session.log().write(Log::Level::error, "run_failed", error.what, {{"exit_code", static_cast<int>(outcome.code)}});
    return outcome;
  };

  if (options.dry_run) {
    run_all(session, request, options, sink, outcome);
    outcome.took_ms = session.clock().monotonic() - began;
    return outcome;
  }

  if (auto installed = need_installed(session); !installed) return give_up(installed.error());
  auto held = HeldLease::take(session, request.wait_ms);
  if (!held) return give_up(held.error());
  const std::string& workspace = session.config().name;
  if (auto standing = look_around(session); !standing) return give_up(standing.error());
  RunSummary summary{0, "sync", request.direction, "", "{}"};
  auto run = session.store().start_run(workspace, held->lease(), summary);
  if (!run) return give_up(run.error());
  outcome.run = options.run = summary.id = *run;
  options.fence = held->lease().fence;
  session.log().write(Log::Level::info, "run_begins", "", {{"run", *run}, {"direction", request.direction}});

  run_all(session, request, options, sink, outcome);
  // What waits from earlier runs counts too: exit 0 says that nothing waits for anybody.
  if (auto waiting = count_waiting(session)) {
    if (waiting->conflicts > 0) outcome.code = worse(outcome.code, ExitCode::conflicts);
    if (waiting->parked > 0) outcome.code = worse(outcome.code, ExitCode::parked);
  }
  outcome.took_ms = session.clock().monotonic() - began;
  summary.outcome = outcome_word(outcome.code);
  summary.detail = to_text(outcome.to_json());
  if (auto recorded = session.store().finish_run(workspace, held->lease(), summary); !recorded && !outcome.error) {
    outcome.error = recorded.error();
    outcome.code = worse(outcome.code, exit_code_of(recorded.error()));
  }
  json::object line = outcome.to_json();
  line["exit_code"] = static_cast<int>(outcome.code);
  session.log().write(Log::Level::info, "run_ends", "", line);
  return outcome;
}

Result<HeldLease> HeldLease::take(Session& session, Millis wait_ms) {
  auto lease = session.store().acquire(session.config().name, lease_ms, wait_ms);
  if (!lease) {
    Error error = lease.error();
    if (error.cause == Cause::lease_lost && error.hint.empty()) error.hint = "wait for it, or use --wait";
    return fail(std::move(error));
  }
  return HeldLease(session, *lease);
}

HeldLease::HeldLease(HeldLease&& other) noexcept
    : session_(std::exchange(other.session_, nullptr)), lease_(other.lease_) {}

HeldLease::~HeldLease() {
  // A lease that cannot be given back runs out by itself.
  if (session_) (void)session_->store().release(session_->config().name, lease_);
}

std::vector<OptionSpec> run_options() {
  return {
      {"--direction", "WHICH", "both, notion_to_supabase (from-notion, to_supabase) or supabase_to_notion (to-notion)"},
      {"--model", "NAME", "only this pair; may be given several times", true},
      {"--since", "TIME", "only what changed since then: 2026-11-20, 2026-11-20T09:30Z, 24h, 7d"},
      {"--full", "", "look at every page and row, not only at what changed"},
      {"--allow-deletes", "N", "let this run delete up to N records of a side"},
      {"--allow-rewrites", "N", "let this run rewrite up to N records of a side"},
      {"--allow-creates", "N", "let this run create up to N records although the match list is suspect"},
      {"--allow-mapping-change", "", "go on although the mapping, or the bot, is not the one of the last run"},
      {"--allow-copied-database", "", "go on although this database is a copy of the one that was synced"},
  };
}

Result<RunRequest> run_request(Session& session, const Arguments& arguments) {
  RunRequest request;
  auto& options = request.options;
  const auto& sync = session.config().sync;
  options.batch_size = sync.batch_size;
  options.retries = sync.retries;
  options.full = arguments.has("--full");
  options.allow_mapping_change = arguments.has("--allow-mapping-change");
  options.allow_copied_database = arguments.has("--allow-copied-database");
  auto pairs = session.selected(arguments.all("--model"));
  if (!pairs) return fail(pairs.error());
  request.pairs = std::move(*pairs);

  const std::string direction = arguments.get("--direction").value_or("both");
  const auto known = direction_of(direction);
  if (!known) {
    return fail(usage(fmt::format("`{}` is not a direction", direction),
                      fmt::format("one of: {}", fmt::join(direction_names(), ", "))));
  }
  options.direction = *known;
  request.direction = *known == Direction::both        ? "both"
                      : *known == Direction::to_notion ? "supabase_to_notion"
                                                       : "notion_to_supabase";
  if (const auto since = arguments.get("--since")) {
    if (const auto span = parse_duration(*since)) {
      options.since_ms = session.clock().now() - *span;
    } else if (const auto time = parse_time(*since)) {
      options.since_ms = time->ms;
    } else {
      return fail(usage(fmt::format("--since is neither a time nor a duration: `{}`", *since),
                        "write it like 2026-11-20, 2026-11-20T09:30Z (without a zone: UTC), 24h or 7d"));
    }
    if (*options.since_ms > session.clock().now()) return fail(usage("--since lies in the future: " + *since, ""));
    if (options.full) return fail(usage("--since and --full exclude each other", "--full looks at everything"));
  }
  for (const auto& [name, into] :
       {std::pair{"--allow-deletes", &options.allow_deletes}, std::pair{"--allow-rewrites", &options.allow_rewrites},
        std::pair{"--allow-creates", &options.allow_creates}}) {
    const auto text = arguments.get(name);
    if (!text) continue;
    *into = whole_number(*text);
    if (!*into) return fail(usage(fmt::format("{} needs a whole number, not `{}`", name, *text), ""));
  }
  if (arguments.has("--wait")) request.wait_ms = longest_wait_ms;
  return request;
}

}  // namespace rowpage
