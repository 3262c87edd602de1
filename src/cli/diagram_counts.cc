#include "cli/diagram_counts.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "postgres/migrations.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

constexpr std::int64_t exact_below = 200'000;  // counting is cheap up to here

// A column whose filled cells are links, or (without a column) a join table whose rows are.
struct Counted {
  std::string schema, table, column;
  DiagramDatabase* database = nullptr;  // either whose rows
  DiagramRelation* relation = nullptr;  // or whose links
};

std::vector<Counted> what_to_count(Diagram& diagram) {
  std::vector<Counted> all;
  for (auto& database : diagram.databases) all.push_back({database.schema, database.table, "", &database, nullptr});
  for (auto& relation : diagram.relations)
    all.push_back({relation.schema, relation.table, relation.column, nullptr, &relation});
  return all;
}

constexpr const char* catalogue_sql =
    "select c.oid is not null and (w.col = '' or a.attnum is not null), "
    "  coalesce(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'), false), "
    "  coalesce(c.reltuples, -1)::bigint, coalesce(a.attnotnull, false), "
    "  exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid "
    "    and i.indpred is null and i.indexprs is null and i.indnkeyatts = 1 and i.indkey[0] = a.attnum), "
    "  (select s.null_frac from pg_catalog.pg_stats s "
    "    where s.schemaname = w.s and s.tablename = w.t and s.attname = w.col order by s.inherited desc limit 1) "
    "from unnest($1::text[], $2::text[], $3::text[]) with ordinality w(s, t, col, o) "
    "left join pg_catalog.pg_namespace n on n.nspname = w.s "
    "left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.t "
    "  and c.relkind in ('r', 'p', 'v', 'm', 'f') "
    "left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = w.col and a.attnum > 0 "
    "  and not a.attisdropped and w.col <> '' order by w.o";

Result<Answer> ask_catalogue(Unit& unit, const std::vector<Counted>& all) {
  std::vector<std::string> schemas, tables, columns;
  for (const auto& each : all) {
    schemas.push_back(each.schema);
    tables.push_back(each.table);
    columns.push_back(each.column);
  }
  return unit.run(catalogue_sql, {array_literal(schemas), array_literal(tables), array_literal(columns)},
                  "looking for the tables of the diagram");
}

void set_count(const Counted& what, std::int64_t count, bool estimated) {
  if (what.database) {
    what.database->rows = count;
    what.database->rows_estimated = estimated;
  } else {
    what.relation->links = count;
    what.relation->links_estimated = estimated;
  }
}

// The tables know better than the config what a foreign key allows.
void learn_key(DiagramRelation& relation, const Answer& catalogue, int row) {
  if (relation.stored != Relation::Kind::column) return;
  relation.required = relation.required || catalogue.flag(row, 3);
  if (catalogue.flag(row, 4)) relation.cardinality = DiagramRelation::Cardinality::one_to_one;
}

// Large tables by their statistics; of a column whose statistics are not there, nothing is said.
void estimate(const Counted& what, const Answer& catalogue, int row) {
  const auto rows = catalogue.integer(row, 2);
  if (what.column.empty()) return set_count(what, rows, true);
  if (catalogue.null(row, 5)) return;
  const double empty = std::clamp(std::strtod(std::string(catalogue.text(row, 5)).c_str(), nullptr), 0.0, 1.0);
  set_count(what, std::llround(static_cast<double>(rows) * (1 - empty)), true);
}

// One statement over all small tables, so that a far database is asked once. Answers what could not be counted.
Result<std::vector<std::string>> count_tables(Unit& unit, Diagram& diagram) {
  const auto all = what_to_count(diagram);
  auto catalogue = ask_catalogue(unit, all);
  if (!catalogue) return fail(catalogue.error());
  std::vector<std::string> absent;
  std::string sql;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const int row = static_cast<int>(i);
    const bool there = catalogue->flag(row, 0);
    if (there && all[i].relation) learn_key(*all[i].relation, *catalogue, row);
    if (!there || !catalogue->flag(row, 1)) {
      absent.push_back(all[i].schema + "." + all[i].table);
    } else if (catalogue->integer(row, 2) >= exact_below) {
      estimate(all[i], *catalogue, row);
    } else {
      sql += fmt::format("{}select {}, count({}) from {}", sql.empty() ? "" : " union all ", i,
                         all[i].column.empty() ? "*" : quote_ident(all[i].column),
                         quote_name(all[i].schema, all[i].table));
    }
  }
  std::ranges::sort(absent);
  absent.erase(std::unique(absent.begin(), absent.end()), absent.end());
  if (sql.empty()) return absent;
  auto counts = unit.run(sql, {}, "counting rows and links");
  if (!counts) return fail(counts.error());
  for (int row = 0; row < counts->rows(); ++row)
    set_count(all[static_cast<std::size_t>(counts->integer(row, 0))], counts->integer(row, 1), false);
  return absent;
}

