// A small HTTP server: one handler, a thread per connection, limits and time-outs built in.
//
// For the sandbox, the dashboard and webhooks. It listens on the address it is given and no other; TLS is left to a
// reverse proxy.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace rowpage {

struct HttpRequest {
  std::string method;                                      // "POST"
  std::string path;                                        // as sent, percent-encoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // the bytes as received

  /// The header's value, by name without regard to case; empty when absent.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // a Date header given here replaces the server's own
  bool drop = false;                                         // close the connection without answering
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";          // an IPv4 or IPv6 address
  int port = 0;                            // 0: any free one
  std::size_t body_max = 8 * 1024 * 1024;  // a longer body is answered 413 without reaching the handler
  unsigned connections_max = 512;
  unsigned idle_seconds = 60;  // a connection that sends nothing for so long is closed
};

/// Serves until destroyed. The handler is called from many threads at once and must not throw.
class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rowpage
