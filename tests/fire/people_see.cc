// What people see: pages by Notion's API, rows by SQL, in the words of the ghost.
#include "fire/people.h"

#include "core/time.h"

namespace rowpage::fire {
namespace {

std::string plain(const json::value& property) {
  std::string text;
  for (const char* type : {"title", "rich_text"}) {
    const auto* pieces = find_array(property, type);
    if (!pieces) continue;
    for (const auto& piece : *pieces) text += find_string(piece, "plain_text");
  }
  return text;
}

}  // namespace

Value text_or_null(std::string text) {
  return text.empty() ? Value(Null{}) : Value(std::move(text));
}

Value day_of(std::string_view text) {
  const auto time = parse_time(text.substr(0, 10));
  return time ? Value(DateSpan{time->ms, std::nullopt, false}) : Value(Null{});
}

Half People::half_of(const json::value& page, bool is_item) const {
  Half half;
  half.id = find_string(page, "id");
  half.deleted = find_bool(page, "in_trash");
  const auto& properties = *find(page, "properties");
  half.values.assign(is_item ? item_cells : box_cells, Value(Null{}));
  half.values[name_cell] = text_or_null(plain(*find(properties, "Name")));
  half.values[note_cell] = text_or_null(plain(*find(properties, "Note")));
  half.record = sim::record_of(half.values[name_cell]);
  if (!is_item) return half;
  if (const auto amount = as_number(*find(*find(properties, "Amount"), "number"))) half.values[amount_cell] = *amount;
  if (const auto* kind = find(*find(properties, "Kind"), "select"))
    half.values[kind_cell] = text_or_null(std::string(find_string(*kind, "name")));
  if (const auto* day = find(*find(properties, "Day"), "date"))
    half.values[day_cell] = day_of(find_string(*day, "start"));
  const auto targets = [&](const char* property) {
    std::vector<std::string> records;
    for (const auto& target : *find_array(*find(properties, property), "relation")) {
      const auto known = box_pages_.find(std::string(find_string(target, "id")));
      records.push_back(known == box_pages_.end() ? "?" : known->second);
    }
    return records;
  };
  const auto box = targets("Box");
  for (const auto& one : box) half.values[box_cell] = half.record + ">" + one;
  if (box.size() > 1) half.values[box_cell] = half.record + ">several";
  for (auto& one : targets("Boxes")) half.boxes.insert(std::move(one));
  return half;
}

Shown People::in_notion() {
  Shown shown;
  for (const bool is_item : {false, true}) {
    std::string cursor;
    do {
      json::object body{{"page_size", 100}};
      if (!cursor.empty()) body["start_cursor"] = cursor;
      const auto list = stage_.person("POST", "/v1/data_sources/" + sources_[is_item ? 0 : 1] + "/query", body);
      for (const auto& page : *find_array(list, "results")) {
        Half half = half_of(page, is_item);
        (is_item ? item_names_ : box_pages_)[half.id] = half.record;
        (is_item ? shown.items : shown.boxes).push_back(std::move(half));
      }
      cursor = find_bool(list, "has_more") ? find_string(list, "next_cursor") : std::string_view();
    } while (!cursor.empty());
  }
  return shown;
}

Shown People::in_sql() {
  Shown shown;
  for (auto& row : stage_.sql("select id::text, name, note, deleted_at is not null from boxes order by id")) {
    Half half;
    half.id = *row[0];
    half.values = {text_or_null(row[1].value_or("")), text_or_null(row[2].value_or(""))};
    half.record = sim::record_of(half.values[name_cell]);
    half.deleted = *row[3] == "t";
    shown.boxes.push_back(std::move(half));
  }
  for (auto& row :
       stage_.sql("select i.id::text, i.name, i.note, i.amount::text, i.kind, i.day::text, split_part(b.name, '.', 1),"
                  " i.deleted_at is not null, (select string_agg(split_part(o.name, '.', 1), ',') from item_boxes j "
                  "join boxes o"
                  " on o.id = j.box_id where j.item_id = i.id) from items i left join boxes b on b.id = i.box_id order "
                  "by i.id")) {
    Half half;
    half.id = *row[0];
    half.values = {text_or_null(row[1].value_or("")),
                   text_or_null(row[2].value_or("")),
                   row[3] ? Value(std::stod(*row[3])) : Value(Null{}),
                   text_or_null(row[4].value_or("")),
                   row[5] ? day_of(*row[5]) : Value(Null{}),
                   Value(Null{})};
    half.record = sim::record_of(half.values[name_cell]);
    item_names_[half.id] = half.record;
    if (row[6]) half.values[box_cell] = half.record + ">" + *row[6];
    half.deleted = *row[7] == "t";
    for (std::string list = row[8].value_or(""); !list.empty();) {
      half.boxes.insert(list.substr(0, list.find(',')));
      list.erase(0, list.find(',') == std::string::npos ? list.size() : list.find(',') + 1);
    }
    shown.items.push_back(std::move(half));
  }
  return shown;
}

}  // namespace rowpage::fire
