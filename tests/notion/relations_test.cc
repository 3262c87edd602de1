// Relations against the in-process model of Notion: how setup makes them, also when it is cut off anywhere, and how the
// client reads and writes links.
#include "notion/relations.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "fake_clock.h"
#include "notion/client.h"
#include "notion/model_transport.h"
#include "notion/setup.h"
#include "sandbox/rich_text.h"

namespace rowpage {
namespace {

using Fate = sandbox::Fate;

// A workspace of three databases: tasks lead to projects (two-way), to their parents (two-way, themselves) and to
// people (one-way).
class Workspace {
 public:
  explicit Workspace(ModelTransport::Fates fates = {}) : transport(model, std::move(fates)) {
    model.habits().index_delay_ms = 0;
    model.habits().requests_per_minute = 0;
  }

  static PairSpec spec(std::string model, std::vector<Field> extra = {}) {
    PairSpec spec;
    spec.model = std::move(model);
    Field name;
    name.property = "Name";
    name.type = FieldType::title;
    spec.fields.push_back(std::move(name));
    for (auto& field : extra) spec.fields.push_back(std::move(field));
    return spec;
  }
  static Field link(std::string property, std::string to, Relation::Kind kind, std::string two_way = {}) {
    Field field;
    field.property = std::move(property);
    field.type = FieldType::relation;
    field.relation.kind = kind;
    field.relation.to = std::move(to);
    field.relation.two_way = std::move(two_way);
    return field;
  }

  static Neighbours all() {
    using enum Relation::Kind;
    Neighbours all;
    all.pairs = {
        spec("📁 Project", {link("Tasks", "✅ Task", back)}),
        spec("✅ Task", {link("Project", "📁 Project", column, "Tasks"), link("Parent", "✅ Task", column, "Subtasks"),
                         link("Subtasks", "✅ Task", back), link("Helpers", "Person", join)}),
        spec("Person")};
    return all;
  }

  // Setup as the program does it, until an error.
  Status set_up() {
    Neighbours known = all();
    for (const auto& pair : known.pairs) {
      const auto properties = wanted_properties(pair);
      auto made = make_database(client.caller(), model.root_page().text(),
                                WantedDatabase{pair.model, {}, "🫘", "what " + pair.model + " holds"}, properties);
      if (!made) return fail(made.error());
      known.sources[pair.model] = made->schema.data_source;
      auto added = add_properties(client.caller(), made->schema.data_source, properties);
      if (!added) return fail(added.error());
    }
    sources = known.sources;
    for (const auto& pair : known.pairs) {
      auto added = add_relations(client.caller(), sources[pair.model], wanted_relations(pair, known));
      if (!added) return fail(added.error());
      notes.insert(notes.end(), added->notes.begin(), added->notes.end());
      const std::vector<WantedProperty> formulas = {
          {.name = "Last Modified", .type = "last_edited_time"},
          {.name = "Loud", .type = "formula", .expression = "format(prop(\"Name\"))"}};
      if (auto plain = add_properties(client.caller(), sources[pair.model], formulas); !plain)
        return fail(plain.error());
      auto computed = add_formulas(client.caller(), sources[pair.model], formulas);
      if (!computed) return fail(computed.error());
    }
    return {};
  }

  Result<SourceSchema> schema(const std::string& name) { return client.schema(sources[name]); }
  std::string property_id(const std::string& name, const std::string& property) {
    const auto shown = schema(name);
    const auto found = std::ranges::find(shown->properties, property, &Property::name);
    return found == shown->properties.end() ? std::string() : found->id;
  }

  // Everything made, without ids: "Task.Project: relation to Project, other end Tasks".
  std::multiset<std::string> shape() {
    std::multiset<std::string> lines;
    std::map<std::string, std::string> titles, ends;
    for (const auto& [id, source] : model.world().sources) {
      const std::string title = sandbox::plain_text(model.world(), source->title);
      titles[id.text()] = title;
      for (const auto& property : source->properties) ends[title + property.id] = property.name;
    }
    for (const auto& [id, source] : model.world().sources) {
      const std::string title = titles[id.text()];
      lines.insert(title);
      for (const auto& property : source->properties) {
        std::string line = title + "." + property.name + ": " + property.type;
        if (property.type == "relation") line += " to " + titles[property.target.text()];
        if (property.dual) line += ", other end " + ends[titles[property.target.text()] + property.synced_id];
        lines.insert(line);
      }
    }
    return lines;
  }

