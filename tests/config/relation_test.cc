// Relations in the config file: where they lead, where their links lie, and what only shows across pairs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "config/read.h"
#include "config/workspace.h"

namespace rowpage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Relation::Kind;

std::string pair(const std::string& model, const std::string& fields, const std::string& more = "",
                 const std::string& table = "") {
  return "  - model: " + model + "\n    notion: { title: " + model +
         "s }\n    table: " + (table.empty() ? "t_" + model : table) + "\n" + more +
         "    fields:\n      - { column: name, property: Name, type: title }\n" + fields;
}

WorkspaceConfig accepted(const std::string& pairs) {
  auto read = read_config("pairs:\n" + pairs, "rowpage.yaml", Environment{});
  if (!read) throw std::runtime_error(read.error().what);  // fails the test with the message
  return std::move(*read);
}

std::string refusal(const std::string& pairs) {
  const auto read = read_config("pairs:\n" + pairs, "rowpage.yaml", Environment{});
  return read ? "(accepted)" : read.error().what;
}

const WantedColumn& column(const WorkspaceConfig& config, std::size_t pair, const std::string& name) {
  static const WantedColumn none;
  for (const auto& column : config.wanted.at(pair).columns) {
    if (column.name == name) return column;
  }
  ADD_FAILURE() << "no column " << name;
  return none;
}

const std::string owner = "      - { column: owner_id, property: Owner, type: relation, to: Person";
const std::string tags =
    "      - { property: Tags, type: relation, to: Tag, join: { table: decision_tags, own: decision_id, other: tag_id "
    "}";

TEST(ReadRelation, a_foreign_key_is_a_column_of_the_type_it_leads_to) {
  const auto read = accepted(pair("Decision", owner + " }\n") + pair("Person", ""));
  ASSERT_EQ(read.pairs.size(), 2u);
  const auto& field = read.pairs[0].fields.at(1);
  EXPECT_EQ(field.type, FieldType::relation);
  EXPECT_EQ(field.relation.kind, Kind::column);
  EXPECT_EQ(field.relation.to, "Person");
  EXPECT_EQ(field.relation.references, "");
  EXPECT_EQ(field.relation.on_delete, "set null");
  EXPECT_FALSE(field.relation.required);
  EXPECT_EQ(field.direction, Direction::both);
  EXPECT_EQ(field.column, "owner_id");
  const auto& key = column(read, 0, "owner_id");
  EXPECT_EQ(key.sql_type, "uuid");
  EXPECT_EQ(key.references_model, "Person");
  EXPECT_EQ(key.references_column, "id");
  EXPECT_EQ(key.on_delete, "set null");
}

TEST(ReadRelation, a_foreign_key_may_lead_to_another_column_even_one_that_is_a_foreign_key) {
  const auto read = accepted(
      pair("A", "      - { column: b, property: B, type: relation, to: B, references: c, on_delete: cascade }\n") +
      pair("B", "      - { column: c, property: C, type: relation, to: C, references: code, unique: true }\n") +
      pair("C", "      - { column: code, property: Code, type: number, sql_type: bigint, unique: true }\n"));
  EXPECT_EQ(column(read, 0, "b").sql_type, "bigint");
  EXPECT_EQ(column(read, 0, "b").references_column, "c");
  EXPECT_EQ(column(read, 0, "b").on_delete, "cascade");
  EXPECT_EQ(read.pairs[0].fields[1].relation.references, "c");
  EXPECT_TRUE(column(read, 1, "c").unique);
}

TEST(ReadRelation, a_required_one_restricts_deletion_unless_told_to_cascade) {
  const auto read = accepted(pair("Decision", owner + ", required: true }\n") + pair("Person", ""));
  EXPECT_TRUE(read.pairs[0].fields[1].relation.required);
  EXPECT_TRUE(column(read, 0, "owner_id").not_null);
  EXPECT_EQ(column(read, 0, "owner_id").on_delete, "restrict");
  EXPECT_THAT(refusal(pair("Decision", owner + ", required: true, on_delete: set null }\n") + pair("Person", "")),
              HasSubstr("a required column cannot be set to null"));
}

