// Every kind of bad input: a clear message with the remedy, the right exit code, nothing half-written.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>

#include "cli/world.h"

namespace rowpage::test {
namespace {

class BadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  }
  // Runs with a config made from the preset by one replacement.
  Ran with_config(const std::string& from, const std::string& to, const std::vector<std::string>& line) {
    world.run({"init", "--preset", "decision-vault"});
    auto yaml = world.read("rowpage.yaml");
    const auto at = yaml.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) yaml.replace(at, from.size(), to);
    world.write("rowpage.yaml", yaml);
    world.environment.erase("ROWPAGE_PRESET");
    return world.run(line);
  }
  void expect(const Ran& ran, int code, const std::vector<std::string>& texts) {
    EXPECT_EQ(ran.code, code) << ran.out << ran.err;
    const auto all = ran.out + ran.err;
    for (const auto& text : texts) EXPECT_NE(all.find(text), std::string::npos) << text << "\nis not in\n" << all;
  }
  World world{DatabaseWay::direct};
};

TEST_F(BadInput, missing_variables_are_all_named) {
  for (const char* name : {"NOTION_API_KEY", "SUPABASE_DB_URL"}) world.environment.erase(name);
  expect(world.run({"sync"}), 2,
         {"3 variables are not set", "NOTION_API_KEY", "NOTION_DATABASE_ID", "SUPABASE_DB_URL", "Session pooler"});
}

TEST_F(BadInput, a_project_url_without_its_key) {
  world.environment.erase("SUPABASE_DB_URL");
  world.environment["SUPABASE_URL"] = "https://abcdefghijklmnop.supabase.co";
  expect(world.run({"status"}), 2, {"SUPABASE_SERVICE_ROLE_KEY", "Project Settings, API Keys"});
}

TEST_F(BadInput, a_malformed_id) {
  world.environment["NOTION_DATABASE_ID"] = "not-an-id";
  expect(world.run({"check"}), 2, {"`database` is not a Notion id", "32 hexadecimal digits"});
}

TEST_F(BadInput, a_database_that_is_not_shared_with_the_integration) {
  world.set_up();
  world.control("POST", "/_sandbox/share",
                json::object{{"id", world.environment["NOTION_DATABASE_ID"]}, {"shared", false}});
  expect(world.run({"check"}), 1, {world.environment["NOTION_DATABASE_ID"], "shared"});
  expect(world.run({"plan"}), 1, {"shared"});
}

TEST_F(BadInput, a_mistyped_property_gets_the_nearest) {
  world.set_up();
  const auto ran = with_config("property: Type,", "property: Tipe,", {"check"});
  expect(ran, 1, {"Tipe", "Type"});
  expect(world.run({"sync"}), 1, {"Tipe"});
  EXPECT_EQ(world.number("select count(*) from rowpage.link"), 0);
}

TEST_F(BadInput, a_missing_table_gets_the_nearest) {
  world.set_up();
  expect(with_config("table: decision_vault", "table: decision_vaults", {"check"}), 1,
         {"decision_vaults", "decision_vault"});
}

TEST_F(BadInput, a_missing_privilege_is_named_with_its_grant) {
  world.set_up();
  world.sql("create role reader login password 'reader-password'");
  world.sql("grant usage on schema public to reader");
  auto url = world.environment["SUPABASE_DB_URL"];
  const auto at = url.find("//") + 2;
  url.replace(at, url.find('@') - at, "reader:reader-password");
  world.environment["SUPABASE_DB_URL"] = url;
  const auto ran = world.run({"check"});
  EXPECT_NE(ran.code, 0);
  EXPECT_NE((ran.out + ran.err).find("GRANT SELECT ON"), std::string::npos) << ran.out << ran.err;
  EXPECT_EQ((ran.out + ran.err).find("reader-password"), std::string::npos);
}

