// A figure Rowpage holds itself to: what was used, what would have been necessary, and the bound between them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bench/stage.h"

namespace rowpage::bench {

struct Figure {
  std::string work;       // "import of 10,000 pages: requests"
  std::string used;       // with its parts, where they explain it
  std::string necessary;  // or what the figure is compared with
  std::string ratio;
  std::string bound;
  bool met = true;
};

using Report = std::function<void(const Figure&)>;

/// "12,345"
std::string thousands(std::int64_t n);

/// Requests used ÷ necessary, at most 1.05.
Figure counted(std::string work, const Requests& used, std::int64_t necessary);

/// A ratio against a bound of its own.
Figure compared(std::string work, std::string used, std::string with, double ratio, double bound);

/// A count that may not pass a number.
Figure at_most(std::string work, std::int64_t used, std::string parts, std::int64_t bound);

/// Told without a bound: it explains others.
Figure told(std::string work, std::string used, std::string with = {}, std::string ratio = {});

}  // namespace rowpage::bench
