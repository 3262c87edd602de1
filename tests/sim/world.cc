#include "sim/world.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace rowpage::sim {
namespace {

constexpr Millis epoch_ms = 1'790'000'000'000;  // some day in 2026

json::value text_property(const char* type, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  json::array runs;
  if (text) runs.push_back(json::object{{"text", json::object{{"content", *text}}}});
  return json::object{{type, std::move(runs)}};
}

json::value option_property(const Value& value) {
  const auto* name = std::get_if<std::string>(&value);
  return json::object{{"select", name ? json::value(json::object{{"name", *name}}) : json::value()}};
}

std::vector<Change> all_changes(const Values& values) {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < values.size(); ++i) changes.push_back({i, values[i]});
  return changes;
}

// What happened, for whoever replays a seed with SIM_VERBOSE set.
const bool verbose = std::getenv("SIM_VERBOSE") != nullptr;

template <class... T>
void tell(SimClock& clock, fmt::format_string<T...> format, T&&... parts) {
  if (verbose)
    fmt::print("{:6} s {}\n", (clock.true_now() - epoch_ms) / second_ms,
               fmt::format(format, std::forward<T>(parts)...));
}

std::string shown(const std::vector<Change>& changes) {
  std::string text;
  for (const auto& [field, value] : changes) text += " " + std::to_string(field) + "=" + display(value);
  return text;
}

class Ear : public Listener {
 public:
  explicit Ear(const SimWorld& world) : world_(world) {}
  void progress(std::string_view, std::uint64_t, std::optional<std::uint64_t>) override {}
  void note(std::string_view, std::string_view event, std::string_view text) override {
    if (world_.on_note) world_.on_note(event, text);
    if (verbose) fmt::print("         {}: {}\n", event, text);
  }

 private:
  const SimWorld& world_;
};

}  // namespace

// The network to the model: draws each request's fate, kills the process at the armed step, and keeps the ghost's books
// about what our writes overwrote.
class SimWorld::ModelTransport : public Transport {
 public:
  explicit ModelTransport(SimWorld& world) : world_(world) {}

  std::vector<ApiResult> perform(std::span<const ApiRequest> requests) override {
    std::vector<ApiResult> results;
    for (const auto& request : requests) results.push_back(one(request));
    return results;
  }

  // Moment of our last reading of each page by id.
  std::map<std::string, std::uint64_t> read_at;
  // Readings that writes still under way were based on.
  std::multimap<std::string, std::uint64_t> under_way;

 private:
  ApiResult one(const ApiRequest& api) {
    world_.clock.pass(120);
    ApiResult result;
    if (api.send_by != 0 && world_.clock.monotonic() > api.send_by) {
      result.cause = Cause::too_late;
      return result;
    }
    const sandbox::Request request = to_model(api, world_.notion.integration_token());
    const auto scripted = world_.fate_of ? world_.fate_of(request) : std::nullopt;
    const sandbox::Fate fate = scripted ? *scripted : draw_fate(world_.random_, world_.faults, api.read);
    ++world_.tally.requests;
    if (fate.kind != sandbox::Fate::Kind::normal) ++world_.tally.faults[std::string(name_of(fate.kind))];
    world_.mix(request.method + request.path + std::to_string(static_cast<int>(fate.kind)));
    tell(world_.clock, "  {} {} {} {}", request.method, request.path, name_of(fate.kind), fate.delay_ms);

    const std::string page = page_of(request.path);
    const std::uint64_t based_on = read_at.contains(page) ? read_at[page] : 0;
    if (!api.read) world_.crash.step();
    const auto before = page.empty() ? std::nullopt : world_.page(page);
    sandbox::Answer answer =
        world_.access_revoked ? not_shared(request, world_.clock.true_now()) : world_.notion.handle(request, fate);
    if (api.read && request.path.ends_with("/query")) cut(request, answer);
    if (!api.read && before) {
      if (fate.kind == sandbox::Fate::Kind::lands_later) under_way.emplace(page, based_on);
      account(page, *before, based_on);
    }
    if (!api.read) world_.crash.step();
    if (api.read && request.method == "GET" && answer.status == 200) read_at[page] = world_.ghost.tick();
    world_.clock.pass(80);
    return from_model(api, std::move(answer));
  }

 public:
  // Compares a page before and after something of ours took effect.
  void account(const std::string& page, const PageView& before, std::uint64_t based_on) {
    const auto after = world_.page(page);
    if (!after) return;
    if (before.in_trash && !after->in_trash) {
      const std::string record = record_of(after->values[title]);
      world_.ghost.revived(Side::notion, record, after->values, world_.row_values(record));
    }
    for (std::size_t i = 0; i < before.values.size(); ++i) {
      const bool gone = before.values[i] != after->values[i] || (after->in_trash && !before.in_trash);
      if (gone && !is_null(before.values[i])) world_.ghost.overwritten_unseen(i, before.values[i], based_on);
    }
  }

