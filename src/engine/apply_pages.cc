// What goes to pages, up to the moment it is sent: read anew, decided anew (see applier.h).
#include <algorithm>
#include <utility>

#include "core/mutant.h"
#include "engine/applier.h"
#include "engine/own_pages.h"
#include "engine/reading.h"
#include "engine/targets.h"

namespace rowpage {

Status Applier::flush_pages() {
  auto group = std::exchange(pages_, {});
  if (group.empty()) return {};
  std::size_t requests = 0;
  for (const auto& work : group) requests += work.action.page_op == PageOp::create ? 1 : 2;
  if (!run_.ports.notion.ready(requests)) {
    if (run_.ports.clock.interrupted()) {
      run_.report.interrupted = true;
      return {};
    }
    return fail({Effect::none, Scope::workspace, Cause::rate_limited,
                 "Notion takes no more requests of this integration",
                 "See the log for its reason; what is left travels in a later run."});
  }
  if (auto kept = run_.keep_lease(); !kept) return kept;
  if (auto fresh = read_fresh(group); !fresh) return fresh;
  if (auto stored = store_rows(group); !stored) return stored;
  const bool cut_short = run_.listing_cut_short && !mutated(Mutant::no_look_when_cut_short);
  if (pair_.nonce_id.empty() || cut_short) {
    if (auto looked = look_before_creating(group); !looked) return looked;
  }
  std::erase_if(group, [](const Work& work) { return work.settled || work.action.page_op == PageOp::none; });
  if (group.empty()) return {};
  return send(group);
}

// A page is created only when none carries a key it could be matched by (R2: look-up-or-create): where the pair keeps
// no nonce, and where Notion cut the listing short, so that the row's counterpart may just not have shown.
Status Applier::look_before_creating(std::vector<Work>& group) {
  auto fields = key_fields(pair_);
  if (pair_.nonce_id.empty() && fields.size() > 1) fields.resize(1);  // a lost create is found by the first alone
  for (auto& work : group) {
    if (work.settled || work.action.page_op != PageOp::create) continue;
    std::vector<Change> keys;
    for (const std::size_t field : fields) {
      const auto value = std::ranges::find(work.action.page_set, field, &Change::field);
      if (value != work.action.page_set.end()) keys.push_back(*value);
    }
    Parked parked;
    parked.key = work.action.key;
    if (keys.empty() && !pair_.nonce_id.empty()) continue;  // nothing to look for, and the nonce serves
    if (keys.empty()) {
      parked.reason = "the row's natural key is empty, and without a nonce a page is created only under its key";
      parked.hint = "Fill the key, or keep a nonce property (`bookkeeping.nonce`).";
    } else {
      auto taken = key_is_taken(keys);
      if (!taken) return fail(taken.error());
      if (taken->empty()) continue;
      parked.kind = Parked::Kind::waiting;
      parked.reason = *taken;
      run_.next.stranded_pages = true;  // makes the next run look at all pages
    }
    if (auto done = park(work, std::move(parked)); !done) return done;
  }
  return {};
}

// Why a page may be there already; empty: none is.
Result<std::string> Applier::key_is_taken(const std::vector<Change>& keys) {
  for (const auto& key : keys) {
    auto look = pages_with_key(run_, key);
    if (!look) return fail(look.error());
    if (!look->pages.empty())
      return std::string("a page with this key is there already; they are matched in the next run");
    if (!look->complete)
      return std::string(
          "Notion did not show all pages, and one with this key may be among them; looked for again in the next run");
  }
  return std::string();
}

// Step 2: pages by id, rows by key, and each record decided anew.
Status Applier::read_fresh(std::vector<Work>& group) {
  std::vector<PageRequest> reads;
  std::vector<Work*> whose;
  std::vector<std::string> keys;
  for (auto& work : group) {
    if (work.action.page_op != PageOp::create && !mutated(Mutant::no_fresh_read)) {
      PageRequest read;
      read.page_id = work.action.page_id;
      if (!work.state.orphan_of.empty()) read.page_id = work.state.page->id;
      reads.push_back(std::move(read));
      whose.push_back(&work);
    }
    if (!work.action.key.empty() && work.state.orphan_of.empty()) keys.push_back(work.action.key);
  }
  auto answers = run_.ports.notion.perform(pair_, reads);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (auto taken = take_fresh(*whose[i], std::move(answers[i])); !taken) return taken;
  }
  auto rows = run_.ports.table.read(pair_, keys);
  if (!rows) return fail(rows.error());
  std::vector<RecordState*> states;
  for (auto& work : group) {
    if (work.settled) continue;
    if (!work.action.key.empty() && work.state.orphan_of.empty()) {
      const auto row = std::ranges::find(*rows, work.action.key, &Row::key);
      take_row(work.state, row != rows->end() ? std::optional(*row) : std::nullopt);
    }
    states.push_back(&work.state);
  }
  if (auto found = find_targets(run_, states); !found) return found;
  for (auto& work : group) {
    if (work.settled) continue;
    if (!work.action.key.empty() && work.state.orphan_of.empty()) {
      if (!work.state.row && !work.state.link && !work.state.page) {
        work.settled = true;  // an unlinked row that has gone again
        continue;
      }
    }
    work.action = decide(pair_, work.state, run_.plan_options());
    if (work.action.nothing()) {
      if (auto done = forget(work); !done) return done;
    } else if (deletes(work.action) && !deleting_) {
      // Deletions pass the brake first: this one was not in the plan, so it waits for the next.
      Parked later;
      later.kind = Parked::Kind::waiting;
      later.key = work.action.key;
      later.page_id = work.action.page_id;
      later.reason = "found deleted while it was to be written; decided upon in the next run";
      if (auto parked = park(work, std::move(later)); !parked) return parked;
    }
  }
  return {};
}

// Nothing is left to do for this record after all.
Status Applier::forget(Work& work) {
  work.settled = true;
  if (work.action.later) return {};
  Item item;
  item.key = work.action.key;
  item.page_id = work.action.page_id;
  item.ack = work.state.captured;
  item.unpark = true;
  compose_.add_errands(item, work, true);
  std::vector<Item> items;
  items.push_back(std::move(item));
  auto stored = run_.commit(std::move(items));
  if (!stored) return fail(stored.error());
  return {};
}

Status Applier::take_fresh(Work& work, Result<Page> answer) {
  if (!answer && answer.error().scope == Scope::record && answer.error().cause != Cause::not_found) {
    return park_error(work, answer.error(), Parked::Kind::waiting);
  }
  return place_reading(pair_, work.state, std::move(answer));
}

Status Applier::park_error(Work& work, const Error& error, Parked::Kind kind) {
  Parked parked;
  parked.kind = kind;
  parked.key = work.action.key;
  parked.page_id = work.action.page_id;
  parked.reason = error.what;
  parked.hint = error.hint;
  return park(work, std::move(parked));
}

}  // namespace rowpage
