// What Rowpage relies upon of databases, their schema and relations, of users, and of refusals.
#include <algorithm>

#include <fmt/format.h>

#include "contract/fixture.h"

namespace rowpage::contract {
namespace {

class Schemas : public Contract {
 protected:
  json::value schema(const Made& made) {
    const auto answer = service->ask("GET", "/v1/data_sources/" + made.source);
    EXPECT_EQ(answer.status, 200) << to_text(answer.body);
    return answer.body;
  }
  Service::Answer change(const Made& made, std::string_view properties) {
    return service->ask("PATCH", "/v1/data_sources/" + made.source,
                        R"({"properties":)" + std::string(properties) + "}");
  }
};
ROWPAGE_CONTRACT(Schemas);

TEST_P(Schemas, belong_to_data_sources_and_databases_name_these) {
  const auto made = make(
      "Beans",
      R"({"Price":{"number":{"format":"euro"}},"Origin":{"select":{"options":[{"name":"Kenya","color":"red"}]}}})");
  const auto database = service->ask("GET", "/v1/databases/" + made.database);
  ASSERT_EQ(database.status, 200) << to_text(database.body);
  EXPECT_EQ(find(database.body, "properties"), nullptr);
  ASSERT_EQ(find_array(database.body, "data_sources")->size(), 1U);
  EXPECT_EQ(find_string(database.body.at("data_sources").at(0), "id"), made.source);
  const auto source = schema(made);
  EXPECT_EQ(find_string(source, "object"), "data_source");
  EXPECT_EQ(find_string(*find(source, "parent"), "database_id"), made.database);
  const auto& properties = source.at("properties");
  EXPECT_EQ(find_string(properties.at("Name"), "id"), "title");
  EXPECT_EQ(find_string(properties.at("Price").at("number"), "format"), "euro");
  const auto& option = properties.at("Origin").at("select").at("options").at(0);
  EXPECT_EQ(find_string(option, "name"), "Kenya");
  EXPECT_EQ(find_string(option, "color"), "red");
  EXPECT_FALSE(find_string(option, "id").empty());
}

TEST_P(Schemas, grow_rename_and_shrink_by_name_or_id_and_ids_stay) {
  const auto made = make("Beans", R"({"Price":{"number":{}},"Old":{"rich_text":{}}})");
  const auto price = std::string(find_string(schema(made).at("properties").at("Price"), "id"));
  ASSERT_EQ(change(made, R"({"New":{"checkbox":{}}})").status, 200);
  ASSERT_EQ(change(made, R"({"Price":{"name":"Cost"}})").status, 200);
  ASSERT_EQ(change(made, R"({"Old":null})").status, 200);
  const auto after = schema(made);
  const auto* properties = find_object(after, "properties");
  EXPECT_TRUE(properties->contains("New"));
  EXPECT_FALSE(properties->contains("Old"));
  EXPECT_FALSE(properties->contains("Price"));
  ASSERT_TRUE(properties->contains("Cost"));
  EXPECT_EQ(find_string(properties->at("Cost"), "id"), price);
}

TEST_P(Schemas, take_a_title_and_a_second_data_source) {
  const auto made = make("Beans");
  const auto titled =
      service->ask("PATCH", "/v1/databases/" + made.database, R"({"title":[{"text":{"content":"Roasts"}}]})");
  ASSERT_EQ(titled.status, 200) << to_text(titled.body);
  EXPECT_EQ(find_string(titled.body.at("title").at(0), "plain_text"), "Roasts");
  const auto second =
      service->ask({"POST", "/v1/data_sources",
                    json::object{{"parent", json::object{{"type", "database_id"}, {"database_id", made.database}}},
                                 {"title", json::array{json::object{{"text", json::object{{"content", "More"}}}}}},
                                 {"properties", json::object{{"Name", json::object{{"title", json::object{}}}}}}}});
  ASSERT_EQ(second.status, 200) << to_text(second.body);
  EXPECT_EQ(find_array(service->ask("GET", "/v1/databases/" + made.database).body, "data_sources")->size(), 2U);
  const auto templates = service->ask("GET", "/v1/data_sources/" + second.id() + "/templates");
  EXPECT_EQ(templates.status, 200) << to_text(templates.body);
}

class Relations : public Schemas {
 protected:
  struct Two {
    Made tasks, goals;
  };
  // "Goals" of tasks, "Tasks" of goals at the other end.
  Two linked() {
    Two two{make("Tasks"), make("Goals")};
    const auto made =
        change(two.tasks, R"({"Goals":{"relation":{"data_source_id":")" + two.goals.source +
                              R"(","type":"dual_property","dual_property":{"synced_property_name":"Tasks"}}}})");
    EXPECT_EQ(made.status, 200) << to_text(made.body);
    return two;
  }
  static std::string links(const std::vector<std::string>& ids) {
    std::string all;
    for (const auto& id : ids) all += (all.empty() ? R"({"id":")" : R"(,{"id":")") + id + R"("})";
    return "[" + all + "]";
  }
};
ROWPAGE_CONTRACT(Relations);

