// Notion's official SDK for JavaScript as a client of the real binary's sandbox (sdk/endpoints.mjs holds the claims).
// What it asks and gets is recorded by the sandbox and judged like everything else.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "base/json.h"
#include "support/witness.h"

namespace rowpage::contract {
namespace {

namespace fs = std::filesystem;

// `rowpage sandbox`, stopped at the end.
class Sandbox {
 public:
  Sandbox() {
    const auto binary = fs::read_symlink("/proc/self/exe").parent_path() / "rowpage";
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], 1);
      ::close(ends[0]);
      ::execl(binary.c_str(), binary.c_str(), "--quiet", "sandbox", "--json", static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(ends[1]);
    std::string line;
    for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(ends[0]);
    if (auto read = parse_json(line)) info_ = std::move(*read);
  }
  ~Sandbox() { stop(); }

  /// Its exit code, -1 when it died otherwise.
  int stop() {
    if (child_ <= 0) return -1;
    ::kill(child_, SIGINT);
    int status = 0;
    ::waitpid(std::exchange(child_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string of(std::string_view key) const { return std::string(find_string(info_, key)); }

 private:
  pid_t child_ = 0;
  json::value info_;
};

struct Ran {
  int code = -1;
  std::string out;
};

Ran run(const std::string& command) {
  Ran ran;
  auto* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return ran;
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    ran.out.append(buffer.data(), got);
  const int status = ::pclose(pipe);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

TEST(OfficialSdk, works_against_the_sandbox_at_every_endpoint) {
  const auto folder = fs::path(ROWPAGE_SOURCE_DIR) / "tests/contract/sdk";
  if (run("node --version").code != 0) GTEST_SKIP() << "node is not installed (scripts/test installs nodejs and npm)";
  if (!fs::exists(folder / "node_modules/@notionhq/client")) {
    GTEST_SKIP() << "@notionhq/client is not installed: npm ci --prefix tests/contract/sdk (needs the network)";
  }
  Sandbox sandbox;
  ASSERT_FALSE(sandbox.of("base_url").empty()) << "rowpage sandbox did not start";
  const auto ran =
      run(fmt::format("NOTION_BASE_URL={} NOTION_API_KEY={} NOTION_PARENT_PAGE_ID={} node '{}'", sandbox.of("base_url"),
                      sandbox.of("token"), sandbox.of("root_page"), (folder / "endpoints.mjs").string()));
  EXPECT_EQ(ran.code, 0) << ran.out;
  const auto at = ran.out.rfind("sdk: ");
  ASSERT_NE(at, std::string::npos) << ran.out;
  std::size_t endpoints = 0;
  std::from_chars(ran.out.data() + at + 5, ran.out.data() + ran.out.size(), endpoints);
  EXPECT_GE(endpoints, 28U) << ran.out;
  EXPECT_EQ(sandbox.stop(), 0);
  Witness::get().count_sdk_endpoints(endpoints);
}

}  // namespace
}  // namespace rowpage::contract
