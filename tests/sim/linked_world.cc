#include "sim/linked_world.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/edges.h"
#include "sim/linked_shape.h"

namespace rowpage::sim {
namespace {

constexpr Millis epoch_ms = 1'790'000'000'000;
json::object text_of(const char* type, const std::string& text) {
  return {{type, json::array{json::object{{"text", json::object{{"content", text}}}}}}};
}

json::object ids_of(const TextList& ids) {
  json::array list;
  for (const auto& id : ids) list.push_back(json::object{{"id", id}});
  return {{"relation", std::move(list)}};
}

class Ear : public Listener {
 public:
  explicit Ear(bool verbose) : verbose_(verbose) {}
  void progress(std::string_view, std::uint64_t, std::optional<std::uint64_t>) override {}
  void note(std::string_view model, std::string_view event, std::string_view text) override {
    if (verbose_) fmt::print("         {} {}: {}\n", model, event, text);
  }

 private:
  bool verbose_;
};

}  // namespace

class LinkedWorld::Network : public Transport {
 public:
  explicit Network(LinkedWorld& world) : world_(world) {}

  std::vector<ApiResult> perform(std::span<const ApiRequest> requests) override {
    std::vector<ApiResult> results;
    for (const auto& request : requests) results.push_back(one(request));
    return results;
  }

 private:
  ApiResult one(const ApiRequest& api) {
    world_.clock.pass(120);
    if (api.send_by != 0 && world_.clock.monotonic() > api.send_by) {
      ApiResult late;
      late.cause = Cause::too_late;
      return late;
    }
    const auto request = to_model(api, world_.notion.integration_token());
    const auto scripted = world_.fate_of ? world_.fate_of(request) : std::nullopt;
    const auto fate = scripted ? *scripted : draw_fate(world_.random_, world_.faults, api.read);
    ++world_.requests;
    if (fate.kind != sandbox::Fate::Kind::normal) ++world_.fates[std::string(name_of(fate.kind))];
    world_.tell(fmt::format("  {} {} {} {}", request.method, request.path, name_of(fate.kind),
                            api.read ? "" : to_text(request.body)));
    world_.mix(request.method + request.path + std::to_string(static_cast<int>(fate.kind)));
    if (!api.read) world_.crash.step();
    const std::string page = request.path.starts_with("/v1/pages/") ? request.path.substr(10, 36) : std::string();
    const Links before = api.read ? Links() : world_.links_in_notion();
    auto answer = world_.notion.handle(request, fate);
    if (!api.read && !page.empty()) {
      const std::uint64_t based_on = world_.read_at_[page];
      if (fate.kind == sandbox::Fate::Kind::lands_later)
        world_.oldest_under_way_ = world_.oldest_under_way_ ? std::min(world_.oldest_under_way_, based_on) : based_on;
      world_.account(before, based_on);
    }
    if (api.read && answer.status == 200 && !page.empty()) world_.read_at_[page] = ++world_.moment_;
    if (!api.read) world_.crash.step();
    world_.clock.pass(80);
    return from_model(api, std::move(answer));
  }

