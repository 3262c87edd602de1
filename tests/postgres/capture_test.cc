#include <gtest/gtest.h>

#include "postgres/store_fixture.h"

namespace rowpage {
namespace {

using namespace testing;

class CaptureTest : public StoreTest {};

INSTANTIATE_TEST_SUITE_P(Ways, CaptureTest, ::testing::Values(false, true),
                         [](const auto& info) { return info.param ? "pooled" : "direct"; });

TEST_P(CaptureTest, our_own_writes_leave_no_echo_and_everybody_elses_do) {
  const Row row = insert_linked("Buy", "p1");
  // The insert gave no value for columns with defaults other than Null ones: nothing was derived, nothing is queued.
  EXPECT_EQ(queued(), 0);
  Item item{.key = row.key};
  item.row = RowWrite{.key = row.key, .version = row.version, .set = {{decision, std::string("Sell")}}};
  batch_of({item});
  ASSERT_TRUE(commit());
  EXPECT_EQ(queued(), 0);
  sql(direct, "update vault set decision = 'Hold', checksum = 'x'");
  sql(direct, "update vault set checksum = 'y', updated_at = now(), notion_synced = true");  // bookkeeping only
  auto changes = table->changes(pair, 0, 10);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->changes.size(), 1U);
  EXPECT_EQ(changes->changes[0].key, row.key);
  EXPECT_EQ(changes->changes[0].fields, (std::vector<std::size_t>{decision}));
  EXPECT_FALSE(changes->changes[0].own);
}

TEST_P(CaptureTest, rows_we_insert_do_not_pass_through_the_queue_and_rows_inserted_because_of_them_do) {
  const auto drawn = [&] { return cell(direct, "select last_value from rowpage.change_log_id_seq"); };
  sql(direct, "insert into vault (decision) values ('by hand'); delete from rowpage.change_log where true");
  const std::string before = drawn();
  insert_linked("Buy", "p1");
  EXPECT_EQ(drawn(), before);
  sql(direct,
      "create function twin() returns trigger language plpgsql as $$begin insert into public.vault (decision) values "
      "('twin of ' || new.decision); return null; end$$; create trigger twin after insert on vault for each row "
      "when (new.decision = 'Sell') execute function twin()");
  insert_linked("Sell", "p2");
  auto changes = table->changes(pair, 0, 10);
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->changes.size(), 1U);
  EXPECT_FALSE(changes->changes[0].own);
  EXPECT_EQ(cell(direct, "select decision from vault where id = '" + changes->changes[0].key + "'"), "twin of Sell");
}

TEST_P(CaptureTest, a_default_the_database_filled_in_stays_queued_and_out_of_the_shadow) {
  Item item{.row = RowWrite{.kind = RowWrite::Kind::insert, .set = {{decision, std::string("Buy")}}},
            .link = Link{.page_id = "p1"}};
  item.link->row_shadow = Values(pair.fields.size());
  batch_of({item});
  auto done = commit();
  ASSERT_TRUE(done) << done.error().what;
  const Row& row = *done->items[0].row;
  EXPECT_EQ(row.values[type], Value(TextList{"Ops"}));
  auto links = store->links_of_rows(pair, std::vector<std::string>{row.key});
  EXPECT_EQ((*links)[0].row_shadow[decision], Value(std::string("Buy")));
  EXPECT_EQ((*links)[0].row_shadow[type], Value(Null{}));
  EXPECT_EQ(queued(), 1);
}

