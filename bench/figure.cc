#include "bench/figure.h"

#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace rowpage::bench {
namespace {
constexpr double requests_bound = 1.05;
}

std::string thousands(std::int64_t n) {
  std::string text = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

Figure counted(std::string work, const Requests& used, std::int64_t necessary) {
  const double ratio = static_cast<double>(used.total) / static_cast<double>(necessary);
  return {std::move(work),
          fmt::format("{} ({})", thousands(used.total), used.kinds),
          thousands(necessary),
          fmt::format("{:.3f}", ratio),
          fmt::format("{:.2f}", requests_bound),
          ratio <= requests_bound};
}

Figure compared(std::string work, std::string used, std::string with, double ratio, double bound) {
  return {std::move(work), std::move(used), std::move(with), fmt::format("{:.2f}", ratio), fmt::format("{:g}", bound),
          ratio <= bound};
}

Figure at_most(std::string work, std::int64_t used, std::string parts, std::int64_t bound) {
  std::string text = thousands(used);
  if (!parts.empty()) text += " (" + parts + ")";
  return {std::move(work), std::move(text), thousands(bound), "-", thousands(bound), used <= bound};
}

Figure told(std::string work, std::string used, std::string with, std::string ratio) {
  return {std::move(work),
          std::move(used),
          with.empty() ? "-" : std::move(with),
          ratio.empty() ? "-" : std::move(ratio),
          "-",
          true};
}

}  // namespace rowpage::bench
