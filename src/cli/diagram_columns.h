// First half of a layout: which box stands in which column, and in what order.
#pragma once

#include <cstddef>
#include <vector>

#include "cli/diagram_layout.h"

namespace rowpage {

/// The column of every box, 0 to columns - 1: linked boxes near one another, columns about equally high. Another
/// `variant` begins the search elsewhere.
std::vector<std::size_t> choose_columns(const LayoutGraph& graph, std::size_t columns, std::size_t variant);

/// What stands in a column: a box, or the place where an edge (or the shared way of a tree) passes between boxes.
struct Slot {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t box = none;
  std::size_t column = 0;
  double height = 0;
};

/// A piece of one or more edges from a slot to a slot of the next column, or of the same one (a bow to its right).
struct Piece {
  std::size_t left = 0, right = 0;  // slots
  double left_offset = 0, right_offset = 0;
  bool bow(const std::vector<Slot>& slots) const { return slots[left].column == slots[right].column; }
};

/// The graph cut into columns. `routes` has the slots each edge passes, from its first box to its last.
struct Columns {
  std::vector<Slot> slots;
  std::vector<Piece> pieces;
  std::vector<std::vector<std::size_t>> routes;
  std::vector<std::vector<std::size_t>> order;  // slots of each column, from the top
};
Columns cut_into_columns(const LayoutGraph& graph, const std::vector<std::size_t>& column_of, std::size_t columns);

/// Puts the slots of each column in the order in which few pieces cross. Answers how many still do.
std::size_t order_slots(Columns& columns);

}  // namespace rowpage
