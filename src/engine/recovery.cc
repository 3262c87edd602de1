// The recover step: what an earlier run left open is settled before anything is planned (core/recover.h has the rules).
#include <algorithm>
#include <iterator>
#include <set>

#include "core/edges.h"
#include "core/fit.h"
#include "core/mutant.h"
#include "core/recover.h"
#include "engine/own_pages.h"
#include "engine/run.h"
#include "engine/targets.h"

namespace rowpage {
namespace {

constexpr Millis out_of_sight_ms =
    30 * day_ms;  // how long a page that answers 404 may come back: access is given again

class Recovery {
 public:
  explicit Recovery(Run& run) : run_(run), pair_(run.pair) {}

  Status all() {
    auto pending = run_.ports.store.pending(pair_);
    if (!pending) return fail(pending.error());
    if (run_.options.dry_run) {
      run_.pending = std::move(*pending);
      return {};
    }
    for (auto& request : *pending) {
      if (run_.ports.clock.interrupted()) {
        return fail({Effect::none, Scope::pair, Cause::interrupted, "interrupted while looking up earlier requests",
                     "Run it again."});
      }
      auto settled = request.kind == RequestKind::create ? settle_create(request) : settle_write(request);
      if (!settled) return fail(settled.error());
      if (!*settled) run_.pending.push_back(std::move(request));
      if (auto kept = run_.keep_lease(); !kept) return kept;
    }
    return {};
  }

 private:
  // True: settled. An Error stops the run.
  Result<bool> settle_create(const Pending& request) {
    auto look = look_for_own_pages(run_, request.nonce, request.intended);
    if (!look) return fail(look.error());
    if (!look->pages.empty() && !look->live_shown) return false;
    if (look->pages.size() > 1 && pair_.nonce_id.empty()) return doubtful(request, look->pages.size());
    if (!look->pages.empty()) return adopt_found(request, original_of(look->pages, request.intended));
    const bool complete = look->complete || mutated(Mutant::accept_partial_absence);
    Millis began = look->began_ms;
    if (mutated(Mutant::look_once_then_retry)) began += pair_.bounds.landing_ms + pair_.bounds.index_ms + hour_ms;
    if (mutated(Mutant::ignore_index_bound)) began += pair_.bounds.index_ms;
    if (judge_absence(pair_, request, complete, began) == Fate::wait) {
      if (!complete)
        run_.note("waiting", request.key + ": its page cannot be looked for in the trash; it stays parked");
      return false;
    }
    Item item;
    item.key = request.key;
    if (mutated(Mutant::forget_abandoned)) {
      item.settle.push_back(request.nonce);
    } else {
      item.abandon.push_back({request.nonce, request.key, request.intended});
    }
    item.park = again_now(request, "the request that should have made its page was never carried out");
    ++run_.report.abandoned;
    return store(std::move(item));
  }

  // Without a nonce several pages with the key cannot be told apart: choosing would be guessing, creating again would
  // duplicate.
  Result<bool> doubtful(const Pending& request, std::size_t hits) {
    Item item;
    item.key = request.key;
    item.park = again_now(request, "a creation has no known outcome, and " + std::to_string(hits) +
                                       " unlinked pages carry its key: which of them was made by it cannot be told");
    item.park->kind = Parked::Kind::parked;
    item.park->hint = "Trash the copies, or name the right page: `rowpage parked relink`.";
    item.park->next_try_ms = run_.db_now() + hour_ms;
    std::vector<Item> items;
    items.push_back(std::move(item));
    auto stored = run_.commit(std::move(items));
    if (!stored) return fail(stored.error());
    return false;
  }

  Result<bool> adopt_found(const Pending& request, Page listed) {
    // The listing may lag; the link is made from what we sent, and from the page as it is now only where Notion sets
    // values itself.
    auto row = row_of(request.key);
    if (!row) return fail(row.error());
    Item item;
    item.key = request.key;
    item.page_id = listed.id;
    auto intended = request.intended;
    if (mutated(Mutant::note_without_values)) {
      intended.clear();
      for (std::size_t i = 0; i < listed.values.size(); ++i) intended.push_back({i, listed.values[i]});
    }
    auto targets = targets_of(run_, intended);
    if (!targets) return fail(targets.error());
    item.link = adopt(pair_, intended, request.nonce, listed, *row ? &**row : nullptr, request.key, *targets);
    item.settle.push_back(request.nonce);
    item.history.push_back({Side::notion, "create", {}, request.intended, "found again after an unknown outcome"});
    // Whatever happened to the page or the row since is looked at in this very run.
    item.park = again_now(request, "its page was found again");
    item.park->page_id = listed.id;
    ++run_.report.adopted;
    return store(std::move(item));
  }

