// Whether the harness would notice: every rule is switched off once, and something must break.
//
// Most rules are missed by random people and bad luck within a few hundred cases. The others need a certain misfortune
// (a crash between two commits, a request that lands after five minutes), which would take random cases too long to
// meet; each of those has a story in which the whole engine keeps its promise and the mutant does not. A mutant that
// survives means that a promise is not tested, which is as bad as one that is not kept.
#include <cstdlib>
#include <functional>

#include "sim/cases.h"
#include "sim/linked_world.h"
#include "sim/story.h"

namespace rowpage::sim {
namespace {

using Broken = std::string;  // the promise that was broken; empty: all kept

// R4: a creation of unknown outcome that lands within the bounds, looked for at every moment: nothing is made twice.
// (What is made twice is cleared away again later, R5; nobody should have to see it.)
Broken looked_for_too_early() {
  for (const Millis pause : {5 * second_ms, 30 * second_ms, 85 * second_ms, 100 * second_ms, 150 * second_ms}) {
    Story story;
    story.notion.habits().index_delay_ms = 110 * second_ms;
    story.make_row(story.some());
    story.next_write("POST", Story::Kind::lands_later, 55 * second_ms);
    story.sync();
    for (Millis passed = 0; passed < 10 * minute_ms; passed += pause) {
      story.wait(pause);
      story.sync_now();
    }
    if (story.pages().size() != 1) return "a second page was made while the first was still to show";
  }
  return "";
}

// R4: a look that cannot see the trash proves nothing. The page is there, and a person has trashed it meanwhile.
Broken trash_cannot_be_searched() {
  Story story;
  story.notion.habits().search_in_trash = sandbox::Habits::TrashQuery::ignored;
  story.make_row(story.some());
  story.next_write("POST", Story::Kind::lost_after);
  story.sync();
  story.clock.pass(minute_ms);
  story.trash_page(story.pages().front().id);
  for (int i = 0; i < 3; ++i) story.sync();
  return story.pages().size() == 1 ? "" : "a page that a person had trashed was made a second time";
}

// R9: a person moves the page to another place.
Broken page_out_of_sight() {
  Story story;
  const auto record = story.synced();
  story.move_away(record.page);
  story.full_sync();
  return story.live_rows() == 1 ? "" : "a page out of sight was taken for a deleted one";
}

// R10: somebody edits the page after it was listed and before we write to it.
Broken edit_between_listing_and_write() {
  Story story;
  const auto record = story.synced();
  story.edit_row(record.row, {{Story::score, story.fresh("r1", Story::score)}});
  const Value written = story.fresh("r1", Story::score);
  bool once = false;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.path.ends_with("/query") && !std::exchange(once, true))
      story.edit_page(record.page, {{Story::score, written}});
    return std::nullopt;
  };
  story.sync();
  const bool kept = story.in_notion(record.page, Story::score) == written || story.logged(written);
  return kept ? "" : "an edit made after the listing was overwritten and is in no log";
}

// R13: an edit that the index shows only after the watermark has passed its minute.
Broken index_is_slow() {
  Story story;
  story.notion.habits().index_delay_ms = 110 * second_ms;
  const auto record = story.synced();
  story.clock.pass(minute_ms - story.clock.now() % minute_ms + 50 * second_ms);
  const Value written = story.fresh("r1", Story::note);
  story.edit_page(record.page, {{Story::note, written}});
  story.clock.pass(20 * second_ms);
  story.sync_now();
  story.sync();
  story.sync();
  return story.in_supabase(record.row, Story::note) == written ? "" : "an edit fell behind the watermark";
}

// The listing takes eight minutes (a small budget, many pages), and a page already listed is edited meanwhile.
Broken long_listing() {
  Story story;
  const std::string first = story.make_page(story.some());
  story.clock.pass(minute_ms);  // so that it stands on the first page of the listing
  for (int i = 0; i < 100; ++i) story.make_page(story.some());
  const Value written = story.fresh("r1", Story::note);
  int queries = 0;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (!request.path.ends_with("/query") || ++queries != 2) return std::nullopt;
    story.edit_page(first, {{Story::note, written}});
    story.clock.pass(8 * minute_ms);
    return std::nullopt;
  };
  story.sync();
  story.sync();
  story.sync();
  return story.in_supabase(story.row_of(first), Story::note) == written
             ? ""
             : "an edit made during the listing was passed over";
}

// R3, R5: a creation given up lands after all, when its record has another page.
Broken late_landing() {
  Story story;
  story.make_row(story.some());
  story.next_write("POST", Story::Kind::lands_later, 6 * minute_ms);
  story.sync();
  story.sync();                     // given up, and made once more
  story.clock.pass(2 * minute_ms);  // the first one lands
  story.sync();
  story.sync();
  return story.live_pages() == 1 && story.live_rows() == 1 ? "" : "one record has two pages or two rows";
}

