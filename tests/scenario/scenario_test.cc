// Every scenario of this folder, plain, replayed, run once more, and killed at its steps and resumed (I7).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "scenario/grid.h"

namespace rowpage::scenario {
namespace {

const std::string folder = ROWPAGE_SOURCE_DIR "/tests/scenario";

// All crash points take minutes in a build without optimisation and more under the sanitizers, so the usual run takes
// one in so many of each scenario, other ones of another. ROWPAGE_FULL: all of them.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr std::uint64_t usual_share = 32;
#else
constexpr std::uint64_t usual_share = 8;
#endif
#else
constexpr std::uint64_t usual_share = 8;
#endif

Figures total;

class Every : public testing::TestWithParam<std::string> {};

TEST_P(Every, comes_to_its_end_however_it_is_run) {
  std::vector<std::string> wrong;
  const std::uint64_t every = std::getenv("ROWPAGE_FULL") ? 1 : usual_share;
  const Figures figures = run_file(GetParam(), every, wrong);
  total.add(figures);
  for (const auto& text : wrong) ADD_FAILURE() << text;
  EXPECT_EQ(figures.scenarios, 1U);
}

INSTANTIATE_TEST_SUITE_P(Scenario, Every, testing::ValuesIn(scenario_files(folder)), [](const auto& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  std::ranges::replace_if(
      name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

class Sum : public testing::Environment {
 public:
  void TearDown() override {
    if (total.scenarios > 0) std::printf("%s\n", total.text().c_str());
  }
};
const auto* const sum = testing::AddGlobalTestEnvironment(new Sum);

}  // namespace
}  // namespace rowpage::scenario
