// What the engine keeps and reads in the model of PostgreSQL: the port Store. What people do, and the port Table, are
// in postgres_model.cc.
#include <algorithm>
#include "sim/postgres_model.h"

namespace rowpage::sim {

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
  state.has_links =
      std::ranges::any_of(at_->links, [](const auto& link) { return link.second.page_live && link.second.row_live; });
  return state;
}

Result<std::int64_t> PostgresModel::live_links(const Pair& pair, std::int64_t enough) {
  const Use use(*this, pair);
  if (auto error = trouble("counting links")) return fail(*error);
  const auto live = [](const auto& link) { return link.second.page_live && link.second.row_live; };
  return std::min<std::int64_t>(std::ranges::count_if(at_->links, live), enough);
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

Result<std::vector<Parked>> PostgresModel::waiting(const Pair& pair) {
  const Use use(*this, pair);
  if (auto error = trouble("reading waiting records")) return fail(*error);
  std::vector<Parked> waiting;
  for (const auto& [name, parked] : at_->parked) waiting.push_back(parked);
  return waiting;
}

namespace {

Error lost_at_commit() {
  return {Effect::unknown, Scope::workspace, Cause::unavailable, "database: the connection was lost at COMMIT", {}};
}

// Rows are written one statement per operation and set of columns, in this order.
std::pair<std::string, std::set<std::string>> statement_of(const Pair& pair, const RowWrite& write) {
  using Kind = RowWrite::Kind;
  if (write.kind == Kind::hard_delete) return {"delete", {}};
  const auto& book = pair.book;
  std::set<std::string> columns;
  for (const auto& change : write.set) columns.insert(pair.fields[change.field].column);
  if (write.page_id) columns.insert(book.page_id_column);
  if (write.checksum) columns.insert(book.checksum_column);
  if (write.synced) columns.insert(book.synced_column);
  if (write.created_ms) columns.insert(book.created_at_column);
  if (write.kind == Kind::soft_delete || write.kind == Kind::restore) columns.insert(book.deleted_at_column);
  columns.erase("");
  if (write.kind == Kind::insert) return {write.key.empty() ? "insert" : "insert with key", std::move(columns)};
  // Without a column to write there is the row's links to write, or nothing.
  if (columns.empty()) return {write.edges.empty() ? "" : "none", {}};
  return {"update", std::move(columns)};
}

}  // namespace

// Rows first, statement by statement, then all their links.
PostgresModel::OptionalError PostgresModel::write_rows(const Pair& pair, std::vector<RowWork>& work) {
  const std::int64_t floor = next_entry_;
  std::map<std::pair<std::string, std::set<std::string>>, std::vector<RowWork*>> statements;
  for (auto& row : work) {
    if (!row.item->row) continue;
    auto statement = statement_of(pair, *row.item->row);
    row.writes = !statement.first.empty();
    if (row.writes) statements[std::move(statement)].push_back(&row);
  }
  for (auto& [statement, rows] : statements) {
    if (auto error = write_statement(pair, rows)) return error;
  }
  if (auto error = write_edges(pair, work)) return error;
  std::set<std::string> deleted;
  for (auto& row : work) {
    if (!row.writes) continue;
    ++row_writes_;
    if (row.item->row->kind == RowWrite::Kind::hard_delete) deleted.insert(row.key);
    const auto stored = at_->rows.find(row.key);
    if (stored != at_->rows.end()) row.result->row = row_of(row.key, stored->second);
  }
  // What fell with a row we deleted is no news of that row.
  std::erase_if(at_->log, [&](const auto& entry) {
    const Captured& change = entry.second;
    return entry.first >= floor && deleted.contains(change.key) && change.fields.size() == 1 &&
           pair.fields[change.fields.front()].relation.kind == Relation::Kind::join;
  });
  return std::nullopt;
}

PostgresModel::OptionalError PostgresModel::write_statement(const Pair& pair, std::span<RowWork* const> rows) {
  for (RowWork* row : rows) {
    const RowWrite& write = *row->item->row;
    row->key = write.key.empty() ? "row-" + std::to_string(next_key_++) : write.key;
    const auto found = at_->rows.find(row->key);
    const bool there = found != at_->rows.end();
    const bool same = there && (write.version.empty() || std::to_string(found->second.version) == write.version);
    if (write.kind == RowWrite::Kind::insert ? !there : same) continue;
    row->result->outcome = ItemResult::Outcome::moved;
    row->writes = false;
  }
  if (rows.front()->item->row->kind == RowWrite::Kind::hard_delete) {
    delete_rows(rows);
    return std::nullopt;
  }
  for (RowWork* row : rows) {
    if (!row->writes) continue;
    if (auto error = write_row(pair, *row)) return error;
  }
  for (const RowWork* row : rows) {  // foreign keys are checked at the statement's end
    if (!row->writes) continue;
    if (auto error = check_keys(pair, *row->item->row)) return error;
  }
  return std::nullopt;
}

void PostgresModel::delete_rows(std::span<RowWork* const> rows) {
  std::set<std::string> keys;
  for (const RowWork* row : rows) {
    if (row->writes && at_->rows.erase(row->key) != 0) keys.insert(row->key);
  }
  cascade(keys, true);
}

PostgresModel::OptionalError PostgresModel::write_row(const Pair& pair, RowWork& work) {
  const RowWrite& write = *work.item->row;
  const bool inserts = write.kind == RowWrite::Kind::insert;
  if (statement_of(pair, write).first == "none") return std::nullopt;
  Stored stored = inserts ? Stored{} : at_->rows[work.key];
  const Stored before = stored;
  stored.values.resize(pair.fields.size());
  for (const auto& change : write.set) stored.values[change.field] = change.value;
  for (std::size_t i = 0; inserts && i < column_defaults.size(); ++i) {
    if (is_null(column_defaults[i]) || std::ranges::find(write.set, i, &Change::field) != write.set.end()) continue;
    stored.values[i] = column_defaults[i];
    work.derived.insert(i);
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
  const bool marked = write.kind == RowWrite::Kind::soft_delete && keeps_mark;  // anew, where it was marked already
  const bool changed = inserts || marked || stored.values != before.values || stored.deleted != before.deleted;
  if (changed || strangers_touch_updated_at) stored.updated_ms = clock_.now();
  at_->rows[work.key] = stored;
  // The database's own doing is a change: it stays captured and travels.
  if (!work.derived.empty()) capture(work.key, {}, true);
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

// The row's half of a link: the row as stored, except for unset columns the database changed itself. Of join tables,
// which no compare-and-set holds, what was seen and what we wrote.
Link PostgresModel::stored_link(const Pair& pair, const RowWork& work) const {
  const Item& item = *work.item;
  Link link = *item.link;
  if (link.key.empty()) link.key = work.key;
  if (!work.writes || item.row->kind == RowWrite::Kind::hard_delete) return link;
  link.row_shadow.resize(pair.fields.size());
  const auto kept = [&](std::size_t i) { return std::ranges::find(item.keep_shadow, i) != item.keep_shadow.end(); };
  for (std::size_t i = 0; i < link.row_shadow.size(); ++i) {
    if (pair.fields[i].has_column() && !kept(i) && !work.derived.contains(i))
      link.row_shadow[i] = work.result->row->values[i];
  }
  for (const auto& edges : item.row->edges) {
    if (kept(edges.field)) continue;
    Value& shadow = link.row_shadow[edges.field];
    TextList names = std::get_if<TextList>(&shadow) ? std::get<TextList>(shadow) : TextList{};
    std::erase_if(names, [&](const auto& name) { return std::ranges::find(edges.drop, name) != edges.drop.end(); });
    std::ranges::copy(edges.add, std::back_inserter(names));
    shadow = make_list(std::move(names));
  }
  return link;
}

// All of an item but its row and its errands.
void PostgresModel::apply(const Pair& pair, const RowWork& work) {
  const Item& item = *work.item;
  const std::string& key = work.key;
  const auto& result = *work.result;
  if (item.link) {
    const Link link = stored_link(pair, work);
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
}

// A record's list anew replaces what it awaited.
void PostgresModel::clear_errands(const RowWork& work) {
  const Item& item = *work.item;
  const auto is_of = [](const Errand& errand, const std::string& key, const std::string& page) {
    return (!errand.key.empty() && errand.key == key) || (!errand.page_id.empty() && errand.page_id == page);
  };
  for (const auto& done : item.errands_done) {
    const bool named = !done.key.empty() || !done.page_id.empty();
    std::erase_if(at_->errands, [&](const Errand& errand) {
      return errand.kind == done.kind && errand.field == done.field && errand.other == done.other &&
             is_of(errand, named ? done.key : item.key, named ? done.page_id : item.page_id);
    });
  }
  if (!item.errands) return;
  std::erase_if(at_->errands, [&](const Errand& errand) {
    const bool awaits = errand.kind == Errand::Kind::await_page || errand.kind == Errand::Kind::await_row;
    return awaits && is_of(errand, work.key, item.page_id);
  });
}

void PostgresModel::add_errands(const RowWork& work) {
  const Item& item = *work.item;
  const auto add = [&](Data& data, Errand errand) {
    errand.schema.clear();
    errand.table.clear();
    const bool there = std::ranges::any_of(data.errands, [&](const Errand& other) {
      return other.kind == errand.kind && other.key == errand.key && other.page_id == errand.page_id &&
             other.field == errand.field && other.other == errand.other;
    });
    if (!there) data.errands.push_back(std::move(errand));
  };
  for (Errand errand : item.errands.value_or(std::vector<Errand>{})) {
    errand.key = work.key;
    errand.page_id = item.page_id;
    add(*at_, std::move(errand));
  }
  for (const auto& other : item.other_errands) {
    const auto data = data_.find(other.table);
    if (other.table.empty()) add(*at_, other);
    if (data != data_.end() && data->second.schema == other.schema) add(data->second, other);
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
    target.key = target.ref = key;  // links are named by the key, which a row that is gone had as well
    const auto row = data.rows.find(key);
    if (row != data.rows.end()) target.deleted = row->second.deleted;
    if (const auto link = data.links.find(key); link != data.links.end()) {
      target.page_id = link->second.page_id;
      target.live = link->second.page_live && link->second.row_live && row != data.rows.end();
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
  // Only the owner's page can be looked at for what the back end says.
  if (field == at_->fields.end() || field->relation.kind == Relation::Kind::back || field->relation.far.empty())
    return false;
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
  committed.items.resize(batch.items.size());
  std::vector<RowWork> work;
  for (std::size_t i = 0; i < batch.items.size(); ++i)
    work.push_back({.item = &batch.items[i], .result = &committed.items[i], .key = batch.items[i].key});
  if (auto error = write_rows(pair, work)) {
    roll_back();
    return fail(*error);
  }
  std::erase_if(work, [](const RowWork& row) { return row.result->outcome == ItemResult::Outcome::moved; });
  for (const auto& row : work) apply(pair, row);
  for (const auto& row : work) clear_errands(row);
  for (const auto& row : work) add_errands(row);
  const bool lost = chance(faults.commit_unknown);
  if (lost && chance(0.5)) {
    roll_back();
    return fail(lost_at_commit());
  }
  for (const std::size_t field : batch.forget) {
    for (auto& [key, link] : at_->links) {
      link.page_shadow[field] = pair.fields[field].type == FieldType::checkbox ? Value(false) : Value(Null{});
      link.row_shadow[field] = Null{};
      const bool agreed_nothing = pair.fields[field].type != FieldType::checkbox &&
                                  pair.fields[field].relation.kind != Relation::Kind::back &&
                                  std::ranges::find(link.unsettled, field) == link.unsettled.end();
      if (agreed_nothing) link.unsettled.push_back(field);
    }
  }
  if (batch.state) {
    at_->state = *batch.state;
    at_->state.known = true;
  }
  if (row_writes_ != writes && on_row_write) on_row_write();
  if (lost) return fail(lost_at_commit());
  crash_.step();
  return committed;
}

Result<Store::Permits> PostgresModel::take_permits(const std::string&, std::size_t, std::size_t want) {
  return Permits{want, 0};
}

}  // namespace rowpage::sim
