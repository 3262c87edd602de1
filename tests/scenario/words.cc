#include "scenario/words.h"

#include <charconv>

#include "core/text.h"

namespace rowpage::scenario {
namespace {

bool blank(char c) {
  return c == ' ' || c == '\t';
}

bool ends_word(char c) {
  return blank(c) || std::string_view(",=:|[]\"").find(c) != std::string_view::npos;
}

std::string shown(std::string_view text) {
  return std::string(split_utf16(text.substr(0, 400), 60).empty() ? text
                                                                  : split_utf16(text.substr(0, 400), 60).front());
}

}  // namespace

void Words::skip() {
  while (at_ < text_.size() && blank(text_[at_])) ++at_;
}

std::string_view Words::bare() const {
  std::size_t end = at_;
  while (end < text_.size() && !ends_word(text_[end])) ++end;
  return text_.substr(at_, end - at_);
}

bool Words::take(std::string_view words) {
  const std::size_t before = at_;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    if (bare() != word) {
      at_ = before;
      return false;
    }
    at_ += word.size();
    skip();
  }
  return true;
}

void Words::need(std::string_view words, std::string_view example) {
  if (take(words)) return;
  fail(at_end() ? "\"" + std::string(words) + "\" is missing at the end"
                : "\"" + std::string(words) + "\" is missing before \"" + shown(rest()) + "\"",
       "As in: " + std::string(example));
}

bool Words::take_mark(char mark) {
  if (at_end() || text_[at_] != mark) return false;
  ++at_;
  skip();
  return true;
}

void Words::need_mark(char mark, std::string_view example) {
  if (!take_mark(mark))
    fail(std::string("\"") + mark + "\" is missing" + (at_end() ? " at the end" : " before \"" + shown(rest()) + "\""),
         "As in: " + std::string(example));
}

void Words::end(std::string_view example) {
  if (!at_end()) fail("there is more than expected: \"" + shown(rest()) + "\"", "As in: " + std::string(example));
}

std::string Words::quoted() {
  std::string out;
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      skip();
      return out;
    }
    if (c != '\\') {
      out += c;
      continue;
    }
    const char next = at_ + 1 < text_.size() ? text_[++at_] : '\0';
    if (next == 'n' || next == 't') {
      out += next == 'n' ? '\n' : '\t';
    } else if (next == '"' || next == '\\') {
      out += next;
    } else {
      fail(R"(a backslash in quotes stands before n, t, " or \ only)", R"(As in: "two\nlines")");
    }
  }
  fail("a quote is opened and not closed", R"(As in: "some text")");
}

std::string Words::name(std::string_view what) {
  if (!at_end() && text_[at_] == '"') return quoted();
  const std::string_view word = bare();
  if (word.empty())
    fail(std::string(what) + " is missing" + (at_end() ? " at the end" : " before \"" + shown(rest()) + "\""));
  at_ += word.size();
  skip();
  return std::string(word);
}

std::string Words::chunk() {
  std::size_t end = at_;
  while (end < text_.size() && !blank(text_[end])) ++end;
  std::string out(text_.substr(at_, end - at_));
  at_ = end;
  skip();
  return out;
}

std::string Words::value() {
  if (!at_end() && text_[at_] == '"') return quoted();
  std::size_t end = at_;
  while (end < text_.size() && text_[end] != ',' && text_[end] != ']') ++end;
  std::string out(trim(text_.substr(at_, end - at_)));
  at_ = end;
  return out;
}

std::vector<std::string> Words::list() {
  std::vector<std::string> names;
  if (!take_mark('[')) {
    names.push_back(value());
  } else if (!take_mark(']')) {
    do {
      names.push_back(value());
    } while (take_mark(','));
    need_mark(']', "Helpers = [Ann, Bob]");
  }
  std::erase(names, "");
  return names;
}

Millis Words::duration(std::string_view what) {
  const std::string text = name(what);
  const auto ms = parse_duration(text);
  if (!ms || *ms < 0)
    fail(std::string(what) + ": \"" + shown(text) + "\" is no length of time", "As in: 90s, 3m, 2h, 1d");
  return *ms;
}

std::int64_t Words::number(std::string_view what, std::int64_t least, std::int64_t most) {
  const std::string text = name(what);
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < least || value > most)
    fail(std::string(what) + ": \"" + shown(text) + "\" is no number from " + std::to_string(least) + " to " +
         std::to_string(most));
  return value;
}

std::vector<std::string> Words::cells() {
  std::vector<std::string> cells;
  for (;;) {
    std::string cell;
    skip();
    if (!at_end() && text_[at_] == '"') {
      cell = quoted();
      // A name may follow: "Alpha" as A2
      const std::size_t end = std::min(text_.find('|', at_), text_.size());
      const auto more = trim(text_.substr(at_, end - at_));
      if (!more.empty())
        fail("there is more than expected: \"" + shown(more) + "\"", "A cell is all in quotes, or not at all.");
      at_ = end;
    } else {
      const std::size_t end = std::min(text_.find('|', at_), text_.size());
      cell = std::string(trim(text_.substr(at_, end - at_)));
      at_ = end;
    }
    cells.push_back(std::move(cell));
    if (at_end()) return cells;
    ++at_;  // the bar
    if (at_end()) {
      cells.emplace_back();
      return cells;
    }
  }
}

std::vector<std::string> split_names(const std::string& cell) {
  std::vector<std::string> names;
  std::size_t at = 0;
  while (at <= cell.size()) {
    const std::size_t comma = std::min(cell.find(',', at), cell.size());
    const auto name = trim(std::string_view(cell).substr(at, comma - at));
    if (!name.empty()) names.emplace_back(name);
    at = comma + 1;
  }
  return names;
}

}  // namespace rowpage::scenario
