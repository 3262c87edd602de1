// What the database needs for a pair, as a list of statements, each with its reason: the rowpage schema, the table
// where it is missing, columns and indexes an existing table lacks, the triggers. Nothing a user made is replaced or
// dropped.
//
// The plan compares with what is there, so a second setup has nothing to do, and a half-done one is completed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/schema.h"
#include "postgres/database.h"

namespace rowpage {

/// A column as setup creates it.
struct ColumnSpec {
  std::string name;
  std::string type;  // SQL: "text", "numeric(10,2)", "uuid"
  bool not_null = false;
  std::string otherwise;  // default expression; empty: none
  bool unique = false;
  std::string check;                // condition; empty: none
  std::vector<std::string> labels;  // of an enum type, which `type` names: made in the table's schema where missing,
                                    // extended where labels are missing
  std::string to_schema, to_table, to_column, on_delete;  // a foreign key; empty: none
};

/// A join table: uuid key, two NOT NULL keys `on delete cascade`, created_at, unique together, the second one indexed.
struct JoinSpec {
  std::string schema, name;
  std::string own, own_table, own_column, own_type;  // own_table: "schema.table"
  std::string other, other_table, other_column, other_type;
};

struct IndexSpec {
  std::string name;  // empty: idx_<table>_<columns>
  std::vector<std::string> columns;
};

/// A table as a preset or a mapping wants it. Plain data: written as SQL in one place, setup.cc.
struct TableSpec {
  std::string schema = "public", name;
  std::string comment;
  std::vector<ColumnSpec> columns;
  std::string primary_key = "id";
  std::vector<IndexSpec> indexes;
  std::vector<JoinSpec> joins;                             // those whose links this table's pair owns
  std::vector<std::pair<std::string, std::string>> fills;  // column → column whose value it takes while it is blank
  std::string full_name, first_name, last_name;            // kept in step with each other; empty: no such columns
  // Keeps updated_at; both empty: rowpage.touch() under our own trigger name. A function that exists is used as it is.
  std::string touch_function, touch_trigger;
};

struct SetupStep {
  std::string statement;  // without the final semicolon
  std::string why;
  // For a plan made without a look at the database: the step is left out where one of these tables was there before, or
  // where this condition holds (empty: none).
  std::vector<std::string> tables;  // quoted names
  std::string unless;
};

struct SetupPlan {
  std::string place;              // the database, without secrets
  std::vector<SetupStep> before;  // committed before the rest: labels of enum types that are in use, which the
                                  // transaction that adds them may not use yet
  std::vector<SetupStep> steps;
  std::vector<std::string> notes;  // what was found and left alone
  bool unseen = false;             // made by plan_unseen()
  bool nothing() const { return before.empty() && steps.empty(); }
  /// One script to paste, in one transaction but for `before`, each statement under its reason. That of an unseen plan
  /// looks for itself: it ends where our schema is there, and leaves tables that are there as they are.
  std::string script() const;
};

/// A Pair for setup, where the table may not exist yet: names are taken apart, nothing is resolved.
Pair draft_pair(const PairSpec& spec, const std::string& workspace);

/// A pair and how its table should look; without a spec it must exist and only triggers are added.
struct SetupInput {
  Pair pair;
  std::optional<TableSpec> spec;
};

/// What is missing for all of these pairs: first every table, then the foreign keys and join tables between them, then
/// indexes and triggers, so that tables may reference each other in a circle. A foreign key or join table to a table
/// that is neither there nor planned waits: a note says so. Reads only. Errors as plan_setup().
Result<SetupPlan> plan_setups(Database& database, std::span<const SetupInput> inputs);

/// The same where nothing can be looked at, because our functions are not there yet and there is no other way: what a
/// new project of Supabase needs. `place` as Database::place(). Tables that turn out to be there are for a second look.
Result<SetupPlan> plan_unseen(const std::string& place, std::span<const SetupInput> inputs);

/// Carries out what plan_setups() finds, in one transaction (but for SetupPlan::before), then looks again: an error
/// names what is still missing. The answer is what was done.
Result<SetupPlan> apply_setups(Database& database, std::span<const SetupInput> inputs);

/// What is missing for `pair`. `spec`: how the table should look; nullopt: it must exist and only triggers are added.
/// Reads only. Errors: forbidden names the privilege and the GRANT that mends it; usage: the pair's table or data
/// source has another owner.
Result<SetupPlan> plan_setup(Database& database, const Pair& pair, const std::optional<TableSpec>& spec);

/// As apply_setups(), for one pair.
Result<SetupPlan> apply_setup(Database& database, const Pair& pair, const std::optional<TableSpec>& spec);

/// A table spec from a pair's own fields, where no preset says more: text for text, numeric for number, date as
/// timestamptz, ...
TableSpec table_spec_of(const PairSpec& pair);

/// Empties the pairs' tables and their join tables and forgets links, shadows, pending requests, errands and log, all
/// in one transaction, in which the tables may reference each other in any way. Refused (brake) while captured changes
/// of any of them wait, unless `force`; refused (usage) while rows of tables that are not among them hold rows of
/// theirs without cascading or setting NULL. Answer: how many rows each pair's table had, in order.
Result<std::vector<std::int64_t>> reset_pairs(Database& database, std::span<const Pair> pairs, bool force);

/// reset_pairs() of one pair.
Result<std::int64_t> reset_pair(Database& database, const Pair& pair, bool force);

/// Drops the rowpage schema with everything in it, the triggers on the user's tables, the indexes made for reading them
/// and the entry points of the Data API; the tables, their rows and the columns setup added stay. Nothing happens where
/// nothing is. lease_lost: a workspace is being synced.
Status remove_everything(Database& database);
/// The same as one statement to run by hand.
std::string removal_script();

}  // namespace rowpage
