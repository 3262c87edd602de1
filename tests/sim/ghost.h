// What the engine never sees: who wrote which value, what it replaced, what each deletion saw. The oracle judges from
// this and from the final state of both sides; it links nothing of the merge.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/record.h"

namespace rowpage::sim {

/// A value's name: field number and text. People write each value once, so a name has one author.
std::string value_name(std::size_t field, const Value& value);

/// The record a title belongs to ("r3" of "r3.12"); empty for an empty title.
std::string record_of(const Value& title);

class Ghost {
 public:
  std::uint64_t tick() { return ++moment_; }
  std::uint64_t moment() const { return moment_; }

  /// A person wrote `value` into a cell that showed `before`.
  void wrote(Side side, const std::string& record, std::size_t field, const Value& before, const Value& value);
  /// A person deleted a half that showed these values.
  /// `ambiguous`: the outcome of our own trashing or restoring of this page was unknown, so nobody can tell a person's
  /// trashing from ours that landed, or from our restore that never did (the ABA limit).
  void deleted(Side side, const std::string& record, const Values& shown, bool ambiguous = false);
  /// A person brought back a half that shows these values.
  void restored(Side side, const std::string& record, const Values& shown);
  /// We brought back a half because the other one was edited unaware. If the other half really shows something no
  /// deletion saw, what lives again counts as seen anew; otherwise this was a resurrection and stays one.
  void revived(Side side, const std::string& record, const Values& shown, const Values& other);
  /// Our write replaced `before`, which a person had written after we last read the page: the one loss that cannot be
  /// prevented.
  void overwritten_unseen(std::size_t field, const Value& before, std::uint64_t our_reading);

  /// The final state of one side: record → values of the live half; `doubles` are records with more than one.
  struct Side1 {
    std::map<std::string, Values> live;
    std::set<std::string> doubles;
  };
  /// Everything wrong with the final state, one line each. `left`: records whose page was moved away or archived; what
  /// becomes of their two halves is not compared.
  std::vector<std::string> judge(const Side1& notion, const Side1& supabase, const std::vector<Conflict>& log,
                                 const std::set<std::string>& left = {}) const;
  /// Whether a person ever deleted a half of the record.
  bool anybody_deleted(const std::string& record) const;

  std::uint64_t window_losses() const { return window_losses_; }

 private:
  struct Written {
    std::string record;
    Side side;
    std::uint64_t moment = 0;
    bool superseded = false;        // a person replaced it where it was shown
    bool died[2] = {false, false};  // a deletion on this side saw it, and nobody brought it back there
    bool window_lost = false;
  };
  struct Life {
    std::uint64_t deleted = 0, restored = 0;  // moments, 0: never
  };
  std::uint64_t moment_ = 0, window_losses_ = 0;
  std::map<std::string, Written> written_;
  std::map<std::string, Life> lives_;
};

}  // namespace rowpage::sim
