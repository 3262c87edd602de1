#include "support/postgres.h"

#include <libpq-fe.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

namespace rowpage::testing {
namespace {

using Link = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Rows = std::unique_ptr<PGresult, decltype(&PQclear)>;

class Pooler {
 public:
  Pooler() {
    const auto user = unprivileged_user();
    PrivateCluster* server = cluster();
    if (server == nullptr || !user || !std::filesystem::exists("/usr/sbin/pgbouncer")) return;
    const std::string dir = server->directory();
    port_ = free_loopback_port();
    std::ofstream(dir + "/users.txt") << "\"postgres\" \"" << server->password() << "\"\n";
    std::ofstream(dir + "/pgbouncer.ini")
        << "[databases]\n* = host=127.0.0.1 port=" << server->port() << " user=postgres password=" << server->password()
        << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
        << "\npool_mode = transaction\nauth_type = scram-sha-256\nauth_file = " << dir
        << "/users.txt\nunix_socket_dir =\n"
        << "default_pool_size = 2\nmin_pool_size = 2\nmax_client_conn = 50\nserver_reset_query =\n";
    process_ = spawn({"/usr/sbin/pgbouncer", dir + "/pgbouncer.ini"}, user->uid, user->gid, dir + "/pgbouncer.log");
    const std::string place = "host=127.0.0.1 port=" + std::to_string(port_);
    for (int i = 0; i < 100 && PQping(place.c_str()) != PQPING_OK; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ~Pooler() {
    if (process_ <= 0) return;
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
  }
  int port() const { return port_; }

 private:
  int port_ = 0;
  pid_t process_ = -1;
};

/// Stops the servers before static destruction, in the right order.
class Servers : public ::testing::Environment {
 public:
  void TearDown() override {
    pooler.reset();
    server.reset();
  }
  std::optional<PrivateCluster> server;
  std::unique_ptr<Pooler> pooler;
  bool tried = false;
};

Servers* servers() {
  static auto* environment = static_cast<Servers*>(::testing::AddGlobalTestEnvironment(new Servers));
  return environment;
}

[[maybe_unused]] const Servers* const registered = servers();

}  // namespace

PrivateCluster* cluster() {
  Servers* all = servers();
  if (!all->tried) {
    all->tried = true;
    if (!find_postgres_binaries().empty()) {
      auto started = PrivateCluster::start({.settings = {{"autovacuum", "off"}, {"max_connections", "200"}}});
      if (started)
        all->server.emplace(std::move(*started));
      else
        ADD_FAILURE() << started.error().what;
    }
  }
  return all->server ? &*all->server : nullptr;
}

std::string fresh_database() {
  static int number = 0;
  const std::string name = "test_" + std::to_string(++number);
  sql(cluster()->url(), "create database " + name);
  return cluster()->url(name);
}

int pooler_port() {
  Servers* all = servers();
  if (!all->pooler) all->pooler = std::make_unique<Pooler>();
  return all->pooler->port();
}

std::string through_pooler(const std::string& database_url) {
  std::string url = database_url;
  const std::string port = ":" + std::to_string(cluster()->port()) + "/";
  url.replace(url.find(port), port.size(), ":" + std::to_string(pooler_port()) + "/");
  return url;
}

void sql(const std::string& url, const std::string& statements) {
  const Link link(PQconnectdb(url.c_str()), &PQfinish);
  ASSERT_EQ(PQstatus(link.get()), CONNECTION_OK) << PQerrorMessage(link.get());
  PQsetNoticeProcessor(
      link.get(), [](void*, const char*) {}, nullptr);
  const Rows rows(PQexec(link.get(), statements.c_str()), &PQclear);
  const auto status = PQresultStatus(rows.get());
  ASSERT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) << PQerrorMessage(link.get()) << statements;
}

std::string cell(const std::string& url, const std::string& query) {
  const Link link(PQconnectdb(url.c_str()), &PQfinish);
  const Rows rows(PQexec(link.get(), query.c_str()), &PQclear);
  EXPECT_EQ(PQresultStatus(rows.get()), PGRES_TUPLES_OK) << PQerrorMessage(link.get()) << query;
  return PQntuples(rows.get()) > 0 ? PQgetvalue(rows.get(), 0, 0) : "";
}

}  // namespace rowpage::testing
