#include "notion/zone.h"

#include <chrono>
#include <exception>
#include <string>

#include <date/tz.h>

namespace rowpage {

std::optional<Millis> from_zone(Millis wall_ms, std::string_view zone) {
  if (zone == "UTC" || zone == "GMT" || zone == "Etc/UTC") return wall_ms;
  try {
    const auto wall = date::local_time<std::chrono::milliseconds>(std::chrono::milliseconds(wall_ms));
    return date::locate_zone(std::string(zone))->to_sys(wall, date::choose::earliest).time_since_epoch().count();
  } catch (const std::exception&) {
    return std::nullopt;  // the library's way to say that it does not know the name
  }
}

}  // namespace rowpage
