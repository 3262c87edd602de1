// Decisions a person takes about single records, carried into the state under the lease: a conflict's winner, a parked
// record's next step. Nothing is written to either side here; the next sync does that.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "cli/inbox.h"
#include "cli/runner.h"

namespace rowpage {

Error usage_error(std::string what, std::string hint);
Error no_such(std::string_view what, std::int64_t id, std::string_view list_command);

/// Refuses an unknown action of a command, with the nearest.
Status check_action(std::string_view command, const std::string& action, std::initializer_list<std::string_view> known);

/// The ID behind an action; 0 when none is wanted. Refuses words too many or too few.
Result<std::int64_t> word_id(std::string_view command, const std::string& action, const std::vector<std::string>& words,
                             bool wanted);

Status choose(Session& session, const ConflictRow& conflict, Side winner, Millis wait_ms);

/// Tried again in the next sync, whatever its pause.
Status retry(Session& session, const ParkedRow& parked, Millis wait_ms);

/// The tie between its page and its row is dropped; both stay as they are.
Status release(Session& session, const ParkedRow& parked, Millis wait_ms);

/// The row is tied to another page; what was agreed stays the base of comparison.
Status relink(Session& session, const ParkedRow& parked, const std::string& page_id, Millis wait_ms);

}  // namespace rowpage
