// One cell, in a form both sides share. Notion's JSON and PostgreSQL's text become a Value at the edge (notion/codec,
// postgres/codec), canonicalised there, so that equality here means "the same to a person".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rowpage {

/// Nothing: SQL NULL, an emptied property, an empty text. Notion cannot tell these apart, so neither do we.
struct Null {
  bool operator==(const Null&) const = default;
};

/// A Notion date or a PostgreSQL date, timestamp or range. Milliseconds since 1970-01-01T00:00Z; a day is its midnight.
/// `end_ms` is inclusive, as in Notion.
struct DateSpan {
  std::int64_t start_ms = 0;
  std::optional<std::int64_t> end_ms;
  bool has_time = false;
  bool operator==(const DateSpan&) const = default;
};

/// Options of a multi_select: sorted, without doubles (order carries no meaning in Notion).
using TextList = std::vector<std::string>;

/// text (UTF-8), number, flag, date or list. A codec never makes an empty string or an empty list: that is Null.
using Value = std::variant<Null, bool, double, std::string, DateSpan, TextList>;

/// The values of a record, one per field of its pair, in the pair's order.
using Values = std::vector<Value>;

/// True for Null.
bool is_null(const Value& value);

/// Sorted, without doubles and empty names; Null when nothing is left.
Value make_list(TextList names);

/// Text as a Value: the empty text is Null.
Value make_text(std::string text);

/// For messages, logs and plans: `"text"`, 12.5, true, 2026-11-20, [a, b], (empty); longer than `limit` bytes is
/// shortened at a character boundary with "…".
std::string display(const Value& value, std::size_t limit = 80);

}  // namespace rowpage
