#include "config/read.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <sstream>

#include <fmt/format.h>

#include "base/embedded.h"
#include "base/log.h"
#include "config/read_pair.h"
#include "core/text.h"

namespace rowpage {

std::span<const EmbeddedFile> embedded_presets();

namespace {

constexpr std::string_view config_name = "rowpage.yaml";
constexpr std::string_view later_presets[] = {"vital"};

Error usage(std::string what, std::string hint) {
  return {Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)};
}

bool loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  const bool digits = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return digits && host.starts_with("127.");
}

// Tokens must not travel in the clear: http is for the sandbox on this machine.
void check_address(Section& section, std::string_view key, const std::string& url, std::string_view name) {
  const auto scheme = url.find("://");
  const std::string_view rest = scheme == std::string::npos ? "" : std::string_view(url).substr(scheme + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  const bool with_user = authority.find('@') != std::string_view::npos;
  const auto port = authority.rfind(':');
  const bool bare = port == std::string_view::npos || authority.ends_with(']');
  const auto host = bare ? authority : authority.substr(0, port);
  if (!host.empty() && !with_user && url.starts_with("https://")) return;
  if (!host.empty() && !with_user && url.starts_with("http://")) {
    if (loopback(host)) return;
    section.wrong(key, fmt::format("{} must use https: `{}`", name, url),
                  "http is allowed on loopback only (127.0.0.1, localhost)");
    return;
  }
  section.wrong(key, fmt::format("{} is not an address: `{}`", name, redact(url)),
                "write it like https://api.notion.com");
}

// A setting that the file may hold and the environment may give: the file wins.
std::optional<std::int64_t> from_environment(Reading& reading, std::string_view name, std::int64_t least,
                                             std::int64_t most) {
  const auto text = reading.environment.get(name);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size() && number >= least && number <= most) return number;
  reading.mistakes.push_back(
      {"environment", 0, 0, fmt::format("{} must be a whole number from {} to {}, not `{}`", name, least, most, *text),
       ""});
  return std::nullopt;
}

