#include "postgres/relations_fixture.h"

namespace rowpage {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LinkCaptureTest : public RelationsTest {
 protected:
  /// "KEY.FIELD" of every entry, keys by the name of their task.
  std::string seen() {
    return cell(direct,
                "select string_agg(coalesce(t.name, '-') || '.' || array_to_string(l.columns, ',') || "
                "case when l.op = 'U' then '' else l.op end, ' ' order by t.name, l.columns) "
                "from rowpage.change_log l left join tasks t on t.id::text = l.row_key");
  }
  void block(const Row& a, const Row& b) {
    sql(direct, "insert into blocks (task_id, blocked_id) values ('" + a.key + "', '" + b.key + "')");
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, LinkCaptureTest, ::testing::Values(false), [](const auto&) { return "direct"; });

TEST_P(LinkCaptureTest, a_link_reaches_both_ends_of_a_self_relation_each_under_its_own_field) {
  const Row a = task("a"), b = task("b");
  forget_queue();
  block(a, b);
  const auto list = changes(tasks);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(seen(), "a.blocks.task_id b.blocks.blocked_id");
  for (const auto& change : list) {
    EXPECT_FALSE(change.own);
    EXPECT_THAT(change.fields, ElementsAre(change.key == a.key ? blocks : blocked_by));
  }
}

TEST_P(LinkCaptureTest, our_own_link_is_no_news_of_its_owner_and_news_for_every_other_field_that_shows_it) {
  const Row a = task("a"), b = task("b");
  forget_queue();
  stored(tasks, {edges_of(a.key, {{blocks, {b.key}, {}}})});
  EXPECT_EQ(seen(), "b.blocks.blocked_id");
  forget_queue();
  // Both rows are in the batch, but only one wrote the link: the other end stays news of the other row.
  Item other{.key = b.key,
             .row = RowWrite{.key = b.key, .version = b.version, .set = {{task_name, std::string("b2")}}}};
  stored(tasks, {edges_of(a.key, {{blocks, {}, {b.key}}}), other});
  EXPECT_EQ(seen(), "b2.blocks.blocked_id");
}

TEST_P(LinkCaptureTest, our_link_is_news_of_the_other_end_even_where_that_record_writes_the_same_field) {
  const Row a = task("a"), b = task("b"), c = task("c");
  forget_queue();
  ASSERT_TRUE(commit(tasks, {edges_of(a.key, {{blocks, {b.key}, {}}}), edges_of(b.key, {{blocked_by, {c.key}, {}}})}));
  EXPECT_EQ(seen(), "b.blocks.blocked_id c.blocks.task_id") << "b wrote its link to c and has not seen the one from a";
}

TEST_P(LinkCaptureTest, what_a_users_trigger_links_inside_our_transaction_is_a_change) {
  const Row a = task("a"), b = task("b"), c = task("c");
  sql(direct,
      "create function also() returns trigger language plpgsql as $$begin insert into blocks (task_id, blocked_id) "
      "values (new.task_id, '" +
          c.key +
          "') on conflict do nothing; return null; end$$;"
          "create trigger also after insert on blocks for each row when (pg_trigger_depth() = 0) execute function "
          "also()");
  forget_queue();
  const Row now = stored(tasks, {edges_of(a.key, {{blocks, {b.key}, {}}})});
  EXPECT_EQ(std::get<TextList>(now.values[blocks]).size(), 2U);
  EXPECT_EQ(seen(), "a.blocks.task_id b.blocks.blocked_id c.blocks.blocked_id");
}

TEST_P(LinkCaptureTest, an_update_that_moves_a_link_reaches_the_old_owner_and_the_new_one) {
  const Row a = task("a"), b = task("b"), c = task("c");
  block(a, b);
  forget_queue();
  sql(direct, "update blocks set task_id = '" + c.key + "'");
  EXPECT_EQ(seen(), "a.blocks.task_id b.blocks.blocked_id c.blocks.task_id");
  forget_queue();
  sql(direct, "update blocks set created_at = now() - interval '1 day'");
  EXPECT_EQ(queued(), 0);
}

TEST_P(LinkCaptureTest, a_statement_over_many_links_names_each_owner_once) {
  const Row a = task("a");
  task("b"), task("c"), task("d");
  sql(direct, "insert into blocks (task_id, blocked_id) select '" + a.key + "', id from tasks where name > 'a'");
  EXPECT_EQ(seen(), "a.blocks.task_id b.blocks.blocked_id c.blocks.blocked_id d.blocks.blocked_id");
}

TEST_P(LinkCaptureTest, a_cascade_from_a_deleted_row_reaches_the_rows_that_linked_to_it) {
  const Row a = task("a"), b = task("b");
  block(a, b);
  forget_queue();
  sql(direct, "delete from tasks where id = '" + b.key + "'");
  const auto list = changes(tasks);
  const auto linked = std::ranges::find(list, a.key, &Captured::key);
  ASSERT_NE(linked, list.end());
  EXPECT_THAT(linked->fields, ElementsAre(blocks));
  forget_queue();
  block(a, task("c"));
  forget_queue();
  // Our own deletion: news of the rows at the other ends, not of the row that is gone.
  Item item{.key = a.key,
            .row = RowWrite{.kind = RowWrite::Kind::hard_delete, .key = a.key, .version = read(tasks, a.key).version}};
  stored(tasks, {item});
  EXPECT_EQ(seen(), "c.blocks.blocked_id");
}

TEST_P(LinkCaptureTest, truncating_a_join_table_asks_every_pair_that_shows_it_for_a_scan) {
  block(task("a"), task("b"));
  forget_queue();
  sql(direct, "truncate blocks");
  for (const auto& change : changes(tasks)) EXPECT_TRUE(change.whole);
  EXPECT_EQ(queued(), 2);  // one for each field that shows it
}

TEST_P(LinkCaptureTest, several_pairs_may_show_one_join_table_and_each_hears_of_its_own_rows) {
  tags.fields.push_back(join_of("task_tags", "tag_id", "task_id", "tasks"));
  capture(tags);
  const Row a = task("a");
  sql(direct, "insert into tags (name) values ('red')");
  forget_queue();
  stored(tasks, {edges_of(a.key, {{task_tags, {"1"}, {}}})});
  EXPECT_THAT(changes(tasks), IsEmpty());
  const auto theirs = changes(tags);
  ASSERT_EQ(theirs.size(), 1U);
  EXPECT_EQ(theirs[0].key, "1");
  EXPECT_THAT(theirs[0].fields, ElementsAre(1));
  EXPECT_EQ(read(tags, "1").values[1], Value(TextList{a.key}));
  // The other way round.
  forget_queue();
  stored(tags, {edges_of("1", {{1, {}, {a.key}}})});
  EXPECT_THAT(changes(tags), IsEmpty());
  EXPECT_EQ(changes(tasks).size(), 1U);
  EXPECT_TRUE(store->load(tags)->capture_ready);
  EXPECT_TRUE(store->load(tasks)->capture_ready);
}

TEST_P(LinkCaptureTest, a_renamed_column_of_a_join_table_never_makes_a_users_write_fail) {
  const Row a = task("a"), b = task("b");
  sql(direct, "alter table blocks rename column blocked_id to held_id");
  forget_queue();
  sql(direct, "insert into blocks (task_id, held_id) values ('" + a.key + "', '" + b.key + "')");
  EXPECT_EQ(cell(direct, "select count(*) from blocks"), "1");
  EXPECT_EQ(cell(direct, "select string_agg(distinct op, '' order by op) from rowpage.change_log"), "TU");
}

TEST_P(LinkCaptureTest, a_changed_link_makes_its_owner_look_edited_unless_it_is_ours) {
  const Row a = task("a"), b = task("b");
  sql(direct, "update tasks set updated_at = '2001-01-01'");
  const auto touched = [&] {
    return cell(direct, "select string_agg(name, '' order by name) from tasks where updated_at > '2020-01-01'");
  };
  stored(tasks, {edges_of(a.key, {{blocks, {b.key}, {}}})});
  EXPECT_EQ(touched(), "");
  sql(direct, "delete from blocks where true");
  EXPECT_EQ(touched(), "ab");
  sql(direct,
      "update tasks set updated_at = '2001-01-01'; insert into tags (name) values ('red'); insert into task_tags "
      "values ('" +
          b.key + "', 1)");
  EXPECT_EQ(touched(), "b");
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.change_log where op = 'U' and 'name' = any(columns)"), "0");
}

TEST_P(LinkCaptureTest, touching_an_owner_never_waits_for_whoever_is_writing_it) {
  const Row a = task("a"), b = task("b");
  ConnectedDatabase holder({.url = direct});
  auto held = holder.write<int>([&](Unit& unit) -> Result<int> {
    auto locked = unit.run("select id from tasks where id = $1::uuid for no key update", {a.key}, "testing");
    if (!locked) return fail(locked.error());
    sql(direct,
        "set lock_timeout = 2000; insert into blocks (task_id, blocked_id) values ('" + a.key + "', '" + b.key + "')");
    return 1;
  });
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_EQ(cell(direct, "select count(*) from blocks"), "1");
}

TEST_P(LinkCaptureTest, missing_or_disabled_triggers_of_a_join_table_make_capture_not_ready) {
  EXPECT_TRUE(store->load(tasks)->capture_ready);
  const std::string trigger =
      cell(direct, "select tgname from pg_trigger where tgrelid = 'blocks'::regclass and not tgisinternal limit 1");
  sql(direct, "alter table blocks disable trigger " + trigger);
  EXPECT_FALSE(store->load(tasks)->capture_ready);
  capture(tasks);
  EXPECT_TRUE(store->load(tasks)->capture_ready);
  sql(direct, "drop table task_tags");
  EXPECT_FALSE(store->load(tasks)->capture_ready);
}

TEST_P(LinkCaptureTest, hostile_names_are_quoted_everywhere) {
  const std::string join = "We\"ird 'jöin' $1 %s", own = "o\"wn '\\ %I", other = "öther; --";
  const auto quoted = [](std::string name) {
    for (std::size_t at = 0; (at = name.find('"', at)) != std::string::npos; at += 2) name.insert(at, 1, '"');
    return '"' + name + '"';
  };
  sql(direct, "create table " + quoted(join) + " (" + quoted(own) + " uuid references tasks on delete cascade, " +
                  quoted(other) + " uuid references tasks on delete cascade, unique (" + quoted(own) + ", " +
                  quoted(other) + "))");
  tasks.fields.push_back(join_of(join, own, other, "tasks"));
  const std::size_t field = tasks.fields.size() - 1;
  capture(tasks);
  EXPECT_TRUE(store->load(tasks)->capture_ready);
  const Row a = task("a"), b = task("b");
  const Row now = stored(tasks, {edges_of(a.key, {{field, {b.key}, {}}})});
  EXPECT_EQ(now.values[field], Value(TextList{b.key}));
  EXPECT_THAT(changes(tasks), IsEmpty());
  sql(direct, "delete from " + quoted(join));
  const auto seen = changes(tasks);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_THAT(seen[0].fields, ElementsAre(field));
}

}  // namespace
}  // namespace rowpage
