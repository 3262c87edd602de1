#include "notion/client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "notion/codec.h"
#include "notion/source.h"

namespace rowpage {
namespace {

constexpr int item_pages_max = 1000;  // 100,000 pieces of one property

std::string model_of(const Pair& pair) {
  return pair.model.empty() ? pair.data_source : pair.model;
}

Place page_place(const Pair& pair, const PageRequest& request) {
  if (request.kind == PageRequest::Kind::create) return {"new page in " + model_of(pair), Scope::record, "data source"};
  return {fmt::format("page {} of {}", request.page_id, model_of(pair)), Scope::record, "page"};
}

Place page_place(const Pair& pair, const std::string& id) {
  return {fmt::format("page {} of {}", id, model_of(pair)), Scope::record, "page"};
}

Place query_place(const Pair& pair) {
  return {"query of " + model_of(pair), Scope::pair, "data source"};
}

// A property being read whole, one list page of it after the other.
struct Rest {
  std::size_t page = 0;  // in the list of pages being completed
  std::size_t field = 0;
  json::array pieces;
  std::string cursor;
  int rounds = 0;
};

// A part is not the value: it is let go, so that nothing can be concluded from it.
void give_up(ReadPage& read, std::size_t field, std::string why) {
  read.page.values[field] = Null{};
  read.page.unreadable.push_back({field, std::move(why)});
}

// All pieces are there, or too many of them. Through decode() again, for a field may hold JSON or the like.
void finish(const Pair& pair, Rest rest, ReadPage& read) {
  const Field& field = pair.fields[rest.field];
  const std::string_view wire = wire_type(field, field.property_id == "title");
  Decoded whole = decode(field, json::object{{"type", wire}, {wire, std::move(rest.pieces)}});
  if (!rest.cursor.empty()) whole.unreadable = "the property has too many parts to be read";
  if (whole.unreadable.empty()) {
    read.page.values[rest.field] = std::move(whole.value);
  } else {
    give_up(read, rest.field, std::move(whole.unreadable));
  }
}

// A write went through and the page could not be read afterwards: nothing is to be sent again.
Error unread(Error error) {
  error.effect = Effect::applied;
  error.what = "the change is saved, but reading it back failed: " + error.what;
  return error;
}

void read_frame(const json::value& body, Millis server_ms, PageList& list) {
  list.server_ms = server_ms;
  if (find_bool(body, "has_more")) list.next_cursor = find_string(body, "next_cursor");
  if (const json::value* status = find(body, "request_status"); status && status->is_object()) {
    list.has_status = true;
    list.complete = find_string(*status, "type") == "complete";
  }
  // More without a way to ask for it is an end we must not trust.
  if (find_bool(body, "has_more") && list.next_cursor.empty()) list.complete = false;
}

}  // namespace

NotionClient::NotionClient(Transport& transport, Clock& clock, Budget& budget, Options options)
    : caller_(transport, clock, budget, options.caller), options_(std::move(options)) {}

bool NotionClient::ready(std::size_t count) {
  return caller_.budget().ready(count);
}

std::uint64_t NotionClient::requests_sent() const {
  return caller_.sent();
}

Result<Bot> NotionClient::me() {
  Result<Reply> reply =
      caller_.run_one({{Method::get, "/v1/users/me", nullptr}, {"the integration", Scope::workspace, "user"}});
  if (!reply) return fail(reply.error());
  Bot bot{canonical_id(find_string(reply->body, "id")), std::string(find_string(reply->body, "name")), {}, {}};
  if (const json::value* more = find(reply->body, "bot")) {
    bot.workspace_id = find_string(*more, "workspace_id");
    bot.workspace_name = find_string(*more, "workspace_name");
  }
  if (bot.id.empty()) {
    return fail({Effect::none, Scope::workspace, Cause::invalid, "Notion does not say whose token this is",
                 "Check NOTION_BASE_URL: the answer is not the one of Notion's API."});
  }
  return bot;
}

Result<SourceSchema> NotionClient::schema(const std::string& data_source) {
  Result<Reply> reply = caller_.run_one({{Method::get, "/v1/data_sources/" + data_source, nullptr},
                                         {"data source " + data_source, Scope::pair, "database"}});
  if (!reply) return fail(reply.error());
  return read_source(reply->body);
}

Result<PageList> NotionClient::list(const Pair& pair, const ListQuery& query) {
  Result<ApiRequest> request = query_request(pair, query, options_.page_size);
  if (!request) return fail(request.error());
  Result<Reply> reply = caller_.run_one({std::move(*request), query_place(pair)});
  if (!reply) return fail(reply.error());

  PageList list;
  read_frame(reply->body, reply->server_ms, list);
  const json::array* results = find_array(reply->body, "results");
  if (!results) {
    return fail(
        {Effect::none, Scope::pair, Cause::unavailable, query_place(pair).what + ": the answer holds no results", {}});
  }
  std::vector<ReadPage> pages;
  pages.reserve(results->size());
  for (const auto& object : *results) {
    if (find_string(object, "object", "page") != "page") continue;  // a wiki holds data sources too
    Result<ReadPage> read = read_page(pair, object);
    if (!read)
      return fail({Effect::none, Scope::pair, Cause::invalid, query_place(pair).what + ": " + read.error().what, {}});
    pages.push_back(std::move(*read));
  }
  if (Status status = read_partial(pair, pages); !status) return fail(status.error());
  std::vector<ReadPage*> whole;
  for (ReadPage& read : pages) whole.push_back(&read);
  for (const Status& status : complete(pair, whole)) {
    if (!status) return fail(status.error());
  }
  for (auto& read : pages) list.pages.push_back(std::move(read.page));
  return list;
}

// Entries of which the listing showed the id alone are read by themselves. One that cannot be read stays away: it is
// held, not deleted, for absence proves nothing.
Status NotionClient::read_partial(const Pair& pair, std::vector<ReadPage>& pages) {
  std::vector<Call> calls;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (!pages[i].partial) continue;
    which.push_back(i);
    calls.push_back({read_request(pair, pages[i].page.id), page_place(pair, pages[i].page.id)});
  }
  if (calls.empty()) return {};
  auto replies = caller_.run(std::move(calls));
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (!replies[i]) {
      const Cause cause = replies[i].error().cause;
      if (cause == Cause::not_found || cause == Cause::forbidden) continue;
      return fail(replies[i].error());
    }
    ReadPage& page = pages[which[i]];
    Result<ReadPage> read = read_page(pair, replies[i]->body);
    if (read && read->page.id == page.page.id) page = std::move(*read);
  }
  std::erase_if(pages, [](const ReadPage& read) { return read.partial; });
  return {};
}

