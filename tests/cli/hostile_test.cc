// Values and names that break programs: each arrives whole on the other side, or parks its record with a clear reason
// while every other record goes on; mending the value lets the parked record go.
#include <gtest/gtest.h>

#include "cli/world.h"

namespace rowpage::test {
namespace {

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// Rich text in runs of at most `units` UTF-16 units, as a client that knows the limit sends it.
json::object runs(const std::vector<std::string>& parts, const char* type = "rich_text") {
  json::array list;
  for (const auto& part : parts) {
    list.push_back(json::object{{"type", "text"}, {"text", json::object{{"content", part}}}});
  }
  return {{type, list}};
}

class Hostile : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  }

  // A pair over a table of its own, with every type that can hold something odd.
  void set_up() {
    world.write("rowpage.yaml", R"(version: 1
notion: { token: "${NOTION_API_KEY}", parent_page: "${NOTION_PARENT_PAGE_ID}", requests_per_minute: 600 }
pairs:
  - model: Odd
    notion: { title: Odd }
    table: odd
    fields:
      - { column: name, property: Name, type: title }
      - { column: body, property: Body, type: rich_text }
      - { column: tags, property: Tags, type: multi_select, store: array }
      - { column: kind, property: Kind, type: select }
      - { column: starts, property: Period, type: date, end_column: ends, sql_type: date }
      - { column: at, property: At, type: date, sql_type: timestamptz }
      - { column: data, property: Data, type: json, sql_type: jsonb }
      - { column: amount, property: Amount, type: number, sql_type: numeric }
)");
    world.environment.erase("ROWPAGE_PRESET");
    world.control("POST", "/_sandbox/habits", json::object{{"requests_per_minute", 600}});
    const auto ran = world.run({"setup", "--json"});
    ASSERT_EQ(ran.code, 0) << ran.out << ran.err;
    const auto* databases = find_object(ran.object, "databases");
    ASSERT_TRUE(databases) << ran.out;
    const auto id = std::string(find_string(*databases, "Odd"));
    auto yaml = world.read("rowpage.yaml");
    yaml.replace(yaml.find("notion: { title: Odd }"), 22, "notion: { database: " + id + " }");
    world.write("rowpage.yaml", yaml);
    const auto database = world.person("GET", "/v1/databases/" + id);
    world.data_source = find_string((*find_array(database, "data_sources"))[0], "id");
  }
  std::string page(const json::object& properties) {
    const auto made = world.person(
        "POST", "/v1/pages",
        json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", world.data_source}}},
                     {"properties", properties}});
    return std::string(find_string(made, "id"));
  }
  void insert(const std::string& columns, const std::string& values, const Parameters& parameters) {
    world.sql("insert into odd (" + columns + ") values (" + values + ")", parameters);
  }
  Ran sync() {
    world.pass_time();
    return world.run({"sync", "--json"});
  }
  // The values of the page with this title.
  json::value shown(const std::string& name) {
    const auto dump = world.control("GET", "/_sandbox/dump?limit=10000&data_source_id=" + world.data_source);
    for (const auto& one : *find_array(dump, "pages")) {
      const auto* values = find(one, "values");
      if (find_string(*values, "Name") == name) return *values;
    }
    ADD_FAILURE() << "no page " << name;
    return nullptr;
  }
  std::string body(const std::string& name) { return std::string(find_string(shown(name), "Body")); }
  // One parked record whose reason holds `text`, shown by list and by show.
  void expect_parked(const std::string& text) {
    const auto list = world.run({"parked", "list", "--json"});
    const auto* parked = find_array(list.object, "parked");
    ASSERT_TRUE(parked) << list.out;
    for (const auto& one : *parked) {
      if (find_string(one, "reason").find(text) == std::string_view::npos) continue;
      const auto id = number_text(*as_number(*find(one, "id")));
      EXPECT_NE(world.run({"parked", "show", id}).out.find(text), std::string::npos) << id;
      return;
    }
    ADD_FAILURE() << "nothing is parked for `" << text << "`: " << list.out;
  }
  World world;
};

