// Two related pairs against the oracle of plain values (linked_world.h).
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>

#include "core/mutant.h"
#include "sim/linked_world.h"

namespace rc {

template <>
struct Arbitrary<rowpage::sim::Deed> {
  static Gen<rowpage::sim::Deed> arbitrary() {
    using rowpage::sim::Deed;
    return gen::build<Deed>(gen::set(&Deed::kind, gen::map(gen::inRange(0, static_cast<int>(Deed::Kind::count_)),
                                                           [](int n) { return static_cast<Deed::Kind>(n); })),
                            gen::set(&Deed::in_notion), gen::set(&Deed::a, gen::inRange(0U, 8U)),
                            gen::set(&Deed::b, gen::inRange(0U, 8U)),
                            gen::set(&Deed::wait_s, gen::element(0U, 1U, 61U)));
  }
};

}  // namespace rc

namespace rowpage::sim {

void showValue(const Deed& deed, std::ostream& out) {
  out << (deed.in_notion ? "Notion" : "SQL") << " deed " << static_cast<int>(deed.kind) << " a=" << deed.a
      << " b=" << deed.b << " after " << deed.wait_s << " s";
}

namespace {

std::uint64_t cases_wanted(std::uint64_t otherwise) {
  const char* text = std::getenv("ROWPAGE_SIM_CASES");
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string told(const std::vector<std::string>& wrong) {
  std::string text;
  for (const auto& line : wrong) text += "\n  " + line;
  return text;
}

TEST(LinkedSimulation, calm_worlds_come_to_show_the_same_links) {
  for (std::uint64_t seed = 1; seed <= cases_wanted(150); ++seed) {
    const auto result = run_linked_case({seed, true});
    ASSERT_TRUE(result.wrong.empty()) << "seed " << seed << " (calm)" << told(result.wrong);
  }
}

TEST(LinkedSimulation, links_survive_faults_and_crashes) {
  for (std::uint64_t seed = 1; seed <= cases_wanted(150); ++seed) {
    const auto result = run_linked_case({seed});
    ASSERT_TRUE(result.wrong.empty()) << "seed " << seed << told(result.wrong);
  }
}

// A rule is switched off, so that something fails: what is left of the case fails just so, and nothing can be spared.
TEST(LinkedSimulation, a_failure_is_shrunk_to_what_it_takes) {
  active_mutant = Mutant::links_as_one_value;
  LinkedCase failing{1};
  while (run_linked_case(failing).wrong.empty() && failing.seed < 200) ++failing.seed;
  const LinkedResult whole = run_linked_case(failing);
  const LinkedCase small = shrink(failing);
  const bool fails = !run_linked_case(small).wrong.empty();
  active_mutant = Mutant::none;
  ASSERT_FALSE(whole.wrong.empty()) << "no case fails";
  EXPECT_TRUE(fails) << replay_words(small);
  EXPECT_GT(small.skip.size(), whole.deeds / 2) << replay_words(small);
  EXPECT_GE(small.without.size(), 7U) << "it takes no trouble: " << replay_words(small);
}

TEST(LinkedSimulation, the_same_seed_gives_the_same_trace) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    EXPECT_EQ(run_linked_case({seed}).trace, run_linked_case({seed}).trace) << "seed " << seed;
}

// A state machine: any deeds in any order, a sync after every few of them, a death at any step.
RC_GTEST_PROP(LinkedSimulation, any_deeds_leave_both_sides_with_the_same_links, (const std::vector<Deed>& deeds)) {
  const auto every = *rc::gen::inRange(0U, 5U);
  const auto crash = *rc::gen::inRange<std::uint64_t>(0, 40);
  const auto wrong = play(deeds, every, crash);
  RC_LOG() << told(wrong);
  RC_ASSERT(wrong.empty());
}

}  // namespace
}  // namespace rowpage::sim
