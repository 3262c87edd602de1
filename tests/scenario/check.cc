#include "scenario/check.h"

#include <algorithm>

#include <fmt/format.h>

namespace rowpage::scenario {
namespace {

using Mark = GridLine::Mark;
using Lines = std::vector<std::string>;

const char* word(Mark mark) {
  constexpr const char* words[] = {"=", "Notion", "Supabase", "trash", "deleted"};
  return words[static_cast<int>(mark)];
}

std::string line_of(Mark mark, const Values& values, const std::vector<std::size_t>& columns) {
  std::string line = word(mark);
  for (const std::size_t i : columns) line += " | " + display(i < values.size() ? values[i] : Value{}, 2000);
  return line;
}

// Lists that should hold the same, as what is missing and what is too much.
void compare(const std::string& where, Lines expected, Lines found, Lines& wrong) {
  std::ranges::sort(expected);
  std::ranges::sort(found);
  Lines missing, extra;
  std::ranges::set_difference(expected, found, std::back_inserter(missing));
  std::ranges::set_difference(found, expected, std::back_inserter(extra));
  for (const auto& line : missing) wrong.push_back(where + ": expected, and is not there: " + line);
  for (const auto& line : extra) wrong.push_back(where + ": not expected: " + line);
}

class Check {
 public:
  Check(ScenarioWorld& world, const Scenario& scenario, const Expect& expect)
      : world_(world), scenario_(scenario), expect_(expect) {}

  void grids(Lines& wrong) {
    for (std::size_t pair = 0; pair < scenario_.pairs.size(); ++pair) {
      if (expect_.grids[pair]) grid(pair, wrong);
    }
  }

  void log(const std::vector<Expect::Logged>& may_log, Lines& wrong) {
    Lines expected, found, allowed;
    for (const auto& one : expect_.logged) expected.push_back(text_of(one));
    for (const auto& one : may_log) allowed.push_back(text_of(one));
    for (std::size_t pair = 0; pair < world_.pairs.size(); ++pair) {
      world_.postgres.use(world_.pairs[pair]);
      const auto conflicts = world_.postgres.conflicts();
      for (const auto& conflict : conflicts) {
        Expect::Logged one;
        one.record = world_.record_of(pair, conflict);
        one.pair = pair;
        one.field = conflict.field;
        one.page = named(pair, conflict.field, conflict.page, Side::notion);
        one.row = named(pair, conflict.field, conflict.row, Side::supabase);
        one.winner = conflict.winner;
        const std::string text = text_of(one);
        const bool surplus = std::ranges::count(found, text) >= std::ranges::count(expected, text);
        if (!surplus || std::ranges::find(allowed, text) == allowed.end()) found.push_back(text);
      }
    }
    compare("conflict log", expected, found, wrong);
  }

  void waiting(Lines& wrong) {
    std::vector<bool> met(expect_.waits.size());
    for (std::size_t pair = 0; pair < world_.pairs.size(); ++pair) {
      world_.postgres.use(world_.pairs[pair]);
      const auto parked = world_.postgres.parked();
      for (const auto& [name, waits] : parked) {
        Conflict as;
        as.key = waits.key;
        as.page_id = waits.page_id;
        const std::string record = world_.record_of(pair, as);
        const auto expected = std::ranges::find_if(expect_.waits, [&](const Expect::Waits& one) {
          const auto i = static_cast<std::size_t>(&one - expect_.waits.data());
          return !met[i] && one.record == record && one.kind == waits.kind &&
                 waits.reason.find(one.part) != std::string::npos;
        });
        if (expected == expect_.waits.end()) {
          wrong.push_back(fmt::format("not expected: {}: {} \"{}\"", name_of(waits.kind), record, waits.reason));
        } else {
          met[static_cast<std::size_t>(expected - expect_.waits.begin())] = true;
        }
      }
    }
    for (std::size_t i = 0; i < met.size(); ++i) {
      const auto& one = expect_.waits[i];
      if (!met[i])
        wrong.push_back(fmt::format("line {}: {} \"{}\" is not {}", one.line, one.record, one.part, name_of(one.kind)));
    }
  }

  void open_requests(Lines& wrong) {
    if (std::ranges::any_of(expect_.waits, [](const auto& one) { return one.kind == Parked::Kind::waiting; })) return;
    for (const auto& pair : world_.pairs) {
      world_.postgres.use(pair);
      for (const auto& [nonce, request] : world_.postgres.open_requests())
        wrong.push_back(fmt::format("I7: a request is still open: {} of {}", name_of(request.kind), request.key));
    }
  }

