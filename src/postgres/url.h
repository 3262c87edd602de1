// The database URL and the rules for its transport: who is asked, how, and whether the line can be trusted.
//
// libpq's default (sslmode=prefer) falls back to plain text without a word. Off this machine we verify the server's
// name and certificate; `sslmode=require` (encrypted, but to whom?) must be asked for and is warned about; anything
// weaker is refused.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace rowpage {

struct ConnectPlan {
  std::vector<std::pair<std::string, std::string>> parameters;  // for libpq; holds the password: never shown
  std::string place;                                            // "user@host:port/database", without secrets
  std::string role;
  std::string project;  // Supabase's reference, as host or user show it; may be empty
  bool direct = false;  // Supabase's own host of a project, which speaks IPv6 only
  bool local = false;   // loopback or a Unix socket
  std::string warning;
};

/// Supabase's reference of a project (twenty lower-case letters), as an address shows it: db.REF.supabase.co,
/// REF.supabase.co, or the user ROLE.REF of a pooler's host. Empty: it shows none.
std::string project_of(std::string_view host, std::string_view user = {});

/// What to do when nobody answers there. Supabase's direct host has IPv6 addresses only, which many machines and most
/// containers cannot reach; its poolers have IPv4.
std::string unreachable_hint(const ConnectPlan& plan);

/// Reads "postgresql://..." or "host=... dbname=..." and lays the transport rules over it. Errors: usage (workspace).
Result<ConnectPlan> plan_connection(std::string_view url);

/// A connection string with its password blanked, for messages.
std::string without_password(std::string_view url);

}  // namespace rowpage
