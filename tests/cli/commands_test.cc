// Every command of the real binary, against a real PostgreSQL and the sandbox over HTTP.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "cli/world.h"

namespace rowpage::test {
namespace {

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  }
  // One figure of the only pair of a run's JSON.
  static std::int64_t figure(const Ran& ran, const char* name) {
    const auto* pairs = find_array(ran.object, "pairs");
    const auto* value = pairs && !pairs->empty() ? find((*pairs)[0], name) : nullptr;
    return value ? static_cast<std::int64_t>(as_number(*value).value_or(-1)) : -1;
  }
  void insert(const std::string& text, const std::string& type = "Ops", const std::string& date = "2026-01-01") {
    world.sql("insert into decision_vault (decision, type, date) values ($1, $2, $3::text::date)", {text, type, date});
  }
  Ran sync(std::vector<std::string> more = {}) {
    world.advance();
    more.insert(more.begin(), {"sync", "--json"});
    return world.run(more);
  }
  World world;
};

TEST_F(Commands, init_writes_a_config_and_a_private_env_and_overwrites_nothing) {
  const auto first = world.run({"init", "--preset", "decision-vault"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_NE(world.read("rowpage.yaml").find("model: Decision"), std::string::npos);
  EXPECT_NE(world.read(".env").find("NOTION_API_KEY="), std::string::npos);
  world.write("rowpage.yaml", "mine");
  const auto second = world.run({"init", "--preset", "decision-vault"});
  EXPECT_EQ(second.code, 2);
  EXPECT_NE(second.err.find("exists already and is not overwritten"), std::string::npos);
  EXPECT_EQ(world.read("rowpage.yaml"), "mine");
}

TEST_F(Commands, init_leaves_a_line_to_fill_in_for_every_database_of_the_preset) {
  const auto many = world.run({"init", "--preset", "higherself"});
  EXPECT_EQ(many.code, 0) << many.err;
  EXPECT_NE(world.read("rowpage.yaml").find("model: RewardBounty"), std::string::npos);
  const auto env = world.read(".env");
  for (const std::string name : {"NOTION_BUSINESS_ENTITIES_DB", "NOTION_TASKS_DB", "NOTION_PARENT_PAGE_ID"})
    EXPECT_NE(env.find("\n" + name + "=\n"), std::string::npos) << name;
  EXPECT_EQ(env.find("NOTION_DATABASE_ID"), std::string::npos);
  std::size_t databases = 0;
  for (auto at = env.find("_DB=\n"); at != std::string::npos; at = env.find("_DB=\n", at + 1)) ++databases;
  EXPECT_EQ(databases, 16u);
}

TEST_F(Commands, setup_makes_both_sides_notes_the_id_and_is_done_the_second_time) {
  world.run({"init", "--preset", "decision-vault"});
  world.environment.erase("ROWPAGE_PRESET");
  const auto first = world.run({"setup"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_NE(first.out.find("wrote NOTION_DATABASE_ID="), std::string::npos) << first.out;
  const auto second = world.run({"setup"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_NE(second.out.find("nothing was missing"), std::string::npos) << second.out;
  const auto check = world.run({"check"});
  EXPECT_EQ(check.code, 0) << check.out << check.err;
  EXPECT_NE(check.out.find("all good"), std::string::npos);
}

TEST_F(Commands, setup_prints_sql_without_running_it) {
  const auto printed = world.run({"setup", "--print"});
  EXPECT_EQ(printed.code, 0) << printed.err;
  EXPECT_NE(printed.out.find("create table"), std::string::npos);
  EXPECT_EQ(world.number("select count(*) from pg_tables where tablename = 'decision_vault'"), 0);
}

TEST_F(Commands, setup_reset_needs_a_yes_and_never_deletes_in_notion) {
  world.set_up();
  world.page("Kept", "Ops", "2026-01-01");
  ASSERT_EQ(sync().code, 0);
  EXPECT_EQ(world.run({"setup", "--reset"}).code, 2);
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 1);
  const auto reset = world.run({"setup", "--reset", "--yes"});
  EXPECT_EQ(reset.code, 0) << reset.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 0);
  const auto again = sync();
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault where deleted_at is null"), 1);
  EXPECT_EQ(figure(again, "pages_trashed"), 0);
}

TEST_F(Commands, plan_works_before_setup_of_the_schema_and_writes_nothing) {
  if (database_way_of_tests() == DatabaseWay::data_api) GTEST_SKIP() << "over the Data API nothing can be asked yet";
  ASSERT_EQ(world.run({"setup", "--json"}).code, 0);
  world.set_up();
  world.sql("drop schema rowpage cascade");
  insert("from a row");
  world.page("from a page", "UX", "2026-02-02");
  world.advance();
  const auto writes = world.writes_counted();
  std::filesystem::remove_all(world.folder + "/logs");  // setup's
  const auto plan = world.run({"plan", "--json", "--exit-code", "--out", "plan.json"});
  EXPECT_EQ(plan.code, 10) << plan.err;
  EXPECT_EQ(find_array(plan.object, "actions")->size(), 2u);
  EXPECT_TRUE(parse_json(world.read("plan.json")));
  const auto dry = world.run({"sync", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_NE(dry.out.find("1 row to be created"), std::string::npos) << dry.out;
  EXPECT_EQ(world.writes_counted(), writes);
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 1);
  EXPECT_EQ(world.number("select count(*) from pg_namespace where nspname = 'rowpage'"), 0);
  EXPECT_FALSE(world.exists("logs"));
}

TEST_F(Commands, sync_goes_both_ways_then_finds_nothing_to_do_and_keeps_its_logs) {
  world.set_up();
  world.environment["LOG_LEVEL"] = "DEBUG";
  insert("from a row");
  world.page("from a page", "UX", "2026-02-02");
  const auto first = sync();
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(figure(first, "rows_created"), 1);
  EXPECT_EQ(figure(first, "pages_created"), 1);
  const auto writes = world.writes_counted();
  const auto xmin = world.sql("select string_agg(id || ':' || xmin::text, ',' order by id) from decision_vault");
  const auto second = sync();
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_EQ(world.writes_counted(), writes) << "a quiet sync wrote to Notion";
  EXPECT_EQ(world.sql("select string_agg(id || ':' || xmin::text, ',' order by id) from decision_vault"), xmin);

  // The second run still learned how trash can be found; from now on it is one listing and one search.
  const auto third = sync();
  EXPECT_EQ(third.code, 0) << third.err;
  EXPECT_LE(figure(third, "requests"), 2) << world.read("logs/sync.log");

  const auto success = parse_json(world.read("logs/last_success.json"));
  ASSERT_TRUE(success);
  EXPECT_TRUE(find_array(*success, "pairs"));
  std::istringstream log(world.read("logs/sync.log"));
  int lines = 0;
  for (std::string line; std::getline(log, line); ++lines) EXPECT_TRUE(parse_json(line)) << line;
  EXPECT_GE(lines, 4);
}

TEST_F(Commands, one_direction_writes_one_side_and_leaves_the_other_for_later) {
  world.set_up();
  insert("from a row");
  world.page("from a page", "UX", "2026-02-02");
  const auto before = world.writes_counted();
  const auto to_rows = sync({"--direction", "from-notion"});
  EXPECT_EQ(to_rows.code, 0) << to_rows.err;
  EXPECT_EQ(world.writes_counted(), before);
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 2);
  const auto both = sync();
  EXPECT_EQ(both.code, 0) << both.err;
  EXPECT_EQ(figure(both, "pages_created"), 1);
}

TEST_F(Commands, status_and_report_tell_about_the_last_run) {
  world.set_up();
  const auto none = world.run({"report"});
  EXPECT_EQ(none.code, 0) << none.err;
  EXPECT_NE(none.out.find("no run yet"), std::string::npos);
  insert("x");
  ASSERT_EQ(sync().code, 0);
  const auto status = world.run({"status", "--json"});
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_EQ(figure(status, "links"), 1);
  EXPECT_EQ(find_string(*find(status.object, "last_run"), "outcome"), "done");
  const auto report = world.run({"report"});
  EXPECT_NE(report.out.find("pages created"), std::string::npos) << report.out;
}

TEST_F(Commands, a_conflict_waits_is_shown_resolved_and_carried_out) {
  world.set_up();
  const auto page = world.page("original", "UX", "2026-02-02");
  ASSERT_EQ(sync().code, 0);
  world.run({"init", "--preset", "decision-vault"});
  world.environment.erase("ROWPAGE_PRESET");
  auto yaml = world.read("rowpage.yaml");
  yaml.replace(yaml.find("prefer: newest"), 14, "prefer: ask");
  world.write("rowpage.yaml", yaml);
  world.person("PATCH", "/v1/pages/" + page,
               json::object{{"properties", json::object{{"Decision", title("by a person")}}}});
  world.sql("update decision_vault set decision = 'by an application'");
  const auto waiting = sync();
  EXPECT_EQ(waiting.code, 4) << waiting.out << waiting.err;
  EXPECT_EQ(world.sql("select decision from decision_vault"), "by an application");

  const auto list = world.run({"conflicts", "list", "--json"});
  ASSERT_EQ(find_array(list.object, "conflicts")->size(), 1u) << list.out;
  const auto id = number_text(*as_number(*find((*find_array(list.object, "conflicts"))[0], "id")));
  const auto show = world.run({"conflicts", "show", id});
  EXPECT_NE(show.out.find("by a person"), std::string::npos) << show.out;
  EXPECT_NE(show.out.find("by an application"), std::string::npos);
  EXPECT_EQ(world.run({"conflicts", "resolve", id}).code, 2);
  const auto resolve = world.run({"conflicts", "resolve", id, "--take", "notion"});
  EXPECT_EQ(resolve.code, 0) << resolve.err;
  const auto settled = sync();
  EXPECT_EQ(settled.code, 0) << settled.out << settled.err;
  EXPECT_EQ(world.sql("select decision from decision_vault"), "by a person")
      << settled.out << world.sql("select string_agg(choices::text, ',') from rowpage.link");
  EXPECT_NE(world.run({"conflicts", "list"}).out.find("no conflict waits"), std::string::npos);
}

TEST_F(Commands, a_record_that_cannot_travel_parks_alone_and_can_be_retried_and_released) {
  world.set_up();
  const auto page = world.page("no date", "UX", "");
  world.page("whole", "UX", "2026-02-02");
  const auto parked = sync();
  EXPECT_EQ(parked.code, 3) << parked.out << parked.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 1);
  const auto list = world.run({"parked", "list", "--json"});
  ASSERT_EQ(find_array(list.object, "parked")->size(), 1u) << list.out;
  const auto id = number_text(*as_number(*find((*find_array(list.object, "parked"))[0], "id")));
  EXPECT_EQ(world.run({"parked", "show", id}).code, 0);
  const auto retry = world.run({"parked", "retry", id});
  EXPECT_EQ(retry.code, 0) << retry.err;
  world.person("PATCH", "/v1/pages/" + page, json::object{{"properties", json::object{{"Date", day("2026-03-03")}}}});
  const auto after = sync();
  EXPECT_EQ(after.code, 0) << after.out << after.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 2);
  EXPECT_EQ(world.run({"parked", "show", "99999"}).code, 2);
}

TEST_F(Commands, a_brake_stops_mass_deletion_until_the_number_is_named) {
  world.set_up();
  for (int i = 0; i < 12; ++i) insert("row " + std::to_string(i));
  ASSERT_EQ(sync().code, 0);
  world.sql("delete from decision_vault where decision <> 'row 0'");
  const auto stopped = sync();
  EXPECT_EQ(stopped.code, 5) << stopped.out << stopped.err;
  EXPECT_EQ(figure(stopped, "pages_trashed"), 0);
  const auto allowed = sync({"--allow-deletes=11"});
  EXPECT_EQ(allowed.code, 0) << allowed.out << allowed.err;
  EXPECT_EQ(figure(allowed, "pages_trashed"), 11);
}

TEST_F(Commands, a_second_runner_is_refused_while_the_first_holds_the_workspace) {
  world.set_up();
  world.sql(
      "update rowpage.workspace set holder = 'elsewhere', fence = fence + 1, expires_at = now() + interval '10 "
      "minutes'");
  if (world.number("select count(*) from rowpage.workspace") == 0) {
    world.sql(
        "insert into rowpage.workspace (name, holder, fence, expires_at) values ('default', 'elsewhere', 1, now() + "
        "interval '10 minutes')");
  }
  const auto refused = world.run({"sync", "--json"});
  EXPECT_EQ(refused.code, 7) << refused.out << refused.err;
  EXPECT_EQ(world.run({"plan"}).code, 0) << "a plan takes no lease";
}

TEST_F(Commands, an_interrupt_leaves_with_130_and_the_next_sync_goes_on) {
  world.set_up();
  for (int i = 0; i < 60; ++i) insert("row " + std::to_string(i));
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 60}});
  const auto child = world.start({"sync", "--json"});
  for (int i = 0; i < 600 && world.number("select count(*) from rowpage.link") == 0; ++i) ::usleep(20'000);
  ::kill(child, SIGINT);
  const auto interrupted = world.finish(child);
  EXPECT_EQ(interrupted.code, 130) << interrupted.out << interrupted.err;
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 0}});
  const auto rest = sync();
  EXPECT_EQ(rest.code, 0) << rest.out << rest.err;
  EXPECT_EQ(world.number("select count(*) from rowpage.link where page_live and row_live"), 60);
}