  void formatted(Lines& wrong) {
    for (const auto& one : expect_.formatted) {
      if (world_.bold(one.record, one.field) != one.bold)
        wrong.push_back(fmt::format("line {}: the text of {} is {}bold", one.line, one.record, one.bold ? "not " : ""));
    }
  }

 private:
  void grid(std::size_t pair, Lines& wrong) {
    std::vector<std::size_t> columns{0};
    Lines expected, found;
    bool trash = false, deleted = false;
    for (const auto& line : expect_.lines) {
      if (line.pair != pair) continue;
      columns = line.columns;
      trash = trash || line.mark == Mark::trash;
      deleted = deleted || line.mark == Mark::deleted;
      expected.push_back(line_of(line.mark, line.values, line.columns));
    }
    std::vector<ScenarioWorld::RowView> rows = world_.rows(pair);
    const auto as_row = [&](Values values) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (scenario_.pairs[pair].fields[i].type == FieldType::checkbox && is_null(values[i])) values[i] = false;
      }
      return values;
    };
    const auto same = [&](const Values& page, const Values& row) {
      for (std::size_t i = 0; i < page.size(); ++i) {
        const bool back = scenario_.pairs[pair].fields[i].relation.kind == Relation::Kind::back;
        if (!back && page[i] != row[i]) return false;
      }
      return true;
    };
    for (const auto& page : world_.pages(pair)) {
      if (page.trashed && trash) found.push_back(line_of(Mark::trash, page.values, columns));
      if (!page.live) continue;
      const auto row = std::ranges::find_if(rows, [&](const auto& one) {
        return one.live && one.page == page.id && same(page.values, as_row(one.values));
      });
      found.push_back(line_of(row == rows.end() ? Mark::notion : Mark::both, page.values, columns));
      if (row != rows.end()) rows.erase(row);
    }
    for (const auto& row : rows) {
      if (row.live) found.push_back(line_of(Mark::supabase, as_row(row.values), columns));
      if (!row.live && deleted) found.push_back(line_of(Mark::deleted, as_row(row.values), columns));
    }
    compare(scenario_.pairs[pair].model, std::move(expected), std::move(found), wrong);
  }

  // Links in titles, whatever a side names them by.
  Value named(std::size_t pair, std::size_t field, const Value& value, Side side) {
    const Relation& relation = scenario_.pairs[pair].fields[field].relation;
    const auto* list = std::get_if<TextList>(&value);
    if (relation.kind == Relation::Kind::none || !list) return value;
    std::size_t to = 0;
    while (scenario_.pairs[to].model != relation.to) ++to;
    TextList titles;
    for (const auto& name : *list)
      titles.push_back(side == Side::notion ? world_.title_of_page(name) : world_.title_of_row(to, name));
    return make_list(std::move(titles));
  }

  std::string text_of(const Expect::Logged& one) const {
    return fmt::format("{} {}, Notion {}, Supabase {}, {}", one.record,
                       scenario_.pairs[one.pair].fields[one.field].property, display(one.page, 2000),
                       display(one.row, 2000),
                       one.winner ? std::string(name_of(*one.winner)) + " won" : "nobody decided");
  }

  ScenarioWorld& world_;
  const Scenario& scenario_;
  const Expect& expect_;
};

}  // namespace

std::vector<std::string> differences(ScenarioWorld& world, const Scenario& scenario, const Expect& expect, Since since,
                                     bool last, const std::vector<Expect::Logged>& may_log) {
  Lines wrong;
  Check check(world, scenario, expect);
  check.grids(wrong);
  // What is said once is the whole: a log or a waiting list not spoken of is empty, at the end at least.
  if (last || expect.log_given) check.log(may_log, wrong);
  if (last || !expect.waits.empty()) check.waiting(wrong);
  if (last) check.open_requests(wrong);
  check.formatted(wrong);
  if (expect.written) {
    const auto pages = world.page_writes() - since.pages, rows = world.row_writes() - since.rows;
    if (pages != static_cast<std::uint64_t>(expect.written->pages) ||
        rows != static_cast<std::uint64_t>(expect.written->rows))
      wrong.push_back(fmt::format("written: {} pages and {} rows, not {} and {}", pages, rows, expect.written->pages,
                                  expect.written->rows));
  }
  return wrong;
}

}  // namespace rowpage::scenario
