// The rules about links, each as a story that anybody can follow: two databases, people, and what must come of it.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "core/edges.h"
#include "sim/linked_world.h"

namespace rowpage::sim {
namespace {

using Kind = sandbox::Fate::Kind;
constexpr std::size_t person = 0, task = 1;
constexpr std::size_t owner = LinkedWorld::owner, helpers = LinkedWorld::helpers, parent = LinkedWorld::parent;

class Links : public testing::Test {
 protected:
  Links() {
    world.notion.habits().query_in_trash = sandbox::Habits::TrashQuery::honoured;
    world.notion.habits().search_in_trash = sandbox::Habits::TrashQuery::honoured;
  }

  void SetUp() override {
    for (const char* name : {"p1", "p2"}) world.make_row(person, name);
    for (const char* name : {"t1", "t2"}) world.make_row(task, name);
    sync();
    sync();
    p1 = world.page_of(person, "p1");
    p2 = world.page_of(person, "p2");
    t1 = world.page_of(task, "t1");
    t2 = world.page_of(task, "t2");
  }

  std::vector<PairReport> sync(RunOptions options = {}) {
    world.clock.pass(5 * minute_ms);
    auto reports = world.cycle(options);
    for (const auto& report : *reports) EXPECT_FALSE(report.error) << report.error->what;
    return *reports;
  }
  void full_sync() {
    RunOptions options;
    options.full = true;
    sync(options);
  }

  TextList joined(const std::string& key, std::size_t field = helpers) {
    TextList others;
    for (const auto& [own, other] :
         world.postgres.joins(field == helpers ? "public.task_people" : "public.task_depends")) {
      if (own == key) others.push_back(other);
    }
    return others;
  }
  Value cell(const std::string& key, std::size_t field) { return world.row(task, key).values[field]; }
  TextList shown(const std::string& page, const char* property) { return world.links(page, property); }
  static TextList sorted(TextList list) {
    std::ranges::sort(list);
    return list;
  }
  bool link(const std::string& own, const std::string& other) {
    return world.postgres.link("public.task_people", own, other);
  }
  std::size_t parked(std::size_t pair) {
    world.postgres.use(world.pairs[pair]);
    return world.postgres.parked().size();
  }

  // Two quiet syncs after it write nothing.
  void expect_quiet() {
    sync();
    const auto before = world.writes();
    const auto requests = world.requests;
    sync();
    EXPECT_EQ(world.writes(), before) << "a quiet run writes";
    EXPECT_LE(world.requests - requests, 3U) << "two listings and one search";
  }

