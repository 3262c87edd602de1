#include "engine/compose.h"

#include <algorithm>

#include "base/digest.h"
#include "core/edges.h"
#include "core/fit.h"
#include "core/mutant.h"
#include "core/recover.h"

namespace rowpage {
namespace {

RowWrite::Kind write_kind(RowOp op) {
  switch (op) {
    case RowOp::insert:
      return RowWrite::Kind::insert;
    case RowOp::soft_delete:
      return RowWrite::Kind::soft_delete;
    case RowOp::hard_delete:
      return RowWrite::Kind::hard_delete;
    case RowOp::restore:
      return RowWrite::Kind::restore;
    default:
      return RowWrite::Kind::update;
  }
}

RequestKind request_kind_of(PageOp op) {
  switch (op) {
    case PageOp::create:
      return RequestKind::create;
    case PageOp::trash:
      return RequestKind::trash;
    case PageOp::restore:
      return RequestKind::restore;
    default:
      return RequestKind::update;
  }
}

// An open conflict keeps the time at which each side's change was first seen.
void remember_seen(const Work& work, Link& link) {
  for (const auto& conflict : work.action.conflicts) {
    if (conflict.winner) continue;
    link.page_seen.resize(link.page_shadow.size());
    link.row_seen.resize(link.page_shadow.size());
    if (!link.page_seen[conflict.field]) link.page_seen[conflict.field] = conflict.page_ms;
    if (!link.row_seen[conflict.field]) link.row_seen[conflict.field] = conflict.row_ms;
  }
}

}  // namespace

bool has_field(const std::vector<Change>& changes, std::size_t field) {
  return std::ranges::find(changes, field, &Change::field) != changes.end();
}

bool deletes(const Action& action) {
  return action.row_op == RowOp::soft_delete || action.row_op == RowOp::hard_delete || action.page_op == PageOp::trash;
}

bool has_undecided(const Action& action) {
  return std::ranges::any_of(action.conflicts, [](const Conflict& c) { return !c.winner; });
}

std::string request_page(const Work& work) {
  return work.state.orphan_of.empty() ? work.action.page_id : work.state.page->id;
}

Link keep_verdict(const Pair& pair, Work& work) {
  Link& link = *work.state.link;
  for (const auto& conflict : work.action.conflicts) {
    if (conflict.winner != Side::supabase) continue;
    const std::size_t i = conflict.field;
    link.page_shadow[i] = conflict.page;
    // The row's shadow follows, or a row that is set back to it meanwhile would look as if nothing had to travel.
    if (pair.fields[i].is_relation()) {
      const Value refs = refs_of(i, conflict.page, work.state.targets);
      if (links_of(refs).size() == links_of(conflict.page).size()) link.row_shadow[i] = refs;
    } else if (const auto fitted = fit_row(pair.fields[i], conflict.page)) {
      link.row_shadow[i] = *fitted;
    }
  }
  return link;
}

std::string joined(const std::vector<std::string>& reasons) {
  std::string text;
  for (const auto& reason : reasons) text += (text.empty() ? "" : "; ") + reason;
  return text;
}

Composer::Composer(Run& run)
    : run_(run), pair_(run.pair), has_links_(std::ranges::any_of(run.pair.fields, &Field::is_relation)) {}

Link Composer::link_after_row(const Work& work) const {
  const Action& action = work.action;
  Link link;
  const bool fresh = !work.state.link;
  if (fresh) {
    link.key = action.key;
    link.page_id = action.page_id;
    link.page_shadow.resize(pair_.fields.size());
    link.row_shadow.resize(pair_.fields.size());
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) link.unsettled.push_back(i);
    if (work.state.copied_page) link.nonce.clear();
  } else {
    link = *work.state.link;
  }
  const auto settle = [&](std::size_t i) {
    std::erase(link.unsettled, i);
    link.end_dispute(i);
  };
  const auto take_both = [&](std::size_t i) {
    link.page_shadow[i] = action.page_now[i];
    link.row_shadow[i] = action.row_now.empty() ? Value{} : action.row_now[i];
    settle(i);
  };
  for (const std::size_t i : action.agreed) take_both(i);
  for (const std::size_t i : action.settled) {
    if (!has_field(action.page_set, i)) link.end_dispute(i);  // or else when the page is written
  }
  for (const std::size_t i : action.noticed) link.page_shadow[i] = action.page_now[i];
  if (action.row_op == RowOp::insert) {
    // A whole row made from a page: both halves agree in everything that travels to the row.
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
      link.page_shadow[i] = action.page_now[i];
      link.row_shadow[i] = Null{};
      settle(i);
    }
  }
  for (const auto& change : action.row_op == RowOp::none ? std::vector<Change>() : action.row_set) {
    link.page_shadow[change.field] = action.page_now[change.field];
    link.row_shadow[change.field] = change.value;
    settle(change.field);
  }
  settle_links(work, link);
  if (action.close || action.row_op == RowOp::soft_delete || action.row_op == RowOp::hard_delete) {
    link.page_live = link.row_live = false;
  } else if (action.row_op == RowOp::insert || action.row_op == RowOp::restore || action.link_new) {
    link.row_live = true;
    // A page about to be restored is still in the trash.
    link.page_live = action.page_op != PageOp::restore;
  }
  if (work.state.page) link.page_edited_ms = std::max(link.page_edited_ms, work.state.page->edited_ms);
  if (action.row_op != RowOp::none) link.page_noted = false;
  remember_seen(work, link);
  return link;
}

