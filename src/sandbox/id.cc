#include "sandbox/id.h"

namespace rowpage::sandbox {
namespace {

constexpr char digits[] = "0123456789abcdef";

int value_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Id::plain() const {
  std::string out(32, '0');
  for (int i = 0; i < 16; ++i) {
    out[i] = digits[(high >> (60 - 4 * i)) & 15];
    out[16 + i] = digits[(low >> (60 - 4 * i)) & 15];
  }
  return out;
}

std::string Id::text() const {
  const std::string all = plain();
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
    out += all[i];
  }
  return out;
}

std::optional<Id> parse_id(std::string_view text) {
  const bool hyphens = text.size() == 36;
  if (!hyphens && text.size() != 32) return std::nullopt;
  Id id;
  int seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (hyphens && (i == 8 || i == 13 || i == 18 || i == 23)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = value_of(text[i]);
    if (digit < 0) return std::nullopt;
    auto& word = seen < 16 ? id.high : id.low;
    word = word << 4 | static_cast<std::uint64_t>(digit);
    ++seen;
  }
  return id;
}

bool is_uuid(const Id& id) {
  const auto version = (id.high >> 12) & 15;
  const auto variant = id.low >> 62;
  return version >= 1 && version <= 8 && variant == 2;
}

std::uint64_t IdSource::number() {  // splitmix64
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

Id IdSource::next() {
  Id id{number(), number()};
  id.high = (id.high & ~0xf000ULL) | 0x4000ULL;
  id.low = (id.low & ~(3ULL << 62)) | (2ULL << 62);
  return id;
}

}  // namespace rowpage::sandbox
