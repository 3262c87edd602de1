// Relations laid beside both sides: what does not fit is said with the place and the remedy.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/schema.h"

namespace rowpage {
namespace {

using testing::HasSubstr;

// A task with an owner (foreign key) and tags (join table), beside the tables and databases they lead to.
struct Sides {
  PairSpec task, person, tag;
  SourceSchema source;
  TableSchema table;
  Neighbours around;

  Sides() {
    task.model = "Task";
    task.table = "tasks";
    person.model = "Person";
    person.table = "people";
    person.key = "id";
    tag.model = "Tag";
    tag.table = "crm.tags";
    tag.key = "id";
    source.data_source = "ds-task";
    source.title = "Tasks";
    source.properties = {{"id-Rowpage", "Rowpage", "rich_text", {}, {}, {}},
                         {"title", "Name", "title", {}, {}, {}},
                         {"id-Owner", "Owner", "relation", {}, "ds-person", "back-1"},
                         {"id-Tags", "Tags", "relation", {}, "ds-tag", ""}};
    table = table_of("public", "tasks",
                     {{"id", ColumnType::uuid}, {"name", ColumnType::text}, {"owner_id", ColumnType::uuid}});
    table.foreign_keys = {{{"owner_id"}, "public", "people", {"id"}, false}};
    Field name;
    name.property = "Name";
    name.column = "name";
    name.type = FieldType::title;
    task.fields.push_back(name);
    Field owner;
    owner.property = "Owner";
    owner.column = "owner_id";
    owner.type = FieldType::relation;
    owner.relation.kind = Relation::Kind::column;
    owner.relation.to = "Person";
    owner.relation.two_way = "Tasks";
    task.fields.push_back(owner);
    Field tags;
    tags.property = "Tags";
    tags.column = "task_tags.task_id";
    tags.type = FieldType::relation;
    tags.relation.kind = Relation::Kind::join;
    tags.relation.to = "Tag";
    tags.relation.join = "crm.task_tags";
    tags.relation.own = "task_id";
    tags.relation.other = "tag_id";
    task.fields.push_back(tags);
    Field back;
    back.property = "Tasks";
    back.column = "back:Tasks";
    back.type = FieldType::relation;
    back.relation.kind = Relation::Kind::back;
    back.relation.to = "Task";
    back.relation.back_of = "Owner";
    person.fields.push_back(back);
    around.tables = {table_of("public", "people", {{"id", ColumnType::uuid}, {"email", ColumnType::text}}),
                     table_of("crm", "tags", {{"id", ColumnType::bigint}}),
                     table_of("crm", "task_tags", {{"task_id", ColumnType::uuid}, {"tag_id", ColumnType::bigint}})};
    around.sources = {{"Person", "ds-person"}, {"Tag", "ds-tag"}};
  }

  static TableSchema table_of(const char* schema, const char* name,
                              const std::vector<std::pair<std::string, ColumnType>>& columns) {
    TableSchema table;
    table.schema = schema;
    table.name = name;
    table.key_unique = true;
    for (const auto& [column, type] : columns) {
      Column made;
      made.name = column;
      made.type = type;
      made.sql_type = type == ColumnType::uuid ? "uuid" : type == ColumnType::bigint ? "bigint" : "text";
      table.columns.push_back(made);
    }
    return table;
  }

