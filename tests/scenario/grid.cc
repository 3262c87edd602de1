#include "scenario/grid.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rowpage::scenario {

void Figures::add(const Figures& other) {
  scenarios += other.scenarios;
  runs += other.runs;
  crash_points += other.crash_points;
  failures += other.failures;
}

std::string Figures::text() const {
  return fmt::format("scenarios {}, runs {}, crash points {}", scenarios, runs, crash_points);
}

std::string_view name_of(Kill::Luck luck) {
  constexpr std::string_view names[] = {"told", "unanswered", "lost"};
  return names[static_cast<int>(luck)];
}

std::optional<Kill::Luck> luck_named(std::string_view name) {
  for (const auto luck : {Kill::Luck::told, Kill::Luck::unanswered, Kill::Luck::lost}) {
    if (name_of(luck) == name) return luck;
  }
  return std::nullopt;
}

std::vector<Kill> crash_points(const Played& whole, Kill::Luck luck) {
  using Resume = Kill::Resume;
  std::vector<Kill> kills;
  if (luck != Kill::Luck::told && whole.sends.empty()) return kills;
  for (std::uint64_t step = 1; step <= whole.steps; ++step) {
    for (const auto resume : {Resume::at_once, Resume::soon, Resume::later}) kills.push_back({luck, resume, step});
    if (whole.sends.contains(step)) kills.push_back({luck, Resume::in_flight, step});
  }
  return kills;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    return fail(
        {Effect::none, Scope::workspace, Cause::usage, path + " cannot be read", "Name a file that holds a scenario."});
  return std::move(text).str();
}

std::vector<std::string> scenario_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".sync") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

Figures run_file(const std::string& path, std::uint64_t every, std::vector<std::string>& wrong) {
  Figures figures;
  figures.scenarios = 1;
  const auto report = [&](const std::string& how, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    ++figures.failures;
    wrong.push_back(fmt::format("{}{}:\n  {}\n  scenario {}{} --verbose", path,
                                how.empty() ? "" : " (" + how.substr(1) + ")", fmt::join(lines, "\n  "), path, how));
  };
  const auto text = read_file(path);
  const auto scenario = text ? parse_scenario(*text, path) : Result<Scenario>(fail(text.error()));
  if (!scenario) {
    report("", {scenario.error().what, scenario.error().hint});
    return figures;
  }
  const Played plain = play(*scenario);
  report("", plain.wrong);
  if (!plain.wrong.empty()) return ++figures.runs, figures;
  if (play(*scenario).trace != plain.trace) report("", {"replayed, it goes another way"});
  figures.runs += 2;
  if (every == 0) return figures;

  const std::size_t own = std::hash<std::string>{}(std::filesystem::path(path).filename().string());
  std::vector<Kill::Luck> lucks{Kill::Luck::told, Kill::Luck::unanswered, Kill::Luck::lost};
  if (every > 1) lucks.erase(lucks.begin() + 1 + static_cast<std::ptrdiff_t>(own % 2));
  std::uint64_t next = own % every;
  for (const auto luck : lucks) {
    const bool told = luck == Kill::Luck::told;
    const Played whole = told ? plain : play(*scenario, {luck, Kill::Resume::later, 0});
    const std::string how = told ? std::string() : fmt::format(" --luck {}", name_of(luck));
    if (!told) {
      report(how, whole.wrong);
      ++figures.runs;
    }
    const std::vector<Kill> kills = crash_points(whole, luck);
    for (; next < kills.size(); next += every) {
      Played played = play(*scenario, kills[next]);
      if (!played.killed) played.wrong.emplace_back("the step was not reached");
      report(fmt::format("{} --crash {}", how, next + 1), played.wrong);
      ++figures.runs;
      ++figures.crash_points;
    }
    next -= kills.size();
  }
  return figures;
}

}  // namespace rowpage::scenario
