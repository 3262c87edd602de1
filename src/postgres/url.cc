#include "postgres/url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <sstream>

#include <sys/stat.h>

namespace rowpage {
namespace {

Error usage(std::string what, std::string hint) {
  return Error{.effect = Effect::none,
               .scope = Scope::workspace,
               .cause = Cause::usage,
               .what = std::move(what),
               .hint = std::move(hint)};
}

bool is_local(const std::string& host) {
  return host.empty() || host.front() == '/' || host.front() == '@' || host == "localhost" ||
         host.starts_with("127.") || host == "::1";
}

std::vector<std::string> hosts_of(const std::string& list) {
  std::vector<std::string> hosts;
  std::stringstream stream(list);
  for (std::string host; std::getline(stream, host, ',');) hosts.push_back(host);
  if (hosts.empty()) hosts.emplace_back();
  return hosts;
}

std::string system_roots() {
  struct stat info {};
  for (const char* path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}) {
    if (stat(path, &info) == 0) return path;
  }
  return {};
}

constexpr const char* supabase_certificate =
    "Supabase signs with its own authority: download the certificate (Dashboard, Database settings, SSL configuration) "
    "and add "
    "sslrootcert=FILE to the URL.";

}  // namespace

std::string without_password(std::string_view url) {
  std::string text(url);
  if (const auto scheme = text.find("://"); scheme != std::string::npos) {
    const auto path = text.find_first_of("/?", scheme + 3);
    const auto at = text.rfind('@', path);
    const auto colon = text.find(':', scheme + 3);
    if (at != std::string::npos && at > scheme && colon < at) text.replace(colon + 1, at - colon - 1, "***");
  }
  for (auto at = text.find("password="); at != std::string::npos; at = text.find("password=", at + 12)) {
    const auto start = at + 9;
    auto end = start;
    if (end < text.size() && text[end] == '\'') {
      for (++end; end < text.size() && text[end] != '\''; ++end) end += text[end] == '\\';
      end = std::min(end + 1, text.size());
    } else {
      end = std::min(text.find_first_of(" &", start), text.size());
    }
    text.replace(start, end - start, "***");
  }
  return text;
}

std::string project_of(std::string_view host, std::string_view user) {
  constexpr std::size_t length = 20;
  std::string_view name;
  if (host.ends_with(".pooler.supabase.com") && user.find('.') != std::string_view::npos) {
    name = user.substr(user.rfind('.') + 1);
  } else if (host.ends_with(".supabase.co")) {
    name = host.substr(0, host.size() - std::string_view(".supabase.co").size());
    if (name.starts_with("db.")) name.remove_prefix(3);
  }
  const bool reference =
      name.size() == length && std::ranges::all_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
  return reference ? std::string(name) : std::string();
}

std::string unreachable_hint(const ConnectPlan& plan) {
  const std::string up =
      "Is the database up and reachable from here? Supabase: a paused project must be restored in the dashboard";
  if (!plan.direct) return up + "; the direct host speaks IPv6 only, the pooler's host IPv4.";
  return up +
         ". Its direct host speaks IPv6 only; where this machine has none, use the session pooler's URL (dashboard, "
         "Connect; the user is postgres." +
         plan.project + "), or SUPABASE_URL with a secret key.";
}

Result<ConnectPlan> plan_connection(std::string_view url) {
  char* raw_message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(std::string(url).c_str(), &raw_message), &PQconninfoFree);
  if (!options) {
    if (raw_message != nullptr) PQfreemem(raw_message);  // libpq quotes the string itself, password and all
    return fail(
        usage("SUPABASE_DB_URL cannot be read as a database URL",
              "Expected: postgresql://user:password@host:5432/database (special characters in the password as %XX)."));
  }
  std::map<std::string, std::string> given;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) given[option->keyword] = option->val;
  }
  for (const char* refused : {"service", "options"}) {
    if (given.contains(refused)) {
      return fail(
          usage(std::string("the database URL sets ") + refused + ", which poolers refuse", "Remove it from the URL."));
    }
  }

  ConnectPlan plan;
  plan.local = true;
  for (const auto& host : hosts_of(given.contains("hostaddr") ? given["hostaddr"] : given["host"]))
    plan.local &= is_local(host);
  plan.role = given["user"];
  plan.project = project_of(given["host"], given["user"]);
  plan.direct = !plan.project.empty() && given["host"].starts_with("db.");
  plan.place = given["user"] + "@" + (given["host"].empty() ? given["hostaddr"] : given["host"]) +
               (given["port"].empty() ? "" : ":" + given["port"]) + "/" + given["dbname"];

  std::string& mode = given["sslmode"];
  if (plan.local) {
    // `prefer` and `allow` try the password a second time over the other kind of line; a wrong one must cost one
    // attempt.
    if (mode.empty() || mode == "prefer" || mode == "allow") mode = "disable";
  } else {
    if (mode.empty()) mode = "verify-full";
    if (mode == "disable" || mode == "allow" || mode == "prefer") {
      return fail(usage("sslmode=" + mode + " would send the password and all rows to " + plan.place + " in the clear",
                        std::string("Use sslmode=verify-full. ") + supabase_certificate));
    }
    if (mode == "require" || mode == "verify-ca") {
      plan.warning = "sslmode=" + mode + ": the line to " + plan.place + " is encrypted, but the server's " +
                     (mode == "require" ? "identity" : "name") + " is not verified. " + supabase_certificate;
    }
    if (mode != "require" && given["sslrootcert"].empty()) {
      given["sslrootcert"] = system_roots();
      if (given["sslrootcert"].empty()) {
        return fail(usage("no certificate store was found to verify " + plan.place + " with", supabase_certificate));
      }
    }
  }
  given["gssencmode"] = "disable";
  given["application_name"] = "rowpage";
  given["client_encoding"] = "UTF8";
  given.try_emplace("connect_timeout", "15");
  given.try_emplace("tcp_user_timeout", "30000");
  given.try_emplace("keepalives_idle", "30");
  for (auto& [key, value] : given) {
    if (!value.empty()) plan.parameters.emplace_back(key, value);
  }
  return plan;
}

}  // namespace rowpage
