// A test of the contract: one service, a database of its own for each test, trashed afterwards.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contract/service.h"

namespace rowpage::contract {

class Contract : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string why;
    service = Service::make(GetParam(), why);
    if (!service) GTEST_SKIP() << why;
  }
  void TearDown() override {
    if (!service || !service->real()) return;  // the others are gone with the test
    for (const auto& id : databases_) service->ask("PATCH", "/v1/databases/" + id, R"({"in_trash":true})");
  }

  struct Made {
    std::string database, source;
  };
  /// A database whose first data source has these properties besides the title "Name".
  Made make(std::string_view title, std::string_view properties = "{}") {
    auto all = parse_json(properties).value();
    all.as_object()["Name"] = json::object{{"title", json::object{}}};
    const json::object parent{{"type", "page_id"}, {"page_id", service->root_page()}};
    const json::array name{json::object{{"text", json::object{{"content", title}}}}};
    const auto answer =
        service->ask({"POST", "/v1/databases",
                      json::object{{"parent", parent},
                                   {"title", name},
                                   {"initial_data_source", json::object{{"properties", std::move(all)}}}}});
    EXPECT_EQ(answer.status, 200) << to_text(answer.body);
    const auto* sources = find_array(answer.body, "data_sources");
    if (!sources || sources->empty()) return {};
    databases_.push_back(answer.id());
    return {answer.id(), std::string(find_string(sources->front(), "id"))};
  }

  Service::Answer create(const Made& made, std::string_view properties) {
    return service->ask(
        {"POST", "/v1/pages",
         json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", made.source}}},
                      {"properties", parse_json(properties).value()}}});
  }
  /// Its id, or the test fails.
  std::string page(const Made& made, std::string_view properties) {
    const auto answer = create(made, properties);
    EXPECT_EQ(answer.status, 200) << to_text(answer.body);
    return answer.id();
  }
  std::string named(const Made& made, std::string_view name) {
    return page(made, R"({"Name":{"title":[{"text":{"content":")" + std::string(name) + R"("}}]}})");
  }
  Service::Answer patch(const std::string& page, std::string_view body) {
    return service->ask("PATCH", "/v1/pages/" + page, body);
  }
  Service::Answer get(const std::string& page) { return service->ask("GET", "/v1/pages/" + page); }
  Service::Answer query(const Made& made, std::string_view body) {
    return service->ask("POST", "/v1/data_sources/" + made.source + "/query", body);
  }

  /// The titles a query shows, all its pages of answers one after the other.
  std::vector<std::string> names(const Made& made, std::string_view body = "{}") {
    std::vector<std::string> all;
    auto request = parse_json(body).value();
    for (int answers = 0; answers < 20; ++answers) {
      const auto answer = service->ask({"POST", "/v1/data_sources/" + made.source + "/query", request});
      EXPECT_EQ(answer.status, 200) << to_text(answer.body);
      const auto* results = find_array(answer.body, "results");
      if (!results) return all;
      for (const auto& one : *results) all.push_back(title_of(one));
      if (!find_bool(answer.body, "has_more")) return all;
      request.as_object()["start_cursor"] = find_string(answer.body, "next_cursor");
    }
    ADD_FAILURE() << "the query does not end";
    return all;
  }

  static std::string title_of(const json::value& page) { return text_of(page, "Name"); }
  static std::string text_of(const json::value& page, std::string_view property) {
    std::string text;
    const auto& value = value_of(page, property);
    if (const auto* pieces = value.if_array()) {
      for (const auto& piece : *pieces) text += find_string(piece, "plain_text");
    }
    return text;
  }
  /// What stands under the property's type; null when there is no such property.
  static const json::value& value_of(const json::value& page, std::string_view property) {
    static const json::value none;
    const auto* properties = find_object(page, "properties");
    const auto* shown = properties ? properties->if_contains(property) : nullptr;
    const auto* value = shown ? find(*shown, find_string(*shown, "type")) : nullptr;
    return value ? *value : none;
  }
  static std::string id_of(const json::value& page, std::string_view property) {
    return std::string(find_string(page.at("properties").at(property), "id"));
  }
  static std::vector<std::string> ids_of(const json::value& relation) {
    std::vector<std::string> ids;
    if (const auto* array = relation.if_array()) {
      for (const auto& one : *array) ids.emplace_back(find_string(one, "id"));
    }
    return ids;
  }

  std::unique_ptr<Service> service;

 private:
  std::vector<std::string> databases_;
};

/// "real" only where it is asked for: a skipped test for each would hide the others (RealService says so once).
std::vector<const char*> services();

#define ROWPAGE_CONTRACT(suite)                                      \
  INSTANTIATE_TEST_SUITE_P(Of, suite, testing::ValuesIn(services()), \
                           [](const auto& info) { return std::string(info.param); })

}  // namespace rowpage::contract
