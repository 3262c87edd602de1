// The validator itself: for each keyword a value that passes and one that must not, and where the complaint points.
#include "support/json_schema.h"

#include <gtest/gtest.h>

namespace rowpage::contract {
namespace {

json::value parsed(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text << (value ? "" : ": " + value.error().what);
  return value ? *value : json::value();
}

// The complaints as "rule at value", one after the other.
std::string complaints(std::string_view schema, std::string_view value, std::string_view definitions = "{}",
                       const JsonSchema::Tolerates& tolerates = {}) {
  const json::value document{{"components", json::object{{"schemas", parsed(definitions)}}}};
  const JsonSchema schemas(document);
  const auto rules = parsed(schema);
  schemas.vet(rules);
  std::string all;
  for (const auto& violation : schemas.check(rules, "it", parsed(value), tolerates).violations) {
    if (!all.empty()) all += "; ";
    all += violation.rule + " " + (violation.at.empty() ? "/" : violation.at) + " " + violation.value;
  }
  return all;
}

struct Case {
  const char* schema;
  const char* good;
  const char* bad;
  const char* complaint;
};

class Keyword : public testing::TestWithParam<Case> {};

TEST_P(Keyword, passes_what_fits_and_names_what_does_not) {
  EXPECT_EQ(complaints(GetParam().schema, GetParam().good), "");
  EXPECT_EQ(complaints(GetParam().schema, GetParam().bad), GetParam().complaint);
}

INSTANTIATE_TEST_SUITE_P(
    All, Keyword,
    testing::Values(
        Case{R"({"type":"string"})", R"("a")", "1", "type / number"},
        Case{R"({"type":["string","null"]})", "null", "false", "type / boolean"},
        Case{R"({"type":"string","nullable":true})", "null", "[]", "type / array"},
        Case{R"({"type":"integer"})", "3", "3.5", "type / number"},
        Case{R"({"const":"page"})", R"("page")", R"("block")", "const / block"},
        Case{R"({"enum":["a",1,null]})", "null", R"("b")", "enum / b"},
        Case{R"({"type":"string","maxLength":2})", R"("äö")", R"("äöü")", "maxLength / 3"},
        Case{R"({"type":"string","minLength":1})", R"("a")", R"("")", "minLength / 0"},
        Case{R"({"type":"string","pattern":"^a+$"})", R"("aa")", R"("ab")", "pattern / ab"},
        Case{R"({"type":"string","format":"uuid"})", R"("1b2c3d4e-0000-4000-8000-00000000000a")",
             R"("1b2c3d4e000040008000000000000000a")", "format / 1b2c3d4e000040008000000000000000a"},
        Case{R"({"type":"string","format":"date"})", R"("2026-02-28")", R"("2026-02-30")", "format / 2026-02-30"},
        Case{R"({"type":"string","format":"date"})", R"("2026-02-28")", R"("2026-02-28T09:30:00Z")",
             "format / date-time"},
        Case{R"({"type":"string","format":"date-time"})", R"("2026-02-28T09:30:00.000Z")", R"("2026-02-28")",
             "format / date"},
        Case{R"({"minimum":1,"maximum":100})", "100", "101", "maximum / 101"},
        Case{R"({"exclusiveMinimum":0,"exclusiveMaximum":1})", "0.5", "0", "exclusiveMinimum / 0"},
        Case{R"({"type":"array","maxItems":1})", "[1]", "[1,2]", "maxItems / 2"},
        Case{R"({"type":"array","minItems":1})", "[1]", "[]", "minItems / 0"},
        Case{R"({"items":{"type":"number"}})", "[1,2]", R"([1,"2"])", "type /1 string"},
        Case{R"({"type":"object","required":["id"]})", R"({"id":1})", "{}", "required / id"},
        Case{R"({"properties":{"id":{"type":"string"}}})", R"({"id":"a","more":1})", R"({"id":1})", "type /id number"},
        Case{R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1})", R"({"a":1,"b":2})",
             "additionalProperties / b"},
        Case{R"({"additionalProperties":{"type":"number"}})", R"({"x/y":1})", R"({"x/y":"1"})", "type /x~1y string"},
        Case{R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "null", "1", "anyOf / 1"},
        Case{R"({"oneOf":[{"type":"number"},{"type":"string"}]})", "1", "true", "oneOf / true"},
        Case{R"({"oneOf":[{"type":"number"},{"minimum":3}]})", "2", "4", "oneOf / 2 alternatives"},
        Case{R"({"allOf":[{"required":["a"]},{"required":["b"]}]})", R"({"a":1,"b":2})", R"({"a":1})",
             "required / b"}));

constexpr const char* shapes = R"({
  "point": {"type":"object","properties":{"type":{"const":"point"},"x":{"type":"number"}},"required":["type","x"],
            "additionalProperties":false},
  "line": {"type":"object","properties":{"type":{"const":"line"},"from":{"$ref":"#/components/schemas/point"},
           "name":{"type":["string","null"]}},"required":["type","from"],"additionalProperties":false},
  "shape": {"oneOf":[{"$ref":"#/components/schemas/point"},{"$ref":"#/components/schemas/line"}]}
})";

