#include "cli/linked_workspace.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace rowpage::test {
namespace {

constexpr const char* config = R"yaml(version: 1
notion: { token: "${NOTION_API_KEY}", parent_page: "${NOTION_PARENT_PAGE_ID}", requests_per_minute: 600 }
sync:
  bounds: { landing: 1s, index: 1s }
  bookkeeping: { nonce: Rowpage, row_id: Supabase ID, page_id_column: notion_page_id,
                 updated_at_column: updated_at, deleted_at_column: deleted_at }
pairs:
  - model: Person
    notion: { database: "${NOTION_PEOPLE_DB}", title: People, also: [Persons, Folks] }
    table: people
    fields:
      - { column: name, property: Name, type: title }
      - { column: code, property: Code, type: rich_text, unique: true,
          default: "'P-' || substr(gen_random_uuid()::text, 1, 8)" }
      - { property: Friends, type: relation, to: Person, join: { table: friends, own: person_id, other: friend_id } }
      - { property: Tasks, type: relation, to: Task, back_of: Assignee }
      - { property: Projects, type: relation, to: Project, back_of: Members }
  - model: Task
    notion: { database: "${NOTION_TASKS_DB}", title: Tasks }
    table: tasks
    fields:
      - { column: name, property: Name, type: title }
      - { column: project_id, property: Project, type: relation, to: Project, required: true }
      - { column: assignee_id, property: Assignee, type: relation, to: Person }
      - { column: parent_id, property: Subtask of, type: relation, to: Task }
      - { property: Subtasks, type: relation, to: Task, back_of: Subtask of }
      - { property: Blocks, type: relation, to: Task, join: { table: task_blocks, own: task_id, other: blocked_id } }
      - { property: Blocked by, type: relation, to: Task, back_of: Blocks }
      - { property: Watchers, type: relation, to: Person, join: { table: task_watchers, own: task_id, other: person_id } }
  - model: Project
    notion: { database: "${NOTION_PROJECTS_DB}", title: Projects }
    table: projects
    fields:
      - { column: name, property: Name, type: title }
      - { column: lead_code, property: Lead, type: relation, to: Person, references: code }
      - { property: Members, type: relation, to: Person, two_way: Projects,
          join: { table: project_members, own: project_id, other: person_id } }
      - { property: Tasks, type: relation, to: Task, back_of: Project }
)yaml";

struct Model {
  const char *model, *table, *variable;
};
constexpr Model models[] = {{"Person", "people", "NOTION_PEOPLE_DB"},
                            {"Task", "tasks", "NOTION_TASKS_DB"},
                            {"Project", "projects", "NOTION_PROJECTS_DB"}};

// A relation by its owner, and the pairs of names it holds, as SQL.
struct Owned {
  const char *model, *property, *sql;
};
constexpr Owned relations[] = {
    {"Person", "Friends", "from friends j join people o on o.id = j.person_id join people t on t.id = j.friend_id"},
    {"Task", "Project", "from tasks o join projects t on t.id = o.project_id"},
    {"Task", "Assignee", "from tasks o join people t on t.id = o.assignee_id"},
    {"Task", "Subtask of", "from tasks o join tasks t on t.id = o.parent_id"},
    {"Task", "Blocks", "from task_blocks j join tasks o on o.id = j.task_id join tasks t on t.id = j.blocked_id"},
    {"Task", "Watchers", "from task_watchers j join tasks o on o.id = j.task_id join people t on t.id = j.person_id"},
    {"Project", "Lead", "from projects o join people t on t.code = o.lead_code"},
    {"Project", "Members",
     "from project_members j join projects o on o.id = j.project_id join people t on t.id = j.person_id"},
};

std::string add(LinkedWorkspace::Facts& facts, const std::string& fact) {
  std::string name = fact;
  for (int n = 2; !facts.insert(name).second; ++n) name = fact + " (" + std::to_string(n) + ")";
  return name;
}

std::string shown_facts(const LinkedWorkspace::Facts& facts) {
  std::string out;
  for (const auto& fact : facts) out += fact + "\n";
  return out;
}

}  // namespace

LinkedWorkspace::LinkedWorkspace() {
  if (!trouble().empty()) return;
  environment.erase("ROWPAGE_PRESET");
  write("rowpage.yaml", config);
  control("POST", "/_sandbox/habits", json::object{{"requests_per_minute", 600}});
}

