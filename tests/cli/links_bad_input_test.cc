// Bad input about relations, on every side: place, cause and remedy are named, the exit code is right, nothing is
// half-written, and what is not concerned goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/linked_workspace.h"

namespace rowpage::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class LinksBadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  }
  // ann, the project house, and the task dig of it for ann, on both sides.
  void set_up() {
    world.set_up();
    const auto ann = world.make_row("people", "ann");
    const auto house = world.make_row("projects", "house");
    world.make_row("tasks", "dig", {{"project_id", house}, {"assignee_id", ann}});
    const auto ran = world.sync();
    ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
  }
  static void expect(const Ran& ran, int code, const std::vector<std::string>& texts) {
    EXPECT_EQ(ran.code, code) << ran.out << ran.err;
    for (const auto& text : texts) EXPECT_THAT(ran.out + ran.err, HasSubstr(text));
  }
  void refused(const std::vector<std::string>& line, int code, const std::vector<std::string>& texts) {
    const auto writes = world.writes_counted();
    expect(world.run(line), code, texts);
    EXPECT_EQ(world.writes_counted(), writes) << line[0] << " wrote to Notion";
  }
  LinkedWorkspace world;
};

TEST_F(LinksBadInput, a_relation_to_what_is_no_pair_is_shown_in_the_file_with_the_nearest_model) {
  world.change_config("to: Person, join: { table: friends", "to: Persom, join: { table: friends");
  refused({"check"}, 2, {"rowpage.yaml:", "`Persom` is no pair of this file", "`Person`", "^"});
  refused({"setup"}, 2, {"Persom"});
}

TEST_F(LinksBadInput, required_keys_in_a_circle_are_refused_in_the_file_and_in_the_database) {
  world.change_config("to: Task }", "to: Task, required: true }");
  refused({"setup"}, 2, {"required foreign keys lead in a circle", "Task.parent_id", "remove `required`"});
  world.change_config("to: Task, required: true }", "to: Task }");
  set_up();
  world.sql("update tasks set parent_id = id");
  ASSERT_EQ(world.sync().code, 0);
  const auto marks = world.marks();
  world.sql("alter table tasks alter column parent_id set not null");
  world.make_page("Person", "eve");
  world.pass_time();
  refused({"check"}, 1, {"required links lead in a circle", "Task", "parent_id", "be NULL"});
  refused({"sync"}, 1, {"required links lead in a circle", "parent_id"});
  EXPECT_EQ(world.marks(), marks);
  world.sql("alter table tasks alter column parent_id drop not null");
  EXPECT_EQ(world.sync().code, 0);
  world.expect_equal();
}

TEST_F(LinksBadInput, a_foreign_key_that_leads_elsewhere_than_the_mapping_is_named) {
  world.sql("create table managers (id uuid primary key default gen_random_uuid(), name text)");
  world.sql(
      "create table projects (id uuid primary key default gen_random_uuid(), name text, lead_code text, notion_page_id "
      "text, updated_at timestamptz default now(), deleted_at timestamptz)");
  world.sql(
      "create table tasks (id uuid primary key default gen_random_uuid(), name text, project_id uuid not null "
      "references projects (id), assignee_id uuid references managers (id), parent_id uuid references tasks (id), "
      "notion_page_id text, updated_at timestamptz default now(), deleted_at timestamptz)");
  const auto setup = world.run({"setup"});
  expect(setup, 1, {"assignee_id", "managers", "people", "Name the pair of that table in `to`"});
  EXPECT_EQ(world.number("select count(*) from pg_constraint where conrelid = 'tasks'::regclass and contype = 'f' and "
                         "confrelid = 'managers'::regclass"),
            1)
      << "what is there is left as it is";
}

TEST_F(LinksBadInput, a_join_table_that_does_not_fit_is_named_with_what_it_lacks) {
  world.sql("create table friends (person_id uuid, comrade_id uuid)");
  refused({"setup"}, 1, {"friends", "friend_id", "Person", "`own` and `other`"});
  EXPECT_EQ(world.number("select count(*) from pg_tables where tablename in ('people', 'tasks')"), 0);
  world.sql("drop table friends");
  world.sql("create table friends (person_id uuid, friend_id text)");
  refused({"setup"}, 1, {"friends", "friend_id", "is text", "is uuid", "Both must have one type"});
  world.sql("alter table friends alter column friend_id type uuid using null");
  EXPECT_EQ(world.run({"setup"}).code, 0);
}

