#include "fire/people.h"

#include <algorithm>
#include <stdexcept>

#include "core/time.h"

namespace rowpage::fire {
namespace {

constexpr std::size_t whole_record = 99;  // "cell" of a deletion or restoring
constexpr std::size_t any_blank = 98;     // "cell" of whatever was emptied
constexpr const char* properties_of[] = {"Name", "Note", "Amount", "Kind", "Day", "Box"};
constexpr int open_deletions_max = 4;
constexpr Millis first_day = 20'000 * day_ms;

// A property as a person empties it.
json::object blank_of(std::size_t cell) {
  if (cell == note_cell) return {{"rich_text", json::array()}};
  return {{cell == amount_cell ? "number" : cell == kind_cell ? "select" : "date", nullptr}};
}

json::object rich(const char* type, const std::string& text) {
  return {{type, json::array{json::object{{"type", "text"}, {"text", json::object{{"content", text}}}}}}};
}

}  // namespace

People::People(Stage& stage, std::uint64_t seed, bool hard_deletes, std::string item_source, std::string box_source)
    : stage_(stage), dice_(seed), hard_(hard_deletes), sources_{std::move(item_source), std::move(box_source)} {}

// --- what they may do ---

void People::did(Side side, const std::string& record, const std::string& what, bool running) {
  acts_.push_back({record, std::to_string(ghost_.moment()) + " " + std::string(name_of(side)) +
                               (running ? ", while a sync ran: " : ": ") + what});
}

void People::touch(Side side, const std::string& record, std::size_t cell) {
  touched_[{record, cell}].by[static_cast<int>(side)] = ghost_.moment();
}

bool People::untouched_by(Side side, const std::string& record) const {
  for (const auto& [cell, touched] : touched_) {
    if (cell.first == record && touched.by[static_cast<int>(side)] != 0) return false;
  }
  return true;
}

// Notion has the window, from our last look at the page until our write lands; the row is read in between. So what SQL
// has changed and no sync has carried yet is left alone in Notion, and by SQL what Notion has changed since this sync
// began.
bool People::free(Side side, const std::string& record, std::size_t cell, bool running) const {
  if (!running) return true;
  for (const std::size_t one : {cell, whole_record}) {
    const auto found = touched_.find({record, one});
    if (found == touched_.end()) continue;
    const auto [in_notion, by_sql] = found->second.by;
    if (side == Side::notion ? by_sql != 0 : in_notion > began_) return false;
  }
  return true;
}

// A request of ours whose outcome is not known yet may have made what the page shows. Who takes exactly that away again
// cannot be told from a write that never landed (the ABA limit).
bool People::in_doubt(const Half& page, std::string_view kinds) const {
  return !stage_
              .sql("select 1 from rowpage.pending where page_id = $1 and kind = any($2::text[])",
                   {page.id, std::string(kinds)})
              .empty();
}

void People::ended_well(std::uint64_t began) {
  const auto carried = [&](auto& touched) {
    for (auto& [what, when] : touched) {
      auto& [in_notion, by_sql] = when.by;
      if (in_notion <= std::min(began, shown_)) in_notion = 0;
      if (by_sql <= began) by_sql = 0;
    }
  };
  carried(touched_);
  carried(link_touched_);
  deletions_open_ = 0;
  for (const auto& [cell, touched] : touched_) {
    if (cell.second == whole_record && (touched.by[0] != 0 || touched.by[1] != 0)) ++deletions_open_;
  }
}

Value People::fresh(std::size_t cell, const std::string& record) {
  const int n = ++next_value_;
  switch (cell) {
    case name_cell:
      return record + "." + std::to_string(n);
    case note_cell:
      return "n" + std::to_string(n);
    case amount_cell:
      return static_cast<double>(n) + 0.25;
    case kind_cell:
      return "k" + std::to_string(n);
    default:
      return DateSpan{first_day + n * day_ms, std::nullopt, false};
  }
}

const Half* People::new_box(const Shown& shown, const std::string& record) {
  std::vector<const Half*> boxes;
  for (const auto& box : shown.boxes) {
    if (!box.deleted && !used_boxes_[record].contains(box.record)) boxes.push_back(&box);
  }
  if (boxes.empty()) return nullptr;
  const Half* chosen = boxes[below(boxes.size())];
  used_boxes_[record].insert(chosen->record);
  return chosen;
}

// --- what they do ---

void People::quiet(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) act(below(2) == 0 ? Side::notion : Side::supabase, false);
}

