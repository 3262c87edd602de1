#include "sandbox/relations.h"

#include <algorithm>

namespace rowpage::sandbox {

Outcome<void> check_targets(const Call& call, const Property& property, const json::array& ids) {
  for (const auto& text : ids) {
    const auto id = *parse_id(text.get_string());
    const auto* page = call.world.page(id);
    if (!page || !call.sees({Parent::Kind::page, id})) return not_found("page", id);
    const auto& parent = page->now->parent;
    if (parent.kind != Parent::Kind::source || parent.id != property.target) {
      return invalid("Page with ID " + id.text() + " is not a row of the data source that the relation \"" +
                     property.name + "\" points to.");
    }
  }
  return {};
}

std::pair<json::value, bool> show_targets(const Call& call, const Property& property, const json::value* cell,
                                          std::size_t most) {
  json::array shown;
  if (!cell || !cell->is_array()) return {std::move(shown), false};
  if (!call.person && property.target && !call.world.shared({Parent::Kind::source, property.target})) {
    return {std::move(shown), false};
  }
  for (const auto& text : cell->get_array()) {
    const auto* page = call.world.page(*parse_id(text.get_string()));
    if (page && page->now->in_trash) continue;
    if (shown.size() == most) return {std::move(shown), true};
    shown.push_back(json::object{{"id", text}});
  }
  return {std::move(shown), false};
}

void sync_back_ends(Call& call, Page& page, const Source& source, const PageState& before) {
  const json::value own = json::string(page.id.text());
  for (const auto& property : source.properties) {
    if (property.type != "relation" || !property.dual) continue;
    const auto* target_source = call.world.source(property.target);
    const auto* back = target_source ? target_source->by_id(property.synced_id) : nullptr;
    if (!back) continue;
    const auto* old_cell = before.cell(property.key);
    const auto* new_cell = page.now->cell(property.key);
    static const json::array nothing;
    const auto& old_ids = old_cell && old_cell->is_array() ? old_cell->get_array() : nothing;
    const auto& new_ids = new_cell && new_cell->is_array() ? new_cell->get_array() : nothing;
    const auto change = [&](const json::value& target, bool add) {
      auto* other = call.world.page(*parse_id(target.get_string()));
      if (!other) return;
      PageState state = *other->now;
      const auto* cell = state.cell(back->key);
      json::array ids = cell && cell->is_array() ? cell->get_array() : json::array();
      const auto found = std::ranges::find(ids, own);
      if (add == (found != ids.end())) return;
      if (add) {
        ids.push_back(own);
      } else {
        ids.erase(found);
      }
      state.set(back->key, std::move(ids));
      state.written = call.now;
      if (call.habits.back_ends_bump) {
        state.edited = call.stamp();
        state.edited_by = call.actor;
      }
      call.world.publish(*other, std::move(state), call.keep_ms());
    };
    for (const auto& id : old_ids) {
      if (std::ranges::find(new_ids, id) == new_ids.end()) change(id, false);
    }
    for (const auto& id : new_ids) {
      if (std::ranges::find(old_ids, id) == old_ids.end()) change(id, true);
    }
  }
}

}  // namespace rowpage::sandbox
