// What links left to do in a pair (`Errand`), and which records have to be looked at for it.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "engine/run.h"

namespace rowpage {

class ErrandList {
 public:
  explicit ErrandList(const Run& run) : run_(run), pair_(run.pair) {}

  /// Reads what is due from the store, the oldest of it. Nothing in a run narrowed by `--since`, which only looks at
  /// what was edited.
  Status load();

  /// What nobody has to look at any more, to be forgotten.
  std::vector<Errand> take_settled() { return std::move(settled_); }
  /// There are others behind those loaded.
  bool more() const { return more_; }

  /// Gives a record its errands, each once. It is known by its key, its page, or both.
  void attach(RecordState& state) const;

  /// The records concerned, each once and sorted. A page is read where what its people see is in question; where only
  /// the row has something to say, or where it is read before the write anyway, it is presumed.
  struct Visits {
    std::vector<std::string> keys, read, presumed;
  };
  /// `between`: after the changes of this run, when pages whose links wait have been seen already.
  Visits visits(bool between) const;

  /// A page whose links wait was seen with them in this run, and each errand says with which: it need not be read again
  /// to write them into the row. (A write to the page reads it first in any case.)
  void show_awaited(RecordState& state) const;

 private:
  const Run& run_;
  const Pair& pair_;
  std::vector<Errand> errands_, settled_;
  bool more_ = false;
  std::unordered_multimap<std::string, std::size_t> by_name_;  // of "key …" and "page …"
};

}  // namespace rowpage
