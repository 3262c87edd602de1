#include "cli/diagram_columns.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <tuple>

namespace rowpage {
namespace {

constexpr double way_height = 6;  // of the place of a passing edge
constexpr double box_gap = 26;    // as far as it counts for the height of a column

// The same numbers on every machine.
class Dice {
 public:
  explicit Dice(std::size_t seed) : state_(seed * 7919 + 42) {}
  std::size_t below(std::size_t limit) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>((state_ >> 33) % limit);
  }

 private:
  std::uint64_t state_;
};

template <class T>
void shuffle(std::vector<T>& all, Dice& dice) {
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[dice.below(i)]);
}

// Searches the columns by moving one box, or exchanging two, as long as it gets better.
class ColumnSearch {
 public:
  ColumnSearch(const LayoutGraph& graph, std::size_t columns) : graph_(graph), columns_(columns) {
    near_.resize(graph.boxes.size());
    for (const auto& edge : graph.edges) {
      if (edge.from.box == edge.to.box) continue;
      near_[edge.from.box].push_back(edge.to.box);
      near_[edge.to.box].push_back(edge.from.box);
    }
    double total = 0;
    for (const auto& box : graph.boxes) total += box.height + box_gap;
    fair_ = total / static_cast<double>(columns) * 1.08;
  }

  std::vector<std::size_t> best(std::size_t variant) {
    Dice dice(variant);
    std::vector<std::size_t> best;
    double best_cost = 0;
    const std::size_t tries = graph_.boxes.size() > 60 ? 3 : 12;
    for (std::size_t i = 0; i < tries; ++i) {
      begin(dice);
      while (improve()) {
      }
      if (const double cost = whole_cost(); best.empty() || cost < best_cost - 1e-9) {
        best = at_;
        best_cost = cost;
      }
    }
    return best;
  }

 private:
  void begin(Dice& dice) {
    std::vector<std::size_t> boxes(graph_.boxes.size());
    std::iota(boxes.begin(), boxes.end(), std::size_t{0});
    shuffle(boxes, dice);
    at_.assign(boxes.size(), 0);
    filled_.assign(columns_, 0);
    for (std::size_t i = 0; i < boxes.size(); ++i) put(boxes[i], i * columns_ / boxes.size());
  }

  double height(std::size_t box) const { return graph_.boxes[box].height + box_gap; }

  void put(std::size_t box, std::size_t column) {
    at_[box] = column;
    filled_[column] += height(box);
  }
  void move(std::size_t box, std::size_t column) {
    filled_[at_[box]] -= height(box);
    put(box, column);
  }

  // Neighbouring columns are best; every further column costs, and the same column most (the edge must bow).
  static double length_cost(std::size_t a, std::size_t b) {
    const double apart = a > b ? static_cast<double>(a - b) : static_cast<double>(b - a);
    return apart == 0 ? 2.6 : apart + (apart - 1) * 0.5;
  }
  double edge_cost(std::size_t box) const {
    double cost = 0;
    for (const auto other : near_[box]) cost += length_cost(at_[box], at_[other]);
    return cost;
  }
  // A column higher than its share makes the page higher.
  double fill_cost() const {
    double cost = 0;
    for (const double filled : filled_) {
      const double over = std::max(0.0, filled - fair_) / 60;
      cost += over * over + (filled == 0 ? 50 : 0);
    }
    return cost;
  }
  double whole_cost() const {
    double cost = fill_cost();
    for (std::size_t box = 0; box < at_.size(); ++box) cost += edge_cost(box) / 2;
    return cost;
  }

  bool improve() {
    bool better = false;
    for (std::size_t box = 0; box < at_.size(); ++box) {
      for (std::size_t column = 0; column < columns_; ++column) better = try_move(box, column) || better;
      for (std::size_t other = box + 1; other < at_.size(); ++other) better = try_exchange(box, other) || better;
    }
    return better;
  }

  bool try_move(std::size_t box, std::size_t column) {
    const auto from = at_[box];
    if (column == from) return false;
    const double before = edge_cost(box) + fill_cost();
    move(box, column);
    if (edge_cost(box) + fill_cost() < before - 1e-9) return true;
    move(box, from);
    return false;
  }

  bool try_exchange(std::size_t a, std::size_t b) {
    const auto from = at_[a], to = at_[b];
    if (from == to) return false;
    const double before = edge_cost(a) + edge_cost(b) + fill_cost();
    move(a, to);
    move(b, from);
    if (edge_cost(a) + edge_cost(b) + fill_cost() < before - 1e-9) return true;
    move(a, from);
    move(b, to);
    return false;
  }