// R12: the row is edited between our reading and our writing.
Broken row_moves_under_us() {
  Story story;
  const auto record = story.synced();
  const Value theirs = story.fresh("r1", Story::note);
  story.edit_page(record.page, {{Story::note, story.fresh("r1", Story::note)}});
  story.clock.pass(5 * minute_ms);
  // The first request lists the pages, upon which their rows are read; the second asks for the trash.
  int requests = 0;
  story.fate_of = [&](const sandbox::Request&) -> std::optional<sandbox::Fate> {
    if (++requests == 2) story.edit_row(record.row, {{Story::note, theirs}});
    return std::nullopt;
  };
  story.sync_now();
  story.sync();
  const bool kept = story.in_supabase(record.row, Story::note) == theirs || story.logged(theirs);
  return kept ? "" : "an edit of the row made under us was overwritten and is in no log";
}

// I11: right after our write the index still shows the page as it was.
Broken listing_is_stale() {
  Story story;
  const auto record = story.synced();
  story.edit_page(record.page, {{Story::note, story.fresh("r1", Story::note)}});
  story.clock.pass(90 * second_ms);
  story.sync_now();
  const Value written = story.fresh("r1", Story::score);
  story.edit_row(record.row, {{Story::score, written}});
  story.sync_now();
  story.clock.pass(second_ms);
  story.sync_now();
  return story.in_supabase(record.row, Story::score) == written ? "" : "a value known to be superseded was put back";
}

// R14: one record is new, another deleted: what is made comes before what is taken away.
Broken order_of_writes() {
  Story story;
  const auto record = story.synced();
  story.delete_row(record.row, false);
  story.make_row(story.some());
  std::vector<std::string> order;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (!Story::reads(request)) order.push_back(request.method);
    return std::nullopt;
  };
  story.sync();
  return order == std::vector<std::string>{"POST", "PATCH"} ? "" : "a page was trashed before another was made";
}

// I9: most rows are deleted by accident.
Broken mass_deletion() {
  Story story;
  for (const auto& record : story.synced(8)) {
    if (story.live_rows() > 1) story.delete_row(record.row, false);
  }
  story.sync();
  return story.live_pages() == 8 ? "" : "seven of eight pages were trashed without being asked";
}

// The process dies between taking the captured change and acting on it.
Broken crash_after_taking_changes() {
  for (std::uint64_t step = 1; step <= 6; ++step) {
    Story story;
    const auto record = story.synced();
    const Value written = story.fresh("r1", Story::note);
    story.edit_row(record.row, {{Story::note, written}});
    story.clock.pass(5 * minute_ms);
    story.crash.arm(step);
    story.cycle();
    story.crash.disarm();
    for (int i = 0; i < 3; ++i) story.sync();
    if (story.in_notion(record.page, Story::note) != written) return "a captured change was forgotten";
  }
  return "";
}

// Two pages have the name of one row.
Broken ambiguous_name() {
  Story story;
  const Values values = story.some();
  story.make_page(values);
  story.make_page(values);
  story.postgres.insert(story.pair, values);
  story.sync();
  return story.postgres.links().empty() ? "" : "one of two equal candidates was guessed";
}

// A link made at the other end of a relation, whose owner does not seem edited. (The full scan would find it, a day
// late.)
Broken deaf_to_the_other_end() {
  LinkedWorld world(1);
  world.notion.habits().back_ends_bump = false;
  world.make_row(0, "p");
  world.make_row(1, "t");
  world.come_to_rest();
  world.set_links(world.page_of(0, "p"), "Helps", {world.page_of(1, "t")});
  world.clock.pass(5 * minute_ms);
  world.cycle();
  return world.postgres.joins("public.task_people").size() == 1 ? "" : "a link made at the other end was not followed";
}

// Notion hides links to pages in the trash.
Broken target_in_the_trash() {
  LinkedWorld world(1);
  world.make_row(0, "p");
  world.make_row(1, "t");
  world.postgres.link("public.task_people", "t", "p");
  world.come_to_rest();
  world.trash(world.page_of(0, "p"), true);
  world.come_to_rest();
  return world.postgres.joins("public.task_people").size() == 1
             ? ""
             : "a link was removed because its target is in the trash";
}

// 120 people help with one task; Notion takes 100 in one write.
Broken crowd_of_links() {
  LinkedWorld world(1);
  world.make_row(1, "t");
  for (int i = 0; i < 120; ++i) {
    const std::string name = "p" + std::to_string(i);
    world.make_row(0, name);
    world.postgres.link("public.task_people", "t", name);
  }
  world.come_to_rest();
  return world.links(world.page_of(1, "t"), "Helpers").size() == 120 ? "" : "links beyond the hundredth were left out";
}

