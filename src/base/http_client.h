// HTTP for everything that calls a service: one libcurl multi handle on its own thread, blocking callers.
//
// The rule that shapes it: a request is sent at most once. libcurl by itself repeats a POST when a kept-alive
// connection breaks before the first answer byte; for "create page" that makes two pages. A guard called before each
// sending lets the first pass and stops the second, and the caller hears that the outcome is not known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace rowpage {

/// "0.1.0", as in the User-Agent.
std::string_view program_version();

class HttpClient {
 public:
  struct Options {
    int connections = 8;                 // to one host; HTTP/2 carries many requests on one
    Millis connect_ms = 10 * second_ms;  // to reach the service
    Millis total_ms = 65 * second_ms;    // longer than Notion's own 55 s, so that its verdict arrives
    Millis grace_ms = 5 * second_ms;     // after an interrupt, for requests that change something
    std::size_t answer_max = std::size_t{64} << 20;
    std::function<bool()> interrupted;  // asked on the client's thread, several times a second
  };

  struct Request {
    std::string method = "GET";
    std::string url;
    std::vector<std::string> headers;  // "Name: value"; never shown to anybody
    std::string body;
    bool repeatable = false;                  // changes nothing: may be sent twice
    std::function<bool()> still_wanted = {};  // asked right before the first byte, on the client's thread
  };

  struct Answer {
    enum class Outcome {
      complete,
      cut,       // a status came, the body did not arrive whole
      lost,      // sent, and no answer
      not_sent,  // no byte left
    } outcome = Outcome::not_sent;
    enum class Stop { none, unwanted, interrupted } stop = Stop::none;  // why we ourselves gave up
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;
    std::string why;  // of anything but `complete`, in words, without the URL
    Millis took_ms = 0;
    std::string_view header(std::string_view name) const;
  };

  explicit HttpClient(Options options);
  ~HttpClient();  // waits for nothing: what is under way ends as `lost` or `not_sent`
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Queues a request. The future never holds an exception.
  std::future<Answer> start(Request request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A base URL this program may send secrets to: https, or http to this machine. The error (usage) names `setting`.
Status check_base_url(std::string_view url, std::string_view setting);

/// "Fri, 20 Nov 2026 11:24:08 GMT" as milliseconds; 0 when it is no such date.
Millis http_date(std::string_view text);

}  // namespace rowpage
