#include "cli/demo_view.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/text.h"
#include "core/time.h"

namespace rowpage {
namespace {

constexpr std::size_t piece_characters = 900;  // of one text object: below 2,000 UTF-16 units whatever they are

std::string plain(const json::value& runs) {
  std::string out;
  if (const auto* parts = runs.if_array()) {
    for (const auto& part : *parts) out += find_string(part, "plain_text");
  }
  return out;
}

std::string joined(std::vector<std::string> names) {
  std::ranges::sort(names);
  return fmt::format("{}", fmt::join(names, " | "));
}

std::vector<std::string> members(const json::value& list, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* items = list.if_array()) {
    for (const auto& item : *items) out.emplace_back(find_string(item, key));
  }
  return out;
}

// Both sides keep times of different fineness; a person who compares them looks at minutes.
std::string minute_text(std::string_view text) {
  const auto time = parse_time(text);
  return time ? format_utc(floor_minute(time->ms)).substr(0, 16) : std::string(text);
}

std::string json_text(std::string_view text) {
  const auto value = parse_json(text);
  return value ? canonical_text(*value) : std::string(text);
}

std::string number_of(double number) {
  return number_text(std::round(number * 1e6) / 1e6);
}

std::string address_of(const json::value& file) {
  for (const auto* kind : {"external", "file"}) {
    if (const auto* where = find(file, kind)) return std::string(find_string(*where, "url"));
  }
  return std::string(find_string(file, "name"));
}

std::string as_column_names(const Field& field, std::string name) {
  for (const auto& [option, value] : field.values) {
    if (option == name) return value;
  }
  return name;
}

json::array pieces(std::string_view text) {
  json::array out;
  while (!text.empty()) {
    std::size_t end = 0;
    for (std::size_t characters = 0; end < text.size() && characters < piece_characters; ++characters) {
      ++end;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) ++end;
    }
    out.push_back(json::object{{"type", "text"}, {"text", json::object{{"content", text.substr(0, end)}}}});
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace

std::string demo_page_text(const Field& field, const json::value& property) {
  const auto* value = find(property, find_string(property, "type"));
  if (!value || value->is_null()) return field.type == FieldType::checkbox ? "false" : "";
  switch (field.type) {
    case FieldType::title:
    case FieldType::rich_text:
      return plain(*value);
    case FieldType::json:
      return json_text(plain(*value));
    case FieldType::select:
    case FieldType::status:
      return as_column_names(field, std::string(find_string(*value, "name")));
    case FieldType::multi_select:
    case FieldType::people:
      return joined(members(*value, "name"));
    case FieldType::files: {
      std::vector<std::string> addresses;
      for (const auto& file : value->as_array()) addresses.push_back(address_of(file));
      return joined(std::move(addresses));
    }
    case FieldType::number:
      return number_of(as_number(*value).value_or(0) * (field.percent ? 100 : 1));
    case FieldType::checkbox:
      return value->is_bool() && value->get_bool() ? "true" : "false";
    case FieldType::date:
      return minute_text(find_string(*value, "start"));
    default:
      return value->is_string() ? std::string(value->get_string()) : to_text(*value);
  }
}

std::string demo_row_text(const Field& field, const json::value& column) {
  if (column.is_null()) return field.type == FieldType::checkbox ? "false" : "";
  if (field.type == FieldType::json) return canonical_text(column);
  if (const auto* items = column.if_array()) {
    std::vector<std::string> names;
    for (const auto& item : *items)
      names.emplace_back(item.is_string() ? std::string(item.get_string()) : to_text(item));
    return joined(std::move(names));
  }
  if (field.type == FieldType::number) return number_of(as_number(column).value_or(0));
  if (!column.is_string()) return to_text(column);
  const std::string text(column.get_string());
  return field.type == FieldType::date ? minute_text(text) : text;
}

std::string demo_range_end(const json::value& property) {
  const auto* date = find(property, "date");
  return date ? std::string(find_string(*date, "end")) : std::string();
}

DemoShownLinks demo_page_links(const json::value& property) {
  DemoShownLinks shown;
  if (const auto* relation = find(property, "relation")) {
    for (auto& id : members(*relation, "id")) shown.ids.push_back(canonical_id(id));
  }
  shown.more = find_bool(property, "has_more");
  std::ranges::sort(shown.ids);
  return shown;
}

json::object demo_property(const Field& field, const json::value& value, const std::string& person) {
  const std::string text = value.is_string() ? std::string(value.get_string()) : "";
  switch (field.type) {
    case FieldType::title:
      return {{"title", pieces(text)}};
    case FieldType::rich_text:
      return {{"rich_text", pieces(text)}};
    case FieldType::json:
      return {{"rich_text", pieces(to_text(value))}};
    case FieldType::select:
      return {{"select", json::object{{"name", text}}}};
    case FieldType::multi_select: {
      json::array options;
      for (const auto& name : value.as_array()) options.push_back(json::object{{"name", name}});
      return {{"multi_select", std::move(options)}};
    }
    case FieldType::files: {
      json::array files;
      for (const auto& url : value.as_array()) {
        files.push_back(json::object{{"name", url}, {"type", "external"}, {"external", json::object{{"url", url}}}});
      }
      return {{"files", std::move(files)}};
    }
    case FieldType::people:
      return {{"people", json::array{json::object{{"object", "user"}, {"id", person}}}}};
    case FieldType::date:
      return {{"date", value}};
    default:
      return {{notion_type(field.type), value}};
  }
}

json::object demo_relation(const std::vector<std::string>& page_ids) {
  json::array ids;
  for (const auto& id : page_ids) ids.push_back(json::object{{"id", id}});
  return {{"relation", std::move(ids)}};
}

json::value demo_column(const Field& field, const json::value& value) {
  if (field.type != FieldType::date) return value;
  const std::string start(find_string(value, "start"));
  return json::string(start.size() == std::string_view("2026-01-01").size() ? start + "T00:00:00Z" : start);
}

const PairSpec* demo_pair(const WorkspaceConfig& config, std::string_view model) {
  const auto at = std::ranges::find(config.pairs, model, &PairSpec::model);
  return at == config.pairs.end() ? nullptr : &*at;
}

const Field* demo_field(const PairSpec& pair, std::string_view property) {
  const auto at = std::ranges::find(pair.fields, property, &Field::property);
  return at == pair.fields.end() ? nullptr : &*at;
}

}  // namespace rowpage