void read_connections(Reading& reading, Section& top, WorkspaceConfig& config) {
  Connections& to = config.connections;
  const Environment& environment = reading.environment;
  Section notion(reading, top.child("notion"), "`notion`", {"token", "parent_page", "requests_per_minute", "base_url"});
  const auto or_environment = [&](Section& section, std::string_view key, std::string_view name) {
    auto text = section.text(key);
    return text ? *text : environment.get(name).value_or("");
  };
  to.notion_token = Secret(or_environment(notion, "token", "NOTION_API_KEY"));
  to.parent_page = notion.id("parent_page").value_or("");
  if (!notion.child("parent_page")) {
    if (const auto parent = environment.get("NOTION_PARENT_PAGE_ID")) {
      to.parent_page = canonical_id(*parent);
      if (to.parent_page.empty()) {
        reading.mistakes.push_back({"environment", 0, 0, "NOTION_PARENT_PAGE_ID is not a Notion id: `" + *parent + "`",
                                    "an id has 32 hexadecimal digits, with or without hyphens; a link works as well"});
      }
    }
  }
  to.notion_base_url = or_environment(notion, "base_url", "NOTION_BASE_URL");
  if (to.notion_base_url.empty()) to.notion_base_url = "https://api.notion.com";
  while (to.notion_base_url.ends_with('/')) to.notion_base_url.pop_back();
  check_address(notion, "base_url", to.notion_base_url, "NOTION_BASE_URL");
  to.requests_per_minute =
      static_cast<int>(notion.integer("requests_per_minute", 1, 10'000).value_or(to.requests_per_minute));

  Section supabase(reading, top.child("supabase"), "`supabase`",
                   {"database_url", "url", "key", "schema", "project", "access_token", "management_url"});
  config.schema = supabase.text("schema").value_or("");
  check_length(supabase, "schema", config.schema);
  to.database_url = Secret(or_environment(supabase, "database_url", "SUPABASE_DB_URL"));
  to.supabase_url = or_environment(supabase, "url", "SUPABASE_URL");
  to.supabase_key = Secret(or_environment(supabase, "key", "SUPABASE_SERVICE_ROLE_KEY"));
  if (!to.supabase_url.empty()) check_address(supabase, "url", to.supabase_url, "SUPABASE_URL");
  to.project = or_environment(supabase, "project", "SUPABASE_PROJECT_ID");
  to.access_token = Secret(or_environment(supabase, "access_token", "SUPABASE_ACCESS_TOKEN"));
  to.management_url = or_environment(supabase, "management_url", "SUPABASE_MANAGEMENT_URL");
  if (!to.management_url.empty())
    check_address(supabase, "management_url", to.management_url, "SUPABASE_MANAGEMENT_URL");
  for (const auto* secret : {&to.notion_token, &to.database_url, &to.supabase_key, &to.access_token})
    remember_secret(secret->reveal());
}

void read_sync(Reading& reading, Section& top, SyncSettings& to, PairSpec& defaults) {
  Names known = {"interval", "batch_size", "retries", "bookkeeping"};
  for (auto& key : policy_keys()) known.push_back(key);
  Section sync(reading, top.child("sync"), "`sync`", known);
  to.interval = sync.text("interval").value_or("");
  if (to.interval.empty()) {
    to.interval = fmt::format("{}m", from_environment(reading, "SYNC_INTERVAL_MINUTES", 1, 10'080).value_or(15));
  }
  // A cron expression has blanks; the scheduler of a later version reads it.
  if (to.interval.find(' ') == std::string::npos && !parse_duration(to.interval)) {
    sync.wrong("interval", fmt::format("`interval` is neither a duration nor a cron expression: `{}`", to.interval),
               "write it like 15m, or \"*/15 * * * *\"");
  }
  const auto batch = sync.integer("batch_size", 1, 1000);
  to.batch_size =
      static_cast<std::size_t>(batch ? *batch : from_environment(reading, "SYNC_BATCH_SIZE", 1, 1000).value_or(100));
  const auto retries = sync.integer("retries", 0, 20);
  to.retries = static_cast<int>(retries ? *retries : from_environment(reading, "SYNC_MAX_RETRIES", 0, 20).value_or(3));
  read_policy(reading, sync, defaults);
  read_bookkeeping(reading, sync, defaults.book);
}

}  // namespace

Result<WorkspaceConfig> read_config(std::string_view text, const std::string& file, const Environment& environment) {
  auto root = parse_yaml(text, file);
  if (!root) return fail(as_error({root.error()}, text));
  Reading reading{file, environment, {}};
  WorkspaceConfig config;
  config.source = file;
  Section top(reading, &*root, "the config file", {"version", "workspace", "notion", "supabase", "sync", "pairs"},
              {"transform", "server", "dashboard", "schedule", "webhooks"});
  if (top.present()) {
    const auto version = top.text("version");
    if (version && *version != "1") {
      top.wrong("version", fmt::format("this version of rowpage reads config version 1, not `{}`", *version),
                "write version: 1");
    }
    config.name = top.text("workspace").value_or("default");
    read_connections(reading, top, config);
    PairSpec defaults;
    read_sync(reading, top, config.sync, defaults);
    const Node* pairs = top.child("pairs");
    if (!pairs || pairs->kind != Node::Kind::list || pairs->entries.empty()) {
      top.wrong("pairs", pairs ? "`pairs` must be a list of pairs" : "`pairs` is missing in the config file",
                "`rowpage init --preset decision-vault` writes a complete example");
    } else {
      std::vector<PairNodes> nodes;
      for (const auto& entry : pairs->entries) {
        PairDraft draft = read_pair(reading, entry.value, defaults);
        config.pairs.push_back(std::move(draft.spec));
        config.wanted.push_back(std::move(draft.wanted));
        nodes.push_back(std::move(draft.nodes));
      }
      if (!config.schema.empty()) use_schema(config, config.schema);
      check_pairs(reading, config, nodes);
    }
  }
  std::stable_sort(reading.mistakes.begin(), reading.mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
  if (!reading.mistakes.empty()) return fail(as_error(reading.mistakes, text));
  return config;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& file : embedded_presets()) names.emplace_back(file.name.substr(0, file.name.rfind('.')));
  return names;
}

Result<std::string_view> preset_text(std::string_view name) {
  for (const auto& file : embedded_presets()) {
    if (file.name.substr(0, file.name.rfind('.')) == name) return file.text;
  }
  if (std::find(std::begin(later_presets), std::end(later_presets), name) != std::end(later_presets)) {
    return fail(usage(fmt::format("the preset `{}` comes in a later version", name),
                      fmt::format("this version has: {}", fmt::join(preset_names(), ", "))));
  }
  return fail(usage(fmt::format("there is no preset `{}`", name), did_you_mean(name, preset_names())));
}

Result<WorkspaceConfig> load_config(const ConfigChoice& choice, const Environment& environment) {
  if (!choice.file.empty() && !choice.preset.empty()) {
    return fail(usage("--config and --preset exclude each other", "give one of them"));
  }
  std::string preset = choice.preset;
  if (preset.empty() && choice.file.empty()) preset = environment.get("ROWPAGE_PRESET").value_or("");
  if (!preset.empty()) {
    auto text = preset_text(preset);
    if (!text) return fail(text.error());
    return read_config(*text, "preset " + preset, environment);
  }
  const std::string path = choice.file.empty() ? std::string(config_name) : choice.file;
  std::error_code ignored;
  std::ifstream stream(path, std::ios::binary);
  if (!stream || std::filesystem::is_directory(path, ignored)) {
    return fail(usage("cannot read the config file " + path,
                      choice.file.empty() ? "`rowpage init --preset NAME` writes one; or run with --preset NAME"
                                          : "check the path and its permissions"));
  }
  std::stringstream text;
  text << stream.rdbuf();
  return read_config(text.str(), path, environment);
}

Status complete(const WorkspaceConfig& config, const Needs& needs) {
  const auto& c = config.connections;
  std::vector<std::string> missing;
  std::map<std::string, std::string> databases;  // variable → title, where the config names the variable
  if (needs.notion && c.notion_token.empty()) missing.push_back("NOTION_API_KEY");
  for (std::size_t i = 0; needs.databases && i < config.pairs.size(); ++i) {
    const auto& pair = config.pairs[i];
    if (!pair.database.empty() || !pair.data_source.empty() || !pair.title.empty()) continue;
    const auto& name = config.wanted[i].id_variable;
    missing.push_back(name.empty() ? "NOTION_DATABASE_ID" : name);
    databases[missing.back()] = config.wanted[i].title;
  }
  if (needs.parent && c.parent_page.empty()) missing.push_back("NOTION_PARENT_PAGE_ID");
  // Either way in will do; half of the second one asks for its other half.
  const bool no_url = c.supabase_url.empty(), no_key = c.supabase_key.empty();
  if (needs.postgres && c.database_url.empty() && (no_url || no_key)) {
    missing.push_back(no_url == no_key ? "SUPABASE_DB_URL" : no_url ? "SUPABASE_URL" : "SUPABASE_SERVICE_ROLE_KEY");
  }
  if (missing.empty()) return {};
  Error error = missing_variables(missing, databases);
  if (std::ranges::find(missing, "SUPABASE_DB_URL") != missing.end())
    error.what += "\n(or SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY: the project's address and its secret key)";
  return fail(std::move(error));
}

}  // namespace rowpage
