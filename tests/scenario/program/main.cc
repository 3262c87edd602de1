// scenario FILE [--crash K] [--luck told|unanswered|lost] [--verbose]: plays one scenario, killed at its K-th crash
// point or with bad luck, and says what is not as it should be; with neither, every run of it. scenario --all FOLDER
// [--every N]: all of a folder, with figures in the last line. --mutant N: with a rule of the engine switched off
// (core/mutant.h), to see who notices.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/mutant.h"
#include "scenario/grid.h"

namespace {

using namespace rowpage::scenario;

constexpr int failed = 1, usage = 2;

int play_one(const std::string& path, std::uint64_t crash, Kill::Luck luck, bool verbose) {
  const auto text = read_file(path);
  const auto scenario = text ? parse_scenario(*text, path) : rowpage::Result<Scenario>(rowpage::fail(text.error()));
  if (!scenario) {
    std::fprintf(stderr, "%s\n%s\n", scenario.error().what.c_str(), scenario.error().hint.c_str());
    return usage;
  }
  Kill kill;
  kill.luck = luck;
  kill.resume = Kill::Resume::later;
  if (crash != 0) {
    const auto points = crash_points(play(*scenario, kill), luck);
    if (crash > points.size()) {
      std::fprintf(stderr, "%s has %zu crash points\n", path.c_str(), points.size());
      return usage;
    }
    kill = points[crash - 1];
  }
  const Played played = play(*scenario, kill, verbose);
  for (const auto& line : played.wrong) std::printf("%s: %s\n", path.c_str(), line.c_str());
  if (played.wrong.empty()) std::printf("%s: as expected\n", path.c_str());
  return played.wrong.empty() ? 0 : failed;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files;
  std::uint64_t crash = 0, every = 1;
  bool verbose = false;
  Kill::Luck luck = Kill::Luck::told;
  for (int i = 1; i < argc; ++i) {
    const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
    if (std::strcmp(argv[i], "--crash") == 0) {
      crash = number();
    } else if (std::strcmp(argv[i], "--every") == 0) {
      every = number();
    } else if (std::strcmp(argv[i], "--luck") == 0 && i + 1 < argc && luck_named(argv[i + 1])) {
      luck = *luck_named(argv[++i]);
    } else if (std::strcmp(argv[i], "--verbose") == 0) {
      verbose = true;
    } else if (std::strcmp(argv[i], "--mutant") == 0) {
      rowpage::active_mutant = static_cast<rowpage::Mutant>(number());
    } else if (std::strcmp(argv[i], "--all") == 0 && i + 1 < argc) {
      for (auto& file : scenario_files(argv[++i])) files.push_back(std::move(file));
    } else if (argv[i][0] != '-') {
      files.emplace_back(argv[i]);
    } else {
      std::fprintf(stderr,
                   "usage: scenario FILE [--crash K] [--luck told|unanswered|lost] [--verbose] | scenario --all FOLDER "
                   "[--every N] [--mutant N]\n");
      return usage;
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "no scenario is named\n");
    return usage;
  }
  if (files.size() == 1 && (crash != 0 || verbose || luck != Kill::Luck::told))
    return play_one(files.front(), crash, luck, verbose);
  Figures total;
  for (const auto& file : files) {
    std::vector<std::string> wrong;
    total.add(run_file(file, every, wrong));
    for (const auto& text : wrong) std::printf("%s\n", text.c_str());
    std::fflush(stdout);  // a long run is looked at while it lasts
  }
  std::printf("%s\n", total.text().c_str());
  return total.failures == 0 ? 0 : failed;
}
