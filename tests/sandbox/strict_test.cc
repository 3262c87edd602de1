// Where the real service refuses, the stand-in refuses; where it normalises, so does this.
#include "sandbox/roastery.h"

#include <fmt/format.h>

namespace rowpage::sandbox {
namespace {

class Strict : public Roastery {
 protected:
  void refused(std::string_view properties, std::string_view part) {
    const auto answer = create(properties);
    EXPECT_EQ(answer.status, 400) << properties;
    EXPECT_EQ(code(answer), "validation_error");
    EXPECT_NE(message(answer).find(part), std::string::npos) << message(answer);
  }
};

TEST_F(Strict, version_token_and_path_are_checked) {
  auto asked = request("GET", "/v1/users/me");
  asked.version.clear();
  EXPECT_EQ(code(model.handle(asked)), "missing_version");
  asked = request("GET", "/v1/users/me");
  asked.token = "nobody's";
  EXPECT_EQ(model.handle(asked).status, 401);
  model.expire_token(model.integration_token());
  EXPECT_EQ(ask("GET", "/v1/users/me").status, 401);
}

TEST_F(Strict, paths_and_ids) {
  EXPECT_EQ(code(ask("GET", "/v1/invalid")), "invalid_request_url");
  EXPECT_EQ(message(ask("GET", "/v1/pages/AAA")),
            "path failed validation: path.page_id should be a valid uuid, instead was `\"AAA\"`.");
  EXPECT_EQ(code(ask("GET", "/v1/pages/7855b161-f63e-4683-b7c7-8ca6e97ee266")), "object_not_found");
}

TEST_F(Strict, values_must_fit_their_property) {
  refused(R"({"Nothing":{"number":1}})", "Nothing is not a property that exists.");
  refused(R"({"Price":{"number":"1"}})", "body.properties.Price.number should be a number or `null`");
  refused(R"({"Price":{"rich_text":[]}})", "Price is expected to be number.");
  refused(R"({"Name":null})", "Invalid property value for: \"Name\".");
  refused(R"({"Link":{"url":""}})", "length should be ≥ `1`");
  refused(R"({"Mail":{"email":""}})", "length should be ≥ `1`");
  refused(R"({"Phone":{"phone_number":""}})", "length should be ≥ `1`");
  refused(R"({"Sold":{"checkbox":null}})", "a boolean");
  refused(R"({"Day":{"date":{"start":"soon"}}})", "valid ISO 8601 date string");
  refused(R"({"Day":{"date":{"start":"2026-02-30"}}})", "valid ISO 8601 date string");
  refused(R"({"No":{"unique_id":{"number":4}}})", "cannot be written");
  refused(R"({"Made":{"created_time":"2026-01-01"}})", "cannot be written");
  refused(R"({"Who":{"people":[{"id":"nobody"}]}})", "a valid uuid");
}

TEST_F(Strict, texts_count_utf16_units) {
  const std::string fits(2000, 'x');
  EXPECT_EQ(create(fmt::format(R"({{"Note":{{"rich_text":[{{"text":{{"content":"{}"}}}}]}}}})", fits)).status, 200);
  refused(fmt::format(R"({{"Note":{{"rich_text":[{{"text":{{"content":"{}😀"}}}}]}}}})", fits.substr(1)),
          "body.properties.Note.rich_text[0].text.content.length should be ≤ `2000`, instead was `2001`.");
  std::string runs;
  for (int i = 0; i < 101; ++i) runs += fmt::format(R"({}{{"text":{{"content":"a"}}}})", i ? "," : "");
  refused(fmt::format(R"({{"Note":{{"rich_text":[{}]}}}})", runs), "≤ `100`, instead was `101`");
}

TEST_F(Strict, neighbouring_runs_of_equal_look_become_one) {
  const auto page = create(R"({"Note":{"rich_text":[{"text":{"content":"a"}},{"text":{"content":"b"}},
      {"text":{"content":"c"},"annotations":{"bold":true}}]}})");
  const auto& runs = value(page, "Note").get_array();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(find_string(runs[0], "plain_text"), "ab");
  EXPECT_EQ(find_string(runs[1], "plain_text"), "c");
}

