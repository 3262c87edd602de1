// A stand-in for Supabase's Data API, in front of a real PostgreSQL.
//
// It is no PostgREST, which cannot be had as a package; it does what PostgREST's documentation and source say of the
// part that Rowpage uses: one RPC per request in one transaction, the role taken from the key and set by an
// `authenticator` that has 8 s, settings lifted from the function to the transaction, functions that do not write
// called in a read-only transaction, SQLSTATEs as HTTP statuses, sets of rows cut at 1000, a schema cache that goes
// stale until NOTIFY pgrst, serialization failures repeated without end. Supabase loads pg-safeupdate there, which no
// package has either: a function whose text updates or deletes without WHERE is refused before it runs, and so is one
// that could call such a function of the schema rowpage. And what stands before it: keys of both
// generations, gateways that give up while the work goes on.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "base/http_server.h"
#include "base/json.h"

namespace rowpage::testing {

/// The first UPDATE or DELETE without WHERE in the text of a function, comments aside; empty: there is none.
std::string unguarded_write(std::string_view source);

class DataApi {
 public:
  static constexpr const char* secret_key = "sb_secret_test_0123456789abcdef";
  static constexpr const char* publishable_key = "sb_publishable_test_0123456789abcdef";
  static std::string service_token();  // of the older kind
  static std::string anon_token();
  static constexpr const char* project = "abcdefghijklmnopqrst";
  static constexpr const char* access_token = "sbp_test_0123456789abcdef";

  /// Before the database of `url` (of its owner, a superuser): makes Supabase's roles there, where they are missing.
  explicit DataApi(const std::string& url);
  ~DataApi();

  std::string base_url() const;
  int port() const { return server_->port(); }

  /// What happens to a request, by the function it calls and its number from 1.
  struct Trouble {
    int status = 0;      // answered instead of the outcome; 0: no answer at all
    bool after = false;  // once the work is done
    bool html = true;    // a gateway's page, not JSON
  };
  std::function<std::optional<Trouble>(const std::string& function, int number)> trouble;
  int latency_ms = 0;  // before each answer
  /// The Management API asks to wait this long, once; 0: it does not.
  std::atomic<int> management_waits_s = 0;

  struct Stats {
    int requests = 0, serialization_retries = 0;
    std::map<std::string, int> calls;        // by function
    std::vector<std::string> authorization;  // headers seen, to be looked through for what must not be there
  };
  Stats stats();

 private:
  HttpResponse answer(const HttpRequest& request);
  HttpResponse manage(const HttpRequest& request);
  /// Where the function, or one of ours that it may call, updates or deletes without WHERE; empty: nowhere.
  std::string unguarded(PGconn* connection, const std::string& function);
  HttpResponse call(const std::string& function, const std::string& role, const std::string& body);
  bool knows(const std::string& function);
  PGconn* take();
  void give(PGconn* connection);

  std::string owner_url_, url_;
  std::mutex mutex_;
  std::vector<PGconn*> idle_;
  PGconn* listener_ = nullptr;
  std::set<std::string> cache_;
  std::map<std::string, std::string> unguarded_;  // function's oid and version → what was found
  bool cached_ = false;
  Stats stats_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace rowpage::testing