TEST_P(Relations, show_in_both_schemas_and_name_each_other) {
  const auto two = linked();
  const auto own = schema(two.tasks).at("properties").at("Goals");
  const auto other = schema(two.goals).at("properties").at("Tasks");
  EXPECT_EQ(find_string(own.at("relation"), "data_source_id"), two.goals.source);
  EXPECT_EQ(find_string(own.at("relation"), "type"), "dual_property");
  EXPECT_EQ(find_string(own.at("relation").at("dual_property"), "synced_property_id"), find_string(other, "id"));
  EXPECT_EQ(find_string(other.at("relation").at("dual_property"), "synced_property_id"), find_string(own, "id"));
}

TEST_P(Relations, written_at_one_end_show_at_the_other) {
  const auto two = linked();
  const auto goal = named(two.goals, "goal"), task = named(two.tasks, "task");
  ASSERT_EQ(patch(task, R"({"properties":{"Goals":{"relation":)" + links({goal}) + "}}}").status, 200);
  EXPECT_EQ(ids_of(value_of(get(task).body, "Goals")), std::vector<std::string>{goal});
  EXPECT_EQ(ids_of(value_of(get(goal).body, "Tasks")), std::vector<std::string>{task});
  ASSERT_EQ(patch(goal, R"({"properties":{"Tasks":{"relation":[]}}})").status, 200);
  EXPECT_TRUE(ids_of(value_of(get(task).body, "Goals")).empty());
}

TEST_P(Relations, of_more_than_25_are_cut_in_the_page_say_so_and_are_whole_by_their_own_path) {
  const auto two = linked();
  const auto task = named(two.tasks, "task");
  std::vector<std::string> goals;
  for (int i = 0; i < 30; ++i) goals.push_back(named(two.goals, fmt::format("goal {}", i)));
  const auto written = patch(task, R"({"properties":{"Goals":{"relation":)" + links(goals) + "}}}");
  ASSERT_EQ(written.status, 200) << to_text(written.body);
  const auto shown = get(task).body;
  EXPECT_EQ(ids_of(value_of(shown, "Goals")).size(), 25U);
  EXPECT_TRUE(find_bool(shown.at("properties").at("Goals"), "has_more"));
  std::vector<std::string> all;
  std::string cursor;
  for (int answers = 0; answers < 10; ++answers) {
    Service::Request request{
        "GET", "/v1/pages/" + task + "/properties/" + id_of(shown, "Goals"), nullptr, {{"page_size", "12"}}};
    if (!cursor.empty()) request.query.emplace_back("start_cursor", cursor);
    const auto list = service->ask(request);
    ASSERT_EQ(list.status, 200) << to_text(list.body);
    for (const auto& item : *find_array(list.body, "results")) all.emplace_back(find_string(item.at("relation"), "id"));
    if (!find_bool(list.body, "has_more")) break;
    cursor = find_string(list.body, "next_cursor");
  }
  std::ranges::sort(all);
  std::ranges::sort(goals);
  EXPECT_EQ(all, goals);
}