  Field& owner() { return task.fields[1]; }
  Field& tags() { return task.fields[2]; }
  TableSchema& join() { return around.tables[2]; }
  Resolved resolved() {
    around.pairs = {task, person, tag};
    return resolve(task, "default", source, table, around);
  }
};

TEST(ResolveLinks, binds_foreign_keys_and_join_tables) {
  Sides sides;
  const Resolved resolved = sides.resolved();
  ASSERT_TRUE(resolved.ok()) << resolved.problems.front().where << ": " << resolved.problems.front().what;
  const Relation& owner = resolved.pair.fields[1].relation;
  EXPECT_EQ(owner.to_schema + "." + owner.to_table, "public.people");
  EXPECT_EQ(owner.references, "id");
  EXPECT_EQ(owner.reference.type, ColumnType::uuid);
  EXPECT_EQ(owner.to_source, "ds-person");
  EXPECT_EQ(owner.far, "back:Tasks");
  EXPECT_FALSE(owner.required);
  const Relation& tags = resolved.pair.fields[2].relation;
  EXPECT_EQ(tags.join_schema + "." + tags.join_table, "crm.task_tags");
  EXPECT_EQ(tags.own_column.name, "id");
  EXPECT_EQ(tags.far, "");
}

TEST(ResolveLinks, the_other_end_finds_its_owner_also_under_another_name) {
  Sides sides;
  sides.source.properties[2].name = "Responsible";
  sides.owner().also = {"Responsible"};
  const Resolved resolved = sides.resolved();
  ASSERT_TRUE(resolved.ok()) << resolved.problems.front().what;
  EXPECT_EQ(resolved.pair.fields[1].property, "Responsible");
  EXPECT_EQ(resolved.pair.fields[1].relation.far, "back:Tasks");
}

TEST(ResolveLinks, a_not_null_column_makes_the_link_required) {
  Sides sides;
  sides.table.columns[2].not_null = true;
  EXPECT_TRUE(sides.resolved().pair.fields[1].relation.required);
}

TEST(ResolveLinks, the_foreign_key_says_by_which_column_rows_are_named) {
  Sides sides;
  sides.table.columns[2].type = ColumnType::text;
  sides.table.foreign_keys[0].references = {"email"};
  const Resolved resolved = sides.resolved();
  ASSERT_TRUE(resolved.ok()) << resolved.problems.front().what;
  EXPECT_EQ(resolved.pair.fields[1].relation.references, "email");
}

struct Misfit {
  const char* name;
  std::function<void(Sides&)> misfit;
  const char* where;
  const char* what;
  const char* hint;
};

const Misfit misfits[] = {
    {"to_no_pair", [](Sides& s) { s.owner().relation.to = "Nobody"; }, "relation \"Owner\"",
     "not a pair of this workspace", "both pairs here"},
    {"to_another_database", [](Sides& s) { s.source.properties[2].target = "ds-other"; }, "relation \"Owner\"",
     "leads to another database in Notion (data source ds-other)", "Point the property at the right database"},
    {"property_is_text", [](Sides& s) { s.source.properties[2].type = "rich_text"; }, "property \"Owner\"",
     "is of type rich_text, the mapping says relation", ""},
    {"property_is_missing", [](Sides& s) { s.source.properties.erase(s.source.properties.begin() + 3); },
     "property \"Tags\"", "no such property", "rowpage setup"},
    {"table_is_not_there", [](Sides& s) { s.around.tables.erase(s.around.tables.begin()); }, "relation \"Owner\"",
     "whose table people is not there", "rowpage setup"},
    {"foreign_key_to_another_table", [](Sides& s) { s.table.foreign_keys[0].table = "accounts"; },
     "column \"owner_id\"", "has a foreign key to public.accounts", "Name the pair of that table"},
    {"foreign_key_of_another_type", [](Sides& s) { s.table.columns[2].type = ColumnType::text; }, "column \"owner_id\"",
     "Person.id, which it names, is uuid", "one type"},
    {"no_such_reference", [](Sides& s) { s.owner().relation.references = "emial"; }, "relation \"Owner\"",
     "column \"emial\"", "\"email\""},
    {"join_is_not_there", [](Sides& s) { s.around.tables.pop_back(); }, "relation \"Tags\"",
     "the join table crm.task_tags is not there", "rowpage setup"},
    {"join_lacks_a_column", [](Sides& s) { s.join().columns[1].name = "tagid"; }, "relation \"Tags\"",
     "has no column \"tag_id\"", "\"tagid\""},
    {"join_column_of_another_type", [](Sides& s) { s.join().columns[1].type = ColumnType::text; }, "relation \"Tags\"",
     "that it names is bigint", "one type"},
    {"join_cannot_be_written", [](Sides& s) { s.join().can_insert = false; }, "relation \"Tags\"",
     "may not insert into and delete from crm.task_tags", "GRANT SELECT, INSERT, DELETE"},
};

class ResolveLinksMisfit : public testing::TestWithParam<Misfit> {};

TEST_P(ResolveLinksMisfit, is_said_with_its_place_and_remedy) {
  Sides sides;
  GetParam().misfit(sides);
  const Resolved resolved = sides.resolved();
  EXPECT_FALSE(resolved.ok());
  ASSERT_FALSE(resolved.problems.empty());
  const Problem& problem = resolved.problems.front();
  EXPECT_THAT(problem.where, HasSubstr(GetParam().where));
  EXPECT_THAT(problem.what, HasSubstr(GetParam().what));
  EXPECT_THAT(problem.hint, HasSubstr(GetParam().hint));
}

INSTANTIATE_TEST_SUITE_P(Each, ResolveLinksMisfit, testing::ValuesIn(misfits),
                         [](const auto& info) { return info.param.name; });

TEST(ResolveLinks, a_back_end_without_an_owner_is_refused) {
  Sides sides;
  PairSpec person = sides.person;
  person.fields[0].relation.back_of = "Leader";
  SourceSchema people;
  people.data_source = "ds-person";
  people.properties = {{"id-Rowpage", "Rowpage", "rich_text", {}, {}, {}},
                       {"id-Tasks", "Tasks", "relation", {}, "ds-task", ""}};
  sides.around.pairs = {sides.task, person, sides.tag};
  sides.around.tables.push_back(sides.table);
  const Resolved resolved = resolve(person, "default", people, sides.around.tables[0], sides.around);
  ASSERT_FALSE(resolved.ok());
  EXPECT_THAT(resolved.problems.front().what, HasSubstr("is the other end of \"Leader\""));
}

TEST(ResolveLinks, updated_at_may_be_shown_in_notion_but_not_written_from_there) {
  Sides sides;
  sides.table = Sides::table_of("public", "tasks",
                                {{"id", ColumnType::uuid}, {"name", ColumnType::text}, {"owner_id", ColumnType::uuid}});
  Column updated;
  updated.name = "updated_at";
  updated.type = ColumnType::timestamptz;
  sides.table.columns.push_back(updated);
  sides.source.properties.push_back({"id-Updated", "Last Updated", "date", {}, {}, {}});
  sides.task.book.updated_at_column = "updated_at";
  Field shown;
  shown.property = "Last Updated";
  shown.column = "updated_at";
  shown.type = FieldType::date;
  shown.direction = Direction::to_notion;
  sides.task.fields.push_back(shown);
  EXPECT_TRUE(sides.resolved().ok());
  sides.task.fields.back().direction = Direction::both;
  EXPECT_FALSE(sides.resolved().ok());
}

}  // namespace
}  // namespace rowpage
