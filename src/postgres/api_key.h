// Keys of Supabase's API, told apart by their form (Supabase documentation, API keys).
//
//   sb_secret_...        opens everything as service_role; travels in the header `apikey` alone
//   sb_publishable_...   for browsers, as anon
//   eyJ...               an older key, a signed token whose role is anon or service_role; travels in both headers
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace rowpage {

enum class ApiKeyKind { secret, service_token, anon_token, publishable, unknown };

ApiKeyKind kind_of_key(std::string_view key);

/// The headers that carry the key. Errors (usage): a key that does not open the tables, or is none; `setting` is where
/// it was given. The key itself is in no message.
Result<std::vector<std::string>> key_headers(std::string_view key, std::string_view setting);

}  // namespace rowpage
