#include "core/match.h"

#include <algorithm>
#include <tuple>

#include "core/fit.h"
#include "core/text.h"
#include "core/time.h"

namespace rowpage {
namespace {

// One text for one value, whichever side it came from.
std::string plain(const Value& value) {
  struct Visitor {
    std::string operator()(Null) const { return {}; }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const TextList& names) const {
      std::string text;
      for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
      return text;
    }
    std::string operator()(const DateSpan& span) const {
      std::string text = span.has_time ? format_utc(span.start_ms) : format_day(span.start_ms);
      if (span.end_ms) text += "/" + (span.has_time ? format_utc(*span.end_ms) : format_day(*span.end_ms));
      return text;
    }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(double number) const { return display(number); }
  };
  return std::visit(Visitor{}, value);
}

const Field* field_of_column(const Pair& pair, const std::string& column, std::size_t& index) {
  for (index = 0; index < pair.fields.size(); ++index) {
    if (pair.fields[index].column == column) return &pair.fields[index];
  }
  return nullptr;
}

// Both sides in the form the column holds, so that a date with a time meets its day.
Values as_columns(const Pair& pair, const Values& page_values) {
  Values values = page_values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (auto fitted = fit_row(pair.fields[i], values[i])) values[i] = std::move(*fitted);
  }
  return values;
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash ^= hash >> 32;
  return hash * 0x9e3779b97f4a7c15ULL;
}

}  // namespace

std::string checksum_text(const Pair& pair, const Values& values) {
  std::string text;
  bool any = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (read_only(pair.fields[i].type) || pair.fields[i].is_relation()) continue;
    if (!text.empty() || i > 0) text += '|';
    const auto* span = std::get_if<DateSpan>(&values[i]);
    const std::string part = span ? format_day(span->start_ms) : ascii_lower(collapse_space(plain(values[i])));
    any = any || !part.empty();
    text += part;
  }
  return any ? text : std::string();
}

std::string match_text(const Pair& pair, const Match& match, const Page& page) {
  switch (match.by) {
    case Match::By::page_id:
      return page.id;
    case Match::By::row_id:
      return page.row_id;
    case Match::By::checksum:
      return checksum_text(pair, as_columns(pair, page.values));
    case Match::By::key:
      break;
  }
  std::size_t index = 0;
  const Field* field = field_of_column(pair, match.column, index);
  if (!field) return {};
  const auto fitted = fit_row(*field, page.values[index]);
  return fitted ? plain(*fitted) : std::string();
}

std::string match_text(const Pair& pair, const Match& match, const Row& row) {
  switch (match.by) {
    case Match::By::page_id:
      return row.page_id;
    case Match::By::row_id:
      return row.key;
    case Match::By::checksum:
      return checksum_text(pair, row.values);
    case Match::By::key:
      break;
  }
  std::size_t index = 0;
  return field_of_column(pair, match.column, index) ? plain(row.values[index]) : std::string();
}

void Matcher::add_mark(std::size_t match, const std::string& text, std::size_t number, bool is_row) {
  if (text.empty()) return;
  marks_.push_back({hash_of(text), static_cast<std::uint32_t>(number), static_cast<std::uint16_t>(match), is_row});
}

void Matcher::add(const Page& page) {
  for (std::size_t m = 0; m < pair_.match.size(); ++m)
    add_mark(m, match_text(pair_, pair_.match[m], page), pages_, false);
  ++pages_;
}

void Matcher::add(const Row& row) {
  for (std::size_t m = 0; m < pair_.match.size(); ++m) add_mark(m, match_text(pair_, pair_.match[m], row), rows_, true);
  ++rows_;
}

Matcher::Matches Matcher::find() const {
  if (pages_ == 0 || rows_ == 0) return {};  // a plain import: nothing to compare, so nothing to copy and sort
  std::vector<Mark> marks(marks_.begin(), marks_.end());
  std::ranges::sort(marks, {}, [](const Mark& m) { return std::tuple(m.match, m.hash, m.is_row, m.number); });
  std::vector<bool> page_done(pages_);
  std::vector<bool> row_done(rows_);
  Matches found;
  for (std::size_t at = 0; at < marks.size();) {
    std::vector<std::size_t> pages;
    std::vector<std::size_t> rows;
    const std::size_t start = at;
    for (; at < marks.size() && marks[at].match == marks[start].match && marks[at].hash == marks[start].hash; ++at) {
      const std::size_t number = marks[at].number;
      if (marks[at].is_row ? row_done[number] : page_done[number]) continue;
      (marks[at].is_row ? rows : pages).push_back(number);
    }
    if (pages.empty() || rows.empty()) continue;
    for (const std::size_t page : pages) page_done[page] = true;
    for (const std::size_t row : rows) row_done[row] = true;
    if (pages.size() == 1 && rows.size() == 1) {
      found.pairs.emplace_back(pages.front(), rows.front());
    } else {
      found.ambiguous.push_back({std::move(pages), std::move(rows), pair_.match[marks[start].match].text()});
    }
  }
  return found;
}

}  // namespace rowpage