constexpr const char* state_sql =
    "select p.table_schema, p.table_name, "
    " (select count(*) from rowpage.link l where l.pair = p.id and l.page_live and l.row_live),"
    " (select count(*) from rowpage.pending q where q.pair = p.id),"
    " (select count(*) from rowpage.conflict c where c.pair = p.id and c.winner is null and c.resolved_at is null),"
    " (select count(*) from rowpage.parked w where w.pair = p.id and w.kind in ('parked', 'held')),"
    " (select count(*) from rowpage.parked w where w.pair = p.id and w.kind = 'waiting')"
    " from rowpage.pair p where p.workspace = $1";

// `look` is a page to be read, not a link to be made.
constexpr const char* errands_sql =
    "select p.table_schema, p.table_name, e.field, count(*) from rowpage.errand e join rowpage.pair p on p.id = e.pair"
    " where p.workspace = $1 and e.kind <> 'look' group by 1, 2, 3";

DiagramDatabase* database_of(Diagram& diagram, std::string_view schema, std::string_view table) {
  const auto same = [&](const auto& each) { return each.schema == schema && each.table == table; };
  const auto at = std::ranges::find_if(diagram.databases, same);
  return at == diagram.databases.end() ? nullptr : &*at;
}

// A pair that never ran is not in the state yet: nothing of it waits.
void begin_state(Diagram& diagram) {
  for (auto& each : diagram.databases)
    each.linked = each.pending = each.conflicts = each.parked = each.waiting = each.pending_links = 0;
  for (auto& relation : diagram.relations) relation.pending_links = 0;
}

// Links wait at either end; those of a back end belong to the relation it shows.
void add_pending_links(Diagram& diagram, const DiagramDatabase& database, std::string_view field, std::int64_t count) {
  const auto place = static_cast<std::size_t>(&database - diagram.databases.data());
  for (auto& relation : diagram.relations) {
    const bool own = relation.from == place && relation.field == field;
    const bool back = relation.to == place && !relation.two_way.empty() && "back:" + relation.two_way == field;
    if (own || back) *relation.pending_links += count;
  }
}

Status count_state(Unit& unit, Diagram& diagram) {
  auto pairs = unit.run(state_sql, {diagram.workspace}, "reading the state of the pairs");
  if (!pairs) return fail(pairs.error());
  auto errands = unit.run(errands_sql, {diagram.workspace}, "reading what links left to do");
  if (!errands) return fail(errands.error());
  begin_state(diagram);
  for (int row = 0; row < pairs->rows(); ++row) {
    auto* database = database_of(diagram, pairs->text(row, 0), pairs->text(row, 1));
    if (!database) continue;
    database->linked = pairs->integer(row, 2);
    database->pending = pairs->integer(row, 3);
    database->conflicts = pairs->integer(row, 4);
    database->parked = pairs->integer(row, 5);
    database->waiting = pairs->integer(row, 6);
  }
  for (int row = 0; row < errands->rows(); ++row) {
    auto* database = database_of(diagram, errands->text(row, 0), errands->text(row, 1));
    if (!database) continue;
    *database->pending_links += errands->integer(row, 3);
    add_pending_links(diagram, *database, errands->text(row, 2), errands->integer(row, 3));
  }
  return {};
}

std::string remark(const std::vector<std::string>& absent, const InstalledSchema& installed) {
  constexpr std::size_t named_most = 3;
  std::string text;
  if (installed.version == 0) {
    text = "the database is not set up for Rowpage yet (`rowpage setup`): what is linked and what waits is not known";
  } else if (!installed.current()) {
    text =
        "the state in the database is of another version of Rowpage (`rowpage setup` brings an older one up to date): "
        "what is linked and what waits is not known";
  }
  if (absent.empty()) return text;
  const auto named = std::min(absent.size(), named_most);
  return fmt::format("{}{}no count of {}{}: not there, or not to be read", text, text.empty() ? "" : "; ",
                     fmt::join(absent.begin(), absent.begin() + static_cast<std::ptrdiff_t>(named), ", "),
                     named < absent.size() ? fmt::format(" and {} more", absent.size() - named) : "");
}

}  // namespace

Result<std::string> count_diagram(Database& database, Diagram& diagram) {
  return database.read<std::string>([&](Unit& unit) -> Result<std::string> {
    auto absent = count_tables(unit, diagram);
    if (!absent) return fail(absent.error());
    auto installed = installed_schema(unit);
    if (!installed) return fail(installed.error());
    if (installed->current()) {
      if (auto counted = count_state(unit, diagram); !counted) return fail(counted.error());
    }
    return remark(*absent, *installed);
  });
}

}  // namespace rowpage
