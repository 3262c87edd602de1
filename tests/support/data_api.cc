#include "support/data_api.h"

#include <algorithm>
#include <chrono>
#include <regex>
#include <stdexcept>
#include <thread>

#include <openssl/evp.h>

#include "postgres/sql_text.h"

namespace rowpage::testing {
namespace {

std::string token_of(const char* role) {
  const auto part = [](const std::string& text) {
    std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(length));
    std::erase(out, '=');
    std::ranges::replace(out, '+', '-');
    std::ranges::replace(out, '/', '_');
    return out;
  };
  return part(R"({"alg":"HS256","typ":"JWT"})") + "." +
         part(R"({"iss":"supabase","role":")" + std::string(role) + R"("})") + ".c2lnbmF0dXJl";
}

HttpResponse json_answer(int status, const json::value& body) {
  HttpResponse response;
  response.status = status;
  response.body = to_text(body);
  return response;
}

HttpResponse failure(int status, const char* code, const std::string& message, const std::string& details = {},
                     const std::string& hint = {}) {
  const auto or_null = [](const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); };
  return json_answer(
      status,
      json::object{{"code", code}, {"message", message}, {"details", or_null(details)}, {"hint", or_null(hint)}});
}

HttpResponse page(int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/html";
  response.body = "<!DOCTYPE html><html><body><h1>" + std::to_string(status) + "</h1>cloudflare</body></html>";
  return response;
}

// PostgREST's table (src/PostgREST/Error.hs).
int status_of(const std::string& code, bool anonymous) {
  const auto begins = [&](std::initializer_list<const char*> prefixes) {
    return std::ranges::any_of(prefixes, [&](const char* prefix) { return code.starts_with(prefix); });
  };
  if (code.starts_with("PT") && code.size() == 5) return std::atoi(code.c_str() + 2);
  if (begins({"08", "53", "57P01"})) return 503;
  if (code == "42501") return anonymous ? 401 : 403;
  if (begins({"0L", "0P", "28"})) return 403;
  if (code == "23503" || code == "23505") return 409;
  if (code == "25006") return 405;
  if (code == "42883" || code == "42P01") return 404;
  if (code == "P0001") return 400;
  if (begins({"09", "25", "2D", "38", "39", "3B", "40", "53400", "54", "55", "57", "58", "F0", "HV", "P0", "XX"}))
    return 500;
  if (code == "42P17" || code == "21000") return 500;
  return 400;
}

struct Done {
  PGresult* result;
  explicit Done(PGresult* made) : result(made) {}
  ~Done() { PQclear(result); }
  Done(const Done&) = delete;
  Done& operator=(const Done&) = delete;
  bool good() const {
    const auto status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
  }
  std::string field(int code) const {
    const char* value = PQresultErrorField(result, code);
    return value == nullptr ? "" : value;
  }
  std::string cell(int row, int column) const { return PQgetvalue(result, row, column); }
};

void must(PGconn* connection, const std::string& statements) {
  const Done done(PQexec(connection, statements.c_str()));
  if (!done.good()) throw std::runtime_error(statements + ": " + PQerrorMessage(connection));
}

std::string as_user(const std::string& url, const std::string& user, const std::string& password) {
  const std::size_t begin = url.find("//") + 2, at = url.find('@');
  return url.substr(0, begin) + user + ":" + password + url.substr(at);
}

}  // namespace

std::string DataApi::service_token() {
  return token_of("service_role");
}
std::string DataApi::anon_token() {
  return token_of("anon");
}

