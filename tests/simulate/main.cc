// simulate: random cases by the thousand, of one pair or, with --linked, of two related ones. A failure prints the
// command that replays it, shrunk: with the fewest deeds of people and kinds of trouble that still fail.
//
//   --seed N --count N     cases from seed N on; --minutes M ends earlier
//   --keep-going           all cases, also after a failure
//   --linked               two related pairs
//   --calm                 people alone: no trouble, no crash
//   --crash K, --no-crash  the step at which the crash comes; none
//   --skip 1,4             without these deeds of people; --without a,b: without these kinds of trouble
//   --mutant N             one rule switched off (core/mutant.h)
// SIM_VERBOSE=1 tells everything that happens.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "core/mutant.h"
#include "sim/cases.h"
#include "sim/linked_world.h"

namespace {

using namespace rowpage::sim;

// A case of two related pairs, in the figures of the other kind.
CaseResult linked(const CaseOptions& options, bool verbose) {
  const LinkedResult played = run_linked_case({options.seed, options.calm, verbose});
  CaseResult result;
  result.wrong = played.wrong;
  result.tally.faults = played.fates;
  result.tally.requests = played.requests;
  result.tally.crashes = played.crashes;
  result.tally.cycles = played.cycles;
  return result;
}

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream in(text);
  for (std::string name; std::getline(in, name, ',');) names.push_back(name);
  return names;
}

std::string replay(const CaseOptions& failing, bool related) {
  if (!related) return replay_words(shrink(failing));
  return "--linked --seed " + std::to_string(failing.seed) + " --count 1" + (failing.calm ? " --calm" : "");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace rowpage;
  std::uint64_t seed = 1;
  std::uint64_t count = 1000;
  CaseOptions options;
  bool keep_going = false;
  bool related = false;
  double minutes = 0;
  const bool verbose = std::getenv("SIM_VERBOSE") != nullptr;
  for (int i = 1; i < argc; ++i) {
    const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
    if (std::strcmp(argv[i], "--seed") == 0) seed = number();
    if (std::strcmp(argv[i], "--count") == 0) count = number();
    if (std::strcmp(argv[i], "--crash") == 0) options.crash_step = number();
    if (std::strcmp(argv[i], "--linked") == 0) related = true;
    if (std::strcmp(argv[i], "--calm") == 0) options.calm = true;
    if (std::strcmp(argv[i], "--no-crash") == 0) options.no_crash = true;
    if (std::strcmp(argv[i], "--minutes") == 0) minutes = static_cast<double>(number());
    if (std::strcmp(argv[i], "--skip") == 0 && i + 1 < argc) {
      for (const auto& deed : list_of(argv[++i])) options.skip.insert(std::strtoull(deed.c_str(), nullptr, 10));
    }
    if (std::strcmp(argv[i], "--without") == 0 && i + 1 < argc) {
      for (const auto& kind : list_of(argv[++i])) options.without.insert(kind);
    }
    if (std::strcmp(argv[i], "--keep-going") == 0) keep_going = true;
    if (std::strcmp(argv[i], "--mutant") == 0) active_mutant = static_cast<Mutant>(number());
  }
  Tally total;
  std::uint64_t failed = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t losses = 0;
  std::uint64_t done = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds_passed = [start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (; done < count && (minutes == 0 || seconds_passed() < 60 * minutes); ++done) {
    options.seed = seed + done;
    const CaseResult result = related ? linked(options, verbose) : run_case(options);
    total.cycles += result.tally.cycles;
    total.crashes += result.tally.crashes;
    total.steps += result.tally.steps;
    total.requests += result.tally.requests;
    conflicts += result.conflicts;
    losses += result.window_losses;
    for (const auto& [name, times] : result.tally.faults) total.faults[name] += times;
    if (result.wrong.empty()) continue;
    ++failed;
    if (failed <= 10) {
      std::printf("seed %llu:", static_cast<unsigned long long>(options.seed));
      for (const auto& line : result.wrong) std::printf("\n  %s", line.c_str());
      std::printf("\n  replay: SIM_VERBOSE=1 simulate %s\n", replay(options, related).c_str());
    }
    if (!keep_going) break;
  }
  const double seconds = seconds_passed();
  std::printf(
      "%llu cases, %llu failed, %llu cycles, %llu requests, %llu crashes, %llu steps, %llu conflicts, %llu window "
      "losses, %.0f cases/s\n",
      static_cast<unsigned long long>(done), static_cast<unsigned long long>(failed),
      static_cast<unsigned long long>(total.cycles), static_cast<unsigned long long>(total.requests),
      static_cast<unsigned long long>(total.crashes), static_cast<unsigned long long>(total.steps),
      static_cast<unsigned long long>(conflicts), static_cast<unsigned long long>(losses),
      static_cast<double>(done) / seconds);
  for (const auto& [name, times] : total.faults)
    std::printf("  %-16s %llu\n", name.c_str(), static_cast<unsigned long long>(times));
  return failed == 0 ? 0 : 1;
}
