// How a pair's row is laid out in SQL: which columns are selected, in which order, and how a selected row becomes a
// Row. Used for rows read, rows stored by a commit, and shadows, so that all three are decoded alike.
//
// The links of a join table are selected with the row, as one array behind its columns: one index look-up a row instead
// of a query a row. The back end of a two-way relation is not stored in PostgreSQL and costs nothing.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "core/record.h"
#include "core/schema.h"
#include "postgres/codec.h"

namespace rowpage {

class RowShape {
 public:
  explicit RowShape(const Pair& pair);

  /// Mapped columns of the table without doubles, in the order of the fields.
  const std::vector<std::string>& columns() const { return columns_; }

  /// Fields whose links are in join tables, in order: selected behind the columns.
  const std::vector<std::size_t>& joins() const { return joins_; }

  /// The column of the pair's table that a join table's `own` holds.
  const std::string& own_reference(std::size_t join_field) const;

  /// "schema"."table"
  const std::string& target() const { return target_; }

  /// What is selected for a row of the table called `t`: key, version, updated_ms, deleted, page id, checksum,
  /// columns..., links...
  const std::string& select_list() const { return select_list_; }
  static constexpr int meta_cells = 6;

  /// The Row from those cells. `cell(i)` gives the i-th as text.
  using Cells = std::function<std::optional<std::string_view>(int)>;
  Row row(const Cells& cells) const;

  /// A row shadow {"column": text | null}, and back. What no column text can hold is kept as {"value": ...}.
  json::object shadow_to_json(const Values& values) const;
  Values shadow_from_json(const json::value& shadow) const;

  /// A value's name in stored JSON: the field's column, which is unique in a pair.
  const std::string& name(std::size_t field) const { return pair_.fields[field].column; }
  std::optional<std::size_t> field_named(std::string_view column) const;

 private:
  struct Slots {
    int main = -1, end = -1;  // -1: not selected
  };
  const Pair& pair_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> joins_;
  std::vector<Slots> slots_;  // one per field
  std::string target_, select_list_;
};

}  // namespace rowpage
