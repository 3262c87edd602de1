#include "notion/errors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace rowpage {
namespace {

// How a refusal concerns others: only the record (or whatever the place says), or at least so much.
enum class Reach { place, pair, workspace };

// What the service may have done when it answers so. `unclear` is unknown for a write and none for a read.
enum class Done { nothing, unclear };

struct Row {
  int status;  // 0: any of its class, which stands in `status_class`
  int status_class;
  std::string_view code;  // empty: any
  Done done;
  Cause cause;
  Reach reach;
  bool passing;
  std::string_view hint;
};

constexpr std::string_view token_hint =
    "The token is wrong, revoked or expired (personal tokens expire). Make a new one at notion.so/profile/integrations "
    "and "
    "set NOTION_API_KEY.";
constexpr std::string_view capability_hint =
    "Open the integration at notion.so/profile/integrations and allow it to read, insert and update content.";
constexpr std::string_view ours_hint = "This is a fault of Rowpage or of a proxy on the way; please report it.";
constexpr std::string_view later_hint = "Notion is having trouble. The next run continues where this one stopped.";

// The first row that fits decides. Specific rows stand before general ones.
constexpr std::array table = {
    Row{400, 4, "validation_error", Done::nothing, Cause::invalid, Reach::place, false, ""},
    Row{400, 4, "invalid_json", Done::nothing, Cause::invalid, Reach::place, false, ours_hint},
    Row{400, 4, "invalid_request", Done::nothing, Cause::invalid, Reach::place, false, ours_hint},
    Row{400, 4, "invalid_request_url", Done::nothing, Cause::invalid, Reach::place, false, ours_hint},
    Row{400, 4, "missing_version", Done::nothing, Cause::invalid, Reach::workspace, false, ours_hint},
    Row{400, 4, "invalid_beta", Done::nothing, Cause::invalid, Reach::workspace, false, ours_hint},
    Row{400, 4, "invalid_grant", Done::nothing, Cause::unauthorised, Reach::workspace, false, token_hint},
    Row{401, 4, "", Done::nothing, Cause::unauthorised, Reach::workspace, false, token_hint},
    Row{403, 4, "restricted_resource", Done::nothing, Cause::forbidden, Reach::pair, false, capability_hint},
    Row{403, 4, "", Done::nothing, Cause::forbidden, Reach::pair, false,
        "The answer does not come from Notion's API: a proxy or firewall on the way refuses the request."},
    Row{404, 4, "object_not_found", Done::nothing, Cause::not_found, Reach::place, false, ""},
    Row{404, 4, "", Done::nothing, Cause::not_found, Reach::place, false, ""},
    Row{409, 4, "conflict_error", Done::nothing, Cause::unavailable, Reach::place, true,
        "Somebody saved the same page at the same moment. The next run tries again."},
    Row{409, 4, "", Done::nothing, Cause::invalid, Reach::place, false, ""},
    Row{413, 4, "", Done::nothing, Cause::invalid, Reach::place, false,
        "The page's values are too large for one request."},
    Row{408, 4, "", Done::unclear, Cause::unavailable, Reach::place, true, later_hint},
    Row{429, 4, "", Done::nothing, Cause::rate_limited, Reach::workspace, true,
        "Lower notion.requests_per_minute if this happens often; other connections of the workspace count too."},
    Row{529, 5, "", Done::nothing, Cause::rate_limited, Reach::workspace, true, later_hint},
    Row{501, 5, "", Done::nothing, Cause::invalid, Reach::place, false, ours_hint},
    Row{0, 3, "", Done::nothing, Cause::usage, Reach::workspace, false,
        "Redirects are not followed, for they would carry the token elsewhere. Check NOTION_BASE_URL."},
    Row{0, 4, "", Done::nothing, Cause::invalid, Reach::place, false, ""},
    Row{0, 5, "", Done::unclear, Cause::unavailable, Reach::place, true, later_hint},
};
constexpr Row strange{0, 0, "", Done::unclear, Cause::unavailable, Reach::place, true, later_hint};

const Row& row_for(int status, std::string_view code) {
  const auto found = std::ranges::find_if(table, [&](const Row& row) {
    if (row.status != 0 ? row.status != status : row.status_class != status / 100) return false;
    return row.code.empty() || row.code == code;
  });
  return found == table.end() ? strange : *found;
}

Scope widened(Scope place, Reach reach) {
  if (reach == Reach::workspace) return Scope::workspace;
  if (reach == Reach::pair && place == Scope::record) return Scope::pair;
  return place;
}

std::string_view extra(const json::value& body, std::string_view key) {
  const json::value* more = find(body, "additional_data");
  return more ? find_string(*more, key) : std::string_view();
}

std::string not_found_hint(std::string_view object) {
  return fmt::format(
      "The {} does not exist, or is not shared with this integration: open it in Notion, choose ··· > Connections, and "
      "add "
      "the integration.",
      object);
}

// "validation_error: body failed validation ..." with the request id, for Notion's support.
std::string said(const ApiResult& result, std::string_view code) {
  std::string text(code);
  std::string_view message = find_string(result.body, "message");
  if (message.size() > 600) message = message.substr(0, message.rfind(' ', 600));
  if (!message.empty()) text += fmt::format("{}{}", text.empty() ? "" : ": ", message);
  std::string_view id = find_string(result.body, "request_id");
  if (id.empty()) id = result.request_id;
  if (!id.empty()) text += fmt::format(" (request {})", id);
  return text;
}

std::optional<Millis> asked_pause(const ApiResult& result) {
  if (result.retry_after_ms) return result.retry_after_ms;
  const std::string_view text = extra(result.body, "retry_after");
  Millis seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end == text.data() || seconds < 0 || seconds > 1'000'000) return std::nullopt;
  return seconds * second_ms;
}