void People::meanwhile() {
  act(below(2) == 0 ? Side::notion : Side::supabase, true);
}

void People::act(Side side, bool running) {
  const Shown shown = side == Side::notion ? in_notion() : in_sql();
  const auto dice = below(100);
  if (dice < 22 || shown.items.size() < 4) return create(side, shown);
  if (dice < 30 && !shown.boxes.empty()) {
    const auto box = opened(side, shown.boxes[below(shown.boxes.size())], false);
    if (!box.deleted) edit(side, box, shown, false, running);
    return;
  }
  const auto item = opened(side, shown.items[below(shown.items.size())], true);
  if (item.deleted) {
    if (!running && dice < 70) restore(side, item);
    return;
  }
  if (dice < 38) return remove(side, item, running);
  if (dice < 48 && !running) return link(side, item, shown);
  edit(side, item, shown, true, running);
}

// A listing in Notion lags behind; whoever edits a page has it open and sees it as it is.
Half People::opened(Side side, const Half& half, bool is_item) const {
  if (side == Side::supabase) return half;
  return half_of(stage_.person("GET", "/v1/pages/" + half.id), is_item);
}

json::object People::properties(const Values& values, std::size_t only, const std::string& box_id) const {
  json::object out;
  for (std::size_t cell = 0; cell < values.size(); ++cell) {
    if (only != whole_record && only != cell) continue;
    const char* name = properties_of[cell];
    if (is_null(values[cell])) {
      if (only == cell) out[name] = blank_of(cell);
      continue;
    }
    switch (cell) {
      case name_cell:
        out[name] = rich("title", std::get<std::string>(values[cell]));
        break;
      case note_cell:
        out[name] = rich("rich_text", std::get<std::string>(values[cell]));
        break;
      case amount_cell:
        out[name] = json::object{{"number", std::get<double>(values[cell])}};
        break;
      case kind_cell:
        out[name] = json::object{{"select", json::object{{"name", std::get<std::string>(values[cell])}}}};
        break;
      case day_cell:
        out[name] =
            json::object{{"date", json::object{{"start", format_day(std::get<DateSpan>(values[cell]).start_ms)}}}};
        break;
      default:
        out[name] = json::object{{"relation", json::array{json::object{{"id", box_id}}}}};
    }
  }
  return out;
}

namespace {

Sql::Cell sql_text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<double>(&value)) return number_text(*number);
  if (const auto* day = std::get_if<DateSpan>(&value)) return format_day(day->start_ms);
  return std::nullopt;
}

}  // namespace

void People::wrote_all(Side side, const std::string& record, const Values& values) {
  for (std::size_t cell = 0; cell < values.size(); ++cell) {
    ghost_.wrote(side, record, cell, Null{}, values[cell]);
    touch(side, record, cell);
  }
}

std::vector<std::string> People::acts_on(const std::string& record) const {
  std::vector<std::string> lines;
  for (const auto& [whom, line] : acts_) {
    if (whom == record) lines.push_back(line);
  }
  return lines;
}

