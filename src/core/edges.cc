#include "core/edges.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "core/mutant.h"

namespace rowpage {
namespace {

struct Presence {
  Edge edge;
  const Target* target = nullptr;
  bool page = false, row = false, page_shadow = false, row_shadow = false;
};

// Every link any of the four lists names, each once.
std::vector<Presence> all_links(std::size_t field, const EdgeState& state, const std::vector<Target>& targets) {
  std::vector<Presence> links;
  std::map<std::string, std::size_t> by_page, by_ref;
  const auto named = [&](const Edge& edge, const Target* target) -> Presence& {
    if (!edge.page_id.empty()) {
      if (const auto found = by_page.find(edge.page_id); found != by_page.end()) return links[found->second];
    }
    if (!edge.ref.empty()) {
      if (const auto found = by_ref.find(edge.ref); found != by_ref.end()) return links[found->second];
    }
    if (!edge.page_id.empty()) by_page[edge.page_id] = links.size();
    if (!edge.ref.empty()) by_ref[edge.ref] = links.size();
    links.push_back({edge, target});
    return links.back();
  };
  const auto of_page = [&](const std::string& id) -> Presence& {
    const Target* target = target_of_page(field, id, targets);
    return named({id, target ? target->ref : std::string()}, target);
  };
  const auto of_ref = [&](const std::string& ref) -> Presence& {
    const Target* target = target_of_ref(field, ref, targets);
    return named({target ? target->page_id : std::string(), ref}, target);
  };
  for (const auto& id : links_of(state.page)) of_page(id).page = true;
  for (const auto& id : links_of(state.page_shadow)) of_page(id).page_shadow = true;
  for (const auto& ref : links_of(state.row)) of_ref(ref).row = true;
  for (const auto& ref : links_of(state.row_shadow)) of_ref(ref).row_shadow = true;
  return links;
}

void put(TextList& list, const std::string& name, bool in) {
  const auto place = std::ranges::lower_bound(list, name);
  const bool there = place != list.end() && *place == name;
  if (in && !there) list.insert(place, name);
  if (!in && there) list.erase(place);
}

Value as_value(TextList list) {
  return make_list(std::move(list));
}

bool holds(const Value& list, const std::string& id) {
  return std::ranges::binary_search(links_of(list), id);
}

bool can_travel(const Presence& link) {
  return link.target && link.target->live && !link.edge.page_id.empty() && !link.edge.ref.empty();
}

class Merger {
 public:
  Merger(const Field& field, std::size_t index, const EdgeState& state, bool may_page, bool may_row)
      : field_(field), may_page_(may_page), may_row_(may_row) {
    merge_.field = index;
    merge_.page_after = links_of(state.page);
  }

  void decide(const Presence& link) {
    const bool vanished = !link.page && link.page_shadow && !(link.target && link.target->live && link.target->seen);
    const bool page = link.page || (vanished && !mutated(Mutant::vanished_is_removed));
    const bool page_changed = page != link.page_shadow;
    const bool row_changed = link.row != link.row_shadow;
    if (page == link.row) {
      if (!page_changed && !row_changed) return;
      // Under one name only, the other side's presence is not known: nothing was agreed.
      if (link.edge.page_id.empty() || link.edge.ref.empty()) return;
      (page ? merge_.agreed_in : merge_.agreed_out).push_back(link.edge);
    } else if (page) {
      page_changed ? add_to_row(link) : drop_from_page(link);
    } else {
      row_changed || !link.page_shadow ? add_to_page(link) : drop_from_row(link);
    }
  }

  EdgeMerge take() { return std::move(merge_); }

 private:
  void add_to_row(const Presence& link) {
    if (!may_row_) {
      merge_.drift = true;
    } else if (can_travel(link)) {
      merge_.row_add.push_back(link.edge);
    } else if (!link.edge.page_id.empty()) {
      merge_.waiting.push_back(waiting_for(field_, Errand::Kind::await_row, link.edge.page_id));
    }
  }

  void add_to_page(const Presence& link) {
    if (!may_page_) {
      merge_.drift = true;
    } else if (can_travel(link)) {
      merge_.page_add.push_back(link.edge);
      put(merge_.page_after, link.edge.page_id, true);
    } else if (link.target && !link.target->key.empty()) {
      merge_.waiting.push_back(waiting_for(field_, Errand::Kind::await_page, link.target->key));
    }
  }

  void drop_from_row(const Presence& link) {
    if (link.edge.ref.empty()) return;
    may_row_ ? merge_.row_drop.push_back(link.edge) : void(merge_.drift = true);
  }

  // A link that the page does not show (its target is in the trash) cannot be taken from it; its shadow remembers that
  // it is to go.
  void drop_from_page(const Presence& link) {
    if (!link.page || link.edge.page_id.empty()) return;
    // A page shown under its own name only: that its row links to nothing is not known.
    if (link.edge.ref.empty()) return;
    if (!may_page_) {
      merge_.drift = true;
      return;
    }
    merge_.page_drop.push_back(link.edge);
    put(merge_.page_after, link.edge.page_id, false);
  }

