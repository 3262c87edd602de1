// The database over Supabase's Data API: a project's address and a secret key, no database password.
//
// PostgREST carries out one function call per request, in one transaction. Two functions of ours are called there
// (sql/0008_data_api.sql): `rowpage_call` writes, through the same functions of the rowpage schema as a connection
// does; `rowpage_read` answers questions, in a transaction that cannot write. Each takes one jsonb and gives one, for
// PostgREST cuts longer answers of rows at a thousand without a word.
//
// A request whose answer is lost, or that a gateway gave up on (502, 504, 520-524, 544), may have been carried out: it
// is sent again, and answered by its token, as after a lost COMMIT.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "postgres/database.h"

namespace rowpage {

struct DataApiOptions {
  std::string url;  // https://PROJECT.supabase.co
  std::string key;  // sent as a header; never shown
  int attempts = 5;
};

class DataApiDatabase : public Database {
 public:
  /// Asks nothing yet. Errors (usage): an address the key must not be sent to, a key that does not open the tables.
  /// `http` outlives it.
  static Result<std::unique_ptr<DataApiDatabase>> make(HttpClient& http, DataApiOptions options);

  using Database::read;
  Result<std::vector<Answer>> read(std::span<const Statement> statements, std::string_view doing) override;
  Result<std::string> call(const std::string& function, const std::string& request, std::string_view doing,
                           bool private_values = false) override;
  bool transactions() const override { return false; }
  Result<std::string> transport_warning() const override { return std::string(); }
  std::string place() const override { return options_.url + " (Data API)"; }
  std::string project() const override;
  std::string role() const override { return "service_role"; }

 private:
  DataApiDatabase(HttpClient& http, DataApiOptions options, std::vector<std::string> headers);

  /// Each statement of a reading body is a request of its own, so two of them may see different moments; a body that
  /// would write is refused.
  Status run_unit(bool writes, const std::function<Status(Unit&)>& body) override;
  /// The answer's body of one RPC.
  Result<std::string> ask(const std::string& function, const std::string& body, bool writes, std::string_view doing);
  Step try_once(const std::string& function, const std::string& body, bool writes, std::string_view doing,
                std::string& answer, Error& error);

  HttpClient& http_;
  DataApiOptions options_;
  std::vector<std::string> headers_;
  std::mutex mutex_;
};

/// The error for an answer that is no success, and whether to ask again. `writes`: a gateway's failure leaves the
/// outcome unknown. Pure, for tests.
struct DataApiFailure {
  Error error;
  bool again = false;  // a pause and the same once more may help
};
DataApiFailure data_api_failure(int status, std::string_view body, bool writes, std::string_view doing);

}  // namespace rowpage
