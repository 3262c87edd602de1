// The histories of LinkedAgreement: what people and the engine do. What both answer is in linked_agreement_answers.cc.
#include "postgres/linked_agreement.h"

#include <algorithm>

#include "postgres/agreement_text.h"
#include "postgres/setup.h"
#include "postgres/sql_text.h"

namespace rowpage::testing {
namespace {

constexpr const char* table_text = R"(
create table people (id uuid primary key, name text, notion_page_id text, updated_at timestamptz default now(),
  deleted_at timestamptz);
create table tasks (id uuid primary key, name text, owner uuid references people on delete set null,
  parent uuid references tasks on delete set null, updated_at timestamptz default now(), deleted_at timestamptz);
create table task_people (task_id uuid not null references tasks on delete cascade,
  person_id uuid not null references people on delete cascade, unique (task_id, person_id));
create table task_depends (task_id uuid not null references tasks on delete cascade,
  on_id uuid not null references tasks on delete cascade, unique (task_id, on_id));)";

// As setup makes it: the time moves when a mapped column changes, and only then.
std::string touch_trigger(const Pair& pair) {
  std::string changed;
  for (const auto& column : watched_columns(pair))
    changed += (changed.empty() ? "old." : " or old.") + column + "::text is distinct from new." + column + "::text";
  return "create trigger rowpage_touch before update on " + pair.table + " for each row when (" + changed +
         ") execute function rowpage.touch('updated_at')";
}

Pair people_pair() {
  Pair pair = pair_of("Person", "people", '1');
  pair.fields.push_back(relation_of(Relation::Kind::back, "back:Tasks", "tasks"));
  pair.fields.back().relation.far = "owner";
  pair.fields.push_back(relation_of(Relation::Kind::back, "back:Helps", "tasks"));
  pair.fields.back().relation.far = "task_people.task_id";
  pair.fields.push_back(join_of("task_people", "person_id", "task_id", "tasks"));
  pair.book.page_id_column = "notion_page_id";
  return pair;
}

Pair tasks_pair() {
  Pair pair = pair_of("Task", "tasks", '2');
  pair.fields.push_back(relation_of(Relation::Kind::column, "owner", "people"));
  pair.fields.back().relation.far = "back:Tasks";
  pair.fields.push_back(join_of("task_people", "task_id", "person_id", "people"));
  pair.fields.back().relation.far = "back:Helps";
  pair.fields.push_back(relation_of(Relation::Kind::column, "parent", "tasks"));
  pair.fields.push_back(join_of("task_depends", "task_id", "on_id", "tasks"));
  pair.fields.push_back(join_of("task_depends", "on_id", "task_id", "tasks"));
  return pair;
}

}  // namespace

void LinkedAgreement::Figures::add(const Figures& other) {
  steps += other.steps;
  commits += other.commits;
  moved += other.moved;
  refused += other.refused;
  errands += other.errands;
  own_changes += other.own_changes;
  answers += other.answers;
}

LinkedAgreement::LinkedAgreement(std::uint64_t seed)
    : random_(seed), model_(clock_, crash_, seed), pairs_{people_pair(), tasks_pair()} {
  for (const std::size_t which : {people, tasks}) {
    Pair& pair = pairs_[which];
    pair.fields[0].target.not_null = false;
    pair.book.updated_at_column = "updated_at";
    pair.book.deleted_at_column = "deleted_at";
    for (auto& field : pair.fields) {
      if (field.is_relation() && field.relation.kind != Relation::Kind::back)
        field.relation.to_deleted = field.target.not_null ? "" : "deleted_at";
      field.target.not_null = false;
    }
    const char mark = which == people ? 'a' : 'b';
    for (int i = 0; i < 4; ++i) {
      keys_[which].push_back(std::string(8, mark) + "-0000-4000-8000-00000000000" + std::to_string(i));
      pages_[which].push_back(std::string(8, mark) + "-0000-4000-9000-00000000000" + std::to_string(i));
    }
  }
  for (const std::size_t which : {tasks, people}) model_.use(pairs_[which]);  // a join table's `own` is the task
}

