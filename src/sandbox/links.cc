#include "sandbox/links.h"

#include <algorithm>

namespace rowpage::sandbox {
namespace {

constexpr std::size_t many = 32;

}  // namespace

Links::Links(std::span<const Id> ids) {
  for (const Id& id : ids) *this = with(id);
}

std::optional<std::size_t> Links::place_of(const Id& id) const {
  if (!log_) return std::nullopt;
  if (log_->places && version_ == log_->newest) {
    const auto found = log_->places->find(id);
    return found == log_->places->end() ? std::nullopt : std::optional<std::size_t>(found->second);
  }
  const auto& entries = log_->entries;
  const auto found = std::ranges::find_if(entries, [&](const Entry& entry) { return entry.id == id && there(entry); });
  if (found == entries.end()) return std::nullopt;
  return static_cast<std::size_t>(found - entries.begin());
}

bool Links::contains(const Id& id) const {
  return place_of(id).has_value();
}

std::vector<Id> Links::all() const {
  std::vector<Id> ids;
  ids.reserve(size_);
  each([&](const Id& id) {
    ids.push_back(id);
    return true;
  });
  return ids;
}

Links Links::changeable() const {
  // Most entries being gone, or the version not the newest, the log is begun anew with what is there.
  const bool sparse = log_ && log_->entries.size() > 2 * (size_ + many);
  if (log_ && version_ == log_->newest && !sparse) return *this;
  Links fresh;
  fresh.log_ = std::make_shared<Log>();
  fresh.log_->entries.reserve(size_ + 1);
  each([&](const Id& id) {
    fresh.log_->entries.push_back({id, 0, open});
    return true;
  });
  fresh.size_ = size_;
  return fresh;
}

Links Links::with(const Id& id) const {
  if (contains(id)) return *this;
  Links next = changeable();
  Log& log = *next.log_;
  next.version_ = ++log.newest;
  log.entries.push_back({id, next.version_, open});
  ++next.size_;
  if (log.places) {
    (*log.places)[id] = static_cast<std::uint32_t>(log.entries.size() - 1);
  } else if (log.entries.size() > many) {
    log.places = std::make_unique<std::unordered_map<Id, std::uint32_t>>();
    for (std::size_t i = 0; i < log.entries.size(); ++i) {
      if (next.there(log.entries[i])) (*log.places)[log.entries[i].id] = static_cast<std::uint32_t>(i);
    }
  }
  return next;
}

Links Links::without(const Id& id) const {
  if (!contains(id)) return *this;
  Links next = changeable();
  const std::size_t place = *next.place_of(id);
  Log& log = *next.log_;
  next.version_ = ++log.newest;
  log.entries[place].to = next.version_;
  --next.size_;
  if (log.places) log.places->erase(id);
  return next;
}

}  // namespace rowpage::sandbox
