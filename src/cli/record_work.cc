#include "cli/record_work.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include <fmt/format.h>

#include "config/mistake.h"
#include "core/text.h"

namespace rowpage {
namespace {

// Runs `make` under the lease and stores the item it makes.
Status store_item(Session& session, const std::string& model, Millis wait_ms,
                  const std::function<Result<Item>(const Pair&, Millis now_ms)>& make) {
  auto pair = ready_pair(session, model);
  if (!pair) return fail(pair.error());
  auto held = HeldLease::take(session, wait_ms);
  if (!held) return fail(held.error());
  auto item = make(*pair, held->lease().now_ms);
  if (!item) return fail(item.error());
  Batch batch;
  batch.fence = held->lease().fence;
  batch.items.push_back(std::move(*item));
  auto committed = session.store().commit(*pair, batch);
  if (!committed) return fail(committed.error());
  return {};
}

Result<Link> link_of(Session& session, const Pair& pair, const std::string& key, const std::string& page_id) {
  Result<std::vector<Link>> links = std::vector<Link>{};
  if (!key.empty()) links = session.store().links_of_rows(pair, std::vector<std::string>{key});
  if (links && links->empty() && !page_id.empty())
    links = session.store().links_of_pages(pair, std::vector<std::string>{page_id});
  if (!links) return fail(links.error());
  if (links->empty()) return fail(usage_error("this record has no link between a page and a row", ""));
  return std::move(links->front());
}

// Parked anew, due now: the next sync looks at the record even if nothing changes.
Parked due_now(const ParkedRow& row, Millis now_ms) {
  Parked parked;
  parked.kind = parked_kind(row.kind).value_or(Parked::Kind::parked);
  parked.id = row.id;
  parked.key = row.key;
  parked.page_id = row.page_id;
  parked.reason = row.reason;
  parked.hint = row.hint;
  parked.next_try_ms = now_ms;
  return parked;
}

}  // namespace

Error usage_error(std::string what, std::string hint) {
  return {Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)};
}

Error no_such(std::string_view what, std::int64_t id, std::string_view list_command) {
  return usage_error(fmt::format("there is no {} {}", what, id), fmt::format("`{}` shows them", list_command));
}

Status check_action(std::string_view command, const std::string& action,
                    std::initializer_list<std::string_view> known) {
  if (std::find(known.begin(), known.end(), action) != known.end()) return {};
  std::vector<std::string> names;
  for (const auto name : known) names.emplace_back(name);
  std::string hint = did_you_mean(action, names, false);
  if (hint.empty()) hint = fmt::format("one of: {}", fmt::join(names, ", "));
  return fail(usage_error(fmt::format("`rowpage {}` has no action `{}`", command, action), std::move(hint)));
}

Result<std::int64_t> word_id(std::string_view command, const std::string& action, const std::vector<std::string>& words,
                             bool wanted) {
  const std::size_t expected = wanted ? 2 : 1;
  if (words.size() > expected) {
    return fail(
        usage_error(fmt::format("`rowpage {} {}` takes no argument `{}`", command, action, words[expected]), ""));
  }
  if (!wanted) return 0;
  if (words.size() < expected) {
    return fail(usage_error(fmt::format("`rowpage {} {}` needs an ID", command, action),
                            fmt::format("`rowpage {} list` shows them", command)));
  }
  std::int64_t id = 0;
  const auto& text = words[1];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id <= 0) {
    return fail(
        usage_error(fmt::format("`{}` is not an ID", text), fmt::format("`rowpage {} list` shows them", command)));
  }
  return id;
}

Status choose(Session& session, const ConflictRow& conflict, Side winner, Millis wait_ms) {
  return store_item(session, conflict.model, wait_ms, [&](const Pair& pair, Millis now_ms) -> Result<Item> {
    const auto field = std::find_if(pair.fields.begin(), pair.fields.end(),
                                    [&](const Field& each) { return each.column == conflict.field; });
    if (field == pair.fields.end()) {
      return fail(usage_error(fmt::format("the field {} is no longer part of {}", conflict.field, pair.model), ""));
    }
    auto link = link_of(session, pair, conflict.key, conflict.page_id);
    if (!link) return fail(link.error());
    const auto index = static_cast<std::size_t>(field - pair.fields.begin());
    std::erase_if(link->choices, [&](const auto& choice) { return choice.first == index; });
    link->choices.emplace_back(index, winner);
    Item item;
    item.key = link->key;
    item.page_id = link->page_id;
    Parked parked;
    parked.kind = Parked::Kind::undecided;
    parked.key = link->key;
    parked.page_id = link->page_id;
    parked.reason = fmt::format("decided: {} wins {}", name_of(winner), field->property);
    parked.next_try_ms = now_ms;
    item.park = std::move(parked);
    item.link = std::move(*link);
    return item;
  });
}

Status retry(Session& session, const ParkedRow& parked, Millis wait_ms) {
  return store_item(session, parked.model, wait_ms, [&](const Pair&, Millis now_ms) -> Result<Item> {
    Item item;
    item.key = parked.key;
    item.page_id = parked.page_id;
    item.park = due_now(parked, now_ms);
    return item;
  });
}

Status release(Session& session, const ParkedRow& parked, Millis wait_ms) {
  return store_item(session, parked.model, wait_ms, [&](const Pair&, Millis) -> Result<Item> {
    Item item;
    item.key = parked.key;
    item.page_id = parked.page_id;
    item.unlink = true;
    item.unpark = true;
    return item;
  });
}

Status relink(Session& session, const ParkedRow& parked, const std::string& page_id, Millis wait_ms) {
  return store_item(session, parked.model, wait_ms, [&](const Pair& pair, Millis now_ms) -> Result<Item> {
    auto link = link_of(session, pair, parked.key, parked.page_id);
    if (!link) return fail(link.error());
    auto taken = session.store().links_of_pages(pair, std::vector<std::string>{page_id});
    if (!taken) return fail(taken.error());
    if (!taken->empty() && taken->front().key != link->key) {
      return fail(
          usage_error(fmt::format("the page {} belongs to the row {} already", page_id, taken->front().key), ""));
    }
    PageRequest read;
    read.page_id = page_id;
    auto pages = session.notion().perform(pair, std::vector<PageRequest>{read});
    if (!pages.at(0)) return fail(pages[0].error());
    if (pages[0]->parent != pair.data_source || pages[0]->in_trash) {
      return fail(usage_error(fmt::format("the page {} is not a live page of {}", page_id, pair.model), ""));
    }
    Item item;
    item.key = link->key;
    item.page_id = page_id;
    link->page_id = page_id;
    link->nonce.clear();
    link->page_live = true;
    link->page_edited_ms = 0;
    item.link = std::move(*link);
    item.park = due_now(parked, now_ms);
    item.park->kind = Parked::Kind::waiting;
    item.park->page_id = page_id;
    item.park->reason = "relinked: the next sync compares the halves";
    return item;
  });
}

}  // namespace rowpage
