#include "base/json.h"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rowpage {
namespace {

TEST(Json, every_byte_that_must_be_escaped_is_and_no_other) {
  EXPECT_EQ(to_text(json::value("plain é 你 🎉 text / here")), "\"plain é 你 🎉 text / here\"");
  EXPECT_EQ(to_text(json::value("\"")), R"("\"")");
  EXPECT_EQ(to_text(json::value("\\\\")), R"("\\\\")");
  EXPECT_EQ(to_text(json::value("a\nb\rc\td")), R"("a\nb\rc\td")");
  EXPECT_EQ(to_text(json::value(std::string("\0\x1f\x7f", 3))), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(to_text(json::value("")), "\"\"");
  EXPECT_EQ(to_text(json::value("ends with one\n")), R"("ends with one\n")");
}

RC_GTEST_PROP(Json, any_text_comes_back_as_it_was, (std::string text)) {
  // Bytes above 0x7f must form UTF-8, which is the caller's matter; here the ASCII half with all its control
  // characters.
  for (char& c : text) c = static_cast<char>(c & 0x7f);
  const json::value value = json::object{{text, json::array{text, "x" + text}}};
  const auto back = parse_json(to_text(value));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == value);
}

TEST(Json, canonical_text_sorts_keys_at_every_level_and_plain_text_keeps_their_order) {
  const json::value value{{"b", 1}, {"a", json::array{json::object{{"z", 12.5}, {"y", nullptr}}}}};
  EXPECT_EQ(to_text(value), R"({"b":1,"a":[{"z":12.5,"y":null}]})");
  EXPECT_EQ(canonical_text(value), R"({"a":[{"y":null,"z":12.5}],"b":1})");
  EXPECT_EQ(to_text(json::object{}), "{}");
  EXPECT_EQ(canonical_text(json::object{}), "{}");
}

}  // namespace
}  // namespace rowpage