TEST_F(BadInput, a_wrong_password_is_not_authorised_and_not_shown) {
  auto url = world.environment["SUPABASE_DB_URL"];
  const auto colon = url.find(':', url.find("//") + 2);
  url.replace(colon + 1, url.find('@') - colon - 1, "wrong-password-123");
  world.environment["SUPABASE_DB_URL"] = url;
  const auto ran = world.run({"status"});
  EXPECT_EQ(ran.code, 6) << ran.err;
  EXPECT_EQ((ran.out + ran.err).find("wrong-password-123"), std::string::npos);
}

TEST_F(BadInput, a_wrong_password_is_tried_exactly_once) {
  world.set_up();
  auto url = world.environment["SUPABASE_DB_URL"];
  world.sql("create role guess login password 'right-password'");
  const auto at = url.find("//") + 2;
  url.replace(at, url.find('@') - at, "guess:wrong-password");
  for (const char* command : {"sync", "plan", "check", "status", "setup"}) {
    const auto count = [] {
      const auto log = World::server_log();
      int times = 0;
      const std::string_view line = "password authentication failed for user \"guess\"";
      for (auto found = log.find(line); found != std::string::npos; found = log.find(line, found + 1)) ++times;
      return times;
    };
    const int before = count();
    EXPECT_EQ(world.run({command}, {{"SUPABASE_DB_URL", url}}).code, 6) << command;
    EXPECT_EQ(count() - before, 1) << command;
  }
  world.sql("drop role guess");
}

TEST_F(BadInput, a_token_that_expires_in_the_middle_stops_the_run_at_once) {
  world.set_up();
  for (int i = 0; i < 30; ++i) {
    world.sql("insert into decision_vault (decision, type, date) values ($1, 'Ops', '2026-01-01')",
              {"row " + std::to_string(i)});
  }
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 60}});
  const auto child = world.start({"sync", "--json"});
  for (int i = 0; i < 1000 && world.number("select count(*) from rowpage.link") == 0; ++i) ::usleep(10'000);
  world.control("POST", "/_sandbox/expire", json::object{});
  const auto at_expiry = world.requests_counted();
  const auto ran = world.finish(child);
  EXPECT_EQ(ran.code, 6) << ran.out << ran.err;
  EXPECT_LE(world.requests_counted() - at_expiry, 8) << "no more than what was on its way";
  const auto pages = world.live_pages();
  EXPECT_LT(pages.size(), 30u) << "it expired too late for this test";
  for (const auto& [name, value] : pages) EXPECT_EQ(name.find('('), std::string::npos) << "twice: " << name;
}

// A role that may read but not write, and one that may write but not create triggers.
TEST_F(BadInput, missing_privileges_to_write_and_to_capture_are_named) {
  world.set_up();
  world.sql("create role part login password 'part-password'");
  world.sql("grant usage on schema public to part");
  world.sql("grant select, insert on decision_vault to part");
  auto url = world.environment["SUPABASE_DB_URL"];
  const auto at = url.find("//") + 2;
  url.replace(at, url.find('@') - at, "part:part-password");
  const auto check = world.run({"check"}, {{"SUPABASE_DB_URL", url}});
  EXPECT_NE(check.code, 0);
  EXPECT_NE((check.out + check.err).find("GRANT"), std::string::npos) << check.out << check.err;
  EXPECT_NE((check.out + check.err).find("UPDATE"), std::string::npos) << check.out << check.err;
  EXPECT_EQ((check.out + check.err).find("part-password"), std::string::npos);
  const auto sync = world.run({"sync"}, {{"SUPABASE_DB_URL", url}});
  EXPECT_NE(sync.code, 0) << sync.out;
  EXPECT_NE(sync.err.find("error: "), std::string::npos);
  // A table of somebody else: what setup wants to add there, only its owner may.
  world.sql("create table foreign_table (id uuid primary key default gen_random_uuid(), name text)");
  world.sql("grant select, insert, update, delete on foreign_table to part");
  world.write("rowpage.yaml",
              "version: 1\nworkspace: part\npairs:\n  - model: Foreign\n    notion: { title: Foreign }\n    table: "
              "foreign_table\n    fields: [ { column: name, property: Name, type: title } ]\n");
  world.environment.erase("ROWPAGE_PRESET");
  const auto writes = world.writes_counted();
  const auto setup = world.run({"setup"}, {{"SUPABASE_DB_URL", url}});
  EXPECT_NE(setup.code, 0) << setup.out;
  EXPECT_NE(setup.err.find("error: "), std::string::npos) << setup.err;
  EXPECT_TRUE(setup.err.find("GRANT") != std::string::npos || setup.err.find("owner") != std::string::npos)
      << setup.err;
  EXPECT_EQ(world.writes_counted(), writes) << "nothing half-made in Notion";
  world.sql("drop owned by part");
  world.sql("drop role part");
}

