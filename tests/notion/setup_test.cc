#include "notion/setup.h"

#include <gtest/gtest.h>

#include "notion/scripted.h"

namespace rowpage {
namespace {

constexpr std::string_view database_id = "d0000000-0000-4000-8000-00000000000d";

json::value database(json::array sources) {
  return json::object{{"object", "database"},
                      {"id", database_id},
                      {"title", json::array{json::object{{"type", "text"}, {"plain_text", "Coffee"}}}},
                      {"in_trash", false},
                      {"data_sources", std::move(sources)}};
}

json::value named(std::string_view id, std::string_view name) {
  return json::object{{"id", id}, {"name", name}};
}

json::value source(json::object properties) {
  return json::object{{"object", "data_source"},
                      {"id", source_id},
                      {"title", json::array{json::object{{"type", "text"}, {"plain_text", "Coffee"}}}},
                      {"parent", json::object{{"type", "database_id"}, {"database_id", database_id}}},
                      {"properties", std::move(properties)}};
}

json::value select_of(std::size_t count) {
  json::array options;
  for (std::size_t i = 0; i < count; ++i) {
    options.push_back(json::object{{"id", "o" + std::to_string(i)}, {"name", "option " + std::to_string(i)}});
  }
  return json::object{{"id", "s%3Al"}, {"type", "select"}, {"select", json::object{{"options", std::move(options)}}}};
}

TEST(Setup, of_several_data_sources_the_person_chooses_by_name_and_id) {
  Stage stage;
  stage.then(answer(200, database({named(page_a, "Green"), named(page_b, "Roasted")})));
  const auto found = find_source(stage.client.caller(), {"", std::string(database_id), ""});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().cause, Cause::usage);
  for (const std::string_view part : {page_a, page_b, std::string_view("Green"), std::string_view("Roasted")}) {
    EXPECT_NE(found.error().what.find(part), std::string::npos) << part;
  }
}

TEST(Setup, takes_the_address_a_person_copies) {
  Stage stage;
  stage.then(answer(200, database({named(source_id, "Coffee")}))).then(answer(200, source({})));
  const auto found = find_source(
      stage.client.caller(), {"", "https://www.notion.so/roastery/Coffee-d00000000000400080000000000000d0?v=1", ""});
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->title, "Coffee");
  EXPECT_EQ(stage.asked(0).path, "/v1/databases/d0000000-0000-4000-8000-0000000000d0");
}

TEST(Setup, names_the_linked_view_as_a_possible_cause) {
  Stage stage;
  stage.then(answer(200, database({})));
  const auto found = find_source(stage.client.caller(), {"", std::string(database_id), ""});
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().hint.find("linked view"), std::string::npos);
}

TEST(Setup, adding_an_option_keeps_every_old_one) {
  Stage stage;
  stage.then(answer(200, source({{"Kind", select_of(2)}})));
  stage.then(answer(200, source({}))).then(answer(200, source({{"Kind", select_of(3)}})));
  const WantedProperty wanted{"Kind", "select", {"option 0", "OPTION 1", "option 2"}};
  const auto change = add_properties(stage.client.caller(), std::string(source_id), {&wanted, 1});
  ASSERT_TRUE(change) << change.error().what;
  EXPECT_EQ(to_text(stage.asked(1).body),
            R"({"properties":{"s%3Al":{"select":{"options":[{"id":"o0"},{"id":"o1"},{"name":"option 2"}]}}}})");
}

TEST(Setup, a_list_that_would_pass_a_hundred_is_left_alone) {
  Stage stage;
  stage.then(answer(200, source({{"Kind", select_of(100)}})));
  const WantedProperty wanted{"Kind", "select", {"one more"}};
  const auto change = add_properties(stage.client.caller(), std::string(source_id), {&wanted, 1});
  ASSERT_TRUE(change);
  EXPECT_TRUE(change->done.empty());
  ASSERT_EQ(change->notes.size(), 1U);
  EXPECT_EQ(stage.transport.asked.size(), 1U);
}

TEST(Setup, a_yes_that_changed_nothing_is_found_out) {
  Stage stage;
  stage.then(answer(200, source({}))).then(answer(200, source({}))).then(answer(200, source({})));
  const WantedProperty wanted{"Notes", "rich_text", {}};
  const auto change = add_properties(stage.client.caller(), std::string(source_id), {&wanted, 1});
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().cause, Cause::schema_drift);
}

TEST(Setup, a_lost_answer_is_settled_by_reading_the_schema) {
  Stage stage;
  const json::value notes = json::object{{"id", "n"}, {"type", "rich_text"}, {"rich_text", json::object()}};
  stage.then(answer(200, source({}))).then(silence(Effect::unknown)).then(answer(200, source({{"Notes", notes}})));
  const WantedProperty wanted{"Notes", "rich_text", {}};
  const auto change = add_properties(stage.client.caller(), std::string(source_id), {&wanted, 1});
  ASSERT_TRUE(change) << change.error().what;
  EXPECT_EQ(change->done, std::vector<std::string>{"added Notes (rich_text)"});
}

TEST(Setup, a_database_that_may_have_been_made_is_not_made_again) {
  Stage stage;
  stage.then(answer(200, listing({}))).then(web_page(502)).then(answer(200, listing({})));
  const auto made = make_database(stage.client.caller(), std::string(page_a), "Coffee", {});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().effect, Effect::unknown);
  std::size_t posts = 0;
  for (const auto& request : stage.transport.asked) posts += request.method == Method::post ? 1 : 0;
  EXPECT_EQ(posts, 1U);
}

TEST(Setup, wants_what_fields_and_bookkeeping_need) {
  Pair pair = beans();
  pair.book.row_id = "Notes";  // shown in a mapped property: wanted once
  pair.book.last_synced = "Last Synced";
  const auto wanted = wanted_properties(pair);
  std::vector<std::string> names;
  for (const auto& property : wanted) names.push_back(property.name + ":" + property.type);
  EXPECT_EQ(names, (std::vector<std::string>{"Name:title", "Notes:rich_text", "Price:number", "Rowpage:rich_text",
                                             "Last Synced:date"}));
}

}  // namespace
}  // namespace rowpage
