#include "postgres/table_planner.h"

#include <algorithm>

#include "postgres/batch_json.h"
#include "postgres/introspect.h"
#include "postgres/migrations.h"
#include "postgres/row_shape.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

constexpr const char* doing = "planning the setup";
constexpr const char* server_side_role = "exists (select from pg_catalog.pg_roles where rolname = 'service_role')";

bool has(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end();
}

}  // namespace

ColumnType type_as_written(std::string_view sql) {
  const auto name = sql.substr(0, std::min(sql.find('('), sql.find(" generated")));
  if (name == "varchar" || name == "char") return ColumnType::text;
  if (name == "int" || name == "int4" || name == "serial") return ColumnType::integer;
  if (name == "int8" || name == "bigserial") return ColumnType::bigint;
  return column_type(name, false, false);
}

void PlanContext::note(const std::string& text) {
  if (!has(plan.notes, text)) plan.notes.push_back(text);
}

Result<Answer> PlanContext::ask(const std::string& sql, const Parameters& parameters) {
  return unit.run(sql, parameters, doing);
}

Result<bool> PlanContext::holds(const std::string& condition, const Parameters& parameters, bool unseen) {
  auto answer = ask("select " + condition, parameters);
  if (!answer) return fail(answer.error());
  return answer->rows() > 0 ? answer->flag(0, 0) : unseen;
}

Error PlanContext::missing_privilege(const std::string& privilege, const std::string& object,
                                     const std::string& grant) const {
  return Error{.effect = Effect::none,
               .scope = Scope::pair,
               .cause = Cause::forbidden,
               .what = "role " + quote_ident(role) + " has no " + privilege + " on " + object,
               .hint = "As the owner: " + grant};
}

Status plan_our_schema(PlanContext& context) {
  auto installed = installed_schema(context.unit);
  if (!installed) return fail(installed.error());
  if (installed->newer()) return fail(newer_schema(*installed, "this database"));
  context.installed = installed->version > 0;
  if (installed->current()) {
    auto may = context.holds(
        "pg_catalog.has_schema_privilege('rowpage', 'usage') and "
        "pg_catalog.has_function_privilege('rowpage.exposure_faults()', 'execute')",
        {});
    if (!may) return fail(may.error());
    if (!*may) return {};
    auto faults = context.ask(
        "select coalesce(string_agg(f, '; '), '') from jsonb_array_elements_text("
        "rowpage.exposure_faults()) f",
        {});
    if (!faults) return fail(faults.error());
    if (const std::string_view text = faults->text(0, 0); !text.empty())
      context.step({.statement = "select rowpage.secure();\nselect rowpage.expose();\n",
                    .why = "who may use what is ours, set anew: " + std::string(text)});
    return {};
  }
  auto may = context.holds("pg_catalog.has_database_privilege(current_database(), 'create') or $1",
                           {context.installed ? "t" : "f"});
  if (!may) return fail(may.error());
  if (!*may && context.unit.changes()) {
    const std::string database = quote_ident(context.unit.database());
    return fail(
        context.missing_privilege("CREATE", "database " + database,
                                  "GRANT CREATE ON DATABASE " + database + " TO " + quote_ident(context.role) + ";"));
  }
  context.step({.statement = migration_script(*installed), .why = installed->step()});
  return {};
}

TablePlanner::TablePlanner(PlanContext& context, const SetupInput& input)
    : context_(context),
      pair_(input.pair),
      spec_(input.spec),
      target_(quote_name(input.pair.schema_name, input.pair.table_name)) {}

void TablePlanner::step(std::string statement, std::string why, std::vector<std::string> others, std::string unless) {
  if (!has(others, target_)) others.push_back(target_);
  context_.step({std::move(statement), std::move(why), std::move(others), std::move(unless)});
}

