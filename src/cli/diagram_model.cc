#include "cli/diagram_model.h"

#include <algorithm>
#include <map>

#include "postgres/introspect.h"

namespace rowpage {
namespace {

using Cardinality = DiagramRelation::Cardinality;
using Drawn = std::map<std::string, std::size_t>;  // model → its place in the diagram

bool unique_column(const PairSpec& pair, const WantedTable& wanted, const std::string& column) {
  if (column == pair.key) return true;
  return std::ranges::any_of(wanted.columns, [&](const auto& each) { return each.name == column && each.unique; });
}

DiagramRelation relation_of(const PairSpec& pair, const WantedTable& wanted, const Field& field) {
  const Relation& from = field.relation;
  DiagramRelation relation;
  relation.property = field.property;
  relation.field = field.column;
  relation.two_way = from.two_way;
  relation.stored = from.kind;
  relation.direction = field.direction;
  const bool join = from.kind == Relation::Kind::join;
  const TableName table = split_table_name(join ? from.join : pair.table);
  relation.schema = table.schema;
  relation.table = table.name;
  if (join) {
    relation.own = from.own;
    relation.other = from.other;
    relation.cardinality = Cardinality::many_to_many;
  } else {
    relation.column = field.column;
    relation.required = from.required;
    relation.cardinality =
        unique_column(pair, wanted, field.column) ? Cardinality::one_to_one : Cardinality::many_to_one;
  }
  return relation;
}

DiagramDatabase database_of(const PairSpec& pair, const WantedTable& wanted) {
  DiagramDatabase database;
  database.model = pair.model;
  database.title = !wanted.title.empty() ? wanted.title : !pair.title.empty() ? pair.title : pair.model;
  database.icon = wanted.icon;
  database.group = wanted.group;
  database.comment = wanted.comment;
  const TableName table = split_table_name(pair.table);
  database.schema = table.schema;
  database.table = table.name;
  database.key = pair.key;
  database.direction = pair.direction;
  return database;
}

// Adds a database's own relations; one whose other end is not drawn is only counted.
void add_relations(Diagram& diagram, const Drawn& drawn, const PairSpec& pair, const WantedTable& wanted,
                   std::size_t place) {
  for (std::size_t i = 0; i < pair.fields.size(); ++i) {
    const Field& field = pair.fields[i];
    if (!field.is_relation()) continue;
    const auto to = drawn.find(field.relation.to);
    if (to == drawn.end()) {
      ++diagram.left_out;
      continue;
    }
    if (field.relation.kind == Relation::Kind::back) continue;
    DiagramRelation relation = relation_of(pair, wanted, field);
    relation.from = place;
    relation.to = to->second;
    diagram.databases[place].fields[i].relation = diagram.relations.size();
    diagram.relations.push_back(std::move(relation));
  }
}

// A back end shows the relation whose other end it is.
void tie_back_ends(Diagram& diagram) {
  for (std::size_t i = 0; i < diagram.relations.size(); ++i) {
    const auto& relation = diagram.relations[i];
    if (relation.two_way.empty()) continue;
    for (auto& field : diagram.databases[relation.to].fields) {
      if (field.stored == Relation::Kind::back && field.property == relation.two_way) field.relation = i;
    }
  }
}

std::string_view word_of(Relation::Kind kind) {
  switch (kind) {
    case Relation::Kind::none:
    case Relation::Kind::column:
      return "column";
    case Relation::Kind::join:
      return "join";
    case Relation::Kind::back:
      return "back";
  }
  return "column";
}

json::value or_null(const Count& count) {
  return count ? json::value(*count) : json::value(nullptr);
}

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

std::string id_of(const Diagram& diagram, const DiagramRelation& relation) {
  return diagram.databases[relation.from].model + "." + relation.property;
}

json::object to_json(const Diagram& diagram, const DiagramField& field) {
  json::object out;
  out["property"] = field.property;
  out["type"] = name_of(field.type);
  out["stored"] = word_of(field.stored);
  out["column"] = or_null(field.column);
  out["end_column"] = or_null(field.end_column);
  out["direction"] = name_of(field.direction);
  out["relation"] =
      field.relation ? json::value(json::string(id_of(diagram, diagram.relations[*field.relation]))) : nullptr;
  return out;
}

json::object to_json(const Diagram& diagram, const DiagramDatabase& database) {
  json::object out;
  out["model"] = database.model;
  out["title"] = database.title;
  out["icon"] = or_null(database.icon);
  out["group"] = or_null(database.group);
  out["comment"] = or_null(database.comment);
  out["schema"] = database.schema;
  out["table"] = database.table;
  out["key"] = database.key;
  out["direction"] = name_of(database.direction);
  out["counts"] =
      json::object{{"rows", or_null(database.rows)},           {"rows_estimated", database.rows_estimated},
                   {"linked", or_null(database.linked)},       {"pending", or_null(database.pending)},
                   {"conflicts", or_null(database.conflicts)}, {"parked", or_null(database.parked)},
                   {"waiting", or_null(database.waiting)},     {"pending_links", or_null(database.pending_links)}};
  json::array fields;
  for (const auto& field : database.fields) fields.push_back(to_json(diagram, field));
  out["fields"] = std::move(fields);
  return out;
}

json::object to_json(const Diagram& diagram, const DiagramRelation& relation) {
  json::object out;
  out["id"] = id_of(diagram, relation);
  out["from"] = diagram.databases[relation.from].model;
  out["property"] = relation.property;
  out["to"] = diagram.databases[relation.to].model;
  out["cardinality"] = name_of(relation.cardinality);
  out["two_way"] = or_null(relation.two_way);
  out["self"] = relation.self();
  out["required"] = relation.required;
  out["direction"] = name_of(relation.direction);
  out["stored"] = word_of(relation.stored);
  out["schema"] = relation.schema;
  out["table"] = relation.table;
  out["column"] = or_null(relation.column);
  out["own"] = or_null(relation.own);
  out["other"] = or_null(relation.other);
  out["links"] = or_null(relation.links);
  out["links_estimated"] = relation.links_estimated;
  out["pending_links"] = or_null(relation.pending_links);
  return out;
}

}  // namespace

std::vector<std::string> Diagram::groups() const {
  std::vector<std::string> names;
  for (const auto& database : databases) {
    if (!database.group.empty() && std::ranges::find(names, database.group) == names.end())
      names.push_back(database.group);
  }
  return names;
}

std::size_t Diagram::two_way_relations() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(relations, [](const auto& relation) { return !relation.two_way.empty(); }));
}

