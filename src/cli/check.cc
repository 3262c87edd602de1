// rowpage check: both connections, permissions, every pair's schema. Goes on after a failure, so that one run shows
// all.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/session.h"
#include "core/link_order.h"
#include "notion/setup.h"
#include "postgres/capture.h"
#include "postgres/standing.h"

namespace rowpage {
namespace {

class Checker {
 public:
  Checker(Session& session, Output& output) : session_(session), output_(output) {}

  int run() {
    check_notion();
    check_database();
    // First which data sources there are, then how the pairs fit: relations are laid beside what they lead to.
    const std::size_t count = session_.config().pairs.size();
    std::vector<std::optional<SourceSchema>> sources(count);
    for (std::size_t index = 0; notion_ && index < count; ++index) sources[index] = find_source(index);
    for (std::size_t index = 0; index < count; ++index) check_pair(index, std::move(sources[index]));
    check_cycle();
    output_.line(errors_ == 0 ? "\nall good" : fmt::format("\n{} problem{}", errors_, errors_ == 1 ? "" : "s"));
    return output_.finish("check", code_, {{"problems", std::move(problems_)}, {"pairs", std::move(pairs_)}});
  }

 private:
  void good(std::string_view where, const std::string& text) {
    output_.line(fmt::format("ok       {}: {}", where, text));
  }

  void problem(Problem::Level level, const std::string& where, const std::string& what, const std::string& hint) {
    const bool error = level == Problem::Level::error;
    output_.line(fmt::format("{}  {}: {}", error ? "PROBLEM" : "note   ", where, printable(redact(what), true)));
    if (!hint.empty()) output_.line("         " + printable(redact(hint), true));
    problems_.push_back(json::object{
        {"level", error ? "error" : "warning"}, {"where", where}, {"what", redact(what)}, {"hint", redact(hint)}});
    if (!error) return;
    ++errors_;
    code_ = worse(code_, ExitCode::failed);
  }

  void failure(const std::string& where, const Error& error) {
    problem(Problem::Level::error, where, error.what, error.hint);
    code_ = code_ == ExitCode::failed ? exit_code_of(error) : worse(code_, exit_code_of(error));
  }

  void check_notion() {
    const auto bot = session_.bot();
    if (!bot) {
      failure("Notion", bot.error());
      return;
    }
    notion_ = true;
    good("Notion", fmt::format("connected as {} to {}", bot->name.empty() ? bot->id : printable(bot->name),
                               bot->workspace_name.empty() ? "the workspace" : printable(bot->workspace_name)));
  }

  void check_database() {
    auto answer = session_.database().read(
        "select current_setting('server_version'), current_setting('server_version_num')", {}, "connect");
    if (!answer) {
      failure("database", answer.error());
      return;
    }
    database_ = true;
    good("database", fmt::format("{}, PostgreSQL {}", session_.database().place(), answer->text(0, 0)));
    if (answer->integer(0, 1) < 140'000) {
      problem(Problem::Level::error, "database", "this PostgreSQL is older than version 14", "upgrade it");
    }
    check_other_way();
    const auto installed = session_.store().installed();
    if (!installed) {
      failure("rowpage schema", installed.error());
    } else if (!*installed) {
      problem(Problem::Level::warning, "rowpage schema", "not installed yet",
              "run `rowpage setup`; until then only plan and --dry-run work");
    } else {
      installed_ = true;
      good("rowpage schema", "installed");
      check_standing();
    }
  }

  void check_standing() {
    const auto standing = read_standing(session_.database());
    if (!standing) return failure("rowpage schema", standing.error());
    for (const auto& fault : standing->exposure_faults) {
      problem(Problem::Level::error, "privileges", "schema and entry points are not as setup made them: " + fault,
              "run `rowpage setup --side postgres`, and find out who changed them");
    }
    const std::string project = session_.project();
    if (!standing->project.empty() && !project.empty() && standing->project != project) {
      problem(Problem::Level::warning, "database",
              "it was synced as project " + standing->project + " and is a copy now, project " + project,
              "give it a Notion database of its own; or, if it has taken the original's place, "
              "`rowpage sync --allow-copied-database`");
    }
  }

