#include "bench/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace rowpage::bench {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int connect_to(int port) {
  const int line = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (line >= 0 && ::connect(line, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return line;
  ::close(line);
  return -1;
}

bool send_all(int line, const char* data, std::size_t size) {
  while (size > 0) {
    const auto sent = ::send(line, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

Wire::Wire(int port) : target_(port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::pipe2(wake_, O_CLOEXEC) != 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 16) != 0 || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return;
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Wire::~Wire() {
  ::close(wake_[1]);
  if (acceptor_.joinable()) acceptor_.join();
  for (auto& each : relays_) each.join();
  ::close(wake_[0]);
  ::close(listener_);
}

void Wire::reset() {
  const std::scoped_lock lock(mutex_);
  traffic_ = {};
}

Wire::Traffic Wire::traffic() const {
  const std::scoped_lock lock(mutex_);
  return traffic_;
}

void Wire::accept_all() {
  while (true) {
    std::array<pollfd, 2> wait = {{{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) <= 0) continue;
    if (wait[1].revents != 0) return;
    const int program = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (program >= 0) relays_.emplace_back([this, program] { relay(program); });
  }
}

void Wire::relay(int program) {
  const int server = connect_to(target_);
  const int on = 1;
  for (const int line : {program, server}) ::setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bool server_spoke_last = true;
  std::array<char, 64 * 1024> buffer;
  for (bool open = server >= 0; open;) {
    std::array<pollfd, 3> wait = {{{program, POLLIN, 0}, {server, POLLIN, 0}, {wake_[0], POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) <= 0) continue;
    if (wait[2].revents != 0) break;
    for (const bool from_server : {false, true}) {
      if (wait[from_server ? 1 : 0].revents == 0) continue;
      const auto got = ::recv(from_server ? server : program, buffer.data(), buffer.size(), 0);
      if (got > 0) {
        const std::scoped_lock lock(mutex_);
        if (!from_server && server_spoke_last) ++traffic_.round_trips;
        server_spoke_last = from_server;
        (from_server ? traffic_.received : traffic_.sent) += got;
      }
      open = open && got > 0 && send_all(from_server ? program : server, buffer.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(program);
  ::close(server);
}

}  // namespace rowpage::bench
