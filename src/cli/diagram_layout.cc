#include "cli/diagram_layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "cli/diagram_columns.h"

namespace rowpage {
namespace {

constexpr double box_gap = 26;     // between a box and the next
constexpr double way_gap = 9;      // between two ways
constexpr double beside = 16;      // between a box and a way
constexpr double narrow_gap = 84;  // between two columns, at least
constexpr double loop_reach = 26;
constexpr double stub = 18;  // an edge leaves its box straight, so that its mark stands clear

// Places the slots of one column as near as possible to where they want to be, without changing their order: the
// weighted least squares under the distances, by pooling what collides.
class Pooling {
 public:
  void add(double wanted, double weight, std::size_t count_from) {
    pools_.push_back({wanted * weight, weight, count_from});
    while (pools_.size() > 1 && pools_[pools_.size() - 2].at() > pools_.back().at()) {
      const Pool last = pools_.back();
      pools_.pop_back();
      pools_.back().sum += last.sum;
      pools_.back().weight += last.weight;
    }
  }
  /// The places of `count` slots.
  std::vector<double> places(std::size_t count) const {
    std::vector<double> out(count);
    for (std::size_t pool = 0; pool < pools_.size(); ++pool) {
      const std::size_t end = pool + 1 < pools_.size() ? pools_[pool + 1].first : count;
      for (std::size_t i = pools_[pool].first; i < end; ++i) out[i] = pools_[pool].at();
    }
    return out;
  }

 private:
  struct Pool {
    double sum, weight;
    std::size_t first;
    double at() const { return sum / weight; }
  };
  std::vector<Pool> pools_;
};

// Gives every slot its height on the page: first stacked, then drawn again and again towards what it is tied to.
class Placer {
 public:
  explicit Placer(const Columns& columns) : columns_(columns), top_(columns.slots.size()), tied_(columns.slots.size()) {
    for (const auto& piece : columns.pieces) {
      tied_[piece.left].push_back({piece.right, piece.left_offset, piece.right_offset, weight(piece)});
      tied_[piece.right].push_back({piece.left, piece.right_offset, piece.left_offset, weight(piece)});
    }
  }

  std::vector<double> place() {
    stack();
    const std::size_t count = columns_.order.size();
    for (int round = 0; round < 40; ++round) {
      for (std::size_t i = 0; i < count; ++i) settle(columns_.order[round % 2 == 0 ? i : count - 1 - i]);
    }
    const double least = top_.empty() ? 0 : *std::ranges::min_element(top_);
    for (auto& top : top_) top = std::round(top - least);
    return top_;
  }

 private:
  struct Tie {
    std::size_t slot;
    double offset, far_offset, weight;
  };

  bool is_way(std::size_t slot) const { return columns_.slots[slot].box == Slot::none; }
  // Long ways want to be straight more than short ones.
  double weight(const Piece& piece) const { return (is_way(piece.left) ? 2.5 : 1) * (is_way(piece.right) ? 2.5 : 1); }
  double gap(std::size_t above, std::size_t below) const {
    if (is_way(above) && is_way(below)) return way_gap;
    return is_way(above) || is_way(below) ? beside : box_gap;
  }

  // All columns about one middle line.
  void stack() {
    for (const auto& column : columns_.order) {
      double y = 0;
      for (std::size_t i = 0; i < column.size(); ++i) {
        if (i > 0) y += gap(column[i - 1], column[i]);
        top_[column[i]] = y;
        y += columns_.slots[column[i]].height;
      }
      for (const auto slot : column) top_[slot] -= y / 2;
    }
  }

  void settle(const std::vector<std::size_t>& column) {
    Pooling pooling;
    std::vector<double> below(column.size());  // of the first slot's top, when all stand as close as they may
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (i > 0) below[i] = below[i - 1] + columns_.slots[column[i - 1]].height + gap(column[i - 1], column[i]);
      const auto [wanted, weight] = wish(column[i]);
      pooling.add(wanted - below[i], weight, i);
    }
    const auto places = pooling.places(column.size());
    for (std::size_t i = 0; i < column.size(); ++i) top_[column[i]] = places[i] + below[i];
  }