  const LayoutGraph& graph_;
  std::size_t columns_;
  double fair_ = 0;
  std::vector<std::vector<std::size_t>> near_;
  std::vector<std::size_t> at_;
  std::vector<double> filled_;
};

// Cuts edges into pieces; branches of one tree that pass the same column pass it in the same slot.
class Cutter {
 public:
  Cutter(const LayoutGraph& graph, const std::vector<std::size_t>& column_of, std::size_t columns)
      : graph_(graph), column_of_(column_of) {
    out_.order.resize(columns);
    for (std::size_t box = 0; box < graph.boxes.size(); ++box) add({box, column_of[box], graph.boxes[box].height});
  }

  Columns cut() {
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) cut_edge(i);
    return std::move(out_);
  }

 private:
  std::size_t add(Slot slot) {
    out_.order[slot.column].push_back(out_.slots.size());
    out_.slots.push_back(slot);
    return out_.slots.size() - 1;
  }

  std::size_t pass(std::size_t edge, std::size_t column) {
    const std::size_t tree = graph_.edges[edge].tree;
    const auto key = tree == LayoutEdge::alone ? std::tuple{false, edge, column} : std::tuple{true, tree, column};
    const auto known = passes_.find(key);
    if (known != passes_.end()) return known->second;
    return passes_[key] = add({Slot::none, column, way_height});
  }

  void cut_edge(std::size_t index) {
    const auto& edge = graph_.edges[index];
    out_.routes.emplace_back();
    if (edge.from.box == edge.to.box) {
      out_.routes.back() = {edge.from.box, edge.to.box};
      return;  // a loop beside its box, drawn as it is
    }
    std::size_t column = column_of_[edge.from.box];
    const std::size_t last = column_of_[edge.to.box];
    std::vector<std::size_t> route = {edge.from.box};
    while (column != last) {
      column = column < last ? column + 1 : column - 1;
      route.push_back(column == last ? edge.to.box : pass(index, column));
    }
    if (route.size() == 1) route.push_back(edge.to.box);
    for (std::size_t i = 0; i + 1 < route.size(); ++i) add_piece(edge, route[i], route[i + 1]);
    out_.routes.back() = std::move(route);
  }

  double offset(const LayoutEdge& edge, std::size_t slot) const {
    if (out_.slots[slot].box == Slot::none) return way_height / 2;
    return slot == edge.from.box ? edge.from.offset : edge.to.offset;
  }

  void add_piece(const LayoutEdge& edge, std::size_t a, std::size_t b) {
    Piece piece{a, b, offset(edge, a), offset(edge, b)};
    if (out_.slots[a].column > out_.slots[b].column) piece = {b, a, piece.right_offset, piece.left_offset};
    const auto key = std::tuple{piece.left, piece.right, piece.left_offset, piece.right_offset};
    if (known_.emplace(key, true).second) out_.pieces.push_back(piece);
  }

  const LayoutGraph& graph_;
  const std::vector<std::size_t>& column_of_;
  Columns out_;
  std::map<std::tuple<bool, std::size_t, std::size_t>, std::size_t> passes_;
  std::map<std::tuple<std::size_t, std::size_t, double, double>, bool> known_;
};

// Orders the slots by sweeps over the columns, each slot to the middle of what it is tied to, then by exchanging
// neighbours; from several beginnings, the best kept.
class Orderer {
 public:
  explicit Orderer(Columns& columns) : columns_(columns), rank_(columns.slots.size()) {
    to_left_.resize(columns.slots.size());
    to_right_.resize(columns.slots.size());
    for (std::size_t i = 0; i < columns.pieces.size(); ++i) {
      const Piece& piece = columns.pieces[i];
      if (piece.bow(columns.slots)) continue;
      to_right_[piece.left].push_back(i);
      to_left_[piece.right].push_back(i);
    }
  }

  std::size_t run() {
    Dice dice(0);
    auto best = columns_.order;
    rank_all();
    std::size_t fewest = crossings();
    const std::size_t tries = columns_.pieces.size() > 300 ? 3 : 16;
    for (std::size_t i = 0; i < tries && fewest > 0; ++i) {
      if (i > 0) {
        for (auto& column : columns_.order) shuffle(column, dice);
      }
      rank_all();
      for (int sweep = 0; sweep < 12 && fewest > 0; ++sweep) {
        this->sweep(sweep % 2 == 0);
        exchange_neighbours();
        if (const auto now = crossings(); now < fewest) {
          fewest = now;
          best = columns_.order;
        }
      }
    }
    columns_.order = std::move(best);
    return fewest;
  }

