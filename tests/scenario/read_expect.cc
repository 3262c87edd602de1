// Tables of records, at the start and in the end, and what else is expected.
#include <algorithm>

#include "core/text.h"
#include "scenario/reader.h"

namespace rowpage::scenario {

// A table's first line names its columns, after the model (or nothing, where there is one pair only); the others are
// records, each after a mark of where it lives.
void Reader::grid_line(Words& words, std::string_view line, std::vector<GridLine>& lines, std::vector<bool>& grids) {
  const std::vector<std::string> cells = Words(line, words.line()).cells();
  const auto& pairs = scenario_.pairs;
  const bool one = cells[0].empty() && pairs.size() == 1;
  const auto model = std::ranges::find(pairs, cells[0], &PairSpec::model);
  if (one || model != pairs.end()) {
    grid_pair_ = one ? 0 : static_cast<std::size_t>(model - pairs.begin());
    if (grids[grid_pair_]) words.fail("a second table of " + pairs[grid_pair_].model);
    grids[grid_pair_] = true;
    columns_.assign(cells.begin() + 1, cells.end());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i] != "as") field_named(words, grid_pair_, columns_[i]);
      if (std::ranges::count(columns_, columns_[i]) > 1) words.fail("column " + columns_[i] + " stands there twice");
    }
    if (std::ranges::find(columns_, pairs[grid_pair_].fields[0].property) == columns_.end())
      words.fail("the table has no column " + pairs[grid_pair_].fields[0].property,
                 "The title says which record it is.");
    return;
  }
  if (columns_.empty())
    words.fail("the table does not begin with the line of its columns",
               "As in: " + (pairs.size() == 1 ? std::string() : pairs[0].model) + " | Name | Note");
  GridLine record;
  record.line = words.line();
  record.pair = grid_pair_;
  record.mark = one_of<GridLine::Mark>(words, "mark", cells[0],
                                       {{"=", GridLine::Mark::both},
                                        {"Notion", GridLine::Mark::notion},
                                        {"Supabase", GridLine::Mark::supabase},
                                        {"trash", GridLine::Mark::trash},
                                        {"deleted", GridLine::Mark::deleted}});
  if (cells.size() - 1 > columns_.size())
    words.fail("the line has " + std::to_string(cells.size() - 1) + " cells, the table " +
               std::to_string(columns_.size()) + " columns");
  const auto& fields = pairs[grid_pair_].fields;
  record.values.resize(fields.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string text = i + 1 < cells.size() ? cells[i + 1] : std::string();
    if (columns_[i] == "as") {
      record.record = text;
      continue;
    }
    const std::size_t field = field_named(words, grid_pair_, columns_[i]);
    record.columns.push_back(field);
    record.values[field] = cell(words, grid_pair_, field, text);
  }
  lines.push_back(std::move(record));
}

void Reader::start_line(Words& words, std::string_view line) {
  const std::size_t before = scenario_.start.size();
  grid_line(words, line, scenario_.start, start_grids_);
  if (scenario_.start.size() == before) return;
  GridLine& record = scenario_.start.back();
  if (record.mark == GridLine::Mark::trash || record.mark == GridLine::Mark::deleted)
    words.fail("a start shows what lives", "Delete it in the steps.");
  const auto* title = std::get_if<std::string>(&record.values[0]);
  if (record.record.empty() && title) record.record = *title;
  // The two halves of a record that never met are two lines with one name.
  const auto half = std::ranges::find_if(scenario_.start, [&](const GridLine& other) {
    return &other != &record && other.record == record.record && other.pair == record.pair;
  });
  const bool second_half = half != scenario_.start.end() && half->mark != GridLine::Mark::both &&
                           record.mark != GridLine::Mark::both && half->mark != record.mark;
  if (!second_half) new_record(words, record.record, record.pair);
}

void Reader::expect_line(Words& words, std::string_view line, Expect& expect) {
  const auto waits = [&](Parked::Kind kind) {
    Expect::Waits one;
    one.line = words.line();
    one.kind = kind;
    one.record = need_record(words);
    if (!words.at_end()) one.part = words.name("part of the reason");
    words.end("parked: Alpha \"violates CHECK\"");
    expect.waits.push_back(std::move(one));
  };
  if (words.take("logged") && words.take_mark(':')) {
    expect.log_given = true;
    expect.logged.push_back(logged(words));
  } else if (words.take("nothing logged")) {
    expect.log_given = true;
  } else if (words.take("parked") && words.take_mark(':')) {
    waits(Parked::Kind::parked);
  } else if (words.take("waiting") && words.take_mark(':')) {
    waits(Parked::Kind::waiting);
  } else if (words.take("held") && words.take_mark(':')) {
    waits(Parked::Kind::held);
  } else if (words.take("undecided") && words.take_mark(':')) {
    waits(Parked::Kind::undecided);
  } else if (words.take("written") && words.take_mark(':')) {
    Expect::Written written;
    if (!words.take("nothing")) {
      written.pages = words.number("pages", 0, 100'000);
      if (!words.take("page")) words.need("pages", "written: 1 page, 2 rows");
      words.need_mark(',', "written: 1 page, 2 rows");
      written.rows = words.number("rows", 0, 100'000);
      if (!words.take("row")) words.need("rows", "written: 1 page, 2 rows");
    }
    words.end("written: nothing");
    expect.written = written;
  } else if (words.rest().starts_with("bold") || words.rest().starts_with("plain")) {
    Expect::Formatted formatted;
    formatted.line = words.line();
    formatted.bold = words.name("bold") == "bold";
    words.need_mark(':', "bold: Alpha Note");
    formatted.record = need_record(words);
    formatted.field = need_field(words, records_.at(formatted.record));
    words.end("bold: Alpha Note");
    expect.formatted.push_back(std::move(formatted));
  } else if (words.take("not judged because")) {
    expect.no_judge = words.name("the reason");
    words.end("not judged because \"the value was lost between reading and writing, a documented limit\"");
  } else if (section_ == Section::after_crash && words.take("because")) {
    expect.because = words.name("the reason");
    words.end("because \"the edit fell between reading and writing\"");
  } else {
    grid_line(words, line, expect.lines, expect.grids);
  }
}

// logged: Alpha Note, Notion "a", Supabase "b", Notion won
Expect::Logged Reader::logged(Words& words) {
  constexpr std::string_view example = "logged: Alpha Note, Notion \"a\", Supabase \"b\", Notion won";
  Expect::Logged one;
  one.line = words.line();
  one.record = need_record(words);
  one.pair = records_.at(one.record);
  one.field = need_field(words, one.pair);
  const auto value = [&](std::string_view side) {
    words.need_mark(',', example);
    words.need(side, example);
    return cell(words, one.pair, one.field, words.value());
  };
  one.page = value("Notion");
  one.row = value("Supabase");
  words.need_mark(',', example);
  if (words.take("Notion won")) {
    one.winner = Side::notion;
  } else if (words.take("Supabase won")) {
    one.winner = Side::supabase;
  } else {
    words.need("nobody decided", example);
  }
  words.end(example);
  return one;
}

}  // namespace rowpage::scenario
