#include "sandbox/call.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/text.h"

namespace rowpage::sandbox {

const json::value* Call::trash_flag() const {
  if (const auto* flag = find(request.body, "in_trash")) return flag;
  return newest ? nullptr : find(request.body, "archived");
}

json::object short_user(const Id& id) {
  return {{"object", "user"}, {"id", id.text()}};
}

json::object show_user(const World& world, const Id& id) {
  const auto* user = world.user(id);
  if (!user) return short_user(id);
  json::object shown{{"object", "user"}, {"id", id.text()}, {"name", user->name}, {"avatar_url", user->avatar_url}};
  shown["type"] = user->is_bot ? "bot" : "person";
  shown[user->is_bot ? "bot" : "person"] = user->details;
  return shown;
}

json::object show_parent(const World& world, const Parent& parent) {
  switch (parent.kind) {
    case Parent::Kind::workspace:
      return {{"type", "workspace"}, {"workspace", true}};
    case Parent::Kind::page:
      return {{"type", "page_id"}, {"page_id", parent.id.text()}};
    case Parent::Kind::block:
      return {{"type", "block_id"}, {"block_id", parent.id.text()}};
    case Parent::Kind::database:
      return {{"type", "database_id"}, {"database_id", parent.id.text()}};
    case Parent::Kind::source: {
      const auto* source = world.source(parent.id);
      return {{"type", "data_source_id"},
              {"data_source_id", parent.id.text()},
              {"database_id", source ? json::value(source->database.text()) : json::value()}};
    }
  }
  return {};
}

tl::unexpected<ApiError> not_found(std::string_view kind, const Id& id) {
  if (kind == "user") {
    return refuse(
        404, "object_not_found",
        fmt::format("Could not find user with ID: {}. Make sure your integration has capabilities to read user "
                    "information. With those capabilities, only members and guests in the integration's "
                    "workspace are visible.",
                    id.text()));
  }
  return refuse(404, "object_not_found",
                fmt::format("Could not find {} with ID: {}. Make sure the relevant pages and databases are shared with "
                            "your integration \"Sandbox integration\".",
                            kind, id.text()));
}

void add_archived(const Call& call, json::object& object, bool in_trash) {
  if (!call.newest) object["archived"] = in_trash;
}

tl::unexpected<ApiError> should_be(std::string_view place, std::string_view expected, const json::value* shown) {
  std::string text = shown ? to_text(*shown) : "undefined";
  if (text.size() > 200) text = text.substr(0, 200) + "...";
  return invalid(fmt::format("body failed validation: {} should be {}, instead was `{}`.", place, expected, text));
}

Outcome<Id> path_id(std::string_view text, std::string_view kind) {
  const auto id = parse_id(text);
  if (!id || (!is_uuid(*id))) {
    return invalid(fmt::format("path failed validation: path.{}_id should be a valid uuid, instead was `\"{}\"`.", kind,
                               percent_decode(text)));
  }
  return *id;
}

Outcome<Parent> read_parent(const Call& call, const json::value* in, std::string_view place) {
  if (!in || !in->is_object()) return should_be(place, "an object", in);
  const auto id_of = [&](std::string_view key) -> Outcome<Id> {
    const auto id = parse_id(find_string(*in, key));
    if (!id) return should_be(fmt::format("{}.{}", place, key), "a valid uuid", find(*in, key));
    return *id;
  };
  if (find(*in, "page_id")) {
    const auto id = id_of("page_id");
    if (!id) return tl::unexpected(id.error());
    const auto* page = call.world.page(*id);
    if (!page || !call.sees({Parent::Kind::page, *id})) return not_found("page", *id);
    return Parent{Parent::Kind::page, *id};
  }
  if (find(*in, "data_source_id")) {
    const auto id = id_of("data_source_id");
    if (!id) return tl::unexpected(id.error());
    if (!call.world.source(*id) || !call.sees({Parent::Kind::source, *id})) return not_found("data_source", *id);
    return Parent{Parent::Kind::source, *id};
  }
  if (find(*in, "database_id")) {
    const auto id = id_of("database_id");
    if (!id) return tl::unexpected(id.error());
    if (!call.world.database(*id) || !call.sees({Parent::Kind::database, *id})) return not_found("database", *id);
    return Parent{Parent::Kind::database, *id};
  }
  if (find(*in, "block_id")) {
    const auto id = id_of("block_id");
    if (!id) return tl::unexpected(id.error());
    if (!call.world.block(*id)) return not_found("block", *id);
    return Parent{Parent::Kind::block, *id};
  }
  if (find_bool(*in, "workspace") || find_string(*in, "type") == "workspace") {
    if (!call.person) {
      return invalid(
          "Provided \"workspace\" as a parent, but internal integrations cannot create workspace-level pages.");
    }
    return Parent{};
  }
  return invalid(fmt::format("body failed validation: {0}.page_id should be defined, instead was `undefined`.", place));
}

Outcome<json::value> read_picture(const Call& call, const json::value& in, std::string_view place) {
  if (in.is_null()) return in;
  if (!in.is_object()) return should_be(place, "an object or `null`", &in);
  const auto& object = in.get_object();
  if (const auto* emoji = object.if_contains("emoji")) {
    if (!emoji->is_string()) return should_be(fmt::format("{}.emoji", place), "a string", emoji);
    return json::object{{"type", "emoji"}, {"emoji", *emoji}};
  }
  if (const auto* external = object.if_contains("external")) {
    const auto url = find_string(*external, "url");
    if (url.empty()) return should_be(fmt::format("{}.external.url", place), "a string", find(*external, "url"));
    return json::object{{"type", "external"}, {"external", json::object{{"url", url}}}};
  }
  if (const auto* upload = object.if_contains("file_upload")) {
    const auto id = parse_id(find_string(*upload, "id"));
    if (!id) return should_be(fmt::format("{}.file_upload.id", place), "a valid uuid", find(*upload, "id"));
    return json::object{
        {"type", "file"},
        {"file", json::object{{"url", fmt::format("https://files.example.com/{}/file?X-Amz-Signature=0", id->text())},
                              {"expiry_time", format_utc(call.now + hour_ms)}}}};
  }
  if (find(in, "file") || find(in, "custom_emoji") || find(in, "icon")) return in;
  return should_be(fmt::format("{}.emoji", place), "defined", nullptr);
}

Outcome<Paging> read_paging(const Call& call, bool from_body) {
  Paging paging;
  paging.size = call.habits.page_size_max;
  const auto size_error = [&](std::string_view shown, std::string_view place) {
    return invalid(
        fmt::format("{0} failed validation: {0}.page_size should be a number between 1 and {1}, instead was `{2}`.",
                    place, call.habits.page_size_max, shown));
  };
  if (from_body) {
    for (const auto& [key, value] : call.request.query) {
      if (key == "page_size" || key == "start_cursor") {
        return invalid(
            fmt::format("query failed validation: query.{} should be not present, instead was `\"{}\"`.", key, value));
      }
    }
    if (const auto* size = find(call.request.body, "page_size")) {
      const auto number = as_number(*size);
      if (!number || *number < 1 || *number > static_cast<double>(call.habits.page_size_max) ||
          *number != std::floor(*number)) {
        return size_error(to_text(*size), "body");
      }
      paging.size = static_cast<std::size_t>(*number);
    }
    if (const auto* cursor = find(call.request.body, "start_cursor"); cursor && !cursor->is_null()) {
      if (!cursor->is_string()) return should_be("body.start_cursor", "a string or `undefined`", cursor);
      paging.cursor = std::string(cursor->get_string());
    }
    return paging;
  }
  for (const auto& [key, value] : call.request.query) {
    if (key == "start_cursor") paging.cursor = value;
    if (key == "page_size") {
      std::size_t number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size() || number < 1 ||
          number > call.habits.page_size_max) {
        return size_error("\"" + value + "\"", "query");
      }
      paging.size = number;
    }
  }
  return paging;
}