void LinkedAgreement::set_up() {
  url_ = fresh_database();
  database_ = std::make_unique<ConnectedDatabase>(DatabaseOptions{.url = url_});
  store_ = std::make_unique<PostgresStore>(*database_, waiting_);
  table_ = std::make_unique<PostgresTable>(*database_);
  const auto migrated = migrate(*database_);
  ASSERT_TRUE(migrated) << migrated.error().what;
  sql(url_, table_text);
  auto lease = store_->acquire("default", 3'600'000, 0);
  ASSERT_TRUE(lease) << lease.error().what;
  real_fence_ = lease->fence;
  model_fence_ = model_.acquire("default", 3'600'000, 0)->fence;
  for (const auto& pair : pairs_) {
    sql(url_, touch_trigger(pair));
    for (const auto& one : capture_statements(pair, "public", pair.table_name)) sql(url_, one);
    for (std::size_t i = 0; i < pair.fields.size(); ++i) {
      if (pair.fields[i].relation.kind != Relation::Kind::join) continue;
      for (const auto& one : capture_statements(pair, "public", pair.fields[i].relation.join_table, i)) sql(url_, one);
    }
    const auto registered = store_->commit(pair, Batch{.fence = real_fence_});
    ASSERT_TRUE(registered) << registered.error().what;
    ASSERT_TRUE(model_.commit(pair, Batch{.fence = model_fence_}));
  }
}

void LinkedAgreement::step() {
  ++figures.steps;
  chance(0.45) ? act() : commit();
}

TextList LinkedAgreement::some_of(const std::vector<std::string>& list, double each) {
  TextList some;
  for (const auto& one : list) {
    if (chance(each)) some.push_back(one);
  }
  return some;
}

std::vector<std::string> LinkedAgreement::living(std::size_t pair) {
  model_.use(pairs_[pair]);
  std::vector<std::string> keys;
  for (const auto& [key, row] : model_.rows()) keys.push_back(key);
  return keys;
}

// --- people, in SQL

void LinkedAgreement::in_sql(const std::string& statement) {
  did_ = statement;
  const auto done = database_->write<int>([&](Unit& unit) -> Result<int> {
    auto status = unit.script(statement, "testing");
    if (!status) return fail(status.error());
    return 1;
  });
  EXPECT_TRUE(done) << done.error().what << statement;
}

void LinkedAgreement::act() {
  const std::size_t which = below(2), what = below(24);
  const Pair& pair = pairs_[which];
  const std::string key = one_of(keys_[which]), where = " where id = '" + key + "'";
  model_.use(pair);
  if (!model_.rows().contains(key)) {
    make(which, key);
  } else if (what < 7) {
    edit(which, key);
  } else if (what < 15) {
    change_links();
  } else if (what < 17) {
    in_sql("update " + pair.table + " set deleted_at = now()" + where + " and deleted_at is null");
    model_.soft_delete(key);
  } else if (what < 19) {
    in_sql("update " + pair.table + " set deleted_at = null" + where + " and deleted_at is not null");
    model_.restore(key);
  } else if (what < 22) {
    in_sql("delete from " + pair.table + where);
    model_.hard_delete(key);
  } else if (chance(0.4)) {
    empty_something();
  }
}

void LinkedAgreement::make(std::size_t which, const std::string& key) {
  Values values(pairs_[which].fields.size());
  values[0] = "made " + number();
  std::string columns = "id, name", row = quote_literal(key) + ", " + quote_literal(std::get<std::string>(values[0]));
  for (const std::size_t field : {owner, parent}) {
    if (which != tasks || chance(0.4)) continue;
    const auto targets = living(field == owner ? people : tasks);
    if (targets.empty()) continue;
    const std::string target = one_of(targets);
    values[field] = TextList{target};
    columns += ", " + pairs_[which].fields[field].column;
    row += ", " + quote_literal(target);
  }
  in_sql("insert into " + pairs_[which].table + " (" + columns + ") values (" + row + ")");
  model_.insert(pairs_[which], values, key);
}

void LinkedAgreement::edit(std::size_t which, const std::string& key) {
  const Pair& pair = pairs_[which];
  std::vector<Change> changes = sets(which, {});
  if (changes.empty()) changes.push_back({0, "edit " + number()});
  std::string list;
  for (const auto& change : changes) {
    const auto* links = std::get_if<TextList>(&change.value);
    const auto* text = std::get_if<std::string>(&change.value);
    list += (list.empty() ? "" : ", ") + pair.fields[change.field].column + " = " +
            (links != nullptr  ? quote_literal(links->front())
             : text != nullptr ? quote_literal(*text)
                               : "null");
  }
  in_sql("update " + pair.table + " set " + list + " where id = '" + key + "'");
  model_.edit(pair, key, changes);
}

