// Each inconvenient habit of the service, and its knob.
#include "sandbox/roastery.h"

#include <set>

#include <fmt/format.h>

namespace rowpage::sandbox {
namespace {

class Habit : public Roastery {};

TEST_F(Habit, a_query_sees_a_new_page_only_after_the_index_delay) {
  made_id();
  EXPECT_EQ(rows(), 0u);
  now += 29 * second_ms;
  EXPECT_EQ(rows(), 0u);
  now += 1 * second_ms;
  EXPECT_EQ(rows(), 1u);
}

TEST_F(Habit, a_query_shows_the_old_values_while_a_read_by_id_shows_the_new_ones) {
  const auto id = made_id(R"({"Price":{"number":1}})");
  settle();
  ASSERT_EQ(patch(id, R"({"properties":{"Price":{"number":2}}})").status, 200);
  EXPECT_EQ(value(get(id), "Price"), 2);
  EXPECT_EQ(rows(R"({"filter":{"property":"Price","number":{"equals":1}}})"), 1u);
  EXPECT_EQ(rows(R"({"filter":{"property":"Price","number":{"equals":2}}})"), 0u);
  settle();
  EXPECT_EQ(rows(R"({"filter":{"property":"Price","number":{"equals":2}}})"), 1u);
}

TEST_F(Habit, the_index_delay_can_be_turned_off) {
  model.habits().index_delay_ms = 0;
  made_id();
  EXPECT_EQ(rows(), 1u);
}

TEST_F(Habit, a_trashed_page_leaves_the_query_late_but_is_still_read_by_id) {
  const auto id = made_id();
  settle();
  ASSERT_EQ(patch(id, R"({"in_trash":true})").status, 200);
  EXPECT_EQ(rows(), 1u);
  settle();
  EXPECT_EQ(rows(), 0u);
  const auto page = get(id);
  ASSERT_EQ(page.status, 200);
  EXPECT_TRUE(find_bool(page.body, "in_trash"));
}

TEST_F(Habit, times_are_cut_to_the_minute) {
  const auto page = create();
  EXPECT_EQ(find_string(page.body, "created_time"), "2026-11-20T09:30:00.000Z");
  now += 30 * second_ms;
  const auto edited = patch(std::string(find_string(page.body, "id")), R"({"properties":{"Price":{"number":2}}})");
  EXPECT_EQ(find_string(edited.body, "last_edited_time"), "2026-11-20T09:30:00.000Z");
  model.habits().minute_times = false;
  EXPECT_EQ(find_string(create().body, "created_time"), "2026-11-20T09:30:50.000Z");
}

TEST_F(Habit, the_integration_has_a_rolling_budget_and_a_person_has_none) {
  model.habits().requests_per_minute = 3;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("GET", "/v1/users/me").status, 200);
  const auto refused = ask("GET", "/v1/users/me");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(code(refused), "rate_limited");
  ASSERT_TRUE(refused.retry_after);
  EXPECT_EQ(*refused.retry_after, 60);
  EXPECT_EQ(find_string(refused.body.at("additional_data"), "rate_limit_reason"), "public_api_request_rate_limit");
  auto person = request("GET", "/v1/users/me");
  person.token = model.person_token();
  EXPECT_EQ(model.handle(person).status, 200);
  now += minute_ms - 1;
  EXPECT_EQ(ask("GET", "/v1/users/me").status, 429);
  now += 1;
  EXPECT_EQ(ask("GET", "/v1/users/me").status, 200);
  EXPECT_EQ(model.stats().rate_limited, 2u);
}

TEST_F(Habit, a_query_may_ask_for_trash_only_where_that_is_honoured) {
  const auto id = made_id();
  made_id();
  patch(id, R"({"in_trash":true})");
  settle();
  EXPECT_EQ(query(R"({"in_trash":true})").status, 400);
  model.habits().query_in_trash = Habits::TrashQuery::ignored;
  const auto ignored = query(R"({"in_trash":true})");
  ASSERT_EQ(find_array(ignored.body, "results")->size(), 1u);
  EXPECT_NE(find_string((*find_array(ignored.body, "results"))[0], "id"), id);
  model.habits().query_in_trash = Habits::TrashQuery::honoured;
  const auto honoured = query(R"({"in_trash":true})");
  ASSERT_EQ(find_array(honoured.body, "results")->size(), 1u);
  EXPECT_EQ(find_string((*find_array(honoured.body, "results"))[0], "id"), id);
}

TEST_F(Habit, search_lists_trashed_rows_where_that_is_honoured) {
  const auto id = made_id(R"({"Name":{"title":[{"text":{"content":"Gone lot"}}]}})");
  patch(id, R"({"in_trash":true})");
  settle();
  constexpr std::string_view asked =
      R"({"query":"gone","filter":{"property":"object","value":"page","in_trash":true}})";
  const auto found = ask("POST", "/v1/search", asked);
  ASSERT_EQ(find_array(found.body, "results")->size(), 1u);
  EXPECT_EQ(find_string((*find_array(found.body, "results"))[0], "id"), id);
  model.habits().search_in_trash = Habits::TrashQuery::refused;
  EXPECT_EQ(ask("POST", "/v1/search", asked).status, 400);
}

TEST_F(Habit, archived_rows_are_listed_only_on_request) {
  const auto id = made_id();
  patch(id, R"({"is_archived":true})");
  settle();
  EXPECT_EQ(rows(), 0u);
  EXPECT_EQ(rows(R"({"is_archived":true})"), 1u);
  EXPECT_FALSE(find_bool(get(id).body, "in_trash"));
}

TEST_F(Habit, a_query_ends_at_its_row_limit_and_says_so_on_every_page) {
  model.habits().query_rows_max = 5;
  for (int i = 0; i < 7; ++i) made_id();
  settle();
  const auto first = query(R"({"page_size":3})");
  EXPECT_EQ(find_string(first.body.at("request_status"), "type"), "incomplete");
  const auto last =
      query(fmt::format(R"({{"page_size":3,"start_cursor":"{}"}})", find_string(first.body, "next_cursor")));
  EXPECT_EQ(find_array(last.body, "results")->size(), 2u);
  EXPECT_FALSE(find_bool(last.body, "has_more", true));
  EXPECT_EQ(find_string(last.body.at("request_status"), "incomplete_reason"), "query_result_limit_reached");
}

TEST_F(Habit, pages_of_a_query_give_each_row_once_while_nothing_changes) {
  for (int i = 0; i < 25; ++i) made_id();
  settle();
  std::set<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 10; ++page) {
    const auto answer = query(cursor.empty() ? R"({"page_size":10})"
                                             : fmt::format(R"({{"page_size":10,"start_cursor":"{}"}})", cursor));
    for (const auto& row : *find_array(answer.body, "results")) seen.emplace(find_string(row, "id"));
    cursor = find_string(answer.body, "next_cursor");
    if (cursor.empty()) break;
  }
  EXPECT_EQ(seen.size(), 25u);
}

