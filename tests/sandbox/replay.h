// Plays a recorded conversation with the real service against a fresh stand-in and compares answer by answer.
//
// The stand-in begins with what the conversation shows but did not make: every such object is imported from the first
// answer that shows it. From then on each answer is the model's own. Ids the model makes are tied to the recorded ones
// where both first appear, and requests are rewritten accordingly. An exchange whose own answer an object was imported
// from proves only that the object is shown in the right shape; it is counted as an echo, all others as determined.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sandbox/importer.h"
#include "sandbox/notion_model.h"

namespace rowpage::sandbox {

struct Recorded {
  json::value line;
  std::size_t index = 0;
};

struct Verdict {
  std::string file;
  std::size_t index = 0;
  std::string request;  // "POST /v1/pages"
  bool agrees = false;
  bool echo = false;
  bool listed = true;  // among the endpoints the contract names
  std::string reason;  // first difference
};

class Replay {
 public:
  Replay(std::string file, std::vector<Recorded> exchanges);
  std::vector<Verdict> run();

 private:
  void find_made();
  void import_people();
  void import_shown(const Recorded& exchange);
  void import_one(const std::string& id);
  void import_named(const json::value& value);
  void import_missing(const Recorded& exchange);
  void act_as_first_maker();
  void stub_related(const json::value& value);
  void act_as_sender(const Recorded& exchange);
  void collect(const json::value& value, std::size_t index, bool made_here);
  bool below_made(const json::value& object) const;
  Verdict play(const Recorded& exchange);
  json::value rewritten(const json::value& value) const;
  std::string rewritten_text(const std::string& text) const;
  std::string rewritten_path(const std::string& path) const;
  void note_colors(const json::value& value);
  void set_clock(const json::value& answer);

  /// Empty when they agree; else the place and the difference.
  std::string compare(const json::value& want, const json::value& got, const std::string& place, std::string_view key);
  std::string compare_results(const json::value& want, const json::value& got, bool trimmed, bool any_order);
  bool old_answer(const json::value& object) const;

  std::string file_;
  std::vector<Recorded> exchanges_;
  Millis clock_ = 0;
  NotionModel model_;
  Importer importer_;
  std::map<std::string, std::string> alias_;  // recorded id -> the model's
  std::map<std::string, std::string> taken_;  // the model's id -> recorded
  std::map<std::string, std::string> cursors_;
  std::set<std::string> made_;                      // ids the conversation makes
  std::map<std::string, std::size_t> first_shown_;  // importable id -> exchange
  std::map<std::string, json::value> shown_as_;
  std::vector<std::string> import_order_;
  std::set<std::string> imported_;
  std::set<std::pair<std::string, std::string>> colors_asked_;
  std::set<std::size_t> echoes_;
};

}  // namespace rowpage::sandbox