TEST_F(Hostile, long_and_odd_texts_arrive_whole_both_ways) {
  set_up();
  const std::string emoji = repeated("🎉", 2001), text = repeated("0123456789", 500);
  const std::string odd =
      "Robert'); DROP TABLE odd;-- \"q\" \\ $1 %s {} <b>\r\n\t\u200f\u202eabc 👩‍👩‍👧‍👦 é e\u0301";
  insert("name, body", "$1, $2", {"emoji", emoji});
  insert("name, body", "$1, $2", {"long", text});
  insert("name, body", "$1, $2", {"odd", odd});
  page({{"Name", title("from Notion: emoji")}, {"Body", runs({repeated("🎉", 1000), repeated("🎉", 1000), "🎉"})}});
  page({{"Name", title("from Notion: long")},
        {"Body", runs({text.substr(0, 2000), text.substr(2000, 2000), text.substr(4000)})}});
  page({{"Name", title("from Notion: odd")}, {"Body", runs({odd})}});
  const auto ran = sync();
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  for (const std::string from : {"", "from Notion: "}) {
    EXPECT_EQ(world.sql("select body from odd where name = $1", {from + "emoji"}), emoji) << from;
    EXPECT_EQ(world.sql("select body from odd where name = $1", {from + "long"}), text) << from;
    EXPECT_EQ(world.sql("select body from odd where name = $1", {from + "odd"}), odd) << from;
    EXPECT_EQ(body(from + "emoji"), emoji) << from;
    EXPECT_EQ(body(from + "long"), text) << from;
    EXPECT_EQ(body(from + "odd"), odd) << from;
  }
  const auto writes = world.writes_counted();
  EXPECT_EQ(sync().code, 0);
  EXPECT_EQ(world.writes_counted(), writes);
}

