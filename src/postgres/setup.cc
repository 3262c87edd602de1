#include "postgres/setup.h"

#include <algorithm>

#include "postgres/batch_json.h"
#include "postgres/capture.h"
#include "postgres/introspect.h"
#include "postgres/migrations.h"
#include "postgres/row_shape.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

constexpr const char* doing = "planning the setup";

bool has(const std::vector<std::string>& list, const std::string& name) {
  return std::ranges::find(list, name) != list.end();
}

std::string column_sql(const ColumnSpec& column, bool enforce) {
  std::string sql = quote_ident(column.name) + " " + column.type;
  if (column.not_null && enforce) sql += " not null";
  if (!column.otherwise.empty()) sql += " default " + column.otherwise;
  if (column.unique) sql += " unique";
  return sql;
}

/// Looks at one database and collects what is missing.
class Planner {
 public:
  Planner(Unit& unit, const Pair& pair, const std::optional<TableSpec>& spec, const std::string& role)
      : unit_(unit), pair_(pair), spec_(spec), role_(role), target_(quote_name(pair.schema_name, pair.table_name)) {}

  Result<SetupPlan> plan() {
    for (const auto part : {&Planner::our_schema, &Planner::table, &Planner::indexes, &Planner::registration,
                            &Planner::capture, &Planner::touch}) {
      if (Status status = (this->*part)(); !status) return fail(status.error());
    }
    return std::move(plan_);
  }

 private:
  void step(std::string statement, std::string why) { plan_.steps.push_back({std::move(statement), std::move(why)}); }

  Result<bool> holds(const std::string& condition, const Parameters& parameters) {
    auto answer = unit_.run("select " + condition, parameters, doing);
    if (!answer) return fail(answer.error());
    return answer->rows() > 0 && answer->flag(0, 0);
  }

  Error missing_privilege(const std::string& privilege, const std::string& object, const std::string& grant) const {
    return Error{.effect = Effect::none,
                 .scope = Scope::pair,
                 .cause = Cause::forbidden,
                 .what = "role " + quote_ident(role_) + " has no " + privilege + " on " + object,
                 .hint = "As the owner: " + grant};
  }

  Status our_schema() {
    auto version = installed_schema_version(unit_);
    if (!version) return fail(version.error());
    if (*version > program_schema_version()) {
      return fail(Error{.scope = Scope::workspace,
                        .cause = Cause::incompatible,
                        .what = "the rowpage schema has version " + std::to_string(*version) +
                                ", this program knows up to " + std::to_string(program_schema_version()),
                        .hint = "Use the newer rowpage that installed it."});
    }
    installed_ = *version > 0;
    if (*version == program_schema_version()) return {};
    auto may = holds("pg_catalog.has_database_privilege(current_database(), 'create') or $1", {installed_ ? "t" : "f"});
    if (!may) return fail(may.error());
    if (!*may) {
      const std::string database = quote_ident(unit_.database());
      return fail(missing_privilege("CREATE", "database " + database,
                                    "GRANT CREATE ON DATABASE " + database + " TO " + quote_ident(role_) + ";"));
    }
    step(migration_script(*version), *version == 0 ? "our own schema: links, shadows, history, queue"
                                                   : "our own schema, from version " + std::to_string(*version));
    return {};
  }

  Status table() {
    auto found = unit_.run(
        "select c.oid, pg_catalog.pg_has_role(c.relowner, 'usage'), pg_catalog.pg_get_userbyid(c.relowner), c.relkind "
        "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = $1 and c.relname = $2",
        {pair_.schema_name, pair_.table_name}, doing);
    if (!found) return fail(found.error());
    exists_ = found->rows() > 0;
    if (!exists_) return create_table();
    if (!found->flag(0, 1)) {
      const std::string owner = quote_ident(found->text(0, 2));
      return fail(
          missing_privilege("ownership", "table " + target_, "GRANT " + owner + " TO " + quote_ident(role_) + ";"));
    }
    auto schema = introspect_table(unit_, target_, pair_.key);
    if (!schema) return fail(schema.error());
    for (const auto& column : schema->columns) {
      columns_.push_back(column.name);
      if (column.generated) generated_.push_back(column.name);
      if (column.name == pair_.key) key_type_ = column.type;
    }
    if (spec_) add_columns();
    return drop_absent_bookkeeping();
  }

