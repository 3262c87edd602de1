// Page bodies as Markdown, and the small services beside them: asynchronous tasks and file uploads.
#include <algorithm>

#include <fmt/format.h>

#include "sandbox/blocks.h"
#include "sandbox/pages.h"
#include "sandbox/rich_text.h"

namespace rowpage::sandbox {
namespace {

struct Mark {
  std::string_view prefix;
  std::string_view type;
};
constexpr Mark marks[] = {
    {"#### ", "heading_4"},        {"### ", "heading_3"}, {"## ", "heading_2"},         {"# ", "heading_1"},
    {"- [ ] ", "to_do"},           {"- [x] ", "to_do"},   {"- ", "bulleted_list_item"}, {"* ", "bulleted_list_item"},
    {"1. ", "numbered_list_item"}, {"> ", "quote"}};

NewBlock text_block(std::string_view type, std::string_view text) {
  NewBlock block;
  block.type = std::string(type);
  block.content["rich_text"] = plain_rich_text(text);
  if (type.starts_with("heading_")) block.content["is_toggleable"] = false;
  if (type == "paragraph") block.content["icon"] = nullptr;
  block.content["color"] = "default";
  return block;
}

json::object page_markdown(const Call& call, const Page& page) {
  return {{"object", "page_markdown"},
          {"id", page.id.text()},
          {"markdown", markdown_from_blocks(call.world, page.children)},
          {"truncated", false},
          {"unknown_block_ids", json::array()}};
}

// Replaces the body by `markdown`; pages and databases below stay where they are.
void replace_body(Call& call, Page& page, std::string_view markdown) {
  std::erase_if(page.children, [&](const Id& id) { return call.world.block(id) != nullptr; });
  add_blocks(call, {Parent::Kind::page, page.id}, blocks_from_markdown(markdown));
}

Outcome<std::string> updated_text(const json::value& updates, std::string text) {
  if (!updates.is_array() || updates.get_array().empty() || updates.get_array().size() > 100) {
    return should_be("body.update_content.content_updates", "an array of 1 to 100 updates", &updates);
  }
  for (const auto& update : updates.get_array()) {
    const std::string from(find_string(update, "old_str")), to(find_string(update, "new_str"));
    const auto at = from.empty() ? std::string::npos : text.find(from);
    if (at == std::string::npos) return invalid(fmt::format("old_str was not found in the page: {}", from));
    const bool all = find_bool(update, "replace_all_matches");
    if (!all && text.find(from, at + 1) != std::string::npos) {
      return invalid(fmt::format("old_str matches more than once; set replace_all_matches: {}", from));
    }
    for (auto next = at; next != std::string::npos;
         next = all ? text.find(from, next + to.size()) : std::string::npos) {
      text.replace(next, from.size(), to);
    }
  }
  return text;
}

}  // namespace

std::vector<NewBlock> blocks_from_markdown(std::string_view markdown, PageState* title_to) {
  std::vector<NewBlock> blocks;
  std::string code;
  bool in_code = false;
  std::string language;
  for (std::size_t at = 0; at <= markdown.size();) {
    const auto end = std::min(markdown.find('\n', at), markdown.size());
    const auto line = markdown.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("```")) {
      if (in_code) {
        NewBlock block;
        block.type = "code";
        block.content = {{"caption", json::array()}, {"rich_text", plain_rich_text(code)}, {"language", language}};
        blocks.push_back(std::move(block));
      }
      language = line.size() > 3 ? std::string(line.substr(3)) : "plain text";
      code.clear();
      in_code = !in_code;
      continue;
    }
    if (in_code) {
      code += (code.empty() ? "" : "\n") + std::string(line);
      continue;
    }
    if (line.empty() || line == "<empty-block/>") continue;
    if (line == "---") {
      blocks.push_back({"divider", {}, {}});
      continue;
    }
    const auto mark = std::ranges::find_if(marks, [&](const Mark& one) { return line.starts_with(one.prefix); });
    if (mark == std::end(marks)) {
      blocks.push_back(text_block("paragraph", line));
      continue;
    }
    const auto text = line.substr(mark->prefix.size());
    if (title_to && mark->type == "heading_1" && blocks.empty() && !title_to->cell(title_key)) {
      title_to->set(title_key, plain_rich_text(text));
      continue;
    }
    blocks.push_back(text_block(mark->type, text));
    if (mark->type == "to_do") blocks.back().content["checked"] = mark->prefix == "- [x] ";
  }
  return blocks;
}