void LinkedAgreement::change_links() {
  const bool self = chance(0.5);
  const auto own = living(tasks), other = living(self ? tasks : people);
  if (own.empty() || other.empty()) return;
  const std::string join = self ? "task_depends" : "task_people", column = self ? "on_id" : "person_id";
  const std::string a = one_of(own), b = one_of(other);
  if (chance(0.6)) {
    in_sql("insert into " + join + " (task_id, " + column + ") values ('" + a + "', '" + b +
           "') on conflict do nothing");
    model_.link(join, a, b);
  } else {
    in_sql("delete from " + join + " where task_id = '" + a + "' and " + column + " = '" + b + "'");
    model_.unlink(join, a, b);
  }
}

void LinkedAgreement::empty_something() {
  switch (below(4)) {
    case 0:
      in_sql("truncate task_depends");
      return model_.truncate_join("task_depends");
    case 1:
      in_sql("truncate tasks cascade");
      model_.use(pairs_[tasks]);
      return model_.truncate();
    case 2:
      in_sql("truncate people cascade");
      model_.use(pairs_[people]);
      return model_.truncate();
    default:
      return reset();
  }
}

void LinkedAgreement::reset() {
  did_ = "reset";
  const bool both = chance(0.5);
  const std::span<const Pair> which(pairs_.data() + (both ? 0 : below(2)), both ? 2 : 1);
  const auto removed = reset_pairs(*database_, which, true);
  ASSERT_TRUE(removed) << removed.error().what;
  EXPECT_EQ(model_.reset(which), *removed);
}

// --- the engine: batches about different records

std::vector<Change> LinkedAgreement::sets(std::size_t which, const std::string& key) {
  std::vector<Change> list;
  if (chance(0.4)) list.push_back({0, "text " + number()});
  for (const std::size_t field : {owner, parent}) {
    if (which != tasks || chance(0.6)) continue;
    const std::size_t far = field == owner ? people : tasks;
    const auto targets = living(far);
    if (chance(0.3) || targets.empty()) {
      list.push_back({field, Null{}});
    } else {  // what `key` stands for is the engine's, which may be late and name a row that is gone
      list.push_back({field, TextList{!key.empty() && chance(0.06) ? one_of(keys_[far]) : one_of(targets)}});
    }
  }
  return list;
}

std::vector<EdgeWrite> LinkedAgreement::edge_writes(std::size_t which, const std::string& key) {
  std::vector<EdgeWrite> list;
  for (std::size_t i = 0; i < pairs_[which].fields.size(); ++i) {
    const Relation& relation = pairs_[which].fields[i].relation;
    if (relation.kind != Relation::Kind::join || chance(0.6)) continue;
    const std::size_t far = relation.to_table == "people" ? people : tasks;
    EdgeWrite edges{.field = i};
    for (const auto& other : keys_[far]) {
      if (chance(0.5)) continue;
      model_.use(pairs_[far]);
      const bool there = model_.rows().contains(other) || other == key;
      (chance(0.4) || (!there && chance(0.93)) ? edges.drop : edges.add).push_back(other);
    }
    list.push_back(std::move(edges));
  }
  return list;
}

RowWrite LinkedAgreement::row_write(std::size_t which, const std::string& key, const std::string& page) {
  using Kind = RowWrite::Kind;
  model_.use(pairs_[which]);
  const bool there = model_.rows().contains(key);
  RowWrite write{.key = key};
  write.kind = !there && chance(0.85)
                   ? Kind::insert
                   : one_of(std::array<Kind, 9>{Kind::update, Kind::update, Kind::update, Kind::update, Kind::update,
                                                Kind::soft_delete, Kind::restore, Kind::hard_delete, Kind::insert});
  const bool deletes = write.kind == Kind::soft_delete || write.kind == Kind::hard_delete;
  if (!deletes && chance(0.7)) write.set = sets(which, key);
  if (!deletes || chance(0.2)) write.edges = edge_writes(which, key);
  if (!deletes && which == people && chance(0.5)) write.page_id = page;
  return write;
}

