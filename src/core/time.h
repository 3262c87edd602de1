// Times as both services write them (ISO 8601 / RFC 3339), without a clock: core never asks what time it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowpage {

/// Milliseconds since 1970-01-01T00:00:00Z.
using Millis = std::int64_t;

inline constexpr Millis second_ms = 1000;
inline constexpr Millis minute_ms = 60 * second_ms;
inline constexpr Millis hour_ms = 60 * minute_ms;
inline constexpr Millis day_ms = 24 * hour_ms;

struct Timestamp {
  Millis ms = 0;
  bool has_time = false;
  bool has_zone = false;  // an offset or Z was written; without one the reader takes UTC
};

/// Reads "2026-11-20", "2026-11-20T09:30", "2026-11-20 09:30:00.123456+01:00", "...Z", "...+00". Digits below a
/// millisecond are dropped. Refuses days that do not exist, and moments that lie in no year from 0000 to 9999 in UTC.
std::optional<Timestamp> parse_time(std::string_view text);

/// "2026-11-20T09:30:00.000Z"
std::string format_utc(Millis ms);

/// "2026-11-20"
std::string format_day(Millis ms);

/// The start of the minute `ms` lies in (Notion keeps whole minutes only).
Millis floor_minute(Millis ms);

/// "90s", "15m", "24h", "7d" as milliseconds.
std::optional<Millis> parse_duration(std::string_view text);

}  // namespace rowpage
