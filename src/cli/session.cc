#include "cli/session.h"

#include <algorithm>
#include <random>
#include <set>

#include <fmt/format.h>

#include "base/digest.h"
#include "config/mistake.h"
#include "core/text.h"
#include "notion/setup.h"
#include "postgres/connection.h"
#include "postgres/data_api.h"
#include "postgres/introspect.h"
#include "postgres/management.h"

namespace rowpage {
namespace {

// Spreads repeated tries of several processes; nothing depends on it being unpredictable.
double jitter() {
  static std::mt19937 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

Error usage(std::string what, std::string hint) {
  return {Effect::none, Scope::workspace, Cause::usage, std::move(what), std::move(hint)};
}

}  // namespace

void CommandListener::progress(std::string_view phase, std::uint64_t done, std::optional<std::uint64_t> total) {
  output_.progress(model_.empty() ? std::string(phase) : model_ + "  " + std::string(phase), done, total);
}

void CommandListener::note(std::string_view model, std::string_view event, std::string_view text) {
  log_.write(Log::Level::info, event, text, {{"model", model}});
  if (output_.mode().verbose) output_.say(fmt::format("{}: {}: {}", model, event, printable(text)));
}

Result<Environment> environment_of(const Arguments& arguments) {
  const auto file = arguments.get("--env-file");
  return Environment::load(file.value_or(".env"), file.has_value());
}

Result<WorkspaceConfig> config_of(const Arguments& arguments, const Environment& environment) {
  auto config =
      load_config({arguments.get("--config").value_or(""), arguments.get("--preset").value_or("")}, environment);
  const auto schema = arguments.get("--schema");
  if (!config || !schema) return config;
  if (schema->empty() || schema->size() > 63)
    return fail(usage("`" + *schema + "` is no name of a database schema", "a name has 1 to 63 bytes"));
  use_schema(*config, *schema);
  return config;
}

Result<std::unique_ptr<Session>> Session::open(const Arguments& arguments, Output& output, const Use& use) {
  auto environment = environment_of(arguments);
  if (!environment) return fail(environment.error());
  auto config = config_of(arguments, *environment);
  if (!config) return fail(config.error());
  return open(std::move(*config), *environment, output, use);
}

Result<std::unique_ptr<Session>> Session::open(WorkspaceConfig config, const Environment& environment, Output& output,
                                               const Use& use) {
  if (auto ready = complete(config, use.needs); !ready) return fail(ready.error());
  const auto level = environment.get("LOG_LEVEL");
  if (level && !Log::level(*level)) {
    return fail(usage("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not `" + *level + "`", ""));
  }
  std::unique_ptr<Session> session(new Session(std::move(config), environment, output, use));
  if (auto connected = session->connect(); !connected) return fail(connected.error());
  return session;
}

Session::Session(WorkspaceConfig config, const Environment& environment, Output& output, const Use& use)
    : config_(std::move(config)), output_(output), use_(use), listener_(output, log_) {
  const auto level = Log::level(environment.get("LOG_LEVEL").value_or("INFO")).value_or(Log::Level::info);
  if (!use_.log.empty() && (use_.writes || level == Log::Level::debug)) log_ = Log(use_.log, level);
  if (!log_.trouble().empty()) output_.warn(log_.trouble());
}

Session::~Session() {
  log_.flush();
}

// The direct way where both are given: it needs no function in the schema public, and a setup can go over it.
Status Session::open_database() {
  const auto& c = config_.connections;
  if (!c.database_url.empty()) {
    database_ = std::make_unique<ConnectedDatabase>(DatabaseOptions{c.database_url.reveal()});
    return {};
  }
  auto api = data_api();
  if (!api) return fail(api.error());
  database_ = std::move(*api);
  return {};
}

HttpClient& Session::data_http() {
  if (!data_http_) {
    // Not ended by an interrupt: what was done in Notion is still to be stored, and the lease to be given back.
    HttpClient::Options http;
    http.connections = 2;
    data_http_ = std::make_unique<HttpClient>(http);
  }
  return *data_http_;
}

Result<Database*> Session::setup_database() {
  const auto& c = config_.connections;
  if (!c.database_url.empty() || !c.has_management()) return database_.get();
  if (!management_) {
    ManagementOptions options;
    options.project = c.project;
    options.token = c.access_token.reveal();
    if (!c.management_url.empty()) options.url = c.management_url;
    auto made = ManagementDatabase::make(data_http(), clock(), std::move(options));
    if (!made) return fail(made.error());
    management_ = std::move(*made);
  }
  return management_.get();
}

Result<std::unique_ptr<Database>> Session::data_api() {
  const auto& c = config_.connections;
  auto api = DataApiDatabase::make(data_http(), {.url = c.supabase_url, .key = c.supabase_key.reveal()});
  if (!api) return fail(api.error());
  return std::unique_ptr<Database>(std::move(*api));
}

std::string Session::project() const {
  const std::string shown = database_->project();
  return shown.empty() ? config_.connections.project : shown;
}

Result<std::unique_ptr<Database>> Session::other_way() {
  const auto& c = config_.connections;
  if (c.database_url.empty() || c.supabase_url.empty() || c.supabase_key.empty()) return std::unique_ptr<Database>();
  return data_api();
}

// Puts the objects together; nothing is asked of either service yet.
Status Session::connect() {
  const auto& c = config_.connections;
  if (use_.needs.postgres) {
    if (auto opened = open_database(); !opened) return opened;
    store_ = std::make_unique<PostgresStore>(*database_, clock_);
    table_ = std::make_unique<PostgresTable>(*database_);
    const auto warning = database_->transport_warning();
    if (!warning) return fail(warning.error());
    if (!warning->empty()) output_.warn(*warning);
  }
  if (use_.needs.notion) {
    HttpClient::Options http;
    http.interrupted = interrupt_asked;
    http_ = std::make_unique<HttpClient>(http);
    CurlTransport::Options options;
    options.base_url = c.notion_base_url;
    options.token = c.notion_token.reveal();
    if (log_.traces()) {
      options.trace = [this](const Exchange& exchange) {
        log_.write(Log::Level::debug, "request", exchange.why,
                   {{"method", exchange.method},
                    {"path", exchange.path},
                    {"status", exchange.status},
                    {"took_ms", exchange.took_ms},
                    {"request_id", exchange.request_id}});
      };
    }
    auto transport = CurlTransport::make(*http_, clock_, std::move(options));
    if (!transport) return fail(transport.error());
    transport_ = std::move(*transport);

    Budget::Options budget;
    budget.limit = static_cast<std::size_t>(c.requests_per_minute);
    // Permits fetched and not used are lost for a minute, and most runs of a command are short: small portions.
    budget.chunk = 5;
    Budget::Shared shared;
    if (use_.writes && use_.needs.postgres) {
      // Until the bot is known there is nobody to account a request to.
      shared = [this, limit = budget.limit](std::size_t want) -> Result<Store::Permits> {
        if (!bot_) return Store::Permits{want, 0};
        return store_->take_permits(bot_->id, limit, want);
      };
    }
    budget_ = std::make_unique<Budget>(clock_, budget, std::move(shared));
    NotionClient::Options client;
    client.caller.retries = config_.sync.retries;
    client.caller.jitter = jitter;
    notion_ = std::make_unique<NotionClient>(*transport_, clock_, *budget_, client);
  }
  return {};
}

void Session::name_database(std::size_t index, const std::string& database) {
  auto& spec = config_.pairs.at(index);
  if (spec.data_source.empty()) spec.database = database;
}

Ports Session::ports() {
  return {*notion_, *table_, *store_, clock_, listener_, random_uuid};
}

Result<Bot> Session::bot() {
  if (bot_) return *bot_;
  auto bot = notion_->me();
  if (bot) bot_ = *bot;
  return bot;
}

Result<std::vector<std::size_t>> Session::selected(const std::vector<std::string>& models) const {
  std::vector<std::size_t> indexes;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < config_.pairs.size(); ++i) {
    names.push_back(config_.pairs[i].model);
    if (models.empty()) indexes.push_back(i);
  }
  for (const auto& model : models) {
    const auto same = [&](const PairSpec& pair) { return ascii_lower(pair.model) == ascii_lower(model); };
    const auto found = std::find_if(config_.pairs.begin(), config_.pairs.end(), same);
    if (found == config_.pairs.end()) {
      return fail(usage(fmt::format("{} has no pair `{}`", config_.source, model), did_you_mean(model, names)));
    }
    const auto index = static_cast<std::size_t>(found - config_.pairs.begin());
    if (std::find(indexes.begin(), indexes.end(), index) == indexes.end()) indexes.push_back(index);
  }
  return indexes;
}

Result<SourceSchema> Session::find_source(const PairSpec& spec) {
  auto source = rowpage::find_source(notion_->caller(), {spec.data_source, spec.database, spec.title});
  if (source) know_source(spec.model, source->data_source);
  return source;
}

Result<TableSchema> Session::find_table(const PairSpec& spec) {
  if (const auto known = read_together_.find(spec.table); known != read_together_.end()) return known->second;
  auto table = introspect_table(*database_, spec.table, spec.key);
  if (table) tables_[spec.table] = *table;
  return table;
}

std::set<std::string> Session::linked_tables(const PairSpec& spec) const {
  std::set<std::string> names;
  for (const auto& field : spec.fields) {
    if (!field.is_relation()) continue;
    if (!field.relation.join.empty()) names.insert(field.relation.join);
    const auto target = std::ranges::find(config_.pairs, field.relation.to, &PairSpec::model);
    if (target != config_.pairs.end() && target->model != spec.model) names.insert(target->table);
  }
  return names;
}

std::string Session::key_of(const std::string& table) const {
  const auto pair = std::ranges::find(config_.pairs, table, &PairSpec::table);
  return pair == config_.pairs.end() ? std::string() : pair->key;
}

Status Session::read_tables(const std::vector<std::size_t>& indexes) {
  read_together_.clear();
  std::set<std::string> names;
  for (const std::size_t index : indexes) {
    names.insert(config_.pairs[index].table);
    names.merge(linked_tables(config_.pairs[index]));
  }
  std::vector<AskedTable> wanted;
  for (const auto& name : names) wanted.push_back({name, key_of(name)});
  auto tables = introspect_tables(*database_, wanted);
  if (!tables) return fail(tables.error());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    tables_.erase(wanted[i].table);
    if ((*tables)[i]) tables_.emplace(wanted[i].table, *(*tables)[i]);
    read_together_.emplace(wanted[i].table, std::move((*tables)[i]));
  }
  return {};
}

