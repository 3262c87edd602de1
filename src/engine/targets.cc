#include "engine/targets.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "core/edges.h"

namespace rowpage {
namespace {

// The four lists of one record's relation.
struct Lists {
  Value page, row, page_shadow, row_shadow;
  // As both shadows have it. Of shadows that hold unlike numbers of links one remembers something that has still to
  // travel.
  bool unchanged() const {
    return page == page_shadow && row == row_shadow && links_of(page_shadow).size() == links_of(row_shadow).size();
  }
};

Lists lists_of(const RecordState& state, std::size_t field) {
  Lists lists;
  if (state.link) {
    lists.page_shadow = state.link->page_shadow[field];
    lists.row_shadow = state.link->row_shadow[field];
  }
  lists.page = state.page ? state.page->values[field] : lists.page_shadow;
  if (state.row) lists.row = state.row->values[field];
  return lists;
}

template <class... Lists>
TextList all_names(const Lists&... values) {
  std::set<std::string> names;
  (names.insert(links_of(values).begin(), links_of(values).end()), ...);
  return {names.begin(), names.end()};
}

class Finder {
 public:
  Finder(Run& run, std::span<RecordState* const> states) : run_(run), pair_(run.pair), states_(states) {}

  Status find() {
    for (RecordState* state : states_) state->targets.clear();
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
      const auto kind = pair_.fields[i].relation.kind;
      if (kind == Relation::Kind::none) continue;
      if (auto done = kind == Relation::Kind::back ? follow_back_end(i) : look_up(i); !done) return done;
    }
    return {};
  }

 private:
  Status look_up(std::size_t field) {
    std::vector<std::pair<RecordState*, Lists>> changed;
    std::set<std::string> pages, refs;
    for (RecordState* state : states_) {
      Lists lists = lists_of(*state, field);
      if (state->link && lists.unchanged() && !run_.full) continue;
      for (auto& id : all_names(lists.page, lists.page_shadow)) pages.insert(std::move(id));
      for (auto& ref : all_names(lists.row, lists.row_shadow)) refs.insert(std::move(ref));
      changed.emplace_back(state, std::move(lists));
    }
    if (pages.empty() && refs.empty()) return {};
    const std::vector<std::string> page_list(pages.begin(), pages.end()), ref_list(refs.begin(), refs.end());
    auto found = run_.ports.store.targets(pair_, field, page_list, ref_list);
    if (!found) return fail(found.error());
    if (auto seen = see_vanished(field, changed, *found); !seen) return seen;
    for (auto& [state, lists] : changed) {
      const TextList own_pages = all_names(lists.page, lists.page_shadow);
      const TextList own_refs = all_names(lists.row, lists.row_shadow);
      std::ranges::copy_if(*found, std::back_inserter(state->targets), [&](const Target& target) {
        return std::ranges::binary_search(own_pages, target.page_id) ||
               std::ranges::binary_search(own_refs, target.ref);
      });
    }
    return {};
  }

  // Targets of links that pages lost, read by id: do they live?
  Status see_vanished(std::size_t field, const std::vector<std::pair<RecordState*, Lists>>& changed,
                      std::vector<Target>& found) {
    std::set<std::string> vanished;
    for (const auto& [state, lists] : changed) {
      if (!state->page) continue;
      const TextList& shown = links_of(lists.page);
      // A foreign key that links elsewhere now has been changed by a person, whatever became of the old target.
      if (pair_.fields[field].relation.kind == Relation::Kind::column && !shown.empty()) continue;
      std::ranges::copy_if(links_of(lists.page_shadow), std::inserter(vanished, vanished.end()),
                           [&](const std::string& id) { return !std::ranges::binary_search(shown, id); });
    }
    return see_alive(run_, field, vanished, found);
  }

  // Of the links that came and went at a back end, those that their owner's record does not know yet.
  Status follow_back_end(std::size_t field) {
    std::vector<Store::SeenEdge> edges;
    for (RecordState* state : states_) {
      if (!state->page) continue;
      const Lists lists = lists_of(*state, field);
      const TextList &shown = links_of(lists.page), &before = links_of(lists.page_shadow);
      for (const auto& id : all_names(lists.page, lists.page_shadow)) {
        const bool now = std::ranges::binary_search(shown, id);
        if (now != std::ranges::binary_search(before, id)) edges.push_back({state->page->id, id, now});
      }
    }
    if (edges.empty()) return {};
    auto news = run_.ports.store.news(pair_, field, edges);
    if (!news) return fail(news.error());
    for (const auto& edge : *news) {
      for (RecordState* state : states_) {
        if (!state->page || state->page->id != edge.page_id) continue;
        Target owner;
        owner.field = field;
        owner.page_id = edge.owner;
        state->targets.push_back(std::move(owner));
        break;
      }
    }
    return {};
  }

  Run& run_;
  const Pair& pair_;
  std::span<RecordState* const> states_;
};

}  // namespace

Status see_alive(Run& run, std::size_t field, const std::set<std::string>& page_ids, std::vector<Target>& targets) {
  std::vector<std::string> ids;
  for (const auto& id : page_ids) {
    const Target* target = target_of_page(field, id, targets);
    if (target && target->live && !run.lives.contains(id) && !run.unread.contains(id)) ids.push_back(id);
  }
  const std::string& home = run.pair.fields[field].relation.to_source;
  for (std::size_t at = 0; at < ids.size(); at += run.options.in_flight) {
    std::vector<PageRequest> reads;
    for (std::size_t i = at; i < std::min(ids.size(), at + run.options.in_flight); ++i) {
      PageRequest read;
      read.page_id = ids[i];
      read.bare = true;
      reads.push_back(std::move(read));
    }
    auto answers = run.ports.notion.perform(run.pair, reads);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const auto& answer = answers[i];
      if (!answer && answer.error().scope != Scope::record && answer.error().cause != Cause::not_found)
        return fail(answer.error());
      if (!answer && answer.error().cause != Cause::not_found) {
        run.unread.insert(ids[at + i]);
        continue;
      }
      run.lives[ids[at + i]] = answer && !answer->in_trash && !answer->is_archived &&
                               (home.empty() ? !answer->parent.empty() : answer->parent == home);
    }
  }
  for (auto& target : targets) {
    const auto lives = run.lives.find(target.page_id);
    target.seen = lives != run.lives.end() && lives->second;
    target.unread = page_ids.contains(target.page_id) && run.unread.contains(target.page_id);
  }
  return {};
}

Status find_targets(Run& run, std::span<RecordState* const> states) {
  const bool links = std::ranges::any_of(run.pair.fields, &Field::is_relation);
  if (!links || states.empty()) return {};
  return Finder(run, states).find();
}

Status find_targets(Run& run, std::vector<RecordState>& states) {
  std::vector<RecordState*> pointers;
  for (auto& state : states) pointers.push_back(&state);
  return find_targets(run, pointers);
}

Status find_targets(Run& run, RecordState& state) {
  RecordState* const one[] = {&state};
  return find_targets(run, one);
}

Result<std::vector<Target>> targets_of(Run& run, const std::vector<Change>& page_values) {
  std::vector<Target> targets;
  for (const auto& [field, value] : page_values) {
    const auto kind = run.pair.fields[field].relation.kind;
    const TextList& ids = links_of(value);
    if (ids.empty() || (kind != Relation::Kind::column && kind != Relation::Kind::join)) continue;
    auto found = run.ports.store.targets(run.pair, field, ids, {});
    if (!found) return fail(found.error());
    std::ranges::move(*found, std::back_inserter(targets));
  }
  return targets;
}

}  // namespace rowpage
