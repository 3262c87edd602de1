// The contract with the real service: every recorded conversation of the two versions the stand-in speaks, answer by
// answer.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "sandbox/replay.h"

namespace rowpage::sandbox {
namespace {

namespace fs = std::filesystem;

std::vector<Verdict> replay_all(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (entry.path().extension() == ".jsonl" && name != "errors.jsonl" && name != "webhooks.jsonl")
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<Verdict> all;
  for (const auto& path : files) {
    std::ifstream in(path);
    std::vector<Recorded> exchanges;
    std::string line;
    for (std::size_t index = 0; std::getline(in, line); ++index) {
      auto parsed = parse_json(line);
      if (!parsed) throw std::runtime_error(path.string() + ": " + parsed.error().what);
      const auto version = find_string(*parsed, "version");
      if (version == "2025-09-03" || version == "2026-03-11") exchanges.push_back({std::move(*parsed), index});
    }
    if (exchanges.empty()) continue;
    for (auto& verdict : Replay(path.stem().string(), std::move(exchanges)).run()) all.push_back(std::move(verdict));
  }
  return all;
}

// "| file | line | request | reason |" rows of the table; the key is file and line.
std::set<std::string> listed_misses(const fs::path& table) {
  std::set<std::string> keys;
  std::ifstream in(table);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| ") || line.starts_with("| file") || line.starts_with("|--")) continue;
    const auto first = line.find(" | ");
    const auto second = line.find(" | ", first + 3);
    if (second == std::string::npos) continue;
    keys.insert(line.substr(2, first - 2) + ":" + line.substr(first + 3, second - first - 3));
  }
  return keys;
}

TEST(Recordings, are_answered_as_the_service_answered_them) {
  const fs::path root = ROWPAGE_SOURCE_DIR;
  const auto folder = root.parent_path() / "shared" / "data" / "notion-recorded";
  if (!fs::exists(folder)) GTEST_SKIP() << "no recordings beside the repository (" << folder << ")";
  const auto verdicts = replay_all(folder);
  ASSERT_FALSE(verdicts.empty());
  const auto listed = listed_misses(root / "tests" / "sandbox" / "recordings_misses.md");
  struct Count {
    std::size_t agree = 0, all = 0;
  };
  Count contract, determined, echo, beside;
  for (const auto& verdict : verdicts) {
    const auto add = [&](Count& count) {
      ++count.all;
      count.agree += verdict.agrees;
    };
    add(verdict.listed ? contract : beside);
    if (verdict.listed) add(verdict.echo ? echo : determined);
    const auto key = fmt::format("{}:{}", verdict.file, verdict.index);
    if (!verdict.agrees) {
      std::cout << fmt::format("{} {} {}: {}\n", verdict.echo ? "echo" : "miss", key, verdict.request, verdict.reason);
      EXPECT_TRUE(listed.contains(key)) << "not in recordings_misses.md: " << key << " " << verdict.reason;
    } else {
      EXPECT_FALSE(listed.contains(key)) << "listed in recordings_misses.md, but agrees now: " << key;
    }
  }
  const auto percent = [](const Count& count) {
    return count.all ? 100.0 * static_cast<double>(count.agree) / static_cast<double>(count.all) : 0.0;
  };
  std::cout << fmt::format(
      "contract {}/{} ({:.1f} %): determined by the model {}/{} ({:.1f} %), echoes of an import {}/{}; "
      "single blocks besides {}/{}\n",
      contract.agree, contract.all, percent(contract), determined.agree, determined.all, percent(determined),
      echo.agree, echo.all, beside.agree, beside.all);
  EXPECT_GE(percent(contract), 95.0);
  EXPECT_GE(percent(determined), 95.0);
}

}  // namespace
}  // namespace rowpage::sandbox