  LinkedWorld& world_;
};

LinkedWorld::LinkedWorld(std::uint64_t seed)
    : clock(epoch_ms),
      notion(
          sandbox::Habits{}, [this] { return clock.now(); }, seed),
      postgres(clock, crash, seed * 31 + 7),
      random_(seed * 1000003 + 17),
      network_(std::make_unique<Network>(*this)) {
  clock.on_pass = [this] {
    if (notion.late_requests() != 0) land_late();
  };
  set_up();
}

LinkedWorld::~LinkedWorld() = default;

void LinkedWorld::tell(const std::string& text) const {
  if (verbose) fmt::print("{:6} s {}\n", (const_cast<SimClock&>(clock).now() - epoch_ms) / second_ms, text);
}

void LinkedWorld::mix(std::string_view text) {
  for (const char c : text) trace = (trace ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
}

sandbox::Answer LinkedWorld::person(const char* method, const std::string& path, json::value body) {
  sandbox::Request request;
  request.method = method;
  request.path = path;
  request.body = std::move(body);
  request.token = notion.person_token();
  request.version = "2026-03-11";
  auto answer = notion.handle(request);
  if (answer.status != 200) throw std::runtime_error(path + ": " + to_text(answer.body));
  return answer;
}

void LinkedWorld::set_up() {
  const auto database = [&](const char* title) {
    const auto answer = person(
        "POST", "/v1/databases",
        json::object{
            {"parent", json::object{{"type", "page_id"}, {"page_id", notion.root_page().text()}}},
            {"title", json::array{json::object{{"text", json::object{{"content", title}}}}}},
            {"initial_data_source",
             json::object{{"properties", json::object{{"Name", json::object{{"title", json::object{}}}},
                                                      {"Rowpage", json::object{{"rich_text", json::object{}}}}}}}}});
    return std::string(find_string(find_array(answer.body, "data_sources")->front(), "id"));
  };
  sources_ = {database("People"), database("Tasks")};
  const auto relation = [&](const char* property, std::size_t to, const char* back) {
    json::object settings{{"data_source_id", sources_[to]}};
    if (*back) {
      settings["dual_property"] = json::object{{"synced_property_name", back}};
    } else {
      settings["single_property"] = json::object{};
    }
    person("PATCH", "/v1/data_sources/" + sources_[task_pair],
           json::object{{"properties", json::object{{property, json::object{{"relation", std::move(settings)}}}}}});
  };
  relation("Owner", person_pair, "Tasks");
  relation("Helpers", person_pair, "Helps");
  relation("Parent", task_pair, "");
  relation("Depends", task_pair, "");

  std::array<PairSpec, 2> specs;
  std::array<TableSchema, 4> tables;
  const auto column = [](TableSchema& table, const char* name, ColumnType type) {
    Column c;
    c.name = name;
    c.type = type;
    table.columns.push_back(std::move(c));
  };
  for (std::size_t i = 0; i < 2; ++i) {
    PairSpec& spec = specs[i];
    spec.model = i == person_pair ? "Person" : "Task";
    spec.table = i == person_pair ? "public.person" : "public.task";
    spec.match = {{Match::By::page_id, {}}};
    spec.first = First::newest;
    spec.book.page_id_column = "notion_page_id";
    spec.book.updated_at_column = "updated_at";
    spec.book.deleted_at_column = "deleted_at";
    TableSchema& table = tables[i];
    table.schema = "public";
    table.name = i == person_pair ? "person" : "task";
    table.key_unique = true;
    for (const char* text : {"id", "name", "notion_page_id", "owner_id", "parent_id"})
      column(table, text, ColumnType::text);
    for (const char* time : {"updated_at", "deleted_at"}) column(table, time, ColumnType::timestamptz);
  }
  const auto field = [](PairSpec& spec, const char* property, const char* stored, FieldType type) -> Field& {
    Field f;
    f.property = property;
    f.column = stored;
    f.type = type;
    spec.fields.push_back(std::move(f));
    return spec.fields.back();
  };
  const auto back = [&](const char* property, const char* of) {
    Relation& r =
        field(specs[person_pair], property, (std::string("back:") + property).c_str(), FieldType::relation).relation;
    r.kind = Relation::Kind::back;
    r.to = "Task";
    r.back_of = of;
  };
  field(specs[person_pair], "Name", "name", FieldType::title);
  back("Tasks", "Owner");
  back("Helps", "Helpers");
  field(specs[task_pair], "Name", "name", FieldType::title);
  const auto key = [&](const char* property, const char* stored, const char* to, const char* two_way) {
    Relation& r = field(specs[task_pair], property, stored, FieldType::relation).relation;
    r.kind = Relation::Kind::column;
    r.to = to;
    r.two_way = two_way;
  };
  const auto join = [&](const char* property, const char* table, const char* to, const char* two_way) {
    Relation& r =
        field(specs[task_pair], property, (std::string(table) + ".own").c_str(), FieldType::relation).relation;
    r.kind = Relation::Kind::join;
    r.join = std::string("public.") + table;
    r.own = "own";
    r.other = "other";
    r.to = to;
    r.two_way = two_way;
  };
  key("Owner", "owner_id", "Person", "Tasks");
  join("Helpers", "task_people", "Person", "Helps");
  key("Parent", "parent_id", "Task", "");
  join("Depends", "task_depends", "Task", "");
  for (std::size_t i = 2; i < 4; ++i) {
    tables[i].schema = "public";
    tables[i].name = i == 2 ? "task_people" : "task_depends";
    column(tables[i], "own", ColumnType::text);
    column(tables[i], "other", ColumnType::text);
  }
  Neighbours neighbours{
      {specs.begin(), specs.end()}, {tables.begin(), tables.end()}, {{"Person", sources_[0]}, {"Task", sources_[1]}}};
  Budget budget(clock, Budget::Options{});
  NotionClient client(*network_, clock, budget);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto schema = client.schema(sources_[i]);
    if (!schema) throw std::runtime_error(schema.error().what);
    Resolved resolved = resolve(specs[i], "sim", *schema, tables[i], neighbours);
    if (!resolved.ok())
      throw std::runtime_error(resolved.problems.front().where + ": " + resolved.problems.front().what);
    pairs.push_back(std::move(resolved.pair));
  }
  for (const auto& pair : pairs) postgres.use(pair);
}

std::optional<std::vector<PairReport>> LinkedWorld::cycle(RunOptions options) {
  Ear listener(verbose);
  tell(options.full ? "--- cycle (full)" : "--- cycle");
  ++cycles;
  Budget budget(clock, Budget::Options{});
  NotionClient client(*network_, clock, budget);
  options.bot_id = "bot";
  options.run = 1;
  options.in_flight = 4;
  options.batch_size = 10;
  options.fence = postgres.acquire("sim", minute_ms, 0)->fence;
  Ports ports{client, postgres, postgres, clock, listener, [this] { return "nonce-" + std::to_string(++nonces_); }};
  try {
    auto reports = run_linked(ports, tasks_only ? std::vector<Pair>{pairs[task_pair]} : pairs, options);
    for (const auto& report : reports) {
      if (report.error) tell("         ! " + report.model + ": " + report.error->what);
    }
    return reports;
  } catch (const Crash&) {
    ++crashes;
    tell("crash");
    return std::nullopt;
  }
}

// --- looking

TextList LinkedWorld::links(const std::string& page, const std::string& property) const {
  auto& world = const_cast<sandbox::NotionModel&>(notion).world();
  const auto* found = world.page(*sandbox::parse_id(page));
  const auto* source = found ? world.source(found->now->parent.id) : nullptr;
  const auto* as = source ? source->by_name(property) : nullptr;
  TextList list;
  if (as) {
    for (const auto& id : found->now->links(as->key).all()) list.push_back(id.text());
  }
  std::ranges::sort(list);
  return list;
}

std::string LinkedWorld::title_of_page(const std::string& page) const {
  auto& world = const_cast<sandbox::NotionModel&>(notion).world();
  const auto* found = world.page(*sandbox::parse_id(page));
  const auto* cell = found->now->cell(world.source(found->now->parent.id)->by_name("Name")->key);
  return cell && cell->is_string() ? std::string(cell->get_string()) : std::string();
}

std::vector<std::string> LinkedWorld::live_pages(std::size_t pair) const {
  std::vector<std::string> pages;
  for (const auto* page :
       const_cast<sandbox::NotionModel&>(notion).world().source(*sandbox::parse_id(sources_[pair]))->rows) {
    if (!page->now->in_trash) pages.push_back(page->id.text());
  }
  return pages;
}

std::string LinkedWorld::title_of_row(std::size_t pair, const std::string& key) {
  postgres.use(pairs[pair]);
  const auto* text = std::get_if<std::string>(&postgres.rows().at(key).values[name]);
  return text ? *text : std::string();
}

std::vector<std::string> LinkedWorld::live_rows(std::size_t pair) {
  postgres.use(pairs[pair]);
  std::vector<std::string> keys;
  for (const auto& [key, row] : postgres.rows()) {
    if (!row.deleted) keys.push_back(key);
  }
  return keys;
}

std::string LinkedWorld::page_of(std::size_t pair, const std::string& row) {
  postgres.use(pairs[pair]);
  const auto link = postgres.links().find(row);
  return link == postgres.links().end() ? std::string() : link->second.page_id;
}

std::string LinkedWorld::row_of(std::size_t pair, const std::string& page) {
  postgres.use(pairs[pair]);
  for (const auto& [key, link] : postgres.links()) {
    if (link.page_id == page) return key;
  }
  return {};
}

const PostgresModel::Stored& LinkedWorld::row(std::size_t pair, const std::string& key) {
  postgres.use(pairs[pair]);
  return postgres.rows().at(key);
}

// --- people

std::string LinkedWorld::make_page(std::size_t pair, const std::string& title) {
  tell("person makes page " + title);
  const auto answer =
      person("POST", "/v1/pages",
             json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", sources_[pair]}}},
                          {"properties", json::object{{"Name", text_of("title", title)}}}});
  return std::string(find_string(answer.body, "id"));
}

