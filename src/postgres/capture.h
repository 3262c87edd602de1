// The triggers that tell us which rows changed: what they are called, how they are made, whether they are still right.
//
// The pair's table has one set. A join table has one for every field that shows it, for each speaks to another owner.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/schema.h"
#include "postgres/database.h"

namespace rowpage {

/// Columns whose change is captured: the mapped ones and the mark of a soft delete. Bookkeeping and updated_at are not,
/// nor are links of join tables.
std::vector<std::string> watched_columns(const Pair& pair);

/// A table or partition that has, or should have, capture triggers.
struct CaptureState {
  std::string schema, table;
  std::optional<std::size_t> field;  // a join table, as this field shows it; nullopt: the pair's own table
  bool ready = false;  // all four are there, always enabled, made for these arguments and calling the function as this
                       // program installed it
};

/// Statements that (re)make the capture triggers of one table or partition.
std::vector<std::string> capture_statements(const Pair& pair, const std::string& schema, const std::string& table,
                                            std::optional<std::size_t> field = std::nullopt);

/// The pair's table and its partitions, then its join tables. A table that is not there is left out.
Result<std::vector<CaptureState>> capture_states(Unit& unit, const Pair& pair);
/// The same in two parts, so that the question can travel with others.
Statement capture_question(const Pair& pair);
std::vector<CaptureState> capture_answer(const Pair& pair, const Answer& answer);

/// How many tables capture_states() names at least, when all are there.
std::size_t captured_tables(const Pair& pair);

}  // namespace rowpage
