// The figures Rowpage holds itself to: what was used, what would have been necessary, and the bound between them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

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

/// Imports of each size, what quiet cycles cost afterwards, and small changes in a base of 10,000. Sizes ascend.
void scale(const std::vector<std::int64_t>& sizes, const Report& report);

/// 400 rows become pages at 180 requests a minute, in real time: two minutes.
void paced_creates(const Report& report);

}  // namespace rowpage::bench