TEST_P(Relations, of_more_than_100_in_one_write_are_refused) {
  const auto two = linked();
  const auto task = named(two.tasks, "task"), goal = named(two.goals, "goal");
  const auto refused =
      patch(task, R"({"properties":{"Goals":{"relation":)" + links(std::vector<std::string>(101, goal)) + "}}}");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "validation_error");
}

class Refusals : public Schemas {};
ROWPAGE_CONTRACT(Refusals);

void expect_error(const Service::Answer& answer, int status, std::string_view code) {
  EXPECT_EQ(answer.status, status) << to_text(answer.body);
  EXPECT_EQ(answer.code(), code) << to_text(answer.body);
  EXPECT_EQ(find_string(answer.body, "object"), "error");
  EXPECT_EQ(as_number(*find(answer.body, "status")), status);
  EXPECT_FALSE(find_string(answer.body, "message").empty());
}

TEST_P(Refusals, have_one_shape_and_a_code_for_their_cause) {
  const std::string nobody = "1b2c3d4e-0000-4000-8000-00000000000a";
  expect_error(service->ask("GET", "/v1/pages/" + nobody), 404, "object_not_found");
  expect_error(service->ask("GET", "/v1/databases/" + nobody), 404, "object_not_found");
  expect_error(service->ask("GET", "/v1/data_sources/" + nobody), 404, "object_not_found");
  expect_error(service->ask("POST", "/v1/data_sources/" + nobody + "/query", "{}"), 404, "object_not_found");
  expect_error(service->ask("GET", "/v1/pages/not-an-id"), 400, "validation_error");
  expect_error(service->ask("GET", "/v1/nothing"), 400, "invalid_request_url");
  expect_error(service->ask({"GET", "/v1/users/me", nullptr, {}, ""}), 400, "missing_version");
  expect_error(service->ask({"GET", "/v1/users/me", nullptr, {}, "2026-03-11", false}), 401, "unauthorized");
  expect_error(service->ask("POST", "/v1/pages", R"({"properties":{}})"), 400, "validation_error");
}

TEST_P(Refusals, of_a_collision_say_so_and_the_write_can_be_sent_again) {
  const auto made = make("Beans");
  const auto id = named(made, "A");
  if (!service->collide()) GTEST_SKIP() << "a collision cannot be arranged with the real service";
  const std::string rename = R"({"properties":{"Name":{"title":[{"text":{"content":"B"}}]}}})";
  expect_error(patch(id, rename), 409, "conflict_error");
  EXPECT_EQ(title_of(get(id).body), "A");
  EXPECT_EQ(patch(id, rename).status, 200);
  EXPECT_EQ(title_of(get(id).body), "B");
}

class Users : public Contract {};
ROWPAGE_CONTRACT(Users);

TEST_P(Users, me_is_the_bot_that_signs_what_it_writes) {
  const auto me = service->ask("GET", "/v1/users/me");
  ASSERT_EQ(me.status, 200) << to_text(me.body);
  EXPECT_EQ(find_string(me.body, "object"), "user");
  EXPECT_EQ(find_string(me.body, "type"), "bot");
  const auto made = make("Beans");
  const auto page = get(named(made, "A"));
  EXPECT_EQ(find_string(*find(page.body, "created_by"), "id"), me.id());
  EXPECT_EQ(find_string(*find(page.body, "last_edited_by"), "id"), me.id());
  const auto again = service->ask("GET", "/v1/users/" + me.id());
  ASSERT_EQ(again.status, 200) << to_text(again.body);
  EXPECT_EQ(again.id(), me.id());
  const auto all = service->ask({"GET", "/v1/users", nullptr, {{"page_size", "100"}}});
  ASSERT_EQ(all.status, 200) << to_text(all.body);
  EXPECT_TRUE(std::ranges::any_of(*find_array(all.body, "results"),
                                  [&](const auto& user) { return find_string(user, "id") == me.id(); }));
}

}  // namespace
}  // namespace rowpage::contract
