#include <chrono>
#include <thread>

#include "postgres/relations_fixture.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

bool same(const Target& a, const Target& b) {
  return a.field == b.field && a.page_id == b.page_id && a.ref == b.ref && a.key == b.key && a.live == b.live;
}

class StoreLinksTest : public RelationsTest {
 protected:
  std::vector<Target> targets(const Pair& pair, std::size_t field, const std::vector<std::string>& pages,
                              const std::vector<std::string>& refs) {
    auto found = store->targets(pair, field, pages, refs);
    EXPECT_TRUE(found) << found.error().what;
    return found ? *found : std::vector<Target>{};
  }
  std::vector<Errand> errands(const Pair& pair) {
    auto found = store->errands(pair);
    EXPECT_TRUE(found) << found.error().what;
    return found ? found->open : std::vector<Errand>{};
  }
  void bury(const Pair& pair, const std::string& key, bool page, bool row) {
    Item item{.key = key, .link = link(pair, key)};
    item.link->page_live = !page;
    item.link->row_live = !row;
    stored(pair, {item});
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, StoreLinksTest, ::testing::Values(false), [](const auto&) { return "direct"; });

TEST_P(StoreLinksTest, targets_are_found_by_page_and_by_key_and_an_unknown_one_is_left_out) {
  const Row a = task("a"), b = task("b");
  const auto found =
      targets(tasks, blocks, {"page-a", "nobody"}, {b.key, "00000000-0000-4000-8000-000000000000", "no uuid"});
  ASSERT_THAT(found, SizeIs(2));
  const auto& first = found[0].key == a.key ? found[0] : found[1];
  const auto& second = found[0].key == a.key ? found[1] : found[0];
  EXPECT_TRUE(same(first, {.field = blocks, .page_id = "page-a", .ref = a.key, .key = a.key, .live = true}));
  EXPECT_TRUE(same(second, {.field = blocks, .page_id = "page-b", .ref = b.key, .key = b.key, .live = true}));
  EXPECT_THAT(targets(tasks, blocks, {"page-a"}, {a.key}), SizeIs(1));
  EXPECT_THAT(targets(tasks, blocks, {}, {}), IsEmpty());
}

TEST_P(StoreLinksTest, a_row_without_a_page_is_known_and_not_live_and_so_is_a_page_whose_row_is_gone) {
  sql(direct, "insert into tags (name) values ('red')");
  auto found = targets(tasks, task_tags, {}, {"1", "2", "red"});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_TRUE(same(found[0], {.field = task_tags, .ref = "1", .key = "1"}));
  const Row a = task("a");
  bury(tasks, a.key, true, false);
  EXPECT_FALSE(targets(tasks, blocks, {"page-a"}, {})[0].live);
  bury(tasks, a.key, false, true);
  EXPECT_FALSE(targets(tasks, blocks, {"page-a"}, {})[0].live);
  bury(tasks, a.key, false, false);
  EXPECT_TRUE(targets(tasks, blocks, {"page-a"}, {})[0].live);
  sql(direct, "delete from tasks where true");  // not synced yet
  found = targets(tasks, blocks, {"page-a"}, {a.key});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_FALSE(found[0].live);
  EXPECT_EQ(found[0].key, a.key);
}

TEST_P(StoreLinksTest, where_links_are_named_by_another_column_that_columns_text_is_the_reference) {
  const Row apollo = insert(projects, "Apollo", "p1", {{1, std::string("APO")}});
  const Target expected{.field = project, .page_id = "p1", .ref = "APO", .key = apollo.key, .live = true};
  for (const auto& [pages, refs] : std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>>{
           {{"p1"}, {}}, {{}, {"APO", "none"}}, {{"p1"}, {"APO"}}}) {
    const auto found = targets(tasks, project, pages, refs);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_TRUE(same(found[0], expected)) << found[0].ref;
  }
  sql(direct, "update projects set code = 'AP2'");
  EXPECT_EQ(targets(tasks, project, {"p1"}, {})[0].ref, "AP2");
  sql(direct, "insert into projects (code) values ('NEW'); delete from projects where code = 'AP2'");
  const auto gone = targets(tasks, project, {"p1"}, {"NEW"});
  ASSERT_THAT(gone, SizeIs(2));
  for (const auto& target : gone) {
    EXPECT_FALSE(target.live);
    EXPECT_EQ(target.ref, target.page_id == "p1" ? "" : "NEW");
  }
}

TEST_P(StoreLinksTest, a_page_without_a_row_is_known_by_its_page_alone) {
  ASSERT_TRUE(commit(tasks, {Item{.page_id = "lonely", .link = Link{.page_id = "lonely"}}}));
  const auto found = targets(tasks, blocks, {"lonely"}, {});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_TRUE(same(found[0], {.field = blocks, .page_id = "lonely"}));
}

TEST_P(StoreLinksTest, five_hundred_targets_can_be_found_without_reading_a_table_through) {
  sql(direct,
      "insert into tasks (name) select 't' || i from generate_series(1, 1000) i;"
      "insert into projects (code) select 'P' || i from generate_series(1, 1000) i;"
      "insert into rowpage.link (pair, row_key, page_id) select p.id, t.id, 'page-' || t.name from tasks t, "
      "rowpage.pair "
      "p where p.table_name = 'tasks';"
      "insert into rowpage.link (pair, row_key, page_id) select p.id, t.id, 'page-' || t.code from projects t, "
      "rowpage.pair p where p.table_name = 'projects'; analyze tasks, projects, rowpage.link");
  std::vector<std::string> pages, project_pages, codes;
  for (int i = 1; i <= 250; ++i) {
    pages.push_back("page-t" + std::to_string(i));
    project_pages.push_back("page-P" + std::to_string(i));
    codes.push_back("P" + std::to_string(250 + i));
  }
  const auto keys = parse_array(cell(direct,
                                     "select array_agg(id)::text from tasks where name = any(array(select 't' || i "
                                     "from generate_series(251, 500) i))"));
  // A server process hands in its counters when it ends at the latest.
  const auto scans_after_closing = [&] {
    rows.reset();
    store.reset();
    database.reset();
    const std::string others = "select count(*) from pg_stat_activity where datname = current_database()";
    for (int i = 0; i < 100 && cell(direct, others) != "1"; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return cell(
        direct,
        "select string_agg(relname || seq_scan, ' ' order by relname) from pg_stat_user_tables where relname in "
        "('tasks', 'projects', 'link')");
  };
  const std::string before = scans_after_closing();
  // Small tables are rightly read through; here only where nothing else is possible.
  sql(direct, "do $$ begin execute format('alter database %I set enable_seqscan = off', current_database()); end $$");
  database = std::make_unique<ConnectedDatabase>(DatabaseOptions{.url = url});
  store = std::make_unique<PostgresStore>(*database, clock);
  const auto by_key = targets(tasks, blocks, pages, *keys);
  const auto by_code = targets(tasks, project, project_pages, codes);
  EXPECT_THAT(by_key, SizeIs(500));
  EXPECT_THAT(by_code, SizeIs(500));
  for (const auto& target : by_key) EXPECT_TRUE(target.live);
  for (const auto& target : by_code) EXPECT_TRUE(target.live && target.ref.starts_with("P"));
  EXPECT_EQ(scans_after_closing(), before);
}

TEST_P(StoreLinksTest, a_target_tells_that_its_row_is_marked_as_deleted_or_that_both_were_deleted) {
  Pair marked = tasks;
  marked.fields[project].relation.to_deleted = "deleted_at";
  sql(direct,
      "insert into projects (code) values ('NEW'); insert into projects (code, deleted_at) values ('OLD', now())");
  const Row apollo = insert(projects, "Apollo", "p1", {{1, std::string("APO")}});
  const auto deleted = [&](const Pair& pair, const std::string& code) {
    const auto found = targets(pair, project, {}, {code});
    EXPECT_THAT(found, SizeIs(1));
    return found.size() == 1 && found[0].deleted;
  };
  EXPECT_FALSE(deleted(marked, "NEW")) << "it has no page yet, which is something else";
  EXPECT_TRUE(deleted(marked, "OLD"));
  EXPECT_FALSE(deleted(tasks, "OLD")) << "the linked pair marks nothing";
  EXPECT_FALSE(deleted(marked, "APO"));
  bury(projects, apollo.key, true, false);
  EXPECT_FALSE(deleted(marked, "APO")) << "one half lives, so it may come back";
  bury(projects, apollo.key, true, true);
  EXPECT_TRUE(deleted(marked, "APO"));
}

TEST_P(StoreLinksTest, a_target_found_by_its_page_tells_as_well_that_its_row_is_marked_as_deleted) {
  Pair marked = tasks;
  marked.fields[project].relation.to_deleted = "deleted_at";
  Field by_key = relation_of(Relation::Kind::column, "project_id", "projects");
  by_key.relation.to_deleted = "deleted_at";
  marked.fields.push_back(by_key);
  insert(projects, "Apollo", "p1", {{1, std::string("APO")}});
  for (const std::size_t field : {std::size_t{project}, marked.fields.size() - 1}) {
    sql(direct, "update projects set deleted_at = null");
    EXPECT_FALSE(targets(marked, field, {"p1"}, {})[0].deleted);
    sql(direct, "update projects set deleted_at = now()");
    EXPECT_TRUE(targets(marked, field, {"p1"}, {})[0].deleted);
    EXPECT_TRUE(targets(marked, field, {"p1"}, {})[0].live) << "as our state saw it last";
  }
}

TEST_P(StoreLinksTest, news_from_a_back_end_is_what_the_owners_shadow_says_otherwise) {
  insert(projects, "Apollo", "p1", {{1, std::string("APO")}});
  const Row a = task("a");
  Item item{.key = a.key, .link = link(tasks, a.key)};
  item.link->page_shadow[project] = TextList{"p1"};
  stored(tasks, {item});
  using Edge = Store::SeenEdge;
  const std::vector<Edge> seen{{"p1", "page-a", true},    // known
                               {"p1", "page-a", false},   // gone since
                               {"p2", "page-a", true},    // new
                               {"p2", "page-a", false},   // never was
                               {"p1", "stranger", true},  // an owner nobody knows yet
                               {"p1", "stranger", false}};
  auto news = store->news(projects, 2, seen);
  ASSERT_TRUE(news) << news.error().what;
  ASSERT_THAT(*news, SizeIs(3));
  EXPECT_EQ((*news)[0].page_id + (*news)[0].owner + ((*news)[0].shown ? "+" : "-"), "p1page-a-");
  EXPECT_EQ((*news)[1].page_id + (*news)[1].owner + ((*news)[1].shown ? "+" : "-"), "p2page-a+");
  EXPECT_EQ((*news)[2].page_id + (*news)[2].owner + ((*news)[2].shown ? "+" : "-"), "p1stranger+");
}

TEST_P(StoreLinksTest, before_setup_rows_are_known_and_every_shown_link_is_news) {
  sql(direct, "drop schema rowpage cascade; insert into projects (code) values ('APO')");
  PostgresStore fresh(*database, clock);
  auto found = fresh.targets(tasks, project, std::vector<std::string>{"p"}, std::vector<std::string>{"APO"});
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ((*found)[0].ref, "APO");
  const std::vector<Store::SeenEdge> seen{{"p", "t", true}, {"p", "u", false}};
  EXPECT_THAT(*fresh.news(projects, 2, seen), SizeIs(1));
  EXPECT_THAT(fresh.errands(tasks)->open, IsEmpty());
}

TEST_P(StoreLinksTest, an_errand_that_awaits_a_page_is_due_once_the_record_lives_on_both_sides) {
  const Row a = task("a");
  sql(direct, "insert into tags (name) values ('red')");
  const Errand wait{.kind = Errand::Kind::await_page,
                    .field = "task_tags.task_id",
                    .other = "1",
                    .to_schema = "public",
                    .to_table = "tags"};
  Item item{.key = a.key, .page_id = "page-a"};
  item.errands = {wait};
  ASSERT_TRUE(commit(tasks, {item}));
  EXPECT_THAT(errands(tasks), IsEmpty());
  ASSERT_TRUE(commit(tags, {Item{.key = "1", .page_id = "tag-1", .link = Link{.key = "1", .page_id = "tag-1"}}}));
  Errand expected = wait;
  expected.key = a.key;
  expected.page_id = "page-a";
  EXPECT_THAT(errands(tasks), ElementsAre(expected));
  EXPECT_THAT(errands(tags), IsEmpty());
  bury(tags, "1", true, false);
  EXPECT_THAT(errands(tasks), IsEmpty());
  bury(tags, "1", false, false);
  ASSERT_TRUE(commit(tasks, {Item{.key = a.key, .errands_done = {expected}}}));
  EXPECT_THAT(errands(tasks), IsEmpty());
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.errand"), "0");
}

// A page of the back end is listed before its owner's: by the time the owner is in step there is nothing left to see.
TEST_P(StoreLinksTest, a_look_is_settled_once_both_ends_say_the_same) {
  Pair two_way = tasks;
  two_way.fields[project].relation.far = "back:Tasks";
  const std::string apollo = insert(projects, "Apollo", "p1", {{1, std::string("APO")}}).key;
  const Row a = task("a");
  const Errand look{.kind = Errand::Kind::look, .page_id = "page-a", .field = "project", .other = "p1"};
  Errand asked = look;
  asked.schema = "public";
  asked.table = "tasks";
  const auto shows = [&](const Pair& pair, const std::string& key, std::size_t field, const TextList& links) {
    Item item{.key = key, .link = link(pair, key)};
    item.link->page_shadow[field] = links;
    stored(pair, {item});
  };
  stored(projects, {Item{.key = apollo, .other_errands = {asked}}});
  const auto due = [&] {
    auto found = store->errands(two_way);
    EXPECT_TRUE(found) << found.error().what;
    return found ? *found : Store::DueErrands{};
  };
  shows(projects, apollo, 2, {"page-a"});
  EXPECT_THAT(due().open, ElementsAre(look)) << "the owner does not know the link yet";
  shows(two_way, a.key, project, {"p1"});
  EXPECT_THAT(due().open, IsEmpty());
  EXPECT_THAT(due().settled, ElementsAre(look));
  shows(projects, apollo, 2, {});
  EXPECT_THAT(due().open, ElementsAre(look)) << "gone from the back end since";
  shows(two_way, a.key, project, {});
  EXPECT_THAT(due().settled, ElementsAre(look));
  shows(projects, apollo, 2, {"page-a"});
  Item waits{.key = a.key, .page_id = "page-a"};
  waits.errands = {{.kind = Errand::Kind::await_row,
                    .field = "project",
                    .other = "p1",
                    .to_schema = "public",
                    .to_table = "projects"}};
  stored(two_way, {waits});
  EXPECT_THAT(due().settled, ElementsAre(look)) << "the owner's page was seen with the link, which waits";
}

TEST_P(StoreLinksTest, thousands_of_errands_read_their_own_links_each_and_not_all) {
  constexpr int many = 1000;
  ASSERT_TRUE(commit(tags, {Item{.key = "1", .page_id = "tag-1", .link = Link{.key = "1", .page_id = "tag-1"}}}));
  const Row a = task("a");
  sql(direct,
      "insert into rowpage.link (pair, row_key, page_id) select p.id, 'k' || n, 'p' || n from rowpage.pair p, "
      "generate_series(1, 1000) n where p.table_name = 'tags';"
      "insert into rowpage.errand (pair, kind, row_key, field, other, to_schema, to_table) select p.id, k, 't' || n, "
      "'task_tags.task_id', case k when 'await_row' then 'p' else 'k' end || n, 'public', 'tags' from rowpage.pair p, "
      "generate_series(1, 1000) n, unnest(array['await_row', 'await_page']) k where p.table_name = 'tasks';"
      "analyze rowpage.link; analyze rowpage.errand;"
      // As if there were too many links for a table of them in memory, which would hide what one errand reads.
      "do $$ begin execute format('alter database %I set work_mem = ''64kB''', current_database()); end $$");
  database = std::make_unique<ConnectedDatabase>(DatabaseOptions{.url = direct});
  store = std::make_unique<PostgresStore>(*database, clock);
  // PostgreSQL's own count of what a sequential, a bitmap and an index scan read of the links, in one session.
  sql(direct, "select pg_stat_reset()");
  EXPECT_THAT(errands(tasks), SizeIs(2 * many));
  store.reset();
  database.reset();  // a server process hands in its counts at its end
  std::string read;
  for (int i = 0; i < 200 && (read.empty() || read == "0"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    read = cell(direct,
                "select t.seq_tup_read + (select coalesce(sum(i.idx_tup_read), 0) from pg_stat_all_indexes i where "
                "i.relid = t.relid) from pg_stat_all_tables t where t.relid = 'rowpage.link'::regclass");
  }
  EXPECT_GT(std::stol(read), 0);
  EXPECT_LE(std::stol(read), 4 * many);
}

TEST_P(StoreLinksTest, an_errand_that_awaits_a_row_is_due_once_the_page_has_one) {
  const Row a = task("a");
  Item item{.key = a.key};
  item.errands = {{.kind = Errand::Kind::await_row,
                   .field = "blocks.task_id",
                   .other = "page-b",
                   .to_schema = "public",
                   .to_table = "tasks"}};
  ASSERT_TRUE(commit(tasks, {item}));
  ASSERT_TRUE(commit(tasks, {Item{.page_id = "page-b", .link = Link{.page_id = "page-b"}}}));
  EXPECT_THAT(errands(tasks), IsEmpty());
  task("b");
  EXPECT_THAT(errands(tasks), SizeIs(1));
}

TEST_P(StoreLinksTest, a_records_list_replaces_what_it_waits_for_and_leaves_what_others_asked_of_it) {
  const Row a = task("a");
  using Kind = Errand::Kind;
  Item item{.key = a.key, .page_id = "page-a"};
  item.other_errands = {
      {.kind = Kind::look, .page_id = "page-a", .other = "x"},
      {.kind = Kind::await_page, .page_id = "page-a", .other = "nobody", .to_schema = "public", .to_table = "projects"},
      {.kind = Kind::add, .page_id = "page-a", .field = "blocks.task_id", .other = "x"},
      {.kind = Kind::drop, .page_id = "page-a", .field = "blocks.task_id", .other = "y"},
      {.kind = Kind::look, .schema = "public", .table = "projects", .page_id = "p1", .other = "page-a"},
      {.kind = Kind::look, .schema = "public", .table = "nobody_knows", .page_id = "p1", .other = "page-a"}};
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(commit(tasks, {item}));  // a second time adds nothing
  EXPECT_THAT(errands(tasks), SizeIs(3));
  EXPECT_THAT(errands(projects), SizeIs(1));
  item.other_errands.clear();
  item.errands = std::vector<Errand>{};
  ASSERT_TRUE(commit(tasks, {item}));
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.errand where kind = 'await_page'"), "0");
  const auto left = errands(tasks);
  ASSERT_THAT(left, SizeIs(3));
  EXPECT_EQ(left[0].kind, Kind::look);
  EXPECT_EQ(left[1].kind, Kind::add);
  EXPECT_EQ(left[2].kind, Kind::drop);
  EXPECT_THAT(errands(projects), SizeIs(1));
  ASSERT_TRUE(commit(tasks, {Item{.page_id = "page-a", .errands_done = left}}));
  EXPECT_THAT(errands(tasks), IsEmpty());
}

TEST_P(StoreLinksTest, errands_of_a_row_just_made_carry_its_key_and_a_moved_item_stores_none) {
  Item item{.page_id = "new", .row = RowWrite{.kind = RowWrite::Kind::insert, .set = {{task_name, std::string("n")}}}};
  item.errands = {{.kind = Errand::Kind::look, .other = "x"}};
  const Row made = stored(tasks, {item});
  ASSERT_THAT(errands(tasks), SizeIs(1));
  EXPECT_EQ(errands(tasks)[0].key, made.key);
  EXPECT_EQ(errands(tasks)[0].page_id, "new");
  Item moved{.key = made.key, .row = RowWrite{.key = made.key, .version = "1", .set = {{task_name, std::string("z")}}}};
  moved.errands = std::vector<Errand>{};
  moved.other_errands = {{.kind = Errand::Kind::add, .page_id = "q", .other = "x"}};
  ASSERT_TRUE(commit(tasks, {moved}));
  EXPECT_THAT(errands(tasks), SizeIs(1));
}

TEST_P(StoreLinksTest, clearing_a_pair_clears_its_errands) {
  const Row a = task("a");
  Item item{.key = a.key};
  item.errands = {{.kind = Errand::Kind::look, .other = "x"}};
  ASSERT_TRUE(commit(tasks, {item}));
  sql(direct, "select rowpage.clear_pair(jsonb_build_object('pair', id, 'force', true)) from rowpage.pair");
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.errand"), "0");
}

TEST_P(StoreLinksTest, a_batch_called_again_after_its_commit_was_lost_answers_with_the_same_links) {
  const Row a = task("a"), b = task("b");
  bool cut = false;
  database->before_commit = [&](ConnectedUnit& unit) {
    if (cut) return;
    cut = true;
    // The COMMIT happens, its answer does not come: what the first call did must be what the second one finds.
    auto done = unit.script("commit", "testing");
    ASSERT_TRUE(done);
    sql(direct, "select pg_terminate_backend(" + std::to_string(unit.backend()) + ")");
  };
  const Row now = stored(tasks, {edges_of(a.key, {{blocks, {b.key}, {}}})});
  EXPECT_TRUE(cut);
  EXPECT_EQ(now.values[blocks], Value(TextList{b.key}));
  EXPECT_EQ(cell(direct, "select count(*) from blocks"), "1");
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.applied where answer is not null"), "1");
}

}  // namespace
}  // namespace rowpage
