// Every mistake a person can make in rowpage.yaml, with the exact message it gets.
#include "config/read.h"

#include <gtest/gtest.h>

#include "config/reading.h"
#include "config/workspace.h"

namespace rowpage {
namespace {

constexpr const char* database = "0123456789abcdef0123456789abcdef";

Environment environment(Environment::Values more = {}) {
  Environment::Values all = {{"NOTION_API_KEY", "ntn_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
                             {"NOTION_DATABASE_ID", database},
                             {"SUPABASE_DB_URL", "postgresql://me:secret-password@db.example.com:5432/postgres"}};
  for (auto& [name, value] : more) all[name] = value;
  return {all, {}};
}

std::string config(const std::string& pair_more = "", const std::string& top = "",
                   const std::string& field = "      - { column: name, property: Name, type: title }\n") {
  return "version: 1\n" + top +
         "pairs:\n"
         "  - model: Person\n"
         "    notion: { database: \"${NOTION_DATABASE_ID}\" }\n"
         "    table: people\n" +
         pair_more + "    fields:\n" + field;
}

// The message for a config that must be refused.
std::string refusal(const std::string& text, const Environment& env = environment()) {
  const auto config = read_config(text, "rowpage.yaml", env);
  if (config) return "(accepted)";
  EXPECT_EQ(config.error().cause, Cause::usage);
  EXPECT_EQ(config.error().effect, Effect::none);
  return config.error().what;
}

TEST(Config, a_minimal_file_is_read_with_the_documented_defaults) {
  const auto read = read_config(config(), "rowpage.yaml", environment());
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->name, "default");
  EXPECT_EQ(read->connections.notion_base_url, "https://api.notion.com");
  EXPECT_EQ(read->connections.requests_per_minute, 180);
  EXPECT_EQ(read->sync.batch_size, 100u);
  EXPECT_EQ(read->sync.retries, 3);
  EXPECT_EQ(read->sync.interval, "15m");
  ASSERT_EQ(read->pairs.size(), 1u);
  const auto& pair = read->pairs[0];
  EXPECT_EQ(pair.model, "Person");
  EXPECT_EQ(pair.database, "01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(pair.key, "id");
  EXPECT_EQ(pair.direction, Direction::both);
  EXPECT_EQ(pair.conflict.prefer, Prefer::newest);
  EXPECT_EQ(pair.first, First::ask);
  EXPECT_EQ(pair.brakes.deletes.percent, 10);
  EXPECT_EQ(pair.brakes.deletes.at_least, 5);
  EXPECT_EQ(pair.bounds.landing_ms, 60 * second_ms);
  EXPECT_EQ(pair.book.nonce, "Rowpage");
  EXPECT_EQ(pair.place, "rowpage.yaml:3:5");
}

TEST(Config, the_decision_vault_preset_runs_from_the_environment_alone) {
  const auto read = load_config({"", "decision-vault"}, environment());
  ASSERT_TRUE(read) << read.error().what;
  const auto& pair = read->pairs.at(0);
  EXPECT_EQ(pair.table, "decision_vault");
  EXPECT_EQ(pair.conflict.on_equal, Side::notion);
  EXPECT_EQ(pair.conflict.on_missing, Side::supabase);
  ASSERT_EQ(pair.fields.size(), 3u);
  EXPECT_EQ(pair.fields[1].type, FieldType::multi_select);
  EXPECT_EQ(pair.fields[1].store, Storing::joined);
  EXPECT_EQ(pair.fields[1].options, (std::vector<std::string>{"Policy", "Architecture", "Ops", "UX", "Other"}));
  EXPECT_EQ(pair.book.checksum, "Checksum");
  EXPECT_EQ(pair.book.row_id, "");
  EXPECT_EQ(pair.book.last_synced, "");
  EXPECT_EQ(pair.book.nonce, "Rowpage");
  ASSERT_EQ(pair.match.size(), 3u);
  EXPECT_EQ(pair.match[2].by, Match::By::checksum);
  std::vector<std::string> columns;
  for (const auto& column : read->wanted.at(0).columns) columns.push_back(column.name + " " + column.sql_type);
  EXPECT_EQ(columns,
            (std::vector<std::string>{"id uuid", "decision text", "type text", "date date", "created_at timestamptz",
                                      "updated_at timestamptz", "notion_page_id text", "notion_synced boolean",
                                      "checksum text", "deleted_at timestamptz"}));
  EXPECT_EQ(read->wanted.at(0).title, "Decision Vault");
  EXPECT_TRUE(complete(*read, {}));
}

TEST(Config, the_preset_may_be_named_by_the_environment) {
  const auto read = load_config({}, environment({{"ROWPAGE_PRESET", "decision-vault"}}));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->source, "preset decision-vault");
}

TEST(Config, presets_of_later_versions_are_refused_by_name_and_unknown_ones_get_the_nearest) {
  EXPECT_EQ(preset_text("vital").error().what, "the preset `vital` comes in a later version");
  EXPECT_EQ(preset_text("decision-valt").error().what, "there is no preset `decision-valt`");
  EXPECT_EQ(preset_text("decision-valt").error().hint, "did you mean `decision-vault`?");
}

TEST(Config, an_unknown_key_is_shown_with_its_line_a_caret_and_the_nearest_key) {
  EXPECT_EQ(refusal(config("    directon: both\n")),
            "rowpage.yaml:6:5: unknown key `directon` in a pair\n"
            "        directon: both\n"
            "        ^\n"
            "  did you mean `direction`?");
}

TEST(Config, an_unknown_key_with_no_neighbour_lists_what_is_known) {
  EXPECT_EQ(refusal(config("    notion_thing: 1\n    bounds: { zzzzzz: 1 }\n")).find("known here: landing, index") !=
                std::string::npos,
            true);
}

TEST(Config, all_mistakes_are_shown_at_once_in_the_order_of_the_file) {
  EXPECT_EQ(refusal(config("    key: [a]\n    deletes: never\n")),
            "rowpage.yaml:6:11: `key` must be a single value, but this is a list\n"
            "        key: [a]\n"
            "              ^\n"
            "rowpage.yaml:7:14: `never` is not a way to treat deletions\n"
            "        deletes: never\n"
            "                 ^\n"
            "  one of: soft, hard, ignore");
}

TEST(Config, keys_of_later_versions_are_refused_by_name) {
  EXPECT_EQ(refusal(config("    where: '.type != \"Other\"'\n")),
            "rowpage.yaml:6:5: `where` is not supported by this version yet\n"
            "        where: '.type != \"Other\"'\n"
            "        ^\n"
            "  remove it for now");
  for (const std::string key : {"to_notion", "to_supabase"}) {
    const auto text =
        refusal(config("", "", "      - { column: name, property: Name, type: title, " + key + ": x }\n"));
    EXPECT_NE(text.find("`" + key + "` is not supported by this version yet"), std::string::npos) << text;
  }
}

TEST(Config, computed_properties_are_not_mapped_and_the_message_says_where_they_belong) {
  EXPECT_EQ(refusal(config("", "", "      - { column: name, property: Name, type: formula }\n")),
            "rowpage.yaml:7:47: a formula is computed in Notion and belongs to no column\n"
            "          - { column: name, property: Name, type: formula }\n"
            "                                                  ^\n"
            "  remove the field; `setup: { formulas: { Name: expression } }` creates formulas");
}

TEST(Config, a_mistyped_field_type_gets_the_nearest_and_all) {
  const auto text = refusal(config("", "", "      - { column: name, property: Name, type: tittle }\n"));
  EXPECT_EQ(text.substr(0, text.find(" One of")),
            "rowpage.yaml:7:47: `tittle` is not a field type\n"
            "          - { column: name, property: Name, type: tittle }\n"
            "                                                  ^\n"
            "  did you mean `title`?");
}

TEST(Config, broken_yaml_is_shown_where_it_breaks) {
  const auto quote = refusal("version: 1\npairs:\n  - model: \"Person\n    table: people\n");
  EXPECT_EQ(quote.substr(0, 22), "rowpage.yaml:3:12: thi") << quote;
  EXPECT_NE(quote.find("not valid YAML"), std::string::npos);
  EXPECT_NE(quote.find("^"), std::string::npos);
  const auto tab = refusal("version: 1\nsync:\n\tretries: 3\n");
  EXPECT_EQ(tab.substr(0, 15), "rowpage.yaml:3:") << tab;
  const auto twice = refusal("version: 1\nversion: 1\n");
  EXPECT_NE(twice.find("duplicate key"), std::string::npos) << twice;
}

TEST(Config, anchors_aliases_and_merges_are_refused) {
  EXPECT_NE(refusal("a: &x 1\nversion: *x\n").find("aliases (`*name`) are not supported"), std::string::npos);
}

TEST(Config, an_unquoted_variable_inside_braces_is_explained) {
  const auto text = refusal(config("", "notion: { token: ${NOTION_API_KEY} }\n"));
  EXPECT_EQ(text.substr(0, 15), "rowpage.yaml:2:") << text;
}

TEST(Config, variables_are_expanded_in_scalars_after_parsing) {
  const auto env = environment({{"TABLE", "odd: \"name\" # no comment"}});
  const auto read = read_config(config("    key: \"a${TABLE}b\"\n    first: newest\n"), "rowpage.yaml", env);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->pairs[0].key, "aodd: \"name\" # no commentb");
}

TEST(Config, a_variable_that_is_not_set_is_named_at_its_place) {
  EXPECT_EQ(refusal(config("    key: \"x${NOPE}\"\n")),
            "rowpage.yaml:6:10: the variable NOPE is not set\n"
            "        key: \"x${NOPE}\"\n"
            "             ^\n"
            "  set it in the environment or in .env");
}

TEST(Config, malformed_ids_are_refused_with_their_form) {
  EXPECT_EQ(refusal(config(), environment({{"NOTION_DATABASE_ID", "1234"}})),
            "rowpage.yaml:4:25: `database` is not a Notion id: `1234`\n"
            "        notion: { database: \"${NOTION_DATABASE_ID}\" }\n"
            "                            ^\n"
            "  an id has 32 hexadecimal digits, with or without hyphens; a link to the page or database works as well");
  EXPECT_EQ(refusal(config(), environment({{"NOTION_PARENT_PAGE_ID", "zz"}})).substr(0, 60),
            "environment: NOTION_PARENT_PAGE_ID is not a Notion id: `zz`\n");
}

TEST(Config, http_is_allowed_on_loopback_only) {
  EXPECT_EQ(refusal(config("", "notion: { base_url: \"http://api.example.com\" }\n")),
            "rowpage.yaml:2:21: NOTION_BASE_URL must use https: `http://api.example.com`\n"
            "    notion: { base_url: \"http://api.example.com\" }\n"
            "                        ^\n"
            "  http is allowed on loopback only (127.0.0.1, localhost)");
  for (const std::string host : {"127.0.0.1:8123", "localhost:1", "[::1]:99"}) {
    EXPECT_EQ(refusal(config("", "notion: { base_url: \"http://" + host + "\" }\n")), "(accepted)") << host;
  }
  for (const std::string host : {"127.0.0.1.evil.example", "localhost.evil", "127.0.0.1@evil.example", "[::1].evil"}) {
    EXPECT_NE(refusal(config("", "notion: { base_url: \"http://" + host + "\" }\n")), "(accepted)") << host;
  }
  EXPECT_NE(refusal(config(), environment({{"NOTION_BASE_URL", "http://example.com"}})).find("must use https"),
            std::string::npos);
}

TEST(Config, two_pairs_claiming_one_table_are_refused_with_both_places) {
  const std::string second =
      "  - model: Other\n    notion: { title: Others }\n    table: public.people\n    fields:\n"
      "      - { column: name, property: Name, type: title }\n";
  EXPECT_EQ(refusal(config() + second),
            "rowpage.yaml:8:5: the table `public.people` belongs to another pair already\n"
            "      - model: Other\n"
            "        ^\n"
            "  the first pair with it is `Person` at rowpage.yaml:3:5: a table can be in one pair only");
}

TEST(Config, two_pairs_claiming_one_database_are_refused) {
  const std::string second =
      "  - model: Other\n    notion: { database: \"${NOTION_DATABASE_ID}\" }\n    table: others\n    fields:\n"
      "      - { column: name, property: Name, type: title }\n";
  EXPECT_NE(refusal(config() + second).find("belongs to another pair already"), std::string::npos);
}

TEST(Config, a_column_or_property_used_twice_is_refused) {
  const auto text = refusal(config("", "",
                                   "      - { column: name, property: Name, type: title }\n"
                                   "      - { column: name, property: Other, type: rich_text }\n"));
  EXPECT_NE(text.find("rowpage.yaml:8:19: two fields of this pair use the column `name`"), std::string::npos) << text;
}

TEST(Config, brakes_are_read_in_all_their_forms) {
  const auto limits = [](const std::string& text) -> std::pair<int, std::int64_t> {
    const auto read = read_config(config("    brakes: { deletes: \"" + text + "\" }\n"), "rowpage.yaml", environment());
    if (!read) return {-1, -1};
    return {read->pairs[0].brakes.deletes.percent, read->pairs[0].brakes.deletes.at_least};
  };
  using P = std::pair<int, std::int64_t>;
  EXPECT_EQ(limits("max(25%, 7)"), (P{25, 7}));
  EXPECT_EQ(limits("max(7,25%)"), (P{25, 7}));
  EXPECT_EQ(limits("30%"), (P{30, 0}));
  EXPECT_EQ(limits("0"), (P{0, 0}));
  for (const std::string bad :
       {"max(1,2)", "max(1%,2%)", "101%", "-1", "five", "max(5%", "5 %%", "99999999999999999999"}) {
    EXPECT_EQ(limits(bad), (P{-1, -1})) << bad;
  }
}

TEST(Config, directions_have_all_their_names) {
  for (const std::string name : {"to_notion", "supabase_to_notion", "to-notion", "from-supabase"}) {
    EXPECT_EQ(direction_of(name), Direction::to_notion) << name;
  }
  for (const std::string name : {"to_supabase", "notion_to_supabase", "from-notion", "to-supabase"}) {
    EXPECT_EQ(direction_of(name), Direction::to_supabase) << name;
  }
  EXPECT_EQ(direction_of("sideways"), std::nullopt);
}

TEST(Config, a_pair_overrides_what_sync_sets_for_all) {
  const auto read =
      read_config(config("    conflict: { prefer: ask }\n",
                         "sync: { deletes: hard, conflict: { prefer: notion, on_equal: supabase }, batch_size: 7 }\n"),
                  "rowpage.yaml", environment());
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->pairs[0].deletes, Deletes::hard);
  EXPECT_EQ(read->pairs[0].conflict.prefer, Prefer::ask);
  EXPECT_EQ(read->pairs[0].conflict.on_equal, Side::supabase);
  EXPECT_EQ(read->sync.batch_size, 7u);
}