  LinkedWorld world{3};
  std::string p1, p2, t1, t2;
};

TEST_F(Links, a_foreign_key_set_in_sql_is_a_link_on_the_page) {
  world.edit_row(task, "t1", owner, {"p1"});
  sync();
  EXPECT_EQ(shown(t1, "Owner"), TextList{p1});
  expect_quiet();
}

TEST_F(Links, a_link_made_in_notion_is_a_foreign_key) {
  world.set_links(t1, "Owner", {p2});
  sync();
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p2"}));
  expect_quiet();
}

TEST_F(Links, a_link_taken_away_on_either_side_goes_on_the_other) {
  world.edit_row(task, "t1", owner, {"p1"});
  link("t2", "p1");
  sync();
  world.set_links(t1, "Owner", {});
  world.postgres.unlink("public.task_people", "t2", "p1");
  sync();
  EXPECT_EQ(cell("t1", owner), Value(Null{}));
  EXPECT_EQ(shown(t2, "Helpers"), TextList{});
  expect_quiet();
}

// The row says p3 now, and p3 is deleted before it ever had a page: p1 is nobody's word any more.
TEST_F(Links, a_link_replaced_by_one_to_a_deleted_record_goes_from_the_page_and_comes_when_that_is_restored) {
  world.edit_row(task, "t1", owner, {"p1"});
  sync();
  world.make_row(person, "p3");
  world.edit_row(task, "t1", owner, {"p3"});
  world.postgres.use(world.pairs[person]);
  ASSERT_TRUE(world.postgres.soft_delete("p3"));
  sync();
  EXPECT_EQ(shown(t1, "Owner"), TextList{});
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p3"})) << "the row keeps what its people wrote";
  expect_quiet();
  world.postgres.use(world.pairs[person]);
  ASSERT_TRUE(world.postgres.restore("p3"));
  sync();
  EXPECT_EQ(shown(t1, "Owner"), TextList{world.page_of(person, "p3")});
  expect_quiet();
}

TEST_F(Links, additions_on_both_sides_at_once_are_both_kept_and_are_no_conflict) {
  world.set_links(t1, "Helpers", {p1});
  link("t1", "p2");
  sync();
  EXPECT_EQ(joined("t1"), (TextList{"p1", "p2"}));
  EXPECT_EQ(shown(t1, "Helpers"), sorted({p1, p2}));
  world.postgres.use(world.pairs[task]);
  EXPECT_TRUE(world.postgres.conflicts().empty());
  expect_quiet();
}

TEST_F(Links, a_removal_and_an_addition_at_once_are_both_carried_out) {
  link("t1", "p1");
  sync();
  world.set_links(t1, "Helpers", {});
  link("t1", "p2");
  sync();
  EXPECT_EQ(joined("t1"), TextList{"p2"});
  EXPECT_EQ(shown(t1, "Helpers"), TextList{p2});
  expect_quiet();
}

TEST_F(Links, a_foreign_key_changed_on_both_sides_is_a_conflict_whose_loser_is_kept) {
  world.edit_row(task, "t1", owner, {"p1"});
  world.clock.pass(3 * minute_ms);
  world.set_links(t1, "Owner", {p2});
  sync();
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p2"}));
  world.postgres.use(world.pairs[task]);
  ASSERT_EQ(world.postgres.conflicts().size(), 1U);
  EXPECT_EQ(world.postgres.conflicts().front().row, Value(TextList{"p1"}));
  EXPECT_EQ(world.postgres.conflicts().front().page, Value(TextList{p2}));
  expect_quiet();
}

// Found by simulation: the winner's page showed no link because it led into the trash, and the row's new one was lost.
TEST_F(Links, record_by_record_a_link_that_one_side_alone_changed_travels_though_the_other_half_wins) {
  world.pairs[task].conflict = {.prefer = Prefer::notion, .granularity = Granularity::record};
  ASSERT_TRUE(world.edit_row(task, "t1", owner, {"p1"}));
  sync();
  world.trash(p1, true);
  sync();
  world.set_links(t1, "Parent", {t2});
  ASSERT_TRUE(world.edit_row(task, "t1", parent, {"t1"}));
  ASSERT_TRUE(world.edit_row(task, "t1", owner, {"p2"}));
  sync();
  EXPECT_EQ(cell("t1", parent), Value(TextList{"t2"}));
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p2"}));
  EXPECT_EQ(shown(t1, "Parent"), TextList{t2});
  EXPECT_EQ(shown(t1, "Owner"), TextList{p2});
  expect_quiet();
}

TEST_F(Links, records_link_to_their_own_kind_and_to_themselves) {
  world.edit_row(task, "t1", parent, {"t1"});
  world.postgres.link("public.task_depends", "t1", "t2");
  world.postgres.link("public.task_depends", "t2", "t1");
  world.set_links(t2, "Parent", {t1});
  sync();
  EXPECT_EQ(shown(t1, "Parent"), TextList{t1});
  EXPECT_EQ(shown(t1, "Depends"), TextList{t2});
  EXPECT_EQ(shown(t2, "Depends"), TextList{t1});
  EXPECT_EQ(cell("t2", parent), Value(TextList{"t1"}));
  expect_quiet();
}

TEST_F(Links, a_link_made_at_the_other_end_arrives_though_its_owner_never_seems_edited) {
  world.notion.habits().back_ends_bump = false;
  world.set_links(p1, "Helps", {t1, t2});
  world.set_links(p2, "Tasks", {t1});
  sync();
  EXPECT_EQ(joined("t1"), TextList{"p1"});
  EXPECT_EQ(joined("t2"), TextList{"p1"});
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p2"}));
  expect_quiet();
}

TEST_F(Links, our_own_links_seen_at_the_other_end_cost_no_reading) {
  world.notion.habits().back_ends_bump = true;
  for (const char* name : {"t1", "t2"}) link(name, "p1");
  sync();  // two pages read and written; the person's page shows in the next listing with two links more
  const auto before = world.requests;
  sync();
  EXPECT_LE(world.requests - before, 3U) << "two listings and one search";
}

TEST_F(Links, a_target_in_the_trash_keeps_its_links_and_has_them_when_it_comes_back) {
  world.edit_row(task, "t1", owner, {"p1"});
  link("t1", "p1");
  sync();
  world.trash(p1, true);
  sync();
  full_sync();
  EXPECT_EQ(joined("t1"), TextList{"p1"}) << "Notion hides links to pages in the trash: that is no removal";
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p1"}));
  world.trash(p1, false);
  sync();
  full_sync();
  EXPECT_EQ(joined("t1"), TextList{"p1"});
  EXPECT_EQ(shown(t1, "Helpers"), TextList{p1});
  EXPECT_EQ(shown(t1, "Owner"), TextList{p1});
  expect_quiet();
}

TEST_F(Links, a_list_written_while_a_target_is_in_the_trash_gets_its_link_back) {
  link("t1", "p1");
  sync();
  world.trash(p1, true);
  sync();
  link("t1", "p2");  // the property is written whole, and Notion does not show p1 in it
  sync();
  EXPECT_EQ(joined("t1"), (TextList{"p1", "p2"}));
  world.trash(p1, false);
  sync();
  sync();
  EXPECT_EQ(shown(t1, "Helpers"), sorted({p1, p2}));
  EXPECT_EQ(joined("t1"), (TextList{"p1", "p2"}));
  expect_quiet();
}

TEST_F(Links, a_related_database_that_is_no_longer_shared_removes_nothing) {
  link("t1", "p1");
  world.edit_row(task, "t1", owner, {"p2"});
  sync();
  world.notion.world().source(*sandbox::parse_id(world.pairs[person].data_source))->unshared = true;
  for (int i = 0; i < 3; ++i) {
    world.clock.pass(5 * minute_ms);
    RunOptions options;
    options.full = i == 2;
    (void)world.cycle(options);
  }
  EXPECT_EQ(joined("t1"), TextList{"p1"});
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p2"}));
}

TEST_F(Links, a_link_to_a_record_that_is_not_there_yet_travels_when_it_is) {
  // Only tasks are synced, as with --model Task: a person born meanwhile has no page.
  world.make_row(person, "p3");
  world.edit_row(task, "t1", owner, {"p3"});
  link("t1", "p3");
  world.tasks_only = true;
  sync();
  EXPECT_EQ(world.links(t1, "Owner"), TextList{});
  const auto before = world.writes();
  sync();
  EXPECT_EQ(world.writes(), before) << "what waits is not tried again and again";
  world.tasks_only = false;
  sync();
  const std::string p3 = world.page_of(person, "p3");
  EXPECT_EQ(shown(t1, "Owner"), TextList{p3});
  EXPECT_EQ(shown(t1, "Helpers"), TextList{p3});
  expect_quiet();
}

TEST_F(Links, a_line_of_new_records_has_its_links_from_the_start) {
  // The order of keys is the wrong one: each is made after its child, or written a second time.
  for (const char* name : {"u1", "u2", "u3", "u4"}) world.make_row(task, name);
  for (const auto& [child, its] : {std::pair{"u1", "u2"}, {"u2", "u3"}, {"u3", "u4"}})
    world.edit_row(task, child, parent, {its});
  const auto effects = world.notion.stats().effects_total();
  sync();
  EXPECT_EQ(world.notion.stats().effects_total() - effects, 4U) << "one creation for each";
  EXPECT_EQ(shown(world.page_of(task, "u1"), "Parent"), TextList{world.page_of(task, "u2")});
  EXPECT_EQ(shown(world.page_of(task, "u3"), "Parent"), TextList{world.page_of(task, "u4")});
  const std::string a = world.make_page(task, "a"), b = world.make_page(task, "b"), c = world.make_page(task, "c");
  world.set_links(a, "Parent", {b});
  world.set_links(b, "Parent", {c});
  const auto rows = world.postgres.row_writes();
  sync();
  EXPECT_EQ(world.postgres.row_writes() - rows, 3U) << "one insertion for each";
  EXPECT_EQ(cell(world.row_of(task, a), parent), Value(TextList{world.row_of(task, b)}));
  EXPECT_EQ(cell(world.row_of(task, b), parent), Value(TextList{world.row_of(task, c)}));
  expect_quiet();
}

TEST_F(Links, pages_born_in_a_circle_are_linked_in_one_run) {
  const std::string a = world.make_page(task, "a"), b = world.make_page(task, "b");
  world.set_links(a, "Parent", {b});
  world.set_links(b, "Parent", {a});
  sync();
  EXPECT_EQ(cell(world.row_of(task, a), parent), Value(TextList{world.row_of(task, b)}));
  EXPECT_EQ(cell(world.row_of(task, b), parent), Value(TextList{world.row_of(task, a)}));
  expect_quiet();
}

TEST_F(Links, a_required_link_lets_the_record_wait_and_nothing_else) {
  auto& field = world.pairs[task].fields[owner];
  field.relation.required = field.target.not_null = true;
  const std::string p3 = world.make_page(person, "p3"), t3 = world.make_page(task, "t3"),
                    t4 = world.make_page(task, "t4");
  world.set_links(t3, "Owner", {p3});
  world.set_links(t4, "Owner", {p1});
  world.tasks_only = true;
  const auto reports = sync();
  EXPECT_EQ(reports.front().waiting, 1U);
  EXPECT_EQ(world.row_of(task, t3), "") << "its row could not be inserted";
  EXPECT_NE(world.row_of(task, t4), "");
  const auto requests = world.requests;
  sync();
  EXPECT_LE(world.requests - requests, 2U) << "waiting costs no readings";
  world.tasks_only = false;
  sync();
  const std::string key = world.row_of(task, t3);
  ASSERT_NE(key, "");
  EXPECT_EQ(cell(key, owner), Value(TextList{world.row_of(person, p3)}));
  EXPECT_EQ(parked(task), 0U);
  expect_quiet();
}

TEST_F(Links, two_links_where_the_row_holds_one_park_the_record_with_the_remedy) {
  world.set_links(t1, "Owner", {p1, p2});
  world.clock.pass(5 * minute_ms);
  const auto reports = world.cycle();
  EXPECT_EQ((*reports)[task].parked, 1U);
  world.postgres.use(world.pairs[task]);
  ASSERT_EQ(world.postgres.parked().size(), 1U);
  const Parked& why = world.postgres.parked().begin()->second;
  EXPECT_NE(why.reason.find("shows 2 links, and column owner_id holds one"), std::string::npos) << why.reason;
  world.set_links(t1, "Owner", {p2});
  sync();
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p2"}));
  EXPECT_EQ(parked(task), 0U);
}

TEST_F(Links, more_than_25_links_are_read_whole) {
  TextList people, keys;
  for (int i = 0; i < 60; ++i) people.push_back(world.make_page(person, fmt::format("q{:02}", i)));
  sync();
  for (const auto& page : people) keys.push_back(world.row_of(person, page));
  world.set_links(t1, "Helpers", people);
  sync();
  EXPECT_EQ(joined("t1"), sorted(keys));
  people.pop_back();
  world.set_links(t1, "Helpers", people);
  keys.pop_back();
  sync();
  EXPECT_EQ(joined("t1"), sorted(keys));
  expect_quiet();
}

TEST_F(Links, more_than_100_links_are_written_from_the_other_end) {
  for (int i = 0; i < 130; ++i) {
    world.make_row(person, fmt::format("q{:03}", i));
    link("t1", fmt::format("q{:03}", i));
  }
  sync();
  sync();
  EXPECT_EQ(shown(t1, "Helpers").size(), 130U);
  EXPECT_EQ(joined("t1").size(), 130U);
  world.postgres.unlink("public.task_people", "t1", "q007");
  sync();
  EXPECT_EQ(shown(t1, "Helpers").size(), 129U);
  EXPECT_EQ(parked(task) + parked(person), 0U);
  expect_quiet();
}

TEST_F(Links, a_new_page_with_more_than_100_links_gets_them_all) {
  world.make_row(task, "t9");
  for (int i = 0; i < 115; ++i) {
    world.make_row(person, fmt::format("q{:03}", i));
    link("t9", fmt::format("q{:03}", i));
  }
  sync();
  sync();
  EXPECT_EQ(shown(world.page_of(task, "t9"), "Helpers").size(), 115U);
  expect_quiet();
}

TEST_F(Links, more_than_100_links_of_a_one_way_relation_park_with_the_remedy) {
  for (int i = 0; i < 101; ++i) {
    world.make_row(task, fmt::format("s{:03}", i));
    world.postgres.link("public.task_depends", "t1", fmt::format("s{:03}", i));
  }
  world.clock.pass(5 * minute_ms);
  (void)world.cycle();
  world.clock.pass(5 * minute_ms);
  (void)world.cycle();
  world.postgres.use(world.pairs[task]);
  ASSERT_EQ(world.postgres.parked().size(), 1U);
  const Parked& why = world.postgres.parked().begin()->second;
  EXPECT_NE(why.reason.find("at most 100 in one write"), std::string::npos) << why.reason;
  EXPECT_NE(why.hint.find("two-way"), std::string::npos) << why.hint;
}

TEST_F(Links, a_record_deleted_with_what_it_links_to_stays_deleted) {
  world.pairs[task].deletes = world.pairs[person].deletes = Deletes::hard;
  world.edit_row(task, "t1", owner, {"p1"});
  link("t1", "p1");
  sync();
  world.trash(p1, true);
  world.trash(t1, true);
  sync();
  sync();
  world.postgres.use(world.pairs[task]);
  EXPECT_FALSE(world.postgres.rows().contains("t1"));
  world.postgres.use(world.pairs[person]);
  EXPECT_FALSE(world.postgres.rows().contains("p1"));
  expect_quiet();
}

// Found under fire: the row was deleted, and nobody heard of the link.
TEST_F(Links, a_link_that_still_waits_is_an_edit_that_a_deletion_did_not_see) {
  world.make_row(person, "p3");
  world.edit_row(task, "t1", owner, {"p3"});
  world.tasks_only = true;
  sync();
  world.trash(t1, true);
  sync();
  sync();
  world.tasks_only = false;
  sync();
  world.postgres.use(world.pairs[task]);
  ASSERT_TRUE(world.postgres.rows().contains("t1"));
  EXPECT_EQ(shown(t1, "Owner"), TextList{world.page_of(person, "p3")});
  expect_quiet();
}

TEST_F(Links, a_one_way_run_writes_one_side_and_leaves_the_other_sides_links_for_later) {
  world.set_links(t1, "Helpers", {p1});
  link("t1", "p2");
  RunOptions options;
  options.direction = Direction::to_supabase;
  sync(options);
  EXPECT_EQ(joined("t1"), (TextList{"p1", "p2"}));
  EXPECT_EQ(shown(t1, "Helpers"), TextList{p1}) << "a read-only side receives no write";
  sync();
  EXPECT_EQ(shown(t1, "Helpers"), sorted({p1, p2}));
  expect_quiet();
}

TEST_F(Links, a_duplicate_of_a_page_brings_its_links_along) {
  link("t1", "p1");
  world.edit_row(task, "t1", owner, {"p2"});
  sync();
  const std::string copy = world.make_page(task, "copy");
  world.set_links(copy, "Helpers", world.links(t1, "Helpers"));
  world.set_links(copy, "Owner", world.links(t1, "Owner"));
  sync();
  const std::string key = world.row_of(task, copy);
  EXPECT_EQ(joined(key), TextList{"p1"});
  EXPECT_EQ(cell(key, owner), Value(TextList{"p2"}));
  expect_quiet();
}

TEST_F(Links, an_unanswered_write_of_links_loses_none_and_doubles_none) {
  for (const Kind kind : {Kind::lost_before, Kind::lost_after, Kind::lands_later, Kind::committed_503}) {
    link("t1", "p1");
    sync();
    bool once = false;
    world.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
      if (request.method != "PATCH" || std::exchange(once, true)) return std::nullopt;
      return sandbox::Fate{kind, 20 * second_ms, 503};
    };
    link("t1", "p2");
    world.postgres.unlink("public.task_people", "t1", "p1");
    sync();
    world.fate_of = nullptr;
    for (int i = 0; i < 3; ++i) sync();
    EXPECT_EQ(joined("t1"), TextList{"p2"}) << name_of(kind);
    EXPECT_EQ(shown(t1, "Helpers"), TextList{p2}) << name_of(kind);
    world.postgres.unlink("public.task_people", "t1", "p2");
    sync();
  }
}

TEST_F(Links, a_list_is_not_written_while_it_is_not_known_where_one_of_its_links_went) {
  link("t1", "p2");
  sync();
  world.set_links(p2, "Helps", {});
  link("t1", "p1");
  world.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.method != "GET" || !request.path.ends_with(p2)) return std::nullopt;
    return sandbox::Fate{Kind::error_before, 0, 503};
  };
  sync();
  sync();
  EXPECT_EQ(shown(t1, "Helpers"), TextList{});
  EXPECT_EQ(parked(task), 1U);
  world.fate_of = nullptr;
  for (int i = 0; i < 3; ++i) sync();
  EXPECT_EQ(joined("t1"), TextList{"p1"}) << "the link to p2 was removed in Notion";
  EXPECT_EQ(shown(t1, "Helpers"), TextList{p1});
  EXPECT_EQ(parked(task), 0U);
  expect_quiet();
}

