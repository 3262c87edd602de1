// rowpage verify with the real binary: what it says of both sides, and that it touches neither.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/world.h"

namespace rowpage::test {
namespace {

using ::testing::HasSubstr;

class Verify : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
    world.set_up();
    for (const char* title : {"one", "two", "three"}) pages[title] = world.page(title, "Ops", "2026-01-01");
    world.pass_time();
    ASSERT_EQ(world.run({"sync", "--json"}).code, 0);
    world.pass_time();
  }
  Ran verify(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"verify", "--json"});
    return world.run(more);
  }
  static json::object report(const Ran& ran) {
    const auto* pairs = find_array(ran.object, "pairs");
    return pairs && !pairs->empty() ? (*pairs)[0].as_object() : json::object{};
  }
  static std::int64_t figure(const Ran& ran, const char* name) {
    const json::object pair = report(ran);
    const auto* value = pair.if_contains(name);
    return value ? static_cast<std::int64_t>(as_number(*value).value_or(-1)) : -1;
  }
  // The reason told for a record's only difference; a record is named by its title.
  static std::string reason(const Ran& ran, const std::string& title) {
    const json::object pair = report(ran);
    const auto* list = pair.if_contains("differences");
    if (!list) return "(no differences)";
    for (const auto& difference : list->as_array()) {
      if (find_string(difference, "title") == title) return std::string(find_string(difference, "reason"));
    }
    return "(none of " + title + ")";
  }
  void edit(const std::string& title, const json::object& properties) {
    world.person("PATCH", "/v1/pages/" + pages[title], json::object{{"properties", properties}});
  }
  World world;
  std::map<std::string, std::string> pages;
};

TEST_F(Verify, equal_sides_exit_with_0_and_nothing_is_written) {
  const auto writes = world.writes_counted();
  const std::string marks = world.row_marks();
  const Ran ran = verify();
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_TRUE(find_bool(ran.object, "equal"));
  EXPECT_EQ(figure(ran, "pages"), 3);
  EXPECT_EQ(figure(ran, "rows"), 3);
  EXPECT_EQ(figure(ran, "equal"), 3);
  EXPECT_EQ(world.writes_counted(), writes);
  EXPECT_EQ(world.row_marks(), marks);
  const Ran told = world.run({"verify"});
  EXPECT_THAT(told.err, HasSubstr("about 1 request to Notion")) << "the cost comes first";
  EXPECT_THAT(told.out, HasSubstr("both sides are equal"));
}

TEST_F(Verify, each_difference_is_told_with_its_values_and_its_likely_reason) {
  edit("one", {{"Date", json::object{{"date", json::object{{"start", "2026-02-02"}}}}}});
  world.sql("update decision_vault set date = '2026-03-03' where decision = 'two'");
  world.person("PATCH", "/v1/pages/" + pages["three"], json::object{{"in_trash", true}});
  world.page("four", "Ops", "2026-01-04");
  world.sql("insert into decision_vault (decision, type, date) values ('five', 'Ops', '2026-01-05')");
  world.advance();
  const Ran ran = verify();
  EXPECT_EQ(ran.code, 1) << ran.out << ran.err;
  EXPECT_EQ(figure(ran, "equal"), 0);
  EXPECT_EQ(figure(ran, "different"), 2);
  EXPECT_EQ(figure(ran, "only_notion"), 1);
  EXPECT_EQ(figure(ran, "only_supabase"), 2);
  EXPECT_THAT(reason(ran, "one"), HasSubstr("changed in Notion since the last sync"));
  EXPECT_THAT(reason(ran, "two"), HasSubstr("changed in Supabase since the last sync"));
  EXPECT_EQ(reason(ran, "three"), "its page is in the trash");
  EXPECT_THAT(reason(ran, "four"), HasSubstr("not linked yet"));
  EXPECT_THAT(reason(ran, "five"), HasSubstr("not linked yet"));
  EXPECT_THAT(ran.out, HasSubstr("2026-02-02"));
  const Ran told = world.run({"verify"});
  EXPECT_THAT(told.out, HasSubstr("Date: Notion 2026-02-02, Supabase 2026-01-01"));
  EXPECT_THAT(told.out, HasSubstr("Date differs in 2 records"));

  ASSERT_EQ(world.run({"sync"}).code, 0);
  world.pass_time();
  ASSERT_EQ(world.run({"sync"}).code, 0);
  EXPECT_EQ(verify().code, 0) << verify().out;
}

// The state could be wrong in any way: what verify says of values must not come from it.
TEST_F(Verify, a_difference_the_state_knows_nothing_of_is_found_all_the_same) {
  world.sql("alter table decision_vault disable trigger all");
  world.sql("update decision_vault set date = '2026-09-09' where decision = 'one'");
  world.sql("alter table decision_vault enable trigger all");
  world.sql(
      "update rowpage.link l set row_shadow = jsonb_set(row_shadow, '{date}', to_jsonb('2026-09-09'::text)) "
      "where l.row_key = (select id::text from decision_vault where decision = 'one')");
  const Ran ran = verify();
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(figure(ran, "different"), 1);
}

TEST_F(Verify, works_before_setup_and_after_the_state_was_lost) {
  if (database_way_of_tests() == DatabaseWay::data_api) GTEST_SKIP() << "over the Data API nothing can be asked yet";
  world.sql("drop schema rowpage cascade");
  const Ran ran = verify();
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(figure(ran, "equal"), 3) << "halves are matched as the next sync would match them";
  EXPECT_EQ(world.sql("select to_regnamespace('rowpage') is null"), "t");
}

TEST_F(Verify, a_limit_shortens_the_list_and_not_the_counts) {
  world.sql("update decision_vault set date = '2026-03-03'");
  const Ran ran = verify({"--limit", "1"});
  EXPECT_EQ(figure(ran, "different"), 3);
  EXPECT_EQ(report(ran)["differences"].as_array().size(), 1u);
  EXPECT_THAT(world.run({"verify", "--limit", "1"}).out, HasSubstr("and 2 more"));
}

TEST_F(Verify, parked_records_alone_exit_with_3_and_tell_why_they_wait) {
  world.person("POST", "/v1/pages/" + pages["one"] + "/move",
               json::object{{"parent", json::object{{"type", "page_id"},
                                                    {"page_id", world.environment["NOTION_PARENT_PAGE_ID"]}}}});
  world.advance();
  ASSERT_EQ(world.run({"sync", "--full"}).code, 3);
  const Ran ran = verify();
  EXPECT_EQ(ran.code, 3) << ran.out << ran.err;
  EXPECT_THAT(reason(ran, "one"), HasSubstr("moved"));
}

TEST_F(Verify, bad_words_are_refused_before_anything_is_read) {
  const auto requests = world.requests_counted();
  for (const auto& words :
       {std::vector<std::string>{"verify", "--limit", "many"}, std::vector<std::string>{"verify", "--limit", "-1"},
        std::vector<std::string>{"verify", "--model", "Nosuch"}, std::vector<std::string>{"verify", "now"}}) {
    const Ran ran = world.run(words);
    EXPECT_EQ(ran.code, 2) << ran.out << ran.err;
  }
  EXPECT_EQ(world.requests_counted(), requests);
}

TEST_F(Verify, one_bad_token_stops_it_with_6) {
  EXPECT_EQ(world.run({"verify"}, {{"NOTION_API_KEY", "ntn_wrong_wrong_wrong"}}).code, 6);
}

}  // namespace
}  // namespace rowpage::test