  // With both ways configured the direct one is used; that the other would serve is worth knowing before it must.
  void check_other_way() {
    auto other = session_.other_way();
    if (!other) return failure("Data API", other.error());
    if (!*other) return;
    const auto answer = (*other)->read("select current_user", {}, "asking the Data API");
    if (answer) {
      good("Data API", fmt::format("{} answers, too, as {}; the direct connection is used, for it was given",
                                   (*other)->place(), answer->text(0, 0)));
    } else {
      problem(Problem::Level::warning, "Data API", answer.error().what, answer.error().hint);
    }
  }

  std::optional<SourceSchema> find_source(std::size_t index) {
    const auto& spec = session_.config().pairs[index];
    auto found = session_.find_source(spec);
    if (found) return std::move(*found);
    failure(spec.model, found.error());
    return std::nullopt;
  }

  void check_pair(std::size_t index, std::optional<SourceSchema> source) {
    const auto& spec = session_.config().pairs[index];
    json::object shown{{"model", spec.model}, {"table", spec.table}};
    if (database_) {
      if (!source) {
        if (auto table = session_.find_table(spec); !table) failure(spec.model, table.error());
      } else if (auto resolved = session_.lay_beside(index, *source)) {
        check_fit(spec, *source, *resolved, shown);
      } else {
        failure(spec.model, resolved.error());
      }
    }
    pairs_.push_back(std::move(shown));
  }

  void check_cycle() {
    std::vector<const PairSpec*> specs;
    for (const auto& pair : fitting_) specs.push_back(&pair);
    const std::string cycle = required_cycle(specs);
    if (cycle.empty()) return;
    problem(Problem::Level::error, "links",
            "required links lead in a circle: " + cycle + ". No row of them could be inserted",
            "let one of these columns be NULL, or give the pairs direction: to_notion");
  }

  void check_fit(const PairSpec& spec, const SourceSchema& source, const Resolved& resolved, json::object& shown) {
    for (const auto& each : resolved.problems) problem(each.level, each.where, each.what, each.hint);
    shown["data_source"] = source.data_source;
    shown["fits"] = resolved.ok();
    if (!resolved.ok()) return;
    fitting_.push_back(resolved.pair);
    good(spec.model, fmt::format("\"{}\" <-> {}.{}, {} fields", printable(source.title), resolved.pair.schema_name,
                                 resolved.pair.table_name, spec.fields.size()));
    probe_trash(spec, source, shown);
    if (!installed_) return;
    const auto state = session_.store().load(resolved.pair);
    if (!state) {
      failure(spec.model, state.error());
      return;
    }
    shown["capture"] = state->capture_ready;
    if (!state->capture_ready) {
      problem(Problem::Level::warning, spec.model,
              "the capture triggers are missing or altered, so every run scans the table", "run `rowpage setup`");
    }
  }

  // How pages in the trash are found; without either way it takes the daily full scan.
  void probe_trash(const PairSpec& spec, const SourceSchema& source, json::object& shown) {
    const auto query = probe_trash_query(session_.notion().caller(), source.data_source);
    if (!search_) search_ = probe_trash_search(session_.notion().caller());  // one search speaks for all pairs
    const auto& search = *search_;
    const auto word = [](const Result<std::optional<bool>>& answer) -> json::value {
      if (!answer || !*answer) return nullptr;
      return **answer;
    };
    shown["trash_query"] = word(query);
    shown["trash_search"] = word(search);
    const bool no_query = query && *query && !**query, no_search = search && *search && !**search;
    if (no_query && no_search) {
      problem(Problem::Level::warning, spec.model, "Notion shows trashed pages neither to queries nor to search",
              "deletions in Notion are found by the daily full scan (or `rowpage sync --full`)");
    }
  }

  Session& session_;
  Output& output_;
  bool notion_ = false, database_ = false, installed_ = false;
  int errors_ = 0;
  ExitCode code_ = ExitCode::done;
  std::vector<Pair> fitting_;
  std::optional<Result<std::optional<bool>>> search_;
  json::array problems_, pairs_;
};

int run(const Arguments& arguments, Output& output) {
  auto session = Session::open(arguments, output, {{}, false});
  if (!session) return output.finish("check", session.error());
  return Checker(**session, output).run();
}

}  // namespace

Command check_command() {
  return {
      "check",
      "both connections, permissions, every pair's schema",
      "check",
      "Tries both connections and lays every pair beside the real database and the real table. Each problem is shown\n"
      "with its likely cause and remedy; nothing is written, and it works before `rowpage setup`.\n",
      {},
      false,
      run};
}

}  // namespace rowpage
