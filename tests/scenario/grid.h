// All runs of a scenario: plain, replayed, run once more, and killed at every step and resumed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenario/play.h"

namespace rowpage::scenario {

struct Figures {
  std::uint64_t scenarios = 0, runs = 0, crash_points = 0, failures = 0;
  void add(const Figures& other);
  /// "scenarios 3, runs 120, crash points 114"
  std::string text() const;
};

/// Where a scenario that went like `whole`, with this luck, can die: every step, with every way to resume it that makes
/// a difference. In order, numbered from 1; none where the luck has no say, for nothing is sent.
std::vector<Kill> crash_points(const Played& whole, Kill::Luck luck);

std::string_view name_of(Kill::Luck luck);
std::optional<Kill::Luck> luck_named(std::string_view name);

/// The text of a file; an error names it.
Result<std::string> read_file(const std::string& path);
/// The .sync files below a folder, sorted.
std::vector<std::string> scenario_files(const std::string& folder);

/// Runs a file. `every`: one crash point in so many, beginning at one that differs from file to file, as does the bad
/// luck that is tried then; 1: all; 0: none.
/// `wrong` gets what failed, each with the command that shows it again.
Figures run_file(const std::string& path, std::uint64_t every, std::vector<std::string>& wrong);

}  // namespace rowpage::scenario
