#include "sandbox/pages.h"

#include <algorithm>

#include <fmt/format.h>

#include "sandbox/blocks.h"
#include "sandbox/relations.h"
#include "sandbox/rich_text.h"
#include "sandbox/values.h"

namespace rowpage::sandbox {
namespace {

const Source* source_of(const World& world, const PageState& state) {
  return state.parent.kind == Parent::Kind::source ? world.source(state.parent.id) : nullptr;
}

Outcome<void> known_fields(const json::value& body, std::initializer_list<std::string_view> fields) {
  if (!body.is_object()) return should_be("body", "an object", &body);
  for (const auto& [key, value] : body.get_object()) {
    if (std::ranges::find(fields, std::string_view(key)) == fields.end()) {
      return should_be(fmt::format("body.{}", std::string_view(key)), "not present", &value);
    }
  }
  return {};
}

Outcome<void> read_look(const Call& call, PageState& state, const json::value& body) {
  if (const auto* icon = find(body, "icon")) {
    auto kept = read_picture(call, *icon, "body.icon");
    if (!kept) return tl::unexpected(kept.error());
    state.icon = std::move(*kept);
  }
  if (const auto* cover = find(body, "cover")) {
    auto kept = read_picture(call, *cover, "body.cover");
    if (!kept) return tl::unexpected(kept.error());
    state.cover = std::move(*kept);
  }
  return {};
}

std::string slug(std::string_view title) {
  std::string out;
  for (const char c : title) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  if (!out.empty() && out.back() != '-') out += '-';
  return out;
}

json::value property_item_value(const Call& call, const Page& page, const Source& source, const Property& property) {
  return show_bare(call, page, *page.now, source, property, true);
}

}  // namespace

std::string page_title(const World& world, const Page& page) {
  const auto* cell = page.now->cell(title_key);
  return cell ? plain_text(world, *cell) : std::string();
}

std::string page_url(const World& world, const Page& page, const PageState& state) {
  const auto* cell = state.cell(title_key);
  return "https://www.notion.so/" + slug(cell ? plain_text(world, *cell) : std::string()) + page.id.plain();
}

json::object show_page(const Call& call, const Page& page, const PageState& state,
                       const std::vector<std::string>* only) {
  json::object properties;
  if (const auto* source = source_of(call.world, state)) {
    properties.reserve(source->properties.size());
    for (const auto& property : source->properties) {
      if (only && std::ranges::find(*only, property.id) == only->end()) continue;
      if (property.type == "relation" && !call.person && !call.world.shared({Parent::Kind::source, property.target}))
        continue;
      properties[property.name] = show_value(call, page, state, *source, property);
    }
  } else {
    const auto* cell = state.cell(title_key);
    properties["title"] =
        json::object{{"id", "title"},
                     {"type", "title"},
                     {"title", cell ? show_rich_text(call.world, *cell, call.habits.inline_items) : json::array()}};
  }
  const bool in_trash = state.in_trash || call.world.trashed(state.parent);
  json::object shown;
  shown.reserve(17);
  shown["object"] = "page";
  shown["id"] = page.id.text();
  shown["created_time"] = format_utc(page.created);
  shown["last_edited_time"] = format_utc(state.edited);
  shown["created_by"] = short_user(page.created_by);
  shown["last_edited_by"] = short_user(state.edited_by);
  shown["cover"] = state.cover;
  shown["icon"] = state.icon;
  shown["parent"] = show_parent(call.world, state.parent);
  shown["in_trash"] = in_trash;
  shown["is_archived"] = state.archived;
  shown["is_locked"] = state.locked;
  shown["properties"] = std::move(properties);
  shown["url"] = page_url(call.world, page, state);
  shown["public_url"] = nullptr;
  add_archived(call, shown, in_trash);
  return shown;
}

Outcome<std::optional<std::vector<std::string>>> read_filter_properties(const Call& call, const Source* source) {
  std::optional<std::vector<std::string>> only;
  for (const auto& [key, value] : call.request.query) {
    if (key != "filter_properties" && key != "filter_properties[]") continue;
    if (!only) only.emplace();
    const auto* property = source ? source->find(value) : nullptr;
    if (source && !property) return invalid(fmt::format("{} is not a property that exists.", value));
    only->push_back(property ? property->id : value);
  }
  return only;
}

Outcome<Page*> find_page(const Call& call, const Id& id) {
  auto* page = call.world.page(id);
  if (!page || !call.sees({Parent::Kind::page, id})) return not_found("page", id);
  return page;
}

void commit(Call& call, Page& page, PageState state) {
  state.written = call.now;
  state.edited = call.stamp();
  state.edited_by = call.actor;
  const auto before = page.now;
  call.world.publish(page, std::move(state), call.keep_ms());
  if (const auto* source = source_of(call.world, *page.now)) sync_back_ends(call, page, *source, *before);
}

Outcome<json::object> get_page(Call& call, const Id& id) {
  const auto page = find_page(call, id);
  if (!page) return tl::unexpected(page.error());
  const auto only = read_filter_properties(call, source_of(call.world, *(*page)->now));
  if (!only) return tl::unexpected(only.error());
  return show_page(call, **page, *(*page)->now, *only ? &**only : nullptr);
}

Outcome<json::object> create_page(Call& call) {
  const auto& body = call.request.body;
  if (auto good = known_fields(body, {"parent", "properties", "icon", "cover", "children", "content", "markdown",
                                      "template", "position", "allow_async"});
      !good) {
    return tl::unexpected(good.error());
  }
  auto parent = read_parent(call, find(body, "parent"), "body.parent");
  if (!parent) return tl::unexpected(parent.error());
  if (parent->kind == Parent::Kind::database) {
    const auto* database = call.world.database(parent->id);
    if (database->sources.size() != 1) {
      return invalid(
          "Databases with multiple data sources are not supported as a page's parent: name a data_source_id.");
    }
    parent = Parent{Parent::Kind::source, database->sources.front()};
  }
  if (call.world.trashed(*parent)) {
    return invalid("Can't create a page in a parent that is archived. You must unarchive the parent first.");
  }
  PageState state;
  state.parent = *parent;
  state.written = call.now;
  state.edited = call.stamp();
  state.edited_by = call.actor;
  auto* source = parent->kind == Parent::Kind::source ? call.world.source(parent->id) : nullptr;
  const auto only = read_filter_properties(call, source);
  if (!only) return tl::unexpected(only.error());
  if (const auto* properties = find(body, "properties")) {
    auto good = source ? write_properties(call, *source, state, *properties) : write_title(call, state, *properties);
    if (!good) return tl::unexpected(good.error());
  } else if (!source && !find(body, "markdown") && !find(body, "children")) {
    return should_be("body.properties", "defined", nullptr);
  }
  if (auto good = read_look(call, state, body); !good) return tl::unexpected(good.error());
  const auto* children = find(body, "children") ? find(body, "children") : find(body, "content");
  if (children && find(body, "template") && find_string(*find(body, "template"), "type") != "none") {
    return should_be("body.children", "not present", children);
  }
  std::vector<NewBlock> blocks;
  if (children) {
    auto read = read_blocks(call, *children, "body.children");
    if (!read) return tl::unexpected(read.error());
    blocks = std::move(*read);
  }
  if (const auto* markdown = find(body, "markdown")) {
    if (!markdown->is_string()) return should_be("body.markdown", "a string", markdown);
    blocks = blocks_from_markdown(markdown->get_string(), source ? nullptr : &state);
  }
  if (source) fill_defaults(*source, state);
  auto& page = call.world.add_page(call.world.ids.next(), std::move(state), call.stamp(), call.actor);
  if (const auto* position = find(body, "position"); position && !source) place_page(call, page, *position);
  add_blocks(call, {Parent::Kind::page, page.id}, blocks);
  if (source) {
    static const PageState nothing;
    sync_back_ends(call, page, *source, nothing);
  }
  return show_page(call, page, *page.now, *only ? &**only : nullptr);
}

Outcome<json::object> update_page(Call& call, const Id& id) {
  const auto found = find_page(call, id);
  if (!found) return tl::unexpected(found.error());
  Page& page = **found;
  const auto& body = call.request.body;
  if (auto good = known_fields(body, {"properties", "icon", "cover", "is_locked", "in_trash", "archived", "is_archived",
                                      "template", "erase_content"});
      !good) {
    return tl::unexpected(good.error());
  }
  if (call.newest && find(body, "archived")) return should_be("body.archived", "not present", find(body, "archived"));
  auto* source = const_cast<Source*>(source_of(call.world, *page.now));
  const auto only = read_filter_properties(call, source);
  if (!only) return tl::unexpected(only.error());
  PageState state = *page.now;
  const auto* trash = call.trash_flag();
  if (trash && !trash->is_bool()) return should_be("body.in_trash", "a boolean or `undefined`", trash);
  const bool ancestor_trashed = call.world.trashed(state.parent);
  // Restoring is a request of its own: nothing else may come with it.
  if ((state.in_trash || ancestor_trashed) && !(trash && body.get_object().size() == 1)) {
    return invalid("Can't edit block that is archived. You must unarchive the block before editing.");
  }
  if (trash && !trash->get_bool() && ancestor_trashed) {
    return invalid("Can't unarchive a page whose ancestor is archived. You must unarchive the ancestor first.");
  }
  if (trash) state.in_trash = trash->get_bool();
  if (const auto* archived = find(body, "is_archived")) {
    if (!archived->is_bool()) return should_be("body.is_archived", "a boolean or `undefined`", archived);
    state.archived = archived->get_bool();
  }
  if (const auto* locked = find(body, "is_locked")) {
    if (!locked->is_bool()) return should_be("body.is_locked", "a boolean or `undefined`", locked);
    state.locked = locked->get_bool();
  }
  if (const auto* properties = find(body, "properties")) {
    auto good = source ? write_properties(call, *source, state, *properties) : write_title(call, state, *properties);
    if (!good) return tl::unexpected(good.error());
  }
  if (auto good = read_look(call, state, body); !good) return tl::unexpected(good.error());
  if (find_bool(body, "erase_content")) page.children.clear();
  commit(call, page, std::move(state));
  return show_page(call, page, *page.now, *only ? &**only : nullptr);
}

Outcome<json::object> move_page(Call& call, const Id& id) {
  const auto found = find_page(call, id);
  if (!found) return tl::unexpected(found.error());
  Page& page = **found;
  auto parent = read_parent(call, find(call.request.body, "parent"), "body.parent");
  if (!parent) return tl::unexpected(parent.error());
  if (parent->kind == Parent::Kind::database || parent->kind == Parent::Kind::workspace) {
    return should_be("body.parent.data_source_id", "defined", nullptr);
  }
  if (page.now->in_trash)
    return invalid("Can't edit block that is archived. You must unarchive the block before editing.");
  PageState state = *page.now;
  const auto* from = source_of(call.world, state);
  const auto* to = parent->kind == Parent::Kind::source ? call.world.source(parent->id) : nullptr;
  if (from && to) {  // values follow where name and type agree; the others become invisible
    for (const auto& property : from->properties) {
      const auto* same = to->by_name(property.name);
      if (!same || same->type != property.type || same->key == property.key) continue;
      const auto* cell = state.cell(property.key);
      if (cell) state.set(same->key, json::value(*cell));
      if (const Links& links = state.links(property.key); !links.empty()) state.set_links(same->key, Links(links));
    }
  }
  call.world.disown(state.parent, id);
  state.parent = *parent;
  call.world.adopt(*parent, id);
  commit(call, page, std::move(state));
  return show_page(call, page, *page.now);
}

Outcome<json::object> get_property_item(Call& call, const Id& id, std::string_view property_id) {
  const auto found = find_page(call, id);
  if (!found) return tl::unexpected(found.error());
  const Page& page = **found;
  const auto* source = source_of(call.world, *page.now);
  static const Source plain = [] {
    Source only_title;
    only_title.properties.push_back({title_key, "title", "title", "title"});
    return only_title;
  }();
  if (!source) source = &plain;
  const auto decoded = percent_decode(property_id);
  const auto* property = source->by_id(decoded) ? source->by_id(decoded) : source->by_name(decoded);
  if (!property) return invalid(fmt::format("{} is not a property that exists.", decoded));
  const auto paging = read_paging(call, false);
  if (!paging) return tl::unexpected(paging.error());
  const std::string& type = property->type;
  const auto encoded = encode_property_id(property->id);
  const auto item = [&](std::string_view item_type, json::value value) {
    return json::object{
        {"object", "property_item"}, {"type", item_type}, {"id", encoded}, {item_type, std::move(value)}};
  };
  const bool linked = type == "relation";  // there may be thousands: only those asked for are written out
  const bool listed = linked || type == "title" || type == "rich_text" || type == "people" || type == "rollup";
  const auto targets = linked ? visible_targets(call, *property, *page.now) : std::vector<Id>();
  auto value = linked ? json::value(json::array()) : property_item_value(call, page, *source, *property);
  if (!listed) {
    return item(type, std::move(value));
  }
  json::array all;
  json::value summary = json::object();
  if (type == "rollup") {
    summary = value;
    const auto* relation = source->by_id(property->relation_id);
    const auto* related = relation ? call.world.source(relation->target) : nullptr;
    const auto* target = related ? related->by_id(property->rollup_id) : nullptr;
    if (target) {
      for (const auto& to : page.now->links(relation->key).all()) {
        const auto* other = call.world.page(to);
        if (!other || other->now->in_trash) continue;
        all.push_back(json::object{{"object", "property_item"},
                                   {"type", target->type},
                                   {"id", encode_property_id(target->id)},
                                   {target->type, show_bare(call, *other, *other->now, *related, *target, true)}});
      }
    }
    if (find(summary, "array")) summary.get_object()["array"] = json::array();
  } else {
    for (auto& part : value.get_array()) all.push_back(item(type, std::move(part)));
  }
  const std::string list = fmt::format("item {} {}", id.text(), property->id);
  const auto offset = read_cursor(call, list, paging->cursor);
  if (!offset) return tl::unexpected(offset.error());
  json::array results;
  const std::size_t total = linked ? targets.size() : all.size();
  for (std::size_t i = *offset; i < total && results.size() < paging->size; ++i)
    results.push_back(linked ? item(type, json::object{{"id", targets[i].text()}}) : std::move(all[i]));
  std::optional<std::string> next;
  if (*offset + results.size() < total) next = make_cursor(call, list, *offset + results.size());
  auto shown = show_list(std::move(results), next, "property_item");
  const auto url = fmt::format("https://api.notion.com/v1/pages/{}/properties/{}?start_cursor={}", id.text(), encoded,
                               next.value_or(""));
  if (type == "rollup" && next) {
    summary = json::object{{"type", "incomplete"}, {"incomplete", json::object()}, {"function", property->function}};
  }
  shown["property_item"] = json::object{{"id", encoded},
                                        {"next_url", next ? json::value(url) : json::value()},
                                        {"type", type},
                                        {type, std::move(summary)}};
  return shown;
}

}  // namespace rowpage::sandbox
