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
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "core/mutant.h"
#include "sim/cases.h"
#include "sim/linked_world.h"
#include "sim/trouble.h"

namespace {

using namespace rowpage::sim;

// A case of two related pairs, in the figures of the other kind.
CaseResult linked(const CaseOptions& options, bool verbose) {
  const LinkedResult played = run_linked_case({options.seed, options.calm, verbose, options.skip, options.without});
  CaseResult result;
  result.wrong = played.wrong;
  result.tally.faults = played.fates;
  result.tally.requests = played.requests;
  result.tally.crashes = played.crashes;
  result.tally.cycles = played.cycles;
  result.window_losses = played.window_losses;
  result.conflicts = played.conflicts;
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
  return replay_words(shrink({failing.seed, failing.calm, false, failing.skip, failing.without}));
}

struct Wish {
  std::uint64_t seed = 1, count = 1000, minutes = 0;
  CaseOptions options;
  bool keep_going = false, related = false;
};

[[noreturn]] void refuse(const std::string& what) {
  std::fprintf(stderr,
               "simulate: %s\n  simulate [--seed N] [--count N] [--minutes M] [--keep-going] [--linked] [--calm]\n"
               "           [--crash K | --no-crash] [--skip DEED,...] [--without KIND,...] [--mutant N]\n",
               what.c_str());
  std::exit(2);
}

std::uint64_t number_of(const std::string& option, const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
    refuse(option + " takes a whole number, not \"" + text + "\"");
  return std::strtoull(text.c_str(), nullptr, 10);
}

Wish read(int count, char** words) {
  Wish wish;
  for (int i = 1; i < count; ++i) {
    const std::string option = words[i];
    const auto text = [&]() -> std::string {
      if (i + 1 >= count) refuse(option + " wants a value");
      return words[++i];
    };
    const auto number = [&] { return number_of(option, text()); };
    if (option == "--seed") {
      wish.seed = number();
    } else if (option == "--count") {
      wish.count = number();
    } else if (option == "--minutes") {
      wish.minutes = number();
    } else if (option == "--keep-going") {
      wish.keep_going = true;
    } else if (option == "--linked") {
      wish.related = true;
    } else if (option == "--calm") {
      wish.options.calm = true;
    } else if (option == "--no-crash") {
      wish.options.no_crash = true;
    } else if (option == "--crash") {
      wish.options.crash_step = number();
    } else if (option == "--skip") {
      for (const auto& deed : list_of(text())) wish.options.skip.insert(number_of(option, deed));
    } else if (option == "--without") {
      for (const auto& kind : list_of(text())) {
        const bool known = std::ranges::find(trouble_kinds(), kind) != trouble_kinds().end() ||
                           std::ranges::find(linked_trouble_kinds(), kind) != linked_trouble_kinds().end();
        if (!known)
          refuse("there is no kind of trouble \"" + kind + "\"; see tests/sim/trouble.cc and linked_cases.cc");
        wish.options.without.insert(kind);
      }
    } else if (option == "--mutant") {
      const std::uint64_t mutant = number();
      if (mutant >= static_cast<std::uint64_t>(rowpage::Mutant::count_)) refuse("there is no such mutant");
      rowpage::active_mutant = static_cast<rowpage::Mutant>(mutant);
    } else {
      refuse("there is no option \"" + option + "\"");
    }
  }
  return wish;
}

}  // namespace

int main(int argc, char** argv) {
  const Wish wish = read(argc, argv);
  CaseOptions options = wish.options;
  const bool verbose = std::getenv("SIM_VERBOSE") != nullptr;
  Tally total;
  std::uint64_t failed = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t losses = 0;
  std::uint64_t done = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds_passed = [start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (; done < wish.count && (wish.minutes == 0 || seconds_passed() < 60.0 * static_cast<double>(wish.minutes));
       ++done) {
    options.seed = wish.seed + done;
    const CaseResult result = wish.related ? linked(options, verbose) : run_case(options);
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
      std::printf("\n  replay: SIM_VERBOSE=1 simulate %s\n", replay(options, wish.related).c_str());
    }
    if (!wish.keep_going) break;
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
