#include "notion/setup.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "notion/codec.h"
#include "notion/source.h"

namespace rowpage {
namespace {

constexpr std::size_t options_per_schema_write = 100;
constexpr int list_pages_max = 10;  // 1,000 children of a page

Result<json::value> get(Caller& caller, std::string path, Place place) {
  Result<Reply> reply = caller.run_one({{Method::get, std::move(path), nullptr}, std::move(place)});
  if (!reply) return fail(reply.error());
  return std::move(reply->body);
}

Result<json::value> get_source(Caller& caller, const std::string& id) {
  return get(caller, "/v1/data_sources/" + id, {"data source " + id, Scope::pair, "database"});
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

// The id of a database of this title that lies on the page; empty: none.
Result<std::string> child_database(Caller& caller, const std::string& page, const std::string& title) {
  std::string cursor;
  for (int round = 0; round < list_pages_max; ++round) {
    std::string path = "/v1/blocks/" + page + "/children?page_size=100";
    if (!cursor.empty()) path += "&start_cursor=" + encode_id(cursor);
    Result<json::value> list = get(caller, std::move(path), {"page " + page, Scope::workspace, "page"});
    if (!list) return fail(list.error());
    if (const json::array* results = find_array(*list, "results")) {
      for (const auto& block : *results) {
        const json::value* child = find(block, "child_database");
        if (!child || find_bool(block, "in_trash")) continue;
        if (find_string(*child, "title") == title) return canonical_id(find_string(block, "id"));
      }
    }
    cursor = find_bool(*list, "has_more") ? find_string(*list, "next_cursor") : std::string_view();
    if (cursor.empty()) break;
  }
  return std::string();
}

json::array option_list(std::span<const std::string> names) {
  json::array array;
  for (const auto& name : names.first(std::min(names.size(), options_per_schema_write))) {
    array.push_back(json::object{{"name", name}});
  }
  return array;
}

json::value settings_of(const WantedProperty& wanted) {
  if (wanted.type == "number") return json::object{{"format", "number"}};
  const bool listing = wanted.type == "select" || wanted.type == "multi_select" || wanted.type == "status";
  if (listing && !wanted.options.empty()) return json::object{{"options", option_list(wanted.options)}};
  return json::object();
}

const json::value* property_named(const json::value& source, std::string_view name) {
  const json::object* properties = find_object(source, "properties");
  return properties ? properties->if_contains(name) : nullptr;
}

bool has_name(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](const std::string& own) { return ascii_lower(own) == ascii_lower(name); });
}

std::vector<std::string> missing_options(const json::value& property, const WantedProperty& wanted) {
  const auto there = option_names(property);
  std::vector<std::string> missing;
  for (const auto& name : wanted.options) {
    if (!has_name(there, name) && !has_name(missing, name)) missing.push_back(name);
  }
  return missing;
}

// Sends one property's settings and reads the data source back. An unknown outcome is settled by the reading.
Result<json::value> patch_property(Caller& caller, const std::string& source, const std::string& key,
                                   json::value settings, std::string_view name) {
  ApiRequest request{Method::patch, "/v1/data_sources/" + source,
                     json::object{{"properties", json::object{{key, std::move(settings)}}}}, false};
  Result<Reply> reply = caller.run_one(
      {std::move(request), {fmt::format("property \"{}\" of data source {}", name, source), Scope::pair, "database"}});
  if (!reply && reply.error().effect == Effect::none) return fail(reply.error());
  return get_source(caller, source);
}

Error not_made(std::string_view name, std::string_view what) {
  return {
      Effect::none, Scope::pair, Cause::schema_drift,
      fmt::format("Notion did not {} property \"{}\", without saying why", what, name),
      "Add it by hand in Notion, then run setup again. A property with more than 100 options can block every change."};
}

// Adds `wanted` to the source, or its missing options. `source` is as last read, and read anew after a change.
Status add_one(Caller& caller, const std::string& id, const WantedProperty& wanted, json::value& source,
               SchemaChange& change) {
  const json::value* there = property_named(source, wanted.name);
  if (!there) {
    if (wanted.type == "title") {
      change.notes.push_back(
          fmt::format("the title property has another name than \"{}\"; it is left as it is", wanted.name));
      return {};
    }
    Result<json::value> after =
        patch_property(caller, id, wanted.name, json::object{{wanted.type, settings_of(wanted)}}, wanted.name);
    if (!after) return fail(after.error());
    source = std::move(*after);
    there = property_named(source, wanted.name);
    if (!there) return fail(not_made(wanted.name, "add the"));
    change.done.push_back(fmt::format("added {} ({})", wanted.name, wanted.type));
  }
  const std::string type(find_string(*there, "type"));
  if (type != wanted.type) {
    change.notes.push_back(
        fmt::format("{} is of type {}, not {}; it is left as it is", wanted.name, type, wanted.type));
    return {};
  }
  const auto missing = missing_options(*there, wanted);
  if (missing.empty()) return {};
  const json::value* settings = find(*there, type);
  const json::array* options = settings ? find_array(*settings, "options") : nullptr;
  const std::size_t have = options ? options->size() : 0;
  if (have + missing.size() > options_per_schema_write) {
    change.notes.push_back(fmt::format(
        "{} options of {} are not added, for the list may hold 100 at most in one request{}", missing.size(),
        wanted.name, type == "status" ? "; add them by hand" : "; pages that use them will add them"));
    return {};
  }
  json::array merged;  // the old ones by id, for what is left out would be taken from every page
  for (std::size_t i = 0; i < have; ++i) merged.push_back(json::object{{"id", find_string((*options)[i], "id")}});
  for (const auto& name : missing) merged.push_back(json::object{{"name", name}});
  const std::string key = encode_id(decode_id(find_string(*there, "id")));
  Result<json::value> after =
      patch_property(caller, id, key, json::object{{type, json::object{{"options", std::move(merged)}}}}, wanted.name);
  if (!after) return fail(after.error());
  source = std::move(*after);
  there = property_named(source, wanted.name);
  if (!there || !missing_options(*there, wanted).empty()) return fail(not_made(wanted.name, "add the options of"));
  change.done.push_back(fmt::format("added {} options to {}", missing.size(), wanted.name));
  return {};
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

std::vector<WantedProperty> wanted_properties(const PairSpec& spec) {
  std::vector<WantedProperty> wanted;
  for (const Field& field : spec.fields) {
    wanted.push_back({field.property, std::string(notion_type(field.type)), field.options});
  }
  const auto keep = [&](const std::string& name, std::string_view type) {
    const bool known = std::ranges::any_of(wanted, [&](const WantedProperty& own) { return own.name == name; });
    if (!name.empty() && !known) wanted.push_back({name, std::string(type), {}});
  };
  keep(spec.book.nonce, "rich_text");
  keep(spec.book.row_id, "rich_text");
  keep(spec.book.last_synced, "date");
  keep(spec.book.checksum, "rich_text");
  keep(spec.book.synced, "checkbox");
  return wanted;
}

Result<MadeDatabase> make_database(Caller& caller, const std::string& parent_page, const std::string& title,
                                   std::span<const WantedProperty> properties) {
  const Place place{fmt::format("database \"{}\"", title), Scope::pair, "page"};
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
  Result<std::string> there = child_database(caller, page, title);
  if (!there) return fail(there.error());
  if (!there->empty()) return adopt(*there, true);

  json::object wanted;
  for (const auto& property : properties) wanted[property.name] = json::object{{property.type, settings_of(property)}};
  Result<json::value> name = encode_text(title);
  if (!name) return fail(name.error());
  ApiRequest request{Method::post, "/v1/databases",
                     json::object{{"parent", json::object{{"type", "page_id"}, {"page_id", page}}},
                                  {"title", std::move(*name)},
                                  {"initial_data_source", json::object{{"properties", std::move(wanted)}}}},
                     false};
  Result<Reply> reply = caller.run_one({std::move(request), place});
  if (reply)
    return adopt(canonical_id(reply->committed_id.empty() ? find_string(reply->body, "id") : reply->committed_id),
                 false);
  if (reply.error().effect == Effect::none) return fail(reply.error());

  // It may have been made after all: the page's content tells.
  if (there = child_database(caller, page, title); there && !there->empty()) return adopt(*there, false);
  Error error = reply.error();
  error.hint =
      fmt::format("Wait a minute and run setup again: if \"{}\" appears on the page by then, it is used.", title);
  return fail(std::move(error));
}

Result<SchemaChange> add_properties(Caller& caller, const std::string& data_source,
                                    std::span<const WantedProperty> properties) {
  Result<json::value> source = get_source(caller, data_source);
  if (!source) return fail(source.error());
  SchemaChange change;
  for (const auto& wanted : properties) {
    if (Status status = add_one(caller, data_source, wanted, *source, change); !status) return fail(status.error());
  }
  Result<SourceSchema> schema = read_source(*source);
  if (!schema) return fail(schema.error());
  change.schema = std::move(*schema);
  return change;
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