  Status create_table() {
    if (!spec_) {
      return fail(Error{.scope = Scope::pair,
                        .cause = Cause::not_found,
                        .what = "there is no table " + pair_.schema_name + "." + pair_.table_name,
                        .hint = "Create it, or correct `table`."});
    }
    auto place = unit_.run(
        "select n.oid is not null, n.oid is not null and pg_catalog.has_schema_privilege(n.oid, 'create'), "
        "pg_catalog.has_database_privilege(current_database(), 'create') "
        "from (select 1) one left join pg_catalog.pg_namespace n on n.nspname = $1",
        {pair_.schema_name}, doing);
    if (!place) return fail(place.error());
    const std::string schema = quote_ident(pair_.schema_name), role = quote_ident(role_);
    if (place->flag(0, 0) && !place->flag(0, 1)) {
      return fail(
          missing_privilege("CREATE", "schema " + schema, "GRANT CREATE ON SCHEMA " + schema + " TO " + role + ";"));
    }
    if (!place->flag(0, 0)) {
      if (!place->flag(0, 2)) {
        const std::string database = quote_ident(unit_.database());
        return fail(missing_privilege("CREATE", "database " + database,
                                      "GRANT CREATE ON DATABASE " + database + " TO " + role + ";"));
      }
      step("create schema " + schema, "the schema the table lives in");
    }
    std::string sql = "create table " + target_ + " (";
    for (const auto& column : spec_->columns) {
      sql += (columns_.empty() ? "\n  " : ",\n  ") + column_sql(column, true);
      columns_.push_back(column.name);
      if (column.name == pair_.key) key_type_ = column_type(column.type, false, false);
    }
    if (!spec_->primary_key.empty()) sql += ",\n  primary key (" + quote_ident(spec_->primary_key) + ")";
    step(sql + "\n)", "the table does not exist yet");
    if (!spec_->comment.empty())
      step("comment on table " + target_ + " is " + quote_literal(spec_->comment), "what the table is");
    step("alter table " + target_ + " enable row level security",
         "a table of ours is closed to the public API until a policy opens it");
    auto service = holds("exists (select from pg_catalog.pg_roles where rolname = 'service_role')", {});
    if (!service) return fail(service.error());
    if (*service) {
      step("grant select, insert, update, delete on table " + target_ + " to service_role",
           "Supabase no longer grants new tables to its server-side role");
    }
    return drop_absent_bookkeeping();
  }

  void add_columns() {
    for (const auto& column : spec_->columns) {
      if (has(columns_, column.name)) continue;
      const bool enforce = !column.otherwise.empty();
      step("alter table " + target_ + " add column if not exists " + column_sql(column, enforce),
           "column " + column.name + " is missing");
      if (column.not_null && !enforce) {
        plan_.notes.push_back("column " + column.name + " is added without NOT NULL, for rows may be there already");
      }
      columns_.push_back(column.name);
    }
  }

  /// Columns the pair would keep but the table does not have and will not get are not kept; mapped ones must be there.
  Status drop_absent_bookkeeping() {
    auto& book = pair_.book;
    for (auto* column : {&book.page_id_column, &book.checksum_column, &book.synced_column, &book.updated_at_column,
                         &book.deleted_at_column}) {
      if (!column->empty() && !has(columns_, *column)) {
        plan_.notes.push_back("column " + *column + " is not in " + target_ + " and is not kept");
        column->clear();
      }
    }
    std::vector<std::string> needed = RowShape(pair_).columns();
    needed.push_back(pair_.key);
    for (const auto& column : needed) {
      if (has(columns_, column)) continue;
      return fail(Error{
          .scope = Scope::pair,
          .cause = Cause::schema_drift,
          .what = "table " + target_ + " has no column " + quote_ident(column) + ", which " + pair_.model + " maps",
          .hint = "Add the column, or correct the mapping."});
    }
    return {};
  }

  Status index(const std::string& name, const std::string& on, const std::string& why) {
    auto there = holds(
        "exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = $1 and c.relname = $2)",
        {pair_.schema_name, name});
    if (!there) return fail(there.error());
    if (!*there) step("create index if not exists " + quote_ident(name) + " on " + target_ + " (" + on + ")", why);
    return {};
  }

