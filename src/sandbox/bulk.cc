#include "sandbox/bulk.h"

#include <fmt/format.h>

#include "sandbox/pages.h"
#include "sandbox/relations.h"
#include "sandbox/rich_text.h"
#include "sandbox/values.h"

namespace rowpage::sandbox {
namespace {

tl::unexpected<Error> bad(std::string what) {
  return fail({Effect::none, Scope::record, Cause::usage, std::move(what), {}});
}

// "Colombia" as the value of a property of this type.
json::value spelled_out(const Property& property, const json::value& in) {
  if (in.is_object() || in.is_null()) return in;
  const auto& type = property.type;
  if (type == "title" || type == "rich_text") {
    if (!in.is_string()) return in;
    return json::object{{type, json::array{json::object{{"text", json::object{{"content", in}}}}}}};
  }
  if ((type == "select" || type == "status") && in.is_string()) return json::object{{type, json::object{{"name", in}}}};
  if (type == "multi_select" && in.is_array()) {
    json::array options;
    for (const auto& name : in.get_array()) options.push_back(json::object{{"name", name}});
    return json::object{{type, std::move(options)}};
  }
  if (type == "date" && in.is_string()) return json::object{{type, json::object{{"start", in}}}};
  return json::object{{type, in}};
}

json::value plain_value(const Call& call, const Page& page, const Source& source, const Property& property) {
  const auto* cell = page.now->cell(property.key);
  const auto& type = property.type;
  if (type == "title" || type == "rich_text") {
    const auto text = cell ? plain_text(call.world, *cell) : std::string();
    return text.empty() ? json::value() : json::value(text);
  }
  auto bare = show_bare(call, page, *page.now, source, property, true);
  if (type == "select" || type == "status") return bare.is_object() ? *find(bare, "name") : json::value();
  if (type == "multi_select") {
    json::array names;
    for (const auto& option : bare.get_array()) names.push_back(*find(option, "name"));
    return names;
  }
  if (type == "relation" || type == "people") {
    json::array ids;
    for (const auto& item : bare.get_array()) ids.push_back(*find(item, "id"));
    return ids;
  }
  if (type == "created_by" || type == "last_edited_by") return *find(bare, "id");
  return bare;
}

}  // namespace

Result<std::vector<Id>> seed_rows(NotionModel& model, const json::value& body) {
  const auto id = parse_id(find_string(body, "data_source_id"));
  auto* source = id ? model.world().source(*id) : nullptr;
  if (!source) return bad("seed: data_source_id names no data source");
  const auto* pages = find_array(body, "pages");
  if (!pages) return bad("seed: \"pages\" must be an array");
  const bool integration = find_string(body, "as") == "integration";
  static const Request no_request;
  Call call{model.world(), model.habits(), no_request, integration ? model.integration_user() : model.person_user(),
            true,          model.now(),    true};
  std::vector<Id> made;
  made.reserve(pages->size());
  for (std::size_t i = 0; i < pages->size(); ++i) {
    const auto& one = (*pages)[i];
    const auto moment = [&](std::string_view key) -> std::optional<Millis> {
      const auto time = parse_time(find_string(one, key));
      return time ? std::optional(floor_minute(time->ms)) : std::nullopt;
    };
    PageState state;
    state.parent = {Parent::Kind::source, *id};
    state.written = 0;  // in every index at once
    const Millis created = moment("created_time").value_or(floor_minute(call.now));
    state.edited = moment("last_edited_time").value_or(created);
    state.edited_by = call.actor;
    state.in_trash = find_bool(one, "in_trash");
    json::object written;
    if (const auto* properties = find_object(one, "properties")) {
      for (const auto& [name, value] : *properties) {
        const auto* property = source->find(name);
        written[name] = property ? spelled_out(*property, value) : value;
      }
    }
    auto good = write_properties(call, *source, state, written);
    if (!good) return bad(fmt::format("seed: page {}: {}", i, good.error().message));
    fill_defaults(*source, state);
    auto& page = call.world.add_page(call.world.ids.next(), std::move(state), created, call.actor);
    static const PageState nothing;
    sync_back_ends(call, page, *source, nothing);
    made.push_back(page.id);
  }
  source->changed = std::max(source->changed, call.now);
  return made;
}

std::optional<Id> duplicate_row(NotionModel& model, const Id& id) {
  const auto* original = model.world().page(id);
  auto* source = original ? model.world().source(original->now->parent.id) : nullptr;
  if (!source) return std::nullopt;
  static const Request no_request;
  Call call{model.world(), model.habits(), no_request, model.person_user(), true, model.now(), true};
  PageState state = *original->now;
  state.written = call.now;
  state.edited = call.stamp();
  state.edited_by = call.actor;
  for (const auto& property : source->properties) {
    if (property.type == "unique_id") state.set(property.key, source->next_number);
  }
  fill_defaults(*source, state);
  auto& copy = call.world.add_page(call.world.ids.next(), std::move(state), call.stamp(), call.actor);
  static const PageState nothing;
  sync_back_ends(call, copy, *source, nothing);
  return copy.id;
}

json::value dump_rows(NotionModel& model, const Id& id, std::size_t offset, std::size_t limit) {
  const auto* source = model.world().source(id);
  static const Request no_request;
  const Call call{model.world(), model.habits(), no_request, model.person_user(), true, model.now(), true};
  json::array shown;
  std::size_t total = 0;
  for (const auto* page : source->rows) {
    const auto& state = *page->now;
    if (state.parent.id != id) continue;  // moved away
    if (total++ < offset || shown.size() >= limit) continue;
    json::object values;
    for (const auto& property : source->properties) values[property.name] = plain_value(call, *page, *source, property);
    shown.push_back(json::object{{"id", page->id.text()},
                                 {"in_trash", state.in_trash},
                                 {"is_archived", state.archived},
                                 {"created_time", format_utc(page->created)},
                                 {"last_edited_time", format_utc(state.edited)},
                                 {"created_by", page->created_by.text()},
                                 {"last_edited_by", state.edited_by.text()},
                                 {"values", std::move(values)}});
  }
  return json::object{{"total", total}, {"pages", std::move(shown)}};
}

}  // namespace rowpage::sandbox
