// The preset higherself with the real binary, from the environment alone: sixteen databases and what lies between them.
// One world serves many checks, for its set-up takes a while.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "cli/linked_workspace.h"
#include "cli/world.h"

namespace rowpage::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::pair<const char*, const char*> variables[] = {
    {"BusinessEntity", "NOTION_BUSINESS_ENTITIES_DB"},
    {"ContactProfile", "NOTION_CONTACTS_PROFILES_DB"},
    {"CommunityMember", "NOTION_COMMUNITY_HUB_DB"},
    {"ProductService", "NOTION_PRODUCTS_SERVICES_DB"},
    {"WorkflowInstance", "NOTION_ACTIVE_WORKFLOW_INSTANCES_DB"},
    {"MarketingCampaign", "NOTION_MARKETING_CAMPAIGNS_DB"},
    {"FeedbackSurvey", "NOTION_FEEDBACK_SURVEYS_DB"},
    {"RewardBounty", "NOTION_REWARDS_BOUNTIES_DB"},
    {"Task", "NOTION_TASKS_DB"},
    {"AgentCommunication", "NOTION_AGENT_COMMUNICATION_DB"},
    {"Agent", "NOTION_AGENT_REGISTRY_DB"},
    {"ApiIntegration", "NOTION_API_INTEGRATIONS_DB"},
    {"DataTransformation", "NOTION_DATA_TRANSFORMATIONS_DB"},
    {"NotificationTemplate", "NOTION_NOTIFICATIONS_TEMPLATES_DB"},
    {"UseCase", "NOTION_USE_CASES_DB"},
    {"Workflow", "NOTION_WORKFLOWS_LIBRARY_DB"},
};

