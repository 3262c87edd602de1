// Making a page in a service that knows neither idempotency keys nor conditional writes: R1 to R5, late landings,
// copies.
#include "sim/story.h"

namespace rowpage::sim {
namespace {

using TrashQuery = sandbox::Habits::TrashQuery;

std::string nonce_in(const json::value& body) {
  const auto* properties = find_object(body, "properties");
  if (!properties) return {};
  for (const auto& [id, property] : *properties) {
    const std::string text = to_text(property);
    const auto at = text.find("nonce-");
    if (at != std::string::npos) return text.substr(at, text.find('"', at) - at);
  }
  return {};
}

// Every nonce that travels in a POST of a page, in order.
std::shared_ptr<std::vector<std::string>> hear_nonces(Story& story, std::optional<sandbox::Fate> first_fate = {}) {
  auto heard = std::make_shared<std::vector<std::string>>();
  story.fate_of = [heard, first_fate](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.method != "POST" || request.path != "/v1/pages") return std::nullopt;
    heard->push_back(nonce_in(request.body));
    return heard->size() == 1 ? first_fate : std::nullopt;
  };
  return heard;
}

TEST(Create, is_written_down_with_its_nonce_and_values_before_it_is_sent_R1) {
  Story story;
  const std::string row = story.make_row(story.some());
  bool looked = false;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.path != "/v1/pages") return std::nullopt;
    looked = true;
    EXPECT_EQ(story.postgres.open_requests().size(), 1);
    const Pending& note = story.postgres.open_requests().begin()->second;
    EXPECT_EQ(note.nonce, nonce_in(request.body));
    EXPECT_EQ(note.key, row);
    EXPECT_EQ(note.intended.size(), 3);
    return std::nullopt;
  };
  story.sync();
  EXPECT_TRUE(looked);
  EXPECT_TRUE(story.postgres.open_requests().empty());
}

TEST(Create, leaves_its_nonce_in_the_page_R2) {
  Story story;
  const std::string row = story.make_row(story.some());
  const auto nonces = hear_nonces(story);
  story.sync();
  ASSERT_EQ(nonces->size(), 1);
  EXPECT_EQ(story.postgres.links().at(row).nonce, nonces->front());
  EXPECT_NE(story.whole_state().find("\"" + nonces->front() + "\""), std::string::npos) << "the page does not show it";
}

TEST(Create, uses_a_nonce_of_its_own_for_each_attempt_R3) {
  Story story;
  story.make_row(story.some());
  const auto nonces = hear_nonces(story, sandbox::Fate{Story::Kind::lost_before, 0, 502});
  story.sync();
  story.sync();
  story.sync();
  ASSERT_EQ(nonces->size(), 2);
  EXPECT_NE(nonces->at(0), nonces->at(1));
  EXPECT_EQ(story.live_pages(), 1);
}

TEST(Create, of_unknown_outcome_is_adopted_as_soon_as_its_page_shows_R4) {
  Story story;
  const std::string row = story.make_row(story.some());
  story.next_write("POST", Story::Kind::lost_after);
  EXPECT_EQ(story.sync().waiting, 1);
  story.wait(minute_ms);
  EXPECT_EQ(story.sync_now().adopted, 1);
  EXPECT_EQ(story.pages().size(), 1);
  EXPECT_EQ(story.page_of(row), story.pages().front().id);
  EXPECT_TRUE(story.comes_to_rest());
}

// The copy stands in the trash, which is shown whole; the original lives, and the query stops before it and says so.
TEST(Create, a_copy_of_its_page_is_not_taken_for_it_while_queries_are_cut_short_R4) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Story story(seed);
    story.notion.habits().search_in_trash = sandbox::Habits::TrashQuery::honoured;
    const std::string row = story.make_row(story.some());
    story.next_write("POST", Story::Kind::lost_after);
    story.sync_now();
    const std::string ours = story.pages().front().id;
    story.wait(2 * minute_ms);
    story.trash_page(story.duplicate_page(ours, story.some()));
    story.faults.partial_told = 1;
    for (int i = 0; i < 2; ++i) story.sync();
    story.faults.partial_told = 0;
    EXPECT_TRUE(story.comes_to_rest()) << seed;
    EXPECT_EQ(story.page_of(row), ours) << seed;
    EXPECT_THAT(story.judge(), testing::IsEmpty()) << seed;
  }
}

