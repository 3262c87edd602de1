#include "core/text.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace rowpage {
namespace {

// Length of the well-formed UTF-8 character at the front, 0 when there is none (Unicode 15, table 3-7).
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (text.empty()) return 0;
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return tail(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogates
    return 3;
  }
  if (lead > 0xF4 || !tail(1) || !tail(2) || !tail(3)) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return 4;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// 32 hexadecimal digits, hyphens anywhere between them, and nothing else.
std::string plain_id(std::string_view text) {
  std::string id;
  for (const char c : text) {
    if (c == '-') continue;
    if (hex(c) < 0 || id.size() == 36) return {};
    if (id.size() == 8 || id.size() == 13 || id.size() == 18 || id.size() == 23) id += '-';
    id += static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
  }
  return id.size() == 36 ? id : std::string();
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::size_t utf16_length(std::string_view utf8) {
  std::size_t units = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

std::vector<std::string_view> split_utf16(std::string_view utf8, std::size_t units) {
  std::vector<std::string_view> pieces;
  std::size_t start = 0;
  std::size_t used = 0;
  for (std::size_t at = 0; at < utf8.size();) {
    const std::size_t length = std::max<std::size_t>(character(utf8.substr(at)), 1);
    const std::size_t cost = length == 4 ? 2 : 1;
    if (used + cost > units && at > start) {
      pieces.push_back(utf8.substr(start, at - start));
      start = at;
      used = 0;
    }
    used += cost;
    at += length;
  }
  if (start < utf8.size()) pieces.push_back(utf8.substr(start));
  return pieces;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string collapse_space(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    if (!is_space(c)) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string canonical_id(std::string_view text) {
  text = trim(text);
  if (std::string id = plain_id(text); !id.empty()) return id;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return {};
  // https://www.notion.so/team/Decision-Vault-0f1e...?v=... : the id ends the last path segment.
  std::string_view rest = text.substr(scheme + 3);
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (host.find("notion.") == std::string_view::npos) return {};
  rest = rest.substr(0, rest.find_first_of("?#"));
  while (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const std::string_view last = rest.substr(rest.rfind('/') + 1);
  if (std::string id = plain_id(last); !id.empty()) return id;
  return last.size() > 32 ? plain_id(last.substr(last.size() - 32)) : std::string();
}

std::vector<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates, std::size_t most) {
  const std::string wanted = ascii_lower(name);
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const auto& candidate : candidates) {
    const std::string other = ascii_lower(candidate);
    std::size_t far = distance(wanted, other);
    const bool contains = wanted.size() > 2 && other.size() > 2 &&
                          (other.find(wanted) != std::string::npos || wanted.find(other) != std::string::npos);
    if (contains) far = std::min<std::size_t>(far, 2);
    if (far <= std::max<std::size_t>(2, wanted.size() / 3)) ranked.emplace_back(far, candidate);
  }
  std::ranges::stable_sort(ranked, {}, &std::pair<std::size_t, std::string>::first);
  std::vector<std::string> best;
  for (auto& [far, candidate] : ranked) {
    if (best.size() == most) break;
    best.push_back(std::move(candidate));
  }
  return best;
}

}  // namespace rowpage
