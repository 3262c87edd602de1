// Where everything of a diagram stands: boxes in columns, and between them the ways of the edges, which cross no box.
//
// Edges of one tree share their way to the end they have in common, like the branches of a river: many edges into one
// box stay readable. Pure and deterministic: the same graph gives the same numbers.
#pragma once

#include <cstddef>
#include <vector>

namespace rowpage {

struct Point {
  double x = 0, y = 0;
  bool operator==(const Point&) const = default;
};

struct LayoutBox {
  double height = 0;  // all boxes are equally wide
};

/// Where an edge meets a box: on its left or right side, `offset` below its top.
struct LayoutEnd {
  std::size_t box = 0;
  double offset = 0;
};

struct LayoutEdge {
  static constexpr std::size_t alone = static_cast<std::size_t>(-1);
  LayoutEnd from, to;
  std::size_t tree = alone;  // edges of the same tree have the same `to`
};

struct LayoutGraph {
  double box_width = 0;
  std::vector<LayoutBox> boxes;
  std::vector<LayoutEdge> edges;
};

/// An edge as a chain of cubic curves: a start, then three points a curve.
struct Way {
  std::vector<Point> points;
  bool from_right = false, to_right = false;  // the side of the box on which it begins and ends
};

struct Layout {
  double width = 0, height = 0;
  std::vector<Point> boxes;   // upper left corners
  std::vector<Way> ways;      // one an edge
  std::size_t crossings = 0;  // as far as counted: loops beside one box are not
};

/// Coordinates begin at 0; everything lies within width and height.
Layout lay_out(const LayoutGraph& graph);

}  // namespace rowpage
