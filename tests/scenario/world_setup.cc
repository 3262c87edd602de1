// Two databases, two tables and what ties them, as the scenario's pairs say.
#include <stdexcept>

#include "core/link_order.h"
#include "core/text.h"
#include "notion/client.h"
#include "scenario/network.h"

namespace rowpage::scenario {
namespace {

// As Notion is asked to make a property.
json::object property_of(FieldType type) {
  if (type == FieldType::number) return {{"number", json::object{{"format", "number"}}}};
  return {{notion_type(type), json::object{}}};
}

ColumnType column_of(const Field& field) {
  switch (field.type) {
    case FieldType::number:
      return ColumnType::numeric;
    case FieldType::checkbox:
      return ColumnType::boolean;
    case FieldType::multi_select:
      return ColumnType::text_array;
    case FieldType::date:
      return ColumnType::date;
    default:
      return ColumnType::text;
  }
}

void add_column(TableSchema& table, const std::string& name, ColumnType type) {
  Column column;
  column.name = name;
  column.type = type;
  table.columns.push_back(std::move(column));
}

}  // namespace

void ScenarioWorld::set_up() {
  make_databases();
  link_databases();
  resolve_pairs();
  for (const auto& pair : pairs) postgres.use(pair);
  for (const auto& circumstance : scenario_.world) happens(circumstance);
}

void ScenarioWorld::make_databases() {
  for (const auto& spec : scenario_.pairs) {
    json::object properties{{"Rowpage", json::object{{"rich_text", json::object{}}}}};
    for (const auto& field : spec.fields) {
      if (!field.is_relation()) properties[field.property] = property_of(field.type);
    }
    const auto answer =
        person(0, "POST", "/v1/databases",
               json::object{{"parent", json::object{{"type", "page_id"}, {"page_id", notion.root_page().text()}}},
                            {"title", json::array{json::object{{"text", json::object{{"content", spec.model}}}}}},
                            {"initial_data_source", json::object{{"properties", std::move(properties)}}}});
    sources_.emplace_back(find_string(find_array(answer.body, "data_sources")->front(), "id"));
  }
}

void ScenarioWorld::link_databases() {
  for (std::size_t i = 0; i < scenario_.pairs.size(); ++i) {
    for (const auto& field : scenario_.pairs[i].fields) {
      const Relation& relation = field.relation;
      if (relation.kind == Relation::Kind::none || relation.kind == Relation::Kind::back) continue;
      std::size_t to = 0;
      while (scenario_.pairs[to].model != relation.to) ++to;
      json::object settings{{"data_source_id", sources_[to]}};
      if (relation.two_way.empty()) {
        settings["single_property"] = json::object{};
      } else {
        settings["dual_property"] = json::object{{"synced_property_name", relation.two_way}};
      }
      person(0, "PATCH", "/v1/data_sources/" + sources_[i],
             json::object{
                 {"properties", json::object{{field.property, json::object{{"relation", std::move(settings)}}}}}});
    }
  }
}

void ScenarioWorld::resolve_pairs() {
  Neighbours neighbours;
  neighbours.pairs = scenario_.pairs;
  for (std::size_t i = 0; i < scenario_.pairs.size(); ++i) {
    const PairSpec& spec = scenario_.pairs[i];
    neighbours.sources[spec.model] = sources_[i];
    TableSchema table;
    table.schema = "public";
    table.name = ascii_lower(spec.model);
    table.key_unique = true;
    add_column(table, "id", ColumnType::text);
    for (std::size_t f = 0; f < spec.fields.size(); ++f) {
      const Field& field = spec.fields[f];
      if (!field.has_column()) continue;
      add_column(table, field.column, column_of(field));
      table.columns.back().not_null = field.target.not_null;
      table.columns.back().has_default = !is_null(scenario_.defaults[i][f]);
    }
    add_column(table, "notion_page_id", ColumnType::text);
    for (const char* time : {"updated_at", "deleted_at"}) add_column(table, time, ColumnType::timestamptz);
    neighbours.tables.push_back(std::move(table));
  }
  for (const auto& spec : scenario_.pairs) {
    for (const auto& field : spec.fields) {
      if (field.relation.kind != Relation::Kind::join) continue;
      TableSchema join;
      join.schema = "public";
      join.name = field.relation.join.substr(7);
      for (const char* column : {"own", "other"}) add_column(join, column, ColumnType::text);
      neighbours.tables.push_back(std::move(join));
    }
  }
  Budget budget(clock, Budget::Options{});
  NotionClient client(*network_, clock, budget);
  for (std::size_t i = 0; i < scenario_.pairs.size(); ++i) {
    const auto schema = client.schema(sources_[i]);
    if (!schema) throw Impossible{1, schema.error().what};
    Resolved resolved = resolve(scenario_.pairs[i], "scenario", *schema, neighbours.tables[i], neighbours);
    if (!resolved.ok()) throw Impossible{1, resolved.problems.front().where + ": " + resolved.problems.front().what};
    pairs.push_back(std::move(resolved.pair));
    if (scenario_.pairs.size() == 1) postgres.column_defaults = scenario_.defaults[i];
  }
}

void ScenarioWorld::happens(const Circumstance& c) {
  using Kind = Circumstance::Kind;
  auto& habits = notion.habits();
  switch (c.kind) {
    case Kind::index_lag:
      habits.index_delay_ms = c.ms;
      return;
    case Kind::search_lag:
      habits.search_delay_ms = c.ms;
      return;
    case Kind::notion_clock:
      notion_ahead_ms_ = c.ms;
      return;
    case Kind::trash_queries:
      habits.query_in_trash = static_cast<sandbox::Habits::TrashQuery>(c.number);
      return;
    case Kind::trash_searches:
      habits.search_in_trash = static_cast<sandbox::Habits::TrashQuery>(c.number);
      return;
    case Kind::listing_limit:
      habits.query_rows_max = static_cast<std::size_t>(c.number);
      return;
    case Kind::back_ends:
      habits.back_ends_bump = c.number != 0;
      return;
    case Kind::touching_triggers:
      postgres.strangers_touch_updated_at = true;
      return;
    case Kind::capture_lost:
      postgres.capture_broken = c.number != 0;
      return;
    case Kind::no_negative_number:
      postgres.one_column_constraint = c.number != 0;
      return;
    case Kind::state_lost:
      for (const auto& pair : pairs) {
        postgres.use(pair);
        postgres.lose_state();
      }
      return;
    case Kind::database_hidden:
      notion.share(*sandbox::parse_id(sources_[c.pair]), c.number == 0);
      return;
    case Kind::token_expired:
      notion.expire_token(notion.integration_token());
      return;
    case Kind::other_bot:
      bot_ = "another bot";
      return;
  }
}

}  // namespace rowpage::scenario
