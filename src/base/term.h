// What a person sees while the program works. On a terminal a bar that is redrawn in place; elsewhere (cron, a pipe)
// one line every ten seconds, so that logs stay short.
//
//   Decision  reading pages   [########........]  1,200 / 2,431
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace rowpage {

/// What standard error can do.
struct Terminal {
  bool tty = false;
  bool color = false;  // a terminal, and NO_COLOR is not set
  int columns = 80;    // COLUMNS, else the terminal's, else 80

  static Terminal of_stderr();
  static Terminal of_stdout();
};

/// The text without control characters, which a page's title could use to drive the terminal: each becomes "�". Line
/// ends and tabs become blanks unless `lines`.
std::string printable(std::string_view text, bool lines = false);

class Progress {
 public:
  using Write = std::function<void(std::string_view)>;
  using Now = std::function<Millis()>;

  /// `now` is monotonic.
  Progress(Terminal terminal, Write write, Now now);

  /// Says where the work stands; draws only when it is time to.
  void update(std::string_view what, std::uint64_t done, std::optional<std::uint64_t> total);

  /// Takes the bar off the terminal, so that other text may follow.
  void clear();

 private:
  Terminal terminal_;
  Write write_;
  Now now_;
  Millis next_ms_ = 0;
  bool started_ = false, drawn_ = false;
  std::string last_what_;
};

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

/// "1 record", "1,200 records".
std::string counted(std::uint64_t count, std::string_view noun);

/// "2026-11-20T12:44:58.883Z" as "2026-11-20 12:44:58 UTC"; any other text as it is.
std::string readable_time(std::string_view iso);

}  // namespace rowpage
