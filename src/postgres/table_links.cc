// What ties a planned table to others and its columns to each other: enum types, foreign keys, join tables, keepers.
#include <algorithm>

#include "postgres/introspect.h"
#include "postgres/sql_text.h"
#include "postgres/table_planner.h"

namespace rowpage {
namespace {

bool has(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end();
}

std::string without_brackets(std::string type) {
  if (type.ends_with("[]")) type.resize(type.size() - 2);
  return type;
}

/// A single column that is unique as a foreign key needs it: $1 schema, $2 table, $3 column.
constexpr const char* unique_column =
    "exists (select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid "
    "join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid "
    "where n.nspname = $1 and c.relname = $2 and a.attname = $3 and i.indisunique and i.indisvalid and i.indimmediate "
    "and i.indpred is null and i.indexprs is null and i.indnkeyatts = 1 and i.indkey[0] = a.attnum)";

/// An index that begins with a column: $1 schema, $2 table, $3 column.
constexpr const char* indexed_column =
    "exists (select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid "
    "join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid "
    "where n.nspname = $1 and c.relname = $2 and a.attname = $3 and i.indisvalid and i.indpred is null "
    "and i.indkey[0] = a.attnum)";

constexpr const char* table_there =
    "exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
    "where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p'))";

}  // namespace

// --- enum types

std::string TablePlanner::enum_name(const ColumnSpec& column) const {
  return quote_name(pair_.schema_name, without_brackets(column.type));
}

/// The type of a column about to be made, where it is missing; of one that is there, its missing labels.
Status TablePlanner::enum_type(const ColumnSpec& column) {
  if (column.labels.empty()) return {};
  const std::string name = enum_name(column), type = without_brackets(column.type);
  if (context_.made.contains("type " + name)) return {};
  auto found = context_.ask(
      "select t.typtype = 'e', (select pg_catalog.array_agg(l.enumlabel::text) from pg_catalog.pg_enum l "
      "where l.enumtypid = t.oid)::text from pg_catalog.pg_type t join pg_catalog.pg_namespace n "
      "on n.oid = t.typnamespace where n.nspname = $1 and t.typname = $2",
      {pair_.schema_name, type});
  if (!found) return fail(found.error());
  context_.made.insert("type " + name);
  if (found->rows() == 0) {
    std::string labels;
    for (const auto& label : column.labels) labels += (labels.empty() ? "" : ", ") + quote_literal(label);
    step("create type " + name + " as enum (" + labels + ")", "the values of column " + column.name, {},
         "pg_catalog.to_regtype(" + quote_literal(name) + ") is not null");
    return {};
  }
  if (!found->flag(0, 0)) {
    return fail(Error{.scope = Scope::pair,
                      .cause = Cause::schema_drift,
                      .what = "type " + name + ", which column " + column.name + " of " + target_ +
                              " is to have, is there and is no enum",
                      .hint = "Rename that type, or the one in the mapping."});
  }
  const auto labels = parse_array(found->text(0, 1)).value_or(std::vector<std::string>{});
  for (const auto& label : column.labels) {
    if (has(labels, label)) continue;
    context_.plan.before.push_back(
        {.statement = "alter type " + name + " add value if not exists " + quote_literal(label),
         .why = "value " + label + " of column " + column.name + " is missing"});
  }
  return {};
}

/// A column that is there keeps its type; where that is an enum, it learns the labels it lacks. None is ever removed.
Status TablePlanner::missing_labels(const ColumnSpec& column) {
  if (column.labels.empty() || !has(stored_columns_, column.name)) return {};
  auto found = context_.ask(
      "select n.nspname, t.typname, (select pg_catalog.array_agg(l.enumlabel::text) from pg_catalog.pg_enum l "
      "where l.enumtypid = t.oid)::text from pg_catalog.pg_attribute a join pg_catalog.pg_type c on c.oid = a.atttypid "
      "join pg_catalog.pg_type t on t.oid = case when c.typcategory = 'A' then c.typelem else c.oid end "
      "join pg_catalog.pg_namespace n on n.oid = t.typnamespace "
      "where a.attrelid = pg_catalog.to_regclass($1) and a.attname = $2 and not a.attisdropped and t.typtype = 'e'",
      {target_, column.name});
  if (!found) return fail(found.error());
  if (found->rows() == 0) return {};
  const std::string name = quote_name(found->text(0, 0), found->text(0, 1));
  const auto labels = parse_array(found->text(0, 2)).value_or(std::vector<std::string>{});
  for (const auto& label : column.labels) {
    if (has(labels, label) || !context_.made.insert("label " + name + " " + label).second) continue;
    context_.plan.before.push_back(
        {.statement = "alter type " + name + " add value if not exists " + quote_literal(label),
         .why = "value " + label + " of column " + column.name + " is missing"});
  }
  return {};
}

// --- foreign keys

Status TablePlanner::foreign_keys() {
  if (!spec_) return {};
  for (const auto& column : spec_->columns) {
    if (column.to_table.empty()) continue;
    if (Status status = foreign_key(column); !status) return status;
  }
  return {};
}

Status TablePlanner::foreign_key(const ColumnSpec& column) {
  const std::string references = quote_name(column.to_schema, column.to_table);
  if (exists_ && has(stored_columns_, column.name)) {
    auto found = context_.ask(
        "select c.conname, c.convalidated, c.confrelid = coalesce(pg_catalog.to_regclass($2)::oid, 0) and c.confkey = "
        "array[(select a.attnum from pg_catalog.pg_attribute a where a.attrelid = c.confrelid and a.attname = $4)] as "
        "fits, c.confrelid::regclass from pg_catalog.pg_constraint c where c.contype = 'f' and c.conrelid = "
        "pg_catalog.to_regclass($1) and c.conkey = array[(select a.attnum from pg_catalog.pg_attribute a where "
        "a.attrelid = c.conrelid and a.attname = $3)] order by fits desc, c.convalidated desc, 1 limit 1",
        {target_, references, column.name, column.to_column});
    if (!found) return fail(found.error());
    if (found->rows() > 0) {
      if (!found->flag(0, 2)) {
        context_.note("column " + column.name + " of " + target_ + " references " + std::string(found->text(0, 3)) +
                      " by its constraint " + std::string(found->text(0, 0)) +
                      ", which is left as it is; it was to reference " + references);
        return {};
      }
      if (found->flag(0, 1)) return {};
      auto left = strays(column);
      if (!left) return fail(left.error());
      if (*left > 0) return {};
      step("alter table " + target_ + " validate constraint " + quote_ident(found->text(0, 0)),
           "every row of " + target_ + " now keeps the foreign key of " + column.name);
      return {};
    }
  }
  auto there = context_.holds(table_there, {column.to_schema, column.to_table});
  if (!there) return fail(there.error());
  if (!*there && !context_.tables.contains({column.to_schema, column.to_table})) {
    context_.note("the foreign key of column " + column.name + " waits for table " + references +
                  ", which is not there; a setup of its pair adds both");
    return {};
  }
  if (*there) {
    auto unique = context_.holds(unique_column, {column.to_schema, column.to_table, column.to_column});
    if (!unique) return fail(unique.error());
    // A column the plan itself adds to that table carries its UNIQUE along.
    auto column_there = context_.holds(
        "exists (select from pg_catalog.pg_attribute a where a.attrelid = pg_catalog.to_regclass($1) and a.attname = "
        "$2 "
        "and not a.attisdropped)",
        {references, column.to_column});
    if (!column_there) return fail(column_there.error());
    if (*column_there && !*unique) {
      return fail(Error{
          .scope = Scope::pair,
          .cause = Cause::schema_drift,
          .what = "column " + column.name + " of " + target_ + " is to reference " + references + " (" +
                  quote_ident(column.to_column) + "), which is not unique",
          .hint = "As the owner: ALTER TABLE " + references + " ADD UNIQUE (" + quote_ident(column.to_column) + ");"});
    }
  }
  return add_foreign_key(column, references);
}

Status TablePlanner::add_foreign_key(const ColumnSpec& column, const std::string& references) {
  auto left = strays(column);
  if (!left) return fail(left.error());
  // ON UPDATE CASCADE: a key people can read (a code) may be rewritten, and its links go along.
  std::string sql = "alter table " + target_ + " add constraint " +
                    quote_ident(short_name(pair_.table_name + "_" + column.name + "_fkey")) + " foreign key (" +
                    quote_ident(column.name) + ") references " + references + " (" + quote_ident(column.to_column) +
                    ") on update cascade";
  if (!column.on_delete.empty()) sql += " on delete " + column.on_delete;
  if (*left > 0) {
    sql += " not valid";
    context_.note(std::to_string(*left) + " rows of " + target_ + " hold a " + column.name + " that " + references +
                  " does not have: the foreign key is added NOT VALID and holds for new values only; mend the rows and "
                  "run setup again");
  }
  step(sql, "column " + column.name + " links to " + references, {references});
  return {};
}

/// How many rows a foreign key of this column would not allow.
Result<std::int64_t> TablePlanner::strays(const ColumnSpec& column) {
  if (!has(stored_columns_, column.name)) return 0;
  const std::string references = quote_name(column.to_schema, column.to_table), own = "t." + quote_ident(column.name);
  auto there = context_.holds(
      "exists (select from pg_catalog.pg_attribute a where a.attrelid = pg_catalog.to_regclass($1) and a.attname = $2 "
      "and not a.attisdropped)",
      {references, column.to_column});
  if (!there) return fail(there.error());
  const std::string missing = *there ? " and not exists (select from " + references + " r where r." +
                                           quote_ident(column.to_column) + " = " + own + ")"
                                     : "";
  auto count = context_.ask("select count(*) from " + target_ + " t where " + own + " is not null" + missing, {});
  if (!count) return fail(count.error());
  return count->integer(0, 0);
}

// --- join tables

Status TablePlanner::join_tables() {
  if (!spec_) return {};
  for (const auto& join : spec_->joins) {
    if (Status status = join_table(join); !status) return status;
  }
  return {};
}

Status TablePlanner::join_table(const JoinSpec& join) {
  const std::string place = quote_name(join.schema, join.name);
  if (context_.made.contains("join " + place)) return {};  // shown by another pair as well
  auto there = owned(join.schema, join.name);
  if (!there) return fail(there.error());
  if (*there) return adopt_join_table(join);
  std::string references[2];
  for (int end = 0; end < 2; ++end) {
    const TableName table = split_table_name(end == 0 ? join.own_table : join.other_table);
    auto known = context_.holds(table_there, {table.schema, table.name});
    if (!known) return fail(known.error());
    references[end] = quote_name(table.schema, table.name);
    if (*known || context_.tables.contains({table.schema, table.name})) continue;
    context_.note("the join table " + place + " waits for table " + references[end] +
                  ", which is not there; a setup of its pair adds both");
    return {};
  }
  if (Status status = make_schema(join.schema); !status) return status;
  const std::string own = quote_ident(join.own), other = quote_ident(join.other);
  const auto key = [](const std::string& column, const std::string& type, const std::string& table,
                      const std::string& to) {
    return "  " + column + " " + type + " not null references " + table + " (" + quote_ident(to) +
           ") on update cascade on delete cascade,\n";
  };
  const std::vector<std::string> about = {place, references[0], references[1]};
  step("create table " + place + " (\n  id uuid primary key default gen_random_uuid(),\n" +
           key(own, join.own_type, references[0], join.own_column) +
           key(other, join.other_type, references[1], join.other_column) +
           "  created_at timestamptz default now(),\n  unique (" + own + ", " + other + ")\n)",
       "the links between " + references[0] + " and " + references[1], about);
  step("create index " + quote_ident(short_name("idx_" + join.name + "_" + join.other)) + " on " + place + " (" +
           other + ")",
       "links are followed from either end", about);
  step("comment on table " + place + " is " +
           quote_literal("Links from " + join.own_table + " to " + join.other_table + ", kept by Rowpage"),
       "what the table is", about);
  context_.made.insert("join " + place);
  context_.tables.emplace(join.schema, join.name);
  context_.ends[place] = about;
  return close(place, about);
}

/// A key column must hold what it names: links are compared in its type.
Status TablePlanner::check_join_type(const JoinSpec& join, const Column& column, const std::string& wanted) const {
  const auto whole = [](ColumnType type) { return type == ColumnType::integer || type == ColumnType::bigint; };
  const ColumnType type = type_as_written(wanted);
  if (type == ColumnType::other || column.type == type || (whole(column.type) && whole(type))) return {};
  const bool own = column.name == join.own;
  return fail(Error{.scope = Scope::pair,
                    .cause = Cause::schema_drift,
                    .what = "column " + quote_ident(column.name) + " of the join table " +
                            quote_name(join.schema, join.name) + " is " + column.sql_type + ", and " +
                            (own ? join.own_table : join.other_table) + "." +
                            (own ? join.own_column : join.other_column) + ", which it names, is " + wanted,
                    .hint = "Both must have one type: change the column's, or name another join table."});
}

Status TablePlanner::adopt_join_table(const JoinSpec& join) {
  const std::string place = quote_name(join.schema, join.name);
  context_.made.insert("join " + place);
  context_.tables.emplace(join.schema, join.name);
  auto schema = introspect_table(context_.unit, place, "id");
  if (!schema) return fail(schema.error());
  for (const auto& column : {join.own, join.other}) {
    const auto stored = std::ranges::find(schema->columns, column, &Column::name);
    if (stored == schema->columns.end()) {
      return fail(Error{.scope = Scope::pair,
                        .cause = Cause::schema_drift,
                        .what = "join table " + place + " has no column " + quote_ident(column) + ", which " +
                                pair_.model + " links by",
                        .hint = "Correct `own` and `other` of the mapping, or name another join table."});
    }
    const std::string& wanted = column == join.own ? join.own_type : join.other_type;
    if (Status status = check_join_type(join, *stored, wanted); !status) return status;
    auto indexed = context_.holds(indexed_column, {join.schema, join.name, column});
    if (!indexed) return fail(indexed.error());
    if (*indexed) continue;
    step("create index " + quote_ident(short_name("idx_" + join.name + "_" + column)) + " on " + place + " (" +
             quote_ident(column) + ")",
         "links are followed from either end");
  }
  const bool once = std::ranges::any_of(schema->unique_keys, [&](const std::vector<std::string>& key) {
    return key.size() <= 2 && std::ranges::all_of(key, [&](const auto& c) { return c == join.own || c == join.other; });
  });
  if (!once) {
    context_.note("the join table " + place + " has no unique key on (" + quote_ident(join.own) + ", " +
                  quote_ident(join.other) + "): a link may stand in it twice and counts once");
  }
  return {};
}

// --- columns kept in step

Status TablePlanner::keeper(const std::string& trigger, const std::string& function,
                            const std::vector<std::string>& columns, const std::string& when, const std::string& why) {
  for (const auto& column : columns) {
    if (has(columns_, column)) continue;
    context_.note("column " + column + " is not in " + target_ + ": " + why + " is not kept");
    return {};
  }
  std::string arguments;
  for (const auto& column : columns) arguments += (arguments.empty() ? "" : ", ") + quote_literal(column);
  if (exists_) {
    auto same = context_.holds(
        "exists (select from pg_catalog.pg_trigger g join pg_catalog.pg_proc p on p.oid = g.tgfoid join "
        "pg_catalog.pg_namespace n on n.oid = p.pronamespace where g.tgrelid = pg_catalog.to_regclass($1) and g.tgname "
        "= $2 and n.nspname = 'rowpage' and p.proname = $3 and g.tgenabled <> 'D' and g.tgargs = "
        "pg_catalog.decode($4, 'hex'))",
        {target_, trigger, function, trigger_arguments_hex(columns)});
    if (!same) return fail(same.error());
    if (*same) return {};
    step("drop trigger if exists " + trigger + " on " + target_, why);
  }
  step("create trigger " + trigger + " before insert or update on " + target_ + " for each row " + when +
           "execute function rowpage." + function + "(" + arguments + ")",
       why);
  return {};
}

/// Triggers of one table fire in the order of their names: a name is made from its parts before a blank one is filled,
/// and updated_at moves last.
Status TablePlanner::keepers() {
  if (!spec_) return {};
  if (!spec_->full_name.empty()) {
    if (Status status = keeper("rowpage_1_names", "keep_names", {spec_->full_name, spec_->first_name, spec_->last_name},
                               "", "a name and its parts are kept in step");
        !status)
      return status;
  }
  if (spec_->fills.empty()) return {};
  std::vector<std::string> columns;
  std::string blank;
  for (const auto& [column, source] : spec_->fills) {
    columns.insert(columns.end(), {column, source});
    blank += (blank.empty() ? "" : " or ") + ("btrim(coalesce(new." + quote_ident(column) + "::text, '')) = ''");
  }
  return keeper("rowpage_2_fill", "fill", columns, "when (" + blank + ") ",
                "a blank " + spec_->fills.front().first + " shows " + spec_->fills.front().second);
}

}  // namespace rowpage