// --- writes without an answer whose links lead into the trash: the page shows neither that they landed nor that not

class LinksUnseen : public Links, public testing::WithParamInterface<Kind> {
 protected:
  // The next write of a page has no answer.
  void lose_next_write() {
    world.fate_of = [this](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
      if (request.method != "PATCH" || std::exchange(lost_, true)) return std::nullopt;
      return sandbox::Fate{GetParam(), 20 * second_ms, 503};
    };
    sync();
    EXPECT_TRUE(std::exchange(lost_, false)) << "nothing was written";
    world.fate_of = nullptr;
  }
  void expect_no_links() {
    EXPECT_EQ(cell("t1", owner), Value(Null{}));
    EXPECT_EQ(joined("t1"), TextList{});
    EXPECT_EQ(shown(t1, "Owner"), TextList{});
    EXPECT_EQ(shown(t1, "Helpers"), TextList{});
    expect_quiet();
  }
  void bring_back_and_settle(const std::string& page) {
    for (int i = 0; i < 3; ++i) sync();
    world.trash(page, false);
    for (int i = 0; i < 3; ++i) sync();
    full_sync();
  }

 private:
  bool lost_ = false;
};

TEST_P(LinksUnseen, what_sql_took_back_meanwhile_stays_taken_back) {
  world.edit_row(task, "t1", owner, {"p1"});
  link("t1", "p1");
  lose_next_write();
  world.trash(p1, true);
  world.edit_row(task, "t1", owner, {});
  world.postgres.unlink("public.task_people", "t1", "p1");
  bring_back_and_settle(p1);
  expect_no_links();
}

