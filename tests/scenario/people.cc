// What people do to the two halves: by Notion's API as its users, and in SQL.
#include <algorithm>

#include <fmt/format.h>

#include "scenario/network.h"

namespace rowpage::scenario {
namespace {

json::object text_of(const char* type, const std::string& text, bool bold = false) {
  json::array runs;
  if (!text.empty()) {
    json::object run{{"text", json::object{{"content", text}}}};
    if (bold) run["annotations"] = json::object{{"bold", true}};
    runs.push_back(std::move(run));
  }
  return {{type, std::move(runs)}};
}

std::string words(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text ? *text : std::string();
}

}  // namespace

sandbox::Answer ScenarioWorld::person(int line, const char* method, const std::string& path, json::value body) {
  sandbox::Request request;
  request.method = method;
  request.path = path;
  request.body = std::move(body);
  request.token = notion.person_token();
  request.version = "2026-03-11";
  auto answer = notion.handle(request);
  if (answer.status != 200)
    throw Impossible{line, "Notion refuses: " + std::string(find_string(answer.body, "message", "no reason given"))};
  return answer;
}

TextList ScenarioWorld::ids(const Value& records) {
  TextList ids;
  const auto* names = std::get_if<TextList>(&records);
  for (const auto& name : names ? *names : TextList{}) ids.push_back(page_of(name));
  return ids;
}

json::object ScenarioWorld::properties(std::size_t pair, const std::vector<Change>& changes) {
  json::object all;
  for (const auto& [index, value] : changes) {
    const Field& field = pairs[pair].fields[index];
    json::object& property = all[field.property_id].emplace_object();
    switch (field.type) {
      case FieldType::title:
        property = text_of("title", words(value));
        break;
      case FieldType::number:
        property["number"] =
            std::holds_alternative<double>(value) ? json::value(std::get<double>(value)) : json::value();
        break;
      case FieldType::checkbox:
        property["checkbox"] = value == Value(true);
        break;
      case FieldType::select:
        property["select"] = is_null(value) ? json::value() : json::value(json::object{{"name", words(value)}});
        break;
      case FieldType::date: {
        const auto* span = std::get_if<DateSpan>(&value);
        property["date"] = span ? json::value(json::object{{"start", span->has_time ? format_utc(span->start_ms)
                                                                                    : format_day(span->start_ms)}})
                                : json::value();
        break;
      }
      case FieldType::multi_select:
      case FieldType::relation: {
        const bool links = field.type == FieldType::relation;
        json::array list;
        const auto* names = std::get_if<TextList>(&value);
        for (const auto& name : links ? ids(value) : names ? *names : TextList{})
          list.push_back(json::object{{links ? "id" : "name", name}});
        property[links ? "relation" : "multi_select"] = std::move(list);
        break;
      }
      default:
        property = text_of("rich_text", words(value));
    }
  }
  return all;
}

void ScenarioWorld::act(const Step& step) {
  mix(fmt::format("{}:{}", static_cast<int>(step.kind), step.line));
  switch (step.kind) {
    case Step::Kind::wait:
      return clock.pass(step.ms);
    case Step::Kind::decide: {
      const std::string key = row_of(step.record);
      tell(fmt::format("line {}: {}", step.line, step.said));
      postgres.use(pairs[step.pair]);
      postgres.decide(key, step.field, step.side);
      return;
    }
    case Step::Kind::circumstance:
      tell(fmt::format("line {}: {}", step.line, step.said));
      return happens(step.circumstance);
    case Step::Kind::luck:
      tell(fmt::format("line {}: {}", step.line, step.said));
      luck_.push_back({step.line, step.luck, step.deed});
      return;
    case Step::Kind::luck_over:
      for (auto& armed : luck_) armed.over = true;
      return;
    default:
      break;
  }
  tell(fmt::format("line {}: {}", step.line, step.said));
  if (step.kind == Step::Kind::link || step.kind == Step::Kind::unlink) return link(step);
  step.side == Side::notion&& step.kind < Step::Kind::insert ? act_in_notion(step) : act_in_supabase(step);
}

void ScenarioWorld::catch_up() {
  for (auto& armed : luck_) {
    if (armed.deed.empty() || armed.happened > 0 || armed.over) continue;
    armed.happened = 1;
    act(armed.deed.front());
  }
}

std::vector<int> ScenarioWorld::unused_luck() const {
  std::vector<int> lines;
  for (const auto& armed : luck_) {
    if (armed.happened < std::max<std::int64_t>(armed.luck.count, 1) && !armed.over) lines.push_back(armed.line);
  }
  return lines;
}

// --- in Notion

// A person finds the page of a row that has just been made, although nothing ties the two yet.
std::string ScenarioWorld::page_seen(const std::string& record) {
  std::string id = page_of(record);
  const Record& known = records_.at(record);
  if (!id.empty() || known.row.empty()) return id;
  const std::string title = title_of_row(known.pair, known.row);
  for (const auto& page : pages(known.pair)) {
    if (!title.empty() && page.values[0] == Value(title)) id = page.id;
  }
  return id;
}

void ScenarioWorld::make(const Step& step) {
  std::vector<Change> changes = step.set;
  const bool titled = std::ranges::any_of(changes, [](const Change& change) { return change.field == 0; });
  if (!titled) changes.insert(changes.begin(), Change{0, make_text(step.name)});
  json::object properties_of_page = properties(step.pair, changes);
  if (step.kind == Step::Kind::duplicate) {
    const auto* original = notion.world().page(*sandbox::parse_id(page_seen(step.other)));
    if (!original || original->now->in_trash) throw Impossible{step.line, step.other + " has no page to duplicate"};
    // A copy made within the minute its original was made in cannot be told from it by anybody (ARCHITECTURE.md).
    if (floor_minute(original->created) == floor_minute(clock.now()))
      throw Impossible{step.line, "the copy is made in the minute of its original; wait 1m before it"};
    const auto* nonce = notion.world().source(*sandbox::parse_id(sources_[step.pair]))->by_name("Rowpage");
    const auto* shown = original->now->cell(nonce->key);
    if (shown && shown->is_string())
      properties_of_page["Rowpage"] = text_of("rich_text", std::string(shown->get_string()));
  }
  const auto answer =
      person(step.line, "POST", "/v1/pages",
             json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", sources_[step.pair]}}},
                          {"properties", std::move(properties_of_page)}});
  Record& record = records_[step.record];
  record.pair = step.pair;
  record.page = std::string(find_string(answer.body, "id"));
  for (const auto& [field, value] : changes) {
    if (!scenario_.pairs[step.pair].fields[field].is_relation())
      witness_.wrote(Side::notion, step.record, field, Null{}, value == Value(false) ? Value(Null{}) : value);
  }
}

