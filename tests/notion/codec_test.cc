#include "notion/codec.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"
#include "core/time.h"
#include "notion/scripted.h"
#include "notion/transport.h"
#include "notion/zone.h"

namespace rowpage {
namespace {

// What Notion shows after it was given `written`: with the type, and texts with their plain text.
json::value shown(std::string_view wire, json::value written) {
  if (json::array* pieces = written.at(wire).if_array(); pieces && (wire == "title" || wire == "rich_text")) {
    for (auto& piece : *pieces) piece.as_object()["plain_text"] = piece.at("text").at("content");
  }
  written.as_object()["type"] = wire;
  return written;
}

Value round_trip(FieldType type, const Value& value) {
  const std::string_view wire = notion_type(type);
  const auto written = encode(type, wire, value);
  RC_ASSERT(written.has_value());
  const Decoded decoded = decode(type, false, shown(wire, *written));
  RC_ASSERT(decoded.unreadable == "");
  return decoded.value;
}

rc::Gen<std::string> any_text(std::size_t most) {
  return rc::gen::map(rc::gen::resize(static_cast<int>(most),
                                      rc::gen::container<std::vector<std::string>>(
                                          rc::gen::element<std::string>("a", "B", " ", "\n", "\"", "\\", "é", "日", "𝒳",
                                                                        "👩‍👧", "0", ",", "\t", "{", "\x01"))),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const auto& part : parts) text += part;
                        return text;
                      });
}

rc::Gen<std::string> option_name() {
  return rc::gen::suchThat(any_text(20), [](const std::string& name) {
    return !name.empty() && name.find(',') == std::string::npos && utf16_length(name) <= 100;
  });
}

RC_GTEST_PROP(Codec, text_comes_back_whole, ()) {
  const Value value = make_text(*any_text(6000));
  RC_ASSERT(round_trip(FieldType::rich_text, value) == value);
  RC_ASSERT(round_trip(FieldType::title, value) == value);
}

RC_GTEST_PROP(Codec, no_piece_of_text_is_over_the_limit_or_splits_a_character, ()) {
  const std::string text = *any_text(20'000);
  const auto pieces = encode_text(text);
  RC_ASSERT(pieces.has_value());
  std::string joined;
  for (const auto& piece : pieces->get_array()) {
    const std::string_view content(piece.at("text").at("content").get_string());
    RC_ASSERT(utf16_length(content) <= text_piece_units);
    RC_ASSERT(valid_utf8(content));
    joined += content;
  }
  RC_ASSERT(joined == text);
}

RC_GTEST_PROP(Codec, numbers_come_back_exactly, ()) {
  const auto mantissa = *rc::gen::arbitrary<std::int64_t>();
  const auto power = *rc::gen::inRange(-30, 30);
  const double number = static_cast<double>(mantissa) * std::pow(10.0, power);
  // Through the wire's text as well, which is where digits get lost.
  const auto written = encode(FieldType::number, "number", number);
  RC_ASSERT(written.has_value());
  const auto read = parse_json(to_text(shown("number", *written)));
  RC_ASSERT(read.has_value());
  RC_ASSERT(decode(FieldType::number, false, *read).value == Value(number));
}

RC_GTEST_PROP(Codec, options_come_back, ()) {
  const Value one = *option_name();
  RC_ASSERT(round_trip(FieldType::select, one) == one);
  RC_ASSERT(round_trip(FieldType::status, one) == one);
  const Value many = make_list(*rc::gen::resize(100, rc::gen::container<TextList>(option_name())));
  if (!is_null(many)) RC_ASSERT(round_trip(FieldType::multi_select, many) == many);
}

RC_GTEST_PROP(Codec, dates_come_back_to_the_minute, ()) {
  DateSpan span;
  span.has_time = *rc::gen::arbitrary<bool>();
  const Millis unit = span.has_time ? minute_ms : day_ms;
  span.start_ms = *rc::gen::inRange<Millis>(-50'000, 50'000) * day_ms;
  if (span.has_time) span.start_ms += *rc::gen::inRange<Millis>(0, 1440) * minute_ms;
  if (*rc::gen::arbitrary<bool>()) span.end_ms = span.start_ms + *rc::gen::inRange<Millis>(0, 10'000) * unit;
  RC_ASSERT(round_trip(FieldType::date, span) == Value(span));
}

RC_GTEST_PROP(Codec, flags_addresses_and_nothing_come_back, ()) {
  const Value flag = *rc::gen::arbitrary<bool>();
  RC_ASSERT(round_trip(FieldType::checkbox, flag) == flag);
  for (const FieldType type : {FieldType::url, FieldType::email, FieldType::phone_number}) {
    const Value text = make_text(*any_text(60));
    RC_ASSERT(round_trip(type, text) == text);
  }
  for (const FieldType type : {FieldType::title, FieldType::rich_text, FieldType::number, FieldType::select,
                               FieldType::multi_select, FieldType::date, FieldType::url, FieldType::json}) {
    RC_ASSERT(round_trip(type, Null{}) == Value(Null{}));
  }
}

RC_GTEST_PROP(Codec, property_ids_survive_the_percent_sign, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::inRange<char>(0x21, 0x7f));
  RC_ASSERT(decode_id(encode_id(bytes)) == bytes);
}

TEST(Codec, writes_ids_as_notion_does) {
  for (const std::string id : {"Lq%3Bz", "%3CU%5DL", "~e%3F%5E", "M%60nJ", "title", "%40_%3F%3B"}) {
    EXPECT_EQ(encode_id(decode_id(id)), id);
  }
}

TEST(Codec, an_unchecked_box_is_what_an_empty_column_becomes) {
  EXPECT_EQ(to_text(*encode(FieldType::checkbox, "checkbox", Null{})), R"({"checkbox":false})");
  EXPECT_EQ(to_text(*encode(FieldType::url, "url", Null{})), R"({"url":null})");
  EXPECT_EQ(to_text(*encode(FieldType::rich_text, "rich_text", Null{})), R"({"rich_text":[]})");
}

TEST(Codec, compares_text_as_one_however_it_is_cut) {
  const auto one = decode(FieldType::rich_text, false, parsed(R"({"type":"rich_text","rich_text":[
      {"type":"text","text":{"content":"Floral, bright"},"plain_text":"Floral, bright"}]})"));
  const auto two = decode(FieldType::rich_text, false, parsed(R"({"type":"rich_text","rich_text":[
      {"type":"text","text":{"content":"Floral, "},"plain_text":"Floral, "},
      {"type":"text","text":{"content":"bright"},"plain_text":"bright"}]})"));
  EXPECT_EQ(one.value, two.value);
  EXPECT_FALSE(one.formatted);
}

