// The reader of scenarios takes foreign text: what is wrong is said with its line, its cause and the remedy.
#include <gtest/gtest.h>

#include "core/text.h"
#include "scenario/grid.h"

namespace rowpage::scenario {
namespace {

const std::string whole = R"(# A worry.
pair
  prefer ask
start
    | Name  | Note  | Score
  = | Alpha | first | 1
steps
  Notion: edit Alpha Note = "a, b", Score = 2
  wait 3m
  sync --full exit 3 "why"
expect
    | Name  | Note   | Score
  = | Alpha | "a, b" | 2
)";

struct Wrong {
  const char* name;
  const char* instead_of;
  const char* text;
  int line;
  const char* cause;
  const char* hint;
};

void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << wrong.name;
}

class Mistaken : public testing::TestWithParam<Wrong> {};

TEST_P(Mistaken, text_is_answered_with_line_cause_and_remedy) {
  const Wrong& wrong = GetParam();
  std::string text = whole;
  const auto at = text.find(wrong.instead_of);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string(wrong.instead_of).size(), wrong.text);
  const auto read = parse_scenario(text, "x.sync");
  ASSERT_FALSE(read);
  const std::string place = "x.sync:" + std::to_string(wrong.line) + ": ";
  EXPECT_EQ(read.error().what.substr(0, place.size()), place) << read.error().what;
  EXPECT_NE(read.error().what.find(wrong.cause), std::string::npos) << read.error().what;
  EXPECT_NE(read.error().hint.find(wrong.hint), std::string::npos) << read.error().hint;
}

INSTANTIATE_TEST_SUITE_P(
    About, Mistaken,
    testing::Values(
        Wrong{"the_worry", "# A worry.", "", 1, "worry", "Begin with a comment"},
        Wrong{"a_section", "steps", "stepps", 7, "no section", "steps"},
        Wrong{"a_line_without_section", "pair\n", "  x\n", 2, "no section yet", "world"},
        Wrong{"a_policy", "prefer ask", "prefer nobody", 3, "nobody", "newest"},
        Wrong{"a_policys_name", "prefer ask", "preferr ask", 3, "preferr", "prefer"},
        Wrong{"a_mark", "  = | Alpha | first", "  # | x\n  ~ | Alpha | first", 7, "~", "Supabase"},
        Wrong{"a_column", "| Score\n  = | Alpha | first", "| Scor\n  = | Alpha | first", 5, "no field Scor", "Score"},
        Wrong{"a_cell", "first | 1", "first | one", 6, "no number", "12.5"},
        Wrong{"too_many_cells", "first | 1", "first | 1 | 2", 6, "cells", ""},
        Wrong{"a_record_twice", "| first | 1", "| first | 1\n  = | Alpha | x | 2", 7, "called Alpha", "as Alpha2"},
        Wrong{"a_record", "edit Alpha", "edit Alhpa", 8, "no record Alhpa", "Did you mean Alpha?"},
        Wrong{"a_field", "Note = \"a, b\",", "Nota = x,", 8, "no field Nota", "Note"},
        Wrong{"a_verb", "Notion: edit", "Notion: smash", 8, "smash", "edit"},
        Wrong{"who", "Notion: edit", "Slack: edit", 8, "begins no step", "Notion:"},
        Wrong{"a_value", "Score = 2", "Score = two", 8, "no number", ""},
        Wrong{"a_missing_mark", "Score = 2", "Score 2", 8, "\"=\" is missing", "Note ="},
        Wrong{"a_quote", "\"a, b\", Score", "\"a, b, Score", 8, "not closed", ""},
        Wrong{"a_backslash", "\"a, b\", Score", "\"a\\x\", Score", 8, "backslash", ""},
        Wrong{"a_wait", "wait 3m", "wait soon", 9, "no length of time", "3m"},
        Wrong{"a_long_wait", "wait 3m", "wait 300d", 9, "two days", ""},
        Wrong{"an_option", "--full", "--fulll", 10, "no option --fulll", "--full"},
        Wrong{"an_exit_code", "exit 3", "exit 99", 10, "no number from 0 to 7", ""},
        Wrong{"luck", "wait 3m", "Luck: next create is bad", 9, "is bad", "is lost"},
        Wrong{"the_world", "wait 3m", "World: it rains", 9, "it rains", "the index lags"},
        Wrong{"the_end", "expect\n    | Name  | Note   | Score\n  = | Alpha | \"a, b\" | 2\n", "", 10, "end", "expect"},
        Wrong{"bytes", "A worry.", "\xff", 1, "UTF-8", ""}),
    [](const auto& info) { return info.param.name; });

TEST(Reader, takes_line_ends_of_any_system_and_no_final_one) {
  std::string text = whole;
  text.pop_back();
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\r\n");
  const auto read = parse_scenario(text);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->worry, "A worry.");
  ASSERT_EQ(read->steps.size(), 4U);
  EXPECT_EQ(read->steps[0].set, (std::vector<Change>{{1, std::string("a, b")}, {2, 2.0}}));
  EXPECT_EQ(read->steps[2].run.exit, 3);
  EXPECT_EQ(read->steps[2].run.because, "why");
}