std::string LinkedWorld::make_row(std::size_t pair, const std::string& title) {
  tell("person inserts " + title);
  Values values(pairs[pair].fields.size());
  values[name] = title;
  return postgres.insert(pairs[pair], values, title);
}

void LinkedWorld::set_links(const std::string& page, const std::string& property, const TextList& targets) {
  tell(fmt::format("person sets {} of page {} to {} links", property, title_of_page(page), targets.size()));
  person("PATCH", "/v1/pages/" + page, json::object{{"properties", json::object{{property, ids_of(targets)}}}});
}

void LinkedWorld::trash(const std::string& page, bool in_trash) {
  tell((in_trash ? "person trashes " : "person restores ") + title_of_page(page));
  person("PATCH", "/v1/pages/" + page, json::object{{"in_trash", in_trash}});
}

bool LinkedWorld::edit_row(std::size_t pair, const std::string& key, std::size_t field, const TextList& refs) {
  tell(fmt::format("person updates {}: {} = {}", key, property_of(pair, field), refs.empty() ? "null" : refs.front()));
  return postgres.edit(pairs[pair], key, {{field, make_list(refs)}});
}

void LinkedWorld::touch(Side side, std::size_t field, const std::string& from, const std::string& to, bool present) {
  // A foreign key is one cell; of a join table every link is one.
  const std::string cell = std::to_string(field) + " " + from + (is_join(field) ? " → " + to : "");
  Touched& touched = touched_[cell];
  touched.last[side == Side::notion ? 0 : 1] = is_join(field) ? (present ? "in" : "out") : (present ? to : "");
  if (side != Side::notion) return;
  touched.in_notion = ++moment_;
  touched.window_lost = false;
}