TEST_P(CaptureTest, a_trigger_that_rewrites_our_value_is_shown_as_stored_and_one_that_changes_more_stays_queued) {
  sql(direct,
      "create function low() returns trigger language plpgsql as $$begin new.decision = lower(new.decision); "
      "if new.decision = 'more' then new.amount = 7; end if; return new; end$$;"
      "create trigger low before insert or update on vault for each row execute function low()");
  const Row row = insert_linked("HELLO", "p1");
  EXPECT_EQ(row.values[decision], Value(std::string("hello")));
  auto link = store->links_of_pages(pair, std::vector<std::string>{"p1"});
  EXPECT_EQ((*link)[0].row_shadow[decision], Value(std::string("hello")));
  EXPECT_EQ(queued(), 0);
  Item item{.key = row.key, .page_id = "p1", .link = (*link)[0]};
  item.row = RowWrite{.key = row.key, .version = row.version, .set = {{decision, std::string("MORE")}}};
  batch_of({item});
  ASSERT_TRUE(commit());
  EXPECT_EQ(queued(), 1);
  link = store->links_of_pages(pair, std::vector<std::string>{"p1"});
  EXPECT_EQ((*link)[0].row_shadow[decision], Value(std::string("more")));
  EXPECT_EQ((*link)[0].row_shadow[amount], Value(Null{}));  // the trigger's 7 is a change that travels
}

TEST_P(CaptureTest, what_a_users_after_trigger_does_inside_our_transaction_is_a_change) {
  sql(direct,
      "create table helper (n int); create function after_it() returns trigger language plpgsql as $$begin "
      "insert into helper values (1); "  // unqualified: needs the session's search path
      "update vault set amount = 5 where id <> new.id and amount is null; return null; end$$;"
      "create trigger after_it after insert on vault for each row when (pg_trigger_depth() = 0) execute function "
      "after_it()");
  const Row first = insert_linked("One", "p1");
  insert_linked("Two", "p2");
  auto changes = table->changes(pair, 0, 10);
  ASSERT_EQ(changes->changes.size(), 1U);
  EXPECT_EQ(changes->changes[0].key, first.key);
  EXPECT_FALSE(changes->changes[0].own);
  EXPECT_EQ(changes->changes[0].fields, (std::vector<std::size_t>{amount}));
}

TEST_P(CaptureTest, capture_sees_upserts_key_changes_deletes_soft_deletes_and_truncate) {
  const std::string a = "00000000-0000-4000-8000-00000000000a", b = "00000000-0000-4000-8000-00000000000b";
  sql(direct, "insert into vault (id, decision) values ('" + a + "', 'A')");
  sql(direct, "insert into vault (id, decision) values ('" + a + "', 'B'), ('" + b +
                  "', 'B') "
                  "on conflict (id) do update set decision = excluded.decision");
  sql(direct, "update vault set id = '00000000-0000-4000-8000-00000000000c' where id = '" + b + "'");
  sql(direct, "update vault set deleted_at = now() where id = '" + a + "'");
  sql(direct, "update vault set decision = decision");
  sql(direct, "begin; savepoint s; delete from vault where true; rollback to s; commit");
  sql(direct, "delete from vault where id = '" + a + "'");
  sql(direct, "set session_replication_role = replica; update vault set decision = 'silent'");
  sql(direct, "truncate vault");
  EXPECT_EQ(
      cell(direct,
           "select string_agg(op || right(row_key, 1), ' ' order by op, row_key) from (select id, op, row_key from "
           "rowpage.change_log) t "),
      "Da Db Ia Ib Ic T Ua Ua Uc");
}

TEST_P(CaptureTest, a_queue_nobody_reads_becomes_one_entry_that_asks_for_a_scan_and_stays_within_its_limit) {
  EXPECT_EQ(cell(direct, "select change_log_limit from rowpage.meta"), "1000000");
  sql(direct, "update rowpage.meta set change_log_limit = 100");
  sql(direct, "insert into vault (decision) select 'r' || i from generate_series(1, 100) i");
  EXPECT_EQ(queued(), 100);  // at the limit, not over it
  sql(direct, "insert into vault (decision) select 's' || i from generate_series(1, 10) i");
  auto changes = table->changes(pair, 0, 10);
  ASSERT_EQ(changes->changes.size(), 1U);
  EXPECT_TRUE(changes->changes[0].whole);
  for (int i = 0; i < 300; ++i)
    sql(direct, "update vault set amount = " + std::to_string(i) + " where decision = 'r1'");
  EXPECT_LE(queued(), 110);  // counted once in ten entries
  changes = table->changes(pair, 0, 1);
  EXPECT_TRUE(changes->changes[0].whole);
}

