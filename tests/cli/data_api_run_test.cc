// The program with a project's address and a secret key alone: everything a user types after the set-up, over a
// stand-in for Supabase's Data API, and the same results as over a connection.
#include <signal.h>

#include <chrono>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "cli/world.h"
#include "support/data_api.h"
#include "support/postgres.h"

namespace rowpage::test {
namespace {

using testing::DataApi;
using ::testing::HasSubstr;
using ::testing::Not;

class DataApiRun : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
    api = std::make_unique<DataApi>(world.database_url());
    world.set_up();
  }

  // From now on there is no database password.
  void go_over_api(const std::string& key = DataApi::secret_key) {
    world.environment.erase("SUPABASE_DB_URL");
    world.environment["SUPABASE_URL"] = api->base_url();
    world.environment["SUPABASE_SERVICE_ROLE_KEY"] = key;
  }
  void sync() {
    world.advance();
    const Ran ran = world.run({"sync"});
    ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
  }

  World world{DatabaseWay::direct};
  std::unique_ptr<DataApi> api;
};

TEST_F(DataApiRun, syncs_both_ways_without_a_password) {
  go_over_api();
  for (int i = 0; i < 120; ++i) world.page("Decision " + std::to_string(i), "Rent", "2026-03-01");
  sync();
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 120);
  EXPECT_EQ(world.live_pages(), world.live_rows());

  world.sql("update decision_vault set decision = decision || ' (revised)' where decision like 'Decision 1%'");
  world.sql("insert into decision_vault (decision, type, date) values ('From SQL', 'Rent', '2026-04-01')");
  world.page("From Notion", "Rent", "2026-05-01");
  sync();
  EXPECT_EQ(world.live_pages(), world.live_rows());
  EXPECT_EQ(world.live_rows().size(), 122U);

  world.pass_time();
  sync();
  const char* versions = "select string_agg(id || ':' || xmin::text, ',' order by id) from decision_vault";
  const std::string before = world.sql(versions);
  sync();
  EXPECT_EQ(world.sql(versions), before) << "a quiet run writes nothing";
  EXPECT_EQ(world.run({"verify"}).code, 0);
  EXPECT_EQ(world.run({"status"}).code, 0);
  EXPECT_EQ(world.run({"report"}).code, 0);
  EXPECT_EQ(world.run({"conflicts", "list"}).code, 0);
  EXPECT_EQ(world.run({"parked", "list"}).code, 0);
  EXPECT_EQ(world.run({"plan"}).code, 0);
  EXPECT_EQ(api->stats().serialization_retries, 0);
}

TEST_F(DataApiRun, check_says_which_way_is_used) {
  world.environment["SUPABASE_URL"] = api->base_url();
  world.environment["SUPABASE_SERVICE_ROLE_KEY"] = DataApi::secret_key;
  const Ran both = world.run({"check"});
  EXPECT_EQ(both.code, 0) << both.out << both.err;
  EXPECT_THAT(both.out, HasSubstr("answers, too, as service_role; the direct connection is used"));
  go_over_api();
  const Ran one = world.run({"check"});
  EXPECT_EQ(one.code, 0) << one.out << one.err;
  EXPECT_THAT(one.out, HasSubstr(api->base_url() + " (Data API), PostgreSQL"));
}

TEST_F(DataApiRun, gateways_that_give_up_double_nothing_and_lose_nothing) {
  go_over_api();
  for (int i = 0; i < 40; ++i) world.page("Decision " + std::to_string(i), "Rent", "2026-03-01");
  world.sql(
      "insert into decision_vault (decision, type, date) select 'Row ' || g, 'Rent', '2026-04-01' from "
      "generate_series(1, 15) g");
  api->trouble = [](const std::string&, int number) -> std::optional<DataApi::Trouble> {
    constexpr int statuses[] = {504, 520, 0, 544};
    if (number % 3 != 0) return std::nullopt;
    return DataApi::Trouble{.status = statuses[number / 3 % 4], .after = number % 2 == 0};
  };
  world.advance();
  const Ran ran = world.run({"sync"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  api->trouble = nullptr;
  sync();
  EXPECT_EQ(world.live_pages(), world.live_rows());
  EXPECT_EQ(world.live_rows().size(), 55U);
}

TEST_F(DataApiRun, an_interrupted_sync_stores_what_was_done_and_gives_the_lease_back) {
  world.sql(
      "insert into decision_vault (decision, type, date) select 'Row ' || g, 'Rent', '2026-04-01' from "
      "generate_series(1, 19) g");
  go_over_api();
  world.advance();
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 50}});
  const std::int64_t before = world.requests_counted();
  const pid_t child = world.start({"sync"});
  while (world.requests_counted() < before + 4) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(child, SIGTERM);
  const Ran interrupted = world.finish(child);
  EXPECT_EQ(interrupted.code, 130) << interrupted.out << interrupted.err;
  EXPECT_EQ(world.number("select count(*) from rowpage.pending"), 0) << "what was under way has been stored";
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 0}});
  const Ran next = world.run({"sync"});
  EXPECT_EQ(next.code, 0) << "the lease was not given back: " << next.err;
  EXPECT_EQ(world.live_pages(), world.live_rows());
  EXPECT_EQ(world.live_rows().size(), 19U);
}

