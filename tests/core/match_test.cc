#include "core/match.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/make.h"

namespace rowpage {
namespace {

Page page_named(const Value& name) {
  Page page;
  page.values = {name};
  return page;
}

Row row_named(const Value& name) {
  Row row;
  row.values = {name};
  return row;
}

Pair by_key() {
  Pair pair = text_pair(1);
  pair.match = {{Match::By::key, "a"}};
  return pair;
}

TEST(Match, pairs_what_occurs_once_on_each_side) {
  const Pair pair = by_key();
  Matcher matcher(pair);
  matcher.add(page_named(text("x")));
  matcher.add(page_named(text("y")));
  matcher.add(row_named(text("y")));
  matcher.add(row_named(text("z")));
  const auto found = matcher.find();
  ASSERT_EQ(found.pairs.size(), 1);
  EXPECT_EQ(found.pairs[0], std::pair(std::size_t{1}, std::size_t{0}));
  EXPECT_TRUE(found.ambiguous.empty());
}

TEST(Match, never_pairs_two_empty_values) {
  const Pair pair = by_key();
  Matcher matcher(pair);
  matcher.add(page_named(Null{}));
  matcher.add(row_named(Null{}));
  EXPECT_TRUE(matcher.find().pairs.empty());
}

TEST(Match, goes_through_its_ways_in_order) {
  Pair pair = by_key();
  pair.match.insert(pair.match.begin(), {Match::By::page_id, {}});
  Matcher matcher(pair);
  Page page = page_named(text("x"));
  page.id = "p";
  matcher.add(page);
  matcher.add(row_named(text("x")));
  Row claims = row_named(text("other"));
  claims.page_id = "p";
  matcher.add(claims);
  const auto found = matcher.find();
  ASSERT_EQ(found.pairs.size(), 1);
  EXPECT_EQ(found.pairs[0].second, 1) << "the page id comes before the key";
}

TEST(Match, compares_in_the_form_the_column_holds) {
  Pair pair;
  pair.fields.push_back(make_field("Date", FieldType::date, ColumnType::date));
  pair.match = {{Match::By::key, "Date"}};
  Matcher matcher(pair);
  matcher.add(page_named(DateSpan{9 * hour_ms, std::nullopt, true}));
  matcher.add(row_named(DateSpan{0, std::nullopt, false}));
  EXPECT_EQ(matcher.find().pairs.size(), 1);
}

TEST(Checksum, sees_neither_case_nor_white_space_nor_the_time_of_day) {
  Pair pair = text_pair(1);
  pair.fields.push_back(make_field("Date", FieldType::date, ColumnType::date));
  const Values one{text("  Ship   IT "), DateSpan{9 * hour_ms, std::nullopt, true}};
  const Values other{text("ship it"), DateSpan{0, std::nullopt, false}};
  EXPECT_EQ(checksum_text(pair, one), checksum_text(pair, other));
  EXPECT_EQ(checksum_text(pair, {Null{}, Null{}}), "");
}

RC_GTEST_PROP(Match, guesses_nothing_and_forgets_nobody, ()) {
  const Pair pair = by_key();
  const auto names = rc::gen::container<std::vector<Value>>(
      rc::gen::element<Value>(Null{}, std::string("x"), std::string("y"), std::string("z")));
  const std::vector<Value> pages = *names;
  const std::vector<Value> rows = *names;
  Matcher matcher(pair);
  for (const auto& name : pages) matcher.add(page_named(name));
  for (const auto& name : rows) matcher.add(row_named(name));
  const auto found = matcher.find();
  for (const auto& [page, row] : found.pairs) {
    RC_ASSERT(pages[page] == rows[row]);
    RC_ASSERT(std::ranges::count(pages, pages[page]) == 1);
    RC_ASSERT(std::ranges::count(rows, rows[row]) == 1);
  }
  std::size_t doubtful_pages = 0;
  for (const auto& doubt : found.ambiguous) doubtful_pages += doubt.pages.size();
  const auto shared = std::ranges::count_if(
      pages, [&](const Value& name) { return !is_null(name) && std::ranges::count(rows, name) > 0; });
  RC_ASSERT(found.pairs.size() + doubtful_pages == static_cast<std::size_t>(shared));
}

}  // namespace
}  // namespace rowpage
