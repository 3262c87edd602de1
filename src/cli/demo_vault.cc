// `rowpage demo --preset decision-vault`: one table, twenty records, each followed with its name.
#include <array>

#include <fmt/format.h>

#include "cli/demo_play.h"
#include "cli/describe.h"
#include "cli/inbox.h"
#include "cli/setup_work.h"
#include "core/text.h"

namespace rowpage {
namespace {

struct Decision {
  std::string_view text, type, date;
};

// Ten from people in Notion, ten from an application; --quick takes the first four of each.
constexpr std::array<Decision, 10> from_notion = {{
    {"Use PostgreSQL as the one source of truth 🐘", "Architecture", "2026-03-02"},
    {"Every service owns its schema", "Architecture", "2026-03-09"},
    {"Support answers within one working day", "Policy", "2026-03-16"},
    {"Rotate on-call weekly, hand over on Wednesday ☎️", "Ops", "2026-04-01"},
    {"Dark mode follows the system setting 🌙", "UX", "2026-04-07"},
    {"Expenses over 500 € need a second pair of eyes", "Policy", "2026-04-20"},
    {"Backups are restored once a quarter, not only made", "Ops", "2026-05-04"},
    {"Umlauts and emoji are ordinary text: ä ö ü 你好 🎉", "Other", "2026-05-11"},
    {"No more than two levels of menus", "UX", "2026-06-08"},
    {"Incident reviews are blameless and public", "Policy", "2026-06-22"},
}};
constexpr std::array<Decision, 10> from_postgres = {{
    {"API versions live for eighteen months", "Architecture", "2026-02-02"},
    {"Feature flags are removed within a release", "Ops", "2026-02-10"},
    {"Error messages name the remedy", "UX", "2026-02-16"},
    {"Prices are shown with tax 💶", "Policy", "2026-02-24"},
    {"Queues carry keys, not data", "Architecture", "2026-03-30"},
    {"Alerts wake people only for what people must do", "Ops", "2026-05-18"},
    {"Forms keep what was typed", "UX", "2026-05-26"},
    {"Data leaves the country only encrypted 🔐", "Policy", "2026-07-01"},
    {"Long texts are kept whole", "Other", "2026-07-06"},
    {"Read models may lag by a minute", "Architecture", "2026-07-13"},
}};

json::object text_property(std::string_view kind, std::string_view text) {
  return {{kind, json::array{json::object{{"type", "text"}, {"text", json::object{{"content", text}}}}}}};
}
json::object tags_property(std::string_view tag) {
  return {{"multi_select", json::array{json::object{{"name", tag}}}}};
}
json::object day_property(std::string_view day) {
  return {{"date", json::object{{"start", day}}}};
}

json::object page_properties(const Decision& decision) {
  return {{"Decision", text_property("title", decision.text)},
          {"Type", tags_property(decision.type)},
          {"Date", day_property(decision.date)}};
}

// Title, tags and day of a page, or that it is in the trash.
std::string shown_page(const json::value& page) {
  if (find_bool(page, "in_trash")) return "in the trash";
  const auto* properties = find_object(page, "properties");
  if (!properties) return "?";
  std::string title, tags, day;
  if (const auto* property = properties->if_contains("Decision")) {
    if (const auto* parts = find_array(*property, "title")) {
      for (const auto& part : *parts) title += find_string(part, "plain_text");
    }
  }
  if (const auto* property = properties->if_contains("Type")) {
    if (const auto* options = find_array(*property, "multi_select")) {
      for (const auto& option : *options) tags += (tags.empty() ? "" : ", ") + std::string(find_string(option, "name"));
    }
  }
  if (const auto* property = properties->if_contains("Date")) {
    if (const auto* date = find(*property, "date")) day = find_string(*date, "start");
  }
  return fmt::format("{} | {} | {}", title, tags, day);
}

class VaultPlay : public DemoPlay {
 public:
  VaultPlay(const Stage& stage, bool quick) : DemoPlay(stage), records_(quick ? 4 : 10) {}

  Status play() override {
    const std::array steps = {&VaultPlay::set_up, &VaultPlay::fill,        &VaultPlay::first_sync,
                              &VaultPlay::edit,   &VaultPlay::second_sync, &VaultPlay::quiet_sync};
    for (const auto step : steps) {
      if (auto wanted = still_wanted(); !wanted) return wanted;
      if (auto done = (this->*step)(); !done) return done;
    }
    return {};
  }

 private:
  struct Story {
    std::string name, page, key, did;
  };

  Status set_up() {
    chapter("1. Both sides are made, as `rowpage setup` does");
    auto notion = set_up_database(session_, 0);
    if (!notion) return fail(notion.error());
    data_source_ = session_.sources().at(session_.config().pairs[0].model);
    for (const auto& done : notion->done) line("  Notion: " + done);
    auto postgres = apply_setups(session_.database(), setup_inputs(session_.config(), {0}));
    if (!postgres) return fail(postgres.error());
    line(fmt::format("  PostgreSQL: {} statements (schema rowpage, table decision_vault, triggers)",
                     postgres->steps.size()));
    return {};
  }