// Links are agreed one by one, and only those that this part carried.
void Composer::settle_links(const Work& work, Link& link) const {
  const Action& action = work.action;
  const bool made_anew = action.row_op == RowOp::insert;
  const auto before = [&](std::size_t i, Values Link::*shadow) {
    return work.state.link && !made_anew ? ((*work.state.link).*shadow)[i] : Value{};
  };
  for (const std::size_t i : action.late) {
    link.page_shadow[i] = before(i, &Link::page_shadow);
    link.row_shadow[i] = before(i, &Link::row_shadow);
  }
  const bool row_part = made_anew || action.row_op == RowOp::update || action.row_op == RowOp::restore;
  for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
    const auto kind = pair_.fields[i].relation.kind;
    if (kind == Relation::Kind::join || kind == Relation::Kind::back) std::erase(link.unsettled, i);
    if (kind != Relation::Kind::join) continue;
    link.page_shadow[i] = before(i, &Link::page_shadow);
    link.row_shadow[i] = before(i, &Link::row_shadow);
    const auto merge = std::ranges::find(action.edges, i, &EdgeMerge::field);
    if (merge != action.edges.end())
      settle_edges(*merge, {.row = row_part, .page = false}, link.page_shadow[i], link.row_shadow[i]);
  }
}

std::vector<Errand> Composer::errands_done(const Work& work) const {
  std::vector<Errand> done = work.action.errands_done;
  if (!work.state.page) return done;
  for (const auto& errand : work.state.errands) {
    if (errand.kind == Errand::Kind::look) done.push_back(errand);
  }
  return done;
}

void Composer::add_errands(Item& item, const Work& work, bool page_part) const {
  const Action& action = work.action;
  if (!has_links_) return;
  item.errands = action.errands;
  item.errands_done = errands_done(work);
  const bool page_to_come = action.page_op != PageOp::none && !page_part;
  if (page_to_come) {  // what is done, or asked of others, with a write is so once that has been answered
    std::erase_if(item.errands_done, [](const Errand& errand) { return errand.kind != Errand::Kind::look; });
    return;
  }
  item.other_errands = action.other_errands;
  for (auto& errand : item.other_errands) {
    if (errand.other.empty()) errand.other = item.page_id;
  }
}

// Fields of the stored row that are not agreed by this write: their shadow must not move.
std::vector<std::size_t> Composer::kept_shadows(const Action& action) const {
  std::vector<std::size_t> keep;
  for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
    const bool covered = has_field(action.row_set, i) || std::ranges::find(action.agreed, i) != action.agreed.end();
    if (!covered) keep.push_back(i);
  }
  return keep;
}

