// `rowpage demo`: sixteen linked databases of a house for wellness, art and advice, from empty sides to a comparison of
// everything. What must hold is computed from the generated data or counted by the two sides themselves.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/term.h"
#include "cli/demo_changes.h"
#include "cli/demo_compare.h"
#include "cli/demo_fill.h"
#include "cli/demo_play.h"
#include "cli/demo_view.h"
#include "cli/describe.h"
#include "cli/inbox.h"
#include "cli/setup_work.h"
#include "core/value.h"

namespace rowpage {
namespace {

constexpr int notion_requests_a_minute = 180;
constexpr int listed_at_once = 100;              // pages in one answer of Notion
constexpr std::size_t shown_with_page = 25;      // links a page object shows; the rest is asked for
constexpr std::int64_t quiet_requests_max = 17;  // a listing for each database, and one search for trash
constexpr std::size_t faults_shown = 12;
constexpr std::string_view broken_model = "MarketingCampaign", broken_property = "Budget";

std::string seconds(Millis ms) {
  return fmt::format("{:.1f} s", static_cast<double>(ms) / second_ms);
}

std::string minutes_and_seconds(std::int64_t s) {
  return fmt::format("{} and {}", counted(static_cast<std::uint64_t>(s / 60), "minute"),
                     counted(static_cast<std::uint64_t>(s % 60), "second"));
}

std::string kinds(const DemoWorld::Counters& counters) {
  std::string out;
  for (const auto& [endpoint, number] : counters.by_endpoint)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", endpoint, number);
  return out;
}

class HigherselfPlay : public DemoPlay {
 public:
  HigherselfPlay(const Stage& stage, std::size_t records)
      : DemoPlay(stage),
        data_(make_demo_data(records)),
        fill_(world_, session_, data_,
              [this](std::string_view what, std::size_t done, std::size_t of) {
                output_.progress(what, done, of);
                return !session_.clock().interrupted();
              }),
        records_(world_, session_, data_),
        changes_(world_, session_, records_) {}

  Status play() override {
    for (const auto step : {&HigherselfPlay::set_up, &HigherselfPlay::fill, &HigherselfPlay::first_sync,
                            &HigherselfPlay::edit, &HigherselfPlay::second_sync, &HigherselfPlay::restore,
                            &HigherselfPlay::quiet_sync, &HigherselfPlay::broken_pair, &HigherselfPlay::compare}) {
      if (auto wanted = still_wanted(); !wanted) return wanted;
      if (auto done = (this->*step)(); !done) return done;
    }
    return {};
  }

 private:
  Status set_up();
  Status set_up_notion(std::size_t& requests);
  Status fill();
  Status first_sync();
  Status settle();
  Status tell_models(const RunOutcome& outcome);
  Status tell_requests(const RunOutcome& outcome);
  Status edit();
  Status second_sync();
  Status restore();
  Status tell_stories(std::string_view name);
  Status tell_conflict();
  Status quiet_sync();
  Status broken_pair();
  Status rename(std::string_view from, std::string_view to);
  Status compare();

  Result<std::int64_t> count(const std::string& query);
  Result<std::int64_t> links_of(const PairSpec& pair);
  Result<std::int64_t> requests_necessary(std::int64_t run);
  void tell_run(const RunOutcome& outcome);

