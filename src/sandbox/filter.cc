#include "sandbox/filter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <span>

#include <fmt/format.h>

#include "core/text.h"
#include "sandbox/rich_text.h"
#include "sandbox/values.h"

namespace rowpage::sandbox {
namespace {

constexpr std::size_t entries_max = 100;
constexpr int groups_max = 2;

constexpr std::string_view text_ops[] = {"equals",      "does_not_equal", "contains", "does_not_contain",
                                         "starts_with", "ends_with",      "is_empty", "is_not_empty"};
constexpr std::string_view number_ops[] = {
    "equals",   "does_not_equal", "greater_than", "less_than", "greater_than_or_equal_to", "less_than_or_equal_to",
    "is_empty", "is_not_empty"};
constexpr std::string_view checkbox_ops[] = {"equals", "does_not_equal"};
constexpr std::string_view option_ops[] = {"equals", "does_not_equal", "is_empty", "is_not_empty"};
constexpr std::string_view list_ops[] = {"contains", "does_not_contain", "is_empty", "is_not_empty"};
constexpr std::string_view empty_ops[] = {"is_empty", "is_not_empty"};
constexpr std::string_view date_ops[] = {
    "equals",     "before",     "after",     "on_or_before", "on_or_after", "past_week",    "this_week",  "next_week",
    "past_month", "next_month", "past_year", "next_year",    "is_empty",    "is_not_empty", "this_month", "this_year"};

std::span<const std::string_view> operators(std::string_view type) {
  if (type == "title" || type == "rich_text" || type == "url" || type == "email" || type == "phone_number" ||
      type == "string") {
    return text_ops;
  }
  if (type == "number" || type == "unique_id") return number_ops;
  if (type == "checkbox") return checkbox_ops;
  if (type == "select" || type == "status") return option_ops;
  if (type == "multi_select" || type == "people" || type == "created_by" || type == "last_edited_by" ||
      type == "relation") {
    return list_ops;
  }
  if (type == "files") return empty_ops;
  if (type == "date" || type == "created_time" || type == "last_edited_time") return date_ops;
  return {};
}

bool is_text(std::string_view type) {
  return type == "title" || type == "rich_text" || type == "url" || type == "email" || type == "phone_number";
}

// The service accepts any text key for any text property (recorded), and "people" for the author properties.
bool fits(std::string_view filter_type, std::string_view property_type) {
  if (filter_type == property_type || (is_text(filter_type) && is_text(property_type))) return true;
  if (filter_type == "people") return property_type == "created_by" || property_type == "last_edited_by";
  return filter_type == "date" && (property_type == "created_time" || property_type == "last_edited_time");
}

bool is_relative_day(std::string_view text) {
  static const std::set<std::string_view> words = {
      "today", "tomorrow", "yesterday", "one_week_ago", "one_week_from_now", "one_month_ago", "one_month_from_now"};
  return words.contains(text);
}

Outcome<void> read_condition(Condition& leaf, const json::value& in, std::string_view type, std::string_view place) {
  if (!in.is_object() || in.get_object().size() != 1) {
    return invalid(fmt::format("body failed validation: {} should be an object with one operator, instead was `{}`.",
                               place, to_text(in)));
  }
  const auto& [op, operand] = *in.get_object().begin();
  const auto known = operators(type);
  if (std::ranges::find(known, std::string_view(op)) == known.end()) {
    return invalid(fmt::format("body failed validation: {}.{} should be not present, instead was `{}`.", place,
                               std::string_view(op), to_text(operand)));
  }
  const auto here = fmt::format("{}.{}", place, std::string_view(op));
  if (op == "is_empty" || op == "is_not_empty") {
    if (!operand.is_bool() || !operand.get_bool()) return should_be(here, "`true`", &operand);
  } else if (type == "checkbox") {
    if (!operand.is_bool()) return should_be(here, "a boolean", &operand);
  } else if (type == "number" || type == "unique_id") {
    if (!as_number(operand)) return should_be(here, "a number", &operand);
  } else if (operand.is_array()) {
    if (type != "select" && type != "status" && type != "multi_select") return should_be(here, "a string", &operand);
    if (operand.get_array().size() > entries_max) {
      return invalid(fmt::format("body failed validation: {}.length should be ≤ `{}`, instead was `{}`.", here,
                                 entries_max, operand.get_array().size()));
    }
  } else if (type == "date" || type == "created_time" || type == "last_edited_time") {
    const bool window = op.starts_with("past_") || op.starts_with("this_") || op.starts_with("next_");
    if (window ? !operand.is_object() : !operand.is_string())
      return should_be(here, "a valid ISO 8601 date string", &operand);
    if (!window && !is_relative_day(operand.get_string()) && !parse_time(operand.get_string())) {
      return should_be(here, "a valid ISO 8601 date string", &operand);
    }
  } else {
    if (!operand.is_string()) return should_be(here, "a string", &operand);
    if ((type == "relation") && !parse_id(operand.get_string())) return should_be(here, "a valid uuid", &operand);
  }
  leaf.kind = Condition::Kind::leaf;
  leaf.type = type;
  leaf.op = std::string(op);
  leaf.operand = operand;
  if (operand.is_string()) {  // once here, not once for each row
    leaf.lower = ascii_lower(operand.get_string());
    leaf.time = parse_time(operand.get_string());
  }
  return {};
}

Outcome<Condition> read_group(const Call& call, const Source& source, const json::value& in, int depth);

Outcome<Condition> read_leaf(const Source& source, const json::value& in) {
  Condition leaf;
  leaf.kind = Condition::Kind::leaf;
  if (const auto* stamp = find(in, "timestamp")) {
    const auto which = find_string(in, "timestamp");
    if (which != "created_time" && which != "last_edited_time") {
      return should_be("body.filter.timestamp", "`\"created_time\"` or `\"last_edited_time\"`", stamp);
    }
    leaf.created = which == "created_time";
    const auto* inner = find(in, which);
    if (!inner) return should_be(fmt::format("body.filter.{}", which), "defined", nullptr);
    auto good = read_condition(leaf, *inner, which, fmt::format("body.filter.{}", which));
    if (!good) return tl::unexpected(good.error());
    return leaf;
  }
  const auto* name = find(in, "property");
  if (!name || !name->is_string()) return should_be("body.filter.property", "defined", name);
  leaf.property = source.find(name->get_string());
  if (!leaf.property) {
    return invalid(fmt::format("Could not find property with name or id: {}", std::string_view(name->get_string())));
  }
  for (const auto& [key, inner] : in.get_object()) {
    if (key == "property" || key == "type") continue;
    std::string_view type = key;
    if (!fits(type, leaf.property->type)) {
      return invalid(fmt::format("database property {} does not match filter {}", leaf.property->type, type));
    }
    const json::value* condition = &inner;
    std::string place = fmt::format("body.filter.{}", type);
    if (type == "rollup") {
      if (!inner.is_object() || inner.get_object().empty()) return should_be(place, "an object", &inner);
      const auto& [mode, rest] = *inner.get_object().begin();
      condition = &rest;
      type = mode;
      if (mode == "any" || mode == "every" || mode == "none") {
        if (!rest.is_object() || rest.get_object().size() != 1) return should_be(place, "an object", &rest);
        leaf.group = std::string(mode);
        type = rest.get_object().begin()->key();
        condition = &rest.get_object().begin()->value();
      }
      place += fmt::format(".{}", type);
    } else if (type == "formula") {
      if (!inner.is_object() || inner.get_object().size() != 1) return should_be(place, "an object", &inner);
      type = inner.get_object().begin()->key();
      condition = &inner.get_object().begin()->value();
      place += fmt::format(".{}", type);
    }
    auto good = read_condition(leaf, *condition, type, place);
    if (!good) return tl::unexpected(good.error());
    return leaf;
  }
  return should_be(fmt::format("body.filter.{}", leaf.property->type), "defined", nullptr);
}

Outcome<Condition> read_group(const Call& call, const Source& source, const json::value& in, int depth) {
  if (!in.is_object()) return should_be("body.filter", "an object", &in);
  for (const std::string_view word : {"and", "or"}) {
    const auto* parts = find(in, word);
    if (!parts) continue;
    const auto place = fmt::format("body.filter.{}", word);
    if (!parts->is_array()) return should_be(place, "an array", parts);
    if (parts->get_array().size() > entries_max) {
      return invalid(fmt::format("body failed validation: {}.length should be ≤ `{}`, instead was `{}`.", place,
                                 entries_max, parts->get_array().size()));
    }
    if (depth >= groups_max) {
      return invalid(
          fmt::format("body failed validation: {} should be not present: filters nest two levels deep.", place));
    }
    Condition group;
    group.kind = word == "and" ? Condition::Kind::all : Condition::Kind::any;
    for (const auto& part : parts->get_array()) {
      auto read = read_group(call, source, part, depth + 1);
      if (!read) return read;
      group.parts.push_back(std::move(*read));
    }
    return group;
  }
  return read_leaf(source, in);
}

// --- asking ---------------------------------------------------------------------------------------------------------

bool text_matches(const Condition& leaf, std::string_view text) {
  if (leaf.op == "is_empty") return text.empty();
  if (leaf.op == "is_not_empty") return !text.empty();
  const std::string& want = leaf.lower;
  if (leaf.op == "equals" && text.size() != want.size()) return false;
  const std::string have = ascii_lower(text);
  if (leaf.op == "equals") return have == want;
  if (leaf.op == "does_not_equal") return have != want;
  if (leaf.op == "contains") return have.find(want) != std::string::npos;
  if (leaf.op == "does_not_contain") return have.find(want) == std::string::npos;
  return leaf.op == "starts_with" ? have.starts_with(want) : have.ends_with(want);
}

bool number_matches(const Condition& leaf, std::optional<double> number) {
  if (leaf.op == "is_empty") return !number;
  if (leaf.op == "is_not_empty") return number.has_value();
  const double want = *as_number(leaf.operand);
  if (leaf.op == "does_not_equal") return !number || *number != want;
  if (!number) return false;
  if (leaf.op == "equals") return *number == want;
  if (leaf.op == "greater_than") return *number > want;
  if (leaf.op == "less_than") return *number < want;
  return leaf.op == "greater_than_or_equal_to" ? *number >= want : *number <= want;
}

Millis add_months(Millis day, int months) {
  using namespace std::chrono;
  const year_month_day from{sys_days{days{day / day_ms}}};
  auto to = from + std::chrono::months{months};
  if (!to.ok()) to = to.year() / to.month() / last;
  return sys_days{to}.time_since_epoch().count() * day_ms;
}

// The span of moments [first, second) a date operand means: a minute for a time, a day for a bare date.
std::pair<Millis, Millis> span_of(const Condition& leaf, Millis now) {
  const Millis today = now - now % day_ms;
  const auto day = [](Millis at) { return std::pair{at, at + day_ms}; };
  if (leaf.time && !leaf.time->has_time) return day(leaf.time->ms);
  if (leaf.time) return {floor_minute(leaf.time->ms), floor_minute(leaf.time->ms) + minute_ms};
  const std::string_view text = leaf.lower;
  if (text == "today") return day(today);
  if (text == "tomorrow") return day(today + day_ms);
  if (text == "yesterday") return day(today - day_ms);
  if (text == "one_week_ago") return day(today - 7 * day_ms);
  if (text == "one_week_from_now") return day(today + 7 * day_ms);
  if (text == "one_month_ago") return day(add_months(today, -1));
  return day(add_months(today, 1));  // one_month_from_now
}

bool date_matches(const Condition& leaf, std::optional<Millis> value, Millis now) {
  if (leaf.op == "is_empty") return !value;
  if (leaf.op == "is_not_empty") return value.has_value();
  if (!value) return false;
  if (leaf.operand.is_string()) {
    const auto [begin, end] = span_of(leaf, now);
    if (leaf.op == "equals") return *value >= begin && *value < end;
    if (leaf.op == "before") return *value < begin;
    if (leaf.op == "after") return *value >= end;
    return leaf.op == "on_or_before" ? *value < end : *value >= begin;
  }
  const Millis today = now - now % day_ms;
  const Millis tomorrow = today + day_ms;
  const auto within = [&](Millis begin, Millis end) { return *value >= begin && *value < end; };
  if (leaf.op == "past_week") return within(today - 7 * day_ms, tomorrow);
  if (leaf.op == "past_month") return within(add_months(today, -1), tomorrow);
  if (leaf.op == "past_year") return within(add_months(today, -12), tomorrow);
  if (leaf.op == "next_week") return within(today, tomorrow + 7 * day_ms);
  if (leaf.op == "next_month") return within(today, add_months(today, 1) + day_ms);
  if (leaf.op == "next_year") return within(today, add_months(today, 12) + day_ms);
  if (leaf.op == "this_week") {
    const Millis sunday = today - (today / day_ms + 4) % 7 * day_ms;  // 1970-01-01 was a Thursday
    return within(sunday, sunday + 7 * day_ms);
  }
  const std::string day = format_day(today);
  const bool month = leaf.op == "this_month";
  const Millis begin = parse_time(month ? day.substr(0, 8) + "01" : day.substr(0, 5) + "01-01")->ms;
  return within(begin, add_months(begin, month ? 1 : 12));
}

bool list_matches(const Condition& leaf, const std::vector<std::string>& items) {
  if (leaf.op == "is_empty") return items.empty();
  if (leaf.op == "is_not_empty") return !items.empty();
  const bool by_id = leaf.type == "relation" || leaf.type == "people";
  const auto one = [&](std::string_view want) {
    if (by_id) {
      const auto id = parse_id(want);
      return std::ranges::find(items, id ? id->text() : std::string(want)) != items.end();
    }
    const auto lower = ascii_lower(want);
    return std::ranges::any_of(items, [&](const auto& item) { return ascii_lower(item) == lower; });
  };
  bool hit = false;
  if (leaf.operand.is_array()) {
    for (const auto& want : leaf.operand.get_array()) hit = hit || (want.is_string() && one(want.get_string()));
  } else {
    hit = one(leaf.operand.get_string());
  }
  return leaf.op == "contains" || leaf.op == "equals" ? hit : !hit;
}

std::optional<Millis> date_start(const json::value& bare) {
  const auto text = bare.is_string() ? std::string_view(bare.get_string()) : find_string(bare, "start");
  const auto time = parse_time(text);
  return time ? std::optional(time->ms) : std::nullopt;
}

std::vector<std::string> names_in(const json::value& bare, std::string_view key) {
  std::vector<std::string> names;
  if (const auto* items = bare.if_array()) {
    for (const auto& item : *items) names.emplace_back(find_string(item, key));
  } else if (bare.is_object()) {
    names.emplace_back(find_string(bare, key));
  }
  return names;
}

std::string text_in(const json::value& bare) {
  if (bare.is_string()) return std::string(bare.get_string());
  std::string all;
  if (const auto* runs = bare.if_array()) {
    for (const auto& run : *runs) all += find_string(run, "plain_text");
  }
  return all;
}

// A condition on a value as it is shown.
bool bare_matches(const Condition& leaf, const json::value& bare, Millis now) {
  const std::string& type = leaf.type;
  if (is_text(type) || type == "string") return text_matches(leaf, text_in(bare));
  if (type == "number") return number_matches(leaf, as_number(bare));
  if (type == "unique_id") {
    const auto* number = find(bare, "number");
    return number_matches(leaf, number ? as_number(*number) : as_number(bare));
  }
  if (type == "checkbox")
    return (bare.is_bool() && bare.get_bool()) == (leaf.operand.get_bool() == (leaf.op == "equals"));
  if (type == "date" || type == "created_time" || type == "last_edited_time")
    return date_matches(leaf, date_start(bare), now);
  if (type == "people" || type == "relation" || type == "created_by" || type == "last_edited_by") {
    return list_matches(leaf, names_in(bare, "id"));
  }
  return list_matches(leaf, names_in(bare, "name"));
}

bool leaf_matches(const Call& call, const Source& source, const Condition& leaf, const Page& page,
                  const PageState& state) {
  if (!leaf.property) return date_matches(leaf, leaf.created ? page.created : state.edited, call.now);
  const auto& property = *leaf.property;
  if (is_text(property.type)) {
    const auto* cell = state.cell(property.key);
    if (!cell) return text_matches(leaf, {});
    return cell->is_string() ? text_matches(leaf, cell->get_string())
                             : text_matches(leaf, plain_text(call.world, *cell));
  }
  const auto bare = show_bare(call, page, state, source, property, true);
  if (property.type == "formula") {
    const auto* inner = find(bare, find_string(bare, "type"));
    return bare_matches(leaf, inner ? *inner : json::value(), call.now);
  }
  if (property.type != "rollup") return bare_matches(leaf, bare, call.now);
  const auto* inner = find(bare, find_string(bare, "type"));
  if (leaf.group.empty()) return bare_matches(leaf, inner ? *inner : json::value(), call.now);
  bool any = false;
  bool every = inner && inner->is_array() && !inner->get_array().empty();
  if (inner && inner->is_array()) {
    for (const auto& item : inner->get_array()) {
      const auto* value = find(item, find_string(item, "type"));
      const bool hit = value && bare_matches(leaf, *value, call.now);
      any = any || hit;
      every = every && hit;
    }
  }
  return leaf.group == "any" ? any : leaf.group == "every" ? every : !any;
}

}  // namespace

Outcome<Condition> read_filter(const Call& call, const Source& source, const json::value& in) {
  return read_group(call, source, in, 0);
}

Outcome<std::vector<Sort>> read_sorts(const Source& source, const json::value* in) {
  std::vector<Sort> sorts;
  if (!in || in->is_null()) return sorts;
  if (!in->is_array()) return should_be("body.sorts", "an array", in);
  for (const auto& one : in->get_array()) {
    Sort sort;
    const auto direction = find_string(one, "direction", "ascending");
    if (direction != "ascending" && direction != "descending") {
      return should_be("body.sorts.direction", "`\"ascending\"` or `\"descending\"`", find(one, "direction"));
    }
    sort.descending = direction == "descending";
    if (const auto* name = find(one, "property")) {
      sort.property = name->is_string() ? source.find(name->get_string()) : nullptr;
      if (!sort.property) {
        return invalid(fmt::format("Could not find sort property with name or id: {}", find_string(one, "property")));
      }
    } else {
      const auto stamp = find_string(one, "timestamp");
      if (stamp != "created_time" && stamp != "last_edited_time") {
        return should_be("body.sorts.timestamp", "`\"created_time\"` or `\"last_edited_time\"`",
                         find(one, "timestamp"));
      }
      sort.created = stamp == "created_time";
    }
    sorts.push_back(sort);
  }
  return sorts;
}

bool matches(const Call& call, const Source& source, const Condition& condition, const Page& page,
             const PageState& state) {
  const auto one = [&](const Condition& part) { return matches(call, source, part, page, state); };
  switch (condition.kind) {
    case Condition::Kind::all:
      return std::ranges::all_of(condition.parts, one);
    case Condition::Kind::any:
      return std::ranges::any_of(condition.parts, one);
    case Condition::Kind::leaf:
      break;
  }
  return leaf_matches(call, source, condition, page, state);
}

SortKey sort_key(const Call& call, const Source& source, const Sort& sort, const Page& page, const PageState& state) {
  if (!sort.property) return {0, static_cast<double>(sort.created ? page.created : state.edited), {}};
  const auto bare = show_bare(call, page, state, source, *sort.property, true);
  const json::value* value = &bare;
  if (sort.property->type == "formula" || sort.property->type == "rollup") {
    value = find(bare, find_string(bare, "type"));
    if (!value) return {};
  }
  if (const auto number = as_number(*value)) return {0, *number, {}};
  if (const auto* flag = value->if_bool()) return {0, *flag ? 1.0 : 0.0, {}};
  if (sort.property->type == "select" || sort.property->type == "status") {
    for (std::size_t i = 0; i < sort.property->options.size(); ++i) {
      if (sort.property->options[i].id == find_string(*value, "id")) return {0, static_cast<double>(i), {}};
    }
    return {};
  }
  if (const auto* number = find(*value, "number")) {
    if (const auto exact = as_number(*number)) return {0, *exact, {}};
  }
  if (const auto time = date_start(*value)) return {0, static_cast<double>(*time), {}};
  const auto text = text_in(*value);
  if (text.empty()) return {};
  // "Article 4" stands before "Article 10": runs of digits compare as numbers.
  SortKey key{1, 0, {}};
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    if (end == at) {
      key.text += ascii_lower(text.substr(at, 1));
      ++at;
    } else {
      key.text += std::string(end - at < 20 ? 20 - (end - at) : 0, '0') + text.substr(at, end - at);
      at = end;
    }
  }
  return key;
}

}  // namespace rowpage::sandbox