// Archived pages leave queries, as trashed ones do, and are no part of the trash.
TEST(Create, of_unknown_outcome_is_found_among_archived_pages_and_held_R4) {
  Story story;
  const std::string row = story.make_row(story.some());
  story.next_write("POST", Story::Kind::lost_after);
  story.sync_now();
  story.archive_page(story.pages().front().id);
  for (int i = 0; i < 4; ++i) story.sync();
  EXPECT_EQ(story.pages().size(), 1) << "a page that a person had archived was made a second time";
  EXPECT_EQ(story.page_of(row), story.pages().front().id);
  ASSERT_NE(story.waiting(row), nullptr);
  EXPECT_EQ(story.waiting(row)->kind, Parked::Kind::held);
  EXPECT_TRUE(story.postgres.open_requests().empty());
}

TEST(Create, of_unknown_outcome_is_not_repeated_before_both_bounds_have_passed_R4) {
  Story story;
  story.make_row(story.some());
  const auto nonces = hear_nonces(story, sandbox::Fate{Story::Kind::lost_before, 0, 502});
  story.sync();
  for (int i = 0; i < 9; ++i) {
    story.wait(20 * second_ms);
    story.sync_now();
    EXPECT_EQ(nonces->size(), 1) << (i + 1) * 20 << " s after the attempt";
  }
  story.wait(minute_ms);
  EXPECT_EQ(story.sync_now().pages_created, 1);
}

TEST(Create, of_unknown_outcome_keeps_only_its_own_record_waiting) {
  Story story;
  const auto other = story.synced();
  story.make_row(story.some());
  story.next_write("POST", Story::Kind::lost_before);
  story.sync();
  const Value written = story.fresh("r1", Story::note);
  story.edit_row(other.row, {{Story::note, written}});
  story.wait(10 * second_ms);
  const auto report = story.sync_now();
  EXPECT_EQ(report.pages_updated, 1);
  EXPECT_EQ(story.in_notion(other.page, Story::note), written);
}

TEST(Create, is_noted_anew_before_it_is_sent_when_its_time_was_up) {
  Story story;
  story.make_row(story.some());
  story.make_row(story.some());
  const auto nonces = hear_nonces(story);
  const auto hear = story.fate_of;
  story.fate_of = [&, hear](const sandbox::Request& request) {
    if (request.path == "/v1/pages" && nonces->empty()) story.clock.pass(30 * second_ms);  // the network stalls
    return hear(request);
  };
  const auto report = story.sync();
  // The second one's note was void by the time the network moved again: it is sent under a new one, with a nonce of its
  // own.
  EXPECT_EQ(report.pages_created, 2);
  ASSERT_EQ(nonces->size(), 2);
  EXPECT_EQ((*nonces)[1], "nonce-3") << "it was sent under the note that had run out";
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.pages().size(), 2);
}

// A person trashes the page before its creator has met it: it is adopted as deleted (R4), whichever way trash is found.
class CreateThenTrashed : public testing::TestWithParam<std::pair<TrashQuery, TrashQuery>> {};