TEST_F(Hostile, hundreds_of_options_dates_numbers_and_json_arrive_whole) {
  set_up();
  // 250 different options over 25 rows: more than a schema change may carry at once.
  for (int row = 0; row < 25; ++row) {
    std::string tags;
    for (int i = 0; i < 10; ++i) tags += (i ? "," : "") + ("option " + std::to_string(row * 10 + i));
    insert("name, tags", "$1, string_to_array($2, ',')", {"options " + std::to_string(row), tags});
  }
  page({{"Name", title("range")},
        {"Period", json::object{{"date", json::object{{"start", "2026-03-01"}, {"end", "2026-03-09"}}}}}});
  insert("name, data, amount", "$1, $2::text::jsonb, $3::text::numeric",
         {"json", R"({"b": [1, 2.50, null], "a": "\"quoted\" 🎉", "n": {"deep": true}})", "123456789012345"});
  page({{"Name", title("json from Notion")}, {"Data", runs({R"({"k": "v'--", "list": [1,2]})"})}});
  insert("name, starts, ends", "$1, '2026-05-01', '2026-05-03'", {"range from a row"});
  const auto ran = sync();
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  for (int row = 0; row < 25; ++row) {
    const auto values = shown("options " + std::to_string(row));
    const auto* tags = find_array(values, "Tags");
    ASSERT_TRUE(tags) << to_text(values);
    EXPECT_EQ(tags->size(), 10u);
  }
  EXPECT_EQ(world.sql("select starts::text || '/' || ends::text from odd where name = 'range'"),
            "2026-03-01/2026-03-09");
  const auto json_text = std::string(find_string(shown("json"), "Data"));
  const auto back = parse_json(json_text);
  ASSERT_TRUE(back) << json_text;
  EXPECT_EQ(find_string(*back, "a"), "\"quoted\" 🎉");
  EXPECT_EQ(world.sql("select data->>'k' from odd where name = 'json from Notion'"), "v'--");
  const auto writes = world.writes_counted();
  const auto quiet = sync();
  EXPECT_EQ(quiet.code, 0) << quiet.out << quiet.err;
  EXPECT_EQ(world.writes_counted(), writes) << quiet.out;
}

TEST_F(Hostile, what_cannot_travel_parks_alone_and_goes_on_once_mended) {
  set_up();
  insert("name, kind", "$1, $2", {"comma", "one, two"});
  insert("name, kind", "$1, $2", {"too long an option", std::string(101, 'x')});
  insert("name, amount", "$1, $2::text::numeric", {"too many digits", "1234567890123456789.5"});
  insert("name, at", "$1, '2026-03-01T10:20:30Z'", {"seconds"});
  insert("name, kind", "$1, 'good'", {"good"});
  page({{"Name", title("not JSON")}, {"Data", runs({"{not json"})}});  // arrives whole, as a JSON string
  page({{"Name", title("good from Notion")}});
  const auto ran = sync();
  EXPECT_EQ(ran.code, 3) << ran.out << ran.err;
  EXPECT_EQ(world.number("select count(*) from odd where name = 'good from Notion'"), 1);
  EXPECT_EQ(find_string(shown("good"), "Kind"), "good");
  expect_parked("comma");
  expect_parked("101");
  expect_parked("digits");
  EXPECT_EQ(world.sql("select data::text from odd where name = 'not JSON'"), "\"{not json\"");
  EXPECT_NE(to_text(shown("seconds")).find("10:20:00"), std::string::npos) << "Notion keeps minutes";
  EXPECT_EQ(world.sql("select to_char(at at time zone 'UTC', 'HH24:MI:SS') from odd where name = 'seconds'"),
            "10:20:30");
  world.sql("update odd set kind = 'one and two' where name = 'comma'");
  world.sql("update odd set kind = 'x' where name = 'too long an option'");
  world.sql("update odd set amount = 12.5 where name = 'too many digits'");
  const auto dump = world.control("GET", "/_sandbox/dump?data_source_id=" + world.data_source);
  for (const auto& one : *find_array(dump, "pages")) {
    if (find_string(*find(one, "values"), "Name") != "not JSON") continue;
    world.person("PATCH", "/v1/pages/" + std::string(find_string(one, "id")),
                 json::object{{"properties", json::object{{"Data", runs({"{\"now\": true}"})}}}});
  }
  const auto mended = sync();
  EXPECT_EQ(mended.code, 0) << mended.out << mended.err;
  EXPECT_NE(world.run({"parked", "list"}).out.find("nothing is parked"), std::string::npos);
  EXPECT_EQ(find_string(shown("comma"), "Kind"), "one and two");
  EXPECT_EQ(world.sql("select data->>'now' from odd where name = 'not JSON'"), "true");
}

// PostgreSQL text has no NUL and JSON may spell half a surrogate pair: both come from Notion only.
TEST_F(Hostile, nul_and_half_characters_never_break_a_run) {
  set_up();
  page({{"Name", title("nul")}, {"Body", runs({std::string("a\0b", 3)})}});
  page({{"Name", title("good")}, {"Body", runs({"whole"})}});
  const auto ran = sync();
  EXPECT_EQ(world.sql("select body from odd where name = 'good'"), "whole");
  EXPECT_EQ(ran.code, 3) << ran.out << ran.err;
  expect_parked("NUL");
  // Half a character: a client may send it, and whatever Notion makes of it, every other record goes on.
  world.person_raw("POST", "/v1/pages",
                   R"({"parent":{"type":"data_source_id","data_source_id":")" + world.data_source +
                       R"("},"properties":{"Name":{"title":[{"text":{"content":"half \ud83d"}}]}}})");
  insert("name, body", "$1, $2", {"later", "fine"});
  const auto again = sync();
  EXPECT_EQ(again.code, 3) << again.out << again.err;
  EXPECT_EQ(body("later"), "fine");
}

TEST_F(Hostile, names_of_columns_and_properties_may_hold_anything) {
  world.sql(
      "create table \"t \"\"x\"\" 🎉\" (id uuid primary key default gen_random_uuid(), \"it's; drop--\" text, "
      "\"Größe 🎉 \"\"q\"\"\" text)");
  world.write("rowpage.yaml", R"(version: 1
notion: { token: "${NOTION_API_KEY}", parent_page: "${NOTION_PARENT_PAGE_ID}" }
pairs:
  - model: "Odd 'names' 🎉"
    notion: { title: "Odd \"names\" 🎉; drop" }
    table: 'public."t ""x"" 🎉"'
    fields:
      - { column: "it's; drop--", property: "Na'me \"q\" 🎉", type: title }
      - { column: 'Größe 🎉 "q"', property: "a % b \\ {c} $1", type: rich_text }
)");
  world.environment.erase("ROWPAGE_PRESET");
  ASSERT_EQ(world.run({"setup", "--json"}).code, 0);
  world.sql("insert into \"t \"\"x\"\" 🎉\" (\"it's; drop--\", \"Größe 🎉 \"\"q\"\"\") values ('a', 'b')");
  const auto ran = sync();
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  world.sql("update \"t \"\"x\"\" 🎉\" set \"it's; drop--\" = 'c'");
  EXPECT_EQ(sync().code, 0);
  EXPECT_EQ(world.number("select count(*) from rowpage.link"), 1);
  // 63 bytes are the most; what setup makes around such a table has names too.
  const auto longest = repeated("äöü_", 9);
  ASSERT_EQ(longest.size(), 63u);
  const auto of_table = [](const std::string& table) {
    return "version: 1\nnotion: { token: \"${NOTION_API_KEY}\", parent_page: \"${NOTION_PARENT_PAGE_ID}\" }\n"
           "pairs:\n  - model: Long\n    notion: { title: Long }\n"
           "    table: '\"" +
           table +
           "\"'\n    fields: [ { column: a, property: A, type: title } ]\n"
           "    bookkeeping: { checksum_column: checksum, page_id_column: page_id, updated_at_column: updated_at }\n";
  };
  world.write("rowpage.yaml", of_table(longest));
  const auto once = world.run({"setup"});
  ASSERT_EQ(once.code, 0) << once.out << once.err;
  const auto twice = world.run({"setup"});
  EXPECT_NE(twice.out.find("nothing was missing"), std::string::npos) << twice.out << twice.err;
  const auto long_name = std::string(70, 'n');
  world.write("rowpage.yaml", of_table(long_name));
  const auto refused = world.run({"setup"});
  EXPECT_EQ(refused.code, 2) << refused.out << refused.err;
  EXPECT_NE(refused.err.find("63"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace rowpage::test
