// Setup of linked databases with the real binary: made, adopted, cut off in the middle, made twice, emptied.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "cli/linked_workspace.h"

namespace rowpage::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class LinksSetup : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  }

  // As a person: a database under the parent page, with these properties. Its data source.
  std::string make_database(const std::string& title, json::object properties = {}) {
    properties["Name"] = json::object{{"title", json::object{}}};
    const auto made = world.person(
        "POST", "/v1/databases",
        json::object{
            {"parent", json::object{{"type", "page_id"}, {"page_id", world.environment["NOTION_PARENT_PAGE_ID"]}}},
            {"title", json::array{json::object{{"text", json::object{{"content", title}}}}}},
            {"initial_data_source", json::object{{"properties", properties}}}});
    made_database = std::string(find_string(made, "id"));
    return std::string(find_string((*find_array(made, "data_sources"))[0], "id"));
  }
  static json::object relation(const std::string& target, const std::string& two_way = "") {
    json::object settings{{"data_source_id", target}};
    if (two_way.empty()) {
      settings["single_property"] = json::object{};
    } else {
      settings["dual_property"] = json::object{{"synced_property_name", two_way}};
    }
    return {{"relation", settings}};
  }
  void add_property(const std::string& source, const std::string& name, const json::object& settings) {
    world.person("PATCH", "/v1/data_sources/" + source, json::object{{"properties", json::object{{name, settings}}}});
  }
  // Names of the properties of a model's data source.
  std::set<std::string> properties(const std::string& model) {
    std::set<std::string> names;
    const auto source = world.person("GET", "/v1/data_sources/" + world.sources[model]);
    for (const auto& entry : *find_object(source, "properties")) names.insert(entry.key());
    return names;
  }
  // Titles of the databases under the parent page, in order.
  std::vector<std::string> titles() {
    std::vector<std::string> out;
    const auto children =
        world.person("GET", "/v1/blocks/" + world.environment["NOTION_PARENT_PAGE_ID"] + "/children?page_size=100");
    for (const auto& block : *find_array(children, "results")) {
      if (const auto* database = find_object(block, "child_database"))
        out.emplace_back(find_string(json::value(*database), "title"));
    }
    return out;
  }
  void expect_as_made() {
    EXPECT_THAT(titles(), ::testing::UnorderedElementsAre("People", "Tasks", "Projects"));
    EXPECT_EQ(properties("Person"),
              (std::set<std::string>{"Name", "Code", "Friends", "Tasks", "Projects", "Rowpage", "Supabase ID"}));
    EXPECT_EQ(properties("Task"),
              (std::set<std::string>{"Name", "Project", "Assignee", "Subtask of", "Subtasks", "Blocks", "Blocked by",
                                     "Watchers", "Rowpage", "Supabase ID"}));
    EXPECT_EQ(properties("Project"),
              (std::set<std::string>{"Name", "Lead", "Members", "Tasks", "Rowpage", "Supabase ID"}));
  }

  LinkedWorkspace world;
  std::string made_database;  // the last one's id
};

