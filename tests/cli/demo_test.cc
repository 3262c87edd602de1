// `rowpage demo` from outside, in its smallest world, and the judge it ends with.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "cli/demo_compare.h"
#include "cli/demo_fill.h"
#include "cli/demo_view.h"
#include "cli/runner.h"
#include "cli/setup_work.h"
#include "cli/world.h"
#include "config/read.h"

namespace rowpage::test {
namespace {

constexpr const char* smallest = "100";

class DemoCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  }
  static double figure(const Ran& ran, const char* object, const char* name) {
    const auto* whole = find(ran.object, object);
    const auto* value = whole ? find(*whole, name) : nullptr;
    return value ? as_number(*value).value_or(-1) : -1;
  }
  // Where the demo's own PostgreSQL lives, as it says itself.
  static std::string directory(const std::string& out) {
    const auto at = out.find("/tmp/rowpage-pg-");
    return at == std::string::npos ? "" : out.substr(at, out.find_first_of(" \n", at) - at);
  }
  World world;
};

TEST_F(DemoCommand, brings_the_whole_house_together_and_ends_well) {
  const auto demo = world.run({"demo", "--records", smallest, "--json"});
  ASSERT_EQ(demo.code, 0) << demo.err;
  EXPECT_EQ(figure(demo, "setup", "databases"), 16);
  EXPECT_GT(figure(demo, "filled", "pages"), 100);
  EXPECT_EQ(figure(demo, "filled", "most_links"), 60);
  EXPECT_EQ(figure(demo, "quiet", "notion_writes"), 0);
  EXPECT_EQ(figure(demo, "quiet", "rows_written"), 0);
  EXPECT_LE(figure(demo, "quiet", "requests"), 17);
  EXPECT_EQ(figure(demo, "stopped", "pairs_stopped"), 1);
  EXPECT_EQ(figure(demo, "compared", "differences"), 0);
  EXPECT_GT(figure(demo, "compared", "links"), 300);
  EXPECT_GE(figure(demo, "requests", "used"), figure(demo, "requests", "necessary"));
  const auto* stories = find_array(demo.object, "records");
  ASSERT_TRUE(stories);
  EXPECT_GE(stories->size(), 13U);
  for (const auto& story : *stories) {
    if (!find_string(story, "property").empty()) {
      EXPECT_EQ(find_string(story, "page"), find_string(story, "row")) << find_string(story, "story");
      EXPECT_NE(find_string(story, "page"), find_string(story, "page_before")) << find_string(story, "story");
    }
  }
}

TEST_F(DemoCommand, shows_the_decision_vault_too) {
  const auto demo = world.run({"demo", "--preset", "decision-vault", "--quick", "--json"});
  EXPECT_EQ(demo.code, 0) << demo.err;
  EXPECT_EQ(figure(demo, "quiet", "notion_writes"), 0);
  EXPECT_EQ(figure(demo, "quiet", "rows_written"), 0);
}

TEST_F(DemoCommand, leaves_nothing_behind_when_it_is_interrupted) {
  const auto child = world.start({"demo", "--records", smallest});
  for (int i = 0; i < 600 && world.read(".out").find("2. People") == std::string::npos; ++i) ::usleep(50'000);
  const auto place = directory(world.read(".out"));
  ASSERT_FALSE(place.empty()) << world.read(".out");
  EXPECT_TRUE(std::filesystem::exists(place));
  ::kill(child, SIGINT);
  EXPECT_EQ(world.finish(child).code, 130);
  for (int i = 0; i < 200 && std::filesystem::exists(place); ++i) ::usleep(50'000);
  EXPECT_FALSE(std::filesystem::exists(place));
}

TEST_F(DemoCommand, refuses_a_number_of_records_it_cannot_make) {
  for (const char* number : {"12", "many", "-5", "1000000"}) {
    const auto demo = world.run({"demo", "--records", number});
    EXPECT_EQ(demo.code, 2) << number;
    EXPECT_NE(demo.err.find("a whole number from 100 to 20000"), std::string::npos) << demo.err;
  }
}

TEST_F(DemoCommand, names_the_presets_it_can_show) {
  const auto demo = world.run({"demo", "--preset", "opera"});
  EXPECT_EQ(demo.code, 2);
  EXPECT_NE(demo.err.find("one of: higherself, decision-vault"), std::string::npos) << demo.err;
}

// A judge that sees nothing would call everything equal: here both sides are made to differ behind the sync's back.
TEST(DemoJudge, names_every_field_link_and_record_in_which_the_sides_differ) {
  auto world = DemoWorld::start(false);
  ASSERT_TRUE(world) << world.error().what;
  auto config = read_config(*preset_text("higherself"), "preset higherself", (*world)->environment());
  ASSERT_TRUE(config) << config.error().what;
  config->connections.requests_per_minute = 30'000;
  ASSERT_TRUE((*world)->allow_requests(30'000));
  Output output({.json = true, .quiet = true});
  Session::Use use;
  use.needs.databases = false;
  use.writes = true;
  use.log = "";
  auto session = Session::open(std::move(*config), (*world)->environment(), output, use);
  ASSERT_TRUE(session) << session.error().what;
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < (*session)->config().pairs.size(); ++i) all.push_back(i);
  for (const auto stage : {set_up_database, set_up_relations}) {
    for (const std::size_t i : all) ASSERT_TRUE(stage(**session, i));
  }
  ASSERT_TRUE(apply_setups((*session)->database(), setup_inputs((*session)->config(), all)));
  const auto data = make_demo_data(100);
  DemoFill fill(**world, **session, data, [](auto, auto, auto) { return true; });
  ASSERT_TRUE(fill.write_pages());
  ASSERT_TRUE(fill.write_rows());
  ASSERT_TRUE((*world)->advance(150));

  const auto judge = [&] { return DemoCompare(**world, **session).run([](auto, auto, auto) { return true; }); };
  const auto before = judge();
  ASSERT_TRUE(before) << before.error().what;
  EXPECT_EQ(before->records(), 0U);
  EXPECT_GE(before->differences.size(), 100U);  // nothing has its other half yet

  RunRequest request;
  request.pairs = all;
  request.options.allow_creates = request.options.allow_rewrites = 1000;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(run_pairs(**session, request).code, ExitCode::done);
    ASSERT_TRUE((*world)->advance(150));
  }
  const auto synced = judge();
  ASSERT_TRUE(synced) << synced.error().what;
  EXPECT_TRUE(synced->differences.empty()) << synced->differences.front();
  EXPECT_EQ(synced->records(), data.records.size());

  ASSERT_TRUE(
      (*world)->sql("update contacts_profiles set city = 'Atlantis' where id = (select min(id::text)::uuid from "
                    "contacts_profiles)"));
  ASSERT_TRUE(
      (*world)->sql("delete from reward_community_members where ctid = (select min(ctid) from "
                    "reward_community_members)"));
  ASSERT_TRUE(
      (*world)->sql("update use_cases set deleted_at = now() where id = (select min(id::text)::uuid from use_cases)"));
  const auto broken = judge();
  ASSERT_TRUE(broken) << broken.error().what;
  std::string told;
  for (const auto& difference : broken->differences) told += difference + "\n";
  EXPECT_NE(told.find("City"), std::string::npos) << told;
  EXPECT_NE(told.find("Community Members: Notion links to"), std::string::npos) << told;
  EXPECT_NE(told.find("UseCase 1 pages have no row"), std::string::npos) << told;
}

}  // namespace
}  // namespace rowpage::test
