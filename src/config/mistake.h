// A mistake in something the user wrote, shown the way compilers show theirs:
//
//   rowpage.yaml:12:5: unknown key `modle`
//       modle: Decision
//       ^
//     did you mean `model`?
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace rowpage {

struct Mistake {
  std::string file;
  int line = 0, column = 0;  // from 1; 0: unknown
  std::string what;
  std::string hint;  // may be empty

  std::string place() const;
};

/// The message with the source line (secrets in it masked) and a caret. `source` is the whole text of the file.
std::string render(const Mistake& mistake, std::string_view source);

/// All of them as one usage error, one below the other.
Error as_error(const std::vector<Mistake>& mistakes, std::string_view source);

/// "did you mean `model`?", or with no near match "known here: a, b, c"; empty when there is nothing to offer.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates, bool list_all = true);

}  // namespace rowpage
