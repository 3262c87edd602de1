// What a field, and `setup:` of its pair, may say beyond its column and property.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "config/read.h"
#include "config/workspace.h"

namespace rowpage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string config(const std::string& fields, const std::string& pair_more = "", const std::string& top = "") {
  return top +
         "pairs:\n"
         "  - model: Person\n"
         "    notion: { title: People, also: [Persons, Staff] }\n"
         "    table: people\n" +
         pair_more +
         "    fields:\n"
         "      - { column: name, property: Name, type: title }\n" +
         fields;
}

WorkspaceConfig accepted(const std::string& text) {
  auto read = read_config(text, "rowpage.yaml", Environment{});
  if (!read) throw std::runtime_error(read.error().what);  // fails the test with the message
  return std::move(*read);
}

std::string refusal(const std::string& text) {
  const auto read = read_config(text, "rowpage.yaml", Environment{});
  return read ? "(accepted)" : read.error().what;
}

const WantedColumn& column(const WorkspaceConfig& config, const std::string& name) {
  static const WantedColumn none;
  for (const auto& column : config.wanted.at(0).columns) {
    if (column.name == name) return column;
  }
  ADD_FAILURE() << "no column " << name;
  return none;
}

TEST(ReadField, other_names_of_a_property_and_a_database_are_kept) {
  const auto read = accepted(config("      - { column: a, property: A, also: [Alpha, First], type: rich_text }\n"));
  EXPECT_THAT(read.pairs[0].fields[1].also, ElementsAre("Alpha", "First"));
  EXPECT_THAT(read.wanted[0].also, ElementsAre("Persons", "Staff"));
}

TEST(ReadField, a_name_that_could_mean_two_properties_is_refused) {
  EXPECT_THAT(refusal(config("      - { column: a, property: A, also: [name], type: rich_text }\n")),
              HasSubstr("rowpage.yaml:7:42: `name` is the name of another field's property already"));
  EXPECT_THAT(refusal(config("      - { column: a, property: A, also: [X], type: rich_text }\n"
                             "      - { column: b, property: B, also: [X], type: rich_text }\n")),
              HasSubstr("rowpage.yaml:8:42: `X` is the name of another"));
}

TEST(ReadField, values_pair_options_with_what_the_column_holds) {
  const auto read = accepted(config(
      "      - { column: tier, property: Tier, type: select, values: { Tier 1: 1, \"Tier 2\": 2, Second: 2 } }\n"));
  EXPECT_THAT(read.pairs[0].fields[1].values,
              ElementsAre(Pair("Tier 1", "1"), Pair("Tier 2", "2"), Pair("Second", "2")));
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: select, values: { X: 1, x: 2 } }\n")),
              HasSubstr("the option `x` stands here twice"));
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: number, values: { X: 1 } }\n")),
              HasSubstr("`values` belongs to fields of type select, multi_select and status only"));
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: select, values: [X] }\n")),
              HasSubstr("`values` must be a mapping, but this is a list"));
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: select, values: { X: } }\n")),
              HasSubstr("`X` in `values` needs a single value"));
}

TEST(ReadField, numbers_have_a_format_and_may_be_percentages) {
  const auto read =
      accepted(config("      - { column: a, property: A, type: number, percent: true }\n"
                      "      - { column: b, property: B, type: number, format: dollar }\n"));
  EXPECT_TRUE(read.pairs[0].fields[1].percent);
  EXPECT_EQ(read.pairs[0].fields[1].format, "percent");
  EXPECT_EQ(read.pairs[0].fields[2].format, "dollar");
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: number, format: dolar }\n")),
              HasSubstr("`dolar` is not a number format of Notion\n"));
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: number, format: dolar }\n")),
              HasSubstr("did you mean `dollar`?"));
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: date, percent: true }\n")),
              HasSubstr("`percent` belongs to fields of type number only"));
}