// The row is given another person, who is deleted before anybody met them.
Broken replaced_by_a_deleted_one() {
  LinkedWorld world(1);
  world.make_row(0, "p");
  world.make_row(1, "t");
  world.edit_row(1, "t", LinkedWorld::owner, {"p"});
  world.come_to_rest();
  world.make_row(0, "q");
  world.edit_row(1, "t", LinkedWorld::owner, {"q"});
  world.postgres.use(world.pairs[0]);
  world.postgres.soft_delete("q");
  world.come_to_rest();
  return world.links(world.page_of(1, "t"), "Owner").empty() ? "" : "the page shows a link that the row holds no more";
}

// A task waits for another whose page could not be made, and gets a second link meanwhile, whose writing lands 20 s
// late. In the same run the other one's page is made, and what waited for it is taken up.
Broken second_link_in_the_same_run() {
  LinkedWorld world(1);
  for (const char* name : {"t1", "t2"}) world.make_row(1, name);
  world.come_to_rest();
  const auto next = [&](const char* method, sandbox::Fate::Kind kind) {
    bool once = false;
    world.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
      const bool asks = request.path.ends_with("/query") || request.path.ends_with("/search");
      if (request.method != method || asks || std::exchange(once, true)) return std::nullopt;
      return sandbox::Fate{kind, 20 * second_ms, 503};
    };
    world.clock.pass(10 * minute_ms);
    world.cycle();
    world.fate_of = nullptr;
  };
  world.make_row(1, "t3");
  world.postgres.link("public.task_depends", "t1", "t3");
  next("POST", sandbox::Fate::Kind::lost_before);
  world.postgres.link("public.task_depends", "t1", "t2");
  next("PATCH", sandbox::Fate::Kind::lands_later);
  world.come_to_rest();
  const std::size_t shown = world.links(world.page_of(1, "t1"), "Depends").size();
  return shown == 2 && world.postgres.joins("public.task_depends").size() == 2 ? "" : "a link went that nobody took";
}

// 400 rows are new; 180 requests a minute are allowed.
Broken many_new_rows() {
  Story story;
  for (int i = 0; i < 400; ++i) story.make_row(story.some());
  RunOptions allowed;
  allowed.allow_creates = 400;
  story.sync(allowed);
  return story.notion.stats().rate_limited == 0 ? "" : "Notion had to refuse requests beyond the budget";
}

// The machine sleeps for ten minutes after the notes were written and before the second of two creates is sent; that
// one is then lost, and lands, while queries do not show it yet.
Broken sent_long_after_its_note() {
  Story story;
  story.notion.habits().index_delay_ms = 110 * second_ms;
  story.make_row(story.some());
  story.make_row(story.some());
  int creates = 0;
  story.fate_of = [&](const sandbox::Request& request) -> std::optional<sandbox::Fate> {
    if (request.method != "POST" || Story::reads(request)) return std::nullopt;
    if (++creates == 1) story.clock.pass(10 * minute_ms);
    if (creates == 2) return sandbox::Fate{Story::Kind::lost_after, 0, 502};
    return std::nullopt;
  };
  story.sync();
  story.sync_now();
  story.sync();
  return story.pages().size() == 2 ? "" : "a page was made twice, for its request was sent after its note had run out";
}

// `bookkeeping.write: background`: what was noted once is not noted again.
Broken background_bookkeeping() {
  Story story;
  story.pair.book.write = BookkeepingWrite::background;
  story.synced();
  return story.comes_to_rest() ? "" : "every run writes bookkeeping";
}

// Of ten thousand pages of one minute Notion shows a part.
Broken listing_cut_short() {
  Story story;
  const Values values = story.some();
  story.make_page(values);
  story.postgres.insert(story.pair, values);
  story.wait(5 * minute_ms);
  story.faults.partial_told = 1;
  story.sync();
  return story.pages().size() == 1 ? "" : "a page was made for a row whose page had not shown";
}

// A page of ours is archived before we learned of it.
Broken archived_unmet() {
  Story story;
  story.make_row(story.some());
  story.next_write("POST", Story::Kind::lost_after);
  story.sync_now();
  story.archive_page(story.pages().front().id);
  for (int i = 0; i < 3; ++i) story.sync();
  return story.pages().size() == 1 ? "" : "an archived page was made a second time";
}

struct Rule {
  Mutant mutant;
  const char* name;
  std::function<Broken()> story;  // empty: random cases find it
  bool linked = false;            // of two related pairs
};