  Status fill() {
    chapter(
        fmt::format("2. People write {} pages in Notion, an application {} rows in PostgreSQL", records_, records_));
    for (std::size_t i = 0; i < records_; ++i) {
      auto page = world_.create_page(data_source_, page_properties(from_notion[i]));
      if (!page) return fail(page.error());
      pages_.push_back(canonical_id(*page));
      const auto& row = from_postgres[i];
      // One long text: over Notion's 2,000 characters a piece, so it travels in several.
      std::string text(row.text);
      if (i == 1) {
        while (text.size() < 4500) text += " Because whoever comes after us should find the reason beside the rule.";
      }
      auto key = insert_row({text, row.type, row.date});
      if (!key) return fail(key.error());
      keys_.push_back(*key);
    }
    return lag();
  }

  Status first_sync() {
    chapter("3. The first sync: each side gets what it lacks");
    auto outcome = sync_and_tell("first_sync");
    if (!outcome) return fail(outcome.error());
    auto linked = world_.value("select count(*)::text from rowpage.link where page_live and row_live");
    if (!linked) return fail(linked.error());
    line(fmt::format("  {} records are linked now, page to row", *linked));
    if (*linked != std::to_string(2 * records_)) return unexpected("not every record is linked");
    return {};
  }

  Status edit() {
    if (auto done = lag(); !done) return done;
    chapter("4. Both sides change while nobody watches");
    auto merged = of_page("merge", pages_[0]), conflict = of_page("conflict", pages_[1]),
         trashed = of_page("trashed page", pages_[2]);
    auto deleted = of_key("deleted row", keys_[0]);
    for (const auto* story : {&merged, &conflict, &trashed, &deleted}) {
      if (!*story) return fail(story->error());
    }
    Status done = world_.edit_page(merged->page, {{"Type", tags_property("Ops")}});
    if (done)
      done = world_.sql("update decision_vault set date = '2026-10-01' where id = $1::text::uuid", {merged->key});
    merged->did = "different fields: Notion sets Type to Ops, PostgreSQL sets date to 2026-10-01";

    if (done)
      done =
          world_.sql("update decision_vault set decision = 'Every service owns its database' where id = $1::text::uuid",
                     {conflict->key});
    if (done)
      done = world_.edit_page(conflict->page, {{"Decision", text_property("title", "Every team owns its schema")}});
    conflict->did = "the same field: Notion says \"Every team ...\", PostgreSQL \"Every service owns its database\"";

    Story new_page{"new page", "", "", "created in Notion: \"Meetings end five minutes early ⏰\""};
    if (done) {
      auto page = world_.create_page(data_source_,
                                     page_properties({"Meetings end five minutes early ⏰", "Policy", "2026-11-02"}));
      if (!page) return fail(page.error());
      new_page.page = canonical_id(*page);
    }
    Story new_row{"new row", "", "", "inserted in PostgreSQL: \"Retries have a limit\""};
    if (done) {
      auto key = insert_row({"Retries have a limit", "Architecture", "2026-11-03"});
      if (!key) return fail(key.error());
      new_row.key = *key;
    }
    if (done) done = world_.trash_page(trashed->page);
    trashed->did = "moved to the trash in Notion";
    if (done) done = world_.sql("delete from decision_vault where id = $1::text::uuid", {deleted->key});
    deleted->did = "deleted in PostgreSQL";
    if (!done) return done;
    stories_ = {*merged, *conflict, new_page, new_row, *trashed, *deleted};
    for (const auto& story : stories_) line(fmt::format("  {:<13} {}", story.name, story.did));
    return lag();
  }

  Status second_sync() {
    chapter("5. The second sync");
    auto outcome = sync_and_tell("second_sync");
    if (!outcome) return fail(outcome.error());
    line("");
    json::array told;
    for (auto& story : stories_) {
      if (auto done = tell(story, outcome->run, told); !done) return done;
    }
    object_["records"] = std::move(told);
    return tell_conflicts();
  }

  Status quiet_sync() {
    if (auto done = lag(); !done) return done;
    chapter("6. A third sync: nothing changed, so nothing is written");
    const auto rows_before = world_.rows_written(session_.database());
    if (!rows_before) return fail(rows_before.error());
    if (auto reset = world_.reset_counters(); !reset) return reset;
    auto outcome = sync_and_tell("third_sync");
    if (!outcome) return fail(outcome.error());
    const auto rows_after = world_.rows_written(session_.database());
    const auto notion = world_.notion_counters();
    if (!rows_after) return fail(rows_after.error());
    if (!notion) return fail(notion.error());
    line(fmt::format("  the sandbox counted {} requests, of which {} changed anything", notion->requests,
                     notion->writes));
    line(
        fmt::format("  PostgreSQL's statistics counted {} rows written to decision_vault", *rows_after - *rows_before));
    object_["quiet"] = json::object{{"requests", notion->requests},
                                    {"notion_writes", notion->writes},
                                    {"rows_written", *rows_after - *rows_before}};
    if (notion->writes != 0 || *rows_after != *rows_before) return unexpected("the quiet sync wrote something");
    return {};
  }

