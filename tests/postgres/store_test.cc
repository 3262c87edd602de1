#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "postgres/store_fixture.h"

namespace rowpage {
namespace {

using namespace testing;
using ::testing::HasSubstr;

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

TEST_P(StoreTest, the_time_heard_on_loading_is_told_without_asking_again_and_only_for_a_moment) {
  ASSERT_TRUE(store->load(pair));
  const auto told = store->now();
  ASSERT_TRUE(told);
  const auto asked = std::stoll(cell(direct, "select (extract(epoch from clock_timestamp()) * 1000)::bigint"));
  EXPECT_NEAR(static_cast<double>(*told), static_cast<double>(asked), 1000);
  ASSERT_TRUE(clock.sleep(500));
  EXPECT_EQ(*store->now() - *told, 500);  // told by our clock
  ASSERT_TRUE(clock.sleep(minute_ms));
  EXPECT_LT(*store->now() - *told, minute_ms / 2);  // asked of the server, for which no minute has passed
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

TEST_P(StoreTest, a_row_the_table_refuses_ends_the_batch_and_the_error_names_what_and_where) {
  Item good{.row = insert("Fine")}, bad{.row = insert("Bad")};
  bad.row->set.push_back({amount, 1e12});
  batch_of({good, bad});
  auto done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().cause, Cause::constraint);
  EXPECT_EQ(done.error().scope, Scope::record);
  EXPECT_EQ(done.error().effect, Effect::none);
  EXPECT_THAT(done.error().what, HasSubstr("22003"));
  EXPECT_EQ(cell(direct, "select count(*) from vault"), "0");

  insert_linked("One", "p1");
  Item twin{.row = insert("Two")};
  twin.row->page_id = "p1";
  sql(direct, "update vault set notion_page_id = 'p1'");
  batch_of({twin});
  done = commit();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("constraint vault_notion_page_id_key"));
  EXPECT_THAT(done.error().what, HasSubstr("table public.vault"));

  Item blank{.row = RowWrite{.kind = RowWrite::Kind::insert, .set = {{type, TextList{"Ops"}}}}};
  batch_of({blank});
  done = commit();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().what, HasSubstr("column decision"));
}

TEST_P(StoreTest, a_value_no_column_can_hold_is_refused_before_anything_is_sent) {
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xED\xA0\x80"), std::string("\xFF")}) {
    batch_of({Item{.row = insert(text)}});
    auto done = commit();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().cause, Cause::constraint);
    EXPECT_EQ(done.error().effect, Effect::none);
  }
  EXPECT_EQ(cell(direct, "select count(*) from vault"), "0");
}

