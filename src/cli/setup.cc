// rowpage setup: creates what is missing on both sides, changes nothing that is there, and verifies at the end.
#include <unistd.h>

#include <iostream>
#include <set>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/runner.h"
#include "cli/setup_work.h"
#include "postgres/migrations.h"
#include "postgres/split_database.h"

namespace rowpage {
namespace {

class Setup {
 public:
  Setup(Session& session, const Arguments& arguments, Output& output)
      : session_(session), arguments_(arguments), output_(output) {}

  int run(bool notion, bool postgres, const std::vector<std::size_t>& pairs) {
    // Both connections are tried before anything is made, so that a wrong password leaves no lone database in Notion.
    Status ready;
    if (notion) {
      if (auto bot = session_.bot(); !bot) ready = fail(bot.error());
    }
    if (ready && postgres) ready = install_ahead();
    if (ready && postgres) {
      if (auto plan = plan_tables(pairs); !plan) ready = fail(plan.error());
    }
    if (ready && notion) ready = set_up_notion(pairs);
    tell_ids();
    if (ready && postgres) ready = set_up_tables(pairs);
    if (ready && notion && postgres) ready = verify(pairs);
    object_["steps"] = std::move(steps_);
    object_["databases"] = std::move(databases_);
    if (!ready) return output_.finish("setup", ready.error(), std::move(object_));
    output_.line(steps_done_ == 0 ? "nothing was missing" : "done");
    if (notion && postgres) output_.say("next: `rowpage plan` shows what a sync would do");
    return output_.finish("setup", ExitCode::done, std::move(object_));
  }

  int print(const std::vector<std::size_t>& pairs) {
    const auto inputs = setup_inputs(session_.config(), pairs);
    auto plan = plan_setups(session_.database(), inputs);
    // Over the Data API nothing can be looked at before our functions are there.
    if (!plan && functions_missing(plan.error())) plan = plan_unseen(session_.database().place(), inputs);
    if (!plan) return output_.finish("setup", plan.error());
    const std::string script = plan->nothing() ? "-- nothing is missing\n" : plan->script();
    output_.line(script);
    return output_.finish("setup", ExitCode::done, {{"script", script}});
  }

  int remove(bool print) {
    if (print) {
      output_.line(removal_script() + ";");
      return output_.finish("setup", ExitCode::done, {{"script", removal_script() + ";"}});
    }
    const std::string question =
        "This removes the schema rowpage with all links, history and the conflict log, and the triggers on your "
        "tables;\n"
        "tables and rows stay, and so does Notion.";
    if (!arguments_.has("--yes") && !confirmed(question)) {
      return output_.finish("setup",
                            Error{Effect::none, Scope::workspace, Cause::usage,
                                  "--remove was not confirmed; nothing was changed", "answer yes, or give --yes"});
    }
    auto database = session_.setup_database();
    if (!database) return output_.finish("setup", database.error());
    if (auto removed = remove_everything(**database); !removed) return output_.finish("setup", removed.error());
    output_.line("removed; your tables and their rows are as they were");
    return output_.finish("setup", ExitCode::done, {{"removed", true}});
  }

  int reset(const std::vector<std::size_t>& pairs) {
    if (auto installed = need_installed(session_); !installed) return output_.finish("setup", installed.error());
    std::string names;
    for (const std::size_t index : pairs) names += (names.empty() ? "" : ", ") + session_.config().pairs[index].table;
    if (!arguments_.has("--yes") &&
        !confirmed("This empties " + names + " and forgets all links; Notion keeps everything.")) {
      return output_.finish(
          "setup", Error{Effect::none, Scope::workspace, Cause::usage, "--reset was not confirmed; nothing was changed",
                         "answer yes, or give --yes"});
    }
    auto held = HeldLease::take(session_, 0);
    if (!held) return output_.finish("setup", held.error());
    std::vector<Pair> resolved;
    for (const std::size_t index : pairs) {
      auto pair = session_.resolve(index);
      if (!pair) return output_.finish("setup", pair.error());
      resolved.push_back(std::move(*pair));
    }
    auto rows = reset_pairs(session_.database(), resolved, arguments_.has("--drop-unsynced"));
    if (!rows) return output_.finish("setup", rows.error());
    json::array done;
    for (std::size_t i = 0; i < resolved.size(); ++i) {
      output_.line(fmt::format("{}: {} removed, links and shadows forgotten; Notion is as it was", resolved[i].model,
                               counted(static_cast<std::uint64_t>((*rows)[i]), "row")));
      done.push_back(json::object{{"model", resolved[i].model}, {"rows", (*rows)[i]}});
    }
    return output_.finish("setup", ExitCode::done, {{"reset", std::move(done)}});
  }

 private:
  /// What the tables are planned and changed over.
  Result<Database*> database() {
    if (split_) return &*split_;
    return session_.setup_database();
  }