void LinkedWorkspace::set_up() {
  const Ran ran = run({"setup", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
  take_databases(ran);
}

void LinkedWorkspace::take_databases(const Ran& setup) {
  const auto* made = find_object(setup.object, "databases");
  ASSERT_TRUE(made) << setup.out;
  for (const auto& [model, table, variable] : models) {
    databases[model] = std::string(find_string(*made, model));
    environment[variable] = databases[model];
    const auto database = person("GET", "/v1/databases/" + databases[model]);
    const auto* list = find_array(database, "data_sources");
    ASSERT_TRUE(list && list->size() == 1) << to_text(database);
    sources[model] = std::string(find_string((*list)[0], "id"));
  }
}

void LinkedWorkspace::change_config(const std::string& from, const std::string& to) {
  auto yaml = read("rowpage.yaml");
  const auto at = yaml.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  yaml.replace(at, from.size(), to);
  write("rowpage.yaml", yaml);
}

std::string LinkedWorkspace::make_page(const std::string& model, const std::string& name, const Linked& links) {
  json::object properties{{"Name", title(name)}};
  for (const auto& [property, to] : links) properties[property] = links_to(to);
  const auto made =
      person("POST", "/v1/pages",
             json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", sources.at(model)}}},
                          {"properties", properties}});
  return std::string(find_string(made, "id"));
}

void LinkedWorkspace::link_page(const std::string& page, const std::string& property, const Ids& to) {
  person("PATCH", "/v1/pages/" + page, json::object{{"properties", json::object{{property, links_to(to)}}}});
}

void LinkedWorkspace::trash(const std::string& page, bool in_trash) {
  person("PATCH", "/v1/pages/" + page, json::object{{"in_trash", in_trash}});
}

std::string LinkedWorkspace::make_row(const std::string& table, const std::string& name,
                                      const std::map<std::string, std::string>& more) {
  std::string columns = "name", values = "$1";
  Parameters parameters{name};
  for (const auto& [column, value] : more) {
    parameters.emplace_back(value);
    columns += ", " + column;
    values += ", $" + std::to_string(parameters.size()) + (column.ends_with("_id") ? "::uuid" : "");
  }
  return sql("insert into " + table + " (" + columns + ") values (" + values + ") returning id", parameters);
}

std::string LinkedWorkspace::row_of(const std::string& table, const std::string& name) {
  return sql("select id from " + table + " where name = $1 and deleted_at is null", {name});
}

namespace {

std::vector<json::value> live(const json::value& dump) {
  std::vector<json::value> pages;
  const auto* all = find_array(dump, "pages");
  if (!all) {
    ADD_FAILURE() << "no pages: " << to_text(dump).substr(0, 300);
    return pages;
  }
  std::ranges::copy_if(*all, std::back_inserter(pages), [](const json::value& page) {
    return !find_bool(page, "in_trash") && !find_bool(page, "is_archived");
  });
  return pages;
}

std::string name_in(const json::value& page) {
  return std::string(find_string(*find(page, "values"), "Name"));
}

}  // namespace

std::string LinkedWorkspace::page_of(const std::string& model, const std::string& name) {
  for (const auto& page : live(control("GET", "/_sandbox/dump?limit=10000&data_source_id=" + sources.at(model)))) {
    if (name_in(page) == name) return std::string(find_string(page, "id"));
  }
  ADD_FAILURE() << "no page " << model << " " << name;
  return "";
}

std::vector<std::string> LinkedWorkspace::shown(const std::string& model, const std::string& name,
                                                const std::string& property) {
  std::vector<std::string> out;
  std::map<std::string, std::string> names;
  json::value mine;
  for (const auto& [each, source] : sources) {
    for (const auto& page : live(control("GET", "/_sandbox/dump?limit=10000&data_source_id=" + source))) {
      names[std::string(find_string(page, "id"))] = name_in(page);
      if (each == model && name_in(page) == name) mine = page;
    }
  }
  const auto* list = mine.is_object() ? find_array(*find(mine, "values"), property) : nullptr;
  if (!list) {
    ADD_FAILURE() << model << " " << name << " shows no " << property;
    return out;
  }
  for (const auto& id : *list) {
    const auto known = names.find(std::string(id.get_string()));
    if (known != names.end()) out.push_back(known->second);
  }
  std::ranges::sort(out);
  return out;
}

LinkedWorkspace::Facts LinkedWorkspace::facts_in_notion() {
  Facts facts;
  std::map<std::string, std::string> names;
  std::map<std::string, std::vector<json::value>> pages;
  for (const auto& [model, source] : sources) {
    pages[model] = live(control("GET", "/_sandbox/dump?limit=10000&data_source_id=" + source));
    for (const auto& page : pages[model]) {
      add(facts, model + " " + name_in(page));
      names[std::string(find_string(page, "id"))] = name_in(page);
    }
  }
  for (const auto& [model, property, sql] : relations) {
    for (const auto& page : pages[model]) {
      const auto* list = find_array(*find(page, "values"), property);
      if (!list) {
        ADD_FAILURE() << model << " has no relation " << property << ": " << to_text(page);
        return facts;
      }
      for (const auto& id : *list) {
        const auto to = names.find(std::string(id.get_string()));
        if (to != names.end())
          add(facts, std::string(model) + " " + name_in(page) + ": " + property + " " + to->second);
      }
    }
  }
  return facts;
}

LinkedWorkspace::Facts LinkedWorkspace::facts_in_rows() {
  std::string query;
  for (const auto& [model, table, variable] : models) {
    query += std::string(query.empty() ? "" : " union all ") + "select '" + model + " ' || name as fact from " + table +
             " where deleted_at is null";
  }
  for (const auto& [model, property, sql] : relations) {
    query += std::string(" union all select '") + model + " ' || o.name || ': " + property + " ' || t.name " + sql +
             " where o.deleted_at is null and t.deleted_at is null";
  }
  const auto all = parse_json(sql("select coalesce(jsonb_agg(fact), '[]')::text from (" + query + ") f"));
  Facts facts;
  if (!all || !all->is_array()) {
    ADD_FAILURE() << "no rows";
    return facts;
  }
  for (const auto& fact : all->get_array()) add(facts, std::string(fact.get_string()));
  return facts;
}

void LinkedWorkspace::expect_equal(const std::string& when) {
  const Facts notion = facts_in_notion(), rows = facts_in_rows();
  EXPECT_EQ(notion, rows) << when << "\nin Notion:\n" << shown_facts(notion) << "in rows:\n" << shown_facts(rows);
}

Ran LinkedWorkspace::sync(std::vector<std::string> more) {
  pass_time();
  more.insert(more.begin(), {"sync", "--json"});
  return run(more);
}

std::string LinkedWorkspace::marks() {
  std::string out;
  for (const char* table : {"people", "tasks", "projects"}) {
    out += sql(std::string("select coalesce(string_agg(id || ':' || xmin::text, ',' order by id), '') from ") + table);
  }
  for (const char* table : {"friends", "task_blocks", "task_watchers", "project_members"}) {
    out += sql(std::string("select coalesce(string_agg(j::text || ':' || xmin::text, ',' order by id), '') from ") +
               table + " j");
  }
  return out;
}

void LinkedWorkspace::expect_quiet(const std::string& when) {
  Ran ran;
  bool quiet = false;
  for (int i = 0; i < 3 && !quiet; ++i) {  // what one sync wrote another one may still have to look at
    const auto writes = writes_counted();
    const auto before = marks();
    ran = sync();
    EXPECT_EQ(ran.code, 0) << when << ran.out << ran.err;
    quiet = writes_counted() == writes && marks() == before;
  }
  EXPECT_TRUE(quiet) << when << ": it never came to rest: " << ran.out;
}

std::int64_t figure_of(const Ran& ran, const std::string& model, const std::string& name) {
  if (const auto* pairs = find_array(ran.object, "pairs")) {
    for (const auto& pair : *pairs) {
      const auto* value = find_string(pair, "model") == model ? find(pair, name) : nullptr;
      if (value) return static_cast<std::int64_t>(as_number(*value).value_or(-1));
    }
  }
  return -1;
}

json::object links_to(const std::vector<std::string>& pages) {
  json::array list;
  for (const auto& page : pages) list.push_back(json::object{{"id", page}});
  return {{"relation", list}};
}

}  // namespace rowpage::test
