#include "postgres/batch_json.h"

#include <algorithm>
#include <map>

#include "core/text.h"

namespace rowpage {
namespace {

json::value cell_json(const Cell& cell) {
  return cell ? json::value(*cell) : json::value(nullptr);
}

json::value optional_ms(const std::optional<Millis>& ms) {
  return ms ? json::value(*ms) : json::value(nullptr);
}

json::object times_to_json(const RowShape& shape, const Times& times) {
  json::object object;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i]) object[shape.name(i)] = *times[i];
  }
  return object;
}

/// jsonb refuses NUL in any text; what people typed may hold one, and our state must not fail over it.
std::string storable(const std::string& text) {
  std::string clean = text;
  std::erase(clean, '\0');
  return clean;
}

/// One statement's worth of row writes: the same operation on the same columns.
struct Shape {
  std::string kind;
  std::vector<std::string> columns;
  bool has_key = true;
  auto operator<=>(const Shape&) const = default;
};

struct Write {
  Shape shape;
  std::string key;
  std::vector<Cell> cells;
};

Result<std::optional<Write>> write_of(const Pair& pair, const RowWrite& row) {
  using Kind = RowWrite::Kind;
  const auto& book = pair.book;
  std::map<std::string, Cell> cells;
  for (const auto& change : row.set) {
    const auto& field = pair.fields[change.field];
    auto encoded = encode(field, change.value);
    if (!encoded) {
      return fail(Error{.effect = Effect::none,
                        .scope = Scope::record,
                        .cause = Cause::constraint,
                        .what = pair.model + ": column " + field.column + ": " + encoded.error(),
                        .hint = "Change the value in Notion, or the column's type."});
    }
    for (auto& [column, cell] : *encoded) cells[column] = std::move(cell);
  }
  if (row.page_id && !book.page_id_column.empty())
    cells[book.page_id_column] = row.page_id->empty() ? Cell() : Cell(*row.page_id);
  if (row.checksum && !book.checksum_column.empty()) cells[book.checksum_column] = *row.checksum;
  if (row.synced && !book.synced_column.empty()) cells[book.synced_column] = *row.synced ? "true" : "false";
  if (row.created_ms && !book.created_at_column.empty()) cells[book.created_at_column] = format_utc(*row.created_ms);
  if (!book.deleted_at_column.empty()) {
    if (row.kind == Kind::soft_delete) cells[book.deleted_at_column] = "now";  // the database's clock
    if (row.kind == Kind::restore) cells[book.deleted_at_column] = std::nullopt;
  }

  Write write;
  write.key = row.key;
  write.shape.kind = row.kind == Kind::insert ? "insert" : row.kind == Kind::hard_delete ? "delete" : "update";
  if (write.shape.kind == "delete") cells.clear();
  if (write.shape.kind == "insert") {
    if (const auto own = cells.find(pair.key); own != cells.end()) {
      if (write.key.empty() && own->second) write.key = *own->second;
      cells.erase(own);
    }
    write.shape.has_key = !write.key.empty();
  }
  if (write.shape.kind == "update" && cells.empty()) {
    // A soft delete or restore where the table has no column for it: only the link says so.
    if (row.edges.empty()) return std::optional<Write>();
    write.shape.kind = "none";  // the row's links only
  }
  for (auto& [column, cell] : cells) {
    write.shape.columns.push_back(column);
    write.cells.push_back(std::move(cell));
  }
  return std::optional(std::move(write));
}

json::array texts_json(const std::vector<std::string>& texts) {
  json::array list;
  for (const auto& text : texts) list.emplace_back(text);
  return list;
}

