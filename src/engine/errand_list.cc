#include "engine/errand_list.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/edges.h"
#include "core/mutant.h"

namespace rowpage {

Status ErrandList::load() {
  errands_.clear();
  settled_.clear();
  by_name_.clear();
  more_ = false;
  const bool narrowed = run_.options.since_ms && !run_.full;
  if (narrowed || std::ranges::none_of(pair_.fields, &Field::is_relation)) return {};
  auto due = run_.ports.store.errands(pair_);
  if (!due) return fail(due.error());
  errands_ = std::move(due->open);
  settled_ = std::move(due->settled);
  if (mutated(Mutant::forget_looks)) {
    std::ranges::copy_if(errands_, std::back_inserter(settled_),
                         [](const Errand& errand) { return errand.kind == Errand::Kind::look; });
    std::erase_if(errands_, [](const Errand& errand) { return errand.kind == Errand::Kind::look; });
  }
  more_ = due->more;
  for (std::size_t i = 0; i < errands_.size(); ++i) {
    if (!errands_[i].key.empty()) by_name_.emplace("key " + errands_[i].key, i);
    if (!errands_[i].page_id.empty()) by_name_.emplace("page " + errands_[i].page_id, i);
  }
  return {};
}

void ErrandList::attach(RecordState& state) const {
  const auto attach = [&](const std::string& name) {
    const auto [begin, end] = by_name_.equal_range(name);
    for (auto at = begin; at != end; ++at) {
      const Errand& errand = errands_[at->second];
      if (std::ranges::find(state.errands, errand) == state.errands.end()) state.errands.push_back(errand);
    }
  };
  if (errands_.empty()) return;
  if (state.link || state.row) attach("key " + (state.link ? state.link->key : state.row->key));
  if (state.link || state.page) attach("page " + (state.link ? state.link->page_id : state.page->id));
}

ErrandList::Visits ErrandList::visits(bool between) const {
  Visits visits;
  for (const auto& errand : errands_) {
    const bool looks = errand.kind == Errand::Kind::look || errand.kind == Errand::Kind::await_row;
    const bool known = between && errand.kind == Errand::Kind::await_row;
    if (looks && !known && !errand.page_id.empty()) {
      visits.read.push_back(errand.page_id);
    } else if (!errand.key.empty() && !known) {
      visits.keys.push_back(errand.key);
    } else if (!errand.page_id.empty()) {
      visits.presumed.push_back(errand.page_id);
    }
  }
  for (auto* list : {&visits.keys, &visits.read, &visits.presumed}) {
    std::ranges::sort(*list);
    list->erase(std::ranges::unique(*list).begin(), list->end());
  }
  return visits;
}

void ErrandList::show_awaited(RecordState& state) const {
  RecordState named;
  named.link = state.link;
  attach(named);
  Page page;
  page.values = state.link->page_shadow;
  for (const auto& errand : named.errands) {
    if (errand.kind != Errand::Kind::await_row) continue;
    const auto field = std::ranges::find(pair_.fields, errand.field, &Field::column);
    if (field == pair_.fields.end()) continue;
    Value& value = page.values[static_cast<std::size_t>(field - pair_.fields.begin())];
    TextList links = field->relation.kind == Relation::Kind::join ? links_of(value) : TextList();
    links.push_back(errand.other);
    value = make_list(std::move(links));
  }
  if (page.values == state.link->page_shadow) return;
  page.id = state.link->page_id;
  page.parent = pair_.data_source;
  page.in_trash = !state.link->page_live;
  page.created_ms = page.edited_ms = state.link->page_edited_ms;
  state.page = std::move(page);
}

}  // namespace rowpage