std::string make_cursor(const Call& call, std::string_view list, std::size_t offset) {
  return fmt::format("{:x}.{:x}.{:x}", std::hash<std::string_view>{}(list)&0xffffffffU, offset,
                     static_cast<std::uint64_t>(call.now));
}

Outcome<std::size_t> read_cursor(const Call& call, std::string_view list, const std::string& cursor) {
  if (cursor.empty()) return std::size_t{0};
  std::uint64_t parts[3] = {};
  const char* at = cursor.data();
  const char* end = at + cursor.size();
  bool good = true;
  for (int i = 0; i < 3 && good; ++i) {
    const auto [next, error] = std::from_chars(at, end, parts[i], 16);
    good = error == std::errc() && (i == 2 ? next == end : next != end && *next == '.');
    at = i == 2 ? next : next + 1;
  }
  const bool fresh = good && call.now - static_cast<Millis>(parts[2]) <= call.habits.cursor_ttl_ms;
  if (!good || !fresh || parts[0] != (std::hash<std::string_view>{}(list)&0xffffffffU)) {
    return invalid("The start_cursor provided is invalid: " + cursor);
  }
  return static_cast<std::size_t>(parts[1]);
}

json::object show_list(json::array results, std::optional<std::string> next_cursor, std::string_view type) {
  json::object list;
  list.reserve(7);
  list["object"] = "list";
  list["results"] = std::move(results);
  list["next_cursor"] = next_cursor ? json::value(*next_cursor) : json::value();
  list["has_more"] = next_cursor.has_value();
  list["type"] = type;
  list[type] = json::object();
  return list;
}

}  // namespace rowpage::sandbox