void ScenarioWorld::edit(const Step& step) {
  const std::string id = page_seen(step.record);
  const auto before = sight(id);
  if (before.values.empty()) throw Impossible{step.line, step.record + " has no page to edit"};
  person(step.line, "PATCH", "/v1/pages/" + id, json::object{{"properties", properties(step.pair, step.set)}});
  for (const auto& [field, value] : step.set) {
    if (!scenario_.pairs[step.pair].fields[field].is_relation())
      witness_.wrote(Side::notion, step.record, field, before.values[field],
                     value == Value(false) ? Value(Null{}) : value);
  }
}

void ScenarioWorld::act_in_notion(const Step& step) {
  const auto patch = [&](json::object body) {
    const std::string id = page_seen(step.record);
    if (id.empty()) throw Impossible{step.line, step.record + " has no page"};
    person(step.line, "PATCH", "/v1/pages/" + id, std::move(body));
  };
  const auto source_edit = [&](json::value property) {
    person(step.line, "PATCH", "/v1/data_sources/" + sources_[step.pair],
           json::object{
               {"properties", json::object{{pairs[step.pair].fields[step.field].property_id, std::move(property)}}}});
  };
  switch (step.kind) {
    case Step::Kind::make:
      return make(step);
    case Step::Kind::duplicate: {
      Step copy = step;
      if (const auto seen = page(page_seen(step.other))) {
        copy.name = words(seen->second.values[0]);
        for (std::size_t i = 0; i < seen->second.values.size(); ++i) {
          const Field& field = pairs[step.pair].fields[i];
          const bool set = std::ranges::any_of(step.set, [&](const Change& change) { return change.field == i; });
          // Links of the copy are as the original's, which are known by their records.
          if (set || field.is_relation() || is_null(seen->second.values[i])) continue;
          copy.set.push_back({i, seen->second.values[i]});
        }
      }
      return make(copy);
    }
    case Step::Kind::edit:
      return edit(step);
    case Step::Kind::trash: {
      const std::string id = page_seen(step.record);
      const auto before = sight(id);
      patch({{"in_trash", true}});
      // Our own trashing or restoring of the page may be under way, or may never have shown: nobody can tell the two.
      postgres.use(pairs[step.pair]);
      const bool never_moved = std::ranges::any_of(
          postgres.links(), [&](const auto& link) { return link.second.page_id == id && !link.second.page_live; });
      const bool under_way = std::ranges::any_of(postgres.open_requests(), [&](const auto& open) {
        return open.second.page_id == id &&
               (open.second.kind == RequestKind::trash || open.second.kind == RequestKind::restore);
      });
      if (before.live) witness_.deleted(Side::notion, step.record, before.values, never_moved || under_way);
      return;
    }
    case Step::Kind::restore: {
      const auto before = sight(page_seen(step.record));
      patch({{"in_trash", false}});
      witness_.restored(Side::notion, step.record, before.values);
      return;
    }
    case Step::Kind::archive:
      return patch({{"is_archived", true}});
    case Step::Kind::unarchive:
      return patch({{"is_archived", false}});
    case Step::Kind::move_away:
      person(step.line, "POST", "/v1/pages/" + page_seen(step.record) + "/move",
             json::object{{"parent", json::object{{"type", "page_id"}, {"page_id", notion.root_page().text()}}}});
      return;
    case Step::Kind::unshare:
    case Step::Kind::share:
      notion.share(*sandbox::parse_id(page_seen(step.record)), step.kind == Step::Kind::share);
      return;
    case Step::Kind::format: {
      const auto seen = page(page_seen(step.record));
      if (!seen) throw Impossible{step.line, step.record + " has no page"};
      const bool title = pairs[step.pair].fields[step.field].type == FieldType::title;
      json::object properties;
      properties[pairs[step.pair].fields[step.field].property_id] =
          text_of(title ? "title" : "rich_text", words(seen->second.values[step.field]), true);
      return patch({{"properties", std::move(properties)}});
    }
    case Step::Kind::rename_property:
      return source_edit(json::object{{"name", step.name}});
    case Step::Kind::remove_property:
      return source_edit(nullptr);
    case Step::Kind::rename_option: {
      auto* source = notion.world().source(*sandbox::parse_id(sources_[step.pair]));
      for (auto& property : source->properties) {
        if (property.id != pairs[step.pair].fields[step.field].property_id) continue;
        const auto option = std::ranges::find(property.options, step.name, &sandbox::Option::name);
        if (option == property.options.end()) throw Impossible{step.line, "there is no option " + step.name};
        option->name = step.text;
      }
      return;
    }
    default:
      throw Impossible{step.line, "this cannot be done in Notion"};
  }
}

