// What the box of one database says, line by line, and where its edges meet it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/diagram_layout.h"
#include "cli/diagram_model.h"

namespace rowpage {

struct CardLine {
  enum class Kind { title, plain, relation, back, more, counts, waiting } kind = Kind::plain;
  std::string left, right;
  std::optional<std::size_t> relation;  // of `relation` and `back`
  bool required = false;
  std::string explanation;  // shown as a tooltip
};

struct Card {
  static constexpr double width = 262, head = 46, line = 19, foot = 7;
  std::vector<CardLine> lines;

  double height() const { return head + line * static_cast<double>(lines.size()) + foot; }
  /// Middle of a line, below the card's top.
  static double line_middle(std::size_t index) { return head + line * (static_cast<double>(index) + 0.5) + 2; }
};

/// The title, the relations and the first other fields; the rest as "+ N more".
Card card_of(const Diagram& diagram, std::size_t database);

/// Cards as boxes, relations as edges: a relation leaves the line of its property; a two-way one ends in the line of
/// the property at the other end, one-way ones end at the head of the card, all that name one row in one tree, all
/// that name many in another.
LayoutGraph graph_of(const Diagram& diagram, const std::vector<Card>& cards);

/// "Task: Parent Task ⇄ Subtasks, N:1 to Task; column tasks.parent_task_id; 12 links"
std::string describe(const Diagram& diagram, const DiagramRelation& relation);

}  // namespace rowpage
