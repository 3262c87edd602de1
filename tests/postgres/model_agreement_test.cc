// The simulation proves the engine on an in-memory model of PostgreSQL (tests/sim/postgres_model.h). That proof is
// worth as much as the model is true, so here the same random histories run through the model and through the real
// store on a real server, and after every step everything that either can tell must be the same.
//
// What may differ is left out: ids and versions as such (their effect, moved or done, is compared), times of the two
// clocks, and keys the database makes (histories name their keys). ROWPAGE_HISTORIES, ROWPAGE_SEED and ROWPAGE_FULL say
// how many there are (agreement_text.h).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "postgres/agreement_text.h"
#include "postgres/capture.h"
#include "postgres/codec.h"
#include "postgres/migrations.h"
#include "postgres/sql_text.h"
#include "postgres/store.h"
#include "postgres/table.h"
#include "sim/postgres_model.h"
#include "support/decision_vault.h"
#include "support/postgres.h"

namespace rowpage {
namespace {

using namespace testing;

constexpr const char* table_text = R"(create table public.vault (
  id uuid primary key, decision text, type text default 'Ops', date date, amount numeric(10,2) check (amount >= 0),
  tags text[], done boolean, updated_at timestamptz, notion_page_id text, checksum text, notion_synced boolean,
  deleted_at timestamptz))";
constexpr Millis long_ago_ms = 1, far_off_ms = 9'000'000'000'000;

// --- one history on both

class Agreement {
 public:
  explicit Agreement(std::uint64_t seed) : random_(seed), model_(clock_, crash_, seed) {
    for (int i = 0; i < 7; ++i) {
      keys_.push_back("00000000-0000-4000-8000-00000000000" + std::to_string(i));
      pages_.push_back("aaaaaaaa-0000-4000-8000-00000000000" + std::to_string(i));
    }
    pair_.fields[decision].target.not_null = pair_.fields[type].target.not_null = false;
    model_.use(pair_);
    model_.one_column_constraint = true;
    model_.column_defaults = Values(pair_.fields.size());
    model_.column_defaults[type] = TextList{"Ops"};
  }

  void set_up() {
    url_ = fresh_database();
    database_.emplace(DatabaseOptions{.url = url_});
    store_.emplace(*database_, waiting_);
    table_.emplace(*database_);
    const auto migrated = migrate(*database_);
    ASSERT_TRUE(migrated) << migrated.error().what;
    sql(url_, table_text);
    for (const auto& statement : capture_statements(pair_, "public", "vault")) sql(url_, statement);
    auto lease = store_->acquire("default", 3'600'000, 0);
    ASSERT_TRUE(lease) << lease.error().what;
    real_fence_ = lease->fence;
    model_fence_ = model_.acquire("default", 3'600'000, 0)->fence;
    const auto registered = store_->commit(pair_, Batch{.fence = real_fence_});
    ASSERT_TRUE(registered) << registered.error().what;
    ASSERT_TRUE(model_.commit(pair_, Batch{.fence = model_fence_}));
  }

  void step() {
    if (chance(0.45))
      people();
    else
      engine();
  }

