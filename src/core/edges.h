// Merging the links of a relation, link by link.
//
// Problem: Notion and PostgreSQL both hold lists of links, each in its own names (page ids; keys), and people add and
// remove links on both sides. Merged as whole values, two additions of different links would be a conflict, and a list
// that Notion shows shortened would remove links. Rule: every link is a fact of its own, present or not on each side
// now and in each side's shadow. One that is new on one side is added to the other, one that went is removed there;
// two people cannot disagree about it, so there are no conflicts.
//
// Example: page [a, b], its shadow [a]; row [1, 3], its shadow [1] with a ↔ 1, b ↔ 2, c ↔ 3: link b goes to the row as
// 2, link 3 goes to the page as c.
//
// Two things are not what they seem. A link missing from a page is removed only where its target was read just now and
// lives: Notion hides links to pages in the trash, and shows nothing of a database it may not show. And a link whose
// target has no counterpart yet cannot travel: it waits (an Errand), and neither shadow says that it was agreed.
#pragma once

#include <string>
#include <vector>

#include "core/record.h"
#include "core/schema.h"
#include "core/value.h"

namespace rowpage {

/// One link in the names of both sides; a name that is not known is empty.
struct Edge {
  std::string page_id, ref;
  bool operator==(const Edge&) const = default;
};

/// What one relation kept in a join table needs.
struct EdgeMerge {
  std::size_t field = 0;
  std::vector<Edge> agreed_in, agreed_out;  // both sides came to the same: only the shadows move
  std::vector<Edge> row_add, row_drop;      // go to the join table
  std::vector<Edge> page_add, page_drop;    // go to the property
  std::vector<Errand> waiting;              // await_page, await_row
  bool drift = false;                       // a change on a side that is read only for this field was left alone
  TextList page_after;  // what the property is to show, whole; used when page_add or page_drop is not empty

  bool to_row() const { return !row_add.empty() || !row_drop.empty(); }
  bool to_page() const { return !page_add.empty() || !page_drop.empty(); }
  bool learns() const { return !agreed_in.empty() || !agreed_out.empty(); }
  bool nothing() const { return !to_row() && !to_page() && !learns() && waiting.empty() && !drift; }
};

/// Values of the field now and in the shadows (lists or Null). `page` is what the page literally shows.
struct EdgeState {
  Value page, row, page_shadow, row_shadow;
};

/// `may_page`, `may_row`: whether the field may be written there at all.
EdgeMerge merge_edges(const Field& field, std::size_t index, const EdgeState& state, const std::vector<Target>& targets,
                      bool may_page, bool may_row);

/// What the shadows become when the parts named have been carried out. `sent`: the list the page was given, when the
/// page part was one of them.
struct EdgeParts {
  bool row = false, page = false;
};
void settle_edges(const EdgeMerge& merge, EdgeParts parts, Value& page_shadow, Value& row_shadow);

/// The links of a list, in the other side's names; those without one are left out.
Value refs_of(std::size_t field, const Value& page_ids, const std::vector<Target>& targets);

/// What remembers that a link of this field waits: `other` is the row key (await_page) or the page (await_row) that is
/// to get a counterpart.
Errand waiting_for(const Field& field, Errand::Kind kind, std::string other);

/// The target a page id or a name in PostgreSQL stands for; nullptr: not known.
const Target* target_of_page(std::size_t field, std::string_view page_id, const std::vector<Target>& targets);
const Target* target_of_ref(std::size_t field, std::string_view ref, const std::vector<Target>& targets);

/// The list of a value; empty for Null.
const TextList& links_of(const Value& value);

/// What a page is taken to show: links it lost are still there unless their targets were seen alive.
Value without_vanished(std::size_t field, const Value& page, const Value& page_shadow,
                       const std::vector<Target>& targets);

/// Whether the page may hold this link although it does not show it: its target was not seen alive just now.
bool may_hide(std::size_t field, std::string_view page_id, const std::vector<Target>& targets);

/// Whether a page that showed `before` shows the same now, but for what it may hide.
bool same_but_hidden(std::size_t field, const Value& before, const Value& seen, const std::vector<Target>& targets);

/// Links of `sent` that neither `found` nor `seen` shows and the page may hide: whether they came with the write cannot
/// be seen.
TextList unseen_additions(std::size_t field, const Value& found, const Value& sent, const Value& seen,
                          const std::vector<Target>& targets);

/// The shadows after a write of `sent` over `found` whose outcome was unknown, where the page shows `seen` now: a link
/// we meant to add is agreed if it shows, one we meant to remove if it does not. What the write left alone stays as it
/// was, so nobody's link is lost and none of ours is taken for a person's. `landed`: something else shows that the
/// write was carried out, so what the page hides came or went with it, too; links of the shadow that the page hid
/// before have gone from the page, and from its shadow alone: the row's bring them back with their targets.
void settle_doubtful(std::size_t field, const Value& found, const Value& sent, const Value& seen, bool landed,
                     const std::vector<Target>& targets, Value& page_shadow, Value& row_shadow);

/// The links that both lists hold.
Value common(const Value& one, const Value& other);

/// Links that Notion takes in one write (developers.notion.com, request limits).
inline constexpr std::size_t links_per_write = 100;

}  // namespace rowpage