TEST_F(Habit, rows_that_move_while_a_query_is_paged_come_again) {
  for (int i = 0; i < 4; ++i) {
    made_id();
    now += minute_ms;
  }
  settle();
  constexpr std::string_view sorts = R"("sorts":[{"timestamp":"last_edited_time","direction":"ascending"}])";
  const auto first = query(fmt::format(R"({{"page_size":2,{}}})", sorts));
  const std::string moved(find_string((*find_array(first.body, "results"))[0], "id"));
  patch(moved, R"({"properties":{"Price":{"number":9}}})");
  settle();
  const auto rest =
      query(fmt::format(R"({{"page_size":10,{},"start_cursor":"{}"}})", sorts, find_string(first.body, "next_cursor")));
  const auto& results = *find_array(rest.body, "results");
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(find_string(results[2], "id"), moved);
}

TEST_F(Habit, cursors_are_opaque_and_expire) {
  for (int i = 0; i < 3; ++i) made_id();
  settle();
  EXPECT_EQ(query(R"({"start_cursor":"made up"})").status, 400);
  const auto first = query(R"({"page_size":1})");
  const auto next = fmt::format(R"({{"start_cursor":"{}"}})", find_string(first.body, "next_cursor"));
  EXPECT_EQ(query(next).status, 200);
  now += model.habits().cursor_ttl_ms + 1;
  EXPECT_EQ(code(query(next)), "validation_error");
}