  FakeClock clock;
  sandbox::NotionModel model{{}, [this] { return clock.now(); }};
  ModelTransport transport;
  Budget budget{clock, {}};
  NotionClient client{transport, clock, budget};
  std::map<std::string, std::string> sources;
  std::vector<std::string> notes;
};

json::value parsed_settings(std::string_view text) {
  return parse_json(text).value();
}

TEST(SetUpRelations, makes_one_way_two_way_and_self_relations_with_their_other_ends_named) {
  Workspace space;
  const auto status = space.set_up();
  ASSERT_TRUE(status) << status.error().what;
  EXPECT_TRUE(space.notes.empty()) << space.notes.front();
  const auto shape = space.shape();
  for (const std::string line :
       {"✅ Task.Project: relation to 📁 Project, other end Tasks",
        "📁 Project.Tasks: relation to ✅ Task, other end Project",
        "✅ Task.Parent: relation to ✅ Task, other end Subtasks",
        "✅ Task.Subtasks: relation to ✅ Task, other end Parent", "✅ Task.Helpers: relation to Person",
        "✅ Task.Loud: formula", "Person.Last Modified: last_edited_time"}) {
    EXPECT_EQ(shape.count(line), 1U) << line;
  }
  EXPECT_EQ(shape.size(), 3U + 5U + 8U + 4U);
  for (const auto& [id, database] : space.model.world().databases) {
    EXPECT_EQ(find_string(database->icon, "emoji"), "🫘");
    EXPECT_EQ(sandbox::plain_text(space.model.world(), database->description).substr(0, 5), "what ");
  }
  const auto task = space.schema("✅ Task");
  const auto project = std::ranges::find(task->properties, "Project", &Property::name);
  EXPECT_EQ(project->target, space.sources["📁 Project"]);
  EXPECT_EQ(project->synced_id, space.property_id("📁 Project", "Tasks"));
}

TEST(SetUpRelations, run_again_writes_nothing) {
  Workspace space;
  ASSERT_TRUE(space.set_up());
  space.model.reset_stats();
  ASSERT_TRUE(space.set_up());
  EXPECT_EQ(space.model.stats().effects_total(), 0U);
}

// The process dies at the n-th request, whatever became of that one, for every n and every fate; the next run ends
// where an undisturbed one does.
TEST(SetUpRelations, cut_off_anywhere_ends_the_same_when_run_again) {
  Workspace undisturbed;
  ASSERT_TRUE(undisturbed.set_up());
  const auto wanted = undisturbed.shape();
  const std::size_t requests = undisturbed.client.requests_sent();
  using enum Fate::Kind;
  for (const auto kind : {lost_before, lost_after, committed_503, error_after, garbage_after}) {
    for (std::size_t n = 0; n < requests; ++n) {
      std::size_t seen = 0;
      bool dead = false;
      Workspace space([&](const ApiRequest&) {
        if (!dead && seen++ != n) return Fate{};
        const bool first = !std::exchange(dead, true);
        return Fate{first ? kind : lost_before};
      });
      const Status first = space.set_up();
      EXPECT_FALSE(first) << "the model went on";
      dead = false;
      seen = requests * 100;
      const Status second = space.set_up();
      ASSERT_TRUE(second) << second.error().what;
      ASSERT_EQ(space.shape(), wanted) << name_of(kind) << " at request " << n;
    }
  }
}

// One disturbed request, and the same process goes on.
TEST(SetUpRelations, one_request_gone_astray_makes_nothing_twice) {
  Workspace undisturbed;
  ASSERT_TRUE(undisturbed.set_up());
  const auto wanted = undisturbed.shape();
  using enum Fate::Kind;
  for (const auto kind : {lost_before, lost_after, committed_503, error_after, refuse_429, refuse_409}) {
    for (std::size_t n = 0; n < undisturbed.client.requests_sent(); ++n) {
      std::size_t seen = 0;
      Workspace space([&](const ApiRequest&) { return seen++ == n ? Fate{kind} : Fate{}; });
      if (!space.set_up()) {
        const Status again = space.set_up();
        ASSERT_TRUE(again) << again.error().what;
      }
      ASSERT_EQ(space.shape(), wanted) << name_of(kind) << " at request " << n;
    }
  }
}

TEST(SetUpRelations, an_end_that_notion_named_itself_is_renamed_later) {
  Workspace space;
  ASSERT_TRUE(space.set_up());
  auto* projects = space.model.world().source(*sandbox::parse_id(space.sources["📁 Project"]));
  for (auto& property : projects->properties) {
    if (property.name == "Tasks") property.name = "Related to ✅ Task (Project)";
  }
  ASSERT_TRUE(space.set_up());
  EXPECT_EQ(space.shape().count("✅ Task.Project: relation to 📁 Project, other end Tasks"), 1U);
}

TEST(SetUpRelations, what_a_person_called_the_other_end_stays) {
  Workspace space;
  ASSERT_TRUE(space.set_up());
  auto* projects = space.model.world().source(*sandbox::parse_id(space.sources["📁 Project"]));
  for (auto& property : projects->properties) {
    if (property.name == "Tasks") property.name = "What there is to do";
  }
  ASSERT_TRUE(space.set_up());
  EXPECT_EQ(space.shape().count("✅ Task.Project: relation to 📁 Project, other end What there is to do"), 1U);
  ASSERT_EQ(space.notes.size(), 1U);
  EXPECT_NE(space.notes[0].find("What there is to do"), std::string::npos);
}

class Taken : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(space.set_up());
    person = space.sources["Person"];
    project = space.sources["📁 Project"];
  }
  void give(const std::string& source, std::string_view name, std::string_view settings) {
    const auto after =
        patch_property(space.client.caller(), source, std::string(name), parsed_settings(settings), name);
    ASSERT_TRUE(after) << after.error().what;
  }
  Result<SchemaChange> add(WantedRelation wanted) {
    space.model.reset_stats();
    return add_relations(space.client.caller(), person, {&wanted, 1});
  }
  std::uint64_t writes() const { return space.model.stats().effects_total(); }

