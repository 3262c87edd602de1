#include "config/environment.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/log.h"

namespace rowpage {
namespace {

using Values = Environment::Values;

TEST(EnvFile, reads_names_values_quotes_exports_and_comments) {
  const auto values = parse_env_file(
      "# a comment\n"
      "\n"
      "A=1\n"
      "export B = two words  # and a comment\n"
      "C=\"x # not a comment\\n\\\"y\\\"\"\r\n"
      "D='$literal \\n'\n"
      "E=\n"
      "F=a#b\n"
      "G= # only a comment\n"
      "A=last\n",
      ".env");
  ASSERT_TRUE(values) << values.error().what;
  EXPECT_EQ(*values, (Values{{"A", "last"},
                             {"B", "two words"},
                             {"C", "x # not a comment\n\"y\""},
                             {"D", "$literal \\n"},
                             {"E", ""},
                             {"F", "a#b"},
                             {"G", ""}}));
}

std::string mistake(const std::string& text) {
  const auto values = parse_env_file(text, ".env");
  return values ? "(accepted)" : render(values.error(), text);
}

TEST(EnvFile, names_the_file_and_line_of_a_mistake) {
  EXPECT_EQ(mistake("A=1\nB\n"), ".env:2:2: `=` is expected after `B`\n    B\n     ^\n  write B=VALUE");
  EXPECT_EQ(mistake("9A=1\n"),
            ".env:1:1: a name of letters, digits and `_` is expected here\n    9A=1\n    ^\n  write NAME=VALUE");
  EXPECT_EQ(mistake("A=\"open\n"),
            ".env:1:3: this quote is never closed\n    A=\"open\n      ^\n  close it on the same line");
  EXPECT_EQ(mistake("A='x' y\n"), ".env:1:7: nothing may follow the closing quote\n    A='x' y\n          ^");
}

TEST(EnvFile, a_mistake_does_not_show_the_secret_on_its_line) {
  EXPECT_EQ(mistake("NOTION_TOKEN=\"ntn_12345678901234567890\n").find("ntn_1234"), std::string::npos);
}

TEST(Environment, the_process_wins_over_the_file) {
  const Environment env(Values{{"LOG_LEVEL", "DEBUG"}}, Values{{"LOG_LEVEL", "ERROR"}, {"SYNC_BATCH_SIZE", "7"}});
  EXPECT_EQ(env.get("LOG_LEVEL"), "DEBUG");
  EXPECT_EQ(env.get("SYNC_BATCH_SIZE"), "7");
}

TEST(Environment, aliases_are_read_in_their_order_and_empty_ones_are_passed_over) {
  const Environment env(Values{{"NOTION_TOKEN", "third"}, {"NOTION_API_TOKEN", "second"}, {"NOTION_API_KEY", "  "}},
                        {});
  EXPECT_EQ(env.get("NOTION_API_KEY"), "second");
  EXPECT_EQ(env.found_as("NOTION_API_KEY"), "NOTION_API_TOKEN");
  const Environment keys(Values{{"SUPABASE_KEY", "4"}, {"SUPABASE_SERVICE_KEY", "3"}}, {});
  EXPECT_EQ(keys.get("SUPABASE_SERVICE_ROLE_KEY"), "3");
}

TEST(Environment, an_alias_in_the_process_wins_over_the_first_name_in_the_file) {
  const Environment env(Values{{"NOTION_TOKEN", "process"}}, Values{{"NOTION_API_KEY", "file"}});
  EXPECT_EQ(env.get("NOTION_API_KEY"), "process");
}

TEST(Environment, unknown_names_are_read_as_they_are) {
  const Environment env(Values{{"MY_TABLE", "x"}}, {});
  EXPECT_EQ(env.get("MY_TABLE"), "x");
  EXPECT_EQ(env.get("OTHER"), std::nullopt);
}

TEST(Environment, a_required_file_that_is_missing_is_an_error_and_an_optional_one_is_not) {
  EXPECT_FALSE(Environment::load("/no/such/file.env", true));
  EXPECT_TRUE(Environment::load("/no/such/file.env", false));
}

TEST(Environment, the_table_names_every_alias_once) {
  std::map<std::string_view, int> seen;
  for (const auto& variable : variables()) {
    EXPECT_FALSE(variable.what.empty());
    for (const auto name : variable.names) EXPECT_EQ(++seen[name], 1) << name;
  }
}

TEST(Redaction, takes_out_what_has_the_shape_of_a_secret) {
  EXPECT_EQ(redact("token ntn_1234567890abcdefghij end"), "token *** end");
  EXPECT_EQ(redact("secret_1234567890abcdefghij"), "***");
  EXPECT_EQ(redact("key sb_secret_abcdefghijk_lmn"), "key ***");
  EXPECT_EQ(redact("eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJpc3MiOiJzdXBh.c2lnbmF0dXJl"), "***");
  EXPECT_EQ(redact("postgresql://postgres.abc:p:a@ss@host:5432/postgres"),
            "postgresql://postgres.abc:***@host:5432/postgres");
  EXPECT_EQ(redact("Authorization: Bearer abcdef"), "Authorization: Bearer ***");
  EXPECT_EQ(redact("host=x password=hunter2 user=me"), "host=x password=*** user=me");
}

TEST(Redaction, leaves_ordinary_text_alone) {
  for (const std::string text :
       {"https://www.notion.so/page?x=a:b", "the token is missing", "http://127.0.0.1:8080/v1/pages", "secret_code",
        "eyJ", "a 12:30@noon meeting", "postgresql://me@host/db", "token: ${NOTION_API_KEY}"}) {
    EXPECT_EQ(redact(text), text);
  }
}

TEST(Redaction, finds_remembered_secrets_anywhere) {
  remember_secret("correct horse battery");
  EXPECT_EQ(redact("<correct horse battery>correct horse battery"), "<***>***");
}

TEST(Log, writes_one_json_object_a_line_without_secrets) {
  const std::string path = ::testing::TempDir() + "rowpage_log_test/sync.log";
  std::remove(path.c_str());
  {
    Log log(path, Log::Level::info);
    ASSERT_EQ(log.trouble(), "");
    log.write(Log::Level::debug, "trace", "not written");
    log.write(Log::Level::info, "run", "a \"quoted\"\nline with ntn_1234567890abcdefghij",
              {{"n", 3}, {"k", "sbp_0123456789abcdef"}});
    log.flush();
  }
  std::ifstream file(path);
  std::string line, more;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_FALSE(std::getline(file, more));
  const auto parsed = parse_json(line);
  ASSERT_TRUE(parsed) << line;
  EXPECT_EQ(find_string(*parsed, "event"), "run");
  EXPECT_EQ(find_string(*parsed, "text"), "a \"quoted\"\nline with ***");
  EXPECT_EQ(find_string(*parsed, "k"), "***");
  EXPECT_TRUE(find(*parsed, "at"));
}

TEST(Log, a_file_that_cannot_be_written_is_a_message_not_a_crash) {
  Log log("/proc/no/such/sync.log", Log::Level::info);
  EXPECT_NE(log.trouble(), "");
  log.write(Log::Level::error, "x", "y");
}

}  // namespace
}  // namespace rowpage