class HigherSelfRun : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
    world.environment["ROWPAGE_PRESET"] = "higherself";
    world.control("POST", "/_sandbox/habits", json::object{{"requests_per_minute", 0}});
  }
  // Both sides made. Notion is asked more often in this than in a minute of a free plan, so for this one command the
  // preset lies in a file that names a larger plan; afterwards there is the environment alone.
  void set_up() {
    ASSERT_EQ(world.run({"init", "--preset", "higherself"}).code, 0);
    auto yaml = world.read("rowpage.yaml");
    const std::string limit = "requests_per_minute: 180";
    ASSERT_NE(yaml.find(limit), std::string::npos);
    world.write("larger.yaml", yaml.replace(yaml.find(limit), limit.size(), "requests_per_minute: 600"));
    const auto ran = world.run({"setup", "--json", "--config", "larger.yaml"}, {{"ROWPAGE_PRESET", ""}});
    for (const char* file : {"rowpage.yaml", "larger.yaml", ".env"}) std::filesystem::remove(world.folder + "/" + file);
    ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
    const auto* made = find_object(ran.object, "databases");
    ASSERT_TRUE(made && made->size() == 16) << ran.out;
    for (const auto& [model, variable] : variables) {
      world.environment[variable] = std::string(find_string(*made, model));
      const auto database = world.person("GET", "/v1/databases/" + world.environment[variable]);
      sources[model] = std::string(find_string((*find_array(database, "data_sources"))[0], "id"));
    }
  }
  Ran run(const std::vector<std::string>& line) {
    world.pass_time();
    return world.run(line);
  }
  std::string page(const std::string& model, json::object properties) {
    const auto made = world.person(
        "POST", "/v1/pages",
        json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", sources.at(model)}}},
                     {"properties", std::move(properties)}});
    return std::string(find_string(made, "id"));
  }
  static json::object text(const std::string& content) {
    return {{"rich_text", json::array{json::object{{"text", json::object{{"content", content}}}}}}};
  }
  static json::object select(const std::string& name) { return {{"select", json::object{{"name", name}}}}; }
  // What the page of this title shows in a property.
  json::value shown(const std::string& model, const std::string& title_property, const std::string& name,
                    const std::string& property) {
    const auto dump = world.control("GET", "/_sandbox/dump?limit=1000&data_source_id=" + sources.at(model));
    for (const auto& one : *find_array(dump, "pages")) {
      const auto* values = find(one, "values");
      if (find_string(*values, title_property) == name && find(*values, property)) return *find(*values, property);
    }
    ADD_FAILURE() << model << " has no page " << name << " with " << property;
    return nullptr;
  }
  // Rows of all sixteen tables and of the join tables.
  std::int64_t rows(const std::string& schema = "public") {
    return world.number(
        "select coalesce(sum((xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I.%I', nspname, "
        "relname), false, true, '')))[1]::text::bigint), 0) from pg_class c join pg_namespace n on n.oid = "
        "c.relnamespace where relkind = 'r' and nspname = '" +
        schema + "'");
  }
  std::int64_t tables(const std::string& schema) {
    return world.number("select count(*) from pg_tables where schemaname = '" + schema + "'");
  }

  void fill_both_sides() {
    const auto studio = page("BusinessEntity", {{"Name", title("Studio")},
                                                {"Entity Type", select("ART_GALLERY")},
                                                {"API Keys Reference", text("vault://studio")}});
    const auto nyra = page("Agent", {{"Agent Name", title("Nyra")},
                                     {"Agent ID", text("NYRA")},
                                     {"Description", text("takes leads")},
                                     {"Business Entity Association", links_to({studio})}});
    const auto solari =
        page("Agent", {{"Agent Name", title("Solari")}, {"Agent ID", text("SOLARI")}, {"Description", text("books")}});
    page("AgentCommunication", {{"Pattern Name", title("Lead handover")},
                                {"Description", text("from one to the other")},
                                {"Message Format", text("JSON")},
                                {"Source Agent", links_to({nyra})},
                                {"Target Agent", links_to({solari})}});
    world.sql(
        "with b as (insert into business_entities (name, entity_type, api_keys_reference) values ('Retreat', "
        "'WELLNESS_CENTER', 'vault://retreat') returning id), w as (insert into workflows (name, description) values "
        "('Onboarding', 'first steps') returning id), i as (insert into workflow_instances (instance_name, "
        "workflow_id, "
        "business_entity_id) select 'Onboarding of Ann', w.id, b.id from w, b returning id), t as (insert into tasks "
        "(task_name, description) values ('Call Ann', 'today'), ('Write to Ann', 'tomorrow') returning id, task_name), "
        "d as (insert into task_dependencies (task_id, depends_on_task_id) select x.id, y.id from t x, t y where "
        "x.task_name like 'Write%' and y.task_name like 'Call%') insert into business_entity_workflows "
        "(business_entity_id, workflow_id) select b.id, w.id from b, w");
  }
  void expect_everything() {
    for (const auto& [query, count] : {
             std::pair<std::string, int>{"business_entities", 2},
             {"agents", 2},
             {"agent_communication_patterns where source_agent = 'NYRA' and target_agent = 'SOLARI'", 1},
             {"business_entity_agents j join business_entities b on b.id = j.business_entity_id join agents a on a.id "
              "= "
              "j.agent_id where b.name = 'Studio' and a.name = 'Nyra'",
              1},
             {"business_entity_workflows j join business_entities b on b.id = j.business_entity_id join workflows w on "
              "w.id = j.workflow_id where b.name = 'Retreat' and w.name = 'Onboarding'",
              1},
             {"workflow_instances i join workflows w on w.id = i.workflow_id join business_entities b on b.id = "
              "i.business_entity_id where b.name = 'Retreat' and w.name = 'Onboarding'",
              1},
             {"task_dependencies j join tasks x on x.id = j.task_id join tasks y on y.id = j.depends_on_task_id where "
              "x.task_name = 'Write to Ann' and y.task_name = 'Call Ann'",
              1},
         }) {
      EXPECT_EQ(world.number("select count(*) from " + query), count) << query;
    }
    const auto links = [&](const char* model, const char* title_property, const char* name, const char* property) {
      return shown(model, title_property, name, property).as_array().size();
    };
    EXPECT_EQ(links("BusinessEntity", "Name", "Studio", "Active Agents"), 1u);
    EXPECT_EQ(links("BusinessEntity", "Name", "Retreat", "Primary Workflows"), 1u);
    EXPECT_EQ(links("Workflow", "Workflow Name", "Onboarding", "Business Entities"), 1u);
    EXPECT_EQ(links("WorkflowInstance", "Instance Name", "Onboarding of Ann", "Workflow"), 1u);
    EXPECT_EQ(links("Task", "Task Name", "Write to Ann", "Dependencies"), 1u);
    EXPECT_EQ(links("Agent", "Agent Name", "Nyra", "Communication Patterns"), 1u);
  }

  World world;
  std::map<std::string, std::string> sources;  // by model
};