Item Composer::row_item(const Work& work) const {
  const Action& action = work.action;
  Item item;
  item.key = action.key;
  item.page_id = action.page_id;
  item.ack = work.state.captured;
  add_errands(item, work, false);
  if (action.park) {
    item.park = with_backoff(*action.park);
    return item;
  }
  for (const auto& conflict : action.conflicts) {
    const bool before_page = conflict.winner == Side::supabase && action.page_op != PageOp::none;
    if (before_page || (mutated(Mutant::loser_logged_late) && conflict.winner))
      continue;  // logged with the note, step 4
    item.conflicts.push_back(conflict);
  }
  item.close_conflicts = action.settled;
  item.link = link_after_row(work);
  if (has_undecided(action)) {
    Parked undecided;
    undecided.kind = Parked::Kind::undecided;
    undecided.key = action.key;
    undecided.page_id = action.page_id;
    undecided.reason = "a person must decide: " + joined(action.reasons);
    undecided.hint = "`rowpage conflicts list`, then `rowpage conflicts resolve`.";
    undecided.next_try_ms = run_.db_now() + 3650 * day_ms;  // nothing to try until somebody decides or edits
    item.park = std::move(undecided);
  } else {
    item.unpark = true;
  }
  // The page part has still to succeed, or was left for a later run: the hint stays until then.
  if (action.page_op != PageOp::none || action.later) item.ack.clear();
  if (action.row_op == RowOp::none) {
    if (action.link_new) item.history.push_back({Side::supabase, "link", {}, {}, joined(action.reasons)});
    if (action.close) item.history.push_back({Side::supabase, "close", {}, {}, joined(action.reasons)});
    return item;
  }
  RowWrite write;
  write.kind = write_kind(action.row_op);
  write.key = action.key;
  if (work.state.row && write.kind != RowWrite::Kind::insert) write.version = work.state.row->version;
  if (mutated(Mutant::no_compare_and_set)) write.version.clear();
  write.set = action.row_set;
  for (const auto& merge : action.edges) {
    if (!merge.to_row()) continue;
    EdgeWrite edges;
    edges.field = merge.field;
    for (const auto& edge : merge.row_add) edges.add.push_back(edge.ref);
    for (const auto& edge : merge.row_drop) edges.drop.push_back(edge.ref);
    write.edges.push_back(std::move(edges));
  }
  const bool deleting = write.kind == RowWrite::Kind::soft_delete || write.kind == RowWrite::Kind::hard_delete;
  if (!deleting) add_row_bookkeeping(write, action);
  if (write.kind == RowWrite::Kind::insert && work.state.page) write.created_ms = work.state.page->created_ms;
  HistoryEntry entry;
  entry.side = Side::supabase;
  entry.action = name_of(action.row_op);
  if (deleting) {
    for (std::size_t i = 0; i < action.row_now.size(); ++i) entry.before.push_back({i, action.row_now[i]});
  } else {
    for (const auto& change : action.row_set)
      entry.before.push_back({change.field, action.row_now.empty() ? Value{} : action.row_now[change.field]});
    for (const auto& edges : write.edges)
      entry.before.push_back({edges.field, action.row_now.empty() ? Value{} : action.row_now[edges.field]});
  }
  entry.reason = joined(action.why(Side::supabase));
  item.history.push_back(std::move(entry));
  item.row = std::move(write);
  item.keep_shadow = kept_shadows(action);
  if (deleting) {
    // A link that went in the row, and what the database filled in, do not keep a record from being deleted, so they
    // may not have travelled yet; when it comes back, they do. Where the row itself does not show that it is deleted,
    // its values as they are tell a later edit.
    item.keep_shadow.clear();
    const bool shows = !pair_.book.deleted_at_column.empty();
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
      if (shows || pair_.fields[i].is_relation()) item.keep_shadow.push_back(i);
    }
  }
  return item;
}

void Composer::add_row_bookkeeping(RowWrite& write, const Action& action) const {
  const auto& book = pair_.book;
  if (!book.page_id_column.empty()) write.page_id = action.page_id;
  if (!book.synced_column.empty() && book.write != BookkeepingWrite::off) write.synced = true;
  if (!book.checksum_column.empty()) {
    Values after = action.row_now.empty() ? Values(pair_.fields.size()) : action.row_now;
    for (const auto& change : write.set) after[change.field] = change.value;
    write.checksum = checksum_of(after);
  }
}

std::string Composer::checksum_of(const Values& values) const {
  const std::string text = checksum_text(pair_, values);
  return text.empty() ? std::string() : sha256_hex(text);
}

Parked Composer::with_backoff(Parked parked) const {
  if (parked.next_try_ms != 0) return parked;
  const Millis now = run_.db_now();
  switch (parked.kind) {
    case Parked::Kind::waiting: {
      Millis look = now;
      for (const auto& request : run_.open_for(parked.key, parked.page_id))
        look = std::max(look, next_look(pair_, request));
      parked.next_try_ms = look;
      break;
    }
    case Parked::Kind::parked:
      parked.next_try_ms = now + hour_ms;
      break;
    case Parked::Kind::held:
      parked.next_try_ms = now + day_ms;
      break;
    case Parked::Kind::undecided:
      parked.next_try_ms = now + 3650 * day_ms;
      break;
  }
  return parked;
}

