// Formulas as databases of the presets use them: each is accepted, and computed on a page that is filled and on one
// that is not.
#include "sandbox/roastery.h"

namespace rowpage::sandbox {
namespace {

struct Example {
  std::string_view name, expression;
  std::string_view filled, blank;  // as JSON; empty: not said
};

class Strange : public Roastery {};

constexpr Example examples[] = {
    {"Needs Sync", R"(if(empty(prop("Last Synced")), true, prop("Last Modified") > prop("Last Synced")))", R"(true)",
     R"(true)"},
    {"Days Since Sync", R"(dateBetween(now(), prop("Last Synced"), "days"))", R"(10)", R"(null)"},
    {"Days Since Last Interaction",
     R"(dateBetween(now(), if(empty(prop("Last Interaction")), prop("Date Added"), prop("Last Interaction")), "days"))",
     R"(2)", R"(null)"},
    {"Days Since Active", R"(dateBetween(now(), prop("Last Active Date"), "days"))", R"(1)", R"(null)"},
    {"Membership Age", R"(dateBetween(now(), prop("Join Date"), "days"))", R"(365)", R"(null)"},
    {"Price Tier", R"(if(prop("Price") < 100, "Budget", if(prop("Price") < 500, "Standard", "Premium")))",
     R"("Standard")", R"()"},
    {"Is Physical", R"(or(prop("Type") == "Physical Product", prop("Type") == "Art Piece"))", R"(true)", R"(false)"},
    {"Duration Days",
     R"(dateBetween(if(empty(prop("End Date")), now(), prop("End Date")), prop("Start Date"), "days"))", R"(30)",
     R"(null)"},
    {"SLA Status",
     R"(if(prop("Status") == "Completed", "Met", if(dateBetween(now(), prop("Start Date"), "days") > 7, "Overdue", "Within SLA")))",
     R"("Overdue")", R"("Within SLA")"},
    {"Time in Current State", R"(dateBetween(now(), prop("Last Transition Date"), "days"))", R"(4)", R"(null)"},
    {"Campaign Duration", R"(dateBetween(prop("End Date"), prop("Start Date"), "days"))", R"(30)", R"(null)"},
    {"Campaign Status Color",
     R"(if(prop("Status") == "Active", "green", if(prop("Status") == "Scheduled", "blue", if(prop("Status") == "Draft", "gray", if(prop("Status") == "Completed", "purple", "red")))))",
     R"("green")", R"("red")"},
    {"Response Time",
     R"(if(or(empty(prop("Response Date")), empty(prop("Date Received"))), "Not responded", format(dateBetween(prop("Response Date"), prop("Date Received"), "hours")) + " hours"))",
     R"("6 hours")", R"("Not responded")"},
    {"Days Since Received", R"(dateBetween(now(), prop("Date Received"), "days"))", R"(8)", R"(null)"},
    {"Redemption Percentage",
     R"(if(or(empty(prop("Maximum Redemptions")), empty(prop("Redemption Count"))), 0, round(prop("Redemption Count") / prop("Maximum Redemptions") * 100)))",
     R"(38)", R"(0)"},
    {"Days Remaining",
     R"(if(empty(prop("End Date")), "No end date", if(prop("End Date") < now(), "Expired", format(dateBetween(prop("End Date"), now(), "days")) + " days")))",
     R"("10 days")", R"("No end date")"},
    {"Days Until Due",
     R"(if(empty(prop("Due Date")), "No due date", if(prop("Due Date") < now(), "Overdue", format(dateBetween(prop("Due Date"), now(), "days")) + " days")))",
     R"("Overdue")", R"("No due date")"},
    {"Completion Time",
     R"(if(and(prop("Status") == "Done", not(empty(prop("Completed Date"))), not(empty(prop("Created Date")))), format(dateBetween(prop("Completed Date"), prop("Created Date"), "hours")) + " hours", "Not completed"))",
     R"("Not completed")", R"("Not completed")"},
    {"Days Since Updated", R"(dateBetween(now(), prop("Last Updated"), "days"))", R"(6)", R"(null)"},
    {"Usage Count", R"(length(prop("Active Workflows Using")))", R"(2)", R"(0)"},
    {"Days Since Last Execution",
     R"(if(empty(prop("Last Execution")), "Never", format(dateBetween(now(), prop("Last Execution"), "days")) + " days"))",
     R"("3 days")", R"("Never")"},
    {"API Count", R"(length(prop("Primary APIs Utilized")))", R"(3)", R"(0)"},
    {"Days Since Tested", R"(dateBetween(now(), prop("Last Tested"), "days"))", R"(5)", R"(null)"},
    {"Usage Count", R"(length(prop("Agents Using")))", R"(2)", R"(0)"},
    {"Days Since Last Sent",
     R"(if(empty(prop("Last Sent")), "Never", format(dateBetween(now(), prop("Last Sent"), "days")) + " days"))",
     R"("1 days")", R"("Never")"},
    {"Implementation Delay",
     R"(dateBetween(prop("Actual Implementation Date"), prop("Target Implementation Date"), "days"))", R"(4)",
     R"(null)"},
    {"Workflow Coverage", R"(format(min(100, round(length(prop("Related Workflows")) / 3 * 100))) + "%")", R"("67%")",
     R"("0%")"},
    {"Integration Count", R"(length(prop("Required Integrations")))", R"(25)", R"(0)"},
};

class Formulas : public Roastery {
 protected:
  Formulas() {
    json::object properties;
    for (const std::string_view name :
         {"Last Synced", "Last Interaction", "Date Added", "Last Active Date", "Join Date", "Start Date", "End Date",
          "Last Transition Date", "Response Date", "Date Received", "Due Date", "Completed Date", "Created Date",
          "Last Updated", "Last Execution", "Last Tested", "Last Sent", "Actual Implementation Date",
          "Target Implementation Date"}) {
      properties[name] = parsed(R"({"date":{}})");
    }
    for (const std::string_view name : {"Redemption Count", "Maximum Redemptions"}) {
      properties[name] = parsed(R"({"number":{"format":"number"}})");
    }
    for (const std::string_view name :
         {"Active Workflows Using", "Agents Using", "Related Workflows", "Required Integrations"}) {
      properties[name] = parsed(R"({"relation":{"data_source_id":")" + source + R"(","single_property":{}}})");
    }
    properties["Type"] = properties["Status"] = parsed(R"({"select":{}})");
    properties["Primary APIs Utilized"] = parsed(R"({"multi_select":{}})");
    properties["Last Modified"] = parsed(R"({"last_edited_time":{}})");
    change(std::move(properties));
  }

