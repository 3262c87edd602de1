#include "engine/budget.h"

#include <algorithm>
#include <utility>

#include "core/mutant.h"

namespace rowpage {
namespace {

// Sleeping is cut into slices, for a pause, a block or a completion on another thread changes what is waited for.
constexpr Millis slice_ms = 250;

}  // namespace

Budget::Budget(Clock& clock, Options options, Shared shared)
    : clock_(clock), options_(options), shared_(std::move(shared)), paused_until_(clock.monotonic()) {
  options_.limit = std::max<std::size_t>(options_.limit, 1);
}

std::size_t Budget::room() const {
  if (mutated(Mutant::no_budget)) return options_.limit;
  const std::size_t used = in_flight_ + returns_.size();
  return used < options_.limit ? options_.limit - used : 0;
}

// How long until `count` more fit into the window; 0: now. Requests in flight come back a window after their end at the
// earliest, which is not known yet.
Millis Budget::wait_for(std::size_t count, Millis now) {
  while (!returns_.empty() && returns_.front() <= now) returns_.pop_front();
  if (now < paused_until_) return paused_until_ - now;
  if (count <= room()) return 0;
  const std::size_t missing = count - room();
  return missing <= returns_.size() ? returns_[missing - 1] - now : slice_ms;
}

Status Budget::stopped(Millis now) {
  if (!blocked_.empty()) {
    return fail({Effect::none, Scope::workspace, Cause::rate_limited, blocked_,
                 "Notion has blocked this connection. Ask Notion's support, then run again; waiting does not help."});
  }
  if (paused_until_ - now > options_.longest_pause_ms) {
    return fail({Effect::none, Scope::workspace, Cause::rate_limited,
                 "Notion asks to wait " + std::to_string((paused_until_ - now + second_ms - 1) / second_ms) +
                     " s before the next request",
                 "Nothing is lost: run again after that time. Other connections of the same workspace count too."});
  }
  return {};
}

// How many of `want` the database lets go; when fewer, `wait_ms` says how long until more.
std::size_t Budget::fetch(std::size_t want, std::unique_lock<std::mutex>& lock, Millis& wait_ms) {
  if (!shared_) return want;
  const Millis asked = clock_.monotonic();
  if (asked - held_since_ > options_.hold_ms) held_ = 0;
  if (held_ >= want) return want;
  if (asked < ask_again_) {
    wait_ms = ask_again_ - asked;
    return held_;
  }
  const std::size_t chunk = std::min(std::max(want - held_, options_.chunk), options_.limit);
  lock.unlock();  // a database call: others may give permits back meanwhile
  const Result<Store::Permits> answer = shared_(chunk);
  lock.lock();
  if (!answer) return want;  // the database is not there: our own account still holds
  if (answer->granted > 0) held_since_ = asked;
  held_ += answer->granted;
  if (held_ >= want) return want;
  wait_ms = std::max<Millis>(answer->wait_ms, 1);
  ask_again_ = clock_.monotonic() + wait_ms;
  return held_;
}

Result<std::size_t> Budget::await(std::size_t most, bool spend) {
  most = std::clamp<std::size_t>(most, 1, options_.limit);
  const Error interrupted{
      Effect::none, Scope::workspace, Cause::interrupted, "interrupted before a request was sent", {}};
  std::unique_lock lock(mutex_);
  const Millis began = clock_.monotonic();
  while (true) {  // ends: permits come back, or the user interrupts
    if (clock_.interrupted()) return fail(interrupted);
    const Millis now = clock_.monotonic();
    if (Status status = stopped(now); !status) return fail(status.error());
    Millis wait = wait_for(spend ? 1 : most, now);
    if (wait == 0) {
      const std::size_t want = std::min(most, room());
      const std::size_t got = fetch(want, lock, wait);
      // The lock was open during the fetch: look again before spending.
      const bool free = blocked_.empty() && wait_for(1, clock_.monotonic()) == 0;
      if (!spend && free && (got >= want || now - began > 2 * options_.window_ms)) return want;
      if (spend && free && got > 0) {
        const std::size_t taken = std::min(got, room());
        in_flight_ += taken;
        held_ -= std::min(held_, taken);
        return taken;
      }
      if (wait == 0) continue;
    }
    lock.unlock();
    const bool slept = clock_.sleep(std::min(wait, slice_ms));
    lock.lock();
    if (!slept) return fail(interrupted);
  }
}

Result<std::size_t> Budget::acquire(std::size_t most) {
  return await(most, true);
}

bool Budget::ready(std::size_t count) {
  return await(count, false).has_value();
}

void Budget::done(bool sent) {
  const std::lock_guard lock(mutex_);
  if (in_flight_ > 0) --in_flight_;
  if (sent) returns_.push_back(clock_.monotonic() + options_.window_ms);
}

void Budget::pause(Millis ms) {
  const std::lock_guard lock(mutex_);
  paused_until_ = std::max(paused_until_, clock_.monotonic() + std::max<Millis>(ms, 0));
}

void Budget::block(std::string why) {
  const std::lock_guard lock(mutex_);
  blocked_ = std::move(why);
}

}  // namespace rowpage
