#include "sandbox/sources.h"

#include <algorithm>

#include <fmt/format.h>

#include "sandbox/rich_text.h"
#include "sandbox/schema_edit.h"

namespace rowpage::sandbox {
namespace {

// Databases show their times with milliseconds and an offset; everything else shows whole minutes.
std::string database_time(Millis ms) {
  auto text = format_utc(ms);
  text.pop_back();
  return text + "+00:00";
}

Outcome<void> read_text_field(const Call& call, const json::value& body, std::string_view key, json::value& into) {
  const auto* in = find(body, key);
  if (!in) return {};
  auto kept = read_rich_text(call, *in, fmt::format("body.{}", key));
  if (!kept) return tl::unexpected(kept.error());
  into = std::move(*kept);
  return {};
}

Outcome<void> read_looks(const Call& call, const json::value& body, json::value& icon, json::value& cover) {
  for (const auto& [key, into] : {std::pair{"icon", &icon}, std::pair{"cover", &cover}}) {
    const auto* in = find(body, key);
    if (!in) continue;
    auto kept = read_picture(call, *in, fmt::format("body.{}", key));
    if (!kept) return tl::unexpected(kept.error());
    *into = std::move(*kept);
  }
  return {};
}

Source make_source(Call& call, const Id& database) {
  Source source;
  source.id = call.world.ids.next();
  source.database = database;
  source.created = source.edited = call.stamp();
  source.created_by = source.edited_by = call.actor;
  return source;
}

Outcome<void> fill_schema(Call& call, Source& source, const json::value* properties) {
  if (properties) {
    if (auto good = edit_schema(call, source, *properties); !good) return good;
  }
  if (!source.title_property()) {
    if (properties) return invalid("Title is not provided: a data source needs exactly one property of type title.");
    Property title;
    title.key = title_key;
    title.id = "title";
    title.name = "Name";
    title.type = "title";
    source.properties.push_back(std::move(title));
  }
  sort_properties(source);
  return {};
}

bool source_trashed(const World& world, const Source& source) {
  return source.in_trash || world.trashed({Parent::Kind::database, source.database});
}

}  // namespace

// An unnamed database is shown as "New database", its data source without a title.
json::value shown_title(const Database& database) {
  const auto* runs = database.title.if_array();
  return runs && runs->empty() ? json::value("New database") : database.title;
}

json::object show_database(const Call& call, const Database& database) {
  json::array sources;
  for (const auto& id : database.sources) {
    const auto* source = call.world.source(id);
    if (!source || source->in_trash || !call.sees({Parent::Kind::source, id})) continue;
    const auto name = plain_text(call.world, source->title);
    sources.push_back(json::object{{"id", id.text()}, {"name", name.empty() ? "New database" : name}});
  }
  const bool in_trash = database.in_trash || call.world.trashed(database.parent);
  json::object shown{{"object", "database"},
                     {"id", database.id.text()},
                     {"title", show_rich_text(call.world, shown_title(database))},
                     {"description", show_rich_text(call.world, database.description)},
                     {"parent", show_parent(call.world, database.parent)},
                     {"is_inline", database.is_inline},
                     {"in_trash", in_trash},
                     {"is_locked", database.locked},
                     {"created_time", database_time(database.created)},
                     {"last_edited_time", database_time(database.edited)},
                     {"data_sources", std::move(sources)},
                     {"icon", database.icon},
                     {"cover", database.cover},
                     {"url", "https://www.notion.so/" + database.id.plain()},
                     {"public_url", nullptr}};
  add_archived(call, shown, in_trash);
  return shown;
}

json::object show_source(const Call& call, const Source& source) {
  const auto* database = call.world.database(source.database);
  json::object properties;
  for (const auto& property : source.properties) {
    if (property.type == "relation" && !call.person && !call.world.shared({Parent::Kind::source, property.target}))
      continue;
    properties[property.name] = show_property(call, source, property);
  }
  const bool in_trash = source_trashed(call.world, source);
  json::object shown{{"object", "data_source"},
                     {"id", source.id.text()},
                     {"cover", source.cover},
                     {"icon", source.icon},
                     {"created_time", format_utc(source.created)},
                     {"created_by", short_user(source.created_by)},
                     {"last_edited_by", short_user(source.edited_by)},
                     {"last_edited_time", format_utc(source.edited)},
                     {"title", show_rich_text(call.world, source.title)},
                     {"description", show_rich_text(call.world, source.description)},
                     {"is_inline", database && database->is_inline},
                     {"properties", std::move(properties)},
                     {"parent", json::object{{"type", "database_id"}, {"database_id", source.database.text()}}},
                     {"database_parent", database ? show_parent(call.world, database->parent) : json::object()},
                     {"url", "https://www.notion.so/" + source.database.plain()},
                     {"public_url", nullptr},
                     {"in_trash", in_trash}};
  add_archived(call, shown, in_trash);
  return shown;
}

Outcome<Database*> find_database(const Call& call, const Id& id) {
  auto* database = call.world.database(id);
  if (!database || !call.sees({Parent::Kind::database, id})) return not_found("database", id);
  return database;
}

Outcome<Source*> find_source(const Call& call, const Id& id) {
  auto* source = call.world.source(id);
  if (!source || !call.sees({Parent::Kind::source, id})) {
    // The service speaks of a database here when none of that id exists at all (recorded).
    return not_found(source ? "data_source" : "database", id);
  }
  return source;
}

Outcome<json::object> get_database(Call& call, const Id& id) {
  const auto database = find_database(call, id);
  if (!database) return tl::unexpected(database.error());
  return show_database(call, **database);
}

Outcome<json::object> create_database(Call& call) {
  const auto& body = call.request.body;
  if (!body.is_object()) return should_be("body", "an object", &body);
  const auto parent = read_parent(call, find(body, "parent"), "body.parent");
  if (!parent) return tl::unexpected(parent.error());
  if (parent->kind != Parent::Kind::page && parent->kind != Parent::Kind::workspace &&
      parent->kind != Parent::Kind::block) {
    return should_be("body.parent.page_id", "defined", nullptr);
  }
  auto database = std::make_unique<Database>();
  database->id = call.world.ids.next();
  database->parent = *parent;
  database->created = database->edited = call.now;
  database->created_by = database->edited_by = call.actor;
  database->is_inline = find_bool(body, "is_inline");
  if (auto good = read_text_field(call, body, "title", database->title); !good) return tl::unexpected(good.error());
  if (auto good = read_text_field(call, body, "description", database->description); !good)
    return tl::unexpected(good.error());
  if (auto good = read_looks(call, body, database->icon, database->cover); !good) return tl::unexpected(good.error());
  auto source = std::make_unique<Source>(make_source(call, database->id));
  source->title = database->title;
  source->description = database->description;
  source->icon = database->icon;
  source->cover = database->cover;
  const auto* initial = find(body, "initial_data_source");
  Source* added = source.get();
  // In place before its schema is read: a relation may point to itself.
  call.world.sources[added->id] = std::move(source);
  if (auto good = fill_schema(call, *added, initial ? find(*initial, "properties") : nullptr); !good) {
    call.world.sources.erase(added->id);
    return tl::unexpected(good.error());
  }
  database->sources.push_back(added->id);
  const Id id = database->id;
  call.world.adopt(*parent, id);
  auto& placed = *(call.world.databases[id] = std::move(database));
  return show_database(call, placed);
}

Outcome<json::object> update_database(Call& call, const Id& id) {
  const auto found = find_database(call, id);
  if (!found) return tl::unexpected(found.error());
  Database edited = **found;
  const auto& body = call.request.body;
  if (!body.is_object()) return should_be("body", "an object", &body);
  if (auto good = read_text_field(call, body, "title", edited.title); !good) return tl::unexpected(good.error());
  if (auto good = read_text_field(call, body, "description", edited.description); !good)
    return tl::unexpected(good.error());
  if (auto good = read_looks(call, body, edited.icon, edited.cover); !good) return tl::unexpected(good.error());
  if (const auto* flag = call.trash_flag()) edited.in_trash = flag->is_bool() && flag->get_bool();
  edited.locked = find_bool(body, "is_locked", edited.locked);
  edited.is_inline = find_bool(body, "is_inline", edited.is_inline);
  if (const auto* in = find(body, "parent")) {
    const auto parent = read_parent(call, in, "body.parent");
    if (!parent) return tl::unexpected(parent.error());
    call.world.disown(edited.parent, id);
    edited.parent = *parent;
    call.world.adopt(*parent, id);
  }
  edited.edited_by = call.actor;
  **found = std::move(edited);
  // A database of one source shares its name and description with it. (`properties` are ignored here without a word.)
  if ((*found)->sources.size() == 1) {
    if (auto* source = call.world.source((*found)->sources.front())) {
      source->title = (*found)->title;
      source->description = (*found)->description;
      source->icon = (*found)->icon;
      source->cover = (*found)->cover;
      source->edited = call.stamp();
      source->edited_by = call.actor;
    }
  }
  return show_database(call, **found);
}

Outcome<json::object> get_source(Call& call, const Id& id) {
  const auto source = find_source(call, id);
  if (!source) return tl::unexpected(source.error());
  return show_source(call, **source);
}

Outcome<json::object> create_source(Call& call) {
  const auto& body = call.request.body;
  const auto parent = read_parent(call, find(body, "parent"), "body.parent");
  if (!parent) return tl::unexpected(parent.error());
  if (parent->kind != Parent::Kind::database) return should_be("body.parent.database_id", "defined", nullptr);
  const auto* properties = find(body, "properties");
  if (!properties) return should_be("body.properties", "defined", nullptr);
  auto source = std::make_unique<Source>(make_source(call, parent->id));
  if (auto good = read_text_field(call, body, "title", source->title); !good) return tl::unexpected(good.error());
  if (auto good = read_looks(call, body, source->icon, source->cover); !good) return tl::unexpected(good.error());
  Source* added = source.get();
  call.world.sources[added->id] = std::move(source);
  if (auto good = fill_schema(call, *added, properties); !good) {
    call.world.sources.erase(added->id);
    return tl::unexpected(good.error());
  }
  call.world.database(parent->id)->sources.push_back(added->id);
  return show_source(call, *added);
}

Outcome<json::object> update_source(Call& call, const Id& id) {
  const auto found = find_source(call, id);
  if (!found) return tl::unexpected(found.error());
  Source& source = **found;
  const auto& body = call.request.body;
  if (!body.is_object()) return should_be("body", "an object", &body);
  for (const auto& [key, value] : body.get_object()) {
    static constexpr std::string_view known[] = {"properties", "title",    "description", "icon",
                                                 "cover",      "in_trash", "archived",    "parent"};
    if (std::ranges::find(known, std::string_view(key)) == std::end(known) || (call.newest && key == "archived")) {
      return should_be(fmt::format("body.{}", std::string_view(key)), "not present", &value);
    }
  }
  json::value title = source.title, description = source.description, icon = source.icon, cover = source.cover;
  if (auto good = read_text_field(call, body, "title", title); !good) return tl::unexpected(good.error());
  if (auto good = read_text_field(call, body, "description", description); !good) return tl::unexpected(good.error());
  if (auto good = read_looks(call, body, icon, cover); !good) return tl::unexpected(good.error());
  std::optional<Parent> parent;
  if (const auto* in = find(body, "parent")) {
    const auto wanted = read_parent(call, in, "body.parent");
    if (!wanted) return tl::unexpected(wanted.error());
    if (wanted->kind != Parent::Kind::database) return should_be("body.parent.database_id", "defined", nullptr);
    parent = *wanted;
  }
  if (const auto* properties = find(body, "properties")) {
    if (auto good = edit_schema(call, source, *properties); !good) return tl::unexpected(good.error());
  }
  source.title = std::move(title);
  source.description = std::move(description);
  source.icon = std::move(icon);
  source.cover = std::move(cover);
  // Database and data source share one name while there is only one source.
  auto* database = call.world.database(source.database);
  if (database && database->sources.size() == 1 && find(body, "title")) database->title = source.title;
  if (const auto* flag = call.trash_flag()) source.in_trash = flag->is_bool() && flag->get_bool();
  if (parent) {
    if (auto* old = call.world.database(source.database)) std::erase(old->sources, id);
    source.database = parent->id;
    call.world.database(parent->id)->sources.push_back(id);
  }
  source.edited = call.stamp();
  source.edited_by = call.actor;
  return show_source(call, source);
}

Outcome<json::object> get_templates(Call& call, const Id& id) {
  const auto source = find_source(call, id);
  if (!source) return tl::unexpected(source.error());
  return json::object{{"templates", (*source)->templates}, {"has_more", false}, {"next_cursor", nullptr}};
}

}  // namespace rowpage::sandbox