  Result<std::string> insert_row(const Decision& row) {
    auto key = world_.value("select gen_random_uuid()::text");
    if (!key) return key;
    auto done = world_.sql(
        "insert into decision_vault (id, decision, type, date) values ($1::text::uuid, $2, $3, $4::text::date)",
        {*key, std::string(row.text), std::string(row.type), std::string(row.date)});
    if (!done) return fail(done.error());
    return key;
  }

  Result<RunOutcome> sync_and_tell(const char* name) {
    auto outcome = sync(name);
    if (!outcome) return outcome;
    for (const auto& report : outcome->reports)
      line(fmt::format("  {} ({} Notion requests)", summary(report, false), report.requests));
    return outcome;
  }

  Result<Story> of_page(const char* name, const std::string& page) {
    auto key = world_.value("select row_key from rowpage.link where page_id = $1", {page});
    if (!key) return fail(key.error());
    return Story{name, page, *key, ""};
  }
  Result<Story> of_key(const char* name, const std::string& key) {
    auto page = world_.value("select page_id from rowpage.link where row_key = $1", {key});
    if (!page) return fail(page.error());
    return Story{name, *page, key, ""};
  }

  // One record: what was done to it, what the history says the sync did, and how both halves look now.
  Status tell(Story& story, std::int64_t run, json::array& told) {
    auto whole = story.key.empty() ? of_page(story.name.c_str(), story.page) : of_key(story.name.c_str(), story.key);
    if (!whole) return fail(whole.error());
    story.page = whole->page;
    story.key = whole->key;
    line(output_.bold("  " + story.name));
    line("      edit    " + story.did);
    auto history = world_.database().read(
        "select side, action, coalesce(before::text, '-'), coalesce(after::text, '-'), reason from rowpage.history"
        " where run = $1::bigint and ((row_key = $2 and row_key <> '') or (page_id = $3 and page_id <> '')) order by "
        "id",
        {std::to_string(run), story.key, story.page}, "read the history");
    if (!history) return fail(history.error());
    for (int row = 0; row < history->rows(); ++row) {
      line(fmt::format("      sync    {} {}: {}", history->text(row, 0), history->text(row, 1),
                       printable(history->text(row, 4))));
    }
    auto page = world_.page(story.page);
    if (!page) return fail(page.error());
    auto row = world_.value(
        "select case when deleted_at is null then decision || ' | ' || type || ' | ' || date else 'deleted' end"
        " from decision_vault where id = $1::text::uuid",
        {story.key});
    if (!row) return fail(row.error());
    if (row->empty()) *row = "deleted";
    const std::string on_page = shown_page(*page);
    line("      Notion  " + on_page);
    line("      row     " + *row);
    told.push_back(json::object{{"record", story.name},
                                {"edit", story.did},
                                {"page_id", story.page},
                                {"key", story.key},
                                {"page", on_page},
                                {"row", *row}});
    const bool gone = on_page == "in the trash" && *row == "deleted";
    if (!gone && on_page != *row) return unexpected("the halves of \"" + story.name + "\" differ");
    return {};
  }

  Status tell_conflicts() {
    auto conflicts = conflict_rows(session_, 0, false, 100);
    if (!conflicts) return fail(conflicts.error());
    line("\n  The value that lost is kept (`rowpage conflicts list --all`, or select * from rowpage.conflict):");
    bool any = false;
    for (const auto& conflict : *conflicts) {
      any = true;
      const auto words = [](const json::value& stored) {
        const auto value = value_from_json(stored);
        return value ? display(*value) : to_text(stored);
      };
      line(fmt::format("      conflict {}, field {}: Notion {}, Supabase {}, won by {}", conflict.id, conflict.field,
                       words(conflict.page), words(conflict.row), conflict.winner.value_or("nobody yet")));
      if (!conflict.reason.empty()) line("        " + conflict.reason);
    }
    if (!any) return unexpected("the conflict was not logged");
    return {};
  }

  std::size_t records_;
  std::string data_source_;
  std::vector<std::string> pages_, keys_;
  std::vector<Story> stories_;
};

}  // namespace

std::unique_ptr<DemoPlay> make_vault_play(const DemoPlay::Stage& stage, bool quick) {
  return std::make_unique<VaultPlay>(stage, quick);
}

}  // namespace rowpage
