// The world a scenario is played in: the real engine and the real client on the models of Notion and PostgreSQL, under
// one clock. Nothing is left to chance; what goes wrong is said in the scenario.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/cycle.h"
#include "sandbox/notion_model.h"
#include "scenario/scenario.h"
#include "scenario/witness.h"
#include "sim/crash.h"
#include "sim/postgres_model.h"
#include "sim/sim_clock.h"

namespace rowpage::scenario {

/// A step that the world refuses: the scenario asks for what cannot be.
struct Impossible {
  int line = 0;
  std::string what;
};

class ScenarioWorld {
 public:
  explicit ScenarioWorld(const Scenario& scenario, bool verbose = false);
  ~ScenarioWorld();
  ScenarioWorld(const ScenarioWorld&) = delete;
  ScenarioWorld& operator=(const ScenarioWorld&) = delete;

  /// Makes the records of the start; those in step are brought there by sync. Afterwards a minute begins.
  void begin();
  /// Anything but sync and expect. Throws Impossible.
  void act(const Step& step);
  /// One run; nullopt: it was killed.
  std::optional<std::vector<PairReport>> run(const Step::Run& run);

  // --- killing
  sim::CrashPoint crash;
  std::optional<Luck::Fate> luck_of_writes;  // of each that the story says nothing of
  bool in_flight = false;                    // a request at whose sending the process dies lands 25 s later
  std::set<std::uint64_t> sends;             // the steps at which a request was about to be sent
  /// Deeds whose moment has not come by the end of a run are done now.
  void catch_up();
  /// Lines of `Luck:` that nothing has happened to.
  std::vector<int> unused_luck() const;

  // --- looking
  struct PageView {
    std::string id;
    Values values;  // links are the titles of the live pages they lead to
    bool live = false, trashed = false;
  };
  struct RowView {
    std::string key;
    Values values;  // likewise
    bool live = false;
    std::string page;  // of its link
  };
  std::vector<PageView> pages(std::size_t pair) const;
  std::vector<RowView> rows(std::size_t pair);
  std::string page_of(const std::string& record);
  std::string row_of(const std::string& record);
  std::string title_of_page(const std::string& id) const;
  std::string title_of_row(std::size_t pair, const std::string& key);
  /// A conflict's record; empty: unknown.
  std::string record_of(std::size_t pair, const Conflict& conflict);
  bool bold(const std::string& record, std::size_t field);
  std::uint64_t page_writes() const { return notion.stats().effects_total(); }
  std::uint64_t row_writes() const { return postgres.row_writes(); }
  std::vector<std::string> judge();

  sim::SimClock clock;
  sandbox::NotionModel notion;
  sim::PostgresModel postgres;
  std::vector<Pair> pairs;
  std::uint64_t requests = 0;
  std::uint64_t trace = 0xcbf29ce484222325ULL;  // of everything that happened
  void mix(std::string_view text);
  void tell(const std::string& text) const;

 private:
  class Network;
  friend class Network;
  struct Record {
    std::size_t pair = 0;
    std::string page, row;
  };
  struct Armed {
    int line = 0;
    Luck luck;
    std::vector<Step> deed;
    std::int64_t happened = 0;
    bool over = false;
  };

  void set_up();  // world_setup.cc
  void make_databases();
  void link_databases();
  void resolve_pairs();
  void happens(const Circumstance& circumstance);

  void act_in_notion(const Step& step);
  void act_in_supabase(const Step& step);
  std::string page_seen(const std::string& record);
  void make(const Step& step);
  void edit(const Step& step);
  void insert(const Step& step);
  void update(const Step& step);
  void link(const Step& step);
  sandbox::Answer person(int line, const char* method, const std::string& path, json::value body);
  json::object properties(std::size_t pair, const std::vector<Change>& changes);
  void write_row(const Step& step, const std::string& key, const std::vector<Change>& changes);
  TextList ids(const Value& records);

  Value page_value(std::size_t pair, std::size_t field, const sandbox::PageState& state) const;
  Value row_value(std::size_t pair, std::size_t field, const std::string& key, const Value& stored);
  PageView view(std::size_t pair, const sandbox::Page& page) const;
  std::optional<std::pair<std::size_t, PageView>> page(const std::string& id) const;
  Witness::Sight sight(const std::string& id) const;
  Values judged_row(const std::string& record);
  void land_late();
  void notice_revived_rows();

  const Scenario& scenario_;
  bool verbose_;
  std::map<std::string, Record> records_;
  std::vector<std::string> sources_;  // per pair
  std::vector<Armed> luck_;
  Witness witness_;
  std::set<std::pair<std::size_t, std::string>> dead_rows_;  // deleted by people and not back yet
  std::unique_ptr<Network> network_;
  Millis notion_ahead_ms_ = 0;
  std::string bot_ = "bot";
  std::uint64_t nonces_ = 0;
};

}  // namespace rowpage::scenario
