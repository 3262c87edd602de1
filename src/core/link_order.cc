#include "core/link_order.h"

#include <algorithm>
#include <functional>

namespace rowpage {
namespace {

std::size_t place_of(std::span<const PairSpec* const> pairs, const std::string& model) {
  const auto found = std::ranges::find(pairs, model, &PairSpec::model);
  return static_cast<std::size_t>(found - pairs.begin());
}

using Weighs = std::function<bool(const Field&)>;

// Pairs that `pair` links to by fields of the kind.
std::vector<std::size_t> linked(std::span<const PairSpec* const> pairs, std::size_t pair, const Weighs& weighs) {
  std::vector<std::size_t> to;
  for (const auto& field : pairs[pair]->fields) {
    if (!field.is_relation() || !weighs(field)) continue;
    const std::size_t other = place_of(pairs, field.relation.to);
    if (other < pairs.size() && other != pair) to.push_back(other);
  }
  return to;
}

// How much has to be done late in this order: a required link makes records wait, each other relation that leads to a
// pair further back costs a reading and a writing of its pages.
std::size_t lateness(std::span<const PairSpec* const> pairs, const std::vector<std::size_t>& order) {
  std::vector<std::size_t> place(pairs.size());
  for (std::size_t at = 0; at < order.size(); ++at) place[order[at]] = at;
  std::size_t late = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    for (const auto& field : pairs[i]->fields) {
      if (!field.is_relation() || field.relation.kind == Relation::Kind::back) continue;
      const std::size_t other = place_of(pairs, field.relation.to);
      if (other >= pairs.size() || place[other] <= place[i]) continue;
      late += field.relation.required ? 1'000'000 : field.relation.kind == Relation::Kind::column ? 2 : 1;
    }
  }
  return late;
}

// In circles some links are late in any order. Which circle to cut where is a hard question (minimum feedback arc set);
// moving one pair at a time as long as that helps answers it well enough for a few dozen.
std::vector<std::size_t> with_fewest_late(std::span<const PairSpec* const> pairs, std::vector<std::size_t> order) {
  std::size_t best = lateness(pairs, order);
  for (bool better = best > 0; better;) {
    better = false;
    for (std::size_t from = 0; from < order.size(); ++from) {
      for (std::size_t to = 0; to < order.size(); ++to) {
        std::vector<std::size_t> moved = order;
        moved.erase(moved.begin() + static_cast<std::ptrdiff_t>(from));
        moved.insert(moved.begin() + static_cast<std::ptrdiff_t>(to), order[from]);
        const std::size_t late = lateness(pairs, moved);
        if (late >= best) continue;
        best = late;
        order = std::move(moved);
        better = true;
      }
    }
  }
  return order;
}

}  // namespace

std::vector<std::size_t> link_order(std::span<const PairSpec* const> pairs) {
  const auto required = [](const Field& field) { return field.relation.required; };
  const auto keys = [](const Field& field) { return field.relation.kind == Relation::Kind::column; };
  const auto owned = [](const Field& field) { return field.relation.kind != Relation::Kind::back; };
  // Of the pairs left, the first all of whose targets are taken; where a cycle keeps every one back, weaker links are
  // looked past.
  const auto next = [&](const std::vector<bool>& taken) -> std::size_t {
    for (const Weighs& weighs : {Weighs(owned), Weighs(keys), Weighs(required)}) {
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto ready = [&](std::size_t other) { return static_cast<bool>(taken[other]); };
        if (!taken[i] && std::ranges::all_of(linked(pairs, i, weighs), ready)) return i;
      }
    }
    return static_cast<std::size_t>(std::ranges::find(taken, false) - taken.begin());
  };
  const auto beginning_with = [&](std::size_t first) {
    std::vector<std::size_t> order;
    std::vector<bool> taken(pairs.size(), false);
    for (std::size_t pair = first; order.size() < pairs.size(); pair = next(taken)) {
      taken[pair] = true;
      order.push_back(pair);
    }
    return with_fewest_late(pairs, std::move(order));
  };
  if (pairs.empty()) return {};
  std::vector<std::size_t> best = beginning_with(next(std::vector<bool>(pairs.size(), false)));
  // Where the first cut was in the wrong place, no single move mends it: each pair may be the one to begin with.
  for (std::size_t first = 0; first < pairs.size() && lateness(pairs, best) > 0; ++first) {
    auto order = beginning_with(first);
    if (lateness(pairs, order) < lateness(pairs, best)) best = std::move(order);
  }
  return best;
}

std::string required_cycle(std::span<const PairSpec* const> pairs) {
  std::vector<int> state(pairs.size(), 0);  // 1: on the way, 2: done
  std::vector<std::pair<std::size_t, std::string>> way;
  std::string cycle;
  const std::function<bool(std::size_t)> walk = [&](std::size_t pair) {
    state[pair] = 1;
    for (const auto& field : pairs[pair]->fields) {
      if (field.relation.kind != Relation::Kind::column || !field.relation.required) continue;
      if (field.direction == Direction::to_notion || pairs[pair]->direction == Direction::to_notion) continue;
      const std::size_t other = place_of(pairs, field.relation.to);
      if (other >= pairs.size() || state[other] == 2) continue;
      way.emplace_back(pair, field.column);
      if (state[other] == 1) {
        const auto begin = std::ranges::find(way, other, &std::pair<std::size_t, std::string>::first);
        for (auto step = begin; step != way.end(); ++step)
          cycle += pairs[step->first]->model + "." + step->second + " → ";
        cycle += pairs[other]->model;
        return true;
      }
      if (walk(other)) return true;
      way.pop_back();
    }
    state[pair] = 2;
    return false;
  };
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (state[i] == 0 && walk(i)) return cycle;
  }
  return {};
}

}  // namespace rowpage
