#include "postgres/table.h"

#include <algorithm>

#include "postgres/key_filter.h"
#include "postgres/migrations.h"
#include "postgres/row_shape.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

Row row_of(const RowShape& shape, const Answer& answer, int line) {
  return shape.row([&](int cell) { return answer.cell(line, cell); });
}

}  // namespace

Result<bool> PostgresTable::installed() {
  if (installed_) return true;
  auto there = check_installed(database_);
  if (there) installed_ = *there;
  return there;
}

Result<ChangeList> PostgresTable::changes(const Pair& pair, std::int64_t after, std::size_t limit) {
  auto there = installed();
  if (!there) return fail(there.error());
  if (!*there) return ChangeList{};
  auto answer = database_.read(
      "select l.id, l.row_key, l.op, l.columns::text, (extract(epoch from l.at) * 1000)::bigint, l.origin is not null "
      "from rowpage.change_log l join rowpage.pair p on p.id = l.pair "
      "where p.workspace = $1 and p.data_source = $2 and p.table_schema = $3 and p.table_name = $4 and l.id > "
      "$5::bigint "
      "order by l.id limit $6::bigint",
      {pair.workspace, pair.data_source, pair.schema_name, pair.table_name, std::to_string(after),
       std::to_string(limit + 1)},
      "reading captured changes of " + pair.table);
  if (!answer) return fail(answer.error());
  const RowShape shape(pair);
  ChangeList list;
  for (int i = 0; i < answer->rows(); ++i) {
    if (list.changes.size() == limit) {
      list.more = true;
      break;
    }
    Captured captured{.id = answer->integer(i, 0),
                      .key = std::string(answer->text(i, 1)),
                      .at_ms = answer->integer(i, 4),
                      .own = answer->flag(i, 5),
                      .whole = answer->text(i, 2) == "T"};
    for (const auto& column : parse_array(answer->text(i, 3)).value_or(std::vector<std::string>{})) {
      const auto field = shape.field_named(column);
      if (field && std::ranges::find(captured.fields, *field) == captured.fields.end())
        captured.fields.push_back(*field);
    }
    list.changes.push_back(std::move(captured));
  }
  return list;
}

Result<std::vector<Row>> PostgresTable::read(const Pair& pair, std::span<const std::string> keys) {
  const RowShape shape(pair);
  std::vector<std::string> wanted(keys.begin(), keys.end());
  const std::string condition = any_of("t." + quote_ident(pair.key), pair.key_column.type, 1, wanted);
  std::vector<Row> rows;
  if (wanted.empty()) return rows;
  auto answer = database_.read("select " + shape.select_list() + " from " + shape.target() + " t where " + condition,
                               {array_literal(wanted)}, "reading rows of " + pair.table);
  if (!answer) return fail(answer.error());
  for (int i = 0; i < answer->rows(); ++i) rows.push_back(row_of(shape, *answer, i));
  return rows;
}

Result<RowList> PostgresTable::scan(const Pair& pair, const std::string& after_key, std::size_t limit, bool unlinked) {
  const RowShape shape(pair);
  const std::string column = "t." + quote_ident(pair.key);
  // The text form of a uuid sorts like the uuid, so its index serves; setup adds an index on the text for other types.
  const bool native = pair.key_column.type == ColumnType::uuid;
  const std::string order = native                                     ? column
                            : pair.key_column.type == ColumnType::text ? column + " collate \"C\""
                                                                       : "(" + column + "::text) collate \"C\"";
  std::string condition = " where true";
  Parameters parameters;
  if (!after_key.empty()) {
    parameters.emplace_back(after_key);
    condition += " and " + order + " > $1" + (native ? "::uuid" : "");
  }
  if (unlinked) {
    auto there = installed();
    if (!there) return fail(there.error());
    if (*there) {
      const std::string first = std::to_string(parameters.size() + 1), second = std::to_string(parameters.size() + 2);
      // Workspace and data source identify the pair together with its table, which is the one we scan.
      condition +=
          " and not exists (select from rowpage.link l join rowpage.pair p on p.id = l.pair where p.workspace = $" +
          first + " and p.data_source = $" + second + " and p.table_schema = " + quote_literal(pair.schema_name) +
          " and p.table_name = " + quote_literal(pair.table_name) + " and l.row_key <> '' and l.row_key = " + column +
          "::text)";
      parameters.emplace_back(pair.workspace);
      parameters.emplace_back(pair.data_source);
    }
  }
  auto answer = database_.read("select " + shape.select_list() + " from " + shape.target() + " t" + condition +
                                   " order by " + order + " limit " + std::to_string(limit + 1),
                               parameters, "scanning " + pair.table);
  if (!answer) return fail(answer.error());
  RowList list;
  const int most = static_cast<int>(std::min<std::size_t>(limit, static_cast<std::size_t>(answer->rows())));
  list.rows.reserve(static_cast<std::size_t>(most));
  for (int i = 0; i < most; ++i) list.rows.push_back(row_of(shape, *answer, i));
  list.more = answer->rows() > most;
  return list;
}

Result<std::int64_t> PostgresTable::count(const Pair& pair) {
  constexpr std::int64_t exact_below = 200'000;  // counting is cheap up to here
  const std::string target = quote_name(pair.schema_name, pair.table_name);
  auto answer = database_.read<std::int64_t>([&](Unit& unit) -> Result<std::int64_t> {
    auto estimate = unit.run("select reltuples::bigint from pg_catalog.pg_class where oid = pg_catalog.to_regclass($1)",
                             {target}, "counting rows of " + pair.table);
    if (!estimate) return fail(estimate.error());
    if (estimate->rows() > 0 && estimate->integer(0, 0) >= exact_below) return estimate->integer(0, 0);
    auto exact = unit.run("select count(*) from " + target, {}, "counting rows of " + pair.table);
    if (!exact) return fail(exact.error());
    return exact->integer(0, 0);
  });
  return answer;
}

}  // namespace rowpage
