// What a diagram shows, as data: the databases of a workspace, their fields, the relations between them, and how much
// there is of each. Made from the config alone; diagram_counts.h adds what only the database knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "config/workspace.h"

namespace rowpage {

/// A count, or nothing where nobody could be asked.
using Count = std::optional<std::int64_t>;

struct DiagramField {
  std::string property, column, end_column;  // `column` is empty where the row holds nothing (join, back)
  FieldType type = FieldType::rich_text;
  Direction direction = Direction::both;
  std::optional<std::size_t> relation;  // index into Diagram::relations, when both its ends are drawn
  Relation::Kind stored = Relation::Kind::none;
};

struct DiagramDatabase {
  std::string model, title, icon, group, comment, schema, table, key;
  Direction direction = Direction::both;
  std::vector<DiagramField> fields;
  Count rows;
  bool rows_estimated = false;  // from the server's statistics
  // What the rowpage schema knows; all or none.
  Count linked, pending, conflicts, parked, waiting, pending_links;
};

struct DiagramRelation {
  enum class Cardinality { one_to_one, many_to_one, many_to_many } cardinality = Cardinality::many_to_one;
  std::size_t from = 0, to = 0;  // databases; `from` owns the links
  std::string property, field;   // of the owner, and its stored name
  std::string two_way;           // the property at the other end; empty: one-way
  Relation::Kind stored = Relation::Kind::column;
  std::string schema, table;  // where the links lie
  std::string column;         // the foreign key; or, of a join table,
  std::string own, other;     // its two key columns
  Direction direction = Direction::both;
  bool required = false;
  Count links, pending_links;
  bool links_estimated = false;

  bool self() const { return from == to; }
};

struct Diagram {
  std::string workspace, source;
  std::vector<DiagramDatabase> databases;
  std::vector<DiagramRelation> relations;
  std::size_t left_out = 0;  // relations with one end only among the databases drawn

  /// The groups in the order in which they first appear; databases without one are left out.
  std::vector<std::string> groups() const;
  std::size_t two_way_relations() const;
};

/// The databases at these indexes of the config, and the relations both of whose ends are among them. Pure.
Diagram make_diagram(const WorkspaceConfig& config, const std::vector<std::size_t>& indexes);

/// "1:1", "N:1", "M:N", seen from the owner.
std::string_view name_of(DiagramRelation::Cardinality cardinality);

/// The object of `diagram --format json` (docs/operations.md).
json::object diagram_to_json(const Diagram& diagram);

}  // namespace rowpage
