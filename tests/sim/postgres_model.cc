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
  cascade(key);
  return true;
}

// ON DELETE CASCADE of join rows, ON DELETE SET NULL of foreign keys.
void PostgresModel::cascade(const std::string& key) {
  const std::string table = at_->table;
  for (auto& [name, data] : data_) {
    for (std::size_t i = 0; i < data.fields.size(); ++i) {
      const Relation& relation = data.fields[i].relation;
      if (relation.kind == Relation::Kind::join) {
        auto& edges = joins_[relation.join];
        const auto copy = edges;
        for (const auto& edge : copy) {
          const bool own = name == table && edge.first == key, other = relation.to_table == table && edge.second == key;
          if (!own && !other) continue;
          edges.erase(edge);
          capture_join(relation.join, edge.first);
        }
      } else if (relation.kind == Relation::Kind::column && relation.to_table == table) {
        for (auto& [row_key, row] : data.rows) {
          if (row.values[i] != Value(TextList{key})) continue;
          row.values[i] = Null{};
          row.version = next_version_++;
          At there(*this, data);
          capture(row_key, {i});
        }
      }
    }
  }
}

void PostgresModel::know(const Pair& pair) {
  Data& data = data_[pair.table_name];
  data.table = pair.table_name;
  data.fields = pair.fields;
}

void PostgresModel::use(const Pair& pair) {
  know(pair);
  at_ = &data_[pair.table_name];
}

bool PostgresModel::link(const std::string& join, const std::string& own, const std::string& other) {
  if (!joins_[join].emplace(own, other).second) return false;
  capture_join(join, own);
  return true;
}

bool PostgresModel::unlink(const std::string& join, const std::string& own, const std::string& other) {
  if (joins_[join].erase({own, other}) == 0) return false;
  capture_join(join, own);
  return true;
}

// A change of a join table reaches every pair that shows it.
void PostgresModel::capture_join(const std::string& join, const std::string& own, bool by_us) {
  for (auto& [name, data] : data_) {
    for (std::size_t i = 0; i < data.fields.size(); ++i) {
      const Relation& relation = data.fields[i].relation;
      if (relation.kind != Relation::Kind::join || relation.join != join) continue;
      At there(*this, data);
      capture(own, {i}, by_us);
    }
  }
}

Value PostgresModel::joined(const Relation& relation, const std::string& key) const {
  TextList list;
  const auto edges = joins_.find(relation.join);
  if (edges == joins_.end()) return Null{};
  for (auto edge = edges->second.lower_bound({key, ""}); edge != edges->second.end() && edge->first == key; ++edge)
    list.push_back(edge->second);
  return make_list(std::move(list));
}

