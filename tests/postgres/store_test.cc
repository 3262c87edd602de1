#include "postgres/store.h"

#include <gtest/gtest.h>

#include "postgres/capture.h"
#include "postgres/migrations.h"
#include "postgres/table.h"
#include "support/decision_vault.h"
#include "support/postgres.h"

namespace rowpage {
namespace {

using namespace testing;

/// The suite runs twice: directly, and behind a pooler that gives every transaction another server connection.
class StoreTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ROWPAGE_NEEDS_POSTGRES();
    direct = fresh_database();
    if (GetParam() && pooler_port() == 0) GTEST_SKIP() << "pgbouncer is not installed";
    url = GetParam() ? through_pooler(direct) : direct;
    database = std::make_unique<Database>(DatabaseOptions{.url = url});
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
  std::unique_ptr<Database> database;
  std::unique_ptr<PostgresStore> store;
  std::unique_ptr<PostgresTable> table;
  Lease lease;
  Batch batch;
};

INSTANTIATE_TEST_SUITE_P(Ways, StoreTest, ::testing::Values(false, true),
                         [](const auto& info) { return info.param ? "pooled" : "direct"; });

TEST_P(StoreTest, an_inserted_row_comes_back_as_stored_and_its_link_holds_the_stored_values) {
  Item item{.page_id = "p1", .row = insert("Buy"), .link = Link{.page_id = "p1"}};
  item.row->set.push_back({amount, 12.346});
  item.row->page_id = "p1";
  item.row->synced = true;
  item.link->row_shadow = Values(pair.fields.size());
  batch_of({item});
  auto done = commit();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_TRUE(done->items[0].row);
  const Row& row = *done->items[0].row;
  EXPECT_EQ(row.values[amount], Value(12.35));  // numeric(10,2) rounds
  EXPECT_EQ(row.page_id, "p1");
  auto links = store->links_of_rows(pair, std::vector<std::string>{row.key});
  ASSERT_TRUE(links) << links.error().what;
  ASSERT_EQ(links->size(), 1U);
  EXPECT_EQ((*links)[0].row_shadow[amount], Value(12.35));
  auto read = table->read(pair, std::vector<std::string>{row.key});
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ((*read)[0].version, row.version);
  EXPECT_EQ((*read)[0].values, row.values);
}

TEST_P(StoreTest, a_row_changed_since_it_was_read_is_moved_and_nothing_of_its_item_is_stored) {
  const Row row = insert_linked("Buy", "p1");
  const Row other = insert_linked("Sell", "p2");
  sql(direct, "update vault set amount = 3 where decision = 'Buy'");
  Item loser{.key = row.key, .page_id = "p1"};
  loser.row = RowWrite{.key = row.key, .version = row.version, .set = {{decision, std::string("Mine")}}};
  loser.history = {{.side = Side::supabase, .action = "update", .reason = "test"}};
  loser.note = {Pending{.nonce = "x", .key = row.key}};
  Item winner{.key = other.key, .page_id = "p2"};
  winner.row = RowWrite{.key = other.key, .version = other.version, .set = {{decision, std::string("Sold")}}};
  batch_of({loser, winner});
  auto done = commit();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->items[0].outcome, ItemResult::Outcome::moved);
  EXPECT_FALSE(done->items[0].row);
  EXPECT_EQ(done->items[1].outcome, ItemResult::Outcome::done);
  EXPECT_EQ(cell(direct, "select decision from vault where id = '" + row.key + "'"), "Buy");
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.pending"), "0");
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.history where action = 'update'"), "0");
}

}  // namespace
}  // namespace rowpage
