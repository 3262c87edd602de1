// Sends requests to Notion under the budget, several in flight, and repeats what may be repeated.
//
// Everything above (client, setup) says what it wants as Calls and gets each one's final outcome; waiting, pausing,
// retrying and counting live here and nowhere else.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/budget.h"
#include "engine/ports.h"
#include "notion/errors.h"
#include "notion/transport.h"

namespace rowpage {

struct Call {
  ApiRequest request;
  Place place;
};

struct Reply {
  json::value body;
  Millis server_ms = 0;
  std::string committed_id;  // not empty: the write is saved, and this must be read to see how (the body is an error)
};

class Caller {
 public:
  struct Options {
    int retries = 3;  // after the first try
    std::size_t in_flight = 8;
    Millis first_wait_ms = second_ms;  // doubled at every try, with jitter
    Millis longest_wait_ms = 30 * second_ms;
    std::function<double()> jitter;  // [0, 1); empty: none
  };

  Caller(Transport& transport, Clock& clock, Budget& budget, Options options);

  /// The outcome of each call, in order. Writes are sent again only when the earlier try had no effect.
  std::vector<Result<Reply>> run(std::vector<Call> calls);
  Result<Reply> run_one(Call call);

  std::uint64_t sent() const { return sent_; }
  Clock& clock() { return clock_; }
  Budget& budget() { return budget_; }

 private:
  struct Job;
  void send(std::span<Job* const> batch);
  void judge(Job& job, ApiResult result);
  Millis wait_before(int attempt);

  Transport& transport_;
  Clock& clock_;
  Budget& budget_;
  Options options_;
  std::atomic<std::uint64_t> sent_ = 0;
};

}  // namespace rowpage