TEST_F(LinksBadInput, a_missing_privilege_on_a_join_table_is_named_with_its_grant_and_stops_its_pair_only) {
  if (database_way_of_tests() != DatabaseWay::direct) GTEST_SKIP() << "there is one role over the other ways";
  set_up();
  world.sql("create role linker login password 'linker-password'");
  world.sql("grant pg_read_all_data, pg_write_all_data to linker");
  for (const char* grant : {"usage on schema rowpage", "execute on all functions in schema rowpage"})
    world.sql(std::string("grant ") + grant + " to linker");
  auto url = world.environment["SUPABASE_DB_URL"];
  const auto at = url.find("//") + 2;
  url.replace(at, url.find('@') - at, "linker:linker-password");
  world.sql("revoke pg_write_all_data from linker");
  for (const char* table : {"people", "projects", "tasks", "project_members", "task_watchers", "task_blocks"})
    world.sql(std::string("grant insert, update, delete on ") + table + " to linker");
  const auto check = world.run({"check"}, {{"SUPABASE_DB_URL", url}});
  EXPECT_NE(check.code, 0);
  EXPECT_THAT(check.out, HasSubstr("the database role may not insert into and delete from"));
  EXPECT_THAT(check.out, HasSubstr("friends"));
  EXPECT_THAT(check.out, HasSubstr("GRANT SELECT, INSERT, DELETE ON"));
  EXPECT_THAT(check.out, Not(HasSubstr("linker-password")));
  world.sql("drop owned by linker");
  world.sql("drop role linker");
}

TEST_F(LinksBadInput, a_database_that_is_missing_trashed_or_not_shared_stops_its_pair_and_no_other) {
  set_up();
  const auto right = world.environment["NOTION_PEOPLE_DB"];
  const auto facts = world.facts_in_rows();
  const auto others_go_on = [&](const std::string& when, const std::string& text) {
    world.make_page("Project", when);
    world.pass_time();
    const auto ran = world.run({"sync", "--json", "--full"});
    EXPECT_EQ(ran.code, 1) << when << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(text)) << when;
    EXPECT_EQ(world.number("select count(*) from projects where name = '" + when + "'"), 1) << when << ran.out;
    EXPECT_EQ(world.number("select count(*) from tasks where assignee_id is not null"), 1) << when;
  };
  world.environment["NOTION_PEOPLE_DB"] = "00000000-0000-4000-8000-000000000001";
  others_go_on("missing", "shared");
  world.environment["NOTION_PEOPLE_DB"] = right;
  world.person("PATCH", "/v1/databases/" + right, json::object{{"in_trash", true}});
  others_go_on("trashed", "trash");
  expect(world.run({"check"}), 1, {"People", "trash", "Restore it in Notion"});
  world.person("PATCH", "/v1/databases/" + right, json::object{{"in_trash", false}});
  // Not shared: Notion hides the relations to it as well, so those pairs wait with it, and lose nothing.
  world.control("POST", "/_sandbox/share", json::object{{"id", right}, {"shared", false}});
  world.make_page("Project", "not shared");
  world.pass_time();
  expect(
      world.run({"sync", "--full"}), 1,
      {"Task: property \"Assignee\"", "It leads to the database of Person, which could not be read", "Share that one"});
  EXPECT_EQ(world.number("select count(*) from tasks where assignee_id is not null"), 1);
  expect(world.run({"check"}), 1, {"Share that one first"});
  world.control("POST", "/_sandbox/share", json::object{{"id", right}, {"shared", true}});
  // A database of another title is the same database.
  world.person("PATCH", "/v1/databases/" + right,
               json::object{{"title", json::array{json::object{{"text", json::object{{"content", "Humans"}}}}}}});
  for (int i = 0; i < 7; ++i) world.pass_time();  // what could not be read whole is tried again within the hour
  const auto whole = world.run({"sync", "--json", "--full"});
  EXPECT_EQ(whole.code, 0) << whole.out << whole.err << world.run({"parked"}).out;
  EXPECT_EQ(world.facts_in_rows().size(), facts.size() + 3);
  world.expect_equal();
}