TEST(ReadRelation, a_join_table_has_two_columns_and_gives_the_field_its_name) {
  const auto read = accepted(pair("Decision", tags + ", two_way: Decisions }\n") + pair("Tag", ""));
  const auto& field = read.pairs[0].fields.at(1);
  EXPECT_EQ(field.relation.kind, Kind::join);
  EXPECT_EQ(field.relation.join, "decision_tags");
  EXPECT_EQ(field.relation.own, "decision_id");
  EXPECT_EQ(field.relation.other, "tag_id");
  EXPECT_EQ(field.relation.two_way, "Decisions");
  EXPECT_EQ(field.column, "decision_tags.decision_id");
  EXPECT_FALSE(field.has_column());
  for (const auto& one : read.wanted[0].columns) EXPECT_EQ(one.name.find('.'), std::string::npos) << one.name;
}

TEST(ReadRelation, a_join_table_without_a_schema_lies_beside_the_pairs_table) {
  const auto beside = accepted(pair("Decision", tags + " }\n", "", "'\"my.crm\".decisions'") + pair("Tag", ""));
  EXPECT_EQ(beside.pairs[0].fields.at(1).relation.join, "\"my.crm\".decision_tags");
  EXPECT_EQ(beside.pairs[0].fields.at(1).column, "decision_tags.decision_id");
  auto bare = accepted(pair("Decision", tags + " }\n") + pair("Tag", "", "", "crm.tags"));
  use_schema(bare, "x");
  EXPECT_EQ(bare.pairs[0].fields.at(1).relation.join, "x.decision_tags");
  EXPECT_EQ(bare.pairs[0].table, "x.t_Decision");
  EXPECT_EQ(bare.pairs[1].table, "crm.tags");
}

TEST(ReadRelation, the_other_end_tells_its_owner_that_it_is_two_way) {
  const auto read =
      accepted(pair("Supplier", "      - { property: Lots, type: relation, to: lot, back_of: Supplier }\n") +
               pair("Lot", "      - { column: supplier_id, property: Supplier, type: relation, to: Supplier }\n"));
  const auto& back = read.pairs[0].fields.at(1);
  EXPECT_EQ(back.relation.kind, Kind::back);
  EXPECT_EQ(back.relation.to, "Lot");
  EXPECT_EQ(back.column, "back:Lots");
  EXPECT_EQ(read.pairs[1].fields.at(1).relation.two_way, "Lots");
  for (const auto& one : read.wanted[0].columns) EXPECT_NE(one.name, back.column);
}

TEST(ReadRelation, both_ends_may_lie_in_one_pair) {
  const auto read =
      accepted(pair("Task",
                    "      - { column: parent_id, property: Parent, type: relation, to: Task, two_way: Subtasks }\n"
                    "      - { property: Subtasks, type: relation, to: Task, back_of: Parent }\n"));
  EXPECT_EQ(read.pairs[0].fields.at(1).relation.two_way, "Subtasks");
  EXPECT_EQ(read.pairs[0].fields.at(2).relation.back_of, "Parent");
}

TEST(ReadRelation, one_that_leads_out_of_the_file_is_explained) {
  EXPECT_EQ(refusal(pair("Decision", owner + " }\n") + pair("Persons", "")),
            "rowpage.yaml:7:66: `Person` is no pair of this file\n"
            "          - { column: owner_id, property: Owner, type: relation, to: Person }\n"
            "                                                                     ^\n"
            "  a relation can lead only to a database that is a pair here; did you mean `Persons`?");
}

