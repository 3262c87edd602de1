#include "notion/setup.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "notion/codec.h"
#include "notion/source.h"

namespace rowpage {
namespace {

constexpr int list_pages_max = 10;  // 1,000 children of a page

Result<json::value> get(Caller& caller, std::string path, Place place) {
  Result<Reply> reply = caller.run_one({{Method::get, std::move(path), nullptr}, std::move(place)});
  if (!reply) return fail(reply.error());
  return std::move(reply->body);
}

Result<SourceSchema> source_by_id(Caller& caller, const std::string& id) {
  Result<json::value> object = get_source(caller, id);
  if (!object) return fail(object.error());
  return read_source(*object);
}

// A database usually holds one data source. Of several the person must choose.
Result<SourceSchema> source_of_database(Caller& caller, const std::string& id) {
  Result<json::value> database = get(caller, "/v1/databases/" + id, {"database " + id, Scope::pair, "database"});
  if (!database) return fail(database.error());
  const std::string title = title_text(*database, "title");
  const json::array* sources = find_array(*database, "data_sources");
  if (find_bool(*database, "in_trash")) {
    return fail({Effect::none, Scope::pair, Cause::not_found,
                 fmt::format("database \"{}\" ({}) is in Notion's trash", title, id), "Restore it in Notion."});
  }
  if (!sources || sources->empty()) {
    return fail({Effect::none, Scope::pair, Cause::usage,
                 fmt::format("database \"{}\" ({}) shows no data source", title, id),
                 "A linked view cannot be used: open the original database, and share that one with the integration."});
  }
  if (sources->size() > 1) {
    std::string list;
    for (const auto& source : *sources) {
      list += fmt::format("{}\"{}\" {}", list.empty() ? "" : ", ", find_string(source, "name"),
                          canonical_id(find_string(source, "id")));
    }
    return fail({Effect::none, Scope::pair, Cause::usage,
                 fmt::format("database \"{}\" holds {} data sources: {}", title, sources->size(), list),
                 "Say which with `data_source: ID` instead of `database`."});
  }
  return source_by_id(caller, canonical_id(find_string((*sources)[0], "id")));
}

// The two kinds of id look alike; what is unknown as the one may be known as the other.
template <class First, class Second>
Result<SourceSchema> either(Caller& caller, const std::string& id, First first, Second second) {
  Result<SourceSchema> found = first(caller, id);
  if (found || found.error().cause != Cause::not_found) return found;
  Result<SourceSchema> other = second(caller, id);
  if (other || (other.error().cause != Cause::not_found && other.error().cause != Cause::invalid)) return other;
  return found;
}

Result<SourceSchema> source_by_title(Caller& caller, const std::string& title) {
  struct Hit {
    std::string id, title;
  };
  std::vector<Hit> hits;
  std::string cursor;
  for (int page = 0; page < list_pages_max; ++page) {
    json::object body{{"query", title},
                      {"filter", json::object{{"property", "object"}, {"value", "data_source"}}},
                      {"page_size", 100}};
    if (!cursor.empty()) body["start_cursor"] = cursor;
    Result<Reply> reply = caller.run_one({{Method::post, "/v1/search", std::move(body)},
                                          {fmt::format("search for \"{}\"", title), Scope::pair, "database"}});
    if (!reply) return fail(reply.error());
    if (const json::array* results = find_array(reply->body, "results")) {
      for (const auto& object : *results) {
        if (find_bool(object, "in_trash")) continue;
        hits.push_back({canonical_id(find_string(object, "id")), title_text(object, "title")});
      }
    }
    cursor = find_bool(reply->body, "has_more") ? find_string(reply->body, "next_cursor") : std::string_view();
    if (cursor.empty()) break;
  }
  std::vector<Hit> fitting;
  std::ranges::copy_if(hits, std::back_inserter(fitting), [&](const Hit& hit) { return hit.title == title; });
  if (fitting.empty()) {
    std::ranges::copy_if(hits, std::back_inserter(fitting),
                         [&](const Hit& hit) { return ascii_lower(trim(hit.title)) == ascii_lower(trim(title)); });
  }
  if (fitting.size() == 1) return source_by_id(caller, fitting.front().id);
  if (fitting.empty()) {
    std::vector<std::string> titles;
    for (const auto& hit : hits) titles.push_back(hit.title);
    std::string near;
    for (const auto& other : nearest(title, titles))
      near += fmt::format("{}\"{}\"", near.empty() ? " There is " : ", ", other);
    return fail(
        {Effect::none, Scope::pair, Cause::not_found,
         fmt::format("no database titled \"{}\" is shared with this integration.{}", title, near),
         "Share it (··· > Connections), or name it by its id: Notion's search lags behind and is not exhaustive."});
  }
  std::string list;
  for (const auto& hit : fitting) list += (list.empty() ? "" : ", ") + hit.id;
  return fail({Effect::none, Scope::pair, Cause::usage,
               fmt::format("{} data sources are titled \"{}\": {}", fitting.size(), title, list),
               "Say which with `data_source: ID` instead of `title`."});
}

// A title without the invisible marks that ask for a coloured emoji: some keyboards send them, some do not.
std::string bare_title(std::string_view title) {
  constexpr std::string_view coloured = "\xEF\xB8\x8F";
  std::string bare(trim(title));
  for (auto at = bare.find(coloured); at != std::string::npos; at = bare.find(coloured))
    bare.erase(at, coloured.size());
  return bare;
}

// The id of the database on the page that bears the first of these titles any bears; empty: none does.
Result<std::string> child_database(Caller& caller, const std::string& page, std::span<const std::string> titles) {
  std::string best;
  std::size_t rank = titles.size();
  std::string cursor;
  for (int round = 0; round < list_pages_max && rank > 0; ++round) {
    std::string path = "/v1/blocks/" + page + "/children?page_size=100";
    if (!cursor.empty()) path += "&start_cursor=" + encode_id(cursor);
    Result<json::value> list = get(caller, std::move(path), {"page " + page, Scope::workspace, "page"});
    if (!list) return fail(list.error());
    if (const json::array* results = find_array(*list, "results")) {
      for (const auto& block : *results) {
        const json::value* child = find(block, "child_database");
        if (!child || find_bool(block, "in_trash")) continue;
        const std::string title = bare_title(find_string(*child, "title"));
        for (std::size_t i = 0; i < rank; ++i) {
          if (title != bare_title(titles[i])) continue;
          rank = i;
          best = canonical_id(find_string(block, "id"));
        }
      }
    }
    cursor = find_bool(*list, "has_more") ? find_string(*list, "next_cursor") : std::string_view();
    if (cursor.empty()) break;
  }
  return best;
}

// What a listing asked for pages in the trash proves.
Result<std::optional<bool>> proof(Result<Reply> reply) {
  if (!reply) {
    if (reply.error().cause == Cause::invalid) return std::optional<bool>(false);
    return fail(reply.error());
  }
  const json::array* results = find_array(reply->body, "results");
  if (!results || results->empty()) return std::optional<bool>();
  return std::optional<bool>(
      std::ranges::all_of(*results, [](const auto& page) { return find_bool(page, "in_trash"); }));
}

}  // namespace

Result<SourceSchema> find_source(Caller& caller, const SourceName& name) {
  if (!name.data_source.empty() || !name.database.empty()) {
    const std::string& given = name.data_source.empty() ? name.database : name.data_source;
    const std::string id = canonical_id(given);
    if (id.empty()) {
      return fail({Effect::none, Scope::pair, Cause::usage, fmt::format("\"{}\" is no Notion id or address", given),
                   "Copy the database's link from Notion (··· > Copy link)."});
    }
    return name.data_source.empty() ? either(caller, id, source_of_database, source_by_id)
                                    : either(caller, id, source_by_id, source_of_database);
  }
  if (name.title.empty()) {
    return fail({Effect::none, Scope::pair, Cause::usage, "the pair names no Notion database",
                 "Give `database`, `data_source` or `title`."});
  }
  return source_by_title(caller, name.title);
}

namespace {

Result<ApiRequest> database_request(const std::string& page, const WantedDatabase& wanted,
                                    std::span<const WantedProperty> properties) {
  json::object initial;
  for (const auto& property : properties) {
    if (stands_alone(property)) initial[property.name] = json::object{{property.type, settings_of(property)}};
  }
  Result<json::value> title = encode_text(wanted.title);
  if (!title) return fail(title.error());
  Result<json::value> description = encode_text(wanted.description);
  if (!description) return fail(description.error());
  json::object body{{"parent", json::object{{"type", "page_id"}, {"page_id", page}}},
                    {"title", std::move(*title)},
                    {"initial_data_source", json::object{{"properties", std::move(initial)}}}};
  if (!wanted.description.empty()) body["description"] = std::move(*description);
  if (!wanted.icon.empty()) body["icon"] = json::object{{"type", "emoji"}, {"emoji", wanted.icon}};
  return ApiRequest{Method::post, "/v1/databases", std::move(body), false};
}

}  // namespace

Result<MadeDatabase> make_database(Caller& caller, const std::string& parent_page, const WantedDatabase& wanted,
                                   std::span<const WantedProperty> properties) {
  const auto adopt = [&](const std::string& id, bool adopted) -> Result<MadeDatabase> {
    Result<SourceSchema> schema = source_of_database(caller, id);
    if (!schema) return fail(schema.error());
    return MadeDatabase{std::move(*schema), adopted};
  };
  const std::string page = canonical_id(parent_page);
  if (page.empty()) {
    return fail({Effect::none, Scope::workspace, Cause::usage,
                 fmt::format("\"{}\" is no Notion page to make databases under", parent_page),
                 "Set NOTION_PARENT_PAGE_ID."});
  }
  std::vector<std::string> titles{wanted.title};
  titles.insert(titles.end(), wanted.also.begin(), wanted.also.end());
  Result<std::string> there = child_database(caller, page, titles);
  if (!there) return fail(there.error());
  if (!there->empty()) return adopt(*there, true);

  Result<ApiRequest> request = database_request(page, wanted, properties);
  if (!request) return fail(request.error());
  Result<Reply> reply =
      caller.run_one({std::move(*request), {fmt::format("database \"{}\"", wanted.title), Scope::pair, "page"}});
  if (reply)
    return adopt(canonical_id(reply->committed_id.empty() ? find_string(reply->body, "id") : reply->committed_id),
                 false);
  if (reply.error().effect == Effect::none) return fail(reply.error());

  // It may have been made after all: the page's content tells.
  there = child_database(caller, page, {titles.data(), 1});
  if (there && !there->empty()) return adopt(*there, false);
  Error error = reply.error();
  error.hint = fmt::format("Wait a minute and run setup again: if \"{}\" appears on the page by then, it is used.",
                           wanted.title);
  return fail(std::move(error));
}

Result<std::optional<bool>> probe_trash_query(Caller& caller, const std::string& data_source) {
  return proof(caller.run_one({{Method::post, "/v1/data_sources/" + data_source + "/query",
                                json::object{{"in_trash", true}, {"page_size", 10}}},
                               {"query of the trash of data source " + data_source, Scope::pair, "database"}}));
}

Result<std::optional<bool>> probe_trash_search(Caller& caller) {
  json::object filter{{"property", "object"}, {"value", "page"}, {"in_trash", true}};
  return proof(
      caller.run_one({{Method::post, "/v1/search", json::object{{"filter", std::move(filter)}, {"page_size", 10}}},
                      {"search in the trash", Scope::workspace, "page"}}));
}

}  // namespace rowpage
