// A relay between the program and PostgreSQL that counts what passes. What a database in another town costs is its
// round trips: each time the program speaks after the server has spoken, one way there and back is spent.
#pragma once

#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace rowpage::bench {

class Wire {
 public:
  struct Traffic {
    std::int64_t round_trips = 0;
    std::int64_t sent = 0, received = 0;  // bytes, as the program sees it
  };

  /// Listens on a free port of 127.0.0.1 and relays to `port` there. port() is 0 where it cannot.
  explicit Wire(int port);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  int port() const { return port_; }
  void reset();
  Traffic traffic() const;

 private:
  void accept_all();
  void relay(int program);

  int target_, listener_ = -1, port_ = 0;
  int wake_[2] = {-1, -1};  // a pipe whose closing ends every thread
  mutable std::mutex mutex_;
  Traffic traffic_;
  std::thread acceptor_;
  std::vector<std::thread> relays_;
};

}  // namespace rowpage::bench
