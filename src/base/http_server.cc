#include "base/http_server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "core/text.h"

namespace rowpage {
namespace {

struct Incoming {  // one request while its body arrives
  HttpRequest request;
  bool too_long = false;
};

struct Address {
  sockaddr_storage storage{};
  bool six = false;
};

std::optional<Address> read_address(const std::string& host, int port) {
  Address address;
  auto* four = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* six = reinterpret_cast<sockaddr_in6*>(&address.storage);
  const std::string numeric = host == "localhost" ? "127.0.0.1" : host;
  if (inet_pton(AF_INET, numeric.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  address.storage = {};
  if (inet_pton(AF_INET6, numeric.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(static_cast<std::uint16_t>(port));
    address.six = true;
    return address;
  }
  return std::nullopt;
}

MHD_Result keep_query(void* into, MHD_ValueKind, const char* key, const char* value) {
  static_cast<HttpRequest*>(into)->query.emplace_back(key, value ? value : "");
  return MHD_YES;
}

MHD_Result keep_header(void* into, MHD_ValueKind, const char* key, const char* value) {
  static_cast<HttpRequest*>(into)->headers.emplace_back(key, value ? value : "");
  return MHD_YES;
}

// MHD decodes the path unless told otherwise; we want it as sent, since ids in it may hold an encoded slash.
std::size_t leave_as_sent(void*, MHD_Connection*, char* text) {
  return std::strlen(text);
}

std::string decode(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

struct HttpServer::State {
  HttpServerOptions options;
  Handler handler;
  MHD_Daemon* daemon = nullptr;
  int port = 0;

  MHD_Result answer(MHD_Connection* connection, const HttpResponse& response) const {
    if (response.drop) return MHD_NO;  // MHD closes the connection without a byte
    auto* made = MHD_create_response_from_buffer(response.body.size(), const_cast<char*>(response.body.data()),
                                                 MHD_RESPMEM_MUST_COPY);
    if (!made) return MHD_NO;
    MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
    for (const auto& [name, value] : response.headers) MHD_add_response_header(made, name.c_str(), value.c_str());
    const auto queued = MHD_queue_response(connection, static_cast<unsigned>(response.status), made);
    MHD_destroy_response(made);
    return queued;
  }

  // MHD calls this when the headers are in, for every piece of the body, and at its end. An answer before the end would
  // close the connection under the client, so a body that is too long is counted to its end and then refused.
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method, const char*,
                               const char* data, std::size_t* size, void** slot) {
    const auto& state = *static_cast<State*>(self);
    auto* incoming = static_cast<Incoming*>(*slot);
    if (!incoming) {
      incoming = new Incoming;
      incoming->request.method = method;
      incoming->request.path = url;
      MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, keep_query, &incoming->request);
      MHD_get_connection_values(connection, MHD_HEADER_KIND, keep_header, &incoming->request);
      for (auto& [key, value] : incoming->request.query) {
        key = decode(key);
        value = decode(value);
      }
      *slot = incoming;
      return MHD_YES;
    }
    if (*size > 0) {
      auto& body = incoming->request.body;
      if (body.size() + *size > state.options.body_max) {
        incoming->too_long = true;
        body.clear();
        body.shrink_to_fit();
      }
      if (!incoming->too_long) body.append(data, *size);
      *size = 0;
      return MHD_YES;
    }
    if (incoming->too_long) {
      return state.answer(connection, {413,
                                       "text/plain; charset=utf-8",
                                       fmt::format("The body is longer than {} bytes.\n", state.options.body_max),
                                       {},
                                       false});
    }
    return state.answer(connection, state.handler(incoming->request));
  }

  static void on_done(void*, MHD_Connection*, void** slot, MHD_RequestTerminationCode) {
    delete static_cast<Incoming*>(*slot);
    *slot = nullptr;
  }
};

std::string_view HttpRequest::header(std::string_view name) const {
  const auto wanted = ascii_lower(name);
  for (const auto& [key, value] : headers) {
    if (ascii_lower(key) == wanted) return value;
  }
  return {};
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, Handler handler) {
  const auto place = fmt::format("{}:{}", options.host, options.port);
  auto address = read_address(options.host, options.port);
  if (!address) {
    return fail({Effect::none, Scope::workspace, Cause::usage,
                 fmt::format("cannot listen on \"{}\": not an IP address", options.host),
                 "use 127.0.0.1 for this machine only, 0.0.0.0 for every interface"});
  }
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->handler = std::move(handler);
  const unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                         (address->six ? static_cast<unsigned>(MHD_USE_IPv6) : 0U);
  state->daemon = MHD_start_daemon(
      flags, static_cast<std::uint16_t>(state->options.port), nullptr, nullptr, &State::on_request, state.get(),
      MHD_OPTION_SOCK_ADDR, reinterpret_cast<sockaddr*>(&address->storage), MHD_OPTION_NOTIFY_COMPLETED,
      &State::on_done, nullptr, MHD_OPTION_CONNECTION_LIMIT, state->options.connections_max,
      MHD_OPTION_CONNECTION_TIMEOUT, state->options.idle_seconds, MHD_OPTION_UNESCAPE_CALLBACK, &leave_as_sent, nullptr,
      MHD_OPTION_THREAD_STACK_SIZE, static_cast<std::size_t>(1024 * 1024), MHD_OPTION_END);
  if (!state->daemon) {
    return fail({Effect::none, Scope::workspace, Cause::unavailable,
                 fmt::format("cannot listen on {}: {}", place, std::strerror(errno)),
                 "another program may use the port; choose another, or 0 for a free one"});
  }
  const auto* info = MHD_get_daemon_info(state->daemon, MHD_DAEMON_INFO_BIND_PORT);
  state->port = info && info->port ? info->port : state->options.port;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  if (state_ && state_->daemon) MHD_stop_daemon(state_->daemon);
}

int HttpServer::port() const {
  return state_->port;
}

}  // namespace rowpage