const Rule rules[] = {
    {Mutant::no_note_before_create, "no_note_before_create", {}},
    {Mutant::retry_create_blindly, "retry_create_blindly", {}},
    {Mutant::look_once_then_retry, "look_once_then_retry", looked_for_too_early},
    {Mutant::ignore_index_bound, "ignore_index_bound", looked_for_too_early},
    {Mutant::accept_partial_absence, "accept_partial_absence", trash_cannot_be_searched},
    {Mutant::orphan_not_in_trash, "orphan_not_in_trash", {}},
    {Mutant::last_writer_wins, "last_writer_wins", {}},
    {Mutant::shadow_before_write, "shadow_before_write", {}},
    {Mutant::loser_logged_late, "loser_logged_late", {}},
    {Mutant::note_without_values, "note_without_values", {}},
    {Mutant::no_quarantine, "no_quarantine", {}},
    {Mutant::absence_is_deletion, "absence_is_deletion", page_out_of_sight},
    {Mutant::no_fresh_read, "no_fresh_read", edit_between_listing_and_write},
    {Mutant::no_overlap, "no_overlap", index_is_slow},
    {Mutant::delete_beats_edit, "delete_beats_edit", {}},
    {Mutant::same_nonce_again, "same_nonce_again", late_landing},
    {Mutant::forget_abandoned, "forget_abandoned", late_landing},
    {Mutant::no_compare_and_set, "no_compare_and_set", row_moves_under_us},
    {Mutant::trust_stale_listing, "trust_stale_listing", listing_is_stale},
    {Mutant::deletes_first, "deletes_first", order_of_writes},
    {Mutant::no_brake, "no_brake", mass_deletion},
    {Mutant::watermark_at_end, "watermark_at_end", long_listing},
    {Mutant::ack_before_apply, "ack_before_apply", crash_after_taking_changes},
    {Mutant::guess_ambiguous, "guess_ambiguous", ambiguous_name},
    {Mutant::copy_is_orphan, "copy_is_orphan", {}},
    {Mutant::vanished_is_removed, "vanished_is_removed", target_in_the_trash},
    {Mutant::links_as_one_value, "links_as_one_value", {}, true},
    {Mutant::forget_waiting_links, "forget_waiting_links", {}, true},
    {Mutant::deaf_back_end, "deaf_back_end", deaf_to_the_other_end},
    {Mutant::links_cut_at_hundred, "links_cut_at_hundred", crowd_of_links},
    {Mutant::no_budget, "no_budget", many_new_rows},
    {Mutant::ignore_send_by, "ignore_send_by", sent_long_after_its_note},
    {Mutant::always_noting, "always_noting", background_bookkeeping},
    {Mutant::no_look_when_cut_short, "no_look_when_cut_short", listing_cut_short},
    {Mutant::archive_not_searched, "archive_not_searched", archived_unmet},
    {Mutant::forget_looks, "forget_looks", deaf_to_the_other_end},
    {Mutant::forget_just_sent, "forget_just_sent", second_link_in_the_same_run},
    {Mutant::former_link_stays, "former_link_stays", replaced_by_a_deleted_one},
};

std::uint64_t budget() {
  const char* text = std::getenv("ROWPAGE_SIM_CASES");
  return text ? std::strtoull(text, nullptr, 10) : 2000;
}

class MutantTest : public testing::TestWithParam<Rule> {};

TEST_P(MutantTest, is_caught) {
  const Rule& rule = GetParam();
  if (rule.story) {
    EXPECT_EQ(rule.story(), "") << "the engine itself does not keep the promise";
    const Without rule_off(rule.mutant);
    const Broken broken = rule.story();
    EXPECT_NE(broken, "") << rule.name << " survives its story";
    std::printf("  %-24s by its story: %s\n", rule.name, broken.c_str());
    return;
  }
  const Without rule_off(rule.mutant);
  for (std::uint64_t seed = 1; seed <= budget(); ++seed) {
    const std::vector<std::string> wrong = rule.linked ? run_linked_case({seed}).wrong : run_case({seed}).wrong;
    if (wrong.empty()) continue;
    std::printf("  %-24s at case %llu: %s\n", rule.name, static_cast<unsigned long long>(seed), wrong.front().c_str());
    RecordProperty("case", static_cast<int>(seed));
    RecordProperty("how", wrong.front());
    return;
  }
  FAIL() << rule.name << " survives " << budget() << " random cases";
}

INSTANTIATE_TEST_SUITE_P(Every, MutantTest, testing::ValuesIn(rules), [](const auto& info) { return info.param.name; });

TEST(Mutants, every_switch_has_its_proof) {
  std::set<Mutant> proved;
  for (const auto& rule : rules) proved.insert(rule.mutant);
  EXPECT_EQ(proved.size() + 1, static_cast<std::size_t>(Mutant::count_))
      << "a switch of core/mutant.h is not in this file";
}

}  // namespace
}  // namespace rowpage::sim
