// kill -9 of the real binary at scattered moments, and answers that get lost: whatever happened, running again until
// nothing is left to do must bring both sides to what people and applications wrote. The judge looks at the values of
// both sides only, never into Rowpage's own tables.
//
// The moment is a number of requests the sandbox has counted, plus a part of the time an answer takes: so the kill hits
// before a request is sent, between its effect and its answer, and while PostgreSQL is being written.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

#include "cli/world.h"

namespace rowpage::test {
namespace {

constexpr int latency_ms = 40;

std::vector<int> moments(std::initializer_list<int> usual) {
  return World::kill_moments(usual, 16);
}

class Kill : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
    world.set_up();
    world.full_bookkeeping();
    ASSERT_EQ(world.run({"setup", "--json"}).code, 0);  // the properties of the rest of the bookkeeping
  }

  void insert(const std::string& decision, const std::string& type, const std::string& date) {
    world.sql("insert into decision_vault (decision, type, date) values ($1, $2, $3::text::date)",
              {decision, type, date});
    expected[decision] = type + "|" + date;
  }
  void make_page(const std::string& decision, const std::string& type, const std::string& date) {
    pages[decision] = world.page(decision, type, date);
    expected[decision] = type + "|" + date;
  }
  void patch(const std::string& decision, const json::object& properties) {
    world.person("PATCH", "/v1/pages/" + pages.at(decision), json::object{{"properties", properties}});
  }
  void trash(const std::string& decision, bool in_trash) {
    world.person("PATCH", "/v1/pages/" + pages.at(decision), json::object{{"in_trash", in_trash}});
  }

  bool kill_at(int k) {
    const bool killed = world.kill_sync({k, (k * 17) % (latency_ms + 20), latency_ms});
    kills += killed ? 1 : 0;
    return killed;
  }

  // Runs until a run writes nothing, at most five times, and judges.
  void settle(const std::string& when) {
    std::int64_t writes = -1;
    std::string marks;
    Ran ran;
    bool quiet = false;
    for (int i = 0; i < 5 && !quiet; ++i) {
      world.pass_time();
      writes = world.writes_counted();
      marks = world.row_marks();
      ran = world.run({"sync", "--json"});
      EXPECT_EQ(ran.code, 0) << when << ": " << ran.out << ran.err;
      quiet = world.writes_counted() == writes && world.row_marks() == marks;
    }
    EXPECT_TRUE(quiet) << when << ": it never came to rest: " << ran.out;
    EXPECT_EQ(world.live_pages(), expected) << when;
    EXPECT_EQ(world.live_rows(), expected) << when;
  }

  // For each moment: the changes, a run killed there, and what comes of it.
  void at_every(const std::vector<int>& when, const std::function<void(const std::string& name)>& change) {
    for (const int k : when) {
      if (HasFailure()) return;
      change("k" + std::to_string(k));
      const bool killed = kill_at(k);
      settle((killed ? "killed at request " : "ended before request ") + std::to_string(k));
    }
    EXPECT_GT(kills, 0) << "every run had ended before it was killed";
  }

  World world;
  int kills = 0;  // that hit a run at work
  World::Seen expected;
  std::map<std::string, std::string> pages;
};

TEST_F(Kill, a_first_sync_with_records_on_both_sides_makes_no_doubles) {
  for (int i = 0; i < 4; ++i) {
    insert("row " + std::to_string(i), "Ops", "2026-01-0" + std::to_string(i + 1));
    make_page("page " + std::to_string(i), "UX", "2026-02-0" + std::to_string(i + 1));
  }
  for (const int k : moments({2, 5, 8})) kill_at(k);
  settle("the first sync, killed again and again");
  EXPECT_GT(kills, 0);
}

TEST_F(Kill, creates_happen_once) {
  at_every(moments({2, 4, 6}), [&](const std::string& name) {
    for (int i = 0; i < 3; ++i) {
      insert("row " + name + std::to_string(i), "Ops", "2026-01-02");
      make_page("page " + name + std::to_string(i), "UX", "2026-02-03");
    }
  });
}

TEST_F(Kill, updates_of_both_sides_arrive_and_merge) {
  for (int i = 0; i < 4; ++i) make_page("record " + std::to_string(i), "Ops", "2026-01-01");
  settle("before");
  at_every(moments({2, 4, 7}), [&](const std::string& name) {
    for (int i = 0; i < 4; ++i) {
      const auto record = "record " + std::to_string(i);
      const auto date = "2026-03-" + std::to_string(10 + std::atoi(name.c_str() + 1));
      patch(record, {{"Date", day(date)}});
      world.sql("update decision_vault set type = $1 where decision = $2", {"Policy " + name, record});
      expected[record] = "Policy " + name + "|" + date;
    }
  });
}

