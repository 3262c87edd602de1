#include "sim/wire.h"

#include <algorithm>

namespace rowpage::sim {
namespace {

void split_query(std::string_view text, std::vector<std::pair<std::string, std::string>>& out) {
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('&'));
    const auto equals = part.find('=');
    out.emplace_back(sandbox::percent_decode(part.substr(0, equals)), sandbox::percent_decode(part.substr(equals + 1)));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
}

}  // namespace

sandbox::Fate draw_fate(std::mt19937_64& random, const NotionFaults& faults, bool read) {
  using Kind = sandbox::Fate::Kind;
  const auto chance = [&](double p) { return p > 0 && std::uniform_real_distribution<>(0, 1)(random) < p; };
  const auto pick = [&](std::initializer_list<Kind> kinds) { return *(kinds.begin() + random() % kinds.size()); };
  sandbox::Fate fate;
  if (chance(faults.refused)) {
    fate.kind = pick({Kind::refuse_429, Kind::refuse_529, Kind::refuse_409});
  } else if (read) {
    if (chance(faults.read_trouble))
      fate.kind = pick({Kind::lost_before, Kind::lost_after, Kind::error_before, Kind::html_before});
  } else if (chance(faults.lost_before)) {
    fate.kind = pick({Kind::lost_before, Kind::error_before, Kind::html_before});
  } else if (chance(faults.lost_after)) {
    fate.kind = Kind::lost_after;
  } else if (chance(faults.lands_later)) {
    fate.kind = Kind::lands_later;
    fate.delay_ms = 1000 + static_cast<Millis>(random() % static_cast<std::uint64_t>(faults.late_ms));
  } else if (chance(faults.error_after)) {
    fate.kind =
        pick({Kind::committed_503, Kind::error_after, Kind::html_after, Kind::truncated_after, Kind::garbage_after});
  }
  return fate;
}

sandbox::Request to_model(const ApiRequest& api, const std::string& token) {
  sandbox::Request request;
  request.method = api.method == Method::get ? "GET" : api.method == Method::post ? "POST" : "PATCH";
  const std::size_t mark = api.path.find('?');
  request.path = api.path.substr(0, mark);
  if (mark != std::string::npos) split_query(api.path.substr(mark + 1), request.query);
  request.body = api.body;
  request.token = token;
  request.version = "2026-03-11";
  request.agent = "rowpage/sim";
  return request;
}

ApiResult from_model(const ApiRequest& request, sandbox::Answer answer) {
  ApiResult result;
  result.server_ms = answer.server_ms;
  result.status = answer.status;
  if (answer.retry_after) result.retry_after_ms = *answer.retry_after * second_ms;
  if (answer.status == 0) {
    result.effect = request.read ? Effect::none : Effect::unknown;
    result.why = "the connection was lost";
  } else if (!answer.raw.empty()) {
    result.got = ApiResult::Got::unreadable;
    result.why = "the body is not JSON";
  } else {
    result.got = ApiResult::Got::json;
    result.body = std::move(answer.body);
  }
  return result;
}

bool cut_short(sandbox::Answer& answer, bool told, std::mt19937_64& random) {
  auto* results =
      answer.status == 200 && answer.body.is_object() ? answer.body.get_object().if_contains("results") : nullptr;
  if (!results || !results->is_array() || results->get_array().empty()) return false;
  results->get_array().resize(random() % results->get_array().size());
  auto& body = answer.body.get_object();
  body["has_more"] = false;
  body["next_cursor"] = nullptr;
  if (told)
    body["request_status"] = json::object{{"type", "incomplete"}, {"incomplete_reason", "query_result_limit_reached"}};
  return true;
}

sandbox::Answer not_shared(const sandbox::Request& request, Millis server_ms) {
  sandbox::Answer answer;
  answer.server_ms = server_ms;
  if (request.path.ends_with("/search")) {
    answer.status = 200;
    answer.body =
        json::object{{"object", "list"}, {"results", json::array{}}, {"has_more", false}, {"next_cursor", nullptr}};
    return answer;
  }
  answer.status = 404;
  answer.body = json::object{{"object", "error"},
                             {"status", 404},
                             {"code", "object_not_found"},
                             {"message", "Could not find it. Make sure it is shared with your integration."}};
  return answer;
}

}  // namespace rowpage::sim
