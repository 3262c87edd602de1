#include "core/brake.h"

#include <algorithm>
#include <limits>

namespace rowpage {
namespace {

std::string percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? std::to_string(part * 100 / whole) + " %" : std::string("all");
}

struct Counted {
  const char* side;
  const char* what;   // "pages", "rows"
  const char* would;  // "trashed", "deleted", "rewritten"
  std::int64_t count;
  std::int64_t of;
};

std::optional<Error> over(const Pair& pair, const Counted& c, const Limit& limit, std::optional<std::int64_t> allowed,
                          const char* flag) {
  if (c.count <= limit.of(c.of)) return std::nullopt;
  if (allowed && *allowed >= c.count) return std::nullopt;
  const std::string number = std::to_string(c.count);
  return Error{Effect::none, Scope::pair, Cause::brake,
               pair.model + ": brake: " + c.side + ": " + number + " of " + std::to_string(c.of) + " " + c.what + " (" +
                   percent(c.count, c.of) + ") would be " + c.would + "; the limit is " +
                   std::to_string(limit.of(c.of)) + ". Nothing was changed.",
               std::string("Look at `rowpage plan --model ") + pair.model +
                   "`. If that is what you want: `rowpage sync --" + flag + "=" + number + "`."};
}

}  // namespace

std::int64_t Limit::of(std::int64_t records) const {
  return std::max(records * percent / 100, at_least);
}

std::optional<std::int64_t> records_enough(const Pair& pair, const PlanCounts& counts) {
  std::optional<std::int64_t> enough;
  const auto need = [&enough](std::int64_t count, const Limit& limit) {
    if (count <= limit.at_least) return;
    const std::int64_t records =
        limit.percent > 0 ? count * 100 / limit.percent + 1 : std::numeric_limits<std::int64_t>::max();
    enough = std::max(enough.value_or(0), records);
  };
  need(std::max(counts.page_deletes, counts.row_deletes), pair.brakes.deletes);
  need(std::max(counts.page_rewrites, counts.row_rewrites), pair.brakes.rewrites);
  return enough;
}

std::optional<Error> check_brakes(const Pair& pair, const PlanCounts& counts, const Allowances& allowed) {
  const Counted deletes[] = {{"notion", "pages", "trashed", counts.page_deletes, counts.pages},
                             {"supabase", "rows", "deleted", counts.row_deletes, counts.rows}};
  for (const auto& c : deletes) {
    if (auto error = over(pair, c, pair.brakes.deletes, allowed.deletes, "allow-deletes")) return error;
  }
  const Counted rewrites[] = {{"notion", "pages", "rewritten", counts.page_rewrites, counts.pages},
                              {"supabase", "rows", "rewritten", counts.row_rewrites, counts.rows}};
  for (const auto& c : rewrites) {
    if (auto error = over(pair, c, pair.brakes.rewrites, allowed.rewrites, "allow-rewrites")) return error;
  }
  const std::int64_t left = std::min(counts.page_creates, counts.row_creates);
  const std::int64_t creates = counts.page_creates + counts.row_creates;
  if (counts.first_sync && left > pair.brakes.unmatched && !(allowed.creates && *allowed.creates >= creates)) {
    return Error{Effect::none, Scope::pair, Cause::brake,
                 pair.model + ": brake: first sync: " + std::to_string(counts.row_creates) + " pages and " +
                     std::to_string(counts.page_creates) + " rows found no counterpart; more than " +
                     std::to_string(pair.brakes.unmatched) +
                     " on both sides means that the match list is suspect, and each would be made a second time. "
                     "Nothing was changed.",
                 "Mend `match` so that the halves meet, or, if they really are different records: `rowpage sync "
                 "--allow-creates=" +
                     std::to_string(creates) + "`."};
  }
  return std::nullopt;
}

}  // namespace rowpage
