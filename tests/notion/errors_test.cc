#include "notion/errors.h"

#include <gtest/gtest.h>

#include "notion/scripted.h"

namespace rowpage {
namespace {

const Place place{"page P of Bean", Scope::record, "page"};
const ApiRequest read{Method::get, "/v1/pages/P", nullptr, true};
const ApiRequest query{Method::post, "/v1/data_sources/S/query", json::object(), true};
const ApiRequest write{Method::patch, "/v1/pages/P", json::object(), false};

struct Expectation {
  std::string_view name;
  ApiResult result;
  Effect write_effect;
  Cause cause;
  Scope scope;
  bool read_again, write_again;
};

// The table, row by row, as a user would state it.
std::vector<Expectation> expectations() {
  using enum Effect;
  using C = Cause;
  using S = Scope;
  return {
      {"validation", refusal(400, "validation_error"), none, C::invalid, S::record, false, false},
      {"bad json", refusal(400, "invalid_json"), none, C::invalid, S::record, false, false},
      {"bad url", refusal(400, "invalid_request_url"), none, C::invalid, S::record, false, false},
      {"bad request", refusal(400, "invalid_request"), none, C::invalid, S::record, false, false},
      {"no version", refusal(400, "missing_version"), none, C::invalid, S::workspace, false, false},
      {"new 400", refusal(400, "a_code_of_tomorrow"), none, C::invalid, S::record, false, false},
      {"token", refusal(401, "unauthorized"), none, C::unauthorised, S::workspace, false, false},
      {"capability", refusal(403, "restricted_resource"), none, C::forbidden, S::pair, false, false},
      {"html 403", web_page(403), none, C::forbidden, S::pair, false, false},
      {"not found", refusal(404, "object_not_found"), none, C::not_found, S::record, false, false},
      {"conflict", refusal(409, "conflict_error"), none, C::unavailable, S::record, true, true},
      {"row limit", refusal(409, "row_limit_exceeded"), none, C::invalid, S::record, false, false},
      {"too large", web_page(413), none, C::invalid, S::record, false, false},
      {"rate", refusal(429, "rate_limited"), none, C::rate_limited, S::workspace, true, true},
      {"overload", refusal(529, "service_overload"), none, C::rate_limited, S::workspace, true, true},
      {"internal", refusal(500, "internal_server_error"), unknown, C::unavailable, S::record, true, false},
      {"gateway", refusal(502, "bad_gateway"), unknown, C::unavailable, S::record, true, false},
      {"html gateway", web_page(502), unknown, C::unavailable, S::record, true, false},
      {"unavailable", refusal(503, "service_unavailable"), unknown, C::unavailable, S::record, true, false},
      {"database", refusal(503, "database_connection_unavailable"), unknown, C::unavailable, S::record, true, false},
      {"timeout there", refusal(504, "gateway_timeout"), unknown, C::unavailable, S::record, true, false},
      {"new 5xx", web_page(599), unknown, C::unavailable, S::record, true, false},
      {"redirect", web_page(302), none, C::usage, S::workspace, false, false},
      {"strange status", web_page(777), unknown, C::unavailable, S::record, true, false},
      {"html with 200", web_page(200), unknown, C::unavailable, S::record, true, false},
      {"error with 200", refusal(200, "validation_error"), unknown, C::unavailable, S::record, true, false},
      {"list with 200", answer(200, json::array()), unknown, C::unavailable, S::record, true, false},
      {"no connection", silence(none), none, C::unavailable, S::workspace, true, true},
      {"time-out", silence(unknown), unknown, C::unavailable, S::record, true, false},
      {"interrupted", silence(none, C::interrupted), none, C::interrupted, S::workspace, false, false},
      {"interrupted late", silence(unknown, C::interrupted), unknown, C::interrupted, S::workspace, false, false},
      {"too late", silence(none, C::too_late), none, C::too_late, S::record, false, false},
  };
}

TEST(Errors, every_row_says_effect_scope_and_cause_and_whether_to_repeat) {
  for (const auto& row : expectations()) {
    SCOPED_TRACE(row.name);
    const auto written = trouble_of(write, row.result, place);
    const auto asked = trouble_of(read, row.result, place);
    ASSERT_TRUE(written && asked);
    EXPECT_EQ(written->error.effect, row.write_effect);
    EXPECT_EQ(asked->error.effect, Effect::none);  // reading changes nothing
    EXPECT_EQ(written->error.cause, row.cause);
    EXPECT_EQ(written->error.scope, row.scope);
    EXPECT_EQ(may_repeat(read, *asked), row.read_again);
    EXPECT_EQ(may_repeat(write, *written), row.write_again);
    EXPECT_TRUE(written->error.what.starts_with("page P of Bean: ")) << written->error.what;
  }
}

TEST(Errors, no_write_of_unknown_outcome_is_ever_repeated) {
  for (const auto& row : expectations()) {
    const auto trouble = trouble_of(write, row.result, place);
    if (trouble->error.effect != Effect::none) EXPECT_FALSE(may_repeat(write, *trouble)) << row.name;
  }
}

TEST(Errors, a_success_is_no_trouble) {
  EXPECT_FALSE(trouble_of(write, answer(200, bean(page_a, "Kenya")), place));
  EXPECT_FALSE(trouble_of(write, answer(202, json::object{{"object", "async_task"}}), place));
}

TEST(Errors, a_missing_page_may_just_not_be_shared_and_the_hint_says_how) {
  const auto trouble = trouble_of(read, refusal(404, "object_not_found"), place);
  EXPECT_NE(trouble->error.hint.find("not shared with this integration"), std::string::npos);
  EXPECT_NE(trouble->error.hint.find("Connections"), std::string::npos);
}

TEST(Errors, an_expired_token_is_named_as_a_possible_cause) {
  EXPECT_NE(trouble_of(read, refusal(401, "unauthorized"), place)->error.hint.find("expired"), std::string::npos);
}

TEST(Errors, the_free_plans_block_limit_is_told_from_a_missing_capability) {
  const auto trouble =
      trouble_of(write, refusal(403, "restricted_resource", R"({"block_limit":"block_creation"})"), place);
  EXPECT_EQ(trouble->error.cause, Cause::forbidden);
  EXPECT_EQ(trouble->error.scope, Scope::record);  // edits of existing pages go on
  EXPECT_NE(trouble->error.hint.find("free plan"), std::string::npos);
}

TEST(Errors, a_committed_503_is_applied_and_names_the_page) {
  const auto additional =
      R"({"from":"x","elapsed_ms":"55012","committed_resource_id":"0a000000-0000-4000-8000-000000000001"})";
  const auto trouble = trouble_of(write, refusal(503, "service_unavailable", additional), place);
  EXPECT_EQ(trouble->error.effect, Effect::applied);
  EXPECT_EQ(trouble->committed_id, page_a);
  EXPECT_FALSE(may_repeat(write, *trouble));
}

TEST(Errors, an_overloaded_query_may_be_asked_for_less) {
  EXPECT_TRUE(trouble_of(query, refusal(503, "service_unavailable"), place)->overloaded_query);
  EXPECT_FALSE(trouble_of(read, refusal(503, "service_unavailable"), place)->overloaded_query);
  EXPECT_FALSE(trouble_of(write, refusal(503, "service_unavailable"), place)->overloaded_query);
}

TEST(Errors, the_pause_comes_from_the_header_or_from_the_body) {
  ApiResult header = refusal(429, "rate_limited");
  header.retry_after_ms = 12'000;
  EXPECT_EQ(trouble_of(read, header, place)->pause_ms, 12'000);
  EXPECT_EQ(trouble_of(read, refusal(429, "rate_limited", R"({"retry_after":"7"})"), place)->pause_ms, 7'000);
  EXPECT_EQ(trouble_of(read, refusal(429, "rate_limited", R"({"retry_after":"soon"})"), place)->pause_ms, std::nullopt);
}

TEST(Errors, a_blocked_connection_is_never_asked_again) {
  const auto trouble =
      trouble_of(read, refusal(429, "rate_limited", R"({"rate_limit_reason":"public_api_request_blocked"})"), place);
  EXPECT_TRUE(trouble->blocked);
  EXPECT_FALSE(may_repeat(read, *trouble));
  const auto other = trouble_of(
      read, refusal(429, "rate_limited", R"({"rate_limit_reason":"public_api_space_request_rate_limit"})"), place);
  EXPECT_FALSE(other->blocked);
  EXPECT_TRUE(may_repeat(read, *other));
}

}  // namespace
}  // namespace rowpage
