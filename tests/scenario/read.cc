#include <algorithm>

#include "core/text.h"
#include "scenario/reader.h"

namespace rowpage::scenario {

Scenario Reader::read() {
  if (text_.size() > max_bytes)
    throw Mistake{1, "the file has more than " + std::to_string(max_bytes / 1024) + " KiB", "Tell a shorter story."};
  if (!valid_utf8(text_)) throw Mistake{1, "the file is not UTF-8", "Save it as UTF-8."};
  int number = 0;
  for (std::size_t at = 0; at < text_.size();) {
    const std::size_t end = std::min(text_.find('\n', at), text_.size());
    std::string_view line = text_.substr(at, end - at);
    at = end + 1;
    if (++number > static_cast<int>(max_lines))
      throw Mistake{number, "more than " + std::to_string(max_lines) + " lines", "Tell a shorter story."};
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > max_line_bytes)
      throw Mistake{number, "the line is longer than 8192 bytes", "Use shorter values."};
    const std::string_view trimmed = trim(line);
    if (trimmed.starts_with('#')) {
      if (section_ == Section::none && !line.starts_with(' '))
        scenario_.worry += (scenario_.worry.empty() ? "" : " ") + std::string(trim(trimmed.substr(1)));
      continue;
    }
    if (trimmed.empty()) continue;
    Words words(trimmed, number);
    const bool indented = line.front() == ' ' || line.front() == '\t';
    indented ? content(words, trimmed) : header(words);
  }
  if (scenario_.worry.empty())
    throw Mistake{1, "the file does not open with its worry",
                  "Begin with a comment that says in a line what this is about: # ..."};
  finish();
  return std::move(scenario_);
}

void Reader::header(Words& words) {
  constexpr std::string_view all =
      "One of: world, pair, start, steps, expect, after a crash also. Everything else is indented.";
  if (words.take("pair")) {
    if (pairs_closed_) words.fail("a pair stands after the story has begun", "Say what the pairs are first.");
    if (scenario_.pairs.size() == max_pairs) words.fail("more than 4 pairs");
    PairSpec spec;
    spec.model = words.at_end() ? "Record" : words.name("a model's name");
    words.end("pair Task");
    for (const auto& other : scenario_.pairs) {
      if (other.model == spec.model) words.fail("a second pair is called " + spec.model, "As in: pair Task");
    }
    scenario_.pairs.push_back(std::move(spec));
    section_ = Section::pair;
    return;
  }
  if (words.take("world")) {
    words.end("world");
    section_ = Section::world;
    return;
  }
  close_pairs();
  if (words.take("start")) {
    words.end("start");
    if (!scenario_.steps.empty()) words.fail("the start stands after the steps", "Say how it starts first.");
    section_ = Section::start;
    start_grids_.assign(scenario_.pairs.size(), false);
  } else if (words.take("steps")) {
    words.end("steps");
    section_ = Section::steps;
  } else if (words.take("expect")) {
    words.end("expect");
    section_ = Section::expect;
    Step step;
    step.kind = Step::Kind::expect;
    step.line = words.line();
    step.number = static_cast<std::int64_t>(scenario_.expects.size());
    scenario_.steps.push_back(std::move(step));
    scenario_.expects.emplace_back().line = words.line();
    scenario_.expects.back().grids.assign(scenario_.pairs.size(), false);
  } else if (words.take("after a crash also")) {
    words.end("after a crash also");
    if (scenario_.expects.empty())
      words.fail("\"after a crash also\" stands before what is expected", "Put it at the end.");
    section_ = Section::after_crash;
    scenario_.after_crash.emplace_back().line = words.line();
    scenario_.after_crash.back().grids.assign(scenario_.pairs.size(), false);
  } else {
    words.fail("\"" + words.name("a section").substr(0, 60) + "\" is no section", std::string(all));
  }
  columns_.clear();
}

void Reader::content(Words& words, std::string_view line) {
  switch (section_) {
    case Section::none:
      words.fail("there is no section yet", "One of: world, pair, start, steps, expect");
    case Section::world:
      scenario_.world.push_back(circumstance(words));
      return;
    case Section::pair:
      return pair_line(words);
    case Section::start:
      return start_line(words, line);
    case Section::steps:
      return step_line(words);
    case Section::expect:
      return expect_line(words, line, scenario_.expects.back());
    case Section::after_crash:
      return expect_line(words, line, scenario_.after_crash.back());
  }
}

