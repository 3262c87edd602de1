#include "core/plan_links.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/edges.h"
#include "core/mutant.h"

namespace rowpage {
namespace {

constexpr std::string_view unnamed_mark = "page:";  // before the id of a page whose row is not known

std::string counted_links(std::size_t count, const char* what) {
  return std::to_string(count) + (count == 1 ? " link " : " links ") + what;
}

void explain(std::vector<std::string>& reasons, const Field& field, const char* where, const std::vector<Edge>& added,
             const std::vector<Edge>& dropped) {
  std::string text = label(field) + ": ";
  if (!added.empty()) text += counted_links(added.size(), "added");
  if (!added.empty() && !dropped.empty()) text += ", ";
  if (!dropped.empty()) text += counted_links(dropped.size(), "removed");
  reasons.push_back(text + " in " + where);
}

}  // namespace

Value LinkPlanner::as_refs(std::size_t i, const Value& pages) const {
  TextList refs;
  for (const auto& id : links_of(pages)) {
    const Target* target = target_of_page(i, id, state_.targets);
    refs.push_back(target && !target->ref.empty() ? target->ref : std::string(unnamed_mark) + id);
  }
  return make_list(std::move(refs));
}

void LinkPlanner::name_rows(std::size_t i, FieldState& field) const {
  field.page = without_doubted(i, field.page);
  // A page that lost its link is taken at its word only if the target lives.
  if (links_of(field.page).empty()) field.page = without_vanished(i, field.page, field.page_shadow, state_.targets);
  field.page = as_refs(i, field.page);
  field.page_shadow = as_refs(i, field.page_shadow);
  // Emptied because the linked row was deleted (ON DELETE SET NULL): nobody's word against a new link in Notion.
  const TextList& before = links_of(field.row_shadow);
  const Target* gone = before.empty() ? nullptr : target_of_ref(i, before.front(), state_.targets);
  const bool by_cascade = is_null(field.row) && !before.empty() && !(gone && gone->live);
  if (by_cascade && field.page != field.page_shadow) field.row_shadow = Null{};
}

bool LinkPlanner::target_ready(std::size_t i, Side source, const FieldState& now) {
  const Field& field = pair_.fields[i];
  if (field.relation.kind != Relation::Kind::column) return true;
  const TextList& links = links_of(source == Side::notion ? now.page : now.row);
  if (links.size() != 1) return true;  // emptied; or more than the column holds, which parks
  const std::string& name = links.front();
  const bool unnamed = name.starts_with(unnamed_mark);
  const Target* target = unnamed ? nullptr : target_of_ref(i, name, state_.targets);
  if (target && target->live && !target->page_id.empty()) return true;
  if (mutated(Mutant::forget_waiting_links)) {
    action_.agreed.push_back(i);
    return false;
  }
  action_.late.push_back(i);
  tell_of_waiting(field, 1);
  if (source == Side::notion) {
    action_.errands.push_back(
        waiting_for(field, Errand::Kind::await_row, unnamed ? name.substr(unnamed_mark.size()) : target->page_id));
  } else if (target) {
    action_.errands.push_back(waiting_for(field, Errand::Kind::await_page, target->key));
  }
  return false;
}

bool LinkPlanner::replaced_by_deleted(std::size_t i, const FieldState& now) const {
  if (mutated(Mutant::former_link_stays)) return false;
  const TextList& links = links_of(now.row);
  if (links.size() != 1 || action_.page_now.empty() || links_of(action_.page_now[i]).empty()) return false;
  const Target* target = target_of_ref(i, links.front(), state_.targets);
  return target && target->deleted;
}

void LinkPlanner::tell_of_waiting(const Field& field, std::size_t links) {
  action_.reasons.push_back(label(field) + ": " +
                            (links == 1 ? "a link waits" : std::to_string(links) + " links wait") +
                            " until what it leads to is on both sides (" + field.relation.to + ")");
}

std::optional<Misfit> LinkPlanner::send_to_row(std::size_t i, const Value& refs) {
  const Field& field = pair_.fields[i];
  const std::size_t count = links_of(refs).size();
  if (count > 1) {
    return Misfit{
        label(field) + " shows " + std::to_string(count) + " links, and column " + field.column + " holds one",
        "Leave one link in Notion; the record is tried again when it changes."};
  }
  if (count == 0 && field.relation.required) {
    return Misfit{label(field) + " links to nothing in Notion, and column " + field.column + " is required (NOT NULL)",
                  "Link it in Notion; the record is tried again when it changes."};
  }
  action_.row_set.push_back({i, refs});
  return std::nullopt;
}

void LinkPlanner::send_to_page(std::size_t i, const Value& refs) {
  TextList ids;
  for (const auto& ref : links_of(refs)) {
    if (const Target* target = target_of_ref(i, ref, state_.targets)) ids.push_back(target->page_id);
  }
  action_.page_set.push_back({i, make_list(std::move(ids))});
}

Value LinkPlanner::without_doubted(std::size_t i, const Value& page) const {
  TextList links = links_of(page);
  for (const auto& errand : state_.errands) {
    if (doubts(errand, i)) std::erase(links, errand.other);
  }
  return make_list(std::move(links));
}

// Not one that was agreed since: a later write of ours carried it.
bool LinkPlanner::doubts(const Errand& errand, std::size_t i) const {
  if (errand.kind != Errand::Kind::drop || errand.field != pair_.fields[i].column) return false;
  return !state_.link || !std::ranges::binary_search(links_of(state_.link->page_shadow[i]), errand.other);
}

void LinkPlanner::clear_doubted(std::size_t i) {
  const Field& field = pair_.fields[i];
  const auto of_field = [&](const Errand& errand) {
    return errand.kind == Errand::Kind::drop && errand.field == field.column;
  };
  std::ranges::copy_if(state_.errands, std::back_inserter(action_.errands_done), of_field);
  const bool doubted = std::ranges::any_of(state_.errands, [&](const Errand& errand) { return doubts(errand, i); });
  if (!doubted || action_.page_now.empty()) return;
  const auto sets = [i](const std::vector<Change>& changes) {
    return std::ranges::find(changes, i, &Change::field) != changes.end();
  };
  if (sets(action_.page_set)) return;
  Value shown = without_doubted(i, action_.page_now[i]);
  if (links_of(shown).size() > links_per_write) return;  // more than one write takes: it stays as it is
  if (field.relation.kind == Relation::Kind::join &&
      std::ranges::find(action_.edges, i, &EdgeMerge::field) == action_.edges.end()) {
    EdgeMerge nothing;
    nothing.field = i;
    action_.edges.push_back(std::move(nothing));
  }
  action_.page_set.push_back({i, std::move(shown)});
  action_.page_reasons.push_back(
      label(field) + ": a link whose writing has no known outcome, and whose target is in the trash, is taken back");
}

std::optional<Misfit> LinkPlanner::merge(std::size_t i, bool afresh) {
  const Field& field = pair_.fields[i];
  EdgeState now;
  if (!action_.page_now.empty()) now.page = without_doubted(i, action_.page_now[i]);
  if (!action_.row_now.empty()) now.row = action_.row_now[i];
  if (state_.link && !afresh) {
    now.page_shadow = state_.link->page_shadow[i];
    now.row_shadow = state_.link->row_shadow[i];
  }
  EdgeMerge merge = merge_edges(field, i, now, state_.targets, field.direction != Direction::to_supabase,
                                field.direction != Direction::to_notion);
  if (mutated(Mutant::links_as_one_value)) merge.page_add.clear();
  if (mutated(Mutant::forget_waiting_links)) merge.waiting.clear();
  if (merge.drift) {
    action_.drift.push_back(i);
    action_.reasons.push_back(label(field) + ": links changed on the side that is read only for this field");
  }
  if (!merge.waiting.empty()) tell_of_waiting(field, merge.waiting.size());
  std::ranges::move(std::exchange(merge.waiting, {}), std::back_inserter(action_.errands));
  if (merge.to_page()) {
    if (auto misfit = fit_into_one_write(field, merge)) return misfit;
  }
  if (merge.to_row()) explain(action_.row_reasons, field, "Notion", merge.row_add, merge.row_drop);
  if (merge.to_page()) {
    explain(action_.page_reasons, field, "Supabase", merge.page_add, merge.page_drop);
    action_.page_set.push_back({i, make_list(merge.page_after)});
  }
  if (merge.to_page() || merge.to_row() || merge.learns()) action_.edges.push_back(std::move(merge));
  return std::nullopt;
}

// Notion takes 100 links in one write, which replaces the whole list. What is beyond goes to the other end of a two-way
// relation, link by link.
std::optional<Misfit> LinkPlanner::fit_into_one_write(const Field& field, EdgeMerge& merge) {
  if (merge.page_after.size() <= links_per_write) return std::nullopt;
  if (mutated(Mutant::links_cut_at_hundred)) {
    merge.page_after.resize(links_per_write);
    return std::nullopt;
  }
  if (field.relation.far.empty()) {
    return Misfit{label(field) + " is to show " + std::to_string(merge.page_after.size()) +
                      " links; Notion takes at most 100 in one write, and the rest can be written only from the other "
                      "end of a two-way relation",
                  "Make the relation two-way in Notion (and `two_way` in the mapping), or keep fewer links."};
  }
  // The own end takes what fits, as long as writing it takes nothing away.
  const std::size_t kept = merge.page_after.size() - merge.page_add.size();
  const std::size_t room = kept < links_per_write ? links_per_write - kept : 0;
  const std::vector<Edge> beyond(merge.page_add.begin() + static_cast<std::ptrdiff_t>(room), merge.page_add.end());
  merge.page_add.resize(room);
  for (const auto& edge : beyond) {
    std::erase(merge.page_after, edge.page_id);
    ask_far_end(field, Errand::Kind::add, edge.page_id);
  }
  if (kept > links_per_write) {
    for (const auto& edge : std::exchange(merge.page_drop, {})) ask_far_end(field, Errand::Kind::drop, edge.page_id);
  }
  return std::nullopt;
}

// Something about another record: the one behind `page_id` at the far end.
void LinkPlanner::ask_far_end(const Field& field, Errand::Kind kind, const std::string& page_id) {
  Errand errand;
  errand.kind = kind;
  errand.schema = field.relation.to_schema;
  errand.table = field.relation.to_table;
  errand.page_id = page_id;
  errand.field = field.relation.far;
  errand.other = action_.page_id;  // empty for a page about to be made: filled in when it is
  action_.other_errands.push_back(std::move(errand));
}

std::optional<Misfit> LinkPlanner::follow_back_end(std::size_t i) {
  const Field& field = pair_.fields[i];
  const Value shadow = state_.link ? state_.link->page_shadow[i] : Value{};
  const Value shown = action_.page_now.empty() ? Value{} : action_.page_now[i];
  TextList wanted = links_of(shown);
  for (const auto& errand : state_.errands) {
    const bool add = errand.kind == Errand::Kind::add;
    if (errand.field != field.column || (!add && errand.kind != Errand::Kind::drop)) continue;
    const bool there = std::ranges::binary_search(wanted, errand.other);
    if (add && !there) wanted.insert(std::ranges::lower_bound(wanted, errand.other), errand.other);
    if (!add && there) std::erase(wanted, errand.other);
    action_.errands_done.push_back(errand);
    ask_far_end(field, Errand::Kind::look, errand.other);
  }
  if (shown != shadow) {
    if (state_.page) action_.noticed.push_back(i);
    for (const auto& target : state_.targets) {
      if (target.field == i && !mutated(Mutant::deaf_back_end)) ask_far_end(field, Errand::Kind::look, target.page_id);
    }
  }
  if (make_list(wanted) == shown) return std::nullopt;
  if (wanted.size() > links_per_write) {
    return Misfit{label(field) + " is to show " + std::to_string(wanted.size()) +
                      " links, and so is its other end; Notion takes at most 100 in one write",
                  "Remove links on either end, or add these by hand in Notion."};
  }
  action_.page_set.push_back({i, make_list(std::move(wanted))});
  action_.page_reasons.push_back(label(field) + ": links written from this end, for the other has more than 100");
  return std::nullopt;
}

bool LinkPlanner::linked(Side side, std::size_t i) const {
  const Field& field = pair_.fields[i];
  const bool travels =
      side == Side::notion ? field.direction != Direction::to_notion : field.direction != Direction::to_supabase;
  if (!travels || field.relation.kind == Relation::Kind::back) return false;
  const Value& now = side == Side::notion ? action_.page_now[i] : action_.row_now[i];
  const Value& shadow = side == Side::notion ? state_.link->page_shadow[i] : state_.link->row_shadow[i];
  return std::ranges::any_of(links_of(now), [&](const std::string& name) {
    if (std::ranges::binary_search(links_of(shadow), name)) return false;
    const Target* target =
        side == Side::notion ? target_of_page(i, name, state_.targets) : target_of_ref(i, name, state_.targets);
    // Its record may have one half only as yet, so that the link waits, or be a page nobody has read: an edit all the
    // same.
    if (!target) return side == Side::notion;
    return target->live || (side == Side::notion ? target->ref.empty() : target->page_id.empty());
  });
}

}  // namespace rowpage
