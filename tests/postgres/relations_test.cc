#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "postgres/relations_fixture.h"
#include "postgres/row_shape.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

using namespace testing;
using ::testing::ElementsAre;

TextList sorted(TextList names) {
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Ways, RelationsTest, ::testing::Values(false, true),
                         [](const auto& info) { return info.param ? "pooled" : "direct"; });

// --- writing

TEST_P(RelationsTest, a_new_row_is_stored_with_its_links_and_answers_with_them) {
  const Row a = task("a"), b = task("b");
  sql(direct, "insert into tags (name) values ('red'), ('blue')");
  forget_queue();
  const Row c = task("c", {{blocks, {a.key, b.key}, {}}, {task_tags, {"2", "1"}, {}}});
  EXPECT_EQ(c.values[blocks], Value(sorted({a.key, b.key})));
  EXPECT_EQ(c.values[task_tags], Value(TextList{"1", "2"}));
  EXPECT_EQ(c.values[blocked_by], Value(Null{}));
  EXPECT_EQ(read(tasks, c.key).values, c.values);
  EXPECT_EQ(link(tasks, c.key).row_shadow, c.values);
  EXPECT_EQ(read(tasks, a.key).values[blocked_by], Value(TextList{c.key}));
}

TEST_P(RelationsTest, edges_are_idempotent_with_and_without_a_key_on_the_join_table) {
  const Row a = task("a"), b = task("b");
  sql(direct, "insert into tags (name) values ('red')");
  for (int i = 0; i < 2; ++i) {
    const Row now = stored(tasks, {edges_of(a.key, {{blocks, {b.key}, {}}, {task_tags, {"1"}, {}}})});
    EXPECT_EQ(now.values[blocks], Value(TextList{b.key}));
    EXPECT_EQ(now.values[task_tags], Value(TextList{"1"}));
    EXPECT_EQ(cell(direct, "select (select count(*) from blocks) + (select count(*) from task_tags)"), "2");
  }
  for (int i = 0; i < 2; ++i) {
    const Row now = stored(tasks, {edges_of(a.key, {{blocks, {}, {b.key}}, {task_tags, {}, {"1"}}})});
    EXPECT_EQ(now.values[blocks], Value(Null{}));
    EXPECT_EQ(cell(direct, "select (select count(*) from blocks) + (select count(*) from task_tags)"), "0");
  }
}

TEST_P(RelationsTest, edges_alone_leave_the_row_as_it_is_and_are_written_without_a_version_too) {
  const Row a = task("a"), b = task("b");
  sql(direct, "update tasks set name = 'moved on' where id = '" + a.key + "'");
  const std::string before = cell(direct, "select xmin::text || name from tasks where id = '" + a.key + "'");
  const Item item = edges_of(a.key, {{blocks, {b.key}, {}}});
  const Row now = stored(tasks, {item});
  EXPECT_EQ(now.values[task_name], Value(std::string("moved on")));
  EXPECT_EQ(cell(direct, "select xmin::text || name from tasks where id = '" + a.key + "'"), before);
  EXPECT_EQ(now.version, read(tasks, a.key).version);
}

TEST_P(RelationsTest, a_row_that_moved_or_is_gone_writes_no_edges) {
  const Row a = task("a"), b = task("b");
  sql(direct, "update tasks set name = 'other' where id = '" + a.key + "'");
  Item moved = edges_of(a.key, {{blocks, {b.key}, {}}});
  moved.row->version = a.version;
  moved.row->set = {{task_name, std::string("mine")}};
  const std::string nobody = "00000000-0000-4000-8000-000000000000";
  auto done = commit(tasks, {moved, edges_of(nobody, {{blocks, {b.key}, {}}})});
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->items[0].outcome, ItemResult::Outcome::moved);
  EXPECT_EQ(done->items[1].outcome, ItemResult::Outcome::moved);
  EXPECT_EQ(cell(direct, "select count(*) from blocks"), "0");
}

TEST_P(RelationsTest, a_link_to_a_row_that_is_not_there_refuses_its_record_and_nothing_is_stored) {
  const Row a = task("a");
  auto done = commit(tasks, {edges_of(a.key, {{blocks, {"00000000-0000-4000-8000-000000000000"}, {}}})});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().cause, Cause::constraint);
  EXPECT_EQ(done.error().scope, Scope::record);
}

TEST_P(RelationsTest, a_constraint_other_than_the_links_own_key_is_not_passed_over_in_silence) {
  sql(direct, "create unique index only_one on blocks (task_id)");
  const Row a = task("a"), b = task("b"), c = task("c");
  stored(tasks, {edges_of(a.key, {{blocks, {b.key}, {}}})});
  auto done = commit(tasks, {edges_of(a.key, {{blocks, {c.key}, {}}})});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().cause, Cause::constraint);
}

