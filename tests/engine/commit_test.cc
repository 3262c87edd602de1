// A batch in which PostgreSQL refuses a row: the good ones go through, the bad one is named, the work stays small.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "engine/run.h"

namespace rowpage {
namespace {

// Refuses every batch that holds a bad key; stores the others.
class PickyStore : public Store {
 public:
  std::set<std::string> bad;
  std::vector<std::string> stored;
  std::size_t commits = 0, states = 0;
  std::optional<Error> broken;

  Result<Committed> commit(const Pair&, const Batch& batch) override {
    ++commits;
    if (broken) return fail(*broken);
    for (const auto& item : batch.items) {
      if (bad.contains(item.key))
        return fail({Effect::none, Scope::record, Cause::constraint, item.key + " violates a CHECK", {}});
    }
    Committed committed;
    for (const auto& item : batch.items) {
      stored.push_back(item.key);
      committed.items.emplace_back();
    }
    states += batch.state ? 1 : 0;
    return committed;
  }
  Result<bool> installed() override { return true; }
  Result<Millis> now() override { return 0; }
  Result<Lease> acquire(const std::string&, Millis, Millis) override { return Lease{}; }
  Result<Lease> renew(const std::string&, const Lease& lease, Millis) override { return lease; }
  Status release(const std::string&, const Lease&) override { return {}; }
  Result<PairState> load(const Pair&) override { return PairState{}; }
  Result<std::int64_t> live_links(const Pair&, std::int64_t) override { return std::int64_t{0}; }
  Result<std::vector<Link>> links_of_pages(const Pair&, std::span<const std::string>) override { return {}; }
  Result<std::vector<Link>> links_of_rows(const Pair&, std::span<const std::string>) override { return {}; }
  Result<std::vector<Link>> links_after(const Pair&, const std::string&, std::size_t) override { return {}; }
  Result<std::vector<Link>> links_unnoted(const Pair&, std::size_t) override { return {}; }
  Result<std::vector<Pending>> pending(const Pair&) override { return {}; }
  Result<std::vector<NonceOwner>> owners(const Pair&, std::span<const std::string>) override { return {}; }
  Result<std::vector<Parked>> waiting(const Pair&) override { return {}; }
  Result<std::vector<Target>> targets(const Pair&, std::size_t, std::span<const std::string>,
                                      std::span<const std::string>) override {
    return {};
  }
  Result<std::vector<SeenEdge>> news(const Pair&, std::size_t, std::span<const SeenEdge>) override { return {}; }
  Result<DueErrands> errands(const Pair&) override { return {}; }
  Result<std::int64_t> start_run(const std::string&, const Lease&, const RunSummary&) override { return 1; }
  Status finish_run(const std::string&, const Lease&, const RunSummary&) override { return {}; }
  Result<Permits> take_permits(const std::string&, std::size_t, std::size_t want) override { return Permits{want, 0}; }
};

class StillClock : public Clock {
 public:
  Millis now() override { return 0; }
  Millis monotonic() override { return 0; }
  bool sleep(Millis) override { return true; }
  bool interrupted() override { return false; }
};

// Only the store and the clock are asked.
class NoNotion : public Notion {
 public:
  Result<Bot> me() override { return Bot{}; }
  Result<SourceSchema> schema(const std::string&) override { return SourceSchema{}; }
  Result<PageList> list(const Pair&, const ListQuery&) override { return PageList{}; }
  Result<PageList> search_trash(std::span<const Pair* const>, const std::string&) override { return PageList{}; }
  Result<bool> trash_search_works() override { return false; }
  std::vector<Result<Page>> perform(const Pair&, std::span<const PageRequest>) override { return {}; }
  bool ready(std::size_t) override { return false; }
  std::uint64_t requests_sent() const override { return 0; }
};

class NoTable : public Table {
 public:
  Result<ChangeList> changes(const Pair&, std::int64_t, std::size_t) override { return ChangeList{}; }
  Result<std::vector<Row>> read(const Pair&, std::span<const std::string>) override { return std::vector<Row>(); }
  Result<RowList> scan(const Pair&, const std::string&, std::size_t, bool) override { return RowList{}; }
  Result<std::int64_t> count(const Pair&) override { return 0; }
};

class NoListener : public Listener {
 public:
  void progress(std::string_view, std::uint64_t, std::optional<std::uint64_t>) override {}
  void note(std::string_view, std::string_view, std::string_view) override {}
};

struct Commit : testing::Test {
  NoNotion notion;
  NoTable table;
  NoListener listener;
  PickyStore store;
  StillClock clock;
  Pair pair;
  RunOptions options;
  PairReport report;

  Result<std::vector<rowpage::Run::Stored>> commit(int items, const PairState* state = nullptr) {
    const Ports ports{notion, table, store, clock, listener, {}};
    rowpage::Run run(ports, pair, options, report);
    std::vector<Item> all(static_cast<std::size_t>(items));
    for (std::size_t i = 0; i < all.size(); ++i) all[i].key = std::to_string(i);
    return run.commit(std::move(all), state);
  }
};

TEST_F(Commit, of_good_rows_is_one_transaction) {
  ASSERT_TRUE(commit(100));
  EXPECT_EQ(store.commits, 1);
  EXPECT_EQ(store.stored.size(), 100);
}

TEST_F(Commit, finds_the_bad_rows_by_halving_and_stores_all_others_once_and_in_order) {
  store.bad = {"13", "14", "77"};
  const auto outcome = commit(100);
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->size(), 100);
  for (std::size_t i = 0; i < outcome->size(); ++i) {
    const bool bad = store.bad.contains(std::to_string(i));
    EXPECT_EQ((*outcome)[i].refused.has_value(), bad) << i;
    if (bad) EXPECT_EQ((*outcome)[i].refused->what, std::to_string(i) + " violates a CHECK");
  }
  EXPECT_EQ(store.stored.size(), 97);
  EXPECT_TRUE(std::ranges::is_sorted(store.stored, {}, [](const std::string& key) { return std::stoi(key); }));
  EXPECT_LE(store.commits, 3 * 2 * 7 + 1) << "logarithmic for each bad row";
}

TEST_F(Commit, of_bad_rows_only_stores_nothing_and_ends) {
  for (int i = 0; i < 8; ++i) store.bad.insert(std::to_string(i));
  const auto outcome = commit(8);
  ASSERT_TRUE(outcome);
  for (const auto& one : *outcome) EXPECT_TRUE(one.refused);
  EXPECT_TRUE(store.stored.empty());
}

TEST_F(Commit, stores_the_pairs_state_exactly_once_with_the_last_of_the_good_rows) {
  store.bad = {"0", "5"};
  const PairState state;
  ASSERT_TRUE(commit(8, &state));
  EXPECT_EQ(store.states, 1);
}

TEST_F(Commit, stops_at_an_error_that_is_no_rows_fault) {
  store.broken = Error{Effect::unknown, Scope::workspace, Cause::unavailable, "lost at COMMIT", {}};
  const auto outcome = commit(8);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().cause, Cause::unavailable);
  EXPECT_EQ(store.commits, 1) << "an unknown outcome must not be tried again";
}

TEST_F(Commit, of_a_dry_run_reaches_no_store) {
  options.dry_run = true;
  ASSERT_TRUE(commit(8));
  EXPECT_EQ(store.commits, 0);
}

}  // namespace
}  // namespace rowpage