 private:
  // A look for one nonce has one answer or none; the lie is about long lists.
  void cut(const sandbox::Request& request, sandbox::Answer& answer) {
    const auto chance = [&](double p) { return p > 0 && std::uniform_real_distribution<>(0, 1)(world_.random_) < p; };
    const bool told = chance(world_.faults.partial_told);
    const bool filtered_by_nonce = to_text(request.body).find("nonce-") != std::string::npos;
    const bool silent =
        !told && !filtered_by_nonce && world_.postgres.state().first_sync_done && chance(world_.faults.partial_silent);
    if ((told || silent) && cut_short(answer, told, world_.random_))
      ++world_.tally.faults[told ? "partial_told" : "partial_silent"];
  }

  static std::string page_of(const std::string& path) {
    constexpr std::string_view prefix = "/v1/pages/";
    if (!path.starts_with(prefix)) return {};
    return path.substr(prefix.size(), 36);
  }

  SimWorld& world_;
};

SimWorld::SimWorld(std::uint64_t seed, Note note)
    : clock(epoch_ms),
      notion(
          sandbox::Habits{}, [this] { return clock.true_now() + notion_skew_ms; }, seed),
      postgres(clock, crash, seed * 31 + 7),
      note_type_(note),
      random_(seed * 1000003 + 17),
      transport_(std::make_unique<ModelTransport>(*this)) {
  clock.on_pass = [this] {
    land_late();
    run_events();
  };
  postgres.on_row_write = [this] { notice_revived_rows(); };
  set_up();
}

void SimWorld::notice_revived_rows() {
  for (const auto& [key, row] : postgres.rows()) {
    const bool was_dead = dead_rows_.contains(key);
    if (was_dead && !row.deleted) {
      const std::string record = record_of(row.values[title]);
      Values shown;
      for (const auto& view : pages()) {
        if (!view.in_trash && record_of(view.values[title]) == record) shown = view.values;
      }
      ghost.revived(Side::supabase, record, row.values, shown);
    }
    if (!row.deleted) dead_rows_.erase(key);
  }
}

Values SimWorld::row_values(const std::string& record) const {
  for (const auto& [key, row] : postgres.rows()) {
    if (!row.deleted && record_of(row.values[title]) == record) return row.values;
  }
  return {};
}

SimWorld::~SimWorld() = default;

void SimWorld::set_up() {
  json::object properties{
      {"Name", json::object{{"title", json::object{}}}},
      {"Note", json::object{{note_type_ == Note::text ? "rich_text" : "select", json::object{}}}},
      {"Score", json::object{{"number", json::object{{"format", "number"}}}}},
      {"Rowpage", json::object{{"rich_text", json::object{}}}},
  };
  json::object body{
      {"parent", json::object{{"type", "page_id"}, {"page_id", notion.root_page().text()}}},
      {"title", json::array{json::object{{"text", json::object{{"content", "Simulated"}}}}}},
      {"initial_data_source", json::object{{"properties", std::move(properties)}}},
  };
  const auto answer = person("POST", "/v1/databases", std::move(body));
  const auto* sources = find_array(answer.body, "data_sources");
  source_ = std::string(find_string(sources->front(), "id"));

  PairSpec spec;
  spec.model = "Sim";
  spec.table = "public.sim";
  spec.match = {{Match::By::page_id, {}}, {Match::By::key, "name"}};
  spec.first = First::newest;
  const auto field = [&](const char* property, const char* column, FieldType type) {
    Field f;
    f.property = property;
    f.column = column;
    f.type = type;
    spec.fields.push_back(std::move(f));
  };
  field("Name", "name", FieldType::title);
  field("Note", "note", note_type_ == Note::text ? FieldType::rich_text : FieldType::select);
  field("Score", "score", FieldType::number);
  spec.book.page_id_column = "notion_page_id";
  spec.book.updated_at_column = "updated_at";
  spec.book.deleted_at_column = "deleted_at";

  TableSchema table;
  table.schema = "public";
  table.name = "sim";
  table.key_unique = true;
  const auto column = [&](const char* name, ColumnType type) {
    Column c;
    c.name = name;
    c.type = type;
    table.columns.push_back(std::move(c));
  };
  column("id", ColumnType::text);
  column("name", ColumnType::text);
  column("note", ColumnType::text);
  column("score", ColumnType::numeric);
  column("notion_page_id", ColumnType::text);
  column("updated_at", ColumnType::timestamptz);
  column("deleted_at", ColumnType::timestamptz);

  Budget budget(clock, Budget::Options{});
  NotionClient client(*transport_, clock, budget);
  const auto schema = client.schema(source_);
  if (!schema) throw std::runtime_error(schema.error().what);
  Resolved resolved = resolve(spec, "sim", *schema, table);
  if (!resolved.ok()) throw std::runtime_error(resolved.problems.front().where + ": " + resolved.problems.front().what);
  pair = std::move(resolved.pair);
}

