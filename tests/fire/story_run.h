// A story while it is played. The course of it is in story.cc, what goes wrong in troubles.cc.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "fire/people.h"
#include "fire/stage.h"
#include "fire/story.h"

namespace rowpage::fire {

class Story {
 public:
  Story(PrivateCluster& cluster, std::uint64_t seed, bool verbose);

  StoryResult play();

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : dice_() % bound; }
  void wrong(std::string what) { result_.wrong.push_back(std::move(what)); }
  void tell(const std::string& what) const {
    if (verbose_) std::fprintf(stderr, "  %s\n", what.c_str());
  }
  static void pause_ms(std::size_t ms) { ::usleep(static_cast<useconds_t>(ms) * 1000); }

  std::string make_config();
  void set_up();
  void play_round();
  void heal();
  void judge();
  void look_for_secrets();

  void latency(int ms);
  /// What a sync may answer when something broke under it, or a dead runner's lease still stands.
  void expect(const Ended& ended, std::initializer_list<int> codes, const std::string& when);
  Child begin();
  void ended(const Ended& done);
  void let_time_pass();
  void sync_well();
  /// People go on while it runs, until it ends or `ms` have passed.
  void let_run(const Child& child, std::size_t ms, bool with_people);
  /// Changes whenever anything is written on either side.
  std::string marks();
  /// People settle what waits for them (prefer: ask).
  void decide();

  // One of these happens in a round.
  void killed();
  void terminated();
  void cut(bool postgres, bool notion, const std::string& name);
  void postgres_cut();
  void notion_cut();
  void both_cut();
  void door_shut();
  void restarted();
  void disk_full();
  void two_at_once();
  void bad_answers();
  void people_at_work();
  void onlookers();

  static inline int stages = 0;
  std::uint64_t seed_;
  bool verbose_;
  std::mt19937_64 dice_;
  bool hard_, asks_ = false;
  Stage stage_;
  std::unique_ptr<People> people_;
  StoryResult result_;
  bool leased_ = false;  // a runner that died may still hold the workspace
  std::uint64_t began_ = 0;
};

}  // namespace rowpage::fire
