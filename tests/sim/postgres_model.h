// PostgreSQL as the engine sees it: tables and join tables, a capture log, our state, transactions that are whole or
// not at all.
//
// Implements Table and Store. People edit rows through edit(), remove() and the like, which behave as SQL from
// elsewhere: they write the capture log by trigger and know nothing of links.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/ports.h"
#include "sim/crash.h"
#include "sim/sim_clock.h"

namespace rowpage::sim {

struct PostgresFaults {
  double commit_unknown = 0;  // the connection is lost at COMMIT and the outcome cannot be learned
  double unavailable = 0;     // a call fails before it does anything
};

class PostgresModel : public Table, public Store {
 public:
  PostgresModel(SimClock& clock, CrashPoint& crash, std::uint64_t seed) : clock_(clock), crash_(crash), random_(seed) {}

  // --- what people do, in SQL
  std::string insert(const Pair& pair, const Values& values, const std::string& key = {});
  bool edit(const Pair& pair, const std::string& key, const std::vector<Change>& changes);
  bool soft_delete(const std::string& key);
  bool restore(const std::string& key);
  bool hard_delete(const std::string& key);
  /// UPDATE ... SET id: one row goes, one comes.
  bool rename_key(const std::string& key, const std::string& new_key);
  /// TRUNCATE ... CASCADE, also of a join table alone.
  void truncate();
  void truncate_join(const std::string& join);
  /// Writes the page-id column, which only we should write.
  void claim(const std::string& key, const std::string& page_id);
  /// A trigger of the user's own that touches updated_at on every write, ours too.
  bool strangers_touch_updated_at = false;
  /// Captured changes are lost (triggers dropped): the table must be scanned.
  bool capture_broken = false;
  /// Rows of a join table; `own` is what the first pair known to show it calls so.
  bool link(const std::string& join, const std::string& own, const std::string& other);
  bool unlink(const std::string& join, const std::string& own, const std::string& other);
  const std::set<std::pair<std::string, std::string>>& joins(const std::string& join) { return joins_[join].edges; }
  /// The table that what follows speaks of (the first pair's from the start).
  void use(const Pair& pair);
  const std::vector<Errand>& errands_kept() const { return at_->errands; }
  /// A person's answer to an open conflict.
  void decide(const std::string& key, std::size_t field, Side winner);
  /// Our state is lost or an old copy of it comes back (restored backup).
  void lose_state();
  /// `rowpage reset` of pairs: their tables, their join tables and what is known of them. How many rows went.
  std::vector<std::int64_t> reset(std::span<const Pair> pairs);

  // --- what tests look at
  struct Stored {
    Values values;
    std::uint64_t version = 0;
    std::optional<Millis> updated_ms;
    bool deleted = false;
    std::string page_id, checksum;
  };
  /// One table with everything known of its pair.
  struct Data {
    std::string schema, table;
    std::vector<Field> fields;
    bool keeps_time = false;  // it has an updated_at column, and the trigger that setup makes
    std::map<std::string, Stored> rows;
    std::map<std::string, Link> links;  // by key
    std::map<std::string, Pending> pending;
    std::map<std::string, Abandoned> abandoned;
    std::vector<Conflict> conflicts;
    std::set<std::pair<std::string, std::size_t>> open_conflicts;
    std::map<std::string, Parked> parked;
    std::vector<HistoryEntry> history;
    std::map<std::int64_t, Captured> log;
    std::vector<Errand> errands;
    PairState state;
  };
  /// Our state as it is now, and that copy put back while the tables stay (a restored backup of the schema rowpage).
  /// The conflict log is kept: people have read it.
  using State = std::map<std::string, Data>;
  State copy_state() const { return data_; }
  void restore_state(const State& copy);
  const std::map<std::string, Stored>& rows() const { return at_->rows; }
  const std::map<std::string, Link>& links() const { return at_->links; }
  const std::vector<Conflict>& conflicts() const { return at_->conflicts; }
  /// Key and field of the conflicts that still wait for a person.
  const std::set<std::pair<std::string, std::size_t>>& open_conflicts() const { return at_->open_conflicts; }
  const std::map<std::string, Pending>& open_requests() const { return at_->pending; }
  const std::map<std::string, Parked>& parked() const { return at_->parked; }
  const std::vector<HistoryEntry>& history() const { return at_->history; }
  std::uint64_t row_writes() const { return row_writes_; }  // by the engine
  std::size_t captured() const { return at_->log.size(); }
  PairState& state() { return at_->state; }

  PostgresFaults faults;
  std::function<void()> on_row_write;  // after each committed batch that wrote rows
  bool one_column_constraint = false;  // CHECK: the number must not be negative
  Values column_defaults;  // one per field, Null: none; what an insert of ours that leaves the column out gets

  // --- Table
  Result<ChangeList> changes(const Pair& pair, std::int64_t after, std::size_t limit) override;
  Result<std::vector<Row>> read(const Pair& pair, std::span<const std::string> keys) override;
  Result<RowList> scan(const Pair& pair, const std::string& after_key, std::size_t limit, bool unlinked) override;
  Result<std::int64_t> count(const Pair& pair) override;

