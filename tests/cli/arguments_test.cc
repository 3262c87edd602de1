#include "cli/arguments.h"

#include <gtest/gtest.h>

#include "cli/commands.h"
#include "cli/exit_code.h"

namespace rowpage {
namespace {

Result<Parsed> parse(std::vector<std::string> line) {
  return parse_command_line(line, commands(), later_commands());
}

Arguments accepted(std::vector<std::string> line) {
  const auto parsed = parse(std::move(line));
  if (!parsed) {
    ADD_FAILURE() << parsed.error().what;
    return {};
  }
  const auto* invocation = std::get_if<Invocation>(&*parsed);
  EXPECT_TRUE(invocation);
  return invocation ? invocation->arguments : Arguments{};
}

std::string refused(std::vector<std::string> line) {
  const auto parsed = parse(std::move(line));
  if (parsed) return "(accepted)";
  EXPECT_EQ(parsed.error().cause, Cause::usage);
  return parsed.error().what + " | " + parsed.error().hint;
}

TEST(CommandLine, global_options_stand_before_or_behind_the_command) {
  for (const auto& line : {std::vector<std::string>{"--json", "--config", "x.yaml", "status"},
                           std::vector<std::string>{"status", "--config", "x.yaml", "--json"},
                           std::vector<std::string>{"--config=x.yaml", "status", "--json"}}) {
    const auto arguments = accepted(line);
    EXPECT_EQ(arguments.command, "status");
    EXPECT_EQ(arguments.get("--config"), "x.yaml");
    EXPECT_TRUE(arguments.has("--json"));
  }
}

TEST(CommandLine, every_option_of_sync_is_read) {
  const auto arguments =
      accepted({"sync", "--direction", "from-notion", "--model", "A", "--model=B", "--since", "24h", "--dry-run",
                "--full", "--allow-deletes=3", "--allow-rewrites", "4", "--allow-creates=5", "--wait", "-q"});
  EXPECT_EQ(arguments.get("--direction"), "from-notion");
  EXPECT_EQ(arguments.all("--model"), (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(arguments.get("--allow-rewrites"), "4");
  EXPECT_TRUE(arguments.has("--wait"));
  EXPECT_TRUE(arguments.has("--quiet"));
  EXPECT_FALSE(arguments.has("--json"));
}

TEST(CommandLine, words_of_conflicts_and_parked_keep_their_order) {
  EXPECT_EQ(accepted({"conflicts", "resolve", "12", "--take", "notion"}).words,
            (std::vector<std::string>{"resolve", "12"}));
}

TEST(CommandLine, an_option_takes_one_value_and_leaves_the_words_alone) {
  for (const auto& line : {std::vector<std::string>{"--preset", "decision-vault", "conflicts", "show", "7"},
                           std::vector<std::string>{"conflicts", "--preset", "decision-vault", "show", "7"}}) {
    const auto arguments = accepted(line);
    EXPECT_EQ(arguments.get("--preset"), "decision-vault");
    EXPECT_EQ(arguments.words, (std::vector<std::string>{"show", "7"}));
  }
  EXPECT_EQ(accepted({"sync", "--model", "A,B"}).all("--model"), (std::vector<std::string>{"A", "B"}));
}

TEST(CommandLine, an_unknown_command_gets_the_nearest) {
  EXPECT_EQ(refused({"synch"}), "there is no command `synch` | did you mean `sync`?");
  EXPECT_EQ(refused({"qqqqqqqq"}), "there is no command `qqqqqqqq` | `rowpage --help` lists the commands");
}

TEST(CommandLine, an_unknown_option_gets_the_nearest) {
  EXPECT_EQ(refused({"sync", "--dryrun"}), "`rowpage sync` has no option `--dryrun` | did you mean `--dry-run`?");
  EXPECT_EQ(refused({"--jsn", "status"}), "`rowpage status` has no option `--jsn` | did you mean `--json`?");
  EXPECT_EQ(refused({"--jsn"}), "there is no option `--jsn` | did you mean `--json`?");
}

TEST(CommandLine, a_word_too_many_is_refused) {
  EXPECT_NE(refused({"status", "now"}).find("takes no argument `now`"), std::string::npos);
}

TEST(CommandLine, an_option_without_its_value_is_refused) {
  EXPECT_NE(refused({"sync", "--since"}), "(accepted)");
}

TEST(CommandLine, an_option_that_stands_once_given_twice_is_refused) {
  EXPECT_NE(refused({"sync", "--since", "1h", "--since", "2h"}), "(accepted)");
}

TEST(CommandLine, commands_of_later_versions_are_refused_by_name) {
  for (const std::string name : {"apply", "history", "undo", "forget", "serve"}) {
    EXPECT_EQ(refused({name}).find("`rowpage " + name + "` comes in a later version"), 0u);
    EXPECT_EQ(refused({name, "--anything"}).find("`rowpage " + name + "` comes in a later version"), 0u);
  }
}

TEST(CommandLine, help_is_found_in_every_way_of_asking) {
  for (const auto& line : {std::vector<std::string>{"sync", "--help"}, std::vector<std::string>{"help", "sync"},
                           std::vector<std::string>{"sync", "-h"}}) {
    const auto parsed = parse(line);
    ASSERT_TRUE(parsed);
    const auto* help = std::get_if<ShowHelp>(&*parsed);
    ASSERT_TRUE(help && help->command);
    EXPECT_EQ(help->command->name, "sync");
  }
  for (const auto& line :
       {std::vector<std::string>{}, std::vector<std::string>{"--help"}, std::vector<std::string>{"help"}}) {
    const auto parsed = parse(line);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(std::holds_alternative<ShowHelp>(*parsed));
  }
  EXPECT_TRUE(std::holds_alternative<ShowVersion>(*parse({"--version"})));
}

TEST(CommandLine, every_help_text_names_its_options_and_the_exit_status) {
  for (const auto& command : commands()) {
    const auto text = help_text(command);
    EXPECT_NE(text.find("EXIT STATUS"), std::string::npos) << command.name;
    for (const auto& option : command.options) EXPECT_NE(text.find(option.name), std::string::npos) << option.name;
    EXPECT_NE(help_overview(commands()).find(command.name), std::string::npos);
  }
}

TEST(ExitCode, the_more_pressing_reason_wins) {
  const ExitCode order[] = {ExitCode::interrupted, ExitCode::not_authorised, ExitCode::lease_held, ExitCode::brake,
                            ExitCode::failed,      ExitCode::conflicts,      ExitCode::parked,     ExitCode::done};
  for (std::size_t i = 0; i < std::size(order); ++i) {
    for (std::size_t j = i; j < std::size(order); ++j) {
      EXPECT_EQ(worse(order[i], order[j]), order[i]);
      EXPECT_EQ(worse(order[j], order[i]), order[i]);
    }
  }
}

TEST(ExitCode, each_cause_has_the_documented_code) {
  const auto code = [](Cause cause) {
    return static_cast<int>(exit_code_of(Error{Effect::none, Scope::pair, cause, "", ""}));
  };
  EXPECT_EQ(code(Cause::usage), 2);
  EXPECT_EQ(code(Cause::brake), 5);
  EXPECT_EQ(code(Cause::unauthorised), 6);
  EXPECT_EQ(code(Cause::forbidden), 6);
  EXPECT_EQ(code(Cause::lease_lost), 7);
  EXPECT_EQ(code(Cause::interrupted), 130);
  EXPECT_EQ(code(Cause::unavailable), 1);
}

TEST(ExitCode, a_report_with_several_reasons_answers_with_the_most_pressing) {
  PairReport report;
  EXPECT_EQ(exit_code_of(report), ExitCode::done);
  report.parked = 1;
  EXPECT_EQ(exit_code_of(report), ExitCode::parked);
  report.undecided = 1;
  EXPECT_EQ(exit_code_of(report), ExitCode::conflicts);
  report.error = Error{Effect::none, Scope::pair, Cause::brake, "", ""};
  EXPECT_EQ(exit_code_of(report), ExitCode::brake);
  report.interrupted = true;
  EXPECT_EQ(exit_code_of(report), ExitCode::interrupted);
}

}  // namespace
}  // namespace rowpage