TEST(ReadRelation, says_where_its_links_lie_exactly_once) {
  EXPECT_THAT(refusal(pair("A", "      - { property: B, type: relation, to: A }\n")),
              HasSubstr("the relation does not say where its links are kept"));
  EXPECT_THAT(refusal(pair("A", "      - { property: B, type: relation, to: A, column: b, back_of: B }\n")),
              HasSubstr("`column` and `back_of` exclude each other"));
  EXPECT_THAT(refusal(pair("A", "      - { property: B, type: relation, column: b }\n")),
              HasSubstr("`to` is missing in a field"));
}

TEST(ReadRelation, keys_of_another_kind_of_field_are_refused_by_name) {
  EXPECT_THAT(refusal(pair("A", "      - { property: B, type: relation, to: A, column: b, options: [x] }\n")),
              HasSubstr("`options` does not belong to a relation kept in a column"));
  EXPECT_THAT(refusal(pair("Decision", tags + ", required: true }\n") + pair("Tag", "")),
              HasSubstr("`required` does not belong to a relation kept in a join table"));
  EXPECT_THAT(refusal(pair("A", "      - { property: B, type: relation, to: A, back_of: C, direction: both }\n")),
              HasSubstr("`direction` does not belong to the other end of a relation"));
  EXPECT_THAT(refusal(pair("A", "      - { property: B, type: rich_text, column: b, two_way: C }\n")),
              HasSubstr("`two_way` belongs to fields of type relation only"));
  EXPECT_THAT(refusal(pair("A", "      - { property: B, type: relation, to: A, column: b, on_delete: vanish }\n")),
              HasSubstr("`vanish` is not a way to treat rows whose linked row goes"));
}

TEST(ReadRelation, a_join_needs_a_table_and_two_different_columns) {
  EXPECT_THAT(refusal(pair("A", "      - { property: B, type: relation, to: A, join: { table: t, own: a } }\n")),
              HasSubstr("`other` is missing in `join`"));
  EXPECT_THAT(
      refusal(pair("A", "      - { property: B, type: relation, to: A, join: { table: t, own: a, other: a } }\n")),
      HasSubstr("`own` and `other` are two columns"));
}

TEST(ReadRelation, an_other_end_needs_an_owner_that_leads_back_under_that_name) {
  const std::string back = "      - { property: Lots, type: relation, to: Lot, back_of: Supplier }\n";
  const auto lot = [](const std::string& property, const std::string& to, const std::string& more = "") {
    return pair("Lot", "      - { column: s, property: " + property + ", type: relation, to: " + to + more + " }\n");
  };
  EXPECT_THAT(refusal(pair("Supplier", back) + lot("Suplier", "Supplier")),
              HasSubstr("the pair `Lot` has no relation `Supplier` that keeps links\n"));
  EXPECT_THAT(refusal(pair("Supplier", back) + lot("Suplier", "Supplier")), HasSubstr("did you mean `Suplier`?"));
  EXPECT_THAT(refusal(pair("Supplier", back) + pair("Lot", "")),
              HasSubstr("give `Lot` a relation with a column or a join that leads to Supplier"));
  EXPECT_THAT(refusal(pair("Supplier", back) + lot("Supplier", "Lot")),
              HasSubstr("Lot.Supplier leads to Lot, not to Supplier"));
  EXPECT_THAT(refusal(pair("Supplier", back) + lot("Supplier", "Supplier", ", two_way: Batches")),
              HasSubstr("the other end of Lot.Supplier is `Batches` already"));
}

TEST(ReadRelation, a_join_table_has_one_owner) {
  const std::string twice =
      pair("Decision", tags + " }\n") +
      pair("Tag",
           "      - { property: Decisions, type: relation, to: Decision,\n"
           "          join: { table: public.decision_tags, own: tag_id, other: decision_id } }\n");
  EXPECT_THAT(refusal(twice), HasSubstr("`public.decision_tags` is the join table of Decision.Tags already"));
  EXPECT_THAT(refusal(twice), HasSubstr("the other end says back_of: PROPERTY instead of join"));
  EXPECT_THAT(refusal(pair("Decision", tags + " }\n") + pair("Tag", "", "", "decision_tags")),
              HasSubstr("`decision_tags` is the table of the pair `Tag` already"));
}

