#include "notion/caller.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace rowpage {
namespace {

constexpr std::int64_t page_size_least = 10;

Error too_late(const Place& place) {
  return {Effect::none, place.scope, Cause::too_late, place.what + ": not sent, its time had passed", {}};
}

Error interrupted(const Place& place) {
  return {Effect::none, Scope::workspace, Cause::interrupted, place.what + ": not sent, interrupted", {}};
}

// An overloaded query is asked for half as much.
void ask_for_less(ApiRequest& request) {
  auto* body = request.body.if_object();
  auto* size = body ? body->if_contains("page_size") : nullptr;
  if (size && size->is_int64()) *size = std::max(page_size_least, size->get_int64() / 2);
}

}  // namespace

struct Caller::Job {
  Call call;
  int attempt = 0;
  Millis not_before = 0;
  std::optional<Result<Reply>> outcome;
};

Caller::Caller(Transport& transport, Clock& clock, Budget& budget, Options options)
    : transport_(transport), clock_(clock), budget_(budget), options_(std::move(options)) {
  options_.in_flight = std::clamp<std::size_t>(options_.in_flight, 1, budget.limit());
}

Result<Reply> Caller::run_one(Call call) {
  std::vector<Call> calls;
  calls.push_back(std::move(call));
  return std::move(run(std::move(calls)).front());
}

std::vector<Result<Reply>> Caller::run(std::vector<Call> calls) {
  std::vector<Job> jobs;
  jobs.reserve(calls.size());
  for (auto& call : calls) jobs.push_back({std::move(call), 0, clock_.monotonic(), {}});

  // Each round finishes a job or uses up one of its tries, so there are at most jobs x (retries + 1) rounds.
  while (true) {
    std::vector<Job*> open;
    for (auto& job : jobs) {
      if (!job.outcome) open.push_back(&job);
    }
    if (open.empty()) break;
    std::ranges::stable_sort(open, {}, &Job::not_before);
    const Millis now = clock_.monotonic();
    if (const Millis wait = open.front()->not_before - now; wait > 0 && !clock_.sleep(wait)) {
      for (Job* job : open) job->outcome = fail(interrupted(job->call.place));
      break;
    }
    std::vector<Job*> batch;
    for (Job* job : open) {
      if (batch.size() == options_.in_flight || job->not_before > clock_.monotonic()) break;
      batch.push_back(job);
    }
    if (!batch.empty()) send(batch);
  }
  std::vector<Result<Reply>> outcomes;
  outcomes.reserve(jobs.size());
  for (auto& job : jobs) outcomes.push_back(std::move(*job.outcome));
  return outcomes;
}

void Caller::send(std::span<Job* const> batch) {
  const Result<std::size_t> granted = budget_.acquire(batch.size());
  if (!granted) {
    for (Job* job : batch) job->outcome = fail(granted.error());
    return;
  }
  batch = batch.first(*granted);  // the others have their turn in the next round
  std::vector<Job*> sending;
  std::vector<ApiRequest> requests;
  for (Job* job : batch) {
    const Millis send_by = job->call.request.send_by;
    if (send_by != 0 && clock_.monotonic() >= send_by) {
      budget_.done(false);
      job->outcome = fail(too_late(job->call.place));
      continue;
    }
    sending.push_back(job);
    requests.push_back(job->call.request);
  }
  if (sending.empty()) return;
  std::vector<ApiResult> results = transport_.perform(requests);
  while (results.size() < sending.size()) {  // against its contract: nothing is known of the rest
    results.push_back(
        {.got = ApiResult::Got::nothing, .effect = Effect::unknown, .why = "the transport did not answer"});
  }
  for (std::size_t i = 0; i < sending.size(); ++i) {
    const bool sent = results[i].got != ApiResult::Got::nothing || results[i].effect != Effect::none;
    budget_.done(sent);
    if (sent) ++sent_;
    judge(*sending[i], std::move(results[i]));
  }
}

void Caller::judge(Job& job, ApiResult result) {
  const ApiRequest& request = job.call.request;
  std::optional<Trouble> trouble = trouble_of(request, result, job.call.place);
  if (!trouble) {
    job.outcome = Reply{std::move(result.body), result.server_ms, {}};
    return;
  }
  if (trouble->blocked) budget_.block(trouble->error.what);
  if (trouble->pause_ms) budget_.pause(*trouble->pause_ms);
  if (!trouble->committed_id.empty()) {
    job.outcome = Reply{std::move(result.body), result.server_ms, std::move(trouble->committed_id)};
    return;
  }
  if (!may_repeat(request, *trouble) || job.attempt >= options_.retries || clock_.interrupted()) {
    job.outcome = fail(std::move(trouble->error));
    return;
  }
  if (trouble->overloaded_query) ask_for_less(job.call.request);
  const Millis wait = trouble->pause_ms ? *trouble->pause_ms : wait_before(job.attempt);
  job.not_before = clock_.monotonic() + wait;
  ++job.attempt;
  if (request.send_by != 0 && job.not_before >= request.send_by) job.outcome = fail(std::move(trouble->error));
}

// 1 s, 2 s, 4 s ...: half of it certain, half by chance, so that many callers do not come back together.
Millis Caller::wait_before(int attempt) {
  const Millis whole = std::min(options_.first_wait_ms << std::min(attempt, 16), options_.longest_wait_ms);
  const double chance = options_.jitter ? options_.jitter() : 0.5;
  const Millis certain = whole / 2;
  return certain + static_cast<Millis>(static_cast<double>(whole - certain) * chance);
}

}  // namespace rowpage
