// rowpage demo: the whole way on this machine. Everything is made by the code the real commands use; what is shown is
// read back from both sides, and what must hold is checked, so a demo that ends well proves something.
#include <charconv>
#include <fstream>

#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/demo_data.h"
#include "cli/demo_play.h"
#include "config/read.h"

namespace rowpage {
namespace {

constexpr int requests_a_minute = 30'000;  // of the stand-in, so that nobody waits for a budget
constexpr std::string_view house_preset = "higherself", vault_preset = "decision-vault";
constexpr std::size_t records_least = 100, records_most = 20'000;

Error usage(std::string what, std::string hint) {
  return {Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)};
}

Result<std::size_t> wanted_records(const Arguments& arguments) {
  const auto text = arguments.get("--records");
  if (!text) return arguments.has("--quick") ? demo_quick_records : demo_records;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < records_least || number > records_most) {
    return fail(usage(fmt::format("--records is no number of records: `{}`", *text),
                      fmt::format("a whole number from {} to {}", records_least, records_most)));
  }
  return number;
}

// What a person needs to go on by hand: an environment file beside the throw-away server's data, gone with it. The
// password in it is of this server only.
Result<std::string> write_environment(const DemoWorld& world, const WorkspaceConfig& config) {
  const std::string path = world.cluster().directory() + "/rowpage.env";
  std::ofstream file(path, std::ios::trunc);
  ::chmod(path.c_str(), 0600);
  file << fmt::format("NOTION_BASE_URL={}\nNOTION_API_KEY={}\nNOTION_PARENT_PAGE_ID={}\nSUPABASE_DB_URL={}\n",
                      world.notion().base_url, world.notion().integration_token, world.notion().root_page,
                      world.cluster().url());
  for (std::size_t i = 0; i < config.pairs.size(); ++i) {
    if (!config.wanted[i].id_variable.empty())
      file << fmt::format("{}={}\n", config.wanted[i].id_variable, config.pairs[i].database);
  }
  if (file.flush()) return path;
  return fail({Effect::none, Scope::workspace, Cause::other, "cannot write " + path, "is the disk full?"});
}

Status keep_both(DemoWorld& world, const WorkspaceConfig& config, const std::string& preset, Output& output,
                 json::object& object) {
  auto path = write_environment(world, config);
  if (!path) return fail(path.error());
  output.line(fmt::format("\n{}\n  rowpage --preset {} --env-file {} plan\nto stop:\n{}",
                          output.bold("Both go on running. To use them:"), preset, *path, world.stop_commands()));
  object["notion_base_url"] = world.notion().base_url;
  object["env_file"] = *path;
  object["stop"] = world.stop_commands();
  return {};
}

int run(const Arguments& arguments, Output& output) {
  const bool keep = arguments.has("--keep");
  const std::string name = arguments.get("--preset").value_or(std::string(house_preset));
  if (name != house_preset && name != vault_preset) {
    return output.finish("demo", usage(fmt::format("there is no demo of the preset `{}`", name),
                                       fmt::format("one of: {}, {}", house_preset, vault_preset)));
  }
  const auto records = wanted_records(arguments);
  if (!records) return output.finish("demo", records.error());
  const auto preset = preset_text(name);
  if (!preset) return output.finish("demo", preset.error());
  output.line(output.bold("rowpage demo") + ": a private PostgreSQL, a stand-in for Notion, and a sync between them");
  auto world = DemoWorld::start(keep);
  if (!world) return output.finish("demo", world.error());
  output.line(fmt::format("  PostgreSQL        127.0.0.1:{} in {}", (*world)->cluster().port(),
                          (*world)->cluster().directory()));
  output.line("  Notion's stand-in " + (*world)->notion().base_url.substr(std::string_view("http://").size()));
  const Environment environment = (*world)->environment();
  auto config = read_config(*preset, "preset " + name, environment);
  if (!config) return output.finish("demo", config.error());
  config->connections.requests_per_minute = requests_a_minute;
  if (auto allowed = (*world)->allow_requests(requests_a_minute); !allowed)
    return output.finish("demo", allowed.error());
  Session::Use use;
  use.needs.databases = false;
  use.writes = true;
  use.log = "";
  auto session = Session::open(std::move(*config), environment, output, use);
  if (!session) return output.finish("demo", session.error());

  const DemoPlay::Stage stage{**world, **session, output};
  const auto play =
      name == vault_preset ? make_vault_play(stage, arguments.has("--quick")) : make_higherself_play(stage, *records);
  const auto played = play->play();
  json::object object = play->take_object();
  Status kept;
  // What the demo spent was the stand-in's budget, not Notion's: who goes on by hand need not wait for it.
  if (keep && played) kept = (*world)->sql("delete from rowpage.request_budget");
  if (keep && kept) kept = keep_both(**world, (*session)->config(), name, output, object);
  if (!played) return output.finish("demo", played.error(), std::move(object));
  if (!kept) return output.finish("demo", kept.error(), std::move(object));
  if (!keep) output.line("\nThe demo ends well; PostgreSQL and the stand-in are stopped, nothing is left.");
  return output.finish("demo", ExitCode::done, std::move(object));
}

}  // namespace

Command demo_command() {
  return {
      "demo",
      "everything on this machine: a two-way sync to watch",
      "demo [--preset higherself|decision-vault] [--quick] [--records N] [--keep]",
      "Starts a private PostgreSQL (own directory, free loopback port, never as root, never a system cluster) and the\n"
      "sandbox, sets both up with the preset (sixteen linked databases; --preset decision-vault: one), fills and "
      "edits\n"
      "them, syncs, and shows what happened on both sides. Every claim it prints is checked; one that does not hold\n"
      "ends it with exit status 1. Leaves nothing running, unless --keep.\n",
      {{"--quick", "", "fewer records"},
       {"--records", "N", "about N records on both sides together (2400; with --quick 320)"},
       {"--keep", "", "leave PostgreSQL and the sandbox running, and say how to stop them"}},
      false,
      run};
}

}  // namespace rowpage