PostgresModel::OptionalError PostgresModel::write_edges(const Pair& pair, const RowWrite& write,
                                                        const std::string& key) {
  for (const auto& edges : write.edges) {
    const Relation& relation = pair.fields[edges.field].relation;
    const auto& targets = data_[relation.to_table].rows;
    for (const auto& other : edges.add) {
      if (!targets.contains(other))
        return Error{Effect::none, Scope::record, Cause::constraint, "violates a foreign key of " + relation.join, {}};
      joins_[relation.join].emplace(key, other);
    }
    for (const auto& other : edges.drop) joins_[relation.join].erase({key, other});
  }
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

void PostgresModel::truncate() {
  at_->rows.clear();
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
  row.updated_ms = stored.updated_ms;
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

// --- Store

Result<Millis> PostgresModel::now() {
  if (auto error = trouble("asking the time")) return fail(*error);
  return clock_.now();
}

Result<Lease> PostgresModel::acquire(const std::string&, Millis ttl_ms, Millis) {
  return Lease{++fence_, clock_.now(), clock_.now() + ttl_ms};
}

Result<Lease> PostgresModel::renew(const std::string&, const Lease& lease, Millis ttl_ms) {
  if (lease.fence != fence_) {
    return fail({Effect::none, Scope::workspace, Cause::lease_lost, "another runner holds the workspace", {}});
  }
  return Lease{fence_, clock_.now(), clock_.now() + ttl_ms};
}

Status PostgresModel::release(const std::string&, const Lease&) {
  return {};
}

Result<PairState> PostgresModel::load(const Pair& pair) {
  const Use use(*this, pair);
  if (auto error = trouble("loading state")) return fail(*error);
  PairState state = at_->state;
  state.capture_ready = !capture_broken;
  state.live_links =
      std::ranges::count_if(at_->links, [](const auto& link) { return link.second.page_live && link.second.row_live; });
  return state;
}

Result<std::vector<Link>> PostgresModel::links_of_pages(const Pair& pair, std::span<const std::string> page_ids) {
  const Use use(*this, pair);
  if (auto error = trouble("reading links")) return fail(*error);
  std::vector<Link> found;
  for (const auto& [key, link] : at_->links) {
    if (std::ranges::find(page_ids, link.page_id) != page_ids.end()) found.push_back(link);
  }
  return found;
}

Result<std::vector<Link>> PostgresModel::links_of_rows(const Pair& pair, std::span<const std::string> keys) {
  const Use use(*this, pair);
  if (auto error = trouble("reading links")) return fail(*error);
  std::vector<Link> found;
  for (const auto& key : std::set<std::string>(keys.begin(), keys.end())) {
    if (const auto link = at_->links.find(key); link != at_->links.end()) found.push_back(link->second);
  }
  return found;
}

Result<std::vector<Link>> PostgresModel::links_after(const Pair& pair, const std::string& after_key,
                                                     std::size_t limit) {
  const Use use(*this, pair);
  if (auto error = trouble("reading links")) return fail(*error);
  std::vector<Link> found;
  for (auto link = after_key.empty() ? at_->links.begin() : at_->links.upper_bound(after_key);
       link != at_->links.end() && found.size() < limit; ++link) {
    found.push_back(link->second);
  }
  return found;
}

Result<std::vector<Link>> PostgresModel::links_unnoted(const Pair& pair, std::size_t limit) {
  const Use use(*this, pair);
  if (auto error = trouble("reading links")) return fail(*error);
  std::vector<Link> found;
  for (const auto& [key, link] : at_->links) {
    if (!link.page_noted && link.page_live && link.row_live && found.size() < limit) found.push_back(link);
  }
  return found;
}

Result<std::vector<Pending>> PostgresModel::pending(const Pair& pair) {
  const Use use(*this, pair);
  if (auto error = trouble("reading open requests")) return fail(*error);
  std::vector<Pending> all;
  for (const auto& [nonce, request] : at_->pending) all.push_back(request);
  std::ranges::stable_sort(all, {}, &Pending::noted_ms);
  return all;
}

Result<std::vector<NonceOwner>> PostgresModel::owners(const Pair& pair, std::span<const std::string> nonces) {
  const Use use(*this, pair);
  std::vector<NonceOwner> owners;
  for (const auto& nonce : nonces) {
    NonceOwner owner;
    owner.nonce = nonce;
    const auto link = std::ranges::find_if(at_->links, [&](const auto& entry) { return entry.second.nonce == nonce; });
    if (link != at_->links.end()) {
      owner.state = NonceOwner::State::linked;
      owner.key = link->first;
      owner.page_id = link->second.page_id;
    } else if (const auto open = at_->pending.find(nonce); open != at_->pending.end()) {
      owner.state = NonceOwner::State::pending;
      owner.key = open->second.key;
    } else if (const auto given_up = at_->abandoned.find(nonce); given_up != at_->abandoned.end()) {
      owner.state = NonceOwner::State::abandoned;
      owner.key = given_up->second.key;
      owner.intended = given_up->second.intended;
    }
    owners.push_back(std::move(owner));
  }
  return owners;
}

Result<std::vector<Parked>> PostgresModel::due(const Pair& pair, bool all) {
  const Use use(*this, pair);
  if (auto error = trouble("reading waiting records")) return fail(*error);
  std::vector<Parked> due;
  for (const auto& [name, parked] : at_->parked) {
    if (all || parked.next_try_ms <= clock_.now()) due.push_back(parked);
  }
  return due;
}

PostgresModel::OptionalError PostgresModel::write_row(const Pair& pair, const Item& item, ItemResult& result,
                                                      std::string& key, std::set<std::size_t>& derived) {
  const RowWrite& write = *item.row;
  const bool inserts = write.kind == RowWrite::Kind::insert;
  key = write.key.empty() ? "row-" + std::to_string(next_key_++) : write.key;
  auto row = at_->rows.find(key);
  const bool there = row != at_->rows.end();
  if (inserts ? there : (!there || (!write.version.empty() && std::to_string(row->second.version) != write.version))) {
    result.outcome = ItemResult::Outcome::moved;
    return std::nullopt;
  }
  if (write.kind == RowWrite::Kind::hard_delete) {
    at_->rows.erase(row);
    cascade(key);
    return std::nullopt;
  }
  Stored stored = there ? row->second : Stored{};
  stored.values.resize(pair.fields.size());
  for (const auto& change : write.set) stored.values[change.field] = change.value;
  for (std::size_t i = 0; inserts && i < column_defaults.size(); ++i) {
    if (is_null(column_defaults[i]) || std::ranges::find(write.set, i, &Change::field) != write.set.end()) continue;
    stored.values[i] = column_defaults[i];
    derived.insert(i);
  }
  for (std::size_t i = 0; i < pair.fields.size(); ++i) {
    const auto* number = std::get_if<double>(&stored.values[i]);
    if (one_column_constraint && number && *number < 0) {
      return Error{Effect::none, Scope::record, Cause::constraint, "row violates CHECK (score >= 0)", {}};
    }
  }
  const bool keeps_mark = !pair.book.deleted_at_column.empty();
  if (write.kind == RowWrite::Kind::soft_delete && keeps_mark) stored.deleted = true;
  if (write.kind == RowWrite::Kind::restore || inserts) stored.deleted = false;
  if (write.page_id) stored.page_id = *write.page_id;
  if (write.checksum) stored.checksum = *write.checksum;
  stored.version = next_version_++;
  if (!write.set.empty() || strangers_touch_updated_at) stored.updated_ms = clock_.now();
  at_->rows[key] = stored;
  result.row = row_of(key, stored);
  if (auto error = write_edges(pair, write, key)) return error;
  result.row = row_of(key, at_->rows[key]);
  if (!derived.empty()) capture(key, {}, true);  // the database's own doing is a change: it stays captured and travels
  return std::nullopt;
}

// An open conflict replaces the field's open one of the same record; a decided one is only added to the log.
void PostgresModel::log_conflict(Conflict conflict) {
  if (!conflict.winner) {
    for (std::size_t i = at_->conflicts.size();
         i-- > 0;) {  // backwards: of one record and field, the open one is the last
      const Conflict& c = at_->conflicts[i];
      const bool same = c.key == conflict.key || (!c.page_id.empty() && c.page_id == conflict.page_id);
      if (!same || c.winner || c.field != conflict.field || at_->open_conflicts.erase({c.key, c.field}) == 0) continue;
      at_->conflicts.erase(at_->conflicts.begin() + static_cast<std::ptrdiff_t>(i));
    }
    at_->open_conflicts.insert({conflict.key, conflict.field});
  }
  at_->conflicts.push_back(std::move(conflict));
}

void PostgresModel::close_conflict(const std::string& key, const std::string& page_id, std::size_t field) {
  for (const auto& c : at_->conflicts) {
    const bool same = c.key == key || (!page_id.empty() && c.page_id == page_id);
    if (same && !c.winner && c.field == field) at_->open_conflicts.erase({c.key, field});
  }
}

PostgresModel::OptionalError PostgresModel::apply(const Pair& pair, const Item& item, ItemResult& result) {
  std::string key = item.key;
  std::set<std::size_t> derived;
  if (item.row) {
    if (auto error = write_row(pair, item, result, key, derived)) return error;
    if (result.outcome == ItemResult::Outcome::moved) return std::nullopt;
    ++row_writes_;
  }
  if (item.link) {
    Link link = *item.link;
    if (link.key.empty()) link.key = key;
    if (result.row) {
      // The row as stored, except for unset columns the database changed itself.
      link.row_shadow.resize(pair.fields.size());
      for (std::size_t i = 0; i < link.row_shadow.size(); ++i) {
        const bool kept = std::ranges::find(item.keep_shadow, i) != item.keep_shadow.end() || derived.contains(i);
        if (!kept) link.row_shadow[i] = result.row->values[i];
      }
    }
    // A page is tied to one row: an older tie of the same page ends.
    std::erase_if(at_->links, [&](const auto& entry) {
      return entry.first != link.key && !link.page_id.empty() && entry.second.page_id == link.page_id;
    });
    at_->links[link.key] = link;
  }
  if (item.unlink) {
    at_->links.erase(item.key);
    std::erase_if(at_->links,
                  [&](const auto& other) { return !item.page_id.empty() && other.second.page_id == item.page_id; });
  }
  for (const std::size_t field : item.close_conflicts) close_conflict(item.key, item.page_id, field);
  for (auto conflict : item.conflicts) {
    if (conflict.key.empty()) conflict.key = key;
    if (conflict.page_id.empty()) conflict.page_id = item.page_id;
    log_conflict(std::move(conflict));
  }
  std::ranges::copy(item.history, std::back_inserter(at_->history));
  for (auto note : item.note) {
    if (note.key.empty() && result.row) note.key = result.row->key;
    at_->pending[note.nonce] = std::move(note);
  }
  for (const auto& given_up : item.abandon) {
    at_->abandoned[given_up.nonce] = given_up;
    at_->pending.erase(given_up.nonce);
  }
  for (const auto& nonce : item.settle) {
    at_->pending.erase(nonce);
    at_->abandoned.erase(nonce);
  }
  if (item.unpark) {
    std::erase_if(at_->parked, [&](const auto& entry) {
      return (!key.empty() && entry.second.key == key) ||
             (!item.page_id.empty() && entry.second.page_id == item.page_id);
    });
  }
  if (item.park) {
    Parked parked = *item.park;
    if (parked.key.empty()) parked.key = item.key;
    if (parked.page_id.empty()) parked.page_id = item.page_id;
    std::erase_if(at_->parked, [&](const auto& entry) {
      return (!parked.key.empty() && entry.second.key == parked.key) ||
             (!parked.page_id.empty() && entry.second.page_id == parked.page_id);
    });
    at_->parked[parked_name(parked.key, parked.page_id)] = std::move(parked);
  }
  for (const std::int64_t id : item.ack) at_->log.erase(id);
  keep_errands(item, key);
  return std::nullopt;
}

void PostgresModel::keep_errands(const Item& item, const std::string& key) {
  const auto of_record = [&](const Errand& errand) {
    return (!errand.key.empty() && errand.key == key) || (!errand.page_id.empty() && errand.page_id == item.page_id);
  };
  const auto add = [&](Data& data, Errand errand) {
    errand.schema.clear();
    errand.table.clear();
    if (std::ranges::find(data.errands, errand) == data.errands.end()) data.errands.push_back(std::move(errand));
  };
  if (item.errands) {
    std::erase_if(at_->errands, [&](const Errand& errand) {
      return of_record(errand) && (errand.kind == Errand::Kind::await_page || errand.kind == Errand::Kind::await_row);
    });
    for (Errand errand : *item.errands) {
      errand.key = key;
      errand.page_id = item.page_id;
      add(*at_, std::move(errand));
    }
  }
  for (const auto& done : item.errands_done) std::erase(at_->errands, done);
  for (const auto& other : item.other_errands) {
    const auto data = data_.find(other.table);
    if (data != data_.end()) add(data->second, other);
  }
}

// --- links

Result<std::vector<Target>> PostgresModel::targets(const Pair& pair, std::size_t field,
                                                   std::span<const std::string> page_ids,
                                                   std::span<const std::string> refs) {
  if (auto error = trouble("reading targets")) return fail(*error);
  const Data& data = data_[pair.fields[field].relation.to_table];
  std::vector<Target> found;
  std::set<std::string> keys;
  for (const auto& [key, link] : data.links) {
    if (std::ranges::find(page_ids, link.page_id) != page_ids.end()) keys.insert(key);
  }
  for (const auto& ref : refs) {
    if (data.rows.contains(ref) || data.links.contains(ref)) keys.insert(ref);
  }
  for (const auto& key : keys) {
    Target target;
    target.field = field;
    target.key = key;
    if (const auto row = data.rows.find(key); row != data.rows.end()) {
      target.ref = key;
      target.deleted = row->second.deleted;
    }
    if (const auto link = data.links.find(key); link != data.links.end()) {
      target.page_id = link->second.page_id;
      target.live = link->second.page_live && link->second.row_live && !target.ref.empty();
      target.deleted = target.deleted || (!link->second.page_live && !link->second.row_live);
    }
    found.push_back(std::move(target));
  }
  return found;
}

Result<std::vector<Store::SeenEdge>> PostgresModel::news(const Pair& pair, std::size_t field,
                                                         std::span<const SeenEdge> edges) {
  if (auto error = trouble("reading owners")) return fail(*error);
  const Relation& relation = pair.fields[field].relation;
  const Data& data = data_[relation.to_table];
  const auto owner_field = std::ranges::find(data.fields, relation.far, &Field::column);
  const auto index = static_cast<std::size_t>(owner_field - data.fields.begin());
  std::vector<SeenEdge> news;
  for (const auto& edge : edges) {
    const auto link =
        std::ranges::find_if(data.links, [&](const auto& entry) { return entry.second.page_id == edge.owner; });
    bool shown = false;
    if (link != data.links.end()) {
      const auto* list = std::get_if<TextList>(&link->second.page_shadow[index]);
      shown = list && std::ranges::find(*list, edge.page_id) != list->end();
    }
    const bool awaited = std::ranges::any_of(data.errands, [&](const Errand& errand) {
      return errand.kind == Errand::Kind::await_row && errand.page_id == edge.owner && errand.field == relation.far &&
             errand.other == edge.page_id;
    });
    if (shown != edge.shown && !(edge.shown && awaited)) news.push_back(edge);
  }
  return news;
}

// Whether the back end's page and its owner's, as last seen, agree about the link a look is about.
bool PostgresModel::settled(const Errand& look) const {
  const auto shows = [](const Data& data, const std::string& page, const std::string& column,
                        const std::string& other) -> std::optional<bool> {
    const auto link = std::ranges::find_if(data.links, [&](const auto& entry) { return entry.second.page_id == page; });
    const auto field = std::ranges::find(data.fields, column, &Field::column);
    if (link == data.links.end() || field == data.fields.end()) return std::nullopt;
    const auto& value = link->second.page_shadow[static_cast<std::size_t>(field - data.fields.begin())];
    const auto* list = std::get_if<TextList>(&value);
    return list && std::ranges::find(*list, other) != list->end();
  };
  const auto field = std::ranges::find(at_->fields, look.field, &Field::column);
  if (field == at_->fields.end()) return false;
  const auto far = data_.find(field->relation.to_table);
  if (far == data_.end()) return false;
  auto own = shows(*at_, look.page_id, look.field, look.other);
  const auto its = shows(far->second, look.other, field->relation.far, look.page_id);
  const bool awaited = std::ranges::any_of(at_->errands, [&](const Errand& errand) {
    return errand.kind == Errand::Kind::await_row && errand.page_id == look.page_id && errand.field == look.field &&
           errand.other == look.other;
  });
  return own && its && (*own || awaited) == *its;
}

Result<Store::DueErrands> PostgresModel::errands(const Pair& pair) {
  const Use use(*this, pair);
  if (auto error = trouble("reading errands")) return fail(*error);
  DueErrands due;
  for (const auto& errand : at_->errands) {
    const auto awaited = data_.find(errand.to_table);
    const auto lives = [&](const auto& entry) {
      const bool row = errand.kind == Errand::Kind::await_page;
      return (row ? entry.first : entry.second.page_id) == errand.other && !entry.second.page_id.empty() &&
             entry.second.page_live && entry.second.row_live;
    };
    const bool awaits = errand.kind == Errand::Kind::await_page || errand.kind == Errand::Kind::await_row;
    if (awaits && (awaited == data_.end() || std::ranges::none_of(awaited->second.links, lives))) continue;
    auto& list = errand.kind == Errand::Kind::look && settled(errand) ? due.settled : due.open;
    list.push_back(errand);
  }
  return due;
}

Result<Committed> PostgresModel::commit(const Pair& pair, const Batch& batch) {
  const Use use(*this, pair);
  if (auto error = trouble("committing")) return fail(*error);
  crash_.step();
  if (batch.fence != fence_)
    return fail({Effect::none, Scope::workspace, Cause::lease_lost, "another runner holds the workspace", {}});
  // A transaction: what it changes is put back unless it reaches COMMIT.
  const auto before = data_;
  const auto joins = joins_;
  const auto writes = row_writes_;
  const auto roll_back = [&] {
    for (const auto& [table, data] : before) data_[table] = data;  // in place: somebody is looking at one of them
    joins_ = joins;
    row_writes_ = writes;
  };
  Committed committed;
  committed.now_ms = clock_.now();
  for (const auto& item : batch.items) {
    ItemResult result;
    if (auto error = apply(pair, item, result)) {
      roll_back();
      return fail(*error);
    }
    committed.items.push_back(std::move(result));
  }
  if (chance(faults.commit_unknown)) {
    if (chance(0.5)) roll_back();
    return fail(
        {Effect::unknown, Scope::workspace, Cause::unavailable, "database: the connection was lost at COMMIT", {}});
  }
  for (const std::size_t field : batch.forget) {
    for (auto& [key, link] : at_->links) {
      link.page_shadow[field] = pair.fields[field].type == FieldType::checkbox ? Value(false) : Value(Null{});
      link.row_shadow[field] = Null{};
    }
  }
  if (batch.state) {
    at_->state = *batch.state;
    at_->state.known = true;
  }
  if (row_writes_ != writes && on_row_write) on_row_write();
  crash_.step();
  return committed;
}

Result<Store::Permits> PostgresModel::take_permits(const std::string&, std::size_t, std::size_t want) {
  return Permits{want, 0};
}

}  // namespace rowpage::sim
