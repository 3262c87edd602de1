// What the reader of a scenario knows while it reads: the pairs and the records there are by then. Internal.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/scenario.h"
#include "scenario/words.h"

namespace rowpage::scenario {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  Scenario read();

 private:
  enum class Section { none, world, pair, start, steps, expect, after_crash };

  void header(Words& words);
  void content(Words& words, std::string_view line);
  void finish();

  // --- pairs (read_pair.cc)
  void pair_line(Words& words);
  void fields(Words& words);
  void policy(Words& words, PairSpec& spec, const std::string& key);
  void close_pairs();
  std::size_t pair_named(const Words& words, const std::string& model) const;
  std::size_t pair_here(Words& words);
  std::size_t field_named(const Words& words, std::size_t pair, const std::string& name) const;
  std::size_t need_field(Words& words, std::size_t pair) {
    return field_named(words, pair, words.name("a field's name"));
  }

  // --- records
  std::size_t known(const Words& words, const std::string& record) const;
  std::string need_record(Words& words);
  std::string new_record(const Words& words, const std::string& record, std::size_t pair);
  Value cell(const Words& words, std::size_t pair, std::size_t field, const std::string& text) const;
  std::vector<Change> changes(Words& words, std::size_t pair);

  // --- steps (read_steps.cc)
  void step_line(Words& words);
  Step step(Words& words);
  Step deed(Words& words, Side side);
  void notion_deed(Words& words, Step& step, const std::string& verb);
  void supabase_deed(Words& words, Step& step, const std::string& verb);
  bool link_deed(Words& words, Step& step, const std::string& verb);
  Step luck(Words& words);
  Step sync(Words& words);
  Circumstance circumstance(Words& words);

  // --- grids and expectations (read_expect.cc)
  void grid_line(Words& words, std::string_view line, std::vector<GridLine>& lines, std::vector<bool>& grids);
  void start_line(Words& words, std::string_view line);
  void expect_line(Words& words, std::string_view line, Expect& expect);
  Expect::Logged logged(Words& words);

  std::string_view text_;
  Scenario scenario_;
  Section section_ = Section::none;
  bool pairs_closed_ = false;
  std::map<std::string, std::size_t> records_;  // by the name steps call them by: their pair
  // Of the grid being read:
  std::size_t grid_pair_ = 0;
  std::vector<std::string> columns_;
  std::vector<bool> start_grids_;
};

/// One of the words, or a Mistake that names them.
template <class T>
T one_of(const Words& words, std::string_view what, const std::string& word,
         std::initializer_list<std::pair<std::string_view, T>> table) {
  std::string all;
  for (const auto& [name, value] : table) {
    if (name == word) return value;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  words.fail(std::string(what) + ": \"" + word.substr(0, 60) + "\" is not known", "One of: " + all);
}

}  // namespace rowpage::scenario