 private:
  using Tied = std::vector<std::vector<std::size_t>>;  // slot → pieces

  void rank_all() {
    for (const auto& column : columns_.order) rank(column);
  }
  void rank(const std::vector<std::size_t>& column) {
    for (std::size_t i = 0; i < column.size(); ++i) rank_[column[i]] = static_cast<double>(i);
  }

  // Where a piece ends, in ranks: a box has its ends one below the other.
  double left_end(std::size_t piece) const {
    const Piece& p = columns_.pieces[piece];
    return rank_[p.left] + p.left_offset / (columns_.slots[p.left].height + 1);
  }
  double right_end(std::size_t piece) const {
    const Piece& p = columns_.pieces[piece];
    return rank_[p.right] + p.right_offset / (columns_.slots[p.right].height + 1);
  }

  double middle(std::size_t slot, bool from_left) const {
    const auto& tied = from_left ? to_left_[slot] : to_right_[slot];
    if (tied.empty()) return rank_[slot];
    double sum = 0;
    for (const auto piece : tied) sum += from_left ? left_end(piece) : right_end(piece);
    return sum / static_cast<double>(tied.size());
  }

  void sweep(bool rightwards) {
    const std::size_t count = columns_.order.size();
    for (std::size_t step = 0; step < count; ++step) {
      auto& column = columns_.order[rightwards ? step : count - 1 - step];
      std::vector<std::pair<double, std::size_t>> keyed;
      for (const auto slot : column) keyed.emplace_back(middle(slot, rightwards), slot);
      std::ranges::stable_sort(keyed, {}, &std::pair<double, std::size_t>::first);
      for (std::size_t i = 0; i < keyed.size(); ++i) column[i] = keyed[i].second;
      rank(column);
    }
  }

  // Crossings between the pieces of two slots of one column, the first above the second.
  template <class Far>
  static std::size_t crossed(const std::vector<std::size_t>& above, const std::vector<std::size_t>& below, Far far) {
    std::size_t count = 0;
    for (const auto a : above) {
      for (const auto b : below) count += far(a) > far(b) ? 1 : 0;
    }
    return count;
  }
  std::size_t crossed(std::size_t above, std::size_t below) const {
    return crossed(to_left_[above], to_left_[below], [this](std::size_t p) { return left_end(p); }) +
           crossed(to_right_[above], to_right_[below], [this](std::size_t p) { return right_end(p); });
  }

  void exchange_neighbours() {
    bool better = true;
    for (int round = 0; better && round < 20; ++round) {
      better = false;
      for (auto& column : columns_.order) {
        for (std::size_t i = 0; i + 1 < column.size(); ++i) {
          if (crossed(column[i], column[i + 1]) <= crossed(column[i + 1], column[i])) continue;
          std::swap(column[i], column[i + 1]);
          rank_[column[i]] = static_cast<double>(i);
          rank_[column[i + 1]] = static_cast<double>(i + 1);
          better = true;
        }
      }
    }
  }

  std::size_t crossings() const {
    std::size_t count = 0;
    for (const auto& column : columns_.order) {
      std::vector<std::size_t> pieces;
      for (const auto slot : column) pieces.insert(pieces.end(), to_right_[slot].begin(), to_right_[slot].end());
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        for (std::size_t j = i + 1; j < pieces.size(); ++j) {
          const double left = left_end(pieces[i]) - left_end(pieces[j]);
          const double right = right_end(pieces[i]) - right_end(pieces[j]);
          count += left * right < 0 ? 1 : 0;
        }
      }
    }
    return count;
  }

  Columns& columns_;
  std::vector<double> rank_;
  Tied to_left_, to_right_;
};

}  // namespace

std::vector<std::size_t> choose_columns(const LayoutGraph& graph, std::size_t columns, std::size_t variant) {
  return ColumnSearch(graph, columns).best(variant);
}

Columns cut_into_columns(const LayoutGraph& graph, const std::vector<std::size_t>& column_of, std::size_t columns) {
  return Cutter(graph, column_of, columns).cut();
}

std::size_t order_slots(Columns& columns) {
  return Orderer(columns).run();
}

}  // namespace rowpage