TEST_P(CreateThenTrashed, is_adopted_as_deleted) {
  Story story;
  std::tie(story.notion.habits().query_in_trash, story.notion.habits().search_in_trash) = GetParam();
  if (GetParam().first == TrashQuery::honoured) story.postgres.state().trash_query = true;  // as `check` proves it
  const std::string row = story.make_row(story.some());
  story.next_write("POST", Story::Kind::lost_after);
  story.sync();
  story.wait(minute_ms);
  story.trash_page(story.pages().front().id);
  for (int i = 0; i < 3; ++i) story.sync();
  EXPECT_EQ(story.pages().size(), 1) << "made again";
  EXPECT_TRUE(story.postgres.rows().at(row).deleted);
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(FoundBy, CreateThenTrashed,
                         testing::Values(std::pair(TrashQuery::honoured, TrashQuery::honoured),
                                         std::pair(TrashQuery::honoured, TrashQuery::ignored),
                                         std::pair(TrashQuery::refused, TrashQuery::honoured),
                                         std::pair(TrashQuery::ignored, TrashQuery::honoured)));

TEST(Create, of_unknown_outcome_parks_where_the_trash_cannot_be_searched) {
  Story story;
  story.notion.habits().search_in_trash = TrashQuery::ignored;
  const std::string row = story.make_row(story.some());
  const auto nonces = hear_nonces(story, sandbox::Fate{Story::Kind::lost_before, 0, 502});
  for (int i = 0; i < 5; ++i) story.sync();
  EXPECT_EQ(nonces->size(), 1) << "absence was concluded without looking into the trash";
  ASSERT_NE(story.waiting(row), nullptr);
}

// --- late landings: a creation that was given up lands after all

struct LateLanding : testing::Test {
  LateLanding() {
    row = story.make_row(values);
    story.next_write("POST", Story::Kind::lands_later, 8 * minute_ms);
    story.sync();
  }
  void another_page_is_made() {
    EXPECT_EQ(story.sync().pages_created, 1);
    page = story.page_of(row);
  }
  std::string orphan() {
    for (const auto& view : story.pages()) {
      if (view.id != story.page_of(row)) return view.id;
    }
    return {};
  }
  Story story;
  Values values = story.some();
  std::string row, page;
};

TEST_F(LateLanding, of_a_record_that_has_another_page_goes_to_the_trash_R5) {
  another_page_is_made();
  story.wait(5 * minute_ms);
  ASSERT_EQ(story.live_pages(), 2);
  story.sync();
  EXPECT_EQ(story.live_pages(), 1);
  EXPECT_EQ(story.page_of(row), page);
  EXPECT_EQ(story.live_rows(), 1);
  EXPECT_TRUE(story.comes_to_rest());
}

TEST_F(LateLanding, that_a_person_has_edited_is_logged_before_it_goes_to_the_trash_R5) {
  another_page_is_made();
  story.wait(4 * minute_ms);
  ASSERT_EQ(story.live_pages(), 2);
  const Value written = story.fresh("r1", Story::note);
  story.edit_page(orphan(), {{Story::note, written}});
  story.sync();
  EXPECT_EQ(story.live_pages(), 1);
  ASSERT_NE(story.logged(written), nullptr);
}

TEST_F(LateLanding, of_a_record_without_a_page_is_adopted_R5) {
  // Nothing could be made meanwhile: Notion refuses writes.
  story.fate_of = [](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.path != "/v1/pages") return std::nullopt;
    return sandbox::Fate{Story::Kind::refuse_529, 0, 529};
  };
  story.sync();
  EXPECT_EQ(story.live_pages(), 0);
  story.wait(4 * minute_ms);
  ASSERT_EQ(story.live_pages(), 1);
  story.fate_of = nullptr;
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.pages().size(), 1);
  EXPECT_EQ(story.page_of(row), story.pages().front().id);
}

// --- copies

TEST(Duplicate, of_a_page_is_a_record_of_its_own_with_a_nonce_of_its_own) {
  Story story;
  const std::string row = story.make_row(story.some());
  story.sync();
  story.wait(minute_ms);
  const std::string copy = story.duplicate_page(story.page_of(row), story.some());
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.live_pages(), 2);
  EXPECT_EQ(story.live_rows(), 2);
  const std::string new_row = story.row_of(copy);
  ASSERT_FALSE(new_row.empty());
  EXPECT_NE(story.postgres.links().at(new_row).nonce, story.postgres.links().at(row).nonce);
  EXPECT_THAT(story.judge(), testing::IsEmpty());
}

// --- nonce: off

struct WithoutNonce : testing::Test {
  WithoutNonce() {
    story.pair.nonce_id.clear();
    story.pair.book.nonce.clear();
  }
  Story story;
};

TEST_F(WithoutNonce, a_page_is_made_under_its_natural_key_and_found_again_by_it) {
  const std::string row = story.make_row(story.some());
  story.next_write("POST", Story::Kind::lost_after);
  story.sync();
  for (int i = 0; i < 3; ++i) story.sync();
  EXPECT_EQ(story.pages().size(), 1);
  EXPECT_EQ(story.page_of(row), story.pages().front().id);
}

TEST_F(WithoutNonce, an_unknown_outcome_with_more_than_one_hit_parks) {
  const Values values = story.some();
  const std::string row = story.make_row(values);
  story.next_write("POST", Story::Kind::lost_after);
  story.sync();
  story.wait(minute_ms);
  story.duplicate_page(story.pages().front().id, values);
  for (int i = 0; i < 3; ++i) story.sync();
  EXPECT_EQ(story.pages().size(), 2) << "a third page was made";
  EXPECT_TRUE(story.page_of(row).empty()) << "one of the two was guessed";
  ASSERT_NE(story.waiting(row), nullptr);
}

TEST_F(WithoutNonce, a_page_that_has_the_key_already_is_not_made_a_second_time) {
  const Values values = story.some();
  story.synced();
  story.make_row(values);
  bool once = false;
  // A person makes the page after the listing and before the creation; the look-up under the key has it by then.
  story.notion.habits().index_delay_ms = 0;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.path.ends_with("/search") && !std::exchange(once, true)) story.make_page(values);
    return std::nullopt;
  };
  story.sync();
  story.sync();
  EXPECT_EQ(story.pages().size(), 2);
  EXPECT_TRUE(story.comes_to_rest());
  EXPECT_EQ(story.live_rows(), 2);
}

}  // namespace
}  // namespace rowpage::sim
