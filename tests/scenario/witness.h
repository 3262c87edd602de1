// A second opinion on how a scenario ends: the judge of sim/ghost.h, which knows who wrote which value, what every
// deletion saw, and nothing of the engine.
//
// The ghost tells values apart by field and text, so here every record gets a range of field numbers of its own, and
// people in a scenario may write the same text into two records. A record is known by its titles.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "scenario/scenario.h"
#include "sim/ghost.h"

namespace rowpage::scenario {

class Witness {
 public:
  void wrote(Side side, const std::string& record, std::size_t field, const Value& before, const Value& value);
  void deleted(Side side, const std::string& record, const Values& shown, bool ambiguous);
  void restored(Side side, const std::string& record, const Values& shown);

  /// A page before and after a write of ours that was based on our reading at `read_at` took effect; `row`: what the
  /// other half shows.
  struct Sight {
    Values values;
    bool live = false;
  };
  void page_written(const Sight& before, const Sight& after, const Values& row, std::uint64_t read_at);
  /// A row that people had deleted lives again by our doing.
  void row_revived(const Values& row, const Values& page);
  std::uint64_t tick() { return ghost_.tick(); }

  /// The record that bears this title; empty: none, or nobody can tell.
  std::string record_of(const Values& values) const;

  /// Everything wrong with what lives in the end. `log`: conflicts, each with its record.
  std::vector<std::string> judge(const std::vector<Values>& pages, const std::vector<Values>& rows,
                                 const std::vector<std::pair<std::string, Conflict>>& log) const;
  /// Whether titles tell the records apart, so that there is something to judge by.
  bool may_judge() const { return !confused_; }
  /// Two records turned out to be one.
  void give_up() { confused_ = true; }

  /// What of a record's values is judged: not links, which are merged one by one, and no box that is not ticked.
  static Values judged(const PairSpec& spec, Values values);

 private:
  std::size_t number_of(const std::string& record);
  Values spread(const std::string& record, const Values& values) const;
  sim::Ghost::Side1 side(const std::vector<Values>& live, std::vector<std::string>& wrong, const char* where) const;

  sim::Ghost ghost_;
  std::map<std::string, std::size_t> numbers_;
  std::map<std::string, std::string> title_owner_;
  bool confused_ = false;
};

}  // namespace rowpage::scenario