DataApi::DataApi(const std::string& url) : owner_url_(url), url_(as_user(url, "authenticator", "authenticator")) {
  listener_ = PQconnectdb(owner_url_.c_str());
  if (PQstatus(listener_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(listener_));
  PQsetNoticeProcessor(
      listener_, [](void*, const char*) {}, nullptr);
  must(listener_, R"(do $$
    begin
      perform pg_advisory_xact_lock(20260829);
      if not exists (select from pg_roles where rolname = 'anon') then create role anon nologin; end if;
      if not exists (select from pg_roles where rolname = 'authenticated') then create role authenticated nologin; end if;
      if not exists (select from pg_roles where rolname = 'service_role') then create role service_role nologin bypassrls; end if;
      if not exists (select from pg_roles where rolname = 'authenticator') then
        create role authenticator login noinherit password 'authenticator';
        alter role authenticator set statement_timeout = '8s';
        alter role authenticator set lock_timeout = '8s';
        grant anon, authenticated, service_role to authenticator;
      end if;
    end $$)");
  must(listener_, "grant usage on schema public to anon, authenticated, service_role");
  must(listener_, "listen pgrst");
  HttpServerOptions options;
  options.body_max = std::size_t{8} << 20;
  auto started = HttpServer::start(options, [this](const HttpRequest& request) { return answer(request); });
  if (!started) throw std::runtime_error(started.error().what);
  server_ = std::move(*started);
}

std::string unguarded_write(std::string_view source) {
  std::string text(source);
  text = std::regex_replace(text, std::regex("--[^\n]*"), "");
  static const std::regex write(R"(\b(delete\s+from|update)\s+[^;]*)", std::regex::icase);
  static const std::regex guarded(R"(\bwhere\b)", std::regex::icase);
  // A lock (FOR UPDATE), an upsert (DO UPDATE SET), a trigger's event and the like write nothing by themselves.
  static const std::regex statement(R"(^delete\b|^update\s+(only\s+)?[\w.%$'"|]+[^;]*\bset\b)", std::regex::icase);
  for (auto at = std::sregex_iterator(text.begin(), text.end(), write); at != std::sregex_iterator(); ++at) {
    const std::string found = at->str();
    const std::string before = at->prefix().str();
    const bool clause =
        std::regex_search(before, std::regex(R"((\bfor|\bdo|\bno\s+key|\bon|\bkey)\s+$)", std::regex::icase));
    if (clause || !std::regex_search(found, statement) || std::regex_search(found, guarded)) continue;
    return found.substr(0, 80);
  }
  return "";
}

std::string DataApi::unguarded(PGconn* connection, const std::string& function) {
  const Done sources(
      PQexec(connection, ("select p.oid::text || '/' || p.xmin::text, p.oid::regproc::text, p.prosrc from pg_proc p "
                          "join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'rowpage' or n.nspname = "
                          "'public' and p.proname = " +
                          quote_literal(function))
                             .c_str()));
  for (int i = 0; sources.good() && i < PQntuples(sources.result); ++i) {
    const std::string name = sources.cell(i, 1);
    const bool of_ours = name.starts_with("rowpage.");
    if (of_ours && !function.starts_with("rowpage_")) continue;
    const std::scoped_lock lock(mutex_);
    const auto [known, fresh] = unguarded_.try_emplace(sources.cell(i, 0));
    if (fresh) known->second = unguarded_write(sources.cell(i, 2));
    if (!known->second.empty()) return name + ": " + known->second;
  }
  return "";
}

DataApi::~DataApi() {
  server_.reset();
  for (PGconn* connection : idle_) PQfinish(connection);
  PQfinish(listener_);
}

std::string DataApi::base_url() const {
  return "http://127.0.0.1:" + std::to_string(server_->port());
}

DataApi::Stats DataApi::stats() {
  const std::scoped_lock lock(mutex_);
  return stats_;
}

PGconn* DataApi::take() {
  {
    const std::scoped_lock lock(mutex_);
    while (!idle_.empty()) {
      PGconn* connection = idle_.back();
      idle_.pop_back();
      if (PQstatus(connection) == CONNECTION_OK) return connection;
      PQfinish(connection);
    }
  }
  PGconn* connection = PQconnectdb(url_.c_str());
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  return connection;
}

void DataApi::give(PGconn* connection) {
  if (PQstatus(connection) != CONNECTION_OK) return PQfinish(connection);
  const std::scoped_lock lock(mutex_);
  idle_.push_back(connection);
}

// The schema cache: what was there when it was last read. It is read again when somebody says so.
bool DataApi::knows(const std::string& function) {
  const std::scoped_lock lock(mutex_);
  if (PQconsumeInput(listener_) == 0) {  // the server was restarted: what was said meanwhile was not heard
    PQreset(listener_);
    PQclear(PQexec(listener_, "listen pgrst"));
    cached_ = cached_ && PQstatus(listener_) != CONNECTION_OK;
  }
  while (PGnotify* note = PQnotifies(listener_)) {
    cached_ = false;
    PQfreemem(note);
  }
  if (!cached_) {
    cache_.clear();
    const Done names(
        PQexec(listener_,
               "select proname from pg_proc p join pg_namespace n on n.oid = pronamespace where nspname = 'public'"));
    for (int i = 0; i < PQntuples(names.result); ++i) cache_.insert(names.cell(i, 0));
    cached_ = true;
  }
  return cache_.contains(function);
}

