// What Rowpage relies upon when it lists: filters, sorts, paging, windows of time, the trash, search.
#include <algorithm>

#include <fmt/format.h>

#include "contract/fixture.h"

namespace rowpage::contract {
namespace {

class Queries : public Contract {
 protected:
  using Names = std::vector<std::string>;
  // Five lots, when queries show them all.
  Made lots() {
    auto made = make("Lots", R"({"Price":{"number":{}},"Note":{"rich_text":{}},"Open":{"checkbox":{}},
        "Origin":{"select":{"options":[{"name":"Kenya"},{"name":"Peru"}]}},"Day":{"date":{}},
        "Tags":{"multi_select":{}}})");
    for (int i = 1; i <= 5; ++i) {
      page(made,
           fmt::format(R"({{"Name":{{"title":[{{"text":{{"content":"lot {0}"}}}}]}},"Price":{{"number":{0}}},
          "Note":{{"rich_text":[{{"text":{{"content":"{1}"}}}}]}},"Open":{{"checkbox":{2}}},
          "Origin":{{"select":{3}}},"Day":{{"date":{{"start":"2026-11-0{0}"}}}},
          "Tags":{{"multi_select":[{{"name":"t{4}"}}]}}}})",
                       i, i == 3 ? "needle in hay" : "hay", i % 2 == 0, i < 3 ? R"({"name":"Kenya"})" : "null", i % 3));
    }
    EXPECT_TRUE(service->eventually([&] { return names(made).size() == 5; }));
    return made;
  }
  Names sorted(const Made& made, std::string_view filter) {
    auto all = names(made, R"({"filter":)" + std::string(filter) + "}");
    std::ranges::sort(all);
    return all;
  }
};
ROWPAGE_CONTRACT(Queries);

TEST_P(Queries, filter_by_every_type_that_look_ups_use) {
  const auto made = lots();
  EXPECT_EQ(sorted(made, R"({"property":"Name","title":{"equals":"lot 2"}})"), (Names{"lot 2"}));
  EXPECT_EQ(sorted(made, R"({"property":"Note","rich_text":{"contains":"needle"}})"), (Names{"lot 3"}));
  EXPECT_EQ(sorted(made, R"({"property":"Note","rich_text":{"equals":"hay"}})"),
            (Names{"lot 1", "lot 2", "lot 4", "lot 5"}));
  EXPECT_EQ(sorted(made, R"({"property":"Price","number":{"greater_than":3}})"), (Names{"lot 4", "lot 5"}));
  EXPECT_EQ(sorted(made, R"({"property":"Price","number":{"equals":2}})"), (Names{"lot 2"}));
  EXPECT_EQ(sorted(made, R"({"property":"Open","checkbox":{"equals":true}})"), (Names{"lot 2", "lot 4"}));
  EXPECT_EQ(sorted(made, R"({"property":"Origin","select":{"equals":"Kenya"}})"), (Names{"lot 1", "lot 2"}));
  EXPECT_EQ(sorted(made, R"({"property":"Origin","select":{"is_empty":true}})"), (Names{"lot 3", "lot 4", "lot 5"}));
  EXPECT_EQ(sorted(made, R"({"property":"Tags","multi_select":{"contains":"t1"}})"), (Names{"lot 1", "lot 4"}));
  EXPECT_EQ(sorted(made, R"({"property":"Day","date":{"on_or_after":"2026-11-04"}})"), (Names{"lot 4", "lot 5"}));
  EXPECT_EQ(
      sorted(
          made,
          R"({"and":[{"property":"Open","checkbox":{"equals":true}},{"property":"Price","number":{"less_than":3}}]})"),
      (Names{"lot 2"}));
  EXPECT_EQ(sorted(made, R"({"or":[{"property":"Name","title":{"equals":"lot 1"}},
      {"and":[{"property":"Price","number":{"greater_than":4}},{"property":"Open","checkbox":{"equals":false}}]}]})"),
            (Names{"lot 1", "lot 5"}));
}

TEST_P(Queries, sort_and_go_on_behind_a_cursor_without_loss_or_repetition) {
  const auto made = lots();
  EXPECT_EQ(names(made, R"({"sorts":[{"property":"Price","direction":"descending"}],"page_size":2})"),
            (Names{"lot 5", "lot 4", "lot 3", "lot 2", "lot 1"}));
  auto by_time = names(made, R"({"sorts":[{"timestamp":"created_time","direction":"ascending"}],"page_size":2})");
  std::ranges::sort(by_time);
  EXPECT_EQ(by_time, (Names{"lot 1", "lot 2", "lot 3", "lot 4", "lot 5"}));
  const auto first = query(made, R"({"page_size":2})");
  EXPECT_TRUE(find_bool(first.body, "has_more"));
  EXPECT_FALSE(find_string(first.body, "next_cursor").empty());
  const auto all = query(made, R"({"page_size":100})");
  EXPECT_FALSE(find_bool(all.body, "has_more", true));
  EXPECT_TRUE(find(all.body, "next_cursor")->is_null());
  const auto* status = find(all.body, "request_status");
  EXPECT_TRUE(!status || find_string(*status, "type") == "complete");
}

