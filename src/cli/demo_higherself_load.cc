// Chapters 1 to 3 of the play: both sides are made, filled, and brought together for the first time.
#include <algorithm>

#include <fmt/format.h>

#include "base/term.h"
#include "cli/demo_higherself.h"
#include "cli/demo_view.h"
#include "cli/setup_work.h"

namespace rowpage {
namespace {

constexpr int notion_requests_a_minute = 180;
constexpr int listed_at_once = 100;          // pages in one answer of Notion
constexpr std::size_t shown_with_page = 25;  // links a page object shows; the rest is asked for

std::string minutes_and_seconds(std::int64_t s) {
  return fmt::format("{} and {}", counted(static_cast<std::uint64_t>(s / 60), "minute"),
                     counted(static_cast<std::uint64_t>(s % 60), "second"));
}

}  // namespace

std::string demo_seconds(Millis ms) {
  return fmt::format("{:.1f} s", static_cast<double>(ms) / second_ms);
}

std::string demo_kinds(const DemoWorld::Counters& counters) {
  std::string out;
  for (const auto& [endpoint, number] : counters.by_endpoint)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", endpoint, number);
  return out;
}

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
  auto fits = verify_setup(session_, all, [](const Pair&) {});
  if (!fits) return fits;
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
  line("  took        " + demo_seconds(session_.clock().monotonic() - began));
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
                   demo_seconds(pages_done - began)));
  line(fmt::format("  PostgreSQL  {} rows in {}", on(Side::supabase), demo_seconds(rows_done - pages_done)));
  line(fmt::format("  together    {} links; one page has {} in one property", links, most));
  object_["filled"] = json::object{{"pages", on(Side::notion)},
                                   {"rows", on(Side::supabase)},
                                   {"links", links},
                                   {"most_links", most},
                                   {"took_ms", rows_done - began}};
  return lag();
}

// --- 3: the first sync

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
  tell_load();
  return lag();
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
  line(fmt::format("  took {}; the stand-in counted {} requests", demo_seconds(outcome.took_ms), counters->requests));
  line("    " + demo_kinds(*counters));
  line(fmt::format("  used ÷ necessary: {} ÷ {} = {:.2f}", counters->requests, *needed,
                   static_cast<double>(counters->requests) / static_cast<double>(std::max<std::int64_t>(1, *needed))));
  object_["requests"] =
      json::object{{"used", counters->requests}, {"necessary", *needed}, {"took_ms", outcome.took_ms}};
  load_.requests += counters->requests;
  load_.took_ms += outcome.took_ms;
  return {};
}

void HigherselfPlay::tell_load() {
  const std::int64_t there_s = load_.requests * 60 / notion_requests_a_minute;
  const int here = session_.config().connections.requests_per_minute;
  line(fmt::format("  the stand-in allows {} requests a minute here; Notion itself allows {}: this load would take",
                   here, notion_requests_a_minute));
  line(fmt::format("  {} there ({} requests); here it took {}", minutes_and_seconds(there_s), load_.requests,
                   demo_seconds(load_.took_ms)));
  object_["load"] = json::object{{"requests", load_.requests},
                                 {"took_ms", load_.took_ms},
                                 {"allowed_a_minute", here},
                                 {"seconds_at_notion", there_s}};
}

}  // namespace rowpage
