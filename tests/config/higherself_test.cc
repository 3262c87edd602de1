// The preset is counted and checked as a whole: what it names must exist, and what it leads to must lead back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/read.h"
#include "config/reading.h"
#include "config/workspace.h"
#include "core/text.h"

namespace rowpage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Relation::Kind;

class HigherSelf : public ::testing::Test {
 protected:
  void SetUp() override {
    auto read = load_config({"", "higherself"}, Environment{});
    ASSERT_TRUE(read) << read.error().what;
    config = std::move(*read);
  }

  std::size_t index_of(const std::string& model) const {
    const auto at = std::ranges::find(config.pairs, model, &PairSpec::model);
    EXPECT_NE(at, config.pairs.end()) << model;
    return static_cast<std::size_t>(at - config.pairs.begin());
  }
  const PairSpec& pair(const std::string& model) const { return config.pairs[index_of(model)]; }
  const WantedTable& wanted(const std::string& model) const { return config.wanted[index_of(model)]; }
  const Field& field(const std::string& model, const std::string& property) const {
    const auto& fields = pair(model).fields;
    const auto at = std::ranges::find(fields, property, &Field::property);
    EXPECT_NE(at, fields.end()) << model << "." << property;
    return *at;
  }
  const WantedColumn& column(const std::string& model, const std::string& name) const {
    const auto& columns = wanted(model).columns;
    const auto at = std::ranges::find(columns, name, &WantedColumn::name);
    EXPECT_NE(at, columns.end()) << model << "." << name;
    return *at;
  }

  // Fields of the business, without the dates that show bookkeeping columns.
  template <class Act>
  void each_field(Act&& act) const {
    for (const auto& pair : config.pairs) {
      for (const auto& field : pair.fields) {
        if (field.column != "created_at" && field.column != "updated_at") act(pair, field);
      }
    }
  }
  template <class Predicate>
  int count(Predicate&& predicate) const {
    int number = 0;
    each_field([&](const PairSpec&, const Field& field) { number += predicate(field) ? 1 : 0; });
    return number;
  }

  WorkspaceConfig config;
};

TEST_F(HigherSelf, has_the_sixteen_models_in_the_order_their_tables_can_be_created) {
  std::vector<std::string> models;
  for (const auto& pair : config.pairs) models.push_back(pair.model);
  EXPECT_THAT(models, ElementsAre("BusinessEntity", "Agent", "ApiIntegration", "Workflow", "ContactProfile",
                                  "ProductService", "DataTransformation", "AgentCommunication", "UseCase",
                                  "NotificationTemplate", "WorkflowInstance", "MarketingCampaign", "FeedbackSurvey",
                                  "Task", "CommunityMember", "RewardBounty"));
  std::set<std::string> made;
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    made.insert(config.pairs[i].model);
    for (const auto& column : config.wanted[i].columns) {
      if (!column.references_model.empty())
        EXPECT_TRUE(made.contains(column.references_model)) << config.pairs[i].model << "." << column.name;
    }
  }
}