TEST(Choice, of_several_kinds_reports_what_is_wrong_with_the_one_that_was_meant) {
  const auto* shape = R"({"$ref":"#/components/schemas/shape"})";
  EXPECT_EQ(complaints(shape, R"({"type":"line","from":{"type":"point","x":1},"name":null})", shapes), "");
  EXPECT_EQ(complaints(shape, R"({"type":"line","from":{"type":"point","x":"1"}})", shapes), "type /from/x string");
  EXPECT_EQ(complaints(shape, R"({"type":"line"})", shapes), "required / from");
  EXPECT_EQ(complaints(shape, R"({"type":"circle","r":1})", shapes), "oneOf / circle");
}

TEST(Violation, names_the_nearest_schema_and_the_place_within) {
  const json::value document{{"components", json::object{{"schemas", parsed(shapes)}}}};
  const JsonSchema schemas(document);
  const auto list = parsed(R"({"items":{"$ref":"#/components/schemas/shape"}})");
  const auto found = schemas.check(
      list, "list", parsed(R"([{"type":"point","x":1},{"type":"line","from":{"type":"point","x":1,"y":2}}])"));
  ASSERT_EQ(found.violations.size(), 1U);
  EXPECT_EQ(found.violations[0].at, "/1/from");
  EXPECT_EQ(found.violations[0].schema, "point");
  EXPECT_EQ(found.violations[0].place, "");
  EXPECT_EQ(found.violations[0].text(),
            "/1/from: additionalProperties [point /] has a member that is not in the document: y");
  const auto wrong =
      schemas.check(parsed(R"({"additionalProperties":{"items":{"type":"null"}}})"), "map", parsed(R"({"free":[1]})"));
  ASSERT_EQ(wrong.violations.size(), 1U);
  EXPECT_EQ(wrong.violations[0].place, "/*/*");
}

// {"a","b"} closed by one part and declared by the other is one closed whole.
TEST(AllOf, closes_the_whole_and_not_each_part) {
  const auto* whole = R"({"allOf":[{"properties":{"a":{}}},{"properties":{"b":{}},"additionalProperties":false}]})";
  EXPECT_EQ(complaints(whole, R"({"a":1,"b":2})"), "");
  EXPECT_EQ(complaints(whole, R"({"a":1,"b":2,"c":3})"), "additionalProperties / c");
  const auto* nested = R"({"allOf":[{"properties":{"a":{}}},
      {"oneOf":[{"properties":{"b":{}},"required":["b"],"additionalProperties":false}]}]})";
  EXPECT_EQ(complaints(nested, R"({"a":1,"b":2})"), "");
  EXPECT_EQ(complaints(nested, R"({"a":1,"b":2,"c":3})"), "additionalProperties / c");
}

TEST(Tolerated, counts_as_none_but_is_reported_as_met_and_excuses_nothing_else) {
  const json::value document{{"components", json::object{{"schemas", parsed(shapes)}}}};
  const JsonSchema schemas(document);
  const auto rules = parsed(R"({"$ref":"#/components/schemas/shape"})");
  const auto known = [](const Violation& violation) { return violation.schema == "point" && violation.value == "y"; };
  const auto good = schemas.check(rules, "it", parsed(R"({"type":"point","x":1,"y":2})"), known);
  EXPECT_TRUE(good.violations.empty());
  ASSERT_EQ(good.tolerated.size(), 1U);
  EXPECT_EQ(good.tolerated[0].rule, "additionalProperties");
  const auto bad = schemas.check(rules, "it", parsed(R"({"type":"point","x":1,"y":2,"z":3})"), known);
  ASSERT_EQ(bad.violations.size(), 1U);
  EXPECT_EQ(bad.violations[0].value, "z");
  const auto clean = schemas.check(rules, "it", parsed(R"({"type":"point","x":1})"), known);
  EXPECT_TRUE(clean.tolerated.empty());
}

TEST(Vetting, refuses_what_the_check_would_pass_over_in_silence) {
  const json::value document{{"components", json::object{{"schemas", json::object{}}}}};
  const JsonSchema schemas(document);
  EXPECT_THROW(schemas.vet(parsed(R"({"patternProperties":{}})")), std::runtime_error);
  EXPECT_THROW(schemas.vet(parsed(R"({"properties":{"a":{"not":{}}}})")), std::runtime_error);
  EXPECT_THROW(schemas.vet(parsed(R"({"items":{"oneOf":[{"if":{}}]}})")), std::runtime_error);
  EXPECT_THROW(schemas.vet(parsed(R"({"$ref":"#/components/schemas/none"})")), std::runtime_error);
  EXPECT_NO_THROW(schemas.vet(parsed(R"({"properties":{"patternProperties":{"type":"string"}},"x-more":1})")));
}

}  // namespace
}  // namespace rowpage::contract