// --- in Supabase

void ScenarioWorld::write_row(const Step& step, const std::string& key, const std::vector<Change>& changes) {
  std::vector<Change> cells;
  for (const auto& change : changes) {
    const Relation& relation = pairs[step.pair].fields[change.field].relation;
    TextList keys;
    if (const auto* names = std::get_if<TextList>(&change.value); names && relation.kind != Relation::Kind::none) {
      for (const auto& name : *names) {
        keys.push_back(row_of(name));
        if (keys.back().empty()) throw Impossible{step.line, name + " has no row to link to"};
      }
    }
    if (relation.kind == Relation::Kind::join) {
      const auto edges = postgres.joins(relation.join);
      for (const auto& [own, other] : edges) {
        if (own == key && std::ranges::find(keys, other) == keys.end()) postgres.unlink(relation.join, own, other);
      }
      for (const auto& other : keys) postgres.link(relation.join, key, other);
    } else {
      cells.push_back(relation.kind == Relation::Kind::none ? change : Change{change.field, make_list(keys)});
    }
  }
  if (!cells.empty() && !postgres.edit(pairs[step.pair], key, cells))
    throw Impossible{step.line, step.record + " has no row to update"};
}

void ScenarioWorld::insert(const Step& step) {
  Values values(pairs[step.pair].fields.size());
  values[0] = make_text(step.name);
  std::vector<Change> links;
  for (const auto& change : step.set) {
    if (pairs[step.pair].fields[change.field].is_relation()) {
      links.push_back(change);
    } else {
      values[change.field] = change.value;
    }
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!is_null(values[i]))
      witness_.wrote(Side::supabase, step.record, i, Null{}, values[i] == Value(false) ? Value(Null{}) : values[i]);
  }
  Record& record = records_[step.record];
  record.pair = step.pair;
  postgres.use(pairs[step.pair]);
  if (!step.text.empty() && postgres.rows().contains(step.text))
    throw Impossible{step.line, "there is a row with the key " + step.text};
  record.row = postgres.insert(pairs[step.pair], values, step.text);
  write_row(step, record.row, links);
}

