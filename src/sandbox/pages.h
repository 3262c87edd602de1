// Pages: showing, creating, changing, moving.
#pragma once

#include "sandbox/call.h"

namespace rowpage::sandbox {

/// A page object. `state` is the present one or one from an index. `only`: property ids to show; null: all.
json::object show_page(const Call& call, const Page& page, const PageState& state,
                       const std::vector<std::string>* only = nullptr);

/// The ids or names in filter_properties, checked against the page's source; nothing when there is no such parameter.
Outcome<std::optional<std::vector<std::string>>> read_filter_properties(const Call& call, const Source* source);

/// The page, or 404 when it is unknown or not shared with this token.
Outcome<Page*> find_page(const Call& call, const Id& id);

Outcome<json::object> get_page(Call& call, const Id& id);
Outcome<json::object> create_page(Call& call);
Outcome<json::object> update_page(Call& call, const Id& id);
Outcome<json::object> move_page(Call& call, const Id& id);
Outcome<json::object> get_property_item(Call& call, const Id& id, std::string_view property_id);

/// Writes a new state of a page, with its other ends, as the caller's edit.
void commit(Call& call, Page& page, PageState state);

std::string page_title(const World& world, const Page& page);

/// "https://www.notion.so/Title-0123…"
std::string page_url(const World& world, const Page& page, const PageState& state);

}  // namespace rowpage::sandbox
