#include "bench/growth.h"

#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bench/lot_world.h"

namespace rowpage::bench {
namespace {

constexpr std::int64_t small = 1'000, large = 1'000'000;
constexpr int changes = 100;
constexpr double flat_bound = 1.5;
constexpr double depth_bound = 2;  // of blocks: the indexes of a million rows are a level or two deeper

struct Cycle {
  Cost cost;
  std::int64_t round_trips = 0, blocks = 0;
};

std::int64_t blocks_touched(LotWorld& world) {
  world.take_statistics();
  return std::stoll(
      world.sql("select pg_stat_clear_snapshot()::text || (blks_hit + blks_read)::text from pg_stat_database where "
                "datname = current_database()"));
}

// The same hundred rows each time, changed in SQL; their pages are read and written.
Cycle cycle_with_changes(LotWorld& world) {
  world.let_settle();
  world.sync();
  world.sql("update lots set bags = coalesce(bags, 0) + 1000 where notion_page_id = any($1::text[])",
            {fmt::format("{{{}}}", fmt::join(world.linked_pages(changes), ","))});
  world.let_settle();
  const std::int64_t before = blocks_touched(world);
  const Finished finished = world.sync();
  if (world.requests().writes != changes) throw Trouble{"the cycle did not carry its hundred changes"};
  return {finished.cost, world.traffic().round_trips, blocks_touched(world) - before};
}

void grow(LotWorld& world) {
  // Vacuuming a million rows that just came touches blocks, too, whenever it happens to begin.
  for (const char* table : {"lots", "rowpage.link"})
    world.sql(std::string("alter table ") + table + " set (autovacuum_enabled = off)");
  world.sql("alter table lots disable trigger user");
  world.sql(
      "do $$ declare columns text; begin select string_agg(quote_ident(column_name), ', ') into columns from "
      "information_schema.columns where table_name = 'lots' and column_name not in ('id', 'notion_page_id'); "
      "execute format('insert into lots (notion_page_id, %1$s) select gen_random_uuid()::text, %1$s from lots cross "
      "join "
      "generate_series(2, %2$s) n', columns, " +
      std::to_string(large / small) + "); end $$");
  world.sql(
      "do $$ declare one text; begin alter table lots enable trigger user; for one in select tgname from pg_trigger "
      "where tgrelid = 'lots'::regclass and tgname like 'rowpage_capture_%' loop execute format('alter table lots "
      "enable "
      "always trigger %I', one); end loop; end $$");
  world.sql(
      "insert into rowpage.link (pair, row_key, page_id, nonce, page_edited_at, page_noted) select t.pair, l.id::text, "
      "l.notion_page_id, gen_random_uuid()::text, t.page_edited_at, true from lots l cross join (select pair, "
      "page_edited_at from rowpage.link limit 1) t where not exists (select from rowpage.link k where k.pair = t.pair "
      "and k.page_id = l.notion_page_id)");
  world.sql("analyze");
  world.must_be("select count(*) from lots", std::to_string(large));
  world.must_be("select count(*) from rowpage.link", std::to_string(large));
}

}  // namespace

void incremental_growth(const Report& report) {
  LotWorld world(0, Way::data_api);
  world.seed(0, small);
  world.let_settle();
  world.sync();
  const auto cycles = [&world] {
    std::vector<Cycle> list;
    for (const auto& [way, name] : all_ways) {
      world.go(way);
      list.push_back(cycle_with_changes(world));
    }
    return list;
  };
  const std::vector<Cycle> before = cycles();
  grow(world);
  const std::vector<Cycle> after = cycles();
  const auto ms = [](double seconds) { return fmt::format("{:.0f} ms", seconds * 1e3); };
  const auto mib = [](double mebibytes) { return fmt::format("{:.1f} MiB", mebibytes); };
  for (std::size_t i = 0; i < std::size(all_ways); ++i) {
    const Cycle &from = before[i], &to = after[i];
    const auto name = fmt::format("{}: cycle with {} changed rows, {} against {} rows: ", all_ways[i].second, changes,
                                  thousands(large), thousands(small));
    const auto flat = [&](const char* what, const std::string& used, const std::string& with, double ratio,
                          double bound = flat_bound) { report(compared(name + what, used, with, ratio, bound)); };
    flat("CPU", ms(to.cost.cpu_s), ms(from.cost.cpu_s), to.cost.cpu_s / from.cost.cpu_s);
    flat("peak memory", mib(to.cost.peak_mib), mib(from.cost.peak_mib), to.cost.peak_mib / from.cost.peak_mib);
    flat("round trips", thousands(to.round_trips), thousands(from.round_trips),
         static_cast<double>(to.round_trips) / static_cast<double>(from.round_trips));
    // A connection that stays open for the next one tells its counts when it likes to.
    if (all_ways[i].first == Way::direct) {
      flat("blocks PostgreSQL touched", thousands(to.blocks), thousands(from.blocks),
           static_cast<double>(to.blocks) / static_cast<double>(from.blocks), depth_bound);
    }
    report(told(name + "time", ms(to.cost.took_s), ms(from.cost.took_s),
                fmt::format("{:.2f}", to.cost.took_s / from.cost.took_s)));
  }
}

}  // namespace rowpage::bench