  // Without a connection our own schema goes first: with it the Data API answers the many questions that a plan asks,
  // for which the Management API would make us wait.
  Status install_ahead() {
    auto changes = session_.setup_database();
    if (!changes) return fail(changes.error());
    if (*changes == &session_.database()) return {};
    auto installed = (*changes)->read<InstalledSchema>([](Unit& unit) { return installed_schema(unit); });
    if (!installed) return fail(installed.error());
    if (!installed->newer() && !installed->current()) {
      output_.progress("installing the schema rowpage", 0, std::nullopt);
      const std::string script = "begin;\n" + migration_script(*installed) + "commit;\n";
      if (Status done = (*changes)->execute(script, "installing the rowpage schema"); !done) return done;
      step("PostgreSQL", installed->step());
    }
    if (auto known = wait_for_data_api(); !known) return known;
    split_.emplace(session_.database(), **changes);
    return {};
  }

  Result<SetupPlan> plan_tables(const std::vector<std::size_t>& pairs) {
    auto database = this->database();
    if (!database) return fail(database.error());
    return plan_setups(**database, setup_inputs(session_.config(), pairs));
  }

  bool functions_missing(const Error& error) {
    return error.cause == Cause::schema_drift && error.scope == Scope::workspace && !session_.database().transactions();
  }

  // What was made over another way must be known to PostgREST before it can be used over the Data API.
  Status wait_for_data_api() {
    if (session_.database().transactions()) return {};
    constexpr int seconds_most = 60;
    Status known;
    for (int second = 0; second < seconds_most; second += 2) {
      known = {};
      auto installed = check_installed(session_.database());
      if (installed && *installed) return {};
      if (!installed) known = fail(installed.error());
      if (!installed && !functions_missing(installed.error())) return known;
      output_.progress("waiting until the Data API knows of it", static_cast<std::uint64_t>(second), seconds_most);
      if (!session_.clock().sleep(2 * second_ms)) break;
    }
    return known;
  }

  bool confirmed(const std::string& question) {
    if (isatty(STDIN_FILENO) != 1) return false;
    std::cerr << question << " Type yes to go on: " << std::flush;
    std::string answer;
    return std::getline(std::cin, answer) && answer == "yes";
  }

  void step(std::string_view model, const std::string& text) {
    output_.line(fmt::format("{}: {}", model, printable(text)));
    steps_.emplace_back(json::object{{"model", model}, {"done", text}});
    ++steps_done_;
  }

  // Every database first, then the relations between them, then what names other properties. One that cannot be made
  // ready does not keep the others from it, so that one run shows all there is to mend; nothing follows after it.
  Status set_up_notion(const std::vector<std::size_t>& pairs) {
    for (const auto stage : {set_up_database, set_up_relations, set_up_formulas}) {
      std::vector<std::pair<std::string, Error>> failures;
      for (const std::size_t index : pairs) {
        const std::string model = session_.config().pairs[index].model;
        output_.progress("setting up Notion: " + model, 0, std::nullopt);
        auto setup = stage(session_, index);
        if (!setup) {
          if (setup.error().scope == Scope::workspace) return fail(setup.error());
          failures.emplace_back(model, setup.error());
          continue;
        }
        for (const auto& done : setup->done) step(model, "Notion: " + done);
        for (const auto& note : setup->notes) output_.say(model + ": Notion: " + note);
        if (!setup->database.empty()) databases_[model] = setup->database;
        if (setup->made) note_id(index, setup->database);
      }
      if (!failures.empty()) return fail(together(failures));
    }
    return {};
  }

  static Error together(const std::vector<std::pair<std::string, Error>>& failures) {
    Error error = failures.front().second;
    if (failures.size() == 1) {
      error.what = failures.front().first + ": " + error.what;
    } else {
      error.what = fmt::format("{} databases could not be made ready", failures.size());
      for (const auto& [model, each] : failures) {
        error.what += fmt::format("\n  {}: {}", model, each.what);
        if (!each.hint.empty()) error.what += "\n    " + each.hint;
      }
      error.hint.clear();
    }
    error.hint += std::string(error.hint.empty() ? "" : " ") +
                  "What was made stays; run `rowpage setup` again, and it goes on from there.";
    return error;
  }

  // Later commands need the ids of databases whose variables are not set.
  void tell_ids() {
    if (ids_to_set_.empty()) return;
    output_.line(ids_to_set_.size() == 1 ? "\nset this before the next command:"
                                         : "\nset these before the next command:");
    for (const auto& line : ids_to_set_) output_.line("  " + line);
    output_.line("");
  }

  // The line for the id in .env is filled in when it stands there empty.
  void note_id(std::size_t index, const std::string& id) {
    const auto& variable = session_.config().wanted[index].id_variable;
    if (variable.empty()) return;
    const std::string file = arguments_.get("--env-file").value_or(".env");
    if (fill_env_file(file, variable, id)) {
      step(session_.config().pairs[index].model, fmt::format("wrote {}={} into {}", variable, id, file));
    } else {
      ids_to_set_.push_back(fmt::format("{}={}", variable, id));
    }
  }

