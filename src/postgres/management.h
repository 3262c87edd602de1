// The database over Supabase's Management API: statements without a database password, for setting up.
//
// POST /v1/projects/{ref}/database/query runs SQL as the role postgres (https://supabase.com/docs/reference/api, marked
// beta there). It is limited to some sixty requests a minute, so nothing but `setup` goes this way. There is no
// transaction over several requests: a plan is made from questions, carried out as one script, and looked at again.
#pragma once

#include <memory>
#include <string>

#include "base/http_client.h"
#include "engine/ports.h"
#include "postgres/database.h"

namespace rowpage {

struct ManagementOptions {
  std::string url = "https://api.supabase.com";
  std::string project;  // its reference, of twenty letters
  std::string token;    // sent as a header; never shown
};

class ManagementDatabase : public Database {
 public:
  /// Asks nothing yet. Errors (usage): an address the token must not be sent to, a reference that is none, a token with
  /// white space. `http` and `clock` outlive it.
  static Result<std::unique_ptr<ManagementDatabase>> make(HttpClient& http, Clock& clock, ManagementOptions options);

  using Database::read;
  Result<std::vector<Answer>> read(std::span<const Statement> statements, std::string_view doing) override;
  /// Not over this way: it is for setting up.
  Result<std::string> call(const std::string& function, const std::string& request, std::string_view doing,
                           bool private_values = false) override;
  bool transactions() const override { return false; }
  Status execute(const std::string& script, std::string_view doing) override;
  Result<std::string> transport_warning() const override { return std::string(); }
  std::string place() const override { return "project " + options_.project + " (Management API)"; }
  std::string project() const override { return options_.project; }
  std::string role() const override { return "postgres"; }

 private:
  ManagementDatabase(HttpClient& http, Clock& clock, ManagementOptions options);
  Status run_unit(bool writes, const std::function<Status(Unit&)>& body) override;
  Result<std::string> query(const std::string& sql, bool writes, std::string_view doing);
  Step try_once(const std::string& body, bool writes, std::string_view doing, std::string& answer, Error& error);

  HttpClient& http_;
  Clock& clock_;  // waits where the API asks to
  ManagementOptions options_;
};

}  // namespace rowpage