std::string TablePlanner::column_sql(const ColumnSpec& column, bool enforce) const {
  std::string type = column.type;
  if (!column.labels.empty()) type = enum_name(column) + (type.ends_with("[]") ? "[]" : "");
  std::string sql = quote_ident(column.name) + " " + type;
  if (column.not_null && enforce) sql += " not null";
  if (!column.otherwise.empty()) sql += " default " + column.otherwise;
  if (column.unique) sql += " unique";
  if (!column.check.empty()) sql += " check (" + column.check + ")";
  return sql;
}

Result<bool> TablePlanner::owned(const std::string& schema, const std::string& name) {
  auto found = context_.ask(
      "select pg_catalog.pg_has_role(c.relowner, 'usage'), pg_catalog.pg_get_userbyid(c.relowner) "
      "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where n.nspname = $1 and c.relname = $2",
      {schema, name});
  if (!found) return fail(found.error());
  if (found->rows() == 0) return false;
  if (!found->flag(0, 0) && context_.unit.changes()) {
    return fail(context_.missing_privilege(
        "ownership", "table " + quote_name(schema, name),
        "GRANT " + quote_ident(found->text(0, 1)) + " TO " + quote_ident(context_.role) + ";"));
  }
  return true;
}

/// A table belongs to one pair of the database. Two presets may well want one of the same name.
Status TablePlanner::claim() {
  if (!context_.tables.emplace(pair_.schema_name, pair_.table_name).second) {
    return fail(Error{.scope = Scope::pair,
                      .cause = Cause::usage,
                      .what = pair_.model + " claims table " + target_ + ", which another pair of this setup has",
                      .hint = "A table belongs to one pair; give one of the two another `table`."});
  }
  if (!context_.installed) return {};
  auto other = context_.ask(
      "select model, workspace from rowpage.pair where table_schema = $1 and table_name = $2 and not (workspace = $3 "
      "and case when $4 = '' then model = $5 else data_source = $4 end)",
      {pair_.schema_name, pair_.table_name, pair_.workspace, pair_.data_source, pair_.model});
  if (!other) return fail(other.error());
  if (other->rows() == 0) return {};
  return fail(Error{.scope = Scope::pair,
                    .cause = Cause::usage,
                    .what = pair_.model + " claims what is taken: table " + pair_.schema_name + "." + pair_.table_name +
                            " belongs to the pair " + std::string(other->text(0, 0)) + " of workspace " +
                            std::string(other->text(0, 1)),
                    .hint =
                        "A table belongs to one pair: give the new ones a schema of their own with `--schema NAME`, "
                        "or remove the pair that has it."});
}

Status TablePlanner::table() {
  if (Status status = claim(); !status) return status;
  auto there = owned(pair_.schema_name, pair_.table_name);
  if (!there) return fail(there.error());
  exists_ = *there;
  if (!exists_) return create_table();
  auto schema = introspect_table(context_.unit, target_, pair_.key);
  if (!schema) return fail(schema.error());
  for (const auto& column : schema->columns) {
    columns_.push_back(column.name);
    if (column.generated) generated_.push_back(column.name);
    if (column.name == pair_.key) key_type_ = column.type;
  }
  stored_columns_ = columns_;
  if (Status status = add_columns(); !status) return status;
  return drop_absent_bookkeeping();
}

Status TablePlanner::make_schema(const std::string& name) {
  auto place = context_.ask(
      "select n.oid is not null, n.oid is not null and pg_catalog.has_schema_privilege(n.oid, 'create'), "
      "pg_catalog.has_database_privilege(current_database(), 'create') "
      "from (select 1) one left join pg_catalog.pg_namespace n on n.nspname = $1",
      {name});
  if (!place) return fail(place.error());
  const std::string schema = quote_ident(name), role = quote_ident(context_.role);
  const bool others = !context_.unit.changes();  // whoever carries it out needs the privileges
  if (place->flag(0, 0) && !place->flag(0, 1) && !others) {
    return fail(context_.missing_privilege("CREATE", "schema " + schema,
                                           "GRANT CREATE ON SCHEMA " + schema + " TO " + role + ";"));
  }
  if (place->flag(0, 0) || !context_.made.insert("schema " + schema).second) return {};
  if (!place->flag(0, 2) && !others) {
    const std::string database = quote_ident(context_.unit.database());
    return fail(context_.missing_privilege("CREATE", "database " + database,
                                           "GRANT CREATE ON DATABASE " + database + " TO " + role + ";"));
  }
  const std::string unless = "pg_catalog.to_regnamespace(" + quote_literal(schema) + ") is not null";
  step("create schema " + schema, "the schema the table lives in", {}, unless);
  auto service = context_.holds(server_side_role, {}, true);
  if (!service) return fail(service.error());
  if (*service) {
    step("grant usage on schema " + schema + " to service_role", "Supabase's server-side role works there", {}, unless);
  }
  return {};
}

