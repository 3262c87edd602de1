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

}  // namespace

bool unmoved(const Pending& pending, const Link& link, const Page& seen, std::size_t field) {
  const auto before = std::ranges::find(pending.found, field, &Change::field);
  return seen.values[field] == (before != pending.found.end() ? before->value : link.page_shadow[field]);
}

Fate judge_write(const Pair& pair, const Pending& pending, const Page& seen, const Link& link, Millis now_ms) {
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
  // A field that shows what it showed before proves nothing: only those the request would have moved tell.
  const auto moves = [&](const Change& change) { return shows(change) && !unmoved(pending, link, seen, change.field); };
  const bool all = std::ranges::all_of(pending.intended, shows);
  const bool moved_any = std::ranges::any_of(pending.intended, moves);
  if (all && moved_any) return Fate::landed;
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

void overlay(const Pair& pair, const Pending& pending, const Page& seen, const Row* row, Link& link,
             const std::vector<Target>& targets) {
  for (const auto& [i, sent] : pending.intended) {
    const Relation::Kind kind = pair.fields[i].relation.kind;
    if (kind == Relation::Kind::join || kind == Relation::Kind::back) {
      const auto found = std::ranges::find(pending.found, i, &Change::field);
      const Value before = found != pending.found.end() ? found->value : link.page_shadow[i];
      settle_doubtful(i, before, sent, seen.values[i], targets, link.page_shadow[i], link.row_shadow[i]);
      continue;
    }
    if (seen.values[i] != sent && unmoved(pending, link, seen, i))
      continue;  // (or put back by a person: the ABA limit)
    link.page_shadow[i] = sent;
    link.row_shadow[i] =
        kind == Relation::Kind::column ? refs_of(i, sent, targets) : row_value_behind(pair.fields[i], sent, row, i);
  }
}

}  // namespace rowpage