  Result<bool> settle_write(const Pending& request) {
    auto now = run_.ports.store.now();
    if (!now) return fail(now.error());
    run_.set_db_now(*now);
    PageRequest read;
    read.page_id = request.page_id;
    const PageRequest reads[] = {read};
    auto answers = run_.ports.notion.perform(pair_, reads);
    const auto& answer = answers.front();
    if (!answer && answer.error().cause != Cause::not_found) {
      if (answer.error().scope != Scope::record) return fail(answer.error());
      return false;
    }
    const std::vector<std::string> ids{request.page_id};
    auto links = run_.ports.store.links_of_pages(pair_, ids);
    if (!links) return fail(links.error());
    Item item;
    item.key = request.key;
    item.page_id = request.page_id;
    item.settle.push_back(request.nonce);
    item.park = again_now(request, "an earlier request was settled");
    item.park->page_id = request.page_id;
    if (links->empty() || !answer) {
      // No link (an orphan being trashed) or no page: once it can no longer land there is nothing left to learn, unless
      // the page was only taken from our sight. When it is back, what we did must not look like a person's doing.
      const Millis learns_until = request.send_by_ms + (links->empty() ? pair_.bounds.landing_ms : out_of_sight_ms);
      if (*now <= learns_until) return false;
      if (links->empty()) item.park->key.clear();
      return store(std::move(item));
    }
    Link link = links->front();
    link.page_edited_ms = std::max(link.page_edited_ms, answer->edited_ms);  // a listing may still show it as it was
    auto targets = targets_of_both(request, *answer, link);
    if (!targets) return fail(targets.error());
    if (std::ranges::any_of(*targets, &Target::unread)) return false;
    const Fate fate = judge_write(pair_, request, *answer, link, *now, *targets);
    if (fate == Fate::wait) return false;
    auto row = row_of(request.key);
    if (!row) return fail(row.error());
    const Row* known_row = *row ? &**row : nullptr;
    if (request.kind == RequestKind::update) {
      if (mutated(Mutant::note_without_values)) {
        // Without the values the page's difference looks like a person's edit.
      } else {
        log_doubtful(request, *answer, known_row, link, *targets, item);
        item.other_errands = overlay(pair_, request, *answer, known_row, link, *targets);
        item.link = link;
      }
    } else if (fate == Fate::landed) {
      // A trash completes the deletion the row asked for; a restore the row's return, so that a later deletion of it is
      // seen as one.
      link.page_live = link.row_live = request.kind == RequestKind::restore;
      item.link = link;
    }
    if (fate == Fate::landed) {
      ++run_.report.adopted;
      item.history.push_back({Side::notion,
                              std::string(name_of(request.kind)),
                              {},
                              request.intended,
                              "found carried out after an unknown outcome"});
    } else {
      ++run_.report.abandoned;
    }
    return store(std::move(item));
  }

  // A field that shows neither the shadow nor what we sent: a person wrote it, before or after ours landed or instead
  // of it. Notion's value is taken as the later one, and ours is kept in the log (R7), for if it never landed nobody in
  // Notion has seen it.
  void log_doubtful(const Pending& request, const Page& seen, const Row* row, const Link& link,
                    const std::vector<Target>& targets, Item& item) const {
    for (const auto& [i, sent] : request.intended) {
      const Value& shown = seen.values[i];
      if (shown == sent || unmoved(pair_, request, link, seen, i, targets)) continue;
      const auto kind = pair_.fields[i].relation.kind;
      if (kind == Relation::Kind::join || kind == Relation::Kind::back) continue;  // link by link, nothing is lost
      if (kind == Relation::Kind::column && same_but_hidden(i, sent, shown, targets))
        continue;  // it shows what we sent
      Conflict conflict;
      conflict.key = request.key;
      conflict.page_id = request.page_id;
      conflict.field = i;
      conflict.base_page = link.page_shadow[i];
      conflict.base_row = link.row_shadow[i];
      conflict.page = shown;
      conflict.row = row && agree(pair_.fields[i], sent, row->values[i]) ? row->values[i] : sent;
      conflict.page_ms = seen.edited_ms;
      conflict.winner = Side::notion;
      conflict.reason = "edited in Notion while the outcome of our write was unknown";
      item.conflicts.push_back(std::move(conflict));
    }
  }

  // What the links lead to that an update meant to write, or found, or that were agreed; of those that the page lacks
  // also whether they live: what leads to a page in the trash may be there unseen.
  Result<std::vector<Target>> targets_of_both(const Pending& request, const Page& seen, const Link& link) {
    if (request.kind != RequestKind::update) return std::vector<Target>();
    std::vector<Target> all;
    for (const auto& [i, sent] : request.intended) {
      const auto kind = pair_.fields[i].relation.kind;
      if (kind != Relation::Kind::column && kind != Relation::Kind::join) continue;
      const auto before = std::ranges::find(request.found, i, &Change::field);
      std::set<std::string> ids(links_of(sent).begin(), links_of(sent).end());
      ids.insert(links_of(link.page_shadow[i]).begin(), links_of(link.page_shadow[i]).end());
      if (before != request.found.end()) ids.insert(links_of(before->value).begin(), links_of(before->value).end());
      auto targets = targets_of(run_, {{i, make_list(TextList(ids.begin(), ids.end()))}});
      if (!targets) return fail(targets.error());
      for (const auto& id : links_of(seen.values[i])) ids.erase(id);
      for (auto& target : *targets) target.live = true;  // our state may be behind: each is looked at
      if (auto known = see_alive(run_, i, ids, *targets); !known) return fail(known.error());
      std::ranges::move(*targets, std::back_inserter(all));
    }
    return all;
  }

  Result<std::optional<Row>> row_of(const std::string& key) {
    if (key.empty()) return std::optional<Row>();
    const std::vector<std::string> keys{key};
    auto rows = run_.ports.table.read(pair_, keys);
    if (!rows) return fail(rows.error());
    if (rows->empty()) return std::optional<Row>();
    return std::optional<Row>(std::move(rows->front()));
  }

  // Due at once: the observe step of this run looks at the record.
  Parked again_now(const Pending& request, std::string reason) const {
    Parked parked;
    parked.kind = Parked::Kind::waiting;
    parked.key = request.key;
    parked.reason = std::move(reason);
    return parked;
  }

  Result<bool> store(Item item) {
    std::vector<Item> items;
    items.push_back(std::move(item));
    auto stored = run_.commit(std::move(items));
    if (!stored) return fail(stored.error());
    if (stored->front().refused) return fail(*stored->front().refused);
    return true;
  }

  Run& run_;
  const Pair& pair_;
};

}  // namespace

Status recover(Run& run) {
  return Recovery(run).all();
}

}  // namespace rowpage
