// Work that people do with the real binary beside a plain sync: letting go of held records, narrowing a run, several
// pairs, several runners, signals.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>

#include "cli/world.h"

namespace rowpage::test {
namespace {

class Work : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
    world.set_up();
  }
  static std::int64_t figure(const Ran& ran, const char* name, std::size_t pair = 0) {
    const auto* pairs = find_array(ran.object, "pairs");
    const auto* value = pairs && pair < pairs->size() ? find((*pairs)[pair], name) : nullptr;
    return value ? static_cast<std::int64_t>(as_number(*value).value_or(-1)) : -1;
  }
  Ran sync(std::vector<std::string> more = {}) {
    world.pass_time();
    more.insert(more.begin(), {"sync", "--json"});
    return world.run(more);
  }
  std::string only_parked() {
    const auto list = world.run({"parked", "list", "--json"});
    const auto* parked = find_array(list.object, "parked");
    EXPECT_TRUE(parked && parked->size() == 1) << list.out;
    return parked && !parked->empty() ? number_text(*as_number(*find((*parked)[0], "id"))) : "";
  }
  void insert(const std::string& decision, const std::string& type = "Ops", const std::string& date = "2026-01-01") {
    world.sql("insert into decision_vault (decision, type, date) values ($1, $2, $3::text::date)",
              {decision, type, date});
  }
  World world;
};

// A page that was moved away is held: its row is neither deleted nor fed any more.
TEST_F(Work, a_held_record_is_released_or_relinked_by_hand) {
  const auto moved = world.page("moved away", "Ops", "2026-01-01");
  const auto gone = world.page("moved away too", "Ops", "2026-01-02");
  ASSERT_EQ(sync().code, 0);
  for (const auto& page : {moved, gone}) {
    world.person("POST", "/v1/pages/" + page + "/move",
                 json::object{{"parent", json::object{{"type", "page_id"},
                                                      {"page_id", world.environment["NOTION_PARENT_PAGE_ID"]}}}});
  }
  world.sql("update decision_vault set date = '2026-05-05'");
  const auto held = sync({"--full"});
  EXPECT_EQ(held.code, 3) << held.out << held.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault where deleted_at is null"), 2);
  const auto list = world.run({"parked", "list", "--json"});
  const auto* parked = find_array(list.object, "parked");
  ASSERT_TRUE(parked && parked->size() == 2) << list.out;
  std::string id_moved, id_gone;
  for (const auto& one : *parked) {
    EXPECT_EQ(find_string(one, "kind"), "held");
    (find_string(one, "page_id") == moved ? id_moved : id_gone) = number_text(*as_number(*find(one, "id")));
  }
  // Relink: the row goes on with another page.
  const auto other = world.page("the other page", "Ops", "2026-01-01");
  EXPECT_EQ(world.run({"parked", "relink", id_moved}).code, 2) << "--page is missing";
  EXPECT_EQ(world.run({"parked", "relink", id_moved, "--page", "nonsense"}).code, 2);
  const auto relinked = world.run({"parked", "relink", id_moved, "--page", other});
  EXPECT_EQ(relinked.code, 0) << relinked.out << relinked.err;
  // Release: the row becomes a record of its own, and gets a page of its own.
  const auto released = world.run({"parked", "release", id_gone});
  EXPECT_EQ(released.code, 0) << released.out << released.err;
  Ran after;
  for (int i = 0; i < 3; ++i) after = sync({"--full"});
  EXPECT_EQ(after.code, 0) << after.out << after.err;
  EXPECT_EQ(world.number("select count(*) from decision_vault where deleted_at is null"), 2);
  EXPECT_EQ(world.number("select count(*) from rowpage.link where page_live and row_live"), 2);
  EXPECT_EQ(world.sql("select page_id from rowpage.link where page_live and page_id = $1", {other}), other);
}

TEST_F(Work, since_narrows_a_run_and_leaves_the_rest_for_a_plain_one) {
  world.page("page", "UX", "2026-02-02");
  insert("row");
  const auto future = world.run({"sync", "--since", "2999-01-01"});
  EXPECT_EQ(future.code, 2);
  EXPECT_NE(future.err.find("future"), std::string::npos);
  world.advance();
  const auto recent = world.run({"sync", "--json", "--since", "24h"});
  EXPECT_EQ(recent.code, 0) << recent.out << recent.err;
  EXPECT_EQ(figure(recent, "rows_created") + figure(recent, "pages_created"), 2) << recent.out;
  // A time without a zone is UTC.
  // all.
  insert("another");
  const auto iso = world.run({"sync", "--json", "--since", "2026-01-01T00:00:00"});
  EXPECT_EQ(iso.code, 0) << iso.out << iso.err;
  EXPECT_EQ(figure(iso, "pages_created"), 1) << iso.out;
  EXPECT_EQ(sync().code, 0);
  EXPECT_EQ(world.live_pages(), world.live_rows());
}

