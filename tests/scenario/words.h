// One line of a scenario, read word by word. Internal to the reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace rowpage::scenario {

/// What is wrong and how to mend it; thrown within the reader only.
struct Mistake {
  int line = 0;
  std::string what, hint;
};

class Words {
 public:
  Words(std::string_view text, int line) : text_(text), line_(line) { skip(); }

  int line() const { return line_; }
  bool at_end() const { return at_ == text_.size(); }
  std::string_view rest() const { return text_.substr(at_); }
  [[noreturn]] void fail(std::string what, std::string hint = {}) const {
    throw Mistake{line_, std::move(what), std::move(hint)};
  }

  /// Takes the next words if they are these, each as a word of its own.
  bool take(std::string_view words);
  void need(std::string_view words, std::string_view example);
  bool take_mark(char mark);
  void need_mark(char mark, std::string_view example);
  void end(std::string_view example);

  /// A word, or text in quotes. `what` says what is missing if there is none.
  std::string name(std::string_view what);
  /// Everything up to the next blank.
  std::string chunk();
  /// A value up to a comma or the end: in quotes, or bare.
  std::string value();
  /// "[a, b]", or one value.
  std::vector<std::string> list();
  Millis duration(std::string_view what);
  std::int64_t number(std::string_view what, std::int64_t least, std::int64_t most);

  /// The line as the cells of a table.
  std::vector<std::string> cells();

 private:
  void skip();
  std::string quoted();
  std::string_view bare() const;

  std::string_view text_;
  std::size_t at_ = 0;
  int line_;
};

/// A list written in one cell: "a, b".
std::vector<std::string> split_names(const std::string& cell);

}  // namespace rowpage::scenario