  Status indexes() {
    if (spec_) {
      for (const auto& wanted : spec_->indexes) {
        std::string name = wanted.name.empty() ? "idx_" + pair_.table_name : wanted.name, on;
        for (const auto& column : wanted.columns) {
          if (wanted.name.empty()) name += "_" + column;
          on += (on.empty() ? "" : ", ") + quote_ident(column);
        }
        if (Status status = index(short_name(name), on, "searched by " + on); !status) return status;
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

  Status registration() {
    if (pair_.data_source.empty()) return {};  // not known yet: the first run registers the pair
    if (installed_) {
      auto known = holds(
          "exists (select from rowpage.pair where workspace = $1 and data_source = $2 and table_schema = $3 and "
          "table_name = $4)",
          {pair_.workspace, pair_.data_source, pair_.schema_name, pair_.table_name});
      if (!known) return fail(known.error());
      if (*known) return {};
      auto other = unit_.run(
          "select format('%s.%s and the data source %s belong to the pair %s of workspace %s', table_schema, "
          "table_name, "
          "data_source, model, workspace) from rowpage.pair "
          "where data_source = $1 or (table_schema = $2 and table_name = $3) limit 1",
          {pair_.data_source, pair_.schema_name, pair_.table_name}, doing);
      if (!other) return fail(other.error());
      if (other->rows() > 0) {
        return fail(Error{.scope = Scope::pair,
                          .cause = Cause::usage,
                          .what = pair_.model + " claims what is taken: table " + std::string(other->text(0, 0)),
                          .hint = "A table and a data source each belong to one pair; remove one of the two."});
      }
    }
    step("select rowpage.register_pair(" + quote_literal(to_text(pair_to_json(pair_, RowShape(pair_)))) + ")",
         "the pair " + pair_.model);
    return {};
  }

  Status capture() {
    std::vector<CaptureState> states{{pair_.schema_name, pair_.table_name, false}};
    if (exists_) {
      auto found = capture_states(unit_, pair_);
      if (!found) return fail(found.error());
      states = std::move(*found);
    }
    for (const auto& state : states) {
      if (state.ready) continue;
      for (const auto& statement : capture_statements(pair_, state.schema, state.table)) {
        step(statement, "changes of " + quote_name(state.schema, state.table) + " are captured as they happen");
      }
    }
    return {};
  }

  Status touch() {
    const std::string& column = pair_.book.updated_at_column;
    if (column.empty()) return {};
    if (exists_) {
      // A BEFORE UPDATE row trigger that names the column, in its function or its arguments, is taken to keep it.
      auto other = unit_.run(
          "select g.tgname from pg_catalog.pg_trigger g join pg_catalog.pg_proc p on p.oid = g.tgfoid "
          "where g.tgrelid = pg_catalog.to_regclass($1) and not g.tgisinternal and g.tgtype & 19 = 19 "
          "and (strpos(p.prosrc, $2) > 0 or strpos(pg_catalog.encode(g.tgargs, 'escape'), $2) > 0) order by 1 limit 1",
          {target_, column}, doing);
      if (!other) return fail(other.error());
      if (other->rows() > 0) {
        const std::string name(other->text(0, 0));
        const bool ours = name == "rowpage_touch" || (spec_ && name == spec_->touch_trigger);
        if (!ours) plan_.notes.push_back("trigger " + name + " already keeps " + column + " and is left as it is");
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
      auto there = holds(
          "exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace "
          "where n.nspname = $1 and p.proname = $2 and p.pronargs = 0)",
          {pair_.schema_name, spec_->touch_function});
      if (!there) return fail(there.error());
      if (*there) {
        plan_.notes.push_back("function " + function + " exists and is used as it is");
      } else {
        step("create function " + function +
                 " returns trigger language plpgsql set search_path = '' as $$\nbegin\n  new." + quote_ident(column) +
                 " := pg_catalog.now();\n  return new;\nend\n$$",
             "keeps " + column);
      }
    }
    step("create trigger " + quote_ident(trigger) + " before update on " + target_ + " for each row when (" + changed +
             ") execute function " + function,
         column + " moves when a mapped column changes, and only then");
    return {};
  }

  Unit& unit_;
  Pair pair_;
  const std::optional<TableSpec>& spec_;
  std::string role_, target_;
  bool exists_ = false, installed_ = false;
  std::vector<std::string> columns_, generated_;
  ColumnType key_type_ = ColumnType::other;
  SetupPlan plan_;
};

}  // namespace

std::string SetupPlan::script() const {
  std::string text = "-- Rowpage setup for " + place + "\nbegin;\n\n";
  std::string why;
  for (const auto& one : steps) {
    if (one.why != why) text += "-- " + one.why + "\n";
    why = one.why;
    text += one.statement;
    if (!one.statement.ends_with(";\n")) text += ";\n";
    text += "\n";
  }
  for (const auto& note : notes) text += "-- note: " + note + "\n";
  return text + "commit;\n";
}

Pair draft_pair(const PairSpec& spec, const std::string& workspace) {
  Pair pair;
  static_cast<PairSpec&>(pair) = spec;
  pair.workspace = workspace;
  const TableName name = split_table_name(spec.table);
  pair.schema_name = name.schema;
  pair.table_name = name.name;
  return pair;
}

Result<SetupPlan> plan_setup(Database& database, const Pair& pair, const std::optional<TableSpec>& spec) {
  auto plan = database.read<SetupPlan>([&](Unit& unit) { return Planner(unit, pair, spec, database.role()).plan(); });
  if (plan) plan->place = database.place();
  return plan;
}

Result<SetupPlan> apply_setup(Database& database, const Pair& pair, const std::optional<TableSpec>& spec) {
  auto done = database.write<SetupPlan>([&](Unit& unit) -> Result<SetupPlan> {
    auto lock = unit.run("select pg_advisory_xact_lock(hashtextextended('rowpage schema', 0))", {},
                         "waiting for another setup");
    if (!lock) return fail(lock.error());
    auto plan = Planner(unit, pair, spec, database.role()).plan();
    if (!plan) return plan;
    // An index on a large table takes its time; a lock that does not come still ends the setup.
    if (Status status = unit.script("set local statement_timeout = 0", "setup"); !status) return fail(status.error());
    for (const auto& one : plan->steps) {
      if (Status status = unit.script(one.statement, "setup (" + one.why + ")"); !status) return fail(status.error());
    }
    return plan;
  });
  if (!done) return done;
  done->place = database.place();
  auto rest = plan_setup(database, pair, spec);
  if (!rest) return rest;
  if (!rest->nothing()) {
    return fail(Error{.effect = Effect::applied,
                      .scope = Scope::pair,
                      .cause = Cause::schema_drift,
                      .what = "after the setup something is still missing: " + rest->steps.front().why,
                      .hint = "Run `rowpage setup --print` and look at the first statement."});
  }
  return done;
}

TableSpec table_spec_of(const PairSpec& pair) {
  TableSpec spec;
  const TableName name = split_table_name(pair.table);
  spec.schema = name.schema;
  spec.name = name.name;
  spec.primary_key = pair.key;
  spec.columns.push_back({.name = pair.key, .type = "uuid", .otherwise = "gen_random_uuid()"});
  for (const auto& field : pair.fields) {
    if (field.column.empty() || field.column == pair.key) continue;
    std::string type = "text";
    switch (field.type) {
      case FieldType::number:
        type = "double precision";
        break;
      case FieldType::checkbox:
        type = "boolean";
        break;
      case FieldType::json:
        type = "jsonb";
        break;
      case FieldType::multi_select:
        type = field.store == Storing::joined || field.store == Storing::single ? "text"
               : field.store == Storing::json                                   ? "jsonb"
                                                                                : "text[]";
        break;
      case FieldType::date:
      case FieldType::created_time:
      case FieldType::last_edited_time:
        type = "timestamptz";
        break;
      default:
        break;
    }
    spec.columns.push_back({.name = field.column, .type = type});
    if (!field.end_column.empty()) spec.columns.push_back({.name = field.end_column, .type = "timestamptz"});
  }
  const auto keep = [&](const std::string& column, const char* type, const char* otherwise, bool unique) {
    if (column.empty() || std::ranges::find(spec.columns, column, &ColumnSpec::name) != spec.columns.end()) return;
    spec.columns.push_back({.name = column, .type = type, .otherwise = otherwise, .unique = unique});
  };
  const auto& book = pair.book;
  keep(book.page_id_column, "text", "", true);
  keep(book.checksum_column, "text", "", false);
  keep(book.synced_column, "boolean", "false", false);
  keep(book.updated_at_column, "timestamptz", "now()", false);
  keep(book.deleted_at_column, "timestamptz", "", false);
  return spec;
}

Result<std::int64_t> reset_pair(Database& database, const Pair& pair, bool force) {
  const std::string target = quote_name(pair.schema_name, pair.table_name);
  return database.write<std::int64_t>([&](Unit& unit) -> Result<std::int64_t> {
    const std::string doing_reset = "resetting " + pair.model;
    // Held against writers, so that nothing can be captured between the check and the emptying.
    if (Status status = unit.script("lock table " + target + " in share row exclusive mode", doing_reset); !status)
      return fail(status.error());
    auto version = installed_schema_version(unit);
    if (!version) return fail(version.error());
    std::string id;
    if (*version > 0) {
      auto known = unit.run(
          "select id from rowpage.pair where workspace = $1 and data_source = $2 and table_schema = $3 and table_name "
          "= $4",
          {pair.workspace, pair.data_source, pair.schema_name, pair.table_name}, doing_reset);
      if (!known) return fail(known.error());
      if (known->rows() > 0) id = std::string(known->text(0, 0));
    }
    const auto clear = [&](bool forced) -> Status {
      if (id.empty()) return {};
      auto cleared = unit.run("select rowpage.clear_pair(jsonb_build_object('pair', $1::bigint, 'force', $2::boolean))",
                              {id, forced ? "true" : "false"}, doing_reset);
      if (!cleared) return fail(cleared.error());
      return {};
    };
    if (Status status = clear(force); !status) return fail(status.error());
    auto removed = unit.run(
        "with gone as (delete from " + target + " where true returning 1) select count(*) from gone", {}, doing_reset);
    if (!removed) return fail(removed.error());
    if (Status status = clear(true); !status) return fail(status.error());  // what the emptying itself was captured as
    return removed->integer(0, 0);
  });
}

}  // namespace rowpage
