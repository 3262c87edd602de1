// A share of the simulation small enough for every test run; `simulate` runs as many as one likes.
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/mutant.h"
#include "sim/cases.h"

namespace rowpage::sim {
namespace {

std::uint64_t cases_wanted(std::uint64_t otherwise) {
  const char* text = std::getenv("ROWPAGE_SIM_CASES");
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string told(const CaseResult& result) {
  std::string text;
  for (const auto& line : result.wrong) text += "\n  " + line;
  return text;
}

TEST(Simulation, calm_worlds_come_together) {
  for (std::uint64_t seed = 1; seed <= cases_wanted(300) / 3; ++seed) {
    const CaseResult result = run_case({.seed = seed, .calm = true});
    ASSERT_TRUE(result.wrong.empty()) << "seed " << seed << " (calm)" << told(result);
  }
}

TEST(Simulation, every_promise_holds_under_faults_and_crashes) {
  for (std::uint64_t seed = 1; seed <= cases_wanted(300); ++seed) {
    const CaseResult result = run_case({seed});
    ASSERT_TRUE(result.wrong.empty()) << "seed " << seed << told(result);
  }
}

TEST(Simulation, the_same_seed_gives_the_same_trace) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(run_case({seed}).trace, run_case({seed}).trace) << "seed " << seed;
}

}  // namespace
}  // namespace rowpage::sim