/// The row shadow to store. Columns are overwritten with the row as stored, for compare-and-set proved that nobody else
/// changed it; of join tables nothing proves that, so their shadow is what was seen and what we wrote. A link somebody
/// else made meanwhile then still shows as a difference.
Values row_shadow_of(const Item& item) {
  Values shadow = item.link->row_shadow;
  if (!item.row || item.row->kind == RowWrite::Kind::hard_delete) return shadow;
  for (const auto& edge : item.row->edges) {
    if (edge.field >= shadow.size() || std::ranges::find(item.keep_shadow, edge.field) != item.keep_shadow.end())
      continue;
    const auto* seen = std::get_if<TextList>(&shadow[edge.field]);
    TextList names = seen == nullptr ? TextList() : *seen;
    std::erase_if(names, [&](const auto& name) { return std::ranges::find(edge.drop, name) != edge.drop.end(); });
    names.insert(names.end(), edge.add.begin(), edge.add.end());
    shadow[edge.field] = make_list(std::move(names));
  }
  return shadow;
}

json::object errand_to_json(const Errand& errand) {
  return {{"kind", name_of(errand.kind)}, {"schema", errand.schema},       {"table", errand.table},
          {"row_key", errand.key},        {"page_id", errand.page_id},     {"field", errand.field},
          {"other", errand.other},        {"to_schema", errand.to_schema}, {"to_table", errand.to_table}};
}

/// `written`: columns of the item's row that this batch writes. As stored they are its shadow, except for those kept.
/// What has its usual value is left out (see rowpage.store_links): that is most of it for most records.
json::object link_to_json(const Pair& pair, const RowShape& shape, const Item& item,
                          const std::vector<std::string>& written) {
  const Link& link = *item.link;
  json::object page_shadow;
  for (std::size_t i = 0; i < link.page_shadow.size() && i < pair.fields.size(); ++i) {
    page_shadow[shape.name(i)] = value_to_json(link.page_shadow[i]);
  }
  json::object row_shadow = shape.shadow_to_json(row_shadow_of(item));
  std::vector<std::string> keep;
  for (const auto field : item.keep_shadow) {
    keep.push_back(shape.name(field));
    if (!pair.fields[field].end_column.empty()) keep.push_back(pair.fields[field].end_column);
  }
  for (const auto& column : written) {
    if (std::ranges::find(keep, column) == keep.end()) row_shadow.erase(column);
  }
  json::object choices;
  for (const auto& [field, side] : link.choices) choices[shape.name(field)] = side_word(side);
  json::array unsettled;
  for (const auto field : link.unsettled) unsettled.emplace_back(shape.name(field));

  json::object entry{{"page_id", link.page_id}, {"nonce", link.nonce}, {"page_shadow", std::move(page_shadow)}};
  const auto unless = [&entry](bool usual, std::string_view key, auto&& value) {
    if (!usual) entry[key] = std::forward<decltype(value)>(value);
  };
  unless(link.key.empty(), "row_key", link.key);
  unless(row_shadow.empty(), "row_shadow", std::move(row_shadow));
  unless(link.page_live, "page_live", link.page_live);
  unless(link.row_live, "row_live", link.row_live);
  unless(link.page_edited_ms == 0, "page_edited_ms", link.page_edited_ms);
  unless(link.page_seen.empty(), "page_seen", times_to_json(shape, link.page_seen));
  unless(link.row_seen.empty(), "row_seen", times_to_json(shape, link.row_seen));
  unless(choices.empty(), "choices", std::move(choices));
  unless(unsettled.empty(), "unsettled", std::move(unsettled));
  unless(!link.page_noted, "page_noted", link.page_noted);
  unless(keep.empty(), "keep", texts_json(keep));
  return entry;
}

/// History of a row in the row's own text forms, so that it can be put back exactly; of a page as Values.
json::value history_values(const Pair& pair, const RowShape& shape, Side side, const std::vector<Change>& changes) {
  if (side == Side::notion) return changes_to_json(shape, changes);
  json::object object;
  for (const auto& change : changes) {
    const auto encoded = encode(pair.fields[change.field], change.value);
    if (!encoded) {
      object[shape.name(change.field)] = json::object{{"value", value_to_json(change.value)}};
      continue;
    }
    for (const auto& [column, cell] : *encoded) object[column] = cell_json(cell);
  }
  return object;
}