Link LinkedAgreement::link(std::size_t which, const std::string& key, const std::string& page) {
  const Pair& pair = pairs_[which];
  Link tie{.key = key, .page_id = page, .nonce = "n" + std::to_string(++nonce_)};
  tie.page_shadow = tie.row_shadow = Values(pair.fields.size());
  tie.page_shadow[0] = "page " + number();
  tie.row_shadow[0] = "row " + number();
  for (std::size_t i = 1; i < pair.fields.size(); ++i) {
    const Relation& relation = pair.fields[i].relation;
    const std::size_t far = relation.to_table == "people" ? people : tasks;
    const bool one = relation.kind == Relation::Kind::column;
    tie.page_shadow[i] = make_list(one ? TextList{one_of(pages_[far])} : some_of(pages_[far], 0.4));
    if (relation.kind == Relation::Kind::back) continue;
    tie.row_shadow[i] = make_list(one ? TextList{one_of(keys_[far])} : some_of(keys_[far], 0.4));
  }
  tie.page_live = chance(0.8);
  tie.row_live = chance(0.8);
  tie.page_noted = chance(0.5);
  if (chance(0.2)) tie.unsettled = {below(pair.fields.size())};
  return tie;
}

// For one field `to_table` is always the same, as with the engine.
Errand LinkedAgreement::errand(std::size_t which) {
  using Kind = Errand::Kind;
  Errand left{.kind = one_of(std::array<Kind, 7>{Kind::await_page, Kind::await_row, Kind::await_row, Kind::look,
                                                 Kind::look, Kind::add, Kind::drop})};
  const Pair& pair = pairs_[which];
  const Field& field = pair.fields[1 + below(pair.fields.size() - 1)];
  const std::size_t far = field.relation.to_table == "people" ? people : tasks;
  left.field = field.column;
  left.other = left.kind == Kind::await_page ? one_of(keys_[far]) : one_of(pages_[far]);
  if (left.kind == Kind::await_page || left.kind == Kind::await_row) {
    left.to_schema = "public";
    left.to_table = field.relation.to_table;
  }
  return left;
}

void LinkedAgreement::add_errands(Item& item, std::size_t which) {
  if (chance(0.3)) {
    item.errands.emplace();
    for (std::size_t i = below(4); i > 0; --i) item.errands->push_back(errand(which));
  }
  if (chance(0.3)) {
    const std::size_t other = below(2), who = below(keys_[other].size());
    Errand asked = errand(other);
    asked.schema = chance(0.1) ? "elsewhere" : "public";
    asked.table = pairs_[other].table_name;
    if (other == which && chance(0.3)) asked.schema = asked.table = "";
    if (chance(0.7)) asked.page_id = pages_[other][who];
    if (chance(0.5) || asked.page_id.empty()) asked.key = keys_[other][who];
    item.other_errands.push_back(asked);
  }
  model_.use(pairs_[which]);
  for (Errand done : model_.errands_kept()) {
    const bool mine =
        (!done.key.empty() && done.key == item.key) || (!done.page_id.empty() && done.page_id == item.page_id);
    if (!mine || chance(0.6)) continue;
    if (chance(0.3)) done.key = done.page_id = "";  // the item's
    item.errands_done.push_back(std::move(done));
  }
}

/// The same item for both; only versions are each side's own.
std::pair<Item, Item> LinkedAgreement::item(const Pair& pair, std::size_t which, std::size_t number) {
  const std::string &key = keys_[which][number], &page = pages_[which][number];
  Item item{.key = key, .page_id = page};
  std::pair<std::string, std::string> versions{"0", "0"};
  if (chance(0.65)) {
    item.row = row_write(which, key, page);
    if (chance(0.75)) look(which, key);  // otherwise what was read some time ago, which may be stale
    if (const auto seen = seen_.find(key); seen != seen_.end()) versions = seen->second;
  }
  if (chance(0.55)) {
    item.link = link(which, item.row && item.row->kind == RowWrite::Kind::insert && chance(0.5) ? "" : key, page);
    for (std::size_t i = 0; i < pair.fields.size(); ++i) {
      if (chance(0.2)) item.keep_shadow.push_back(i);
    }
  } else if (chance(0.15)) {
    item.unlink = true;
  }
  add_errands(item, which);
  Item theirs = item;
  if (item.row) std::tie(item.row->version, theirs.row->version) = versions;
  return {item, theirs};
}

