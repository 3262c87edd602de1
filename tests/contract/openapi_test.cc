// Which operation a request is, what of it is judged, and the table of differences.
#include "support/openapi.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "sandbox/shape.h"
#include "support/witness.h"

namespace rowpage::contract {
namespace {

OpenApi small() {
  return OpenApi(parse_json(R"({
    "components": {"schemas": {
      "error_api_429": {"type":"object","properties":{"code":{"const":"rate_limited"}},"required":["code"]}},
      "parameters": {"version": {"name":"Notion-Version","in":"header","schema":{"enum":["2026-03-11"]}}}},
    "paths": {
      "/v1/users/me": {"get": {"parameters":[{"$ref":"#/components/parameters/version"}],
        "responses":{"200":{"content":{"application/json":{"schema":{"type":"object","required":["id"]}}}}}}},
      "/v1/users/{user_id}": {"get": {
        "parameters":[{"name":"user_id","in":"path","required":true,"schema":{"type":"string","format":"uuid"}},
                      {"name":"page_size","in":"query","schema":{"type":"integer","maximum":100}},
                      {"name":"filter_properties","in":"query",
                       "schema":{"type":"array","items":{"type":"string","minLength":2}}}],
        "responses":{"200":{"description":"no body"}}}},
      "/v1/pages": {"post": {"requestBody":{"required":true,"content":{"application/json":{"schema":
          {"type":"object","properties":{"parent":{"type":"object"}},"required":["parent"],
           "additionalProperties":false}}}},
        "responses":{"200":{}}}}}})")
                     .value());
}

std::string complaints(const JsonSchema::Finding& found) {
  std::string all;
  for (const auto& one : found.violations) all += one.rule + " " + one.at + " " + one.value + ";";
  return all;
}

TEST(OpenApi, finds_the_operation_with_the_fewest_free_segments) {
  const auto api = small();
  EXPECT_EQ(api.find("GET", "/v1/users/me")->name, "GET /v1/users/me");
  EXPECT_EQ(api.find("GET", "/v1/users/7")->name, "GET /v1/users/{user_id}");
  EXPECT_EQ(api.find("GET", "/v1/users"), nullptr);
  EXPECT_EQ(api.find("PATCH", "/v1/users/7"), nullptr);
  EXPECT_EQ(complaints(api.check_request({.method = "GET", .path = "/v1/views/7"})), "path  GET /v1/views/*;");
}

TEST(OpenApi, judges_path_query_version_and_body) {
  const auto api = small();
  const std::string id = "1b2c3d4e-0000-4000-8000-00000000000a";
  Exchange user{
      .method = "GET", .path = "/v1/users/" + id, .query = {{"page_size", "100"}, {"filter_properties[]", "ab"}}};
  EXPECT_EQ(complaints(api.check_request(user)), "");
  user.query = {{"page_size", "101"}, {"filter_properties", "a"}, {"cursor", "x"}};
  EXPECT_EQ(complaints(api.check_request(user)),
            "maximum /query/page_size 101;minLength /query/filter_properties/0 1;additionalProperties /query cursor;");
  user.query = {{"page_size", "many"}};
  EXPECT_EQ(complaints(api.check_request(user)), "type /query/page_size string;");
  user = {.method = "GET", .path = "/v1/users/7"};
  EXPECT_EQ(complaints(api.check_request(user)), "format /path/user_id 7;");
  user = {.method = "GET", .path = "/v1/users/" + id, .request = json::object{}};
  EXPECT_EQ(complaints(api.check_request(user)), "additionalProperties /body body;");
  EXPECT_EQ(complaints(api.check_request({.method = "GET", .path = "/v1/users/me", .version = "2022-06-28"})),
            "enum /header/Notion-Version 2022-06-28;");
  EXPECT_EQ(complaints(api.check_request({.method = "POST", .path = "/v1/pages"})), "required /body body;");
  EXPECT_EQ(complaints(api.check_request({.method = "POST", .path = "/v1/pages", .request = json::object{{"a", 1}}})),
            "required /body parent;additionalProperties /body a;");
}

TEST(OpenApi, judges_status_and_answer) {
  const auto api = small();
  Exchange me{.method = "GET", .path = "/v1/users/me", .status = 200, .response = json::object{{"id", 1}}};
  EXPECT_EQ(complaints(api.check_answer(me)), "");
  me.response = json::object{};
  EXPECT_EQ(complaints(api.check_answer(me)), "required  id;");
  me.status = 529;
  EXPECT_EQ(complaints(api.check_answer(me)), "status  529;");
  // Refusals look the same everywhere, also where the document lacks the operation.
  EXPECT_EQ(
      complaints(api.check_answer({.method = "GET", .path = "/v1/views", .status = 429, .response = json::object{}})),
      "required  code;");
}

class Table : public testing::Test {
 protected:
  std::filesystem::path write(std::string_view rows) {
    const auto file = std::filesystem::temp_directory_path() / ("differences-" + std::to_string(getpid()) + ".md");
    std::ofstream(file) << "| schema | place | rule | value | source |\n|---|---|---|---|---|\n" << rows;
    return file;
  }
};

TEST_F(Table, of_differences_knows_exactly_what_it_lists) {
  const auto table =
      Differences::read(write("| page | / | additionalProperties | request_id | recording x:1 |\n"
                              "| query | /cursor | format | * | fact 5 |\n"));
  EXPECT_TRUE(table.knows({"", "page", "", "additionalProperties", "request_id"}));
  EXPECT_FALSE(table.knows({"", "page", "", "additionalProperties", "archived"}));
  EXPECT_FALSE(table.knows({"", "page", "/icon", "additionalProperties", "request_id"}));
  EXPECT_FALSE(table.knows({"", "block", "", "additionalProperties", "request_id"}));
  EXPECT_TRUE(table.knows({"", "query", "/cursor", "format", "anything"}));
  EXPECT_FALSE(table.knows({"", "query", "/cursor", "type", "number"}));
}

TEST_F(Table, of_differences_wants_a_source_and_no_row_twice) {
  EXPECT_THROW(Differences::read(write("| page | / | type | null |  |\n")), std::runtime_error);
  EXPECT_THROW(Differences::read(write("| page | / | type | null | fact 1 |\n| page | / | type | null | fact 2 |\n")),
               std::runtime_error);
  EXPECT_THROW(Differences::read(write("| page | / | type | null |\n")), std::runtime_error);
}

TEST(SmallerDocument, differs_from_the_programs_requests_as_listed_and_each_row_is_met) {
  const std::filesystem::path root = ROWPAGE_SOURCE_DIR;
  std::ifstream file(root / "build/notion-openapi/package/scripts/notion-openapi.json");
  if (!file)
    GTEST_SKIP() << "the document of @notionhq/notion-mcp-server is not there (scripts/test takes it from npm)";
  const OpenApi api(parse_json(std::string(std::istreambuf_iterator<char>(file), {})).value());
  const auto table = Differences::read(root / "tests/contract/differences_small.md");
  const auto body = [](std::string_view text) { return parse_json(text).value(); };
  const std::string id = "1b2c3d4e-0000-4000-8000-00000000000a", source = "/v1/data_sources/" + id;
  std::vector<Exchange> exchanges = {
      {"POST",
       "/v1/databases",
       {},
       "2026-03-11",
       body(R"({"parent":{"type":"page_id","page_id":")" + id + "\"}}"),
       200,
       nullptr},
      {"PATCH", "/v1/databases/" + id, {}, "2026-03-11", body(R"({"in_trash":true})"), 200, nullptr},
      {"GET", "/v1/async_tasks/task_1", {}, "2026-03-11", nullptr, 404, nullptr},
      {"POST",
       source + "/query",
       {},
       "2026-03-11",
       body(R"({"sorts":[{"timestamp":"created_time","direction":"ascending"}]})"),
       200,
       json::object{}},
      {"POST",
       "/v1/pages",
       {},
       "2026-03-11",
       body(R"({"parent":{"type":"data_source_id","data_source_id":")" + id + "\"}}"),
       200,
       json::object{}}};
  for (const int status : {202, 401, 404, 409, 429, 500, 502, 503, 504, 529}) {
    exchanges.push_back({"GET", source, {}, "2026-03-11", nullptr, status, json::object{}});
  }
  std::set<std::string> met;
  for (const auto& exchange : exchanges) {
    for (const auto& found :
         {api.check_request(exchange, table.tolerates()), api.check_answer(exchange, table.tolerates())}) {
      EXPECT_EQ(complaints(found), "") << exchange.method << " " << exchange.path;
      for (const auto& one : found.tolerated) met.insert(table.row_of(one)->key());
    }
  }
  for (const auto& row : table.rows()) EXPECT_TRUE(met.contains(row.key())) << "listed, but not met: " << row.key();
}