  Workspace space;
  std::string person, project;
};

TEST_F(Taken, a_relation_elsewhere_is_left_alone_and_both_places_are_named) {
  give(person, "Boss", R"({"relation":{"data_source_id":")" + person + R"(","single_property":{}}})");
  const auto change = add({"Boss", {}, project});
  ASSERT_TRUE(change) << change.error().what;
  EXPECT_EQ(writes(), 0U);
  ASSERT_EQ(change->notes.size(), 1U);
  EXPECT_NE(change->notes[0].find("Person"), std::string::npos) << change->notes[0];
  EXPECT_NE(change->notes[0].find("📁 Project"), std::string::npos);
}

TEST_F(Taken, another_type_is_left_alone_with_a_note) {
  give(person, "Boss", R"({"rich_text":{}})");
  const auto change = add({"Boss", {}, project, "Staff"});
  ASSERT_TRUE(change);
  EXPECT_EQ(writes(), 0U);
  ASSERT_EQ(change->notes.size(), 1U);
  EXPECT_NE(change->notes[0].find("rich_text"), std::string::npos);
}

TEST_F(Taken, a_one_way_relation_where_a_two_way_one_is_wanted_is_taken_as_it_is) {
  give(person, "Works on", R"({"relation":{"data_source_id":")" + project + R"(","single_property":{}}})");
  const auto change = add({"Projects", {"Works on"}, project, "Staff"});
  ASSERT_TRUE(change);
  EXPECT_EQ(writes(), 0U);
  ASSERT_EQ(change->notes.size(), 1U);
  EXPECT_NE(change->notes[0].find("one-way"), std::string::npos);
}

TEST_F(Taken, a_name_taken_at_the_other_end_keeps_the_relation_back) {
  give(project, "Staff", R"({"number":{}})");
  const auto change = add({"Projects", {}, project, "Staff"});
  ASSERT_TRUE(change);
  EXPECT_EQ(writes(), 0U);
  ASSERT_EQ(change->notes.size(), 1U);
  EXPECT_NE(change->notes[0].find("run setup again"), std::string::npos);
}

