#include "notion/list_codec.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "notion/scripted.h"

namespace rowpage {
namespace {

constexpr std::string_view person_id = "9e000000-0000-4000-8000-000000000009";

json::value relation_of(json::array targets, bool has_more = false) {
  return json::object{{"id", "r"}, {"type", "relation"}, {"relation", std::move(targets)}, {"has_more", has_more}};
}

json::value files_of(json::array files) {
  return json::object{{"id", "f"}, {"type", "files"}, {"files", std::move(files)}};
}

json::value people_of(json::array people) {
  return json::object{{"id", "p"}, {"type", "people"}, {"people", std::move(people)}};
}

TEST(Relation, is_the_sorted_list_of_canonical_page_ids) {
  const auto decoded =
      decode(FieldType::relation, false,
             relation_of({json::object{{"id", page_b}}, json::object{{"id", "0A000000000040008000000000000001"}}}));
  EXPECT_EQ(decoded.value, Value(TextList{std::string(page_a), std::string(page_b)}));
  EXPECT_FALSE(decoded.cut);
  EXPECT_TRUE(is_null(decode(FieldType::relation, false, relation_of({})).value));
}

TEST(Relation, of_which_a_part_is_shown_is_cut) {
  EXPECT_TRUE(decode(FieldType::relation, false, relation_of({json::object{{"id", page_a}}}, true)).cut);
}

TEST(Relation, that_became_another_type_is_unreadable) {
  EXPECT_FALSE(decode(FieldType::relation, false, text_property("r", "rich_text", "x")).unreadable.empty());
  EXPECT_FALSE(decode(FieldType::rich_text, false, relation_of({})).unreadable.empty());
}

TEST(Relation, takes_a_hundred_links_in_one_write_and_no_more) {
  TextList ids;
  for (int i = 0; i < 100; ++i) ids.push_back(fmt::format("0a000000-0000-4000-8000-{:012}", i));
  const auto good = encode(FieldType::relation, "relation", ids);
  ASSERT_TRUE(good) << good.error().what;
  EXPECT_EQ(good->at("relation").as_array().size(), 100U);
  ids.push_back(std::string(page_b));
  const auto bad = encode(FieldType::relation, "relation", ids);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().effect, Effect::none);
  EXPECT_NE(bad.error().what.find("101"), std::string::npos);
  EXPECT_NE(bad.error().hint.find("two-way"), std::string::npos);
}

TEST(Relation, links_to_nothing_but_pages) {
  EXPECT_FALSE(encode(FieldType::relation, "relation", TextList{"42"}));
  EXPECT_FALSE(encode(FieldType::relation, "relation", std::string(page_a)));
}

TEST(Relation, is_emptied_with_an_empty_list) {
  EXPECT_EQ(to_text(*encode(FieldType::relation, "relation", Null{})), R"({"relation":[]})");
  EXPECT_EQ(to_text(*encode(FieldType::files, "files", Null{})), R"({"files":[]})");
}

TEST(People, are_named_one_a_line) {
  const auto decoded = decode(FieldType::people, false,
                              people_of({json::object{{"object", "user"}, {"id", person_id}, {"name", "Ada\nLovelace"}},
                                         json::object{{"object", "user"},
                                                      {"id", person_id},
                                                      {"name", nullptr},
                                                      {"person", json::object{{"email", "grace@example.com"}}}},
                                         json::object{{"object", "user"}, {"id", person_id}}}));
  EXPECT_EQ(decoded.value, Value("Ada Lovelace\ngrace@example.com\n" + std::string(person_id)));
  EXPECT_TRUE(is_null(decode(FieldType::people, false, people_of({})).value));
}

TEST(People, of_whom_a_page_shows_as_many_as_it_can_are_cut) {
  json::array people;
  for (int i = 0; i < 24; ++i) people.push_back(json::object{{"id", person_id}, {"name", "Ada"}});
  EXPECT_FALSE(decode(FieldType::people, false, people_of(people)).cut);
  people.push_back(json::object{{"id", person_id}, {"name", "Ada"}});
  EXPECT_TRUE(decode(FieldType::people, false, people_of(people)).cut);
}

TEST(People, are_never_written) {
  EXPECT_FALSE(encode(FieldType::people, "people", std::string("Ada")));
}

TEST(Files, are_their_addresses_or_the_names_of_what_lives_in_notion) {
  const auto decoded =
      decode(FieldType::files, false,
             files_of({json::object{{"name", "cert"},
                                    {"type", "external"},
                                    {"external", json::object{{"url", "https://example.com/cert.pdf"}}}},
                       json::object{{"name", "scan.png"},
                                    {"type", "file"},
                                    {"file", json::object{{"url", "https://files.example.com/x?signed=1"},
                                                          {"expiry_time", "2026-11-20T10:00:00.000Z"}}}}}));
  EXPECT_EQ(decoded.value, Value(std::string("https://example.com/cert.pdf\nnotion-file:scan.png")));
}

TEST(Files, written_bear_the_last_part_of_their_address_as_name) {
  const auto out = encode(FieldType::files, "files",
                          std::string("https://example.com/papers/a%20b.pdf?v=2\n\nhttps://example.com/\n"));
  ASSERT_TRUE(out) << out.error().what;
  const auto& files = out->at("files").as_array();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(find_string(files[0], "name"), "a b.pdf");
  EXPECT_EQ(find_string(files[0].at("external"), "url"), "https://example.com/papers/a%20b.pdf?v=2");
  EXPECT_EQ(find_string(files[1], "name"), "example.com");
}

TEST(Files, that_live_in_notion_cannot_be_written_back) {
  const auto out = encode(FieldType::files, "files", std::string("https://example.com/a\nnotion-file:scan.png"));
  ASSERT_FALSE(out);
  EXPECT_NE(out.error().what.find("scan.png"), std::string::npos);
  EXPECT_FALSE(out.error().hint.empty());
}

TEST(Files, over_a_hundred_or_with_too_long_an_address_are_refused) {
  std::string many;
  for (int i = 0; i < 101; ++i) many += "https://example.com/a\n";
  EXPECT_FALSE(encode(FieldType::files, "files", many));
  EXPECT_FALSE(encode(FieldType::files, "files", "https://example.com/" + std::string(2000, 'x')));
}

RC_GTEST_PROP(Files, external_ones_are_read_back_as_written, ()) {
  const auto count = *rc::gen::inRange(1, 8);
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto path = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc/%?#.=2 ")));
    text += (text.empty() ? "" : "\n") + ("https://example.com/" + path + "x");
  }
  const auto out = encode(FieldType::files, "files", text);
  RC_ASSERT(out.has_value());
  auto shown = *out;
  shown.as_object()["type"] = "files";
  RC_ASSERT(decode(FieldType::files, false, shown).value == Value(text));
}

}  // namespace
}  // namespace rowpage