TEST_F(Strict, options) {
  refused(R"({"Origin":{"select":{"name":"Kenya, washed"}}})", "commas not allowed");
  refused(fmt::format(R"({{"Origin":{{"select":{{"name":"{}"}}}}}})", std::string(101, 'x')), "≤ `100`");
  refused(R"({"Stage":{"status":{"name":"Roasting"}}})", "does not exist");
  const auto page =
      create(R"({"Origin":{"select":{"name":"KENYA"}},"Tags":{"multi_select":[{"name":"new"},{"name":"New"}]}})");
  EXPECT_EQ(find_string(value(page, "Origin"), "name"), "Kenya");
  EXPECT_EQ(value(page, "Tags").get_array().size(), 1u);
  EXPECT_EQ(find_string(value(page, "Stage"), "name"), "Not started");
  const std::string id(find_string(page.body, "id"));
  patch(id, R"({"properties":{"Stage":{"status":{"name":"Done"}}}})");
  EXPECT_EQ(find_string(value(patch(id, R"({"properties":{"Stage":{"status":null}}})"), "Stage"), "name"),
            "Not started");
}

TEST_F(Strict, an_option_list_replaces_the_old_one_and_rows_lose_what_is_gone) {
  const auto id = made_id(R"({"Origin":{"select":{"name":"Kenya"}}})");
  ASSERT_EQ(ask("PATCH", "/v1/data_sources/" + source,
                R"({"properties":{"Origin":{"select":{"options":[{"name":"Peru"}]}}}})")
                .status,
            200);
  EXPECT_TRUE(value(get(id), "Origin").is_null());
}

TEST_F(Strict, schema_changes_rename_add_remove_and_convert) {
  const auto id = made_id(R"({"Note":{"rich_text":[{"text":{"content":"12.5"}}]},"Price":{"number":3}})");
  const std::string path = "/v1/data_sources/" + source;
  const auto before = ask("GET", path);
  const std::string price(find_string(before.body.at("properties").at("Price"), "id"));
  ASSERT_EQ(
      ask("PATCH", path,
          fmt::format(
              R"({{"properties":{{"{}":{{"name":"Cost"}},"Note":{{"number":{{}}}},"Link":null,"Fresh":{{"rich_text":{{}}}}}}}})",
              price))
          .status,
      200);
  const auto page = get(id);
  EXPECT_EQ(value(page, "Cost"), 3);
  EXPECT_EQ(value(page, "Note"), 12.5);
  EXPECT_FALSE(page.body.at("properties").get_object().contains("Link"));
  EXPECT_TRUE(page.body.at("properties").get_object().contains("Fresh"));
  EXPECT_EQ(find_string(page.body.at("properties").at("Cost"), "id"), price);
  EXPECT_EQ(ask("PATCH", path, R"({"properties":{"Name":null}})").status, 400);
}

TEST_F(Strict, a_trashed_page_takes_no_edit_until_it_is_restored) {
  const auto id = made_id();
  EXPECT_EQ(patch(id, R"({"in_trash":true})").status, 200);
  const auto refusal = patch(id, R"({"properties":{"Price":{"number":1}}})");
  EXPECT_EQ(code(refusal), "validation_error");
  EXPECT_NE(message(refusal).find("archived"), std::string::npos);
  EXPECT_EQ(patch(id, R"({"in_trash":false,"properties":{"Price":{"number":1}}})").status, 400);
  EXPECT_EQ(patch(id, R"({"in_trash":false})").status, 200);
  EXPECT_EQ(patch(id, R"({"properties":{"Price":{"number":1}}})").status, 200);
}

TEST_F(Strict, rows_of_a_trashed_database_are_in_the_trash_too) {
  const auto id = made_id();
  ASSERT_EQ(ask("PATCH", "/v1/databases/" + database, R"({"in_trash":true})").status, 200);
  EXPECT_TRUE(find_bool(get(id).body, "in_trash"));
  EXPECT_EQ(patch(id, R"({"in_trash":false})").status, 400);
}

TEST_F(Strict, dates_lose_seconds_and_take_zones) {
  const auto day = create(R"({"Day":{"date":{"start":"2026-11-20"}}})");
  EXPECT_EQ(find_string(value(day, "Day"), "start"), "2026-11-20");
  const auto time = create(R"({"Day":{"date":{"start":"2026-11-20T09:30:59.9+01:00"}}})");
  EXPECT_EQ(find_string(value(time, "Day"), "start"), "2026-11-20T09:30:00.000+01:00");
  const auto zone = create(R"({"Day":{"date":{"start":"2026-07-01T12:00:00","time_zone":"Europe/Berlin"}}})");
  if (zone.status == 200) {  // needs the system's zone files
    EXPECT_EQ(find_string(value(zone, "Day"), "start"), "2026-07-01T12:00:00.000+02:00");
  }
}