TEST_F(Habit, long_lists_are_cut_in_pages_and_whole_at_the_property_endpoint) {
  const auto schema = ask(
      "PATCH", "/v1/data_sources/" + source,
      fmt::format(R"({{"properties":{{"Blend of":{{"relation":{{"data_source_id":"{}","single_property":{{}}}}}}}}}})",
                  source));
  ASSERT_EQ(schema.status, 200) << message(schema);
  std::string ids;
  for (int i = 0; i < 30; ++i) ids += fmt::format(R"({}{{"id":"{}"}})", i ? "," : "", made_id());
  const auto blend = made_id(fmt::format(R"({{"Blend of":{{"relation":[{}]}}}})", ids));
  const auto page = get(blend);
  EXPECT_EQ(value(page, "Blend of").get_array().size(), 25u);
  EXPECT_TRUE(find_bool(page.body.at("properties").at("Blend of"), "has_more"));
  const std::string id(find_string(page.body.at("properties").at("Blend of"), "id"));
  const auto whole = ask("GET", "/v1/pages/" + blend + "/properties/" + id);
  EXPECT_EQ(find_array(whole.body, "results")->size(), 30u);
  auto paged = request("GET", "/v1/pages/" + blend + "/properties/" + id);
  paged.query = {{"page_size", "20"}};
  const auto first = model.handle(paged);
  EXPECT_TRUE(find_bool(first.body, "has_more"));
  paged.query.emplace_back("start_cursor", find_string(first.body, "next_cursor"));
  EXPECT_EQ(find_array(model.handle(paged).body, "results")->size(), 10u);
}

TEST_F(Habit, the_other_end_of_a_dual_relation_changes_without_moving_its_time) {
  ASSERT_EQ(
      ask("PATCH", "/v1/data_sources/" + source,
          fmt::format(
              R"({{"properties":{{"Parent":{{"relation":{{"data_source_id":"{}","dual_property":{{"synced_property_name":"Children"}}}}}}}}}})",
              source))
          .status,
      200);
  const auto parent = made_id();
  now += 5 * minute_ms;
  const auto child = made_id(fmt::format(R"({{"Parent":{{"relation":[{{"id":"{}"}}]}}}})", parent));
  const auto page = get(parent);
  ASSERT_EQ(value(page, "Children").get_array().size(), 1u);
  EXPECT_EQ(find_string(value(page, "Children").get_array()[0], "id"), child);
  EXPECT_EQ(find_string(page.body, "last_edited_time"), "2026-11-20T09:30:00.000Z");
  model.habits().back_ends_bump = true;
  patch(child, R"({"properties":{"Parent":{"relation":[]}}})");
  EXPECT_EQ(find_string(get(parent).body, "last_edited_time"), "2026-11-20T09:35:00.000Z");
  EXPECT_TRUE(value(get(parent), "Children").get_array().empty());
}

TEST_F(Habit, what_is_not_shared_is_not_found_by_the_integration) {
  const auto id = made_id();
  ASSERT_TRUE(model.share(*parse_id(database), false));
  EXPECT_EQ(code(get(id)), "object_not_found");
  EXPECT_EQ(query().status, 404);
  auto person = request("GET", "/v1/pages/" + id);
  person.token = model.person_token();
  EXPECT_EQ(model.handle(person).status, 200);
  model.share(*parse_id(database), true);
  EXPECT_EQ(get(id).status, 200);
}

TEST_F(Habit, a_schema_change_past_a_hundred_options_answers_well_and_does_nothing) {
  std::string options;
  for (int i = 0; i < 101; ++i) options += fmt::format(R"({}{{"name":"o{}"}})", i ? "," : "", i);
  const auto body = fmt::format(
      R"({{"properties":{{"Extra":{{"number":{{}}}},"Origin":{{"select":{{"options":[{}]}}}}}}}})", options);
  const auto silent = ask("PATCH", "/v1/data_sources/" + source, body);
  EXPECT_EQ(silent.status, 200);
  EXPECT_FALSE(silent.body.at("properties").get_object().contains("Extra"));
  model.habits().option_overflow_silent = false;
  EXPECT_EQ(ask("PATCH", "/v1/data_sources/" + source, body).status, 400);
}

TEST_F(Habit, equal_seeds_and_requests_give_equal_answers) {
  NotionModel other({}, [this] { return now; });
  NotionModel third({}, [this] { return now; });
  auto asked = request("GET", "/v1/users/me");
  asked.token = other.integration_token();
  EXPECT_EQ(to_text(other.handle(asked).body), to_text(third.handle(asked).body));
}

}  // namespace
}  // namespace rowpage::sandbox
