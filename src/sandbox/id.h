// A Notion id (UUID) as two words: compact in maps of a hundred thousand pages, text only at the edge.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rowpage::sandbox {

struct Id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const Id&) const = default;
  explicit operator bool() const { return high != 0 || low != 0; }

  /// "1c2d…-…": lower case, 8-4-4-4-12.
  std::string text() const;
  /// The same without hyphens, as URLs have it.
  std::string plain() const;
};

/// Reads 32 hexadecimal digits with or without hyphens in the usual places; nothing else.
std::optional<Id> parse_id(std::string_view text);

/// False for ids whose version and variant digits no UUID has: Notion refuses them before it looks.
bool is_uuid(const Id& id);

/// The deterministic source of ids: equal seeds give equal worlds.
class IdSource {
 public:
  explicit IdSource(std::uint64_t seed) : state_(seed) {}
  Id next();
  std::uint64_t number();

 private:
  std::uint64_t state_;
};

}  // namespace rowpage::sandbox

template <>
struct std::hash<rowpage::sandbox::Id> {
  std::size_t operator()(const rowpage::sandbox::Id& id) const noexcept {
    return static_cast<std::size_t>(id.high * 0x9e3779b97f4a7c15ULL ^ id.low);
  }
};
