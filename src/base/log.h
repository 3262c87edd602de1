// The log file: one JSON object a line, rotated at 10 MB, and the one place where secrets are taken out of text.
//
//   {"at":"2026-11-20T09:30:00.000Z","level":"info","event":"run","model":"Decision","text":"..."}
//
// The line is built with base/json, because the log library's pattern does not escape. Nothing here fails the program:
// a log that cannot be opened is a warning on stderr.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace rowpage {

/// Makes a secret known, so that redact() finds it wherever it turns up. Short texts (< 8 bytes) are ignored.
void remember_secret(std::string_view secret);

/// The text with remembered secrets, and whatever has the shape of one (Notion tokens, Supabase keys, JSON Web Tokens,
/// passwords in URLs and connection strings, Authorization headers), replaced by "***".
std::string redact(std::string_view text);

class Log {
 public:
  enum class Level { debug, info, warning, error };

  /// The LOG_LEVEL words: DEBUG, INFO, WARNING (WARN), ERROR, in any case. nullopt: not one of them.
  static std::optional<Level> level(std::string_view name);

  /// A log that writes nowhere.
  Log();
  /// Appends to `path`, making its folder. On failure the log writes nowhere and `trouble()` says why.
  Log(const std::string& path, Level least);
  ~Log();
  Log(Log&&) noexcept;
  Log& operator=(Log&&) noexcept;

  const std::string& trouble() const { return trouble_; }
  bool traces() const { return least_ == Level::debug; }

  /// Writes one line; `more` adds members after `event` and `text`. Every string is redacted.
  void write(Level level, std::string_view event, std::string_view text, const json::object& more = {});
  void flush();

 private:
  struct Sink;
  std::unique_ptr<Sink> sink_;
  Level least_ = Level::info;
  std::string trouble_;
};

}  // namespace rowpage
