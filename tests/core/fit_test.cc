// A value arrives whole, in the form its field declares, or not at all; nothing is cut.
#include "core/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/make.h"
#include "core/text.h"

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

}  // namespace
}  // namespace rowpage
