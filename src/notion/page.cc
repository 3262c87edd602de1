#include "notion/page.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "core/time.h"
#include "notion/codec.h"

namespace rowpage {
namespace {

constexpr std::size_t body_bytes_max = 500'000;
constexpr std::size_t filter_properties_max = 100;

Error invalid(std::string what) {
  return {Effect::none, Scope::record, Cause::invalid, std::move(what), {}};
}

// A page's properties by their decoded ids, decoded once for all look-ups.
class Shown {
 public:
  explicit Shown(const json::object& properties) {
    entries_.reserve(properties.size());
    for (const auto& [name, property] : properties)
      entries_.emplace_back(decode_id(find_string(property, "id")), &property);
  }

  const json::value* find(const std::string& id) const {
    const auto found = std::ranges::find(entries_, id, &Entry::first);
    return found == entries_.end() ? nullptr : found->second;
  }

 private:
  using Entry = std::pair<std::string, const json::value*>;
  std::vector<Entry> entries_;
};

std::string parent_source(const json::value& object) {
  const json::value* parent = find(object, "parent");
  return parent ? canonical_id(find_string(*parent, "data_source_id")) : std::string();
}

std::string kept_text(const Shown& shown, const std::string& id) {
  const json::value* property = id.empty() ? nullptr : shown.find(id);
  return property ? plain_text(*property) : std::string();
}

void read_field(const Pair& pair, std::size_t index, const Shown& shown, ReadPage& read) {
  const Field& field = pair.fields[index];
  const json::value* property = shown.find(field.property_id);
  if (!property) {
    // Gone from the schema, or not shown to us: not the same as empty.
    Unreadable gone{index, fmt::format("the page shows no property \"{}\"", field.property)};
    gone.hint =
        "If the property was removed or renamed, `rowpage check` shows it. The record is tried again within the hour, "
        "or with `rowpage parked retry`.";
    if (field.type == FieldType::relation) {
      gone.why += "; the database it leads to may not be shared with this integration";
      gone.hint =
          fmt::format("Share the database of {} (··· > Connections in Notion). {}", field.relation.to, gone.hint);
    }
    read.page.unreadable.push_back(std::move(gone));
    return;
  }
  Decoded decoded = decode(field, *property);
  if (!decoded.unreadable.empty()) {
    read.page.unreadable.push_back({index, std::move(decoded.unreadable)});
    return;
  }
  if (decoded.cut) read.cut.push_back(index);
  if (decoded.formatted) read.page.formatted.push_back(index);
  read.page.values[index] = std::move(decoded.value);
}

// The condition "this field shows this value".
Result<json::value> equals(const Pair& pair, const Change& change) {
  if (change.field >= pair.fields.size()) return fail(invalid("a look-up names a field the pair does not have"));
  const Field& field = pair.fields[change.field];
  const std::string_view wire = wire_type(field, field.property_id == "title");
  json::object condition;
  const bool searched = field.type != FieldType::people && field.type != FieldType::files;
  if (!searched || std::holds_alternative<TextList>(change.value)) {
    return fail(invalid(fmt::format("what \"{}\" holds cannot be searched for", field.property)));
  }
  if (is_null(change.value)) {
    condition["is_empty"] = true;
  } else if (const auto* text = std::get_if<std::string>(&change.value)) {
    condition["equals"] = *text;
  } else if (const auto* number = std::get_if<double>(&change.value)) {
    condition["equals"] = *number;
  } else if (const auto* flag = std::get_if<bool>(&change.value)) {
    condition["equals"] = *flag;
  } else if (const auto* span = std::get_if<DateSpan>(&change.value)) {
    condition["equals"] = span->has_time ? format_utc(span->start_ms) : format_day(span->start_ms);
  }
  return json::object{{"property", encode_id(field.property_id)}, {wire, std::move(condition)}};
}

Result<json::value> filter_of(const Pair& pair, const ListQuery& query) {
  if (query.equals) return equals(pair, *query.equals);
  if (!query.nonce.empty()) {
    if (pair.nonce_id.empty()) return fail(invalid("the pair keeps no nonce to look for"));
    return json::object{{"property", encode_id(pair.nonce_id)},
                        {pair.nonce_type, json::object{{"equals", query.nonce}}}};
  }
  if (query.since) {
    const std::string_view time = query.by == ListQuery::By::created ? "created_time" : "last_edited_time";
    return json::object{{"timestamp", time},
                        {time, json::object{{"on_or_after", format_utc(floor_minute(*query.since))}}}};
  }
  return json::value();
}

// One property of a write. Two fields never share a property (resolve sees to it), so keys do not meet.
Status put(json::object& properties, const std::string& id, Result<json::value> value, std::string_view name) {
  if (!value) {
    Error error = value.error();
    error.what = fmt::format("property \"{}\": {}", name, error.what);
    return fail(std::move(error));
  }
  properties[encode_id(id)] = std::move(*value);
  return {};
}

Result<json::object> properties_of(const Pair& pair, const PageRequest& request) {
  json::object properties;
  for (const Change& change : request.set) {
    if (change.field >= pair.fields.size()) return fail(invalid("a write names a field the pair does not have"));
    const Field& field = pair.fields[change.field];
    const std::string_view wire = wire_type(field, field.property_id == "title");
    if (Status status = put(properties, field.property_id, encode(field.type, wire, change.value), field.property);
        !status) {
      return fail(status.error());
    }
  }
  const auto text = [&](const std::optional<std::string>& value, const std::string& id, const std::string& name,
                        std::string_view wire) -> Status {
    if (!value || id.empty()) return {};
    return put(properties, id, encode(FieldType::rich_text, wire, make_text(*value)), name);
  };
  const auto& book = pair.book;
  const std::string_view nonce_wire = pair.nonce_type.empty() ? std::string_view("rich_text") : pair.nonce_type;
  if (Status status = text(request.nonce, pair.nonce_id, book.nonce, nonce_wire); !status) return fail(status.error());
  if (Status status = text(request.row_id, pair.row_id_id, book.row_id, "rich_text"); !status)
    return fail(status.error());
  if (Status status = text(request.checksum, pair.checksum_id, book.checksum, "rich_text"); !status)
    return fail(status.error());
  if (request.synced && !pair.synced_id.empty()) {
    properties[encode_id(pair.synced_id)] = json::object{{"checkbox", *request.synced}};
  }
  if (request.last_synced_ms && !pair.last_synced_id.empty()) {
    const std::string moment = format_utc(floor_minute(*request.last_synced_ms));
    properties[encode_id(pair.last_synced_id)] = json::object{{"date", json::object{{"start", moment}}}};
  }
  return properties;
}

}  // namespace

Result<ReadPage> read_page(const Pair& pair, const json::value& object, bool bare) {
  ReadPage read;
  Page& page = read.page;
  page.id = canonical_id(find_string(object, "id"));
  if (page.id.empty() || find_string(object, "object", "page") != "page") {
    return fail(invalid("Notion's answer is no page"));
  }
  page.values.resize(pair.fields.size());
  const json::object* properties = find_object(object, "properties");
  const auto created = parse_time(find_string(object, "created_time"));
  const auto edited = parse_time(find_string(object, "last_edited_time"));
  if (!properties || !created || !edited) {
    read.partial = true;
    return read;
  }
  page.created_ms = created->ms;
  page.edited_ms = floor_minute(edited->ms);
  page.in_trash = find_bool(object, "in_trash");
  page.is_archived = find_bool(object, "is_archived");
  page.parent = parent_source(object);
  if (bare) return read;
  const Shown shown(*properties);
  for (std::size_t i = 0; i < pair.fields.size(); ++i) read_field(pair, i, shown, read);
  page.nonce = kept_text(shown, pair.nonce_id);
  page.row_id = kept_text(shown, pair.row_id_id);
  page.checksum = kept_text(shown, pair.checksum_id);
  return read;
}

std::vector<std::string> property_ids(const Pair& pair) {
  std::vector<std::string> ids;
  const auto add = [&](const std::string& id) {
    if (!id.empty() && std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  };
  for (const Field& field : pair.fields) add(field.property_id);
  add(pair.nonce_id);
  add(pair.row_id_id);
  add(pair.checksum_id);
  return ids;
}

std::string filter_properties(const Pair& pair) {
  const auto ids = property_ids(pair);
  if (ids.size() > filter_properties_max) return {};
  std::string query;
  for (const auto& id : ids) query += fmt::format("{}filter_properties={}", query.empty() ? "" : "&", encode_id(id));
  return query;
}

Result<ApiRequest> query_request(const Pair& pair, const ListQuery& query, std::size_t page_size) {
  Result<json::value> filter = filter_of(pair, query);
  if (!filter) return fail(filter.error());
  json::object body;
  if (!filter->is_null()) body["filter"] = std::move(*filter);
  const std::string_view time = query.by == ListQuery::By::created ? "created_time" : "last_edited_time";
  body["sorts"] =
      json::array{json::object{{"timestamp", time}, {"direction", query.descending ? "descending" : "ascending"}}};
  body["page_size"] = static_cast<std::int64_t>(page_size);
  if (query.trashed) body["in_trash"] = true;
  if (query.archived) body["is_archived"] = true;
  if (!query.cursor.empty()) body["start_cursor"] = query.cursor;

  ApiRequest request{Method::post, fmt::format("/v1/data_sources/{}/query", pair.data_source), std::move(body)};
  if (const std::string wanted = filter_properties(pair); !wanted.empty()) request.path += "?" + wanted;
  return request;
}

ApiRequest read_request(const Pair& pair, const std::string& page_id, bool bare) {
  ApiRequest request{Method::get, "/v1/pages/" + page_id, nullptr};
  if (bare) {
    request.path += "?filter_properties=title";
  } else if (const std::string wanted = filter_properties(pair); !wanted.empty())
    request.path += "?" + wanted;
  return request;
}

Result<ApiRequest> page_request(const Pair& pair, const PageRequest& request) {
  using Kind = PageRequest::Kind;
  if (request.kind != Kind::create && canonical_id(request.page_id).empty()) {
    return fail(invalid(fmt::format("\"{}\" is no page id", request.page_id)));
  }
  if (request.kind == Kind::read) {
    ApiRequest read = read_request(pair, request.page_id, request.bare);
    read.send_by = request.send_by;
    return read;
  }
  ApiRequest api{Method::patch, "/v1/pages/" + request.page_id, nullptr, false, request.send_by};
  if (request.kind == Kind::trash || request.kind == Kind::restore) {
    api.body = json::object{{"in_trash", request.kind == Kind::trash}};
    return api;
  }
  Result<json::object> properties = properties_of(pair, request);
  if (!properties) return fail(properties.error());
  json::object body;
  if (request.kind == Kind::create) {
    api.method = Method::post;
    api.path = "/v1/pages";
    body["parent"] = json::object{{"type", "data_source_id"}, {"data_source_id", pair.data_source}};
  }
  body["properties"] = std::move(*properties);
  api.body = std::move(body);
  if (const std::size_t bytes = to_text(api.body).size(); bytes > body_bytes_max) {
    return fail(invalid(
        fmt::format("the page's values make a request of {} bytes, Notion takes at most {}", bytes, body_bytes_max)));
  }
  return api;
}

ApiRequest property_request(const std::string& page_id, const std::string& property_id, const std::string& cursor) {
  ApiRequest request{Method::get,
                     fmt::format("/v1/pages/{}/properties/{}?page_size=100", page_id, encode_id(property_id)), nullptr};
  if (!cursor.empty()) request.path += "&start_cursor=" + encode_id(cursor);
  return request;
}

void add_items(const json::value& list, json::array& pieces) {
  const json::array* results = find_array(list, "results");
  if (!results) return;
  for (const auto& item : *results) {
    if (const json::value* piece = find(item, find_string(item, "type"))) pieces.push_back(*piece);
  }
}

}  // namespace rowpage