TEST_P(Queries, show_only_the_properties_asked_for) {
  const auto made = lots();
  const auto price = id_of(find_array(query(made, "{}").body, "results")->front(), "Price");
  const auto answer = service->ask({"POST",
                                    "/v1/data_sources/" + made.source + "/query",
                                    json::object{},
                                    {{"filter_properties", price}, {"filter_properties", "title"}}});
  ASSERT_EQ(answer.status, 200) << to_text(answer.body);
  for (const auto& one : *find_array(answer.body, "results")) EXPECT_EQ(find_object(one, "properties")->size(), 2U);
}

// How a full listing passes the limit of 10,000 rows: windows of created_time, minutes included at both ends.
TEST_P(Queries, find_a_page_in_the_window_of_its_created_minute_and_in_no_other) {
  const auto made = make("Windows");
  const auto id = named(made, "A");
  const auto created = parse_time(find_string(get(id).body, "created_time"))->ms;
  ASSERT_TRUE(service->eventually([&] { return names(made).size() == 1; }));
  const auto window = [&](Millis from, Millis to) {
    return names(made, fmt::format(
                           R"({{"filter":{{"and":[{{"timestamp":"created_time","created_time":{{"on_or_after":"{}"}}}},
        {{"timestamp":"created_time","created_time":{{"before":"{}"}}}}]}}}})",
                           format_utc(from), format_utc(to)))
        .size();
  };
  EXPECT_EQ(window(created, created + minute_ms), 1U);
  EXPECT_EQ(window(created - minute_ms, created), 0U);
  EXPECT_EQ(window(created + minute_ms, created + 2 * minute_ms), 0U);
}

TEST_P(Queries, show_what_was_edited_since_a_minute_that_minute_included) {
  const auto made = make("Since");
  const auto id = named(made, "A");
  const auto edited = parse_time(find_string(get(id).body, "last_edited_time"))->ms;
  ASSERT_TRUE(service->eventually([&] { return names(made).size() == 1; }));
  const auto since = [&](Millis from) {
    return names(made,
                 fmt::format(R"({{"filter":{{"timestamp":"last_edited_time","last_edited_time":{{"on_or_after":"{}"}}}},
        "sorts":[{{"timestamp":"last_edited_time","direction":"ascending"}}]}})",
                             format_utc(from)))
        .size();
  };
  EXPECT_EQ(since(edited), 1U);
  EXPECT_EQ(since(edited + minute_ms), 0U);
}

TEST_P(Queries, never_mix_trashed_pages_into_a_plain_listing_and_let_search_find_them) {
  const auto made = make("Ghosts");
  const auto word = fmt::format("ghost{}", named(made, "kept").substr(0, 8));
  const auto id = named(made, word);
  ASSERT_EQ(patch(id, R"({"in_trash":true})").status, 200);
  EXPECT_TRUE(service->eventually([&] { return names(made) == std::vector<std::string>{"kept"}; }));
  // Whether a query takes in_trash is what sources disagree about: it may refuse, ignore or honour it.
  const auto asked = query(made, R"({"in_trash":true})");
  if (asked.status == 200) {
    for (const auto& one : *find_array(asked.body, "results")) {
      EXPECT_EQ(find_bool(one, "in_trash"), title_of(one) == word);
    }
  } else {
    EXPECT_EQ(asked.status, 400);
  }
  EXPECT_TRUE(service->eventually([&] {
    const auto found =
        service->ask("POST", "/v1/search",
                     R"({"query":")" + word + R"(","filter":{"property":"object","value":"page","in_trash":true}})");
    EXPECT_EQ(found.status, 200) << to_text(found.body);
    const auto* results = find_array(found.body, "results");
    return results && std::ranges::any_of(*results, [&](const auto& one) { return find_string(one, "id") == id; });
  }));
}

TEST_P(Queries, and_searches_find_pages_and_data_sources_by_title) {
  const auto word = fmt::format("Sought{}", service->real() ? std::to_string(time(nullptr)) : std::string("7"));
  const auto made = make(word);
  const auto id = named(made, word);
  const auto finds = [&](std::string_view kind, const std::string& wanted) {
    const auto found =
        service->ask("POST", "/v1/search",
                     fmt::format(R"({{"query":"{}","filter":{{"property":"object","value":"{}"}},"page_size":50,
        "sort":{{"timestamp":"last_edited_time","direction":"descending"}}}})",
                                 word, kind));
    EXPECT_EQ(found.status, 200) << to_text(found.body);
    const auto* results = find_array(found.body, "results");
    if (!results) return false;
    for (const auto& one : *results) EXPECT_EQ(find_string(one, "object"), kind);
    return std::ranges::any_of(*results, [&](const auto& one) { return find_string(one, "id") == wanted; });
  };
  EXPECT_TRUE(service->eventually([&] { return finds("page", id) && finds("data_source", made.source); }));
}

TEST_P(Queries, refuse_what_they_do_not_understand) {
  const auto made = lots();
  for (const auto* wrong :
       {R"({"filter":{"property":"Nowhere","number":{"equals":1}}})",
        R"({"filter":{"property":"Price","title":{"equals":"1"}}})", R"({"page_size":101})", R"({"page_size":0})",
        R"({"start_cursor":"not a cursor"})", R"({"sorts":[{"property":"Nowhere","direction":"ascending"}]})",
        R"({"filter":{"property":"Price","number":{"near":1}}})"}) {
    const auto refused = query(made, wrong);
    EXPECT_EQ(refused.status, 400) << wrong << " " << to_text(refused.body);
    EXPECT_EQ(refused.code(), "validation_error") << wrong;
  }
}

}  // namespace
}  // namespace rowpage::contract
