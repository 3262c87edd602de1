// The generated world is laid beside the preset it is made for: what the demo claims must be in it, and nothing that a
// database would refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/demo_changes.h"
#include "cli/demo_data.h"
#include "cli/demo_view.h"
#include "cli/demo_words.h"
#include "config/read.h"
#include "core/text.h"

namespace rowpage {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

const WorkspaceConfig& preset() {
  static const WorkspaceConfig config = *load_config({"", "higherself"}, Environment{});
  return config;
}

std::string as_text(const DemoData& data) {
  std::string out;
  for (const auto& record : data.records) {
    out += record.model + record.key + to_text(record.values);
    for (const auto& links : record.links) {
      out += links.property;
      for (const std::size_t number : links.to) out += " " + std::to_string(number);
    }
  }
  return out;
}

bool has_letters_of(std::string_view text, std::string_view from, std::string_view to) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text.substr(i, 2) >= from && text.substr(i, 2) <= to) return true;
  }
  return false;
}

class DemoDataTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  const DemoData data = make_demo_data(GetParam());

  const PairSpec& pair_of(const DemoRecord& record) const { return *demo_pair(preset(), record.model); }
  const WantedTable& table_of(const DemoRecord& record) const {
    return preset().wanted[static_cast<std::size_t>(&pair_of(record) - preset().pairs.data())];
  }
  static std::string where(const DemoRecord& record, std::string_view property) {
    return record.model + " \"" + std::string(record.title()) + "\", " + std::string(property);
  }
};

INSTANTIATE_TEST_SUITE_P(Worlds, DemoDataTest, ::testing::Values(100, demo_quick_records, demo_records));

TEST_P(DemoDataTest, is_the_same_every_time) {
  EXPECT_EQ(as_text(data), as_text(make_demo_data(GetParam())));
}

TEST_P(DemoDataTest, has_records_of_every_model_on_both_sides) {
  for (const auto& pair : preset().pairs) {
    EXPECT_GE(data.count(pair.model, Side::notion), 3U) << pair.model;
    EXPECT_GE(data.count(pair.model, Side::supabase), 1U) << pair.model;
  }
}

TEST_P(DemoDataTest, gives_every_property_a_value_its_column_takes) {
  for (const auto& record : data.records) {
    for (const auto& [property, value] : record.values) {
      const Field* field = demo_field(pair_of(record), property);
      ASSERT_TRUE(field) << where(record, property);
      EXPECT_FALSE(field->is_relation()) << where(record, property);
      std::vector<std::string> options;
      switch (field->type) {
        case FieldType::number:
          EXPECT_TRUE(value.is_number()) << where(record, property);
          break;
        case FieldType::checkbox:
          EXPECT_TRUE(value.is_bool()) << where(record, property);
          break;
        case FieldType::date:
          EXPECT_TRUE(parse_time(find_string(value, "start"))) << where(record, property);
          break;
        case FieldType::multi_select:
          ASSERT_TRUE(value.is_array()) << where(record, property);
          for (const auto& name : value.get_array()) options.emplace_back(name.as_string());
          break;
        case FieldType::files:
          EXPECT_TRUE(value.is_array()) << where(record, property);
          break;
        case FieldType::select:
          options.emplace_back(value.as_string());
          break;
        case FieldType::people:
        case FieldType::json:
          break;
        default:
          EXPECT_TRUE(value.is_string()) << where(record, property);
      }
      EXPECT_EQ(std::set(options.begin(), options.end()).size(), options.size()) << where(record, property);
      for (const auto& option : options) {
        EXPECT_EQ(option.find(','), std::string::npos) << where(record, property);
        if (!field->options.empty())
          EXPECT_THAT(field->options, ::testing::Contains(option)) << where(record, property);
      }
      if (property == "Engagement Score") EXPECT_THAT(value.to_number<int>(), AllOf(Ge(0), Le(100)));
    }
  }
}

TEST_P(DemoDataTest, writes_each_field_only_where_it_may_be_written) {
  for (const auto& record : data.records) {
    const auto refused = record.born == Side::notion ? Direction::to_notion : Direction::to_supabase;
    for (const auto& [property, value] : record.values)
      EXPECT_NE(demo_field(pair_of(record), property)->direction, refused) << where(record, property);
  }
}

TEST_P(DemoDataTest, leaves_no_required_column_empty_and_repeats_no_unique_value) {
  std::map<std::string, std::set<std::string>> seen;
  for (const auto& record : data.records) {
    std::map<std::string, std::string> by_column;
    for (const auto& [property, value] : record.values)
      by_column[demo_field(pair_of(record), property)->column] = to_text(value);
    for (const auto& links : record.links) {
      const Field* field = demo_field(pair_of(record), links.property);
      ASSERT_TRUE(field) << where(record, links.property);
      if (field->has_column()) by_column[field->column] = std::to_string(links.to.front());
    }
    for (const auto& column : table_of(record).columns) {
      if (column.name == pair_of(record).key) continue;
      const auto value = by_column.find(column.name);
      if (column.not_null && column.default_sql.empty())
        EXPECT_NE(value, by_column.end()) << where(record, column.name);
      if (column.unique && value != by_column.end())
        EXPECT_TRUE(seen[record.model + "." + column.name].insert(value->second).second)
            << where(record, column.name) << " " << value->second;
    }
  }
}