TEST_F(HigherSelf, has_as_many_fields_of_each_kind_as_the_sixteen_databases_hold) {
  EXPECT_EQ(count([](const Field&) { return true; }), 350);
  const auto of_type = [&](FieldType type) { return count([&](const Field& field) { return field.type == type; }); };
  EXPECT_EQ(of_type(FieldType::title), 16);
  EXPECT_EQ(of_type(FieldType::rich_text) + of_type(FieldType::json), 141 - 16);  // Supabase ID is bookkeeping
  EXPECT_EQ(of_type(FieldType::number), 26);
  EXPECT_EQ(of_type(FieldType::select), 50);
  EXPECT_EQ(of_type(FieldType::multi_select), 26);
  EXPECT_EQ(of_type(FieldType::date), 51 - 16 - 13);  // Last Synced, and the dates of created_at and updated_at
  EXPECT_EQ(of_type(FieldType::checkbox), 3);
  EXPECT_EQ(of_type(FieldType::url), 11);
  EXPECT_EQ(of_type(FieldType::email), 3);
  EXPECT_EQ(of_type(FieldType::phone_number), 2);
  EXPECT_EQ(of_type(FieldType::people), 6);
  EXPECT_EQ(of_type(FieldType::files), 2);
  EXPECT_EQ(of_type(FieldType::relation), 58);
  const auto of_direction = [&](Direction direction) {
    return count([&](const Field& field) { return field.direction == direction; });
  };
  EXPECT_EQ(of_direction(Direction::both), 331);
  EXPECT_EQ(of_direction(Direction::to_notion), 13);
  EXPECT_EQ(of_direction(Direction::to_supabase), 6);
  int dates = 0, properties = 0;
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    for (const auto& field : config.pairs[i].fields)
      dates += field.column == "created_at" || field.column == "updated_at" ? 1 : 0;
    properties += static_cast<int>(config.pairs[i].fields.size() + config.wanted[i].extras.size()) + 2;
  }
  EXPECT_EQ(dates, 13);
  EXPECT_EQ(properties, 458);  // with Supabase ID and Last Synced; the nonce comes on top
}

TEST_F(HigherSelf, has_the_columns_of_the_business_but_for_the_id_lists_that_join_tables_replace) {
  const std::set<std::string> bookkeeping = {"id",       "created_at", "updated_at", "notion_page_id", "notion_synced",
                                             "checksum", "deleted_at"};
  int columns = 0;
  std::set<std::string> enums;
  for (const auto& table : config.wanted) {
    std::set<std::string> kept = bookkeeping;
    for (const auto& column : table.columns) {
      columns += kept.erase(column.name) > 0 ? 0 : 1;
      if (!column.labels.empty()) enums.insert(column.sql_type);
    }
    EXPECT_THAT(kept, IsEmpty()) << table.title;
  }
  EXPECT_EQ(columns, 331 - 15);
  EXPECT_THAT(enums, ElementsAre("agent_status", "entity_type", "instance_status", "integration_status",
                                 "notification_channel", "runtime_environment", "task_status", "workflow_status"));
}

TEST_F(HigherSelf, has_46_edges_of_which_22_lie_in_join_tables_and_12_show_both_ends) {
  const auto of_kind = [&](Kind kind) {
    return count([&](const Field& field) { return field.relation.kind == kind; });
  };
  EXPECT_EQ(of_kind(Kind::column), 24);
  EXPECT_EQ(of_kind(Kind::join), 22);
  EXPECT_EQ(of_kind(Kind::back), 12);
  EXPECT_EQ(count([](const Field& field) { return !field.relation.two_way.empty(); }), 12);
  int selves = 0, keys = 0;
  each_field([&](const PairSpec& pair, const Field& field) {
    const bool owner = field.relation.kind == Kind::column || field.relation.kind == Kind::join;
    selves += owner && field.relation.to == pair.model ? 1 : 0;
  });
  for (const auto& table : config.wanted) {
    for (const auto& column : table.columns) keys += column.references_model.empty() ? 0 : 1;
  }
  EXPECT_EQ(selves, 2);
  EXPECT_EQ(keys, 24);
}

TEST_F(HigherSelf, every_relation_leads_to_a_pair_and_every_other_end_leads_back) {
  each_field([&](const PairSpec& from, const Field& end) {
    if (!end.is_relation()) return;
    const auto& there = pair(end.relation.to);
    if (end.relation.kind == Kind::back) {
      const auto& owner = field(there.model, end.relation.back_of);
      EXPECT_EQ(owner.relation.to, from.model);
      EXPECT_EQ(owner.relation.two_way, end.property);
    } else if (!end.relation.two_way.empty()) {
      const auto& back = field(there.model, end.relation.two_way);
      EXPECT_EQ(back.relation.kind, Kind::back);
      EXPECT_EQ(back.relation.back_of, end.property);
      EXPECT_EQ(back.relation.to, from.model);
    }
  });
}

