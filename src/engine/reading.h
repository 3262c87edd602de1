// The readings that several steps of a run make: links, rows, pages by id.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "engine/run.h"

namespace rowpage {

inline constexpr std::size_t keys_per_read = 500;

using Links = std::unordered_map<std::string, Link>;  // by page id
using Rows = std::unordered_map<std::string, Row>;    // by key

Result<Links> links_of_pages(Run& run, const std::vector<std::string>& ids);
Result<Rows> rows_of(Run& run, const std::vector<std::string>& keys);

/// Visits `names` in parts of `keys_per_read`, in order; stops at the first error.
Status in_parts(const std::vector<std::string>& names,
                const std::function<Status(const std::vector<std::string>&)>& visit);

/// Puts a page as read into a record, or why it is no longer the record's: archived, or moved to another parent.
void place_page(const Pair& pair, RecordState& state, Page&& page);

/// The outcome of a read by id as the page part of a record. An Error: the run must stop (its scope is more than this
/// record).
Status place_reading(const Pair& pair, RecordState& state, Result<Page>&& answer);

/// Reads pages by id, a few at a time, and gives each outcome (page, page_left or page_presumed) with its number.
Status read_by_id(Run& run, const std::vector<std::string>& ids,
                  const std::function<void(std::size_t, RecordState&&)>& give);

/// The error of a run that the user stopped before anything was written.
Status interrupted_while_reading();

}  // namespace rowpage
