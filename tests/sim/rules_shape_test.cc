// What a page may look like that is more, or less, than its values: formatting, long lists of mentions, bookkeeping,
// properties gone.
#include "sim/story.h"

namespace rowpage::sim {
namespace {

using testing::HasSubstr;

json::object rich(json::array runs) {
  return json::object{{"rich_text", std::move(runs)}};
}

json::value bold(const std::string& text) {
  return json::object{{"text", json::object{{"content", text}}}, {"annotations", json::object{{"bold", true}}}};
}

struct Formatted : testing::Test {
  Formatted() {
    story.on_note = [this](std::string_view event, std::string_view text) {
      notes.push_back(std::string(event) + ": " + std::string(text));
    };
    story.as_person("PATCH", "/v1/pages/" + record.page,
                    json::object{{"properties", json::object{{"Note", rich({bold("r1.bold")})}}}});
    story.sync();
  }
  bool shows_bold() {
    const auto answer = story.as_person("GET", "/v1/pages/" + record.page, nullptr);
    return to_text(answer.body).find("\"bold\":true") != std::string::npos;
  }
  Story story;
  Story::Record record = story.synced();
  std::vector<std::string> notes;
};

TEST_F(Formatted, text_arrives_as_plain_text) {
  EXPECT_EQ(story.in_supabase(record.row, Story::note), Value(std::string("r1.bold")));
  EXPECT_TRUE(shows_bold());
}

TEST_F(Formatted, text_survives_every_edit_of_something_else) {
  story.edit_row(record.row, {{Story::score, 99.0}, {Story::title, std::string("r1.new")}});
  story.sync();
  EXPECT_EQ(story.in_notion(record.page, Story::score), Value(99.0));
  EXPECT_TRUE(shows_bold());
}

TEST_F(Formatted, text_that_is_replaced_from_the_row_is_logged) {
  story.edit_row(record.row, {{Story::note, std::string("r1.plain")}});
  story.sync();
  EXPECT_FALSE(shows_bold());
  EXPECT_THAT(notes, testing::Contains(HasSubstr("formatting: ")));
}

TEST_F(Formatted, change_of_formatting_alone_is_no_change) {
  const auto rows = story.postgres.row_writes();
  story.as_person("PATCH", "/v1/pages/" + record.page,
                  json::object{{"properties", json::object{{"Note", rich({bold("r1."), bold("bold")})}}}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.postgres.row_writes(), rows);
}

TEST(Request, carries_only_the_properties_whose_value_changed) {
  Story story;
  const auto record = story.synced();
  story.edit_row(record.row, {{Story::score, 99.0}});
  std::size_t carried = 0;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.method == "PATCH") carried = find_object(request.body, "properties")->size();
    return std::nullopt;
  };
  story.sync();
  EXPECT_EQ(carried, 1);
}

TEST(CutShort, a_text_with_more_mentions_than_a_page_shows_arrives_whole) {
  Story story;
  const auto record = story.synced();
  json::array runs;
  for (int i = 0; i < 40; ++i) {
    runs.push_back(json::object{{"text", json::object{{"content", std::to_string(i) + " "}}}});
    runs.push_back(
        json::object{{"mention", json::object{{"type", "page"}, {"page", json::object{{"id", record.page}}}}}});
  }
  story.as_person("PATCH", "/v1/pages/" + record.page,
                  json::object{{"properties", json::object{{"Note", rich(runs)}}}});
  story.sync();
  const Value arrived = story.in_supabase(record.row, Story::note);
  ASSERT_TRUE(std::holds_alternative<std::string>(arrived));
  for (int i = 0; i < 40; ++i) {
    EXPECT_THAT(std::get<std::string>(arrived), HasSubstr(std::to_string(i) + " ")) << "the rest was cut off";
  }
  EXPECT_TRUE(story.comes_to_rest());
}

TEST(Bookkeeping, never_counts_as_a_change) {
  Story story;
  const std::string row = story.make_row(story.some());
  story.sync();
  const std::string page = story.page_of(row);
  story.notion.reset_stats();
  const auto rows = story.postgres.row_writes();
  story.as_person("PATCH", "/v1/pages/" + page,
                  json::object{{"properties", json::object{{"Rowpage", rich({bold("scribbled over")})}}}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.postgres.row_writes(), rows);
  EXPECT_EQ(story.notion_writes(), 0);
}

TEST(Bookkeeping, gives_the_row_its_pages_id_in_the_write_that_happens_anyway) {
  Story story;
  const auto record = story.synced();
  EXPECT_EQ(story.postgres.rows().at(record.row).page_id, record.page);
  EXPECT_EQ(story.postgres.row_writes(), 1);
}

TEST(PropertyGone, from_the_schema_is_drift_and_not_an_emptied_column) {
  Story story;
  const auto records = story.synced(3);
  story.as_person("PATCH", "/v1/data_sources/" + story.pair.data_source,
                  json::object{{"properties", json::object{{"Note", nullptr}}}});
  const json::object title{{"title", json::array{json::object{{"text", json::object{{"content", "r1.renamed"}}}}}}};
  story.as_person("PATCH", "/v1/pages/" + records[0].page, json::object{{"properties", json::object{{"Name", title}}}});
  for (int i = 0; i < 2; ++i) story.sync();
  story.full_sync();
  for (const auto& record : records) {
    EXPECT_EQ(story.in_supabase(record.row, Story::note), record.values[Story::note]);
  }
}

TEST(LongText, beyond_what_one_rich_text_object_holds_travels_whole_both_ways) {
  Story story;
  const auto record = story.synced();
  std::string text = "r1.";
  for (int i = 0; i < 900; ++i) text += "né𝒳 ";
  story.edit_row(record.row, {{Story::note, text}});
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.in_notion(record.page, Story::note), Value(text));
  EXPECT_EQ(story.in_supabase(record.row, Story::note), Value(text));
}

TEST(Value, that_cannot_travel_parks_its_record_and_nothing_is_cut) {
  Story story;
  const auto records = story.synced(2);
  story.edit_row(records[0].row, {{Story::note, std::string(300'000, 'x')}});
  story.edit_row(records[1].row, {{Story::note, std::string("r2.fine")}});
  const auto report = story.sync();
  EXPECT_EQ(report.parked, 1);
  EXPECT_EQ(story.in_notion(records[0].page, Story::note), records[0].values[Story::note]);
  EXPECT_EQ(story.in_notion(records[1].page, Story::note), Value(std::string("r2.fine")));
  ASSERT_NE(story.waiting(records[0].row), nullptr);
  EXPECT_THAT(story.waiting(records[0].row)->reason, HasSubstr("too long"));
}

}  // namespace
}  // namespace rowpage::sim
