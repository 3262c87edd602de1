// Finding the counterpart of unlinked halves: 1:1 by the pair's `match` list, in its order.
//
// A value that occurs once on each side matches. A value that occurs twice on either side is ambiguous: matching would
// be guessing, creating would duplicate, so all who share it park. Memory is a few bytes a half: the halves themselves
// stay with the caller, here only 64-bit marks of their values; the caller confirms a match on the values themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "core/record.h"
#include "core/schema.h"

namespace rowpage {

/// The text by which a half is matched; empty: it has none (an empty value never matches).
std::string match_text(const Pair& pair, const Match& match, const Page& page);
std::string match_text(const Pair& pair, const Match& match, const Row& row);

/// The text whose SHA-256 is a record's checksum: the values in field order joined by "|", texts
/// trimmed, collapsed and in lower case, dates as days; without links, whose names differ between the sides. Empty when
/// all values are.
std::string checksum_text(const Pair& pair, const Values& values);

class Matcher {
 public:
  explicit Matcher(const Pair& pair) : pair_(pair) {}

  /// Halves are named by the numbers 0, 1, 2, ... in the order they are added.
  void add(const Page& page);
  void add(const Row& row);
  std::size_t pages() const { return pages_; }
  std::size_t rows() const { return rows_; }

  struct Ambiguous {
    std::vector<std::size_t> pages, rows;
    std::string by;  // "key:decision"
  };
  struct Matches {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;  // page, row
    std::vector<Ambiguous> ambiguous;
  };
  Matches find() const;

 private:
  struct Mark {
    std::uint64_t hash;
    std::uint32_t number;
    std::uint16_t match;
    bool is_row;
  };
  void add_mark(std::size_t match, const std::string& text, std::size_t number, bool is_row);

  const Pair& pair_;
  std::deque<Mark> marks_;  // grows without ever holding itself twice
  std::size_t pages_ = 0, rows_ = 0;
};

}  // namespace rowpage
