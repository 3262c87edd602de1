#include "scenario/world.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/link_order.h"
#include "notion/client.h"
#include "scenario/network.h"

namespace rowpage::scenario {
namespace {

constexpr Millis epoch_ms = 1'790'000'000'000;  // some day in 2026

class Ear : public Listener {
 public:
  explicit Ear(const ScenarioWorld& world) : world_(world) {}
  void progress(std::string_view, std::uint64_t, std::optional<std::uint64_t>) override {}
  void note(std::string_view model, std::string_view event, std::string_view text) override {
    world_.tell(fmt::format("  {} {}: {}", model, event, text));
  }

 private:
  const ScenarioWorld& world_;
};

}  // namespace

ScenarioWorld::ScenarioWorld(const Scenario& scenario, bool verbose)
    : clock(epoch_ms),
      notion(
          sandbox::Habits{}, [this] { return clock.now() + notion_ahead_ms_; }, 1),
      postgres(clock, crash, 1),
      scenario_(scenario),
      verbose_(verbose),
      network_(std::make_unique<Network>(*this)) {
  clock.on_pass = [this] { land_late(); };
  postgres.on_row_write = [this] { notice_revived_rows(); };
  set_up();
}

ScenarioWorld::~ScenarioWorld() = default;

void ScenarioWorld::mix(std::string_view text) {
  for (const char c : text) trace = (trace ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
}

void ScenarioWorld::tell(const std::string& text) const {
  if (!verbose_) return;
  const Millis second = (const_cast<sim::SimClock&>(clock).now() - epoch_ms) / second_ms;
  fmt::print("{:4}:{:02} {}\n", second / 60, second % 60, text);
}

std::optional<std::vector<PairReport>> ScenarioWorld::run(const Step::Run& run) {
  RunOptions options;
  options.direction = run.direction;
  options.full = run.full;
  options.dry_run = run.dry;
  if (run.since_ms) options.since_ms = clock.now() - *run.since_ms;
  options.allow_deletes = run.allow_deletes;
  options.allow_rewrites = run.allow_rewrites;
  options.allow_creates = run.allow_creates;
  options.allow_mapping_change = run.allow_mapping_change;
  options.bot_id = bot_;
  options.run = run.dry ? 0 : 1;
  options.in_flight = 4;
  options.batch_size = 10;
  options.fence = postgres.acquire("scenario", minute_ms, 0)->fence;

  std::vector<const PairSpec*> specs;
  for (const auto& pair : pairs) specs.push_back(&pair);
  std::vector<Pair> ordered;
  for (const std::size_t i : link_order(specs)) {
    if (run.model.empty() || run.model == pairs[i].model) ordered.push_back(pairs[i]);
  }
  tell(run.full ? "sync --full" : "sync");
  Ear listener(*this);
  Budget budget(clock, Budget::Options{});
  NotionClient client(*network_, clock, budget);
  Ports ports{client, postgres, postgres, clock, listener, [this] { return "nonce-" + std::to_string(++nonces_); }};
  try {
    auto reports = run_linked(ports, ordered, options);
    for (const auto& report : reports) {
      mix(report.model + std::to_string(report.requests) + std::to_string(report.done()));
      if (report.error) tell("  ! " + report.error->what);
    }
    return reports;
  } catch (const sim::Crash&) {
    tell("the process is killed");
    mix("killed");
    return std::nullopt;
  }
}

void ScenarioWorld::begin() {
  const auto deed_of = [](const GridLine& line, Step::Kind kind) {
    Step step;
    step.kind = kind;
    step.line = line.line;
    step.pair = line.pair;
    step.record = line.record;
    step.said = "at the start: " + line.record;
    const auto* title = std::get_if<std::string>(&line.values[0]);
    step.name = title ? *title : std::string();
    return step;
  };
  // Records first, links afterwards: a line may name one that stands below it.
  const auto links_of_line = [&](const GridLine& line, Step::Kind kind) {
    Step step = deed_of(line, kind);
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      const Field& field = scenario_.pairs[line.pair].fields[i];
      if (field.is_relation() && field.relation.kind != Relation::Kind::back && !is_null(line.values[i]))
        step.set.push_back({i, line.values[i]});
    }
    if (!step.set.empty()) act(step);
  };
  const auto make_all = [&](bool in_step) {
    for (const bool links : {false, true}) {
      for (const auto& line : scenario_.start) {
        if ((line.mark == GridLine::Mark::both) != in_step) continue;
        const bool in_notion = line.mark != GridLine::Mark::supabase;
        if (links) {
          links_of_line(line, in_notion ? Step::Kind::edit : Step::Kind::update);
          continue;
        }
        Step step = deed_of(line, in_notion ? Step::Kind::make : Step::Kind::insert);
        for (std::size_t i = 1; i < line.values.size(); ++i) {
          if (!scenario_.pairs[line.pair].fields[i].is_relation() && !is_null(line.values[i]))
            step.set.push_back({i, line.values[i]});
        }
        act(step);
      }
    }
  };
  const bool any =
      std::ranges::any_of(scenario_.start, [](const auto& line) { return line.mark == GridLine::Mark::both; });
  if (any) {
    make_all(true);
    for (int i = 0; i < 3; ++i) {
      clock.pass(5 * minute_ms);
      const auto before = page_writes() + row_writes();
      (void)run({});
      if (i > 0 && page_writes() + row_writes() == before) break;
    }
    for (const auto& line : scenario_.start) {
      if (line.mark == GridLine::Mark::both && row_of(line.record).empty())
        throw Impossible{line.line, line.record + " does not come in step at the start"};
    }
  }
  make_all(false);
  clock.pass(minute_ms - clock.now() % minute_ms);
  luck_.clear();
  crash.reset();
  sends.clear();
}

// --- looking

namespace {

std::string plain(const json::value& cell) {
  if (cell.is_string()) return std::string(cell.get_string());
  std::string text;
  if (!cell.is_array()) return text;
  for (const auto& part : cell.get_array()) text += find_string(part, "plain_text");
  return text;
}

std::string option_name(const sandbox::Property& property, std::string_view id) {
  const auto option = std::ranges::find(property.options, id, &sandbox::Option::id);
  return option == property.options.end() ? std::string() : option->name;
}

}  // namespace

// Read by itself: the page may link to itself.
std::string ScenarioWorld::title_of_page(const std::string& id) const {
  auto& world = const_cast<sandbox::NotionModel&>(notion).world();
  const auto parsed = sandbox::parse_id(id);
  const auto* page = parsed ? world.page(*parsed) : nullptr;
  const auto* title = page ? page->now->cell(sandbox::title_key) : nullptr;
  return title ? plain(*title) : std::string();
}

std::string ScenarioWorld::title_of_row(std::size_t pair, const std::string& key) {
  postgres.use(pairs[pair]);
  const auto row = postgres.rows().find(key);
  const auto* title = row == postgres.rows().end() ? nullptr : std::get_if<std::string>(&row->second.values[0]);
  return title ? *title : std::string();
}

Value ScenarioWorld::page_value(std::size_t pair, std::size_t field, const sandbox::PageState& state) const {
  auto& world = const_cast<sandbox::NotionModel&>(notion).world();
  const Field& as = pairs[pair].fields[field];
  const auto* property = world.source(*sandbox::parse_id(sources_[pair]))->by_id(as.property_id);
  if (!property) return Null{};
  if (as.is_relation()) {
    TextList titles;
    for (const auto& id : state.links(property->key).all()) {
      const auto* target = world.page(id);
      if (target && !target->now->in_trash) titles.push_back(title_of_page(id.text()));
    }
    return make_list(std::move(titles));
  }
  const auto* cell = state.cell(property->key);
  if (as.type == FieldType::checkbox) return cell && cell->is_bool() && cell->get_bool();
  if (!cell || cell->is_null()) return Null{};
  switch (as.type) {
    case FieldType::number: {
      const auto number = as_number(*cell);
      return number ? Value(*number) : Value(Null{});
    }
    case FieldType::select:
      return cell->is_string() ? make_text(option_name(*property, cell->get_string())) : Value(Null{});
    case FieldType::multi_select: {
      TextList names;
      for (const auto& id : cell->is_array() ? cell->get_array() : json::array())
        names.push_back(option_name(*property, id.is_string() ? std::string_view(id.get_string()) : ""));
      return make_list(std::move(names));
    }
    case FieldType::date: {
      const auto time = parse_time(find_string(*cell, "start"));
      return time ? Value(DateSpan{time->ms, std::nullopt, time->has_time}) : Value(Null{});
    }
    default:
      return make_text(plain(*cell));
  }
}

ScenarioWorld::PageView ScenarioWorld::view(std::size_t pair, const sandbox::Page& page) const {
  PageView view;
  view.id = page.id.text();
  const auto& state = *page.now;
  view.trashed = state.in_trash;
  view.live = !state.in_trash && !state.archived && state.parent.id.text() == sources_[pair];
  for (std::size_t i = 0; i < pairs[pair].fields.size(); ++i) view.values.push_back(page_value(pair, i, state));
  return view;
}

std::vector<ScenarioWorld::PageView> ScenarioWorld::pages(std::size_t pair) const {
  std::vector<PageView> views;
  auto& world = const_cast<sandbox::NotionModel&>(notion).world();
  for (const auto* page : world.source(*sandbox::parse_id(sources_[pair]))->rows) views.push_back(view(pair, *page));
  return views;
}

std::optional<std::pair<std::size_t, ScenarioWorld::PageView>> ScenarioWorld::page(const std::string& id) const {
  auto& world = const_cast<sandbox::NotionModel&>(notion).world();
  const auto parsed = sandbox::parse_id(id);
  if (!parsed || pairs.size() < sources_.size()) return std::nullopt;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    for (const auto* page : world.source(*sandbox::parse_id(sources_[i]))->rows) {
      if (page->id == *parsed) return std::pair(i, view(i, *page));
    }
  }
  return std::nullopt;
}

