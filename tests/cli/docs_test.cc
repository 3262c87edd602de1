// What the documentation shows is run: blocks of ```sh that follow the line <!-- test -->, in order, in one folder,
// with the variables of a world and the built binary in front of the path. A command that fails fails the test.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cli/world.h"

namespace rowpage::test {
namespace {

std::vector<std::string> tested_blocks(const std::string& text) {
  std::vector<std::string> blocks;
  std::istringstream lines(text);
  std::string line;
  bool announced = false, inside = false;
  while (std::getline(lines, line)) {
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    } else if (announced && line == "```sh") {
      inside = true;
      blocks.emplace_back();
    }
    announced = line == "<!-- test -->" || (announced && line.empty());
  }
  return blocks;
}

TEST(Docs, every_command_shown_for_testing_works) {
  World world;
  if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  const auto binaries = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  int run = 0;
  for (const char* page : {"README.md", "docs/configuration.md", "docs/operations.md", "docs/troubleshooting.md"}) {
    for (const auto& block : tested_blocks(World::source_file(page))) {
      std::string script = "set -eu\ncd '" + world.folder + "'\n";
      for (const auto& [name, value] : world.environment) {
        if (name != "ROWPAGE_PRESET") script += "export " + name + "='" + value + "'\n";
      }
      world.write("block.sh", script + "export PATH='" + binaries + "':$PATH\n" + block);
      const int status =
          std::system(("bash '" + world.folder + "/block.sh' > '" + world.folder + "/.out' 2>&1").c_str());
      EXPECT_EQ(status, 0) << page << ":\n" << block << "\n" << world.read(".out");
      ++run;
    }
  }
  EXPECT_GE(run, 2);
}

TEST(Docs, the_picture_shown_is_the_one_the_program_draws) {
  World world;
  if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  const auto drawn = world.run({"--preset", "higherself", "diagram", "--no-counts"});
  ASSERT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_EQ(drawn.out, World::source_file("docs/higherself.svg"))
      << "draw it again: rowpage --preset higherself diagram --no-counts --out docs/higherself.svg";
}

}  // namespace
}  // namespace rowpage::test