  DemoData data_;
  DemoFill fill_;
  DemoRecords records_;
  DemoChanges changes_;
};

Result<std::int64_t> HigherselfPlay::count(const std::string& query) {
  auto text = world_.value(query);
  if (!text) return fail(text.error());
  return text->empty() ? 0 : std::stoll(*text);
}

// --- 1: both sides are made

Status HigherselfPlay::set_up_notion(std::size_t& relations) {
  const auto& pairs = session_.config().pairs;
  std::size_t stage_number = 0;
  for (const auto stage : {set_up_database, set_up_relations, set_up_formulas}) {
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      output_.progress("setting up Notion: " + pairs[i].model, stage_number * pairs.size() + i, 3 * pairs.size());
      auto done = stage(session_, i);
      if (!done) return fail(done.error());
      if (stage_number == 1) relations += done->done.size();
      if (auto wanted = still_wanted(); !wanted) return wanted;
    }
    ++stage_number;
  }
  return {};
}

Status HigherselfPlay::set_up() {
  chapter("1. Both sides are made, as `rowpage setup` does");
  const auto& config = session_.config();
  const Millis began = session_.clock().monotonic();
  std::size_t relations = 0, formulas = 0, joins = 0, properties = 0;
  if (auto made = set_up_notion(relations); !made) return made;
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    all.push_back(i);
    for (const auto& extra : config.wanted[i].extras) formulas += extra.type == "formula" ? 1 : 0;
    for (const auto& field : config.pairs[i].fields) {
      joins += field.relation.kind == Relation::Kind::join ? 1 : 0;
      ++properties;
    }
  }
  auto postgres = apply_setups(session_.database(), setup_inputs(config, all));
  if (!postgres) return fail(postgres.error());
  auto tables = count(
      "select count(*)::text from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'rowpage')");
  auto keys =
      count("select count(*)::text from pg_constraint where contype = 'f' and connamespace <> 'rowpage'::regnamespace");
  if (!tables) return fail(tables.error());
  if (!keys) return fail(keys.error());
  line(fmt::format("  Notion      {} databases, {} mapped properties, {} relations, {} formulas", config.pairs.size(),
                   properties, relations, formulas));
  line(fmt::format("  PostgreSQL  {} tables (of which {} join tables), {} foreign keys, triggers, schema rowpage",
                   *tables, joins, *keys));
  line("  took        " + seconds(session_.clock().monotonic() - began));
  object_["setup"] = json::object{{"databases", config.pairs.size()},
                                  {"properties", properties},
                                  {"relations", relations},
                                  {"formulas", formulas},
                                  {"tables", *tables},
                                  {"join_tables", joins},
                                  {"foreign_keys", *keys}};
  if (*tables != static_cast<std::int64_t>(config.pairs.size() + joins))
    return unexpected(fmt::format("{} tables were made instead of {}", *tables, config.pairs.size() + joins));
  return {};
}

// --- 2: people and an application write

Status HigherselfPlay::fill() {
  chapter("2. People write in Notion, an application in PostgreSQL; neither knows of the other");
  const Millis began = session_.clock().monotonic();
  if (auto written = fill_.write_pages(); !written) return written;
  const Millis pages_done = session_.clock().monotonic();
  if (auto written = fill_.write_rows(); !written) return written;
  const Millis rows_done = session_.clock().monotonic();
  const auto on = [&](Side side) { return std::ranges::count(data_.records, side, &DemoRecord::born); };
  std::size_t links = 0, most = 0;
  for (const auto& record : data_.records) {
    for (const auto& each : record.links) {
      links += each.to.size();
      most = std::max(most, each.to.size());
    }
  }
  line(fmt::format("  Notion      {} pages in {} requests of people, {}", on(Side::notion), fill_.requests(),
                   seconds(pages_done - began)));
  line(fmt::format("  PostgreSQL  {} rows in {}", on(Side::supabase), seconds(rows_done - pages_done)));
  line(fmt::format("  together    {} links; one page has {} in one property", links, most));
  object_["filled"] = json::object{{"pages", on(Side::notion)},
                                   {"rows", on(Side::supabase)},
                                   {"links", links},
                                   {"most_links", most},
                                   {"took_ms", rows_done - began}};
  return lag();
}

// --- 3: the first sync

void HigherselfPlay::tell_run(const RunOutcome& outcome) {
  for (const auto& report : outcome.reports) {
    const std::string words = summary(report, false);
    if (words != "nothing to do" && !report.error) line(fmt::format("  {:<20} {}", report.model, words));
  }
}

