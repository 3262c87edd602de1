// What the program takes from the environment and from .env: one table drives the reading, the message that names every
// missing variable, the documentation and the help.
//
// Precedence: the process's environment, then the .env file; within each the first name of a variable's aliases that is
// set and not empty.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/mistake.h"
#include "config/secret.h"
#include "core/result.h"

namespace rowpage {

struct Variable {
  std::vector<std::string_view> names;  // the first is the name the documentation uses
  std::string_view what;                // one phrase
  std::string_view where;               // where to find its value
  std::string_view otherwise;           // default; empty: none
  bool secret = false;
};

/// All of them, in the order in which they are documented.
std::span<const Variable> variables();

/// The entry whose first name this is; nullptr: a name of the user's own.
const Variable* variable(std::string_view name);

/// NAME=VALUE lines of a .env file, in order of the file; the last of two equal names wins.
tl::expected<std::map<std::string, std::string>, Mistake> parse_env_file(std::string_view text,
                                                                         const std::string& file);

class Environment {
 public:
  using Values = std::map<std::string, std::string>;

  Environment() = default;
  Environment(Values process, Values file) : process_(std::move(process)), file_(std::move(file)) {}

  /// The process's environment over `env_file`. With `required` a file that is not there is an error, otherwise it is
  /// as if it were empty. All values of variables the table calls secret are remembered for redaction.
  static Result<Environment> load(const std::string& env_file, bool required);

  /// The value under any of the variable's names; nullopt when none is set. Knows also names that are not in the table.
  std::optional<std::string> get(std::string_view name) const;

  /// The alias under which get() finds the value, for messages; empty when none.
  std::string found_as(std::string_view name) const;

 private:
  const std::pair<const std::string, std::string>* find(std::string_view name) const;

  Values process_, file_;
};

/// "missing: ..." naming every variable with where to find it; one usage error. `databases`: variables of the config
/// that name a database, with its title.
Error missing_variables(const std::vector<std::string>& names,
                        const std::map<std::string, std::string>& databases = {});

}  // namespace rowpage
