// rowpage diagram: the databases and the relations between them, as a picture or as data. Reads the config and, where a
// connection is configured, the database; Notion is not asked.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/diagram_counts.h"
#include "cli/diagram_model.h"
#include "cli/diagram_svg.h"
#include "cli/session.h"

namespace rowpage {
namespace {

enum class Format { svg, json };

Error usage(std::string what, std::string hint) {
  return {Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)};
}

Result<Format> format_of(const Arguments& arguments) {
  const auto name = arguments.get("--format").value_or("svg");
  if (name == "svg") return Format::svg;
  if (name == "json") return Format::json;
  return fail(usage("diagram has no format `" + name + "`", "write --format svg or --format json"));
}

// The counts, as far as anybody can be asked; whatever is missing is said in one line.
Status add_counts(Session& session, Output& output, Diagram& diagram, bool asked) {
  if (!asked) return {};
  if (!session.config().connections.has_database()) {
    output.say("drawn from the configuration alone, without counts: SUPABASE_DB_URL is not set");
    return {};
  }
  auto remark = count_diagram(session.database(), diagram);
  if (!remark) {
    Error error = remark.error();
    error.hint +=
        std::string(error.hint.empty() ? "" : "\n") + "`rowpage diagram --no-counts` draws without asking the database";
    return fail(std::move(error));
  }
  if (!remark->empty()) output.say(*remark);
  return {};
}

// The whole text or the file as it was: written beside it, then put in its place. A link stays a link.
Status replace_file(const std::string& named, const std::string& text) {
  std::error_code trouble;
  std::filesystem::path path = named;
  if (std::filesystem::is_symlink(path, trouble)) path = std::filesystem::weakly_canonical(path, trouble);
  if (std::filesystem::exists(path, trouble) && !std::filesystem::is_regular_file(path, trouble)) {
    return fail(usage(fmt::format("cannot write {}: it is no ordinary file", named),
                      "name another file, or leave --out away to write to standard output"));
  }
  const std::string temporary = fmt::format("{}.{}.tmp", path.string(), ::getpid());
  errno = 0;
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  if (!file) {
    return fail(usage(fmt::format("cannot write {}: {}", named, std::strerror(errno)),
                      "check that its folder is there and may be written to"));
  }
  file << text;
  file.close();
  if (!file.fail() && std::rename(temporary.c_str(), path.c_str()) == 0) return {};
  Error error{Effect::none, Scope::workspace, Cause::other,
              fmt::format("cannot write {}: {}", named, std::strerror(errno)), "is the disk full?"};
  std::filesystem::remove(temporary, trouble);
  return fail(std::move(error));
}

int run(const Arguments& arguments, Output& output) {
  const auto finish = [&](const Error& error) { return output.finish("diagram", error); };
  const auto format = format_of(arguments);
  if (!format) return finish(format.error());
  auto environment = environment_of(arguments);
  if (!environment) return finish(environment.error());
  auto config = config_of(arguments, *environment);
  if (!config) return finish(config.error());
  const bool counts = !arguments.has("--no-counts");
  Session::Use use;
  use.needs = {false, counts && config->connections.has_database(), false, false};
  use.log = "";
  auto session = Session::open(std::move(*config), *environment, output, use);
  if (!session) return finish(session.error());
  auto indexes = (*session)->selected(arguments.all("--model"));
  if (!indexes) return finish(indexes.error());

  Diagram diagram = make_diagram((*session)->config(), *indexes);
  if (auto counted = add_counts(**session, output, diagram, counts); !counted) return finish(counted.error());
  json::object object;
  std::string text;
  if (*format == Format::svg) {
    text = diagram_to_svg(diagram);
    object["svg"] = text;
  } else {
    object["diagram"] = diagram_to_json(diagram);
    text = to_text(object["diagram"]) + "\n";
  }
  if (const auto file = arguments.get("--out")) {
    if (auto written = replace_file(*file, text); !written) return finish(written.error());
    output.say("wrote " + *file);
    object["file"] = *file;
  } else {
    text.pop_back();  // line() ends the line
    output.line(text);
  }
  return output.finish("diagram", ExitCode::done, std::move(object));
}

}  // namespace

Command diagram_command() {
  return {"diagram",
          "draw the databases and their relations, with counts",
          "diagram [--format svg|json] [--out FILE] [--model NAME]... [--no-counts]",
          "Draws every database with its fields and the relations between them: how many link to how many, where the\n"
          "links are kept, which relations are two-way, and how many rows and links there are and what waits.\n"
          "Notion is not asked and nothing is written but FILE. Without a database connection, or before\n"
          "`rowpage setup`, the same is drawn without counts; a preset needs no variables for that.\n",
          {{"--format", "FORMAT", "svg (the default), a picture; or json, the same as data"},
           {"--out", "FILE", "write to FILE instead of standard output; FILE is replaced whole"},
           {"--model", "NAME", "only this database; may be given several times", true},
           {"--no-counts", "", "do not ask the database"}},
          false,
          run};
}

}  // namespace rowpage
