// What the real store and the simulation's model of it tell, as text: a difference then prints itself.
//
// Left out is what may differ: versions and ids as such, times of the two clocks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "base/json.h"
#include "engine/ports.h"

namespace rowpage::testing {

/// How many histories to play, and the seed of the first; each has the next one.
struct Histories {
  std::uint64_t count = 1, seed = 1;
};

/// `usual`, or `many` with ROWPAGE_FULL=1, or ROWPAGE_HISTORIES; from ROWPAGE_SEED.
inline Histories histories(std::uint64_t usual, std::uint64_t many) {
  const char *count = std::getenv("ROWPAGE_HISTORIES"), *seed = std::getenv("ROWPAGE_SEED");
  return {count != nullptr              ? std::strtoull(count, nullptr, 10)
          : std::getenv("ROWPAGE_FULL") ? many
                                        : usual,
          seed != nullptr ? std::strtoull(seed, nullptr, 10) : 1};
}

inline void tell_agreement(std::uint64_t histories, int steps, std::uint64_t answers) {
  std::printf("agreement: %llu histories, %d steps, %llu answers compared\n",
              static_cast<unsigned long long>(histories), steps, static_cast<unsigned long long>(answers));
}

inline std::string text_of(const Value& value) {
  return canonical_text(value_to_json(value));
}

inline std::string text_of(const Values& values) {
  std::string text;
  for (const auto& value : values) text += text_of(value) + " ";
  return text;
}

inline std::string text_of(std::vector<Change> changes) {
  std::ranges::sort(changes, {}, &Change::field);
  std::string text;
  for (const auto& change : changes) text += std::to_string(change.field) + "=" + text_of(change.value) + " ";
  return text;
}

inline std::string text_of(const Times& times) {
  std::string text;
  for (const auto& time : times) text += (time ? std::to_string(*time) : "-") + " ";
  return text;
}

inline std::string text_of(std::vector<std::size_t> fields) {
  std::ranges::sort(fields);
  std::string text;
  for (const auto field : fields) text += std::to_string(field) + " ";
  return text;
}

inline std::string text_of(const Row& row) {
  return "row " + row.key + (row.deleted ? " deleted " : " ") + text_of(row.values) + row.page_id + " " + row.checksum +
         " unreadable " + std::to_string(row.unreadable.size()) + "\n";
}

inline std::string text_of(const Link& link) {
  auto choices = link.choices;
  std::ranges::sort(choices);
  std::ostringstream out;
  out << "link " << link.key << " " << link.page_id << " " << link.nonce << " page " << text_of(link.page_shadow)
      << "row " << text_of(link.row_shadow) << link.page_live << link.row_live << " " << link.page_edited_ms << " seen "
      << text_of(link.page_seen) << "/ " << text_of(link.row_seen) << "choices ";
  for (const auto& [field, side] : choices) out << field << name_of(side) << " ";
  out << "unsettled " << text_of(link.unsettled) << (link.page_noted ? "noted\n" : "\n");
  return out.str();
}

inline std::string text_of(const Pending& p) {
  return "pending " + p.nonce + " " + std::string(name_of(p.kind)) + " " + p.key + " " + p.page_id + " intended " +
         text_of(p.intended) + "found " + text_of(p.found) + std::to_string(p.noted_ms) + " " +
         std::to_string(p.send_by_ms) + " " + std::to_string(p.attempt) + "\n";
}

inline std::string text_of(const Parked& p) {
  return "parked " + std::string(name_of(p.kind)) + " " + p.key + " " + p.page_id + " " + p.reason + "/" + p.hint +
         " " + std::to_string(p.attempts) + " " + std::to_string(p.next_try_ms) + "\n";
}

inline std::string text_of(const NonceOwner& owner) {
  return "owner " + owner.nonce + " " + std::to_string(static_cast<int>(owner.state)) + " " + owner.key + " " +
         owner.page_id + " " + text_of(owner.intended) + "\n";
}

inline std::string text_of(const PairState& s) {
  const auto flag = [](const std::optional<bool>& value) { return value ? (*value ? "yes" : "no") : "?"; };
  std::ostringstream out;
  out << "state " << s.known << s.first_sync_done << s.capture_ready << s.stranded_pages << s.scan_needed << " "
      << s.watermark_ms.value_or(-1) << " " << s.full_scan_ms.value_or(-1) << " " << s.fingerprint << " " << s.bot_id
      << " " << s.schema_json << " " << s.schema_ms << " " << flag(s.trash_query) << flag(s.trash_search) << " "
      << s.has_links;
  for (const auto& [name, id] : s.properties) out << " " << name << "=" << id;
  out << "\n";
  return out.str();
}

inline std::string text_of(const Error& error) {
  return "error " + std::to_string(static_cast<int>(error.cause)) + " effect " +
         std::to_string(static_cast<int>(error.effect)) + " scope " + std::to_string(static_cast<int>(error.scope));
}

inline std::string text_of(const Result<Committed>& done) {
  if (!done) return text_of(done.error());
  std::string text;
  for (const auto& item : done->items) {
    text += item.outcome == ItemResult::Outcome::moved ? "moved\n" : "done\n";
    if (item.row) text += text_of(*item.row);
  }
  return text;
}

template <class T>
std::string sorted_texts(const Result<std::vector<T>>& list) {
  if (!list) return text_of(list.error());
  std::vector<std::string> texts;
  for (const auto& entry : *list) texts.push_back(text_of(entry));
  std::ranges::sort(texts);
  std::string text;
  for (const auto& one : texts) text += one;
  return text;
}

template <class T>
std::string texts_in_order(const Result<std::vector<T>>& list) {
  if (!list) return text_of(list.error());
  std::string text;
  for (const auto& entry : *list) text += text_of(entry);
  return text;
}

inline std::string text_of(const Result<RowList>& list) {
  if (!list) return text_of(list.error());
  return texts_in_order(Result<std::vector<Row>>(list->rows)) + (list->more ? "more" : "end");
}

inline auto identity_of(const Captured& c) {
  auto fields = c.fields;
  std::ranges::sort(fields);
  return std::tuple(c.key, fields, c.own, c.whole);
}

inline std::vector<Captured> sorted_changes(const Result<ChangeList>& list) {
  if (!list) return {};
  auto changes = list->changes;
  std::ranges::stable_sort(changes, {}, identity_of);
  return changes;
}

inline std::string text_of(const std::vector<Captured>& changes) {
  std::string text;
  for (const auto& c : changes)
    text += c.key + " " + text_of(c.fields) + (c.own ? "own" : "") + (c.whole ? "whole" : "") + "\n";
  return text;
}

}  // namespace rowpage::testing
