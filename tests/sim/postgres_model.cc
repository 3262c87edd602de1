#include "sim/postgres_model.h"

#include <algorithm>

namespace rowpage::sim {

// --- people

std::string PostgresModel::insert(const Pair& pair, const Values& values, const std::string& key) {
  const Use use(*this, pair);
  const std::string name = key.empty() ? "row-" + std::to_string(next_key_++) : key;
  Stored row;
  row.values = values;
  row.values.resize(pair.fields.size());
  row.version = next_version_++;
  row.updated_ms = clock_.now();
  at_->rows[name] = std::move(row);
  capture(name, {});
  return name;
}

bool PostgresModel::edit(const Pair& pair, const std::string& key, const std::vector<Change>& changes) {
  const Use use(*this, pair);
  const auto row = at_->rows.find(key);
  if (row == at_->rows.end()) return false;
  std::vector<std::size_t> fields;
  for (const auto& change : changes) {
    if (row->second.values[change.field] == change.value) continue;
    row->second.values[change.field] = change.value;
    fields.push_back(change.field);
  }
  row->second.version = next_version_++;
  if (fields.empty()) return true;
  row->second.updated_ms = clock_.now();
  capture(key, std::move(fields));
  return true;
}

bool PostgresModel::soft_delete(const std::string& key) {
  const auto row = at_->rows.find(key);
  if (row == at_->rows.end() || row->second.deleted) return false;
  row->second.deleted = true;
  row->second.version = next_version_++;
  row->second.updated_ms = clock_.now();
  capture(key, {});
  return true;
}

bool PostgresModel::restore(const std::string& key) {
  const auto row = at_->rows.find(key);
  if (row == at_->rows.end() || !row->second.deleted) return false;
  row->second.deleted = false;
  row->second.version = next_version_++;
  row->second.updated_ms = clock_.now();
  capture(key, {});
  return true;
}

bool PostgresModel::hard_delete(const std::string& key) {
  if (at_->rows.erase(key) == 0) return false;
  capture(key, {});
  cascade({key}, false);
  return true;
}

// ON DELETE CASCADE of join rows, ON DELETE SET NULL of foreign keys. Whatever rows and keys are behind it, a join
// table's triggers see all that falls with a statement at once. What follows from our deletion counts as our doing.
void PostgresModel::cascade(const std::set<std::string>& keys, bool by_us) {
  const std::string table = at_->table;
  for (const auto& [name, join] : joins_) {
    const bool own = join.own_table == table, other = join.other_table == table;
    remove_edges(
        name,
        [&](const auto& edge) { return (own && keys.contains(edge.first)) || (other && keys.contains(edge.second)); },
        by_us ? Doer::ours : Doer::people);
  }
  for (auto& [name, data] : data_) {
    for (std::size_t i = 0; i < data.fields.size(); ++i) {
      const Relation& relation = data.fields[i].relation;
      if (relation.kind != Relation::Kind::column || relation.to_table != table) continue;
      for (auto& [row_key, row] : data.rows) {
        const auto* list = std::get_if<TextList>(&row.values[i]);
        if (list == nullptr || !keys.contains(list->front())) continue;
        row.values[i] = Null{};
        row.version = next_version_++;
        row.updated_ms = clock_.now();
        At there(*this, data);
        capture(row_key, {i}, by_us);
      }
    }
  }
}

void PostgresModel::know(const Pair& pair) {
  Data& data = data_[pair.table_name];
  data.schema = pair.schema_name;
  data.table = pair.table_name;
  data.fields = pair.fields;
  data.keeps_time = !pair.book.updated_at_column.empty();
  for (const auto& field : pair.fields) {
    const Relation& relation = field.relation;
    if (relation.kind != Relation::Kind::join) continue;
    joins_.try_emplace(relation.join, JoinTable{relation.own, pair.table_name, relation.to_table, {}});
  }
}

void PostgresModel::use(const Pair& pair) {
  know(pair);
  at_ = &data_[pair.table_name];
}

bool PostgresModel::link(const std::string& join, const std::string& own, const std::string& other) {
  if (!joins_[join].edges.emplace(own, other).second) return false;
  capture_join(join, {{own, other}}, Doer::people);
  return true;
}

bool PostgresModel::unlink(const std::string& join, const std::string& own, const std::string& other) {
  if (joins_[join].edges.erase({own, other}) == 0) return false;
  capture_join(join, {{own, other}}, Doer::people);
  return true;
}

// Whether a relation shows a join table from its other end.
bool PostgresModel::turned(const Relation& relation) const {
  const auto join = joins_.find(relation.join);
  return join != joins_.end() && join->second.own_column != relation.own;
}

void PostgresModel::remove_edges(const std::string& join, const std::function<bool(const Edges::value_type&)>& which,
                                 Doer doer) {
  Edges gone;
  std::erase_if(joins_[join].edges, [&](const auto& edge) { return which(edge) && gone.insert(edge).second; });
  capture_join(join, gone, doer);
}

// What one statement did to a join table reaches every field that shows it, each owner once; and makes the owners look
// edited, unless it is our doing.
void PostgresModel::capture_join(const std::string& join, const Edges& edges, Doer doer) {
  for (auto& [name, data] : data_) {
    for (std::size_t i = 0; i < data.fields.size(); ++i) {
      const Relation& relation = data.fields[i].relation;
      if (relation.kind != Relation::Kind::join || relation.join != join) continue;
      std::set<std::string> owners;
      for (const auto& edge : edges) owners.insert(turned(relation) ? edge.second : edge.first);
      At there(*this, data);
      for (const auto& owner : owners) {
        capture(owner, {i}, doer == Doer::ours);
        const auto row = data.rows.find(owner);
        if (doer != Doer::people || !data.keeps_time || row == data.rows.end()) continue;
        row->second.updated_ms = clock_.now();
        row->second.version = next_version_++;
      }
    }
  }
}

Value PostgresModel::joined(const Relation& relation, const std::string& key) const {
  const auto join = joins_.find(relation.join);
  if (join == joins_.end()) return Null{};
  const Edges& edges = join->second.edges;
  TextList list;
  if (turned(relation)) {
    for (const auto& [own, other] : edges) {
      if (other == key) list.push_back(own);
    }
  } else {
    for (auto edge = edges.lower_bound({key, ""}); edge != edges.end() && edge->first == key; ++edge)
      list.push_back(edge->second);
  }
  return make_list(std::move(list));
}

// The links of rows just written, a field at a time: for all rows what goes, then for all what comes. Our own links are
// no news of the owner's field; whoever else shows the table hears of them.
PostgresModel::OptionalError PostgresModel::write_edges(const Pair& pair, std::span<const RowWork> work) {
  for (std::size_t field = 0; field < pair.fields.size(); ++field) {
    const Relation& relation = pair.fields[field].relation;
    if (relation.kind != Relation::Kind::join) continue;
    Edges& edges = joins_[relation.join].edges;
    const std::int64_t floor = next_entry_;
    std::set<std::string> owners;
    Edges gone, come;
    for (const bool adds : {false, true}) {
      for (const auto& row : work) {
        if (!row.writes || row.item->row->kind == RowWrite::Kind::hard_delete) continue;
        for (const auto& write : row.item->row->edges) {
          if (write.field != field) continue;
          owners.insert(row.key);
          for (const auto& other : adds ? write.add : write.drop) {
            const Edges::value_type edge = turned(relation) ? std::pair(other, row.key) : std::pair(row.key, other);
            if (adds && !data_[relation.to_table].rows.contains(other))
              return Error{
                  Effect::none, Scope::record, Cause::constraint, "violates a foreign key of " + relation.join, {}};
            if (adds ? edges.insert(edge).second : edges.erase(edge) != 0) (adds ? come : gone).insert(edge);
          }
        }
      }
    }
    capture_join(relation.join, gone, Doer::ours);
    capture_join(relation.join, come, Doer::ours);
    std::erase_if(at_->log, [&](const auto& entry) {
      return entry.first >= floor && entry.second.fields == std::vector{field} && owners.contains(entry.second.key);
    });
  }
  return std::nullopt;
}

PostgresModel::OptionalError PostgresModel::check_keys(const Pair& pair, const RowWrite& write) {
  for (const auto& [field, value] : write.set) {
    const Relation& relation = pair.fields[field].relation;
    if (relation.kind != Relation::Kind::column) continue;
    for (const auto& other : std::get_if<TextList>(&value) ? std::get<TextList>(value) : TextList{}) {
      if (!data_[relation.to_table].rows.contains(other))
        return Error{Effect::none, Scope::record, Cause::constraint, "violates a foreign key", {}};
    }
  }
  return std::nullopt;
}

bool PostgresModel::rename_key(const std::string& key, const std::string& new_key) {
  const auto row = at_->rows.find(key);
  if (row == at_->rows.end() || at_->rows.contains(new_key)) return false;
  Stored stored = row->second;
  stored.version = next_version_++;
  at_->rows.erase(row);
  at_->rows[new_key] = std::move(stored);
  capture(key, {});
  capture(new_key, {});
  return true;
}

void PostgresModel::claim(const std::string& key, const std::string& page_id) {
  auto& row = at_->rows.at(key);
  row.page_id = page_id;
  row.version = next_version_++;
}

// With CASCADE: whatever references a table that is emptied is emptied as well.
void PostgresModel::truncate() {
  std::set<std::string> tables, joins;
  std::vector<std::string> todo{at_->table};
  while (!todo.empty()) {
    const std::string table = todo.back();
    todo.pop_back();
    if (!tables.insert(table).second) continue;
    for (const auto& [name, data] : data_) {
      const bool references = std::ranges::any_of(data.fields, [&](const Field& field) {
        return field.relation.kind == Relation::Kind::column && field.relation.to_table == table;
      });
      if (references) todo.push_back(name);
    }
    for (const auto& [name, join] : joins_) {
      if (join.own_table == table || join.other_table == table) joins.insert(name);
    }
  }
  for (const auto& join : joins) truncate_join(join);
  for (const auto& [name, data] : data_) {
    if (!tables.contains(data.table) && &data != at_) continue;
    At there(*this, data_[name]);
    at_->rows.clear();
    whole();
  }
}

void PostgresModel::truncate_join(const std::string& join) {
  joins_[join].edges.clear();
  for (auto& [name, data] : data_) {
    for (const auto& field : data.fields) {
      if (field.relation.kind != Relation::Kind::join || field.relation.join != join) continue;
      At there(*this, data);
      whole();
    }
  }
}

// An entry that asks for a scan.
void PostgresModel::whole() {
  Captured entry;
  entry.id = next_entry_++;
  entry.at_ms = clock_.now();
  entry.whole = true;
  at_->log[entry.id] = entry;
}

void PostgresModel::decide(const std::string& key, std::size_t field, Side winner) {
  if (const auto link = at_->links.find(key); link != at_->links.end())
    link->second.choices.emplace_back(field, winner);
  if (const auto parked = at_->parked.find(key); parked != at_->parked.end()) parked->second.next_try_ms = clock_.now();
}

void PostgresModel::lose_state() {
  at_->errands.clear();
  at_->links.clear();
  at_->pending.clear();
  at_->abandoned.clear();
  at_->parked.clear();
  at_->log.clear();
  at_->state = {};
}

std::vector<std::int64_t> PostgresModel::reset(std::span<const Pair> pairs) {
  std::vector<std::int64_t> removed;
  for (const auto& pair : pairs) {
    const Use use(*this, pair);
    for (const auto& field : pair.fields) {
      if (field.relation.kind == Relation::Kind::join)
        remove_edges(
            field.relation.join, [](const auto&) { return true; }, Doer::people);
    }
    const auto rows = std::exchange(at_->rows, {});
    std::set<std::string> keys;
    for (const auto& [key, row] : rows) keys.insert(key);
    cascade(keys, false);
    removed.push_back(std::ssize(rows));
  }
  for (const auto& pair : pairs) {  // what the emptying itself was captured as goes, too
    const Use use(*this, pair);
    const PairState before = at_->state;
    lose_state();
    at_->conflicts.clear();
    at_->open_conflicts.clear();
    at_->history.clear();
    at_->state = before;
    at_->state.watermark_ms = at_->state.full_scan_ms = std::nullopt;
    at_->state.first_sync_done = false;
    at_->state.scan_needed = before.known;  // of a pair that never stored anything nothing is told
    at_->state.fingerprint.clear();
    at_->state.schema_json.clear();
    at_->state.schema_ms = 0;
  }
  return removed;
}

void PostgresModel::restore_state(const State& copy) {
  for (const auto& [table, then] : copy) {
    Data& now = data_[table];
    Data restored = then;
    restored.rows = now.rows;
    restored.conflicts = now.conflicts;
    restored.open_conflicts = now.open_conflicts;
    now = std::move(restored);
  }
}

void PostgresModel::capture(const std::string& key, std::vector<std::size_t> fields, bool own) {
  if (capture_broken) return;
  Captured entry;
  entry.id = next_entry_++;
  entry.key = key;
  entry.fields = std::move(fields);
  entry.at_ms = clock_.now();
  entry.own = own;
  at_->log[entry.id] = std::move(entry);
}

// --- Table

PostgresModel::OptionalError PostgresModel::trouble(const char* doing) {
  clock_.pass(2);
  if (!chance(faults.unavailable)) return std::nullopt;
  return Error{
      Effect::none, Scope::workspace, Cause::unavailable, std::string("database: connection lost while ") + doing, {}};
}

Row PostgresModel::row_of(const std::string& key, const Stored& stored) const {
  Row row;
  row.key = key;
  row.version = std::to_string(stored.version);
  if (at_->keeps_time) row.updated_ms = stored.updated_ms;
  row.deleted = stored.deleted;
  row.values = stored.values;
  for (std::size_t i = 0; i < at_->fields.size(); ++i) {
    const Relation& relation = at_->fields[i].relation;
    if (relation.kind == Relation::Kind::join) row.values[i] = joined(relation, key);
  }
  row.page_id = stored.page_id;
  row.checksum = stored.checksum;
  return row;
}

Result<ChangeList> PostgresModel::changes(const Pair& pair, std::int64_t after, std::size_t limit) {
  const Use use(*this, pair);
  if (auto error = trouble("reading changes")) return fail(*error);
  ChangeList list;
  for (auto entry = at_->log.upper_bound(after); entry != at_->log.end(); ++entry) {
    if (list.changes.size() == limit) {
      list.more = true;
      break;
    }
    list.changes.push_back(entry->second);
  }
  return list;
}

Result<std::vector<Row>> PostgresModel::read(const Pair& pair, std::span<const std::string> keys) {
  const Use use(*this, pair);
  if (auto error = trouble("reading rows")) return fail(*error);
  std::vector<Row> rows;
  for (const auto& key : std::set<std::string>(keys.begin(), keys.end())) {
    if (const auto row = at_->rows.find(key); row != at_->rows.end()) rows.push_back(row_of(key, row->second));
  }
  return rows;
}

Result<RowList> PostgresModel::scan(const Pair& pair, const std::string& after_key, std::size_t limit, bool unlinked) {
  const Use use(*this, pair);
  if (auto error = trouble("scanning")) return fail(*error);
  RowList list;
  for (auto row = after_key.empty() ? at_->rows.begin() : at_->rows.upper_bound(after_key); row != at_->rows.end();
       ++row) {
    if (unlinked && at_->links.contains(row->first)) continue;
    if (list.rows.size() == limit) {
      list.more = true;
      break;
    }
    list.rows.push_back(row_of(row->first, row->second));
  }
  return list;
}

Result<std::int64_t> PostgresModel::count(const Pair& pair) {
  const Use use(*this, pair);
  return static_cast<std::int64_t>(at_->rows.size());
}

}  // namespace rowpage::sim