/// Closes a table just made to everybody but its owner and Supabase's server-side role.
Status TablePlanner::close(const std::string& target, const std::vector<std::string>& others) {
  step("alter table " + target + " enable row level security",
       "a table of ours is closed to the public API until a policy opens it", others);
  auto service = context_.holds(server_side_role, {}, true);
  if (!service) return fail(service.error());
  if (*service) {
    step("revoke all on table " + target + " from anon, authenticated",
         "older projects of Supabase give every new table to the public API's roles", others);
    step("grant select, insert, update, delete on table " + target + " to service_role",
         "Supabase no longer grants new tables to its server-side role", others);
    step("create policy rowpage_nobody on " + target +
             " for all to anon, authenticated using (false) with check (false)",
         "said in words, for whoever looks: nobody gets in from outside; a grant and a policy of yours open it",
         others);
  }
  return {};
}

Status TablePlanner::create_table() {
  if (!spec_) {
    return fail(Error{.scope = Scope::pair,
                      .cause = Cause::not_found,
                      .what = "there is no table " + pair_.schema_name + "." + pair_.table_name,
                      .hint = "Create it, or correct `table`."});
  }
  if (Status status = make_schema(pair_.schema_name); !status) return status;
  for (const auto& column : spec_->columns) {
    if (Status status = enum_type(column); !status) return status;
  }
  std::string sql = "create table " + target_ + " (";
  for (const auto& column : spec_->columns) {
    sql += (columns_.empty() ? "\n  " : ",\n  ") + column_sql(column, true);
    columns_.push_back(column.name);
    if (column.name == pair_.key) key_type_ = type_as_written(column.type);
  }
  if (!spec_->primary_key.empty()) sql += ",\n  primary key (" + quote_ident(spec_->primary_key) + ")";
  step(sql + "\n)", "the table " + target_ + " does not exist yet");
  if (!spec_->comment.empty())
    step("comment on table " + target_ + " is " + quote_literal(spec_->comment), "what the table is");
  if (Status status = close(target_, {}); !status) return status;
  return drop_absent_bookkeeping();
}

Status TablePlanner::add_columns() {
  if (!spec_) return {};
  for (const auto& column : spec_->columns) {
    if (has(columns_, column.name)) {
      if (Status status = missing_labels(column); !status) return status;
      continue;
    }
    if (Status status = enum_type(column); !status) return status;
    const bool enforce = !column.otherwise.empty();
    step("alter table " + target_ + " add column if not exists " + column_sql(column, enforce),
         "column " + column.name + " is missing");
    if (column.not_null && !enforce) {
      context_.note("column " + column.name + " is added without NOT NULL, for rows may be there already");
    }
    columns_.push_back(column.name);
  }
  return {};
}

/// Columns the pair would keep but the table does not have and will not get are not kept; mapped ones must be there.
Status TablePlanner::drop_absent_bookkeeping() {
  auto& book = pair_.book;
  for (auto* column : {&book.page_id_column, &book.checksum_column, &book.synced_column, &book.updated_at_column,
                       &book.created_at_column, &book.deleted_at_column}) {
    if (!column->empty() && !has(columns_, *column)) {
      context_.note("column " + *column + " is not in " + target_ + " and is not kept");
      column->clear();
    }
  }
  std::vector<std::string> needed = RowShape(pair_).columns();
  needed.push_back(pair_.key);
  for (const auto& column : needed) {
    if (has(columns_, column)) continue;
    return fail(
        Error{.scope = Scope::pair,
              .cause = Cause::schema_drift,
              .what = "table " + target_ + " has no column " + quote_ident(column) + ", which " + pair_.model + " maps",
              .hint = "Add the column, or correct the mapping."});
  }
  return {};
}

