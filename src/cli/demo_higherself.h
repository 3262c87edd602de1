// The play of the preset higherself: sixteen linked databases of a house for wellness, art and advice, from empty sides
// to a comparison of everything. What must hold is computed from the generated data, or counted by the two sides
// themselves.
#pragma once

#include <string>
#include <string_view>

#include "cli/demo_changes.h"
#include "cli/demo_data.h"
#include "cli/demo_fill.h"
#include "cli/demo_play.h"
#include "cli/demo_records.h"

namespace rowpage {

class HigherselfPlay : public DemoPlay {
 public:
  HigherselfPlay(const Stage& stage, std::size_t records)
      : DemoPlay(stage),
        data_(make_demo_data(records)),
        fill_(world_, session_, data_,
              [this](std::string_view what, std::size_t done, std::size_t of) {
                output_.progress(what, done, of);
                return !session_.clock().interrupted();
              }),
        records_(world_, session_, data_),
        changes_(world_, session_, records_) {}

  Status play() override {
    for (const auto step : {&HigherselfPlay::set_up, &HigherselfPlay::fill, &HigherselfPlay::first_sync,
                            &HigherselfPlay::edit, &HigherselfPlay::second_sync, &HigherselfPlay::restore,
                            &HigherselfPlay::quiet_sync, &HigherselfPlay::broken_pair, &HigherselfPlay::compare}) {
      if (auto wanted = still_wanted(); !wanted) return wanted;
      if (auto done = (this->*step)(); !done) return done;
    }
    return {};
  }

 private:
  Status set_up();
  Status set_up_notion(std::size_t& requests);
  Status fill();
  Status first_sync();
  void tell_load();
  Status tell_models(const RunOutcome& outcome);
  Status tell_requests(const RunOutcome& outcome);
  Status edit();
  Status second_sync();
  Status restore();
  Status tell_stories(std::string_view name);
  Status tell_conflict();
  Status quiet_sync();
  Status broken_pair();
  Status rename(std::string_view from, std::string_view to);
  Status compare();

  Result<std::int64_t> count(const std::string& query);
  Result<std::int64_t> links_of(const PairSpec& pair);
  Result<std::int64_t> requests_necessary(std::int64_t run);
  void tell_run(const RunOutcome& outcome);

  DemoData data_;
  DemoFill fill_;
  DemoRecords records_;
  DemoChanges changes_;
  struct {
    std::int64_t requests = 0;
    Millis took_ms = 0;
  } load_;  // of the first sync
};

/// "12.3 s", and "query 16, search 1".
std::string demo_seconds(Millis ms);
std::string demo_kinds(const DemoWorld::Counters& counters);

}  // namespace rowpage
