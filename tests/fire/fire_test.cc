// A few seeds of the real binary under fire; `fire --count 200` plays the rest.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "fire/story.h"

namespace rowpage::fire {
namespace {

void play(const char* way) {
  if (find_postgres_binaries().empty()) GTEST_SKIP() << "no PostgreSQL server is installed";
  auto cluster = start_cluster();
  ASSERT_TRUE(cluster) << cluster.error().what;
  const bool full = std::getenv("ROWPAGE_FULL") != nullptr;
  const auto enough = std::chrono::steady_clock::now() + std::chrono::seconds(6);
  // Three seeds; on a slow machine fewer, but one.
  for (std::uint64_t seed = 1; seed <= (full ? 20 : 3); ++seed) {
    if (!full && seed > 1 && std::chrono::steady_clock::now() > enough) break;
    const auto result = run_story(*cluster, seed);
    for (const auto& wrong : result.wrong)
      ADD_FAILURE() << "seed " << seed << ": " << wrong << "\nreplay: fire --seed " << seed << way;
    EXPECT_GT(result.tally.count("syncs"), 0u);
  }
}

TEST(Fire, whatever_breaks_both_sides_agree_afterwards_and_nobody_lost_a_value) {
  play("");
}

void play_over(const char* way) {
  ::setenv("FIRE_WAY", way, 1);
  play((std::string(" --way ") + way).c_str());
  ::unsetenv("FIRE_WAY");
}

TEST(Fire, the_same_over_the_data_api) {
  play_over("data-api");
}

TEST(Fire, the_same_over_a_session_pooler) {
  play_over("session");
}

TEST(Fire, the_same_over_a_transaction_pooler) {
  play_over("transaction");
}

}  // namespace
}  // namespace rowpage::fire
