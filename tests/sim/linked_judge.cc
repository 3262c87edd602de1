// The judge of two related pairs: what people see on each side, by title, and what is wrong with it. It knows nothing
// of how links were merged.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/edges.h"
#include "sim/linked_shape.h"

namespace rowpage::sim {

LinkedWorld::View LinkedWorld::notion_view() {
  View view;
  for (std::size_t pair = 0; pair < 2; ++pair) {
    for (const auto& page : live_pages(pair)) {
      Half& half = view[title_of_page(page)];
      half.live = true;
      for (std::size_t field = owner; pair == task_pair && field <= depends; ++field) {
        const auto alive = live_pages(target_pair(field));
        for (const auto& target : links(page, property_of(task_pair, field))) {
          if (std::ranges::find(alive, target) != alive.end()) half.links[field].insert(title_of_page(target));
        }
      }
    }
  }
  return view;
}

LinkedWorld::View LinkedWorld::supabase_view() {
  View view;
  for (std::size_t pair = 0; pair < 2; ++pair) {
    for (const auto& key : live_rows(pair)) {
      Half& half = view[title_of_row(pair, key)];
      half.live = true;
      if (pair == person_pair) continue;
      for (std::size_t field = owner; field <= depends; ++field) {
        TextList targets;
        if (is_join(field)) {
          for (const auto& [own, other] : postgres.joins(join_of(field))) {
            if (own == key) targets.push_back(other);
          }
        } else {
          postgres.use(pairs[task_pair]);
          targets = links_of(postgres.rows().at(key).values[field]);
        }
        const auto alive = live_rows(target_pair(field));
        for (const auto& target : targets) {
          if (std::ranges::find(alive, target) != alive.end())
            half.links[field].insert(title_of_row(target_pair(field), target));
        }
      }
    }
  }
  return view;
}

bool LinkedWorld::logged(std::size_t field, const std::string& from, const std::string& to) {
  postgres.use(pairs[task_pair]);
  const auto conflicts = postgres.conflicts();
  return std::ranges::any_of(conflicts, [&](const Conflict& conflict) {
    if (conflict.field != field || conflict.page_id.empty() || title_of_page(conflict.page_id) != from) return false;
    if (to.empty()) return links_of(conflict.page).empty() || links_of(conflict.row).empty();
    return std::ranges::any_of(links_of(conflict.page), [&](const auto& page) { return title_of_page(page) == to; }) ||
           std::ranges::any_of(links_of(conflict.row), [&](const auto& key) {
             postgres.use(pairs[target_pair(field)]);
             return postgres.rows().contains(key) && title_of_row(target_pair(field), key) == to;
           });
  });
}

void LinkedWorld::decide(std::mt19937_64& dice, bool all) {
  for (const auto& pair : pairs) {
    postgres.use(pair);
    const auto open = postgres.open_conflicts();
    for (const auto& [key, field] : open) {
      const Side winner = dice() % 2 == 0 ? Side::notion : Side::supabase;
      if (all || dice() % 2 == 0) postgres.decide(key, field, winner);
    }
  }
}

bool LinkedWorld::come_to_rest() {
  std::mt19937_64 dice(cycles);  // of its own: what people say at the end changes nothing before
  faults = {};
  postgres.faults = {};
  fate_of = nullptr;
  crash.disarm();
  clock.pass(30 * minute_ms);
  for (int i = 0; i < 12; ++i) {
    clock.pass(5 * minute_ms);
    decide(dice, true);
    const std::uint64_t before = writes();
    RunOptions options;
    options.full = i == 1;
    const auto reports = cycle(options);
    const bool failed =
        !reports || std::ranges::any_of(*reports, [](const auto& report) { return report.error.has_value(); });
    if (!failed && i > 1 && writes() == before) return true;
  }
  return false;
}

std::vector<std::string> LinkedWorld::judge() {
  std::vector<std::string> wrong;
  for (const auto& pair : pairs) {
    postgres.use(pair);
    for (const auto& [nonce, request] : postgres.open_requests()) wrong.push_back("still open: " + request.key);
    for (const auto& [record, parked] : postgres.parked())
      wrong.push_back(pair.model + " still waits: " + record + ": " + parked.reason);
    for (const auto& errand : postgres.errands_kept()) {
      const bool waits = errand.kind == Errand::Kind::await_page || errand.kind == Errand::Kind::await_row;
      if (!waits)
        wrong.push_back(pair.model + " left undone: " + std::string(name_of(errand.kind)) + " " + errand.other);
    }
  }
  const View in_notion = notion_view(), in_supabase = supabase_view();
  std::set<std::string> titles;
  for (const auto* view : {&in_notion, &in_supabase}) {
    for (const auto& [title, half] : *view) titles.insert(title);
  }
  const Half none;
  const auto half = [&](const View& view, const std::string& title) -> const Half& {
    const auto found = view.find(title);
    return found == view.end() ? none : found->second;
  };
  const auto listed = [](const std::set<std::string>& names) { return fmt::format("[{}]", fmt::join(names, ", ")); };
  for (const auto& title : titles) {
    const Half &page = half(in_notion, title), &row = half(in_supabase, title);
    if (page.live != row.live)
      wrong.push_back("I1: " + title + (page.live ? " lives in Notion only" : " lives in Supabase only"));
    if (!page.live || !row.live) continue;
    for (std::size_t field = owner; field <= depends; ++field) {
      if (page.links[field] != row.links[field]) {
        wrong.push_back(fmt::format("I1: {} of {}: Notion {}, Supabase {}", property_of(task_pair, field), title,
                                    listed(page.links[field]), listed(row.links[field])));
      }
    }
  }
  // I2: what only one side touched is as it was left there, or in the log: what an ON DELETE did to a row may beat it.
  for (const auto& [cell, last] : touched_) {
    if (last.last[0].has_value() == last.last[1].has_value()) continue;
    if (last.last[0] && last.window_lost) continue;
    const std::string& meant = last.last[0] ? *last.last[0] : *last.last[1];
    const std::size_t field = static_cast<std::size_t>(cell[0] - '0');
    const std::size_t arrow = cell.find(" → ");
    const std::string from = cell.substr(2, arrow == std::string::npos ? std::string::npos : arrow - 2);
    const std::string to = arrow == std::string::npos ? meant : cell.substr(arrow + std::string(" → ").size());
    if (disturbed_.contains(from) || disturbed_.contains(to)) continue;
    const auto& links = half(in_notion, from).links[field];
    const bool wanted = arrow == std::string::npos ? !meant.empty() : meant == "in";
    const bool kept = wanted ? links.contains(to) : (arrow == std::string::npos ? links.empty() : !links.contains(to));
    if (!kept && !logged(field, from, to)) {
      wrong.push_back(fmt::format("I2: {} of {} was left {} {}, and is {}", property_of(task_pair, field), from,
                                  wanted ? "with" : "without", to, listed(links)));
    }
  }
  return wrong;
}

}  // namespace rowpage::sim
