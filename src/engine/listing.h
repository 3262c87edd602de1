// Walking a data source to its end, past the cap of 10,000 rows.
//
// One query yields at most 10,000 rows and then looks finished. The walk goes on in windows: the next query starts,
// inclusively, at the time of the last row, and pages already met are dropped. `created_time` never moves, so a walk by
// it misses nothing; one by `last_edited_time` may meet a page twice. Rule for completeness: a listing is incomplete
// when request_status says so or when it ends at 10,000 rows or more without that field.
#pragma once

#include <optional>
#include <vector>

#include "core/result.h"
#include "engine/ports.h"
#include "engine/spool.h"

namespace rowpage {

class PageWalk {
 public:
  PageWalk(Notion& notion, Clock& clock, const Pair& pair, ListQuery query)
      : notion_(notion), clock_(clock), pair_(pair), query_(std::move(query)) {}

  /// The next pages not met before; empty only at the end.
  Result<std::vector<Page>> next();

  /// After the end: nothing was left out.
  bool complete() const { return complete_; }

  /// Notion's clock when the first query was sent.
  std::optional<Millis> started_ms() const { return started_ms_; }

  /// Notion's clock at the last answer.
  std::optional<Millis> ended_ms() const { return ended_ms_; }

 private:
  bool next_window();

  Notion& notion_;
  Clock& clock_;
  const Pair& pair_;
  ListQuery query_;
  IdSet met_;
  std::size_t in_window_ = 0, new_in_window_ = 0;
  int restarts_ = 0;
  Millis last_time_ = 0;
  bool ended_ = false, complete_ = true;
  std::optional<Millis> started_ms_, ended_ms_;
};

}  // namespace rowpage
