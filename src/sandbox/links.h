// The pages a relation leads to, in order, as a value that is cheap to copy and to change.
//
// A hub page may have twenty thousand links, each of which made a new state of the page, and every state is kept as
// long as some index shows it. Copies of whole lists would make that quadratic. So the states of a page share one log
// of links; each link says from which version to which it was there, and a Links is a log and a version. Adding to the
// newest version is an entry more, removing from it a mark on one. A change of an older version begins a log of its
// own.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "sandbox/id.h"

namespace rowpage::sandbox {

class Links {
 public:
  Links() = default;
  /// In this order; without doubles.
  explicit Links(std::span<const Id> ids);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool contains(const Id& id) const;

  /// With one link more, at the end; itself when it is there.
  Links with(const Id& id) const;
  /// Without a link.
  Links without(const Id& id) const;

  /// Visits the links in order until a visit returns false.
  template <class Visit>
  void each(Visit visit) const {
    if (!log_) return;
    for (const Entry& entry : log_->entries) {
      if (there(entry) && !visit(entry.id)) return;
    }
  }
  std::vector<Id> all() const;

 private:
  static constexpr std::uint32_t open = std::numeric_limits<std::uint32_t>::max();
  struct Entry {
    Id id;
    std::uint32_t from = 0, to = open;  // there in versions [from, to)
  };
  struct Log {
    std::vector<Entry> entries;
    std::uint32_t newest = 0;
    // Where the links of the newest version stand; made when there are many.
    std::unique_ptr<std::unordered_map<Id, std::uint32_t>> places;
  };

  bool there(const Entry& entry) const { return entry.from <= version_ && version_ < entry.to; }
  // Place in the log of a link of this version.
  std::optional<std::size_t> place_of(const Id& id) const;
  // This list on top of a log that may be changed.
  Links changeable() const;

  std::shared_ptr<Log> log_;
  std::uint32_t version_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace rowpage::sandbox
