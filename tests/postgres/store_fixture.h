// A database with the vault table, its capture triggers and a store that holds the lease.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "postgres/capture.h"
#include "postgres/migrations.h"
#include "postgres/store.h"
#include "postgres/table.h"
#include "support/decision_vault.h"
#include "support/postgres.h"

namespace rowpage::testing {

/// Suites run twice: directly, and behind a pooler that gives every transaction another server connection.
class StoreTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ROWPAGE_NEEDS_POSTGRES();
    direct = fresh_database();
    if (GetParam() && pooler_port() == 0) GTEST_SKIP() << "pgbouncer is not installed";
    url = GetParam() ? through_pooler(direct) : direct;
    database = std::make_unique<ConnectedDatabase>(DatabaseOptions{.url = url});
    store = std::make_unique<PostgresStore>(*database, clock);
    table = std::make_unique<PostgresTable>(*database);
    const auto migrated = migrate(*database);
    ASSERT_TRUE(migrated) << migrated.error().what;
    sql(direct, vault_table);
    for (const auto& statement : capture_statements(pair, "public", "vault")) sql(direct, statement);
    auto taken = store->acquire("default", 60'000, 0);
    ASSERT_TRUE(taken) << taken.error().what;
    lease = *taken;
    batch_of({});
    const auto registered = commit();
    ASSERT_TRUE(registered) << registered.error().what;
  }

  void batch_of(std::vector<Item> items) { batch = Batch{.fence = lease.fence, .items = std::move(items)}; }
  Result<Committed> commit() { return store->commit(pair, batch); }

  static RowWrite insert(const std::string& title, const std::string& kind = "Ops") {
    RowWrite write{.kind = RowWrite::Kind::insert};
    write.set = {{decision, title}, {type, TextList{kind}}};
    return write;
  }
  /// Inserts one row with a link and returns it as stored.
  Row insert_linked(const std::string& title, const std::string& page_id) {
    Item item{.page_id = page_id, .row = insert(title), .link = Link{.page_id = page_id, .nonce = "n-" + page_id}};
    item.link->page_shadow = {title, TextList{"Ops"}, Null{}, Null{}, Null{}, Null{}};
    item.link->row_shadow = Values(pair.fields.size());
    batch_of({item});
    auto done = commit();
    EXPECT_TRUE(done) << done.error().what;
    return done && done->items[0].row ? *done->items[0].row : Row{};
  }
  std::int64_t queued() { return std::stoll(cell(direct, "select count(*) from rowpage.change_log")); }

  std::string direct, url;
  Pair pair = vault_pair();
  TestClock clock;
  std::unique_ptr<ConnectedDatabase> database;
  std::unique_ptr<PostgresStore> store;
  std::unique_ptr<PostgresTable> table;
  Lease lease;
  Batch batch;
};

}  // namespace rowpage::testing
