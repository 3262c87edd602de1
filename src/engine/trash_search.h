// The search of a workspace's trash, shared by the pairs of one run: asked once, however many pairs look into it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/ports.h"

namespace rowpage {

class TrashSearch {
 public:
  TrashSearch(Notion& notion, std::vector<const Pair*> pairs) : notion_(notion), pairs_(std::move(pairs)) {}

  /// Several pairs share it, so that it is cheaper than a query for each.
  bool shared() const { return pairs_.size() > 1; }

  /// Whether the service's search looks into the trash at all; asked once.
  Result<bool> works();

  /// One page of results, newest first: the trashed pages of `pair` among them, and where to go on.
  Result<PageList> page(const Pair& pair, const std::string& cursor);

 private:
  Notion& notion_;
  std::vector<const Pair*> pairs_;
  std::optional<bool> works_;
  std::map<std::string, PageList> pages_;  // by the cursor that asked for them
};

}  // namespace rowpage
