// One request under way: who asks, when, in which version, in which world.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "sandbox/world.h"

namespace rowpage::sandbox {

struct Call {
  World& world;
  const Habits& habits;
  const Request& request;
  Id actor;             // whose edits these are
  bool person = false;  // a person's token: sees everything, no budget
  Millis now = 0;
  bool newest = true;  // version 2026-03-11; false: 2025-09-03, which still shows `archived`

  /// The moment as created_time and last_edited_time keep it.
  Millis stamp() const { return habits.minute_times ? floor_minute(now) : now; }

  /// How long past states are still wanted by some index.
  Millis keep_ms() const { return std::max(habits.index_delay_ms, habits.search_delay_ms) + minute_ms; }

  /// True when this token may see what lies at `parent` (which is where the thing itself is, or the thing).
  bool sees(const Parent& place) const { return person || world.shared(place); }

  /// True when the request body says "in the trash" (or, in the older version, "archived").
  const json::value* trash_flag() const;
};

/// {"object":"user","id":…}, as pages name their authors.
json::object short_user(const Id& id);
/// The whole user; the short form when nobody of that id is known.
json::object show_user(const World& world, const Id& id);

json::object show_parent(const World& world, const Parent& parent);

/// 404 in Notion's words. `kind`: "page", "data_source", …
tl::unexpected<ApiError> not_found(std::string_view kind, const Id& id);

/// Puts `archived` beside `in_trash` for the older version.
void add_archived(const Call& call, json::object& object, bool in_trash);

/// "body failed validation: PLACE should be EXPECTED, instead was `SHOWN`."
tl::unexpected<ApiError> should_be(std::string_view place, std::string_view expected, const json::value* shown);

/// The page, data source, … named in the path, or the refusal.
Outcome<Id> path_id(std::string_view text, std::string_view kind);

/// Reads `{"type":…, "page_id":…}`; refuses what is absent, malformed or not visible.
Outcome<Parent> read_parent(const Call& call, const json::value* parent, std::string_view place);

/// Checks and normalises an icon or cover. `kind`: "icon" or "cover".
Outcome<json::value> read_picture(const Call& call, const json::value& in, std::string_view place);

/// page_size and start_cursor, from the query string (GET) or the body (POST).
struct Paging {
  std::size_t size = 100;
  std::string cursor;
};
Outcome<Paging> read_paging(const Call& call, bool from_body);

/// A cursor for lists that need only an offset. Opaque to clients, refused after the time to live or for another list.
std::string make_cursor(const Call& call, std::string_view list, std::size_t offset);
Outcome<std::size_t> read_cursor(const Call& call, std::string_view list, const std::string& cursor);

/// {"object":"list","results":[…],"next_cursor":…,"has_more":…,"type":TYPE,TYPE:{}}
json::object show_list(json::array results, std::optional<std::string> next_cursor, std::string_view type);

}  // namespace rowpage::sandbox
