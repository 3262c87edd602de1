#include "base/term.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace rowpage {
namespace {

constexpr Millis redraw_ms = 100;
constexpr Millis line_ms = 10 * second_ms;
constexpr int narrowest = 40, widest_bar = 30;

Terminal of(int descriptor) {
  Terminal terminal;
  terminal.tty = isatty(descriptor) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  const bool dumb = kind && std::string_view(kind) == "dumb";
  terminal.color = terminal.tty && !dumb && (!no_color || !*no_color);
  winsize size{};
  if (terminal.tty && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
  if (const char* columns = std::getenv("COLUMNS")) {
    const int number = std::atoi(columns);
    if (number > 0) terminal.columns = number;
  }
  terminal.columns = std::clamp(terminal.columns, narrowest, 500);
  return terminal;
}

}  // namespace

Terminal Terminal::of_stderr() {
  return of(STDERR_FILENO);
}
Terminal Terminal::of_stdout() {
  return of(STDOUT_FILENO);
}

std::string printable(std::string_view text, bool lines) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == '\n' || byte == '\t' || byte == '\r') {
      out += lines ? text[at] : ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\xEF\xBF\xBD";
    } else if (byte == 0xC2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0 &&
               static_cast<unsigned char>(text[at + 1]) >= 0x80) {
      out += "\xEF\xBF\xBD";  // U+0080 to U+009F: terminals take them as control characters too
      ++at;
    } else {
      out += text[at];
    }
  }
  return out;
}

Progress::Progress(Terminal terminal, Write write, Now now)
    : terminal_(terminal), write_(std::move(write)), now_(std::move(now)) {}

void Progress::update(std::string_view what, std::uint64_t done, std::optional<std::uint64_t> total) {
  const Millis now = now_();
  if (!started_) {  // short work shows nothing
    started_ = true;
    next_ms_ = now + (terminal_.tty ? 5 * redraw_ms : line_ms);
    last_what_ = what;
    return;
  }
  const bool finished = total && done >= *total && what == last_what_;
  last_what_ = what;
  if (now < next_ms_ && !(finished && drawn_ && terminal_.tty)) return;
  next_ms_ = now + (terminal_.tty ? redraw_ms : line_ms);
  const std::string count = total ? grouped(done) + " / " + grouped(*total) : grouped(done);
  if (!terminal_.tty) {
    write_(fmt::format("{}: {}\n", what, count));
    return;
  }
  std::string line = fmt::format("{}  ", what);
  const int room = terminal_.columns - static_cast<int>(line.size() + count.size()) - 6;
  if (total && *total > 0 && room >= 10) {
    const int width = std::min(room, widest_bar);
    const int full =
        static_cast<int>(static_cast<double>(std::min(done, *total)) / static_cast<double>(*total) * width);
    line += '[' + std::string(static_cast<std::size_t>(full), '#') +
            std::string(static_cast<std::size_t>(width - full), '.') + "]  ";
  }
  line += count;
  if (static_cast<int>(line.size()) >= terminal_.columns) line.resize(static_cast<std::size_t>(terminal_.columns - 1));
  write_("\r\x1b[K" + line);
  drawn_ = true;
}

void Progress::clear() {
  if (drawn_) write_("\r\x1b[K");
  drawn_ = false;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return grouped(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string readable_time(std::string_view iso) {
  constexpr std::size_t to_seconds = std::string_view("2026-11-20T12:44:58").size();
  if (iso.size() <= to_seconds || iso[10] != 'T' || iso.back() != 'Z') return std::string(iso);
  return std::string(iso.substr(0, 10)) + " " + std::string(iso.substr(11, to_seconds - 11)) + " UTC";
}

}  // namespace rowpage
