// The steps of a scenario: what people do, what luck requests have, when sync is run.
#include "scenario/reader.h"

#include "core/text.h"

namespace rowpage::scenario {
namespace {

using Kind = Step::Kind;

constexpr std::string_view luck_example = "Luck: next create takes effect unanswered";

std::pair<std::string, std::string> option_of(const std::string& chunk) {
  const std::size_t equals = chunk.find('=');
  return {chunk.substr(0, equals), equals == std::string::npos ? std::string() : chunk.substr(equals + 1)};
}

}  // namespace

void Reader::step_line(Words& words) {
  if (scenario_.steps.size() == max_steps) words.fail("more than 400 steps", "Tell a shorter story.");
  const std::string said(words.rest());
  scenario_.steps.push_back(step(words));
  scenario_.steps.back().said = said;
  for (auto& deed : scenario_.steps.back().deed) deed.said = said;
}

Step Reader::step(Words& words) {
  Step step;
  step.line = words.line();
  if (words.take("wait")) {
    step.ms = words.duration("how long");
    if (step.ms > max_wait_ms) words.fail("the wait is longer than two days", "Time is simulated second by second.");
    words.end("wait 3m");
    return step;
  }
  if (words.take("sync")) return sync(words);
  if (words.take("decide")) {
    step.kind = Kind::decide;
    step.record = need_record(words);
    step.pair = records_.at(step.record);
    step.field = need_field(words, step.pair);
    words.need_mark(':', "decide Alpha Note: notion");
    step.side =
        one_of<Side>(words, "decide", words.name("a side"), {{"notion", Side::notion}, {"supabase", Side::supabase}});
    words.end("decide Alpha Note: notion");
    return step;
  }
  const std::string who = words.name("a step");
  if (who == "Luck" && words.take_mark(':')) return luck(words);
  if (who == "World" && words.take_mark(':')) {
    step.kind = Kind::circumstance;
    step.circumstance = circumstance(words);
    return step;
  }
  if (who == "Notion" && words.take_mark(':')) return deed(words, Side::notion);
  if (who == "Supabase" && words.take_mark(':')) return deed(words, Side::supabase);
  words.fail("\"" + who.substr(0, 60) + "\" begins no step",
             "A step begins with: Notion: Supabase: Luck: World: wait, sync or decide");
}

Step Reader::sync(Words& words) {
  Step step;
  step.line = words.line();
  step.kind = Kind::sync;
  Step::Run& run = step.run;
  run.now = words.take("now");
  while (!words.at_end() && words.rest().starts_with("--")) {
    const auto [name, value] = option_of(words.chunk());
    const auto number = [&, &text = value] { return Words(text, words.line()).number("the number", 0, 1'000'000); };
    if (name == "--full" && value.empty()) {
      run.full = true;
    } else if (name == "--dry-run" && value.empty()) {
      run.dry = true;
    } else if (name == "--allow-mapping-change" && value.empty()) {
      run.allow_mapping_change = true;
    } else if (name == "--allow-deletes") {
      run.allow_deletes = number();
    } else if (name == "--allow-rewrites") {
      run.allow_rewrites = number();
    } else if (name == "--allow-creates") {
      run.allow_creates = number();
    } else if (name == "--since") {
      run.since_ms = Words(value, words.line()).duration("--since");
    } else if (name == "--model") {
      run.model = scenario_.pairs[pair_named(words, value)].model;
    } else if (name == "--direction") {
      run.direction = one_of<Direction>(words, "--direction", value,
                                        {{"both", Direction::both},
                                         {"to-notion", Direction::to_notion},
                                         {"from-notion", Direction::to_supabase},
                                         {"supabase_to_notion", Direction::to_notion},
                                         {"notion_to_supabase", Direction::to_supabase}});
    } else {
      words.fail("sync has no option " + name.substr(0, 60) + (value.empty() ? "" : " with a value"),
                 "One of: --full --dry-run --since=2h --direction=to-notion --model=Task --allow-deletes=6 "
                 "--allow-rewrites=30 --allow-creates=40 --allow-mapping-change");
    }
  }
  if (words.take("exit")) {
    run.exit = static_cast<int>(words.number("the exit code", 0, 7));
    if (!words.at_end()) run.because = words.name("what it says");
  }
  words.end("sync --full exit 5 \"6 of 8 pages\"");
  return step;
}

Step Reader::deed(Words& words, Side side) {
  Step step;
  step.line = words.line();
  step.side = side;
  const std::string verb = words.name("what is done");
  if (link_deed(words, step, verb)) return step;
  side == Side::notion ? notion_deed(words, step, verb) : supabase_deed(words, step, verb);
  return step;
}

// link Task1 Helpers to Ann; unlink Task1 Helpers from Ann
bool Reader::link_deed(Words& words, Step& step, const std::string& verb) {
  if (verb != "link" && verb != "unlink") return false;
  const bool in = verb == "link";
  step.kind = in ? Kind::link : Kind::unlink;
  step.record = need_record(words);
  step.pair = records_.at(step.record);
  step.field = need_field(words, step.pair);
  const Relation& relation = scenario_.pairs[step.pair].fields[step.field].relation;
  if (relation.kind == Relation::Kind::none) words.fail("this field holds no links");
  if (relation.kind == Relation::Kind::back && step.side == Side::supabase)
    words.fail("this is the other end of a relation, which Notion alone shows",
               "Link from the record that owns the link.");
  words.need(in ? "to" : "from", "link Task1 Helpers to Ann");
  step.other = need_record(words);
  words.end("link Task1 Helpers to Ann");
  return true;
}

void Reader::notion_deed(Words& words, Step& step, const std::string& verb) {
  step.kind = one_of<Kind>(words, "Notion", verb,
                           {{"make", Kind::make},
                            {"edit", Kind::edit},
                            {"trash", Kind::trash},
                            {"restore", Kind::restore},
                            {"duplicate", Kind::duplicate},
                            {"move", Kind::move_away},
                            {"archive", Kind::archive},
                            {"unarchive", Kind::unarchive},
                            {"unshare", Kind::unshare},
                            {"share", Kind::share},
                            {"format", Kind::format},
                            {"rename", Kind::rename_property},
                            {"remove", Kind::remove_property},
                            {"link", Kind::link},
                            {"unlink", Kind::unlink}});
  switch (step.kind) {
    case Kind::make: {
      step.name = words.name("the title");
      step.pair = pair_here(words);
      const std::string record = words.take("as") ? words.name("a name to call it by") : step.name;
      if (words.take("with")) step.set = changes(words, step.pair);
      words.end("make Alpha with Note = first");
      step.record = new_record(words, record, step.pair);
      return;
    }
    case Kind::duplicate: {
      step.other = need_record(words);
      step.pair = records_.at(step.other);
      words.need("as", "duplicate Alpha as Copy");
      const std::string record = words.name("a name to call it by");
      if (words.take("with")) step.set = changes(words, step.pair);
      words.end("duplicate Alpha as Copy with Name = \"Alpha 2\"");
      step.record = new_record(words, record, step.pair);
      return;
    }
    case Kind::rename_property: {
      const bool option = words.take("option of");
      if (!option) words.need("property", "rename property Note to Remark");
      step.pair = pair_here(words);
      step.field = need_field(words, step.pair);
      if (option) {
        step.kind = Kind::rename_option;
        words.need("from", "rename option of Status from Open to Doing");
        step.name = words.name("the option");
      }
      words.need("to", "rename property Note to Remark");
      (option ? step.text : step.name) = words.name("the new name");
      words.end("rename property Note to Remark");
      return;
    }
    case Kind::remove_property:
      words.need("property", "remove property Note");
      step.pair = pair_here(words);
      step.field = need_field(words, step.pair);
      words.end("remove property Note");
      return;
    default:
      break;
  }
  step.record = need_record(words);
  step.pair = records_.at(step.record);
  if (step.kind == Kind::edit) {
    step.set = changes(words, step.pair);
  } else if (step.kind == Kind::format) {
    step.field = need_field(words, step.pair);
    const FieldType type = scenario_.pairs[step.pair].fields[step.field].type;
    if (type != FieldType::title && type != FieldType::rich_text) words.fail("only texts are formatted");
  } else if (step.kind == Kind::move_away) {
    words.need("away", "move Alpha away");
  }
  words.end(verb + " Alpha");
}

void Reader::supabase_deed(Words& words, Step& step, const std::string& verb) {
  step.kind = one_of<Kind>(words, "Supabase", verb,
                           {{"insert", Kind::insert},
                            {"update", Kind::update},
                            {"delete", Kind::erase},
                            {"restore", Kind::revive},
                            {"rename", Kind::rename_key},
                            {"empty", Kind::empty_table},
                            {"claim", Kind::claim},
                            {"link", Kind::link},
                            {"unlink", Kind::unlink}});
  const auto back_ends = [&] {
    for (const auto& change : step.set) {
      if (scenario_.pairs[step.pair].fields[change.field].relation.kind == Relation::Kind::back)
        words.fail("this is the other end of a relation, which Notion alone shows",
                   "Set it on the record that owns the link.");
    }
  };
  switch (step.kind) {
    case Kind::insert: {
      step.name = words.name("the title");
      step.pair = pair_here(words);
      const std::string record = words.take("as") ? words.name("a name to call it by") : step.name;
      if (words.take("key")) step.text = words.name("the key");
      if (words.take("with")) step.set = changes(words, step.pair);
      words.end("insert Alpha with Note = first");
      back_ends();
      step.record = new_record(words, record, step.pair);
      return;
    }
    case Kind::rename_key:
      words.need("key of", "rename key of Alpha to A-17");
      step.record = need_record(words);
      words.need("to", "rename key of Alpha to A-17");
      step.text = words.name("the new key");
      break;
    case Kind::empty_table:
      words.need("the table", "empty the table");
      step.pair = pair_here(words);
      words.end("empty the table");
      return;
    case Kind::claim:
      step.record = need_record(words);
      words.need("has the page of", "claim Alpha has the page of Beta");
      step.other = need_record(words);
      break;
    case Kind::erase:
      step.record = need_record(words);
      if (words.take("for good")) step.kind = Kind::erase_hard;
      break;
    default:
      step.record = need_record(words);
  }
  step.pair = records_.at(step.record);
  if (step.kind == Kind::update) {
    step.set = changes(words, step.pair);
    back_ends();
  }
  words.end(verb + " Alpha");
}

Step Reader::luck(Words& words) {
  Step step;
  step.line = words.line();
  step.kind = Kind::luck;
  Luck& luck = step.luck;
  if (words.take("over")) {
    words.end("Luck: over");
    step.kind = Kind::luck_over;
    return step;
  }
  const bool before = words.take("before");
  if (before) words.take("the");
  if (words.take("every")) {
    if (before) words.fail("a deed happens once", "As in: Luck: before next update, Supabase: update Alpha Score = 3");
    luck.count = 0;
  } else {
    words.need("next", luck_example);
    if (!words.at_end() && words.rest().front() >= '0' && words.rest().front() <= '9')
      luck.count = words.number("how many", 1, 1000);
  }
  std::string request = words.name("which request");
  if (luck.count > 1 && request.ends_with('s')) request.pop_back();
  luck.request = one_of<Luck::Request>(words, "request", request,
                                       {{"create", Luck::Request::create},
                                        {"update", Luck::Request::update},
                                        {"trash", Luck::Request::trash},
                                        {"restore", Luck::Request::restore},
                                        {"write", Luck::Request::write},
                                        {"read", Luck::Request::read},
                                        {"listing", Luck::Request::listing},
                                        {"search", Luck::Request::search}});
  if (words.take("of")) luck.record = need_record(words);
  if (before) {
    words.need_mark(',', "Luck: before next update, Supabase: update Alpha Score = 3");
    if (words.take("another runner takes over")) {
      luck.fate = Luck::Fate::taken_over;
      words.end(luck_example);
      return step;
    }
    const std::string who = words.name("who");
    words.need_mark(':', "Luck: before next update, Supabase: update Alpha Score = 3");
    step.deed.push_back(
        deed(words, one_of<Side>(words, "who", who, {{"Notion", Side::notion}, {"Supabase", Side::supabase}})));
    return step;
  }
  if (words.take("lands") || words.take("land")) {
    luck.fate = Luck::Fate::late;
    luck.late_ms = words.duration("how late");
    if (luck.late_ms > max_wait_ms) words.fail("later than two days");
    words.need("late", "Luck: next update lands 50s late");
    words.end("Luck: next update lands 50s late");
    return step;
  }
  std::string fate(trim(words.rest()));
  if (fate.starts_with("are ")) fate.replace(0, 3, "is");
  if (fate.starts_with("take ")) fate.replace(0, 4, "takes");
  luck.fate = one_of<Luck::Fate>(words, "Luck", fate,
                                 {{"is refused", Luck::Fate::refused},
                                  {"is refused as overloaded", Luck::Fate::overloaded},
                                  {"is lost", Luck::Fate::lost},
                                  {"takes effect unanswered", Luck::Fate::unanswered},
                                  {"takes effect and is answered unreadably", Luck::Fate::unreadable},
                                  {"takes effect and is answered 502", Luck::Fate::failed},
                                  {"takes effect and is answered 503", Luck::Fate::committed},
                                  {"lands 50s late", Luck::Fate::late}});
  return step;
}

Circumstance Reader::circumstance(Words& words) {
  using What = Circumstance::Kind;
  Circumstance c;
  const auto is = [&](What kind, std::int64_t number = 1) {
    c.kind = kind;
    c.number = number;
  };
  const auto answered = [&] {
    return one_of<std::int64_t>(words, "answer", words.name("refused, ignored or honoured"),
                                {{"refused", 0}, {"ignored", 1}, {"honoured", 2}});
  };
  const auto lag = [&](What kind) {
    is(kind);
    c.ms = words.duration("how long");
    if (c.ms > hour_ms) words.fail("a lag of more than an hour");
  };
  if (words.take("the index lags")) {
    lag(What::index_lag);
  } else if (words.take("search lags")) {
    lag(What::search_lag);
  } else if (words.take("Notion's clock is")) {
    is(What::notion_clock);
    c.ms = words.duration("how far");
    if (c.ms > day_ms) words.fail("a clock that is off by more than a day");
    if (!words.take("ahead")) {
      words.need("behind", "Notion's clock is 3m ahead");
      c.ms = -c.ms;
    }
  } else if (words.take("trash queries are")) {
    is(What::trash_queries, answered());
  } else if (words.take("trash searches are")) {
    is(What::trash_searches, answered());
  } else if (words.take("a listing shows at most")) {
    is(What::listing_limit, words.number("rows", 1, 100'000));
    words.need("rows", "a listing shows at most 10 rows");
  } else if (words.take("the other end counts as edited")) {
    is(What::back_ends);
  } else if (words.take("a trigger touches updated_at")) {
    is(What::touching_triggers);
  } else if (words.take("our triggers are gone")) {
    is(What::capture_lost);
  } else if (words.take("our triggers are back")) {
    is(What::capture_lost, 0);
  } else if (words.take("numbers must not be negative")) {
    is(What::no_negative_number);
  } else if (words.take("numbers may be negative")) {
    is(What::no_negative_number, 0);
  } else if (words.take("our state is lost")) {
    is(What::state_lost);
  } else if (words.take("the database is hidden")) {
    is(What::database_hidden);
    close_pairs();
    c.pair = pair_here(words);
  } else if (words.take("the database is shown")) {
    is(What::database_hidden, 0);
    close_pairs();
    c.pair = pair_here(words);
  } else if (words.take("the token has expired")) {
    is(What::token_expired);
  } else if (words.take("the token is another integration's")) {
    is(What::other_bot);
  } else {
    words.fail(
        "\"" + std::string(words.rest().substr(0, 60)) + "\" is nothing the world can be like",
        "One of: the index lags 110s; search lags 60s; Notion's clock is 3m ahead; trash queries are honoured; trash "
        "searches are refused; a listing shows at most 10 rows; the other end counts as edited; a trigger touches "
        "updated_at; our triggers are gone; our triggers are back; numbers must not be negative; numbers may be "
        "negative; our state is lost; the database is hidden; the database is shown; the token has expired; the "
        "token is another integration's");
  }
  words.end("World: the index lags 110s");
  return c;
}

}  // namespace rowpage::scenario