TEST_P(LinksUnseen, what_sql_took_back_later_stays_taken_back) {
  world.edit_row(task, "t1", owner, {"p1"});
  link("t1", "p1");
  lose_next_write();
  world.trash(p1, true);
  for (int i = 0; i < 3; ++i) sync();
  world.edit_row(task, "t1", owner, {});
  world.postgres.unlink("public.task_people", "t1", "p1");
  bring_back_and_settle(p1);
  expect_no_links();
}

TEST_P(LinksUnseen, what_sql_still_says_comes_with_its_target) {
  world.edit_row(task, "t1", owner, {"p1"});
  link("t1", "p1");
  link("t1", "p2");
  lose_next_write();
  world.trash(p1, true);
  bring_back_and_settle(p1);
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p1"}));
  EXPECT_EQ(joined("t1"), (TextList{"p1", "p2"}));
  EXPECT_EQ(shown(t1, "Owner"), TextList{p1});
  EXPECT_EQ(shown(t1, "Helpers"), sorted({p1, p2}));
  expect_quiet();
}

TEST_P(LinksUnseen, a_link_that_was_to_go_and_is_hidden_goes_when_it_shows_again) {
  world.edit_row(task, "t1", owner, {"p1"});
  link("t1", "p1");
  sync();
  world.edit_row(task, "t1", owner, {});
  world.postgres.unlink("public.task_people", "t1", "p1");
  lose_next_write();
  world.trash(p1, true);
  bring_back_and_settle(p1);
  expect_no_links();
}

