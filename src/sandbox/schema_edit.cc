#include "sandbox/schema_edit.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "core/text.h"
#include "sandbox/computed.h"
#include "sandbox/rich_text.h"
#include "sandbox/values.h"

namespace rowpage::sandbox {
namespace {

constexpr std::size_t options_max = 100;
constexpr std::size_t schema_bytes_max = 50UL * 1024;

constexpr std::string_view groups[] = {"To-do", "In progress", "Complete"};
constexpr std::string_view group_colors[] = {"gray", "blue", "green"};

const std::set<std::string_view>& creatable() {
  static const std::set<std::string_view> types = {"title",
                                                   "rich_text",
                                                   "number",
                                                   "select",
                                                   "multi_select",
                                                   "status",
                                                   "date",
                                                   "people",
                                                   "files",
                                                   "checkbox",
                                                   "url",
                                                   "email",
                                                   "phone_number",
                                                   "formula",
                                                   "relation",
                                                   "rollup",
                                                   "created_time",
                                                   "created_by",
                                                   "last_edited_time",
                                                   "last_edited_by",
                                                   "unique_id",
                                                   "place",
                                                   "button"};
  return types;
}

const std::set<std::string_view>& functions() {
  static const std::set<std::string_view> names = {"count",
                                                   "count_values",
                                                   "empty",
                                                   "not_empty",
                                                   "unique",
                                                   "show_unique",
                                                   "percent_empty",
                                                   "percent_not_empty",
                                                   "sum",
                                                   "average",
                                                   "median",
                                                   "min",
                                                   "max",
                                                   "range",
                                                   "earliest_date",
                                                   "latest_date",
                                                   "date_range",
                                                   "checked",
                                                   "unchecked",
                                                   "percent_checked",
                                                   "percent_unchecked",
                                                   "count_per_group",
                                                   "percent_per_group",
                                                   "show_original"};
  return names;
}

bool has_options(std::string_view type) {
  return type == "select" || type == "multi_select" || type == "status";
}

void give_group_ids(World& world, Property& property) {
  while (property.group_ids.size() < std::size(groups)) property.group_ids.push_back(world.ids.next().text());
}

void default_status(World& world, Property& property) {
  property.options = {{world.ids.next().text(), "Not started", "default", {}, "To-do"},
                      {world.ids.next().text(), "In progress", "blue", {}, "In progress"},
                      {world.ids.next().text(), "Done", "green", {}, "Complete"}};
}

// The new list replaces the old one. Options are the same when their ids or names are; what is left out is gone.
Outcome<void> read_options(Call& call, Property& property, const json::value& config, std::string_view place) {
  const auto* in = find(config, "options");
  if (!in) {
    if (property.type == "status" && property.options.empty()) default_status(call.world, property);
    return {};
  }
  if (!in->is_array()) return should_be(fmt::format("{}.options", place), "an array", in);
  std::vector<Option> kept;
  for (const auto& one : in->get_array()) {
    const auto* old = option_by_id(property, find_string(one, "id"));
    const auto name = find_string(one, "name");
    if (!old && !name.empty()) old = option_by_name(property, name);
    if (old && !name.empty() && find(one, "color") && find_string(one, "color") != old->color) {
      return invalid(fmt::format("Cannot update color of select with name: {}.", old->name));
    }
    Option option;
    if (old) {
      option = *old;
    } else {
      if (auto good = check_option_name(name); !good) return good;
      option.id = call.world.ids.next().text();
      option.name = std::string(name);
      option.color = std::string(find_string(one, "color", "default"));
    }
    if (const auto* text = find(one, "description")) option.description = *text;
    if (property.type == "status")
      option.group = std::string(find_string(one, "group", option.group.empty() ? "To-do" : option.group));
    const auto lower = ascii_lower(option.name);
    if (std::ranges::any_of(kept, [&](const auto& other) { return ascii_lower(other.name) == lower; })) {
      return invalid(fmt::format("Option names must be unique (ignoring case): {}", option.name));
    }
    kept.push_back(std::move(option));
  }
  property.options = std::move(kept);
  return {};
}

struct BackEnd {  // the other end that a dual relation wants
  Id source;
  std::string name;
  std::string id;
};

Outcome<void> read_relation(Call& call, const Source& source, const std::vector<Property>& schema, Property& property,
                            const json::value& config, std::string_view place, std::vector<BackEnd>& back_ends) {
  const auto* target = find(config, "data_source_id");
  if (!target) return should_be(fmt::format("{}.data_source_id", place), "defined", nullptr);
  const auto id = parse_id(find_string(config, "data_source_id"));
  if (!id) return should_be(fmt::format("{}.data_source_id", place), "a valid uuid", target);
  const auto* related = call.world.source(*id);
  if (!related || !call.sees({Parent::Kind::source, *id})) return not_found("data_source", *id);
  const bool dual = find(config, "dual_property") != nullptr;
  if (!dual && !find(config, "single_property"))
    return should_be(fmt::format("{}.single_property", place), "defined", nullptr);
  if (dual && (!property.dual || property.target != *id)) {
    auto name = std::string(find_string(*find(config, "dual_property"), "synced_property_name"));
    if (name.empty()) name = fmt::format("Related to {} ({})", plain_text(call.world, source.title), property.name);
    const bool to_itself = *id == source.id;
    while (related->by_name(name) || (to_itself && std::ranges::find(schema, name, &Property::name) != schema.end()))
      name += " 1";
    property.synced_id = call.world.new_property_id(*related);
    back_ends.push_back({*id, std::move(name), property.synced_id});
  }
  property.target = *id;
  property.dual = dual;
  return {};
}

Outcome<void> read_rollup(Call& call, const std::vector<Property>& properties, Property& property,
                          const json::value& config, std::string_view place) {
  const auto look = [](const std::vector<Property>& list, std::string_view name,
                       std::string_view id) -> const Property* {
    const auto found = std::ranges::find_if(list, [&](const auto& one) {
      return !name.empty() ? one.name == name : one.id == id || encode_property_id(one.id) == id;
    });
    return found == list.end() ? nullptr : &*found;
  };
  const auto* relation =
      look(properties, find_string(config, "relation_property_name"), find_string(config, "relation_property_id"));
  if (!relation || relation->type != "relation") {
    return invalid(fmt::format("{}: the relation property of the rollup does not exist.", place));
  }
  const auto* related = call.world.source(relation->target);
  const auto* target = related ? look(related->properties, find_string(config, "rollup_property_name"),
                                      find_string(config, "rollup_property_id"))
                               : nullptr;
  if (related && !target) return invalid(fmt::format("{}: the property to roll up does not exist.", place));
  const auto function = find_string(config, "function");
  if (!functions().contains(function))
    return should_be(fmt::format("{}.function", place), "a rollup function", find(config, "function"));
  property.relation_id = relation->id;
  property.rollup_id = target ? target->id : std::string();
  property.function = std::string(function);
  return {};
}

// A cell's value carried into another type, as far as it can be read so.
json::value converted(World& world, const Property& from, Property& to, const json::value& cell) {
  std::string text;
  if (from.type == "title" || from.type == "rich_text") {
    text = plain_text(world, cell);
  } else if (has_options(from.type) && cell.is_string()) {
    const auto* option = option_by_id(from, cell.get_string());
    if (option) text = option->name;
  } else if (from.type == "multi_select" && cell.is_array()) {
    for (const auto& id : cell.get_array()) {
      const auto* option = option_by_id(from, id.get_string());
      if (option) text += (text.empty() ? "" : ", ") + option->name;
    }
  } else if (const auto number = as_number(cell)) {
    text = number_text(*number);
  } else if (cell.is_string()) {
    text = std::string(cell.get_string());
  } else if (cell.is_bool()) {
    text = cell.get_bool() ? "Yes" : "No";
  } else if (cell.is_object()) {
    text = std::string(find_string(cell, "start"));
  }
  if (to.type == "rich_text") return plain_rich_text(text);
  if (text.empty()) return nullptr;
  if (to.type == "number") {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return nullptr;
    return number;
  }
  if (to.type == "url" || to.type == "email" || to.type == "phone_number") return json::string(text);
  if (to.type == "checkbox") return text == "Yes" || text == "true";
  if (to.type == "date") {
    auto date = read_date(json::object{{"start", text}}, "");
    return date ? *date : json::value();
  }
  if (to.type == "select" || to.type == "multi_select") {
    if (!check_option_name(text)) return nullptr;
    const auto* option = option_by_name(to, text);
    if (!option) {
      to.options.push_back({world.ids.next().text(), text, "default", {}, {}});
      option = &to.options.back();
    }
    if (to.type == "select") return json::string(option->id);
    return json::array{json::string(option->id)};
  }
  return nullptr;
}

void convert_rows(Call& call, Source& source, const Property& from, Property& to) {
  for (auto* page : source.rows) {
    const auto* cell = page->now->cell(from.key);
    if (!cell && page->now->links(from.key).empty()) continue;
    PageState state = *page->now;
    state.set_links(from.key, {});
    if (cell) state.set(from.key, converted(call.world, from, to, *cell));
    state.written = call.now;
    call.world.publish(*page, std::move(state), call.keep_ms());
  }
}

Outcome<void> configure(Call& call, const Source& source, const std::vector<Property>& properties, Property& property,
                        std::string_view type, const json::value& config, std::vector<BackEnd>& back_ends,
                        bool& overflow) {
  const auto place = fmt::format("body.properties.{}.{}", property.name, type);
  if (!creatable().contains(type)) {
    return invalid(fmt::format("body failed validation: body.properties.{} has a type that cannot be created: {}.",
                               property.name, type));
  }
  if (!config.is_object()) return should_be(place, "an object", &config);
  property.type = std::string(type);
  if (type == "number")
    property.format = std::string(find_string(config, "format", property.format.empty() ? "number" : property.format));
  if (has_options(type)) {
    const auto* list = find_array(config, "options");
    overflow = overflow || (list && list->size() > options_max);
    if (auto good = read_options(call, property, config, place); !good) return good;
    if (type == "status") give_group_ids(call.world, property);
  }
  if (type == "unique_id") {
    if (const auto* prefix = find(config, "prefix")) property.prefix = *prefix;
  }
  if (type == "formula") {
    const auto* expression = find(config, "expression");
    if (!expression || !expression->is_string()) return should_be(place + ".expression", "a string", expression);
    Source view;  // names are those of the schema as it will be
    view.id = source.id;
    view.properties = properties;
    if (const auto fault = fault_of_expression(view, expression->get_string()); !fault.empty())
      return invalid(fmt::format("Type error with formula: {}.", fault));
    property.expression = stored_expression(call.world, view, expression->get_string());
  }
  if (type == "relation") return read_relation(call, source, properties, property, config, place, back_ends);
  if (type == "rollup") return read_rollup(call, properties, property, config, place);
  return {};
}

std::string_view type_in(const json::value& in) {
  for (const auto& [key, value] : in.get_object()) {
    if (key != "name" && key != "id" && key != "type" && key != "description") return key;
  }
  return find_string(in, "type");
}

}  // namespace

void sort_properties(Source& source) {
  std::ranges::sort(source.properties, [](const auto& a, const auto& b) {
    if ((a.id == "title") != (b.id == "title")) return b.id == "title";
    return a.id < b.id;
  });
}

json::object show_property(const Call& call, const Source& source, const Property& property) {
  json::object config;
  const std::string& type = property.type;
  if (type == "number") config["format"] = property.format;
  if (has_options(type)) {
    json::array options;
    for (const auto& option : property.options) {
      options.push_back(json::object{
          {"id", option.id}, {"name", option.name}, {"color", option.color}, {"description", option.description}});
    }
    config["options"] = std::move(options);
  }
  if (type == "status") {
    json::array shown;
    for (std::size_t i = 0; i < std::size(groups) && i < property.group_ids.size(); ++i) {
      json::array members;
      for (const auto& option : property.options) {
        if (option.group == groups[i]) members.emplace_back(option.id);
      }
      shown.push_back(json::object{{"id", property.group_ids[i]},
                                   {"name", groups[i]},
                                   {"color", group_colors[i]},
                                   {"option_ids", std::move(members)}});
    }
    config["groups"] = std::move(shown);
  }
  if (type == "unique_id") config["prefix"] = property.prefix;
  if (type == "formula") config["expression"] = property.expression;
  if (type == "relation") {
    const auto* target = call.world.source(property.target);
    config["database_id"] = target ? json::value(target->database.text()) : json::value();
    config["data_source_id"] = property.target.text();
    config["type"] = property.dual ? "dual_property" : "single_property";
    if (property.dual) {
      const auto* back = target ? target->by_id(property.synced_id) : nullptr;
      config["dual_property"] = json::object{{"synced_property_name", back ? back->name : std::string()},
                                             {"synced_property_id", encode_property_id(property.synced_id)}};
    } else {
      config["single_property"] = json::object();
    }
  }
  if (type == "rollup") {
    const auto* relation = source.by_id(property.relation_id);
    const auto* target_source = relation ? call.world.source(relation->target) : nullptr;
    const auto* target = target_source ? target_source->by_id(property.rollup_id) : nullptr;
    config["rollup_property_name"] = target ? target->name : std::string();
    config["relation_property_name"] = relation ? relation->name : std::string();
    config["rollup_property_id"] = property.rollup_id;
    config["relation_property_id"] = property.relation_id;
    config["function"] = property.function;
  }
  return {{"id", encode_property_id(property.id)},
          {"name", property.name},
          {"description", property.description},
          {"type", type},
          {type, std::move(config)}};
}

Outcome<void> edit_schema(Call& call, Source& source, const json::value& properties) {
  if (!properties.is_object()) return should_be("body.properties", "an object", &properties);
  std::vector<Property> edited = source.properties;
  std::vector<BackEnd> back_ends;
  struct Conversion {
    Property from;
    std::string id;
  };
  std::vector<Conversion> conversions;
  std::vector<Property> removed;
  bool overflow = false;
  const auto look = [&](std::string_view name) -> Property* {
    for (auto& one : edited) {
      if (one.name == name) return &one;
    }
    const auto decoded = percent_decode(name);
    for (auto& one : edited) {
      if (one.id == name || one.id == decoded) return &one;
    }
    return nullptr;
  };
  // Rollups and formulas last: they may name properties of the same request.
  std::vector<const json::key_value_pair*> order;
  for (const auto& member : properties.get_object()) order.push_back(&member);
  const auto late = [](const json::value& in) {
    return in.is_object() && (find(in, "rollup") || find(in, "formula")) ? 1 : 0;
  };
  std::ranges::stable_sort(order, {}, [&](const auto* member) { return late(member->value()); });
  for (const auto* member : order) {
    const std::string_view name = member->key();
    const auto& in = member->value();
    auto* property = look(name);
    if (in.is_null()) {
      if (!property) return invalid(fmt::format("Could not find property with name or id: {}", name));
      if (property->type == "title") return invalid("Cannot delete the title property.");
      removed.push_back(*property);
      std::erase_if(edited, [&, id = property->id](const auto& one) { return one.id == id; });
      continue;
    }
    if (!in.is_object()) return should_be(fmt::format("body.properties.{}", name), "an object or `null`", &in);
    const auto type = type_in(in);
    if (!property) {
      Property fresh;
      fresh.name = std::string(find_string(in, "name", name));
      if (type.empty() || !find(in, type)) {
        return should_be(fmt::format("body.properties.{}.{}", name, type.empty() ? "rich_text" : type), "defined",
                         nullptr);
      }
      if (type == "title") {
        const bool has_title = std::ranges::any_of(edited, [](const auto& one) { return one.type == "title"; });
        if (has_title) return invalid("Cannot create a new title property: every data source has exactly one.");
        fresh.id = "title";
      } else {
        Source view;
        view.properties = edited;
        fresh.id = call.world.new_property_id(view);
      }
      fresh.key = call.world.key_of(fresh.id);
      edited.push_back(fresh);
      auto& added = edited.back();
      auto good =
          configure(call, source, std::vector<Property>(edited), added, type, *find(in, type), back_ends, overflow);
      if (!good) return good;
      if (const auto* text = find(in, "description")) added.description = *text;
      continue;
    }
    if (const auto* rename = find(in, "name")) {
      if (!rename->is_string() || rename->get_string().empty()) {
        return should_be(fmt::format("body.properties.{}.name", name), "a non-empty string", rename);
      }
      const auto wanted = std::string(rename->get_string());
      for (const auto& other : edited) {
        if (other.name == wanted && other.id != property->id) {
          return invalid(fmt::format("Property name \"{}\" is already used in this data source.", wanted));
        }
      }
      property->name = wanted;
    }
    if (const auto* text = find(in, "description")) property->description = *text;
    if (type.empty() || !find(in, type)) continue;
    if (type != property->type) {
      if (type == "title" || property->type == "title")
        return invalid("Cannot change the type of the title property, or make another property the title.");
      if (type == "place" || property->type == "place")
        return invalid("Cannot change a property to or from the type place.");
      conversions.push_back({*property, property->id});
      property->options.clear();
    }
    auto good =
        configure(call, source, std::vector<Property>(edited), *property, type, *find(in, type), back_ends, overflow);
    if (!good) return good;
  }
  if (overflow) {
    // Reported of the real service: the request answers 200 and changes nothing, other properties of it included.
    if (call.habits.option_overflow_silent) return {};
    return invalid("body failed validation: options.length should be ≤ `100`.");
  }
  Source view;
  view.id = source.id;
  view.properties = edited;
  std::size_t bytes = 0;
  for (const auto& property : edited) bytes += to_text(json::value(show_property(call, view, property))).size();
  if (bytes > schema_bytes_max) return invalid("You have exceeded the maximum database property schema size.");

  source.properties = std::move(edited);
  for (const auto& conversion : conversions) {
    const auto to = std::ranges::find(source.properties, conversion.id, &Property::id);
    convert_rows(call, source, conversion.from, *to);
  }
  for (const auto& gone : removed) {
    // The other end stays, as a relation of its own (recorded).
    auto* other = gone.type == "relation" && gone.dual ? call.world.source(gone.target) : nullptr;
    if (!other) continue;
    for (auto& one : other->properties) {
      if (one.id != gone.synced_id) continue;
      one.dual = false;
      one.synced_id.clear();
    }
  }
  for (const auto& back : back_ends) {
    auto* other = call.world.source(back.source);
    Property end;
    end.id = back.id;
    end.key = call.world.key_of(end.id);
    end.name = back.name;
    end.type = "relation";
    end.target = source.id;
    end.dual = true;
    for (const auto& property : source.properties) {
      if (property.synced_id == back.id) end.synced_id = property.id;
    }
    other->properties.push_back(std::move(end));
    sort_properties(*other);
  }
  sort_properties(source);
  return {};
}

Property import_property(World& world, std::string_view name, const json::value& shown) {
  Property property;
  property.id = percent_decode(find_string(shown, "id"));
  property.key = world.key_of(property.id);
  property.name = std::string(name);
  property.type = std::string(find_string(shown, "type"));
  if (const auto* text = find(shown, "description")) property.description = *text;
  const auto* config = find(shown, property.type);
  if (!config || !config->is_object()) return property;
  property.format = std::string(find_string(*config, "format"));
  if (const auto* options = find_array(*config, "options")) {
    for (const auto& one : *options) {
      Option option{std::string(find_string(one, "id")),
                    std::string(find_string(one, "name")),
                    std::string(find_string(one, "color", "default")),
                    {},
                    {}};
      if (const auto* text = find(one, "description")) option.description = *text;
      property.options.push_back(std::move(option));
    }
  }
  if (const auto* shown_groups = find_array(*config, "groups")) {
    for (const auto& group : *shown_groups) {
      property.group_ids.emplace_back(find_string(group, "id"));
      const auto* members = find_array(group, "option_ids");
      if (!members) continue;
      for (const auto& member : *members) {
        for (auto& option : property.options) {
          if (member.is_string() && option.id == member.get_string())
            option.group = std::string(find_string(group, "name"));
        }
      }
    }
  }
  if (const auto* prefix = find(*config, "prefix")) property.prefix = *prefix;
  property.expression = std::string(find_string(*config, "expression"));
  // A stored expression names the workspace; the importing one becomes it.
  if (const auto end = property.expression.find("}}"); end != std::string::npos && end >= 36) {
    if (const auto space = parse_id(property.expression.substr(end - 36, 36))) world.space = *space;
  }
  if (const auto target = parse_id(find_string(*config, "data_source_id"))) property.target = *target;
  if (const auto* dual = find(*config, "dual_property")) {
    property.dual = true;
    property.synced_id = percent_decode(find_string(*dual, "synced_property_id"));
  }
  property.relation_id = std::string(find_string(*config, "relation_property_id"));
  property.rollup_id = std::string(find_string(*config, "rollup_property_id"));
  property.function = std::string(find_string(*config, "function"));
  return property;
}

}  // namespace rowpage::sandbox