Status TablePlanner::index(const std::string& name, const std::string& on, const std::string& why) {
  auto there = context_.holds(
      "exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where n.nspname = $1 and c.relname = $2)",
      {pair_.schema_name, name});
  if (!there) return fail(there.error());
  if (!*there) step("create index if not exists " + quote_ident(name) + " on " + target_ + " (" + on + ")", why);
  return {};
}

// Without an index that begins with the column, each deletion of what it links to reads the whole table; Supabase's
// linter says so, too (0001).
Status TablePlanner::key_index(const std::string& column) {
  const bool wanted = std::ranges::any_of(
      spec_->indexes, [&](const auto& index) { return !index.columns.empty() && index.columns.front() == column; });
  if (wanted) return {};
  auto there = context_.holds(
      "exists (select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid "
      "join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0] "
      "where n.nspname = $1 and c.relname = $2 and a.attname = $3 and i.indisvalid and i.indpred is null)",
      {pair_.schema_name, pair_.table_name, column});
  if (!there) return fail(there.error());
  if (*there) return {};
  return index(short_name("idx_" + pair_.table_name + "_" + column), quote_ident(column),
               "column " + column + " is searched for what links to a record");
}

Status TablePlanner::indexes() {
  if (spec_) {
    for (const auto& wanted : spec_->indexes) {
      std::string name = wanted.name.empty() ? "idx_" + pair_.table_name : wanted.name, on;
      for (const auto& column : wanted.columns) {
        if (wanted.name.empty()) name += "_" + column;
        on += (on.empty() ? "" : ", ") + quote_ident(column);
      }
      if (Status status = index(short_name(name), on, "searched by " + on); !status) return status;
    }
    for (const auto& column : spec_->columns) {
      if (column.to_column.empty() || column.unique) continue;
      if (Status status = key_index(column.name); !status) return status;
    }
  }
  const std::string key = quote_ident(pair_.key);
  std::string expression;
  if (key_type_ == ColumnType::text) expression = key + " collate \"C\"";
  if (key_type_ == ColumnType::integer || key_type_ == ColumnType::bigint)
    expression = "(" + key + "::text) collate \"C\"";
  if (expression.empty()) return {};  // uuid: the primary key serves
  return index(short_name("rowpage_key_" + pair_.table_name), expression,
               "full scans read in the order of the key's text");
}

Status TablePlanner::registration() {
  if (pair_.data_source.empty()) return {};  // not known yet: the first run registers the pair
  if (context_.installed) {
    auto known = context_.holds(
        "exists (select from rowpage.pair where workspace = $1 and data_source = $2 and table_schema = $3 and "
        "table_name = $4)",
        {pair_.workspace, pair_.data_source, pair_.schema_name, pair_.table_name});
    if (!known) return fail(known.error());
    if (*known) return {};
    auto other = context_.ask(
        "select format('%s belongs to the pair %s of workspace %s', data_source, model, workspace) from rowpage.pair "
        "where data_source = $1 limit 1",
        {pair_.data_source});
    if (!other) return fail(other.error());
    if (other->rows() > 0) {
      return fail(Error{.scope = Scope::pair,
                        .cause = Cause::usage,
                        .what = pair_.model + " claims what is taken: data source " + std::string(other->text(0, 0)),
                        .hint = "A table and a data source each belong to one pair; remove one of the two."});
    }
  }
  step("select rowpage.register_pair(" + quote_literal(to_text(pair_to_json(pair_, RowShape(pair_)))) + ")",
       "the pair " + pair_.model);
  return {};
}

