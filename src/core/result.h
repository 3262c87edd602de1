// Errors are values. An error says what the far side may have done, how much has to stop, and what to do next;
// retrying is decided from those, never from the text.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace rowpage {

/// What the far side may have done by the time the error came back.
enum class Effect {
  none,     // nothing: the request may be sent again as it is
  applied,  // everything: only the answer was lost or unusable
  unknown,  // either, now or within the landing bound: look before trying again
};

/// How much has to stop.
enum class Scope { record, pair, workspace };

/// Why, as far as the engine or the exit code must tell causes apart. Anything else is `other`.
enum class Cause {
  other,
  usage,         // configuration or command line: the program's user must change something
  unauthorised,  // token, key or password refused or expired; never retried
  forbidden,     // known, but a capability or privilege is missing
  not_found,     // absent, or not shared with us: the service does not tell which
  invalid,       // the service refuses this value or request as it stands
  constraint,    // PostgreSQL refuses this row (NOT NULL, CHECK, UNIQUE, foreign key, type)
  moved,         // compare-and-set lost: the far side changed since it was read
  rate_limited,
  unavailable,   // network, 5xx, database down
  schema_drift,  // a property, option, table or column is not what the mapping says
  lease_lost,    // another runner holds the workspace
  incompatible,  // the rowpage schema in the database is newer than this binary
  brake,         // refused by a brake
  too_late,      // send_by has passed before the first byte was sent
  interrupted,   // the user asked us to stop
};

struct Error {
  Effect effect = Effect::none;
  Scope scope = Scope::record;
  Cause cause = Cause::other;
  std::string what;  // place and cause, one sentence, without secrets
  std::string hint;  // remedy; may be empty
};

template <class T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace rowpage
