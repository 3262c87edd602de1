// What Rowpage relies upon when it reads and writes pages.
#include <fmt/format.h>

#include "contract/fixture.h"

namespace rowpage::contract {
namespace {

class Pages : public Contract {};
ROWPAGE_CONTRACT(Pages);

constexpr std::string_view every_type = R"({
  "Text":{"rich_text":{}},"Number":{"number":{}},"Select":{"select":{"options":[{"name":"one"}]}},
  "Tags":{"multi_select":{"options":[{"name":"x"},{"name":"y"}]}},"Day":{"date":{}},"Open":{"checkbox":{}},
  "Link":{"url":{}},"Mail":{"email":{}},"Phone":{"phone_number":{}},"Files":{"files":{}},"Made":{"created_time":{}},
  "Changed":{"last_edited_time":{}},"Who":{"people":{}}})";

TEST_P(Pages, show_every_type_as_it_was_written) {
  const auto made = make("Types", every_type);
  const auto written = R"({"Name":{"title":[{"text":{"content":"Ünïcode 🐝"}}]},
      "Text":{"rich_text":[{"text":{"content":"one "}},{"text":{"content":"bold"},"annotations":{"bold":true}}]},
      "Number":{"number":0.1},"Select":{"select":{"name":"two"}},"Tags":{"multi_select":[{"name":"y"},{"name":"z"}]},
      "Day":{"date":{"start":"2026-11-20","end":"2026-11-22"}},"Open":{"checkbox":true},
      "Link":{"url":"https://example.com/a"},
      "Mail":{"email":"a@example.com"},"Phone":{"phone_number":"+49 30 1"},
      "Files":{"files":[{"name":"cert.pdf","external":{"url":"https://example.com/cert.pdf"}}]}})";
  const auto answer = create(made, written);
  ASSERT_EQ(answer.status, 200) << to_text(answer.body);
  const auto read = get(answer.id());
  ASSERT_EQ(read.status, 200);
  for (const auto* page : {&answer.body, &read.body}) {
    EXPECT_EQ(title_of(*page), "Ünïcode 🐝");
    EXPECT_EQ(id_of(*page, "Name"), "title");
    EXPECT_EQ(text_of(*page, "Text"), "one bold");
    EXPECT_TRUE(find_bool(*find(value_of(*page, "Text").at(1), "annotations"), "bold"));
    EXPECT_EQ(as_number(value_of(*page, "Number")), 0.1);
    EXPECT_EQ(find_string(value_of(*page, "Select"), "name"), "two");  // a page write makes the option
    ASSERT_EQ(value_of(*page, "Tags").get_array().size(), 2U);
    EXPECT_EQ(find_string(value_of(*page, "Tags").at(0), "name"), "y");
    EXPECT_EQ(find_string(value_of(*page, "Day"), "start"), "2026-11-20");
    EXPECT_EQ(find_string(value_of(*page, "Day"), "end"), "2026-11-22");
    EXPECT_TRUE(value_of(*page, "Open").get_bool());
    EXPECT_EQ(value_of(*page, "Link").get_string(), "https://example.com/a");
    EXPECT_EQ(value_of(*page, "Mail").get_string(), "a@example.com");
    EXPECT_EQ(value_of(*page, "Phone").get_string(), "+49 30 1");
    EXPECT_EQ(find_string(value_of(*page, "Files").at(0), "name"), "cert.pdf");
    EXPECT_TRUE(value_of(*page, "Who").get_array().empty());
    EXPECT_EQ(value_of(*page, "Made").get_string(), find_string(*page, "created_time"));
    EXPECT_EQ(find_string(*find(*page, "parent"), "data_source_id"), made.source);
    EXPECT_FALSE(find_bool(*page, "in_trash", true));
  }
}