TEST_F(BadInput, a_renamed_and_a_converted_property_stop_the_pair_before_it_writes) {
  world.set_up();
  world.page("kept", "Ops", "2026-01-01");
  world.advance();
  ASSERT_EQ(world.run({"sync"}).code, 0);
  const auto schema = [&](const json::object& properties) {
    world.person("PATCH", "/v1/data_sources/" + world.data_source, json::object{{"properties", properties}});
  };
  schema({{"Type", json::object{{"name", "Kind"}}}});
  world.sql("update decision_vault set type = 'UX'");
  world.advance();
  const auto marks = world.row_marks();
  const auto writes = world.writes_counted();
  expect(world.run({"check"}), 1, {"Type", "Kind"});
  const auto renamed = world.run({"sync", "--full"});
  expect(renamed, 1, {"Type"});
  EXPECT_EQ(world.row_marks(), marks) << "a property that is gone does not empty a column";
  EXPECT_EQ(world.writes_counted(), writes);
  schema({{"Kind", json::object{{"name", "Type"}}}});
  schema({{"Type", json::object{{"rich_text", json::object{}}}}});
  const auto converted = world.run({"check"});
  expect(converted, 1, {"Type", "rich_text", "multi_select"});
  EXPECT_EQ(world.run({"sync", "--full"}).code, 1);
  EXPECT_EQ(world.row_marks(), marks);
}

TEST_F(BadInput, a_database_with_several_data_sources_asks_which) {
  world.set_up();
  const auto made = world.person(
      "POST", "/v1/data_sources",
      json::object{
          {"parent", json::object{{"type", "database_id"}, {"database_id", world.environment["NOTION_DATABASE_ID"]}}},
          {"title", json::array{json::object{{"text", json::object{{"content", "Second source"}}}}}},
          {"properties", json::object{{"Decision", json::object{{"title", json::object{}}}}}}});
  const auto second = std::string(find_string(made, "id"));
  expect(world.run({"check"}), 2, {world.data_source, second, "data_source"});
  const auto chosen = with_config("notion: { database: \"${NOTION_DATABASE_ID}\", title: Decision Vault }",
                                  "notion: { data_source: " + world.data_source + " }", {"check"});
  expect(chosen, 0, {"all good"});
}

TEST_F(BadInput, a_setup_that_cannot_reach_the_database_makes_nothing_in_notion) {
  auto url = world.environment["SUPABASE_DB_URL"];
  const auto colon = url.find(':', url.find("//") + 2);
  url.replace(colon + 1, url.find('@') - colon - 1, "wrong-password-123");
  const auto ran = world.run({"setup"}, {{"SUPABASE_DB_URL", url}});
  EXPECT_EQ(ran.code, 6) << ran.out << ran.err;
  EXPECT_EQ(world.writes_counted(), 0);
}

TEST_F(BadInput, an_expired_token_is_not_authorised_after_one_request) {
  world.set_up();
  {
    const auto lock = world.server().lock();
    world.server().model().expire_token(world.server().info().integration_token);
  }
  world.control("POST", "/_sandbox/reset_stats", json::object{});
  expect(world.run({"sync", "--full"}), 6, {"token"});
  const auto stats = world.control("GET", "/_sandbox/stats");
  EXPECT_LE(as_number(*find(stats, "requests_total")), 1) << "a refused token is not tried again";
}

TEST_F(BadInput, mistakes_in_yaml_have_file_line_column_nearest_key_and_caret) {
  expect(with_config("direction: both", "directon: both", {"check"}), 2,
         {"rowpage.yaml:", "unknown key `directon`", "^", "did you mean `direction`?"});
}

