// Rich text: checking what clients send, keeping it small, and showing it as Notion does.
//
// Kept form: a string when it is one plain run (nearly every value of a synchronised table), else the array of runs.
// Notion joins neighbouring runs of equal look, so a long text that was sent in pieces of 2,000 comes back as one run.
#pragma once

#include <string>
#include <string_view>

#include "sandbox/call.h"

namespace rowpage::sandbox {

/// The kept form of `in`, or the refusal. `place` is the path in the body, for messages.
Outcome<json::value> read_rich_text(const Call& call, const json::value& in, std::string_view place);

/// The runs as answered. `mentions_max`: how many page and person mentions are resolved to names.
json::array show_rich_text(const World& world, const json::value& kept, std::size_t mentions_max = 1000);

/// The text alone.
std::string plain_text(const World& world, const json::value& kept);

/// Kept form of a plain text (empty: an empty array).
json::value plain_rich_text(std::string_view text);

/// Kept form of runs as answered by the service, for imports.
json::value import_rich_text(const json::array& runs);

/// Whole times cut to the minute as Notion keeps them: {"start","end","time_zone":null}, or the refusal.
Outcome<json::value> read_date(const json::value& in, std::string_view place);

}  // namespace rowpage::sandbox