  void compare() {
    SCOPED_TRACE("after: " + did_);
    const auto all = [&](Table& table, Store& store) {
      std::vector<std::string> nonces;
      for (int i = 0; i <= nonce_; ++i) nonces.push_back("n" + std::to_string(i));
      std::string text =
          text_of(table.scan(pair_, "", 100, false)) + "\n" + text_of(table.scan(pair_, "", 100, true)) + "\n";
      text += text_of(table.scan(pair_, after_, 2, odd_)) + "\n" + sorted_texts(table.read(pair_, some_keys_));
      text += std::to_string(table.count(pair_).value_or(-1)) + " rows\n" +
              text_of(sorted_changes(table.changes(pair_, 0, 1000)));
      const auto few = table.changes(pair_, 0, 2);
      text += std::to_string(few->changes.size()) + (few->more ? " more\n" : " changes\n");
      text += texts_in_order(store.links_after(pair_, "", 100)) + texts_in_order(store.links_after(pair_, after_, 2));
      text += sorted_texts(store.links_of_rows(pair_, some_keys_)) + sorted_texts(store.links_of_pages(pair_, pages_));
      text += texts_in_order(store.pending(pair_)) + texts_in_order(store.owners(pair_, nonces));
      text += sorted_texts(store.waiting(pair_));
      const auto state = store.load(pair_);
      return text + (state ? text_of(*state) : text_of(state.error()));
    };
    after_ = one_of(keys_);
    odd_ = chance(0.5);
    some_keys_ = {one_of(keys_), one_of(keys_), one_of(keys_), "not a key"};
    EXPECT_EQ(all(model_, model_), all(*table_, *store_));
    answers += 17;  // questions asked in `all`, and the two below

    std::string open, history;
    for (const auto& [key, field] : model_.open_conflicts()) open += key + " " + pair_.fields[field].column + ",";
    std::vector<std::string> actions;
    for (const auto& entry : model_.history()) actions.push_back(entry.action + " " + entry.reason);
    std::ranges::sort(actions);
    for (const auto& action : actions) history += action + ",";
    const auto stored = database_->read(
        "select (select coalesce(string_agg(row_key || ' ' || field || ',', '' order by row_key collate \"C\", "
        "array_position('{decision,type,date,amount,tags,done}', field)), '') from rowpage.conflict "
        "where winner is null and resolved_at is null), "
        "(select coalesce(string_agg(action || ' ' || reason || ',', '' order by (action || ' ' || reason) collate "
        "\"C\"), '') from rowpage.history)",
        {}, "testing");
    ASSERT_TRUE(stored) << stored.error().what;
    EXPECT_EQ(open, stored->text(0, 0));
    EXPECT_EQ(history, stored->text(0, 1));
  }

 private:
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  template <class List>
  typename List::value_type one_of(const List& list) {
    return list[below(list.size())];
  }
  std::string number() { return std::to_string(below(4)); }

