#include "sandbox/shape.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "sandbox/id.h"

namespace rowpage::sandbox {
namespace {

using Hash = std::uint64_t;

constexpr Hash mixed(Hash seed, Hash value) {
  seed ^= value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2);
  seed ^= seed >> 29;
  return seed * 0xbf58476d1ce4e5b9ULL;
}

// Eight bytes at a time: names are hashed by the million.
Hash hashed(std::string_view text) {
  Hash hash = text.size();
  while (text.size() >= 8) {
    Hash part = 0;
    std::memcpy(&part, text.data(), 8);
    hash = mixed(hash, part);
    text.remove_prefix(8);
  }
  Hash rest = 0;
  std::memcpy(&rest, text.data(), text.size());
  return mixed(hash, rest);
}

// Where limits lie: empty, an option's name, other short texts, a piece of text.
Hash length_class(std::size_t length) {
  return length == 0 ? 0 : length <= 100 ? 1 : length <= 280 ? 2 : length <= 2000 ? 3 : 4;
}

Hash text_shape(std::string_view text) {
  const auto* at = text.data();
  if (text.size() == 36 && at[8] == '-' && at[13] == '-' && at[18] == '-' && at[23] == '-') return 1;
  if (text.size() >= 10 && at[4] == '-' && at[7] == '-' && at[0] >= '0' && at[0] <= '9')
    return text.size() > 10 ? 2 : 3;
  return 4 + length_class(text.size());
}

// Adds up distinct hashes in any order. Few differ, most repeat what came shortly before.
class HashSet {
 public:
  void add(Hash hash) {
    for (const Hash one : recent_) {
      if (one == hash) return;
    }
    if (std::ranges::find(others_, hash) != others_.end()) return;
    sum_ += mixed(0, hash);
    if (count_ < std::size(recent_)) {
      recent_[count_++] = hash;
    } else {
      others_.push_back(hash);
    }
  }
  Hash sum() const { return sum_; }

 private:
  Hash recent_[4] = {};
  std::size_t count_ = 0;
  std::vector<Hash> others_;
  Hash sum_ = 0;
};

Hash number_shape(double number) {
  const bool whole = number == static_cast<double>(static_cast<std::int64_t>(number));
  return mixed(hashed("number"), (number < 0 ? 0U : number < 1 ? 1U : number <= 100 ? 2U : 3U) * 2 + whole);
}

Hash shape(const json::value& value, std::string_view key) {
  switch (value.kind()) {
    case json::kind::null:
      return hashed("null");
    case json::kind::bool_:
      return hashed(value.get_bool() ? "true" : "false");
    case json::kind::string:
      return is_word(key) ? hashed(value.get_string()) : text_shape(value.get_string());
    case json::kind::array: {
      const auto& array = value.get_array();
      HashSet elements;
      for (const auto& element : array) elements.add(shape(element, key));
      return mixed(elements.sum(), array.empty() ? 5 : array.size() <= 100 ? 6 : 7);
    }
    case json::kind::object: {
      if (key == "properties") {  // people choose the names
        HashSet members;
        for (const auto& member : value.get_object()) members.add(shape(member.value(), {}));
        return mixed(hashed("properties"), members.sum());
      }
      Hash sum = hashed("object");
      for (const auto& member : value.get_object()) {
        const std::string_view name = member.key();
        sum += mixed(hashed(name), shape(member.value(), name));
      }
      return sum;
    }
    default:
      return number_shape(as_number(value).value_or(0));
  }
}

Hash path_shape(std::string_view method, std::string_view path) {
  Hash hash = hashed(method);
  std::size_t segment = 0;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, end);
    // /v1/pages/ID/properties/ID; "me" stands where ids stand.
    const bool id = (segment == 2 || segment == 4) && part != "me";
    hash = mixed(hash, id ? hashed("id") : hashed(part));
    path.remove_prefix(end);
    ++segment;
  }
  return hash;
}

}  // namespace

bool is_word(std::string_view key) {
  static constexpr std::string_view words[] = {"type",
                                               "object",
                                               "code",
                                               "color",
                                               "direction",
                                               "timestamp",
                                               "format",
                                               "function",
                                               "state",
                                               "language",
                                               "mode",
                                               "property",
                                               "value",
                                               "status",
                                               "category",
                                               "action",
                                               "grant_type",
                                               "token_type",
                                               "list_format",
                                               "result_type",
                                               "incomplete_reason",
                                               "template_mention_date",
                                               "template_mention_user"};
  for (const auto word : words) {
    if (word.size() == key.size() && word == key) return true;
  }
  return false;
}

std::uint64_t shape_of(const json::value& value) {
  return shape(value, {});
}

std::uint64_t shape_of(const Request& request) {
  Hash hash = mixed(path_shape(request.method, request.path), hashed(request.version));
  for (const auto& [key, text] : request.query) hash = mixed(mixed(hash, hashed(key)), text_shape(text));
  return mixed(hash, shape(request.body, {}));
}

std::uint64_t shape_of(const Request& request, const Answer& answer) {
  const Hash hash = mixed(path_shape(request.method, request.path), static_cast<Hash>(answer.status));
  return mixed(hash, answer.raw.empty() ? shape(answer.body, {}) : hashed("raw"));
}

}  // namespace rowpage::sandbox