Value ScenarioWorld::row_value(std::size_t pair, std::size_t field, const std::string& key, const Value& stored) {
  const Field& as = pairs[pair].fields[field];
  if (!as.is_relation()) return stored;
  const Relation& relation = as.relation;
  if (relation.kind == Relation::Kind::back) return Null{};
  TextList keys;
  if (relation.kind == Relation::Kind::join) {
    for (const auto& [own, other] : postgres.joins(relation.join)) {
      if (own == key) keys.push_back(other);
    }
  } else if (const auto* list = std::get_if<TextList>(&stored)) {
    keys = *list;
  }
  std::size_t to = 0;
  while (pairs[to].model != relation.to) ++to;
  TextList titles;
  for (const auto& target : keys) {
    postgres.use(pairs[to]);
    const auto row = postgres.rows().find(target);
    if (row != postgres.rows().end() && !row->second.deleted) titles.push_back(title_of_row(to, target));
  }
  return make_list(std::move(titles));
}

std::vector<ScenarioWorld::RowView> ScenarioWorld::rows(std::size_t pair) {
  postgres.use(pairs[pair]);
  std::vector<RowView> views;
  const auto stored = postgres.rows();
  const auto links = postgres.links();
  for (const auto& [key, row] : stored) {
    RowView view;
    view.key = key;
    view.live = !row.deleted;
    for (std::size_t i = 0; i < row.values.size(); ++i) view.values.push_back(row_value(pair, i, key, row.values[i]));
    if (const auto link = links.find(key); link != links.end()) view.page = link->second.page_id;
    views.push_back(std::move(view));
  }
  return views;
}

