#include "postgres/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "postgres/sql_text.h"
#include "postgres/url.h"
#include "support/postgres.h"

namespace rowpage {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

std::string mode_of(const std::string& url) {
  const auto plan = plan_connection(url);
  if (!plan) return "refused: " + plan.error().what;
  for (const auto& [key, value] : plan->parameters) {
    if (key == "sslmode") return value;
  }
  return "";
}

TEST(Transport, off_this_machine_the_server_is_verified_unless_the_url_says_require) {
  EXPECT_EQ(mode_of("postgresql://u:p@db.example.com/x"), "verify-full");
  EXPECT_EQ(mode_of("postgresql://u:p@db.example.com/x?sslmode=require"), "require");
  EXPECT_THAT(plan_connection("postgresql://u:p@db.example.com/x?sslmode=require")->warning, HasSubstr("not verified"));
  for (const char* weak : {"disable", "allow", "prefer"}) {
    EXPECT_THAT(mode_of(std::string("postgresql://u:geheim@db.example.com/x?sslmode=") + weak), HasSubstr("refused"))
        << weak;
  }
  EXPECT_THAT(mode_of("host=127.0.0.1,db.example.com dbname=x sslmode=prefer"), HasSubstr("refused"));
  EXPECT_THAT(mode_of("host=localhost hostaddr=10.0.0.1 dbname=x sslmode=disable"), HasSubstr("refused"));
}

TEST(Transport, on_this_machine_no_mode_tries_the_password_twice) {
  for (const char* url : {"postgresql://u@127.0.0.1/x", "postgresql://u@localhost/x?sslmode=prefer", "postgresql:///x",
                          "host=/run dbname=x"}) {
    EXPECT_EQ(mode_of(url), "disable") << url;
  }
}

TEST(Transport, a_projects_reference_is_read_from_every_kind_of_address) {
  const std::string project = "abcdefghijklmnopqrst";
  EXPECT_EQ(project_of("db." + project + ".supabase.co", "postgres"), project);
  EXPECT_EQ(project_of(project + ".supabase.co"), project);
  EXPECT_EQ(project_of("aws-0-eu-central-1.pooler.supabase.com", "postgres." + project), project);
  EXPECT_EQ(project_of("aws-0-eu-central-1.pooler.supabase.com", "postgres"), "");
  EXPECT_EQ(project_of("db.example.com", "postgres." + project), "");
  EXPECT_EQ(project_of("api.supabase.co"), "");
  EXPECT_EQ(project_of("127.0.0.1", "postgres"), "");
}

TEST(Transport, a_direct_host_that_cannot_be_reached_names_the_pooler_and_the_data_api) {
  const auto direct = plan_connection("postgresql://postgres:x@db.abcdefghijklmnopqrst.supabase.co:5432/postgres");
  ASSERT_TRUE(direct) << direct.error().what;
  for (const char* named : {"IPv6 only", "session pooler", "postgres.abcdefghijklmnopqrst", "SUPABASE_URL"})
    EXPECT_NE(unreachable_hint(*direct).find(named), std::string::npos) << named;
  const auto pooled = plan_connection(
      "postgresql://postgres.abcdefghijklmnopqrst:x@aws-0-eu-central-1.pooler.supabase.com:5432/postgres");
  ASSERT_TRUE(pooled) << pooled.error().what;
  EXPECT_EQ(unreachable_hint(*pooled).find("session pooler's URL"), std::string::npos);
}

TEST(Transport, passwords_are_blanked_in_every_spelling) {
  for (const char* url :
       {"postgresql://u:geheim@h/x", "postgresql://u:ge@heim@h/x", "host=h password=geheim user=u",
        "host=h password='ge heim\\'s' user=u", "postgresql://u@h/x?password=geheim&sslmode=require"}) {
    EXPECT_THAT(without_password(url), Not(HasSubstr("heim"))) << url;
  }
  const auto plan = plan_connection("postgresql://u:geheim@:::broken");
  EXPECT_THAT(plan ? std::string() : plan.error().what + plan.error().hint, Not(HasSubstr("geheim")));
}

TEST(SqlText, names_and_arrays_survive_quoting) {
  EXPECT_EQ(quote_ident("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_literal("it's \\"), "E'it''s \\\\'");
  const std::vector<std::string> hostile{"", "a,b", "{x}", "q\"\\", "NULL", " pad "};
  EXPECT_EQ(parse_array(array_literal(hostile)), hostile);
  EXPECT_EQ(parse_array("{a,NULL,b}"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse_array("{{a},{b}}"), std::nullopt);
}

TEST(SqlText, only_parameters_are_replaced) {
  const std::vector<std::optional<std::string>> values{"it's", std::nullopt, "back\\slash"};
  EXPECT_EQ(with_literals("select $1, $2::text, ($3)", values), "select 'it''s', NULL::text, (E'back\\\\slash')");
  EXPECT_EQ(with_literals("'$1' \"$1\" col$1 E'\\'$1' 'a''$1' $4 $1", values),
            "'$1' \"$1\" col$1 E'\\'$1' 'a''$1' $4 'it''s'");
  const std::vector<std::optional<std::string>> cut{std::string("a\0b", 3)};
  EXPECT_EQ(with_literals("$1", cut), "'a'");
  const std::vector<std::optional<std::string>> tempting{"$2", "x"};
  EXPECT_EQ(with_literals("$1 $2", tempting), "'$2' 'x'");
}

TEST(SqlText, long_names_stay_different_and_within_63_bytes) {
  const std::string a = std::string(80, 'x') + "a", b = std::string(80, 'x') + "b";
  EXPECT_LE(short_name(a).size(), 63U);
  EXPECT_NE(short_name(a), short_name(b));
  std::string emoji;
  for (int i = 0; i < 20; ++i) emoji += "\xF0\x9F\x98\x80";
  EXPECT_EQ(short_name(emoji).find('\xF0', short_name(emoji).size() - 9 - 3), std::string::npos);
}

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override { ROWPAGE_NEEDS_POSTGRES(); }
  static int failures_logged() {
    std::ifstream log(cluster()->directory() + "/server.log");
    int count = 0;
    for (std::string line; std::getline(log, line);)
      count += line.find("FATAL:  password authentication failed") != std::string::npos;
    return count;
  }
};

TEST_F(DatabaseTest, a_wrong_password_costs_exactly_one_attempt_however_often_one_asks) {
  const int before = failures_logged();
  ConnectedDatabase database({.url = "postgresql://postgres:geheim@localhost:" + std::to_string(cluster()->port()) +
                                     "/postgres?sslmode=prefer"});
  for (int i = 0; i < 3; ++i) {
    auto answer = database.read("select 1", {}, "testing");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().cause, Cause::unauthorised);
    EXPECT_EQ(answer.error().effect, Effect::none);
    EXPECT_THAT(answer.error().what + answer.error().hint, Not(HasSubstr("geheim")));
  }
  EXPECT_EQ(failures_logged() - before, 1);
}

TEST_F(DatabaseTest, a_wrong_password_is_recognised_behind_a_pooler_too) {
  if (pooler_port() == 0) GTEST_SKIP() << "pgbouncer is not installed";
  ConnectedDatabase database(
      {.url = "postgresql://postgres:wrong@127.0.0.1:" + std::to_string(pooler_port()) + "/postgres"});
  auto answer = database.read("select 1", {}, "testing");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().cause, Cause::unauthorised) << answer.error().what;
}

TEST_F(DatabaseTest, a_missing_database_is_the_users_mistake_and_a_dead_server_is_not) {
  ConnectedDatabase missing({.url = cluster()->url("nowhere")});
  EXPECT_EQ(missing.read("select 1", {}, "testing").error().cause, Cause::usage);
  ConnectedDatabase dead(
      {.url = "postgresql://u:p@127.0.0.1:" + std::to_string(free_loopback_port()) + "/x", .attempts = 2});
  auto answer = dead.read("select 1", {}, "testing");
  EXPECT_EQ(answer.error().cause, Cause::unavailable);
  EXPECT_EQ(answer.error().effect, Effect::none);
}

TEST_F(DatabaseTest, reading_survives_a_server_process_that_dies) {
  const std::string url = fresh_database();
  ConnectedDatabase database({.url = url});
  int calls = 0;
  auto answer = database.read<std::string>([&](Unit& unit) -> Result<std::string> {
    if (++calls == 1)
      sql(url, "select pg_terminate_backend(" + std::to_string(static_cast<ConnectedUnit&>(unit).backend()) + ")");
    auto one = unit.run("select 'alive'", {}, "testing");
    if (!one) return fail(one.error());
    return std::string(one->text(0, 0));
  });
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(calls, 2);
}

TEST_F(DatabaseTest, a_statement_over_its_time_limit_is_ended) {
  ConnectedDatabase database({.url = fresh_database(), .statement_ms = 100});
  auto answer = database.read("select pg_sleep(20)", {}, "testing");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().cause, Cause::unavailable);
  EXPECT_THAT(answer.error().what, HasSubstr("57014"));
}

