// The network between the client and the model: what a request may suffer, and how both sides spell it.
#pragma once

#include <random>

#include "notion/transport.h"
#include "sandbox/notion_model.h"

namespace rowpage::sim {

/// How rough the way to Notion is; probabilities per request.
struct NotionFaults {
  double refused = 0;         // 429, 529, 409
  double lost_before = 0;     // no answer, no effect
  double lost_after = 0;      // no answer, effect
  double lands_later = 0;     // no answer, effect within late_ms
  double error_after = 0;     // 5xx, committed 503, HTML, truncated or garbled answer after the effect
  double read_trouble = 0;    // reads that fail
  double partial_told = 0;    // a query ends early and says so (request_status)
  double partial_silent = 0;  // it ends early and looks finished
  Millis late_ms = 50 * second_ms;
  bool any() const { return refused + lost_before + lost_after + lands_later + error_after + read_trouble > 0; }
};

/// What becomes of one request.
sandbox::Fate draw_fate(std::mt19937_64& random, const NotionFaults& faults, bool read);

sandbox::Request to_model(const ApiRequest& api, const std::string& token);
ApiResult from_model(const ApiRequest& request, sandbox::Answer answer);

/// Cuts a query's answer short as Notion may: `told` with request_status "incomplete", else as if that were all. False:
/// the answer is no list, or empty.
bool cut_short(sandbox::Answer& answer, bool told, std::mt19937_64& random);
/// What an integration sees of a data source that is no longer shared with it.
sandbox::Answer not_shared(const sandbox::Request& request, Millis server_ms);

}  // namespace rowpage::sim
