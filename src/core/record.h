// A record and what is known of it: the page and the row as observed, the link with its shadows, requests still open.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/schema.h"
#include "core/time.h"
#include "core/value.h"

namespace rowpage {

/// A value to write: index into the pair's fields.
struct Change {
  std::size_t field = 0;
  Value value;
  bool operator==(const Change&) const = default;
};

/// A field that was there but could not be read as its type, whole. The record parks.
struct Unreadable {
  std::size_t field = 0;
  std::string why;
  std::string hint = {};  // empty: the value is to be mended
};

/// The Notion half as read.
struct Page {
  std::string id;  // canonical
  Millis created_ms = 0;
  Millis edited_ms = 0;  // start of a minute: the edit happened within it
  bool in_trash = false;
  bool is_archived = false;
  std::string parent;                  // data source id; empty when the page left for another kind of parent
  Values values;                       // one per field of the pair
  std::vector<std::size_t> formatted;  // fields whose text carries formatting, links, mentions or equations
  std::vector<Unreadable> unreadable;
  std::string nonce, row_id, checksum;  // bookkeeping as shown; empty when not kept
};

/// The Postgres half as read.
struct Row {
  std::string key;      // the key column as text
  std::string version;  // opaque; what compare-and-set compares (xmin)
  std::optional<Millis> updated_ms;
  bool deleted = false;  // deleted_at is set
  Values values;
  std::vector<Unreadable> unreadable;
  std::string page_id, checksum;  // bookkeeping columns; page_id canonical when it has the form of an id
};

/// When a change was made, as far as known. Per field; nullopt: not known.
using Times = std::vector<std::optional<Millis>>;

/// A captured change: a hint which key to read, never data (R13).
struct Captured {
  std::int64_t id = 0;
  std::string key;
  std::vector<std::size_t> fields;  // changed, as far as the entry names them; empty for inserts and deletes
  Millis at_ms = 0;
  bool own = false;    // written by us
  bool whole = false;  // TRUNCATE or a lost trigger: the table must be scanned
};

/// The stored tie between a page and a row, with the values last agreed, per side.
struct Link {
  std::string key;
  std::string page_id;
  std::string nonce;
  Values page_shadow, row_shadow;
  bool page_live = true, row_live = true;  // existence last agreed, per side
  Millis page_edited_ms = 0;               // page time at the last reading or answer that made the shadow
  bool page_noted = false;    // the page shows this record's bookkeeping (for `bookkeeping.write: background`)
  Times page_seen, row_seen;  // when an unresolved difference was first seen (empty: none)
  std::vector<std::pair<std::size_t, Side>> choices;  // a person's decision on open conflicts, per field
  std::vector<std::size_t> unsettled;  // fields in which the halves never agreed yet (met differing, a person must say)

  /// Whether the field's conflict is open, or decided and not carried out yet.
  bool in_dispute(std::size_t field) const {
    const auto seen = [field](const Times& times) { return field < times.size() && times[field].has_value(); };
    return seen(page_seen) || seen(row_seen) ||
           std::ranges::find(choices, field, &std::pair<std::size_t, Side>::first) != choices.end();
  }
  /// The field's conflict is over, whoever won.
  void end_dispute(std::size_t field) {
    std::erase_if(choices, [field](const auto& choice) { return choice.first == field; });
    if (field < page_seen.size()) page_seen[field].reset();
    if (field < row_seen.size()) row_seen[field].reset();
  }
};

/// A related record, as far as a link needs it.
struct Target {
  std::size_t field = 0;  // of the record that links to it
  std::string page_id;    // empty: it has no page yet
  std::string ref;        // what the links in PostgreSQL are named by; empty: it has no row yet
  std::string key;        // of its row in its own pair
  bool live = false;      // both its halves lived when last seen
  bool seen = false;      // its page was read in this run, and lives where it should
  bool unread = false;    // its page was to be read in this run, and could not be: nothing is known of it
  bool deleted = false;   // its row is marked as deleted, or the two were deleted together
  bool operator==(const Target&) const = default;
};

/// What a link leaves to do: kept in the state, so that no link is forgotten. Names a record of a pair and, where a
/// property is meant, the field by its stored name.
struct Errand {
  enum class Kind {
    await_page,  // the row links to a record that has no page yet: `other` is its row key in the target's pair
    await_row,   // the page links to a page that has no row yet: `other`
    look,        // another page shows or lost a link with this page: `other`. This page is to be read
    add,         // the link to the page `other` is to be written from this end, the back end
    drop,        // or to be removed
  } kind = Kind::look;
  std::string schema, table;  // of the pair the record belongs to; empty: the pair at hand
  std::string key, page_id;   // the record; one may be empty
  std::string field;          // stored name
  std::string other;
  std::string to_schema, to_table;  // await_*: the table of the pair that `other` belongs to
  bool operator==(const Errand&) const = default;
};

enum class RequestKind { create, update, trash, restore };

/// A Notion request written down before it is sent (R1).
struct Pending {
  std::string nonce;  // of the attempt; for create it travels in the page
  RequestKind kind = RequestKind::create;
  std::string key;
  std::string page_id;  // empty for create
  std::vector<Change> intended;
  std::vector<Change> found;  // of an update: what the page showed in those fields just before
  Millis noted_ms = 0;        // database clock
  Millis send_by_ms = 0;      // database clock: never sent after this
  int attempt = 1;
};

/// A create given up: its nonce is remembered, for it may still land (R5).
struct Abandoned {
  std::string nonce;
  std::string key;
  std::vector<Change> intended;
};

/// Both halves changed one field since the shadow. The loser is kept here before it is overwritten (R11).
struct Conflict {
  std::string key, page_id;
  std::size_t field = 0;
  Value base_page, base_row;
  Value page, row;
  std::optional<Millis> page_ms, row_ms;
  std::optional<Side> winner;  // nullopt: open, waits for a person
  std::string reason;
};

/// A record that waits. `parked`: it failed alone, with its error. `waiting`: for a bound or another record.
/// `held`: its page left without being trashed. `undecided`: a conflict waits for a person.
struct Parked {
  enum class Kind { parked, waiting, held, undecided } kind = Kind::parked;
  std::int64_t id = 0;
  std::string key, page_id;  // either may be empty
  std::string reason, hint;
  int attempts = 0;
  Millis next_try_ms = 0;  // database clock
};

std::string_view name_of(Errand::Kind kind);
std::optional<Errand::Kind> errand_kind(std::string_view name);
std::string_view name_of(RequestKind kind);
std::string_view name_of(Parked::Kind kind);
std::optional<RequestKind> request_kind(std::string_view name);
std::optional<Parked::Kind> parked_kind(std::string_view name);

}  // namespace rowpage