  // Towards its ties, and a little towards the middle line: the page stays compact.
  std::pair<double, double> wish(std::size_t slot) const {
    const double middle = columns_.slots[slot].height / 2;
    double weight = is_way(slot) ? 0.05 : 2.5;
    double sum = -middle * weight;
    for (const auto& tie : tied_[slot]) {
      sum += (top_[tie.slot] + tie.far_offset - tie.offset) * tie.weight;
      weight += tie.weight;
    }
    return {sum / weight, weight};
  }

  const Columns& columns_;
  std::vector<double> top_;
  std::vector<std::vector<Tie>> tied_;
};

// One attempt with a given number of columns.
class Drawing {
 public:
  Drawing(const LayoutGraph& graph, std::size_t columns, std::size_t variant) : graph_(graph) {
    const auto column_of = choose_columns(graph, columns, variant);
    columns_ = cut_into_columns(graph, column_of, columns);
    out_.crossings = order_slots(columns_);
    top_ = Placer(columns_).place();
    out_.crossings += crossed_bows();
    place_columns();
  }

  Layout draw() {
    for (std::size_t box = 0; box < graph_.boxes.size(); ++box) {
      out_.boxes.push_back({left(box), top_[box]});
      out_.width = std::max(out_.width, right(box));
      out_.height = std::max(out_.height, top_[box] + graph_.boxes[box].height);
    }
    for (std::size_t slot = 0; slot < top_.size(); ++slot)
      out_.height = std::max(out_.height, top_[slot] + columns_.slots[slot].height);
    for (std::size_t edge = 0; edge < graph_.edges.size(); ++edge) out_.ways.push_back(way(edge));
    for (const auto& way : out_.ways) {
      for (const auto& point : way.points) out_.width = std::max(out_.width, point.x);
    }
    return std::move(out_);
  }

 private:
  // A bow crosses what leaves its column between its ends, and bows of which one end lies between its own.
  std::size_t crossed_bows() const {
    std::size_t count = 0;
    const auto& pieces = columns_.pieces;
    const auto begins = [&](const Piece& piece) { return top_[piece.left] + piece.left_offset; };
    const auto ends = [&](const Piece& piece) { return top_[piece.right] + piece.right_offset; };
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (!pieces[i].bow(columns_.slots)) continue;
      const auto [upper, lower] = std::minmax({begins(pieces[i]), ends(pieces[i])});
      const auto inside = [upper = upper, lower = lower](double y) { return y > upper && y < lower; };
      for (std::size_t j = 0; j < pieces.size(); ++j) {
        if (columns_.slots[pieces[j].left].column != columns_.slots[pieces[i].left].column) continue;
        if (!pieces[j].bow(columns_.slots)) {
          count += inside(begins(pieces[j])) ? 1 : 0;
        } else if (j > i) {
          count += inside(begins(pieces[j])) != inside(ends(pieces[j])) ? 1 : 0;
        }
      }
    }
    return count;
  }

  // The more pieces between two columns, the farther apart they stand.
  void place_columns() {
    std::vector<double> busy(columns_.order.size());
    for (const auto& piece : columns_.pieces) busy[columns_.slots[piece.left].column] += 1;
    for (const auto& edge : graph_.edges) {
      if (edge.from.box == edge.to.box) busy[columns_.slots[edge.from.box].column] += 1;
    }
    double x = 0;
    for (const double count : busy) {
      x_.push_back(x);
      x += graph_.box_width + std::clamp(64 + 5.0 * count, narrow_gap, 190.0);
    }
  }

  double left(std::size_t slot) const { return x_[columns_.slots[slot].column]; }
  double right(std::size_t slot) const { return left(slot) + graph_.box_width; }
  Point end(const LayoutEnd& end, bool at_right) const {
    return {at_right ? right(end.box) : left(end.box), top_[end.box] + end.offset};
  }

