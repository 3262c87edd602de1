#include "sandbox/computed.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sandbox/rich_text.h"
#include "sandbox/values.h"
#include "sandbox/zone.h"

namespace rowpage::sandbox {
namespace {

// Rollups of rollups of formulas: the real service stops at a depth too. And a formula may name another one many times,
// even itself, so that a few levels would be work for hours: all that one value takes is counted.
thread_local int depth_now = 0, work_now = 0;
constexpr int depth_max = 10, work_max = 10'000;
struct Deeper {
  Deeper() {
    if (depth_now++ == 0) work_now = 0;
    ++work_now;
  }
  ~Deeper() { --depth_now; }
};
bool too_deep() {
  return depth_now >= depth_max || (depth_now > 0 && work_now >= work_max);
}

json::value show_date(const FormulaDate& date) {
  return json::object{{"start", date.has_time ? format_with_offset(date.ms, 0) : format_day(date.ms)},
                      {"end", nullptr},
                      {"time_zone", nullptr}};
}

std::string_view result_type(const Source& source, std::string_view expression) {
  for (const auto& property : source.properties) {
    if (!expression.starts_with(stored_expression_of(property.id, source))) continue;
    if (property.type == "number") return "number";
    if (property.type == "checkbox") return "boolean";
    if (property.type == "date" || property.type == "created_time" || property.type == "last_edited_time")
      return "date";
  }
  for (const std::string_view counted : {"dateBetween(", "length(", "round(", "toNumber(", "min(", "max("}) {
    if (expression.starts_with(counted)) return "number";
  }
  return "string";
}

// --- rollups -------------------------------------------------------------------------------------------------------

struct Gathered {
  std::vector<json::value> values;  // bare values of the target property
  std::string type;
};

Gathered gather(const Call& call, const PageState& state, const Source& source, const Property& rollup) {
  Gathered all;
  const auto* relation = source.by_id(rollup.relation_id);
  const auto* related = relation ? call.world.source(relation->target) : nullptr;
  const auto* target = related ? related->by_id(rollup.rollup_id) : nullptr;
  if (!target) return all;
  all.type = target->type;
  state.links(relation->key).each([&](const Id& id) {
    if (all.values.size() == call.habits.inline_items) return false;
    const auto* page = call.world.page(id);
    if (page && !page->now->in_trash) all.values.push_back(show_bare(call, *page, *page->now, *related, *target));
    return true;
  });
  return all;
}

bool is_empty(const json::value& bare) {
  if (bare.is_null()) return true;
  if (const auto* array = bare.if_array()) return array->empty();
  if (const auto* flag = bare.if_bool()) return !*flag;
  return false;
}

// What JSON cannot write (a division by zero, a sum beyond every double) is shown as no number.
json::value shown_number(double number) {
  if (!std::isfinite(number)) return nullptr;
  const bool whole = number == std::floor(number) && std::abs(number) < 1e15;
  return whole ? json::value(static_cast<std::int64_t>(number)) : json::value(number);
}

std::optional<double> number_in(const json::value& bare) {
  if (const auto number = as_number(bare)) return number;
  if (bare.is_object()) {
    for (const std::string_view key : {"number"}) {
      if (const auto* inner = find(bare, key)) return as_number(*inner);
    }
  }
  return std::nullopt;
}

std::optional<Millis> time_in(const json::value& bare) {
  std::string_view text;
  if (bare.is_string()) text = bare.get_string();
  if (bare.is_object()) {
    const auto* inner = find(bare, "date");
    text = find_string(inner && inner->is_object() ? *inner : bare, "start");
  }
  const auto time = parse_time(text);
  return time ? std::optional(time->ms) : std::nullopt;
}

json::value numeric(const Gathered& all, std::string_view function) {
  std::vector<double> numbers;
  for (const auto& value : all.values) {
    if (const auto number = number_in(value)) numbers.push_back(*number);
  }
  if (numbers.empty()) return function == "sum" ? json::value(0) : json::value();
  std::ranges::sort(numbers);
  double sum = 0;
  for (const double number : numbers) sum += number;
  double result = sum;
  const std::size_t middle = numbers.size() / 2;
  if (function == "average") result = sum / static_cast<double>(numbers.size());
  if (function == "min") result = numbers.front();
  if (function == "max") result = numbers.back();
  if (function == "range") result = numbers.back() - numbers.front();
  if (function == "median") result = numbers.size() % 2 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
  return shown_number(result);
}

json::value counted(const Gathered& all, std::string_view function) {
  const auto count = static_cast<double>(all.values.size());
  const auto empty = static_cast<double>(std::ranges::count_if(all.values, is_empty));
  std::set<std::string> different;
  double items = 0;
  for (const auto& value : all.values) {
    if (!is_empty(value)) different.insert(canonical_text(value));
    items += value.is_array() ? static_cast<double>(value.get_array().size()) : is_empty(value) ? 0 : 1;
  }
  double result = count;
  if (function == "count_values") result = items;
  if (function == "empty" || function == "unchecked") result = empty;
  if (function == "not_empty" || function == "checked") result = count - empty;
  if (function == "unique") result = static_cast<double>(different.size());
  if (function.starts_with("percent_")) {
    const bool of_empty = function == "percent_empty" || function == "percent_unchecked";
    result = count == 0 ? 0 : (of_empty ? empty : count - empty) / count;
    return result == 0 || result == 1 ? json::value(static_cast<std::int64_t>(result)) : json::value(result);
  }
  return static_cast<std::int64_t>(result);
}

json::value dated(const Gathered& all, std::string_view function) {
  const json::value* best = nullptr;
  std::optional<Millis> best_ms;
  for (const auto& value : all.values) {
    const auto ms = time_in(value);
    if (!ms || (best_ms && (function == "earliest_date" ? *ms >= *best_ms : *ms <= *best_ms))) continue;
    best = &value;
    best_ms = ms;
  }
  if (!best) return nullptr;
  if (best->is_object()) return *best;
  return json::object{{"start", *best}, {"end", nullptr}, {"time_zone", nullptr}};
}

}  // namespace

std::string stored_expression_of(std::string_view property_id, const Source& source) {
  return fmt::format("{{{{notion:block_property:{}:{}:", encode_property_id(property_id), source.id.text());
}

json::value show_rollup(const Call& call, const Page&, const PageState& state, const Source& source,
                        const Property& property) {
  const std::string& function = property.function;
  json::object shown;
  const auto finish = [&](std::string_view type, json::value value) {
    shown["type"] = type;
    shown[type] = std::move(value);
    shown["function"] = function;
    return shown;
  };
  if (too_deep()) return finish("unsupported", json::object());
  const Deeper deeper;
  const auto* imported = state.cell(property.key);
  const auto all = gather(call, state, source, property);
  if (all.type.empty() && imported) return *imported;  // the other data source is not known here
  static const std::set<std::string_view> numbers = {"sum", "average", "median", "min", "max", "range"};
  if (numbers.contains(function)) return finish("number", numeric(all, function));
  if (function == "earliest_date" || function == "latest_date") return finish("date", dated(all, function));
  if (function == "date_range") {
    auto first = dated(all, "earliest_date"), last = dated(all, "latest_date");
    if (!first.is_null()) first.get_object()["end"] = *find(last, "start");
    return finish("date", std::move(first));
  }
  if (function == "show_original" || function == "show_unique") {
    json::array array;
    for (const auto& value : all.values) {
      json::object item{{"type", all.type}, {all.type, value}};
      if (function == "show_unique" && std::ranges::find(array, json::value(item)) != array.end()) continue;
      array.push_back(std::move(item));
    }
    return finish("array", std::move(array));
  }
  return finish("number", counted(all, function));
}

json::value show_formula(const Call& call, const Page& page, const PageState& state, const Source& source,
                         const Property& property) {
  if (too_deep()) return json::object{{"type", "unsupported"}, {"unsupported", json::object()}};
  const Deeper deeper;
  const auto value = evaluate(call, page, state, source, property.expression);
  if (!value) {
    if (const auto* imported = state.cell(property.key)) return *imported;
    return json::object{{"type", "string"}, {"string", nullptr}};
  }
  if (const auto* flag = std::get_if<bool>(&*value)) return json::object{{"type", "boolean"}, {"boolean", *flag}};
  if (const auto* date = std::get_if<FormulaDate>(&*value))
    return json::object{{"type", "date"}, {"date", show_date(*date)}};
  if (const auto* number = std::get_if<double>(&*value)) {
    return json::object{{"type", "number"}, {"number", shown_number(*number)}};
  }
  if (const auto* text = std::get_if<std::string>(&*value)) {
    return json::object{{"type", "string"}, {"string", text->empty() ? json::value() : json::value(*text)}};
  }
  if (const auto* list = std::get_if<std::vector<std::string>>(&*value)) {
    return json::object{{"type", "string"}, {"string", fmt::format("{}", fmt::join(*list, ", "))}};
  }
  const auto type = result_type(source, property.expression);
  return json::object{{"type", type}, {type, nullptr}};
}

}  // namespace rowpage::sandbox
