#include "postgres/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  Database database({.url = "postgresql://postgres:geheim@localhost:" + std::to_string(cluster()->port()) +
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
  Database database({.url = "postgresql://postgres:wrong@127.0.0.1:" + std::to_string(pooler_port()) + "/postgres"});
  auto answer = database.read("select 1", {}, "testing");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().cause, Cause::unauthorised) << answer.error().what;
}

TEST_F(DatabaseTest, a_missing_database_is_the_users_mistake_and_a_dead_server_is_not) {
  Database missing({.url = cluster()->url("nowhere")});
  EXPECT_EQ(missing.read("select 1", {}, "testing").error().cause, Cause::usage);
  Database dead({.url = "postgresql://u:p@127.0.0.1:" + std::to_string(free_loopback_port()) + "/x", .attempts = 2});
  auto answer = dead.read("select 1", {}, "testing");
  EXPECT_EQ(answer.error().cause, Cause::unavailable);
  EXPECT_EQ(answer.error().effect, Effect::none);
}

TEST_F(DatabaseTest, reading_survives_a_server_process_that_dies) {
  const std::string url = fresh_database();
  Database database({.url = url});
  int calls = 0;
  auto answer = database.read<std::string>([&](Unit& unit) -> Result<std::string> {
    if (++calls == 1) sql(url, "select pg_terminate_backend(" + std::to_string(unit.backend()) + ")");
    auto one = unit.run("select 'alive'", {}, "testing");
    if (!one) return fail(one.error());
    return std::string(one->text(0, 0));
  });
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(calls, 2);
}

TEST_F(DatabaseTest, a_statement_over_its_time_limit_is_ended) {
  Database database({.url = fresh_database(), .statement_ms = 100});
  auto answer = database.read("select pg_sleep(20)", {}, "testing");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().cause, Cause::unavailable);
  EXPECT_THAT(answer.error().what, HasSubstr("57014"));
}

TEST_F(DatabaseTest, a_reading_unit_cannot_write_and_settings_do_not_outlive_it) {
  const std::string url = fresh_database();
  Database database({.url = url});
  EXPECT_THAT(database.read("create table x (i int)", {}, "testing").error().what, HasSubstr("25006"));
  if (pooler_port() == 0) GTEST_SKIP() << "pgbouncer is not installed";
  Database pooled({.url = through_pooler(url)});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(pooled.read("select 1", {}, "testing"));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(cell(through_pooler(url), "show statement_timeout"), "0");  // whoever comes after us
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