// The judge of all other executables, with what must not pass. Shapes are judged once, so each is one of its own.
TEST(Witness, fails_the_test_that_breaks_the_document) {
  if (!Witness::get().judges() || Witness::get().small()) {
    GTEST_SKIP() << "Notion's larger OpenAPI document is not beside the repository";
  }
  const json::value wrong{{"properties", json::object{{"Price", json::object{{"number", "7"}, {"witness", 1}}}}}};
  const ApiRequest sent{Method::patch, "/v1/pages/1b2c3d4e-0000-4000-8000-00000000000a", wrong, false};
  EXPECT_NONFATAL_FAILURE(Witness::get().sent(sent), "witness");
  Witness::get().sent(sent);  // once a shape
  const ApiRequest cursor{Method::get, "/v1/users?page_size=10&witness=1", nullptr, true};
  EXPECT_NONFATAL_FAILURE(Witness::get().sent(cursor), "additionalProperties");
  sandbox::Request asked;
  asked.method = "GET";
  asked.path = "/v1/users/me";
  asked.version = "2026-03-11";
  sandbox::Answer answer;
  answer.status = 200;
  answer.body = json::object{{"object", "user"}, {"id", 7}};
  EXPECT_NONFATAL_FAILURE(Witness::get().saw(asked, answer), "/id: type");
  answer.body = json::object{{"object", "user"}, {"witness", true}};
  EXPECT_NONFATAL_FAILURE(Witness::get().saw(asked, answer), "required");
  // What a refused test request was is not judged, what the program sent is: see Witness::judge_accepted_only().
  answer.raw = "<html>";
  answer.body = nullptr;
  Witness::get().saw(asked, answer);
}

