// The simulation of related pairs is worth as much as its model of PostgreSQL is true: random histories of two pairs
// run through the model and through the real store on a real server, and after every step both must answer the same.
//
// ROWPAGE_HISTORIES: how many (ROWPAGE_FULL=1: many); ROWPAGE_SEED: of the first, to play one again.
#include "postgres/linked_agreement.h"

#include <cstdlib>

#include "postgres/agreement_text.h"

namespace rowpage::testing {
namespace {

TEST(LinkedAgreement, the_model_and_the_real_store_agree_about_two_related_pairs_after_every_step) {
  ROWPAGE_NEEDS_POSTGRES();
  const Histories wanted = histories(3, 60);
  LinkedAgreement::Figures figures;
  for (std::uint64_t i = 0; i < wanted.count; ++i) {
    SCOPED_TRACE("replay: ROWPAGE_HISTORIES=1 ROWPAGE_SEED=" + std::to_string(wanted.seed + i));
    LinkedAgreement both(wanted.seed + i);
    both.set_up();
    for (int step = 0; step < 60 && !::testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      both.step();
      both.compare();
    }
    figures.add(both.figures);
    if (::testing::Test::HasFailure()) return;
  }
  tell_agreement(wanted.count, figures.steps, figures.answers);
  // Histories in which nothing is ever moved, refused, due or told as our own would prove little.
  const auto at_least = [&](double each) { return static_cast<int>(each * static_cast<double>(wanted.count)); };
  EXPECT_GT(figures.commits, at_least(20));
  EXPECT_GT(figures.moved, at_least(1));
  EXPECT_GT(figures.refused, at_least(0.3));
  EXPECT_GT(figures.errands, at_least(5));
  EXPECT_GT(figures.own_changes, at_least(5));
}

}  // namespace
}  // namespace rowpage::testing
