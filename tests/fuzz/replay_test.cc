// The kept corpus and mutations of it, without libFuzzer: what once broke stays mended, in every build.
//
// Every target has inputs in tests/fuzz/corpus/NAME. The mutations are the same at every run: they come from a
// generator seeded by the target's name. A broken claim or a crash ends the program and leaves the input in a file,
// which it names.
#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "fuzz/fuzz.h"

extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*)());

namespace rowpage::fuzz {
namespace {

constexpr std::size_t longest = 4096;

std::vector<std::string> corpus(const std::string& target) {
  const std::filesystem::path folder = std::string(ROWPAGE_SOURCE_DIR) + "/tests/fuzz/corpus/" + target;
  std::vector<std::filesystem::path> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// One to four small changes: a bit, a byte, a piece gone, doubled, or taken from another input.
class Mutator {
 public:
  explicit Mutator(const std::string& name) : dice_(std::hash<std::string_view>{}(name)) {}

  std::string operator()(const std::vector<std::string>& inputs) {
    std::string text = inputs[below(inputs.size())];
    for (auto left = 1 + below(4); left > 0; --left) change(text, inputs);
    if (text.size() > longest) text.resize(longest);
    return text;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : dice_() % bound; }

  void change(std::string& text, const std::vector<std::string>& inputs) {
    const auto at = below(text.size() + 1);
    const auto length = 1 + below(std::max<std::size_t>(text.size() - at, 1));
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << below(8)));
        break;
      case 1:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(at, text.substr(at, length));
        break;
      case 4: {
        const auto& other = inputs[below(inputs.size())];
        const auto from = below(other.size() + 1);
        text.insert(at, other.substr(from, 1 + below(64)));
        break;
      }
      default: {
        static constexpr std::string_view odd[] = {
            "\"",      "\\",   "{", "[",     "]",         "}", "-1", "1e999", "9223372036854775808", "\xF0\x9F\x8E\x89",
            "\\ud83d", "null", "%", "\n%\n", "0000-01-01"};
        text.insert(at, odd[below(std::size(odd))]);
      }
    }
  }

  std::mt19937_64 dice_;
};

// What is being tried, for whoever looks into a crash: written down only when the program dies.
std::string trying, trying_file;

void keep_input() {
  const int file = ::open(trying_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || ::write(file, trying.data(), trying.size()) < 0) return;
  static constexpr std::string_view told = "the input stands in ";
  (void)!::write(2, told.data(), told.size());
  (void)!::write(2, trying_file.data(), trying_file.size());
  (void)!::write(2, "\n", 1);
}

void on_signal(int number) {
  keep_input();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

class Replay : public ::testing::TestWithParam<std::string> {};

TEST_P(Replay, no_kept_input_and_none_near_it_breaks_a_claim) {
  const auto& name = GetParam();
  const Target target = targets().at(name);
  const auto inputs = corpus(name);
  ASSERT_FALSE(inputs.empty()) << "tests/fuzz/corpus/" << name << " is empty";
  trying_file = std::filesystem::temp_directory_path() / ("rowpage-fuzz-" + name);
  std::signal(SIGABRT, on_signal);
  if (&__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_input);
  const auto attempt = [&](std::string input) {
    trying = std::move(input);
    target(trying);
  };
  attempt({});
  for (const auto& input : inputs) attempt(input);
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(std::getenv("ROWPAGE_FULL") ? 20'000 : 600);
  Mutator mutate(name);
  int tried = 0;
  for (; tried < 100 || (tried < 200'000 && std::chrono::steady_clock::now() < end); ++tried) attempt(mutate(inputs));
  std::signal(SIGABRT, SIG_DFL);
  RecordProperty("mutations", tried);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& [name, target] : targets()) all.push_back(name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Replay, ::testing::ValuesIn(names()), [](const auto& each) { return each.param; });

TEST(Targets, every_folder_of_the_corpus_has_its_target) {
  for (const auto& entry : std::filesystem::directory_iterator(std::string(ROWPAGE_SOURCE_DIR) + "/tests/fuzz/corpus"))
    EXPECT_TRUE(targets().contains(entry.path().filename().string())) << entry.path();
}

}  // namespace
}  // namespace rowpage::fuzz