TEST_F(HigherSelf, what_indexes_fills_names_and_foreign_keys_name_exists) {
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    const auto& table = config.wanted[i];
    const auto has = [&](const std::string& name) {
      return std::ranges::find(table.columns, name, &WantedColumn::name) != table.columns.end();
    };
    std::set<std::string> names;
    for (const auto& index : table.indexes) {
      for (const auto& name : index.columns) EXPECT_TRUE(has(name)) << table.title << " " << name;
      if (!index.name.empty()) EXPECT_TRUE(names.insert(index.name).second) << index.name;
    }
    for (const auto& [blank, source] : table.fills) EXPECT_TRUE(has(blank) && has(source)) << table.title;
    for (const auto& name : {table.full_name, table.first_name, table.last_name})
      EXPECT_TRUE(name.empty() || has(name)) << name;
    for (const auto& key : table.columns) {
      if (key.references_model.empty()) continue;
      EXPECT_EQ(key.sql_type, column(key.references_model, key.references_column).sql_type) << key.name;
    }
    for (const auto& field : config.pairs[i].fields) {
      if (field.has_column()) EXPECT_TRUE(has(field.column)) << table.title << " " << field.column;
    }
  }
}

TEST_F(HigherSelf, every_property_of_a_database_has_a_name_of_its_own) {
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    std::set<std::string> names;
    const auto once = [&](const std::string& name) {
      EXPECT_TRUE(name.empty() || names.insert(ascii_lower(name)).second) << config.pairs[i].model << ": " << name;
    };
    for (const auto& field : config.pairs[i].fields) {
      once(field.property);
      for (const auto& other : field.also) once(other);
    }
    const auto& book = config.pairs[i].book;
    for (const auto& name : {book.nonce, book.row_id, book.last_synced, book.checksum, book.synced}) once(name);
    for (const auto& extra : config.wanted[i].extras) once(extra.name);
  }
}

TEST_F(HigherSelf, has_47_formulas_that_read_properties_of_their_own_database_only) {
  int formulas = 0;
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    std::set<std::string> names = {config.pairs[i].book.last_synced};
    for (const auto& field : config.pairs[i].fields) names.insert(field.property);
    for (const auto& extra : config.wanted[i].extras) {
      if (extra.type != "formula") names.insert(extra.name);
    }
    for (const auto& extra : config.wanted[i].extras) {
      if (extra.type != "formula") {
        EXPECT_EQ(extra.name + " " + extra.type, "Last Modified last_edited_time");
        continue;
      }
      ++formulas;
      EXPECT_EQ(std::ranges::count(extra.expression, '('), std::ranges::count(extra.expression, ')'));
      const std::string opening = "prop(\"";
      std::size_t found = 0;
      for (auto at = extra.expression.find(opening); at != std::string::npos;
           at = extra.expression.find(opening, at + 1), ++found) {
        const auto from = at + opening.size();
        const auto name = extra.expression.substr(from, extra.expression.find('"', from) - from);
        EXPECT_TRUE(names.contains(name)) << config.pairs[i].model << "." << extra.name << " reads " << name;
      }
      EXPECT_GT(found, 0u) << extra.name;
    }
  }
  EXPECT_EQ(formulas, 47);
  EXPECT_EQ(wanted("Task").extras.size(), 4u);
  const auto& late = wanted("ProductService").extras;
  const auto tier = std::ranges::find(late, "Price Tier", &WantedExtra::name);
  ASSERT_NE(tier, late.end());
  EXPECT_EQ(tier->expression, R"(if(prop("Price") < 100, "Budget", if(prop("Price") < 500, "Standard", "Premium")))");
}