// --- what our own writes took from people before we could see it

LinkedWorld::Links LinkedWorld::links_in_notion() const {
  Links all;
  for (const auto* page :
       const_cast<sandbox::NotionModel&>(notion).world().source(*sandbox::parse_id(sources_[task_pair]))->rows) {
    for (std::size_t field = owner; field <= depends; ++field) {
      TextList titles;
      for (const auto& target : links(page->id.text(), property_of(task_pair, field)))
        titles.push_back(title_of_page(target));
      std::ranges::sort(titles);
      all[std::to_string(field) + " " + title_of_page(page->id.text())] = std::move(titles);
    }
  }
  return all;
}

void LinkedWorld::account(const Links& before, std::uint64_t based_on) {
  const auto lost = [&](const std::string& cell) {
    const auto touched = touched_.find(cell);
    if (touched == touched_.end() || !touched->second.last[0] || touched->second.in_notion <= based_on) return;
    if (!touched->second.window_lost) ++window_losses;
    touched->second.window_lost = true;
  };
  for (const auto& [name, now] : links_in_notion()) {
    const auto was = before.find(name);
    if (was == before.end() || was->second == now) continue;
    if (!is_join(static_cast<std::size_t>(name[0] - '0'))) lost(name);
    TextList changed;
    std::ranges::set_symmetric_difference(was->second, now, std::back_inserter(changed));
    for (const auto& title : changed) lost(name + " → " + title);
  }
}