TEST_F(Strict, paging_parameters_belong_in_the_body_of_a_post) {
  auto asked = request("POST", "/v1/data_sources/" + source + "/query", "{}");
  asked.query = {{"page_size", "10"}};
  EXPECT_EQ(model.handle(asked).status, 400);
  EXPECT_EQ(query(R"({"page_size":101})").status, 400);
  EXPECT_EQ(query(R"({"start_cursor":5})").status, 400);
  EXPECT_EQ(query(R"({"unknown":1})").status, 400);
}

TEST_F(Strict, filters_are_checked_against_the_schema) {
  EXPECT_EQ(query(R"({"filter":{"property":"Nothing","number":{"equals":1}}})").status, 400);
  EXPECT_EQ(query(R"({"filter":{"property":"Price","checkbox":{"equals":true}}})").status, 400);
  EXPECT_EQ(query(R"({"filter":{"property":"Price","number":{"like":1}}})").status, 400);
  EXPECT_EQ(query(R"({"filter":{"and":[{"or":[{"and":[]}]}]}})").status, 400);
  EXPECT_EQ(query(R"({"sorts":[{"property":"Nothing","direction":"ascending"}]})").status, 400);
}

TEST_F(Strict, several_data_sources_forbid_the_database_as_a_parent) {
  const auto asked = fmt::format(R"({{"parent":{{"database_id":"{}"}},"properties":{{}}}})", database);
  EXPECT_EQ(ask("POST", "/v1/pages", asked).status, 200);
  ASSERT_EQ(
      ask("POST", "/v1/data_sources",
          fmt::format(R"({{"parent":{{"database_id":"{}"}},"properties":{{"Name":{{"title":{{}}}}}}}})", database))
          .status,
      200);
  EXPECT_EQ(ask("POST", "/v1/pages", asked).status, 400);
}

TEST_F(Strict, a_body_over_500_kilobytes_is_refused) {
  auto asked = request("POST", "/v1/search", "{}");
  asked.body_bytes = 500 * 1024 + 1;
  EXPECT_EQ(model.handle(asked).status, 400);
}

TEST_F(Strict, the_older_version_shows_and_takes_archived) {
  auto asked = request("PATCH", "/v1/pages/" + made_id(), R"({"archived":true})");
  EXPECT_EQ(model.handle(asked).status, 400);
  asked.version = "2025-09-03";
  const auto old = model.handle(asked);
  ASSERT_EQ(old.status, 200);
  EXPECT_TRUE(find_bool(old.body, "archived"));
  EXPECT_TRUE(find_bool(old.body, "in_trash"));
}

TEST_F(Strict, a_moved_row_leaves_the_query_and_keeps_its_id) {
  const auto id = made_id(R"({"Name":{"title":[{"text":{"content":"Lot"}}]}})");
  settle();
  const auto moved = ask("POST", "/v1/pages/" + id + "/move",
                         fmt::format(R"({{"parent":{{"page_id":"{}"}}}})", model.root_page().text()));
  ASSERT_EQ(moved.status, 200);
  settle();
  EXPECT_EQ(rows(), 0u);
  EXPECT_EQ(find_string(get(id).body.at("parent"), "type"), "page_id");
}

TEST_F(Strict, unique_ids_count_up_and_survive_the_trash) {
  const auto first = create();
  patch(std::string(find_string(first.body, "id")), R"({"in_trash":true})");
  EXPECT_EQ(value(first, "No").at("number"), 1);
  EXPECT_EQ(value(create(), "No").at("number"), 2);
}

// Found by fuzzing.
TEST_F(Strict, what_no_json_answer_could_quote_is_refused) {
  auto asked = request("GET", "/v1/users");
  asked.query = {{"page_size", "1\xff"}};
  const auto answer = model.handle(asked);
  EXPECT_EQ(code(answer), "invalid_request_url");
  EXPECT_EQ(code(model.handle(request("GET", "/v1/pages/%ff%fe"))), "invalid_request_url");
  EXPECT_TRUE(parse_json(to_text(answer.body)));
}

TEST_F(Strict, a_zone_that_is_a_folder_or_a_path_is_no_zone) {
  for (const char* zone : {"America", "../../etc/passwd", "/etc/passwd", "."})
    refused(fmt::format(R"({{"Day":{{"date":{{"start":"2026-11-20T10:00:00","time_zone":"{}"}}}}}})", zone), "zone");
}

TEST_F(Strict, page_sizes_beyond_every_integer_are_refused) {
  EXPECT_EQ(query(R"({"page_size":1e300})").status, 400);
  EXPECT_EQ(query(R"({"page_size":1.5})").status, 400);
}

}  // namespace
}  // namespace rowpage::sandbox