TEST_P(Pages, keep_a_time_of_day_as_the_instant_it_was_to_the_minute) {
  const auto made = make("Times", every_type);
  const auto id = page(made, R"({"Day":{"date":{"start":"2026-11-20T09:30:15+01:00"}}})");
  const auto read = get(id);
  const auto start = find_string(value_of(read.body, "Day"), "start");
  const auto time = parse_time(start);
  ASSERT_TRUE(time && time->has_time && time->has_zone) << start;
  EXPECT_EQ(time->ms, parse_time("2026-11-20T08:30:00Z")->ms) << start;
}

TEST_P(Pages, have_created_and_edited_times_of_whole_minutes_that_only_grow) {
  const auto made = make("Minutes", every_type);
  const auto id = page(made, "{}");
  const auto before = get(id).body;
  service->pass(service->real() ? 61 * second_ms : 2 * minute_ms);
  ASSERT_EQ(patch(id, R"({"properties":{"Number":{"number":1}}})").status, 200);
  const auto after = get(id).body;
  const auto time = [](const json::value& page, std::string_view key) {
    return parse_time(find_string(page, key))->ms;
  };
  EXPECT_EQ(time(before, "created_time") % minute_ms, 0);
  EXPECT_EQ(time(after, "last_edited_time") % minute_ms, 0);
  EXPECT_EQ(time(before, "created_time"), time(after, "created_time"));
  EXPECT_GT(time(after, "last_edited_time"), time(before, "last_edited_time"));
}

TEST_P(Pages, change_only_in_what_an_update_names_by_name_or_id) {
  const auto made = make("Updates", every_type);
  const auto answer = create(made, R"({"Name":{"title":[{"text":{"content":"A"}}]},"Number":{"number":7},
      "Text":{"rich_text":[{"text":{"content":"kept"}}]},"Mail":{"email":"a@example.com"}})");
  const auto number = id_of(answer.body, "Number");
  ASSERT_EQ(patch(answer.id(), R"({"properties":{"Mail":{"email":null}}})").status, 200);
  const auto changed =
      service->ask({"PATCH", "/v1/pages/" + answer.id(),
                    json::object{{"properties", json::object{{number, json::object{{"number", 8}}}}}}});
  ASSERT_EQ(changed.status, 200) << to_text(changed.body);
  EXPECT_EQ(as_number(value_of(changed.body, "Number")), 8);
  EXPECT_EQ(text_of(changed.body, "Text"), "kept");
  EXPECT_EQ(title_of(changed.body), "A");
  EXPECT_TRUE(value_of(changed.body, "Mail").is_null());
}

