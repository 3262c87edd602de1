// The real binary with one rule switched off (core/mutant.h): `fire --mutant N` must notice. Linked with src/main.cc
// into rowpage-mutable, which no user ever gets.
#include <cstdlib>

#include "core/mutant.h"

namespace {

int chosen() {
  const char* number = std::getenv("FIRE_MUTANT");
  return number ? std::atoi(number) : 0;
}

[[maybe_unused]] const bool switched = [] {
  rowpage::active_mutant = static_cast<rowpage::Mutant>(chosen());
  return true;
}();

}  // namespace