TEST_F(Taken, a_target_that_is_not_shared_is_an_error_of_the_pair) {
  space.model.share(*sandbox::parse_id(project), false);
  const auto change = add({"Projects", {}, project, "Staff"});
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().cause, Cause::not_found);
  EXPECT_EQ(change.error().scope, Scope::pair);
}

TEST_F(Taken, a_formula_that_notion_refuses_is_skipped_and_the_next_one_made) {
  const std::vector<WantedProperty> wanted = {
      {.name = "Odd", .type = "formula", .expression = "prop(\"Nothing of that name\") + 1"},
      {.name = "Even", .type = "formula", .expression = "length(prop(\"Full Name\"))"},
      {.name = "Full Name", .type = "title", .also = {"Name"}}};
  const auto change = add_formulas(space.client.caller(), person, wanted);
  ASSERT_TRUE(change) << change.error().what;
  EXPECT_EQ(change->done, std::vector<std::string>{"added Even (formula)"});
  ASSERT_EQ(change->notes.size(), 1U);
  EXPECT_NE(change->notes[0].find("Odd"), std::string::npos);
}

TEST_F(Taken, a_database_under_another_of_its_titles_is_adopted_the_exact_one_first) {
  auto& caller = space.client.caller();
  const std::string root = space.model.root_page().text();
  const std::vector<WantedProperty> name = {{"Name", "title"}};
  const auto plain = make_database(caller, root, WantedDatabase{"Workflows"}, name);
  ASSERT_TRUE(plain) << plain.error().what;
  const auto adopted = make_database(caller, root, WantedDatabase{"⚙️ Workflows", {"Flows", "Workflows"}}, name);
  ASSERT_TRUE(adopted);
  EXPECT_TRUE(adopted->adopted);
  EXPECT_EQ(adopted->schema.data_source, plain->schema.data_source);
  const auto exact = make_database(caller, root, WantedDatabase{"⚙️ Workflows"}, name);
  ASSERT_TRUE(exact);
  EXPECT_FALSE(exact->adopted);
  // The same emoji without its mark of colour is the same title.
  const auto again = make_database(caller, root, WantedDatabase{"⚙ Workflows", {"Workflows"}}, name);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->schema.data_source, exact->schema.data_source);
}

TEST(WantedRelations, leave_out_back_ends_and_targets_not_known) {
  Neighbours known = Workspace::all();
  known.sources["✅ Task"] = "t";
  known.sources["📁 Project"] = "p";
  known.pairs[0].fields[1].also = {"To do"};
  const auto wanted = wanted_relations(known.pairs[1], known);
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_EQ(wanted[0].name, "Project");
  EXPECT_EQ(wanted[0].target, "p");
  EXPECT_EQ(wanted[0].two_way_also, std::vector<std::string>{"To do"});
  EXPECT_EQ(wanted[1].two_way, "Subtasks");
  EXPECT_TRUE(wanted_relations(known.pairs[0], known).empty());
  for (const auto& property : wanted_properties(known.pairs[1])) EXPECT_NE(property.type, "relation");
}

// --- links ---------------------------------------------------------------------------------------------------------

class Links : public Taken {
 protected:
  void SetUp() override {
    Taken::SetUp();
    tasks = pair_of("✅ Task", {"Name", "Project", "Helpers"});
    projects = pair_of("📁 Project", {"Name", "Tasks"});
    people = pair_of("Person", {"Name"});
  }
  Pair pair_of(const std::string& name, const std::vector<std::string>& properties) {
    Pair pair;
    pair.model = name;
    pair.data_source = space.sources[name];
    for (const auto& property : properties) {
      Field field;
      field.property = property;
      field.property_id = space.property_id(name, property);
      field.type = property == "Name" ? FieldType::title : FieldType::relation;
      pair.fields.push_back(std::move(field));
    }
    return pair;
  }
  Result<Page> write(const Pair& pair, std::vector<Change> set, const std::string& id = {}) {
    PageRequest request;
    request.kind = id.empty() ? PageRequest::Kind::create : PageRequest::Kind::update;
    request.page_id = id;
    request.set = std::move(set);
    return std::move(space.client.perform(pair, {&request, 1}).front());
  }
  TextList make(const Pair& pair, int count) {
    TextList ids;
    for (int i = 0; i < count; ++i) {
      auto page = write(pair, {{0, pair.model + " " + std::to_string(i)}});
      EXPECT_TRUE(page) << page.error().what;
      if (page) ids.push_back(page->id);
    }
    std::ranges::sort(ids);
    return ids;
  }
  Result<Page> read(const Pair& pair, const std::string& id, bool bare = false) {
    PageRequest request;
    request.page_id = id;
    request.bare = bare;
    return std::move(space.client.perform(pair, {&request, 1}).front());
  }

