#include "cli/describe_links.h"

#include <algorithm>

#include <fmt/format.h>

namespace rowpage {
namespace {

// Fields go by their stored names in errands.
std::string property_of(const Pair& pair, const std::string& column) {
  const auto field = std::ranges::find(pair.fields, column, &Field::column);
  return field == pair.fields.end() ? column : field->property;
}

bool awaits(const Errand& errand) {
  return errand.kind == Errand::Kind::await_page || errand.kind == Errand::Kind::await_row;
}

std::string note_of(const Pair& pair, const Errand& errand) {
  const bool page = errand.kind == Errand::Kind::await_page;
  const std::string other = page ? fmt::format("row {} of {}", errand.other, errand.to_table) : "page " + errand.other;
  return fmt::format("{}: the link goes on once {} has a {}", property_of(pair, errand.field), other,
                     page ? "page" : "row");
}

// What a change at this end leaves to the page at the other one.
std::string note_of_far_end(const Errand& errand) {
  switch (errand.kind) {
    case Errand::Kind::look:
      return fmt::format("a link with page {} changed at this end: that page of {} is looked at", errand.page_id,
                         errand.table);
    case Errand::Kind::add:
      return fmt::format("a link is written from its other end, page {} of {}", errand.page_id, errand.table);
    case Errand::Kind::drop:
      return fmt::format("a link is removed from its other end, page {} of {}", errand.page_id, errand.table);
    default:
      return {};
  }
}

void add_names(json::object& into, std::string_view key, const std::vector<Edge>& edges, std::string Edge::*name) {
  if (edges.empty()) return;
  json::array list;
  for (const auto& edge : edges) list.emplace_back(json::string(edge.*name));
  into[key] = std::move(list);
}

}  // namespace

std::vector<std::string> link_notes(const Pair& pair, const Action& action) {
  std::vector<std::string> notes;
  const auto add = [&notes](std::string note) {
    if (!note.empty() && std::ranges::find(notes, note) == notes.end()) notes.push_back(std::move(note));
  };
  for (const auto& errand : action.errands) {
    if (awaits(errand)) add(note_of(pair, errand));
  }
  for (const auto& errand : action.other_errands) add(note_of_far_end(errand));
  return notes;
}

json::array links_to_json(const Pair& pair, const Action& action) {
  json::array out;
  for (const auto& merge : action.edges) {
    if (!merge.to_row() && !merge.to_page()) continue;
    json::object each{{"property", pair.fields.at(merge.field).property}};
    add_names(each, "row_add", merge.row_add, &Edge::ref);
    add_names(each, "row_drop", merge.row_drop, &Edge::ref);
    add_names(each, "page_add", merge.page_add, &Edge::page_id);
    add_names(each, "page_drop", merge.page_drop, &Edge::page_id);
    out.emplace_back(std::move(each));
  }
  return out;
}

json::array waits_to_json(const Pair& pair, const Action& action) {
  json::array out;
  for (const auto& errand : action.errands) {
    if (!awaits(errand)) continue;
    out.emplace_back(json::object{{"property", property_of(pair, errand.field)},
                                  {"for", errand.kind == Errand::Kind::await_page ? "page" : "row"},
                                  {"of", errand.other}});
  }
  return out;
}

}  // namespace rowpage
