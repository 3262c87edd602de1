#include "notion/properties.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "notion/codec.h"
#include "notion/source.h"

namespace rowpage {
namespace {

constexpr std::size_t options_per_schema_write = 100;

json::array option_list(std::span<const std::string> names) {
  json::array array;
  for (const auto& name : names.first(std::min(names.size(), options_per_schema_write))) {
    array.push_back(json::object{{"name", name}});
  }
  return array;
}

bool has_name(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](const std::string& own) { return ascii_lower(own) == ascii_lower(name); });
}

std::vector<std::string> missing_options(const json::value& property, const WantedProperty& wanted) {
  const auto there = option_names(property);
  std::vector<std::string> missing;
  for (const auto& name : wanted.options) {
    if (!has_name(there, name) && !has_name(missing, name)) missing.push_back(name);
  }
  return missing;
}

// `there` with its options and the missing ones after them; empty when the list would be too long for a request.
json::array merged_options(const json::value& there, std::span<const std::string> missing) {
  const json::value* settings = find(there, find_string(there, "type"));
  const json::array* options = settings ? find_array(*settings, "options") : nullptr;
  const std::size_t have = options ? options->size() : 0;
  json::array merged;  // the old ones by id, for what is left out would be taken from every page
  if (have + missing.size() > options_per_schema_write) return merged;
  for (std::size_t i = 0; i < have; ++i) merged.push_back(json::object{{"id", find_string((*options)[i], "id")}});
  for (const auto& name : missing) merged.push_back(json::object{{"name", name}});
  return merged;
}

const json::value* bound(const json::value& source, const WantedProperty& wanted) {
  return property_bound(source, wanted.name, wanted.also);
}

Status add_options(Caller& caller, const std::string& id, const WantedProperty& wanted, json::value& source,
                   SchemaChange& change) {
  const json::value* there = bound(source, wanted);
  const auto missing = missing_options(*there, wanted);
  if (missing.empty()) return {};
  json::array merged = merged_options(*there, missing);
  if (merged.empty()) {
    change.notes.push_back(fmt::format(
        "{} options of {} are not added, for the list may hold 100 at most in one request{}", missing.size(),
        wanted.name, wanted.type == "status" ? "; add them by hand" : "; pages that use them will add them"));
    return {};
  }
  const std::string key = encode_id(decode_id(find_string(*there, "id")));
  Result<Patched> after = patch_property(
      caller, id, key, json::object{{wanted.type, json::object{{"options", std::move(merged)}}}}, wanted.name);
  if (!after) return fail(after.error());
  source = after->source;
  there = bound(source, wanted);
  if (!there || !missing_options(*there, wanted).empty())
    return fail(not_made(*after, wanted.name, "add the options of"));
  change.done.push_back(fmt::format("added {} options to {}", missing.size(), wanted.name));
  return {};
}

