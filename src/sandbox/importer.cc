#include "sandbox/importer.h"

#include <algorithm>
#include <utility>

#include "sandbox/rich_text.h"
#include "sandbox/schema_edit.h"
#include "sandbox/values.h"

namespace rowpage::sandbox {
namespace {

Millis time_of(const json::value& object, std::string_view key) {
  const auto time = parse_time(find_string(object, key));
  return time ? time->ms : 0;
}

Id id_in(const json::value& object, std::string_view key) {
  const auto* inner = find(object, key);
  const auto id = inner ? parse_id(find_string(*inner, "id")) : std::nullopt;
  return id.value_or(Id{});
}

json::value member(const json::value& object, std::string_view key) {
  const auto* value = find(object, key);
  return value ? *value : json::value();
}

json::value rich(const json::value& object, std::string_view key) {
  const auto* runs = find_array(object, key);
  return runs ? import_rich_text(*runs) : json::value(json::array());
}

Property* property_with(Source& source, std::string_view id) {
  const auto found = std::ranges::find(source.properties, id, &Property::id);
  return found == source.properties.end() ? nullptr : &*found;
}

}  // namespace

void Importer::take_user(const json::value& object) {
  const auto id = parse_id(find_string(object, "id"));
  const auto type = find_string(object, "type");
  if (!id || (type != "person" && type != "bot") || world_.user(*id)) return;
  auto user = std::make_unique<User>();
  user->id = *id;
  user->name = std::string(find_string(object, "name"));
  user->is_bot = type == "bot";
  user->avatar_url = member(object, "avatar_url");
  user->details = member(object, type);
  world_.users[*id] = std::move(user);
  world_.user_order.push_back(*id);
}

void Importer::take_people(const json::value& value) {
  if (const auto* array = value.if_array()) {
    for (const auto& one : *array) take_people(one);
  } else if (const auto* object = value.if_object()) {
    if (find_string(value, "object") == "user") take_user(value);
    for (const auto& [key, inner] : *object) take_people(inner);
  }
}

Parent Importer::parent_of(const json::value& object) {
  const auto* parent = find(object, "parent");
  if (!parent) return {};
  if (const auto id = parse_id(find_string(*parent, "data_source_id"))) {
    const auto database = parse_id(find_string(*parent, "database_id"));
    if (!world_.source(*id)) stub_source(*id);
    auto* source = world_.source(*id);
    if (database && !source->database) source->database = *database;
    if (database && !world_.database(*database)) {
      stub_database(*database);
      world_.database(*database)->sources = {*id};
    }
    return {Parent::Kind::source, *id};
  }
  if (const auto id = parse_id(find_string(*parent, "page_id"))) return {Parent::Kind::page, *id};
  if (const auto id = parse_id(find_string(*parent, "block_id"))) return {Parent::Kind::block, *id};
  if (const auto id = parse_id(find_string(*parent, "database_id"))) return {Parent::Kind::database, *id};
  return {};
}

json::value Importer::kept(Property& property, const json::value& bare) {
  const auto& type = property.type;
  const auto option_id = [&](const json::value& option) {
    const std::string id(find_string(option, "id"));
    if (!option_by_id(property, id)) {
      property.options.push_back(
          {id, std::string(find_string(option, "name")), std::string(find_string(option, "color", "default")), {}, {}});
    }
    return json::string(id);
  };
  const auto ids = [&] {
    json::array all;
    for (const auto& one : bare.get_array()) {
      if (const auto id = parse_id(find_string(one, "id"))) all.push_back(json::string(id->text()));
    }
    return all;
  };
  if ((type == "title" || type == "rich_text") && bare.is_array()) return import_rich_text(bare.get_array());
  if ((type == "select" || type == "status") && bare.is_object()) return option_id(bare);
  if (type == "multi_select" && bare.is_array()) {
    json::array all;
    for (const auto& one : bare.get_array()) all.push_back(option_id(one));
    return all;
  }
  if ((type == "people" || type == "relation") && bare.is_array()) return ids();
  if (type == "unique_id") {
    if (const auto* prefix = find(bare, "prefix")) property.prefix = *prefix;
    return member(bare, "number");
  }
  return bare;
}

Property& Importer::property_for(Source& source, std::string_view name, const json::value& value) {
  const auto id = percent_decode(find_string(value, "id"));
  if (!property_with(source, id)) {
    source.properties.push_back(
        import_property(world_, name, json::object{{"id", id}, {"type", find_string(value, "type")}}));
    sort_properties(source);
  }
  return *property_with(source, id);
}

void Importer::take_schema_of(const json::value& page) {
  const auto parent = parent_of(page);
  auto* source = parent.kind == Parent::Kind::source ? world_.source(parent.id) : nullptr;
  const auto* properties = find_object(page, "properties");
  if (!source || !properties) return;
  for (const auto& [name, value] : *properties) property_for(*source, name, value);
}

bool Importer::take_page(const json::value& object) {
  const auto id = parse_id(find_string(object, "id"));
  if (!id || world_.page(*id) || !find(object, "properties")) return false;
  PageState state;
  state.parent = parent_of(object);
  state.edited = time_of(object, "last_edited_time");
  state.edited_by = id_in(object, "last_edited_by");
  state.in_trash = find_bool(object, "in_trash");
  state.archived = find_bool(object, "is_archived");
  state.locked = find_bool(object, "is_locked");
  state.icon = member(object, "icon");
  state.cover = member(object, "cover");
  auto* source = state.parent.kind == Parent::Kind::source ? world_.source(state.parent.id) : nullptr;
  for (const auto& [name, value] : find(object, "properties")->get_object()) {
    const std::string type(find_string(value, "type"));
    if (!source) {
      if (type == "title") state.set(title_key, rich(value, "title"));
      continue;
    }
    auto* property = &property_for(*source, name, value);
    if (property->type == type) state.keep(*property, kept(*property, member(value, type)));
    if (type == "unique_id") {
      if (const auto number = as_number(member(member(value, type), "number"))) {
        source->next_number =
            std::max(source->next_number, static_cast<std::int64_t>(std::clamp(*number, 0.0, 1e15)) + 1);
      }
    }
  }
  world_.add_page(*id, std::move(state), time_of(object, "created_time"), id_in(object, "created_by"));
  return true;
}

bool Importer::take_source(const json::value& object) {
  const auto id = parse_id(find_string(object, "id"));
  const auto* properties = find_object(object, "properties");
  if (!id || !properties || (world_.source(*id) && !stubs_.contains(*id))) return false;
  stubs_.erase(*id);
  stub_source(*id);
  stubs_.erase(*id);
  auto* source = world_.source(*id);
  source->title = rich(object, "title");
  source->description = rich(object, "description");
  source->icon = member(object, "icon");
  source->cover = member(object, "cover");
  source->created = time_of(object, "created_time");
  source->edited = time_of(object, "last_edited_time");
  source->created_by = id_in(object, "created_by");
  source->edited_by = id_in(object, "last_edited_by");
  source->in_trash = find_bool(object, "in_trash");
  const auto guessed = std::exchange(source->properties, {});  // from rows seen before the schema
  for (const auto& property : guessed) {
    const auto same = [&](const auto& member) {
      return percent_decode(find_string(member.value(), "id")) == property.id;
    };
    if (property.synced_id.empty() || std::ranges::any_of(*properties, same)) continue;
    source->properties.push_back(property);
  }
  for (const auto& [name, value] : *properties) {
    source->properties.push_back(import_property(world_, name, value));
    const auto& added = source->properties.back();
    const auto* relation = find(value, "relation");
    const auto database = relation ? parse_id(find_string(*relation, "database_id")) : std::nullopt;
    if (!relation || added.target == *id || world_.source(added.target)) continue;
    stub_source(added.target);
    auto* target = world_.source(added.target);
    if (database) {
      target->database = *database;
      if (!world_.database(*database)) stub_database(*database);
    }
    if (added.dual) {  // the other end is known by its id and name
      Property back;
      back.id = added.synced_id;
      back.key = world_.key_of(back.id);
      back.name = std::string(find_string(*find(*relation, "dual_property"), "synced_property_name"));
      back.type = "relation";
      back.target = *id;
      back.dual = true;
      back.synced_id = added.id;
      target->properties.push_back(std::move(back));
    }
  }
  for (auto& rollup : source->properties) {  // and so is what a rollup looks at
    if (rollup.type != "rollup") continue;
    const auto* relation = source->by_id(rollup.relation_id);
    auto* target = relation ? world_.source(relation->target) : nullptr;
    if (!target || target->by_id(rollup.rollup_id)) continue;
    const auto* config = find((*properties).at(rollup.name), "rollup");
    target->properties.push_back(import_property(world_, find_string(*config, "rollup_property_name"),
                                                 json::object{{"id", rollup.rollup_id}, {"type", "unknown"}}));
  }
  const auto* parent = find(object, "parent");
  const auto database = parent ? parse_id(find_string(*parent, "database_id")) : std::nullopt;
  if (database) {
    source->database = *database;
    if (!world_.database(*database)) {
      stub_database(*database);
      auto* made = world_.database(*database);
      made->sources = {*id};
    }
    if (stubs_.contains(*database)) {
      auto* made = world_.database(*database);
      made->title = source->title;
      made->is_inline = find_bool(object, "is_inline");
      if (const auto* above = find(object, "database_parent")) {
        made->parent = parent_of(json::object{{"parent", *above}});
      }
    }
  }
  sort_properties(*source);
  return true;
}

bool Importer::take_database(const json::value& object) {
  const auto id = parse_id(find_string(object, "id"));
  if (!id || (world_.database(*id) && !stubs_.contains(*id))) return false;
  stub_database(*id);
  stubs_.erase(*id);
  auto* database = world_.database(*id);
  database->parent = parent_of(object);
  database->title = rich(object, "title");
  database->description = rich(object, "description");
  database->icon = member(object, "icon");
  database->cover = member(object, "cover");
  database->created = time_of(object, "created_time");
  database->edited = time_of(object, "last_edited_time");
  database->is_inline = find_bool(object, "is_inline");
  database->in_trash = find_bool(object, "in_trash");
  database->locked = find_bool(object, "is_locked");
  if (const auto* sources = find_array(object, "data_sources")) {
    database->sources.clear();
    for (const auto& one : *sources) {
      const auto source_id = parse_id(find_string(one, "id"));
      if (!source_id) continue;
      database->sources.push_back(*source_id);
      if (world_.source(*source_id)) continue;
      stub_source(*source_id);
      auto* source = world_.source(*source_id);
      source->database = *id;
      source->title = plain_rich_text(find_string(one, "name"));
    }
  }
  return true;
}

bool Importer::take_block(const json::value& object) {
  const auto id = parse_id(find_string(object, "id"));
  const auto type = find_string(object, "type");
  if (!id || type.empty() || world_.block(*id) || world_.page(*id)) return false;
  const auto parent = parent_of(object);
  const auto title = find(object, type) ? find_string(*find(object, type), "title") : std::string_view();
  if (type == "child_page") {
    PageState state;
    state.parent = parent;
    state.in_trash = find_bool(object, "in_trash");
    state.edited = time_of(object, "last_edited_time");
    state.edited_by = id_in(object, "last_edited_by");
    state.set(title_key, plain_rich_text(title));
    world_.add_page(*id, std::move(state), time_of(object, "created_time"), id_in(object, "created_by"));
    return true;
  }
  if (type == "child_database") {
    stub_database(*id);  // a later answer may show it whole
    auto* database = world_.database(*id);
    database->parent = parent;
    database->title = plain_rich_text(title);
    database->created = time_of(object, "created_time");
    database->edited = time_of(object, "last_edited_time");
    database->created_by = id_in(object, "created_by");
    database->edited_by = id_in(object, "last_edited_by");
    world_.adopt(parent, *id);
    return true;
  }
  auto block = std::make_unique<Block>();
  block->id = *id;
  block->parent = parent;
  block->type = std::string(type);
  block->content = member(object, type);
  block->created = time_of(object, "created_time");
  block->edited = time_of(object, "last_edited_time");
  block->created_by = id_in(object, "created_by");
  block->edited_by = id_in(object, "last_edited_by");
  block->in_trash = find_bool(object, "in_trash");
  block->children_unseen = find_bool(object, "has_children");
  world_.blocks[*id] = std::move(block);
  world_.adopt(parent, *id);
  return true;
}

bool Importer::take(const json::value& object) {
  take_people(object);
  const auto kind = find_string(object, "object");
  if (kind == "page") return take_page(object);
  if (kind == "data_source") return take_source(object);
  if (kind == "database") return take_database(object);
  return kind == "block" && take_block(object);
}

void Importer::stub_page(const Id& id) {
  if (!world_.page(id)) world_.add_page(id, PageState{}, 0, {});
}

void Importer::stub_block(const Id& id) {
  if (world_.block(id)) return;
  auto block = std::make_unique<Block>();
  block->id = id;
  block->type = "paragraph";
  block->content = json::object();
  world_.blocks[id] = std::move(block);
}

void Importer::stub_source(const Id& id) {
  if (world_.source(id)) return;
  stubs_.insert(id);
  auto source = std::make_unique<Source>();
  source->id = id;
  world_.sources[id] = std::move(source);
}

void Importer::stub_database(const Id& id) {
  if (world_.database(id)) return;
  stubs_.insert(id);
  auto database = std::make_unique<Database>();
  database->id = id;
  world_.databases[id] = std::move(database);
}

void Importer::take_item(const Id& id, std::string_view property_id, const json::value& answer) {
  take_people(answer);
  auto* page = world_.page(id);
  if (!page) {
    stub_source(id);  // a source of its own, under the page's id
    if (!world_.database(id)) stub_database(id);
    world_.source(id)->database = id;
    PageState state;
    state.parent = {Parent::Kind::source, id};
    page = &world_.add_page(id, std::move(state), 0, {});
  }
  if (page->now->parent.kind != Parent::Kind::source) return;
  auto* source = world_.source(page->now->parent.id);
  const auto decoded = percent_decode(property_id);
  PageState state = *page->now;
  const bool list = find_string(answer, "object") == "list";
  const auto& described = list ? *find(answer, "property_item") : answer;
  const std::string type(find_string(described, "type"));
  auto* property = property_with(*source, decoded);
  if (!property) {
    source->properties.push_back(import_property(world_, decoded, json::object{{"id", decoded}, {"type", type}}));
    sort_properties(*source);
    property = property_with(*source, decoded);
  }
  if (property->type == "rollup") {
    state.set(property->key, member(described, "rollup"));
  } else if (list) {
    json::array values;
    if (find_bool(answer, "has_more") || !find_string(answer, "next_cursor").empty()) {
      if (const auto* cell = state.cell(property->key); cell && cell->is_array()) values = cell->get_array();
      for (const auto& id : state.links(property->key).all()) values.push_back(json::object{{"id", id.text()}});
    }
    for (const auto& one : *find_array(answer, "results")) values.push_back(member(one, type));
    state.keep(*property, kept(*property, values));
  } else {
    if (type == "created_time") page->created = parse_time(find_string(answer, type)).value_or(Timestamp{}).ms;
    if (type == "last_edited_time") state.edited = parse_time(find_string(answer, type)).value_or(Timestamp{}).ms;
    if (type == "created_by") page->created_by = id_in(answer, type);
    if (type == "last_edited_by") state.edited_by = id_in(answer, type);
    state.keep(*property, kept(*property, member(answer, type)));
  }
  page->now = std::make_shared<const PageState>(std::move(state));
}

}  // namespace rowpage::sandbox
