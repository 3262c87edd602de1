// A relay on loopback between the program and a server. It counts what passes: what a database in another town costs is
// its round trips, and each time the program speaks after the server has spoken, one way there and back is spent. And
// it can break: connections cut at a byte or at a moment, with a polite end or a reset, and a door that stays shut.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace rowpage::test {

class Relay {
 public:
  struct Traffic {
    std::int64_t round_trips = 0;
    std::int64_t sent = 0, received = 0;  // bytes, as the program sees it
  };

  /// Listens on a free port and relays to `port`, both of 127.0.0.1. port() is 0 where it cannot.
  explicit Relay(int port);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port() const { return port_; }
  /// What passed since the last reset_traffic().
  Traffic traffic() const;
  void reset_traffic();
  /// Ends every connection now; with `reset` the peers see "connection reset".
  void cut(bool reset);
  /// The same once `bytes` more have passed, in either direction. 0: never.
  void cut_after(std::int64_t bytes, bool reset);
  /// Whether new connections are ended at once.
  void shut(bool shut);
  /// A server in another town: what the program says after the server has spoken arrives so much later.
  void set_round_trip(int ms);
  /// Connections ended by cut() and cut_after() so far.
  std::int64_t cuts() const;

 private:
  struct Line {
    int program, server;
    bool operator<(const Line& other) const { return program < other.program; }
  };
  void accept_all();
  void relay(int program);
  void cut_locked(bool reset);

  int target_, listener_ = -1, port_ = 0;
  int wake_[2] = {-1, -1};  // a pipe whose closing ends every thread
  mutable std::mutex mutex_;
  std::set<Line> open_;
  std::int64_t left_ = 0, cuts_ = 0;
  int round_trip_ms_ = 0;
  bool reset_ = false, shut_ = false;
  Traffic traffic_;
  std::thread acceptor_;
  std::vector<std::thread> relays_;
};

}  // namespace rowpage::test
