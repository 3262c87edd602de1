// The schema of a data source, kept in the pair's state so that a quiet run need not ask Notion for it.
//
// It is asked again hourly, when a run finds that it no longer fits, and whenever another token is used: a token
// belongs to a bot, and another bot may see other things. The token itself is not kept, only a mark of a few digits
// that changes with it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cli/session.h"

namespace rowpage {

struct CachedSource {
  SourceSchema source;
  Bot bot;
};

/// What is remembered for the workspace's pairs, read once for all of them.
class SourceCache {
 public:
  explicit SourceCache(Session& session);
  /// What is remembered for the pair, when it is fresh and was made for this spec and this token.
  std::optional<CachedSource> find(const PairSpec& spec) const;

 private:
  Session& session_;
  std::map<std::string, std::string> texts_;  // by quoted table
};

/// Keeps a schema just asked for with the pair's state. The caller holds the lease that `fence` belongs to.
Status remember_source(Session& session, const Pair& pair, const SourceSchema& source, std::int64_t fence,
                       std::int64_t run);

/// What PairState::schema_json holds.
std::string cache_text(const SourceSchema& source, const Bot& bot, const Secret& token);

/// Reads cache_text(); nullopt when it is not one or was made with another token.
std::optional<CachedSource> read_cache(std::string_view text, const Secret& token);

}  // namespace rowpage
