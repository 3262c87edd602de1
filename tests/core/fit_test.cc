// A value arrives whole, in the form its field declares, or not at all; nothing is cut.
#include "core/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/make.h"
#include "core/text.h"
#include "core/time.h"

namespace rowpage {
namespace {

using testing::HasSubstr;

void refuses(const Fitted& fitted, const char* why) {
  ASSERT_FALSE(fitted);
  EXPECT_THAT(fitted.error(), HasSubstr(why));
}

TEST(FitRow, refuses_a_text_too_long_for_its_column_by_characters_not_bytes) {
  Field field = make_field("a", FieldType::rich_text, ColumnType::text, "character varying(3)");
  field.target.max_length = 3;
  EXPECT_EQ(fit_row(field, text("né€")), Value(text("né€")));
  refuses(fit_row(field, text("abcd")), "4 characters, the limit is 3");
}

TEST(FitRow, refuses_what_postgresql_cannot_store) {
  const Field field = make_field("a", FieldType::rich_text, ColumnType::text);
  refuses(fit_row(field, std::string("a\0b", 3)), "NUL");
}

TEST(FitRow, refuses_a_value_no_enum_label_names) {
  Field field = make_field("a", FieldType::select, ColumnType::enumeration, "mood");
  field.target.labels = {"glad", "sad"};
  EXPECT_EQ(fit_row(field, text("glad")), Value(text("glad")));
  refuses(fit_row(field, text("cross")), "glad, sad");
}

TEST(FitRow, refuses_numbers_its_column_cannot_hold) {
  Field field = make_field("a", FieldType::number, ColumnType::integer, "smallint");
  field.target.max_integer_bytes = 2;
  EXPECT_EQ(fit_row(field, 32767.0), Value(32767.0));
  refuses(fit_row(field, 32768.0), "out of range");
  refuses(fit_row(field, 1.5), "not a whole number");
}

TEST(FitRow, keeps_the_day_of_a_time_in_a_day_column) {
  const Field field = make_field("a", FieldType::date, ColumnType::date);
  EXPECT_EQ(fit_row(field, DateSpan{33 * hour_ms, std::nullopt, true}), Value(DateSpan{day_ms, std::nullopt, false}));
}

TEST(FitRow, refuses_options_that_joining_would_confuse) {
  const Field field = make_field("a", FieldType::multi_select, ColumnType::text);
  EXPECT_EQ(fit_row(field, TextList{"a", "b"}), Value(TextList{"a", "b"}));
  refuses(fit_row(field, TextList{"a, b", "c"}), "comma");
}

TEST(FitRow, refuses_several_values_in_a_column_for_one) {
  Field field = make_field("a", FieldType::multi_select, ColumnType::text);
  field.store = Storing::single;
  EXPECT_TRUE(fit_row(field, TextList{"a"}));
  refuses(fit_row(field, TextList{"a", "b"}), "holds one value");
}

TEST(FitPage, refuses_what_notion_would_refuse_or_cut) {
  const Field note = make_field("a", FieldType::rich_text, ColumnType::text);
  EXPECT_TRUE(fit_page(note, std::string(200'000, 'x')));
  refuses(fit_page(note, std::string(200'001, 'x')), "limit is 200000");
  refuses(fit_page(note, std::string("\xED\xA0\x80")), "UTF-8");
  const Field url = make_field("a", FieldType::url, ColumnType::text);
  refuses(fit_page(url, std::string(2'001, 'x')), "limit is 2000");
  const Field option = make_field("a", FieldType::select, ColumnType::text);
  refuses(fit_page(option, text("a, b")), "comma");
  refuses(fit_page(option, std::string(101, 'x')), "limit is 100");
  const Field number = make_field("a", FieldType::number, ColumnType::real);
  refuses(fit_page(number, std::numeric_limits<double>::infinity()), "not finite");
}

TEST(FitPage, refuses_a_status_that_only_people_can_make) {
  Field status = make_field("a", FieldType::status, ColumnType::text);
  status.known_options = {"Open", "Done"};
  EXPECT_TRUE(fit_page(status, text("Done")));
  refuses(fit_page(status, text("Later")), "Open, Done");
}

TEST(FitPage, refuses_more_options_than_one_write_takes_and_those_that_differ_in_case_only) {
  const Field list = make_field("a", FieldType::multi_select, ColumnType::text_array);
  TextList names;
  for (int i = 0; i < 101; ++i) names.push_back("o" + std::to_string(i));
  refuses(fit_page(list, names), "at most 100");
  refuses(fit_page(list, TextList{"Red", "red"}), "case only");
}

TEST(FitPage, takes_an_empty_checkbox_for_an_unticked_one) {
  const Field box = make_field("a", FieldType::checkbox, ColumnType::boolean);
  EXPECT_EQ(fit_page(box, Null{}), Value(false));
  EXPECT_EQ(fit_row(box, Null{}), Value(false));
}

TEST(FitPage, refuses_values_of_another_kind) {
  refuses(fit_page(make_field("a", FieldType::number, ColumnType::text), text("x")), "a number");
  refuses(fit_page(make_field("a", FieldType::date, ColumnType::text), text("x")), "a date");
  refuses(fit_page(make_field("a", FieldType::created_time, ColumnType::text), text("x")), "itself");
}

RC_GTEST_PROP(Fit, a_text_that_travels_travels_whole, (const std::string& words)) {
  const Field field = make_field("a", FieldType::rich_text, ColumnType::text);
  const Value value = make_text(words);
  if (const auto there = fit_page(field, value)) RC_ASSERT((*there == value));
  if (const auto back = fit_row(field, value)) RC_ASSERT((*back == value));
}

RC_GTEST_PROP(Fit, what_fits_once_fits_again_unchanged, ()) {
  const Field field = make_field("a", FieldType::date,
                                 *rc::gen::element(ColumnType::date, ColumnType::timestamptz, ColumnType::daterange));
  DateSpan span{*rc::gen::inRange<Millis>(-1'000'000'000'000, 4'000'000'000'000), std::nullopt,
                *rc::gen::arbitrary<bool>()};
  if (*rc::gen::arbitrary<bool>()) span.end_ms = span.start_ms + day_ms;
  const auto row = fit_row(field, span);
  RC_ASSERT(row.has_value());
  RC_ASSERT((fit_row(field, *row).value() == *row));
  const auto page = fit_page(field, span);
  RC_ASSERT(page.has_value());
  RC_ASSERT((fit_page(field, *page).value() == *page));
}

Field tier() {
  Field field = make_field("a", FieldType::select, ColumnType::text);
  field.values = {{"Tier 1", "1"}, {"Tier 2", "2"}, {"Second", "2"}};
  return field;
}

TEST(FitValues, a_name_becomes_its_value_and_a_value_the_first_of_its_names) {
  EXPECT_EQ(fit_row(tier(), text("Tier 1")), Value(text("1")));
  EXPECT_EQ(fit_row(tier(), text("Second")), Value(text("2")));
  EXPECT_EQ(fit_page(tier(), text("2")), Value(text("Tier 2")));
  EXPECT_EQ(fit_row(tier(), text("Other")), Value(text("Other")));
  EXPECT_EQ(fit_page(tier(), text("Other")), Value(text("Other")));
  EXPECT_EQ(fit_page(tier(), Null{}), Value(Null{}));
}

TEST(FitValues, every_option_of_a_list_is_translated_and_names_of_one_value_become_one) {
  Field field = tier();
  field.type = FieldType::multi_select;
  EXPECT_EQ(fit_row(field, TextList{"Second", "Tier 1", "Tier 2"}), Value(TextList{"1", "2"}));
  EXPECT_EQ(fit_page(field, TextList{"1", "2"}), Value(TextList{"Tier 1", "Tier 2"}));
}

TEST(FitValues, limits_hold_for_what_arrives_and_not_for_what_was_there) {
  Field field = make_field("a", FieldType::select, ColumnType::text, "character varying(2)");
  field.target.max_length = 2;
  field.values = {{"A long name", "al"}, {"B, C", "bc"}};
  EXPECT_EQ(fit_row(field, text("A long name")), Value(text("al")));
  EXPECT_EQ(fit_page(field, text("al")), Value(text("A long name")));
  refuses(fit_page(field, text("bc")), "comma");
}

TEST(FitValues, a_number_column_takes_only_options_that_have_a_number) {
  Field field = tier();
  field.target.type = ColumnType::integer;
  field.target.sql_type = "integer";
  EXPECT_EQ(fit_row(field, text("Tier 2")), Value(text("2")));
  refuses(fit_row(field, text("Tier 9")), "no number under `values`");
}

TEST(FitPercent, moves_the_point_two_places_without_binary_noise) {
  Field field = make_field("a", FieldType::number, ColumnType::numeric, "numeric(5,2)");
  field.percent = true;
  EXPECT_EQ(fit_row(field, 0.07), Value(7.0));
  EXPECT_EQ(fit_row(field, 0.1234), Value(12.34));
  EXPECT_EQ(fit_page(field, 12.34), Value(0.1234));
  EXPECT_EQ(fit_page(field, 0.0), Value(0.0));
  EXPECT_EQ(fit_page(field, Null{}), Value(Null{}));
  Field whole = make_field("a", FieldType::number, ColumnType::integer, "integer");
  whole.percent = true;
  EXPECT_EQ(fit_row(whole, 0.29), Value(29.0));
  refuses(fit_row(whole, 0.295), "not a whole number");
}

RC_GTEST_PROP(FitPercent, comes_back_for_every_decimal_a_numeric_column_holds, ()) {
  Field field = make_field("a", FieldType::number, ColumnType::numeric, "numeric(12,4)");
  field.percent = true;
  const double row = static_cast<double>(*rc::gen::inRange<std::int64_t>(-99'999'999, 99'999'999)) / 10'000;
  const auto page = fit_page(field, row);
  RC_ASSERT(page.has_value());
  RC_ASSERT(fit_row(field, *page).value() == Value(row));
}

TEST(FitFiles, addresses_travel_and_everything_else_says_why_not) {
  const Field field = make_field("a", FieldType::files, ColumnType::json, "jsonb");
  EXPECT_EQ(fit_page(field, text("https://a.example/1.png\r\n\nhttp://b.example/x")),
            Value(text("https://a.example/1.png\nhttp://b.example/x")));
  EXPECT_EQ(fit_page(field, Null{}), Value(Null{}));
  refuses(fit_page(field, text("https://a.example/1.png\nnotion-file:plan.pdf")), "a file that Notion keeps");
  refuses(fit_page(field, text("plan.pdf")), "not an address");
  refuses(fit_page(field, text("https://a.example/my plan.pdf")), "not an address");
  refuses(fit_page(field, text("https://")), "not an address");
  refuses(fit_page(field, "https://a.example/" + std::string(1'983, 'x')), "2001 UTF-16 units, the limit is 2000");
  EXPECT_TRUE(fit_page(field, "https://a.example/" + std::string(1'982, 'x')));
  std::string many;
  for (int i = 0; i <= 100; ++i) many += "https://a.example/" + std::to_string(i) + "\n";
  refuses(fit_page(field, many), "too many files");
  EXPECT_EQ(fit_row(field, text("https://a.example/1\nnotion-file:x")),
            Value(text("https://a.example/1\nnotion-file:x")));
  refuses(fit_page(field, 1.0), "files");
}

TEST(FitPeople, travel_to_the_row_only) {
  const Field field = make_field("a", FieldType::people, ColumnType::text);
  EXPECT_EQ(fit_row(field, text("Ada\nBea")), Value(text("Ada\nBea")));
  refuses(fit_page(field, text("Ada")), "chosen in Notion");
}

TEST(Agree, sees_what_each_side_can_hold) {
  const Field day = make_field("Date", FieldType::date, ColumnType::date);
  EXPECT_TRUE(agree(day, DateSpan{9 * hour_ms, std::nullopt, true}, DateSpan{0, std::nullopt, false}));
  EXPECT_FALSE(agree(day, DateSpan{33 * hour_ms, std::nullopt, true}, DateSpan{0, std::nullopt, false}));
  const Field moment = make_field("At", FieldType::date, ColumnType::timestamptz);
  EXPECT_TRUE(agree(moment, DateSpan{minute_ms, std::nullopt, true}, DateSpan{minute_ms + 5, std::nullopt, true}));
}

}  // namespace
}  // namespace rowpage