std::string ScenarioWorld::page_of(const std::string& record) {
  const Record& known = records_.at(record);
  if (!known.page.empty() || known.row.empty()) return known.page;
  postgres.use(pairs[known.pair]);
  const auto link = postgres.links().find(known.row);
  return link == postgres.links().end() ? std::string() : link->second.page_id;
}

std::string ScenarioWorld::row_of(const std::string& record) {
  const Record& known = records_.at(record);
  if (!known.row.empty() || known.page.empty()) return known.row;
  postgres.use(pairs[known.pair]);
  for (const auto& [key, link] : postgres.links()) {
    if (link.page_id == known.page) return key;
  }
  return {};
}

std::string ScenarioWorld::record_of(std::size_t pair, const Conflict& conflict) {
  for (const auto& [name, record] : records_) {
    if (record.pair != pair) continue;
    if ((!conflict.key.empty() && row_of(name) == conflict.key) ||
        (!conflict.page_id.empty() && page_of(name) == conflict.page_id))
      return name;
  }
  return {};
}

bool ScenarioWorld::bold(const std::string& record, std::size_t field) {
  const Record& known = records_.at(record);
  const auto* page = notion.world().page(*sandbox::parse_id(page_of(record)));
  const auto* property = notion.world()
                             .source(*sandbox::parse_id(sources_[known.pair]))
                             ->by_id(pairs[known.pair].fields[field].property_id);
  const auto* cell = page && property ? page->now->cell(property->key) : nullptr;
  return cell && to_text(*cell).find("\"bold\":true") != std::string::npos;
}

// --- the witness

Witness::Sight ScenarioWorld::sight(const std::string& id) const {
  const auto seen = page(id);
  if (!seen) return {};
  return {Witness::judged(scenario_.pairs[seen->first], seen->second.values), seen->second.live};
}

Values ScenarioWorld::judged_row(const std::string& record) {
  const auto known = records_.find(record);
  const std::string key = known == records_.end() ? std::string() : row_of(record);
  if (key.empty()) return {};
  postgres.use(pairs[known->second.pair]);
  const auto row = postgres.rows().find(key);
  if (row == postgres.rows().end() || row->second.deleted) return {};
  return Witness::judged(scenario_.pairs[known->second.pair], row->second.values);
}

void ScenarioWorld::notice_revived_rows() {
  const auto dead = dead_rows_;
  for (const auto& [pair, key] : dead) {
    for (const auto& row : rows(pair)) {
      if (row.key != key || !row.live) continue;
      Values shown;
      const Values values = Witness::judged(scenario_.pairs[pair], row.values);
      for (const auto& page : pages(pair)) {
        if (page.live && witness_.record_of(page.values) == witness_.record_of(values))
          shown = Witness::judged(scenario_.pairs[pair], page.values);
      }
      witness_.row_revived(values, shown);
      dead_rows_.erase({pair, key});
    }
  }
}

std::vector<std::string> ScenarioWorld::judge() {
  if (!witness_.may_judge()) return {};
  std::vector<Values> in_notion, in_supabase;
  std::vector<std::pair<std::string, Conflict>> log;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    for (const auto& page : pages(i)) {
      if (page.live) in_notion.push_back(Witness::judged(scenario_.pairs[i], page.values));
    }
    for (const auto& row : rows(i)) {
      if (row.live) in_supabase.push_back(Witness::judged(scenario_.pairs[i], row.values));
    }
    postgres.use(pairs[i]);
    const auto conflicts = postgres.conflicts();
    for (const auto& conflict : conflicts) log.emplace_back(record_of(i, conflict), conflict);
  }
  return witness_.judge(in_notion, in_supabase, log);
}

}  // namespace rowpage::scenario