Status HigherselfPlay::first_sync() {
  chapter("3. The first sync: each side gets what it lacks, links included");
  if (auto reset = world_.reset_counters(); !reset) return reset;
  RunRequest request;
  // No page matches a row here, and so many new records at once would trip the brake: their number is named.
  request.options.allow_creates = static_cast<std::int64_t>(data_.records.size());
  line(fmt::format("  (--allow-creates={}: nothing matches on the two sides, so the brake wants to hear the number)",
                   data_.records.size()));
  auto outcome = sync("first_sync", request);
  if (!outcome) return fail(outcome.error());
  if (auto told = tell_models(*outcome); !told) return told;
  if (auto told = tell_requests(*outcome); !told) return told;
  if (auto found = records_.pair_up(fill_.pages()); !found) return found;
  return settle();
}

Result<std::int64_t> HigherselfPlay::links_of(const PairSpec& pair) {
  std::int64_t links = 0;
  for (const auto& field : pair.fields) {
    const auto& relation = field.relation;
    std::string query;
    if (relation.kind == Relation::Kind::column)
      query = fmt::format("select count({})::text from {} where deleted_at is null", field.column, pair.table);
    if (relation.kind == Relation::Kind::join) query = fmt::format("select count(*)::text from {}", relation.join);
    if (query.empty()) continue;
    auto counted = count(query);
    if (!counted) return counted;
    links += *counted;
  }
  return links;
}

Status HigherselfPlay::tell_models(const RunOutcome& outcome) {
  line("");
  line(fmt::format("  {:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}", "model", "pages", "made", "rows", "made", "links",
                   "linked"));
  std::int64_t records = 0, linked = 0, links = 0;
  json::array models;
  std::vector<std::string> faults;
  for (const auto& report : outcome.reports) {
    const PairSpec& pair = *demo_pair(session_.config(), report.model);
    const auto born_here = static_cast<std::int64_t>(data_.count(pair.model, Side::notion));
    const auto born_there = static_cast<std::int64_t>(data_.count(pair.model, Side::supabase));
    auto live = count(fmt::format("select count(*)::text from {} where {} is not null and deleted_at is null",
                                  pair.table, pair.book.page_id_column));
    auto has = links_of(pair);
    if (!live) return fail(live.error());
    if (!has) return fail(has.error());
    line(fmt::format(
        "  {:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7.1f}%", pair.model, born_here, report.pages_created, born_there,
        report.rows_created, *has,
        100.0 * static_cast<double>(*live) / static_cast<double>(std::max<std::int64_t>(1, born_here + born_there))));
    models.push_back(json::object{{"model", pair.model},
                                  {"pages", born_here},
                                  {"rows", born_there},
                                  {"pages_created", report.pages_created},
                                  {"rows_created", report.rows_created},
                                  {"linked", *live},
                                  {"links", *has},
                                  {"parked", report.parked}});
    records += born_here + born_there;
    linked += *live;
    links += *has;
    const auto expected = static_cast<std::int64_t>(data_.links_of(pair.model));
    if (*live != born_here + born_there)
      faults.push_back(
          fmt::format("{} has {} linked records instead of {}", pair.model, *live, born_here + born_there));
    if (*has != expected) faults.push_back(fmt::format("{} has {} links instead of {}", pair.model, *has, expected));
  }
  line(fmt::format("  {:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>7.1f}%", "all", "", "", "", "", links,
                   100.0 * static_cast<double>(linked) / static_cast<double>(records)));
  object_["models"] = std::move(models);
  object_["linked"] = linked;
  object_["links"] = links;
  if (!faults.empty()) return unexpected(fmt::format("{}", faults.front()));
  return {};
}