TEST_P(RelationsTest, the_shadow_holds_what_was_seen_and_what_we_wrote_not_what_others_added_meanwhile) {
  const Row a = task("a"), b = task("b"), c = task("c");
  sql(direct, "insert into blocks (task_id, blocked_id) values ('" + a.key + "', '" + c.key + "')");  // not seen by us
  Item item = edges_of(a.key, {{blocks, {b.key}, {}}});
  item.link = link(tasks, a.key);
  const Row now = stored(tasks, {item});
  EXPECT_EQ(now.values[blocks], Value(sorted({b.key, c.key})));
  EXPECT_EQ(link(tasks, a.key).row_shadow[blocks], Value(TextList{b.key}));
}

TEST_P(RelationsTest, a_foreign_key_column_is_a_list_of_one_and_may_name_another_column_than_the_key) {
  insert(projects, "Apollo", "p1", {{1, std::string("APO")}});
  Row a = insert(tasks, "a", "t1", {{project, TextList{"APO"}}});
  EXPECT_EQ(a.values[project], Value(TextList{"APO"}));
  Item item{.key = a.key,
            .row = RowWrite{.key = a.key, .version = a.version, .set = {{project, Null{}}, {parent, TextList{a.key}}}}};
  a = stored(tasks, {item});
  EXPECT_EQ(a.values[project], Value(Null{}));
  EXPECT_EQ(a.values[parent], Value(TextList{a.key}));
  EXPECT_EQ(read(tasks, a.key).values, a.values);
  item.row = RowWrite{.key = a.key, .version = a.version, .set = {{project, TextList{"A", "B"}}}};
  auto refused = commit(tasks, {item});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Cause::constraint);
  EXPECT_THAT(refused.error().what, ::testing::HasSubstr("holds one link"));
}

TEST_P(RelationsTest, a_back_end_is_empty_on_the_row_side_and_its_page_shadow_is_kept) {
  Row apollo = insert(projects, "Apollo", "p1", {{1, std::string("APO")}});
  EXPECT_EQ(apollo.values[2], Value(Null{}));
  Item item{.key = apollo.key, .page_id = "p1", .link = link(projects, apollo.key)};
  item.link->page_shadow[2] = TextList{"t1", "t2"};
  stored(projects, {item});
  EXPECT_EQ(link(projects, apollo.key).page_shadow[2], Value(TextList{"t1", "t2"}));
  EXPECT_EQ(link(projects, apollo.key).row_shadow[2], Value(Null{}));
}

TEST_P(RelationsTest, a_field_mapped_since_is_unsettled_and_a_back_end_is_not) {
  Pair before = projects;
  before.fields.resize(2);
  const Row apollo = insert(before, "Apollo", "p1", {{1, std::string("APO")}});
  EXPECT_THAT(link(projects, apollo.key).unsettled, ElementsAre());
  before = tasks;
  before.fields.resize(3);
  const Row a = insert(before, "a", "t1");
  EXPECT_THAT(link(tasks, a.key).unsettled, ElementsAre(blocks, blocked_by, task_tags));
}

TEST_P(RelationsTest, history_holds_the_links_before_and_after) {
  const Row a = task("a"), b = task("b"), c = task("c");
  stored(tasks, {edges_of(a.key, {{blocks, {b.key}, {}}})});
  Item item = edges_of(a.key, {{blocks, {c.key}, {b.key}}});
  item.history = {{.side = Side::supabase, .action = "update", .reason = "a test"}};
  stored(tasks, {item});
  EXPECT_EQ(cell(direct, "select before || after from rowpage.history where reason = 'a test'"),
            "{\"blocks.task_id\": \"{" + c.key + "}\"}");
  EXPECT_EQ(cell(direct, "select before from rowpage.history where reason = 'a test'"),
            "{\"blocks.task_id\": \"{" + b.key + "}\"}");
  item = Item{.key = a.key, .row = RowWrite{.kind = RowWrite::Kind::hard_delete, .key = a.key, .version = a.version}};
  item.history = {{.side = Side::supabase, .action = "hard_delete", .reason = "gone"}};
  ASSERT_TRUE(commit(tasks, {item}));
  EXPECT_EQ(cell(direct, "select before ->> 'blocks.task_id' from rowpage.history where reason = 'gone'"),
            "{" + c.key + "}");
  EXPECT_EQ(cell(direct, "select count(*) from blocks"), "0");
}

