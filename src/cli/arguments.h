// A command as data (its options, its help, what runs it) and the command line taken apart by it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"

namespace rowpage {

/// One option of a command, e.g. {"--model", "NAME", "only this pair; may be given several times", true}.
struct OptionSpec {
  std::string_view name;
  std::string_view value;  // how the value is called in the help; empty: the option is a switch
  std::string_view help;
  bool many = false;
};

/// What the user wrote after `rowpage`.
class Arguments {
 public:
  std::string command;
  std::vector<std::string> words;  // positional arguments, in order

  bool has(std::string_view option) const { return values_.contains(std::string(option)); }
  std::optional<std::string> get(std::string_view option) const;
  std::vector<std::string> all(std::string_view option) const;
  void set(std::string option, std::vector<std::string> values) { values_[std::move(option)] = std::move(values); }

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

class Output;

struct Command {
  std::string_view name;
  std::string_view summary;  // one line for the list
  std::string_view usage;    // after "rowpage ", e.g. "parked list | show ID | ..."
  std::string_view text;     // paragraphs of the help
  std::vector<OptionSpec> options;
  bool takes_words = false;
  int (*run)(const Arguments&, Output&) = nullptr;
};

/// A name this version knows but does not have yet.
struct LaterCommand {
  std::string_view name;
  std::string_view instead;  // what to do meanwhile; may be empty
};

/// Options every command takes.
std::span<const OptionSpec> global_options();

std::string help_text(const Command& command);
std::string help_overview(std::span<const Command> commands);

struct ShowHelp {
  const Command* command = nullptr;  // nullptr: the overview
};
struct ShowVersion {};
struct Invocation {
  const Command* command = nullptr;
  Arguments arguments;
};
using Parsed = std::variant<Invocation, ShowHelp, ShowVersion>;

/// Takes a command line (without the program's name) apart. Errors: usage, with the nearest command or option.
Result<Parsed> parse_command_line(const std::vector<std::string>& line, std::span<const Command> commands,
                                  std::span<const LaterCommand> later);

}  // namespace rowpage
