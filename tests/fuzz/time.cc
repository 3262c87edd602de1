// Times and durations as Notion, PostgreSQL and the command line (--since) write them.
#include "core/time.h"
#include "base/http_client.h"
#include "core/text.h"
#include "fuzz/fuzz.h"
#include "notion/zone.h"
#include "sandbox/zone.h"

using namespace rowpage;
using fuzz::claim;

ROWPAGE_FUZZ(time) {
  if (const auto time = parse_time(bytes)) {
    claim(time->has_time || time->ms % day_ms == 0, "a day begins at midnight", bytes);
    const auto back = parse_time(format_utc(time->ms));
    claim(back && back->ms == time->ms, "a time written is the time read", bytes);
    const auto day = parse_time(format_day(time->ms));
    claim(day && day->ms <= time->ms && time->ms - day->ms < day_ms, "a day holds its times", bytes);
    claim(floor_minute(time->ms) <= time->ms && time->ms - floor_minute(time->ms) < minute_ms, "minutes are floored",
          bytes);
    const int offset = sandbox::written_offset(bytes);
    const auto shifted = parse_time(sandbox::format_with_offset(time->ms, offset));
    claim(shifted && shifted->ms == time->ms, "an offset changes the writing and not the time", bytes);
  }
  if (const auto span = parse_duration(bytes)) claim(*span >= 0, "a duration is not negative", bytes);
  (void)http_date(bytes);
  (void)canonical_id(bytes);
  // "ZONE TIME"
  const auto blank = bytes.find(' ');
  if (blank == std::string_view::npos) return;
  const auto zone = bytes.substr(0, blank);
  const auto local = parse_time(bytes.substr(blank + 1));
  if (!local) return;
  (void)from_zone(local->ms, zone);
  (void)sandbox::zone_offset(zone, local->ms);
}