TEST_F(Kill, deletes_and_restores_of_both_sides_arrive) {
  for (int i = 0; i < 4; ++i) make_page("record " + std::to_string(i), "Ops", "2026-01-01");
  settle("before");
  const auto full = expected;
  bool deleting = true;
  at_every(moments({2, 4, 3, 5}), [&](const std::string&) {
    for (const int i : {0, 1}) {
      const auto by_person = "record " + std::to_string(i), by_application = "record " + std::to_string(i + 2);
      trash(by_person, deleting);
      world.sql(deleting ? "update decision_vault set deleted_at = now() where decision = $1"
                         : "update decision_vault set deleted_at = null where decision = $1",
                {by_application});
      for (const auto& record : {by_person, by_application}) {
        if (deleting) {
          expected.erase(record);
        } else {
          expected[record] = full.at(record);
        }
      }
    }
    deleting = !deleting;
  });
}

// The judge does not say who wins, only that both sides agree on one of the two values and that the other is kept.
TEST_F(Kill, a_conflict_settles_on_one_value_and_keeps_the_other) {
  make_page("record", "Ops", "2026-01-01");
  settle("before");
  int round = 0;
  for (const int k : moments({2, 3, 4})) {
    const std::string by_person = "by a person " + std::to_string(++round);
    const std::string by_application = "by an application " + std::to_string(round);
    patch("record", {{"Type", tags({by_person})}});
    world.sql("update decision_vault set type = $1", {by_application});
    kill_at(k);
    // Any of the two will do as what is expected; a wrong winner on one side is still seen.
    world.pass_time();
    world.run({"sync", "--json"});
    const auto row = world.live_rows()["record"];
    ASSERT_TRUE(row == by_person + "|2026-01-01" || row == by_application + "|2026-01-01") << row;
    expected["record"] = row;
    settle("conflict, killed at request " + std::to_string(k));
    const auto loser = row.starts_with(by_person) ? by_application : by_person;
    const auto list = world.run({"conflicts", "list", "--all", "--json"});
    EXPECT_NE(list.out.find(loser), std::string::npos) << "the losing value is not kept: " << list.out;
  }
  EXPECT_GT(kills, 0);
}

// What the service does to answers, on the real binary: each fate for a create and for an update.
TEST_F(Kill, lost_and_mutilated_answers_make_no_doubles_and_lose_nothing) {
  make_page("old", "Ops", "2026-01-01");
  settle("before");
  int round = 0;
  for (const char* fate : {"committed_503", "html_after", "html_before", "lost_after", "lost_before", "truncated_after",
                           "garbage_after", "lands_later", "error_after"}) {
    if (HasFailure()) return;
    ++round;
    insert("row " + std::to_string(round), "Ops", "2026-01-02");
    const auto date = "2026-04-" + std::to_string(10 + round);
    world.sql("update decision_vault set date = $1::text::date where decision = 'old'", {date});
    expected["old"] = "Ops|" + date;
    json::array faults;
    for (const char* match : {"POST /v1/pages", "PATCH /v1/pages/*"}) {
      faults.push_back(
          json::object{{"fate", fate}, {"match", match}, {"times", 1}, {"delay_ms", 500}, {"status", 502}});
    }
    world.control("POST", "/_sandbox/faults", json::object{{"faults", faults}});
    world.pass_time();
    world.run({"sync", "--json"});
    const auto left = world.control("GET", "/_sandbox/faults");
    EXPECT_TRUE(find_array(left, "faults")->empty()) << fate << " did not happen: " << to_text(left);
    settle(fate);
  }
}

// Found under fire: greatest(0, NULL) is 0, and `status` died of a watermark that was not there.
TEST_F(Kill, status_of_a_pair_whose_first_sync_was_killed_says_that_it_is_not_synced_yet) {
  world.set_up();
  world.page("Anna", "Ops", "2026-11-20");
  ASSERT_TRUE(world.kill_sync({.requests = 1, .late_ms = 50, .latency_ms = 200}));
  const auto ran = world.run({"status"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.out.find("not synced yet"), std::string::npos) << ran.out;
  const auto object = world.run({"status", "--json"});
  const auto* pairs = find_array(object.object, "pairs");
  ASSERT_TRUE(pairs && !pairs->empty()) << object.out;
  EXPECT_TRUE(find((*pairs)[0], "lag_s")->is_null());
}

}  // namespace
}  // namespace rowpage::test
