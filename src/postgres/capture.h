// The triggers that tell us which rows changed: what they are called, how they are made, whether they are still right.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "core/schema.h"
#include "postgres/connection.h"

namespace rowpage {

/// Columns whose change is captured: the mapped ones and the mark of a soft delete. Bookkeeping and updated_at are not.
std::vector<std::string> watched_columns(const Pair& pair);

/// Statements that (re)make the capture triggers of one table or partition.
std::vector<std::string> capture_statements(const Pair& pair, const std::string& schema, const std::string& table);

/// The table and its partitions, as (schema, name), each with whether its four triggers are there, always enabled, made
/// for these columns and calling the function as this program installed it.
struct CaptureState {
  std::string schema, table;
  bool ready = false;
};
Result<std::vector<CaptureState>> capture_states(Unit& unit, const Pair& pair);

}  // namespace rowpage