// What a program would need that knew everything beforehand: one request for each page to make, a read and a write for
// each page whose values or links can only be written later, and Notion's lists, a hundred pages at a time.
Result<std::int64_t> HigherselfPlay::requests_necessary(std::int64_t run) {
  std::int64_t needed = 0;
  for (const auto& pair : session_.config().pairs) {
    const auto pages = static_cast<std::int64_t>(data_.count(pair.model, Side::notion));
    needed += static_cast<std::int64_t>(data_.count(pair.model, Side::supabase)) +
              std::max<std::int64_t>(1, (pages + listed_at_once - 1) / listed_at_once);
  }
  for (const auto& record : data_.records) {
    if (record.born != Side::notion) continue;
    for (const auto& links : record.links) needed += links.to.size() > shown_with_page ? 1 : 0;
  }
  auto changed =
      count(fmt::format("select count(distinct page_id)::text from rowpage.history where run = {} and lower(side) = "
                        "'notion' and action = 'update'",
                        run));
  if (!changed) return changed;
  return needed + 2 * *changed;
}

Status HigherselfPlay::tell_requests(const RunOutcome& outcome) {
  auto counters = world_.notion_counters();
  if (!counters) return fail(counters.error());
  auto needed = requests_necessary(outcome.run);
  if (!needed) return fail(needed.error());
  line("");
  line(fmt::format("  took {}; the stand-in counted {} requests", seconds(outcome.took_ms), counters->requests));
  line("    " + kinds(*counters));
  line(fmt::format("  used ÷ necessary: {} ÷ {} = {:.2f}", counters->requests, *needed,
                   static_cast<double>(counters->requests) / static_cast<double>(std::max<std::int64_t>(1, *needed))));
  line(fmt::format("  the stand-in allows {} requests a minute here; Notion itself allows {}: this load would",
                   session_.config().connections.requests_per_minute, notion_requests_a_minute));
  line("  take " + minutes_and_seconds(counters->requests * 60 / notion_requests_a_minute) + " there");
  object_["requests"] = json::object{{"used", counters->requests},
                                     {"necessary", *needed},
                                     {"took_ms", outcome.took_ms},
                                     {"allowed_a_minute", session_.config().connections.requests_per_minute},
                                     {"seconds_at_notion", counters->requests * 60 / notion_requests_a_minute}};
  return {};
}

// Rows have values that PostgreSQL made (created_at, defaults); their pages show them after the next sync.
Status HigherselfPlay::settle() {
  if (auto done = lag(); !done) return done;
  if (auto reset = world_.reset_counters(); !reset) return reset;
  RunRequest request;
  request.options.allow_rewrites = static_cast<std::int64_t>(data_.records.size());
  auto outcome = sync("settling_sync", request);
  if (!outcome) return fail(outcome.error());
  std::uint64_t pages = 0;
  for (const auto& report : outcome->reports) pages += report.pages_updated;
  auto counters = world_.notion_counters();
  if (!counters) return fail(counters.error());
  line(fmt::format(
      "  and once more, for what PostgreSQL filled in by itself (Created Date, defaults): {} pages updated,", pages));
  line(fmt::format("  {} requests in {}", counters->requests, seconds(outcome->took_ms)));
  return {};
}

// --- 4 and 5: both sides change, and come together

Status HigherselfPlay::edit() {
  if (auto done = lag(); !done) return done;
  chapter("4. Both sides change while nobody watches");
  if (auto done = changes_.edit(); !done) return done;
  for (const auto& story : changes_.stories()) {
    for (const auto& edit : story.edits) line(fmt::format("  {:<34} {}", story.name, edit));
  }
  return lag();
}

Status HigherselfPlay::tell_stories(std::string_view name) {
  std::vector<std::string> faults;
  if (auto looked = changes_.look(faults); !looked) return looked;
  json::array told;
  for (const auto& story : changes_.stories()) {
    line(output_.bold("  " + story.name));
    for (const auto& watched : story.watched) {
      const auto& record = records_.record(watched.record);
      const PairSpec& pair = *demo_pair(session_.config(), record.model);
      const Field* field = watched.property.empty() ? nullptr : demo_field(pair, watched.property);
      const bool links = field && field->is_relation();
      line(fmt::format("      {} {}{}{}", record.model, display(make_text(std::string(record.title())), 40),
                       field ? ", " : "", watched.property));
      line("        Notion      " + demo_before_after(watched.before.page, watched.after.page, links));
      line("        PostgreSQL  " + demo_before_after(watched.before.row, watched.after.row, links));
      told.push_back(json::object{{"story", story.name},
                                  {"model", record.model},
                                  {"page_id", records_.half(watched.record).page},
                                  {"key", records_.half(watched.record).key},
                                  {"property", watched.property},
                                  {"page_before", watched.before.page},
                                  {"page", watched.after.page},
                                  {"row_before", watched.before.row},
                                  {"row", watched.after.row}});
    }
  }
  object_[name] = std::move(told);
  if (!faults.empty()) return unexpected(faults.front());
  return {};
}