std::string markdown_from_blocks(const World& world, const std::vector<Id>& children, int depth) {
  std::string out;
  int number = 0;
  for (const auto& id : children) {
    const auto* block = world.block(id);
    if (!block || block->in_trash || depth > 8) continue;
    const auto* rich = find(block->content, "rich_text");
    const auto text = rich ? plain_text(world, *rich) : std::string();
    number = block->type == "numbered_list_item" ? number + 1 : 0;
    std::string line;
    if (block->type == "divider") {
      line = "---";
    } else if (block->type == "code") {
      line = fmt::format("```{}\n{}\n```", find_string(block->content, "language"), text);
    } else if (block->type == "to_do") {
      line = (find_bool(block->content, "checked") ? "- [x] " : "- [ ] ") + text;
    } else if (block->type == "numbered_list_item") {
      line = fmt::format("{}. {}", number, text);
    } else if (block->type == "paragraph" && text.empty()) {
      line = "<empty-block/>";
    } else {
      const auto mark = std::ranges::find(marks, std::string_view(block->type), &Mark::type);
      line = (mark == std::end(marks) ? std::string() : std::string(mark->prefix)) + text;
    }
    out += (out.empty() ? "" : "\n") + std::string(static_cast<std::size_t>(depth), '\t') + line;
    const auto inner = markdown_from_blocks(world, block->children, depth + 1);
    if (!inner.empty()) out += "\n" + inner;
  }
  return out;
}

Outcome<json::object> get_markdown(Call& call, const Id& id) {
  const auto page = find_page(call, id);
  if (!page) return tl::unexpected(page.error());
  return page_markdown(call, **page);
}

Outcome<json::object> update_markdown(Call& call, const Id& id) {
  const auto found = find_page(call, id);
  if (!found) return tl::unexpected(found.error());
  Page& page = **found;
  const auto& body = call.request.body;
  const auto type = find_string(body, "type");
  const auto* part = find(body, type);
  if (type.empty() || !part || !part->is_object())
    return should_be("body.type", "a kind of update with its part", find(body, "type"));
  if (page.now->in_trash)
    return invalid("Can't edit block that is archived. You must unarchive the block before editing.");
  if (type == "insert_content") {
    add_blocks(call, {Parent::Kind::page, id}, blocks_from_markdown(find_string(*part, "content")));
  } else if (type == "replace_content") {
    replace_body(call, page, find_string(*part, "new_str"));
  } else if (type == "update_content" || type == "replace_content_range") {
    const auto* updates = find(*part, "content_updates");
    const json::value range = json::array{
        json::object{{"old_str", find_string(*part, "content_range")}, {"new_str", find_string(*part, "content")}}};
    auto text = updated_text(type == "update_content" ? (updates ? *updates : json::value()) : range,
                             markdown_from_blocks(call.world, page.children));
    if (!text) return tl::unexpected(text.error());
    replace_body(call, page, *text);
  } else {
    return should_be("body.type", "a known kind of update", find(body, "type"));
  }
  if (!find_bool(body, "allow_async")) return page_markdown(call, page);
  const auto task_id = "task_" + call.world.ids.next().plain();
  json::object task{{"object", "async_task"},
                    {"id", task_id},
                    {"status", "queued"},
                    {"status_url", "https://api.notion.com/v1/async_tasks/" + task_id},
                    {"created_time", format_utc(call.now)},
                    {"poll_after_seconds", 2},
                    {"operation", json::object{{"surface", "rest"}, {"name", "PATCH /v1/pages/:page_id/markdown"}}}};
  json::object done = task;
  done["status"] = "succeeded";
  done.erase("poll_after_seconds");
  done["result"] = page_markdown(call, page);
  call.world.tasks[task_id] = {call.now, std::move(done)};
  return task;
}

Outcome<json::object> get_task(Call& call, std::string_view id) {
  const auto found = call.world.tasks.find(std::string(id));
  if (found == call.world.tasks.end()) {
    return refuse(404, "object_not_found", fmt::format("Could not find async task with ID: {}.", id));
  }
  return found->second.answer;
}

Outcome<json::object> create_upload(Call& call) {
  const auto& body = call.request.body;
  const auto id = call.world.ids.next();
  json::object upload{{"object", "file_upload"},
                      {"id", id.text()},
                      {"created_time", format_utc(call.stamp())},
                      {"created_by", json::object{{"id", call.actor.text()}, {"type", call.person ? "person" : "bot"}}},
                      {"last_edited_time", format_utc(call.stamp())},
                      {"expiry_time", format_utc(call.stamp() + hour_ms)},
                      {"upload_url", fmt::format("https://api.notion.com/v1/file_uploads/{}/send", id.text())},
                      {"in_trash", false},
                      {"status", "pending"},
                      {"filename", nullptr},
                      {"content_type", nullptr},
                      {"content_length", nullptr}};
  for (const std::string_view key : {"filename", "content_type"}) {
    if (const auto* text = find(body, key)) upload[key] = *text;
  }
  add_archived(call, upload, false);
  call.world.uploads[id] = {id, upload};
  return upload;
}

Outcome<json::object> advance_upload(Call& call, const Id& id) {
  const auto found = call.world.uploads.find(id);
  if (found == call.world.uploads.end()) return not_found("file_upload", id);
  auto& upload = found->second.answer;
  upload["status"] = "uploaded";
  upload["content_length"] = call.request.body_bytes;
  upload.erase("upload_url");
  return upload;
}

}  // namespace rowpage::sandbox
