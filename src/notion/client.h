// The Notion port over a Transport: what the engine asks, in Notion's words.
#pragma once

#include <memory>

#include "engine/budget.h"
#include "engine/ports.h"
#include "notion/caller.h"
#include "notion/page.h"
#include "notion/transport.h"

namespace rowpage {

class NotionClient : public Notion {
 public:
  struct Options {
    Caller::Options caller;
    std::size_t page_size = 100;
  };

  /// All three outlive the client and may be shared by several (one per run).
  NotionClient(Transport& transport, Clock& clock, Budget& budget, Options options);
  NotionClient(Transport& transport, Clock& clock, Budget& budget)
      : NotionClient(transport, clock, budget, Options{}) {}

  Result<Bot> me() override;
  Result<SourceSchema> schema(const std::string& data_source) override;
  Result<PageList> list(const Pair& pair, const ListQuery& query) override;
  Result<PageList> search_trash(std::span<const Pair* const> pairs, const std::string& cursor) override;
  Result<bool> trash_search_works() override;
  std::vector<Result<Page>> perform(const Pair& pair, std::span<const PageRequest> requests) override;
  bool ready(std::size_t count) override;
  std::uint64_t requests_sent() const override;

  /// For setup and checks, which ask more than the engine does.
  Caller& caller() { return caller_; }

 private:
  /// Reads the rest of what was shown in part, of all pages at once. Answers per page why that failed, if it did.
  std::vector<Status> complete(const Pair& pair, std::span<ReadPage* const> pages);
  Status read_partial(const Pair& pair, std::vector<ReadPage>& pages);

  Caller caller_;
  Options options_;
};

}  // namespace rowpage