TEST_P(StoreTest, the_fence_of_a_lost_lease_commits_nothing) {
  PostgresStore second(*database, clock);
  auto busy = second.acquire("default", 60'000, 0);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().cause, Cause::lease_lost);
  sql(direct, "update rowpage.workspace set expires_at = clock_timestamp() - interval '1 s'");
  auto taken = second.acquire("default", 60'000, 0);
  ASSERT_TRUE(taken) << taken.error().what;
  EXPECT_GT(taken->fence, lease.fence);
  batch_of({Item{.row = insert("Late")}});
  auto late = commit();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().cause, Cause::lease_lost);
  EXPECT_EQ(late.error().effect, Effect::none);
  EXPECT_EQ(late.error().scope, Scope::workspace);
  EXPECT_EQ(store->renew("default", lease, 1000).error().cause, Cause::lease_lost);
  ASSERT_TRUE(store->release("default", lease));  // not ours any more: without effect
  EXPECT_TRUE(second.renew("default", *taken, 60'000));
  EXPECT_EQ(cell(direct, "select count(*) from vault"), "0");
  ASSERT_TRUE(second.release("default", *taken));
  EXPECT_TRUE(store->acquire("default", 60'000, 0));
}

TEST_P(StoreTest, pendings_owners_parked_conflicts_and_history_come_back_as_written) {
  const Row row = insert_linked("Buy", "p1");
  Item item{.key = row.key, .page_id = "p1"};
  item.note = {Pending{.nonce = "q",
                       .kind = RequestKind::create,
                       .key = "k",
                       .intended = {{amount, 1.5}},
                       .found = {{amount, Null{}}, {decision, std::string("Old")}},
                       .noted_ms = 1700000000123,
                       .send_by_ms = 1700000060123,
                       .attempt = 2}};
  item.abandon = {Abandoned{.nonce = "a", .key = "k2", .intended = {{decision, std::string("x")}}}};
  item.park = Parked{
      .kind = Parked::Kind::waiting, .reason = "no \xF0\x9F\x98\x80", .hint = "wait", .attempts = 3, .next_try_ms = 1};
  item.conflicts = {
      Conflict{.key = row.key, .page_id = "p1", .field = decision, .page = std::string("P"), .row = std::string("R")}};
  item.history = {{.side = Side::notion,
                   .action = "update",
                   .before = {{amount, Null{}}},
                   .after = {{amount, 1.5}},
                   .reason = "why"}};
  batch_of({item});
  auto done = commit();
  ASSERT_TRUE(done) << done.error().what;
  ASSERT_TRUE(commit());  // the same open conflict and parking again: replaced, not doubled
  auto open = store->pending(pair);
  ASSERT_TRUE(open) << open.error().what;
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ((*open)[0].intended, (std::vector<Change>{{amount, 1.5}}));
  EXPECT_EQ((*open)[0].found, (std::vector<Change>{{decision, std::string("Old")}, {amount, Null{}}}));
  EXPECT_EQ((*open)[0].noted_ms, 1700000000123);
  EXPECT_EQ((*open)[0].send_by_ms, 1700000060123);
  EXPECT_EQ((*open)[0].attempt, 2);
  auto owners = store->owners(pair, std::vector<std::string>{"n-p1", "q", "a", "nobody"});
  ASSERT_TRUE(owners) << owners.error().what;
  EXPECT_EQ((*owners)[0].state, NonceOwner::State::linked);
  EXPECT_EQ((*owners)[0].page_id, "p1");
  EXPECT_EQ((*owners)[1].state, NonceOwner::State::pending);
  EXPECT_EQ((*owners)[2].state, NonceOwner::State::abandoned);
  EXPECT_EQ((*owners)[2].intended, (std::vector<Change>{{decision, std::string("x")}}));
  EXPECT_EQ((*owners)[3].state, NonceOwner::State::unknown);
  auto waiting = store->waiting(pair);
  ASSERT_EQ(waiting->size(), 1U);
  EXPECT_EQ((*waiting)[0].kind, Parked::Kind::waiting);
  EXPECT_EQ((*waiting)[0].key, row.key);
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.conflict"), "1");
  Item after{.key = row.key, .page_id = "p1", .close_conflicts = {decision}, .settle = {"q"}, .unpark = true};
  batch_of({after});
  ASSERT_TRUE(commit());
  EXPECT_TRUE(store->pending(pair)->empty());
  EXPECT_TRUE(store->waiting(pair)->empty());
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.conflict where resolved_at is null"), "0");
}

TEST_P(StoreTest, a_nonce_belongs_to_its_link_before_its_open_request_and_to_that_before_a_create_given_up) {
  const std::vector<std::string> nonce{"n-p1"};
  Item item{.key = "k"};
  item.abandon = {Abandoned{.nonce = "n-p1", .key = "k", .intended = {{decision, std::string("x")}}}};
  batch_of({item});
  ASSERT_TRUE(commit());
  EXPECT_EQ(store->owners(pair, nonce)->at(0).state, NonceOwner::State::abandoned);
  item = Item{.key = "k", .note = {Pending{.nonce = "n-p1", .key = "k"}}};
  batch_of({item});
  ASSERT_TRUE(commit());
  EXPECT_EQ(store->owners(pair, nonce)->at(0).state, NonceOwner::State::pending);
  EXPECT_TRUE(store->owners(pair, nonce)->at(0).intended.empty());
  insert_linked("Buy", "p1");
  EXPECT_EQ(store->owners(pair, nonce)->at(0).state, NonceOwner::State::linked);
  EXPECT_EQ(store->owners(pair, nonce)->at(0).page_id, "p1");
}

TEST_P(StoreTest, settling_a_nonce_also_ends_the_waiting_for_a_create_given_up) {
  Item item{.key = "k"};
  for (const char* nonce : {"landed", "lost"}) item.abandon.push_back(Abandoned{.nonce = nonce, .key = "k"});
  batch_of({item});
  ASSERT_TRUE(commit());
  batch_of({Item{.key = "k", .settle = {"landed"}}});
  ASSERT_TRUE(commit());
  const auto owners = store->owners(pair, std::vector<std::string>{"landed", "lost"});
  EXPECT_EQ(owners->at(0).state, NonceOwner::State::unknown);
  EXPECT_EQ(owners->at(1).state, NonceOwner::State::abandoned);
}

TEST_P(StoreTest, an_insert_whose_key_is_taken_is_moved_and_the_rest_of_the_batch_is_stored) {
  const Row row = insert_linked("Buy", "p1");
  Item taken{.key = row.key, .row = insert("Mine"), .note = {Pending{.nonce = "x"}}}, fresh{.row = insert("Fresh")};
  taken.row->key = row.key;
  fresh.row->key = random_uuid();
  batch_of({taken, fresh});
  auto done = commit();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->items[0].outcome, ItemResult::Outcome::moved);
  EXPECT_EQ(done->items[1].row->key, fresh.row->key);
  EXPECT_TRUE(store->pending(pair)->empty());
  EXPECT_EQ(cell(direct, "select string_agg(decision, ' ' order by decision) from vault"), "Buy Fresh");
}

TEST_P(StoreTest, history_of_a_row_holds_the_exact_texts_before_and_after) {
  const Row row = insert_linked("Buy", "p1");
  sql(direct, "update vault set amount = 1.10");
  auto read = table->read(pair, std::vector<std::string>{row.key});
  Item item{.key = row.key};
  item.row = RowWrite{.key = row.key, .version = (*read)[0].version, .set = {{amount, 2.345}}};
  item.history = {{.side = Side::supabase, .action = "update", .before = {{amount, 1.1}}, .after = {{amount, 2.345}}}};
  batch_of({item});
  ASSERT_TRUE(commit());
  EXPECT_EQ(cell(direct, "select before::text || after::text from rowpage.history where action = 'update'"),
            R"({"amount": "1.10"}{"amount": "2.35"})");
  read = table->read(pair, std::vector<std::string>{row.key});
  item.row = RowWrite{.kind = RowWrite::Kind::hard_delete, .key = row.key, .version = (*read)[0].version};
  item.history = {{.side = Side::supabase, .action = "hard_delete"}};
  batch_of({item});
  ASSERT_TRUE(commit());
  EXPECT_EQ(cell(direct, "select before ->> 'decision' from rowpage.history where action = 'hard_delete'"), "Buy");
  EXPECT_EQ(cell(direct, "select count(*) from vault"), "0");
}

TEST_P(StoreTest, soft_delete_and_restore_set_the_mark_and_without_its_column_only_the_link_changes) {
  const Row row = insert_linked("Buy", "p1");
  Item item{.key = row.key,
            .row = RowWrite{.kind = RowWrite::Kind::soft_delete, .key = row.key, .version = row.version}};
  batch_of({item});
  auto done = commit();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_TRUE(done->items[0].row->deleted);
  EXPECT_EQ(queued(), 0);
  item.row = RowWrite{
      .kind = RowWrite::Kind::restore, .key = row.key, .version = done->items[0].row->version, .set = {{amount, 4.0}}};
  batch_of({item});
  done = commit();
  EXPECT_FALSE(done->items[0].row->deleted);
  EXPECT_EQ(done->items[0].row->values[amount], Value(4.0));
  pair.book.deleted_at_column = "";
  item.row = RowWrite{.kind = RowWrite::Kind::soft_delete, .key = row.key, .version = done->items[0].row->version};
  item.link = store->links_of_rows(pair, std::vector<std::string>{row.key})->at(0);
  item.link->row_live = false;
  batch_of({item});
  done = commit();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->items[0].outcome, ItemResult::Outcome::done);
  EXPECT_FALSE(store->links_of_rows(pair, std::vector<std::string>{row.key})->at(0).row_live);
  EXPECT_EQ(cell(direct, "select count(*) from vault where deleted_at is null"), "1");
}

TEST_P(StoreTest, state_survives_and_another_database_is_noticed) {
  EXPECT_FALSE(store->load(pair)->known);
  PairState state{.watermark_ms = 1700000000000,
                  .first_sync_done = true,
                  .stranded_pages = true,
                  .fingerprint = "f",
                  .bot_id = "b",
                  .schema_json = "{\"a\":1}",
                  .schema_ms = 1700000000001,
                  .trash_query = false};
  batch_of({});
  batch.state = state;
  ASSERT_TRUE(commit());
  auto loaded = store->load(pair);
  ASSERT_TRUE(loaded) << loaded.error().what;
  EXPECT_TRUE(loaded->known && loaded->first_sync_done && loaded->stranded_pages && loaded->capture_ready);
  EXPECT_EQ(loaded->watermark_ms, state.watermark_ms);
  EXPECT_EQ(loaded->schema_json, state.schema_json);
  EXPECT_EQ(loaded->schema_ms, state.schema_ms);
  EXPECT_EQ(loaded->trash_query, std::optional(false));
  EXPECT_EQ(loaded->trash_search, std::nullopt);
  sql(direct, "update rowpage.pair set database_identity = 'elsewhere'");
  loaded = store->load(pair);
  EXPECT_TRUE(loaded->elsewhere);
  EXPECT_FALSE(loaded->known);
  EXPECT_FALSE(loaded->first_sync_done);
  EXPECT_TRUE(loaded->scan_needed);
  EXPECT_FALSE(loaded->watermark_ms);
}

TEST_P(StoreTest, scan_and_links_go_through_keys_in_the_same_order_and_unlinked_leaves_linked_rows_out) {
  for (int i = 0; i < 7; ++i) insert_linked("r" + std::to_string(i), "p" + std::to_string(i));
  sql(direct, "insert into vault (decision) values ('lonely')");
  std::vector<std::string> rows, links;
  for (std::string after;;) {
    auto part = table->scan(pair, after, 3, false);
    ASSERT_TRUE(part) << part.error().what;
    for (const auto& row : part->rows) rows.push_back(row.key);
    if (!part->more) break;
    after = rows.back();
  }
  for (std::string after;;) {
    auto part = store->links_after(pair, after, 3);
    ASSERT_TRUE(part) << part.error().what;
    for (const auto& link : *part) links.push_back(link.key);
    if (part->size() < 3) break;
    after = links.back();
  }
  EXPECT_EQ(rows.size(), 8U);
  EXPECT_EQ(links.size(), 7U);
  EXPECT_TRUE(std::ranges::is_sorted(rows));
  EXPECT_TRUE(std::ranges::is_sorted(links));
  auto lonely = table->scan(pair, "", 100, true);
  ASSERT_TRUE(lonely) << lonely.error().what;
  ASSERT_EQ(lonely->rows.size(), 1U);
  EXPECT_EQ(lonely->rows[0].values[decision], Value(std::string("lonely")));
  EXPECT_EQ(*table->count(pair), 8);
}

TEST_P(StoreTest, keys_a_person_typed_find_nothing_instead_of_failing) {
  insert_linked("Buy", "p1");
  for (const std::string& key :
       {std::string("hello"), std::string("'"), std::string("a\0b", 3), std::string("\xFF"), std::string()}) {
    auto read = table->read(pair, std::vector<std::string>{key});
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_TRUE(read->empty());
  }
}

TEST_P(StoreTest, permits_never_exceed_the_limit_and_say_when_to_come_again) {
  EXPECT_EQ(store->take_permits("bot", 10, 7)->granted, 7U);
  PostgresStore second(*database, clock);
  EXPECT_EQ(second.take_permits("bot", 10, 7)->granted, 3U);
  auto none = store->take_permits("bot", 10, 1);
  EXPECT_EQ(none->granted, 0U);
  EXPECT_GT(none->wait_ms, 50'000);
  EXPECT_LE(none->wait_ms, 60'000);
  EXPECT_EQ(store->take_permits("other bot", 10, 1)->granted, 1U);
  sql(direct, "update rowpage.request_budget set at = at - interval '61 s'");
  EXPECT_EQ(store->take_permits("bot", 10, 20)->granted, 10U);
}

TEST_P(StoreTest, runs_are_opened_and_closed) {
  auto run = store->start_run("default", lease, {.command = "sync", .direction = "both"});
  ASSERT_TRUE(run) << run.error().what;
  ASSERT_TRUE(store->finish_run("default", lease, {.id = *run, .outcome = "done", .detail = R"({"pages":3})"}));
  EXPECT_EQ(cell(direct, "select outcome || (detail ->> 'pages') from rowpage.run"), "done3");
}

TEST_P(StoreTest, a_batch_whose_commit_was_lost_is_settled_by_its_token) {
  if (GetParam()) GTEST_SKIP() << "the test ends its own server process, which the pooler hides";
  // Committed, but the answer is lost.
  int calls = 0;
  database->before_commit = [&](ConnectedUnit& unit) {
    if (++calls > 1) return;
    ASSERT_TRUE(unit.script("commit", "test"));
    sql(direct, "select pg_terminate_backend(" + std::to_string(unit.backend()) + ")");
  };
  batch_of({Item{.row = insert("Once"), .link = Link{.page_id = "p1"}}});
  auto done = commit();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(done->items[0].row->values[decision], Value(std::string("Once")));
  EXPECT_EQ(cell(direct, "select count(*) from vault"), "1");
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.link"), "1");
  // Not committed: the server process dies first.
  calls = 0;
  database->before_commit = [&](ConnectedUnit& unit) {
    if (++calls > 1) return;
    sql(direct, "select pg_terminate_backend(" + std::to_string(unit.backend()) + ")");
  };
  batch_of({Item{.row = insert("Twice")}});
  done = commit();
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(cell(direct, "select count(*) from vault where decision = 'Twice'"), "1");
  // Never to be learned: every attempt dies.
  database->before_commit = [&](ConnectedUnit& unit) {
    sql(direct, "select pg_terminate_backend(" + std::to_string(unit.backend()) + ")");
  };
  batch_of({Item{.row = insert("Never")}});
  done = commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().effect, Effect::unknown);
  EXPECT_EQ(done.error().cause, Cause::unavailable);
}

TEST_P(StoreTest, a_commit_refused_after_the_lost_one_did_happen_still_answers_for_it) {
  if (GetParam()) GTEST_SKIP() << "as above";
  bool first = true;
  database->before_commit = [&](ConnectedUnit& unit) {
    if (!std::exchange(first, false)) return;
    ASSERT_TRUE(unit.script("commit", "test"));
    sql(direct, "update rowpage.workspace set fence = fence + 1; select pg_terminate_backend(" +
                    std::to_string(unit.backend()) + ")");
  };
  batch_of({Item{.row = insert("Once")}});
  auto done = commit();
  ASSERT_TRUE(done) << done.error().what;  // the token answers before the fence is asked
  EXPECT_EQ(cell(direct, "select count(*) from vault"), "1");
}

TEST_P(StoreTest, reading_leaves_no_trace) {
  insert_linked("Buy", "p1");
  const std::string next =
      "select pg_snapshot_xmax(pg_current_snapshot())::text || (select count(*) from pg_prepared_statements)";
  const std::string before = cell(direct, next);
  ASSERT_TRUE(store->installed());
  ASSERT_TRUE(store->now());
  ASSERT_TRUE(store->load(pair));
  ASSERT_TRUE(store->links_after(pair, "", 10));
  ASSERT_TRUE(store->pending(pair));
  ASSERT_TRUE(store->waiting(pair));
  ASSERT_TRUE(store->owners(pair, std::vector<std::string>{"x"}));
  ASSERT_TRUE(table->scan(pair, "", 10, true));
  ASSERT_TRUE(table->changes(pair, 0, 10));
  ASSERT_TRUE(table->count(pair));
  EXPECT_EQ(cell(direct, next), before);  // no transaction id was drawn, so nothing was written
}

TEST_P(StoreTest, before_setup_nothing_is_known_and_the_table_can_still_be_read) {
  sql(direct, "drop schema rowpage cascade; insert into vault (decision) values ('a')");
  PostgresStore fresh(*database, clock);
  PostgresTable rows(*database);
  EXPECT_FALSE(*fresh.installed());
  EXPECT_FALSE(fresh.load(pair)->known);
  EXPECT_TRUE(fresh.links_after(pair, "", 10)->empty());
  EXPECT_TRUE(fresh.pending(pair)->empty());
  EXPECT_TRUE(rows.changes(pair, 0, 10)->changes.empty());
  EXPECT_EQ(rows.scan(pair, "", 10, true)->rows.size(), 1U);
}

TEST_P(StoreTest, row_security_that_would_hide_rows_is_an_error_not_an_absence) {
  const std::string name = direct.substr(direct.rfind('/') + 1);
  sql(direct,
      "do $$begin if not exists (select from pg_roles where rolname = 'limited') then create role limited login "
      "password 'limited'; "
      "end if; end$$; grant usage on schema public to limited; grant select on vault to limited; "
      "insert into vault (decision) values ('hidden'); alter table vault enable row level security");
  ConnectedDatabase other(
      {.url = "postgresql://limited:limited@127.0.0.1:" + std::to_string(cluster()->port()) + "/" + name});
  PostgresTable rows(other);
  auto scan = rows.scan(pair, "", 10, false);
  ASSERT_FALSE(scan);
  EXPECT_EQ(scan.error().cause, Cause::forbidden);
  EXPECT_THAT(scan.error().hint, HasSubstr("bypass"));
}

TEST_P(StoreTest, many_shapes_in_one_batch_keep_every_row_with_its_own_values) {
  std::vector<Item> items;
  for (int i = 0; i < 120; ++i) {
    Item item{.page_id = "p" + std::to_string(i),
              .row = insert("row " + std::to_string(i)),
              .link = Link{.page_id = "p" + std::to_string(i)}};
    if (i % 2 == 0) item.row->set.push_back({amount, i * 1.0});
    if (i % 3 == 0) item.row->set.push_back({tags, TextList{"t" + std::to_string(i)}});
    if (i % 5 == 0) item.row->key = random_uuid();
    items.push_back(item);
  }
  batch_of(items);
  auto done = commit();
  ASSERT_TRUE(done) << done.error().what;
  for (std::size_t i = 0; i < items.size(); ++i) {
    ASSERT_TRUE(done->items[i].row);
    EXPECT_EQ(done->items[i].row->values[decision], Value("row " + std::to_string(i)));
    const auto link = store->links_of_pages(pair, std::vector<std::string>{"p" + std::to_string(i)});
    EXPECT_EQ(link->at(0).key, done->items[i].row->key);
    EXPECT_EQ(link->at(0).row_shadow[decision], Value("row " + std::to_string(i)));
  }
}

}  // namespace
}  // namespace rowpage