void SimWorld::mix(std::string_view text) {
  for (const char c : text) trace = (trace ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
}

void SimWorld::land_late() {
  if (notion.late_requests() == 0) return;
  std::vector<PageView> before = pages();
  const std::size_t waiting = notion.late_requests();
  notion.run_due();
  if (notion.late_requests() == waiting) return;
  for (const auto& view : before) {
    const auto range = transport_->under_way.equal_range(view.id);
    for (auto entry = range.first; entry != range.second; ++entry) transport_->account(view.id, view, entry->second);
  }
}

void SimWorld::run_events() {
  if (in_events_) return;
  in_events_ = true;
  while (!events_.empty() && events_.begin()->first <= clock.true_now()) {
    auto event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    event();
  }
  in_events_ = false;
}

std::optional<PairReport> SimWorld::cycle(RunOptions options, PlanSink* sink) {
  Ear listener(*this);
  ++tally.cycles;
  tell(clock, "--- cycle{}", options.full ? " (full)" : "");
  Budget budget(clock, Budget::Options{});
  NotionClient client(*transport_, clock, budget);
  if (options.bot_id.empty()) options.bot_id = "bot";
  options.run = 1;
  options.in_flight = 4;
  options.batch_size = 10;
  if (options.fence == 0) options.fence = postgres.acquire(pair.workspace, minute_ms, 0)->fence;
  Ports ports{client, postgres, postgres, clock, listener, [this] { return "nonce-" + std::to_string(++nonces_); }};
  // What a runner writes is based on its own readings: a second one begins within the first and ends before it.
  struct OwnReadings {
    ModelTransport& transport;
    std::map<std::string, std::uint64_t> outer = std::exchange(transport.read_at, {});
    ~OwnReadings() { transport.read_at = std::move(outer); }
  } readings{*transport_};
  try {
    PairReport report = run_pair(ports, pair, options, sink);
    if (verbose && report.error) fmt::print("         ! {}\n", report.error->what);
    mix(std::to_string(report.requests));
    return report;
  } catch (const Crash&) {
    tell(clock, "crash");
    ++tally.crashes;
    mix("crash");
    return std::nullopt;
  }
}

// --- people

sandbox::Answer SimWorld::person(const char* method, const std::string& path, json::value body) {
  sandbox::Request request;
  request.method = method;
  request.path = path;
  request.body = std::move(body);
  request.token = notion.person_token();
  request.version = "2026-03-11";
  return notion.handle(request);
}

Value SimWorld::fresh(const std::string& record, std::size_t field) {
  ++values_;
  if (field == score) return static_cast<double>(values_);
  return record + "." + std::to_string(values_);
}

std::string SimWorld::make_page(const Values& values, const std::string& nonce) {
  auto properties = properties_of(all_changes(values));
  if (!nonce.empty()) properties["Rowpage"] = text_property("rich_text", nonce);
  const auto answer =
      person("POST", "/v1/pages",
             json::object{{"parent", json::object{{"type", "data_source_id"}, {"data_source_id", source_}}},
                          {"properties", std::move(properties)}});
  if (answer.status != 200) throw std::runtime_error(to_text(answer.body));
  for (std::size_t i = 0; i < values.size(); ++i)
    ghost.wrote(Side::notion, record_of(values[title]), i, Null{}, values[i]);
  tell(clock, "person makes page {:.8}{}", find_string(answer.body, "id"), shown(all_changes(values)));
  return std::string(find_string(answer.body, "id"));
}

bool SimWorld::edit_page(const std::string& id, const std::vector<Change>& changes) {
  const auto before = page(id);
  if (!before || before->in_trash || left_page(id)) return false;
  tell(clock, "person edits page {:.8}{}", id, shown(changes));
  const auto answer = person("PATCH", "/v1/pages/" + id, json::object{{"properties", properties_of(changes)}});
  if (answer.status != 200) throw std::runtime_error(to_text(answer.body));
  for (const auto& [field, value] : changes)
    ghost.wrote(Side::notion, record_of(before->values[title]), field, before->values[field], value);
  return true;
}

bool SimWorld::trash_page(const std::string& id) {
  const auto before = page(id);
  if (!before || before->in_trash || left_page(id)) return false;
  tell(clock, "person trashes page {:.8}", id);
  person("PATCH", "/v1/pages/" + id, json::object{{"in_trash", true}});
  // So can a page that was restored and trashed again between two runs: it never seemed to move.
  const bool never_moved = std::ranges::any_of(
      postgres.links(), [&](const auto& link) { return link.second.page_id == id && !link.second.page_live; });
  const bool ambiguous =
      never_moved || std::ranges::any_of(postgres.open_requests(), [&](const auto& request) {
        const RequestKind kind = request.second.kind;
        return request.second.page_id == id && (kind == RequestKind::trash || kind == RequestKind::restore);
      });
  ghost.deleted(Side::notion, record_of(before->values[title]), before->values, ambiguous);
  return true;
}

bool SimWorld::restore_page(const std::string& id) {
  const auto before = page(id);
  if (!before || !before->in_trash || left_page(id)) return false;
  tell(clock, "person restores page {:.8}", id);
  person("PATCH", "/v1/pages/" + id, json::object{{"in_trash", false}});
  ghost.restored(Side::notion, record_of(before->values[title]), before->values);
  return true;
}

std::string SimWorld::duplicate_page(const std::string& id, const Values& then) {
  const auto before = page(id);
  if (!before || before->in_trash || left_page(id)) return {};
  const auto* model_page = notion.world().page(*sandbox::parse_id(id));
  // A copy made and rewritten within the minute its original was made in, before we met either, cannot be told from it
  // by anybody.
  if (model_page->created == floor_minute(clock.true_now() + notion_skew_ms)) return {};
  const auto* source = notion.world().source(*sandbox::parse_id(source_));
  const auto* cell = model_page->now->cell(source->by_name("Rowpage")->key);
  const bool has_nonce = cell && cell->is_string();
  return make_page(then, has_nonce ? std::string(cell->get_string()) : std::string());
}

std::string SimWorld::make_row(const Values& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    ghost.wrote(Side::supabase, record_of(values[title]), i, Null{}, values[i]);
  const std::string key = postgres.insert(pair, values);
  tell(clock, "person inserts {}{}", key, shown(all_changes(values)));
  return key;
}

bool SimWorld::edit_row(const std::string& key, const std::vector<Change>& changes) {
  const auto row = postgres.rows().find(key);
  if (row == postgres.rows().end() || row->second.deleted) return false;
  const Values before = row->second.values;
  tell(clock, "person updates {}{}", key, shown(changes));
  for (const auto& [field, value] : changes)
    ghost.wrote(Side::supabase, record_of(before[title]), field, before[field], value);
  return postgres.edit(pair, key, changes);
}

bool SimWorld::delete_row(const std::string& key, bool hard) {
  const auto row = postgres.rows().find(key);
  if (row == postgres.rows().end() || (row->second.deleted && !hard)) return false;
  tell(clock, "person deletes {}{}", key, hard ? " for good" : "");
  // Clearing away a row that is marked deleted already is no new deletion.
  if (!row->second.deleted) {
    const auto link = postgres.links().find(key);
    const bool never_moved = link != postgres.links().end() && !link->second.row_live;
    ghost.deleted(Side::supabase, record_of(row->second.values[title]), row->second.values, never_moved);
  }
  dead_rows_.insert(key);
  return hard ? postgres.hard_delete(key) : postgres.soft_delete(key);
}

bool SimWorld::restore_row(const std::string& key) {
  const auto row = postgres.rows().find(key);
  if (row == postgres.rows().end() || !row->second.deleted) return false;
  tell(clock, "person restores {}", key);
  ghost.restored(Side::supabase, record_of(row->second.values[title]), row->second.values);
  dead_rows_.erase(key);
  return postgres.restore(key);
}

void SimWorld::leaves(const PageView& view) {
  const std::string record = record_of(view.values[title]);
  left_.insert(record);
  left_pages_.insert(view.id);
  if (!row_values(record).empty()) left_with_row_.insert(record);
}

bool SimWorld::rename_option(const std::string& page_id, const Value& name) {
  const auto seen = page(page_id);
  if (!seen || seen->in_trash || left_page(page_id) || is_null(seen->values[note])) return false;
  tell(clock, "person renames option {} to {}", display(seen->values[note]), display(name));
  const Value before = seen->values[note];
  auto* source = notion.world().source(*sandbox::parse_id(source_));
  for (auto& property : source->properties) {
    for (auto& option : property.options) {
      if (option.name == std::get<std::string>(before)) option.name = std::get<std::string>(name);
    }
  }
  ghost.wrote(Side::notion, record_of(seen->values[title]), note, before, name);
  return true;
}

void SimWorld::move_away(const std::string& id) {
  const auto view = page(id);
  if (!view || left_page(id)) return;
  tell(clock, "person moves page {:.8} away", id);
  leaves(*view);
  moved_pages_.insert(id);
  const json::object parent{{"type", "page_id"}, {"page_id", notion.root_page().text()}};
  const auto answer = person("POST", "/v1/pages/" + id + "/move", json::object{{"parent", parent}});
  if (answer.status != 200) throw std::runtime_error(to_text(answer.body));
}

void SimWorld::archive_page(const std::string& id) {
  const auto view = page(id);
  if (!view || left_page(id)) return;
  tell(clock, "person archives page {:.8}", id);
  leaves(*view);
  const auto answer = person("PATCH", "/v1/pages/" + id, json::object{{"is_archived", true}});
  if (answer.status != 200) throw std::runtime_error(to_text(answer.body));
}

// --- looking

std::vector<std::string> SimWorld::judge() const {
  const Ghost::Side1 rows = supabase_side();
  auto wrong = ghost.judge(notion_side(), rows, postgres.conflicts(), left_);
  for (const auto& record : left_with_row_) {
    if (!rows.live.contains(record) && !ghost.anybody_deleted(record))
      wrong.push_back("I8: the page of record " + record + " left without the trash, and its row was deleted");
  }
  return wrong;
}

json::object SimWorld::properties_of(const std::vector<Change>& changes) const {
  json::object properties;
  for (const auto& [field, value] : changes) {
    switch (field) {
      case title:
        properties["Name"] = text_property("title", value);
        break;
      case note:
        properties["Note"] = note_type_ == Note::text ? text_property("rich_text", value) : option_property(value);
        break;
      default: {
        const auto* number = std::get_if<double>(&value);
        properties["Score"] = json::object{{"number", number ? json::value(*number) : json::value()}};
      }
    }
  }
  return properties;
}

Values SimWorld::values_of(const sandbox::PageState& state) const {
  const auto* source = const_cast<sandbox::NotionModel&>(notion).world().source(*sandbox::parse_id(source_));
  Values values(3);
  const auto text = [&](const char* name) -> Value {
    const auto* property = source->by_name(name);  // people may remove it
    const auto* cell = property ? state.cell(property->key) : nullptr;
    if (!cell || !cell->is_string() || cell->get_string().empty()) return Null{};
    return std::string(cell->get_string());
  };
  values[title] = text("Name");
  values[note] = text("Note");
  if (note_type_ == Note::select && !is_null(values[note])) {
    const auto& options = source->by_name("Note")->options;
    const auto option = std::ranges::find(options, std::get<std::string>(values[note]), &sandbox::Option::id);
    values[note] = option == options.end() ? Value{} : Value{option->name};
  }
  const auto* number = state.cell(source->by_name("Score")->key);
  if (number) {
    if (const auto read = as_number(*number)) values[score] = *read;
  }
  return values;
}

std::vector<SimWorld::PageView> SimWorld::pages() const {
  auto& world = const_cast<sandbox::NotionModel&>(notion).world();
  std::vector<PageView> views;
  for (const auto* page : world.source(*sandbox::parse_id(source_))->rows) {
    views.push_back({page->id.text(), values_of(*page->now), page->now->in_trash});
  }
  return views;
}

std::optional<SimWorld::PageView> SimWorld::page(const std::string& id) const {
  const auto parsed = sandbox::parse_id(id);
  const auto* page = parsed ? const_cast<sandbox::NotionModel&>(notion).world().page(*parsed) : nullptr;
  if (!page) return std::nullopt;
  return PageView{id, values_of(*page->now), page->now->in_trash};
}

Ghost::Side1 SimWorld::notion_side() const {
  Ghost::Side1 side;
  for (const auto& view : pages()) {
    if (view.in_trash || moved_pages_.contains(view.id)) continue;
    const std::string record = record_of(view.values[title]);
    if (!side.live.emplace(record, view.values).second) side.doubles.insert(record);
  }
  return side;
}

Ghost::Side1 SimWorld::supabase_side() const {
  Ghost::Side1 side;
  for (const auto& [key, row] : postgres.rows()) {
    if (row.deleted) continue;
    const std::string record = record_of(row.values[title]);
    if (!side.live.emplace(record, row.values).second) side.doubles.insert(record);
  }
  return side;
}

}  // namespace rowpage::sim
