// What goes wrong: one round of a story is some edits, then a sync with one of these.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <fmt/format.h>

#include "fire/story_run.h"

namespace rowpage::fire {
namespace {

namespace fs = std::filesystem;

}  // namespace

// --- one round: people, then a sync with something wrong ---

void Story::play_round() {
  people_->quiet(2 + below(8));
  if (below(3) != 0) {
    let_time_pass();
    leased_ = false;
  }
  if (asks_ && !leased_ && below(2) == 0) decide();
  const int slow = static_cast<int>(below(2) * (2 + below(15)));
  latency(slow);
  static constexpr void (Story::*kinds[])() = {
      &Story::killed,     &Story::killed,      &Story::killed,      &Story::killed,         &Story::postgres_cut,
      &Story::notion_cut, &Story::both_cut,    &Story::restarted,   &Story::restarted,      &Story::disk_full,
      &Story::disk_full,  &Story::two_at_once, &Story::bad_answers, &Story::people_at_work, &Story::door_shut,
      &Story::terminated, &Story::onlookers};
  (this->*kinds[below(std::size(kinds))])();
  stage_.control("POST", "/faults", json::object{{"faults", json::array()}});
  stage_.to_postgres->cut_after(0, false);
  stage_.to_notion->cut_after(0, false);
  latency(0);
  pause_ms(30);  // what the sandbox has received, it has done by now
  stage_.control("POST", "/clock", json::object{{"advance_s", 5}});
  stage_.person("GET", "/v1/users/me");  // and what was to land later has landed
  people_->time_passed();
}

void Story::killed() {
  const bool with_people = below(2) == 0;
  const auto child = begin();
  let_run(child, 20 + below(below(3) == 0 ? 1500 : 350), with_people);
  ::kill(child.pid, SIGKILL);
  const auto done = stage_.finish(child);
  if (done.code == 128 + SIGKILL) {
    ++result_.tally["kills"];
    leased_ = true;
  }
  expect(done, {0, 3, 128 + SIGKILL}, "kill -9");
  ended(done);
}

void Story::terminated() {
  const auto child = begin();
  let_run(child, 20 + below(350), false);
  ::kill(child.pid, SIGTERM);
  const auto done = stage_.finish(child);
  if (done.code == 130) ++result_.tally["interrupts"];
  expect(done, {0, 3, 130, 128 + SIGTERM}, "SIGTERM");
  ended(done);
}

void Story::cut(bool postgres, bool notion, const std::string& name) {
  const bool reset = below(2) == 0;
  const bool at_a_byte = below(2) == 0;
  if (postgres && at_a_byte)
    stage_.to_postgres->cut_after(static_cast<std::int64_t>(1 + below(below(2) == 0 ? 120'000 : 6'000)), reset);
  if (notion && at_a_byte)
    stage_.to_notion->cut_after(static_cast<std::int64_t>(1 + below(below(2) == 0 ? 60'000 : 5'000)), reset);
  const auto child = begin();
  const bool with_people = below(3) == 0;
  if (!at_a_byte) {
    for (std::size_t times = 1 + below(3); times > 0; --times) {
      let_run(child, 20 + below(200), with_people);
      if (postgres) stage_.to_postgres->cut(reset);
      if (notion) stage_.to_notion->cut(reset);
    }
  }
  let_run(child, 60'000, with_people);
  const auto done = stage_.finish(child);
  ++result_.tally["rounds_cut"];
  leased_ = leased_ || done.code != 0;
  expect(done, {0, 1, 3, 7}, name);
  ended(done);
}
void Story::postgres_cut() {
  cut(true, false, "PostgreSQL's line cut");
}
void Story::notion_cut() {
  cut(false, true, "Notion's line cut");
}
void Story::both_cut() {
  cut(true, true, "both lines cut");
}

// The door to PostgreSQL is shut after a while, and opens again when the program has given up.
void Story::door_shut() {
  const auto child = begin();
  let_run(child, below(250), false);
  stage_.to_postgres->shut(true);
  stage_.to_postgres->cut(below(2) == 0);
  let_run(child, 30'000, false);
  const auto done = stage_.finish(child);
  stage_.to_postgres->shut(false);
  ++result_.tally["rounds_cut"];
  leased_ = true;
  expect(done, {0, 1, 3, 7}, "PostgreSQL out of reach");
  ended(done);
}

void Story::restarted() {
  const bool immediate = below(2) == 0;
  const auto child = begin();
  let_run(child, 20 + below(300), below(2) == 0);
  stage_.sql.hang_up();
  if (auto done = stage_.cluster.restart(immediate); !done) throw std::runtime_error(done.error().what);
  ++result_.tally[immediate ? "restarts_immediate" : "restarts_fast"];
  const auto done = stage_.finish(child);
  leased_ = leased_ || done.code != 0;
  expect(done, {0, 1, 3, 7}, immediate ? "PostgreSQL crashed" : "PostgreSQL restarted");
  ended(done);
}

// The disk the logs are on is full, or nothing can be written there at all. A sync is not for its log.
void Story::disk_full() {
  const fs::path logs = stage_.folder + "/logs", kept = stage_.folder + "/logs.kept";
  std::error_code ignored;
  fs::rename(logs, kept, ignored);
  const auto kind = below(3);
  if (kind == 0) {
    fs::create_directory(logs);
    fs::create_symlink("/dev/full", logs / "sync.log");
  } else if (kind == 1) {
    fs::create_directory(logs);
    fs::create_symlink("/dev/full", logs / "sync.log");
    fs::create_symlink("/dev/full", logs / "last_success.json");
    fs::create_symlink("/dev/full", logs / "last_success.json.new");
  } else {
    std::ofstream(logs.string()) << "no folder";
  }
  const auto child = begin();
  let_run(child, 60'000, below(3) == 0);
  const auto done = stage_.finish(child);
  fs::remove_all(logs);
  fs::rename(kept, logs, ignored);
  ++result_.tally["full_disks"];
  expect(done, {0, 3}, "log disk full");
  ended(done);
}

void Story::two_at_once() {
  const bool wait = below(2) == 0 && !leased_;  // a dead runner's lease is waited for by the minute
  const auto first = begin();
  pause_ms(below(120));
  ++result_.tally["syncs"];
  const auto second = stage_.start(wait ? std::vector<std::string>{"sync", "--json", "--wait"}
                                        : std::vector<std::string>{"sync", "--json"});
  let_run(second, 60'000, below(2) == 0);
  const auto one = stage_.finish(first), other = stage_.finish(second);
  ++result_.tally["double_runs"];
  expect(one, {0, 3, 7}, "first of two");
  expect(other, wait ? std::initializer_list<int>{0, 3} : std::initializer_list<int>{0, 3, 7},
         wait ? "second of two, which waits" : "second of two");
  if (one.code == 7 && other.code == 7 && !leased_) wrong("two at once, and neither did the work");
  ended(one.code == 7 ? other : one);
}

void Story::bad_answers() {
  static constexpr const char* fates[] = {"lost_after",  "lost_before", "committed_503",   "error_before",
                                          "error_after", "html_after",  "truncated_after", "garbage_after",
                                          "refuse_429",  "refuse_529",  "refuse_409",      "lands_later"};
  json::array faults;
  for (std::size_t n = 1 + below(3); n > 0; --n) {
    const char* fate = fates[below(std::size(fates))];
    const bool late = std::string_view(fate) == "lands_later";
    // Only a creation may land late while people edit: a late change would land on what they wrote meanwhile.
    const char* match = late || below(2) == 0 ? "POST /v1/pages" : "PATCH /v1/pages/*";
    faults.push_back(json::object{
        {"fate", fate}, {"match", match}, {"times", 1 + below(2)}, {"delay_ms", 500 + below(400)}, {"status", 502}});
  }
  stage_.control("POST", "/faults", json::object{{"faults", faults}});
  const auto child = begin();
  let_run(child, 60'000, false);
  const auto done = stage_.finish(child);
  const auto waiting = stage_.control("GET", "/faults");
  const auto* left = find_array(waiting, "faults");
  result_.tally["bad_answers"] += faults.size() - std::min(faults.size(), left ? left->size() : 0);
  expect(done, {0, 1, 3}, "bad answers");
  ended(done);
}

void Story::people_at_work() {
  latency(10);
  const auto child = begin();
  let_run(child, 60'000, true);
  const auto done = stage_.finish(child);
  ++result_.tally["busy_runs"];
  expect(done, {0, 3}, "people at work");
  ended(done);
}

// Who only looks takes no lease and changes nothing, whatever else goes on.
void Story::onlookers() {
  const auto child = begin();
  pause_ms(below(100));
  static const std::vector<std::string> looks[] = {{"plan", "--json"},
                                                   {"status", "--json"},
                                                   {"check", "--json"},
                                                   {"conflicts", "list", "--json"},
                                                   {"report", "--json"}};
  const auto& look = looks[below(std::size(looks))];
  const auto seen = stage_.run(look);
  const auto done = stage_.finish(child);
  ++result_.tally["onlookers"];
  tell(fmt::format("{} meanwhile: exit {}", look.front(), seen.code));
  const bool allowed = seen.code == 0 || (asks_ && seen.code == 4 && look.front() == "plan");
  if (!allowed) wrong(fmt::format("{} beside a sync: exit {}\n{}{}", look.front(), seen.code, seen.out, seen.err));
  expect(done, {0, 3}, "a sync that is looked at");
  ended(done);
}

}  // namespace rowpage::fire
