#include "core/recover.h"

#include <algorithm>

#include "core/edges.h"
#include "core/fit.h"

namespace rowpage {
namespace {

// The row's value behind what we sent: the present one while it still says the same, otherwise what we sent as the
// column would hold it, so that the present one counts as changed.
Value row_value_behind(const Field& field, const Value& sent, const Row* row, std::size_t index) {
  if (row) {
    const auto shown = fit_page(field, row->values[index]);
    if (shown && *shown == sent) return row->values[index];
  }
  const auto fitted = fit_row(field, sent);
  return fitted ? *fitted : sent;
}

bool owns_links(const Field& field) {
  return field.relation.kind == Relation::Kind::column || field.relation.kind == Relation::Kind::join;
}

const Value& shown_before(const Pending& pending, const Link& link, std::size_t field) {
  const auto found = std::ranges::find(pending.found, field, &Change::field);
  return found != pending.found.end() ? found->value : link.page_shadow[field];
}

// What a field held before an update: what it showed just before, and of links what it may have hidden.
Value held_before(const Pair& pair, const Pending& pending, const Link& link, std::size_t field,
                  const std::vector<Target>& targets) {
  const Value& shown = shown_before(pending, link, field);
  if (!owns_links(pair.fields[field])) return shown;
  return without_vanished(field, shown, link.page_shadow[field], targets);
}

// Whether some field proves that an update was carried out, and with it all of it. One that shows what it showed before
// proves nothing: only those the request would have moved tell. Of a list, one link of ours is proof enough.
bool has_landed(const Pair& pair, const Pending& pending, const Link& link, const Page& seen,
                const std::vector<Target>& targets) {
  return std::ranges::any_of(pending.intended, [&](const Change& change) {
    const auto& [i, sent] = change;
    if (seen.values[i] == sent && !unmoved(pair, pending, link, seen, i, targets)) return true;
    if (!pair.fields[i].is_relation()) return false;
    const Value before = held_before(pair, pending, link, i, targets);
    return std::ranges::any_of(links_of(sent), [&](const std::string& id) {
      return !std::ranges::binary_search(links_of(before), id) &&
             std::ranges::binary_search(links_of(seen.values[i]), id);
    });
  });
}

Errand to_drop(const Field& field, const Pending& pending, std::string page_id) {
  Errand errand;
  errand.kind = Errand::Kind::drop;
  errand.key = pending.key;
  errand.page_id = pending.page_id;
  errand.field = field.column;
  errand.other = std::move(page_id);
  return errand;
}

}  // namespace

bool unmoved(const Pair& pair, const Pending& pending, const Link& link, const Page& seen, std::size_t field,
             const std::vector<Target>& targets) {
  const Value before = held_before(pair, pending, link, field, targets);
  if (seen.values[field] == before) return true;
  // What it hid when we looked before sending may have come back to light.
  if (owns_links(pair.fields[field]) && seen.values[field] == link.page_shadow[field]) return true;
  return owns_links(pair.fields[field]) && same_but_hidden(field, before, seen.values[field], targets);
}

Fate judge_write(const Pair& pair, const Pending& pending, const Page& seen, const Link& link, Millis now_ms,
                 const std::vector<Target>& targets) {
  const bool over = now_ms > pending.send_by_ms + pair.bounds.landing_ms;
  switch (pending.kind) {
    case RequestKind::trash:
      return seen.in_trash ? Fate::landed : over ? Fate::not_landed : Fate::wait;
    case RequestKind::restore:
      return !seen.in_trash ? Fate::landed : over ? Fate::not_landed : Fate::wait;
    case RequestKind::create:
      return Fate::landed;  // found by its nonce
    case RequestKind::update:
      break;
  }
  const auto shows = [&](const Change& change) { return seen.values[change.field] == change.value; };
  const bool all = std::ranges::all_of(pending.intended, shows);
  if (all && has_landed(pair, pending, link, seen, targets)) return Fate::landed;
  if (!over) return Fate::wait;
  return all ? Fate::landed : Fate::not_landed;
}

Fate judge_absence(const Pair& pair, const Pending& pending, bool complete, Millis began_ms) {
  const bool late_enough = began_ms > pending.send_by_ms + pair.bounds.landing_ms + pair.bounds.index_ms;
  return complete && late_enough ? Fate::not_landed : Fate::wait;
}

Millis next_look(const Pair& pair, const Pending& pending) {
  const Millis index = pending.kind == RequestKind::create ? pair.bounds.index_ms : 0;
  return pending.send_by_ms + pair.bounds.landing_ms + index + 1;
}

const Page& original_of(const std::vector<Page>& pages, const std::vector<Change>& intended) {
  const auto rank = [&](const Page& page) {
    const auto shown =
        std::ranges::count_if(intended, [&](const Change& sent) { return page.values[sent.field] == sent.value; });
    return std::pair(page.created_ms, -shown);
  };
  return *std::ranges::min_element(pages, {}, rank);
}

Link adopt(const Pair& pair, const std::vector<Change>& intended, const std::string& nonce, const Page& found,
           const Row* row, const std::string& key, const std::vector<Target>& targets) {
  Link link;
  link.key = key;
  link.page_id = found.id;
  link.nonce = nonce;
  link.page_edited_ms = found.created_ms;
  link.page_shadow.resize(pair.fields.size());
  link.row_shadow.resize(pair.fields.size());
  for (std::size_t i = 0; i < pair.fields.size(); ++i) {
    // What we did not send was empty when the page was made (a status shows its default, a read-only property its own
    // value).
    const auto sent = std::ranges::find(intended, i, &Change::field);
    const Field& field = pair.fields[i];
    const bool own_value =
        read_only(field.type) || field.type == FieldType::status || field.type == FieldType::checkbox;
    link.page_shadow[i] = sent != intended.end() ? sent->value : own_value ? found.values[i] : Value{};
    if (field.is_relation()) {
      // What the other end of a two-way relation shows by now is looked at like any change there.
      if (field.relation.kind == Relation::Kind::back) link.page_shadow[i] = Null{};
      link.row_shadow[i] = refs_of(i, link.page_shadow[i], targets);
    } else if (read_only(field.type)) {
      link.page_shadow[i] = Null{};  // it still has to travel to the row
      link.row_shadow[i] = row ? row->values[i] : Value{};
    } else {
      link.row_shadow[i] = row_value_behind(field, link.page_shadow[i], row, i);
    }
  }
  return link;
}

std::vector<Errand> overlay(const Pair& pair, const Pending& pending, const Page& seen, const Row* row, Link& link,
                            const std::vector<Target>& targets) {
  std::vector<Errand> errands;
  const bool proven = has_landed(pair, pending, link, seen, targets);
  for (const auto& [i, sent] : pending.intended) {
    const Field& field = pair.fields[i];
    const Value before = held_before(pair, pending, link, i, targets), &shown = seen.values[i];
    const bool links = owns_links(field);
    const auto doubt_unseen = [&] {
      if (!links || proven) return;
      for (auto& id : unseen_additions(i, before, sent, shown, targets))
        errands.push_back(to_drop(field, pending, std::move(id)));
    };
    if (field.is_relation() && field.relation.kind != Relation::Kind::column) {
      doubt_unseen();
      settle_doubtful(i, shown_before(pending, link, i), sent, shown, proven, targets, link.page_shadow[i],
                      link.row_shadow[i]);
      continue;
    }
    // Where the page may hide what would tell, the rest of the write does. (And a person may have put back what it
    // showed before: the ABA limit.)
    const bool still = unmoved(pair, pending, link, seen, i, targets);
    const bool hides = links && (shown == sent ? still && shown != before : same_but_hidden(i, sent, shown, targets));
    const bool carried = !still || (hides ? proven : shown == sent);
    if (!carried) {
      doubt_unseen();
      continue;
    }
    link.page_shadow[i] = sent;
    link.row_shadow[i] = links ? refs_of(i, sent, targets) : row_value_behind(field, sent, row, i);
  }
  return errands;
}

}  // namespace rowpage
