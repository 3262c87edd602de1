#include "postgres/relations_fixture.h"
#include "postgres/setup.h"

namespace rowpage {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ResetTest : public RelationsTest {
 protected:
  /// Tasks and projects hold each other, without any cascade.
  void circle() {
    sql(direct,
        "alter table projects add lead_task uuid references tasks (id); alter table tasks add home text references "
        "projects (code) on delete restrict;"
        "insert into projects (code) values ('APO'); insert into tasks (name, home, project) values ('a', 'APO', "
        "'APO'), ('b', 'APO', null);"
        "update projects set lead_task = (select id from tasks where name = 'a');"
        "insert into tags (name) values ('red');"
        "insert into blocks (task_id, blocked_id) select a.id, b.id from tasks a, tasks b; insert into task_tags "
        "select id, 1 from tasks");
  }
  std::string rows_left() {
    return cell(direct,
                "select (select count(*) from tasks) + (select count(*) from projects) + (select count(*) from tags) + "
                "(select count(*) from blocks) + (select count(*) from task_tags)");
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, ResetTest, ::testing::Values(false),
                         [](const auto& info) { return info.param ? "pooled" : "direct"; });

TEST_P(ResetTest, tables_that_hold_each_other_in_a_circle_are_emptied_together_with_their_join_tables) {
  circle();
  const std::vector<Pair> all{tasks, projects, tags};
  auto done = reset_pairs(*database, all, true);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_THAT(*done, ElementsAre(2, 1, 1));
  EXPECT_EQ(rows_left(), "0");
  EXPECT_EQ(queued(), 0);
}

TEST_P(ResetTest, it_is_refused_as_a_whole_while_changes_of_one_pair_wait) {
  circle();
  sql(direct, "delete from rowpage.change_log l using rowpage.pair p where p.id = l.pair and p.model <> 'Tag'");
  const std::string before = rows_left();
  auto done = reset_pairs(*database, std::vector<Pair>{tasks, projects, tags}, false);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().cause, Cause::brake);
  EXPECT_EQ(rows_left(), before);
}

TEST_P(ResetTest, rows_of_other_tables_that_hold_ours_are_named_and_nothing_is_changed) {
  circle();
  const std::string before = rows_left();
  auto done = reset_pairs(*database, std::vector<Pair>{tasks}, true);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().cause, Cause::usage);
  EXPECT_THAT(done.error().what, HasSubstr("public.projects (projects_lead_task_fkey to public.tasks)"));
  EXPECT_EQ(rows_left(), before);
  EXPECT_EQ(cell(direct, "select count(*) from rowpage.change_log") == "0", false);
  sql(direct, "update projects set lead_task = null");
  done = reset_pairs(*database, std::vector<Pair>{tasks}, true);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_THAT(*done, ElementsAre(2));
  EXPECT_EQ(cell(direct, "select count(*) from projects"), "1");
}

TEST_P(ResetTest, tables_that_cascade_or_set_null_do_not_stand_in_the_way) {
  task("a");
  sql(direct,
      "create table remarks (task uuid references tasks on delete cascade, other uuid references tasks on delete set "
      "null); "
      "insert into remarks select id, null from tasks; insert into remarks select null, id from tasks");
  auto done = reset_pair(*database, tasks, true);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(*done, 1);
  EXPECT_EQ(cell(direct, "select count(*) from remarks where other is null and task is null"), "1");
}

}  // namespace
}  // namespace rowpage
