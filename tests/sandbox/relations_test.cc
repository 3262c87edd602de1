// Relations as the service has them: one fact with two ends, cut where pages are listed, silent about what is not
// shown.
#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>

#include "sandbox/bulk.h"
#include "sandbox/roastery.h"

namespace rowpage::sandbox {
namespace {

class Relations : public Roastery {
 protected:
  Relations() {
    auto made =
        ask("POST", "/v1/databases",
            R"({"parent":{"type":"page_id","page_id":")" + model.root_page().text() +
                R"("},"title":[{"text":{"content":"Suppliers"}}],"icon":{"type":"emoji","emoji":"🚚"},)"
                R"("description":[{"text":{"content":"who sells to us"}}],)"
                R"("initial_data_source":{"properties":{"Name":{"title":{}},"Rate":{"number":{"format":"euro"}}}}})");
    EXPECT_EQ(made.status, 200) << to_text(made.body);
    suppliers_database = find_string(made.body, "id");
    suppliers = find_string((*find_array(made.body, "data_sources"))[0], "id");
    relate("Supplier", suppliers, R"("dual_property":{"synced_property_name":"Lots"})");
    relate("Origin lot", source, R"("dual_property":{"synced_property_name":"Later lots"})");
    relate("Also from", suppliers, R"("single_property":{})");
  }
  void relate(std::string_view name, const std::string& target, std::string_view kind) {
    const auto answer = ask(
        "PATCH", "/v1/data_sources/" + source,
        fmt::format(R"({{"properties":{{"{}":{{"relation":{{"data_source_id":"{}",{}}}}}}}}})", name, target, kind));
    ASSERT_EQ(answer.status, 200) << message(answer);
  }
  std::string supplier() {
    const auto answer =
        ask("POST", "/v1/pages", R"({"parent":{"data_source_id":")" + suppliers + R"("},"properties":{}})");
    EXPECT_EQ(answer.status, 200);
    return std::string(find_string(answer.body, "id"));
  }
  static std::string links(std::string_view name, const std::vector<std::string>& ids) {
    std::string list;
    for (const auto& id : ids) list += fmt::format(R"({}{{"id":"{}"}})", list.empty() ? "" : ",", id);
    return fmt::format(R"({{"{}":{{"relation":[{}]}}}})", name, list);
  }
  Answer link(const std::string& page, std::string_view name, const std::vector<std::string>& ids) {
    return patch(page, R"({"properties":)" + links(name, ids) + "}");
  }
  static std::vector<std::string> ids_in(const json::value& property) {
    std::vector<std::string> ids;
    for (const auto& target : property.at("relation").as_array()) ids.emplace_back(find_string(target, "id"));
    return ids;
  }
  std::vector<std::string> shown(const std::string& page, std::string_view name) {
    return ids_in(get(page).body.at("properties").at(name));
  }
  using List = std::vector<std::string>;

  std::string suppliers, suppliers_database;
};

TEST_F(Relations, are_written_from_either_end) {
  const auto one = supplier(), two = supplier();
  const auto lot = made_id(links("Supplier", {one}));
  EXPECT_EQ(shown(one, "Lots"), List{lot});
  EXPECT_EQ(link(two, "Lots", {lot}).status, 200);
  EXPECT_EQ(shown(lot, "Supplier"), (List{one, two}));
  EXPECT_EQ(link(one, "Lots", {}).status, 200);
  EXPECT_EQ(shown(lot, "Supplier"), List{two});
}

TEST_F(Relations, one_way_leave_the_other_page_alone) {
  const auto one = supplier();
  made_id(links("Also from", {one}));
  EXPECT_TRUE(shown(one, "Lots").empty());
}

TEST_F(Relations, of_a_data_source_to_itself_may_lead_a_page_to_itself) {
  const auto lot = made_id();
  EXPECT_EQ(link(lot, "Origin lot", {lot}).status, 200);
  EXPECT_EQ(shown(lot, "Origin lot"), List{lot});
  EXPECT_EQ(shown(lot, "Later lots"), List{lot});
  EXPECT_EQ(link(lot, "Later lots", {}).status, 200);
  EXPECT_TRUE(shown(lot, "Origin lot").empty());
}

TEST_F(Relations, with_over_25_links_are_cut_in_page_query_and_search_alike) {
  List many;
  for (int i = 0; i < 26; ++i) many.push_back(supplier());
  const auto lot = made_id(links("Also from", many));
  const auto few = made_id(links("Also from", List(many.begin(), many.begin() + 25)));
  settle();
  const auto check = [&](const json::value& page) {
    const auto& property = page.at("properties").at("Also from");
    const bool cut = find_string(page, "id") == lot;
    EXPECT_EQ(ids_in(property), List(many.begin(), many.begin() + 25));
    EXPECT_EQ(find_bool(property, "has_more"), cut);
    return cut || find_string(page, "id") == few ? 1 : 0;
  };
  EXPECT_EQ(check(get(lot).body) + check(get(few).body), 2);
  int listed = 0, found = 0;
  const auto listing = query();
  for (const auto& page : *find_array(listing.body, "results")) listed += check(page);
  EXPECT_EQ(listed, 2);
  const auto search = ask("POST", "/v1/search", R"({"filter":{"property":"object","value":"page"}})");
  for (const auto& page : *find_array(search.body, "results")) {
    if (find_string(page, "id") == lot || find_string(page, "id") == few) found += check(page);
  }
  EXPECT_EQ(found, 2);
}

