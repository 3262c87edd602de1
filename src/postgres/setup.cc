#include "postgres/setup.h"

#include <algorithm>

#include "postgres/introspect.h"
#include "postgres/table_planner.h"

namespace rowpage {
namespace {

/// All tables first, then what ties them together, then what watches them.
Result<SetupPlan> plan_in(Unit& unit, std::span<const SetupInput> inputs, const std::string& role) {
  PlanContext context{.unit = unit, .role = role};
  if (Status status = plan_our_schema(context); !status) return fail(status.error());
  std::vector<TablePlanner> tables;
  tables.reserve(inputs.size());
  for (const auto& input : inputs) tables.emplace_back(context, input);
  for (const auto phase :
       {&TablePlanner::table, &TablePlanner::foreign_keys, &TablePlanner::join_tables, &TablePlanner::indexes,
        &TablePlanner::registration, &TablePlanner::capture, &TablePlanner::touch, &TablePlanner::keepers}) {
    for (auto& table : tables) {
      if (Status status = (table.*phase)(); !status) return fail(status.error());
    }
  }
  return std::move(context.plan);
}

Status carry_out(Unit& unit, const std::vector<SetupStep>& steps) {
  // An index on a large table takes its time; a lock that does not come still ends the setup.
  if (Status status = unit.script("set local statement_timeout = 0", "setup"); !status) return status;
  for (const auto& one : steps) {
    if (Status status = unit.script(one.statement, "setup (" + one.why + ")"); !status) return status;
  }
  return {};
}

/// One transaction under the setup's lock that plans what `part` says and does it. The answer is what was done.
using Part = std::vector<SetupStep> SetupPlan::*;
Result<SetupPlan> apply_part(Database& database, std::span<const SetupInput> inputs, Part part) {
  return database.write<SetupPlan>([&](Unit& unit) -> Result<SetupPlan> {
    auto lock = unit.run("select pg_advisory_xact_lock(hashtextextended('rowpage schema', 0))", {},
                         "waiting for another setup");
    if (!lock) return fail(lock.error());
    auto plan = plan_in(unit, inputs, database.role());
    if (!plan) return plan;
    if (Status status = carry_out(unit, (*plan).*part); !status) return fail(status.error());
    return plan;
  });
}

// The database nobody can look into: every answer is empty.
class Unseen : public Unit {
 public:
  Result<Answer> run(const std::string&, const Parameters&, std::string_view) override {
    class Nothing : public Answer::Cells {
      int rows() const override { return 0; }
      int columns() const override { return 0; }
      std::optional<std::string_view> cell(int, int) const override { return std::nullopt; }
    };
    return Answer(std::make_unique<Nothing>());
  }
  Status script(const std::string&, std::string_view doing) override { return fail(no_statements(doing)); }
  std::string database() const override { return {}; }
  bool changes() const override { return false; }
};

}  // namespace

Pair draft_pair(const PairSpec& spec, const std::string& workspace) {
  Pair pair;
  static_cast<PairSpec&>(pair) = spec;
  pair.workspace = workspace;
  const TableName name = split_table_name(spec.table);
  pair.schema_name = name.schema;
  pair.table_name = name.name;
  for (auto& field : pair.fields) {
    if (field.relation.join.empty()) continue;
    const TableName join = split_table_name(field.relation.join);
    field.relation.join_schema = join.schema;
    field.relation.join_table = join.name;
  }
  return pair;
}

Result<SetupPlan> plan_setups(Database& database, std::span<const SetupInput> inputs) {
  auto plan = database.read<SetupPlan>([&](Unit& unit) { return plan_in(unit, inputs, database.role()); });
  if (plan) plan->place = database.place();
  return plan;
}

Result<SetupPlan> plan_unseen(const std::string& place, std::span<const SetupInput> inputs) {
  Unseen nothing;
  auto plan = plan_in(nothing, inputs, {});
  if (!plan) return plan;
  plan->place = place;
  plan->unseen = true;
  return plan;
}

namespace {

/// The same where there is no transaction of ours: planned, carried out as one script, and planned again by the caller.
Result<SetupPlan> apply_script(Database& database, std::span<const SetupInput> inputs) {
  auto plan = plan_setups(database, inputs);
  if (!plan || plan->nothing()) return plan;
  const std::vector<SetupStep> labels = plan->before;
  if (!labels.empty()) {
    const SetupPlan only{.before = labels};
    if (Status done = database.execute(only.script(), "setup (labels of enum types)"); !done) return fail(done.error());
    plan = plan_setups(database, inputs);
    if (!plan) return plan;
  }
  if (!plan->steps.empty()) {
    if (Status done = database.execute(plan->script(), "setup"); !done) return fail(done.error());
  }
  plan->before = labels;
  return plan;
}

}  // namespace

Result<SetupPlan> apply_setups(Database& database, std::span<const SetupInput> inputs) {
  auto labels = plan_setups(database, inputs);
  if (!labels) return labels;
  const bool scripted = !database.transactions();
  if (!scripted && !labels->before.empty()) labels = apply_part(database, inputs, &SetupPlan::before);
  if (!labels) return labels;
  auto done = scripted ? apply_script(database, inputs) : apply_part(database, inputs, &SetupPlan::steps);
  if (!done) return done;
  if (scripted) labels = done;
  done->place = database.place();
  done->before = labels->before;
  auto rest = plan_setups(database, inputs);
  if (!rest) return rest;
  if (!rest->nothing()) {
    const auto& first = rest->before.empty() ? rest->steps.front() : rest->before.front();
    return fail(Error{.effect = Effect::applied,
                      .scope = Scope::pair,
                      .cause = Cause::schema_drift,
                      .what = "after the setup something is still missing: " + first.why,
                      .hint = "Run `rowpage setup --print` and look at the first statement."});
  }
  return done;
}

Result<SetupPlan> plan_setup(Database& database, const Pair& pair, const std::optional<TableSpec>& spec) {
  const SetupInput input{pair, spec};
  return plan_setups(database, {&input, 1});
}

Result<SetupPlan> apply_setup(Database& database, const Pair& pair, const std::optional<TableSpec>& spec) {
  const SetupInput input{pair, spec};
  return apply_setups(database, {&input, 1});
}

TableSpec table_spec_of(const PairSpec& pair) {
  TableSpec spec;
  const TableName name = split_table_name(pair.table);
  spec.schema = name.schema;
  spec.name = name.name;
  spec.primary_key = pair.key;
  spec.columns.push_back({.name = pair.key, .type = "uuid", .otherwise = "gen_random_uuid()"});
  for (const auto& field : pair.fields) {
    if (field.column.empty() || field.column == pair.key || !field.has_column()) continue;
    std::string type = "text";
    switch (field.type) {
      case FieldType::number:
        type = "double precision";
        break;
      case FieldType::relation:  // a key is a uuid unless said otherwise; another column links are named by is a text
        type = field.relation.references.empty() ? "uuid" : "text";
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

}  // namespace rowpage
