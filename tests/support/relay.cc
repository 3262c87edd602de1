#include "support/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace rowpage::test {
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

Relay::Relay(int port) : target_(port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::pipe2(wake_, O_CLOEXEC) != 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 64) != 0 || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return;
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Relay::~Relay() {
  ::close(wake_[1]);
  if (acceptor_.joinable()) acceptor_.join();
  for (auto& each : relays_) each.join();
  ::close(wake_[0]);
  ::close(listener_);
}

void Relay::cut(bool reset) {
  const std::scoped_lock lock(mutex_);
  cut_locked(reset);
}

void Relay::cut_locked(bool reset) {
  for (const auto& line : open_) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    for (const int end : {line.program, line.server}) {
      if (reset) ::setsockopt(end, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      // A shutdown wakes the line's thread, which closes; with the linger above that is a reset for what is unread.
      ::shutdown(end, reset ? SHUT_RD : SHUT_RDWR);
    }
    ++cuts_;
  }
  left_ = 0;
}

void Relay::cut_after(std::int64_t bytes, bool reset) {
  const std::scoped_lock lock(mutex_);
  left_ = bytes;
  reset_ = reset;
}

void Relay::shut(bool shut) {
  const std::scoped_lock lock(mutex_);
  shut_ = shut;
}

void Relay::set_round_trip(int ms) {
  const std::scoped_lock lock(mutex_);
  round_trip_ms_ = ms;
}

std::int64_t Relay::cuts() const {
  const std::scoped_lock lock(mutex_);
  return cuts_;
}

Relay::Traffic Relay::traffic() const {
  const std::scoped_lock lock(mutex_);
  return traffic_;
}

void Relay::reset_traffic() {
  const std::scoped_lock lock(mutex_);
  traffic_ = {};
}

void Relay::accept_all() {
  while (true) {
    std::array<pollfd, 2> wait = {{{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) <= 0) continue;
    if (wait[1].revents != 0) return;
    const int program = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (program < 0) continue;
    bool shut = false;
    {
      const std::scoped_lock lock(mutex_);
      shut = shut_;
    }
    if (shut) {
      ::close(program);
    } else {
      relays_.emplace_back([this, program] { relay(program); });
    }
  }
}

void Relay::relay(int program) {
  const int server = connect_to(target_);
  if (server < 0) {
    ::close(program);
    return;
  }
  const int on = 1;
  for (const int line : {program, server}) ::setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  {
    const std::scoped_lock lock(mutex_);
    open_.insert({program, server});
  }
  std::array<char, 16 * 1024> buffer;
  bool server_spoke_last = true;
  for (bool open = true; open;) {
    std::array<pollfd, 3> wait = {{{program, POLLIN, 0}, {server, POLLIN, 0}, {wake_[0], POLLIN, 0}}};
    if (::poll(wait.data(), wait.size(), -1) <= 0) continue;
    if (wait[2].revents != 0) break;
    for (const bool from_server : {false, true}) {
      if (!open || wait[from_server ? 1 : 0].revents == 0) continue;
      auto got = ::recv(from_server ? server : program, buffer.data(), buffer.size(), 0);
      bool last = got <= 0;
      int away_ms = 0;
      if (got > 0) {
        const std::scoped_lock lock(mutex_);
        if (!from_server && server_spoke_last) {
          ++traffic_.round_trips;
          away_ms = round_trip_ms_;
        }
        server_spoke_last = from_server;
        (from_server ? traffic_.received : traffic_.sent) += got;
        if (left_ > 0 && (left_ -= got) <= 0) {
          got += left_;  // what was allowed of it still arrives
          last = true;
          cut_locked(reset_);
        }
      }
      if (away_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(away_ms));
      if (got > 0)
        last = !send_all(from_server ? program : server, buffer.data(), static_cast<std::size_t>(got)) || last;
      open = !last;
    }
  }
  const std::scoped_lock lock(mutex_);
  open_.erase({program, server});
  ::close(program);
  ::close(server);
}

}  // namespace rowpage::test
