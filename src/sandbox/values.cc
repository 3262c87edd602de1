#include "sandbox/values.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/text.h"
#include "sandbox/computed.h"
#include "sandbox/relations.h"
#include "sandbox/rich_text.h"

namespace rowpage::sandbox {
namespace {

constexpr std::size_t items_max = 100;
constexpr std::size_t option_name_max = 100;
constexpr std::size_t url_max = 2000;
constexpr std::size_t short_text_max = 200;  // e-mail and phone

std::string place_of(std::string_view name, std::string_view type) {
  return fmt::format("body.properties.{}.{}", name, type);
}

tl::unexpected<ApiError> too_many(const std::string& place, std::size_t limit, std::size_t length) {
  return invalid(
      fmt::format("body failed validation: {}.length should be ≤ `{}`, instead was `{}`.", place, limit, length));
}

Outcome<std::string> read_option(Call& call, Property& property, const json::value& in, const std::string& place) {
  if (!in.is_object()) return should_be(place, "an object or `null`", &in);
  if (const auto* id = find(in, "id"); id && id->is_string()) {
    if (const auto* option = option_by_id(property, id->get_string())) return option->id;
    if (!find(in, "name")) {
      return invalid(fmt::format("{} is expected to be an option of \"{}\": no option has the id {}.", place,
                                 property.name, to_text(*id)));
    }
  }
  const auto* name = find(in, "name");
  if (!name || !name->is_string()) return should_be(place + ".name", "a string", name);
  if (const auto* option = option_by_name(property, name->get_string())) return option->id;
  if (property.type == "status") {
    return invalid(fmt::format("Invalid status option. Status option \"{}\" does not exist\".",
                               std::string_view(name->get_string())));
  }
  if (auto good = check_option_name(name->get_string()); !good) return tl::unexpected(good.error());
  static constexpr std::string_view colors[] = {"default", "gray", "brown",  "orange", "yellow",
                                                "green",   "blue", "purple", "pink",   "red"};
  const auto color = find_string(in, "color", colors[property.options.size() % std::size(colors)]);
  property.options.push_back(
      {call.world.ids.next().text(), std::string(name->get_string()), std::string(color), {}, {}});
  return property.options.back().id;
}

Outcome<json::value> read_files(const Call& call, const json::value& in, const std::string& place) {
  if (!in.is_array()) return should_be(place, "an array", &in);
  json::array kept;
  for (std::size_t i = 0; i < in.get_array().size(); ++i) {
    const auto& file = in.get_array()[i];
    const auto here = fmt::format("{}[{}]", place, i);
    if (!file.is_object()) return should_be(here, "an object", &file);
    if (const auto* external = find(file, "external")) {
      const auto* url = find(*external, "url");
      if (!url || !url->is_string()) return should_be(here + ".external.url", "a string", url);
      kept.push_back(json::object{{"name", find_string(file, "name", url->get_string())},
                                  {"type", "external"},
                                  {"external", json::object{{"url", *url}}}});
    } else if (find(file, "file_upload")) {
      auto picture = read_picture(call, file, here);
      if (!picture) return picture;
      json::object named{{"name", find_string(file, "name", "file")}};
      for (const auto& [key, value] : picture->get_object()) named[key] = value;
      kept.push_back(std::move(named));
    } else if (find(file, "file")) {
      kept.push_back(file);
    } else {
      return invalid(
          fmt::format("body failed validation. Fix one:\n{0}.external should be defined, instead was "
                      "`undefined`.\n{0}.file should be defined, instead was `undefined`.\n{0}.file_upload "
                      "should be defined, instead was `undefined`.",
                      here));
    }
  }
  return kept;
}

Outcome<json::value> read_ids(const json::value& in, const std::string& place) {
  if (!in.is_array()) return should_be(place, "an array", &in);
  if (in.get_array().size() > items_max) return too_many(place, items_max, in.get_array().size());
  json::array kept;
  for (std::size_t i = 0; i < in.get_array().size(); ++i) {
    const auto& item = in.get_array()[i];
    const auto id = parse_id(find_string(item, "id"));
    if (!id) return should_be(fmt::format("{}[{}].id", place, i), "a valid uuid", find(item, "id"));
    json::value text = json::string(id->text());
    if (std::ranges::find(kept, text) == kept.end()) kept.push_back(std::move(text));
  }
  return kept;
}

Outcome<json::value> read_text_value(const json::value& in, const std::string& place, std::size_t limit) {
  if (in.is_null()) return in;
  if (!in.is_string()) return should_be(place, "a string or `null`", &in);
  const std::string_view text = in.get_string();
  if (text.empty()) {
    return invalid(fmt::format("body failed validation: {}.length should be ≥ `1`, instead was `0`.", place));
  }
  if (const auto length = utf16_length(text); length > limit) return too_many(place, limit, length);
  return in;
}

Outcome<json::value> read_place(const json::value& in, const std::string& place) {
  if (in.is_null()) return in;
  if (!in.is_object()) return should_be(place, "an object or `null`", &in);
  json::object kept;
  for (const std::string_view key : {"lat", "lon"}) {
    const auto* number = find(in, key);
    if (!number || !as_number(*number)) return should_be(fmt::format("{}.{}", place, key), "a number", number);
    kept[key] = *number;
  }
  for (const std::string_view key : {"name", "address", "aws_place_id", "google_place_id"}) {
    const auto* text = find(in, key);
    kept[key] = text ? *text : json::value();
  }
  return kept;
}

}  // namespace

const Option* option_by_id(const Property& property, std::string_view id) {
  const auto found = std::ranges::find(property.options, id, &Option::id);
  return found == property.options.end() ? nullptr : &*found;
}

const Option* option_by_name(const Property& property, std::string_view name) {
  for (const auto& option : property.options) {
    if (option.name == name) return &option;
  }
  const auto lower = ascii_lower(name);
  for (const auto& option : property.options) {
    if (ascii_lower(option.name) == lower) return &option;
  }
  return nullptr;
}

Outcome<void> check_option_name(std::string_view name) {
  if (name.empty()) return invalid("body failed validation: option name.length should be ≥ `1`, instead was `0`.");
  if (name.find(',') != std::string_view::npos) {
    return invalid(fmt::format("Invalid select option, commas not allowed: {}", name));
  }
  if (const auto length = utf16_length(name); length > option_name_max) {
    return invalid(fmt::format("body failed validation: option name.length should be ≤ `{}`, instead was `{}`.",
                               option_name_max, length));
  }
  return {};
}

bool is_computed(std::string_view type) {
  return type == "formula" || type == "rollup" || type == "created_time" || type == "created_by" ||
         type == "last_edited_time" || type == "last_edited_by" || type == "unique_id" || type == "button";
}

Outcome<json::value> read_value(Call& call, Source& source, Property& property, const json::value& in,
                                std::string_view name) {
  const std::string& type = property.type;
  const json::value* value = nullptr;
  if (in.is_object()) {
    value = find(in, type);
    if (!value) {
      for (const auto& [key, sent] : in.get_object()) {
        if (key == "type" || key == "id" || key == "name") continue;
        return invalid(fmt::format("{} is expected to be {}.", property.name, type));
      }
      return should_be(place_of(name, type), "defined", nullptr);
    }
  } else if (in.is_null() || (is_computed(type) && !in.is_array())) {
    return invalid(fmt::format("Invalid property value for: \"{}\".", property.name));
  } else {
    value = &in;  // the short form: {"Name":[…]}
  }
  if (is_computed(type)) {
    return invalid(fmt::format("{} is a {} property: its value cannot be written.", property.name, type));
  }
  if (type == "number") {
    if (!value->is_null() && !as_number(*value)) return should_be(place_of(name, type), "a number or `null`", value);
    return *value;
  }
  if (type == "checkbox") {
    if (!value->is_bool()) return should_be(place_of(name, type), "a boolean", value);
    return *value;
  }
  if (type == "title" || type == "rich_text") {
    if (value->is_null()) return invalid(fmt::format("Invalid property value for: \"{}\".", property.name));
    return read_rich_text(call, *value, place_of(name, type));
  }
  if (type == "url") return read_text_value(*value, place_of(name, type), url_max);
  if (type == "email" || type == "phone_number") return read_text_value(*value, place_of(name, type), short_text_max);
  if (type == "date") {
    if (value->is_null()) return *value;
    return read_date(*value, place_of(name, type));
  }
  if (type == "select" || type == "status") {
    if (value->is_null()) {
      return type == "status" && !property.options.empty() ? json::value(property.options.front().id) : json::value();
    }
    auto option = read_option(call, property, *value, place_of(name, type));
    if (!option) return tl::unexpected(option.error());
    return json::value(*option);
  }
  if (type == "multi_select") {
    if (!value->is_array()) return should_be(place_of(name, type), "an array", value);
    if (value->get_array().size() > items_max)
      return too_many(place_of(name, type), items_max, value->get_array().size());
    json::array kept;
    for (std::size_t i = 0; i < value->get_array().size(); ++i) {
      auto option = read_option(call, property, value->get_array()[i], fmt::format("{}[{}]", place_of(name, type), i));
      if (!option) return tl::unexpected(option.error());
      json::value id(*option);
      if (std::ranges::find(kept, id) == kept.end()) kept.push_back(std::move(id));
    }
    return kept;
  }
  if (type == "people") {
    auto ids = read_ids(*value, place_of(name, type));
    if (!ids) return ids;
    for (const auto& id : ids->get_array()) {
      const auto user = *parse_id(id.get_string());
      if (!call.world.user(user)) return not_found("user", user);
    }
    return ids;
  }
  if (type == "relation") {
    auto ids = read_ids(*value, place_of(name, type));
    if (!ids) return ids;
    if (auto good = check_targets(call, property, ids->get_array()); !good) return tl::unexpected(good.error());
    return ids;
  }
  if (type == "files") return read_files(call, *value, place_of(name, type));
  if (type == "place") return read_place(*value, place_of(name, type));
  if (type == "verification") {
    if (!value->is_object()) return should_be(place_of(name, type), "an object", value);
    return *value;
  }
  (void)source;
  return invalid(fmt::format("{} is a {} property: its value cannot be written.", property.name, type));
}

Outcome<void> write_properties(Call& call, Source& source, PageState& state, const json::value& properties) {
  if (!properties.is_object()) return should_be("body.properties", "an object", &properties);
  std::vector<std::pair<Property*, json::value>> written;  // options may be added meanwhile, properties are not
  for (const auto& [key, value] : properties.get_object()) {
    auto* property = const_cast<Property*>(source.find(key));
    if (!property) return invalid(fmt::format("{} is not a property that exists.", std::string_view(key)));
    auto kept = read_value(call, source, *property, value, key);
    if (!kept) return tl::unexpected(kept.error());
    written.emplace_back(property, std::move(*kept));
  }
  for (auto& [property, value] : written) state.keep(*property, std::move(value));
  return {};
}

Outcome<void> write_title(const Call& call, PageState& state, const json::value& properties) {
  if (!properties.is_object()) return should_be("body.properties", "an object", &properties);
  for (const auto& [key, value] : properties.get_object()) {
    const auto* runs = value.is_array() ? &value : find(value, "title");
    if (key != "title" || !runs)
      return invalid(fmt::format("{} is not a property that exists.", std::string_view(key)));
    auto kept = read_rich_text(call, *runs, "body.properties.title.title");
    if (!kept) return tl::unexpected(kept.error());
    state.set(title_key, std::move(*kept));
  }
  return {};
}

json::value show_option(const Property& property, std::string_view option_id) {
  const auto* option = option_by_id(property, option_id);
  if (!option) return nullptr;
  return json::object{{"id", option->id}, {"name", option->name}, {"color", option->color}};
}

json::value show_bare(const Call& call, const Page& page, const PageState& state, const Source& source,
                      const Property& property, bool whole) {
  const std::string& type = property.type;
  const json::value* cell = state.cell(property.key);
  const std::size_t most = whole ? static_cast<std::size_t>(-1) : call.habits.inline_items;
  if (type == "title" || type == "rich_text") {
    return cell ? show_rich_text(call.world, *cell, most) : json::array();
  }
  if (type == "number" || type == "url" || type == "email" || type == "phone_number" || type == "date" ||
      type == "place") {
    return cell ? *cell : json::value();
  }
  if (type == "checkbox") return cell && cell->is_bool() && cell->get_bool();
  if (type == "select" || type == "status") {
    return cell && cell->is_string() ? show_option(property, cell->get_string()) : json::value();
  }
  if (type == "multi_select") {
    json::array shown;
    if (cell && cell->is_array()) {
      for (const auto& id : cell->get_array()) {
        auto option = show_option(property, id.get_string());
        if (!option.is_null()) shown.push_back(std::move(option));
      }
    }
    return shown;
  }
  if (type == "people") {
    json::array shown;
    if (cell && cell->is_array()) {
      for (const auto& id : cell->get_array()) {
        if (shown.size() >= most) break;
        shown.push_back(show_user(call.world, *parse_id(id.get_string())));
      }
    }
    return shown;
  }
  if (type == "relation") return show_targets(call, property, state, most).first;
  if (type == "files") return cell && cell->is_array() ? *cell : json::value(json::array());
  if (type == "created_time") return json::string(format_utc(page.created));
  if (type == "last_edited_time") return json::string(format_utc(state.edited));
  if (type == "created_by") return show_user(call.world, page.created_by);
  if (type == "last_edited_by") return show_user(call.world, state.edited_by);
  if (type == "unique_id") {
    return json::object{{"prefix", property.prefix}, {"number", cell ? *cell : json::value()}};
  }
  if (type == "formula") return show_formula(call, page, state, source, property);
  if (type == "rollup") return show_rollup(call, page, state, source, property);
  if (type == "verification") {
    return cell && cell->is_object()
               ? *cell
               : json::object{{"state", "unverified"}, {"verified_by", nullptr}, {"date", nullptr}};
  }
  return json::object();
}

json::object show_value(const Call& call, const Page& page, const PageState& state, const Source& source,
                        const Property& property, bool whole) {
  json::object shown;
  shown.reserve(4);
  shown["id"] = encode_property_id(property.id);
  shown["type"] = property.type;
  if (property.type == "relation") {
    const std::size_t most = whole ? static_cast<std::size_t>(-1) : call.habits.inline_items;
    auto [targets, more] = show_targets(call, property, state, most);
    shown["relation"] = std::move(targets);
    shown["has_more"] = more;
    return shown;
  }
  shown[property.type] = show_bare(call, page, state, source, property, whole);
  return shown;
}

void fill_defaults(Source& source, PageState& state) {
  for (const auto& property : source.properties) {
    if (property.type == "status" && !property.options.empty()) {
      const auto* cell = state.cell(property.key);
      if (!cell || cell->is_null()) state.set(property.key, json::value(property.options.front().id));
    }
    if (property.type == "unique_id" && !state.cell(property.key)) state.set(property.key, source.next_number);
  }
  ++source.next_number;
}

}  // namespace rowpage::sandbox
