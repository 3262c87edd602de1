// What can happen to a request on its way: the answer, and whether the effect took place.
#include "sandbox/roastery.h"

namespace rowpage::sandbox {
namespace {

class Fates : public Roastery {
 protected:
  std::size_t live_rows() {
    now += 5 * minute_ms;
    return rows();
  }
};

TEST_F(Fates, refusals_have_no_effect) {
  for (const auto& [kind, status] : {std::pair{Fate::Kind::refuse_429, 429}, std::pair{Fate::Kind::refuse_529, 529},
                                     std::pair{Fate::Kind::refuse_409, 409}}) {
    const auto answer = create("{}", {kind});
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.retry_after.has_value(), status != 409);
  }
  EXPECT_EQ(live_rows(), 0u);
}

TEST_F(Fates, lost_before_has_no_effect_and_lost_after_has_one) {
  EXPECT_EQ(create("{}", {Fate::Kind::lost_before}).status, 0);
  EXPECT_EQ(live_rows(), 0u);
  EXPECT_EQ(create("{}", {Fate::Kind::lost_after}).status, 0);
  EXPECT_EQ(live_rows(), 1u);
}

TEST_F(Fates, a_late_request_lands_when_its_time_has_come_in_the_world_as_it_is_then) {
  const auto id = made_id(R"({"Price":{"number":1}})");
  EXPECT_EQ(patch(id, R"({"properties":{"Price":{"number":2}}})", {Fate::Kind::lands_later, 40 * second_ms}).status, 0);
  patch(id, R"({"properties":{"Price":{"number":3}}})");
  now += 39 * second_ms;
  EXPECT_EQ(value(get(id), "Price"), 3);
  EXPECT_EQ(model.late_requests(), 1u);
  now += second_ms;
  EXPECT_EQ(value(get(id), "Price"), 2);
  EXPECT_EQ(model.late_requests(), 0u);
}

TEST_F(Fates, a_late_request_to_a_page_trashed_meanwhile_is_refused_like_any_other) {
  const auto id = made_id(R"({"Price":{"number":1}})");
  patch(id, R"({"properties":{"Price":{"number":2}}})", {Fate::Kind::lands_later, second_ms});
  patch(id, R"({"in_trash":true})");
  now += minute_ms;
  model.run_due();
  EXPECT_EQ(value(get(id), "Price"), 1);
}

TEST_F(Fates, a_committed_503_names_what_it_made) {
  const auto answer = create(R"({"Price":{"number":7}})", {Fate::Kind::committed_503});
  EXPECT_EQ(answer.status, 503);
  const std::string id(find_string(answer.body.at("additional_data"), "committed_resource_id"));
  EXPECT_EQ(value(get(id), "Price"), 7);
}

TEST_F(Fates, a_request_the_service_would_refuse_is_refused_under_a_503_too) {
  EXPECT_EQ(create(R"({"Nothing":{"number":7}})", {Fate::Kind::committed_503}).status, 400);
}

TEST_F(Fates, errors_and_pages_of_the_edge_come_before_or_after_the_effect) {
  for (const int status : {500, 502, 503, 504}) {
    EXPECT_EQ(create("{}", {Fate::Kind::error_before, 0, status}).status, status);
  }
  const auto html = create("{}", {Fate::Kind::html_before, 0, 502});
  EXPECT_TRUE(html.raw.starts_with("<html>"));
  EXPECT_EQ(live_rows(), 0u);
  EXPECT_EQ(create("{}", {Fate::Kind::error_after, 0, 504}).status, 504);
  EXPECT_EQ(create("{}", {Fate::Kind::html_after, 0, 502}).status, 502);
  EXPECT_EQ(live_rows(), 2u);
}

TEST_F(Fates, cut_and_garbled_answers_follow_the_effect) {
  const auto cut = create("{}", {Fate::Kind::truncated_after});
  EXPECT_EQ(cut.status, 200);
  EXPECT_FALSE(parse_json(cut.raw));
  EXPECT_FALSE(parse_json(create("{}", {Fate::Kind::garbage_after}).raw));
  EXPECT_EQ(live_rows(), 2u);
}

TEST_F(Fates, every_fate_has_a_name_that_reads_back) {
  for (int kind = 0; kind <= static_cast<int>(Fate::Kind::garbage_after); ++kind) {
    EXPECT_EQ(fate_kind(name_of(static_cast<Fate::Kind>(kind))), static_cast<Fate::Kind>(kind));
  }
}

TEST_F(Fates, writes_are_counted_where_their_effect_is) {
  model.reset_stats();
  create("{}", {Fate::Kind::lost_after});
  create("{}", {Fate::Kind::lost_before});
  create(R"({"Nothing":{"number":1}})");
  get(made_id());
  const auto& stats = model.stats();
  EXPECT_EQ(stats.requests[static_cast<std::size_t>(Endpoint::create_page)], 3u);
  EXPECT_EQ(stats.effects[static_cast<std::size_t>(Endpoint::create_page)], 2u);
  EXPECT_EQ(stats.requests_total(), 4u);
}

}  // namespace
}  // namespace rowpage::sandbox
