// Where reality is known to differ from Notion's OpenAPI document: one table, a source for each row.
//
// Recordings of the service win over the document. A row says which rule of which schema is broken by what; it is not a
// place to silence a mistake: each row must be met by a recording or by the contract suite, or its test fails.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "support/json_schema.h"

namespace rowpage::contract {

class Differences {
 public:
  struct Row {
    std::string schema, place, rule, value, source;
    std::string key() const { return schema + " " + place + " " + rule + " " + value; }
  };

  /// Reads "| schema | place | rule | value | source |" rows; "*" as value stands for any. Throws for a row without a
  /// source and for one that is there twice.
  static Differences read(const std::filesystem::path& table);

  bool knows(const Violation& violation) const { return row_of(violation) != nullptr; }
  const Row* row_of(const Violation& violation) const;
  JsonSchema::Tolerates tolerates() const;
  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::vector<Row> rows_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace rowpage::contract
