#include "notion/source.h"

#include "core/text.h"
#include "notion/codec.h"

namespace rowpage {

std::string title_text(const json::value& object, std::string_view member) {
  const json::array* pieces = find_array(object, member);
  if (!pieces) return {};
  const Decoded decoded = decode_text(*pieces);
  const auto* text = std::get_if<std::string>(&decoded.value);
  return text ? *text : std::string();
}

std::vector<std::string> option_names(const json::value& property) {
  std::vector<std::string> names;
  const json::value* settings = find(property, find_string(property, "type"));
  const json::array* options = settings ? find_array(*settings, "options") : nullptr;
  if (!options) return names;
  for (const auto& option : *options) {
    if (const std::string_view name = find_string(option, "name"); !name.empty()) names.emplace_back(name);
  }
  return names;
}

Result<SourceSchema> read_source(const json::value& object) {
  SourceSchema schema;
  schema.data_source = canonical_id(find_string(object, "id"));
  const json::object* properties = find_object(object, "properties");
  if (schema.data_source.empty() || !properties) {
    return fail({Effect::none, Scope::pair, Cause::invalid, "Notion's answer is no data source with properties",
                 "The integration may lack the capability to read content."});
  }
  schema.title = title_text(object, "title");
  if (const json::value* parent = find(object, "parent"))
    schema.database = canonical_id(find_string(*parent, "database_id"));
  for (const auto& [name, property] : *properties) {
    Property shown{decode_id(find_string(property, "id")),
                   std::string(name),
                   std::string(find_string(property, "type")),
                   option_names(property),
                   {},
                   {}};
    if (shown.id.empty()) {  // everywhere else an empty id means "not kept"
      return fail({Effect::none,
                   Scope::pair,
                   Cause::invalid,
                   "Notion's answer shows the property \"" + shown.name + "\" without its id",
                   {}});
    }
    if (const json::value* relation = shown.type == "relation" ? find(property, "relation") : nullptr) {
      shown.target = canonical_id(find_string(*relation, "data_source_id"));
      if (const json::value* dual = find(*relation, "dual_property"))
        shown.synced_id = decode_id(find_string(*dual, "synced_property_id"));
    }
    schema.properties.push_back(std::move(shown));
  }
  return schema;
}

}  // namespace rowpage