TEST_F(DatabaseTest, a_reading_unit_cannot_write_and_settings_do_not_outlive_it) {
  const std::string url = fresh_database();
  ConnectedDatabase database({.url = url});
  EXPECT_THAT(database.read("create table x (i int)", {}, "testing").error().what, HasSubstr("25006"));
  if (pooler_port() == 0) GTEST_SKIP() << "pgbouncer is not installed";
  ConnectedDatabase pooled({.url = through_pooler(url)});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(pooled.read("select 1", {}, "testing"));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(cell(through_pooler(url), "show statement_timeout"), "0");  // whoever comes after us
}

RC_GTEST_FIXTURE_PROP(DatabaseTest, any_text_comes_back_from_one_message_as_it_went,
                      (const std::vector<std::string>& given)) {
  static ConnectedDatabase database({.url = fresh_database()});
  std::string sql = "select 'it''s $1'";
  Parameters parameters;
  for (const auto& text : given) {
    // What PostgreSQL can hold: no NUL, valid UTF-8. Quotes and backslashes come often.
    std::string held;
    for (const char c : text) {
      if (c > 0) held += c % 4 == 0 ? '\'' : c % 4 == 1 ? '\\' : c;
    }
    parameters.emplace_back(held + "ü");
    sql += ", $" + std::to_string(parameters.size()) + "::text as \"$" + std::to_string(parameters.size()) + "\"";
  }
  auto answer = database.read(sql, parameters, "testing");
  RC_ASSERT(answer.has_value());
  RC_ASSERT(answer->text(0, 0) == "it's $1");
  for (std::size_t i = 0; i < parameters.size(); ++i)
    RC_ASSERT(answer->text(0, static_cast<int>(i) + 1) == *parameters[i]);
}

