// Formulas of the stand-in: an expression is refused, left alone, or computed; whatever it says, the page can be shown.
#include "core/text.h"
#include "fuzz/fuzz.h"
#include "sandbox/notion_model.h"

using namespace rowpage;
using fuzz::claim;

namespace {

struct Kitchen {
  Kitchen() : model({}, [] { return Millis{1'795'080'620'000}; }) {
    model.habits().requests_per_minute = 0;
    auto made = ask("POST", "/v1/databases",
                    parse_json(R"({"parent":{"page_id":")" + model.root_page().text() +
                               R"("},"title":[{"text":{"content":"Coffee"}}],"initial_data_source":{"properties":{
          "Name":{"title":{}},"Note":{"rich_text":{}},"Price":{"number":{}},"Tags":{"multi_select":{}},"Day":{"date":{}},
          "Sold":{"checkbox":{}}}}})")
                        .value());
    source = "/v1/data_sources/" + std::string(find_string((*find_array(made.body, "data_sources"))[0], "id"));
    auto row = ask("POST", "/v1/pages",
                   parse_json(R"({"parent":{"data_source_id":")" + source.substr(17) + R"("},"properties":{
          "Name":{"title":[{"text":{"content":"Kenya AA"}}]},"Price":{"number":18.5},"Tags":{"multi_select":[{"name":"a"},
          {"name":"b"}]},"Day":{"date":{"start":"2026-11-20"}},"Sold":{"checkbox":true}}})")
                       .value());
    page = "/v1/pages/" + std::string(find_string(row.body, "id"));
  }
  sandbox::Answer ask(const char* method, const std::string& path, json::value body = nullptr) {
    sandbox::Request asked;
    asked.method = method;
    asked.path = path;
    asked.token = model.integration_token();
    asked.version = "2026-03-11";
    asked.body = std::move(body);
    return model.handle(asked);
  }
  sandbox::NotionModel model;
  std::string source, page;
};

}  // namespace

ROWPAGE_FUZZ(formula) {
  if (!valid_utf8(bytes)) return;  // an expression travels in JSON
  static Kitchen kitchen;
  const auto set =
      kitchen.ask("PATCH", kitchen.source,
                  json::object{{"properties",
                                json::object{{"F", json::object{{"formula", json::object{{"expression", bytes}}}}}}}});
  claim(set.status == 200 || set.status == 400, "a formula is taken or refused", to_text(set.body));
  const auto shown = kitchen.ask("GET", kitchen.page);
  claim(shown.status == 200 && parse_json(to_text(shown.body)).has_value(), "the page can be shown",
        to_text(shown.body));
}
