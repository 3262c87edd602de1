// The way from the client to the model of Notion, on which requests have luck and the process can die. Internal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "notion/transport.h"
#include "scenario/world.h"

namespace rowpage::scenario {

class ScenarioWorld::Network : public Transport {
 public:
  explicit Network(ScenarioWorld& world) : world_(world) {}
  std::vector<ApiResult> perform(std::span<const ApiRequest> requests) override;

  // When we last read each page by id, in the witness's time; and the readings that writes under way were based on.
  std::map<std::string, std::uint64_t> read_at;
  std::multimap<std::string, std::uint64_t> under_way;

 private:
  ApiResult one(const ApiRequest& api);
  sandbox::Fate fate(const sandbox::Request& request);
  bool meant(const Luck& luck, const sandbox::Request& request) const;
  void step_before(const sandbox::Request& request);
  static std::string page_in(const std::string& path);

  ScenarioWorld& world_;
};

}  // namespace rowpage::scenario