TEST_F(Commands, killed_in_the_middle_it_resumes_without_a_double) {
  world.set_up();
  for (int i = 0; i < 40; ++i) insert("row " + std::to_string(i));
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 60}});
  const auto child = world.start({"sync", "--json"});
  for (int i = 0; i < 600 && world.number("select count(*) from rowpage.pending") == 0; ++i) ::usleep(20'000);
  ::kill(child, SIGKILL);
  EXPECT_EQ(world.finish(child).code, 128 + SIGKILL);
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 0}});
  world.sql("update rowpage.workspace set expires_at = now()");  // what waiting for the dead runner's lease does
  // The requests under way may still land for a minute, and are looked up when queries must show them.
  world.sql(
      "update rowpage.pending set noted_at = noted_at - interval '10 minutes', send_by = send_by - interval '10 "
      "minutes'");
  Ran ran;
  for (int i = 0; i < 3; ++i) ran = sync();
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  const auto dump = world.control("GET", "/_sandbox/dump?data_source_id=" + world.data_source);
  const auto* pages = find_array(dump, "pages");
  ASSERT_TRUE(pages) << to_text(dump).substr(0, 300);
  EXPECT_EQ(pages->size(), 40u);
}

TEST_F(Commands, json_is_exactly_one_object_for_every_command) {
  world.set_up();
  for (const std::vector<std::string>& line : {std::vector<std::string>{"check"},
                                               {"setup"},
                                               {"setup", "--print"},
                                               {"plan"},
                                               {"sync"},
                                               {"sync", "--dry-run"},
                                               {"status"},
                                               {"report"},
                                               {"conflicts"},
                                               {"conflicts", "show", "7"},
                                               {"parked"},
                                               {"parked", "sho"},
                                               {"serve"},
                                               {"nonsense"},
                                               {"sync", "--nonsense"},
                                               {"init", "--preset", "nope"}}) {
    auto words = line;
    words.push_back("--json");
    const auto ran = world.run(words);
    ASSERT_TRUE(ran.object.is_object()) << line[0] << ": " << ran.out;
    EXPECT_EQ(static_cast<int>(as_number(*find(ran.object, "exit_code")).value_or(-1)), ran.code) << line[0];
    EXPECT_EQ(ran.out.find('\n'), ran.out.size() - 1) << line[0];
  }
}

TEST_F(Commands, debug_logs_trace_requests_without_secrets) {
  world.set_up();
  world.environment["LOG_LEVEL"] = "DEBUG";
  insert("x");
  ASSERT_EQ(sync().code, 0);
  const auto log = world.read("logs/sync.log");
  EXPECT_NE(log.find("/v1/pages"), std::string::npos);
  EXPECT_EQ(log.find(world.environment["NOTION_API_KEY"]), std::string::npos);
  for (const char* secret : {"SUPABASE_DB_URL", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ACCESS_TOKEN"}) {
    if (world.environment.contains(secret)) EXPECT_EQ(log.find(world.environment[secret]), std::string::npos) << secret;
  }
}

TEST_F(Commands, the_sandbox_prints_what_a_client_needs_and_stops_on_an_interrupt) {
  const auto child = world.start({"sandbox", "--json"});
  for (int i = 0; i < 200 && world.read(".out").empty(); ++i) ::usleep(20'000);
  ::kill(child, SIGINT);
  const auto ran = world.finish(child);
  EXPECT_EQ(ran.code, 0);
  for (const char* key : {"base_url", "token", "root_page"}) EXPECT_NE(find_string(ran.object, key), "") << key;
}

}  // namespace
}  // namespace rowpage::test
