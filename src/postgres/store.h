// Our state in the rowpage schema. Reading is SQL; every write is one of the schema's functions, called with one jsonb.
//
// A store belongs to one thread; only take_permits() may be called from others at the same time.
#pragma once

#include "engine/ports.h"
#include "postgres/database.h"

namespace rowpage {

class PostgresStore : public Store {
 public:
  /// `clock` only serves to wait for a lease.
  PostgresStore(Database& database, Clock& clock);

  Result<bool> installed() override;
  Result<Millis> now() override;
  Result<Lease> acquire(const std::string& workspace, Millis ttl_ms, Millis wait_ms) override;
  Result<Lease> renew(const std::string& workspace, const Lease& lease, Millis ttl_ms) override;
  Status release(const std::string& workspace, const Lease& lease) override;
  Result<PairState> load(const Pair& pair) override;
  Result<std::int64_t> live_links(const Pair& pair, std::int64_t enough) override;
  Result<std::vector<Link>> links_of_pages(const Pair& pair, std::span<const std::string> page_ids) override;
  Result<std::vector<Link>> links_of_rows(const Pair& pair, std::span<const std::string> keys) override;
  Result<std::vector<Link>> links_after(const Pair& pair, const std::string& after_key, std::size_t limit) override;
  Result<std::vector<Link>> links_unnoted(const Pair& pair, std::size_t limit) override;
  Result<std::vector<Pending>> pending(const Pair& pair) override;
  Result<std::vector<NonceOwner>> owners(const Pair& pair, std::span<const std::string> nonces) override;
  Result<std::vector<Parked>> waiting(const Pair& pair) override;
  Result<std::vector<Target>> targets(const Pair& pair, std::size_t field, std::span<const std::string> page_ids,
                                      std::span<const std::string> refs) override;
  Result<std::vector<SeenEdge>> news(const Pair& pair, std::size_t field, std::span<const SeenEdge> edges) override;
  Result<DueErrands> errands(const Pair& pair) override;
  Result<Committed> commit(const Pair& pair, const Batch& batch) override;
  Result<std::int64_t> start_run(const std::string& workspace, const Lease& lease, const RunSummary& run) override;
  Status finish_run(const std::string& workspace, const Lease& lease, const RunSummary& run) override;
  Result<Permits> take_permits(const std::string& bot, std::size_t limit, std::size_t want) override;

 private:
  /// Rows of a query over one pair's state; `more` are the parameters from $2 on. nullopt: nothing is installed.
  Result<std::optional<Answer>> state_of(const Pair& pair, const std::string& sql, Parameters more,
                                         std::string_view doing);
  Result<std::vector<Link>> links(const Pair& pair, const std::string& condition, Parameters more);

  Database& database_;
  Clock& clock_;
  std::string holder_;      // names this store in leases
  std::string last_token_;  // of the last commit whose outcome is known
  bool installed_ = false;
  std::optional<Millis> heard_now_ms_;  // the database's clock, as load() heard it
  Millis heard_ms_ = 0;                 // and when that was, by our own
};

}  // namespace rowpage