  Pair tasks, projects, people;
};

TEST_F(Links, are_written_and_read_from_either_end) {
  const TextList project_ids = make(projects, 1);
  const auto task = write(tasks, {{0, std::string("roast")}, {1, project_ids}});
  ASSERT_TRUE(task) << task.error().what;
  EXPECT_EQ(task->values[1], Value(project_ids));
  const auto end = read(projects, project_ids[0]);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->values[1], Value(TextList{task->id}));
  const auto emptied = write(tasks, {{1, Null{}}}, task->id);
  ASSERT_TRUE(emptied) << emptied.error().what;
  EXPECT_TRUE(is_null(emptied->values[1]));
  EXPECT_TRUE(is_null(read(projects, project_ids[0])->values[1]));
}

TEST_F(Links, cut_by_notion_are_completed_before_the_page_is_returned) {
  const TextList helpers = make(people, 60);
  for (int i = 0; i < 20; ++i) {
    const Value linked = i % 2 ? Value(helpers) : Value(TextList(helpers.begin(), helpers.begin() + 25));
    const auto task = write(tasks, {{0, std::string("task")}, {2, linked}});
    ASSERT_TRUE(task) << task.error().what;
    EXPECT_EQ(task->values[2], linked);
  }
  const auto before = space.client.requests_sent();
  const auto list = space.client.list(tasks, {});
  ASSERT_TRUE(list) << list.error().what;
  ASSERT_EQ(list->pages.size(), 20U);
  EXPECT_EQ(space.client.requests_sent() - before, 11U);  // the listing, and one for each page that was cut
  std::size_t whole = 0;
  for (const auto& page : list->pages) {
    EXPECT_TRUE(page.unreadable.empty());
    whole += page.values[2] == Value(helpers) ? 1 : 0;
  }
  EXPECT_EQ(whole, 10U);
}

TEST_F(Links, over_two_hundred_come_whole) {
  const TextList project_ids = make(projects, 1);
  for (int i = 0; i < 230; ++i) ASSERT_TRUE(write(tasks, {{0, std::string("task")}, {1, project_ids}}));
  const auto end = read(projects, project_ids[0]);
  ASSERT_TRUE(end);
  EXPECT_EQ(std::get<TextList>(end->values[1]).size(), 230U);
}

TEST_F(Links, to_a_database_no_longer_shared_are_unreadable_not_gone) {
  const TextList project_ids = make(projects, 1);
  const auto task = write(tasks, {{0, std::string("roast")}, {1, project_ids}});
  ASSERT_TRUE(task);
  space.model.share(*sandbox::parse_id(project), false);
  const auto seen = read(tasks, task->id);
  ASSERT_TRUE(seen) << seen.error().what;
  ASSERT_EQ(seen->unreadable.size(), 1U);
  EXPECT_EQ(seen->unreadable[0].field, 1U);
  EXPECT_NE(seen->unreadable[0].why.find("shared"), std::string::npos);
}

TEST_F(Links, a_bare_read_tells_where_any_page_is) {
  const TextList project_ids = make(projects, 1);
  const auto before = space.client.requests_sent();
  const auto seen = read(tasks, project_ids[0], true);
  ASSERT_TRUE(seen) << seen.error().what;
  EXPECT_EQ(seen->id, project_ids[0]);
  EXPECT_EQ(seen->parent, project);
  EXPECT_FALSE(seen->in_trash);
  EXPECT_TRUE(seen->unreadable.empty());
  EXPECT_EQ(space.client.requests_sent() - before, 1U);
  const auto root = read(tasks, space.model.root_page().text(), true);
  ASSERT_TRUE(root) << root.error().what;
  EXPECT_TRUE(root->parent.empty());
}

}  // namespace
}  // namespace rowpage