Status TablePlanner::capture() {
  std::vector<CaptureState> states;
  if (exists_) {
    auto found = capture_states(context_.unit, pair_);
    if (!found) return fail(found.error());
    states = std::move(*found);
  } else {
    states.push_back({pair_.schema_name, pair_.table_name, std::nullopt, false});
  }
  for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
    const auto& relation = pair_.fields[i].relation;
    if (relation.kind != Relation::Kind::join || std::ranges::find(states, i, &CaptureState::field) != states.end())
      continue;
    if (context_.tables.contains({relation.join_schema, relation.join_table})) {
      states.push_back({relation.join_schema, relation.join_table, i, false});
    } else {
      context_.note("the join table " + quote_name(relation.join_schema, relation.join_table) + " of " +
                    pair_.fields[i].property + " is not there");
    }
  }
  for (const auto& state : states) {
    if (state.ready) continue;
    // Triggers are the owner's to make; the pair's own table was looked at before.
    if (auto mine = owned(state.schema, state.table); !mine) return fail(mine.error());
    const std::string place = quote_name(state.schema, state.table);
    const auto made = context_.ends.find(place);
    const std::vector<std::string> about = made == context_.ends.end() ? std::vector{place} : made->second;
    for (const auto& statement : capture_statements(pair_, state.schema, state.table, state.field)) {
      step(statement, "changes of " + place + " are captured as they happen", about);
    }
  }
  return {};
}

Status TablePlanner::touch() {
  const std::string& column = pair_.book.updated_at_column;
  if (column.empty()) return {};
  if (exists_) {
    // A BEFORE UPDATE row trigger that names the column, in its function or its arguments, is taken to keep it.
    auto other = context_.unit.run(
        "select g.tgname from pg_catalog.pg_trigger g join pg_catalog.pg_proc p on p.oid = g.tgfoid "
        "where g.tgrelid = pg_catalog.to_regclass($1) and not g.tgisinternal and g.tgtype & 19 = 19 "
        "and (strpos(p.prosrc, $2) > 0 or strpos(pg_catalog.encode(g.tgargs, 'escape'), $2) > 0) order by 1 limit 1",
        {target_, column}, doing);
    if (!other) return fail(other.error());
    if (other->rows() > 0) {
      const std::string name(other->text(0, 0));
      const bool ours = name == "rowpage_touch" || (spec_ && name == spec_->touch_trigger);
      if (!ours) context_.note("trigger " + name + " already keeps " + column + " and is left as it is");
      return {};
    }
  }
  std::string changed;
  for (const auto& watched : watched_columns(pair_)) {
    if (has(generated_, watched)) continue;
    const std::string name = quote_ident(watched);
    changed += (changed.empty() ? "" : " or ") + ("old." + name + "::text is distinct from new." + name + "::text");
  }
  std::string function = "rowpage.touch(" + quote_literal(column) + ")", trigger = "rowpage_touch";
  if (spec_ && !spec_->touch_function.empty()) {
    function = quote_name(pair_.schema_name, spec_->touch_function) + "()";
    trigger = spec_->touch_trigger;
    auto there = context_.holds(
        "exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace "
        "where n.nspname = $1 and p.proname = $2 and p.pronargs = 0)",
        {pair_.schema_name, spec_->touch_function});
    if (!there) return fail(there.error());
    if (*there) {
      context_.note("function " + function + " exists and is used as it is");
    } else if (context_.made.insert("function " + function).second) {
      step("create function " + function +
               " returns trigger language plpgsql set search_path = '' as $$\nbegin\n  new." + quote_ident(column) +
               " := pg_catalog.now();\n  return new;\nend\n$$",
           "keeps " + column, {}, "pg_catalog.to_regprocedure(" + quote_literal(function) + ") is not null");
    }
  }
  step("create trigger " + quote_ident(trigger) + " before update on " + target_ + " for each row when (" + changed +
           ") execute function " + function,
       column + " moves when a mapped column changes, and only then");
  return {};
}

}  // namespace rowpage
