// Time zones by name, read from the system's zone files: Notion takes {"start":"…","time_zone":"Europe/Berlin"} and
// answers with the offset that holds there at that time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace rowpage::sandbox {

/// Minutes east of UTC that a clock in `zone` shows at the local time `local_ms`; nothing for an unknown zone.
std::optional<int> zone_offset(std::string_view zone, Millis local_ms);

/// The offset written at the end of an ISO time, in minutes; 0 for "Z" and for none.
int written_offset(std::string_view iso);

/// "2026-11-20T10:30:00.000+01:00" for a moment.
std::string format_with_offset(Millis utc_ms, int offset_minutes);

}  // namespace rowpage::sandbox