Result<Neighbours> Session::neighbours(const PairSpec& spec) {
  Neighbours around;
  around.pairs = config_.pairs;
  around.sources = sources_;
  for (const auto& name : linked_tables(spec)) {
    auto known = tables_.find(name);
    if (known == tables_.end()) {
      const auto together = read_together_.find(name);
      auto table =
          together != read_together_.end() ? together->second : introspect_table(*database_, name, key_of(name));
      // One that is not there is the relation's problem, which says so with its name.
      if (!table && table.error().cause == Cause::not_found) continue;
      if (!table) return fail(table.error());
      known = tables_.emplace(name, std::move(*table)).first;
    }
    around.tables.push_back(known->second);
  }
  return around;
}

Result<Pair> Session::resolve(std::size_t index) {
  auto source = find_source(config_.pairs[index]);
  if (!source) return fail(source.error());
  return resolve(index, *source);
}

Result<Pair> Session::resolve(std::size_t index, const SourceSchema& source) {
  auto resolved = lay_beside(index, source);
  if (!resolved) return fail(resolved.error());
  if (!resolved->ok()) return fail(as_error(*resolved));
  return std::move(resolved->pair);
}

Result<Resolved> Session::lay_beside(std::size_t index, const SourceSchema& source) {
  const auto& spec = config_.pairs[index];
  know_source(spec.model, source.data_source);
  auto table = find_table(spec);
  if (!table) return fail(table.error());
  auto around = neighbours(spec);
  if (!around) return fail(around.error());
  return rowpage::resolve(spec, config_.name, source, *table, *around);
}

Error as_error(const Resolved& resolved) {
  std::string text = fmt::format("the pair {} does not fit", resolved.pair.model);
  for (const auto& problem : resolved.problems) {
    if (problem.level != Problem::Level::error) continue;
    text += fmt::format("\n  {}: {}", problem.where, problem.what);
    if (!problem.hint.empty()) text += "\n    " + problem.hint;
  }
  return {Effect::none, Scope::pair, Cause::schema_drift, std::move(text),
          "`rowpage check` shows every problem of every pair"};
}

}  // namespace rowpage
