#include "sim/postgres_model.h"

#include <algorithm>

namespace rowpage::sim {

// --- people

std::string PostgresModel::insert(const Pair& pair, const Values& values, const std::string& key) {
  const std::string name = key.empty() ? "row-" + std::to_string(next_key_++) : key;
  Stored row;
  row.values = values;
  row.values.resize(pair.fields.size());
  row.version = next_version_++;
  row.updated_ms = clock_.now();
  rows_[name] = std::move(row);
  capture(name, {});
  return name;
}

bool PostgresModel::edit(const Pair&, const std::string& key, const std::vector<Change>& changes) {
  const auto row = rows_.find(key);
  if (row == rows_.end()) return false;
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
  const auto row = rows_.find(key);
  if (row == rows_.end() || row->second.deleted) return false;
  row->second.deleted = true;
  row->second.version = next_version_++;
  row->second.updated_ms = clock_.now();
  capture(key, {});
  return true;
}

bool PostgresModel::restore(const std::string& key) {
  const auto row = rows_.find(key);
  if (row == rows_.end() || !row->second.deleted) return false;
  row->second.deleted = false;
  row->second.version = next_version_++;
  row->second.updated_ms = clock_.now();
  capture(key, {});
  return true;
}

bool PostgresModel::hard_delete(const std::string& key) {
  if (rows_.erase(key) == 0) return false;
  capture(key, {});
  return true;
}

bool PostgresModel::rename_key(const std::string& key, const std::string& new_key) {
  const auto row = rows_.find(key);
  if (row == rows_.end() || rows_.contains(new_key)) return false;
  Stored stored = row->second;
  stored.version = next_version_++;
  rows_.erase(row);
  rows_[new_key] = std::move(stored);
  capture(key, {});
  capture(new_key, {});
  return true;
}

void PostgresModel::claim(const std::string& key, const std::string& page_id) {
  auto& row = rows_.at(key);
  row.page_id = page_id;
  row.version = next_version_++;
}

void PostgresModel::truncate() {
  rows_.clear();
  Captured entry;
  entry.id = next_entry_++;
  entry.at_ms = clock_.now();
  entry.whole = true;
  log_[entry.id] = entry;
}

void PostgresModel::decide(const std::string& key, std::size_t field, Side winner) {
  if (const auto link = links_.find(key); link != links_.end()) link->second.choices.emplace_back(field, winner);
  if (const auto parked = parked_.find(key); parked != parked_.end()) parked->second.next_try_ms = clock_.now();
}

void PostgresModel::lose_state() {
  links_.clear();
  pending_.clear();
  abandoned_.clear();
  parked_.clear();
  log_.clear();
  state_ = {};
}

void PostgresModel::capture(const std::string& key, std::vector<std::size_t> fields, bool own) {
  if (capture_broken) return;
  Captured entry;
  entry.id = next_entry_++;
  entry.key = key;
  entry.fields = std::move(fields);
  entry.at_ms = clock_.now();
  entry.own = own;
  log_[entry.id] = std::move(entry);
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
  row.page_id = stored.page_id;
  row.checksum = stored.checksum;
  return row;
}

Result<ChangeList> PostgresModel::changes(const Pair&, std::int64_t after, std::size_t limit) {
  if (auto error = trouble("reading changes")) return fail(*error);
  ChangeList list;
  for (auto entry = log_.upper_bound(after); entry != log_.end(); ++entry) {
    if (list.changes.size() == limit) {
      list.more = true;
      break;
    }
    list.changes.push_back(entry->second);
  }
  return list;
}

Result<std::vector<Row>> PostgresModel::read(const Pair&, std::span<const std::string> keys) {
  if (auto error = trouble("reading rows")) return fail(*error);
  std::vector<Row> rows;
  for (const auto& key : std::set<std::string>(keys.begin(), keys.end())) {
    if (const auto row = rows_.find(key); row != rows_.end()) rows.push_back(row_of(key, row->second));
  }
  return rows;
}

Result<RowList> PostgresModel::scan(const Pair&, const std::string& after_key, std::size_t limit, bool unlinked) {
  if (auto error = trouble("scanning")) return fail(*error);
  RowList list;
  for (auto row = after_key.empty() ? rows_.begin() : rows_.upper_bound(after_key); row != rows_.end(); ++row) {
    if (unlinked && links_.contains(row->first)) continue;
    if (list.rows.size() == limit) {
      list.more = true;
      break;
    }
    list.rows.push_back(row_of(row->first, row->second));
  }
  return list;
}

Result<std::int64_t> PostgresModel::count(const Pair&) {
  return static_cast<std::int64_t>(rows_.size());
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

Result<PairState> PostgresModel::load(const Pair&) {
  if (auto error = trouble("loading state")) return fail(*error);
  PairState state = state_;
  state.capture_ready = !capture_broken;
  state.live_links =
      std::ranges::count_if(links_, [](const auto& link) { return link.second.page_live && link.second.row_live; });
  return state;
}

Result<std::vector<Link>> PostgresModel::links_of_pages(const Pair&, std::span<const std::string> page_ids) {
  if (auto error = trouble("reading links")) return fail(*error);
  std::vector<Link> found;
  for (const auto& [key, link] : links_) {
    if (std::ranges::find(page_ids, link.page_id) != page_ids.end()) found.push_back(link);
  }
  return found;
}

Result<std::vector<Link>> PostgresModel::links_of_rows(const Pair&, std::span<const std::string> keys) {
  if (auto error = trouble("reading links")) return fail(*error);
  std::vector<Link> found;
  for (const auto& key : std::set<std::string>(keys.begin(), keys.end())) {
    if (const auto link = links_.find(key); link != links_.end()) found.push_back(link->second);
  }
  return found;
}

Result<std::vector<Link>> PostgresModel::links_after(const Pair&, const std::string& after_key, std::size_t limit) {
  if (auto error = trouble("reading links")) return fail(*error);
  std::vector<Link> found;
  for (auto link = after_key.empty() ? links_.begin() : links_.upper_bound(after_key);
       link != links_.end() && found.size() < limit; ++link) {
    found.push_back(link->second);
  }
  return found;
}

Result<std::vector<Link>> PostgresModel::links_unnoted(const Pair&, std::size_t limit) {
  if (auto error = trouble("reading links")) return fail(*error);
  std::vector<Link> found;
  for (const auto& [key, link] : links_) {
    if (!link.page_noted && link.page_live && link.row_live && found.size() < limit) found.push_back(link);
  }
  return found;
}

Result<std::vector<Pending>> PostgresModel::pending(const Pair&) {
  if (auto error = trouble("reading open requests")) return fail(*error);
  std::vector<Pending> all;
  for (const auto& [nonce, request] : pending_) all.push_back(request);
  std::ranges::stable_sort(all, {}, &Pending::noted_ms);
  return all;
}

Result<std::vector<NonceOwner>> PostgresModel::owners(const Pair&, std::span<const std::string> nonces) {
  std::vector<NonceOwner> owners;
  for (const auto& nonce : nonces) {
    NonceOwner owner;
    owner.nonce = nonce;
    const auto link = std::ranges::find_if(links_, [&](const auto& entry) { return entry.second.nonce == nonce; });
    if (link != links_.end()) {
      owner.state = NonceOwner::State::linked;
      owner.key = link->first;
      owner.page_id = link->second.page_id;
    } else if (const auto open = pending_.find(nonce); open != pending_.end()) {
      owner.state = NonceOwner::State::pending;
      owner.key = open->second.key;
    } else if (const auto given_up = abandoned_.find(nonce); given_up != abandoned_.end()) {
      owner.state = NonceOwner::State::abandoned;
      owner.key = given_up->second.key;
      owner.intended = given_up->second.intended;
    }
    owners.push_back(std::move(owner));
  }
  return owners;
}

Result<std::vector<Parked>> PostgresModel::due(const Pair&) {
  if (auto error = trouble("reading waiting records")) return fail(*error);
  std::vector<Parked> due;
  for (const auto& [name, parked] : parked_) {
    if (parked.next_try_ms <= clock_.now()) due.push_back(parked);
  }
  return due;
}

PostgresModel::OptionalError PostgresModel::write_row(const Pair& pair, const Item& item, ItemResult& result,
                                                      std::string& key, std::set<std::size_t>& derived) {
  const RowWrite& write = *item.row;
  const bool inserts = write.kind == RowWrite::Kind::insert;
  key = write.key.empty() ? "row-" + std::to_string(next_key_++) : write.key;
  auto row = rows_.find(key);
  const bool there = row != rows_.end();
  if (inserts ? there : (!there || (!write.version.empty() && std::to_string(row->second.version) != write.version))) {
    result.outcome = ItemResult::Outcome::moved;
    return std::nullopt;
  }
  if (write.kind == RowWrite::Kind::hard_delete) {
    rows_.erase(row);
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
  rows_[key] = stored;
  result.row = row_of(key, stored);
  if (!derived.empty()) capture(key, {}, true);  // the database's own doing is a change: it stays captured and travels
  return std::nullopt;
}

// An open conflict replaces the field's open one of the same record; a decided one is only added to the log.
void PostgresModel::log_conflict(Conflict conflict) {
  if (!conflict.winner) {
    for (std::size_t i = conflicts_.size(); i-- > 0;) {  // backwards: of one record and field, the open one is the last
      const Conflict& c = conflicts_[i];
      const bool same = c.key == conflict.key || (!c.page_id.empty() && c.page_id == conflict.page_id);
      if (!same || c.winner || c.field != conflict.field || open_conflicts_.erase({c.key, c.field}) == 0) continue;
      conflicts_.erase(conflicts_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    open_conflicts_.insert({conflict.key, conflict.field});
  }
  conflicts_.push_back(std::move(conflict));
}

void PostgresModel::close_conflict(const std::string& key, const std::string& page_id, std::size_t field) {
  for (const auto& c : conflicts_) {
    const bool same = c.key == key || (!page_id.empty() && c.page_id == page_id);
    if (same && !c.winner && c.field == field) open_conflicts_.erase({c.key, field});
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
    std::erase_if(links_, [&](const auto& entry) {
      return entry.first != link.key && !link.page_id.empty() && entry.second.page_id == link.page_id;
    });
    links_[link.key] = link;
  }
  if (item.unlink) {
    links_.erase(item.key);
    std::erase_if(links_,
                  [&](const auto& other) { return !item.page_id.empty() && other.second.page_id == item.page_id; });
  }
  for (const std::size_t field : item.close_conflicts) close_conflict(item.key, item.page_id, field);
  for (auto conflict : item.conflicts) {
    if (conflict.key.empty()) conflict.key = key;
    if (conflict.page_id.empty()) conflict.page_id = item.page_id;
    log_conflict(std::move(conflict));
  }
  std::ranges::copy(item.history, std::back_inserter(history_));
  for (auto note : item.note) {
    if (note.key.empty() && result.row) note.key = result.row->key;
    pending_[note.nonce] = std::move(note);
  }
  for (const auto& given_up : item.abandon) {
    abandoned_[given_up.nonce] = given_up;
    pending_.erase(given_up.nonce);
  }
  for (const auto& nonce : item.settle) {
    pending_.erase(nonce);
    abandoned_.erase(nonce);
  }
  if (item.unpark) {
    std::erase_if(parked_, [&](const auto& entry) {
      return (!key.empty() && entry.second.key == key) ||
             (!item.page_id.empty() && entry.second.page_id == item.page_id);
    });
  }
  if (item.park) {
    Parked parked = *item.park;
    if (parked.key.empty()) parked.key = item.key;
    if (parked.page_id.empty()) parked.page_id = item.page_id;
    std::erase_if(parked_, [&](const auto& entry) {
      return (!parked.key.empty() && entry.second.key == parked.key) ||
             (!parked.page_id.empty() && entry.second.page_id == parked.page_id);
    });
    parked_[parked_name(parked.key, parked.page_id)] = std::move(parked);
  }
  for (const std::int64_t id : item.ack) log_.erase(id);
  return std::nullopt;
}

Result<std::vector<Target>> PostgresModel::targets(const Pair&, std::size_t, std::span<const std::string>,
                                                   std::span<const std::string>) {
  return std::vector<Target>{};
}

Result<std::vector<Store::SeenEdge>> PostgresModel::news(const Pair&, std::size_t, std::span<const SeenEdge>) {
  return std::vector<SeenEdge>{};
}

Result<std::vector<Errand>> PostgresModel::errands(const Pair&) {
  return std::vector<Errand>{};
}

Result<Committed> PostgresModel::commit(const Pair& pair, const Batch& batch) {
  if (auto error = trouble("committing")) return fail(*error);
  crash_.step();
  if (batch.fence != fence_)
    return fail({Effect::none, Scope::workspace, Cause::lease_lost, "another runner holds the workspace", {}});
  // A transaction: all of it on a copy, which replaces the original only at COMMIT.
  const auto rows = rows_;
  const auto links = links_;
  const auto pending = pending_;
  const auto abandoned = abandoned_;
  const auto conflicts = conflicts_;
  const auto open_conflicts = open_conflicts_;
  const auto parked = parked_;
  const auto history = history_;
  const auto log = log_;
  const auto writes = row_writes_;
  const auto roll_back = [&] {
    rows_ = rows;
    links_ = links;
    pending_ = pending;
    abandoned_ = abandoned;
    conflicts_ = conflicts;
    open_conflicts_ = open_conflicts;
    parked_ = parked;
    history_ = history;
    log_ = log;
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
  if (batch.state) {
    state_ = *batch.state;
    state_.known = true;
  }
  if (row_writes_ != writes && on_row_write) on_row_write();
  crash_.step();
  return committed;
}

Result<Store::Permits> PostgresModel::take_permits(const std::string&, std::size_t, std::size_t want) {
  return Permits{want, 0};
}

}  // namespace rowpage::sim
