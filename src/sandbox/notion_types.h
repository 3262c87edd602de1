// What goes into the Notion stand-in and what comes out of it, and the habits it can be given.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "base/json.h"
#include "core/time.h"

namespace rowpage::sandbox {

/// One HTTP request as Notion would receive it.
struct Request {
  std::string method;                                      // "GET"
  std::string path;                                        // "/v1/pages/…", percent-encoded, without the query string
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  json::value body;                                        // null: none
  std::string token;                                       // without "Bearer "
  std::string version;                                     // the Notion-Version header; empty: not sent
  std::string agent;                                       // the User-Agent header
  std::size_t body_bytes = 0;                              // as received; 0: not known, the limit is not checked
};

/// What comes back. `status` 0: the connection was lost without an answer.
struct Answer {
  int status = 0;
  json::value body;
  std::optional<int> retry_after;  // seconds
  Millis server_ms = 0;            // for the Date header
  std::string raw;                 // when not empty this is sent instead of `body` (HTML, cut JSON)
};

/// What happens to one request on its way.
struct Fate {
  enum class Kind {
    normal,
    refuse_429,       // rate limited, no effect
    refuse_529,       // overloaded, no effect
    refuse_409,       // save collision, no effect
    lost_before,      // no effect, no answer
    lost_after,       // effect, no answer
    lands_later,      // no answer; the effect happens delay_ms later, in the world as it is by then
    committed_503,    // effect, 503 that names what was made
    error_before,     // `status` (500, 502, 503, 504) without effect
    error_after,      // `status` with effect
    html_before,      // an HTML page from the edge, no effect
    html_after,       // the same after the effect
    truncated_after,  // effect, 200, the JSON ends early
    garbage_after,    // effect, 200, bytes that are no JSON
  };
  Kind kind = Kind::normal;
  Millis delay_ms = 0;  // of lands_later
  int status = 502;     // of error_before, error_after, html_before, html_after
};

std::string_view name_of(Fate::Kind kind);
std::optional<Fate::Kind> fate_kind(std::string_view name);

/// The real service's habits. Each default is the habit that Rowpage must live with.
struct Habits {
  Millis index_delay_ms = 30 * second_ms;   // a query sees a version of a page only this long after the write
  Millis search_delay_ms = 60 * second_ms;  // the same for search
  bool minute_times = true;                 // created_time and last_edited_time are cut to the minute
  std::size_t inline_items = 25;            // relation targets, people and mentions that a page object shows
  std::size_t page_size_max = 100;
  std::size_t query_rows_max = 10'000;  // rows one query gives, then request_status says "incomplete"
  int requests_per_minute = 180;        // of the integration, rolling; 0: no limit
  /// Facts disagree whether a query may ask for trashed rows: the client types list `in_trash`, the documentation says
  /// it is not supported. So the default is the documented one: refused as an unknown body field.
  enum class TrashQuery { refused, ignored, honoured };
  TrashQuery query_in_trash = TrashQuery::refused;
  TrashQuery search_in_trash = TrashQuery::honoured;
  bool back_ends_bump = false;         // a change of the other end of a dual relation moves the page's last_edited_time
  bool keyset_cursors = true;          // true: a cursor continues behind the last row shown; false: at its offset
  bool option_overflow_silent = true;  // a schema change with over 100 options answers 200 and does nothing
  Millis cursor_ttl_ms = 10 * minute_ms;
  Millis latency_ms = 0;  // the HTTP server waits this long before it answers
};

/// A refusal, in Notion's words.
struct ApiError {
  int status = 400;
  std::string code = "validation_error";
  std::string message;
  json::object additional_data;
};

template <class T>
using Outcome = tl::expected<T, ApiError>;

inline tl::unexpected<ApiError> refuse(int status, std::string code, std::string message) {
  return tl::unexpected<ApiError>(ApiError{status, std::move(code), std::move(message), {}});
}
inline tl::unexpected<ApiError> invalid(std::string message) {
  return refuse(400, "validation_error", std::move(message));
}

}  // namespace rowpage::sandbox
