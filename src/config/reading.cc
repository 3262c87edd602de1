#include "config/reading.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/text.h"

namespace rowpage {
namespace {

constexpr std::string_view kind_names[] = {"a single value", "a list", "a mapping"};

std::string_view kind_of(Node::Kind kind) {
  return kind_names[static_cast<int>(kind)];
}

// An empty value (`key:`) is an empty scalar; it counts as absent everywhere.
bool blank(const Node& node) {
  return node.kind == Node::Kind::scalar && !node.quoted && trim(node.text).empty();
}

}  // namespace

void Reading::wrong(int line, int column, std::string what, std::string hint) {
  mistakes.push_back({file, line, column, std::move(what), std::move(hint)});
}

void Reading::wrong(const Node& node, std::string what, std::string hint) {
  wrong(node.line, node.column, std::move(what), std::move(hint));
}

std::string Reading::place(const Node& node) const {
  return Mistake{file, node.line, node.column, "", ""}.place();
}

bool Reading::left_out(const Node& item, std::string_view name) {
  if (!blank(item)) return false;
  wrong(item, fmt::format("{} is expected here", name), "remove the `-` that has nothing behind it");
  return true;
}

std::optional<std::string> expand(Reading& reading, const Node& scalar) {
  const std::string& text = scalar.text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      out += "${";
      at += 3;
      continue;
    }
    if (text.compare(at, 2, "${") != 0) {
      out += text[at++];
      continue;
    }
    const auto end = text.find('}', at);
    const std::string name = end == std::string::npos ? "" : text.substr(at + 2, end - at - 2);
    const bool named = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    if (!named) {
      reading.wrong(scalar, "`${` is not followed by a variable's name and `}`",
                    "write ${NAME}, or $${ for a plain ${");
      return std::nullopt;
    }
    const auto value = reading.environment.get(name);
    if (!value && at == 0 && end + 1 == text.size()) return std::nullopt;
    if (!value) {
      reading.wrong(scalar, "the variable " + name + " is not set", "set it in the environment or in .env");
      return std::nullopt;
    }
    out += *value;
    at = end + 1;
  }
  return out;
}

Section::Section(Reading& reading, const Node* node, std::string name, Names known, Names later)
    : reading_(reading), node_(node), name_(std::move(name)) {
  if (node_ && blank(*node_)) node_ = nullptr;
  if (!node_) return;
  if (node_->kind != Node::Kind::map) {
    reading_.wrong(*node_, fmt::format("{} must be a mapping, but this is {}", name_, kind_of(node_->kind)),
                   fmt::format("keys known here: {}", fmt::join(known, ", ")));
    node_ = nullptr;
    return;
  }
  for (const auto& entry : node_->entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    if (std::find(later.begin(), later.end(), entry.key) != later.end()) {
      reading_.wrong(entry.line, entry.column, "`" + entry.key + "` is not supported by this version yet",
                     "remove it for now");
      continue;
    }
    reading_.wrong(entry.line, entry.column, fmt::format("unknown key `{}` in {}", entry.key, name_),
                   did_you_mean(entry.key, known));
  }
}

const Node* Section::child(std::string_view key) const {
  const Node* found = node_ ? node_->find(key) : nullptr;
  return found && !blank(*found) ? found : nullptr;
}

std::optional<std::string> Section::text(std::string_view key) {
  const Node* found = child(key);
  if (!found) return std::nullopt;
  if (found->kind != Node::Kind::scalar) {
    std::string hint;
    if (found->kind == Node::Kind::map) hint = "a value that begins with `{` must be quoted: \"${NAME}\"";
    wrong(key, fmt::format("`{}` must be a single value, but this is {}", key, kind_of(found->kind)), std::move(hint));
    return std::nullopt;
  }
  auto value = expand(reading_, *found);
  if (value && trim(*value).empty()) return std::nullopt;
  return value;
}

std::string Section::required_text(std::string_view key) {
  if (!node_) return "";
  const auto before = reading_.mistakes.size();
  if (auto value = text(key)) return *value;
  if (reading_.mistakes.size() == before) {
    const Node* found = child(key);
    if (found) {
      reading_.wrong(*found, fmt::format("`{}` is needed, but {} is not set", key, found->text),
                     "set it in the environment or in .env");
    } else {
      reading_.wrong(*node_, fmt::format("`{}` is missing in {}", key, name_));
    }
  }
  return "";
}

std::optional<std::int64_t> Section::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc{} || end != value->data() + value->size() || number < least || number > most) {
    wrong(key, fmt::format("`{}` must be a whole number from {} to {}, not `{}`", key, least, most, *value));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> Section::flag(std::string_view key) {
  return word<bool>(key, {{"true", true}, {"false", false}}, "a truth value");
}

std::optional<Millis> Section::duration(std::string_view key, Millis least, Millis most) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const auto span = parse_duration(*value);
  if (!span) {
    wrong(key, fmt::format("`{}` is not a duration: `{}`", key, *value), "write it like 90s, 15m, 24h or 7d");
    return std::nullopt;
  }
  if (*span < least || *span > most) {
    wrong(key,
          fmt::format("`{}` must lie between {}s and {}s, not `{}`", key, least / second_ms, most / second_ms, *value));
    return std::nullopt;
  }
  return span;
}

std::optional<std::string> Section::id(std::string_view key) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  auto id = canonical_id(*value);
  if (!id.empty()) return id;
  wrong(key, fmt::format("`{}` is not a Notion id: `{}`", key, *value),
        "an id has 32 hexadecimal digits, with or without hyphens; a link to the page or database works as well");
  return std::nullopt;
}

std::vector<std::string> Section::texts(std::string_view key) {
  const Node* found = child(key);
  if (!found) return {};
  std::vector<std::string> out;
  if (found->kind != Node::Kind::list) {
    wrong(key, fmt::format("`{}` must be a list, but this is {}", key, kind_of(found->kind)), "write it like [a, b]");
    return {};
  }
  for (const auto& entry : found->entries) {
    if (entry.value.kind != Node::Kind::scalar) {
      reading_.wrong(entry.value, fmt::format("every item of `{}` must be a single value", key));
      continue;
    }
    if (auto value = expand(reading_, entry.value)) out.push_back(*value);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> Section::named_texts(std::string_view key) {
  const Node* found = child(key);
  if (!found) return {};
  if (found->kind != Node::Kind::map) {
    wrong(key, fmt::format("`{}` must be a mapping, but this is {}", key, kind_of(found->kind)),
          "write it like { Name: value }");
    return {};
  }
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& entry : found->entries) {
    if (entry.value.kind != Node::Kind::scalar || entry.value.text.empty()) {
      reading_.wrong(entry.line, entry.column, fmt::format("`{}` in `{}` needs a single value", entry.key, key));
      continue;
    }
    if (auto value = expand(reading_, entry.value)) out.emplace_back(entry.key, *value);
  }
  return out;
}

void Section::wrong(std::string_view key, std::string what, std::string hint) {
  const Node* at = child(key);
  if (!at) at = node_;
  reading_.wrong(at ? at->line : 0, at ? at->column : 0, std::move(what), std::move(hint));
}

void Section::unknown_word(std::string_view key, const std::string& found, const Names& names, std::string_view kind) {
  const auto near = nearest(found, names, 1);
  wrong(key, fmt::format("`{}` is not {}", found, kind),
        near.empty() ? fmt::format("one of: {}", fmt::join(names, ", "))
                     : fmt::format("did you mean `{}`? One of: {}", near[0], fmt::join(names, ", ")));
}

}  // namespace rowpage