TEST_F(LinksSetup, makes_databases_tables_and_links_between_them_and_has_nothing_to_do_the_second_time) {
  const auto first = world.run({"setup", "--json"});
  ASSERT_EQ(first.code, 0) << first.out << first.err;
  world.take_databases(first);
  expect_as_made();
  EXPECT_EQ(world.number("select count(*) from pg_constraint where contype = 'f' and connamespace = "
                         "'public'::regnamespace"),
            4 + 8);
  EXPECT_EQ(world.sql("select is_nullable from information_schema.columns where table_name = 'tasks' and column_name = "
                      "'project_id'"),
            "NO");
  EXPECT_EQ(
      world.sql("select data_type from information_schema.columns where table_name = 'projects' and column_name = "
                "'lead_code'"),
      "text");
  const auto writes = world.writes_counted();
  const auto second = world.run({"setup"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("nothing was missing"));
  EXPECT_EQ(world.writes_counted(), writes);
  const auto check = world.run({"check"});
  EXPECT_EQ(check.code, 0) << check.out << check.err;
  EXPECT_THAT(check.out, HasSubstr("all good"));
  EXPECT_THAT(world.run({"setup", "--print"}).out, HasSubstr("nothing is missing"));
}

// One database by its title, one by another title it may have, one by its id; relations of both kinds that are there
// already, under names of their own.
TEST_F(LinksSetup, takes_databases_and_relations_as_they_are_and_adds_only_what_is_missing) {
  const auto people = make_database("Folks");
  const auto tasks = make_database("Tasks", {{"Blocks", json::object{{"checkbox", json::object{}}}}});
  const auto elsewhere = make_database("Our great projects", {{"Lead", relation(people)}});
  world.environment["NOTION_PROJECTS_DB"] = made_database;
  add_property(tasks, "Assignee", relation(people, "Tasks"));
  // A property of that name with another meaning is in the way: setup says so and changes nothing of it.
  const auto refused = world.run({"setup", "--json"});
  EXPECT_EQ(refused.code, 1) << refused.out << refused.err;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("Blocks"), HasSubstr("checkbox")));
  add_property(tasks, "Blocks", {{"name", "Is a blocker"}});
  const auto setup = world.run({"setup", "--json"});
  ASSERT_EQ(setup.code, 0) << setup.out << setup.err;
  world.take_databases(setup);
  EXPECT_EQ(world.sources["Person"], people);
  EXPECT_EQ(world.sources["Task"], tasks);
  EXPECT_EQ(world.sources["Project"], elsewhere);
  EXPECT_THAT(titles(), ::testing::UnorderedElementsAre("Folks", "Tasks", "Our great projects"));
  EXPECT_TRUE(properties("Task").contains("Is a blocker"));
  EXPECT_TRUE(properties("Task").contains("Blocked by"));
  EXPECT_EQ(properties("Person"),
            (std::set<std::string>{"Name", "Code", "Friends", "Tasks", "Projects", "Rowpage", "Supabase ID"}));
  const auto second = world.run({"setup"});
  EXPECT_THAT(second.out, HasSubstr("nothing was missing")) << second.out << second.err;
  const auto ann = world.make_page("Person", "ann");
  const auto house = world.make_page("Project", "house", {{"Lead", {ann}}});
  world.make_page("Task", "dig", {{"Project", {house}}, {"Assignee", {ann}}});
  const auto ran = world.sync();
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_EQ(world.facts_in_rows().size(), 3u + 3u);
  world.expect_equal();
}

TEST_F(LinksSetup, a_relation_of_the_wrong_kind_or_to_another_database_is_named_and_left_as_it_is) {
  const auto people = make_database("People");
  const auto tasks = make_database("Tasks", {{"Assignee", relation(people)}});   // one way, two-way is wanted
  const auto projects = make_database("Projects", {{"Lead", relation(tasks)}});  // to another database
  add_property(projects, "Tasks", {{"rich_text", json::object{}}});              // text where an end is to be
  const auto setup = world.run({"setup"});
  EXPECT_EQ(setup.code, 1) << setup.out << setup.err;
  EXPECT_THAT(setup.err, AllOf(HasSubstr("Assignee"), HasSubstr("one-way")));
  for (const char* model : {"Person", "Task", "Project"})  // all that does not fit, at once
    EXPECT_THAT(setup.err, HasSubstr(std::string("the pair ") + model + " does not fit"));
  EXPECT_THAT(setup.err, HasSubstr("the other end of \"Assignee\" of Task: make that relation two-way in Notion"));
  EXPECT_THAT(setup.out, HasSubstr("set these before the next command:\n  NOTION_PEOPLE_DB="));
  EXPECT_THAT(setup.err, AllOf(HasSubstr("Lead"), HasSubstr("\"Tasks\""), HasSubstr("\"People\"")));
  EXPECT_THAT(setup.err, AllOf(HasSubstr("Project"), HasSubstr("rich_text")));
  const auto check = world.run(
      {"check"}, {{"NOTION_PEOPLE_DB", people}, {"NOTION_TASKS_DB", tasks}, {"NOTION_PROJECTS_DB", projects}});
  EXPECT_EQ(check.code, 1) << check.out << check.err;
  EXPECT_THAT(check.out, HasSubstr("relation \"Lead\": leads to another database"));
  EXPECT_EQ(world.number("select count(*) from pg_class where relname = 'link' and relnamespace::regnamespace::text = "
                         "'rowpage' and reltuples > 0"),
            0);
}