TEST_F(Work, a_runner_that_waits_begins_when_the_lease_is_free) {
  insert("row");
  world.sql(
      "insert into rowpage.workspace (name, holder, fence, expires_at) values ('default', 'elsewhere', 1, now() + "
      "interval '4 seconds') on conflict (name) do update set holder = 'elsewhere', fence = "
      "rowpage.workspace.fence + 1, expires_at = excluded.expires_at");
  const auto refused = world.run({"sync", "--json"});
  EXPECT_EQ(refused.code, 7) << refused.out << refused.err;
  EXPECT_NE(refused.err.find("--wait"), std::string::npos) << refused.err;
  const auto waited = world.run({"sync", "--json", "--wait"});
  EXPECT_EQ(waited.code, 0) << waited.out << waited.err;
  EXPECT_EQ(figure(waited, "pages_created"), 1);
}

TEST_F(Work, of_two_pairs_one_that_fails_does_not_stop_the_other) {
  world.run({"init", "--preset", "decision-vault"});
  world.environment.erase("ROWPAGE_PRESET");
  auto yaml = world.read("rowpage.yaml");
  yaml.replace(yaml.find("pairs:\n"), 7,
               "pairs:\n  - model: Note\n    notion: { title: Notes }\n    table: note\n    fields: [ { column: text, "
               "property: Text, type: title } ]\n");
  world.write("rowpage.yaml", yaml);
  const auto setup = world.run({"setup", "--json"});
  ASSERT_EQ(setup.code, 0) << setup.out << setup.err;
  world.sql("insert into note (text) values ('a note')");
  insert("a decision");
  ASSERT_EQ(sync({"--model", "note"}).code, 0);
  EXPECT_EQ(world.live_pages().size(), 0u) << "the other pair was not asked for";
  world.sql("alter table note rename column text to texts");
  const auto ran = sync();
  EXPECT_EQ(ran.code, 1) << ran.out << ran.err;
  EXPECT_NE(ran.err.find("texts"), std::string::npos) << "the nearest name is shown: " << ran.err;
  EXPECT_EQ(figure(ran, "pages_created", 1), 1) << ran.out;
  world.sql("alter table note rename column texts to text");
  const auto mended = sync();
  EXPECT_EQ(mended.code, 0) << mended.out << mended.err;
}

TEST_F(Work, a_termination_is_an_interrupt_and_the_next_sync_goes_on) {
  for (int i = 0; i < 40; ++i) insert("row " + std::to_string(i));
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 60}});
  const auto child = world.start({"sync", "--json"});
  for (int i = 0; i < 600 && world.number("select count(*) from rowpage.link") == 0; ++i) ::usleep(20'000);
  ::kill(child, SIGTERM);
  const auto stopped = world.finish(child);
  EXPECT_EQ(stopped.code, 130) << stopped.out << stopped.err;
  ASSERT_TRUE(stopped.object.is_object()) << stopped.out;
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 0}});
  const auto rest = world.run({"sync", "--json"});
  EXPECT_NE(rest.code, 7) << "the lease was given back";
  const auto last = sync();
  EXPECT_EQ(last.code, 0) << last.out << last.err;
  EXPECT_EQ(world.live_pages(), world.live_rows());
  EXPECT_EQ(world.live_pages().size(), 40u);
}

TEST_F(Work, a_newer_schema_is_refused_by_an_older_program) {
  world.sql("update rowpage.meta set schema_version = schema_version + 1");
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"sync"}, {"plan"}, {"status"}, {"setup"}, {"check"}}) {
    const auto ran = world.run(line);
    EXPECT_NE(ran.code, 0) << line[0];
    EXPECT_NE((ran.out + ran.err).find("newer"), std::string::npos) << line[0] << ": " << ran.out << ran.err;
  }
}

// Found under fire: exit 4 for ever.
TEST_F(Work, a_conflict_of_a_record_that_both_sides_deleted_waits_for_nobody) {
  world.full_bookkeeping();
  auto yaml = world.read("rowpage.yaml");
  const auto at = yaml.find("prefer: newest");
  ASSERT_NE(at, std::string::npos);
  yaml.replace(at, 14, "prefer: ask");
  world.write("rowpage.yaml", yaml);
  ASSERT_EQ(world.run({"setup"}).code, 0);
  for (const bool decided_first : {true, false}) {
    const auto page = world.page(decided_first ? "decided" : "open", "Ops", "2026-01-01");
    ASSERT_EQ(sync().code, 0);
    world.person("PATCH", "/v1/pages/" + page, json::object{{"properties", json::object{{"Date", day("2026-02-02")}}}});
    world.sql("update decision_vault set date = '2026-03-03' where deleted_at is null");
    EXPECT_EQ(sync().code, 4);
    const auto decide = [&] {
      const auto list = world.run({"conflicts", "list", "--json"});
      for (const auto& conflict : *find_array(list.object, "conflicts")) {
        const auto id = number_text(*as_number(*find(conflict, "id")));
        EXPECT_EQ(world.run({"conflicts", "resolve", id, "--take", "notion"}).code, 0);
      }
    };
    if (decided_first) decide();
    world.person("PATCH", "/v1/pages/" + page, json::object{{"in_trash", true}});
    world.sql("update decision_vault set deleted_at = now() where deleted_at is null");
    Ran after;
    for (int i = 0; i < 3; ++i) after = sync({"--full"});
    EXPECT_EQ(after.code, 0) << after.out << after.err;
    EXPECT_NE(world.run({"conflicts", "list"}).out.find("no conflict waits"), std::string::npos);
    EXPECT_EQ(world.number("select count(*) from rowpage.parked"), 0);
  }
}

}  // namespace
}  // namespace rowpage::test