TEST_F(LinksBadInput, a_relation_removed_from_notion_takes_no_link_from_the_database) {
  set_up();
  world.link_page(world.page_of("Task", "dig"), "Watchers", {world.page_of("Person", "ann")});
  ASSERT_EQ(world.sync().code, 0);
  world.person("PATCH", "/v1/data_sources/" + world.sources["Task"],
               json::object{{"properties", json::object{{"Watchers", nullptr}}}});
  world.person("PATCH", "/v1/pages/" + world.page_of("Task", "dig"),
               json::object{{"properties", json::object{{"Name", title("dig deep")}}}});
  // What is remembered of the schema is out of date; so is asked what is there now.
  for (const auto& options : {std::vector<std::string>{}, {"--full"}}) {
    const auto ran = world.sync(options);
    EXPECT_EQ(ran.code, 1) << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("Task: property \"Watchers\": the Notion database \"Tasks\" has no such property"));
    EXPECT_EQ(world.number("select count(*) from task_watchers"), 1);
  }
  // Made anew by setup it is another property, empty on every page: nobody took these links away.
  ASSERT_EQ(world.run({"setup"}).code, 0);
  const auto mapping = world.sync();
  EXPECT_EQ(mapping.code, 5) << mapping.out << mapping.err;
  EXPECT_THAT(mapping.err, HasSubstr("the mapping has changed since the last run"));
  EXPECT_EQ(world.number("select count(*) from task_watchers"), 1);
  const auto allowed = world.sync({"--allow-mapping-change"});
  EXPECT_EQ(allowed.code, 0) << allowed.out << allowed.err;
  EXPECT_THAT(allowed.err, HasSubstr("made anew in Notion, and filled from Supabase where they are blank: Watchers"));
  EXPECT_EQ(world.number("select count(*) from task_watchers"), 1);
  world.expect_equal();
}

TEST_F(LinksBadInput, more_links_than_a_column_holds_park_the_record_until_one_is_left) {
  set_up();
  const auto dig = world.page_of("Task", "dig"), ann = world.page_of("Person", "ann");
  const auto eve = world.make_page("Person", "eve");
  world.link_page(dig, "Assignee", {ann, eve});
  world.make_page("Task", "build", {{"Project", {world.page_of("Project", "house")}}});
  const auto ran = world.sync();
  EXPECT_EQ(ran.code, 3) << ran.out << ran.err;
  EXPECT_EQ(world.sql("select p.name from tasks t join people p on p.id = t.assignee_id where t.name = 'dig'"), "ann");
  EXPECT_EQ(world.number("select count(*) from tasks"), 2) << "the others go on";
  const auto parked = world.run({"parked"});
  EXPECT_THAT(parked.out, HasSubstr("Assignee"));
  EXPECT_THAT(parked.out, HasSubstr("assignee_id"));
  EXPECT_THAT(parked.out, HasSubstr("2"));
  world.link_page(dig, "Assignee", {eve});
  const auto mended = world.sync();
  EXPECT_EQ(mended.code, 0) << mended.out << mended.err;
  EXPECT_EQ(world.sql("select p.name from tasks t join people p on p.id = t.assignee_id where t.name = 'dig'"), "eve");
  world.expect_equal();
}

TEST_F(LinksBadInput, a_one_way_relation_takes_a_hundred_links_and_says_so_beyond) {
  set_up();
  world.sql("insert into people (name, code) select 'guest ' || i, 'G' || i from generate_series(1, 101) i");
  ASSERT_EQ(world.sync().code, 0);
  world.sql(
      "insert into task_watchers (task_id, person_id) select t.id, p.id from tasks t, people p where p.name like "
      "'guest%'");
  const auto parked = world.sync();
  EXPECT_EQ(parked.code, 3) << parked.out << parked.err;
  const auto shown = world.run({"parked"}).out;
  EXPECT_THAT(shown, HasSubstr("Watchers is to show 101 links; Notion takes at most 100"));
  EXPECT_THAT(shown, HasSubstr("keep fewer links"));
  EXPECT_THAT(world.shown("Task", "dig", "Watchers"), ::testing::IsEmpty()) << "not a part of them";
  world.sql("delete from task_watchers where person_id = $1::uuid", {world.row_of("people", "guest 9")});
  const auto mended = world.sync();
  EXPECT_EQ(mended.code, 0) << mended.out << mended.err;
  EXPECT_EQ(world.shown("Task", "dig", "Watchers").size(), 100u);
  // The two ends of a relation hold more: the rest is written from the other one.
  world.sql(
      "insert into project_members (project_id, person_id) select j.id, p.id from projects j, people p where "
      "p.name like 'guest%'");
  const auto both = world.sync();
  EXPECT_EQ(both.code, 0) << both.out << both.err;
  for (int i = 0; i < 2; ++i) world.sync();
  EXPECT_EQ(world.shown("Project", "house", "Members").size(), 101u);
  world.expect_equal();
  world.expect_quiet();
}