Pending Composer::note_for(const Work& work, Millis send_by) const {
  Pending note;
  note.kind = request_kind_of(work.action.page_op);
  note.key = work.action.key;
  const bool reused = mutated(Mutant::same_nonce_again) && note.kind == RequestKind::create;
  note.nonce = reused ? note.key : run_.ports.new_nonce();
  note.page_id = work.action.page_op == PageOp::create ? std::string() : request_page(work);
  const bool carries = note.kind == RequestKind::create || note.kind == RequestKind::update;
  if (carries) note.intended = work.action.page_set;
  if (note.kind == RequestKind::update) {
    for (const auto& change : note.intended) note.found.push_back({change.field, work.action.page_now[change.field]});
  }
  if (mutated(Mutant::note_without_values)) note.intended.clear();
  note.noted_ms = run_.db_now();
  note.send_by_ms = send_by;
  return note;
}

PageRequest Composer::request_for(const Work& work, const Pending& note, Millis send_by) const {
  PageRequest request;
  request.send_by = mutated(Mutant::ignore_send_by) ? 0 : send_by;
  request.page_id = note.page_id;
  switch (note.kind) {
    case RequestKind::create:
      request.kind = PageRequest::Kind::create;
      break;
    case RequestKind::update:
      request.kind = PageRequest::Kind::update;
      break;
    case RequestKind::trash:
      request.kind = PageRequest::Kind::trash;
      return request;
    case RequestKind::restore:
      request.kind = PageRequest::Kind::restore;
      return request;
  }
  request.set = work.action.page_set;
  const auto& book = pair_.book;
  const bool creating = note.kind == RequestKind::create;
  if ((creating || work.state.copied_page) && !pair_.nonce_id.empty()) request.nonce = note.nonce;
  if (!pair_.row_id_id.empty()) request.row_id = work.action.key;
  if (book.write != BookkeepingWrite::off) {
    if (!pair_.synced_id.empty()) request.synced = true;
    if (!pair_.last_synced_id.empty()) request.last_synced_ms = floor_minute(run_.db_now() + minute_ms - 1);
  }
  if (!pair_.checksum_id.empty()) request.checksum = checksum_of(work.action.row_now);
  return request;
}

Link Composer::link_after_page(const Work& work, const Page* page) const {
  const Action& action = work.action;
  Link link;
  if (work.state.link) {
    link = *work.state.link;
  } else if (page) {
    link = adopt(pair_, action.page_set, {}, *page, work.state.row ? &*work.state.row : nullptr, action.key,
                 work.state.targets);
  }
  if (page) {
    link.page_id = page->id;
    link.page_edited_ms = std::max(link.page_edited_ms, page->edited_ms);
  }
  const auto settle = [&](std::size_t i) {
    std::erase(link.unsettled, i);
    link.end_dispute(i);
  };
  const bool carried = action.page_op == PageOp::update;
  for (const auto& change : carried ? action.page_set : std::vector<Change>()) {
    // What we sent, not what came back: the answer may be a page read back after a lost one, with a person's edit on
    // it already. Where Notion spells a value its own way, that spelling travels to the row once.
    const auto merge = std::ranges::find(action.edges, change.field, &EdgeMerge::field);
    if (merge != action.edges.end()) {
      // What was sent without being agreed (it waits for its row) is no shadow; and a link the page hides, for its
      // target is in the trash, was not sent and has gone from it.
      Value& shadow = link.page_shadow[change.field];
      settle_edges(*merge, {.row = false, .page = true}, shadow, link.row_shadow[change.field]);
      shadow = common(shadow, change.value);
    } else {
      // The page lost its former link, and the row's has still to travel once its target is there again.
      const bool waits = std::ranges::find(action.late, change.field) != action.late.end();
      link.page_shadow[change.field] = change.value;
      link.row_shadow[change.field] = waits ? Value{} : action.row_now[change.field];
    }
    settle(change.field);
  }
  if (action.page_op == PageOp::trash) link.page_live = link.row_live = false;
  if (action.page_op == PageOp::restore) link.page_live = link.row_live = true;
  if (action.page_op == PageOp::create || action.page_op == PageOp::update)
    link.page_noted = !mutated(Mutant::always_noting);
  return link;
}

}  // namespace rowpage
