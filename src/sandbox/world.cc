#include "sandbox/world.h"

#include <algorithm>

namespace rowpage::sandbox {

void PageState::set(std::uint32_t key, json::value value) {
  for (auto& cell : cells) {
    if (cell.key == key) {
      cell.value = std::move(value);
      return;
    }
  }
  cells.push_back({key, std::move(value)});
}

const Links& PageState::links(std::uint32_t key) const {
  static const Links none;
  const auto found = std::ranges::find(relations, key, &std::pair<std::uint32_t, Links>::first);
  return found == relations.end() ? none : found->second;
}

void PageState::set_links(std::uint32_t key, Links links) {
  const auto found = std::ranges::find(relations, key, &std::pair<std::uint32_t, Links>::first);
  if (found != relations.end()) {
    found->second = std::move(links);
  } else if (!links.empty()) {
    relations.emplace_back(key, std::move(links));
  }
}

void PageState::keep(const Property& property, json::value value) {
  if (property.type != "relation") return set(property.key, std::move(value));
  std::vector<Id> ids;
  if (const auto* list = value.if_array()) {
    for (const auto& text : *list) {
      if (const auto id = text.is_string() ? parse_id(text.get_string()) : std::nullopt) ids.push_back(*id);
    }
  }
  set_links(property.key, Links(ids));
}

const PageState* Page::at(Millis moment) const {
  if (now->written <= moment) return now.get();
  const auto later = std::ranges::upper_bound(past, moment, {}, [](const auto& state) { return state->written; });
  return later == past.begin() ? nullptr : std::prev(later)->get();
}

const Property* Source::by_name(std::string_view name) const {
  const auto found = std::ranges::find(properties, name, &Property::name);
  return found == properties.end() ? nullptr : &*found;
}

const Property* Source::by_id(std::string_view id) const {
  const auto found = std::ranges::find(properties, id, &Property::id);
  return found == properties.end() ? nullptr : &*found;
}

const Property* Source::find(std::string_view name_or_id) const {
  if (const auto* property = by_name(name_or_id)) return property;
  if (const auto* property = by_id(name_or_id)) return property;
  if (name_or_id.find('%') == std::string_view::npos) return nullptr;
  return by_id(percent_decode(name_or_id));
}

const Property* Source::title_property() const {
  return by_id("title");
}

std::uint32_t World::key_of(std::string_view property_id) {
  const auto [found, added] = keys_.try_emplace(std::string(property_id), static_cast<std::uint32_t>(keys_.size() + 1));
  return found->second;
}

std::string World::new_property_id(const Source& source) {
  // Some of these characters need percent-encoding in URLs, as in the real service: clients that forget it must fail
  // here.
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz:;<=>?@[]^_`{|}~\\";
  for (;;) {
    std::string id;
    auto bits = ids.number();
    for (int i = 0; i < 4; ++i, bits >>= 16) id += alphabet[(bits & 0xffff) % alphabet.size()];
    if (!source.by_id(id) && !source.by_name(id)) return id;
  }
}

Page& World::add_page(const Id& id, PageState state, Millis created, const Id& by) {
  auto page = std::make_unique<Page>();
  page->id = id;
  page->sequence = next_sequence++;
  page->created = created;
  page->created_by = by;
  const Parent parent = state.parent;
  const Millis written = state.written;
  page->now = std::make_shared<const PageState>(std::move(state));
  Page& added = *page;
  pages[id] = std::move(page);
  if (parent.kind == Parent::Kind::source) {
    if (auto* rows_of = source(parent.id)) {
      rows_of->rows.push_back(&added);
      rows_of->changed = std::max(rows_of->changed, written);
    }
  } else {
    adopt(parent, id);
  }
  return added;
}

void World::publish(Page& page, PageState state, Millis keep_ms) {
  const Millis moment = state.written;
  const Parent from = page.now->parent;
  const Parent to = state.parent;
  // A state replaced at the moment it was written is never shown again.
  if (page.now->written < moment) page.past.push_back(std::move(page.now));
  page.now = std::make_shared<const PageState>(std::move(state));
  // Of the states that every index has left behind only the newest is still needed. They go half a list at a time.
  const auto written = [](const auto& past) { return past->written; };
  const auto needed = std::ranges::upper_bound(page.past, moment - keep_ms, {}, written) - page.past.begin() - 1;
  if (needed > 0 && needed >= static_cast<std::ptrdiff_t>(page.past.size()) / 2)
    page.past.erase(page.past.begin(), page.past.begin() + needed);
  for (const auto& place : {from, to}) {
    if (place.kind != Parent::Kind::source) continue;
    auto* rows_of = source(place.id);
    if (!rows_of) continue;
    rows_of->changed = std::max(rows_of->changed, moment);
    if (place.id == to.id && from.id != to.id && std::ranges::find(rows_of->rows, &page) == rows_of->rows.end()) {
      rows_of->rows.push_back(&page);
    }
  }
}

void World::adopt(const Parent& parent, const Id& child, const Id* after, bool at_start) {
  std::vector<Id>* list = nullptr;
  if (parent.kind == Parent::Kind::page) {
    if (auto* owner = page(parent.id)) list = &owner->children;
  } else if (parent.kind == Parent::Kind::block) {
    if (auto* owner = block(parent.id)) list = &owner->children;
  }
  if (!list) return;
  auto place = at_start ? list->begin() : list->end();
  if (after) {
    const auto found = std::ranges::find(*list, *after);
    if (found != list->end()) place = found + 1;
  }
  list->insert(place, child);
}

void World::disown(const Parent& parent, const Id& child) {
  if (auto* owner = parent.kind == Parent::Kind::page ? page(parent.id) : nullptr) std::erase(owner->children, child);
  if (auto* owner = parent.kind == Parent::Kind::block ? block(parent.id) : nullptr) std::erase(owner->children, child);
}

namespace {

// Walks from a parent to the workspace; `stop` sees each thing on the way and ends the walk by returning true.
template <class Stop>
bool any_above(const World& world, Parent place, Stop stop) {
  for (int depth = 0; depth < 64; ++depth) {
    switch (place.kind) {
      case Parent::Kind::workspace:
        return false;
      case Parent::Kind::page: {
        const auto* page = world.page(place.id);
        if (!page) return false;
        if (stop(page->now->in_trash, page->unshared)) return true;
        place = page->now->parent;
        break;
      }
      case Parent::Kind::source: {
        const auto* source = world.source(place.id);
        if (!source) return false;
        if (stop(source->in_trash, source->unshared)) return true;
        place = {Parent::Kind::database, source->database};
        break;
      }
      case Parent::Kind::database: {
        const auto* database = world.database(place.id);
        if (!database) return false;
        if (stop(database->in_trash, database->unshared)) return true;
        place = database->parent;
        break;
      }
      case Parent::Kind::block: {
        const auto* block = world.block(place.id);
        if (!block) return false;
        if (stop(block->in_trash, false)) return true;
        place = block->parent;
        break;
      }
    }
  }
  return false;
}

}  // namespace

bool World::trashed(const Parent& parent) const {
  return any_above(*this, parent, [](bool in_trash, bool) { return in_trash; });
}

bool World::shared(const Parent& parent) const {
  return !any_above(*this, parent, [](bool, bool unshared) { return unshared; });
}

std::string encode_property_id(std::string_view id) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : id) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace rowpage::sandbox