void LinkedAgreement::look(std::size_t which, const std::string& key) {
  const std::vector<std::string> keys{key};
  const auto model = model_.read(pairs_[which], keys);
  const auto real = table_->read(pairs_[which], keys);
  if (model && real && !model->empty() && !real->empty()) seen_[key] = {model->front().version, real->front().version};
}

void LinkedAgreement::acknowledge(std::size_t which, Batch& ours, Batch& theirs) {
  const auto model_log = sorted_changes(model_.changes(pairs_[which], 0, 1000)),
             real_log = sorted_changes(table_->changes(pairs_[which], 0, 1000));
  ASSERT_EQ(model_log.size(), real_log.size());
  for (std::size_t i = 0; i < model_log.size(); ++i) {
    if (chance(0.5)) continue;
    const std::size_t who = below(ours.items.size());
    ours.items[who].ack.push_back(model_log[i].id);
    theirs.items[who].ack.push_back(real_log[i].id);
  }
}

PairState LinkedAgreement::state() {
  PairState state{.first_sync_done = chance(0.5), .stranded_pages = chance(0.5), .scan_needed = chance(0.5)};
  if (chance(0.7)) state.watermark_ms = 1'700'000'000'000 + static_cast<Millis>(below(1000));
  state.fingerprint = "f" + number();
  if (chance(0.5)) state.properties = {{"owner", "p" + number()}, {"back:Tasks", "q" + number()}};
  state.schema_ms = chance(0.5) ? 0 : 1'700'000'000'123;
  if (chance(0.5)) state.trash_query = chance(0.5);
  return state;
}

void LinkedAgreement::commit() {
  const std::size_t which = below(2);
  const Pair& pair = pairs_[which];
  Batch ours{.fence = model_fence_}, theirs{.fence = real_fence_};
  std::vector<std::size_t> order{0, 1, 2, 3};
  std::ranges::shuffle(order, random_);
  order.resize(1 + below(3));
  did_ = "commit to " + pair.table + ":";
  for (const std::size_t i : order) {
    auto [one, other] = item(pair, which, i);
    did_ += " " + keys_[which][i].substr(34);
    if (one.row) {
      did_ += " row kind " + std::to_string(static_cast<int>(one.row->kind)) + " set " + text_of(one.row->set);
      for (const auto& edges : one.row->edges) {
        did_ += "field " + std::to_string(edges.field) + " +" + text_of(make_list(edges.add)) + " -" +
                text_of(make_list(edges.drop)) + " ";
      }
    }
    ours.items.push_back(std::move(one));
    theirs.items.push_back(std::move(other));
  }
  acknowledge(which, ours, theirs);
  if (chance(0.15)) ours.state = theirs.state = state();
  if (chance(0.06)) ours.forget = theirs.forget = {below(pair.fields.size())};
  if (chance(0.04)) {  // a runner that lost its lease
    --ours.fence;
    --theirs.fence;
  }
  const auto model = model_.commit(pair, ours), real = store_->commit(pair, theirs);
  ++figures.commits;
  ++figures.answers;
  if (model) {
    for (const auto& result : model->items) figures.moved += result.outcome == ItemResult::Outcome::moved ? 1 : 0;
  } else {
    ++figures.refused;
  }
  EXPECT_EQ(text_of(model), text_of(real)) << (real ? "" : real.error().what) << did_;
  if (!model || !real) return;
  // The version told is the one the next compare-and-set needs.
  for (std::size_t i = 0; i < real->items.size() && i < model->items.size(); ++i) {
    if (!model->items[i].row || !real->items[i].row) continue;
    const std::vector<std::string> keys{real->items[i].row->key};
    const auto in_model = model_.read(pair, keys), in_real = table_->read(pair, keys);
    if (in_model->empty() || in_real->empty()) continue;
    EXPECT_EQ(model->items[i].row->version, in_model->front().version);
    EXPECT_EQ(real->items[i].row->version, in_real->front().version);
  }
}

}  // namespace rowpage::testing
