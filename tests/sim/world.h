// A whole world for the engine: Notion's model behind the real client, PostgreSQL's model, people, faults, and one
// clock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/cycle.h"
#include "notion/client.h"
#include "sandbox/notion_model.h"
#include "sim/crash.h"
#include "sim/ghost.h"
#include "sim/postgres_model.h"
#include "sim/sim_clock.h"
#include "sim/wire.h"

namespace rowpage::sim {

/// Counts what happened, for the report.
struct Tally {
  std::map<std::string, std::uint64_t> faults;
  std::uint64_t cycles = 0, crashes = 0, steps = 0, requests = 0;
};

class SimWorld {
 public:
  /// How the pair's second field is typed: text, or a select whose options people rename.
  enum class Note { text, select };

  explicit SimWorld(std::uint64_t seed, Note note = Note::text);
  ~SimWorld();

  static constexpr std::size_t title = 0, note = 1, score = 2;
  bool has_options() const { return note_type_ == Note::select; }

  SimClock clock;
  Millis notion_skew_ms = 0;  // how far Notion's clock is ahead of ours
  CrashPoint crash;
  sandbox::NotionModel notion;
  PostgresModel postgres;
  Ghost ghost;
  Pair pair;
  NotionFaults faults;
  bool access_revoked = false;  // the integration sees nothing of the data source
  Tally tally;
  /// Decides a request's fate before the dice do; for stories in which one certain request has bad luck.
  std::function<std::optional<sandbox::Fate>(const sandbox::Request&)> fate_of;
  /// Hears what the engine tells its log.
  std::function<void(std::string_view event, std::string_view text)> on_note;
  std::uint64_t trace = 0xcbf29ce484222325ULL;  // of everything that happened

  /// One run; nullopt: it crashed. A bot id and a fence that are not given are the usual bot and a lease of its own.
  std::optional<PairReport> cycle(RunOptions options = {}, PlanSink* sink = nullptr);

  // --- people in Notion
  std::string make_page(const Values& values, const std::string& nonce = {});
  bool edit_page(const std::string& id, const std::vector<Change>& changes);
  bool trash_page(const std::string& id);
  bool restore_page(const std::string& id);
  std::string duplicate_page(const std::string& id, const Values& then);
  /// Gives the option that the page shows another name, for every page that shows it. No page counts as edited by that.
  bool rename_option(const std::string& page_id, const Value& name);
  /// Out of the database, into a plain page; or into Notion's archive. Its record is nobody's to compare from then on.
  void move_away(const std::string& id);
  void archive_page(const std::string& id);
  // --- people in SQL
  std::string make_row(const Values& values);
  bool edit_row(const std::string& key, const std::vector<Change>& changes);
  bool delete_row(const std::string& key, bool hard);
  bool restore_row(const std::string& key);

  /// A value nobody wrote before.
  Value fresh(const std::string& record, std::size_t field);
  std::string new_record() { return "r" + std::to_string(++records_); }

  struct PageView {
    std::string id;
    Values values;
    bool in_trash = false;
  };
  std::vector<PageView> pages() const;  // as they are, in order of creation
  std::optional<PageView> page(const std::string& id) const;

  Ghost::Side1 notion_side() const;
  Ghost::Side1 supabase_side() const;
  std::vector<std::string> judge() const;
  /// Whether the record's page left without the trash.
  bool left(const std::string& record) const { return left_.contains(record); }
  bool anything_left() const { return !left_.empty(); }
  bool left_page(const std::string& page_id) const { return left_pages_.contains(page_id); }

  /// Events due at a moment of the simulation.
  /// (`when` by the clock's true_now().)
  void at(Millis when, std::function<void()> event) { events_.emplace(when, std::move(event)); }

  std::uint64_t notion_writes() const { return notion.stats().effects_total(); }

 private:
  class ModelTransport;
  friend class ModelTransport;
  void set_up();
  sandbox::Answer person(const char* method, const std::string& path, json::value body);
  json::object properties_of(const std::vector<Change>& changes) const;
  Values values_of(const sandbox::PageState& state) const;
  void run_events();
  void notice_revived_rows();
  Values row_values(const std::string& record) const;
  void land_late();
  void mix(std::string_view text);
  void leaves(const PageView& view);

  Note note_type_;
  std::mt19937_64 random_;
  std::multimap<Millis, std::function<void()>> events_;
  bool in_events_ = false;
  std::unique_ptr<ModelTransport> transport_;
  std::uint64_t records_ = 0, values_ = 0, nonces_ = 0;
  std::string source_;
  std::set<std::string> dead_rows_;                          // deleted by people, not back yet
  std::set<std::string> moved_pages_;                        // no longer in the database
  std::set<std::string> left_, left_pages_, left_with_row_;  // records and pages; records that had a live row then
};

}  // namespace rowpage::sim