void People::create(Side side, const Shown& shown) {
  const bool is_item = shown.boxes.size() >= 6 || below(3) != 0;
  const std::string record = is_item ? "r" + std::to_string(++next_item_) : "b" + std::to_string(++next_box_);
  Values values;
  for (std::size_t cell = 0; cell < (is_item ? item_cells : box_cells); ++cell) {
    const bool blank = cell != name_cell && (cell == box_cell || below(3) == 0);
    values.push_back(blank ? Value(Null{}) : fresh(cell, record));
  }
  const Half* box = is_item && below(2) == 0 ? new_box(shown, record) : nullptr;
  if (box != nullptr) values[box_cell] = record + ">" + box->record;
  if (side == Side::notion) {
    stage_.person("POST", "/v1/pages",
                  json::object{{"parent", json::object{{"type", "data_source_id"},
                                                       {"data_source_id", sources_[is_item ? 0 : 1]}}},
                               {"properties", properties(values, whole_record, box ? box->id : "")}});
  } else if (is_item) {
    stage_.sql("insert into items (name, note, amount, kind, day, box_id) values ($1, $2, $3, $4, $5, $6)",
               {sql_text(values[0]), sql_text(values[1]), sql_text(values[2]), sql_text(values[3]), sql_text(values[4]),
                box ? Sql::Cell(box->id) : std::nullopt});
  } else {
    stage_.sql("insert into boxes (name, note) values ($1, $2)", {sql_text(values[0]), sql_text(values[1])});
  }
  wrote_all(side, record, values);
  did(side, record, "made it", false);
  ++tally_.creates;
}

void People::edit(Side side, const Half& half, const Shown& shown, bool is_item, bool running) {
  const std::size_t cell = below(is_item ? item_cells : box_cells);
  if (!free(side, half.record, cell, running)) return;
  const Half* box = nullptr;
  Value value;
  if (cell == box_cell) {
    box = new_box(shown, half.record);
    if (box == nullptr) return;
    value = half.record + ">" + box->record;
  } else if (cell != name_cell && !is_null(half.values[cell]) && below(8) == 0 && !deleted_.contains(half.record) &&
             (side == Side::supabase || !in_doubt(half, "{update}"))) {
    value = Null{};
  } else {
    value = fresh(cell, half.record);
  }
  Values values(is_item ? item_cells : box_cells);
  values[cell] = value;
  if (side == Side::notion) {
    // Opened just before; what else may write this cell while a sync runs is kept out by free().
    json::value answer;
    if (stage_.try_person("PATCH", "/v1/pages/" + half.id,
                          json::object{{"properties", properties(values, cell, box ? box->id : "")}}, answer) != 200) {
      return;  // trashed meanwhile
    }
    ghost_.wrote(side, half.record, cell, half.values[cell], value);
  } else {
    // The value replaced is the one that was there, whoever wrote it a moment ago.
    const std::string table = is_item ? "items" : "boxes", column = columns_of[cell];
    const std::string old = cell == box_cell ? "(select split_part(name, '.', 1) from boxes where id = old.box_id)"
                                             : "old." + column + "::text";
    const auto rows = stage_.sql("with old as (select id, " + column + " from " + table +
                                     " where id = $1 and deleted_at is null for update) update " + table + " t set " +
                                     column + " = $2 from old where t.id = old.id returning " + old,
                                 {half.id, box ? Sql::Cell(box->id) : sql_text(value)});
    if (rows.empty()) return;
    Value before;
    if (const auto& text = rows[0][0]) {
      before = cell == amount_cell ? Value(std::stod(*text))
               : cell == day_cell  ? day_of(*text)
               : cell == box_cell  ? Value(half.record + ">" + *text)
                                   : text_or_null(*text);
    }
    ghost_.wrote(side, half.record, cell, before, value);
  }
  touch(side, half.record, cell);
  if (is_null(value)) touch(side, half.record, any_blank);
  did(side, half.record, "wrote " + sim::value_name(cell, value), running);
  ++tally_.edits;
}

bool People::deleted_lately(const std::string& record) const {
  const auto found = touched_.find({record, whole_record});
  return found != touched_.end() && (found->second.by[0] != 0 || found->second.by[1] != 0);
}