TEST(ReadRelation, required_foreign_keys_that_lead_in_a_circle_are_named_with_the_remedy) {
  const auto to = [](const std::string& from, const std::string& target, const std::string& more = "") {
    return pair(from,
                "      - { column: " + target + "_id, property: " + target + ", type: relation, to: " + target +
                    ", required: true }\n",
                more);
  };
  const auto text = refusal(to("A", "B") + to("B", "C") + to("C", "A"));
  EXPECT_THAT(text, HasSubstr("required foreign keys lead in a circle: A.B_id → B.C_id → C.A_id → A\n"));
  EXPECT_THAT(text, HasSubstr("no row could be inserted first: remove `required` from one of them"));
  EXPECT_THAT(refusal(to("D", "A") + to("A", "A")), HasSubstr("lead in a circle: A.A_id → A\n"));
  EXPECT_EQ(refusal(to("A", "B") + to("B", "C") + pair("C", "")), "(accepted)");
  EXPECT_EQ(refusal(to("A", "B") + to("B", "A", "    direction: to_notion\n")), "(accepted)");
}

TEST(ReadRelation, it_travels_as_its_pair_does_unless_it_says_otherwise) {
  const auto read =
      accepted(pair("Decision", owner + " }\n" + tags + ", direction: to_notion }\n") + pair("Person", "") +
               pair("Tag", "      - { column: d, property: D, type: relation, to: Decision }\n",
                    "    direction: to_supabase\n"));
  EXPECT_EQ(read.pairs[0].fields[1].direction, Direction::both);
  EXPECT_EQ(read.pairs[0].fields[2].direction, Direction::to_notion);
  EXPECT_EQ(read.pairs[2].fields[1].direction, Direction::to_supabase);
}

TEST(ReadRelation, is_no_natural_key) {
  EXPECT_THAT(refusal(pair("Decision", owner + " }\n", "    match: [\"key:owner_id\"]\n") + pair("Person", "")),
              HasSubstr("`key:owner_id` names no column of this pair's fields"));
}

// Whatever is lost, doubled or moved in a file: it is read, or refused with places in it.
RC_GTEST_PROP(ReadRelation, a_damaged_file_is_read_or_refused_with_a_place, ()) {
  const std::string whole =
      "pairs:\n" + pair("Decision", owner + ", required: true }\n" + tags + ", two_way: Decisions }\n") +
      pair("Person", "      - { property: Decisions, type: relation, to: Decision, back_of: Owner }\n") +
      pair("Tag", "      - { property: Decisions, type: relation, to: Decision, back_of: Tags }\n",
           "    setup: { indexes: [[name], { name: i, columns: [name] }], fills: { name: name_2 } }\n");
  std::vector<std::string> words;
  for (std::size_t at = 0; at < whole.size();) {
    const auto end = std::min(whole.find_first_of(" ,{}[]\n", at) + 1, whole.size());
    words.push_back(whole.substr(at, end == 0 ? std::string::npos : end - at));
    at += words.back().size();
  }
  const int blows = *rc::gen::inRange(1, 4);
  for (int blow = 0; blow < blows; ++blow) {
    const auto at = *rc::gen::inRange<std::size_t>(0, words.size());
    const auto other = *rc::gen::inRange<std::size_t>(0, words.size());
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        words[at].clear();
        break;
      case 1:
        words[at] += words[at];
        break;
      default:
        std::swap(words[at], words[other]);
    }
  }
  std::string text;
  for (const auto& word : words) text += word;
  const auto read = read_config(text, "rowpage.yaml", Environment{});
  if (read) {
    RC_ASSERT(read->pairs.size() == read->wanted.size());
    return;
  }
  RC_ASSERT(read.error().cause == Cause::usage);
  RC_ASSERT(read.error().what.starts_with("rowpage.yaml:"));
}

}  // namespace
}  // namespace rowpage