Diagram make_diagram(const WorkspaceConfig& config, const std::vector<std::size_t>& indexes) {
  Diagram diagram;
  diagram.workspace = config.name;
  diagram.source = config.source;
  Drawn drawn;
  for (const auto index : indexes) {
    const PairSpec& pair = config.pairs[index];
    drawn.emplace(pair.model, diagram.databases.size());
    diagram.databases.push_back(database_of(pair, config.wanted[index]));
    for (const auto& field : pair.fields) {
      diagram.databases.back().fields.push_back({.property = field.property,
                                                 .column = field.has_column() ? field.column : "",
                                                 .end_column = field.end_column,
                                                 .type = field.type,
                                                 .direction = field.direction,
                                                 .relation = std::nullopt,
                                                 .stored = field.relation.kind});
    }
  }
  for (std::size_t place = 0; place < indexes.size(); ++place)
    add_relations(diagram, drawn, config.pairs[indexes[place]], config.wanted[indexes[place]], place);
  tie_back_ends(diagram);
  return diagram;
}

std::string_view name_of(Cardinality cardinality) {
  switch (cardinality) {
    case Cardinality::one_to_one:
      return "1:1";
    case Cardinality::many_to_one:
      return "N:1";
    case Cardinality::many_to_many:
      return "M:N";
  }
  return "N:1";
}

json::object diagram_to_json(const Diagram& diagram) {
  json::object out;
  out["version"] = 1;
  out["workspace"] = diagram.workspace;
  out["source"] = diagram.source;
  json::array groups, databases, relations;
  for (const auto& group : diagram.groups()) groups.push_back(json::value(json::string(group)));
  for (const auto& database : diagram.databases) databases.push_back(to_json(diagram, database));
  for (const auto& relation : diagram.relations) relations.push_back(to_json(diagram, relation));
  out["groups"] = std::move(groups);
  out["databases"] = std::move(databases);
  out["relations"] = std::move(relations);
  out["relations_left_out"] = diagram.left_out;
  return out;
}

}  // namespace rowpage
