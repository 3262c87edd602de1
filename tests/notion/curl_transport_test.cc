#include "notion/curl_transport.h"

#include <mutex>

#include <gtest/gtest.h>

#include "base/raw_server.h"
#include "notion/scripted.h"

namespace rowpage {
namespace {

using Answer = HttpClient::Answer;

Answer complete(std::string body, std::string type = "application/json") {
  Answer answer;
  answer.outcome = Answer::Outcome::complete;
  answer.status = 200;
  answer.headers = {{"content-type", std::move(type)}, {"date", "Fri, 20 Nov 2026 11:24:08 GMT"}};
  answer.body = std::move(body);
  return answer;
}

TEST(CurlTransport, turns_whatever_comes_back_into_a_value) {
  using Got = ApiResult::Got;
  EXPECT_EQ(api_result(complete(R"({"object":"page"})")).got, Got::json);
  EXPECT_EQ(api_result(complete(R"({"object":"pa)")).got, Got::unreadable);
  EXPECT_EQ(api_result(complete("")).got, Got::unreadable);
  EXPECT_EQ(api_result(complete("<html>Attention Required!</html>", "text/html; charset=UTF-8")).got, Got::unreadable);
  EXPECT_EQ(api_result(complete("\xff\xfe")).got, Got::unreadable);
  EXPECT_EQ(api_result(complete(std::string(100'000, '['))).got, Got::unreadable);
  EXPECT_EQ(api_result(complete(R"({"n":1e999})")).got, Got::unreadable);
  EXPECT_EQ(api_result(complete("{}")).server_ms, 1'795'173'848'000);
}

TEST(CurlTransport, keeps_the_effect_honest) {
  Answer lost;
  lost.outcome = Answer::Outcome::lost;
  EXPECT_EQ(api_result(lost).effect, Effect::unknown);
  Answer unsent;
  EXPECT_EQ(api_result(unsent).effect, Effect::none);
  unsent.stop = Answer::Stop::unwanted;
  EXPECT_EQ(api_result(unsent).cause, Cause::too_late);
  lost.stop = Answer::Stop::interrupted;
  EXPECT_EQ(api_result(lost).cause, Cause::interrupted);
  EXPECT_EQ(api_result(lost).effect, Effect::unknown);
}

TEST(CurlTransport, reads_how_long_to_wait_as_seconds_or_as_a_date) {
  Answer answer = complete("{}");
  answer.headers.emplace_back("retry-after", "12");
  EXPECT_EQ(api_result(answer).retry_after_ms, 12'000);
  answer.headers.back().second = "Fri, 20 Nov 2026 11:24:38 GMT";
  EXPECT_EQ(api_result(answer).retry_after_ms, 30'000);
  answer.headers.back().second = "a while";
  EXPECT_EQ(api_result(answer).retry_after_ms, std::nullopt);
}

TEST(CurlTransport, one_half_character_does_not_spoil_a_whole_listing) {
  const auto value =
      parse_answer(R"({"a":"x\ud83dy","b":"\ud83d\ude00","c":"\\ud83d","d":"\ude00\"","e":"\ud83d\ud83d\ude00"})");
  ASSERT_TRUE(value) << value.error().what;
  const std::string half(half_character);
  EXPECT_EQ(value->at("a").as_string(), "x" + half + "y");
  EXPECT_EQ(value->at("b").as_string(), "😀");
  EXPECT_EQ(value->at("c").as_string(), "\\ud83d");
  EXPECT_EQ(value->at("d").as_string(), half + "\"");
  EXPECT_EQ(value->at("e").as_string(), half + "😀");
  EXPECT_FALSE(parse_answer(R"({"a":"\ud8)"));
}

TEST(CurlTransport, refuses_a_bad_base_url_or_token_without_showing_it) {
  HttpClient http({});
  FakeClock clock;
  const auto plain = CurlTransport::make(http, clock, {.base_url = "http://example.com", .token = "ntn_secret"});
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().cause, Cause::usage);
  const auto broken = CurlTransport::make(http, clock, {.token = "ntn_secret\r\nX-Evil: 1"});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().what.find("ntn_secret"), std::string::npos);
  EXPECT_FALSE(CurlTransport::make(http, clock, {}));
}

TEST(CurlTransport, speaks_to_a_server_and_traces_without_secrets) {
  std::mutex mutex;
  std::vector<std::string> seen;
  RawServer server([&](Connection& connection, int) {
    while (true) {
      const std::string request = connection.read_request();
      if (request.empty()) return;
      const std::lock_guard lock(mutex);
      seen.push_back(request);
      connection.answer(R"({"object":"list","results":[]})", "200 OK", "x-notion-request-id: r-1\r\n");
    }
  });
  std::string traced;
  FakeClock clock;
  HttpClient::Options options;
  options.connections = 1;
  HttpClient http(options);
  auto transport = CurlTransport::make(
      http, clock, {server.url() + "/v1/", "ntn_secret", [&](const Exchange& exchange) {
                      traced += std::string(exchange.method) + " " + std::string(exchange.path) + " " +
                                std::to_string(exchange.status) + " " + std::string(exchange.request_id) + "\n";
                    }});
  ASSERT_TRUE(transport) << transport.error().what;
  const std::vector<ApiRequest> requests = {{Method::get, "/v1/users/me", nullptr},
                                            {Method::patch, "/v1/pages/P", json::object{{"in_trash", true}}, false}};
  const auto results = (*transport)->perform(requests);
  ASSERT_EQ(results.size(), 2U);
  for (const auto& result : results) EXPECT_EQ(result.got, ApiResult::Got::json);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[0].starts_with("GET /v1/users/me HTTP/1.1\r\n")) << seen[0];
  EXPECT_NE(seen[0].find("Notion-Version: 2026-03-11\r\n"), std::string::npos);
  EXPECT_NE(seen[0].find("Authorization: Bearer ntn_secret\r\n"), std::string::npos);
  EXPECT_TRUE(seen[1].starts_with("PATCH /v1/pages/P HTTP/1.1\r\n"));
  EXPECT_TRUE(seen[1].ends_with("\r\n\r\n{\"in_trash\":true}"));
  EXPECT_EQ(traced, "GET /v1/users/me 200 r-1\nPATCH /v1/pages/P 200 r-1\n");
}

TEST(CurlTransport, checks_the_time_right_before_the_first_byte) {
  std::atomic<int> requests = 0;
  RawServer server([&](Connection& connection, int) {
    while (!connection.read_request().empty()) {
      ++requests;
      connection.answer("{}");
    }
  });
  FakeClock clock;
  clock.at_ms = 5'000;
  {
    HttpClient http({});
    auto transport = CurlTransport::make(http, clock, {server.url(), "ntn_secret", {}});
    const ApiRequest late{Method::post, "/v1/pages", json::object(), false, 5'000};
    EXPECT_EQ((*transport)->perform({&late, 1}).front().cause, Cause::too_late);
    const ApiRequest timely{Method::post, "/v1/pages", json::object(), false, 5'001};
    EXPECT_EQ((*transport)->perform({&timely, 1}).front().status, 200);
  }
  EXPECT_EQ(requests, 1);
}

}  // namespace
}  // namespace rowpage
