#include "engine/budget.h"

#include <algorithm>
#include <utility>

namespace rowpage {
namespace {

// Sleeping is cut into slices, for a pause, a block or a completion on another thread changes what is waited for.
constexpr Millis slice_ms = 250;

}  // namespace

Budget::Budget(Clock& clock, Options options, Shared shared)
    : clock_(clock), options_(options), shared_(std::move(shared)), paused_until_(clock.monotonic()) {
  options_.limit = std::max<std::size_t>(options_.limit, 1);
}

// How long until `count` more fit into the window; 0: now. Requests in flight come back a window after their end at the
// earliest, which is not known yet.
Millis Budget::wait_for(std::size_t count, Millis now) {
  while (!returns_.empty() && returns_.front() <= now) returns_.pop_front();
  if (now < paused_until_) return paused_until_ - now;
  const std::size_t used = in_flight_ + returns_.size();
  if (used + count <= options_.limit) return 0;
  const std::size_t missing = used + count - options_.limit;
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

Budget::Fetch Budget::fetch(std::size_t count, std::unique_lock<std::mutex>& lock, Millis& wait_ms) {
  if (!shared_) return Fetch::not_needed;
  if (clock_.monotonic() - held_since_ > options_.hold_ms) held_ = 0;
  if (held_ >= count) return Fetch::granted;
  if (const Millis now = clock_.monotonic(); now < ask_again_) {
    wait_ms = ask_again_ - now;
    return Fetch::refused;
  }
  const std::size_t want = std::min(std::max(count - held_, options_.chunk), options_.limit);
  lock.unlock();  // a database call: others may give permits back meanwhile
  const Millis asked = clock_.monotonic();
  const Result<Store::Permits> answer = shared_(want);
  lock.lock();
  if (!answer) return Fetch::not_needed;  // the database is not there: our own account still holds
  if (held_ == 0) held_since_ = asked;
  held_ += answer->granted;
  if (held_ >= count) return Fetch::granted;
  wait_ms = std::max<Millis>(answer->wait_ms, answer->granted > 0 ? 0 : 1);
  ask_again_ = clock_.monotonic() + wait_ms;
  return Fetch::refused;
}

Status Budget::await(std::size_t count, bool spend) {
  count = std::min(count, options_.limit);
  std::unique_lock lock(mutex_);
  while (true) {  // ends: permits come back, or the user interrupts
    if (clock_.interrupted()) {
      return fail({Effect::none, Scope::workspace, Cause::interrupted, "interrupted before a request was sent", {}});
    }
    const Millis now = clock_.monotonic();
    if (Status status = stopped(now); !status) return status;
    Millis wait = wait_for(count, now);
    if (wait == 0) {
      const Fetch fetched = fetch(count, lock, wait);
      // The lock was open during the fetch: look again before spending.
      if (fetched != Fetch::refused && blocked_.empty() && wait_for(count, clock_.monotonic()) == 0) {
        if (spend) {
          in_flight_ += count;
          if (fetched == Fetch::granted) held_ -= std::min(held_, count);
        }
        return {};
      }
      if (wait == 0) continue;
    }
    lock.unlock();
    const bool slept = clock_.sleep(std::min(wait, slice_ms));
    lock.lock();
    if (!slept) {
      return fail({Effect::none, Scope::workspace, Cause::interrupted, "interrupted before a request was sent", {}});
    }
  }
}

Status Budget::acquire(std::size_t count) {
  return await(count, true);
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
