#include <set>
#include <utility>

#include "base/digest.h"
#include "base/json.h"
#include "postgres/setup.h"

namespace rowpage {

Result<std::vector<std::int64_t>> reset_pairs(Database& database, std::span<const Pair> pairs, bool force) {
  if (pairs.empty()) return std::vector<std::int64_t>{};
  std::string doing;
  json::array tables, joins;
  std::set<std::pair<std::string, std::string>> known;
  for (const auto& pair : pairs) {
    doing += (doing.empty() ? "resetting " : ", ") + pair.model;
    tables.push_back(
        json::object{{"data_source", pair.data_source}, {"schema", pair.schema_name}, {"table", pair.table_name}});
    for (const auto& field : pair.fields) {
      const Relation& relation = field.relation;
      if (relation.kind == Relation::Kind::join && known.emplace(relation.join_schema, relation.join_table).second)
        joins.push_back(json::object{{"schema", relation.join_schema}, {"table", relation.join_table}});
    }
  }
  const json::object request{{"token", random_uuid()},
                             {"workspace", pairs.front().workspace},
                             {"pairs", std::move(tables)},
                             {"joins", std::move(joins)},
                             {"force", force}};
  const auto text = database.call("reset", to_text(request), doing);
  if (!text) return fail(text.error());
  const auto answer = parse_json(*text);
  const auto* counts = answer ? find_array(*answer, "rows") : nullptr;
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; counts != nullptr && i < counts->size(); ++i) {
    if ((*counts)[i].is_int64()) rows.push_back((*counts)[i].get_int64());
  }
  if (rows.size() == pairs.size()) return rows;
  return fail(Error{.effect = Effect::applied,
                    .scope = Scope::workspace,
                    .cause = Cause::incompatible,
                    .what = doing + ": the database's answer cannot be read",
                    .hint = "Run `rowpage check`; its tables may be empty by now."});
}

Result<std::int64_t> reset_pair(Database& database, const Pair& pair, bool force) {
  auto removed = reset_pairs(database, {&pair, 1}, force);
  if (!removed) return fail(removed.error());
  return removed->front();
}

}  // namespace rowpage