Status HigherselfPlay::second_sync() {
  chapter("5. The second sync");
  auto outcome = sync("second_sync");
  if (!outcome) return fail(outcome.error());
  tell_run(*outcome);
  line("");
  if (auto told = tell_stories("records"); !told) return told;
  return tell_conflict();
}

Status HigherselfPlay::tell_conflict() {
  auto conflicts = conflict_rows(session_, 0, false, 10);
  if (!conflicts) return fail(conflicts.error());
  line(output_.bold("  the value that lost is kept") + " (`rowpage conflicts list --all`)");
  for (const auto& conflict : *conflicts) {
    const auto words = [](const json::value& stored) {
      const auto value = value_from_json(stored);
      return value ? display(*value) : to_text(stored);
    };
    line(fmt::format("      {} {}: Notion {}, PostgreSQL {}, won by {}", conflict.model, conflict.field,
                     words(conflict.page), words(conflict.row), conflict.winner.value_or("nobody yet")));
  }
  if (conflicts->size() != 1)
    return unexpected(fmt::format("{} conflicts were logged instead of one", conflicts->size()));
  return {};
}

Status HigherselfPlay::restore() {
  if (auto done = changes_.restore(); !done) return done;
  // Long enough that the next listing no longer goes over what the last sync wrote.
  if (auto done = lag(2); !done) return done;
  chapter("   and one more: what was trashed is restored");
  auto outcome = sync("restoring_sync");
  if (!outcome) return fail(outcome.error());
  tell_run(*outcome);
  return tell_stories("restored");
}

// --- 6: nothing changed

Status HigherselfPlay::quiet_sync() {
  if (auto done = lag(); !done) return done;
  chapter("6. A sync when nothing has changed writes nothing");
  const auto rows_before = world_.rows_written(session_.database());
  if (!rows_before) return fail(rows_before.error());
  if (auto reset = world_.reset_counters(); !reset) return reset;
  auto outcome = sync("quiet_sync");
  if (!outcome) return fail(outcome.error());
  const auto rows_after = world_.rows_written(session_.database());
  const auto notion = world_.notion_counters();
  if (!rows_after) return fail(rows_after.error());
  if (!notion) return fail(notion.error());
  const std::int64_t rows = *rows_after - *rows_before;
  line(fmt::format("  the stand-in counted {} requests for {} databases, of which {} changed anything",
                   notion->requests, session_.config().pairs.size(), notion->writes));
  line("    " + kinds(*notion));
  line(fmt::format("  PostgreSQL's own statistics counted {} rows written to the house's tables; took {}", rows,
                   seconds(outcome->took_ms)));
  object_["quiet"] = json::object{{"requests", notion->requests},
                                  {"notion_writes", notion->writes},
                                  {"rows_written", rows},
                                  {"took_ms", outcome->took_ms}};
  if (notion->writes != 0 || rows != 0) return unexpected("the quiet sync wrote something");
  if (notion->requests > quiet_requests_max)
    return unexpected(
        fmt::format("the quiet sync needed {} requests, more than {}", notion->requests, quiet_requests_max));
  return {};
}

// --- 7: one pair is broken by hand