  // --- Store
  Result<bool> installed() override { return true; }
  Result<Millis> now() override;
  Result<Lease> acquire(const std::string& workspace, Millis ttl_ms, Millis wait_ms) override;
  Result<Lease> renew(const std::string& workspace, const Lease& lease, Millis ttl_ms) override;
  Status release(const std::string& workspace, const Lease& lease) override;
  Result<PairState> load(const Pair& pair) override;
  Result<std::int64_t> live_links(const Pair& pair, std::int64_t enough) override;
  Result<std::vector<Link>> links_of_pages(const Pair& pair, std::span<const std::string> page_ids) override;
  Result<std::vector<Link>> links_of_rows(const Pair& pair, std::span<const std::string> keys) override;
  Result<std::vector<Link>> links_after(const Pair& pair, const std::string& after_key, std::size_t limit) override;
  Result<std::vector<Link>> links_unnoted(const Pair& pair, std::size_t limit) override;
  Result<std::vector<Pending>> pending(const Pair& pair) override;
  Result<std::vector<NonceOwner>> owners(const Pair& pair, std::span<const std::string> nonces) override;
  Result<std::vector<Parked>> waiting(const Pair& pair) override;
  Result<std::vector<Target>> targets(const Pair& pair, std::size_t field, std::span<const std::string> page_ids,
                                      std::span<const std::string> refs) override;
  Result<std::vector<SeenEdge>> news(const Pair& pair, std::size_t field, std::span<const SeenEdge> edges) override;
  Result<DueErrands> errands(const Pair& pair) override;
  Result<Committed> commit(const Pair& pair, const Batch& batch) override;
  Result<std::int64_t> start_run(const std::string&, const Lease&, const RunSummary&) override { return 1; }
  Status finish_run(const std::string&, const Lease&, const RunSummary&) override { return {}; }
  Result<Permits> take_permits(const std::string& bot, std::size_t limit, std::size_t want) override;

 private:
  using OptionalError = std::optional<Error>;
  bool chance(double p) { return p > 0 && std::uniform_real_distribution<>(0, 1)(random_) < p; }
  OptionalError trouble(const char* doing);
  /// One item's row on its way through a commit.
  struct RowWork {
    const Item* item = nullptr;
    ItemResult* result = nullptr;
    std::string key;
    bool writes = false;            // there is something to write to the row, or links of it
    std::set<std::size_t> derived;  // columns that got their default
  };
  OptionalError write_rows(const Pair& pair, std::vector<RowWork>& work);
  OptionalError write_statement(const Pair& pair, std::span<RowWork* const> rows);
  void delete_rows(std::span<RowWork* const> rows);
  OptionalError write_row(const Pair& pair, RowWork& work);
  OptionalError check_keys(const Pair& pair, const RowWrite& write);
  OptionalError write_edges(const Pair& pair, std::span<const RowWork> work);
  Link stored_link(const Pair& pair, const RowWork& work) const;
  void apply(const Pair& pair, const RowWork& work);
  void log_conflict(Conflict conflict);
  // Rows of a join table: the owner's key as its first field names it, and the other key.
  using Edges = std::set<std::pair<std::string, std::string>>;
  struct JoinTable {
    std::string own_column, own_table, other_table;
    Edges edges;
  };
  enum class Doer { people, ours };
  void cascade(const std::set<std::string>& keys, bool by_us);
  void know(const Pair& pair);
  bool turned(const Relation& relation) const;
  void remove_edges(const std::string& join, const std::function<bool(const Edges::value_type&)>& which, Doer cause);
  void capture_join(const std::string& join, const Edges& edges, Doer cause);
  Value joined(const Relation& relation, const std::string& key) const;
  void clear_errands(const RowWork& work);
  void add_errands(const RowWork& work);
  void whole();
  bool settled(const Errand& look) const;
  void close_conflict(const std::string& key, const std::string& page_id, std::size_t field);
  Row row_of(const std::string& key, const Stored& stored) const;
  void capture(const std::string& key, std::vector<std::size_t> fields, bool own = false);
  std::string parked_name(const std::string& key, const std::string& page_id) const {
    return key.empty() ? "page " + page_id : key;
  }

  SimClock& clock_;
  CrashPoint& crash_;
  std::mt19937_64 random_;
  // Whose data the members speak of, for the length of a call.
  class At {
   public:
    At(PostgresModel& model, Data& data) : model_(model), before_(std::exchange(model.at_, &data)) {}
    At(const At&) = delete;
    At& operator=(const At&) = delete;
    ~At() { model_.at_ = before_; }

   private:
    PostgresModel& model_;
    Data* before_;
  };
  class Use : public At {
   public:
    Use(PostgresModel& model, const Pair& pair) : At(model, (model.know(pair), model.data_[pair.table_name])) {}
  };
  std::map<std::string, Data> data_;  // by table
  std::map<std::string, JoinTable> joins_;
  Data* at_ = &data_["sim"];
  std::int64_t next_entry_ = 1, fence_ = 0;
  std::uint64_t next_version_ = 1, next_key_ = 1, row_writes_ = 0;
};

}  // namespace rowpage::sim