void Reader::finish() {
  close_pairs();
  const auto& steps = scenario_.steps;
  if (steps.empty() || steps.back().kind != Step::Kind::expect)
    throw Mistake{steps.empty() ? 1 : steps.back().line, "the scenario does not end with what is expected",
                  "End it with a section: expect"};
  if (std::ranges::none_of(steps, [](const Step& step) { return step.kind == Step::Kind::sync; }))
    throw Mistake{1, "sync is never run", "As in: steps, then indented: sync"};
  for (const auto& defaults : scenario_.defaults) {
    const bool any = std::ranges::any_of(defaults, [](const Value& value) { return !is_null(value); });
    if (any && scenario_.pairs.size() > 1)
      throw Mistake{1, "a column has a default, and there are several pairs", "Tell it with one pair."};
  }
  const Expect& last = scenario_.expects.back();
  for (std::size_t i = 0; i < scenario_.pairs.size(); ++i) {
    if (!last.grids[i])
      throw Mistake{
          last.line, "the last expectation has no table of " + scenario_.pairs[i].model,
          "Begin it with the line of its columns, even if nothing is left: " + scenario_.pairs[i].model + " | Name"};
  }
  for (const auto& other : scenario_.after_crash) {
    if (other.because.empty())
      throw Mistake{other.line, "what a crash may change has no reason",
                    "As in: because \"the edit fell between reading and writing\""};
  }
}

// --- records

std::size_t Reader::known(const Words& words, const std::string& record) const {
  if (const auto found = records_.find(record); found != records_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, pair] : records_) names.push_back(name);
  std::string hint = "Records are named in the start, or by make, insert and duplicate.";
  if (const auto near = nearest(record, names, 1); !near.empty()) hint = "Did you mean " + near.front() + "?";
  words.fail("there is no record " + record.substr(0, 60) + " by then", std::move(hint));
}

std::string Reader::need_record(Words& words) {
  std::string record = words.name("a record's name");
  known(words, record);
  return record;
}

std::string Reader::new_record(const Words& words, const std::string& record, std::size_t pair) {
  if (record.empty()) words.fail("the record has no name to call it by", "As in: make \"\" as Nameless");
  if (records_.size() == max_records) words.fail("more than 400 records", "Tell a shorter story.");
  if (!records_.emplace(record, pair).second)
    words.fail("another record is called " + record.substr(0, 60) + " already",
               "Call this one something else: make Alpha as Alpha2");
  return record;
}

Value Reader::cell(const Words& words, std::size_t pair, std::size_t field, const std::string& text) const {
  const Field& as = scenario_.pairs[pair].fields[field];
  const auto bad = [&](const char* what, const char* example) {
    words.fail(as.property + ": \"" + text.substr(0, 60) + "\" is no " + what, std::string("As in: ") + example);
  };
  if (text.empty()) return Null{};
  switch (as.type) {
    case FieldType::number: {
      char* end = nullptr;
      const double number = std::strtod(text.c_str(), &end);
      if (end != text.c_str() + text.size() || number - number != 0) bad("number", "12.5");
      return number;
    }
    case FieldType::checkbox:
      if (text != "true" && text != "false") bad("checkbox", "true, false");
      return text == "true";
    case FieldType::date: {
      const auto time = parse_time(text);
      if (!time) bad("date", "2026-11-20, 2026-11-20T09:30Z");
      return DateSpan{time->ms, std::nullopt, time->has_time};
    }
    case FieldType::multi_select:
    case FieldType::relation:
      return make_list(split_names(text));
    default:
      return text;
  }
}

std::vector<Change> Reader::changes(Words& words, std::size_t pair) {
  std::vector<Change> set;
  do {
    const std::size_t field = need_field(words, pair);
    words.need_mark('=', "Note = \"some text\"");
    const Field& as = scenario_.pairs[pair].fields[field];
    if (as.type == FieldType::multi_select || as.type == FieldType::relation) {
      const auto names = words.list();
      if (as.is_relation()) {
        for (const auto& name : names) known(words, name);
      }
      set.push_back({field, make_list(names)});
    } else {
      set.push_back({field, cell(words, pair, field, words.value())});
    }
    for (std::size_t i = 0; i + 1 < set.size(); ++i) {
      if (set[i].field == field) words.fail(as.property + " is set twice");
    }
  } while (words.take_mark(','));
  words.end("edit Alpha Note = \"some text\", Score = 3");
  return set;
}

Result<Scenario> parse_scenario(std::string_view text, std::string_view file) {
  try {
    return Reader(text).read();
  } catch (const Mistake& mistake) {
    return fail(
        {Effect::none, Scope::workspace, Cause::usage,
         std::string(file) + ":" + std::to_string(mistake.line) + ": " + mistake.what,
         mistake.hint.empty() ? "tests/scenario/README.md describes the format, with an example." : mistake.hint});
  }
}

}  // namespace rowpage::scenario
