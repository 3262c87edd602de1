// The pairs of a scenario: which fields they have and what the user's policy is. Most scenarios need none of this.
#include <algorithm>

#include "core/text.h"
#include "scenario/reader.h"

namespace rowpage::scenario {
namespace {

constexpr std::initializer_list<std::pair<std::string_view, Side>> sides = {{"notion", Side::notion},
                                                                            {"supabase", Side::supabase}};
constexpr std::initializer_list<std::pair<std::string_view, Direction>> directions = {
    {"both", Direction::both}, {"to_notion", Direction::to_notion}, {"to_supabase", Direction::to_supabase}};

Field& add_field(PairSpec& spec, const std::string& name, FieldType type) {
  Field field;
  field.property = name;
  field.column = ascii_lower(name);
  std::ranges::replace(field.column, ' ', '_');
  field.type = type;
  spec.fields.push_back(std::move(field));
  return spec.fields.back();
}

}  // namespace

void Reader::pair_line(Words& words) {
  PairSpec& spec = scenario_.pairs.back();
  const std::string key = words.name("what the pair is to have");
  if (key == "fields") return fields(words);
  if (key == "no") {
    const std::string what = words.name("what is not kept");
    words.end("no nonce");
    *one_of<std::string*>(words, "no", what,
                          {{"nonce", &spec.book.nonce},
                           {"deleted_at", &spec.book.deleted_at_column},
                           {"page_id", &spec.book.page_id_column}}) =
        "-";  // emptied by close_pairs(), which fills what is empty
    return;
  }
  policy(words, spec, key);
}

void Reader::fields(Words& words) {
  constexpr std::string_view example =
      "fields Name: title, Note: text, Owner: link to Person, Helpers: links to Person two-way Helps";
  PairSpec& spec = scenario_.pairs.back();
  if (!spec.fields.empty()) words.fail("the fields are named twice");
  do {
    const std::string name = words.name("a field's name");
    words.need_mark(':', example);
    if (name.empty() || name.size() > 60 || name == "as") words.fail("a field cannot have this name");
    for (const auto& other : spec.fields) {
      if (ascii_lower(other.property) == ascii_lower(name)) words.fail("two fields are called " + name);
    }
    if (spec.fields.size() == max_fields) words.fail("more than 24 fields");
    const std::string type = words.name("the field's type");
    if (type == "link" || type == "links") {
      words.need("to", example);
      Relation& relation = add_field(spec, name, FieldType::relation).relation;
      relation.kind = type == "link" ? Relation::Kind::column : Relation::Kind::join;
      relation.to = words.name("the model that is linked to");
      if (words.take("two-way")) relation.two_way = words.name("the name of the other end");
    } else {
      add_field(spec, name,
                one_of<FieldType>(words, "type", type,
                                  {{"title", FieldType::title},
                                   {"text", FieldType::rich_text},
                                   {"number", FieldType::number},
                                   {"checkbox", FieldType::checkbox},
                                   {"select", FieldType::select},
                                   {"multi_select", FieldType::multi_select},
                                   {"date", FieldType::date},
                                   {"link", FieldType::relation},
                                   {"links", FieldType::relation}}));
    }
  } while (words.take_mark(','));
  words.end(example);
  if (spec.fields.front().type != FieldType::title ||
      std::ranges::count(spec.fields, FieldType::title, &Field::type) != 1)
    words.fail("the first field, and no other, must be the title", "As in: fields Name: title, Note: text");
}

void Reader::policy(Words& words, PairSpec& spec, const std::string& key) {
  if (key == "brake") {
    const std::string which = words.name("which brake");
    if (which == "unmatched") {
      spec.brakes.unmatched = words.number("records", 0, 10'000);
    } else {
      Limit& limit = *one_of<Limit*>(
          words, "brake", which,
          {{"deletes", &spec.brakes.deletes}, {"rewrites", &spec.brakes.rewrites}, {"unmatched", nullptr}});
      limit.percent = static_cast<int>(words.number("percent", 0, 100));
      limit.at_least = words.number("records", 0, 10'000);
    }
    words.end("brake deletes 10 5");
    return;
  }
  if (key == "match") {
    do {
      const std::string by = words.name("a way to match");
      Match match;
      match.by = one_of<Match::By>(words, "match", by,
                                   {{"page_id", Match::By::page_id},
                                    {"row_id", Match::By::row_id},
                                    {"key", Match::By::key},
                                    {"checksum", Match::By::checksum}});
      if (match.by == Match::By::key) {
        words.need_mark(':', "match page_id, key:Name");
        match.column = words.name("a field's name");  // made a column by close_pairs()
      }
      spec.match.push_back(std::move(match));
    } while (words.take_mark(','));
    words.end("match page_id, key:Name");
    return;
  }
  if (key == "one_way" || key == "required" || key == "default") {
    // Fields are known by now, or the line stands too early.
    if (spec.fields.empty())
      words.fail("\"" + key + "\" stands before the fields", "Name the fields first: fields Name: title, Note: text");
    const std::size_t field = need_field(words, scenario_.pairs.size() - 1);
    if (key == "one_way") {
      spec.fields[field].direction = one_of(words, "one_way", words.name("the direction"), directions);
      words.end("one_way Score to_supabase");
    } else if (key == "required") {
      words.end("required Owner");
      if (spec.fields[field].relation.kind != Relation::Kind::column) words.fail("only a link can be required");
      spec.fields[field].target.not_null = true;
    } else {
      scenario_.defaults.resize(scenario_.pairs.size());
      Values& defaults = scenario_.defaults.back();
      defaults.resize(spec.fields.size());
      if (spec.fields[field].is_relation()) words.fail("a link cannot have a default here");
      defaults[field] = cell(words, scenario_.pairs.size() - 1, field, words.value());
      words.end("default Score 7");
    }
    return;
  }
  const std::string value = words.name("the value of " + key);
  words.end(key + " " + value);
  using Set = void (*)(const Words&, PairSpec&, const std::string&);
  const Set set = one_of<Set>(
      words, "pair", key,
      {{"direction",
        [](const Words& w, PairSpec& s, const std::string& v) { s.direction = one_of(w, "direction", v, directions); }},
       {"prefer",
        [](const Words& w, PairSpec& s, const std::string& v) {
          s.conflict.prefer = one_of<Prefer>(w, "prefer", v,
                                             {{"newest", Prefer::newest},
                                              {"notion", Prefer::notion},
                                              {"supabase", Prefer::supabase},
                                              {"ask", Prefer::ask}});
        }},
       {"on_equal", [](const Words& w, PairSpec& s,
                       const std::string& v) { s.conflict.on_equal = one_of(w, "on_equal", v, sides); }},
       {"on_missing", [](const Words& w, PairSpec& s,
                         const std::string& v) { s.conflict.on_missing = one_of(w, "on_missing", v, sides); }},
       {"granularity",
        [](const Words& w, PairSpec& s, const std::string& v) {
          s.conflict.granularity = one_of<Granularity>(
              w, "granularity", v, {{"field", Granularity::field}, {"record", Granularity::record}});
        }},
       {"deletes",
        [](const Words& w, PairSpec& s, const std::string& v) {
          s.deletes = one_of<Deletes>(w, "deletes", v,
                                      {{"soft", Deletes::soft}, {"hard", Deletes::hard}, {"ignore", Deletes::ignore}});
        }},
       {"first",
        [](const Words& w, PairSpec& s, const std::string& v) {
          s.first = one_of<First>(w, "first", v,
                                  {{"ask", First::ask},
                                   {"newest", First::newest},
                                   {"notion", First::notion},
                                   {"supabase", First::supabase}});
        }},
       {"drift",
        [](const Words& w, PairSpec& s, const std::string& v) {
          s.drift = one_of<Drift>(w, "drift", v, {{"report", Drift::report}, {"revert", Drift::revert}});
        }},
       {"fields", nullptr},
       {"match", nullptr},
       {"brake", nullptr},
       {"one_way", nullptr},
       {"required", nullptr},
       {"default", nullptr},
       {"no", nullptr}});
  set(words, spec, value);
}

// What was left open is as usual.
void Reader::close_pairs() {
  if (std::exchange(pairs_closed_, true)) return;
  if (scenario_.pairs.empty()) scenario_.pairs.emplace_back().model = "Record";
  scenario_.defaults.resize(scenario_.pairs.size());
  for (std::size_t i = 0; i < scenario_.pairs.size(); ++i) {
    PairSpec& spec = scenario_.pairs[i];
    spec.table = "public." + ascii_lower(spec.model);
    if (spec.fields.empty()) {
      add_field(spec, "Name", FieldType::title);
      add_field(spec, "Note", FieldType::rich_text);
      add_field(spec, "Score", FieldType::number);
    }
    scenario_.defaults[i].resize(spec.fields.size());
    const Words place("", 1);
    if (spec.match.empty()) spec.match = {{Match::By::page_id, {}}, {Match::By::key, spec.fields.front().property}};
    for (auto& match : spec.match) {
      if (match.by == Match::By::key) match.column = spec.fields[field_named(place, i, match.column)].column;
    }
    const auto keep = [](std::string& name, const char* usual) { name = name == "-" ? "" : usual; };
    keep(spec.book.nonce, "Rowpage");
    keep(spec.book.page_id_column, "notion_page_id");
    keep(spec.book.deleted_at_column, "deleted_at");
    spec.book.updated_at_column = "updated_at";
    for (auto& field : spec.fields) {
      if (spec.direction != Direction::both) field.direction = spec.direction;
      Relation& relation = field.relation;
      if (!field.is_relation()) continue;
      pair_named(place, relation.to);
      if (relation.kind == Relation::Kind::column) {
        field.column += "_id";
      } else {
        relation.join = "public." + ascii_lower(spec.model) + "_" + field.column;
        field.column = relation.join.substr(7) + ".own";
        relation.own = "own";
        relation.other = "other";
      }
    }
  }
  // The other ends of two-way relations, which their owners' pairs write.
  for (std::size_t i = 0; i < scenario_.pairs.size(); ++i) {
    for (std::size_t f = 0; f < scenario_.pairs[i].fields.size(); ++f) {
      const Field field = scenario_.pairs[i].fields[f];
      if (field.relation.two_way.empty() || field.relation.kind == Relation::Kind::back) continue;
      const std::size_t to = pair_named(Words("", 1), field.relation.to);
      for (const auto& other : scenario_.pairs[to].fields) {
        if (ascii_lower(other.property) == ascii_lower(field.relation.two_way))
          throw Mistake{1, "the other end " + field.relation.two_way + " has the name of another field",
                        "Give it another name."};
      }
      Field& back = add_field(scenario_.pairs[to], field.relation.two_way, FieldType::relation);
      back.column = "back:" + field.relation.two_way;
      back.relation.kind = Relation::Kind::back;
      back.relation.to = scenario_.pairs[i].model;
      back.relation.back_of = field.property;
      scenario_.defaults[to].resize(scenario_.pairs[to].fields.size());
    }
  }
}

std::size_t Reader::pair_named(const Words& words, const std::string& model) const {
  std::vector<std::string> models;
  for (std::size_t i = 0; i < scenario_.pairs.size(); ++i) {
    models.push_back(scenario_.pairs[i].model);
    if (models.back() == model) return i;
  }
  std::string all;
  for (const auto& one : models) all += (all.empty() ? "" : ", ") + one;
  words.fail("there is no pair " + model.substr(0, 60), "There is: " + all);
}

// "in Task", or the only pair there is.
std::size_t Reader::pair_here(Words& words) {
  if (words.take("in")) return pair_named(words, words.name("a model's name"));
  if (scenario_.pairs.size() > 1) words.fail("of which pair?", "Say it: make Alpha in " + scenario_.pairs.back().model);
  return 0;
}

std::size_t Reader::field_named(const Words& words, std::size_t pair, const std::string& name) const {
  std::string all;
  const auto& fields = scenario_.pairs[pair].fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].property == name) return i;
    all += (all.empty() ? "" : ", ") + fields[i].property;
  }
  words.fail(scenario_.pairs[pair].model + " has no field " + name.substr(0, 60), "It has: " + all);
}

}  // namespace rowpage::scenario
