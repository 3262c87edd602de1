// Times that Notion gives with a zone's name instead of an offset: {"start": "2026-11-20T09:30:00", "time_zone":
// "Europe/Berlin"}.
#pragma once

#include <optional>
#include <string_view>

#include "core/time.h"

namespace rowpage {

/// The moment at which clocks in `zone` (IANA name) show what `wall_ms` shows as UTC. In the hour that comes twice: the
/// earlier one; in the hour that is skipped: the moment of the skip. nullopt: no such zone on this machine.
std::optional<Millis> from_zone(Millis wall_ms, std::string_view zone);

}  // namespace rowpage
