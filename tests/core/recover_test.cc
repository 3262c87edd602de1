// What became of a request whose answer never came: the verdicts, and the shadows that follow from them.
#include "core/recover.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/make.h"

namespace rowpage {
namespace {

struct Recover : testing::Test {
  Recover() {
    pending.kind = RequestKind::update;
    pending.page_id = "page";
    pending.intended = {{0, text("ours")}};
    pending.found = {{0, text("before")}};
    pending.send_by_ms = 1'000'000;
    page.id = "page";
    page.values = {text("before")};
    link.page_shadow = link.row_shadow = {text("before")};
  }
  Millis over() const { return pending.send_by_ms + pair.bounds.landing_ms + 1; }
  Fate judged(const char* shown, Millis now) {
    page.values = {text(shown)};
    return judge_write(pair, pending, page, link, now);
  }
  Pair pair = text_pair(1);
  Pending pending;
  Page page;
  Link link;
};

TEST_F(Recover, an_update_that_shows_has_landed_at_any_time) {
  EXPECT_EQ(judged("ours", 0), Fate::landed);
  EXPECT_EQ(judged("ours", over()), Fate::landed);
}

TEST_F(Recover, an_update_that_does_not_show_may_still_land_until_the_bound_has_passed) {
  EXPECT_EQ(judged("before", over() - 1), Fate::wait);
  EXPECT_EQ(judged("before", over()), Fate::not_landed);
  EXPECT_EQ(judged("theirs", over() - 1), Fate::wait);
  EXPECT_EQ(judged("theirs", over()), Fate::not_landed);
}

TEST_F(Recover, an_update_that_would_change_nothing_proves_nothing_until_the_bound_has_passed) {
  pending.intended = {{0, text("before")}};
  EXPECT_EQ(judged("before", 0), Fate::wait);
  EXPECT_EQ(judged("before", over()), Fate::landed);
}

TEST_F(Recover, trash_and_restore_are_judged_by_where_the_page_is) {
  pending.kind = RequestKind::trash;
  EXPECT_EQ(judged("before", 0), Fate::wait);
  EXPECT_EQ(judged("before", over()), Fate::not_landed);
  page.in_trash = true;
  EXPECT_EQ(judged("before", 0), Fate::landed);
  pending.kind = RequestKind::restore;
  EXPECT_EQ(judged("before", over()), Fate::not_landed);
}

TEST_F(Recover, absence_needs_a_complete_look_that_began_after_both_bounds) {
  const Millis late = pending.send_by_ms + pair.bounds.landing_ms + pair.bounds.index_ms + 1;
  EXPECT_EQ(judge_absence(pair, pending, true, late), Fate::not_landed);
  EXPECT_EQ(judge_absence(pair, pending, true, late - 1), Fate::wait);
  EXPECT_EQ(judge_absence(pair, pending, false, late + day_ms), Fate::wait);
}

TEST_F(Recover, the_next_look_comes_when_a_verdict_is_possible) {
  EXPECT_EQ(judge_write(pair, pending, page, link, next_look(pair, pending)), Fate::not_landed);
  pending.kind = RequestKind::create;
  EXPECT_EQ(judge_absence(pair, pending, true, next_look(pair, pending)), Fate::not_landed);
}

TEST_F(Recover, what_we_sent_becomes_the_shadow_so_that_it_is_no_edit_R7) {
  page.values = {text("ours")};
  Row row;
  row.values = {text("ours")};
  overlay(pair, pending, page, &row, link);
  EXPECT_EQ(link.page_shadow[0], text("ours"));
  EXPECT_EQ(link.row_shadow[0], text("ours"));
}

TEST_F(Recover, what_a_person_wrote_over_ours_counts_as_changed_since_R7) {
  page.values = {text("theirs")};
  Row row;
  row.values = {text("ours")};
  overlay(pair, pending, page, &row, link);
  EXPECT_EQ(link.page_shadow[0], text("ours"));
  EXPECT_EQ(link.row_shadow[0], text("ours"));
}

TEST_F(Recover, a_field_that_did_not_move_keeps_its_shadow) {
  Row row;
  row.values = {text("ours")};
  overlay(pair, pending, page, &row, link);
  EXPECT_EQ(link.page_shadow[0], text("before"));
}

TEST_F(Recover, an_adopted_page_has_what_we_sent_for_its_shadow_not_what_it_shows) {
  Page found;
  found.id = "found";
  found.values = {text("edited since")};
  Row row;
  row.key = "key";
  row.values = {text("ours")};
  const Link made = adopt(pair, pending.intended, "nonce", found, &row, "key");
  EXPECT_EQ(made.page_id, "found");
  EXPECT_EQ(made.nonce, "nonce");
  EXPECT_EQ(made.page_shadow[0], text("ours")) << "or the edit would be lost";
  EXPECT_EQ(made.row_shadow[0], text("ours"));
}

TEST_F(Recover, a_row_edited_since_we_sent_counts_as_changed_after_adoption) {
  Page found;
  found.values = {text("ours")};
  Row row;
  row.values = {text("edited since")};
  const Link made = adopt(pair, pending.intended, "nonce", found, &row, "key");
  EXPECT_EQ(made.row_shadow[0], text("ours"));
}

TEST_F(Recover, of_several_pages_with_one_nonce_the_oldest_is_the_original) {
  std::vector<Page> pages(3);
  for (auto& copy : pages) copy.values = {text("other")};
  pages[0].created_ms = 2 * minute_ms;
  pages[1].created_ms = minute_ms;
  pages[2].created_ms = 3 * minute_ms;
  EXPECT_EQ(&original_of(pages, pending.intended), &pages[1]);
  pages[2].created_ms = minute_ms;
  pages[2].values = {text("ours")};
  EXPECT_EQ(&original_of(pages, pending.intended), &pages[2]) << "of one minute, the one that shows what we sent";
}

}  // namespace
}  // namespace rowpage