// The Management API's one endpoint that setup uses: SQL as the owner, rows as JSON, 201.
HttpResponse DataApi::manage(const HttpRequest& request) {
  if (request.header("authorization") != std::string("Bearer ") + access_token)
    return json_answer(401, json::object{{"message", "Unauthorized"}});
  if (request.path != std::string("/v1/projects/") + project + "/database/query")
    return json_answer(404, json::object{{"message", "Project not found"}});
  if (const int seconds = management_waits_s.exchange(0); seconds > 0) {
    HttpResponse busy = json_answer(429, json::object{{"message", "ThrottlerException: Too Many Requests"}});
    busy.headers.emplace_back("Retry-After", std::to_string(seconds));
    return busy;
  }
  const auto body = parse_json(request.body);
  const std::string query(body ? find_string(*body, "query") : std::string_view());
  PGconn* connection = PQconnectdb(owner_url_.c_str());
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  const Done ran(PQexec(connection, query.c_str()));
  HttpResponse response;
  if (!ran.good()) {
    response =
        json_answer(400, json::object{{"message", "Failed to run sql query: ERROR:  " + ran.field(PG_DIAG_SQLSTATE) +
                                                      ": " + ran.field(PG_DIAG_MESSAGE_PRIMARY)}});
  } else {
    json::array rows;
    for (int row = 0; row < PQntuples(ran.result); ++row) {
      json::object cells;
      for (int column = 0; column < PQnfields(ran.result); ++column) {
        const std::string text = ran.cell(row, column);
        auto parsed = PQftype(ran.result, column) == 3802 ? parse_json(text) : json::value(text);  // jsonb
        cells[PQfname(ran.result, column)] = parsed ? *parsed : json::value(text);
      }
      rows.emplace_back(std::move(cells));
    }
    response = json_answer(201, rows);
  }
  PQfinish(connection);
  return response;
}

HttpResponse DataApi::answer(const HttpRequest& request) {
  if (request.path.starts_with("/v1/")) return manage(request);
  const std::string key(request.header("apikey")), bearer(request.header("authorization"));
  constexpr std::string_view prefix = "/rest/v1/rpc/";
  const std::string function = request.path.starts_with(prefix) ? request.path.substr(prefix.size()) : std::string();
  int number = 0;
  {
    const std::scoped_lock lock(mutex_);
    ++stats_.requests;
    number = ++stats_.calls[function];
    stats_.authorization.push_back(bearer);
  }
  if (latency_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(latency_ms));
  std::string role = "anon";
  if (key == secret_key) {
    if (request.header("user-agent").find("Mozilla") != std::string_view::npos) return json_answer(401, nullptr);
    if (!bearer.empty() && bearer != "Bearer " + key) return failure(401, "PGRST301", "Expected 3 parts in JWT; got 1");
    role = "service_role";
  } else if (key == service_token() || key == anon_token()) {
    if (bearer == "Bearer " + service_token()) role = "service_role";
  } else if (key != publishable_key) {
    return json_answer(401, json::object{{"message", "Invalid API key"},
                                         {"hint", "Double check your Supabase `anon` or `service_role` API key."}});
  }
  if (function.empty() || request.method != "POST")
    return failure(404, "PGRST205", "Could not find the table in the schema cache");
  const auto strikes = trouble ? trouble(function, number) : std::nullopt;
  const auto struck = [&]() -> HttpResponse {
    HttpResponse gone;
    gone.drop = true;
    if (strikes->status == 0) return gone;
    return strikes->html ? page(strikes->status) : json_answer(strikes->status, json::object{{"message", "injected"}});
  };
  if (strikes && !strikes->after) return struck();
  HttpResponse outcome = call(function, role, request.body);
  return strikes ? struck() : outcome;
}