TEST_P(RelationsTest, own_references_names_another_column_of_the_row_even_of_one_just_made) {
  sql(direct,
      "create table project_notes (code text not null references projects (code) on update cascade on delete cascade, "
      "task uuid not null references tasks (id) on delete cascade, unique (code, task))");
  projects.fields.push_back(join_of("project_notes", "code", "task", "tasks"));
  projects.fields.back().relation.own_references = "code";
  capture(projects);
  const Row a = task("a"), b = task("b");
  forget_queue();
  const Row apollo = insert(projects, "Apollo", "p1", {{1, std::string("APO")}}, {{3, {a.key}, {}}});
  EXPECT_EQ(apollo.values[3], Value(TextList{a.key}));
  EXPECT_EQ(cell(direct, "select code || task from project_notes"), "APO" + a.key);
  EXPECT_THAT(changes(projects), ::testing::IsEmpty());
  sql(direct, "insert into project_notes values ('APO', '" + b.key + "')");
  const auto seen = changes(projects);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].key, apollo.key);
  EXPECT_THAT(seen[0].fields, ElementsAre(3));
  EXPECT_EQ(read(projects, apollo.key).values[3], Value(sorted({a.key, b.key})));
}

TEST_P(RelationsTest, links_alone_are_not_written_beside_a_row_that_changed_since_it_was_read) {
  const Row a = task("a"), b = task("b");
  Item item = edges_of(a.key, {{blocks, {b.key}, {}}});
  item.row->version = read(tasks, a.key).version;
  item.link = link(tasks, a.key);
  sql(direct, "update tasks set name = 'changed' where name = 'a'");
  const auto lost = commit(tasks, {item});
  ASSERT_TRUE(lost) << lost.error().what;
  EXPECT_EQ(lost->items[0].outcome, ItemResult::Outcome::moved);
  EXPECT_EQ(cell(direct, "select count(*) from blocks"), "0");
  EXPECT_EQ(link(tasks, a.key).row_shadow[task_name], Value(std::string("a"))) << "the new name has yet to travel";
  item.row->version = read(tasks, a.key).version;
  EXPECT_EQ(stored(tasks, {item}).values[blocks], Value(TextList{b.key}));
}

TEST_P(RelationsTest, rows_of_one_batch_link_to_each_other_and_every_one_gets_its_own_links) {
  const Row a = task("a"), b = task("b"), c = task("c");
  auto done = commit(tasks, {edges_of(a.key, {{blocks, {b.key}, {}}}), edges_of(b.key, {{blocks, {c.key, a.key}, {}}}),
                             edges_of(c.key, {{blocked_by, {a.key}, {}}})});
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->items[0].row->values[blocks], Value(sorted({b.key, c.key})));
  EXPECT_EQ(done->items[1].row->values[blocks], Value(sorted({a.key, c.key})));
  EXPECT_EQ(done->items[2].row->values[blocked_by], Value(sorted({a.key, b.key})));
}

// --- reading

TEST_P(RelationsTest, a_batch_of_rows_is_read_with_its_links_over_the_join_tables_index) {
  sql(direct,
      "insert into tasks (name) select 't' || i from generate_series(1, 5000) i;"
      "insert into blocks (task_id, blocked_id) select a.id, b.id from tasks a, lateral (select id from tasks where "
      "id <> a.id limit 3) b; analyze");
  const std::string some = cell(direct, "select array_agg(id)::text from (select id from tasks limit 500) t");
  const RowShape shape(tasks);
  const std::string plan =
      cell(direct,
           "create function plan_of(q text) returns text language plpgsql as $$ declare line text; whole text := ''; "
           "begin for line in execute 'explain ' || q loop whole := whole || line || chr(10); end loop; return "
           "whole; end $$; select plan_of(" +
               quote_literal("select " + shape.select_list() + " from " + shape.target() + " t where t.id = any('" +
                             some + "'::uuid[])") +
               ")");
  EXPECT_THAT(plan, ::testing::HasSubstr("blocks_task_id_blocked_id_key"));
  EXPECT_THAT(plan, ::testing::HasSubstr("blocks_blocked_id_idx"));
  EXPECT_THAT(plan, ::testing::Not(::testing::HasSubstr("Seq Scan on blocks")));
  auto list = rows->scan(tasks, "", 100, false);
  ASSERT_TRUE(list) << list.error().what;
  for (const auto& row : list->rows) EXPECT_EQ(std::get<TextList>(row.values[blocks]).size(), 3U);
}

TEST_P(RelationsTest, a_link_that_stands_twice_in_a_table_without_a_key_is_one_link) {
  const Row a = task("a");
  sql(direct, "insert into tags (name) values ('red'); insert into task_tags select '" + a.key +
                  "', 1 from generate_series(1, 2)");
  EXPECT_EQ(read(tasks, a.key).values[task_tags], Value(TextList{"1"}));
}

}  // namespace
}  // namespace rowpage
