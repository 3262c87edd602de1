// A small roastery in the stand-in, with a clock the test moves: the start of most tests here.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "sandbox/notion_model.h"

namespace rowpage::sandbox {

class Roastery : public ::testing::Test {
 protected:
  Roastery() : model({}, [this] { return now; }) {
    model.habits().requests_per_minute = 0;
    auto made = ask("POST", "/v1/databases",
                    R"({"parent":{"type":"page_id","page_id":")" + model.root_page().text() +
                        R"("},"title":[{"text":{"content":"Coffee"}}],"initial_data_source":{"properties":{
          "Name":{"title":{}},"Note":{"rich_text":{}},"Price":{"number":{}},"Origin":{"select":{"options":[{"name":"Kenya"}]}},
          "Tags":{"multi_select":{}},"Stage":{"status":{}},"Day":{"date":{}},"Sold":{"checkbox":{}},"Link":{"url":{}},
          "Mail":{"email":{}},"Phone":{"phone_number":{}},"Who":{"people":{}},"No":{"unique_id":{"prefix":"LOT"}},
          "Made":{"created_time":{}}}}})");
    EXPECT_EQ(made.status, 200) << to_text(made.body);
    database = find_string(made.body, "id");
    source = find_string((*find_array(made.body, "data_sources"))[0], "id");
  }

  Request request(std::string method, std::string path, std::string_view body = {}) const {
    Request asked;
    asked.method = std::move(method);
    asked.path = std::move(path);
    asked.token = model.integration_token();
    asked.version = "2026-03-11";
    if (!body.empty()) asked.body = parse_json(body).value();
    return asked;
  }
  Answer ask(std::string method, std::string path, std::string_view body = {}, Fate fate = {}) {
    return model.handle(request(std::move(method), std::move(path), body), fate);
  }
  Answer create(std::string_view properties = "{}", Fate fate = {}) {
    return ask("POST", "/v1/pages",
               R"({"parent":{"data_source_id":")" + source + R"("},"properties":)" + std::string(properties) + "}",
               fate);
  }
  std::string made_id(std::string_view properties = "{}") {
    const auto answer = create(properties);
    EXPECT_EQ(answer.status, 200) << to_text(answer.body);
    return std::string(find_string(answer.body, "id"));
  }
  Answer patch(const std::string& page, std::string_view body, Fate fate = {}) {
    return ask("PATCH", "/v1/pages/" + page, body, fate);
  }
  Answer get(const std::string& page) { return ask("GET", "/v1/pages/" + page); }
  Answer query(std::string_view body = "{}") { return ask("POST", "/v1/data_sources/" + source + "/query", body); }
  std::size_t rows(std::string_view body = "{}") {
    const auto answer = query(body);
    EXPECT_EQ(answer.status, 200) << to_text(answer.body);
    const auto* results = find_array(answer.body, "results");
    return results ? results->size() : 0;
  }
  static std::string code(const Answer& answer) { return std::string(find_string(answer.body, "code")); }
  static std::string message(const Answer& answer) { return std::string(find_string(answer.body, "message")); }
  static const json::value& value(const Answer& page, std::string_view property) {
    const auto& shown = page.body.at("properties").at(property);
    return shown.at(find_string(shown, "type"));
  }
  void settle() { now += 2 * minute_ms; }

  Millis now = parse_time("2026-11-20T09:30:20Z")->ms;
  NotionModel model;
  std::string database, source;
};

}  // namespace rowpage::sandbox