TEST_F(DatabaseTest, a_unit_of_one_statement_is_one_message) {
  const std::string url = fresh_database();
  ConnectedDatabase database({.url = url});
  const auto messages = [&] {  // in pg_stat_activity the whole message stands, of which our own is one
    auto answer = database.read("select query from pg_stat_activity where pid = pg_backend_pid()", {}, "testing");
    return answer ? std::string(answer->text(0, 0)) : answer.error().what;
  };
  EXPECT_THAT(messages(), AllOf(::testing::StartsWith("begin isolation level repeatable read read only;"),
                                ::testing::EndsWith("; commit")));
}

TEST_F(DatabaseTest, after_a_statement_that_fails_the_next_one_works) {
  ConnectedDatabase database({.url = fresh_database()});
  EXPECT_THAT(database.read("select 1 / $1::int", {"0"}, "dividing").error().what, HasSubstr("dividing"));
  EXPECT_EQ(database.read("select 1 / $1::int", {"1"}, "dividing")->integer(0, 0), 1);
  EXPECT_FALSE(database.call("no_such_function", "{}", "testing"));
  EXPECT_EQ(database.read("select 2", {}, "testing")->integer(0, 0), 2);
}

TEST_F(DatabaseTest, a_reading_message_is_sent_again_when_the_server_process_died) {
  const std::string url = fresh_database();
  ConnectedDatabase database({.url = url});
  auto first = database.read("select pg_backend_pid()", {}, "testing");
  ASSERT_TRUE(first);
  sql(url, "select pg_terminate_backend(" + std::string(first->text(0, 0)) + ")");
  auto second = database.read("select pg_backend_pid()", {}, "testing");
  ASSERT_TRUE(second) << second.error().what;
  EXPECT_NE(second->text(0, 0), first->text(0, 0));
}

TEST_F(DatabaseTest, private_values_do_not_show_in_the_servers_log) {
  const std::string url = fresh_database();
  sql(url, "create schema rowpage");
  sql(url,
      "create function rowpage.refuse(jsonb) returns jsonb language plpgsql as "
      "$$ begin raise exception 'refused'; end $$");
  ConnectedDatabase database({.url = url});
  EXPECT_FALSE(database.call("refuse", R"({"salary":"zweiundvierzigtausend"})", "testing", true));
  EXPECT_FALSE(database.call("refuse", R"({"lease":"wohlbekannt"})", "testing"));
  std::ifstream log(cluster()->directory() + "/server.log");
  const std::string text{std::istreambuf_iterator<char>(log), {}};
  EXPECT_THAT(text, HasSubstr("wohlbekannt"));  // so statements that fail are logged here
  EXPECT_THAT(text, Not(HasSubstr("zweiundvierzigtausend")));
}

TEST(PrivateCluster, leaves_nothing_behind_and_two_run_side_by_side) {
  if (find_postgres_binaries().empty()) GTEST_SKIP() << "no PostgreSQL server is installed";
  auto one = PrivateCluster::start();
  ASSERT_TRUE(one) << one.error().what;
  const std::string directory = one->directory();
  const int port = one->port();
  EXPECT_NE(port, cluster()->port());
  EXPECT_EQ(cell(one->url(), "select 1"), "1");
  one->stop();
  EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_NE(PQping(("host=127.0.0.1 port=" + std::to_string(port)).c_str()), PQPING_OK);
}

TEST(PrivateCluster, is_gone_even_when_its_owner_is_killed) {
  if (find_postgres_binaries().empty()) GTEST_SKIP() << "no PostgreSQL server is installed";
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    auto started = PrivateCluster::start();
    const std::string place = started ? started->directory() + " " + std::to_string(started->port()) : "";
    (void)!write(ends[1], place.data(), place.size());
    raise(SIGKILL);
  }
  close(ends[1]);
  char text[512] = "";
  ASSERT_GT(read(ends[0], text, sizeof text - 1), 0);
  close(ends[0]);
  waitpid(owner, nullptr, 0);
  std::istringstream parts(text);
  std::string directory, port;
  parts >> directory >> port;
  for (int i = 0; i < 200 && std::filesystem::exists(directory); ++i) usleep(50'000);
  EXPECT_FALSE(std::filesystem::exists(directory)) << directory;
  EXPECT_NE(PQping(("host=127.0.0.1 port=" + port).c_str()), PQPING_OK);
}

}  // namespace
}  // namespace rowpage
