// The Transport of the program: HTTPS to Notion, JSON to text and back. Whatever comes back that is not JSON (HTML of a
// gateway, half a body, 100 MB of something) becomes a value, never a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"
#include "engine/ports.h"
#include "notion/transport.h"

namespace rowpage {

/// The API version all shapes here are written for.
inline constexpr std::string_view notion_version = "2026-03-11";
inline constexpr std::string_view notion_base_url = "https://api.notion.com";

/// One exchange, for the debug log. Never holds a header or a body.
struct Exchange {
  std::string_view method, path;
  int status = 0;  // 0: no answer
  Millis took_ms = 0;
  std::string_view request_id, why;
};
using Trace = std::function<void(const Exchange&)>;

class CurlTransport : public Transport {
 public:
  struct Options {
    std::string base_url{notion_base_url};
    std::string token;  // kept here and sent as a header; never shown
    Trace trace;        // called on the caller's thread
  };

  /// Refuses a base URL that would send the token in the clear (usage, names NOTION_BASE_URL). `http` and `clock`
  /// outlive it.
  static Result<std::unique_ptr<CurlTransport>> make(HttpClient& http, Clock& clock, Options options);

  std::vector<ApiResult> perform(std::span<const ApiRequest> requests) override;

 private:
  CurlTransport(HttpClient& http, Clock& clock, Options options);

  HttpClient& http_;
  Clock& clock_;
  Options options_;
};

/// A service's answer as a result; pure, for tests and other transports.
ApiResult api_result(const HttpClient::Answer& answer);

/// Parses an answer's body. Half characters that JSON spells and UTF-8 cannot hold ("\ud83d" alone) become
/// half_character.
Result<json::value> parse_answer(std::string_view text);

}  // namespace rowpage