  static json::value parsed(std::string_view text) { return parse_json(text).value(); }
  void change(json::object properties) {
    const auto answer =
        ask("PATCH", "/v1/data_sources/" + source, to_text(json::object{{"properties", std::move(properties)}}));
    ASSERT_EQ(answer.status, 200) << to_text(answer.body);
  }
  void compute(std::string_view name, std::string_view expression) {
    change({{name, json::object{{"formula", json::object{{"expression", expression}}}}}});
  }
  // A formula's result, whatever its type.
  std::string shown(const std::string& page, std::string_view name) {
    const auto answer = get(page);
    const auto& formula = value(answer, name);
    return to_text(formula.at(find_string(formula, "type")));
  }
  std::string links(std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i) list += (i ? "," : "") + std::string(R"({"id":")") + made_id() + R"("})";
    return R"({"relation":[)" + list + "]}";
  }
  std::string filled() {
    const auto day = [](std::string_view start) { return R"({"date":{"start":")" + std::string(start) + R"("}})"; };
    std::string all = R"({"Price":{"number":250},"Redemption Count":{"number":3},"Maximum Redemptions":{"number":8},)"
                      R"("Type":{"select":{"name":"Art Piece"}},"Status":{"select":{"name":"Active"}},)"
                      R"("Primary APIs Utilized":{"multi_select":[{"name":"A"},{"name":"B"},{"name":"C"}]})";
    const std::pair<std::string_view, std::string_view> dates[] = {{"Last Synced", "2026-11-10T09:00Z"},
                                                                   {"Last Interaction", "2026-11-18"},
                                                                   {"Date Added", "2026-11-01"},
                                                                   {"Last Active Date", "2026-11-19T09:30Z"},
                                                                   {"Join Date", "2025-11-20T00:00Z"},
                                                                   {"Start Date", "2026-11-01T00:00Z"},
                                                                   {"End Date", "2026-12-01T00:00Z"},
                                                                   {"Last Transition Date", "2026-11-15T10:00Z"},
                                                                   {"Response Date", "2026-11-12T12:00Z"},
                                                                   {"Date Received", "2026-11-12T06:00Z"},
                                                                   {"Due Date", "2026-11-19"},
                                                                   {"Completed Date", "2026-11-19T12:00Z"},
                                                                   {"Created Date", "2026-11-18T11:00Z"},
                                                                   {"Last Updated", "2026-11-13T09:31Z"},
                                                                   {"Last Execution", "2026-11-17"},
                                                                   {"Last Tested", "2026-11-15"},
                                                                   {"Last Sent", "2026-11-19"},
                                                                   {"Actual Implementation Date", "2026-11-19"},
                                                                   {"Target Implementation Date", "2026-11-15"}};
    for (const auto& [name, start] : dates) all += ",\"" + std::string(name) + "\":" + day(start);
    for (const auto& [name, count] : {std::pair{"Active Workflows Using", 2}, std::pair{"Agents Using", 2},
                                      std::pair{"Related Workflows", 2}, std::pair{"Required Integrations", 26}}) {
      all += ",\"" + std::string(name) + "\":" + links(static_cast<std::size_t>(count));
    }
    return made_id(all + "}");
  }
};

TEST_F(Formulas, of_the_presets_are_computed) {
  const auto full = filled();
  const auto blank = made_id();
  for (const auto& example : examples) {
    const std::string name = "F " + std::string(example.name);
    compute(name, example.expression);
    EXPECT_EQ(shown(full, name), example.filled) << example.expression;
    if (!example.blank.empty()) EXPECT_EQ(shown(blank, name), example.blank) << example.expression;
    change({{name, nullptr}});
  }
}

TEST_F(Formulas, a_task_done_tells_how_long_it_took) {
  compute(
      "Took",
      R"(if(prop("Status") == "Done", format(dateBetween(prop("Completed Date"), prop("Created Date"), "hours")), ""))");
  const auto page = filled();
  patch(page, R"({"properties":{"Status":{"select":{"name":"Done"}}}})");
  EXPECT_EQ(shown(page, "Took"), "\"25\"");
}

TEST_F(Formulas, an_empty_number_is_a_number) {
  compute("Days", R"(dateBetween(now(), prop("Last Sent"), "days"))");
  const auto answer = get(made_id());
  EXPECT_EQ(to_text(value(answer, "Days")), R"({"type":"number","number":null})");
}

TEST_F(Formulas, that_name_what_is_not_there_are_refused) {
  for (const std::string_view wrong :
       {R"(prop("Nothing"))", R"(frobnicate(1))", R"("open)", R"(length( prop("Nix") ))"}) {
    const auto answer = ask(
        "PATCH", "/v1/data_sources/" + source,
        to_text(json::object{
            {"properties", json::object{{"Odd", json::object{{"formula", json::object{{"expression", wrong}}}}}}}}));
    EXPECT_EQ(answer.status, 400) << wrong;
    EXPECT_NE(message(answer).find("formula"), std::string::npos);
  }
}

TEST_F(Formulas, have_branches_bounds_and_cases) {
  const auto page = made_id();
  const std::pair<std::string_view, std::string_view> simple[] = {
      {R"(ifs(false, 1, 2 > 1, 2, 3))", "2"},
      {R"(ifs(false, 1, 3))", "3"},
      {"min(3, 1, 2)", "1"},
      {"max(3, 1, 2)", "3"},
      {R"(lower("AbC"))", "\"abc\""},
      {R"(upper("AbC"))", "\"ABC\""},
      {"round(2.5)", "3"},
      {"1 + 2 * 3 - 4 / 2", "5"},
      {R"(toNumber("12.5"))", "12.5"},
      {R"(empty(""))", "true"},
      {R"(1 > 2 ? "a" : "b")", "\"b\""},
      {"dateBetween(now(), dateSubtract(now(), 2, \"weeks\"), \"days\")", "14"}};
  for (const auto& [expression, result] : simple) {
    compute("Simple", expression);
    EXPECT_EQ(shown(page, "Simple"), result) << expression;
  }
}

// Found by fuzzing: a page with such a formula could not be written as JSON, or ended the process.
TEST_F(Strange, numbers_beyond_json_and_dates_beyond_four_digits_are_shown_as_nothing) {
  const auto page = made_id();
  for (const char* expression :
       {"1 / 0", "0 / 0 - 1 / 0", R"(dateAdd(now(), 1e300, "years"))", R"(dateAdd(now(), 9e9, "days"))",
        R"(dateAdd(now(), 0 / 0, "weeks"))", "fromTimestamp(1e300)", R"(dateAdd(now(), 9000, "years"))"}) {
    const auto set = ask(
        "PATCH", "/v1/data_sources/" + source,
        to_text(json::object{
            {"properties", json::object{{"F", json::object{{"formula", json::object{{"expression", expression}}}}}}}}));
    ASSERT_EQ(set.status, 200) << expression << to_text(set.body);
    const auto shown = get(page);
    EXPECT_TRUE(parse_json(to_text(shown.body))) << expression;
    const auto& formula = value(shown, "F");
    EXPECT_TRUE(formula.at(find_string(formula, "type")).is_null()) << expression << to_text(formula);
  }
}

// Found by fuzzing: five references a level, ten levels deep, would be computed for hours.
TEST_F(Strange, a_formula_that_names_itself_again_and_again_is_given_up) {
  const auto page = made_id();
  const auto set = ask("PATCH", "/v1/data_sources/" + source, R"({"properties":{"F":{"formula":{"expression":"1"}}}})");
  ASSERT_EQ(set.status, 200) << to_text(set.body);
  const char* self = R"(prop("F") + (prop("F") + (prop("F") + (prop("F") + prop("F")))))";
  const auto circle =
      ask("PATCH", "/v1/data_sources/" + source,
          to_text(json::object{
              {"properties", json::object{{"F", json::object{{"formula", json::object{{"expression", self}}}}}}}}));
  ASSERT_EQ(circle.status, 200) << to_text(circle.body);
  EXPECT_EQ(get(page).status, 200);
}

}  // namespace
}  // namespace rowpage::sandbox