void ScenarioWorld::update(const Step& step) {
  const std::string key = row_of(step.record);
  postgres.use(pairs[step.pair]);
  const auto row = postgres.rows().find(key);
  if (row == postgres.rows().end()) throw Impossible{step.line, step.record + " has no row to update"};
  const Values before = Witness::judged(scenario_.pairs[step.pair], row->second.values);
  for (const auto& [field, value] : step.set) {
    if (!scenario_.pairs[step.pair].fields[field].is_relation())
      witness_.wrote(Side::supabase, step.record, field, before[field], value == Value(false) ? Value(Null{}) : value);
  }
  write_row(step, key, step.set);
}

void ScenarioWorld::act_in_supabase(const Step& step) {
  if (step.kind == Step::Kind::insert) return insert(step);
  if (step.kind == Step::Kind::update) return update(step);
  if (step.kind == Step::Kind::empty_table) {
    for (const auto& row : rows(step.pair)) {
      if (row.live) {
        const Values shown = Witness::judged(scenario_.pairs[step.pair], row.values);
        witness_.deleted(Side::supabase, witness_.record_of(shown), shown, false);
      }
    }
    postgres.use(pairs[step.pair]);
    postgres.truncate();
    return;
  }
  const std::string key = row_of(step.record);
  postgres.use(pairs[step.pair]);
  const auto row = postgres.rows().find(key);
  if (row == postgres.rows().end()) throw Impossible{step.line, step.record + " has no row"};
  const Values shown = Witness::judged(scenario_.pairs[step.pair], row->second.values);
  const bool was_live = !row->second.deleted;
  bool done = true;
  switch (step.kind) {
    case Step::Kind::erase:
    case Step::Kind::erase_hard: {
      const auto link = postgres.links().find(key);
      const bool never_moved = link != postgres.links().end() && !link->second.row_live;
      if (was_live) witness_.deleted(Side::supabase, step.record, shown, never_moved);
      dead_rows_.insert({step.pair, key});
      done = step.kind == Step::Kind::erase ? postgres.soft_delete(key) : postgres.hard_delete(key);
      break;
    }
    case Step::Kind::revive:
      witness_.restored(Side::supabase, step.record, shown);
      dead_rows_.erase({step.pair, key});
      done = postgres.restore(key);
      break;
    case Step::Kind::rename_key:
      done = postgres.rename_key(key, step.text);
      records_.at(step.record).row = step.text;
      break;
    case Step::Kind::claim: {
      const std::string id = page_of(step.other);
      postgres.use(pairs[step.pair]);
      postgres.claim(key, id);
      witness_.give_up();
      break;
    }
    default:
      done = false;
  }
  if (!done) throw Impossible{step.line, "this cannot be done to the row of " + step.record + " now"};
}

// --- links, from either end

void ScenarioWorld::link(const Step& step) {
  const Field& field = pairs[step.pair].fields[step.field];
  const bool in = step.kind == Step::Kind::link;
  const std::string own = step.side == Side::notion ? page_of(step.record) : row_of(step.record);
  const std::string other = step.side == Side::notion ? page_of(step.other) : row_of(step.other);
  if (own.empty() || other.empty())
    throw Impossible{step.line, (own.empty() ? step.record : step.other) + " is not there yet"};
  if (step.side == Side::notion) {
    auto* page = notion.world().page(*sandbox::parse_id(own));
    const auto* property = notion.world().source(*sandbox::parse_id(sources_[step.pair]))->by_id(field.property_id);
    TextList list;
    for (const auto& id : page->now->links(property->key).all()) list.push_back(id.text());
    std::erase(list, other);
    if (in) list.push_back(other);
    json::array links;
    for (const auto& id : list) links.push_back(json::object{{"id", id}});
    person(
        step.line, "PATCH", "/v1/pages/" + own,
        json::object{{"properties", json::object{{field.property_id, json::object{{"relation", std::move(links)}}}}}});
    return;
  }
  postgres.use(pairs[step.pair]);
  bool done = false;
  if (field.relation.kind == Relation::Kind::join) {
    done = in ? postgres.link(field.relation.join, own, other) : postgres.unlink(field.relation.join, own, other);
  } else {
    done = postgres.edit(pairs[step.pair], own, {{step.field, in ? make_list({other}) : Value(Null{})}});
  }
  if (!done) throw Impossible{step.line, in ? "they are linked already" : "they are not linked"};
}

}  // namespace rowpage::scenario