TEST(Codec, notices_formatting_links_mentions_and_equations) {
  const auto formatted = [](std::string_view piece) {
    return decode_text(parsed("[" + std::string(piece) + "]").as_array()).formatted;
  };
  EXPECT_FALSE(
      formatted(R"({"type":"text","plain_text":"a","href":null,"annotations":{"bold":false,"color":"default"}})"));
  EXPECT_TRUE(formatted(R"({"type":"text","plain_text":"a","annotations":{"bold":true,"color":"default"}})"));
  EXPECT_TRUE(formatted(R"({"type":"text","plain_text":"a","annotations":{"bold":false,"color":"red"}})"));
  EXPECT_TRUE(formatted(R"({"type":"text","plain_text":"a","href":"https://example.com"})"));
  EXPECT_TRUE(formatted(R"({"type":"mention","plain_text":"@Ada","mention":{}})"));
  EXPECT_TRUE(formatted(R"({"type":"equation","plain_text":"x^2","equation":{"expression":"x^2"}})"));
}

TEST(Codec, twenty_five_mentions_mean_that_more_may_follow) {
  json::array pieces;
  for (int i = 0; i < 24; ++i) pieces.push_back(json::object{{"type", "mention"}, {"plain_text", "@x"}});
  EXPECT_FALSE(decode_text(pieces).cut);
  pieces.push_back(json::object{{"type", "mention"}, {"plain_text", "@x"}});
  EXPECT_TRUE(decode_text(pieces).cut);
}

TEST(Codec, refuses_what_would_be_cut) {
  EXPECT_TRUE(encode_text(std::string(200'000, 'a')));
  EXPECT_FALSE(encode_text(std::string(200'001, 'a')));
  TextList names;
  for (int i = 0; i < 100; ++i) names.push_back("option " + std::to_string(i));
  EXPECT_TRUE(encode(FieldType::multi_select, "multi_select", make_list(names)));
  names.push_back("one more");
  const auto refused = encode(FieldType::multi_select, "multi_select", make_list(names));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().effect, Effect::none);
  EXPECT_EQ(refused.error().cause, Cause::invalid);
}

TEST(Codec, refuses_what_notion_would_take_otherwise) {
  EXPECT_FALSE(encode(FieldType::select, "select", std::string("a,b")));
  EXPECT_FALSE(encode(FieldType::number, "number", std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(encode(FieldType::rich_text, "rich_text", std::string("a\0b", 3)));
  EXPECT_FALSE(encode(FieldType::rich_text, "rich_text", std::string("\xff")));
  EXPECT_FALSE(encode(FieldType::created_time, "created_time", DateSpan{0, {}, true}));
  EXPECT_FALSE(encode(FieldType::number, "number", std::string("12")));
}

TEST(Codec, what_cannot_be_stored_is_unreadable_not_changed) {
  const auto nul = decode(FieldType::rich_text, false,
                          parsed(R"({"type":"rich_text","rich_text":[{"type":"text","plain_text":"a\u0000b"}]})"));
  EXPECT_NE(nul.unreadable, "");
  const auto half =
      decode(FieldType::url, false, json::object{{"type", "url"}, {"url", "a" + std::string(half_character)}});
  EXPECT_NE(half.unreadable, "");
}

TEST(Codec, another_type_than_mapped_is_unreadable_not_empty) {
  const auto drifted = decode(FieldType::rich_text, false, parsed(R"({"type":"number","number":3})"));
  EXPECT_NE(drifted.unreadable.find("number"), std::string::npos);
  EXPECT_NE(decode(FieldType::number, false, parsed(R"({"type":"number","number":"3"})")).unreadable, "");
  EXPECT_NE(decode(FieldType::number, false, parsed(R"({"type":"new_kind","new_kind":{}})")).unreadable, "");
  EXPECT_NE(decode(FieldType::number, false, parsed(R"({})")).unreadable, "");
  EXPECT_NE(decode(FieldType::number, false, parsed(R"(null)")).unreadable, "");
}

TEST(Codec, reads_days_times_ranges_and_zones) {
  const auto date = [](std::string_view inner) {
    return decode(FieldType::date, false, parsed(R"({"type":"date","date":)" + std::string(inner) + "}")).value;
  };
  const Millis day = parse_time("2026-11-20")->ms;
  EXPECT_EQ(date(R"({"start":"2026-11-20","end":null,"time_zone":null})"), Value(DateSpan(day, std::nullopt, false)));
  EXPECT_EQ(date(R"({"start":"2026-11-20","end":"2026-11-23"})"), Value(DateSpan(day, day + 3 * day_ms, false)));
  const Value half_past_nine = DateSpan(day + 8 * hour_ms + 30 * minute_ms, std::nullopt, true);
  EXPECT_EQ(date(R"({"start":"2026-11-20T09:30:00.000+01:00"})"), half_past_nine);
  EXPECT_EQ(date(R"({"start":"2026-11-20T08:30:59.000Z"})"), half_past_nine);
  EXPECT_EQ(date(R"({"start":"2026-11-20T09:30:00","time_zone":"Europe/Berlin"})"), half_past_nine);
  EXPECT_EQ(date(R"({"start":"2026-11-20T08:30:00","time_zone":"UTC"})"), half_past_nine);
}

TEST(Codec, an_unknown_zone_or_day_is_unreadable) {
  const auto why = [](std::string_view inner) {
    return decode(FieldType::date, false, parsed(R"({"type":"date","date":)" + std::string(inner) + "}")).unreadable;
  };
  EXPECT_NE(why(R"({"start":"2026-11-20T09:30:00","time_zone":"Europe/Atlantis"})"), "");
  EXPECT_NE(why(R"({"start":"2026-02-30"})"), "");
  EXPECT_NE(why(R"({"start":null})"), "");
  EXPECT_NE(why(R"({"start":"2026-11-20","end":"2026-11-21T10:00:00Z"})"), "");
}

TEST(Codec, the_doubled_hour_of_autumn_is_its_first) {
  const Millis wall = parse_time("2026-10-25T02:30:00")->ms;
  EXPECT_EQ(from_zone(wall, "Europe/Berlin"), parse_time("2026-10-25T02:30:00+02:00")->ms);
  EXPECT_EQ(from_zone(wall, "No/Where"), std::nullopt);
}

TEST(Codec, reads_what_people_cannot_write) {
  EXPECT_EQ(
      decode(FieldType::unique_id, false, parsed(R"({"type":"unique_id","unique_id":{"prefix":"LOT","number":42}})"))
          .value,
      Value(std::string("LOT-42")));
  EXPECT_EQ(
      decode(FieldType::unique_id, false, parsed(R"({"type":"unique_id","unique_id":{"prefix":null,"number":42}})"))
          .value,
      Value(42.0));
  EXPECT_EQ(decode(FieldType::created_time, false,
                   parsed(R"({"type":"created_time","created_time":"2026-11-20T08:30:00.000Z"})"))
                .value,
            Value(DateSpan(parse_time("2026-11-20T08:30")->ms, std::nullopt, true)));
}

TEST(Codec, json_in_text_is_compared_by_meaning) {
  const auto read = [](const std::string& text) {
    return decode(FieldType::json, false, shown("rich_text", json::object{{"rich_text", *encode_text(text)}})).value;
  };
  EXPECT_EQ(read(R"({ "b": 1, "a": [1.50, "x"] })"), Value(std::string(R"({"a":[1.5,"x"],"b":1})")));
  EXPECT_EQ(read("plain words"), Value(std::string(R"("plain words")")));
  EXPECT_EQ(read("12345678901234567890123"), Value(std::string("12345678901234567890123")));
}

RC_GTEST_PROP(Codec, json_texts_come_back, ()) {
  const std::string words = *any_text(30);
  const std::string text = *rc::gen::element<std::string>(R"({"a":1})", "[1,2]", "12", "true", "null", R"("12")",
                                                          R"("")", to_text(json::string(words)));
  if (text == R"("")") return;  // an empty text is nothing, in Notion as elsewhere
  RC_ASSERT(round_trip(FieldType::json, text) == Value(text));
}

TEST(Codec, a_field_bound_to_text_travels_as_text) {
  EXPECT_EQ(to_text(*encode(FieldType::select, "rich_text", std::string("a, b"))),
            R"({"rich_text":[{"type":"text","text":{"content":"a, b"}}]})");
  EXPECT_EQ(
      decode(FieldType::url, true, parsed(R"({"type":"title","title":[{"plain_text":"https://example.com"}]})")).value,
      Value(std::string("https://example.com")));
}

}  // namespace
}  // namespace rowpage