Status HigherselfPlay::rename(std::string_view from, std::string_view to) {
  auto done = world_.person("PATCH", "/v1/data_sources/" + session_.sources().at(std::string(broken_model)),
                            json::object{{"properties", json::object{{from, json::object{{"name", to}}}}}});
  if (!done) return fail(done.error());
  return {};
}

Status HigherselfPlay::broken_pair() {
  chapter("7. Somebody renames a property: its pair stops, the other fifteen go on");
  if (auto done = rename(broken_property, "Money for it"); !done) return done;
  const auto task = records_.first("Task", Side::notion, [](const DemoRecord&) { return true; });
  auto edited = world_.edit_page(
      records_.half(task).page,
      {{"Assigned To",
        demo_property(*demo_field(*demo_pair(session_.config(), "Task"), "Assigned To"), "Zuzana 🧹", "")}});
  if (!edited) return edited;
  line(fmt::format("  in Notion, {} of {} is called \"Money for it\" now; a task is given to Zuzana 🧹",
                   broken_property, broken_model));
  if (auto done = lag(); !done) return done;
  RunRequest request;
  request.options.full = true;  // a person who looks closely: everything is read, and the schemas too
  auto outcome = sync("broken_sync", request, broken_model);
  if (!outcome) return fail(outcome.error());
  std::size_t stopped = 0;
  for (const auto& report : outcome->reports) {
    if (!report.error) continue;
    ++stopped;
    line(fmt::format("  {} stops:", report.model));
    std::string_view text = report.error->what;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      line("    " + printable(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  auto shown = records_.show(task, "Assigned To");
  if (!shown) return fail(shown.error());
  line(fmt::format("  the task of another pair travelled: PostgreSQL shows {}", shown->row));
  if (stopped != 1) return unexpected(fmt::format("{} pairs stopped instead of one", stopped));
  if (shown->row != "Zuzana 🧹") return unexpected("a healthy pair did not go on");
  if (auto done = rename("Money for it", broken_property); !done) return done;
  if (auto done = lag(); !done) return done;
  auto again = sync("mended_sync");
  if (!again) return fail(again.error());
  line("  the name is put back: all sixteen pairs run again");
  object_["stopped"] = json::object{{"model", broken_model}, {"pairs_stopped", stopped}};
  return lag();
}

// --- 8: the comparison

Status HigherselfPlay::compare() {
  chapter("8. Both sides compared, with SQL and as a person in Notion");
  auto compared = DemoCompare(world_, session_).run([this](std::string_view model, std::size_t done, std::size_t of) {
    output_.progress(fmt::format("comparing {}", model), done, of);
    return !session_.clock().interrupted();
  });
  if (!compared) return fail(compared.error());
  line(fmt::format("  {} records, {} fields, {} links: {}", compared->records(), compared->fields(), compared->links(),
                   compared->differences.empty() ? "equal" : fmt::format("{} differ", compared->differences.size())));
  if (compared->ranges > 0) {
    line(
        fmt::format("  {} dates are ranges; their columns hold the beginning, Notion keeps the end", compared->ranges));
  }
  for (std::size_t i = 0; i < std::min(faults_shown, compared->differences.size()); ++i)
    line("    " + printable(compared->differences[i]));
  json::array models;
  for (const auto& model : compared->models) {
    models.push_back(json::object{{"model", model.model},
                                  {"records", model.records},
                                  {"fields", model.fields},
                                  {"links", model.links},
                                  {"differences", model.differences}});
  }
  object_["compared"] = json::object{{"records", compared->records()},
                                     {"fields", compared->fields()},
                                     {"links", compared->links()},
                                     {"ranges", compared->ranges},
                                     {"differences", compared->differences.size()},
                                     {"models", std::move(models)}};
  if (!compared->differences.empty())
    return unexpected("both sides differ: " + printable(compared->differences.front()));
  return {};
}

}  // namespace

std::unique_ptr<DemoPlay> make_higherself_play(const DemoPlay::Stage& stage, std::size_t records) {
  return std::make_unique<HigherselfPlay>(stage, records);
}

}  // namespace rowpage
