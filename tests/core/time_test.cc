#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/time.h"

namespace rowpage {
namespace {

Millis ms_of(std::string_view text) {
  const auto read = parse_time(text);
  EXPECT_TRUE(read) << text;
  return read ? read->ms : -1;
}

TEST(Time, is_read_as_both_services_write_it) {
  const Millis moment = ms_of("2026-11-20T09:30:00.123Z");
  EXPECT_EQ(ms_of("2026-11-20T09:30:00.123456Z"), moment);
  EXPECT_EQ(ms_of("2026-11-20 09:30:00.123+00"), moment);
  EXPECT_EQ(ms_of("2026-11-20 10:30:00.123456+01"), moment);
  EXPECT_EQ(ms_of("2026-11-20T10:30:00.123+01:00"), moment);
  EXPECT_EQ(ms_of("2026-11-20T04:00:00.123-0530"), moment);
  EXPECT_EQ(ms_of("2026-11-20T09:30:00.123"), moment) << "without a zone it is UTC";
}

TEST(Time, tells_a_day_from_a_moment_and_a_zone_from_none) {
  EXPECT_FALSE(parse_time("2026-11-20")->has_time);
  EXPECT_TRUE(parse_time("2026-11-20T09:30")->has_time);
  EXPECT_FALSE(parse_time("2026-11-20T09:30")->has_zone);
  EXPECT_TRUE(parse_time("2026-11-20T09:30Z")->has_zone);
}

TEST(Time, that_does_not_exist_is_refused) {
  for (const char* text : {"", "2026", "2026-13-01", "2026-02-29", "2026-11-31", "2026-11-20T24:00", "2026-11-20T09:60",
                           "2026-11-20T09:30:61", "2026-11-20T09:30:00.Z", "2026-11-20T09:30Zjunk", "2026-11-20x",
                           "20-11-2026", "2026-11-20T09:30+1", "2026-11-20T09:30+99:00"})
    EXPECT_FALSE(parse_time(text)) << text;
  EXPECT_TRUE(parse_time("2024-02-29"));
}

// Found by fuzzing: an offset can lead out of the years that four digits write.
TEST(Time, that_no_four_digits_of_a_year_can_write_is_refused) {
  for (const char* text : {"9999-12-31T23:59:59.999-00:01", "9999-12-31T23:59:59.999-15:59", "0000-01-01T00:00+00:01"})
    EXPECT_FALSE(parse_time(text)) << text;
  for (const char* text : {"9999-12-31T23:59:59.999Z", "0000-01-01T00:00Z", "0000-01-01", "9999-12-31"})
    EXPECT_TRUE(parse_time(text)) << text;
}

RC_GTEST_PROP(Time, written_is_read_back_the_same, ()) {
  const auto ms = *rc::gen::inRange<Millis>(-60'000'000'000'000, 250'000'000'000'000);
  const auto read = parse_time(format_utc(ms));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->ms == ms);
  const auto day = parse_time(format_day(ms));
  RC_ASSERT(day.has_value());
  RC_ASSERT(day->ms <= ms);
  RC_ASSERT(ms - day->ms < day_ms);
}

RC_GTEST_PROP(Time, minute_is_the_one_it_lies_in, (std::int32_t seconds)) {
  const Millis ms = Millis{seconds} * 997;
  const Millis floored = floor_minute(ms);
  RC_ASSERT(floored % minute_ms == 0);
  RC_ASSERT(floored <= ms);
  RC_ASSERT(ms - floored < minute_ms);
}

TEST(Duration, needs_its_unit) {
  EXPECT_EQ(parse_duration("90s"), 90 * second_ms);
  EXPECT_EQ(parse_duration("15m"), 15 * minute_ms);
  EXPECT_EQ(parse_duration("24h"), 24 * hour_ms);
  EXPECT_EQ(parse_duration("7d"), 7 * day_ms);
  for (const char* text : {"", "s", "7", "7w", "-7d", "7 d", "7dd", "99999999999d"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace rowpage