  const Field& field_;
  bool may_page_, may_row_;
  EdgeMerge merge_;
};

}  // namespace

Errand waiting_for(const Field& field, Errand::Kind kind, std::string other) {
  Errand errand;
  errand.kind = kind;
  errand.field = field.column;
  errand.other = std::move(other);
  errand.to_schema = field.relation.to_schema;
  errand.to_table = field.relation.to_table;
  return errand;
}

const TextList& links_of(const Value& value) {
  static const TextList none;
  const auto* list = std::get_if<TextList>(&value);
  return list ? *list : none;
}

const Target* target_of_page(std::size_t field, std::string_view page_id, const std::vector<Target>& targets) {
  const auto found = std::ranges::find_if(
      targets, [&](const Target& target) { return target.field == field && target.page_id == page_id; });
  return page_id.empty() || found == targets.end() ? nullptr : &*found;
}

const Target* target_of_ref(std::size_t field, std::string_view ref, const std::vector<Target>& targets) {
  const auto found =
      std::ranges::find_if(targets, [&](const Target& target) { return target.field == field && target.ref == ref; });
  return ref.empty() || found == targets.end() ? nullptr : &*found;
}

EdgeMerge merge_edges(const Field& field, std::size_t index, const EdgeState& state, const std::vector<Target>& targets,
                      bool may_page, bool may_row) {
  Merger merger(field, index, state, may_page, may_row);
  for (const auto& link : all_links(index, state, targets)) merger.decide(link);
  return merger.take();
}

void settle_edges(const EdgeMerge& merge, EdgeParts parts, Value& page_shadow, Value& row_shadow) {
  TextList page = links_of(page_shadow), row = links_of(row_shadow);
  const auto settle = [&](const std::vector<Edge>& edges, bool in) {
    for (const auto& edge : edges) {
      put(page, edge.page_id, in);
      put(row, edge.ref, in);
    }
  };
  settle(merge.agreed_in, true);
  settle(merge.agreed_out, false);
  if (parts.row) {
    settle(merge.row_add, true);
    settle(merge.row_drop, false);
  }
  if (parts.page) {
    settle(merge.page_add, true);
    settle(merge.page_drop, false);
  }
  page_shadow = as_value(std::move(page));
  row_shadow = as_value(std::move(row));
}

Value refs_of(std::size_t field, const Value& page_ids, const std::vector<Target>& targets) {
  TextList refs;
  for (const auto& id : links_of(page_ids)) {
    const Target* target = target_of_page(field, id, targets);
    if (target && !target->ref.empty()) refs.push_back(target->ref);
  }
  return as_value(std::move(refs));
}

Value without_vanished(std::size_t field, const Value& page, const Value& page_shadow,
                       const std::vector<Target>& targets) {
  if (mutated(Mutant::vanished_is_removed)) return page;
  TextList list = links_of(page);
  for (const auto& id : links_of(page_shadow)) {
    if (may_hide(field, id, targets)) put(list, id, true);
  }
  return as_value(std::move(list));
}

Value common(const Value& one, const Value& other) {
  TextList both;
  std::ranges::set_intersection(links_of(one), links_of(other), std::back_inserter(both));
  return as_value(std::move(both));
}

bool may_hide(std::size_t field, std::string_view page_id, const std::vector<Target>& targets) {
  if (mutated(Mutant::vanished_is_removed)) return false;
  const Target* target = target_of_page(field, page_id, targets);
  return !target || !target->live || !target->seen;
}

bool same_but_hidden(std::size_t field, const Value& before, const Value& seen, const std::vector<Target>& targets) {
  return std::ranges::includes(links_of(before), links_of(seen)) &&
         std::ranges::all_of(links_of(before),
                             [&](const auto& id) { return holds(seen, id) || may_hide(field, id, targets); });
}

TextList unseen_additions(std::size_t field, const Value& found, const Value& sent, const Value& seen,
                          const std::vector<Target>& targets) {
  TextList unseen;
  std::ranges::copy_if(links_of(sent), std::back_inserter(unseen), [&](const auto& id) {
    return !holds(found, id) && !holds(seen, id) && may_hide(field, id, targets);
  });
  return unseen;
}

void settle_doubtful(std::size_t field, const Value& found, const Value& sent, const Value& seen, bool landed,
                     const std::vector<Target>& targets, Value& page_shadow, Value& row_shadow) {
  const TextList before = links_of(page_shadow);
  TextList page = before, row = links_of(row_shadow);
  const auto settle = [&](const std::string& id, bool in) {
    put(page, id, in);
    const Target* target = target_of_page(field, id, targets);
    if (target && !target->ref.empty()) put(row, target->ref, in);
  };
  for (const auto& id : links_of(sent)) {
    if (!holds(found, id) && (holds(seen, id) || (landed && may_hide(field, id, targets)))) settle(id, true);
  }
  // One that may be there unseen stays in the shadows, which remember that it is to go.
  for (const auto& id : links_of(found)) {
    if (!holds(sent, id) && !holds(seen, id) && (landed || !may_hide(field, id, targets))) settle(id, false);
  }
  // The page hid these, for their targets are in the trash: they were not sent, and have gone from it with the write.
  for (const auto& id : before) {
    if (landed && !holds(found, id) && !holds(sent, id) && !holds(seen, id)) put(page, id, false);
  }
  page_shadow = as_value(std::move(page));
  row_shadow = as_value(std::move(row));
}

}  // namespace rowpage