  Status set_up_tables(const std::vector<std::size_t>& pairs) {
    auto database = this->database();
    if (!database) return fail(database.error());
    auto plan = apply_setups(**database, setup_inputs(session_.config(), pairs));
    if (!plan) return fail(plan.error());
    if (auto known = wait_for_data_api(); !known) return known;
    std::set<std::string> said;  // many statements may have one reason
    for (const auto* steps : {&plan->before, &plan->steps}) {
      for (const auto& each : *steps) {
        if (said.insert(each.why).second) step("PostgreSQL", each.why);
      }
    }
    for (const auto& note : plan->notes) output_.say("PostgreSQL: " + note);
    return {};
  }

  Status verify(const std::vector<std::size_t>& pairs) {
    return verify_setup(session_, pairs, [this](const Pair& pair) {
      output_.line(fmt::format("{}: verified, both sides fit", pair.model));
    });
  }

  Session& session_;
  const Arguments& arguments_;
  Output& output_;
  json::object object_, databases_;
  json::array steps_;
  std::vector<std::string> ids_to_set_;  // VARIABLE=id
  std::optional<SplitDatabase> split_;
  int steps_done_ = 0;
};

int run(const Arguments& arguments, Output& output) {
  const std::string side = arguments.get("--side").value_or("both");
  if (side != "both" && side != "postgres" && side != "notion" && side != "supabase") {
    return output.finish("setup", Error{Effect::none, Scope::workspace, Cause::usage, "`" + side + "` is not a side",
                                        "one of: both, postgres, notion"});
  }
  const bool print = arguments.has("--print"), reset = arguments.has("--reset");
  const bool remove = arguments.has("--remove");
  if (remove && (reset || side == "notion")) {
    return output.finish(
        "setup",
        Error{Effect::none, Scope::workspace, Cause::usage,
              "--remove takes Rowpage out of the database, and goes with neither --reset nor --side notion", ""});
  }
  const bool notion = !print && !remove && (reset || (side != "postgres" && side != "supabase"));
  const bool postgres = print || reset || remove || side != "notion";
  if (print && side == "notion") {
    return output.finish(
        "setup", Error{Effect::none, Scope::workspace, Cause::usage, "--print shows SQL; Notion's side has none",
                       "use --side postgres, or no --side"});
  }
  Session::Use use;
  use.writes = !print;
  use.needs = {notion, postgres, reset, false};
  auto session = Session::open(arguments, output, use);
  if (!session) return output.finish("setup", session.error());
  auto pairs = (*session)->selected(arguments.all("--model"));
  if (!pairs) return output.finish("setup", pairs.error());
  Setup setup(**session, arguments, output);
  if (remove) return setup.remove(print);
  if (print) return setup.print(*pairs);
  if (reset) return setup.reset(*pairs);
  return setup.run(notion, postgres, *pairs);
}

}  // namespace

Command setup_command() {
  return {
      "setup",
      "create what is missing on both sides",
      "setup [--side postgres|notion|both] [--model NAME]... [--print] [--reset | --remove] [--yes]",
      "PostgreSQL: the schema rowpage, the table where it is missing, missing columns and indexes, the triggers that\n"
      "note changed rows. Notion: the database under NOTION_PARENT_PAGE_ID where no id is given, missing properties\n"
      "and options. Nothing that is there is changed or removed; a second setup has nothing to do.\n\n"
      "The schema is changed over SUPABASE_DB_URL, or over Supabase's Management API (SUPABASE_PROJECT_ID,\n"
      "SUPABASE_ACCESS_TOKEN). With neither, paste what --print shows into Supabase's SQL editor and run setup again:\n"
      "it looks whether all is there.\n\n"
      "--reset empties the pairs' tables and forgets their links, so that the next sync fills them from Notion. It is\n"
      "never a deletion in Notion, and it is refused while changes of rows wait for a sync.\n\n"
      "--remove takes Rowpage out of the database: its schema with links, history and conflict log, its triggers, its\n"
      "functions. Your tables, their rows and Notion stay as they are; the next sync is a first one.\n",
      {{"--side", "WHICH", "postgres, notion or both (default)"},
       {"--model", "NAME", "only this pair; may be given several times", true},
       {"--print", "", "print the SQL instead of running it, to paste into a SQL editor"},
       {"--reset", "", "empty the tables and forget the links; asks first"},
       {"--remove", "", "take Rowpage out of the database; asks first"},
       {"--yes", "", "do not ask"},
       {"--drop-unsynced", "", "reset although changes of rows were not synced yet; they are lost"}},
      false,
      run};
}

}  // namespace rowpage
