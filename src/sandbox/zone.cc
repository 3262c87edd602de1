#include "sandbox/zone.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <vector>

#include <fmt/format.h>

namespace rowpage::sandbox {
namespace {

struct Zone {
  std::vector<std::int64_t> from;  // seconds since 1970, ascending
  std::vector<int> minutes;        // one more than `from`: the first holds before from[0]
};

std::int64_t big_endian(const std::string& data, std::size_t at, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i)
    value = value << 8 | static_cast<unsigned char>(data[at + static_cast<std::size_t>(i)]);
  if (bytes == 4) return static_cast<std::int32_t>(value);
  return static_cast<std::int64_t>(value);
}

// TZif (RFC 8536): a 32-bit block, which is skipped, then the same with 64-bit times.
std::optional<Zone> load(const std::string& name) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
  if (name.empty() || name[0] == '/' || name.find_first_not_of(allowed) != std::string::npos) return std::nullopt;
  const std::string path = "/usr/share/zoneinfo/" + name;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;  // "America" is a folder
  std::ifstream file(path, std::ios::binary);
  const std::string data((std::istreambuf_iterator<char>(file)), {});
  constexpr std::size_t header = 44;
  if (data.size() < header || data.compare(0, 4, "TZif") != 0 || data[4] < '2') return std::nullopt;
  const auto count = [&](std::size_t base, std::size_t which) {
    return static_cast<std::size_t>(big_endian(data, base + 20 + which * 4, 4));
  };
  const std::size_t second =
      header + count(0, 3) * 5 + count(0, 4) * 6 + count(0, 5) + count(0, 2) * 8 + count(0, 1) + count(0, 0);
  if (data.size() < second + header) return std::nullopt;
  const std::size_t times = count(second, 3), types = count(second, 4);
  const std::size_t at_times = second + header, at_index = at_times + times * 8, at_types = at_index + times;
  if (types == 0 || data.size() < at_types + types * 6) return std::nullopt;
  const auto offset = [&](std::size_t type) { return static_cast<int>(big_endian(data, at_types + type * 6, 4) / 60); };
  Zone zone;
  zone.minutes.push_back(offset(0));
  for (std::size_t i = 0; i < times; ++i) {
    const auto type = static_cast<unsigned char>(data[at_index + i]);
    if (type >= types) return std::nullopt;
    zone.from.push_back(big_endian(data, at_times + i * 8, 8));
    zone.minutes.push_back(offset(type));
  }
  return zone;
}

}  // namespace

std::optional<int> zone_offset(std::string_view zone, Millis local_ms) {
  if (zone == "UTC" || zone == "Etc/UTC" || zone == "GMT") return 0;
  static std::mutex mutex;
  static std::map<std::string, Zone, std::less<>> known;  // of zones that are there, so it cannot grow without bound
  const std::lock_guard lock(mutex);
  auto found = known.find(zone);
  if (found == known.end()) {
    auto loaded = load(std::string(zone));
    if (!loaded) return std::nullopt;
    found = known.emplace(std::string(zone), std::move(*loaded)).first;
  }
  const auto& data = found->second;
  const auto at = [&](std::int64_t utc) {
    const auto after = std::upper_bound(data.from.begin(), data.from.end(), utc);
    return data.minutes[static_cast<std::size_t>(after - data.from.begin())];
  };
  const std::int64_t local = local_ms / 1000;
  // The offset depends on the moment and the moment on the offset: two steps settle it outside the missing hour.
  const int guess = at(local);
  return at(local - std::int64_t{guess} * 60);
}

int written_offset(std::string_view iso) {
  const auto time = iso.find_first_of("T ");
  if (time == std::string_view::npos) return 0;
  const auto sign = iso.find_first_of("+-", time);
  if (sign == std::string_view::npos) return 0;
  int digits[4] = {};
  int seen = 0;
  for (const char c : iso.substr(sign + 1)) {
    if (c >= '0' && c <= '9' && seen < 4) digits[seen++] = c - '0';
  }
  const int minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3];
  return iso[sign] == '-' ? -minutes : minutes;
}

std::string format_with_offset(Millis utc_ms, int offset_minutes) {
  std::string text = format_utc(utc_ms + offset_minutes * minute_ms);
  text.pop_back();  // Z
  const int size = std::abs(offset_minutes);
  return fmt::format("{}{}{:02}:{:02}", text, offset_minutes < 0 ? '-' : '+', size / 60, size % 60);
}

}  // namespace rowpage::sandbox
