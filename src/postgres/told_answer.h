// Answers that come as JSON: each row of a statement as the text form of a record, taken apart here.
//
// A database that is asked over HTTP gives values as JSON would have them, and JSON has no numeric, no timestamp and no
// NULL within an array of texts. The text form of a whole row keeps every cell as a connection would give it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "postgres/database.h"

namespace rowpage {

/// The rows of `sql` as one jsonb array of texts; an expression for a SELECT list.
std::string row_lines(std::string_view sql);

/// An answer for each of `count` statements, from an array of such arrays. Errors: unavailable, in words of `doing`.
Result<std::vector<Answer>> told_answers(const json::value& lines, std::size_t count, std::string_view doing);

/// A reading unit without a transaction: every statement is a question of its own, and sees its own moment.
class AskingUnit : public Unit {
 public:
  explicit AskingUnit(Database& database) : database_(database) {}
  Result<Answer> run(const std::string& sql, const Parameters& parameters, std::string_view doing) override;
  Status script(const std::string& sql, std::string_view doing) override;
  std::string database() const override { return "postgres"; }
  bool changes() const override { return false; }

 private:
  Database& database_;
};

}  // namespace rowpage