TEST_F(HigherSelfRun, sixteen_databases_are_set_up_checked_filled_both_ways_kept_quiet_and_reset) {
  set_up();
  const auto second = run({"setup"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("nothing was missing"));
  const auto check = run({"check"});
  EXPECT_EQ(check.code, 0) << check.out << check.err;
  EXPECT_THAT(check.out, HasSubstr("all good"));

  fill_both_sides();
  const auto first = run({"sync", "--json"});
  EXPECT_EQ(first.code, 0) << first.out << first.err;
  expect_everything();
  for (int i = 0; i < 2; ++i) {
    const auto rest = run({"sync", "--json"});
    EXPECT_EQ(rest.code, 0) << rest.out << rest.err;
  }
  const auto writes = world.writes_counted();
  world.pass_time();
  const auto before = world.requests_counted();
  const auto quiet = world.run({"sync", "--json"});
  EXPECT_EQ(quiet.code, 0) << quiet.out << quiet.err;
  EXPECT_LE(world.requests_counted() - before, 17) << "one listing each and one search: " << quiet.out;
  EXPECT_EQ(world.writes_counted(), writes);

  const auto reset = run({"setup", "--reset", "--yes"});
  EXPECT_EQ(reset.code, 0) << reset.out << reset.err;
  EXPECT_EQ(rows(), 0);
  const auto again = run({"sync", "--json"});
  EXPECT_EQ(again.code, 0) << again.out << again.err;
  expect_everything();
  EXPECT_EQ(figure_of(again, "Agent", "pages_trashed"), 0);
}

TEST_F(HigherSelfRun, its_printed_script_is_run_by_psql_and_leaves_nothing_to_do) {
  const auto printed = world.run({"setup", "--print"});
  ASSERT_EQ(printed.code, 0) << printed.err;
  EXPECT_EQ(tables("public"), 0);
  world.write("setup.sql", printed.out);
  const std::string psql = "psql -qX -v ON_ERROR_STOP=1 '" + world.database_url() + "' -f '" + world.folder +
                           "/setup.sql' > '" + world.folder + "/.psql' 2>&1";
  ASSERT_EQ(std::system(psql.c_str()), 0) << world.read(".psql");
  EXPECT_GE(tables("public"), 16 + 18);
  const auto setup = world.run({"setup", "--side", "postgres"});
  EXPECT_EQ(setup.code, 0) << setup.err;
  EXPECT_THAT(setup.out, HasSubstr("nothing was missing"));
  EXPECT_EQ(world.requests_counted(), 0);
}

TEST_F(HigherSelfRun, a_table_another_pair_has_is_refused_before_anything_is_made_and_a_schema_of_its_own_helps) {
  world.write("other.yaml",
              "version: 1\nworkspace: other\npairs:\n  - model: Spy\n    notion: { title: Spies }\n    table: agents\n"
              "    fields: [ { column: name, property: Name, type: title } ]\n");
  ASSERT_EQ(world.run({"setup", "--config", "other.yaml"}, {{"ROWPAGE_PRESET", ""}}).code, 0);
  const auto writes = world.writes_counted();
  const auto refused = world.run({"setup"});
  EXPECT_EQ(refused.code, 2) << refused.out << refused.err;
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("Agent"), HasSubstr("public.agents"), HasSubstr("Spy"), HasSubstr("`--schema NAME`")));
  EXPECT_EQ(world.writes_counted(), writes);
  EXPECT_EQ(tables("public"), 1);
  const auto placed = world.run({"setup", "--side", "postgres", "--schema", "Higher \"self\""});
  EXPECT_EQ(placed.code, 0) << placed.out << placed.err;
  EXPECT_GE(tables("Higher \"self\""), 16 + 18);
  EXPECT_EQ(tables("public"), 1);
  const auto again = world.run({"setup", "--side", "postgres", "--schema", "Higher \"self\""});
  EXPECT_THAT(again.out, HasSubstr("nothing was missing")) << again.out << again.err;
}

}  // namespace
}  // namespace rowpage::test