Trouble no_answer(const ApiRequest& request, const ApiResult& result, const Place& place) {
  Trouble trouble;
  trouble.passing = result.cause == Cause::unavailable;
  const Effect effect = request.read ? Effect::none : result.effect;
  const bool ours = result.cause == Cause::usage || result.cause == Cause::interrupted;
  // No connection at all concerns everybody; an answer lost on the way concerns the request.
  const bool far = result.effect == Effect::none && result.cause == Cause::unavailable;
  trouble.error = {effect,
                   ours || far ? Scope::workspace : place.scope,
                   result.cause,
                   fmt::format("{}: {}", place.what, result.why),
                   {}};
  if (result.cause == Cause::unavailable) {
    trouble.error.hint = effect == Effect::none
                             ? "Check the network. The next run continues where this one stopped."
                             : "Whether Notion saved the change is found out before anything is repeated.";
  }
  return trouble;
}

}  // namespace

std::optional<Trouble> trouble_of(const ApiRequest& request, const ApiResult& result, const Place& place) {
  if (result.got == ApiResult::Got::nothing) return no_answer(request, result, place);

  const bool parsed = result.got == ApiResult::Got::json;
  const bool says_error = parsed && find_string(result.body, "object") == "error";
  const bool success = result.status >= 200 && result.status < 300;
  if (success && parsed && !says_error && result.body.is_object()) return std::nullopt;

  Trouble trouble;
  Error& error = trouble.error;
  if (success) {
    // The status says yes and the body does not bear it out: for a write either may be true.
    error.effect = request.read ? Effect::none : Effect::unknown;
    error.scope = place.scope;
    error.cause = Cause::unavailable;
    error.hint = later_hint;
    error.what = says_error ? fmt::format("{}: status {} with an error inside: {}", place.what, result.status,
                                          said(result, find_string(result.body, "code")))
                            : fmt::format("{}: status {}, but {}", place.what, result.status,
                                          parsed ? "the answer is no object" : result.why);
    trouble.passing = true;
    return trouble;
  }

  const std::string_view code = parsed ? find_string(result.body, "code") : std::string_view();
  const Row& row = row_for(result.status, code);
  error.effect = row.done == Done::unclear && !request.read ? Effect::unknown : Effect::none;
  error.scope = widened(place.scope, row.reach);
  error.cause = row.cause;
  error.hint = row.hint;
  error.what =
      fmt::format("{}: Notion answers {} {}", place.what, result.status, parsed ? said(result, code) : result.why);
  trouble.passing = row.passing;

  if (row.cause == Cause::not_found) error.hint = not_found_hint(place.object);
  if (row.cause == Cause::forbidden && extra(result.body, "block_limit") == "block_creation") {
    error.scope = place.scope;  // pages cannot be made, but those that are there can be changed
    error.hint =
        "The workspace's free plan allows no more blocks, so no pages can be created: upgrade the plan, or leave only "
        "one "
        "member in it. Existing pages still sync.";
  }
  if (row.cause == Cause::rate_limited) {
    trouble.pause_ms = asked_pause(result);
    if (extra(result.body, "rate_limit_reason") == "public_api_request_blocked") {
      trouble.blocked = true;
      trouble.passing = false;
      error.hint = "Notion has blocked this connection; waiting does not help. Ask Notion's support.";
    }
  }
  if (result.status == 503) {
    trouble.overloaded_query = request.read && request.method == Method::post;
    if (!request.read) trouble.committed_id = extra(result.body, "committed_resource_id");
    if (!trouble.committed_id.empty()) {
      error.effect = Effect::applied;
      trouble.passing = false;
    }
  }
  if (error.effect == Effect::unknown) {
    error.hint = "Whether Notion saved the change is found out before anything is repeated.";
  }
  return trouble;
}

bool may_repeat(const ApiRequest& request, const Trouble& trouble) {
  if (!trouble.passing) return false;
  switch (trouble.error.effect) {
    case Effect::none:
      return true;
    case Effect::unknown:
      return request.read;
    case Effect::applied:
      return false;
  }
  return false;
}

}  // namespace rowpage
