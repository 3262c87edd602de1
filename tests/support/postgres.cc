#include "support/postgres.h"

#include <libpq-fe.h>

#include <optional>

namespace rowpage::testing {
namespace {

using Link = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Rows = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// Stops the servers before static destruction, in the right order.
class Servers : public ::testing::Environment {
 public:
  void TearDown() override {
    for (auto& pooler : poolers) pooler.reset();
    server.reset();
  }
  std::optional<PrivateCluster> server;
  std::unique_ptr<Pooler> poolers[2];
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

int pooler_port(Pooling pooling) {
  auto& pooler = servers()->poolers[pooling == Pooling::session ? 1 : 0];
  if (!pooler && cluster() != nullptr) pooler = std::make_unique<Pooler>(*cluster(), pooling);
  return pooler ? pooler->port() : 0;
}

std::string through_pooler(const std::string& database_url, Pooling pooling) {
  std::string url = database_url;
  const std::string port = ":" + std::to_string(cluster()->port()) + "/";
  url.replace(url.find(port), port.size(), ":" + std::to_string(pooler_port(pooling)) + "/");
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
