// Sees what the tests of an executable send and receive, and holds it against Notion's OpenAPI document: every request
// the program sends, every request the sandbox accepts, every answer it gives. A difference that is not listed
// (contract/differences.md) fails the test that made the exchange.
//
// Linked into an executable, it is there (rowpage_tests(… WITNESS)); without the document it says so and judges
// nothing. Exchanges of one shape are judged once, so a hundred thousand cost little.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "notion/transport.h"
#include "sandbox/notion_types.h"
#include "support/differences.h"
#include "support/openapi.h"

namespace rowpage::contract {

class Witness {
 public:
  static Witness& get();

  /// False: no document, nothing is judged.
  bool judges() const { return document_ != nullptr; }
  const OpenApi* document() const { return document_.get(); }
  /// The smaller document: of the version before, with answers left open.
  bool small() const { return small_; }
  const Differences& differences() const { return differences_; }

  void saw(const sandbox::Request& request, const sandbox::Answer& answer);
  /// A request to a transport that answers by itself, without the model.
  void sent(const ApiRequest& request);
  /// From now on refused requests are not judged: the tests send what must be refused.
  void judge_accepted_only() { accepted_only_ = true; }
  /// Exchanges that another process recorded (ROWPAGE_SANDBOX_RECORD).
  void read(const std::string& file);

  /// Listed differences that exchanges of this process have met, by Differences::Row::key().
  std::map<std::string, std::size_t> met() const;
  void count_sdk_endpoints(std::size_t count) { sdk_endpoints_ = count; }
  /// "contract: 31 shapes of requests, 88 shapes of answers, 42 differences, 28 SDK endpoints (of 412 exchanges; …)"
  std::string summary() const;

 private:
  Witness();
  void judge(const Exchange& exchange, bool request, bool answer);

  std::unique_ptr<OpenApi> document_;
  bool small_ = false;
  Differences differences_;
  mutable std::mutex mutex_;
  std::unordered_set<std::uint64_t> requests_, answers_;
  std::size_t exchanges_ = 0, sdk_endpoints_ = 0;
  std::atomic<bool> accepted_only_ = false;
  std::map<std::string, std::size_t> met_;
};

}  // namespace rowpage::contract