// Judging once a shape is right only if a shape holds whatever the document looks at.
void collect_words(const json::value& schema, std::string_view key, std::set<std::string>& words) {
  if (const auto* array = schema.if_array()) {
    for (const auto& element : *array) collect_words(element, key, words);
  }
  const auto* object = schema.if_object();
  if (!object) return;
  const auto* constant = object->if_contains("const");
  const auto* values = object->if_contains("enum");
  if (!key.empty() && ((constant && constant->is_string()) || (values && values->is_array()))) words.emplace(key);
  for (const auto& [name, inner] : *object) {
    if (name == "properties" && inner.is_object()) {
      for (const auto& member : inner.get_object()) collect_words(member.value(), member.key(), words);
    } else if (inner.is_structured()) {
      collect_words(inner, name == "schemas" || name == "parameters" ? std::string_view() : key, words);
    }
  }
}

TEST(Shape, tells_apart_whatever_the_document_can_tell_apart) {
  const auto* document = Witness::get().document();
  if (!document || Witness::get().small())
    GTEST_SKIP() << "Notion's larger OpenAPI document is not beside the repository";
  std::set<std::string> words;
  collect_words(document->text().at("components").at("schemas"), "", words);
  collect_words(document->text().at("paths"), "", words);
  words.erase("api_version");  // of webhooks, which no exchange holds
  words.erase("updated_fields");
  EXPECT_GT(words.size(), 10U);
  for (const auto& word : words) EXPECT_TRUE(sandbox::is_word(word)) << word;
}

TEST(Shape, is_the_same_for_other_ids_names_and_texts_and_another_for_other_kinds) {
  const auto shape = [](std::string_view text) { return sandbox::shape_of(parse_json(text).value()); };
  EXPECT_EQ(shape(R"({"id":"1b2c3d4e-0000-4000-8000-00000000000a","name":"a"})"),
            shape(R"({"name":"bc","id":"2b2c3d4e-0000-4000-8000-00000000000a"})"));
  EXPECT_EQ(shape(R"({"properties":{"A":{"number":1}}})"),
            shape(R"({"properties":{"B":{"number":1},"C":{"number":1}}})"));
  EXPECT_EQ(shape(R"([{"a":1},{"b":1}])"), shape(R"([{"b":1},{"b":1},{"a":1}])"));
  EXPECT_NE(shape(R"({"type":"page"})"), shape(R"({"type":"block"})"));
  EXPECT_NE(shape(R"({"a":"x"})"), shape(R"({"a":""})"));
  EXPECT_NE(shape(R"({"a":"x"})"), shape(R"({"a":null})"));
  EXPECT_NE(shape(R"({"a":"2026-11-20"})"), shape(R"({"a":"2026-11-20T09:30:00Z"})"));
  EXPECT_NE(shape(R"([1])"), shape("[]"));
  EXPECT_NE(shape(R"([1])"), shape("[1.5]"));
  EXPECT_NE(shape(R"({"a":1})"), shape(R"({"b":1})"));
  EXPECT_NE(shape(R"({"a":{"b":1}})"), shape(R"({"a":{},"b":1})"));
  EXPECT_NE(shape(R"({"a":")" + std::string(2001, 'x') + "\"}"), shape(R"({"a":")" + std::string(2000, 'x') + "\"}"));
}

}  // namespace
}  // namespace rowpage::contract
