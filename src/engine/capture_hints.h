// What the capture log says of this run: which rows changed, in which fields, when. Hints which key to read, never data
// (R13); the log is read before the rows, so that a change in between shows in the rows or stays in the log.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "engine/run.h"

namespace rowpage {

class CaptureHints {
 public:
  explicit CaptureHints(Run& run) : run_(run), pair_(run.pair) {}

  /// Reads the log, a bounded number of entries; the rest waits for the next run. `since`: older entries are left
  /// alone.
  Status take(std::optional<Millis> since);

  /// TRUNCATE, or more than the log holds: only a full scan knows what happened.
  bool whole_table() const { return whole_; }

  /// Entries dealt with by having been read.
  std::vector<std::int64_t> take_void() { return std::exchange(void_, {}); }

  /// A row whose key was changed in SQL shows as one row gone and one row new. Where the new one names the page of the
  /// one that went, the link moves with it: the page keeps its body, its comments and its place.
  Status follow_moved_keys();

  /// Gives what is known of a row to its record, once.
  void attach(RecordState& state, const std::string& key);

  /// Keys not attached yet, sorted.
  std::vector<std::string> keys() const;

 private:
  struct Hint {
    std::vector<std::int64_t> ids;
    Times times;
    bool by_others = false;  // not only by the database, in the wake of our own writes
  };
  Status follow_moved_keys(std::vector<std::string> keys);

  Run& run_;
  const Pair& pair_;
  std::unordered_map<std::string, Hint> hints_;
  std::vector<std::int64_t> void_;
  bool whole_ = false;
};

}  // namespace rowpage
