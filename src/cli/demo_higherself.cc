// Chapters 4 to 8 of the play: both sides change, come together, are left alone, broken, mended and compared.
#include <algorithm>

#include <fmt/format.h>

#include "base/term.h"
#include "cli/demo_compare.h"
#include "cli/demo_higherself.h"
#include "cli/demo_view.h"
#include "cli/describe.h"
#include "cli/inbox.h"
#include "core/value.h"

namespace rowpage {
namespace {

constexpr std::int64_t quiet_requests_max = 17;  // a listing for each database, and one search for trash
constexpr std::size_t faults_shown = 12;
constexpr std::string_view broken_model = "MarketingCampaign", broken_property = "Budget";

}  // namespace

// --- 4 and 5: both sides change, and come together

Status HigherselfPlay::edit() {
  if (auto done = lag(); !done) return done;
  chapter("4. Both sides change while nobody watches");
  if (auto done = changes_.edit(); !done) return done;
  for (const auto& story : changes_.stories()) {
    for (const auto& edit : story.edits) line(fmt::format("  {:<36}{}", story.name, edit));
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

void HigherselfPlay::tell_run(const RunOutcome& outcome) {
  for (PairReport report : outcome.reports) {
    report.agreed = 0;  // says nothing of what was done
    if (report.wrote() || report.conflicts > 0) line(fmt::format("  {:<21}{}", report.model, summary(report, false)));
  }
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
  if (auto done = lag(3); !done) return done;
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
  line("    " + demo_kinds(*notion));
  line(fmt::format("  PostgreSQL's own statistics counted {} rows written to the house's tables; took {}", rows,
                   demo_seconds(outcome->took_ms)));
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
  line(fmt::format("  in Notion, {} of {} is called \"Money for it\" now;", broken_property, broken_model));
  line("  a task, in another pair, is given to Zuzana 🧹");
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
    paragraph(report.error->what, 4);
  }
  auto shown = records_.show(task, "Assigned To");
  if (!shown) return fail(shown.error());
  line(fmt::format("  the task travelled all the same: PostgreSQL shows {}", shown->row));
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
  if (compared->older > 0) {
    line(fmt::format("  {} pages show an older Last Updated: the time of a row alone makes no write", compared->older));
  }
  for (std::size_t i = 0; i < std::min(faults_shown, compared->differences.size()); ++i)
    paragraph(compared->differences[i], 4);
  json::array models;
  for (const auto& model : compared->models) {
    models.push_back(json::object{{"model", model.model},
                                  {"records", model.records},
                                  {"fields", model.fields},
                                  {"links", model.links},
                                  {"differences", model.differences}});
  }
  object_["compared"] = json::object{{"records", compared->records()}, {"fields", compared->fields()},
                                     {"links", compared->links()},     {"ranges", compared->ranges},
                                     {"older", compared->older},       {"differences", compared->differences.size()},
                                     {"models", std::move(models)}};
  if (!compared->differences.empty())
    return unexpected("both sides differ: " + printable(compared->differences.front()));
  return {};
}

std::unique_ptr<DemoPlay> make_higherself_play(const DemoPlay::Stage& stage, std::size_t records) {
  return std::make_unique<HigherselfPlay>(stage, records);
}

}  // namespace rowpage
