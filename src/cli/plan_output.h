// A plan as it is made: shown line by line, collected for --json, written to a file.
#pragma once

#include <fstream>
#include <string>

#include "cli/describe.h"
#include "cli/output.h"
#include "cli/runner.h"

namespace rowpage {

class PlanOutput : public PlanSink {
 public:
  explicit PlanOutput(Output& output) : output_(output) {}

  /// Also writes every action to `path` as {"version":1,"actions":[...]}.
  Status to_file(const std::string& path);

  void action(const Pair& pair, const Action& action) override;

  /// Ends the file. An error: it is not whole.
  Status finish();

  std::uint64_t actions() const { return actions_; }
  void add_to(json::object& object) { object["actions"] = std::move(collected_); }

 private:
  Output& output_;
  std::string model_;
  std::uint64_t actions_ = 0, shown_ = 0;
  json::array collected_;
  std::string path_;
  std::ofstream file_;
};

/// The figures and errors of a run for people.
void show_outcome(Output& output, const RunOutcome& outcome, bool planned);

}  // namespace rowpage
