// People on both sides, and what they did. They look at their side through its public interface, edit what they see,
// and the ghost (tests/sim/ghost.h) remembers who wrote which value over which, and what each deletion saw.
//
// A value is written once, so every cell names its author, and a title begins with the record's birth-mark ("r7.31"):
// no copy can hide. What cannot be prevented is kept out by rule, not excused afterwards: Notion has no conditional
// write, so an edit there between our last look and our write is lost (docs/guarantees.md). While a sync runs, people
// in Notion therefore leave alone what SQL has changed and no sync has carried yet, and by SQL nobody touches what was
// changed in Notion since this sync began. Nobody takes away in Notion what a request of unknown outcome may have put
// there: that cannot be told from a write that never landed.
#pragma once

#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fire/stage.h"
#include "sim/ghost.h"

namespace rowpage::fire {

/// Fields of an item; a box has the first two.
enum Cell : std::size_t { name_cell, note_cell, amount_cell, kind_cell, day_cell, box_cell, item_cells };
inline constexpr std::size_t box_cells = 2;

/// The columns of an item, by cell; a box has the first two.
inline constexpr const char* columns_of[] = {"name", "note", "amount", "kind", "day", "box_id"};

Value text_or_null(std::string text);
/// "2026-11-20", whatever stands behind it.
Value day_of(std::string_view text);

/// One half of a record as its side shows it.
struct Half {
  std::string id;  // page id or row key
  std::string record;
  Values values;
  std::set<std::string> boxes;  // of the join table: records
  bool deleted = false;
};
struct Shown {
  std::vector<Half> items, boxes;
};

class People {
 public:
  struct Tally {
    std::uint64_t edits = 0, creates = 0, deletions = 0, restores = 0, link_edits = 0;
  };

  People(Stage& stage, std::uint64_t seed, bool hard_deletes, std::string item_source, std::string box_source);

  /// `count` actions on both sides while no sync runs.
  void quiet(std::size_t count);
  /// One action while a sync runs; by SQL or in Notion.
  void meanwhile();
  /// A sync begins; one that ended well has carried what was done before it began.
  std::uint64_t began() { return began_ = ghost_.moment(); }
  void ended_well(std::uint64_t began);
  /// Time has passed: what was done in Notion so far shows in queries and searches, so that a sync can carry it.
  void time_passed() { shown_ = ghost_.moment(); }

  /// What each side shows, read anew.
  Shown in_notion();
  Shown in_sql();

  /// Everything wrong with the final state, given the conflicts as `rowpage conflicts list --all --json` shows them.
  std::vector<std::string> judge(const json::value& conflicts);

  const Tally& tally() const { return tally_; }

 private:
  struct Touched {
    std::uint64_t by[2] = {0, 0};  // moment of the last action, per side
  };
  enum class Wish { there, gone, either };

  Half half_of(const json::value& page, bool is_item) const;
  Half opened(Side side, const Half& half, bool is_item) const;
  bool deleted_lately(const std::string& record) const;
  void did(Side side, const std::string& record, const std::string& what, bool running);
  std::vector<std::string> acts_on(const std::string& record) const;
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : dice_() % bound; }
  Value fresh(std::size_t cell, const std::string& record);
  void act(Side side, bool running);
  void create(Side side, const Shown& shown);
  void edit(Side side, const Half& half, const Shown& shown, bool is_item, bool running);
  void remove(Side side, const Half& half, bool running);
  void restore(Side side, const Half& half);
  void link(Side side, const Half& half, const Shown& shown);
  bool free(Side side, const std::string& record, std::size_t cell, bool running) const;
  bool in_doubt(const Half& page, std::string_view kinds) const;
  bool untouched_by(Side side, const std::string& record) const;
  void touch(Side side, const std::string& record, std::size_t cell);
  void wrote_all(Side side, const std::string& record, const Values& values);
  /// A box of this side the item was never linked to, for a value of its own; empty: none.
  const Half* new_box(const Shown& shown, const std::string& record);
  json::object properties(const Values& values, std::size_t only, const std::string& box_id) const;

  Stage& stage_;
  std::mt19937_64 dice_;
  bool hard_;
  std::string sources_[2];  // items, boxes
  sim::Ghost ghost_;
  Tally tally_;
  int next_value_ = 0, next_item_ = 0, next_box_ = 0;
  std::uint64_t began_ = 0, shown_ = 0;
  int deletions_open_ = 0;  // since the last sync that ended well: below the brake
  std::map<std::pair<std::string, std::size_t>, Touched> touched_;
  std::set<std::string> deleted_;                  // records that ever were
  std::map<std::string, std::string> item_names_;  // page id or row key → record, of all that were ever seen
  std::map<std::string, std::string> box_pages_;   // page id → record
  std::vector<std::pair<std::string, std::string>> acts_;
  std::map<std::string, std::set<std::string>> used_boxes_;
  std::map<std::pair<std::string, std::string>, Wish> links_;
  std::map<std::pair<std::string, std::string>, Touched> link_touched_;
};

}  // namespace rowpage::fire
