#include "sandbox/blocks.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sandbox/pages.h"
#include "sandbox/rich_text.h"
#include "sandbox/sources.h"

namespace rowpage::sandbox {
namespace {

constexpr std::size_t array_max = 100;

// What each type of block is filled up with when the client leaves it out. Null stands for an empty rich text.
const std::map<std::string_view, json::object>& defaults() {
  static const json::object text{{"rich_text", nullptr}, {"color", "default"}};
  static const json::object heading{{"rich_text", nullptr}, {"is_toggleable", false}, {"color", "default"}};
  static const json::object media{{"caption", nullptr}};
  static const std::map<std::string_view, json::object> all = {
      {"paragraph", {{"rich_text", nullptr}, {"icon", json::value()}, {"color", "default"}}},
      {"heading_1", heading},
      {"heading_2", heading},
      {"heading_3", heading},
      {"heading_4", heading},
      {"bulleted_list_item", text},
      {"numbered_list_item", text},
      {"quote", text},
      {"toggle", text},
      {"to_do", {{"rich_text", nullptr}, {"checked", false}, {"color", "default"}}},
      {"callout", {{"rich_text", nullptr}, {"icon", json::value()}, {"color", "default"}}},
      {"code", {{"caption", nullptr}, {"rich_text", nullptr}, {"language", "plain text"}}},
      {"bookmark", media},
      {"embed", media},
      {"image", media},
      {"video", media},
      {"pdf", media},
      {"file", media},
      {"audio", media},
      {"equation", {}},
      {"divider", {}},
      {"breadcrumb", {}},
      {"table_of_contents", {{"color", "default"}}},
      {"column_list", {}},
      {"column", {}},
      {"tab", {}},
      {"table", {{"has_column_header", false}, {"has_row_header", false}}},
      {"table_row", {}},
      {"synced_block", {}},
      {"link_to_page", {}},
      {"template", text}};
  return all;
}

bool is_rich_text(std::string_view key) {
  return key == "rich_text" || key == "caption";
}

Outcome<json::object> read_content(const Call& call, std::string_view type, const json::value& in,
                                   const std::string& place, json::object content) {
  if (!in.is_object()) return should_be(place, "an object", &in);
  for (const auto& [key, value] : in.get_object()) {
    if (key == "children") continue;
    if (is_rich_text(key)) {
      auto kept = read_rich_text(call, value, fmt::format("{}.{}", place, std::string_view(key)));
      if (!kept) return tl::unexpected(kept.error());
      content[key] = std::move(*kept);
    } else if (key == "cells" && value.is_array()) {
      json::array cells;
      for (const auto& cell : value.get_array()) {
        auto kept = read_rich_text(call, cell, fmt::format("{}.cells", place));
        if (!kept) return tl::unexpected(kept.error());
        cells.push_back(std::move(*kept));
      }
      content["cells"] = std::move(cells);
    } else if (key == "file_upload") {
      auto kept = read_picture(call, in, place);
      if (!kept) return tl::unexpected(kept.error());
      for (const auto& [inner, shown] : kept->get_object()) content[inner] = shown;
    } else if (key == "external" || key == "file") {
      content["type"] = key;
      content[key] = value;
    } else if (key == "icon" && value.is_object()) {
      auto kept = read_picture(call, value, place + ".icon");
      if (!kept) return tl::unexpected(kept.error());
      content["icon"] = std::move(*kept);
    } else if (key == "type" && (find(in, "file_upload"))) {
      continue;
    } else if (key == "name" && type != "file") {
      continue;
    } else {
      content[key] = value;
    }
  }
  if (type == "file" && !content.contains("name")) {
    const auto* external = content.if_contains("external");
    const auto url = external ? std::string(find_string(*external, "url")) : std::string("file");
    content["name"] = url.substr(url.rfind('/') + 1);
  }
  return content;
}

// Rich text is kept short inside a block too; here it gets its long form.
json::object show_content(const World& world, const json::object& kept) {
  json::object shown;
  for (const auto& [key, value] : kept) {
    if (is_rich_text(key)) {
      shown[key] = show_rich_text(world, value);
    } else if (key == "cells") {
      json::array cells;
      for (const auto& cell : value.get_array()) cells.push_back(show_rich_text(world, cell));
      shown["cells"] = std::move(cells);
    } else {
      shown[key] = value;
    }
  }
  return shown;
}

std::vector<Id>* children_of(const Call& call, const Id& id) {
  if (auto* page = call.world.page(id)) return &page->children;
  if (auto* block = call.world.block(id)) return &block->children;
  return nullptr;
}

bool live(const World& world, const Id& id) {
  if (const auto* block = world.block(id)) return !block->in_trash;
  if (const auto* page = world.page(id)) return !page->now->in_trash;
  if (const auto* database = world.database(id)) return !database->in_trash;
  return false;
}

bool has_children(const World& world, const std::vector<Id>& children) {
  return std::ranges::any_of(children, [&](const Id& id) { return live(world, id); });
}

// A synced block shows the children of the block it is synced from.
const std::vector<Id>& children_shown(const World& world, const Block& block) {
  if (block.type != "synced_block") return block.children;
  const auto* from = find(block.content, "synced_from");
  const auto id = from ? parse_id(find_string(*from, "block_id")) : std::nullopt;
  const auto* original = id ? world.block(*id) : nullptr;
  return original ? original->children : block.children;
}

bool visible(const Call& call, const Id& id) {
  if (call.world.page(id)) return call.sees({Parent::Kind::page, id});
  if (call.world.database(id)) return call.sees({Parent::Kind::database, id});
  return call.world.block(id) && call.sees({Parent::Kind::block, id});
}

Parent as_parent(const Call& call, const Id& id) {
  return {call.world.page(id) ? Parent::Kind::page : Parent::Kind::block, id};
}

Outcome<json::object> set_trash(Call& call, const Id& id, bool in_trash) {
  if (auto* page = call.world.page(id)) {
    PageState state = *page->now;
    state.in_trash = in_trash;
    commit(call, *page, std::move(state));
  } else if (auto* database = call.world.database(id)) {
    database->in_trash = in_trash;
    database->edited_by = call.actor;
  } else {
    auto* block = call.world.block(id);
    block->in_trash = in_trash;
    block->edited = call.stamp();
    block->edited_by = call.actor;
  }
  return show_block(call, id).get_object();
}

}  // namespace

Outcome<std::vector<NewBlock>> read_blocks(const Call& call, const json::value& in, std::string_view place, int depth) {
  if (!in.is_array()) return should_be(place, "an array", &in);
  if (in.get_array().size() > array_max) {
    return invalid(fmt::format("body failed validation: {}.length should be ≤ `{}`, instead was `{}`.", place,
                               array_max, in.get_array().size()));
  }
  if (depth > 8) return invalid(fmt::format("body failed validation: {} is nested too deep.", place));
  std::vector<NewBlock> blocks;
  for (std::size_t i = 0; i < in.get_array().size(); ++i) {
    const auto& one = in.get_array()[i];
    const auto here = fmt::format("{}[{}]", place, i);
    if (!one.is_object()) return should_be(here, "an object", &one);
    NewBlock block;
    for (const auto& [type, content] : defaults()) {
      if (find(one, type)) block.type = std::string(type);
    }
    if (block.type.empty()) {
      std::string lines = "body failed validation. Fix one:";
      for (const auto& [type, content] : defaults()) {
        lines += fmt::format("\n{}.{} should be defined, instead was `undefined`.", here, type);
      }
      return invalid(lines);
    }
    const auto& content = *find(one, block.type);
    json::object filled;
    for (const auto& [key, value] : defaults().at(block.type)) {
      filled[key] = value.is_null() && is_rich_text(key) ? json::value(json::array()) : value;
    }
    auto kept = read_content(call, block.type, content, here + "." + block.type, std::move(filled));
    if (!kept) return tl::unexpected(kept.error());
    block.content = std::move(*kept);
    const auto* children = find(content, "children") ? find(content, "children") : find(one, "children");
    if (children) {
      auto inner = read_blocks(call, *children, here + ".children", depth + 1);
      if (!inner) return inner;
      block.children = std::move(*inner);
    }
    if (block.type == "column_list") {  // columns share the width evenly unless said otherwise
      for (auto& column : block.children) {
        if (column.type == "column" && !column.content.contains("width_ratio") && block.children.size() > 2) {
          column.content["width_ratio"] = 1.0 / static_cast<double>(block.children.size());
        }
      }
    }
    blocks.push_back(std::move(block));
  }
  return blocks;
}

std::vector<Id> add_blocks(Call& call, const Parent& parent, const std::vector<NewBlock>& blocks, const Id* after,
                           bool at_start) {
  std::vector<Id> ids;
  Id previous;
  for (const auto& one : blocks) {
    auto block = std::make_unique<Block>();
    block->id = call.world.ids.next();
    block->parent = parent;
    block->type = one.type;
    block->content = one.content;
    block->created = block->edited = call.stamp();
    block->created_by = block->edited_by = call.actor;
    const Id id = block->id;
    call.world.blocks[id] = std::move(block);
    if (!ids.empty() && (after || at_start)) {
      call.world.adopt(parent, id, &previous);
    } else {
      call.world.adopt(parent, id, after, at_start);
    }
    add_blocks(call, {Parent::Kind::block, id}, one.children);
    ids.push_back(id);
    previous = id;
  }
  return ids;
}

json::value show_block(const Call& call, const Id& id) {
  json::object shown{{"object", "block"}, {"id", id.text()}};
  const auto common = [&](const Parent& parent, Millis created, Millis edited, const Id& created_by,
                          const Id& edited_by, bool children, bool in_trash, std::string_view type,
                          json::value content) {
    shown["parent"] = show_parent(call.world, parent);
    shown["created_time"] = format_utc(created);
    shown["last_edited_time"] = format_utc(edited);
    shown["created_by"] = short_user(created_by);
    shown["last_edited_by"] = short_user(edited_by);
    shown["has_children"] = children;
    shown["in_trash"] = in_trash;
    shown["type"] = type;
    shown[type] = std::move(content);
    add_archived(call, shown, in_trash);
  };
  if (const auto* page = call.world.page(id)) {
    const auto& state = *page->now;
    common(state.parent, page->created, state.edited, page->created_by, state.edited_by,
           has_children(call.world, page->children), state.in_trash || call.world.trashed(state.parent), "child_page",
           json::object{{"title", page_title(call.world, *page)}});
    return shown;
  }
  if (const auto* database = call.world.database(id)) {
    common(database->parent, floor_minute(database->created), floor_minute(database->edited), database->created_by,
           database->edited_by, false, database->in_trash || call.world.trashed(database->parent), "child_database",
           json::object{{"title", plain_text(call.world, shown_title(*database))}});
    return shown;
  }
  const auto* block = call.world.block(id);
  if (!block) return nullptr;
  common(block->parent, block->created, block->edited, block->created_by, block->edited_by,
         block->children_unseen || has_children(call.world, children_shown(call.world, *block)),
         block->in_trash || call.world.trashed(block->parent), block->type,
         block->content.is_object() ? show_content(call.world, block->content.get_object()) : json::object());
  return shown;
}

void place_page(Call& call, Page& page, const json::value& position) {
  const auto type = find_string(position, "type");
  const Parent parent = page.now->parent;
  call.world.disown(parent, page.id);
  if (type == "after_block") {
    const auto* target = find(position, "after_block");
    const auto after = target ? parse_id(find_string(*target, "id")) : std::nullopt;
    call.world.adopt(parent, page.id, after ? &*after : nullptr);
  } else {
    call.world.adopt(parent, page.id, nullptr, type == "page_start");
  }
}

Outcome<json::object> get_block(Call& call, const Id& id) {
  if (!visible(call, id)) return not_found("block", id);
  return show_block(call, id).get_object();
}

Outcome<json::object> update_block(Call& call, const Id& id) {
  if (!visible(call, id)) return not_found("block", id);
  const auto& body = call.request.body;
  if (!body.is_object()) return should_be("body", "an object", &body);
  const auto* flag = call.trash_flag();
  if (flag && flag->is_bool()) {
    auto done = set_trash(call, id, flag->get_bool());
    if (!done || body.get_object().size() == 1) return done;
  }
  auto* block = call.world.block(id);
  if (!block) return invalid("Updating a child page or database is done through its own endpoint.");
  if (block->in_trash)
    return invalid("Can't edit block that is archived. You must unarchive the block before editing.");
  const auto* content = find(body, block->type);
  if (!content) {
    return invalid(
        fmt::format("body failed validation: body.{} should be defined, instead was `undefined`.", block->type));
  }
  json::object before = block->content.is_object() ? block->content.get_object() : json::object();
  auto kept = read_content(call, block->type, *content, "body." + block->type, std::move(before));
  if (!kept) return tl::unexpected(kept.error());
  block->content = std::move(*kept);
  block->edited = call.stamp();
  block->edited_by = call.actor;
  return show_block(call, id).get_object();
}

Outcome<json::object> delete_block(Call& call, const Id& id) {
  if (!visible(call, id)) return not_found("block", id);
  return set_trash(call, id, true);
}

namespace {

Outcome<json::object> list_children(Call& call, const std::vector<Id>& children, const std::string& name,
                                    const Paging& paging) {
  const auto offset = read_cursor(call, name, paging.cursor);
  if (!offset) return tl::unexpected(offset.error());
  json::array results;
  std::size_t at = *offset;
  for (; at < children.size() && results.size() < paging.size; ++at) {
    if (live(call.world, children[at])) results.push_back(show_block(call, children[at]));
  }
  while (at < children.size() && !live(call.world, children[at])) ++at;
  std::optional<std::string> next;
  if (at < children.size()) next = make_cursor(call, name, at);
  return show_list(std::move(results), next, "block");
}

}  // namespace

Outcome<json::object> get_children(Call& call, const Id& id) {
  if (!visible(call, id)) return not_found("block", id);
  const auto paging = read_paging(call, false);
  if (!paging) return tl::unexpected(paging.error());
  static const std::vector<Id> none;
  const auto* block = call.world.block(id);
  const auto* children = block ? &children_shown(call.world, *block) : children_of(call, id);
  return list_children(call, children ? *children : none, "children " + id.text(), *paging);
}

Outcome<json::object> append_children(Call& call, const Id& id) {
  if (!visible(call, id)) return not_found("block", id);
  const auto* in = find(call.request.body, "children");
  if (!in) return should_be("body.children", "defined", nullptr);
  if (call.newest && find(call.request.body, "after")) {
    return should_be("body.after", "not present", find(call.request.body, "after"));
  }
  if (!children_of(call, id)) return invalid("Block does not support children.");
  auto blocks = read_blocks(call, *in, "body.children");
  if (!blocks) return tl::unexpected(blocks.error());
  std::optional<Id> after = parse_id(find_string(call.request.body, "after"));
  bool at_start = false;
  if (const auto* position = find(call.request.body, "position")) {
    at_start = find_string(*position, "type") == "start";
    if (const auto* target = find(*position, "after_block")) after = parse_id(find_string(*target, "id"));
  }
  const auto& list = *children_of(call, id);
  if (after && std::ranges::find(list, *after) == list.end()) return not_found("block", *after);
  const auto ids = add_blocks(call, as_parent(call, id), *blocks, after ? &*after : nullptr, at_start);
  // The answer lists the new blocks and, when they were put in the middle, those that follow.
  std::vector<Id> shown = ids;
  if (after || at_start) {
    const auto& now = *children_of(call, id);
    auto rest = ids.empty() ? now.end() : std::ranges::find(now, ids.back());
    for (rest = rest == now.end() ? rest : rest + 1; rest != now.end(); ++rest) shown.push_back(*rest);
  }
  return list_children(call, shown, "appended " + id.text(), Paging{shown.size() + 1, {}});
}

}  // namespace rowpage::sandbox
