// A real PostgreSQL for tests: one private cluster per test executable, started on first use; a fresh database per
// test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "engine/ports.h"
#include "postgres/connection.h"
#include "postgres/private_cluster.h"
#include "support/pooler.h"

namespace rowpage::testing {

/// The cluster of this executable; nullptr where no PostgreSQL server is installed.
PrivateCluster* cluster();

/// A new, empty database on it: its URL.
std::string fresh_database();

/// A pgbouncer in front of the cluster, one of each kind for the executable; 0 where none is installed.
int pooler_port(Pooling pooling = Pooling::transaction);

/// The URL of `database_url`'s database through that pooler.
std::string through_pooler(const std::string& database_url, Pooling pooling = Pooling::transaction);

/// Runs statements as the cluster's owner, outside of the code under test; fails the test on an error.
void sql(const std::string& url, const std::string& statements);

/// The first cell of a query's answer, "" for none or NULL.
std::string cell(const std::string& url, const std::string& query);

/// A clock that only serves waiting.
class TestClock : public Clock {
 public:
  Millis now() override { return now_ms; }
  Millis monotonic() override { return now_ms; }
  bool sleep(Millis ms) override {
    now_ms += ms;
    return true;
  }
  bool interrupted() override { return false; }
  Millis now_ms = 1'000'000;
};

}  // namespace rowpage::testing

#define ROWPAGE_NEEDS_POSTGRES()                                                                     \
  do {                                                                                               \
    if (rowpage::testing::cluster() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed"; \
  } while (false)
