#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"

namespace rowpage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Utf8, refuses_what_is_not_well_formed) {
  EXPECT_TRUE(valid_utf8("né𝒳€"));
  EXPECT_FALSE(valid_utf8("\xC0\xAF")) << "overlong";
  EXPECT_FALSE(valid_utf8("\xE0\x80\x80")) << "overlong";
  EXPECT_FALSE(valid_utf8("\xED\xA0\x80")) << "surrogate";
  EXPECT_FALSE(valid_utf8("\xF4\x90\x80\x80")) << "beyond Unicode";
  EXPECT_FALSE(valid_utf8("\xE2\x82")) << "cut";
  EXPECT_FALSE(valid_utf8("\x80")) << "no start";
}

TEST(Utf16, counts_what_notion_counts) {
  EXPECT_EQ(utf16_length("abc"), 3);
  EXPECT_EQ(utf16_length("né€"), 3);
  EXPECT_EQ(utf16_length("𝒳"), 2);
}

RC_GTEST_PROP(Utf16, pieces_make_up_the_text_and_none_is_too_long, ()) {
  std::string words;
  for (const auto& piece :
       *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("a", "é", "€", "𝒳")))
    words += piece;
  const auto units = *rc::gen::inRange<std::size_t>(2, 12);
  std::string joined;
  for (const auto piece : split_utf16(words, units)) {
    RC_ASSERT(!piece.empty());
    RC_ASSERT(valid_utf8(piece));
    RC_ASSERT(utf16_length(piece) <= units);
    joined += piece;
  }
  RC_ASSERT(joined == words);
}

RC_GTEST_PROP(Utf16, splitting_survives_any_bytes, (const std::string& bytes)) {
  std::string joined;
  for (const auto piece : split_utf16(bytes, 5)) joined += piece;
  RC_ASSERT(joined == bytes);
}

TEST(Id, is_found_in_whatever_people_paste) {
  const std::string id = "0123abcd-4567-89ab-cdef-0123456789ab";
  EXPECT_EQ(canonical_id("0123abcd456789abcdef0123456789ab"), id);
  EXPECT_EQ(canonical_id("0123ABCD-4567-89AB-CDEF-0123456789AB"), id);
  EXPECT_EQ(canonical_id("https://www.notion.so/team/Decision-Vault-0123abcd456789abcdef0123456789ab"), id);
  EXPECT_EQ(canonical_id("https://www.notion.so/0123abcd456789abcdef0123456789ab?v=ffffffffffffffffffffffffffffffff"),
            id);
  for (const char* text : {"", "0123", "0123abcd456789abcdef0123456789ag", "0123abcd456789abcdef0123456789ab0"})
    EXPECT_EQ(canonical_id(text), "") << text;
}

TEST(Space, is_trimmed_and_collapsed) {
  EXPECT_EQ(trim(" \t a b \n"), "a b");
  EXPECT_EQ(collapse_space("  a \t\n b  "), "a b");
  EXPECT_EQ(collapse_space(" \n "), "");
}

TEST(Nearest, suggests_only_what_is_plausible_and_the_best_first) {
  const std::vector<std::string> names{"Decision", "Description", "Date", "Owner"};
  EXPECT_EQ(nearest("Decison", names).front(), "Decision");
  EXPECT_EQ(nearest("date", names).front(), "Date");
  EXPECT_THAT(nearest("Quarterly revenue", names), IsEmpty());
  EXPECT_LE(nearest("D", names, 1).size(), 1);
}

}  // namespace
}  // namespace rowpage
