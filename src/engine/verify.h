// Comparing both sides of a pair, whole, and saying what differs and why it may.
//
// Problem: a sync that believes it is done looks only at what changed, and judges with the very shadows that could be
// wrong. So this reads everything on both sides and compares values alone: no planner, no merge, no watermark. The
// stored links tell which page belongs to which row; shadows, parked records and open requests serve only to name the
// likely reason of a difference that was found without them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/cycle.h"

namespace rowpage {

struct Difference {
  enum class Kind {
    field,          // both halves live, and this field differs
    only_notion,    // a live page without a live row
    only_supabase,  // a live row without a live page
    unreadable,     // a half shows something that cannot be read whole: it could not be compared
  } kind = Kind::field;
  std::string key, page_id;  // as far as known
  std::string title;         // what a person calls the record
  std::string field;         // property, where one field is meant
  Value page, row;           // of a relation: names of rows on both sides
  std::string reason;        // the likely one, in words
  enum class Waits { nobody, sync, person, mending } waits = Waits::nobody;  // for what, if the reason says so
};

struct VerifyReport {
  std::string model;
  std::uint64_t pages = 0, rows = 0;  // live ones
  std::uint64_t equal = 0;            // records that agree in every field
  std::uint64_t different = 0;        // records of two live halves that do not
  std::uint64_t only_notion = 0, only_supabase = 0, unreadable = 0;
  std::uint64_t for_people = 0, for_mending = 0;  // differences that wait for a decision, or for a value to be mended
  std::map<std::string, std::uint64_t> fields;    // property → records in which it differs
  std::vector<Difference> differences;            // at most VerifyOptions::listed of them
  std::uint64_t requests = 0;
  bool complete = true;  // false: Notion did not show the whole listing, so nothing is said of what did not show
  std::optional<Error> error;

  std::uint64_t unequal() const { return different + only_notion + only_supabase + unreadable; }
  bool same() const { return !error && complete && unequal() == 0; }
};

struct VerifyOptions {
  std::size_t listed = 100;     // differences told one by one; all are counted
  std::size_t read_by_id = 50;  // missing pages that are asked for by id, a request each, to learn why
};

/// Requests that verify_pair() needs at least: one for each 100 pages, more for pages that show more than 25 links.
/// Errors: those of Table::count and Store::load.
Result<std::uint64_t> verify_cost(const Ports& ports, const Pair& pair);

/// Reads both sides of the pair whole and compares them. Writes nothing, needs no lease and no setup.
VerifyReport verify_pair(const Ports& ports, const Pair& pair, const VerifyOptions& options);

}  // namespace rowpage