TEST_F(DataApiRun, a_bad_row_parks_alone) {
  world.sql("alter table decision_vault add check (decision <> 'Decision 7')");
  go_over_api();
  for (int i = 0; i < 30; ++i) world.page("Decision " + std::to_string(i), "Rent", "2026-03-01");
  world.advance();
  const Ran ran = world.run({"sync"});
  EXPECT_EQ(ran.code, 3) << ran.out << ran.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 29);
  EXPECT_THAT(world.run({"parked", "list"}).out, HasSubstr("23514"));
}

TEST_F(DataApiRun, bad_keys_and_addresses_are_explained) {
  go_over_api(DataApi::publishable_key);
  Ran ran = world.run({"sync"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("a key for browsers"));
  go_over_api("sb_secret_of_somebody_else");
  ran = world.run({"sync"});
  EXPECT_NE(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("Invalid API key"));
  EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("sb_secret_of_somebody_else")));
  world.environment["SUPABASE_URL"] = "http://project.supabase.co";
  ran = world.run({"sync"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("SUPABASE_URL"));
  world.environment.erase("SUPABASE_URL");
  ran = world.run({"sync"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("SUPABASE_URL"));
}

TEST_F(DataApiRun, a_paused_project_says_so) {
  go_over_api();
  api->trouble = [](const std::string&, int) { return DataApi::Trouble{.status = 540}; };
  const Ran ran = world.run({"sync"});
  EXPECT_NE(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("paused"));
  EXPECT_EQ(api->stats().requests, 1) << "a paused project is not asked again and again";
}

// --- setting up

class DataApiSetup : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
    api = std::make_unique<DataApi>(world.database_url());
    world.environment.erase("SUPABASE_DB_URL");
    world.environment["SUPABASE_URL"] = api->base_url();
    world.environment["SUPABASE_SERVICE_ROLE_KEY"] = DataApi::secret_key;
  }
  void with_management() {
    world.environment["SUPABASE_MANAGEMENT_URL"] = api->base_url();
    world.environment["SUPABASE_PROJECT_ID"] = DataApi::project;
    world.environment["SUPABASE_ACCESS_TOKEN"] = DataApi::access_token;
  }
  World world{DatabaseWay::direct};
  std::unique_ptr<DataApi> api;
};