  static void line_to(Way& way, Point to) {
    const Point from = way.points.back();
    way.points.insert(way.points.end(), {{from.x + (to.x - from.x) / 3, from.y + (to.y - from.y) / 3},
                                         {from.x + (to.x - from.x) * 2 / 3, from.y + (to.y - from.y) * 2 / 3},
                                         to});
  }
  static void curve_to(Way& way, Point to) {
    const Point from = way.points.back();
    const double middle = (from.x + to.x) / 2;
    way.points.insert(way.points.end(), {{middle, from.y}, {middle, to.y}, to});
  }

  Way way(std::size_t index) const {
    const auto& edge = graph_.edges[index];
    const auto& route = columns_.routes[index];
    const auto first = columns_.slots[route.front()].column, last = columns_.slots[route.back()].column;
    if (first == last) return bow(edge);
    const bool rightwards = first < last;
    Way way{.points = {}, .from_right = rightwards, .to_right = !rightwards};
    const double forward = rightwards ? stub : -stub;
    way.points.push_back(end(edge.from, rightwards));
    line_to(way, {way.points.back().x + forward, way.points.back().y});
    for (std::size_t i = 1; i + 1 < route.size(); ++i) {
      const double y = top_[route[i]] + columns_.slots[route[i]].height / 2;
      const double near = left(route[i]), far = right(route[i]);
      curve_to(way, {rightwards ? near : far, y});
      line_to(way, {rightwards ? far : near, y});
    }
    const Point to = end(edge.to, !rightwards);
    curve_to(way, {to.x - forward, to.y});
    line_to(way, to);
    return way;
  }

  // Both ends on the right side of one column.
  Way bow(const LayoutEdge& edge) const {
    const Point from = end(edge.from, true), to = end(edge.to, true);
    const double apart = std::abs(from.y - to.y);
    const double reach = edge.from.box == edge.to.box ? loop_reach : std::min(40.0, 20 + apart / 10);
    Way way{.points = {from}, .from_right = true, .to_right = true};
    line_to(way, {from.x + stub, from.y});
    way.points.insert(way.points.end(),
                      {{from.x + stub + reach, from.y}, {to.x + stub + reach, to.y}, {to.x + stub, to.y}});
    line_to(way, to);
    return way;
  }

  const LayoutGraph& graph_;
  Columns columns_;
  std::vector<double> top_, x_;
  Layout out_;
};

// How badly a drawing fits a page of 16 to 10, and how hard it is to follow.
double size_of(double width, double height) {
  return std::max(width / 1.6, height);
}
double burden(const Layout& layout, std::size_t edges) {
  const double tangle = static_cast<double>(layout.crossings) / static_cast<double>(edges * 3 + 1);
  return size_of(layout.width, layout.height) * (1 + tangle);
}

// Numbers of columns with the least size that each can have, most promising first.
std::vector<std::pair<double, std::size_t>> column_counts(const LayoutGraph& graph) {
  double total = 0, tallest = 0;
  for (const auto& box : graph.boxes) {
    total += box.height;
    tallest = std::max(tallest, box.height);
  }
  std::vector<std::pair<double, std::size_t>> counts;
  for (std::size_t columns = 1; columns <= std::min<std::size_t>(graph.boxes.size(), 16); ++columns) {
    const auto count = static_cast<double>(columns);
    const double width = count * graph.box_width + (count - 1) * narrow_gap;
    counts.emplace_back(size_of(width, std::max(total / count, tallest)), columns);
  }
  std::ranges::sort(counts);
  return counts;
}

}  // namespace

Layout lay_out(const LayoutGraph& graph) {
  if (graph.boxes.empty()) return {};
  const std::size_t variants = graph.boxes.size() > 60 ? 1 : 8;
  std::optional<Layout> best;
  double least = 0;
  for (const auto& [size, columns] : column_counts(graph)) {
    if (best && size >= least) break;  // cannot become better any more
    for (std::size_t variant = 0; variant < variants; ++variant) {
      Layout layout = Drawing(graph, columns, variant).draw();
      const double now = burden(layout, graph.edges.size());
      if (best && now >= least) continue;
      best = std::move(layout);
      least = now;
    }
  }
  return std::move(*best);
}

}  // namespace rowpage