TEST(Config, the_file_wins_over_the_environment_which_wins_over_the_default) {
  const auto env = environment({{"SYNC_BATCH_SIZE", "50"}, {"SYNC_MAX_RETRIES", "9"}});
  const auto read = read_config(config("", "sync: { retries: 1 }\n"), "rowpage.yaml", env);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->sync.batch_size, 50u);
  EXPECT_EQ(read->sync.retries, 1);
  EXPECT_EQ(refusal(config(), environment({{"SYNC_BATCH_SIZE", "many"}})),
            "environment: SYNC_BATCH_SIZE must be a whole number from 1 to 1000, not `many`");
}

TEST(Config, cron_schedules_parse_and_nonsense_does_not) {
  EXPECT_EQ(refusal(config("", "sync: { interval: \"*/15 * * * *\" }\n")), "(accepted)");
  EXPECT_NE(refusal(config("", "sync: { interval: soon }\n")).find("neither a duration nor a cron expression"),
            std::string::npos);
}

TEST(Config, secrets_in_the_file_are_masked_in_the_source_line) {
  const auto text = refusal(config("", "notion: { token: ntn_123456789012345678901234567890, bot: 1 }\n"));
  EXPECT_EQ(text.find("ntn_1234"), std::string::npos) << text;
  EXPECT_NE(text.find("***"), std::string::npos) << text;
  const auto url = refusal(config("", "supabase: { database_url: \"postgresql://me:pa55@h/db\", bot: 1 }\n"));
  EXPECT_EQ(url.find("pa55"), std::string::npos) << url;
}