// An emptied cell is an edit without a value, so the ghost could not tell what brings such a record back: nobody
// deletes a record of which something was emptied since the last sync that ended well, and nobody empties what was ever
// deleted.
void People::remove(Side side, const Half& half, bool running) {
  if (deletions_open_ >= open_deletions_max) return;
  const auto blank = touched_.find({half.record, any_blank});
  if (blank != touched_.end() && (blank->second.by[0] != 0 || blank->second.by[1] != 0)) return;
  if (running && !untouched_by(side == Side::notion ? Side::supabase : Side::notion, half.record)) return;
  for (const auto& [link, touched] : link_touched_) {
    if (link.first == half.record && (touched.by[0] != 0 || touched.by[1] != 0)) return;
  }
  Values saw = half.values;
  bool ambiguous = false;
  if (side == Side::notion) {
    ambiguous =
        !stage_
             .sql("select 1 from rowpage.pending where page_id::text = $1 and kind in ('trash', 'restore')", {half.id})
             .empty();
    json::value answer;
    if (stage_.try_person("PATCH", "/v1/pages/" + half.id, json::object{{"in_trash", true}}, answer) != 200) return;
    saw = half_of(answer, true).values;
  } else {
    const auto rows = stage_.sql((hard_ ? "delete from items where id = $1 returning "
                                        : "update items set deleted_at = now() where id = $1 and deleted_at is null "
                                          "returning ") +
                                     std::string("name, note, amount::text, kind, day::text"),
                                 {half.id});
    if (rows.empty()) return;
    const auto& row = rows[0];
    saw = {text_or_null(row[0].value_or("")),
           text_or_null(row[1].value_or("")),
           row[2] ? Value(std::stod(*row[2])) : Value(Null{}),
           text_or_null(row[3].value_or("")),
           row[4] ? day_of(*row[4]) : Value(Null{}),
           half.values[box_cell]};
  }
  deleted_.insert(half.record);
  ghost_.deleted(side, half.record, saw, ambiguous);
  touch(side, half.record, whole_record);
  did(side, half.record, hard_ && side == Side::supabase ? "deleted the row" : "deleted it", running);
  ++deletions_open_;
  ++tally_.deletions;
}

void People::restore(Side side, const Half& half) {
  if (side != Side::supabase) return;  // in Notion nobody sees what is in the trash
  if (stage_.sql("update items set deleted_at = null where id = $1 and deleted_at is not null returning 1", {half.id})
          .empty())
    return;
  ghost_.restored(side, half.record, half.values);
  touch(side, half.record, whole_record);
  did(side, half.record, "restored it", false);
  ++tally_.restores;
}

void People::link(Side side, const Half& half, const Shown& shown) {
  if (deleted_lately(half.record)) return;
  std::vector<const Half*> boxes;
  for (const auto& box : shown.boxes) {
    if (!box.deleted) boxes.push_back(&box);
  }
  if (boxes.empty()) return;
  const Half& box = *boxes[below(boxes.size())];
  const bool there = half.boxes.contains(box.record);
  const bool doubt = side == Side::notion && in_doubt(half, "{update}");
  if (side == Side::notion) {
    // The list replaces the one that is there: whatever it holds stays in it, in listings or not.
    json::array list;
    std::size_t kept = 0;
    for (const auto& [id, record] : box_pages_) {
      if (!half.boxes.contains(record)) continue;
      ++kept;
      if (id != box.id) list.push_back(json::object{{"id", id}});
    }
    if (kept != half.boxes.size()) return;  // linked to a box they have not met yet
    if (!there) list.push_back(json::object{{"id", box.id}});
    stage_.person("PATCH", "/v1/pages/" + half.id,
                  json::object{{"properties", json::object{{"Boxes", json::object{{"relation", std::move(list)}}}}}});
  } else if (there) {
    stage_.sql("delete from item_boxes where item_id = $1 and box_id = $2", {half.id, box.id});
  } else {
    stage_.sql("insert into item_boxes (item_id, box_id) values ($1, $2)", {half.id, box.id});
  }
  ghost_.tick();
  const std::pair key{half.record, box.record};
  Touched& touched = link_touched_[key];
  const bool other = touched.by[side == Side::notion ? 1 : 0] != 0;
  touched.by[static_cast<int>(side)] = ghost_.moment();
  links_[key] = other || doubt ? Wish::either : there ? Wish::gone : Wish::there;
  did(side, half.record, (there ? "unlinked " : "linked ") + box.record, false);
  ++tally_.link_edits;
}

}  // namespace rowpage::fire
