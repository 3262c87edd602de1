// Everything that does not fit between a mapping and what both sides really have: said once, with the remedy.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/schema.h"
#include "core/table_name.h"

namespace rowpage {
namespace {

using testing::HasSubstr;

struct Sides {
  PairSpec spec;
  SourceSchema source;
  TableSchema table;

  Sides() {
    spec.model = "Decision";
    spec.match = {{Match::By::key, "decision"}};
    source.data_source = "ds";
    source.title = "Decision Vault";
    table.schema = "public";
    table.name = "decisions";
    table.key_unique = true;
    column("id", ColumnType::text, "text");
    property("Rowpage", "rich_text");
    both("Decision", "title", FieldType::title, "decision", ColumnType::text);
    both("Score", "number", FieldType::number, "score", ColumnType::numeric);
  }
  void column(const std::string& name, ColumnType type, const std::string& sql) {
    Column made;
    made.name = name;
    made.type = type;
    made.sql_type = sql;
    table.columns.push_back(made);
  }
  void property(const std::string& name, const std::string& type) {
    source.properties.push_back({"id-" + name, name, type, {}});
  }
  void both(const std::string& shown, const std::string& type, FieldType field, const std::string& name,
            ColumnType held) {
    property(shown, type);
    column(name, held, "its type");
    Field made;
    made.property = shown;
    made.column = name;
    made.type = field;
    spec.fields.push_back(made);
  }
  Resolved resolved() const { return resolve(spec, "default", source, table); }
};

TEST(Resolve, binds_what_fits) {
  const Resolved resolved = Sides().resolved();
  EXPECT_TRUE(resolved.problems.empty()) << resolved.problems.front().what;
  EXPECT_EQ(resolved.pair.fields[0].property_id, "id-Decision");
  EXPECT_EQ(resolved.pair.title_field, 0);
  EXPECT_EQ(resolved.pair.nonce_id, "id-Rowpage");
  EXPECT_EQ(resolved.pair.identity(), "default/ds/public.decisions");
}

TEST(Resolve, binds_names_exactly_first_and_then_ignoring_case) {
  Sides sides;
  sides.spec.fields[1].property = "sCORE";
  sides.spec.fields[1].column = "SCORE";
  Resolved resolved = sides.resolved();
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved.pair.fields[1].property, "Score");
  sides.property("sCORE", "number");
  resolved = sides.resolved();
  EXPECT_EQ(resolved.pair.fields[1].property_id, "id-sCORE");
}

struct Misfit {
  const char* name;
  std::function<void(Sides&)> spoil;
  const char* where;
  const char* what;
  const char* hint;
};

class ResolveMisfit : public testing::TestWithParam<Misfit> {};

TEST_P(ResolveMisfit, is_said_with_its_remedy) {
  Sides sides;
  GetParam().spoil(sides);
  const Resolved resolved = sides.resolved();
  EXPECT_FALSE(resolved.ok());
  bool said = false;
  for (const auto& problem : resolved.problems) {
    EXPECT_THAT(problem.where, HasSubstr("Decision: "));
    EXPECT_FALSE(problem.hint.empty()) << problem.what;
    said = said || (problem.where.find(GetParam().where) != std::string::npos &&
                    problem.what.find(GetParam().what) != std::string::npos &&
                    problem.hint.find(GetParam().hint) != std::string::npos);
  }
  EXPECT_TRUE(said) << resolved.problems.front().where << ": " << resolved.problems.front().what << " | "
                    << resolved.problems.front().hint;
}

INSTANTIATE_TEST_SUITE_P(
    Of, ResolveMisfit,
    testing::Values(Misfit{"missing_property", [](Sides& s) { s.spec.fields[1].property = "Scor"; },
                           "property \"Scor\"", "no such property", "Did you mean \"Score\"?"},
                    Misfit{"missing_column", [](Sides& s) { s.spec.fields[1].column = "scor"; }, "column \"scor\"",
                           "no such column", "Did you mean \"score\"?"},
                    Misfit{"wrong_property_type", [](Sides& s) { s.source.properties[2].type = "people"; },
                           "property \"Score\"", "is of type people, the mapping says number",
                           "Change the property's type"},
                    Misfit{"wrong_property_type_with_another_that_fits",
                           [](Sides& s) {
                             s.source.properties[2].type = "people";
                             s.property("Points", "number");
                           },
                           "property \"Score\"", "is of type people", "there is \"Points\""},
                    Misfit{"wrong_column_type", [](Sides& s) { s.table.columns[2].type = ColumnType::boolean; },
                           "column \"score\"", "cannot hold number values", "numeric"},
                    Misfit{"missing_key", [](Sides& s) { s.spec.key = "uid"; }, "key \"uid\"", "no such column", ""},
                    Misfit{"key_that_is_not_unique", [](Sides& s) { s.table.key_unique = false; }, "key \"id\"",
                           "neither the primary key", "unique index"},
                    Misfit{"property_mapped_twice",
                           [](Sides& s) {
                             s.spec.fields.push_back(s.spec.fields[1]);
                             s.spec.fields.back().column = "decision2";
                             s.column("decision2", ColumnType::numeric, "numeric");
                           },
                           "property \"Score\"", "more than once", "belongs to one column"},
                    Misfit{"column_mapped_and_kept_for_bookkeeping",
                           [](Sides& s) { s.spec.book.checksum_column = "decision"; }, "column \"decision\"",
                           "bookkeeping", "once"},
                    Misfit{"missing_nonce", [](Sides& s) { s.spec.book.nonce = "Mark"; }, "nonce property \"Mark\"",
                           "is missing", "setup --side notion"},
                    Misfit{"nonce_of_another_type", [](Sides& s) { s.source.properties[0].type = "number"; },
                           "nonce property \"Rowpage\"", "is of type number", "setup"},
                    Misfit{"no_nonce_and_no_natural_key",
                           [](Sides& s) {
                             s.spec.book.nonce.clear();
                             s.spec.match.clear();
                           },
                           "bookkeeping", "natural key", "key:COLUMN"},
                    Misfit{"match_by_an_unmapped_column",
                           [](Sides& s) {
                             s.spec.match = {{Match::By::key, "id"}};
                           },
                           "match \"key:id\"", "no field", "mapped column"},
                    Misfit{"read_only_property_to_notion",
                           [](Sides& s) {
                             s.both("Made", "created_time", FieldType::created_time, "made", ColumnType::timestamptz);
                             s.spec.fields.back().direction = Direction::to_notion;
                           },
                           "property \"Made\"", "cannot be written", "to_supabase"},
                    Misfit{"field_against_its_pair",
                           [](Sides& s) {
                             s.spec.direction = Direction::to_supabase;
                             s.spec.fields[1].direction = Direction::to_notion;
                           },
                           "property \"Score\"", "while its pair travels", "direction"},
                    Misfit{"generated_column_to_supabase",
                           [](Sides& s) {
                             s.table.columns[2].generated = true;
                             s.spec.fields[1].direction = Direction::to_supabase;
                           },
                           "column \"score\"", "generated", "to_notion"},
                    Misfit{"missing_end_column", [](Sides& s) { s.spec.fields[1].end_column = "until"; },
                           "column \"until\"", "no such column", ""},
                    Misfit{"end_column_of_another_type", [](Sides& s) { s.spec.fields[1].end_column = "id"; },
                           "column \"id\"", "its start", "one type"},
                    Misfit{"no_select", [](Sides& s) { s.table.can_select = false; }, "table public.decisions",
                           "lacks SELECT", "GRANT SELECT"},
                    Misfit{"no_insert", [](Sides& s) { s.table.can_insert = false; }, "table public.decisions",
                           "lacks INSERT", "GRANT INSERT"},
                    Misfit{"no_update", [](Sides& s) { s.table.can_update = false; }, "table public.decisions",
                           "lacks UPDATE", "GRANT UPDATE"},
                    Misfit{"no_delete_where_deletes_are_hard",
                           [](Sides& s) {
                             s.spec.deletes = Deletes::hard;
                             s.table.can_delete = false;
                           },
                           "table public.decisions", "lacks DELETE", "GRANT DELETE"}),
    [](const auto& info) { return info.param.name; });

TEST(Resolve, says_everything_at_once) {
  Sides sides;
  sides.spec.fields[0].property = "Nowhere";
  sides.spec.fields[1].column = "nowhere";
  sides.spec.key = "nothing";
  EXPECT_GE(sides.resolved().problems.size(), 3);
}

TEST(Resolve, only_warns_of_optional_bookkeeping_that_is_not_there) {
  Sides sides;
  sides.spec.book.last_synced = "Last Synced";
  sides.spec.book.checksum_column = "checksum";
  const Resolved resolved = sides.resolved();
  EXPECT_TRUE(resolved.ok());
  EXPECT_EQ(resolved.problems.size(), 2);
  EXPECT_TRUE(resolved.pair.book.checksum_column.empty()) << "it is not kept";
}

TEST(Resolve, shows_a_key_but_never_rewrites_it) {
  Sides sides;
  sides.spec.key = "decision";
  EXPECT_EQ(sides.resolved().pair.fields[0].direction, Direction::to_notion);
}

TEST(Fingerprint, changes_with_the_mapping_and_with_nothing_else) {
  Sides sides;
  const std::string before = sides.resolved().pair.fingerprint();
  sides.spec.model = "Renamed";
  sides.spec.brakes.unmatched = 7;
  EXPECT_EQ(sides.resolved().pair.fingerprint(), before);
  sides.spec.fields[1].direction = Direction::to_supabase;
  EXPECT_NE(sides.resolved().pair.fingerprint(), before);
}

TEST(TableName, is_shown_as_sql_wants_it) {
  EXPECT_EQ(sql_name({"public", "task_2"}), "public.task_2");
  EXPECT_EQ(sql_name({"public", "Task"}), "public.\"Task\"");
  EXPECT_EQ(sql_name({"public", "2nd"}), "public.\"2nd\"");
  EXPECT_EQ(sql_name({"My \"odd\"", "a; drop"}), "\"My \"\"odd\"\"\".\"a; drop\"");
  const TableName odd{"s", "My \"odd\".täble"};
  EXPECT_EQ(split_table_name(sql_name(odd)), odd);
}

}  // namespace
}  // namespace rowpage
