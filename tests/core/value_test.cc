#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"
#include "core/time.h"
#include "core/value.h"

namespace rowpage {
namespace {

TEST(Value, of_nothing_has_one_form) {
  EXPECT_EQ(make_text(""), Value(Null{}));
  EXPECT_EQ(make_list({}), Value(Null{}));
  EXPECT_EQ(make_list({"", ""}), Value(Null{}));
}

TEST(Value, list_knows_neither_order_nor_doubles) {
  EXPECT_EQ(make_list({"b", "a", "b", ""}), Value(TextList{"a", "b"}));
}

TEST(Display, is_one_line_for_people) {
  EXPECT_EQ(display(Null{}), "(empty)");
  EXPECT_EQ(display(12.5), "12.5");
  EXPECT_EQ(display(true), "yes");
  EXPECT_EQ(display(std::string("a\nb\tc")), "“a b c”");
  EXPECT_EQ(display(TextList{"a", "b"}), "[a, b]");
  EXPECT_EQ(display(DateSpan{0, day_ms, false}), "1970-01-01 to 1970-01-02");
  EXPECT_EQ(display(DateSpan{minute_ms, std::nullopt, true}), "1970-01-01T00:01Z");
}

RC_GTEST_PROP(Display, shortens_at_a_character_boundary, ()) {
  std::string words;
  for (const auto& piece :
       *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("a", "é", "€", "𝒳", " ")))
    words += piece;
  const auto limit = *rc::gen::inRange<std::size_t>(0, 20);
  const std::string shown = display(words, limit);
  RC_ASSERT(valid_utf8(shown));
  RC_ASSERT(shown.size() <= limit + std::string("“”…").size());
}

}  // namespace
}  // namespace rowpage
