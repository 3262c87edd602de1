#include "support/pooler.h"

#include <libpq-fe.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

namespace rowpage::testing {

Pooler::Pooler(const PrivateCluster& cluster, Pooling pooling, const std::string& name) {
  constexpr const char* program = "/usr/sbin/pgbouncer";
  const auto user = unprivileged_user();
  if (!user || !std::filesystem::exists(program)) return;
  const bool lends_for_a_session = pooling == Pooling::session;
  const std::string dir = cluster.directory() + "/" + name + (lends_for_a_session ? "-session" : "-transaction");
  std::filesystem::create_directory(dir);
  if (chown(dir.c_str(), user->uid, user->gid) != 0) return;
  port_ = free_loopback_port();
  std::ofstream(dir + "/users.txt") << "\"postgres\" \"" << cluster.password() << "\"\n";
  std::ofstream(dir + "/pgbouncer.ini") << "[databases]\n* = host=127.0.0.1 port=" << cluster.port()
                                        << " user=postgres password=" << cluster.password()
                                        << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
                                        << "\npool_mode = " << (lends_for_a_session ? "session" : "transaction")
                                        << "\nauth_type = scram-sha-256\nauth_file = " << dir
                                        << "/users.txt\nunix_socket_dir =\n"
                                        << "default_pool_size = " << (lends_for_a_session ? 5 : 2)
                                        << "\nmin_pool_size = 2\nmax_client_conn = 50\n"
                                        << "server_login_retry = 1\nserver_reset_query = "
                                        << (lends_for_a_session ? "discard all" : "") << "\n";
  process_ = spawn({program, dir + "/pgbouncer.ini"}, user->uid, user->gid, dir + "/pgbouncer.log");
  const std::string place = "host=127.0.0.1 port=" + std::to_string(port_);
  for (int i = 0; i < 100 && PQping(place.c_str()) != PQPING_OK; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

Pooler::~Pooler() {
  if (process_ <= 0) return;
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
}

}  // namespace rowpage::testing