// The names to be forgotten, and what a property just made shows where that is not nothing.
json::object forget_to_json(const Pair& pair, const std::vector<std::size_t>& fields) {
  json::array names;
  json::object shown;
  for (const std::size_t index : fields) {
    const Field& field = pair.fields[index];
    names.emplace_back(field.column);
    if (!field.end_column.empty()) names.emplace_back(field.end_column);
    if (field.type == FieldType::checkbox) shown[field.column] = false;
  }
  return {{"names", std::move(names)}, {"shown", std::move(shown)}};
}

json::object properties_to_json(const std::map<std::string, std::string>& properties) {
  json::object object;
  for (const auto& [name, id] : properties) object[name] = id;
  return object;
}

json::object state_to_json(const PairState& state) {
  const auto proved = [](const std::optional<bool>& flag) { return flag ? json::value(*flag) : json::value(nullptr); };
  return {{"watermark_ms", optional_ms(state.watermark_ms)},
          {"full_scan_ms", optional_ms(state.full_scan_ms)},
          {"first_sync_done", state.first_sync_done},
          {"scan_needed", state.scan_needed},
          {"stranded_pages", state.stranded_pages},
          {"properties", properties_to_json(state.properties)},
          {"fingerprint", state.fingerprint},
          {"bot_id", state.bot_id},
          {"source_schema", state.schema_json},
          {"source_schema_ms", state.schema_ms},
          {"trash_query", proved(state.trash_query)},
          {"trash_search", proved(state.trash_search)}};
}

/// The lists of a request, each entry with the number of its item.
class Lists {
 public:
  void add(std::string_view list, std::size_t item, json::object entry) {
    entry["o"] = item;
    lists_[std::string(list)].emplace_back(std::move(entry));
  }
  void into(json::object& request) {
    for (auto& [name, list] : lists_) request[name] = std::move(list);
  }

 private:
  std::map<std::string, json::array> lists_;
};

void add_errands(const Item& item, std::size_t number, Lists& lists) {
  if (item.errands) {
    json::array list;
    for (Errand errand : *item.errands) {
      errand.schema = errand.table = {};  // this record's, so this pair's
      if (errand.key.empty()) errand.key = item.key;
      if (errand.page_id.empty()) errand.page_id = item.page_id;
      list.emplace_back(errand_to_json(errand));
    }
    lists.add("errands", number, {{"row_key", item.key}, {"page_id", item.page_id}, {"list", std::move(list)}});
  }
  for (const auto& errand : item.other_errands) lists.add("other_errands", number, errand_to_json(errand));
  for (Errand errand : item.errands_done) {
    if (errand.key.empty() && errand.page_id.empty()) {
      errand.key = item.key;
      errand.page_id = item.page_id;
    }
    lists.add("errands_done", number, errand_to_json(errand));
  }
}

