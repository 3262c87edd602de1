// Where a long plan waits: record states in a temporary file, so that memory stays flat however many records a run
// touches.
//
// The file is unlinked as soon as it is open, so nothing is left behind however the run ends. Small plans never leave
// memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan.h"
#include "core/result.h"

namespace rowpage {

class Spool {
 public:
  Spool() = default;
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  ~Spool();

  /// Appends; the n-th state added has number n - 1. Errors: the temporary file cannot be written (pair, none).
  Status add(const RecordState& state);
  std::size_t size() const { return offsets_.size(); }

  /// The state with this number.
  Result<RecordState> at(std::size_t number);

 private:
  Status flush();
  Status open_file();

  std::vector<std::uint64_t> offsets_;  // in the file, then in the buffer behind it
  std::string buffer_;                  // what the file does not hold yet
  std::uint64_t written_ = 0;
  int file_ = -1;
  std::string read_ahead_;
  std::uint64_t read_ahead_at_ = 0;
};

/// Ids already met, a few bytes each.
class IdSet {
 public:
  /// True when `id` is new. Two different ids are taken for one with a chance below 1e-8 in a set of 100,000.
  bool insert(std::string_view id);
  bool contains(std::string_view id) const;
  std::size_t size() const { return size_; }

 private:
  std::size_t slot(std::uint64_t hash) const;
  void grow();
  std::vector<std::uint64_t> slots_;  // 0: free
  std::size_t size_ = 0;
};

}  // namespace rowpage
