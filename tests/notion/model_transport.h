// The in-process model of Notion as a Transport: client and simulator run the program's own Notion code against it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "notion/codec.h"
#include "notion/curl_transport.h"
#include "notion/transport.h"
#include "sandbox/notion_model.h"

namespace rowpage {

class ModelTransport : public Transport {
 public:
  /// What becomes of a request on its way; asked once for each.
  using Fates = std::function<sandbox::Fate(const ApiRequest&)>;

  explicit ModelTransport(sandbox::NotionModel& model, Fates fates = {}) : model_(model), fates_(std::move(fates)) {}

  std::vector<ApiResult> perform(std::span<const ApiRequest> requests) override {
    std::vector<ApiResult> results;
    results.reserve(requests.size());
    for (const auto& request : requests) {
      results.push_back(result_of(model_.handle(as_sent(request), fates_ ? fates_(request) : sandbox::Fate{})));
    }
    return results;
  }

 private:
  sandbox::Request as_sent(const ApiRequest& request) const {
    sandbox::Request sent{
        .method = std::string(name_of(request.method)), .path = {}, .query = {}, .body = request.body};
    sent.token = model_.integration_token();
    sent.version = notion_version;
    sent.agent = "rowpage/model";
    const std::string_view path(request.path);
    const auto mark = path.find('?');
    sent.path = path.substr(0, mark);
    std::string_view rest = mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find('&'));
      const auto equals = pair.find('=');
      sent.query.emplace_back(decode_id(pair.substr(0, equals)), decode_id(pair.substr(equals + 1)));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    }
    if (!request.body.is_null()) sent.body_bytes = to_text(request.body).size();
    return sent;
  }

  // By way of api_result(), so that web pages and broken JSON are met here as they are on the network.
  static ApiResult result_of(const sandbox::Answer& answer) {
    HttpClient::Answer http;
    if (answer.status == 0) {
      http.outcome = HttpClient::Answer::Outcome::lost;
      http.why = "the connection broke before an answer came";
      return api_result(http);
    }
    http.outcome = HttpClient::Answer::Outcome::complete;
    http.status = answer.status;
    http.body = answer.raw.empty() ? to_text(answer.body) : answer.raw;
    http.headers.emplace_back("content-type", "application/json");
    if (answer.retry_after) http.headers.emplace_back("retry-after", std::to_string(*answer.retry_after));
    ApiResult result = api_result(http);
    result.server_ms = answer.server_ms / second_ms * second_ms;
    return result;
  }

  sandbox::NotionModel& model_;
  Fates fates_;
};

}  // namespace rowpage
