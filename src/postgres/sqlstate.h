// What an SQLSTATE means to us: the one table.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace rowpage {

/// What the server said about a failed statement.
struct ServerMessage {
  std::string sqlstate, text, detail, hint, schema, table, column, constraint;
};

/// The error for a statement that failed inside a transaction which is thereby rolled back (Effect::none). `doing`
/// names the work in words ("reading public.decision_vault"). `role` is whom a missing GRANT would go to.
Error error_of(const ServerMessage& message, std::string_view doing, std::string_view role);

/// A short pause and the same again may help: the server is starting, a lock timed out, a deadlock chose us.
bool transient(std::string_view sqlstate);

}  // namespace rowpage
