// Foreign bytes, one target a kind. A target is a function of the bytes that must end: what it claims of the code under
// test is said with claim(), the rest (crashes, leaks, memory without bound, undefined behaviour) the sanitizers say.
//
// One source serves two programs. With ROWPAGE_LIBFUZZER it is a libFuzzer executable of its own, which scripts/fuzz
// runs millions of times. Without, the target is entered in a list, and test_fuzz replays the kept corpus and some
// thousands of mutations of it. A new target is one file here and one folder under corpus/.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace rowpage::fuzz {

using Target = void (*)(std::string_view bytes);

/// The targets linked into this program, by name.
inline std::map<std::string, Target>& targets() {
  static std::map<std::string, Target> all;
  return all;
}

/// What the code under test promises of any bytes; ends the program when it does not hold.
inline void claim(bool holds, const char* what, std::string_view detail = {}) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s: %.*s\n", what, static_cast<int>(detail.size()), detail.data());
  std::abort();
}

/// An input of several parts is cut at lines of a single "%", so that people can write it.
inline std::vector<std::string_view> parts_of(std::string_view bytes, std::size_t most = 64) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < most) {
    const auto at = bytes.find("\n%\n");
    if (at == std::string_view::npos) break;
    parts.push_back(bytes.substr(0, at));
    bytes.remove_prefix(at + 3);
  }
  parts.push_back(bytes);
  return parts;
}

/// The first line, which is taken off `text`.
inline std::string_view take_line(std::string_view& text) {
  const auto at = text.find('\n');
  const auto line = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return line;
}

}  // namespace rowpage::fuzz

#ifdef ROWPAGE_LIBFUZZER
#define ROWPAGE_FUZZ_ENTRY(name)                                                      \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzz_##name(std::string_view(reinterpret_cast<const char*>(data), size));         \
    return 0;                                                                         \
  }
#else
#define ROWPAGE_FUZZ_ENTRY(name) \
  [[maybe_unused]] static const bool entered_##name = rowpage::fuzz::targets().emplace(#name, &fuzz_##name).second;
#endif

/// Defines the target NAME: `ROWPAGE_FUZZ(json) { ... bytes ... }`, outside of any namespace.
#define ROWPAGE_FUZZ(name)                         \
  static void fuzz_##name(std::string_view bytes); \
  ROWPAGE_FUZZ_ENTRY(name)                         \
  static void fuzz_##name(std::string_view bytes)
