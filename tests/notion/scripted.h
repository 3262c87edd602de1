// A transport that answers from a script and remembers what it was asked.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "fake_clock.h"
#include "notion/client.h"
#include "support/witness.h"

namespace rowpage {

inline json::value parsed(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : json::value();
}

inline ApiResult answer(int status, json::value body) {
  ApiResult result{.got = ApiResult::Got::json, .status = status, .body = std::move(body)};
  result.server_ms = FakeClock::start_ms;
  return result;
}

inline ApiResult refusal(int status, std::string_view code, std::string_view additional = "null") {
  return answer(status, json::object{{"object", "error"},
                                     {"status", status},
                                     {"code", code},
                                     {"message", "in Notion's words"},
                                     {"request_id", "req-1"},
                                     {"additional_data", parsed(additional)}});
}

inline ApiResult web_page(int status) {
  return {.got = ApiResult::Got::unreadable, .status = status, .why = "the answer is a web page, not Notion's"};
}

inline ApiResult silence(Effect effect, Cause cause = Cause::unavailable) {
  return {.got = ApiResult::Got::nothing, .effect = effect, .cause = cause, .why = "no answer within 65 s"};
}

class ScriptedTransport : public Transport {
 public:
  std::vector<ApiResult> perform(std::span<const ApiRequest> requests) override {
    std::vector<ApiResult> results;
    widest = std::max(widest, requests.size());
    for (const auto& request : requests) {
      asked.push_back(request);
      contract::Witness::get().sent(request);
      if (script.empty()) {
        ADD_FAILURE() << "not in the script: " << name_of(request.method) << " " << request.path;
        results.push_back(silence(Effect::none, Cause::usage));
        continue;
      }
      results.push_back(std::move(script.front()));
      script.pop_front();
    }
    return results;
  }

  std::deque<ApiResult> script;
  std::vector<ApiRequest> asked;
  std::size_t widest = 0;
};

// A client with its surroundings; no jitter, so waits are exact.
struct Stage {
  FakeClock clock;
  ScriptedTransport transport;
  Budget budget{clock, {}};
  NotionClient client{transport, clock, budget};

  Stage& then(ApiResult result) {
    transport.script.push_back(std::move(result));
    return *this;
  }
  const ApiRequest& asked(std::size_t i) const { return transport.asked.at(i); }
};

inline constexpr std::string_view page_a = "0a000000-0000-4000-8000-000000000001";
inline constexpr std::string_view page_b = "0b000000-0000-4000-8000-000000000002";
inline constexpr std::string_view source_id = "50000000-0000-4000-8000-000000000005";

// Title, a text under an id that needs encoding, and a number; nonce and checksum kept.
inline Pair beans() {
  Pair pair;
  pair.model = "Bean";
  pair.data_source = source_id;
  const auto field = [&](std::string property, std::string id, FieldType type) {
    Field made;
    made.property = std::move(property);
    made.property_id = std::move(id);
    made.type = type;
    pair.fields.push_back(std::move(made));
  };
  field("Name", "title", FieldType::title);
  field("Notes", "<nJT", FieldType::rich_text);
  field("Price", "Lq;z", FieldType::number);
  pair.title_field = 0;
  pair.nonce_id = "nOnC";
  pair.nonce_type = "rich_text";
  pair.checksum_id = "ChKs";
  pair.last_synced_id = "SyNc";
  return pair;
}

inline json::value text_property(std::string_view id, std::string_view type, std::string_view text) {
  json::array pieces;
  if (!text.empty()) pieces.push_back(json::object{{"type", "text"}, {"plain_text", text}});
  return json::object{{"id", id}, {"type", type}, {type, std::move(pieces)}};
}

inline json::value bean(std::string_view id, std::string_view name, double price = 1, bool in_trash = false) {
  return json::object{
      {"object", "page"},
      {"id", id},
      {"created_time", "2026-11-20T08:00:00.000Z"},
      {"last_edited_time", "2026-11-20T08:30:00.000Z"},
      {"in_trash", in_trash},
      {"is_archived", false},
      {"parent", json::object{{"type", "data_source_id"}, {"data_source_id", source_id}}},
      {"properties", json::object{{"Name", text_property("title", "title", name)},
                                  {"Notes", text_property("%3CnJT", "rich_text", "floral")},
                                  {"Price", json::object{{"id", "Lq%3Bz"}, {"type", "number"}, {"number", price}}},
                                  {"Rowpage", text_property("nOnC", "rich_text", "nonce-1")},
                                  {"Checksum", text_property("ChKs", "rich_text", "")},
                                  {"Else", json::object{{"id", "x"}, {"type", "hologram"}, {"hologram", 1}}}}}};
}

inline json::value listing(json::array results, std::string_view next = {}, std::string_view status = "complete") {
  json::value cursor;
  if (!next.empty()) cursor = next;
  json::object list{
      {"object", "list"}, {"results", std::move(results)}, {"has_more", !next.empty()}, {"next_cursor", cursor}};
  if (!status.empty()) list["request_status"] = json::object{{"type", status}};
  return list;
}

}  // namespace rowpage