HttpResponse DataApi::call(const std::string& function, const std::string& role, const std::string& body) {
  if (!knows(function)) {
    return failure(404, "PGRST202", "Could not find the function public." + function + " in the schema cache",
                   "Searched for the function public." + function + " with the parameters given",
                   "Perhaps the schema cache is stale");
  }
  const auto parameters = parse_json(body);
  if (!parameters || !parameters->is_object()) return failure(400, "PGRST102", "Empty or invalid json");
  PGconn* connection = take();
  if (PQstatus(connection) != CONNECTION_OK) {
    PQfinish(connection);
    return failure(503, "PGRST000", "Database connection error. Retrying the connection.");
  }
  const auto fail_with = [&](const Done& done) {
    const std::string code = done.field(PG_DIAG_SQLSTATE);
    if (code.empty()) {
      give(connection);
      return failure(503, "PGRST001", "Database client error. Retrying the connection.");
    }
    HttpResponse response = failure(status_of(code, role == "anon"), code.c_str(), done.field(PG_DIAG_MESSAGE_PRIMARY),
                                    done.field(PG_DIAG_MESSAGE_DETAIL), done.field(PG_DIAG_MESSAGE_HINT));
    PQclear(PQexec(connection, "rollback"));
    give(connection);
    return response;
  };
  const std::string about =
      "select p.provolatile, p.proretset, coalesce((select string_agg(c, chr(10)) from unnest(p.proconfig) c where c "
      "like "
      "'statement_timeout=%'), ''), p.proargnames::text, array(select t::regtype::text from unnest(p.proargtypes) "
      "t)::text from pg_proc p join pg_namespace n "
      "on n.oid = pronamespace where nspname = 'public' and proname = " +
      quote_literal(function);
  if (const std::string found = unguarded(connection, function); !found.empty()) {
    give(connection);
    const bool deletes = found.find("delete") != std::string::npos || found.find("DELETE") != std::string::npos;
    return failure(400, "21000", std::string(deletes ? "DELETE" : "UPDATE") + " requires a WHERE clause", found);
  }
  for (;;) {
    const Done known(PQexec(connection, about.c_str()));
    if (!known.good()) return fail_with(known);
    if (PQntuples(known.result) == 0) {
      give(connection);
      return failure(404, "PGRST202", "Could not find the function public." + function + " in the schema cache");
    }
    const bool writes = known.cell(0, 0) == "v", set = known.cell(0, 1) == "t";
    const std::string timeout = known.cell(0, 2);
    std::string arguments;
    std::vector<std::string> texts;
    for (const auto& [name, value] : parameters->get_object()) {
      texts.push_back(value.is_string() ? std::string(value.get_string()) : to_text(value));
      arguments +=
          (arguments.empty() ? "" : ", ") + quote_ident(std::string(name)) + " := $" + std::to_string(texts.size());
    }
    std::string opening = writes ? "begin" : "begin read only";
    opening += "; select set_config('search_path', 'public, extensions', true), set_config('role', " +
               quote_literal(role) + ", true), set_config('request.jwt.claims', " +
               quote_literal(R"({"role":")" + role + R"("})") + ", true)";
    if (const auto equals = timeout.find('='); equals != std::string::npos)
      opening += ", set_config('statement_timeout', " + quote_literal(timeout.substr(equals + 1)) + ", true)";
    const Done begun(PQexec(connection, opening.c_str()));
    if (!begun.good()) return fail_with(begun);
    std::vector<const char*> values;
    for (const auto& text : texts) values.push_back(text.c_str());
    const std::string source = "public." + quote_ident(function) + "(" + arguments + ")";
    const std::string query =
        set ? "select coalesce(json_agg(l), '[]')::text from (select * from " + source + " limit 1000) l"
            : "select coalesce(to_json(" + source + ")::text, 'null')";
    const Done ran(PQexecParams(connection, query.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                                nullptr, nullptr, 0));
    if (!ran.good()) {
      if (ran.field(PG_DIAG_SQLSTATE) == "40001") {  // up to version 15, without end
        PQclear(PQexec(connection, "rollback"));
        const std::scoped_lock lock(mutex_);
        if (++stats_.serialization_retries < 1000) continue;
      }
      return fail_with(ran);
    }
    const Done committed(PQexec(connection, "commit"));
    if (!committed.good()) return fail_with(committed);
    HttpResponse response;
    response.body = ran.cell(0, 0);
    give(connection);
    return response;
  }
}

}  // namespace rowpage::testing