  Value value(std::size_t field, bool sound) {
    if (chance(0.15)) return Null{};
    switch (field) {
      case decision:
        return "text '" + number() + "\\";
      case type:
        return TextList{one_of(std::array<std::string, 3>{"Ops", "UX", "Policy"})};
      case date:
        return DateSpan{.start_ms = static_cast<Millis>(20'000 + below(4)) * day_ms};
      case amount:
        return !sound && chance(0.2) ? -1.0 : static_cast<double>(below(400)) / 4;
      case tags:
        return TextList{"a b", "t" + number()};
      default:
        return chance(0.5);
    }
  }
  std::vector<Change> changes(bool sound = true) {
    std::map<std::size_t, Value> set;
    for (std::size_t i = 1 + below(3); i > 0; --i) {
      const std::size_t field = below(pair_.fields.size());
      set[field] = value(field, sound);
    }
    std::vector<Change> list;
    for (auto& [field, chosen] : set) list.push_back({field, chosen});
    return list;
  }
  Values values() {
    Values all;
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) all.push_back(value(i, true));
    return all;
  }

  // --- people

  std::string sql_value(std::size_t field, const Value& chosen) {
    const auto cells = encode(pair_.fields[field], chosen);
    const Cell& text = cells->front().second;
    return text ? quote_literal(*text) : "null";
  }
  void in_sql(const std::string& statement) {
    const auto done = database_->write<int>([&](Unit& unit) -> Result<int> {
      auto status = unit.script(statement, "testing");
      if (!status) return fail(status.error());
      return 1;
    });
    EXPECT_TRUE(done) << done.error().what << statement;
  }
  void people() {
    const std::string key = one_of(keys_), where = " where id = '" + key + "'";
    const std::size_t what = below(20);
    if (!model_.rows().contains(key)) {
      const Values all = values();
      std::string list;
      for (std::size_t i = 0; i < all.size(); ++i) list += ", " + sql_value(i, all[i]);
      did_ = "insert " + key;
      in_sql("insert into vault (id, decision, type, date, amount, tags, done) values ('" + key + "'" + list + ")");
      model_.insert(pair_, all, key);
    } else if (what < 12) {
      const auto edits = changes();
      std::string sets;
      for (const auto& edit : edits)
        sets +=
            (sets.empty() ? "" : ", ") + pair_.fields[edit.field].column + " = " + sql_value(edit.field, edit.value);
      did_ = "update " + sets + where;
      in_sql("update vault set " + sets + where);
      model_.edit(pair_, key, edits);
    } else if (what < 14) {
      did_ = "soft delete " + key;
      in_sql("update vault set deleted_at = now()" + where + " and deleted_at is null");
      model_.soft_delete(key);
    } else if (what < 16) {
      did_ = "restore " + key;
      in_sql("update vault set deleted_at = null" + where + " and deleted_at is not null");
      model_.restore(key);
    } else if (what < 19) {
      did_ = "delete " + key;
      in_sql("delete from vault" + where);
      model_.hard_delete(key);
    } else if (chance(0.3)) {
      did_ = "truncate";
      in_sql("truncate vault");
      model_.truncate();
    }
  }

  // --- the engine: batches about different records

  std::string fresh_nonce() { return "n" + std::to_string(++nonce_); }
  /// A nonce of before that this batch has not used yet.
  std::string known_nonce(const std::vector<std::string>& among) {
    if (among.empty()) return {};
    const std::string nonce = one_of(among);
    return used_.insert(nonce).second ? nonce : std::string();
  }
  std::vector<std::string> open_nonces() {
    std::vector<std::string> list;
    for (const auto& [nonce, request] : model_.open_requests()) list.push_back(nonce);
    return list;
  }

  Times times() {
    if (chance(0.7)) return {};
    Times some(pair_.fields.size());
    some[below(some.size())] = 1'700'000'000'000 + static_cast<Millis>(below(1000));
    return some;
  }

  Link link(const std::string& key, const std::string& page) {
    Link tie{.key = key, .page_id = page, .page_shadow = values(), .row_shadow = values()};
    const std::string again = chance(0.3) ? known_nonce(open_nonces()) : std::string();
    const bool held =
        std::ranges::any_of(model_.links(), [&](const auto& other) { return other.second.nonce == again; });
    tie.nonce = again.empty() || held ? fresh_nonce() : again;
    tie.page_live = chance(0.8);
    tie.row_live = chance(0.8);
    tie.page_noted = chance(0.5);
    tie.page_edited_ms = chance(0.5) ? 0 : 1'700'000'040'000;
    tie.page_seen = times();
    tie.row_seen = times();
    if (chance(0.2)) tie.choices = {{below(6), chance(0.5) ? Side::notion : Side::supabase}};
    if (chance(0.2)) tie.unsettled = {below(6)};
    return tie;
  }

  /// The same item for both; only versions and captured ids are each side's own.
  std::pair<Item, Item> item(const std::string& key, const std::string& page) {
    Item item{.key = key, .page_id = page};
    std::string model_version = "0", real_version = "0";
    if (chance(0.6)) {
      using Kind = RowWrite::Kind;
      const bool there = model_.rows().contains(key);
      RowWrite write{.key = key};
      write.kind = !there && chance(0.8)
                       ? Kind::insert
                       : one_of(std::array<Kind, 8>{Kind::update, Kind::update, Kind::update, Kind::update,
                                                    Kind::soft_delete, Kind::restore, Kind::hard_delete, Kind::insert});
      if (write.kind != Kind::soft_delete && write.kind != Kind::hard_delete) write.set = changes(false);
      if (write.kind != Kind::hard_delete && chance(0.5)) {
        write.page_id = chance(0.2) ? "" : page;
        write.checksum = "c" + number();
        write.synced = chance(0.5);
      }
      if (chance(0.75)) look(key);  // otherwise what was read some time ago, which may be stale
      if (const auto seen = seen_.find(key); seen != seen_.end()) std::tie(model_version, real_version) = seen->second;
      item.row = write;
    }
    const bool inserts = item.row && item.row->kind == RowWrite::Kind::insert;
    if (chance(0.5)) {
      item.link = link(inserts && chance(0.5) ? "" : key, page);
      if (chance(0.3)) item.keep_shadow = {below(6)};
    } else if (chance(0.2)) {
      item.unlink = true;
    }
    if (chance(0.2)) {
      Conflict conflict{.key = chance(0.5) ? key : "", .page_id = page, .field = below(6), .reason = "why"};
      conflict.page = value(conflict.field, true);
      if (chance(0.4)) conflict.winner = Side::notion;
      item.conflicts.push_back(conflict);
    } else if (chance(0.3)) {
      item.close_conflicts = {below(6)};
    }
    if (chance(0.3)) item.history.push_back({Side::notion, "action" + number(), {}, changes(), "reason"});
    if (chance(0.3)) {
      Pending note{
          .nonce = fresh_nonce(), .key = inserts && chance(0.5) ? "" : key, .page_id = page, .intended = changes()};
      note.kind = one_of(std::array<RequestKind, 4>{RequestKind::create, RequestKind::update, RequestKind::trash,
                                                    RequestKind::restore});
      if (chance(0.5)) note.found = changes();
      note.noted_ms = 1'700'000'000'000 + static_cast<Millis>(below(5));
      note.send_by_ms = chance(0.2) ? 0 : 1'700'000'060'000;
      note.attempt = static_cast<int>(1 + below(3));
      used_.insert(note.nonce);
      item.note.push_back(note);
    }
    if (chance(0.25)) {
      std::vector<std::string> all;
      for (int i = 1; i <= nonce_; ++i) all.push_back("n" + std::to_string(i));
      if (const auto nonce = known_nonce(chance(0.5) ? open_nonces() : all); !nonce.empty())
        item.settle.push_back(nonce);
    }
    if (chance(0.25)) {
      if (const auto nonce = known_nonce(open_nonces()); !nonce.empty())
        item.abandon.push_back({nonce, key, changes()});
    }
    if (chance(0.2)) {
      Parked parked{.kind = Parked::Kind::waiting, .reason = "r" + number(), .hint = "h", .attempts = 2};
      if (chance(0.7)) parked.key = key;
      if (chance(0.7)) parked.page_id = page;
      parked.next_try_ms = chance(0.7) ? long_ago_ms : far_off_ms;
      item.park = parked;
    } else if (chance(0.2)) {
      item.unpark = true;
    }
    Item theirs = item;
    if (item.row) {
      item.row->version = model_version;
      theirs.row->version = real_version;
    }
    return {item, theirs};
  }

  void look(const std::string& key) {
    const std::vector<std::string> keys{key};
    const auto model = model_.read(pair_, keys);
    const auto real = table_->read(pair_, keys);
    if (model && real && !model->empty() && !real->empty())
      seen_[key] = {model->front().version, real->front().version};
  }

  void engine() {
    used_.clear();
    Batch ours{.fence = model_fence_}, theirs{.fence = real_fence_};
    auto keys = keys_, pages = pages_;
    if (chance(0.3)) std::ranges::shuffle(pages, random_);  // pages that change their row
    std::vector<std::size_t> order(keys.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::shuffle(order, random_);
    order.resize(1 + below(4));
    for (const std::size_t i : order) {
      auto [one, other] = item(keys[i], pages[i]);
      ours.items.push_back(std::move(one));
      theirs.items.push_back(std::move(other));
    }
    const auto model_log = sorted_changes(model_.changes(pair_, 0, 1000)),
               real_log = sorted_changes(table_->changes(pair_, 0, 1000));
    ASSERT_EQ(model_log.size(), real_log.size());
    for (std::size_t i = 0; i < model_log.size(); ++i) {
      if (chance(0.6)) continue;
      const std::size_t who = below(ours.items.size());
      ours.items[who].ack.push_back(model_log[i].id);
      theirs.items[who].ack.push_back(real_log[i].id);
    }
    if (chance(0.2)) {
      PairState state{.first_sync_done = chance(0.5), .stranded_pages = chance(0.5), .scan_needed = chance(0.5)};
      if (chance(0.7)) state.watermark_ms = 1'700'000'000'000 + static_cast<Millis>(below(1000));
      if (chance(0.7)) state.full_scan_ms = 1'700'000'000'000;
      state.fingerprint = "f" + number();
      state.bot_id = "b" + number();
      state.schema_json = R"({"a":")" + number() + R"("})";
      state.schema_ms = chance(0.5) ? 0 : 1'700'000'000'123;
      if (chance(0.5)) state.trash_query = chance(0.5);
      if (chance(0.5)) state.trash_search = chance(0.5);
      ours.state = theirs.state = state;
    }
    if (chance(0.05)) {  // a runner that lost its lease
      --ours.fence;
      --theirs.fence;
    }
    did_ = "commit of " + std::to_string(ours.items.size());
    const auto model = model_.commit(pair_, ours), real = store_->commit(pair_, theirs);
    ++commits;
    ++answers;
    if (model) {
      for (const auto& result : model->items) moved += result.outcome == ItemResult::Outcome::moved ? 1 : 0;
    } else {
      ++refused;
    }
    EXPECT_EQ(text_of(model), text_of(real)) << (real ? "" : real.error().what);
  }

 public:
  int commits = 0, moved = 0, refused = 0;
  std::uint64_t answers = 0;

 private:
  std::mt19937_64 random_;
  sim::SimClock clock_{1'790'000'000'000};
  sim::CrashPoint crash_;
  sim::PostgresModel model_;
  std::string url_;
  std::optional<ConnectedDatabase> database_;
  TestClock waiting_;
  std::optional<PostgresStore> store_;
  std::optional<PostgresTable> table_;
  Pair pair_ = vault_pair();
  std::vector<std::string> keys_, pages_, some_keys_;
  std::map<std::string, std::pair<std::string, std::string>> seen_;
  std::set<std::string> used_;
  std::int64_t model_fence_ = 0, real_fence_ = 0;
  int nonce_ = 0;
  std::string did_, after_;
  bool odd_ = false;
};

TEST(ModelAgreement, the_model_of_the_simulation_and_the_real_store_tell_the_same_after_every_step) {
  ROWPAGE_NEEDS_POSTGRES();
  const Histories wanted = histories(6, 60);
  std::uint64_t answers = 0;
  int commits = 0, moved = 0, refused = 0, steps = 0;
  for (std::uint64_t i = 0; i < wanted.count; ++i) {
    SCOPED_TRACE("replay: ROWPAGE_HISTORIES=1 ROWPAGE_SEED=" + std::to_string(wanted.seed + i));
    Agreement both(wanted.seed + i);
    both.set_up();
    for (int step = 0; step < 80 && !::testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      both.step();
      both.compare();
      ++steps;
    }
    if (::testing::Test::HasFailure()) return;
    answers += both.answers;
    commits += both.commits;
    moved += both.moved;
    refused += both.refused;
  }
  tell_agreement(wanted.count, steps, answers);
  // Histories in which nothing is ever moved or refused would prove little.
  const auto of_all = [&](int each) { return each * static_cast<int>(wanted.count); };
  EXPECT_GT(commits, of_all(25));
  EXPECT_GT(moved, of_all(3));
  EXPECT_GT(refused, of_all(1));
}

}  // namespace
}  // namespace rowpage