TEST_F(Relations, take_a_hundred_links_of_their_own_target_in_one_write) {
  List many;
  for (int i = 0; i < 100; ++i) many.push_back(supplier());
  const auto lot = made_id();
  EXPECT_EQ(link(lot, "Supplier", many).status, 200);
  many.push_back(supplier());
  EXPECT_EQ(code(link(lot, "Supplier", many)), "validation_error");
  EXPECT_EQ(code(link(lot, "Supplier", {lot})), "validation_error") << "of another data source";
  EXPECT_EQ(code(link(lot, "Supplier", {"00000000-0000-4000-8000-000000000001"})), "object_not_found");
  // More come from the other end, one by one.
  EXPECT_EQ(link(many.back(), "Lots", {lot}).status, 200);
  const auto whole = ask("GET", "/v1/pages/" + lot + "/properties/Supplier");
  EXPECT_EQ(find_array(whole.body, "results")->size(), 100U);
  EXPECT_TRUE(find_bool(whole.body, "has_more"));
}

TEST_F(Relations, hide_targets_in_the_trash_until_they_are_restored) {
  const auto one = supplier(), two = supplier();
  const auto lot = made_id(links("Supplier", {one, two}));
  patch(one, R"({"in_trash":true})");
  EXPECT_EQ(shown(lot, "Supplier"), List{two});
  const auto whole = ask("GET", "/v1/pages/" + lot + "/properties/Supplier");
  EXPECT_EQ(find_array(whole.body, "results")->size(), 1U);
  patch(one, R"({"in_trash":false})");
  EXPECT_EQ(shown(lot, "Supplier"), (List{one, two}));
  // What is trashed at this end leaves the other end's list too.
  patch(lot, R"({"in_trash":true})");
  EXPECT_TRUE(shown(two, "Lots").empty());
}

TEST_F(Relations, to_what_is_not_shared_are_in_no_schema_and_on_no_page) {
  const auto lot = made_id(links("Supplier", {supplier()}));
  model.share(*parse_id(suppliers_database), false);
  const auto schema = ask("GET", "/v1/data_sources/" + source);
  EXPECT_FALSE(schema.body.at("properties").as_object().contains("Supplier"));
  EXPECT_TRUE(schema.body.at("properties").as_object().contains("Origin lot"));
  EXPECT_FALSE(get(lot).body.at("properties").as_object().contains("Supplier"));
  auto person = request("GET", "/v1/pages/" + lot);
  person.token = model.person_token();
  EXPECT_TRUE(model.handle(person).body.at("properties").as_object().contains("Supplier"));
}

TEST_F(Relations, a_duplicate_has_the_links_of_its_original_at_both_ends) {
  const auto one = supplier();
  const auto lot = made_id(links("Supplier", {one}));
  const auto copy = duplicate_row(model, *parse_id(lot));
  ASSERT_TRUE(copy);
  EXPECT_EQ(shown(copy->text(), "Supplier"), List{one});
  EXPECT_EQ(shown(one, "Lots"), (List{lot, copy->text()}));
  EXPECT_NE(to_text(value(get(lot), "No")), to_text(value(get(copy->text()), "No")));
  EXPECT_FALSE(duplicate_row(model, *parse_id(source)));
}

TEST_F(Relations, are_seen_late_by_queries_at_both_ends) {
  const auto one = supplier();
  settle();
  const auto lot = made_id(links("Supplier", {one}));
  const auto listed = [&] {
    const auto answer = ask("POST", "/v1/data_sources/" + suppliers + "/query", "{}");
    return ids_in((*find_array(answer.body, "results"))[0].at("properties").at("Lots"));
  };
  EXPECT_TRUE(listed().empty());
  EXPECT_EQ(shown(one, "Lots"), List{lot});
  now += model.habits().index_delay_ms;
  EXPECT_EQ(listed(), List{lot});
}

TEST_F(Relations, are_filtered_by_all_their_links) {
  List many;
  for (int i = 0; i < 30; ++i) many.push_back(supplier());
  made_id(links("Supplier", many));
  made_id();
  settle();
  EXPECT_EQ(rows(fmt::format(R"({{"filter":{{"property":"Supplier","relation":{{"contains":"{}"}}}}}})", many.back())),
            1U);
  EXPECT_EQ(rows(R"({"filter":{"property":"Supplier","relation":{"is_empty":true}}})"), 1U);
}

TEST_F(Relations, a_database_keeps_its_icon_description_and_number_format) {
  const auto answer = ask("GET", "/v1/databases/" + suppliers_database);
  EXPECT_EQ(find_string(answer.body.at("icon"), "emoji"), "🚚");
  EXPECT_EQ(find_string(answer.body.at("description").as_array()[0], "plain_text"), "who sells to us");
  const auto schema = ask("GET", "/v1/data_sources/" + suppliers);
  EXPECT_EQ(find_string(schema.body.at("properties").at("Rate").at("number"), "format"), "euro");
}

// The time of twenty times as many links must not be four hundred times as long: a hub's states share their links.
TEST_F(Relations, a_hub_of_thousands_costs_no_more_by_the_link) {
  const auto hub = supplier();
  const auto links_made = [&](int count) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) {
      made_id(links("Supplier", {hub}));
      now += 100;
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / count;
  };
  const double few = std::min(links_made(300), links_made(300));
  links_made(6000);
  const double many = std::min(links_made(300), links_made(300));
  EXPECT_LT(many, 8 * few);
  const auto schema = ask("GET", "/v1/pages/" + hub + "/properties/Lots");
  EXPECT_EQ(find_array(schema.body, "results")->size(), 100U);
}

}  // namespace
}  // namespace rowpage::sandbox