// Adds `wanted` to the source, or its missing options. `source` is as last read, and read anew after a change.
Status add_one(Caller& caller, const std::string& id, const WantedProperty& wanted, json::value& source,
               SchemaChange& change) {
  const json::value* there = bound(source, wanted);
  if (!there) {
    if (wanted.type == "title") {
      change.notes.push_back(
          fmt::format("the title property has another name than \"{}\"; it is left as it is", wanted.name));
      return {};
    }
    Result<Patched> after =
        patch_property(caller, id, wanted.name, json::object{{wanted.type, settings_of(wanted)}}, wanted.name);
    if (!after) return fail(after.error());
    source = after->source;
    there = property_named(source, wanted.name);
    if (!there) return fail(not_made(*after, wanted.name, "add the"));
    change.done.push_back(fmt::format("added {} ({})", wanted.name, wanted.type));
  }
  const std::string_view type = find_string(*there, "type");
  if (type != wanted.type) {
    change.notes.push_back(
        fmt::format("{} is of type {}, not {}; it is left as it is", wanted.name, type, wanted.type));
    return {};
  }
  return add_options(caller, id, wanted, source, change);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// The expression with the names the properties really have.
std::string as_named(std::string expression, const json::value& source, std::span<const WantedProperty> properties) {
  for (const auto& wanted : properties) {
    const json::value* there = bound(source, wanted);
    const std::string_view name = there ? find_string(*there, "name") : std::string_view();
    if (name.empty() || name == wanted.name) continue;
    replace_all(expression, fmt::format("prop(\"{}\")", wanted.name), fmt::format("prop(\"{}\")", name));
  }
  return expression;
}

Status add_formula(Caller& caller, const std::string& id, const WantedProperty& wanted, const std::string& expression,
                   json::value& source, SchemaChange& change) {
  if (const json::value* there = bound(source, wanted)) {
    if (const std::string_view type = find_string(*there, "type"); type != "formula") {
      change.notes.push_back(fmt::format("{} is of type {}, not formula; it is left as it is", wanted.name, type));
    }
    return {};
  }
  const auto skip = [&](std::string_view why) {
    change.notes.push_back(fmt::format("the formula {} is left out: {}", wanted.name, why));
  };
  json::value settings = json::object{{"formula", json::object{{"expression", expression}}}};
  Result<Patched> after = patch_property(caller, id, wanted.name, std::move(settings), wanted.name);
  if (!after) {
    if (after.error().cause != Cause::invalid && after.error().cause != Cause::not_found) return fail(after.error());
    skip(after.error().what);
    return {};
  }
  source = after->source;
  if (property_named(source, wanted.name)) {
    change.done.push_back(fmt::format("added {} (formula)", wanted.name));
  } else if (after->doubt) {
    return fail(*after->doubt);
  } else {
    skip("Notion did not add it, without saying why");
  }
  return {};
}

Result<SchemaChange> finished(const json::value& source, SchemaChange change) {
  Result<SourceSchema> schema = read_source(source);
  if (!schema) return fail(schema.error());
  change.schema = std::move(*schema);
  return change;
}

}  // namespace

json::value settings_of(const WantedProperty& wanted) {
  if (wanted.type == "number")
    return json::object{{"format", wanted.format.empty() ? std::string("number") : wanted.format}};
  const bool listing = wanted.type == "select" || wanted.type == "multi_select" || wanted.type == "status";
  if (listing && !wanted.options.empty()) return json::object{{"options", option_list(wanted.options)}};
  return json::object();
}

bool stands_alone(const WantedProperty& wanted) {
  return wanted.type != "relation" && wanted.type != "formula";
}

std::vector<WantedProperty> wanted_properties(const PairSpec& spec) {
  std::vector<WantedProperty> wanted;
  for (const Field& field : spec.fields) {
    if (field.type == FieldType::relation || field.is_relation()) continue;
    const std::string format = field.format.empty() && field.percent ? "percent" : field.format;
    wanted.push_back({field.property, std::string(notion_type(field.type)), field.options, field.also, format});
  }
  const auto keep = [&](const std::string& name, std::string_view type) {
    const bool known = std::ranges::any_of(wanted, [&](const WantedProperty& own) { return own.name == name; });
    if (!name.empty() && !known) wanted.push_back({name, std::string(type)});
  };
  keep(spec.book.nonce, "rich_text");
  keep(spec.book.row_id, "rich_text");
  keep(spec.book.last_synced, "date");
  keep(spec.book.checksum, "rich_text");
  keep(spec.book.synced, "checkbox");
  return wanted;
}

Result<SchemaChange> add_properties(Caller& caller, const std::string& data_source,
                                    std::span<const WantedProperty> properties) {
  Result<json::value> source = get_source(caller, data_source);
  if (!source) return fail(source.error());
  SchemaChange change;
  for (const auto& wanted : properties) {
    if (!stands_alone(wanted)) continue;
    if (Status status = add_one(caller, data_source, wanted, *source, change); !status) return fail(status.error());
  }
  return finished(*source, std::move(change));
}

Result<SchemaChange> add_formulas(Caller& caller, const std::string& data_source,
                                  std::span<const WantedProperty> properties) {
  Result<json::value> source = get_source(caller, data_source);
  if (!source) return fail(source.error());
  SchemaChange change;
  for (const auto& wanted : properties) {
    if (wanted.type != "formula") continue;
    const std::string expression = as_named(wanted.expression, *source, properties);
    if (Status status = add_formula(caller, data_source, wanted, expression, *source, change); !status)
      return fail(status.error());
  }
  return finished(*source, std::move(change));
}

}  // namespace rowpage
