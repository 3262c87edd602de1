// Differences from the document that no recording shows: the stand-in follows a stated fact, and here it is met. So no
// row of the table stays when what it excuses has gone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include <fmt/format.h>

#include "contract/fixture.h"
#include "sandbox/notion_model.h"
#include "support/witness.h"

namespace rowpage::contract {

std::vector<const char*> services() {
  std::vector<const char*> names = {"model", "sandbox"};
  if (std::getenv("ROWPAGE_CONTRACT_TOKEN") && std::getenv("ROWPAGE_CONTRACT_PARENT_PAGE")) names.push_back("real");
  return names;
}

namespace {

TEST(RealService, is_asked_only_by_wish) {
  std::string why;
  if (!Service::make("real", why)) GTEST_SKIP() << why;
  EXPECT_EQ(services().size(), 3U);
}

TEST(Facts, that_the_document_lacks_are_met_one_by_one) {
  auto& witness = Witness::get();
  if (!witness.judges() || witness.small())
    GTEST_SKIP() << "Notion's larger OpenAPI document is not beside the repository";
  using Kind = sandbox::Fate::Kind;
  Millis now = parse_time("2026-11-20T09:30:20Z")->ms;
  sandbox::NotionModel model({}, [&] { return now; });
  const auto ask = [&](std::string method, std::string path, std::string_view body, sandbox::Fate fate = {}) {
    sandbox::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.token = model.integration_token();
    request.version = "2026-03-11";
    if (!body.empty()) request.body = parse_json(body).value();
    return model.handle(request, fate);
  };
  const auto made = ask("POST", "/v1/databases",
                        R"({"parent":{"type":"page_id","page_id":")" + model.root_page().text() +
                            R"("},"initial_data_source":{"properties":{"Name":{"title":{}},"Origin":{"select":{}}}}})");
  ASSERT_EQ(made.status, 200) << to_text(made.body);
  const std::string source(find_string(made.body.at("data_sources").at(0), "id"));
  const auto page =
      ask("POST", "/v1/pages", R"({"parent":{"type":"data_source_id","data_source_id":")" + source + R"("}})");
  const std::string id(find_string(page.body, "id"));

  // 4.2: refusals by the edge and the service behind it, and the id that every one of them carries.
  for (const auto kind : {Kind::refuse_409, Kind::refuse_429, Kind::refuse_529}) {
    EXPECT_GE(ask("GET", "/v1/pages/" + id, "", {.kind = kind}).status, 409);
  }
  for (const int status : {500, 502, 503, 504}) {
    EXPECT_EQ(ask("GET", "/v1/pages/" + id, "", {.kind = Kind::error_before, .status = status}).status, status);
  }
  // 5.4: cursors are opaque.
  now += 2 * minute_ms;
  const auto paragraph = R"({"type":"paragraph","paragraph":{"rich_text":[{"text":{"content":"a"}}]}})";
  ask("PATCH", "/v1/blocks/" + id + "/children", fmt::format(R"({{"children":[{0},{0}]}})", paragraph));
  sandbox::Request list;
  list.method = "GET";
  list.path = "/v1/blocks/" + id + "/children";
  list.token = model.integration_token();
  list.version = "2026-03-11";
  list.query = {{"page_size", "1"}};
  list.query.emplace_back("start_cursor", find_string(model.handle(list).body, "next_cursor"));
  EXPECT_EQ(model.handle(list).status, 200);
  const auto found = ask("POST", "/v1/search", R"({"page_size":1})");
  ASSERT_TRUE(find_bool(found.body, "has_more"));
  const std::string cursor(find_string(found.body, "next_cursor"));
  EXPECT_EQ(ask("POST", "/v1/search", R"({"page_size":1,"start_cursor":")" + cursor + "\"}").status, 200);
  // 5.6, 11.3: archiving, and search among the trash.
  EXPECT_EQ(ask("PATCH", "/v1/pages/" + id, R"({"is_archived":true})").status, 200);
  EXPECT_EQ(ask("POST", "/v1/data_sources/" + source + "/query", R"({"is_archived":true})").status, 200);
  EXPECT_EQ(ask("POST", "/v1/search", R"({"filter":{"property":"object","value":"page","in_trash":true}})").status,
            200);
  // Trap 12 of 14: more than a hundred options answer well and change nothing.
  std::string options;
  for (int i = 0; i < 101; ++i) options += fmt::format(R"({}{{"name":"o{}"}})", i ? "," : "", i);
  EXPECT_EQ(ask("PATCH", "/v1/data_sources/" + source,
                R"({"properties":{"Origin":{"select":{"options":[)" + options + "]}}}}")
                .status,
            200);

  const auto met = witness.met();
  std::size_t facts = 0;
  for (const auto& row : witness.differences().rows()) {
    if (!row.source.starts_with("fact ")) {
      EXPECT_TRUE(row.source.starts_with("recording ")) << "neither a recording nor a fact: " << row.source;
      continue;
    }
    ++facts;
    EXPECT_TRUE(met.contains(row.key())) << "listed, but nothing here meets it: " << row.key();
  }
  std::cout << fmt::format("contract: {} differences from the document, {} of them stated facts\n",
                           witness.differences().rows().size(), facts);
}

}  // namespace
}  // namespace rowpage::contract
