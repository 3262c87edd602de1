// Two related pairs on the simulation's model and on a real server at once, for random histories of both.
//
// A task has an owner (foreign key; from the back a person's "Tasks"), helpers (join table; from the back "Helps", and
// shown as a field of people as well), a parent (foreign key to itself) and a join table with itself that two fields
// show, one from each end. People have page-id columns and tasks have none, so that writes of links alone occur.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "postgres/relations_fixture.h"
#include "sim/postgres_model.h"

namespace rowpage::testing {

class LinkedAgreement {
 public:
  enum PersonField : std::size_t { person_name, tasks_back, helps_back, helping };
  enum TaskField : std::size_t { task_name, owner, helpers, parent, depends, needed_by };
  struct Figures {
    int steps = 0, commits = 0, moved = 0, refused = 0, errands = 0, own_changes = 0;
    std::uint64_t answers = 0;
    void add(const Figures& other);
  };

  explicit LinkedAgreement(std::uint64_t seed);
  void set_up();
  /// People do something in SQL, or the engine commits a batch; the same on both.
  void step();
  /// Everything that the engine could ask of either, of both pairs.
  void compare();
  const std::string& did() const { return did_; }

  Figures figures;

 private:
  static constexpr std::size_t people = 0, tasks = 1;
  struct Implementation {
    Table& table;
    Store& store;
    std::map<std::string, std::pair<std::string, std::optional<Millis>>>& rows;  // version and time as last seen
  };

  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  template <class List>
  typename List::value_type one_of(const List& list) {
    return list[below(list.size())];
  }
  std::string number() { return std::to_string(below(4)); }
  /// A name some of whose kind are in the list, none too.
  TextList some_of(const std::vector<std::string>& list, double each = 0.3);
  std::vector<std::string> living(std::size_t pair);

  // --- people, in SQL
  void in_sql(const std::string& statement);
  void act();
  void make(std::size_t which, const std::string& key);
  void edit(std::size_t which, const std::string& key);
  void change_links();
  void empty_something();
  void reset();

  // --- the engine
  void commit();
  std::pair<Item, Item> item(const Pair& pair, std::size_t which, std::size_t number);
  RowWrite row_write(std::size_t which, const std::string& key, const std::string& page);
  std::vector<Change> sets(std::size_t which, const std::string& key);
  std::vector<EdgeWrite> edge_writes(std::size_t which, const std::string& key);
  Link link(std::size_t which, const std::string& key, const std::string& page);
  void add_errands(Item& item, std::size_t which);
  Errand errand(std::size_t which);
  void acknowledge(std::size_t which, Batch& ours, Batch& theirs);
  PairState state();
  void look(std::size_t which, const std::string& key);

  // --- what they answer
  std::string answers(Implementation of);
  std::string rows_of(Implementation of, const Pair& pair);
  std::string links_of(Implementation of, const Pair& pair, std::size_t which);
  std::string far_ends(Implementation of, const Pair& pair, std::size_t field);
  /// Draws what the next comparison asks for.
  void draw_questions();

  struct Questions {
    std::string after;
    bool unlinked = false;
    std::array<std::vector<std::string>, 2> keys, pages;
    std::vector<Store::SeenEdge> edges;
  };

  std::mt19937_64 random_;
  sim::SimClock clock_{1'790'000'000'000};
  sim::CrashPoint crash_;
  sim::PostgresModel model_;
  std::string url_;
  TestClock waiting_;
  std::unique_ptr<ConnectedDatabase> database_;
  std::unique_ptr<PostgresStore> store_;
  std::unique_ptr<PostgresTable> table_;
  std::array<Pair, 2> pairs_;
  std::array<std::vector<std::string>, 2> keys_, pages_;
  std::map<std::string, std::pair<std::string, std::string>> seen_;  // key → versions read some time ago
  std::map<std::string, std::pair<std::string, std::optional<Millis>>> model_rows_, real_rows_;
  std::int64_t model_fence_ = 0, real_fence_ = 0;
  int nonce_ = 0;
  Questions ask_;
  std::string did_;
};

}  // namespace rowpage::testing
