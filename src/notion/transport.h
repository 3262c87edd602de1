// What the Notion client needs of the network: requests about JSON go in, honest outcomes come out.
//
// There are two implementations: curl for the program (curl_transport.h) and, in tests, an adapter to the in-process
// model of Notion. Neither judges an answer; that is errors.h. A transport sends each request at most once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "core/result.h"
#include "core/time.h"

namespace rowpage {

enum class Method { get, post, patch };

std::string_view name_of(Method method);

struct ApiRequest {
  Method method = Method::get;
  std::string path;    // from "/v1/" on, with the query string, percent-encoded
  json::value body;    // null: none
  bool read = true;    // changes nothing at Notion's side (GET, query, search)
  Millis send_by = 0;  // Clock::monotonic(); 0: no bound. Not sent once it has passed
};

struct ApiResult {
  enum class Got {
    json,        // status and a JSON body
    unreadable,  // status, but the body is not JSON, cut short or too long; `why` says which
    nothing,     // no answer; `effect` says whether the request may have been carried out
  } got = Got::nothing;

  int status = 0;
  json::value body;
  Millis server_ms = 0;                  // the Date header; 0: none
  std::optional<Millis> retry_after_ms;  // the Retry-After header
  std::string request_id;

  Effect effect = Effect::none;      // of `nothing`: none (no byte was sent) or unknown
  Cause cause = Cause::unavailable;  // of `nothing`: unavailable, too_late, interrupted or usage
  std::string why;
};

class Transport {
 public:
  virtual ~Transport() = default;

  /// Carries out all requests, several in flight, and answers in the same order. Never throws.
  virtual std::vector<ApiResult> perform(std::span<const ApiRequest> requests) = 0;
};

/// Stands in a text for half a character (a lone UTF-16 surrogate), which JSON can spell and UTF-8 cannot hold. The
/// codec reports a value with it as unreadable. U+FDD0 is a noncharacter: no text holds it by intent.
inline constexpr std::string_view half_character = "\xEF\xB7\x90";

}  // namespace rowpage
