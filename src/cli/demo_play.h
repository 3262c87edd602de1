// What every play on the demo's stage has in common: chapters, waiting for Notion's index, syncs, the verdict.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/demo_world.h"
#include "cli/output.h"
#include "cli/runner.h"
#include "cli/session.h"

namespace rowpage {

class DemoPlay {
 public:
  struct Stage {
    DemoWorld& world;
    Session& session;
    Output& output;
  };
  explicit DemoPlay(const Stage& stage) : world_(stage.world), session_(stage.session), output_(stage.output) {}
  virtual ~DemoPlay() = default;

  /// From an empty stage to the end. An error whose text begins "the demo found a fault" is a claim that did not hold.
  virtual Status play() = 0;

  /// Every figure, for --json.
  json::object take_object() { return std::move(object_); }

 protected:
  void chapter(std::string_view title) { output_.line("\n" + output_.bold(title)); }
  void line(std::string_view text) { output_.line(text); }
  /// A longer text, each of its lines broken at blanks, behind so many blanks.
  void paragraph(std::string_view text, std::size_t indent);

  /// Notion's queries show a write only after a while. Nobody waits here: the sandbox's clock is moved. `times`: how
  /// often the usual span.
  Status lag(int times = 1);

  /// One sync of these pairs, or of all. An error of the run, or of a pair not in `may_fail`, ends the play.
  Result<RunOutcome> sync(const char* name, RunRequest request = {}, std::string_view may_fail = {});

  static Status unexpected(std::string what);
  Status still_wanted() const;

  DemoWorld& world_;
  Session& session_;
  Output& output_;
  json::object object_;
};

/// The preset decision-vault: one table, record by record. `quick`: fewer records.
std::unique_ptr<DemoPlay> make_vault_play(const DemoPlay::Stage& stage, bool quick);

/// The preset higherself: sixteen linked databases with about so many records.
std::unique_ptr<DemoPlay> make_higherself_play(const DemoPlay::Stage& stage, std::size_t records);

}  // namespace rowpage