std::vector<Status> NotionClient::complete(const Pair& pair, std::span<ReadPage* const> pages) {
  std::vector<Status> outcomes(pages.size());
  std::vector<Rest> rests;
  for (std::size_t i = 0; i < pages.size(); ++i) {
    for (const std::size_t field : std::exchange(pages[i]->cut, {})) rests.push_back({i, field, {}, {}, 0});
  }
  while (!rests.empty()) {
    std::vector<Call> calls;
    for (const Rest& rest : rests) {
      const std::string& id = pages[rest.page]->page.id;
      calls.push_back({property_request(id, pair.fields[rest.field].property_id, rest.cursor), page_place(pair, id)});
    }
    auto replies = caller_.run(std::move(calls));
    std::vector<Rest> open;
    for (std::size_t i = 0; i < rests.size(); ++i) {
      Rest& rest = rests[i];
      ReadPage& read = *pages[rest.page];
      if (!replies[i]) {
        const Error& error = replies[i].error();
        if (error.scope != Scope::record) outcomes[rest.page] = fail(error);
        give_up(read, rest.field, "the rest of the property cannot be read: " + error.what);
        continue;
      }
      const json::value& body = replies[i]->body;
      add_items(body, rest.pieces);
      rest.cursor = find_bool(body, "has_more") ? find_string(body, "next_cursor") : std::string_view();
      if (!rest.cursor.empty() && ++rest.rounds < item_pages_max) {
        open.push_back(std::move(rest));
      } else {
        finish(pair, std::move(rest), read);
      }
    }
    rests = std::move(open);
  }
  return outcomes;
}

Result<PageList> NotionClient::search_trash(std::span<const Pair* const> pairs, const std::string& cursor) {
  json::object body{{"filter", json::object{{"property", "object"}, {"value", "page"}, {"in_trash", true}}},
                    {"sort", json::object{{"timestamp", "last_edited_time"}, {"direction", "descending"}}},
                    {"page_size", static_cast<std::int64_t>(options_.page_size)}};
  if (!cursor.empty()) body["start_cursor"] = cursor;
  Result<Reply> reply = caller_.run_one(
      {{Method::post, "/v1/search", std::move(body)}, {"search in the trash", Scope::workspace, "page"}});
  if (!reply) return fail(reply.error());
  PageList list;
  read_frame(reply->body, reply->server_ms, list);
  const json::array* results = find_array(reply->body, "results");
  if (!results) return list;
  for (const auto& object : *results) {
    const json::value* parent = find(object, "parent");
    const std::string source = parent ? canonical_id(find_string(*parent, "data_source_id")) : std::string();
    const auto pair = std::ranges::find_if(pairs, [&](const Pair* p) { return p->data_source == source; });
    if (source.empty() || pair == pairs.end() || !find_bool(object, "in_trash")) continue;
    Result<ReadPage> read = read_page(**pair, object);
    if (!read || read->partial) continue;  // candidates only: each is confirmed by reading the page
    for (const std::size_t field : read->cut) give_up(*read, field, "shown in part");
    list.pages.push_back(std::move(read->page));
  }
  return list;
}