TEST(Config, every_missing_variable_is_named_with_where_to_find_it) {
  const auto read = load_config({"", "decision-vault"}, Environment{});
  ASSERT_TRUE(read) << read.error().what;
  const auto status = complete(*read, {});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().cause, Cause::usage);
  for (const std::string name : {"NOTION_API_KEY", "NOTION_DATABASE_ID", "SUPABASE_DB_URL", "Connect, Session pooler",
                                 "notion.so/profile/integrations", "also read: NOTION_API_TOKEN, NOTION_TOKEN"}) {
    EXPECT_NE(status.error().what.find(name), std::string::npos) << name << " in\n" << status.error().what;
  }
}

TEST(Config, either_way_to_the_database_will_do_and_half_of_one_asks_for_its_other_half) {
  const auto missing = [](Environment::Values more) -> std::string {
    more.insert({{"NOTION_API_KEY", "ntn_x"}, {"NOTION_DATABASE_ID", database}});
    const auto read = load_config({"", "decision-vault"}, Environment(std::move(more), {}));
    if (!read) return read.error().what;
    const auto status = complete(*read, {});
    return status ? "" : status.error().what;
  };
  const char *url = "https://abc.supabase.co", *key = "sb_secret_aaaaaaaaaaaaaaaaaaa";
  EXPECT_EQ(missing({{"SUPABASE_URL", url}, {"SUPABASE_KEY", key}}), "");
  EXPECT_EQ(missing({{"SUPABASE_DB_URL", "postgresql://u:p@127.0.0.1/x"}}), "");
  EXPECT_NE(missing({{"SUPABASE_URL", url}}).find("SUPABASE_SERVICE_ROLE_KEY"), std::string::npos);
  EXPECT_NE(missing({{"SUPABASE_KEY", key}}).find("SUPABASE_URL "), std::string::npos);
  const std::string none = missing({});
  EXPECT_NE(none.find("SUPABASE_DB_URL"), std::string::npos) << none;
  EXPECT_NE(none.find("Session pooler"), std::string::npos) << none;
  EXPECT_NE(none.find("or SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY"), std::string::npos) << none;
}