/// `write`: of the item's row; null: this batch writes none. The row's history is taken from the row, before and after.
void add_item(const Pair& pair, const RowShape& shape, const Item& item, std::size_t number, const Write* write,
              Lists& lists) {
  if (item.link) {
    lists.add("links", number,
              link_to_json(pair, shape, item, write ? write->shape.columns : std::vector<std::string>()));
  }
  if (item.unlink) lists.add("unlink", number, {{"row_key", item.key}, {"page_id", item.page_id}});
  for (const auto& c : item.conflicts) {
    lists.add("conflicts", number,
              {{"row_key", c.key.empty() ? item.key : c.key},
               {"page_id", c.page_id.empty() ? item.page_id : c.page_id},
               {"field", shape.name(c.field)},
               {"base_page", value_to_json(c.base_page)},
               {"base_row", value_to_json(c.base_row)},
               {"page", value_to_json(c.page)},
               {"row", value_to_json(c.row)},
               {"page_ms", optional_ms(c.page_ms)},
               {"row_ms", optional_ms(c.row_ms)},
               {"winner", c.winner ? json::value(side_word(*c.winner)) : json::value(nullptr)},
               {"reason", storable(c.reason)}});
  }
  for (const auto field : item.close_conflicts) {
    lists.add("close_conflicts", number,
              {{"row_key", item.key}, {"page_id", item.page_id}, {"field", shape.name(field)}});
  }
  for (const auto& h : item.history) {
    json::object entry{{"page_id", item.page_id}, {"side", side_word(h.side)}, {"action", h.action}};
    if (!item.key.empty()) entry["row_key"] = item.key;
    if (!h.reason.empty()) entry["reason"] = storable(h.reason);
    if (write && h.side == Side::supabase) {
      entry["of_row"] = true;
    } else {
      entry["before"] = history_values(pair, shape, h.side, h.before);
      entry["after"] = history_values(pair, shape, h.side, h.after);
    }
    lists.add("history", number, std::move(entry));
  }
  for (const auto& p : item.note) {
    lists.add("note", number,
              {{"nonce", p.nonce},
               {"kind", name_of(p.kind)},
               {"row_key", p.key},
               {"page_id", p.page_id},
               {"intended", changes_to_json(shape, p.intended)},
               {"found", changes_to_json(shape, p.found)},
               {"noted_ms", p.noted_ms},
               {"send_by_ms", p.send_by_ms},
               {"attempt", p.attempt}});
  }
  for (const auto& nonce : item.settle) lists.add("settle", number, {{"nonce", nonce}});
  for (const auto& a : item.abandon) {
    lists.add("abandon", number,
              {{"nonce", a.nonce}, {"row_key", a.key}, {"intended", changes_to_json(shape, a.intended)}});
  }
  if (item.unpark || item.park) {  // one entry per record: a new reason replaces the old one
    const std::string& key = item.park && item.key.empty() ? item.park->key : item.key;
    const std::string& page = item.park && item.page_id.empty() ? item.park->page_id : item.page_id;
    lists.add("unpark", number, {{"row_key", key}, {"page_id", page}});
  }
  if (item.park) {
    lists.add("park", number,
              {{"kind", name_of(item.park->kind)},
               {"row_key", item.park->key.empty() ? item.key : item.park->key},
               {"page_id", item.park->page_id.empty() ? item.page_id : item.park->page_id},
               {"reason", storable(item.park->reason)},
               {"hint", storable(item.park->hint)},
               {"attempts", item.park->attempts},
               {"next_try_ms", item.park->next_try_ms}});
  }
  for (const auto id : item.ack) lists.add("ack", number, {{"id", id}});
  add_errands(item, number, lists);
  if (!write || item.row->kind == RowWrite::Kind::hard_delete) return;
  for (const auto& edge : item.row->edges) {
    lists.add("edges", number,
              {{"name", shape.name(edge.field)}, {"added", texts_json(edge.add)}, {"dropped", texts_json(edge.drop)}});
  }
}

}  // namespace

json::object changes_to_json(const RowShape& shape, const std::vector<Change>& changes) {
  json::object object;
  for (const auto& change : changes) object[shape.name(change.field)] = value_to_json(change.value);
  return object;
}

std::vector<Change> changes_from_json(const RowShape& shape, const json::value& object) {
  std::vector<Change> changes;
  if (!object.is_object()) return changes;
  for (const auto& [column, stored] : object.get_object()) {
    const auto field = shape.field_named(column);
    if (!field) continue;
    if (auto value = value_from_json(stored)) changes.push_back({*field, std::move(*value)});
  }
  std::ranges::sort(changes, {}, &Change::field);
  return changes;
}

json::object pair_to_json(const Pair& pair, const RowShape& shape) {
  const auto name_or_null = [](const std::string& name) {
    return name.empty() ? json::value(nullptr) : json::value(name);
  };
  json::array columns;
  for (const auto& column : shape.columns()) columns.emplace_back(column);
  json::array joins;
  for (const auto field : shape.joins()) {
    const auto& relation = pair.fields[field].relation;
    joins.emplace_back(json::object{{"name", shape.name(field)},
                                    {"schema", relation.join_schema},
                                    {"table", relation.join_table},
                                    {"own", relation.own},
                                    {"other", relation.other},
                                    {"own_ref", shape.own_reference(field)}});
  }
  return {{"workspace", pair.workspace},
          {"model", pair.model},
          {"data_source", pair.data_source},
          {"schema", pair.schema_name},
          {"table", pair.table_name},
          {"key", pair.key},
          {"columns", std::move(columns)},
          {"joins", std::move(joins)},
          {"updated_at_column", name_or_null(pair.book.updated_at_column)},
          {"deleted_at_column", name_or_null(pair.book.deleted_at_column)},
          {"page_id_column", name_or_null(pair.book.page_id_column)},
          {"checksum_column", name_or_null(pair.book.checksum_column)}};
}

