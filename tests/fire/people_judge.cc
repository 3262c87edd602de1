// What is true in the end: the ghost's judgement of values, and ours of the links between records.
#include <algorithm>

#include "fire/people.h"

namespace rowpage::fire {

std::vector<std::string> People::judge(const json::value& conflicts) {
  const Shown notion = in_notion(), supabase = in_sql();
  std::map<std::string, std::string> box_names;  // by page id and by row key
  for (const auto* shown : {&notion, &supabase}) {
    for (const auto& box : shown->boxes) box_names[box.id] = box.record;
  }
  std::vector<Conflict> log;
  const auto* list = find_array(conflicts, "conflicts");
  if (!list) return {"the conflicts cannot be read: " + to_text(conflicts)};
  for (const auto& one : *list) {
    Conflict conflict;
    const auto column = find_string(one, "field");
    const auto at = std::find(std::begin(columns_of), std::end(columns_of), column);
    if (at == std::end(columns_of)) continue;
    conflict.field = static_cast<std::size_t>(at - std::begin(columns_of));
    for (const auto& [side, into] : {std::pair{"page", &conflict.page}, {"row", &conflict.row}}) {
      const auto value = value_from_json(*find(one, side));
      if (!value) return {"a conflict's value cannot be read: " + to_text(one)};
      *into = *value;
      if (auto* span = std::get_if<DateSpan>(into)) span->has_time = false;  // the column may keep a time of day
      const auto* linked = std::get_if<TextList>(into);
      if (conflict.field != box_cell || linked == nullptr) continue;
      const auto item =
          item_names_.find(std::string(find_string(one, std::string_view(side) == "page" ? "page_id" : "key")));
      const auto box = box_names.find(linked->front());
      if (item != item_names_.end() && box != box_names.end()) *into = item->second + ">" + box->second;
    }
    log.push_back(std::move(conflict));
  }

  sim::Ghost::Side1 sides[2];
  std::map<std::string, std::set<std::string>> boxes[2];
  int which = 0;
  for (const auto* shown : {&notion, &supabase}) {
    auto& side = sides[which];
    for (const auto* halves : {&shown->items, &shown->boxes}) {
      for (const auto& half : *halves) {
        if (half.deleted) continue;
        if (!side.live.emplace(half.record, half.values).second) side.doubles.insert(half.record);
        if (halves == &shown->items) boxes[which][half.record] = half.boxes;
      }
    }
    ++which;
  }
  auto wrong = ghost_.judge(sides[0], sides[1], log);

  for (const auto& [record, linked] : boxes[0]) {
    const auto other = boxes[1].find(record);
    if (other == boxes[1].end()) continue;  // said above
    if (linked != other->second) wrong.push_back("I1: the boxes of record " + record + " differ");
    for (const auto& box : linked) {
      if (!links_.contains({record, box})) wrong.push_back("I5: nobody linked record " + record + " to " + box);
    }
    for (const auto& [link, wish] : links_) {
      if (link.first != record) continue;
      if (wish == Wish::there && !linked.contains(link.second))
        wrong.push_back("I2: the link of record " + record + " to " + link.second + " is lost");
      if (wish == Wish::gone && linked.contains(link.second))
        wrong.push_back("I4: the link of record " + record + " to " + link.second + " was removed and is there again");
    }
  }
  // What people did to a record that is wrong, for whoever looks into it.
  std::set<std::string> records;
  for (const auto& line : wrong) {
    const auto at = line.find("record ");
    if (at != std::string::npos) records.insert(line.substr(at + 7, line.find_first_of(" :", at + 7) - at - 7));
  }
  for (const auto& record : records) {
    for (const auto& line : acts_on(record)) wrong.push_back("  " + record + " at " + line);
    std::set<std::string> keys;
    for (const auto* shown : {&supabase}) {
      for (const auto* halves : {&shown->items, &shown->boxes}) {
        for (const auto& half : *halves) {
          if (half.record == record) keys.insert(half.id);
        }
      }
    }
    for (const auto& key : keys) {
      for (const auto& row : stage_.sql("select run::text, side, action, before::text, after::text, reason from "
                                        "rowpage.history where row_key = $1 order by id",
                                        {key})) {
        std::string line = "  " + record + " history: run";
        for (const auto& cell : row) line += " " + cell.value_or("-");
        wrong.push_back(std::move(line));
      }
    }
  }
  return wrong;
}

}  // namespace rowpage::fire