void LinkedWorld::land_late() {
  const Links before = links_in_notion();
  notion.run_due();
  account(before, oldest_under_way_);
  if (notion.late_requests() == 0) oldest_under_way_ = 0;
}

void LinkedWorld::act(const Deed& deed) {
  deed.in_notion ? act_in_notion(deed) : act_in_sql(deed);
}

void LinkedWorld::act_in_notion(const Deed& deed) {
  using Kind = Deed::Kind;
  const auto people = live_pages(person_pair), tasks_ = live_pages(task_pair);
  const auto pick = [](const std::vector<std::string>& from, unsigned n) {
    return from.empty() ? std::string() : from[n % from.size()];
  };
  const auto dead = [&](std::size_t pair) {
    std::vector<std::string> pages;
    for (const auto* page : notion.world().source(*sandbox::parse_id(sources_[pair]))->rows) {
      if (page->now->in_trash) pages.push_back(page->id.text());
    }
    return pages;
  };
  const auto change = [&](const std::string& page, std::size_t pair, std::size_t field, const std::string& target,
                          bool in) {
    TextList list = links(page, property_of(pair, field));
    const bool there = std::ranges::find(list, target) != list.end();
    if (there == in) return false;
    in ? list.push_back(target) : void(std::erase(list, target));
    set_links(page, property_of(pair, field), list);
    return true;
  };
  const auto set_owner = [&](const std::string& task, const std::string& target) {
    set_links(task, "Owner", target.empty() ? TextList{} : TextList{target});
    touch(Side::notion, owner, title_of_page(task), target.empty() ? "" : title_of_page(target), !target.empty());
  };
  const std::string task = pick(tasks_, deed.a), who = pick(people, deed.b), other = pick(tasks_, deed.b);
  switch (deed.kind) {
    case Kind::make_person:
      make_page(person_pair, "p" + std::to_string(++names_));
      return;
    case Kind::make_task:
      make_page(task_pair, "t" + std::to_string(++names_));
      return;
    case Kind::set_owner:
      if (!task.empty()) set_owner(task, deed.b % 4 == 0 ? "" : who);
      return;
    case Kind::set_parent:
      if (task.empty()) return;
      set_links(task, "Parent", deed.b % 4 == 0 ? TextList{} : TextList{other});
      touch(Side::notion, parent, title_of_page(task), title_of_page(other), deed.b % 4 != 0);
      return;
    case Kind::add_helper:
    case Kind::drop_helper:
    case Kind::help:
    case Kind::stop_helping: {
      if (task.empty() || who.empty()) return;
      const bool in = deed.kind == Kind::add_helper || deed.kind == Kind::help;
      const bool from_person = deed.kind == Kind::help || deed.kind == Kind::stop_helping;
      const bool changed =
          from_person ? change(who, person_pair, helps, task, in) : change(task, task_pair, helpers, who, in);
      if (changed) touch(Side::notion, helpers, title_of_page(task), title_of_page(who), in);
      return;
    }
    case Kind::add_dependency:
    case Kind::drop_dependency: {
      const bool in = deed.kind == Kind::add_dependency;
      if (!task.empty() && change(task, task_pair, depends, other, in))
        touch(Side::notion, depends, title_of_page(task), title_of_page(other), in);
      return;
    }
    case Kind::take_task: {
      // From the person's page: the task leaves whoever had it.
      if (task.empty() || who.empty()) return;
      for (const auto& before : links(task, "Owner")) {
        if (std::ranges::find(people, before) == people.end()) return set_owner(task, who);  // in the trash
        if (before != who) change(before, person_pair, tasks, task, false);
      }
      change(who, person_pair, tasks, task, true);
      touch(Side::notion, owner, title_of_page(task), title_of_page(who), true);
      return;
    }
    case Kind::trash_person:
    case Kind::trash_task: {
      const std::string page = pick(deed.kind == Kind::trash_person ? people : tasks_, deed.a);
      if (page.empty()) return;
      disturbed_.insert(title_of_page(page));
      trash(page, true);
      return;
    }
    default: {
      const std::string page = pick(dead(deed.kind == Kind::restore_person ? person_pair : task_pair), deed.a);
      if (page.empty()) return;
      disturbed_.insert(title_of_page(page));
      trash(page, false);
    }
  }
}