TEST(ReadField, columns_are_made_as_the_field_says) {
  const auto read = accepted(config(
      "      - { column: score, property: Score, type: number, sql_type: integer, unique: true,\n"
      "          check: \"score between 0 and 100\", default: 0 }\n"
      "      - { column: mood, property: Mood, type: select, enum: mood, options: [Glad, Sad], values: { Sad: s } }\n"
      "      - { column: a, property: A, type: people }\n"
      "      - { column: b, property: B, type: files, store: json }\n"
      "      - { column: c, property: C, type: people, store: array }\n"));
  EXPECT_TRUE(column(read, "score").unique);
  EXPECT_EQ(column(read, "score").check, "score between 0 and 100");
  EXPECT_EQ(column(read, "score").default_sql, "0");
  EXPECT_EQ(column(read, "mood").sql_type, "mood");
  EXPECT_THAT(column(read, "mood").labels, ElementsAre("Glad", "s"));
  EXPECT_EQ(column(read, "a").sql_type, "text");
  EXPECT_EQ(column(read, "b").sql_type, "jsonb");
  EXPECT_EQ(column(read, "c").sql_type, "text[]");
  EXPECT_EQ(read.pairs[0].fields[3].direction, Direction::to_supabase);
  EXPECT_EQ(read.pairs[0].fields[4].direction, Direction::both);
}

TEST(ReadField, an_enum_needs_labels_and_is_a_type_by_itself) {
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: select, enum: mood }\n")),
              HasSubstr("the enum `mood` has no labels"));
  EXPECT_THAT(
      refusal(config("      - { column: a, property: A, type: select, enum: mood, options: [X], sql_type: text }\n")),
      HasSubstr("`sql_type` and `enum` exclude each other"));
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: number, enum: mood }\n")),
              HasSubstr("`enum` belongs to fields of type select and status only"));
}

TEST(ReadField, people_cannot_be_written_in_notion) {
  EXPECT_THAT(refusal(config("      - { column: a, property: A, type: people, direction: both }\n")),
              HasSubstr("a property of type `people` cannot be written in Notion"));
}

TEST(ReadField, a_bookkeeping_column_shown_as_a_date_is_one_column_with_its_default) {
  const auto read =
      accepted(config("      - { column: created_at, property: Created, type: date, direction: to_notion }\n"
                      "      - { column: updated_at, property: Updated, type: date, direction: to_notion }\n",
                      "    bookkeeping: { updated_at_column: updated_at }\n"));
  int times = 0;
  for (const auto& one : read.wanted[0].columns) times += one.sql_type == "timestamptz" ? 1 : 0;
  EXPECT_EQ(times, 2);
  EXPECT_EQ(column(read, "created_at").default_sql, "now()");
  EXPECT_EQ(column(read, "updated_at").default_sql, "now()");
}

TEST(ReadField, a_field_that_shows_the_key_may_say_its_type) {
  const auto read =
      accepted(config("      - { column: sku, property: SKU, type: rich_text, sql_type: text }\n", "    key: sku\n"));
  EXPECT_EQ(read.wanted[0].columns[0].name, "sku");
  EXPECT_EQ(read.wanted[0].columns[0].sql_type, "text");
  EXPECT_EQ(read.wanted[0].columns[0].default_sql, "");
  EXPECT_TRUE(read.wanted[0].columns[0].not_null);
}

TEST(ReadPair, group_icon_and_comment_are_kept) {
  const auto read = accepted(config("", "    group: core\n    icon: 👥\n    comment: Everyone we know\n"));
  EXPECT_EQ(read.wanted[0].group, "core");
  EXPECT_EQ(read.wanted[0].icon, "👥");
  EXPECT_EQ(read.wanted[0].comment, "Everyone we know");
}

TEST(ReadPair, bookkeeping_of_sync_holds_for_pairs_that_do_not_say_otherwise) {
  const auto read = accepted(config("", "    bookkeeping: { row_id: off }\n",
                                    "sync: { bookkeeping: { row_id: Supabase ID, last_synced: Last Synced } }\n"));
  EXPECT_EQ(read.pairs[0].book.row_id, "");
  EXPECT_EQ(read.pairs[0].book.last_synced, "Last Synced");
}

