#include "cli/source_cache.h"

#include "base/digest.h"
#include "core/table_name.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

constexpr Millis fresh_ms = hour_ms;

// Eight hexadecimal digits: enough to notice another token, too few to learn anything about it.
std::string mark_of(const Secret& token) {
  return sha256_hex("rowpage token mark: " + token.reveal()).substr(0, 8);
}

}  // namespace

std::string cache_text(const SourceSchema& source, const Bot& bot, const Secret& token) {
  json::array properties;
  for (const auto& property : source.properties) {
    json::object each{{"id", property.id}, {"name", property.name}, {"type", property.type}};
    json::array options;
    for (const auto& option : property.options) options.emplace_back(json::string(option));
    each["options"] = std::move(options);
    if (!property.target.empty()) each["target"] = property.target;
    if (!property.synced_id.empty()) each["synced_id"] = property.synced_id;
    properties.push_back(std::move(each));
  }
  json::object out;
  out["mark"] = mark_of(token);
  out["bot"] = bot.id;
  out["data_source"] = source.data_source;
  out["database"] = source.database;
  out["title"] = source.title;
  out["properties"] = std::move(properties);
  return to_text(out);
}

std::optional<CachedSource> read_cache(std::string_view text, const Secret& token) {
  const auto value = parse_json(text);
  if (!value || !value->is_object()) return std::nullopt;
  const auto mark = find_string(*value, "mark");
  const auto* properties = find_array(*value, "properties");
  if (mark.empty() || mark != mark_of(token) || !properties) return std::nullopt;
  CachedSource cached;
  cached.bot.id = find_string(*value, "bot");
  cached.source.data_source = find_string(*value, "data_source");
  cached.source.database = find_string(*value, "database");
  cached.source.title = find_string(*value, "title");
  for (const auto& each : *properties) {
    Property property;
    property.id = find_string(each, "id");
    property.name = find_string(each, "name");
    property.type = find_string(each, "type");
    property.target = find_string(each, "target");
    property.synced_id = find_string(each, "synced_id");
    if (property.type == "relation" && property.target.empty()) return std::nullopt;  // from before targets were kept
    if (const auto* options = find_array(each, "options")) {
      for (const auto& option : *options) {
        if (option.is_string()) property.options.emplace_back(option.get_string());
      }
    }
    cached.source.properties.push_back(std::move(property));
  }
  if (cached.bot.id.empty() || cached.source.data_source.empty()) return std::nullopt;
  return cached;
}

Status remember_source(Session& session, const Pair& pair, const SourceSchema& source, std::int64_t fence,
                       std::int64_t run) {
  auto bot = session.bot();
  if (!bot) return fail(bot.error());
  auto state = session.store().load(pair);
  if (!state) return fail(state.error());
  auto now = session.store().now();
  if (!now) return fail(now.error());
  state->schema_json = cache_text(source, *bot, session.config().connections.notion_token);
  state->schema_ms = *now;
  Batch batch;
  batch.fence = fence;
  batch.run = run;
  batch.state = *state;
  auto committed = session.store().commit(pair, batch);
  if (!committed) return fail(committed.error());
  return {};
}

namespace {

// The schemas remembered for the workspace, by table. None where they cannot be read: then Notion is asked.
std::map<std::string, std::string> remembered(Session& session) {
  auto answer = session.database().read(
      "select table_schema, table_name, source_schema from rowpage.pair where workspace = $1"
      " and source_schema_at > clock_timestamp() - $2::bigint * interval '1 millisecond'",
      {session.config().name, std::to_string(fresh_ms)}, "look for the known schemas of data sources");
  std::map<std::string, std::string> texts;
  for (int i = 0; answer && i < answer->rows(); ++i) {
    // Two lines of one table: a pair that changed its data source. Neither is sure.
    const std::string table = quote_name(answer->text(i, 0), answer->text(i, 1));
    const auto [known, fresh] = texts.emplace(table, answer->text(i, 2));
    if (!fresh) known->second.clear();
  }
  return texts;
}

}  // namespace

SourceCache::SourceCache(Session& session) : session_(session), texts_(remembered(session)) {}

std::optional<CachedSource> SourceCache::find(const PairSpec& spec) const {
  const TableName table = split_table_name(spec.table);
  const auto text = texts_.find(quote_name(table.schema, table.name));
  if (text == texts_.end()) return std::nullopt;
  auto cached = read_cache(text->second, session_.config().connections.notion_token);
  if (!cached) return std::nullopt;
  const auto& source = cached->source;
  const bool same = !spec.data_source.empty() ? source.data_source == spec.data_source
                    : !spec.database.empty()  ? source.database == spec.database || source.data_source == spec.database
                                              : source.title == spec.title;
  if (!same) return std::nullopt;
  return cached;
}

}  // namespace rowpage
