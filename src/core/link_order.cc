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

}  // namespace

std::vector<std::size_t> link_order(std::span<const PairSpec* const> pairs) {
  const auto required = [](const Field& field) { return field.relation.required; };
  const auto keys = [](const Field& field) { return field.relation.kind == Relation::Kind::column; };
  const auto owned = [](const Field& field) { return field.relation.kind != Relation::Kind::back; };
  std::vector<std::size_t> order;
  std::vector<bool> taken(pairs.size(), false);
  // Of the pairs left, the first all of whose targets are taken; where a cycle keeps every one back, weaker links are
  // looked past.
  const auto next = [&]() -> std::size_t {
    for (const Weighs& weighs : {Weighs(owned), Weighs(keys), Weighs(required)}) {
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto ready = [&](std::size_t other) { return static_cast<bool>(taken[other]); };
        if (!taken[i] && std::ranges::all_of(linked(pairs, i, weighs), ready)) return i;
      }
    }
    return static_cast<std::size_t>(std::ranges::find(taken, false) - taken.begin());
  };
  while (order.size() < pairs.size()) {
    const std::size_t pair = next();
    taken[pair] = true;
    order.push_back(pair);
  }
  return order;
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
