// The Notion stand-in behind HTTP: `rowpage sandbox`, demonstrations, end-to-end tests and benchmarks.
//
// Besides Notion's own paths it has control paths under /_sandbox/, which need no token (docs/sandbox.md lists them).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/http_server.h"
#include "sandbox/notion_model.h"

namespace rowpage::sandbox {

struct SandboxOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any free one
  Habits habits;
  std::uint64_t seed = 1;
  bool real_clock = true;        // false: the clock stands at `start_ms` and moves only by /_sandbox/clock
  Millis start_ms = 0;           // of the standing clock
  std::string record;            // a file to which one exchange of each shape is appended; empty: none
  Millis client_timeout_ms = 0;  // a lost answer hangs for so long before the connection closes; 0: closes at once
};

/// What a client needs to know.
struct SandboxInfo {
  std::string base_url;  // "http://127.0.0.1:40123"; the client appends /v1/…
  std::string integration_token;
  std::string person_token;
  std::string root_page;  // shared with the integration
  int port = 0;
};

class SandboxServer {
 public:
  static Result<std::unique_ptr<SandboxServer>> start(SandboxOptions options = {});
  ~SandboxServer();

  const SandboxInfo& info() const { return info_; }

  /// The model, for tests in the same process. Hold the lock while using it.
  NotionModel& model() { return *model_; }
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

 private:
  struct PlannedFate {
    Fate fate;
    std::string method;  // empty: any
    std::string
        path;  // "*" stands for one segment; a path that ends earlier matches as a prefix only with a trailing "**"
    int times = 1;
    bool hang = false;
  };

  explicit SandboxServer(SandboxOptions options);
  HttpResponse on_request(const HttpRequest& request);
  HttpResponse on_notion(const HttpRequest& request);
  HttpResponse on_control(const HttpRequest& request);
  HttpResponse seed(const json::value& body);
  HttpResponse dump(const HttpRequest& request);
  HttpResponse set_faults(const json::value& body);
  HttpResponse stats() const;
  PlannedFate take_fate(const HttpRequest& request);
  void record(const Request& request, const Answer& answer);
  Millis now() const;
  void wait(Millis ms);

  SandboxOptions options_;
  std::mutex mutex_;  // guards the model, the planned fates and the clock
  std::condition_variable stopping_;
  bool stopped_ = false;
  Millis advanced_ms_ = 0;
  std::unique_ptr<NotionModel> model_;
  std::vector<PlannedFate> planned_;
  std::set<std::uint64_t> recorded_;  // shapes
  SandboxInfo info_;
  std::unique_ptr<HttpServer> http_;  // last: stops serving before the rest is gone
};

/// Reads knobs by their names in Habits ({"index_delay_ms":0,…}) into `habits`; the error names what is not known.
Status read_habits(const json::value& in, Habits& habits);
json::value show_habits(const Habits& habits);

}  // namespace rowpage::sandbox