Result<json::object> batch_to_json(const Pair& pair, const RowShape& shape, const Batch& batch) {
  json::object request{
      {"workspace", pair.workspace}, {"fence", batch.fence}, {"run", batch.run}, {"pair", pair_to_json(pair, shape)}};
  Lists lists;
  std::map<Shape, json::array> groups;  // inserts sort behind deletes and updates: a freed unique value is free by then
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    const Item& item = batch.items[i];
    std::optional<Write> write;
    if (item.row) {
      auto made = write_of(pair, *item.row);
      if (!made) return fail(made.error());
      write = std::move(*made);
    }
    if (write) {
      json::array entry{i, write->key, item.row->version};
      for (const auto& cell : write->cells) entry.push_back(cell_json(cell));
      groups[write->shape].emplace_back(std::move(entry));
    }
    add_item(pair, shape, item, i, write ? &*write : nullptr, lists);
  }
  json::array writes;
  for (auto& [group, rows] : groups) {
    json::array columns;
    for (const auto& column : group.columns) columns.emplace_back(column);
    writes.emplace_back(json::object{{"kind", group.kind}, {"columns", std::move(columns)}, {"rows", std::move(rows)}});
  }
  request["writes"] = std::move(writes);
  lists.into(request);
  if (batch.state) request["state"] = state_to_json(*batch.state);
  if (!batch.forget.empty()) request["forget_fields"] = forget_to_json(pair, batch.forget);
  return request;
}

namespace {

// The number of an item, or a count of `items` and more for what is none.
std::size_t item_in(const json::value& number, std::size_t items) {
  const double index = as_number(number).value_or(-1);
  return index >= 0 && index < static_cast<double>(items) ? static_cast<std::size_t>(index) : items;
}

// The cells of [item, key, [version, ...], [columns...] | null]; what is not there is NULL.
std::optional<std::string_view> stored_cell(const json::array& parts, int cell) {
  const json::value* text = &parts[1];
  if (cell > 0) {
    const bool meta = cell < RowShape::meta_cells;
    const auto* list = parts[meta ? 2 : 3].if_array();
    const auto at = static_cast<std::size_t>(meta ? cell - 1 : cell - RowShape::meta_cells);
    text = list ? list->if_contains(at) : nullptr;
  }
  if (text == nullptr || !text->is_string()) return std::nullopt;
  return std::string_view(text->get_string());
}

}  // namespace

Result<Committed> committed_from_json(const RowShape& shape, std::size_t items, const std::string& answer) {
  json::monotonic_resource memory;  // a batch's answer holds every stored value: freed in one go
  auto parsed = parse_json(answer, &memory);
  if (!parsed) return fail(parsed.error());
  Committed committed;
  committed.items.resize(items);
  if (const auto* now = find(*parsed, "now_ms")) {
    const double ms = as_number(*now).value_or(0);
    if (ms > 0 && ms < 1e15) committed.now_ms = static_cast<Millis>(ms);
  }
  if (const auto* moved = find_array(*parsed, "moved")) {
    for (const auto& number : *moved) {
      const auto item = item_in(number, items);
      if (item < items) committed.items[item].outcome = ItemResult::Outcome::moved;
    }
  }
  if (const auto* rows = find_array(*parsed, "rows")) {
    for (const auto& entry : *rows) {
      const auto* parts = entry.if_array();
      if (parts == nullptr || parts->size() < 4) continue;
      const auto item = item_in((*parts)[0], items);
      if (item >= items || !(*parts)[3].is_array()) continue;
      committed.items[item].row = shape.row([&](int cell) { return stored_cell(*parts, cell); });
    }
  }
  return committed;
}

}  // namespace rowpage