TEST_P(Pages, go_to_the_trash_and_back_and_refuse_edits_meanwhile) {
  const auto made = make("Trash", every_type);
  const auto id = named(made, "A");
  const auto trashed = patch(id, R"({"in_trash":true})");
  ASSERT_EQ(trashed.status, 200) << to_text(trashed.body);
  EXPECT_TRUE(find_bool(trashed.body, "in_trash"));
  EXPECT_TRUE(find_bool(get(id).body, "in_trash"));
  const auto refused = patch(id, R"({"properties":{"Number":{"number":1}}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "validation_error");
  EXPECT_TRUE(service->eventually([&] { return names(made).empty(); }));
  const auto back = patch(id, R"({"in_trash":false})");
  ASSERT_EQ(back.status, 200) << to_text(back.body);
  EXPECT_FALSE(find_bool(back.body, "in_trash", true));
  EXPECT_TRUE(service->eventually([&] { return names(made).size() == 1; }));
}

TEST_P(Pages, move_to_another_data_source_with_their_id_and_leave_the_query) {
  const auto from = make("From"), to = make("To");
  const auto id = named(from, "A");
  const auto moved =
      service->ask({"POST", "/v1/pages/" + id + "/move",
                    json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", to.source}}}}});
  ASSERT_EQ(moved.status, 200) << to_text(moved.body);
  EXPECT_EQ(find_string(*find(get(id).body, "parent"), "data_source_id"), to.source);
  EXPECT_TRUE(service->eventually([&] { return names(from).empty() && names(to) == std::vector<std::string>{"A"}; }));
}

TEST_P(Pages, hold_texts_longer_than_one_piece_and_refuse_longer_pieces) {
  const auto made = make("Long", every_type);
  const std::string piece(2000, 'x');
  const auto text = R"({"text":{"content":")" + piece + R"("}})";
  const auto id = page(made, R"({"Text":{"rich_text":[)" + text + "," + text + "," + text + "]}}");
  EXPECT_EQ(text_of(get(id).body, "Text"), piece + piece + piece);
  const auto refused = create(made, R"({"Text":{"rich_text":[{"text":{"content":")" + piece + R"(x"}}]}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "validation_error");
  // Two units of UTF-16 an emoji: 1,001 of them are too long, 1,000 are not.
  std::string bees;
  for (int i = 0; i < 1000; ++i) bees += "🐝";
  EXPECT_EQ(create(made, R"({"Text":{"rich_text":[{"text":{"content":")" + bees + R"("}}]}})").status, 200);
  EXPECT_EQ(create(made, R"({"Text":{"rich_text":[{"text":{"content":")" + bees + R"(🐝"}}]}})").status, 400);
}

TEST_P(Pages, refuse_values_that_do_not_fit_their_property) {
  const auto made = make("Refusals", every_type);
  for (const auto* wrong :
       {R"({"Number":{"number":"7"}})", R"({"Mail":{"email":""}})", R"({"Nowhere":{"number":1}})",
        R"({"Text":{"number":1}})", R"({"Day":{"date":{"start":"yesterday"}}})",
        R"({"Made":{"created_time":"2026-11-20T09:30:00Z"}})", R"({"Select":{"select":{"name":"a,b"}}})"}) {
    const auto refused = create(made, wrong);
    EXPECT_EQ(refused.status, 400) << wrong;
    EXPECT_EQ(refused.code(), "validation_error") << wrong;
    EXPECT_EQ(find_string(refused.body, "object"), "error") << wrong;
    EXPECT_FALSE(find_string(refused.body, "message").empty()) << wrong;
  }
}

TEST_P(Pages, carry_a_body_of_blocks_that_grows_and_is_listed) {
  const auto made = make("Bodies");
  const auto id = named(made, "A");
  const auto paragraph = [](std::string_view text) {
    return fmt::format(R"({{"type":"paragraph","paragraph":{{"rich_text":[{{"text":{{"content":"{}"}}}}]}}}})", text);
  };
  const auto first = service->ask("PATCH", "/v1/blocks/" + id + "/children",
                                  R"({"children":[)" + paragraph("one") + "," + paragraph("two") + "]}");
  ASSERT_EQ(first.status, 200) << to_text(first.body);
  const auto* blocks = find_array(first.body, "results");
  ASSERT_TRUE(blocks && blocks->size() == 2);
  const auto start = service->ask("PATCH", "/v1/blocks/" + id + "/children",
                                  R"({"position":{"type":"start"},"children":[)" + paragraph("zero") + "]}");
  ASSERT_EQ(start.status, 200) << to_text(start.body);
  std::string seen, cursor;
  for (int answers = 0; answers < 5; ++answers) {
    Service::Request request{"GET", "/v1/blocks/" + id + "/children", nullptr, {{"page_size", "2"}}};
    if (!cursor.empty()) request.query.emplace_back("start_cursor", cursor);
    const auto list = service->ask(request);
    ASSERT_EQ(list.status, 200) << to_text(list.body);
    for (const auto& block : *find_array(list.body, "results")) {
      seen += std::string(find_string(block.at("paragraph").at("rich_text").at(0), "plain_text")) + " ";
    }
    if (!find_bool(list.body, "has_more")) break;
    cursor = find_string(list.body, "next_cursor");
  }
  EXPECT_EQ(seen, "zero one two ");
}

}  // namespace
}  // namespace rowpage::contract
