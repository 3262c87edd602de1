// Page bodies: blocks, and the same as Markdown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sandbox/call.h"

namespace rowpage::sandbox {

struct NewBlock {
  std::string type;
  json::object content;
  std::vector<NewBlock> children;
};

/// Checks and normalises a "children" array: at most 100 in an array, 1,000 in a request.
Outcome<std::vector<NewBlock>> read_blocks(const Call& call, const json::value& in, std::string_view place,
                                           int depth = 0);

/// Appends blocks to a page or block; gives the ids of the direct children.
std::vector<Id> add_blocks(Call& call, const Parent& parent, const std::vector<NewBlock>& blocks,
                           const Id* after = nullptr, bool at_start = false);

/// A block object; pages and databases have one too (child_page, child_database). Null when there is nothing of that
/// id.
json::value show_block(const Call& call, const Id& id);

/// {"type":"after_block","after_block":{"id"}}, "page_start" or "page_end" for a new page under a page.
void place_page(Call& call, Page& page, const json::value& position);

Outcome<json::object> get_block(Call& call, const Id& id);
Outcome<json::object> update_block(Call& call, const Id& id);
Outcome<json::object> delete_block(Call& call, const Id& id);
Outcome<json::object> get_children(Call& call, const Id& id);
Outcome<json::object> append_children(Call& call, const Id& id);

/// Headings, lists, to-dos, quotes, code, dividers and paragraphs. With `title_to` a leading "# …" becomes the page's
/// title.
std::vector<NewBlock> blocks_from_markdown(std::string_view markdown, PageState* title_to = nullptr);
std::string markdown_from_blocks(const World& world, const std::vector<Id>& children, int depth = 0);

Outcome<json::object> get_markdown(Call& call, const Id& id);
Outcome<json::object> update_markdown(Call& call, const Id& id);
Outcome<json::object> get_task(Call& call, std::string_view id);

Outcome<json::object> create_upload(Call& call);
Outcome<json::object> advance_upload(Call& call, const Id& id);

}  // namespace rowpage::sandbox
