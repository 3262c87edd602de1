// A database that is looked at over one way and changed over another: Supabase's Management API carries out any script,
// but allows about sixty requests a minute; the Data API answers as many questions as are asked.
#pragma once

#include "postgres/database.h"

namespace rowpage {

class SplitDatabase : public Database {
 public:
  /// Questions go to `questions`, and to `changes` where the first may not see what they ask for. Both outlive this.
  SplitDatabase(Database& questions, Database& changes) : questions_(questions), changes_(changes) {}

  using Database::read;
  Result<std::vector<Answer>> read(std::span<const Statement> statements, std::string_view doing) override;
  Result<std::string> call(const std::string& function, const std::string& request, std::string_view doing,
                           bool private_values = false) override;
  bool transactions() const override { return false; }
  Status execute(const std::string& script, std::string_view doing) override;
  Result<std::string> transport_warning() const override { return std::string(); }
  std::string place() const override { return changes_.place(); }
  std::string project() const override { return changes_.project(); }
  std::string role() const override { return changes_.role(); }

 private:
  Status run_unit(bool writes, const std::function<Status(Unit&)>& body) override;

  Database &questions_, &changes_;
};

}  // namespace rowpage
