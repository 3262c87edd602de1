#include "core/time.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace rowpage {
namespace {

// Reads a fixed number of decimal digits; advances `text`.
std::optional<int> digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// "Z", "+01", "+0100", "+01:00"; milliseconds east of UTC.
std::optional<Millis> offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  const bool west = !text.empty() && text.front() == '-';
  if (!west && (text.empty() || text.front() != '+')) return std::nullopt;
  text.remove_prefix(1);
  const auto hours = digits(text, 2);
  if (!hours || *hours > 15) return std::nullopt;
  int minutes = 0;
  if (!text.empty()) {
    take(text, ':');
    const auto read = digits(text, 2);
    if (!read || *read > 59) return std::nullopt;
    minutes = *read;
  }
  const Millis east = *hours * hour_ms + minutes * minute_ms;
  return west ? -east : east;
}

// What four digits of a year can write: 0000-01-01T00:00Z up to the end of 9999.
constexpr Millis first_ms = -62'167'219'200'000, last_ms = 253'402'300'799'999;

std::chrono::year_month_day date_of(Millis ms) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(ms)));
}

}  // namespace

std::optional<Timestamp> parse_time(std::string_view text) {
  const auto year = digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  Timestamp stamp;
  stamp.ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::sys_days(date).time_since_epoch()).count();
  if (text.empty()) return stamp;

  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  stamp.has_time = true;
  const auto hour = digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  stamp.ms += *hour * hour_ms + *minute * minute_ms;
  if (take(text, ':')) {
    const auto second = digits(text, 2);
    if (!second || *second > 59) return std::nullopt;
    stamp.ms += *second * second_ms;
    if (take(text, '.')) {
      Millis weight = 100;
      bool any = false;
      while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
        stamp.ms += (text.front() - '0') * weight;
        weight /= 10;
        text.remove_prefix(1);
        any = true;
      }
      if (!any) return std::nullopt;
    }
  }
  if (text.empty()) return stamp;
  const auto east = offset(text);
  if (!east || !text.empty()) return std::nullopt;
  stamp.has_zone = true;
  stamp.ms -= *east;
  if (stamp.ms < first_ms || stamp.ms > last_ms) return std::nullopt;  // could be read, but never written again
  return stamp;
}

std::string format_day(Millis ms) {
  const auto date = date_of(ms);
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return buffer.data();
}

std::string format_utc(Millis ms) {
  const Millis of_day = ((ms % day_ms) + day_ms) % day_ms;
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "T%02d:%02d:%02d.%03dZ", static_cast<int>(of_day / hour_ms),
                static_cast<int>(of_day / minute_ms % 60), static_cast<int>(of_day / second_ms % 60),
                static_cast<int>(of_day % second_ms));
  return format_day(ms) + buffer.data();
}

Millis floor_minute(Millis ms) {
  const Millis over = ms % minute_ms;
  return ms - (over < 0 ? over + minute_ms : over);
}

std::optional<Millis> parse_duration(std::string_view text) {
  Millis number = 0;
  std::size_t used = 0;
  while (used < text.size() && text[used] >= '0' && text[used] <= '9') {
    if (used == 9) return std::nullopt;  // longer than any bound we know, and far from overflow
    number = number * 10 + (text[used++] - '0');
  }
  if (used == 0 || used + 1 < text.size()) return std::nullopt;
  if (used == text.size()) return std::nullopt;
  switch (text[used]) {
    case 's':
      return number * second_ms;
    case 'm':
      return number * minute_ms;
    case 'h':
      return number * hour_ms;
    case 'd':
      return number * day_ms;
    default:
      return std::nullopt;
  }
}

}  // namespace rowpage