TEST_F(HigherSelf, every_option_could_be_one_in_notion_and_defaults_are_among_them) {
  each_field([&](const PairSpec& pair, const Field& field) {
    std::set<std::string> names;
    for (const auto& option : field.options) {
      EXPECT_EQ(option.find(','), std::string::npos) << option;
      EXPECT_TRUE(names.insert(ascii_lower(option)).second) << pair.model << ": " << option;
    }
    if (field.type != FieldType::select || field.options.empty()) return;
    const auto& otherwise = column(pair.model, field.column).default_sql;
    if (!otherwise.empty())
      EXPECT_TRUE(names.contains(ascii_lower(otherwise.substr(1, otherwise.size() - 2)))) << otherwise;
  });
}

TEST_F(HigherSelf, keeps_the_same_bookkeeping_in_every_pair_and_settles_conflicts_as_documented) {
  EXPECT_EQ(config.sync.interval, "1h");
  std::set<std::string> icons, variables;
  int core = 0;
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    const auto& pair = config.pairs[i];
    EXPECT_EQ(pair.book.row_id, "Supabase ID");
    EXPECT_EQ(pair.book.last_synced, "Last Synced");
    EXPECT_EQ(pair.book.nonce, "Rowpage");
    EXPECT_EQ(pair.book.checksum + pair.book.synced, "");
    EXPECT_EQ(pair.conflict.on_equal, Side::notion);
    EXPECT_EQ(pair.conflict.on_missing, Side::supabase);
    EXPECT_EQ(pair.deletes, Deletes::soft);
    ASSERT_EQ(pair.match.size(), 2u);
    EXPECT_EQ(pair.match[1].by, Match::By::row_id);
    const auto& table = config.wanted[i];
    EXPECT_FALSE(table.icon.empty() || table.comment.empty());
    variables.insert(table.id_variable);
    core += table.group == "core" ? 1 : 0;
    EXPECT_EQ(column(pair.model, "updated_at").default_sql, "now()");
    EXPECT_EQ(column(pair.model, "created_at").default_sql, "now()");
    EXPECT_FALSE(column(pair.model, "notion_page_id").unique) << "two rows that claim one page must be able to park";
  }
  EXPECT_EQ(variables.size(), 16u);
  EXPECT_EQ(core, 9);
}

TEST_F(HigherSelf, numbers_its_records_with_a_prefix_and_eight_hexadecimal_digits) {
  int numbered = 0;
  for (const auto& table : config.wanted) {
    for (const auto& column : table.columns) {
      if (!column.default_sql.ends_with("-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 8)")) continue;
      EXPECT_TRUE(column.unique) << column.name;
      ++numbered;
    }
  }
  EXPECT_EQ(numbered, 13);
  EXPECT_TRUE(column("ContactProfile", "contact_id").default_sql.starts_with("'CTCT-'"));
}

TEST_F(HigherSelf, agents_are_linked_by_their_own_id_and_cannot_go_while_a_pattern_needs_them) {
  for (const std::string name : {"source_agent", "target_agent"}) {
    const auto& key = column("AgentCommunication", name);
    EXPECT_EQ(key.sql_type, "text");
    EXPECT_EQ(key.references_column, "agent_id");
    EXPECT_EQ(key.on_delete, "restrict");
    EXPECT_TRUE(key.not_null);
  }
  EXPECT_TRUE(column("Agent", "agent_id").unique);
  EXPECT_TRUE(column("MarketingCampaign", "workflow_instance_id").unique);
}

TEST_F(HigherSelf, all_tables_move_into_a_schema_together) {
  use_schema(config, "higherself");
  for (const auto& pair : config.pairs) {
    EXPECT_TRUE(pair.table.starts_with("higherself.")) << pair.table;
    for (const auto& field : pair.fields) {
      if (field.relation.kind == Kind::join) EXPECT_TRUE(field.relation.join.starts_with("higherself."));
    }
  }
}

