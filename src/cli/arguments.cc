// The only file that knows the command line library. It is given the commands as data and gives back plain values; what
// it does not know it leaves over, so that the answer can name the nearest command or option.
#include "cli/arguments.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/exit_code.h"
#include "config/mistake.h"

namespace rowpage {
namespace {

constexpr OptionSpec globals[] = {
    {"--config", "FILE", "config file (default: rowpage.yaml in this folder)"},
    {"--preset", "NAME", "run a preset from the environment alone, without a config file"},
    {"--schema", "NAME", "the database schema of tables that the config names without one (default: public)"},
    {"--env-file", "FILE", "file with NAME=VALUE lines (default: .env); the environment wins over it"},
    {"--json", "", "print exactly one JSON object on standard output"},
    {"--quiet", "", "no progress and no remarks"},
    {"--verbose", "", "say more"},
    {"--help", "", "show this help"},
};

Error usage(std::string what, std::string hint) {
  return {Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)};
}

// One option bound to the library: where it leaves what it found.
struct Bound {
  const OptionSpec* spec = nullptr;
  CLI::Option* option = nullptr;
  std::vector<std::string> values;
  bool on = false;
};

std::string spelled(const OptionSpec& spec) {
  if (spec.name == "--quiet") return "-q,--quiet";
  if (spec.name == "--verbose") return "-v,--verbose";
  if (spec.name == "--help") return "-h,--help";
  return std::string(spec.name);
}

void bind(CLI::App& app, const OptionSpec& spec, std::deque<Bound>& all) {
  auto& bound = all.emplace_back();
  bound.spec = &spec;
  if (spec.value.empty()) {
    bound.option = app.add_flag(spelled(spec), bound.on);
  } else {
    bound.option = app.add_option(spelled(spec), bound.values)->expected(1)->allow_extra_args(false);
    bound.option->multi_option_policy(spec.many ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::Throw);
    if (spec.many) bound.option->delimiter(',');
  }
}

std::vector<std::string> option_names(const Command* command) {
  std::vector<std::string> names = {"--version"};
  for (const auto& spec : globals) names.emplace_back(spec.name);
  if (command) {
    for (const auto& spec : command->options) names.emplace_back(spec.name);
  }
  return names;
}

Error unknown_option(const std::string& given, const Command* command) {
  const std::string name = given.substr(0, given.find('='));
  const std::string whose = command ? fmt::format("`rowpage {}` has no option `{}`", command->name, name)
                                    : fmt::format("there is no option `{}`", name);
  std::string hint = did_you_mean(name, option_names(command), false);
  if (hint.empty())
    hint = fmt::format("`rowpage {}--help` lists them", command ? std::string(command->name) + " " : "");
  return usage(whose, hint);
}

Error unknown_command(const std::string& given, std::span<const Command> commands) {
  std::vector<std::string> names;
  for (const auto& command : commands) names.emplace_back(command.name);
  std::string hint = did_you_mean(given, names, false);
  if (hint.empty()) hint = "`rowpage --help` lists the commands";
  return usage(fmt::format("there is no command `{}`", given), std::move(hint));
}

void append_options(std::string& out, std::span<const OptionSpec> options) {
  for (const auto& spec : options) {
    std::string left = spelled(spec);
    if (const auto comma = left.find(','); comma != std::string::npos) left.insert(comma + 1, " ");
    if (!spec.value.empty()) left += " " + std::string(spec.value);
    out += fmt::format("  {:<26} {}\n", left, spec.help);
  }
}

// The first word that is not a global option or the value of one: the command.
std::size_t command_at(const std::vector<std::string>& line) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (!line[at].starts_with('-') || line[at] == "-") return at;
    for (const auto& spec : globals) {
      if (!spec.value.empty() && line[at] == spec.name) ++at;
      if (at >= line.size()) break;
    }
  }
  return line.size();
}

}  // namespace

std::optional<std::string> Arguments::get(std::string_view option) const {
  const auto at = values_.find(std::string(option));
  if (at == values_.end() || at->second.empty()) return std::nullopt;
  return at->second.back();
}

std::vector<std::string> Arguments::all(std::string_view option) const {
  const auto at = values_.find(std::string(option));
  return at == values_.end() ? std::vector<std::string>{} : at->second;
}

