#include "bench/linked_figures.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/linked_world.h"

namespace rowpage::bench {
namespace {

constexpr std::int64_t small_count = 120;  // records a pair: 1,920 of sixteen pairs
constexpr double steady_bound = 1.5;       // from the smallest size to the largest
constexpr double bytes_per_record_bound = 100;
constexpr double import_mib_bound = 64;

// A query for each pair and one search of the trash for the workspace.
std::int64_t cycle_requests() {
  return LinkedWorld::pairs() + 1;
}

std::int64_t listing_requests(std::int64_t count) {
  return LinkedWorld::pairs() * ((count + 99) / 100);
}

// What the last sync and PostgreSQL told each other.
std::string traffic_of(const LinkedWorld& world) {
  const auto traffic = world.traffic();
  return fmt::format("{} ({:.0f} KiB sent, {:.0f} KiB received)", thousands(traffic.round_trips),
                     static_cast<double>(traffic.sent) / 1024, static_cast<double>(traffic.received) / 1024);
}

// A sync after which nothing is left, and queries no longer show what it wrote.
void settle(LinkedWorld& world) {
  for (int i = 0; i < 2; ++i) {
    world.let_settle();
    world.let_settle();
    world.sync();
  }
  world.let_settle();
  world.let_settle();
}

Finished quiet(LinkedWorld& world, const std::string& at, const Report& report) {
  settle(world);
  const auto rows_before = world.rows_written();
  Finished still = world.sync();
  const Requests requests = world.requests();
  const auto rows_after = world.rows_written();
  report(at_most("quiet cycle of 16 pairs" + at + ": requests", requests.total, requests.kinds, cycle_requests()));
  report(at_most("quiet cycle of 16 pairs" + at + ": pages and rows written",
                 requests.writes + rows_after - rows_before, {}, 0));
  report(told("quiet cycle of 16 pairs" + at + ": round trips to PostgreSQL", traffic_of(world)));
  return still;
}

// One link changed in a settled workspace, at each place where one can change.
void one_link(LinkedWorld& world, const Report& report) {
  const auto used = [&](const char* where, std::int64_t bound) {
    world.sync();
    const Requests requests = world.requests();
    report(at_most(std::string("one link changed ") + where + ": requests beyond the cycle",
                   requests.total - cycle_requests(), requests.kinds, bound));
    settle(world);
  };
  const auto to = [](const std::string& page) {
    return json::object{{"relation", json::array{json::object{{"id", page}}}}};
  };
  settle(world);
  world.sql("update tasks set related_business_entity = " + LinkedWorld::key("BusinessEntity", 50) +
            " where id = " + LinkedWorld::key("Task", 7));
  used("in a foreign key (page read and written)", 2);

  world.sql("insert into task_dependencies (task_id, depends_on_task_id) values (" + LinkedWorld::key("Task", 9) +
            ", " + LinkedWorld::key("Task", 30) + ")");
  used("in a join table (page read and written)", 2);

  world.edit_page(world.page("Task", 11), {{"Related Business Entity", to(world.page("BusinessEntity", 51))}});
  world.let_settle();
  used("on the page that owns it", 0);
  world.must_be("select related_business_entity = " + LinkedWorld::key("BusinessEntity", 51) +
                    " from tasks where id = " + LinkedWorld::key("Task", 11),
                "t");

  // The page of an agent lists its patterns' workflows at the other end of `Required Agents`.
  const auto agent = world.page("Agent", 60);
  json::array linked;
  linked.push_back(json::object{{"id", world.page("Workflow", 57)}});  // it has this one: (57 + 3) % 120
  linked.push_back(json::object{{"id", world.page("Workflow", 99)}});
  world.edit_page(agent, {{"Workflows", json::object{{"relation", std::move(linked)}}}});
  world.let_settle();
  used("on the page at its other end (owner read)", 1);
  world.must_be("select count(*) from agent_workflows where agent_id = " + LinkedWorld::key("Agent", 60), "2");
}

// That many pages a pair become rows, with all their links.
Finished import(LinkedWorld& world, std::int64_t count) {
  world.fill_pages(count);
  world.let_settle();
  Finished imported = world.sync();
  if (world.links_stored() != LinkedWorld::links(count))
    throw Trouble{fmt::format("the import left {} of {} links", world.links_stored(), LinkedWorld::links(count))};
  return imported;
}

struct Size {
  Cost import, quiet, busy;
};

// A hundred changes: fifty of fields and fifty of links, half in PostgreSQL and half in Notion.
Finished hundred_changes(LinkedWorld& world, const std::string& at, const Report& report) {
  const auto tasks = [](int first, int last) {
    return fmt::format("task_id in (select 'TASK-' || n from generate_series({}, {}) n)", first, last);
  };
  world.sql("update tasks set description = 'Changed in SQL' where " + tasks(100, 124));
  world.sql("update tasks set related_business_entity = " + LinkedWorld::key("BusinessEntity", 1) + " where " +
            tasks(125, 149));
  const auto entity = world.page("BusinessEntity", 2);
  const json::object grace{{"text", json::object{{"content", "Grace"}}}};
  for (std::int64_t n = 150; n < 200; ++n) {
    const json::object edit =
        n < 175 ? json::object{{"Assigned To", json::object{{"rich_text", json::array{grace}}}}}
                : json::object{{"Related Business Entity",
                                json::object{{"relation", json::array{json::object{{"id", entity}}}}}}};
    world.edit_page(world.page("Task", n), edit);
  }
  world.let_settle();
  Finished busy = world.sync();
  report(
      counted(fmt::format("100 changes, 50 of them links{}: requests", at), world.requests(), cycle_requests() + 100));
  world.must_be("select count(*) from tasks where assigned_to = 'Grace' and " + tasks(150, 174), "25");
  world.must_be("select count(*) from tasks where related_business_entity = " + LinkedWorld::key("BusinessEntity", 2) +
                    " and " + tasks(175, 199),
                "25");
  return busy;
}

Size at_size(std::int64_t count, const Report& report) {
  LinkedWorld world(false);
  const std::string at = fmt::format(" at 16 × {}", thousands(count));
  const Finished imported = import(world, count);
  const auto records = LinkedWorld::pairs() * count;
  const Requests requests = world.requests();
  report(counted("import" + at + ": requests", requests, listing_requests(count)));
  report(compared("import" + at + ": peak memory", fmt::format("{:.1f} MiB", imported.cost.peak_mib),
                  fmt::format("{:g} MiB", import_mib_bound), imported.cost.peak_mib / import_mib_bound, 1));
  report(told("import" + at + ": CPU per record",
              fmt::format("{:.0f} µs", imported.cost.cpu_s * 1e6 / static_cast<double>(records))));
  report(told("import" + at + ": round trips to PostgreSQL", traffic_of(world)));
  const Finished still = quiet(world, at, report);
  const Finished busy = hundred_changes(world, at, report);
  return {imported.cost, still.cost, busy.cost};
}

void growth(const std::map<std::int64_t, Size>& measured, const Report& report) {
  const auto& [large, most] = *measured.rbegin();
  const auto& [small, least] = *measured.begin();
  if (large == small) return;
  const std::string name = fmt::format(", 16 × {} against 16 × {}: ", thousands(large), thousands(small));
  const auto memory = [&](const char* work, double from, double to) {
    report(compared(work + name + "peak memory", fmt::format("{:.1f} MiB", to), fmt::format("{:.1f} MiB", from),
                    to / from, steady_bound));
  };
  const auto records = [](std::int64_t count) { return static_cast<double>(LinkedWorld::pairs() * count); };
  const double bytes = (most.import.peak_mib - least.import.peak_mib) * 1024 * 1024 / (records(large) - records(small));
  report(compared("import" + name + "memory for each record more", fmt::format("{:.0f} bytes", bytes),
                  fmt::format("{:g} bytes", bytes_per_record_bound), bytes / bytes_per_record_bound, 1));
  const double from = least.import.cpu_s / records(small), to = most.import.cpu_s / records(large);
  report(compared("import" + name + "CPU per record", fmt::format("{:.0f} µs", to * 1e6),
                  fmt::format("{:.0f} µs", from * 1e6), to / from, steady_bound));
  report(compared("quiet cycle" + name + "CPU", fmt::format("{:.0f} ms", most.quiet.cpu_s * 1000),
                  fmt::format("{:.0f} ms", least.quiet.cpu_s * 1000), most.quiet.cpu_s / least.quiet.cpu_s,
                  steady_bound));
  memory("quiet cycle", least.quiet.peak_mib, most.quiet.peak_mib);
  memory("100 changes", least.busy.peak_mib, most.busy.peak_mib);
}

}  // namespace

void load_of_rows(const Report& report) {
  LinkedWorld world(true);
  world.fill_tables(small_count);
  world.sync();
  const auto records = LinkedWorld::pairs() * small_count;
  const Requests requests = world.requests();
  // Pages that got a link late, each counted once however often it was written.
  const auto late = std::stoll(world.sql(
      "select count(distinct (pair, page_id)) from rowpage.history where side = 'notion' and action = 'update'"));
  report(counted(fmt::format("{} linked rows become pages", thousands(records)), requests,
                 LinkedWorld::pairs() + records + 2 * late));
  report(told("pages with late links among them, and how many no order of single records could spare",
              std::to_string(late), std::to_string(LinkedWorld::late(small_count))));
  report(told(fmt::format("{} linked rows become pages: round trips to PostgreSQL", thousands(records)),
              traffic_of(world)));
  quiet(world, fmt::format(" at 16 × {}", small_count), report);
  one_link(world, report);
}

void load_of_pages(const Report& report) {
  const auto records = LinkedWorld::pairs() * small_count;
  const std::string work = fmt::format("{} linked pages become rows", thousands(records));
  {
    LinkedWorld world(false);
    import(world, small_count);
    report(counted(work, world.requests(), listing_requests(small_count)));
  }
  // What PostgreSQL made itself (created_at and the like) goes to the pages: each is read and written once more.
  LinkedWorld world(true);
  import(world, small_count);
  const Requests first = world.requests();
  world.let_settle();
  world.let_settle();
  world.sync({"--allow-rewrites", std::to_string(records)});
  const Requests more = world.requests();
  report(told(work + ", and values of PostgreSQL's own go back to them",
              fmt::format("{} ({}; {})", thousands(first.total + more.total), first.kinds, more.kinds)));
}

void linked_scale(const std::vector<std::int64_t>& sizes, const Report& report) {
  std::map<std::int64_t, Size> measured;
  for (const auto count : sizes) measured[count] = at_size(count, report);
  growth(measured, report);
}

}  // namespace rowpage::bench