TEST(Config, a_missing_file_says_how_to_get_one) {
  const auto read = load_config({"no/such/rowpage.yaml", ""}, Environment{});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().what, "cannot read the config file no/such/rowpage.yaml");
}

TEST(Config, hostile_texts_never_crash_the_reader) {
  const std::string many(200'000, '[');
  for (const std::string& text :
       {many, std::string("\0\0\0", 3), std::string("\xff\xfe"), std::string("pairs: 1"), std::string("- 1\n- 2\n"),
        std::string("pairs: [[[]]]"), std::string("? {a: b}\n: c\n"), std::string("<<: {a: b}\n"),
        std::string("pairs: [{}]"), std::string("'\"")}) {
    EXPECT_NE(refusal(text), "(accepted)");
  }
}

// Found by fuzzing: the YAML library never came back from the first.
TEST(ReadConfig, bytes_that_are_no_text_are_refused_where_they_stand) {
  EXPECT_NE(refusal("%yJ{\xff\xff\xff\xff").find("rowpage.yaml:1:1: this line is not UTF-8"), std::string::npos);
  EXPECT_NE(refusal("version: 1\n%FOO bar\n---\n").find("rowpage.yaml:2:1: directives"), std::string::npos);
  EXPECT_NE(refusal("version: 1\nworkspace: a\x01").find("rowpage.yaml:2:13: a control character"), std::string::npos);
  EXPECT_NE(refusal(std::string("version: 1\npairs:\n  - \0model: M\n", 31)).find("a control character"),
            std::string::npos);
}

// Found by fuzzing: a pair of no name and no table was accepted.
TEST(ReadConfig, a_dash_with_nothing_behind_it_is_no_pair_and_no_field) {
  EXPECT_NE(refusal("version: 1\npairs:\n  -\n").find("a pair is expected here"), std::string::npos);
  EXPECT_NE(refusal(config() + "      -\n").find("a field is expected here"), std::string::npos);
}

TEST(ReadConfig, one_table_under_two_spellings_is_one_table) {
  const auto text =
      config() +
      "  - model: Again\n    notion: { title: Again }\n    table: '\"public\".\"people\"'\n    fields: [ { column: "
      "name, property: Name, type: title } ]\n";
  EXPECT_NE(refusal(text).find("belongs to another pair already"), std::string::npos) << refusal(text);
}

TEST(ReadConfig, names_longer_than_postgresql_keeps_are_refused) {
  const std::string name(64, 'n');
  const auto refused = refusal(config("    key: " + name + "\n"));
  EXPECT_NE(refused.find("at most 63 bytes, and this one has 64"), std::string::npos) << refused;
  EXPECT_EQ(refusal(config("    key: " + name.substr(1) + "\n")), "(accepted)");
}

}  // namespace
}  // namespace rowpage