// Killed while Notion is being set up, and while PostgreSQL is: the next one goes on, and the end is the same.
TEST_F(LinksSetup, killed_in_the_middle_at_any_moment_it_goes_on_without_doubles) {
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 15}});
  int kills = 0;
  std::vector<int> moments{1, 4, 6, 9, 12, 15, 18, 22, 26, 31};
  if (std::getenv("ROWPAGE_FULL")) {
    moments.clear();
    for (int k = 1; k < 60; ++k) moments.push_back(k);
  }
  for (const int k : moments) {
    const auto before = world.requests_counted();
    const auto child = world.start({"setup", "--json"});
    bool running = true;
    siginfo_t ended{};
    for (int ms = 0; ms < 60'000 && running && world.requests_counted() - before < k; ++ms) {
      ::usleep(1000);
      ended.si_pid = 0;
      running =
          ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0;
    }
    ::usleep(static_cast<useconds_t>((k * 7) % 25) * 1000);
    ::kill(child, SIGKILL);
    kills += world.finish(child).code == 128 + SIGKILL ? 1 : 0;
  }
  EXPECT_GT(kills, 3);
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 0}});
  const auto last = world.run({"setup", "--json"});
  ASSERT_EQ(last.code, 0) << last.out << last.err;
  world.take_databases(last);
  expect_as_made();
  EXPECT_THAT(world.run({"setup"}).out, HasSubstr("nothing was missing"));
}

TEST_F(LinksSetup, reset_empties_tables_and_join_tables_and_the_next_sync_brings_everything_back_with_its_links) {
  world.set_up();
  const auto ann = world.make_page("Person", "ann");
  world.link_page(ann, "Friends", {ann});
  const auto house = world.make_page("Project", "house", {{"Lead", {ann}}, {"Members", {ann}}});
  const auto dig = world.make_page("Task", "dig", {{"Project", {house}}, {"Assignee", {ann}}});
  world.make_page("Task", "build", {{"Project", {house}}, {"Subtask of", {dig}}, {"Blocks", {dig}}});
  ASSERT_EQ(world.sync().code, 0);
  ASSERT_EQ(world.sync().code, 0);  // what the database filled in has travelled
  const auto facts = world.facts_in_notion();
  const auto writes = world.writes_counted();
  const auto one = world.run({"setup", "--reset", "--yes", "--model", "Project"});
  EXPECT_EQ(one.code, 2) << "tasks hold projects\n" << one.out << one.err;
  EXPECT_THAT(one.err, AllOf(HasSubstr("tasks"), HasSubstr("nothing was changed")));
  const auto reset = world.run({"setup", "--reset", "--yes"});
  ASSERT_EQ(reset.code, 0) << reset.out << reset.err;
  EXPECT_TRUE(world.facts_in_rows().empty());
  EXPECT_EQ(world.number("select count(*) from project_members"), 0);
  EXPECT_EQ(world.writes_counted(), writes);
  const auto again = world.sync();
  EXPECT_EQ(again.code, 0) << again.out << again.err;
  EXPECT_EQ(world.facts_in_rows(), facts);
  world.expect_equal();
  world.expect_quiet();
}

}  // namespace
}  // namespace rowpage::test
