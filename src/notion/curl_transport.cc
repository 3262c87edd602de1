#include "notion/curl_transport.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace rowpage {
namespace {

using Answer = HttpClient::Answer;

// The four hexadecimal digits of a \uXXXX escape at `at` (on the backslash); -1 when it is none.
int escape_at(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  const auto [end, error] = std::from_chars(text.data() + at + 2, text.data() + at + 6, unit, 16);
  return error == std::errc() && end == text.data() + at + 6 ? unit : -1;
}

bool is_high(int unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low(int unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

// The text with lone surrogate escapes replaced by the stand-in.
std::string mark_half_characters(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    const int unit = escape_at(text, at);
    std::size_t length = unit < 0 ? 2 : 6;
    if (is_high(unit) && is_low(escape_at(text, at + 6))) {
      length = 12;
    } else if (is_high(unit) || is_low(unit)) {
      out += half_character;
      at += 6;
      continue;
    }
    out += text.substr(at, length);
    at += length;
  }
  return out;
}

std::optional<Millis> retry_after(std::string_view text) {
  Millis seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end != text.data()) return std::clamp<Millis>(seconds, 0, 1'000'000) * second_ms;
  return std::nullopt;
}

std::string described(std::string_view type, std::string_view body) {
  if (body.empty()) return "the answer is empty";
  if (type.find("html") != std::string_view::npos || body.starts_with("<"))
    return "the answer is a web page, not Notion's";
  return {};
}

}  // namespace

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::post:
      return "POST";
    case Method::patch:
      return "PATCH";
  }
  return "?";
}

Result<json::value> parse_answer(std::string_view text) {
  Result<json::value> parsed = parse_json(text);
  if (parsed || text.find("\\u") == std::string_view::npos) return parsed;
  return parse_json(mark_half_characters(text));
}

ApiResult api_result(const Answer& answer) {
  ApiResult result;
  result.why = answer.why;
  if (answer.outcome == Answer::Outcome::not_sent || answer.outcome == Answer::Outcome::lost) {
    result.effect = answer.outcome == Answer::Outcome::lost ? Effect::unknown : Effect::none;
    if (answer.stop == Answer::Stop::interrupted) result.cause = Cause::interrupted;
    if (answer.stop == Answer::Stop::unwanted) {
      result.cause = Cause::too_late;
      result.why = "not sent, its time had passed";
    }
    return result;
  }
  result.status = answer.status;
  result.server_ms = http_date(answer.header("date"));
  result.retry_after_ms = retry_after(answer.header("retry-after"));
  if (!result.retry_after_ms) {
    if (const Millis at = http_date(answer.header("retry-after")); at != 0 && result.server_ms != 0) {
      result.retry_after_ms = std::max<Millis>(at - result.server_ms, 0);
    }
  }
  result.request_id = answer.header("x-notion-request-id");
  result.got = ApiResult::Got::unreadable;
  if (answer.outcome == Answer::Outcome::cut) return result;
  if (result.why = described(answer.header("content-type"), answer.body); !result.why.empty()) return result;
  Result<json::value> body = parse_answer(answer.body);
  if (!body) {
    result.why = "the answer is " + body.error().what;
    return result;
  }
  result.got = ApiResult::Got::json;
  result.body = std::move(*body);
  return result;
}

CurlTransport::CurlTransport(HttpClient& http, Clock& clock, Options options)
    : http_(http), clock_(clock), options_(std::move(options)) {
  while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
  if (options_.base_url.ends_with("/v1")) options_.base_url.resize(options_.base_url.size() - 3);
}

Result<std::unique_ptr<CurlTransport>> CurlTransport::make(HttpClient& http, Clock& clock, Options options) {
  if (Status status = check_base_url(options.base_url, "NOTION_BASE_URL"); !status) return fail(status.error());
  const bool clean = std::ranges::none_of(options.token, [](unsigned char c) { return c <= ' ' || c == 127; });
  if (options.token.empty() || !clean) {
    return fail({Effect::none, Scope::workspace, Cause::usage,
                 options.token.empty() ? "there is no Notion token"
                                       : "the Notion token holds white space or control characters",
                 "Set NOTION_API_KEY to the integration's token."});
  }
  return std::unique_ptr<CurlTransport>(new CurlTransport(http, clock, std::move(options)));
}

std::vector<ApiResult> CurlTransport::perform(std::span<const ApiRequest> requests) {
  std::vector<std::future<Answer>> window;
  window.reserve(requests.size());
  for (const ApiRequest& request : requests) {
    HttpClient::Request http;
    http.method = name_of(request.method);
    http.url = options_.base_url + request.path;
    http.repeatable = request.read;
    http.headers = {"Authorization: Bearer " + options_.token, fmt::format("Notion-Version: {}", notion_version),
                    "Accept: application/json"};
    if (!request.body.is_null()) {
      http.headers.emplace_back("Content-Type: application/json");
      http.body = to_text(request.body);
    }
    if (request.send_by != 0) {
      http.still_wanted = [&clock = clock_, send_by = request.send_by] { return clock.monotonic() < send_by; };
    }
    window.push_back(http_.start(std::move(http)));
  }
  std::vector<ApiResult> results;
  results.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Answer answer = window[i].get();
    results.push_back(api_result(answer));
    if (options_.trace) {
      const ApiResult& result = results.back();
      options_.trace({name_of(requests[i].method), requests[i].path, answer.status, answer.took_ms, result.request_id,
                      result.why});
    }
  }
  return results;
}

}  // namespace rowpage
