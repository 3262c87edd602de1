#include "notion/source_edit.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"

namespace rowpage {

Result<json::value> get_source(Caller& caller, const std::string& id) {
  Result<Reply> reply = caller.run_one(
      {{Method::get, "/v1/data_sources/" + id, nullptr}, {"data source " + id, Scope::pair, "database"}});
  if (!reply) return fail(reply.error());
  return std::move(reply->body);
}

const json::value* property_named(const json::value& source, std::string_view name) {
  const json::object* properties = find_object(source, "properties");
  return properties ? properties->if_contains(name) : nullptr;
}

const json::value* property_bound(const json::value& source, const std::string& name,
                                  std::span<const std::string> also) {
  std::vector<std::string> names{name};
  names.insert(names.end(), also.begin(), also.end());
  for (const auto& each : names) {
    if (const json::value* there = property_named(source, each)) return there;
  }
  const json::object* properties = find_object(source, "properties");
  if (!properties) return nullptr;
  for (const auto& each : names) {
    const std::string lower = ascii_lower(each);
    const auto loose = std::ranges::find_if(
        *properties, [&](const json::key_value_pair& member) { return ascii_lower(member.key()) == lower; });
    if (loose != properties->end()) return &loose->value();
  }
  return nullptr;
}

Result<Patched> patch_property(Caller& caller, const std::string& source, const std::string& key, json::value settings,
                               std::string_view name) {
  ApiRequest request{Method::patch, "/v1/data_sources/" + source,
                     json::object{{"properties", json::object{{key, std::move(settings)}}}}, false};
  Result<Reply> reply = caller.run_one(
      {std::move(request), {fmt::format("property \"{}\" of data source {}", name, source), Scope::pair, "database"}});
  if (!reply && reply.error().effect == Effect::none) return fail(reply.error());
  Result<json::value> after = get_source(caller, source);
  if (!after) return fail(after.error());
  return Patched{std::move(*after), reply ? std::optional<Error>() : reply.error()};
}

Error not_made(const Patched& patched, std::string_view name, std::string_view what) {
  if (patched.doubt) return *patched.doubt;
  return {
      Effect::none, Scope::pair, Cause::schema_drift,
      fmt::format("Notion did not {} property \"{}\", without saying why", what, name),
      "Add it by hand in Notion, then run setup again. A property with more than 100 options can block every change."};
}

}  // namespace rowpage
