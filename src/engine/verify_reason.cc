#include "engine/verify_reason.h"

#include <algorithm>
#include <utility>

namespace rowpage {
namespace {

using Waits = Difference::Waits;

Difference::Waits waits_for(Parked::Kind kind) {
  switch (kind) {
    case Parked::Kind::waiting:
      return Waits::sync;
    case Parked::Kind::undecided:
      return Waits::person;
    case Parked::Kind::parked:
    case Parked::Kind::held:
      break;
  }
  return Waits::mending;
}

}  // namespace

Status VerifyReasons::load(Store& store) {
  auto open = store.pending(pair_);
  if (!open) return fail(open.error());
  for (const auto& request : *open) {
    const Waiting unknown{"the outcome of a request to Notion is not known yet; a later sync settles it", Waits::sync};
    if (!request.key.empty()) by_name_.emplace(request.key, unknown);
    if (!request.page_id.empty()) by_name_.emplace(request.page_id, unknown);
  }
  auto parked = store.waiting(pair_);
  if (!parked) return fail(parked.error());
  for (const auto& record : *parked) {
    const Waiting why{record.reason, waits_for(record.kind)};
    if (!record.key.empty()) by_name_.insert_or_assign(record.key, why);
    if (!record.page_id.empty()) by_name_.insert_or_assign(record.page_id, why);
  }
  return {};
}

const VerifyReasons::Waiting* VerifyReasons::waiting(const Difference& difference) const {
  for (const auto& name : {difference.key, difference.page_id}) {
    const auto found = name.empty() ? by_name_.end() : by_name_.find(name);
    if (found != by_name_.end()) return &found->second;
  }
  return nullptr;
}

void VerifyReasons::explain(Difference& difference, std::size_t index, const Link* link) const {
  const auto say = [&](std::string reason, Waits waits) {
    difference.reason = std::move(reason);
    difference.waits = waits;
  };
  if (const Waiting* why = waiting(difference)) return say(why->reason, why->waits);
  const Field& field = pair_.fields[index];
  const auto travels = [&](Direction direction) {
    const auto allows = [direction](Direction set) { return set == Direction::both || set == direction; };
    return allows(pair_.direction) && allows(field.direction);
  };
  if (!link) return say("not linked yet: the first sync decides between the two (`first`)", Waits::sync);
  const bool unsettled = std::ranges::find(link->unsettled, index) != link->unsettled.end();
  if (unsettled) return say("the halves never agreed in this field yet", Waits::sync);
  if (field.is_relation()) {
    // Shadows are in other names than the values compared here; what waits is what people ask about.
    return say("a link was changed since the last sync, or waits until the record it leads to is on both sides",
               Waits::sync);
  }
  const bool page_moved = difference.page != link->page_shadow[index];
  const bool row_moved = difference.row != link->row_shadow[index];
  if (page_moved && row_moved) return say("changed on both sides since the last sync, which decides", Waits::sync);
  if (page_moved && travels(Direction::to_supabase)) {
    return say("changed in Notion since the last sync; the next one takes it to Supabase", Waits::sync);
  }
  if (row_moved && travels(Direction::to_notion)) {
    return say("changed in Supabase since the last sync; the next one takes it to Notion", Waits::sync);
  }
  if (page_moved || row_moved) {
    return say(std::string("changed in ") + (page_moved ? "Notion" : "Supabase") +
                   ", which is read only for this field (direction): the change stays there",
               Waits::nobody);
  }
  say("both halves are as last agreed: one of them cannot hold the value as the other shows it, or was told to differ",
      Waits::nobody);
}

void VerifyReasons::explain_alone(Difference& difference) const {
  if (const Waiting* why = waiting(difference)) {
    difference.reason = why->reason;
    difference.waits = why->waits;
    return;
  }
  const bool to_row = difference.kind == Difference::Kind::only_notion;
  const Direction needed = to_row ? Direction::to_supabase : Direction::to_notion;
  if (pair_.direction != Direction::both && pair_.direction != needed) {
    difference.reason += std::string("; this pair is read only in ") + (to_row ? "Supabase" : "Notion");
    difference.waits = Waits::nobody;
  }
}

}  // namespace rowpage