TEST_F(DataApiSetup, goes_over_the_management_api_and_is_used_over_the_data_api) {
  with_management();
  world.set_up();
  EXPECT_EQ(world.run({"setup"}).code, 0) << "once more: nothing is missing";
  EXPECT_THAT(world.run({"setup", "--print"}).out, HasSubstr("nothing is missing"));
  world.page("Decision", "Rent", "2026-03-01");
  world.advance();
  const Ran ran = world.run({"sync"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(world.live_pages(), world.live_rows());
  EXPECT_EQ(world.live_rows().size(), 1U);
}

TEST_F(DataApiSetup, without_a_token_prints_what_to_paste_and_then_finds_it) {
  const Ran without = world.run({"setup", "--side", "postgres"});
  EXPECT_NE(without.code, 0);
  EXPECT_THAT(without.err, HasSubstr("rowpage_read"));
  EXPECT_THAT(without.err, HasSubstr("--print"));
  const Ran printed = world.run({"setup", "--print"});
  ASSERT_EQ(printed.code, 0) << printed.out << printed.err;
  testing::sql(world.database_url(), printed.out);
  EXPECT_THAT(world.run({"setup", "--print"}).out, HasSubstr("nothing is missing"));
  const Ran found = world.run({"setup", "--side", "postgres"});
  EXPECT_EQ(found.code, 0) << found.out << found.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 0);
}

TEST_F(DataApiSetup, what_is_printed_unseen_leaves_a_table_that_is_there_for_a_second_look) {
  testing::sql(
      world.database_url(),
      "create table decision_vault (id uuid primary key default gen_random_uuid(), decision text not null, type text, "
      "date date, updated_at timestamptz default now(), notion_page_id text unique); insert into decision_vault "
      "(decision) values ('mine'); grant all on decision_vault to service_role");
  const Ran printed = world.run({"setup", "--print"});
  ASSERT_EQ(printed.code, 0) << printed.out << printed.err;
  EXPECT_THAT(printed.out, HasSubstr("without a look"));
  testing::sql(world.database_url(), printed.out);
  EXPECT_EQ(world.number("select count(*) from pg_trigger where tgrelid = 'decision_vault'::regclass"), 0);
  EXPECT_EQ(world.number("select count(*) from pg_class where oid = 'decision_vault'::regclass and relrowsecurity"), 0);
  const Ran looked = world.run({"setup", "--side", "postgres"});
  EXPECT_NE(looked.code, 0);
  EXPECT_THAT(looked.err, HasSubstr("--print"));
  const Ran second = world.run({"setup", "--print"});
  EXPECT_THAT(second.out, HasSubstr("captured as they happen"));
  EXPECT_THAT(second.out, Not(HasSubstr("create table \"public\".\"decision_vault\"")));
  testing::sql(world.database_url(), second.out);
  EXPECT_THAT(world.run({"setup", "--print"}).out, HasSubstr("nothing is missing"));
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 1);
}

TEST_F(DataApiSetup, what_is_printed_unseen_changes_nothing_where_our_schema_is_there_already) {
  const std::string script = world.run({"setup", "--print"}).out;
  testing::sql(world.database_url(), script);
  const std::string epoch = world.sql("select epoch from rowpage.meta");
  const std::unique_ptr<PGconn, decltype(&PQfinish)> line(PQconnectdb(world.database_url().c_str()), &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> again(PQexec(line.get(), script.c_str()), &PQclear);
  EXPECT_THAT(std::string(PQresultErrorMessage(again.get())), HasSubstr("nothing was changed"));
  EXPECT_EQ(world.sql("select epoch from rowpage.meta"), epoch);
}

TEST_F(DataApiSetup, remove_leaves_what_is_the_users_and_nothing_of_ours) {
  with_management();
  world.set_up();
  world.page("Decision", "Rent", "2026-03-01");
  world.advance();
  ASSERT_EQ(world.run({"sync"}).code, 0);
  const std::string row = world.sql("select decision_vault::text from decision_vault");
  const Ran unasked = world.run({"setup", "--remove"});
  EXPECT_EQ(unasked.code, 2) << "nobody said yes";
  const Ran printed = world.run({"setup", "--remove", "--print"});
  EXPECT_THAT(printed.out, HasSubstr("drop schema if exists rowpage cascade"));

  world.sql("update rowpage.workspace set expires_at = clock_timestamp() + interval '1 minute' where true");
  const Ran busy = world.run({"setup", "--remove", "--yes"});
  EXPECT_NE(busy.code, 0);
  EXPECT_THAT(busy.err, HasSubstr("is being synced"));
  world.sql("update rowpage.workspace set expires_at = clock_timestamp() where true");

  const Ran removed = world.run({"setup", "--remove", "--yes"});
  ASSERT_EQ(removed.code, 0) << removed.out << removed.err;
  EXPECT_EQ(world.sql("select decision_vault::text from decision_vault"), row);
  EXPECT_EQ(world.number("select count(*) from pg_namespace where nspname = 'rowpage'"), 0);
  EXPECT_EQ(world.number("select count(*) from pg_proc where proname like 'rowpage%'"), 0);
  EXPECT_EQ(world.number("select count(*) from pg_trigger where tgname like 'rowpage%'"), 0);
  EXPECT_EQ(world.number("select count(*) from pg_class where relname like 'rowpage%'"), 0);
  EXPECT_EQ(world.run({"setup", "--remove", "--yes"}).code, 0) << "once more: nothing is there";
  EXPECT_EQ(world.run({"setup", "--remove", "--reset"}).code, 2);

  ASSERT_EQ(world.run({"setup"}).code, 0);
  world.advance();
  ASSERT_EQ(world.run({"sync"}).code, 0);
  EXPECT_EQ(world.live_pages(), world.live_rows());
  EXPECT_EQ(world.live_rows().size(), 1U) << "met again by their page id, not doubled";
}

TEST_F(DataApiSetup, reset_needs_no_password_either) {
  with_management();
  world.set_up();
  world.page("Decision", "Rent", "2026-03-01");
  world.advance();
  ASSERT_EQ(world.run({"sync"}).code, 0);
  world.sql("update decision_vault set decision = 'unsynced'");
  const Ran refused = world.run({"setup", "--reset", "--yes"});
  EXPECT_EQ(refused.code, 5) << refused.out << refused.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 1);
  const Ran reset = world.run({"setup", "--reset", "--yes", "--drop-unsynced"});
  ASSERT_EQ(reset.code, 0) << reset.out << reset.err;
  EXPECT_THAT(reset.out, HasSubstr("1 row removed"));
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 0);
  world.advance();
  ASSERT_EQ(world.run({"sync"}).code, 0);
  EXPECT_EQ(world.live_pages(), world.live_rows());
}