TEST_F(LinksBadInput, names_in_relations_may_hold_anything) {
  world.write("rowpage.yaml", R"yaml(version: 1
notion: { token: "${NOTION_API_KEY}", parent_page: "${NOTION_PARENT_PAGE_ID}", requests_per_minute: 600 }
sync: { bounds: { landing: 1s, index: 1s } }
pairs:
  - model: "Größe 'one'"
    notion: { title: "O'ne \"x\" 🎉" }
    table: '"Odd ""s"" 🎉"."One; drop"'
    fields:
      - { column: "Na'me", property: "Ti\"tle", type: title }
      - { column: 'to "two" 🎉', property: "L'ink \\ {a} %s 🎉", type: relation, to: two, two_way: "Ba\"ck; --" }
      - { property: "Many, many", type: relation, to: two,
          join: { table: '"jo.in ""t"""', own: "o'wn", other: 'OTHER "x"' } }
  - model: two
    notion: { title: TWO }
    table: '"Odd ""s"" 🎉".select'
    fields:
      - { column: from, property: "Ti\"tle", type: title }
      - { property: "Ba\"ck; --", type: relation, to: "Größe 'one'", back_of: "L'ink \\ {a} %s 🎉" }
)yaml");
  const auto setup = world.run({"setup", "--json"});
  ASSERT_EQ(setup.code, 0) << setup.out << setup.err;
  EXPECT_THAT(world.run({"setup"}).out, HasSubstr("nothing was missing"));
  const std::string one = R"("Odd ""s"" 🎉"."One; drop")", two = R"("Odd ""s"" 🎉"."select")",
                    join = R"("Odd ""s"" 🎉"."jo.in ""t""")";
  world.sql("with t as (insert into " + two +
            " (\"from\") values ('b'), ('c') returning id, \"from\"), o as (insert into " + one +
            R"( ("Na'me", "to ""two"" 🎉") select 'a', id from t where "from" = 'b' returning id) insert into )" +
            join + R"( ("o'wn", "OTHER ""x""") select o.id, t.id from o, t)");
  const auto first = world.sync();
  EXPECT_EQ(first.code, 0) << first.out << first.err;
  const auto databases = *find_object(setup.object, "databases");
  const auto source_of = [&](const char* model) {
    const auto database = world.person("GET", "/v1/databases/" + std::string(databases.at(model).get_string()));
    return std::string(find_string((*find_array(database, "data_sources"))[0], "id"));
  };
  const auto dump = world.control("GET", "/_sandbox/dump?data_source_id=" + source_of("Größe 'one'"));
  const auto page = (*find_array(dump, "pages"))[0];
  EXPECT_EQ(find_array(*find(page, "values"), "L'ink \\ {a} %s 🎉")->size(), 1u) << to_text(page);
  EXPECT_EQ(find_array(*find(page, "values"), "Many, many")->size(), 2u) << to_text(page);
  world.person(
      "PATCH", "/v1/pages/" + std::string(find_string(page, "id")),
      json::object{{"properties", json::object{{"L'ink \\ {a} %s 🎉", links_to({})}, {"Many, many", links_to({})}}}});
  const auto second = world.sync();
  EXPECT_EQ(second.code, 0) << second.out << second.err;
  EXPECT_EQ(world.number("select count(*) from " + join), 0);
  EXPECT_EQ(world.number("select count(*) from " + one + R"( where "to ""two"" 🎉" is null)"), 1);
}

}  // namespace
}  // namespace rowpage::test
