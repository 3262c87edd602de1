#include "bench/figures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "bench/figure.h"
#include "bench/lot_world.h"

namespace rowpage::bench {
namespace {

constexpr std::int64_t changes_base = 10'000;  // the size in which small changes are made
constexpr double cpu_bound = 5;
constexpr double import_mib_bound = 64;
// Flat: what is kept of a page until the end is a mark of its id here and there, a small part of the page.
constexpr double bytes_per_page_bound = 100;
constexpr double steady_bound = 1.5;        // a quiet cycle's processor time and memory, largest to smallest base
constexpr std::int64_t quiet_requests = 2;  // one query for the pair, one search of the trash for the workspace

struct Size {
  Cost import, quiet;
};

// What is waiting for nothing else: a sync that finds nothing, after one that settled what came before.
Finished quiet(LotWorld& world) {
  world.let_settle();
  world.sync();
  return world.sync();
}

Size import(LotWorld& world, std::int64_t pages, const Report& report) {
  world.seed(0, pages);
  world.let_settle();
  const Finished imported = world.sync();
  const auto rows = std::stoll(world.sql("select count(*) from lots"));
  if (rows != pages) throw Trouble{fmt::format("the import left {} rows of {} pages", rows, pages)};
  const auto name = fmt::format("import of {} pages", thousands(pages));
  report(counted(name + ": requests", world.requests(), (pages + 99) / 100));
  const Finished received = world.receive();
  const double added = imported.cost.cpu_s / received.cost.cpu_s;
  report(compared(name + ": CPU per page against receiving and parsing",
                  fmt::format("{:.0f} µs", imported.cost.cpu_s * 1e6 / static_cast<double>(pages)),
                  fmt::format("{:.0f} µs", received.cost.cpu_s * 1e6 / static_cast<double>(pages)), added, cpu_bound));
  report(compared(name + ": peak memory", fmt::format("{:.1f} MiB", imported.cost.peak_mib),
                  fmt::format("{:g} MiB", import_mib_bound), imported.cost.peak_mib / import_mib_bound, 1));
  const Finished still = quiet(world);
  report(
      counted(fmt::format("quiet cycle at {} records: requests", thousands(pages)), world.requests(), quiet_requests));
  return {imported.cost, still.cost};
}

std::string text_array(const std::vector<std::string>& items) {
  return fmt::format("{{{}}}", fmt::join(items, ","));
}

// Each change in a base of 10,000 linked records, a cycle and five minutes after the one before: an incremental query
// looks four minutes behind the last run, and what it sees again takes rows of its answer. Every figure includes the
// two requests of the cycle itself.
void small_changes(LotWorld& world, const Report& report) {
  const auto linked = world.linked_pages(302);
  const auto some = [&linked](std::ptrdiff_t from, std::ptrdiff_t count) {
    return std::vector<std::string>(linked.begin() + from, linked.begin() + from + count);
  };
  const auto requests_of_sync = [&] {
    world.let_settle();
    world.sync();
    const Requests requests = world.requests();
    world.let_settle();
    world.let_settle();
    world.sync();
    return requests;
  };
  world.sql("insert into lots (name, bags) values ('One new lot', 7)");
  report(counted("one new row: one page created", requests_of_sync(), quiet_requests + 1));

  world.sql("update lots set bags = 249 where notion_page_id = any($1::text[])", {text_array(some(0, 1))});
  report(counted("one changed row: one page updated", requests_of_sync(), quiet_requests + 2));

  world.sql("update lots set bags = bags + 1000 where notion_page_id = any($1::text[])", {text_array(some(1, 100))});
  report(counted("100 changed rows", requests_of_sync(), quiet_requests + 200));

  for (const auto& page : some(101, 100)) {
    world.person("PATCH", "/v1/pages/" + page,
                 json::object{{"properties", json::object{{"Bags", json::object{{"number", 5000}}}}}});
  }
  report(counted("100 changed pages of 10,000", requests_of_sync(), quiet_requests));
  world.must_be("select count(*) from lots where bags = 5000", "100");

  for (const auto& page : some(201, 100)) {
    world.person("PATCH", "/v1/pages/" + page, json::object{{"in_trash", true}});
  }
  // The trash ladder where the search works: pages found there are confirmed by one reading by id each.
  report(counted("100 trashed pages of 10,000", requests_of_sync(), quiet_requests + 100));
  world.must_be("select count(*) from lots where deleted_at is not null", "100");

  quiet(world);
  report(counted("quiet cycle with 100 pages in the trash", world.requests(), quiet_requests));
}

void growth(const std::map<std::int64_t, Size>& measured, const Report& report) {
  const auto large = measured.rbegin();
  const auto small = measured.begin();
  if (large->first > changes_base && measured.contains(changes_base)) {
    const double from = measured.at(changes_base).import.peak_mib, to = large->second.import.peak_mib;
    const double bytes = (to - from) * 1024 * 1024 / static_cast<double>(large->first - changes_base);
    report(compared(fmt::format("import of {} against {} pages: memory for each page more", thousands(large->first),
                                thousands(changes_base)),
                    fmt::format("{:.0f} bytes ({:.1f} against {:.1f} MiB)", bytes, to, from),
                    fmt::format("{:g} bytes", bytes_per_page_bound), bytes / bytes_per_page_bound, 1));
  }
  if (large->first == small->first) return;
  const auto name =
      fmt::format("quiet cycle, {} against {} records: ", thousands(large->first), thousands(small->first));
  const Cost &from = small->second.quiet, &to = large->second.quiet;
  report(compared(name + "CPU", fmt::format("{:.0f} ms", to.cpu_s * 1e3), fmt::format("{:.0f} ms", from.cpu_s * 1e3),
                  to.cpu_s / from.cpu_s, steady_bound));
  report(compared(name + "peak memory", fmt::format("{:.1f} MiB", to.peak_mib),
                  fmt::format("{:.1f} MiB", from.peak_mib), to.peak_mib / from.peak_mib, steady_bound));
}

}  // namespace

void scale(const std::vector<std::int64_t>& sizes, const Report& report, Way way) {
  std::map<std::int64_t, Size> measured;
  for (const std::int64_t pages : sizes) {
    LotWorld world(0, way);
    measured[pages] = import(world, pages, report);
    if (pages == changes_base) small_changes(world, report);
  }
  growth(measured, report);
}

void paced_creates(const Report& report) {
  constexpr int rows = 400, per_minute = 180;
  // A burst of 180, another after a minute, the rest after two.
  constexpr double theoretical_s = 60.0 * ((rows - 1) / per_minute);
  LotWorld world(per_minute);
  world.control("POST", "/_sandbox/habits", json::object{{"latency_ms", 150}});
  world.sql("insert into lots (name, bags) select 'Lot ' || n, n from generate_series(1, $1::int) n",
            {std::to_string(rows)});
  world.let_settle();  // setup's own requests are no longer in Notion's minute
  const Finished made = world.sync();
  const Requests requests = world.requests();
  report(compared(fmt::format("{} creates at {} a minute, answers after 150 ms: time", rows, per_minute),
                  fmt::format("{:.1f} s", made.cost.took_s), fmt::format("{:g} s", theoretical_s),
                  made.cost.took_s / theoretical_s, 1.05));
  report(counted(fmt::format("{} creates at {} a minute: requests", rows, per_minute), requests, rows + 1));
  report({fmt::format("{} creates at {} a minute: refused with 429", rows, per_minute),
          std::to_string(requests.refused), "0", "-", "0", requests.refused == 0});
}

}  // namespace rowpage::bench
