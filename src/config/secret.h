// A token, key or password. It does not print: there is no operator<<, no conversion, and no formatter. Whoever needs
// the text asks for it by name, so `grep reveal` finds every place a secret goes to.
#pragma once

#include <string>
#include <utility>

namespace rowpage {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  bool empty() const { return text_.empty(); }
  const std::string& reveal() const { return text_; }

 private:
  std::string text_;
};

}  // namespace rowpage