TEST_P(DemoDataTest, links_only_to_records_that_are_there_on_the_same_side) {
  for (std::size_t number = 0; number < data.records.size(); ++number) {
    const auto& record = data.records[number];
    for (const auto& links : record.links) {
      const Field* field = demo_field(pair_of(record), links.property);
      ASSERT_TRUE(field && field->is_relation()) << where(record, links.property);
      EXPECT_NE(field->relation.kind, Relation::Kind::back) << where(record, links.property);
      EXPECT_FALSE(links.to.empty()) << where(record, links.property);
      if (field->relation.kind == Relation::Kind::column)
        EXPECT_EQ(links.to.size(), 1U) << where(record, links.property);
      EXPECT_EQ(std::set(links.to.begin(), links.to.end()).size(), links.to.size()) << where(record, links.property);
      for (const std::size_t target : links.to) {
        ASSERT_LT(target, data.records.size());
        EXPECT_NE(target, number) << where(record, links.property);
        EXPECT_EQ(data.records[target].model, field->relation.to) << where(record, links.property);
        EXPECT_EQ(data.records[target].born, record.born) << where(record, links.property);
      }
    }
  }
}

TEST_P(DemoDataTest, holds_what_programs_stumble_over) {
  std::size_t most_links = 0, ranges = 0, times = 0, files = 0, people = 0, longest = 0, beyond_2000 = 0;
  bool emoji = false, arrow = false, arabic = false, hebrew = false;
  for (const auto& record : data.records) {
    for (const auto& links : record.links) most_links = std::max(most_links, links.to.size());
    for (const auto& [property, value] : record.values) {
      const auto type = demo_field(pair_of(record), property)->type;
      if (type == FieldType::files) ++files;
      if (type == FieldType::people) ++people;
      if (type == FieldType::date) ranges += find_string(value, "end").empty() ? 0 : 1;
      if (type == FieldType::date) times += find_string(value, "start").find('T') != std::string_view::npos ? 1 : 0;
      if (!value.is_string()) continue;
      const std::string_view text(value.get_string());
      longest = std::max(longest, utf16_length(text));
      beyond_2000 += utf16_length(text) > 2000 ? 1 : 0;
      emoji = emoji || text.find("🌿") != std::string_view::npos;
      arrow = arrow || text.find("→") != std::string_view::npos;
      arabic = arabic || has_letters_of(text, "\xd8\x80", "\xdb\xbf");
      hebrew = hebrew || has_letters_of(text, "\xd7\x90", "\xd7\xaa");
    }
  }
  EXPECT_EQ(most_links, 60U);
  EXPECT_GT(longest, 4000U);
  EXPECT_GT(beyond_2000, 2U);
  EXPECT_GT(ranges, 0U);
  EXPECT_GT(times, 0U);
  EXPECT_GT(files, 0U);
  EXPECT_GT(people, 0U);
  EXPECT_TRUE(emoji && arrow && arabic && hebrew);
}

TEST(DemoWorldSize, is_what_the_help_says) {
  const auto whole = make_demo_data(demo_records);
  const auto rows = std::ranges::count(whole.records, Side::supabase, &DemoRecord::born);
  EXPECT_GE(whole.records.size() - static_cast<std::size_t>(rows), 2000U);
  EXPECT_GE(rows, 300);
  EXPECT_THAT(whole.records.size(), AllOf(Ge(2300U), Le(2500U)));
  EXPECT_GE(whole.count("BusinessEntity", Side::notion), 3U);
  EXPECT_GE(whole.count("ContactProfile", Side::notion), 300U);
  EXPECT_THAT(make_demo_data(demo_quick_records).records.size(), AllOf(Ge(300U), Le(420U)));
  EXPECT_LE(make_demo_data(100).records.size(), 260U);
}

TEST(DemoNames, repeat_only_after_every_combination) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < 1480; ++i) names.insert(demo_name(i).first + " " + demo_name(i).last);
  EXPECT_EQ(names.size(), 1480U);
}

TEST(DemoDiceTest, stays_within_its_bounds_and_reaches_both) {
  DemoDice dice(7);
  std::set<int> seen;
  for (int i = 0; i < 500; ++i) seen.insert(dice.between(2, 6));
  EXPECT_THAT(seen, ::testing::ElementsAre(2, 3, 4, 5, 6));
}

TEST(DemoText, before_and_after_name_what_changed) {
  EXPECT_EQ(demo_before_after("12.5", "99.25", false), "12.5 → 99.25");
  EXPECT_EQ(demo_before_after("a\nb\nc", "a\nc\nd", true), "3 → 3 links (− “b”, + “d”)");
  EXPECT_EQ(demo_before_after("x", "x", false), "“x” (as before)");
  EXPECT_EQ(demo_before_after("lives", "in the trash", false), "lives → in the trash");
}

TEST(DemoText, a_long_text_goes_to_notion_in_pieces_it_takes) {
  Field field;
  field.type = FieldType::rich_text;
  std::string text;
  while (text.size() < 9000) text += "🌿→é";
  const auto property = demo_property(field, json::string(text), "");
  std::string together;
  for (const auto& piece : property.at("rich_text").as_array()) {
    const auto content = find_string(*find(piece, "text"), "content");
    EXPECT_LE(utf16_length(content), 2000U);
    EXPECT_TRUE(valid_utf8(content));
    together += content;
  }
  EXPECT_EQ(together, text);
}

}  // namespace
}  // namespace rowpage