TEST_P(CaptureTest, a_full_queue_neither_waits_for_entries_a_run_holds_nor_takes_them) {
  sql(direct,
      "update rowpage.meta set change_log_limit = 10; insert into vault (decision) select 'r' || i from "
      "generate_series(1, 10) i");
  ConnectedDatabase holder({.url = direct});
  auto held = holder.write<int>([&](Unit& unit) -> Result<int> {
    auto locked = unit.run("select id from rowpage.change_log order by id limit 1 for update", {}, "testing");
    if (!locked) return fail(locked.error());
    sql(direct, "set lock_timeout = 2000; insert into vault (decision) values ('one more')");
    return 1;
  });
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_EQ(cell(direct, "select string_agg(op, '' order by id) from rowpage.change_log"), "IT");
}

TEST_P(CaptureTest, an_acknowledgement_does_not_wait_for_a_statement_that_is_emptying_the_queue) {
  sql(direct, "insert into vault (decision) values ('a'), ('b')");
  const auto changes = table->changes(pair, 0, 10);
  ConnectedDatabase holder({.url = direct});
  auto held = holder.write<int>([&](Unit& unit) -> Result<int> {
    auto locked = unit.run("select id from rowpage.change_log order by id limit 1 for update", {}, "testing");
    if (!locked) return fail(locked.error());
    batch_of({Item{.ack = {changes->changes[0].id, changes->changes[1].id}}});
    const auto done = commit();
    EXPECT_TRUE(done) << done.error().what;
    return 1;
  });
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_EQ(queued(), 1);  // the one that was held is read once more
}

TEST_P(CaptureTest, partitions_written_directly_are_captured) {
  sql(direct,
      "create table part (id bigint, region text, decision text, primary key (id, region)) partition by list (region);"
      "create table part_a partition of part for values in ('a')");
  Pair other = pair;
  other.data_source = "33333333-3333-4333-8333-333333333333";
  other.table_name = "part";
  other.fields.resize(1);
  other.book = Bookkeeping{};
  batch = Batch{.fence = lease.fence};
  ASSERT_TRUE(store->commit(other, batch));
  for (const char* name : {"part", "part_a"}) {
    for (const auto& statement : capture_statements(other, "public", name)) sql(direct, statement);
  }
  EXPECT_TRUE(store->load(other)->capture_ready);
  sql(direct,
      "insert into part values (1, 'a', 'x'); insert into part_a values (2, 'a', 'y'); update part_a set decision = "
      "'z' where id = 1");
  auto changes = table->changes(other, 0, 10);
  ASSERT_EQ(changes->changes.size(), 3U);
  EXPECT_EQ(changes->changes[1].key, "2");
  sql(direct, "create table part_b partition of part for values in ('b')");
  EXPECT_FALSE(store->load(other)->capture_ready);  // the new partition has no triggers yet
}

TEST_P(CaptureTest, a_dropped_column_never_makes_a_users_write_fail_it_asks_for_a_scan) {
  sql(direct, "insert into vault (decision) values ('a'); delete from rowpage.change_log where true");
  sql(direct, "alter table vault drop column amount");
  sql(direct, "update vault set decision = 'b'");
  auto changes = table->changes(pair, 0, 10);
  ASSERT_EQ(changes->changes.size(), 1U);
  EXPECT_TRUE(changes->changes[0].whole);
}

TEST_P(CaptureTest, acknowledged_changes_leave_the_queue_and_only_those) {
  sql(direct, "insert into vault (decision) values ('a'); insert into vault (decision) values ('b')");
  auto changes = table->changes(pair, 0, 1);
  ASSERT_EQ(changes->changes.size(), 1U);
  EXPECT_TRUE(changes->more);
  batch_of({Item{.ack = {changes->changes[0].id}}});
  ASSERT_TRUE(commit());
  changes = table->changes(pair, 0, 10);
  ASSERT_EQ(changes->changes.size(), 1U);
  EXPECT_FALSE(changes->more);
}

}  // namespace
}  // namespace rowpage
