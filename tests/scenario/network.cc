#include "scenario/network.h"

#include <fmt/format.h>

#include "sim/wire.h"

namespace rowpage::scenario {
namespace {

Luck::Request kind_of(const sandbox::Request& request) {
  if (request.path.ends_with("/query")) return Luck::Request::listing;
  if (request.path.ends_with("/search")) return Luck::Request::search;
  if (request.method == "GET") return Luck::Request::read;
  if (request.method == "POST") return Luck::Request::create;
  const auto* object = request.body.if_object();
  const auto* in_trash = object ? object->if_contains("in_trash") : nullptr;
  if (!in_trash || !in_trash->is_bool()) return Luck::Request::update;
  return in_trash->get_bool() ? Luck::Request::trash : Luck::Request::restore;
}

bool writes(Luck::Request kind) {
  return kind != Luck::Request::listing && kind != Luck::Request::search && kind != Luck::Request::read;
}

sandbox::Fate fate_of(Luck::Fate fate, Millis late_ms) {
  using Kind = sandbox::Fate::Kind;
  switch (fate) {
    case Luck::Fate::refused:
      return {Kind::refuse_429, 0, 429};
    case Luck::Fate::overloaded:
      return {Kind::refuse_529, 0, 529};
    case Luck::Fate::lost:
      return {Kind::lost_before, 0, 502};
    case Luck::Fate::unanswered:
      return {Kind::lost_after, 0, 502};
    case Luck::Fate::late:
      return {Kind::lands_later, late_ms, 502};
    case Luck::Fate::unreadable:
      return {Kind::truncated_after, 0, 502};
    case Luck::Fate::failed:
      return {Kind::error_after, 0, 502};
    case Luck::Fate::committed:
      return {Kind::committed_503, 0, 503};
    case Luck::Fate::fine:
    case Luck::Fate::taken_over:
      break;
  }
  return {};
}

}  // namespace

std::vector<ApiResult> ScenarioWorld::Network::perform(std::span<const ApiRequest> requests) {
  std::vector<ApiResult> results;
  for (const auto& request : requests) results.push_back(one(request));
  return results;
}

bool ScenarioWorld::Network::meant(const Luck& luck, const sandbox::Request& request) const {
  using Request = Luck::Request;
  const Request kind = kind_of(request);
  if (luck.request == Request::write ? !writes(kind) : luck.request != kind) return false;
  if (luck.record.empty()) return true;
  const std::string page = world_.page_of(luck.record);
  if (kind != Request::create) return !page.empty() && request.path.find(page) != std::string::npos;
  const auto& record = world_.records_.at(luck.record);
  const std::string title = record.row.empty() ? std::string() : world_.title_of_row(record.pair, record.row);
  return !title.empty() && to_text(request.body).find("\"" + title + "\"") != std::string::npos;
}

sandbox::Fate ScenarioWorld::Network::fate(const sandbox::Request& request) {
  for (std::size_t i = 0; i < world_.luck_.size(); ++i) {
    Armed& armed = world_.luck_[i];
    if (armed.over || (armed.luck.count != 0 && armed.happened == armed.luck.count) || !meant(armed.luck, request))
      continue;
    ++armed.happened;
    if (!armed.deed.empty()) {
      world_.act(armed.deed.front());
    } else if (armed.luck.fate == Luck::Fate::taken_over) {
      world_.tell("another runner takes over");
      (void)world_.postgres.acquire("scenario", minute_ms, 0);
    } else {
      return fate_of(armed.luck.fate, armed.luck.late_ms);
    }
  }
  return writes(kind_of(request)) && world_.luck_of_writes ? fate_of(*world_.luck_of_writes, 0) : sandbox::Fate{};
}

// The process may die before a request is sent; with `in_flight`, while it is under way.
void ScenarioWorld::Network::step_before(const sandbox::Request& request) {
  world_.sends.insert(world_.crash.passed() + 1);
  try {
    world_.crash.step();
  } catch (const sim::Crash&) {
    if (world_.in_flight) {
      const std::string page = page_in(request.path);
      if (!page.empty()) under_way.emplace(page, read_at.contains(page) ? read_at[page] : 0);
      (void)world_.notion.handle(request, {sandbox::Fate::Kind::lands_later, 25 * second_ms, 502});
    }
    throw;
  }
}

ApiResult ScenarioWorld::Network::one(const ApiRequest& api) {
  world_.clock.pass(120);
  ApiResult result;
  if (api.send_by != 0 && world_.clock.monotonic() > api.send_by) {
    result.cause = Cause::too_late;
    return result;
  }
  const sandbox::Request request = sim::to_model(api, world_.notion.integration_token());
  const sandbox::Fate what = fate(request);
  ++world_.requests;
  const std::string shown = fmt::format("  {} {} {} {}", request.method, request.path, name_of(what.kind),
                                        api.read ? std::string() : to_text(request.body));
  world_.mix(shown);
  world_.tell(shown);
  const std::string page = page_in(request.path);
  const std::uint64_t based_on = read_at.contains(page) ? read_at[page] : 0;
  if (!api.read) step_before(request);
  const Witness::Sight before = api.read || page.empty() ? Witness::Sight{} : world_.sight(page);
  sandbox::Answer answer = world_.notion.handle(request, what);
  if (!api.read && !before.values.empty()) {
    if (what.kind == sandbox::Fate::Kind::lands_later) under_way.emplace(page, based_on);
    const auto after = world_.sight(page);
    world_.witness_.page_written(before, after, world_.judged_row(world_.witness_.record_of(after.values)), based_on);
  }
  if (!api.read) world_.crash.step();
  if (request.method == "GET" && answer.status == 200 && !page.empty()) read_at[page] = world_.witness_.tick();
  world_.clock.pass(80);
  return sim::from_model(api, std::move(answer));
}

std::string ScenarioWorld::Network::page_in(const std::string& path) {
  constexpr std::string_view prefix = "/v1/pages/";
  return path.starts_with(prefix) ? path.substr(prefix.size(), 36) : std::string();
}

void ScenarioWorld::land_late() {
  if (notion.late_requests() == 0) return;
  std::map<std::string, Witness::Sight> before;
  for (const auto& [page, based_on] : network_->under_way) before.emplace(page, sight(page));
  const std::size_t waiting = notion.late_requests();
  notion.run_due();
  if (notion.late_requests() == waiting) return;
  tell("a late request lands");
  for (const auto& [page, based_on] : network_->under_way) {
    const auto after = sight(page);
    const auto& was = before.at(page);
    if (!was.values.empty()) witness_.page_written(was, after, judged_row(witness_.record_of(after.values)), based_on);
  }
}

}  // namespace rowpage::scenario
