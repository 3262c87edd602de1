// The user's table, read only. Queries are built here from the pair and quoted, so they work before anything of ours is
// installed, inside read-only transactions.
#pragma once

#include "engine/ports.h"
#include "postgres/database.h"

namespace rowpage {

class PostgresTable : public Table {
 public:
  explicit PostgresTable(Database& database) : database_(database) {}

  Result<ChangeList> changes(const Pair& pair, std::int64_t after, std::size_t limit) override;
  Result<std::vector<Row>> read(const Pair& pair, std::span<const std::string> keys) override;
  Result<RowList> scan(const Pair& pair, const std::string& after_key, std::size_t limit, bool unlinked) override;
  Result<std::int64_t> count(const Pair& pair) override;

 private:
  Result<bool> installed();
  Database& database_;
  bool installed_ = false;  // once seen, it stays
};

}  // namespace rowpage