// The page shows no owner: p1 went to the trash, nobody cleared it.
TEST_P(LinksUnseen, a_former_link_that_went_to_the_trash_is_no_persons_word_against_the_new_one) {
  world.edit_row(task, "t1", owner, {"p1"});
  sync();
  world.edit_row(task, "t1", owner, {"p2"});
  lose_next_write();
  world.trash(p1, true);
  bring_back_and_settle(p1);
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p2"}));
  EXPECT_EQ(shown(t1, "Owner"), TextList{p2});
  expect_quiet();
}

// When we looked before writing p2, the page hid p1; it shows it again, and that is no news.
TEST_P(LinksUnseen, a_former_link_that_comes_out_of_the_trash_is_no_persons_word_against_the_new_one) {
  world.edit_row(task, "t1", owner, {"p1"});
  sync();
  world.trash(p1, true);
  sync();
  sync();
  world.edit_row(task, "t1", owner, {"p2"});
  lose_next_write();
  world.trash(p1, false);
  for (int i = 0; i < 4; ++i) sync();
  EXPECT_EQ(cell("t1", owner), Value(TextList{"p2"}));
  EXPECT_EQ(shown(t1, "Owner"), TextList{p2});
  expect_quiet();
}

// p1 is in the trash already when its link is to go, so the page shows the same before and after.
TEST_P(LinksUnseen, a_hidden_link_that_was_to_go_goes_when_it_shows_again) {
  world.edit_row(task, "t1", owner, {"p1"});
  sync();
  world.trash(p1, true);
  sync();
  sync();
  world.edit_row(task, "t1", owner, {});
  lose_next_write();
  bring_back_and_settle(p1);
  EXPECT_EQ(cell("t1", owner), Value(Null{}));
  EXPECT_EQ(shown(t1, "Owner"), TextList{});
  expect_quiet();
}

INSTANTIATE_TEST_SUITE_P(Whether, LinksUnseen, testing::Values(Kind::lost_before, Kind::lost_after, Kind::lands_later),
                         [](const auto& info) { return std::string(name_of(info.param)); });

TEST_F(Links, one_pair_that_fails_stops_itself_and_not_the_other) {
  world.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.path.find(world.pairs[person].data_source) == std::string::npos) return std::nullopt;
    return sandbox::Fate{Kind::error_before, 0, 500};
  };
  world.make_row(task, "t3");
  world.clock.pass(5 * minute_ms);
  const auto reports = world.cycle();
  EXPECT_TRUE((*reports)[person].error);
  EXPECT_FALSE((*reports)[task].error);
  EXPECT_NE(world.page_of(task, "t3"), "");
}

}  // namespace
}  // namespace rowpage::sim
