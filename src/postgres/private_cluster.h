// A PostgreSQL server of our own, for tests and for `rowpage demo`: own directory, loopback port and Unix socket,
// random password, gone without a trace when its owner is.
//
// It never touches a cluster of the system. PostgreSQL refuses to run as root, so its processes drop to an unprivileged
// user when we are root. A guardian shell waits on a pipe only the owner holds; when the owner dies in whatever way,
// the pipe closes, and the guardian stops the server and removes its directory.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "core/result.h"

namespace rowpage {

/// Whom server processes run as: ourselves, or an unprivileged user when we are root.
struct Unprivileged {
  uid_t uid;
  gid_t gid;
};
Result<Unprivileged> unprivileged_user();

struct PrivateClusterOptions {
  std::string parent = "/tmp";  // the cluster's directory is made inside; short, for socket paths end at 107 bytes
  std::string bin_dir;          // of initdb and postgres; empty: looked for
  bool keep = false;            // the server outlives its owner; who stops it is told by stop_command()
  std::vector<std::pair<std::string, std::string>> settings;  // postgresql.conf
};

class PrivateCluster {
 public:
  static Result<PrivateCluster> start(const PrivateClusterOptions& options = {});
  PrivateCluster(PrivateCluster&& other) noexcept;
  PrivateCluster& operator=(PrivateCluster&& other) noexcept;
  ~PrivateCluster() { stop(); }

  /// postgresql://postgres:PASSWORD@127.0.0.1:PORT/DATABASE
  std::string url(const std::string& database = "postgres") const;
  int port() const { return port_; }
  const std::string& password() const { return password_; }
  const std::string& directory() const { return directory_; }
  const std::string& bin_dir() const { return bin_dir_; }
  /// For people, when the cluster is kept.
  std::string stop_command() const;

  /// Stops the server as `pg_ctl restart` does (fast: open transactions are rolled back; or immediate: as in a crash)
  /// and starts it again on the same port. Not for a kept one. Let `synchronous_commit` be on where commits must
  /// survive.
  Status restart(bool immediate);

  /// Stops the server and removes its directory. Nothing to do when kept or already stopped.
  void stop();

 private:
  PrivateCluster() = default;
  /// Starts the server on port_ and its guardian; false: it does not answer.
  Result<bool> launch(const Unprivileged& user);
  void dismiss_guardian();
  std::string directory_, bin_dir_, password_;
  int port_ = 0;
  pid_t server_ = -1, guardian_ = -1;
  int guardian_pipe_ = -1;
  bool keep_ = false;
};

/// The folder of initdb and postgres; empty when there is none.
std::string find_postgres_binaries();

/// A port nobody listens on just now, on 127.0.0.1.
int free_loopback_port();

/// Starts a program with a user id of our choice when we are root (-1: as we are), output into `log`. -1 on failure.
pid_t spawn(const std::vector<std::string>& command, uid_t uid, gid_t gid, const std::string& log, int input = -1);

}  // namespace rowpage
