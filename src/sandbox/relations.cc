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

namespace {

bool shows(const Call& call, const Property& property) {
  return call.person || !property.target || call.world.shared({Parent::Kind::source, property.target});
}

bool shows(const Call& call, const Id& target) {
  const auto* page = call.world.page(target);
  return !page || !page->now->in_trash;
}

// One end of a link: the other end's page gains or loses the link back.
void write_end(Call& call, const Page& page, const Id& target, const Property& back, bool add) {
  auto* other = call.world.page(target);
  if (!other) return;
  const Links& links = other->now->links(back.key);
  if (links.contains(page.id) == add) return;
  PageState state = *other->now;
  state.set_links(back.key, add ? links.with(page.id) : links.without(page.id));
  // As late as the link itself; a page that was seeded stands in every index at once, and so does its link.
  state.written = std::max(state.written, page.now->written);
  if (call.habits.back_ends_bump) {
    state.edited = call.stamp();
    state.edited_by = call.actor;
  }
  call.world.publish(*other, std::move(state), call.keep_ms());
}

}  // namespace

std::pair<json::array, bool> show_targets(const Call& call, const Property& property, const PageState& state,
                                          std::size_t most) {
  json::array shown;
  bool more = false;
  if (!shows(call, property)) return {std::move(shown), false};
  state.links(property.key).each([&](const Id& id) {
    if (!shows(call, id)) return true;
    more = shown.size() == most;
    if (!more) shown.push_back(json::object{{"id", id.text()}});
    return !more;
  });
  return {std::move(shown), more};
}

std::vector<Id> visible_targets(const Call& call, const Property& property, const PageState& state) {
  std::vector<Id> ids;
  if (!shows(call, property)) return ids;
  ids = state.links(property.key).all();
  std::erase_if(ids, [&](const Id& id) { return !shows(call, id); });
  return ids;
}

void sync_back_ends(Call& call, Page& page, const Source& source, const PageState& before) {
  const auto now = page.now;  // kept: a page that links to itself is written on the way
  for (const auto& property : source.properties) {
    if (property.type != "relation" || !property.dual) continue;
    const auto* target_source = call.world.source(property.target);
    const auto* back = target_source ? target_source->by_id(property.synced_id) : nullptr;
    if (!back) continue;
    const Links& old_links = before.links(property.key);
    const Links& new_links = now->links(property.key);
    old_links.each([&](const Id& id) {
      if (!new_links.contains(id)) write_end(call, page, id, *back, false);
      return true;
    });
    new_links.each([&](const Id& id) {
      if (!old_links.contains(id)) write_end(call, page, id, *back, true);
      return true;
    });
  }
}

}  // namespace rowpage::sandbox