std::span<const OptionSpec> global_options() {
  return globals;
}

std::string help_text(const Command& command) {
  std::string out = fmt::format("rowpage {}: {}\n\nUSAGE\n  rowpage {}\n\n{}\n", command.name, command.summary,
                                command.usage, command.text);
  if (!command.options.empty()) {
    out += "OPTIONS\n";
    append_options(out, command.options);
    out += "\n";
  }
  out += "GLOBAL OPTIONS\n";
  append_options(out, globals);
  return out + "\n" + std::string(exit_status_help());
}

std::string help_overview(std::span<const Command> commands) {
  std::string out =
      "rowpage keeps Notion databases and Supabase (PostgreSQL) tables in step, both ways.\n\n"
      "USAGE\n  rowpage [OPTIONS] COMMAND [...]\n\nCOMMANDS\n";
  for (const auto& command : commands) out += fmt::format("  {:<10} {}\n", command.name, command.summary);
  out += "\n`rowpage COMMAND --help` explains a command.\n\nGLOBAL OPTIONS\n";
  append_options(out, globals);
  out += fmt::format("  {:<26} {}\n", "--version", "show the version");
  return out + "\n" + std::string(exit_status_help());
}

Result<Parsed> parse_command_line(const std::vector<std::string>& line, std::span<const Command> commands,
                                  std::span<const LaterCommand> later) {
  const std::size_t at = command_at(line);
  const auto asks = [&](std::size_t until, std::string_view option, std::string_view shorter) {
    return std::any_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(until),
                       [&](const std::string& word) { return word == option || word == shorter; });
  };
  if (asks(at, "--version", "-V")) return ShowVersion{};
  if (at == line.size()) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string name = line[i].substr(0, line[i].find('='));
      const auto known = option_names(nullptr);
      if (name == "-h" || name == "-q" || name == "-v") continue;
      if (name.starts_with('-') && std::find(known.begin(), known.end(), name) == known.end()) {
        return fail(unknown_option(line[i], nullptr));
      }
    }
    if (line.empty() || asks(at, "--help", "-h")) return ShowHelp{};
    return fail(usage("a command is missing", "`rowpage --help` lists the commands"));
  }
  std::string name = line[at];
  if (name == "help") {
    if (at + 1 >= line.size()) return ShowHelp{};
    name = line[at + 1];
  }
  const auto command = std::find_if(commands.begin(), commands.end(), [&](const Command& c) { return c.name == name; });
  if (command == commands.end()) {
    for (const auto& known : later) {
      if (known.name == name) {
        return fail(usage(fmt::format("`rowpage {}` comes in a later version", name), std::string(known.instead)));
      }
    }
    return fail(unknown_command(name, commands));
  }
  if (line[at] == "help") return ShowHelp{&*command};

  CLI::App app;
  app.set_help_flag("");
  app.allow_extras();
  std::deque<Bound> bound;
  for (const auto& spec : globals) bind(app, spec, bound);
  for (const auto& spec : command->options) bind(app, spec, bound);
  std::vector<std::string> words(line.begin(), line.end());
  words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
  std::reverse(words.begin(), words.end());  // the library takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return fail(usage(error.what(), fmt::format("`rowpage {} --help` explains the options", name)));
  }
  Invocation invocation{&*command, {}};
  invocation.arguments.command = name;
  bool only_words = false;
  for (const auto& word : app.remaining()) {
    if (word == "--" && !only_words) {
      only_words = true;
    } else if (word.starts_with('-') && word.size() > 1 && !only_words) {
      return fail(unknown_option(word, &*command));
    } else if (!command->takes_words) {
      return fail(usage(fmt::format("`rowpage {}` takes no argument `{}`", name, word),
                        fmt::format("usage: rowpage {}", command->usage)));
    } else {
      invocation.arguments.words.push_back(word);
    }
  }
  for (auto& each : bound) {
    if (each.option->count() > 0) invocation.arguments.set(std::string(each.spec->name), std::move(each.values));
  }
  if (invocation.arguments.has("--help")) return ShowHelp{&*command};
  return invocation;
}

}  // namespace rowpage
