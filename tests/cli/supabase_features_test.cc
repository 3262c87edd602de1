// Beside Supabase's own features: columns of types that Rowpage does not know, generated columns, and triggers that
// keep embeddings, which write the rows they embed.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/world.h"
#include "support/postgres.h"

namespace rowpage::test {
namespace {

// As Supabase's guide to automatic embeddings has it: a change of the content clears the embedding and queues a job,
// and a worker writes the embedding later. pgvector is no package here, so a domain stands for its type.
constexpr const char* embeddings = R"(
  create schema extensions;
  create domain extensions.vector as double precision[];
  alter table decision_vault
    add column embedding extensions.vector,
    add column search tsvector generated always as (to_tsvector('english', decision)) stored,
    add column shouted text generated always as (upper(decision)) stored;
  create table embedding_jobs (id bigint generated always as identity primary key, row_id uuid not null);
  create function clear_embedding() returns trigger language plpgsql as
    'begin new.embedding := null; return new; end';
  create function queue_embedding() returns trigger language plpgsql as
    'begin insert into public.embedding_jobs (row_id) values (new.id); return null; end';
  create trigger clear_embedding before update of decision on decision_vault for each row
    when (old.decision is distinct from new.decision) execute function clear_embedding();
  create trigger embed_new after insert on decision_vault for each row execute function queue_embedding();
  create trigger embed_changed after update of decision on decision_vault for each row
    when (old.decision is distinct from new.decision) execute function queue_embedding();
  grant all on embedding_jobs to public)";

constexpr const char* worker = R"(
  with done as (delete from embedding_jobs where true returning row_id)
  update decision_vault v set embedding = array[length(v.decision), 0.5] from done where v.id = done.row_id)";

TEST(SupabaseFeatures, embeddings_and_generated_columns_are_neither_carried_nor_echoed) {
  World world;
  if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  world.set_up();
  testing::sql(world.database_url(), embeddings);
  ASSERT_EQ(world.run({"setup"}).code, 0) << "a table with columns of unknown types is set up as any other";
  ASSERT_EQ(world.run({"check"}).code, 0);
  const auto page = world.page("Buy beans", "Rent", "2026-03-01");
  world.sql("insert into decision_vault (decision, type, date) values ('Roast lighter', 'Rent', '2026-04-01')");
  world.advance();
  const auto sync = [&] {
    const Ran ran = world.run({"sync"});
    ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
  };
  sync();
  EXPECT_EQ(world.number("select count(*) from embedding_jobs"), 2) << "the user's triggers saw both rows";

  world.sql(worker);
  EXPECT_EQ(world.number("select count(*) from decision_vault where embedding is not null"), 2);
  EXPECT_EQ(world.number("select count(*) from rowpage.change_log"), 0) << "what the worker wrote is no news";
  world.advance(600);
  sync();
  const auto writes = world.writes_counted();
  sync();
  EXPECT_EQ(world.writes_counted(), writes) << "no page was touched for an embedding";

  // An edit in Notion clears the embedding of its row, as an edit in SQL would; the worker's answer stays in Supabase.
  world.person("PATCH", "/v1/pages/" + page,
               json::object{{"properties", json::object{{"Decision", title("Buy more beans")}}}});
  world.advance();
  sync();
  EXPECT_EQ(world.sql("select shouted from decision_vault where decision = 'Buy more beans'"), "BUY MORE BEANS");
  EXPECT_EQ(world.number("select count(*) from decision_vault where embedding is null"), 1);
  world.sql(worker);
  world.advance(600);
  sync();
  EXPECT_EQ(world.writes_counted(), writes) << "what the worker wrote went nowhere";
  EXPECT_EQ(world.live_pages(), world.live_rows());
  EXPECT_EQ(world.number("select count(*) from decision_vault where embedding is not null"), 2);
}

// Supabase's poolers give a few connections to everybody together.
TEST(SupabaseFeatures, a_run_takes_at_most_three_connections) {
  World world;
  if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  world.set_up();
  for (int i = 0; i < 30; ++i) world.page("Decision " + std::to_string(i), "Rent", "2026-03-01");
  world.sql(
      "insert into decision_vault (decision, type, date) select 'Row ' || n, 'Rent', '2026-04-01' from "
      "generate_series(1, 15) n");
  world.advance();
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 20}});
  const auto child = world.start({"sync"});
  std::int64_t most = 0;
  int status = 0;
  for (int tries = 0; tries < 400 && ::waitpid(child, &status, WNOHANG) == 0; ++tries) {
    most = std::max(most, world.number("select count(*) from pg_stat_activity where datname = current_database() and "
                                       "backend_type = 'client backend' and pid <> pg_backend_pid() and usename <> "
                                       "'authenticator' and query not like 'listen%'"));
    ::usleep(10'000);
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_LE(most, 3);
  EXPECT_EQ(world.live_pages(), world.live_rows());
}

}  // namespace
}  // namespace rowpage::test
