// rowpage init: writes rowpage.yaml and .env, both ready to be filled in. Nothing that is there is overwritten.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "config/environment.h"
#include "config/read.h"
#include "config/workspace.h"

namespace rowpage {
namespace {

Error usage(std::string what, std::string hint) {
  return {Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)};
}

std::string presets() {
  return fmt::format("{}", fmt::join(preset_names(), ", "));
}

constexpr std::string_view database_id = "NOTION_DATABASE_ID";

// Variables that name the databases of a preset, with the databases' titles.
std::vector<std::pair<std::string, std::string>> database_variables(std::string_view preset) {
  std::vector<std::pair<std::string, std::string>> names;
  const auto config = read_config(preset, "preset", Environment{});
  for (std::size_t i = 0; config && i < config->wanted.size(); ++i) {
    if (!config->wanted[i].id_variable.empty())
      names.emplace_back(config->wanted[i].id_variable, config->wanted[i].title);
  }
  return names;
}

// A .env with every variable of the table, commented by it. Only what has no default is left to fill in. Where the
// preset has a variable for each database, those stand in the place of NOTION_DATABASE_ID.
std::string env_template(std::string_view preset) {
  const auto databases = database_variables(preset);
  const bool one = databases.size() == 1 && databases.front().first == database_id;
  std::string out =
      "# Variables for rowpage. The environment wins over this file. Keep it out of version control: it holds "
      "secrets.\n";
  for (const auto& variable : variables()) {
    const auto name = variable.names.front();
    if (name == "ROWPAGE_PRESET") continue;
    if (name == database_id && !one) {
      if (databases.empty()) continue;
      out += "\n# ids or links of the databases; `rowpage setup` fills in those it creates\n";
      out += fmt::format("# found at: {}\n", variable.where);
      for (const auto& [own, title] : databases) out += fmt::format("# {}\n{}=\n", title, own);
      continue;
    }
    out += fmt::format("\n# {}\n", variable.what);
    if (!variable.where.empty()) out += fmt::format("# found at: {}\n", variable.where);
    const bool needed =
        name == "NOTION_API_KEY" || name == database_id || name == "NOTION_PARENT_PAGE_ID" || name == "SUPABASE_DB_URL";
    out += fmt::format("{}{}={}\n", needed ? "" : "# ", name, variable.otherwise);
  }
  return out;
}

// Creates the file; refuses when it exists, also when it appears at this very moment.
Status create_file(const std::string& path, std::string_view text, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) {
    return fail(
        usage(fmt::format("cannot create {}: {}", path, std::strerror(errno)), "check the folder and its permissions"));
  }
  bool whole = true;
  while (!text.empty() && whole) {
    const auto written = ::write(file, text.data(), text.size());
    whole = written > 0;
    if (whole) text.remove_prefix(static_cast<std::size_t>(written));
  }
  whole = ::close(file) == 0 && whole;
  if (whole) return {};
  ::unlink(path.c_str());
  return fail({Effect::none, Scope::workspace, Cause::other, "cannot write " + path, "is the disk full?"});
}

int run(const Arguments& arguments, Output& output) {
  const auto finish = [&](const Error& error) { return output.finish("init", error); };
  for (const std::string source : {"--from-notion", "--from-postgres"}) {
    if (arguments.has(source)) {
      return finish(usage("`rowpage init " + source + "` comes in a later version",
                          "`rowpage init --preset NAME` writes a config to adapt: " + presets()));
    }
  }
  const auto preset = arguments.get("--preset");
  if (!preset) return finish(usage("`rowpage init` needs --preset NAME", "this version has: " + presets()));
  const auto text = preset_text(*preset);
  if (!text) return finish(text.error());

  const std::string config = arguments.get("--config").value_or("rowpage.yaml");
  const std::string env = arguments.get("--env-file").value_or(".env");
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(config, ignored))) {
    return finish(
        usage(config + " exists already and is not overwritten", "move it away, or name another file with --config"));
  }
  if (auto done = create_file(config, *text, 0644); !done) return finish(done.error());
  output.line("wrote " + config);
  json::object object;
  object["config"] = config;
  if (std::filesystem::exists(std::filesystem::symlink_status(env, ignored))) {
    output.line(env + " exists already and is left as it is");
    object["env_file"] = nullptr;
  } else {
    if (auto done = create_file(env, env_template(*text), 0600); !done) return finish(done.error());
    output.line("wrote " + env + " (only you may read it)");
    object["env_file"] = env;
  }
  output.line("");
  output.line("next: fill in " + env + ", then `rowpage setup`, `rowpage check`, `rowpage plan`, `rowpage sync`");
  return output.finish("init", ExitCode::done, std::move(object));
}

}  // namespace

Command init_command() {
  return {
      "init",
      "write a config file and a template for the variables",
      "init --preset NAME [--config FILE] [--env-file FILE]",
      "Writes rowpage.yaml, a copy of the preset to adapt, and .env with every variable and where to find its value.\n"
      "Presets: decision-vault (one table of decisions), higherself (sixteen tables of a business, with their links).\n"
      "An existing rowpage.yaml is never overwritten (exit 2); an existing .env is left as it is.\n",
      {{"--from-notion", "", "comes in a later version"}, {"--from-postgres", "", "comes in a later version"}},
      false,
      run};
}

}  // namespace rowpage