TEST_F(BadInput, http_off_loopback) {
  world.environment["NOTION_BASE_URL"] = "http://notion.example.com";
  expect(world.run({"check"}), 2, {"NOTION_BASE_URL must use https", "loopback"});
}

TEST_F(BadInput, two_pairs_claiming_one_table) {
  const std::string pair =
      "pairs:\n  - { model: Other, notion: { title: Other }, table: public.decision_vault, fields: [ { column: a, "
      "property: A, type: title } ] }\n";
  expect(with_config("pairs:\n", pair, {"check"}), 2,
         {"the table `decision_vault` belongs to another pair already", "Other"});
}

TEST_F(BadInput, keys_and_commands_of_later_versions) {
  expect(with_config("    key: id", "    where: '.x'\n    key: id", {"check"}), 2,
         {"`where` is not supported by this version yet"});
  expect(world.run({"undo", "3"}), 2, {"`rowpage undo` comes in a later version"});
  expect(world.run({"init", "--from-notion"}), 2, {"comes in a later version"});
}

TEST_F(BadInput, odd_values_of_options) {
  world.environment["NOTION_DATABASE_ID"] = "0123456789abcdef0123456789abcdef";
  expect(world.run({"sync", "--since", "yesterday"}), 2, {"--since is neither a time nor a duration", "24h"});
  expect(world.run({"sync", "--direction", "sideways"}), 2, {"`sideways` is not a direction", "notion_to_supabase"});
  expect(world.run({"sync", "--allow-deletes", "many"}), 2, {"--allow-deletes needs a whole number"});
  expect(world.run({"sync", "--model", "Decison"}), 2, {"has no pair `Decison`", "did you mean `Decision`?"});
  expect(world.run({"check"}, {{"LOG_LEVEL", "LOUD"}}), 2, {"LOG_LEVEL must be"});
}

TEST_F(BadInput, hostile_values_travel_whole) {
  world.set_up();
  const std::vector<std::string> texts = {"Robert'); DROP TABLE decision_vault;--", "\"quoted\" \\ $1 %s {}",
                                          "🎉👩‍👩‍👧‍👦 ä ö ü 你好", "line\nbreak\tand tab",
                                          std::string(3000, 'x') + "🎉"};
  for (const auto& text : texts) {
    world.sql("insert into decision_vault (decision, type, date) values ($1, 'Ops', '2026-01-01')", {text});
    world.page(text.size() > 2000 ? "short" : "N " + text, "UX", "2026-01-02");
  }
  world.advance();
  const auto ran = world.run({"sync", "--json"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault"), 10);
  const auto dump = to_text(world.control("GET", "/_sandbox/dump?data_source_id=" + world.data_source));
  for (const auto& text : texts)
    EXPECT_NE(dump.find(to_text(json::value(json::string(text)))), std::string::npos) << text;
}

TEST_F(BadInput, a_table_with_hostile_names_is_only_a_table) {
  world.set_up();
  world.sql(
      "create table \"My \"\"odd\"\" täble; drop\" (id uuid primary key default gen_random_uuid(), \"select\" text)");
  const std::string yaml =
      "version: 1\nworkspace: odd\npairs:\n  - model: Odd\n    notion: { title: \"Odd; drop\" }\n"
      "    table: 'public.\"My \"\"odd\"\" täble; drop\"'\n    fields:\n      - { column: select, property: \"Na'me\", "
      "type: title }\n";
  world.write("rowpage.yaml", yaml);
  world.environment.erase("ROWPAGE_PRESET");
  const auto setup = world.run({"setup", "--json"});
  ASSERT_EQ(setup.code, 0) << setup.err;
  world.sql("insert into \"My \"\"odd\"\" täble; drop\" (\"select\") values ('x')");
  world.advance();
  const auto ran = world.run({"sync", "--json"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(world.number("select count(*) from rowpage.link"), 1);
}

}  // namespace
}  // namespace rowpage::test
