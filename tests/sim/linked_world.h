// Two related pairs, people who link their records, and an oracle of plain values.
//
// A task has an owner (foreign key; two-way with a person's "Tasks"), helpers (join table; two-way with "Helps"), a
// parent (foreign key to itself) and tasks it depends on (join table with itself). People link from every end on both
// sides, delete and bring back what is linked, and the network and the process fail. Afterwards both sides must show
// the same links, and every link that was touched on one side only must be as it was left there.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/cycle.h"
#include "notion/client.h"
#include "sandbox/notion_model.h"
#include "sim/crash.h"
#include "sim/postgres_model.h"
#include "sim/sim_clock.h"
#include "sim/wire.h"

namespace rowpage::sim {

/// One thing a person does. `a` and `b` choose the records, by their numbers modulo how many there are.
struct Deed {
  enum class Kind {
    make_person,
    make_task,
    set_owner,  // b of none: clears it
    set_parent,
    add_helper,
    drop_helper,
    add_dependency,
    drop_dependency,
    take_task,  // in Notion from the person's page; in SQL as set_owner
    help,       // likewise for helpers
    stop_helping,
    trash_person,
    trash_task,
    restore_person,
    restore_task,
    count_
  } kind = Kind::make_task;
  bool in_notion = true;
  unsigned a = 0, b = 0;
  unsigned wait_s = 0;  // before it
};

class LinkedWorld {
 public:
  static constexpr std::size_t name = 0;                                         // of both
  static constexpr std::size_t tasks = 1, helps = 2;                             // of a person
  static constexpr std::size_t owner = 1, helpers = 2, parent = 3, depends = 4;  // of a task

  explicit LinkedWorld(std::uint64_t seed);
  ~LinkedWorld();

  SimClock clock;
  CrashPoint crash;
  sandbox::NotionModel notion;
  PostgresModel postgres;
  NotionFaults faults;
  std::vector<Pair> pairs;  // person, task
  bool tasks_only = false;  // the next cycles run the second pair alone, as with --model
  std::uint64_t requests = 0, crashes = 0, cycles = 0, window_losses = 0;
  std::map<std::string, std::uint64_t> fates;
  std::uint64_t trace = 0xcbf29ce484222325ULL;
  bool verbose = false;

  /// One run over both pairs; nullopt: it crashed.
  std::optional<std::vector<PairReport>> cycle(RunOptions options = {});
  void act(const Deed& deed);
  /// People say which half of an open conflict is right; of some of them, or of all.
  void decide(std::mt19937_64& dice, bool all);
  /// Heals everything and runs until nothing is written. False: it does not come to rest.
  bool come_to_rest();
  /// Everything wrong with the final state, one line each.
  std::vector<std::string> judge();

  // --- for stories
  std::string make_page(std::size_t pair, const std::string& title);
  std::string make_row(std::size_t pair, const std::string& title);
  void set_links(const std::string& page, const std::string& property, const TextList& targets);
  TextList links(const std::string& page, const std::string& property) const;  // all of them, hidden ones too
  void trash(const std::string& page, bool in_trash);
  std::string page_of(std::size_t pair, const std::string& row);
  std::string row_of(std::size_t pair, const std::string& page);
  const PostgresModel::Stored& row(std::size_t pair, const std::string& key);
  bool edit_row(std::size_t pair, const std::string& key, std::size_t field, const TextList& refs);
  std::uint64_t writes() const { return notion.stats().effects_total() + postgres.row_writes(); }
  /// What happens to certain requests, before the dice decide.
  std::function<std::optional<sandbox::Fate>(const sandbox::Request&)> fate_of;

 private:
  class Network;
  friend class Network;
  struct Half {  // one record on one side, in plain words
    bool live = false;
    std::array<std::set<std::string>, 5> links;  // titles, by field of a task
  };
  using View = std::map<std::string, Half>;  // by title
  // What people did to one link (or, for a foreign key, to one field), the last thing on each side.
  struct Touched {
    std::optional<std::string> last[2];
    std::uint64_t in_notion = 0;  // moment of the last thing there
    bool window_lost = false;     // one of our writes, made from an older reading, took it away unseen
  };
  using Links = std::map<std::string, TextList>;  // of all tasks: "field title" → titles, hidden ones too

  void set_up();
  sandbox::Answer person(const char* method, const std::string& path, json::value body);
  std::vector<std::string> live_pages(std::size_t pair) const;
  std::vector<std::string> live_rows(std::size_t pair);
  std::string title_of_page(const std::string& page) const;
  std::string title_of_row(std::size_t pair, const std::string& key);
  View notion_view();
  View supabase_view();
  bool logged(std::size_t field, const std::string& from, const std::string& to);
  void act_in_notion(const Deed& deed);
  void act_in_sql(const Deed& deed);
  Links links_in_notion() const;
  void account(const Links& before, std::uint64_t based_on);
  void land_late();
  void touch(Side side, std::size_t field, const std::string& from, const std::string& to, bool present);
  void set_one(const std::string& page, std::size_t field, const std::optional<std::string>& target);
  void tell(const std::string& text) const;
  void mix(std::string_view text);

  std::mt19937_64 random_;
  std::unique_ptr<Network> network_;
  std::array<std::string, 2> sources_;
  std::map<std::string, Touched> touched_;
  std::set<std::string> disturbed_;  // titles of records that were deleted or brought back
  std::uint64_t names_ = 0, nonces_ = 0, moment_ = 0;
  std::map<std::string, std::uint64_t> read_at_;  // page → moment of our last reading of it by id
  std::uint64_t oldest_under_way_ = 0;            // the oldest reading that a write still to land was based on
};

/// A random case: deeds, faults and a crash from one seed.
struct LinkedCase {
  std::uint64_t seed = 1;
  bool calm = false;
  bool verbose = false;
  std::set<std::uint64_t> skip;   // deeds of people left out, by number
  std::set<std::string> without;  // kinds of trouble left out; see linked_cases.cc
};
struct LinkedResult {
  std::vector<std::string> wrong;
  std::uint64_t requests = 0, crashes = 0, cycles = 0, conflicts = 0, window_losses = 0, deeds = 0, trace = 0;
  std::map<std::string, std::uint64_t> fates;
};
LinkedResult run_linked_case(const LinkedCase& options);

/// A failing case with as few deeds and as little trouble as still fail, found by leaving out one after another.
LinkedCase shrink(LinkedCase failing);
/// The options of `simulate` that replay it.
std::string replay_words(const LinkedCase& options);
/// Every kind of trouble a linked case may draw.
const std::vector<std::string>& linked_trouble_kinds();

/// The same for deeds given, on a good network; `crash_step` 0: none.
std::vector<std::string> play(const std::vector<Deed>& deeds, unsigned cycle_every, std::uint64_t crash_step);

}  // namespace rowpage::sim