TEST_F(DataApiSetup, entry_points_that_somebody_opened_are_noticed_and_closed_by_the_next_setup) {
  with_management();
  world.set_up();
  world.sql("grant execute on function public.rowpage_read(jsonb) to anon");
  const Ran checked = world.run({"check"});
  EXPECT_NE(checked.code, 0);
  EXPECT_THAT(checked.out, HasSubstr("anon may call public.rowpage_read"));
  world.advance();
  const Ran ran = world.run({"sync"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("anon may call public.rowpage_read"));
  const Ran mended = world.run({"setup"});
  EXPECT_THAT(mended.out, HasSubstr("set anew"));
  EXPECT_EQ(world.run({"check"}).code, 0);
}

TEST_F(DataApiSetup, a_copy_in_another_project_asks_before_it_touches_the_originals_notion) {
  with_management();
  world.set_up();
  world.page("Decision", "Rent", "2026-03-01");
  world.advance();
  ASSERT_EQ(world.run({"sync"}).code, 0);
  for (const char* variable : {"SUPABASE_MANAGEMENT_URL", "SUPABASE_ACCESS_TOKEN"}) world.environment.erase(variable);
  world.environment["SUPABASE_PROJECT_ID"] = "tsrqponmlkjihgfedcba";
  world.sql("update decision_vault set decision = 'changed in the copy'");
  EXPECT_THAT(world.run({"check"}).out, HasSubstr("is a copy now"));
  const std::int64_t before = world.writes_counted();
  const Ran asked = world.run({"sync"});
  EXPECT_EQ(asked.code, 5) << asked.out << asked.err;
  EXPECT_THAT(asked.err, HasSubstr("--allow-copied-database"));
  EXPECT_EQ(world.run({"sync"}).code, 5) << "it is asked until somebody answers";
  EXPECT_EQ(world.writes_counted(), before);
  const Ran allowed = world.run({"sync", "--allow-copied-database"});
  EXPECT_EQ(allowed.code, 0) << allowed.out << allowed.err;
  EXPECT_EQ(world.live_pages(), world.live_rows());
  EXPECT_EQ(world.run({"sync"}).code, 0) << "once is enough";
}

TEST_F(DataApiSetup, waits_as_long_as_the_management_api_asks_and_an_interrupt_ends_the_wait) {
  with_management();
  api->management_waits_s = 1;
  EXPECT_EQ(world.run({"setup", "--side", "postgres"}).code, 0);
  api->management_waits_s = 60;
  const pid_t child = world.start({"setup", "--side", "postgres"});
  while (api->management_waits_s != 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(child, SIGTERM);
  const Ran ran = world.finish(child);
  EXPECT_EQ(ran.code, 130) << ran.out << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("asked to wait"));
}

TEST_F(DataApiSetup, bad_tokens_and_projects_are_explained) {
  with_management();
  world.environment["SUPABASE_ACCESS_TOKEN"] = "sbp_of_somebody_else";
  Ran ran = world.run({"setup", "--side", "postgres"});
  EXPECT_NE(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("SUPABASE_ACCESS_TOKEN"));
  EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("sbp_of_somebody_else")));
  world.environment["SUPABASE_PROJECT_ID"] = "https://abc";
  ran = world.run({"setup", "--side", "postgres"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("SUPABASE_PROJECT_ID"));
}

}  // namespace
}  // namespace rowpage::test
