#include "postgres/api_key.h"

#include <algorithm>

#include <openssl/evp.h>

#include "base/json.h"

namespace rowpage {
namespace {

// Base64url without padding (RFC 4648, section 5), as tokens use it; empty when it is none.
std::string decoded(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '-', '+');
  std::ranges::replace(plain, '_', '/');
  const std::size_t padding = (4 - plain.size() % 4) % 4;
  plain.append(padding, '=');
  std::string bytes(plain.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
  if (length < static_cast<int>(padding)) return {};
  bytes.resize(static_cast<std::size_t>(length) - padding);
  return bytes;
}

// What a token says of its role; nobody but Supabase can verify it.
std::string role_in(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.size() > 8192) return {};
  const auto claims = parse_json(decoded(token.substr(first + 1, second - first - 1)));
  return claims ? std::string(find_string(*claims, "role")) : std::string();
}

}  // namespace

ApiKeyKind kind_of_key(std::string_view key) {
  if (key.starts_with("sb_secret_")) return ApiKeyKind::secret;
  if (key.starts_with("sb_publishable_")) return ApiKeyKind::publishable;
  if (!key.starts_with("eyJ")) return ApiKeyKind::unknown;
  const std::string role = role_in(key);
  if (role == "service_role") return ApiKeyKind::service_token;
  return role == "anon" ? ApiKeyKind::anon_token : ApiKeyKind::unknown;
}

Result<std::vector<std::string>> key_headers(std::string_view key, std::string_view setting) {
  const std::string name(setting);
  const auto refuse = [&](std::string what) {
    return fail(Error{Effect::none, Scope::workspace, Cause::usage, name + " " + std::move(what),
                      "Take the secret key (sb_secret_...) from the project's settings, API keys; the older "
                      "service_role key serves as well."});
  };
  if (std::ranges::any_of(key, [](unsigned char c) { return c <= ' ' || c >= 127; }))
    return refuse("holds white space or characters that no key has");
  switch (kind_of_key(key)) {
    case ApiKeyKind::secret:
      return std::vector<std::string>{"apikey: " + std::string(key)};
    case ApiKeyKind::service_token:
      return std::vector<std::string>{"apikey: " + std::string(key), "Authorization: Bearer " + std::string(key)};
    case ApiKeyKind::publishable:
    case ApiKeyKind::anon_token:
      return refuse(
          "holds a key for browsers: with it the API sees what anybody may see, and nothing of Rowpage's own");
    case ApiKeyKind::unknown:
      break;
  }
  return refuse("holds no key of Supabase's API: those begin with sb_secret_ or eyJ");
}

}  // namespace rowpage