TEST(Reader, takes_no_text_without_end) {
  EXPECT_FALSE(parse_scenario("# x\n" + std::string(max_bytes, '\n')));
  EXPECT_FALSE(parse_scenario("# x\nsteps\n  Notion: make " + std::string(max_line_bytes, 'x') + "\n"));
  std::string many = "# x\nsteps\n";
  for (int i = 0; i < 1000; ++i) many += "  wait 1s\n";
  EXPECT_FALSE(parse_scenario(many));
}

// Cut anywhere, and with any byte of it changed, a scenario is read or refused with a place, and never worse.
TEST(Reader, survives_every_cut_and_every_changed_byte_of_a_real_one) {
  const auto text = read_file(ROWPAGE_SOURCE_DIR "/tests/scenario/a_first_sync_that_asks_overwrites_nothing.sync");
  ASSERT_TRUE(text);
  std::size_t refused = 0;
  const auto read = [&](const std::string& one) {
    const auto scenario = parse_scenario(one);
    refused += scenario ? 0 : 1;
    if (!scenario) EXPECT_EQ(scenario.error().what.substr(0, 9), "scenario:");
  };
  constexpr char bytes[] = {'|', '"', '\n', ':', '\xf0', '\0'};
  for (std::size_t i = 0; i < text->size(); ++i) {
    std::string changed = *text;
    changed[i] = bytes[i % sizeof bytes];
    read(changed);
    if (i % 3 == 0) read(text->substr(0, i));
  }
  EXPECT_GT(refused, text->size() / 2);
}

TEST(Claim, is_the_name_and_the_worry_of_every_scenario) {
  const auto files = scenario_files(ROWPAGE_SOURCE_DIR "/tests/scenario");
  EXPECT_GE(files.size(), 60U);
  std::set<std::string> worries;
  for (const auto& file : files) {
    const auto read = parse_scenario(*read_file(file), file);
    ASSERT_TRUE(read) << read.error().what << "\n" << read.error().hint;
    EXPECT_TRUE(worries.insert(read->worry).second) << file << " has the worry of another";
    EXPECT_GE(read->worry.size(), 20U) << file;
  }
}

TEST(Example, of_the_manual_is_a_scenario_that_comes_true) {
  const auto manual = read_file(ROWPAGE_SOURCE_DIR "/tests/scenario/README.md");
  ASSERT_TRUE(manual);
  const auto from = manual->find("```\n# ");
  const auto to = manual->find("\n```", from + 4);
  ASSERT_NE(to, std::string::npos);
  const auto read = parse_scenario(manual->substr(from + 4, to - from - 3), "README.md");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(play(*read).wrong, std::vector<std::string>());
}

// A harness that cannot fail proves nothing: what is expected wrongly is noticed, each kind of it.
TEST(Play, notices_what_is_not_as_expected) {
  const std::string head =
      "# A story.\nstart\n  | Name | Note\n  = | Alpha | first\nsteps\n  Supabase: update Alpha Note = x\n  "
      "sync\nexpect\n  | Name | Note\n";
  const auto wrong = [&](const std::string& end) {
    const auto read = parse_scenario(head + end);
    EXPECT_TRUE(read) << read.error().what;
    return read ? play(*read).wrong.size() : 0;
  };
  EXPECT_EQ(wrong("  = | Alpha | x\n"), 0U);
  EXPECT_GT(wrong("  = | Alpha | y\n"), 0U);
  EXPECT_GT(wrong("  Notion | Alpha | x\n"), 0U);
  EXPECT_GT(wrong("  = | Alpha | x\n  = | Beta | x\n"), 0U);
  EXPECT_GT(wrong(""), 0U);
  EXPECT_GT(wrong("  = | Alpha | x\n  written: nothing\n"), 0U);
  EXPECT_GT(wrong("  = | Alpha | x\n  parked: Alpha\n"), 0U);
  EXPECT_GT(wrong("  = | Alpha | x\n  bold: Alpha Note\n"), 0U);
  EXPECT_GT(wrong("  = | Alpha | x\n  logged: Alpha Note, Notion a, Supabase b, Notion won\n"), 0U);
  EXPECT_GT(wrong("  = | Alpha | x\n  trash | Alpha | x\n"), 0U);
}

TEST(Play, says_which_luck_never_came) {
  const auto read = parse_scenario(
      "# A story.\nsteps\n  Luck: next trash is lost\n  Notion: make Alpha\n  sync\nexpect\n  | Name\n  = | Alpha\n");
  ASSERT_TRUE(read) << read.error().what;
  const auto wrong = play(*read).wrong;
  ASSERT_EQ(wrong.size(), 1U);
  EXPECT_EQ(wrong.front(), "line 3: no such request was ever made");
}

}  // namespace
}  // namespace rowpage::scenario