TEST_F(HigherSelf, a_missing_database_is_named_by_its_variable_and_title) {
  const auto status = complete(config, {.notion = false, .postgres = false});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().what, testing::HasSubstr("16 variables are not set"));
  EXPECT_THAT(status.error().what,
              testing::HasSubstr("\n  NOTION_TASKS_DB                     the database \"Master Tasks Database\""));
}

// Both sides as setup makes them.
Column made_column(const WantedColumn& wanted) {
  static const std::map<std::string, ColumnType> types = {
      {"text", ColumnType::text},       {"uuid", ColumnType::uuid},       {"jsonb", ColumnType::json},
      {"boolean", ColumnType::boolean}, {"integer", ColumnType::integer}, {"timestamptz", ColumnType::timestamptz},
      {"date", ColumnType::date}};
  const auto known = types.find(wanted.sql_type);
  const bool numeric = wanted.sql_type.starts_with("numeric(");
  Column column{
      .name = wanted.name, .type = ColumnType::other, .sql_type = wanted.sql_type, .not_null = wanted.not_null};
  if (known != types.end()) column.type = known->second;
  if (numeric) column.type = ColumnType::numeric;
  if (!wanted.labels.empty()) column.type = ColumnType::enumeration;
  column.has_default = !wanted.default_sql.empty();
  column.labels = wanted.labels;
  return column;
}

TableSchema made_table(const PairSpec& pair, const WantedTable& wanted) {
  TableSchema table;
  table.schema = "public";
  table.name = pair.table;
  for (const auto& column : wanted.columns) table.columns.push_back(made_column(column));
  table.primary_key = {pair.key};
  table.key_unique = true;
  return table;
}

SourceSchema made_source(const PairSpec& pair) {
  SourceSchema source;
  source.data_source = "source of " + pair.model;
  source.title = pair.model;
  const auto add = [&](const std::string& name, std::string_view type, const std::string& target = "") {
    if (!name.empty()) source.properties.push_back({"id of " + name, name, std::string(type), {}, target, ""});
  };
  for (const auto& field : pair.fields)
    add(field.property, notion_type(field.type), field.is_relation() ? "source of " + field.relation.to : "");
  add(pair.book.nonce, "rich_text");
  add(pair.book.row_id, "rich_text");
  add(pair.book.last_synced, "date");
  return source;
}

TEST_F(HigherSelf, what_setup_makes_of_it_is_what_a_run_needs) {
  Neighbours neighbours;
  neighbours.pairs = config.pairs;
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    neighbours.tables.push_back(made_table(config.pairs[i], config.wanted[i]));
    neighbours.sources[config.pairs[i].model] = "source of " + config.pairs[i].model;
    for (const auto& field : config.pairs[i].fields) {
      if (field.relation.kind != Kind::join) continue;
      TableSchema join;
      join.schema = "public";
      join.name = field.relation.join;
      for (const auto& name : {field.relation.own, field.relation.other})
        join.columns.push_back({.name = name, .type = ColumnType::uuid, .sql_type = "uuid", .not_null = true});
      neighbours.tables.push_back(std::move(join));
    }
  }
  int far_ends = 0;
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    const auto& spec = config.pairs[i];
    const auto resolved = resolve(spec, "default", made_source(spec), made_table(spec, config.wanted[i]), neighbours);
    for (const auto& problem : resolved.problems) ADD_FAILURE() << problem.where << ": " << problem.what;
    for (const auto& field : resolved.pair.fields) {
      far_ends += field.relation.far.empty() ? 0 : 1;
      EXPECT_EQ(field.type == FieldType::relation && field.relation.to_table.empty(), false) << field.property;
    }
    EXPECT_NE(resolved.pair.title_field, Pair::npos);
    EXPECT_EQ(resolved.pair.fields.size(), spec.fields.size());
  }
  EXPECT_EQ(far_ends, 24);
}

}  // namespace
}  // namespace rowpage
