// The plan of one table within a setup: what it lacks, in phases, so that tables exist before links between them do.
//
// Internal to setup. Every phase of every table writes into one plan; the order of the phases is in setup.cc.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "postgres/capture.h"
#include "postgres/setup.h"

namespace rowpage {

/// What the tables of one setup share.
struct PlanContext {
  Unit& unit;
  std::string role;
  SetupPlan plan;
  bool installed = false;                                // our schema is there, in whatever version
  std::set<std::pair<std::string, std::string>> tables;  // there, or made by the plan so far: (schema, name)
  std::set<std::string> made;  // quoted names of schemas, types, functions made by the plan so far
  std::map<std::string, std::vector<std::string>> ends;  // of join tables made by the plan so far: what they link

  void step(SetupStep one) { plan.steps.push_back(std::move(one)); }
  void note(const std::string& text);  // once, however many tables say it
  /// `unseen`: what is taken for the answer where nobody can look (see plan_unseen()).
  Result<bool> holds(const std::string& condition, const Parameters& parameters, bool unseen = false);
  Result<Answer> ask(const std::string& sql, const Parameters& parameters);
  Error missing_privilege(const std::string& privilege, const std::string& object, const std::string& grant) const;
};

/// The rowpage schema itself. incompatible: it is newer than this program.
Status plan_our_schema(PlanContext& context);

/// The type of a column as people write it in a specification: "bigint generated always as identity", "varchar(80)".
ColumnType type_as_written(std::string_view sql);

class TablePlanner {
 public:
  TablePlanner(PlanContext& context, const SetupInput& input);

  Status table();         // the table with its columns and enum types
  Status foreign_keys();  // of its columns
  Status join_tables();
  Status indexes();
  Status registration();
  Status capture();
  Status touch();    // keeps updated_at
  Status keepers();  // keep columns in step with each other: names, and what a blank one shows

 private:
  /// `others`: tables beside the pair's own that the step is about.
  void step(std::string statement, std::string why, std::vector<std::string> others = {}, std::string unless = {});
  std::string enum_name(const ColumnSpec& column) const;
  std::string column_sql(const ColumnSpec& column, bool enforce) const;
  Status claim();
  Result<bool> owned(const std::string& schema, const std::string& name);
  Status make_schema(const std::string& schema);
  Status close(const std::string& target, const std::vector<std::string>& others);
  Status create_table();
  Status add_columns();
  Status enum_type(const ColumnSpec& column);
  Status missing_labels(const ColumnSpec& column);
  Status drop_absent_bookkeeping();
  Status foreign_key(const ColumnSpec& column);
  Status add_foreign_key(const ColumnSpec& column, const std::string& references);
  Result<std::int64_t> strays(const ColumnSpec& column);
  Status join_table(const JoinSpec& join);
  Status adopt_join_table(const JoinSpec& join);
  Status check_join_type(const JoinSpec& join, const Column& column, const std::string& wanted) const;
  Status key_index(const std::string& column);
  Status index(const std::string& name, const std::string& on, const std::string& why);
  Status keeper(const std::string& trigger, const std::string& function, const std::vector<std::string>& columns,
                const std::string& when, const std::string& why);

  PlanContext& context_;
  Pair pair_;
  const std::optional<TableSpec>& spec_;
  std::string target_;
  bool exists_ = false;
  std::vector<std::string> columns_, generated_;  // there, or made by the plan so far
  std::vector<std::string> stored_columns_;       // there
  ColumnType key_type_ = ColumnType::other;
};

}  // namespace rowpage