void LinkedWorld::act_in_sql(const Deed& deed) {
  using Kind = Deed::Kind;
  const auto people = live_rows(person_pair), tasks_ = live_rows(task_pair);
  const auto pick = [](const std::vector<std::string>& from, unsigned n) {
    return from.empty() ? std::string() : from[n % from.size()];
  };
  const std::string task = pick(tasks_, deed.a), who = pick(people, deed.b), other = pick(tasks_, deed.b);
  const auto set = [&](std::size_t field, const std::string& target) {
    if (task.empty()) return;
    edit_row(task_pair, task, field, target.empty() ? TextList{} : TextList{target});
    touch(Side::supabase, field, title_of_row(task_pair, task),
          target.empty() ? "" : title_of_row(target_pair(field), target), !target.empty());
  };
  const auto change = [&](std::size_t field, const std::string& target, bool in) {
    if (task.empty() || target.empty()) return;
    const bool changed =
        in ? postgres.link(join_of(field), task, target) : postgres.unlink(join_of(field), task, target);
    if (!changed) return;
    tell(fmt::format("person {} {} → {}", in ? "links" : "unlinks", task, target));
    touch(Side::supabase, field, title_of_row(task_pair, task), title_of_row(target_pair(field), target), in);
  };
  switch (deed.kind) {
    case Kind::make_person:
      make_row(person_pair, "p" + std::to_string(++names_));
      return;
    case Kind::make_task:
      make_row(task_pair, "t" + std::to_string(++names_));
      return;
    case Kind::set_owner:
    case Kind::take_task:
      return set(owner, deed.b % 4 == 0 ? "" : who);
    case Kind::set_parent:
      return set(parent, deed.b % 4 == 0 ? "" : other);
    case Kind::add_helper:
    case Kind::help:
      return change(helpers, who, true);
    case Kind::drop_helper:
    case Kind::stop_helping:
      return change(helpers, who, false);
    case Kind::add_dependency:
      return change(depends, other, true);
    case Kind::drop_dependency:
      return change(depends, other, false);
    case Kind::trash_person:
    case Kind::trash_task: {
      const std::size_t pair = deed.kind == Kind::trash_person ? person_pair : task_pair;
      const std::string key = pick(pair == person_pair ? people : tasks_, deed.a);
      if (key.empty()) return;
      disturbed_.insert(title_of_row(pair, key));
      tell("person deletes " + key);
      postgres.use(pairs[pair]);
      deed.b % 3 == 0 ? postgres.hard_delete(key) : postgres.soft_delete(key);
      return;
    }
    default: {
      const std::size_t pair = deed.kind == Kind::restore_person ? person_pair : task_pair;
      postgres.use(pairs[pair]);
      std::vector<std::string> dead;
      for (const auto& [key, row] : postgres.rows()) {
        if (row.deleted) dead.push_back(key);
      }
      const std::string key = pick(dead, deed.a);
      if (key.empty()) return;
      disturbed_.insert(title_of_row(pair, key));
      tell("person restores row " + key);
      postgres.restore(key);
    }
  }
}

}  // namespace rowpage::sim