Result<bool> NotionClient::trash_search_works() {
  json::object body{{"filter", json::object{{"property", "object"}, {"value", "data_source"}, {"in_trash", true}}},
                    {"page_size", 10}};
  Result<Reply> reply = caller_.run_one(
      {{Method::post, "/v1/search", std::move(body)}, {"search in the trash", Scope::workspace, "data source"}});
  if (!reply && reply.error().cause == Cause::invalid) return false;
  if (!reply) return fail(reply.error());
  const json::array* results = find_array(reply->body, "results");
  return !results ||
         std::ranges::all_of(*results, [](const json::value& object) { return find_bool(object, "in_trash"); });
}

std::vector<Result<Page>> NotionClient::perform(const Pair& pair, std::span<const PageRequest> requests) {
  std::vector<std::optional<Result<Page>>> outcomes(requests.size());
  std::vector<Call> calls;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Result<ApiRequest> request = page_request(pair, requests[i]);
    if (!request) {
      Error error = request.error();
      error.what = page_place(pair, requests[i]).what + ": " + error.what;
      outcomes[i] = fail(std::move(error));
      continue;
    }
    which.push_back(i);
    calls.push_back({std::move(*request), page_place(pair, requests[i])});
  }
  auto replies = caller_.run(std::move(calls));

  // What was saved without showing the whole page is read back.
  std::vector<ReadPage> pages(requests.size());
  std::vector<Call> reads;
  std::vector<std::size_t> reading;
  const auto written = [&](std::size_t i) { return requests[i].kind != PageRequest::Kind::read; };
  for (std::size_t n = 0; n < replies.size(); ++n) {
    const std::size_t i = which[n];
    if (!replies[n]) {
      Error error = std::move(replies[n].error());
      // Not the page is missing, for there is none yet, but the data source: no other create would fare better.
      if (requests[i].kind == PageRequest::Kind::create && error.cause == Cause::not_found) error.scope = Scope::pair;
      outcomes[i] = fail(std::move(error));
      continue;
    }
    std::string id = requests[i].page_id;
    if (!replies[n]->committed_id.empty()) {
      const std::string saved = canonical_id(replies[n]->committed_id);
      if (id.empty()) id = saved;
      if (saved.empty() || id != saved) {
        outcomes[i] = fail({Effect::unknown,
                            Scope::record,
                            Cause::unavailable,
                            page_place(pair, requests[i]).what + ": Notion names another page as saved",
                            {}});
        continue;
      }
    } else {
      Result<ReadPage> read = read_page(pair, replies[n]->body, requests[i].bare);
      if (!read || (!id.empty() && read->page.id != id)) {
        const Effect effect = written(i) ? Effect::unknown : Effect::none;
        outcomes[i] = fail({effect,
                            Scope::record,
                            Cause::unavailable,
                            page_place(pair, requests[i]).what + ": the answer is not this page",
                            {}});
        continue;
      }
      id = read->page.id;
      pages[i] = std::move(*read);
      if (!pages[i].partial) continue;
    }
    pages[i].page.id = id;
    reading.push_back(i);
    reads.push_back({read_request(pair, id, requests[i].bare), page_place(pair, id)});
  }
  auto read_back = caller_.run(std::move(reads));
  for (std::size_t n = 0; n < read_back.size(); ++n) {
    const std::size_t i = reading[n];
    Result<ReadPage> read =
        read_back[n] ? read_page(pair, read_back[n]->body, requests[i].bare) : fail(read_back[n].error());
    if (read && read->partial) {
      read = fail({Effect::none, Scope::pair, Cause::forbidden, "Notion shows the page's id only",
                   "Allow the integration to read content."});
    }
    if (read && read->page.id != pages[i].page.id) {
      read = fail({Effect::none,
                   Scope::record,
                   Cause::unavailable,
                   page_place(pair, pages[i].page.id).what + ": the answer is not this page",
                   {}});
    }
    if (read) {
      pages[i] = std::move(*read);
    } else {
      outcomes[i] = fail(written(i) ? unread(read.error()) : read.error());
    }
  }

  std::vector<ReadPage*> whole;
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (outcomes[i]) continue;
    whole.push_back(&pages[i]);
    shown.push_back(i);
  }
  const auto completed = complete(pair, whole);
  for (std::size_t n = 0; n < shown.size(); ++n) {
    const std::size_t i = shown[n];
    if (completed[n]) {
      outcomes[i] = std::move(pages[i].page);
    } else {
      outcomes[i] = fail(written(i) ? unread(completed[n].error()) : completed[n].error());
    }
  }

  std::vector<Result<Page>> results;
  results.reserve(requests.size());
  for (auto& outcome : outcomes) results.push_back(std::move(*outcome));
  return results;
}

}  // namespace rowpage
