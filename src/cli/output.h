// Where a command's words go: results to standard output, remarks, progress and errors to standard error. With --json
// standard output gets exactly one object, whatever happens.
#pragma once

#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/term.h"
#include "cli/exit_code.h"
#include "core/result.h"

namespace rowpage {

class Output {
 public:
  struct Mode {
    bool json = false, quiet = false, verbose = false;
  };
  Output(Mode mode, std::FILE* out = stdout, std::FILE* err = stderr);

  const Mode& mode() const { return mode_; }
  const Terminal& terminal() const { return out_terminal_; }

  /// A line of the result. Not with --json.
  void line(std::string_view text);
  /// A remark on standard error. Not with --quiet.
  void say(std::string_view text);
  void warn(std::string_view text);
  /// "error: ..." with its hint on standard error.
  void error(const Error& error);

  void progress(std::string_view what, std::uint64_t done, std::optional<std::uint64_t> total);

  /// Ends the command: with --json prints `object` with "command" and "exit_code" in front. Answers the exit code.
  int finish(std::string_view command, ExitCode code, json::object object = {});
  /// The same for an error, which is shown and becomes the member "error".
  int finish(std::string_view command, const Error& error, json::object object = {});

  std::string bold(std::string_view text) const;

 private:
  void write(std::FILE* stream, std::string_view text);

  Mode mode_;
  std::FILE* out_;
  std::FILE* err_;
  Terminal out_terminal_, err_terminal_;
  std::mutex mutex_;
  Progress progress_;
};

/// {"what","hint","effect","scope","cause"}
json::object error_to_json(const Error& error);

/// Names of the parts of an error, as in the JSON output.
std::string_view name_of(Effect effect);
std::string_view name_of(Scope scope);
std::string_view name_of(Cause cause);

}  // namespace rowpage
