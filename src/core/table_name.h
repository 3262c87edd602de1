// A table's name as people write it: "table", "schema.table", with double quotes where SQL wants them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rowpage {

/// The one or two parts of a name: public."my ""odd"" table" is public and my "odd" table.
std::vector<std::string> name_parts(std::string_view text);

/// "schema.table" or "table" taken apart ("public" when not said).
struct TableName {
  std::string schema, name;
  bool operator==(const TableName&) const = default;
};
TableName split_table_name(std::string_view text);

/// The same as SQL wants it, for statements that people are shown: public."My ""odd"" table".
std::string sql_name(const TableName& name);

}  // namespace rowpage
