// How many requests may leave, and when.
//
// Notion grants N requests in any rolling 60 s. Example with N = 180: a run of 400 may send 180 at once, 180 more when
// those are a minute old, and the last 40 a minute later: 120 s, where an even pace of three a second would take 133 s
// and make a run of 100 wait 33 s for nothing. So the rule is a budget, not a pace: a permit is spent when a request is
// sent and comes back 60 s after it *completed*, for a request counts at Notion at some moment between the two.
//
// Other processes of the same bot are accounted for in the database (Store::take_permits), asked for in chunks so that
// this costs few calls. A permit fetched there and not used soon is let go: the database counts it from when it was
// fetched.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "engine/ports.h"

namespace rowpage {

class Budget {
 public:
  struct Options {
    std::size_t limit = 180;  // requests in any rolling window
    Millis window_ms = minute_ms;
    std::size_t chunk = 20;                    // permits fetched from the database at a time
    Millis hold_ms = 2 * second_ms;            // how long a fetched permit may lie unused
    Millis longest_pause_ms = 10 * minute_ms;  // a longer Retry-After ends the run instead
  };
  /// Up to `want` permits of the rolling window shared by all processes. An Error lets the local account decide alone.
  /// Called without a lock, by whichever thread wants to send.
  using Shared = std::function<Result<Store::Permits>(std::size_t want)>;

  Budget(Clock& clock, Options options, Shared shared = {});

  /// Blocks until at least one request may be sent, and spends the permits of up to `most`. Answers how many; each must
  /// be given back by done(). Errors, all Effect::none: interrupted; rate_limited (workspace) after block() or when
  /// told to wait very long.
  Result<std::size_t> acquire(std::size_t most = 1);

  /// One request has completed, or was not sent after all; `sent` false gives its permit back at once.
  void done(bool sent = true);

  /// Blocks until `count` (at most the limit) requests could be sent without waiting, spending nothing. False when
  /// interrupted or blocked. Where other processes take what the database has to give, it is true after two windows
  /// anyway.
  bool ready(std::size_t count);

  /// Notion asked for silence (Retry-After). Pauses add up to the latest end.
  void pause(Millis ms);

  /// Notion refuses this connection altogether (public_api_request_blocked): no more requests until a person has
  /// looked.
  void block(std::string why);

  std::size_t limit() const { return options_.limit; }

 private:
  std::size_t room() const;
  Millis wait_for(std::size_t count, Millis now);
  Status stopped(Millis now);
  std::size_t fetch(std::size_t want, std::unique_lock<std::mutex>& lock, Millis& wait_ms);
  Result<std::size_t> await(std::size_t most, bool spend);

  Clock& clock_;
  Options options_;
  Shared shared_;
  std::mutex mutex_;
  std::deque<Millis> returns_;  // when each permit of a completed request comes back, ascending
  std::size_t in_flight_ = 0;
  std::size_t held_ = 0;  // fetched from the database, not spent yet
  Millis held_since_ = 0;
  Millis ask_again_ = 0;  // the database said: nothing before then
  Millis paused_until_ = 0;
  std::string blocked_;
};

}  // namespace rowpage