TEST(ReadSetup, indexes_are_columns_lists_or_have_a_name) {
  const auto read = accepted(config("      - { column: a, property: A, type: rich_text }\n",
                                    "    setup: { indexes: [name, [name, a], { name: idx_x, columns: [a] }] }\n"));
  const auto& indexes = read.wanted[0].indexes;
  ASSERT_EQ(indexes.size(), 3u);
  EXPECT_THAT(indexes[0].columns, ElementsAre("name"));
  EXPECT_THAT(indexes[1].columns, ElementsAre("name", "a"));
  EXPECT_EQ(indexes[2].name, "idx_x");
  EXPECT_THAT(refusal(config("", "    setup: { indexes: [nmae] }\n")),
              HasSubstr("`nmae` in `indexes` is not a column of this pair"));
  EXPECT_THAT(refusal(config("", "    setup: { indexes: [{ name: x }] }\n")),
              HasSubstr("`columns` is missing in an index"));
  EXPECT_THAT(refusal(config("", "    setup: { indexes: name }\n")), HasSubstr("`indexes` must be a list"));
}

TEST(ReadSetup, formulas_and_properties_notion_fills_are_created_and_not_mapped) {
  const auto read =
      accepted(config("",
                      "    setup:\n      formulas: { Age: 'dateBetween(now(), prop(\"Born\"), \"years\")' }\n"
                      "      properties: { Last Modified: last_edited_time }\n"));
  ASSERT_EQ(read.wanted[0].extras.size(), 2u);
  EXPECT_EQ(read.wanted[0].extras[0].type, "last_edited_time");
  EXPECT_EQ(read.wanted[0].extras[1].name, "Age");
  EXPECT_EQ(read.wanted[0].extras[1].type, "formula");
  EXPECT_EQ(read.wanted[0].extras[1].expression, "dateBetween(now(), prop(\"Born\"), \"years\")");
  EXPECT_EQ(read.pairs[0].fields.size(), 1u);
  EXPECT_THAT(refusal(config("", "    setup: { formulas: { name: '1' } }\n")),
              HasSubstr("the pair has a property `name` already"));
  EXPECT_THAT(refusal(config("", "    setup: { formulas: { Rowpage: '1' } }\n")),
              HasSubstr("the pair has a property `Rowpage` already"));
  EXPECT_THAT(refusal(config("", "    setup: { properties: { X: rollup } }\n")),
              HasSubstr("`rollup` is not a property Notion fills by itself"));
}

TEST(ReadSetup, fills_and_names_are_columns_of_the_pair) {
  const std::string fields =
      "      - { column: first, property: First, type: rich_text }\n"
      "      - { column: last, property: Last, type: rich_text }\n";
  const auto read = accepted(
      config(fields, "    setup: { fills: { name: last }, names: { full: name, first: first, last: last } }\n"));
  EXPECT_THAT(read.wanted[0].fills, ElementsAre(Pair("name", "last")));
  EXPECT_EQ(read.wanted[0].full_name + read.wanted[0].first_name + read.wanted[0].last_name, "namefirstlast");
  EXPECT_THAT(refusal(config(fields, "    setup: { fills: { name: lst } }\n")),
              HasSubstr("`lst` in `fills` is not a column of this pair"));
  EXPECT_THAT(refusal(config(fields, "    setup: { fills: { name: name } }\n")),
              HasSubstr("`name` cannot be filled from itself"));
  EXPECT_THAT(refusal(config(fields, "    setup: { names: { full: name, first: first } }\n")),
              HasSubstr("`last` is missing in `names`"));
  EXPECT_THAT(refusal(config(fields, "    setup: { names: { full: name, first: first, last: first } }\n")),
              HasSubstr("`names` are three columns"));
}

TEST(UseSchema, moves_what_was_written_without_one_and_can_move_it_again) {
  auto read = accepted(config("", "", "supabase: { schema: crm }\n"));
  EXPECT_EQ(read.pairs[0].table, "crm.people");
  use_schema(read, "My.Schema");
  EXPECT_EQ(read.pairs[0].table, "\"My.Schema\".people");
  use_schema(read, "b");
  EXPECT_EQ(read.pairs[0].table, "b.people");
  EXPECT_EQ(read.schema, "b");
}

TEST(UseSchema, one_table_written_both_ways_is_still_one_table) {
  const std::string second =
      "  - model: Other\n    notion: { title: Others }\n    table: crm.people\n"
      "    fields: [ { column: name, property: Name, type: title } ]\n";
  EXPECT_THAT(refusal(config("", "", "supabase: { schema: crm }\n") + second),
              HasSubstr("the table `crm.people` belongs to another pair already"));
  EXPECT_EQ(refusal(config("") + second), "(accepted)");
}

}  // namespace
}  // namespace rowpage
