// Pages without a link: new ones, our own that landed late, and copies of ours (see observer.h).
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/mutant.h"
#include "core/recover.h"
#include "engine/observer.h"
#include "engine/own_pages.h"
#include "engine/reading.h"
#include "engine/targets.h"

namespace rowpage {

Status Observer::visit_unlinked_pages(std::vector<Page> pages) {
  std::vector<std::string> nonces;
  for (const auto& page : pages) {
    if (!page.nonce.empty()) nonces.push_back(page.nonce);
  }
  std::unordered_map<std::string, NonceOwner> owners;
  if (!nonces.empty()) {
    auto found = run_.ports.store.owners(pair_, nonces);
    if (!found) return fail(found.error());
    for (auto& owner : *found) owners.emplace(owner.nonce, std::move(owner));
  }
  std::vector<RecordState> states;
  for (auto& page : pages) {
    if (page.in_trash || page.is_archived) continue;
    RecordState state;
    const auto owner = owners.find(page.nonce);
    state.page = std::move(page);
    if (owner != owners.end() && owner->second.state != NonceOwner::State::unknown) {
      bool taken = false;
      if (auto done = visit_own_nonce(state, owner->second, taken); !done) return done;
      if (taken) continue;
    }
    errands_.attach(state);
    states.push_back(std::move(state));
  }
  if (auto found = find_targets(run_, states); !found) return found;
  for (const auto& state : states) {
    if (auto added = plan_.add_unlinked_page(state); !added) return added;
  }
  return {};
}

// An unlinked page that shows a nonce of ours (R3, R5).
Status Observer::visit_own_nonce(RecordState& state, const NonceOwner& owner, bool& taken) {
  switch (owner.state) {
    case NonceOwner::State::unknown:
      return {};
    case NonceOwner::State::pending:
      taken = true;
      return {};  // the recover step owns it
    case NonceOwner::State::linked:
      taken = mutated(Mutant::copy_is_orphan);
      if (taken) return visit_late_landing(state, owner);
      state.copied_page = true;
      return {};
    case NonceOwner::State::abandoned:
      break;
  }
  if (mutated(Mutant::forget_abandoned)) return {};
  // A person may have copied the page before we met it: only one of those that show the nonce is ours.
  auto look = look_for_own_pages(run_, owner.nonce, owner.intended);
  if (!look) return fail(look.error());
  if (!look->live_shown) {
    taken = true;  // which is ours is judged when all are shown
    return {};
  }
  if (std::ranges::find(look->pages, state.page->id, &Page::id) == look->pages.end())
    look->pages.push_back(*state.page);
  if (original_of(look->pages, owner.intended).id != state.page->id) {
    state.copied_page = true;
    return {};
  }
  taken = true;
  return visit_late_landing(state, owner);
}

Status Observer::visit_late_landing(RecordState& state, const NonceOwner& owner) {
  const std::vector<std::string> keys{owner.key};
  auto link = run_.ports.store.links_of_rows(pair_, keys);
  if (!link) return fail(link.error());
  const bool creating = std::ranges::any_of(
      run_.pending, [&](const Pending& p) { return p.key == owner.key && p.kind == RequestKind::create; });
  if (creating) return {};  // another attempt is under way: judged once that is settled
  if (!link->empty()) {
    state.orphan_of = owner.key;
    state.orphan_intended = owner.intended;
    return plan_.add_linked(state);
  }
  auto rows = run_.ports.table.read(pair_, keys);
  if (!rows) return fail(rows.error());
  if (!rows->empty()) state.row = std::move(rows->front());
  auto targets = targets_of(run_, owner.intended);
  if (!targets) return fail(targets.error());
  state.link =
      adopt(pair_, owner.intended, owner.nonce, *state.page, state.row ? &*state.row : nullptr, owner.key, *targets);
  state.adopting = true;
  hints_.attach(state, owner.key);
  seen_keys_.insert(owner.key);
  if (auto found = find_targets(run_, state); !found) return found;
  return plan_.add_linked(state);
}

}  // namespace rowpage
