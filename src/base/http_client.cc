#include "base/http_client.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <curl/curl.h>
#include <fmt/format.h>

#include "core/text.h"

namespace rowpage {
namespace {

using Answer = HttpClient::Answer;
using SteadyClock = std::chrono::steady_clock;

constexpr const char* loopback_hosts = "localhost,127.0.0.1,::1";
constexpr int poll_ms = 100;  // how soon an interrupt is noticed
constexpr std::size_t header_max = 256U << 10;

struct HeaderList {
  curl_slist* list = nullptr;
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) {
    if (curl_slist* grown = curl_slist_append(list, line.c_str())) list = grown;
  }
};

// One request on its way. Lives until its promise is kept; libcurl holds plain pointers to it.
struct Transfer {
  HttpClient::Request request;
  std::promise<Answer> promise;
  Answer answer;
  HeaderList headers;
  CURL* easy = nullptr;
  std::size_t answer_max = 0;
  std::size_t header_bytes = 0;
  int sendings = 0;
  bool unwanted = false;
  bool too_long = false;
  char error[CURL_ERROR_SIZE] = {};
  SteadyClock::time_point started;
};

// Asked before every sending, the first and any that libcurl would like to add.
int before_sending(void* data, char*, char*, int, int) {
  auto* transfer = static_cast<Transfer*>(data);
  if (transfer->sendings > 0 && !transfer->request.repeatable) return CURL_PREREQFUNC_ABORT;
  if (transfer->sendings == 0 && transfer->request.still_wanted && !transfer->request.still_wanted()) {
    transfer->unwanted = true;
    return CURL_PREREQFUNC_ABORT;
  }
  ++transfer->sendings;
  return CURL_PREREQFUNC_OK;
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* data) {
  auto* transfer = static_cast<Transfer*>(data);
  const std::size_t length = size * count;
  if (transfer->answer.body.size() + length > transfer->answer_max) {
    transfer->too_long = true;
    return 0;  // makes libcurl stop
  }
  transfer->answer.body.append(bytes, length);
  return length;
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* data) {
  auto* transfer = static_cast<Transfer*>(data);
  const std::size_t length = size * count;
  const std::string_view line(bytes, length);
  if (line.starts_with("HTTP/")) {  // a new answer begins (100 Continue comes before the real one)
    transfer->answer.headers.clear();
    transfer->answer.body.clear();
  }
  transfer->header_bytes += length;
  if (transfer->header_bytes > header_max) {
    transfer->too_long = true;
    return 0;
  }
  if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    transfer->answer.headers.emplace_back(ascii_lower(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
  }
  return length;
}

std::string reason(CURLcode code, const Transfer& transfer, const HttpClient::Options& options) {
  if (transfer.too_long) return fmt::format("the answer is longer than {} bytes", transfer.answer_max);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return transfer.sendings == 0 ? fmt::format("no connection within {} s", options.connect_ms / second_ms)
                                  : fmt::format("no answer within {} s", options.total_ms / second_ms);
  }
  if (code == CURLE_ABORTED_BY_CALLBACK && transfer.sendings > 0) return "the connection broke before an answer came";
  if (code == CURLE_PARTIAL_FILE || code == CURLE_HTTP2_STREAM) return "the answer ended early";
  // libcurl's own text names at most host and port.
  return transfer.error[0] != 0 ? transfer.error : curl_easy_strerror(code);
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(Options given) : options(std::move(given)) {
    static std::once_flag once;
    std::call_once(once, [] {
      curl_global_init(CURL_GLOBAL_DEFAULT);
      std::signal(SIGPIPE, SIG_IGN);
    });
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options.connections));
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections) * 4L);
    thread = std::thread([this] { run(); });
  }

  ~Impl() {
    stopping = true;
    curl_multi_wakeup(multi);
    thread.join();
    for (CURL* easy : idle) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }

  void run();
  void begin(std::unique_ptr<Transfer> transfer);
  void finish(CURL* easy, CURLcode code);
  void stop_all(bool repeatable_only, std::string_view why);
  void refuse_queue(std::string_view why);
  std::deque<std::unique_ptr<Transfer>> take_queue();

  Options options;
  CURLM* multi = nullptr;
  std::mutex mutex;
  std::deque<std::unique_ptr<Transfer>> queue;                     // under `mutex`
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> under_way;  // the thread's own from here on
  std::vector<CURL*> idle;
  std::atomic<bool> stopping = false;
  std::thread thread;
};

std::deque<std::unique_ptr<Transfer>> HttpClient::Impl::take_queue() {
  const std::lock_guard lock(mutex);
  return std::exchange(queue, {});
}

void HttpClient::Impl::run() {
  std::optional<SteadyClock::time_point> interrupted_at;
  while (!stopping) {
    const bool interrupt = options.interrupted && options.interrupted();
    if (!interrupt) {
      interrupted_at.reset();
    } else if (!interrupted_at) {
      interrupted_at = SteadyClock::now();
      stop_all(true, "interrupted");
    } else if (SteadyClock::now() - *interrupted_at > std::chrono::milliseconds(options.grace_ms)) {
      stop_all(false, "interrupted");
    }
    if (interrupt) {
      refuse_queue("interrupted");
    } else {
      for (auto& transfer : take_queue()) begin(std::move(transfer));
    }
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
    }
    curl_multi_poll(multi, nullptr, 0, under_way.empty() ? 1000 : poll_ms, nullptr);
  }
  stop_all(false, "the program is ending");
  refuse_queue("the program is ending");
}

void HttpClient::Impl::begin(std::unique_ptr<Transfer> transfer) {
  CURL* easy = nullptr;
  if (idle.empty()) {
    easy = curl_easy_init();
  } else {
    easy = idle.back();
    idle.pop_back();
  }
  Transfer& t = *transfer;
  t.easy = easy;
  t.answer_max = options.answer_max;
  t.started = SteadyClock::now();
  t.headers.add("User-Agent: rowpage/" + std::string(program_version()));
  t.headers.add("Expect:");  // no waiting for 100 Continue
  for (const auto& line : t.request.headers) t.headers.add(line);

  const auto set = [easy](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  set(CURLOPT_URL, t.request.url.c_str());
  set(CURLOPT_HTTPHEADER, t.headers.list);
  if (t.request.method == "GET") {
    set(CURLOPT_HTTPGET, 1L);
  } else {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(t.request.body.size()));
    set(CURLOPT_POSTFIELDS, t.request.body.data());
    set(CURLOPT_CUSTOMREQUEST, t.request.method.c_str());
  }
  set(CURLOPT_PREREQFUNCTION, &before_sending);
  set(CURLOPT_PREREQDATA, &t);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &t);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, &t);
  set(CURLOPT_ERRORBUFFER, t.error);
  set(CURLOPT_PRIVATE, &t);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "https,http");
  set(CURLOPT_FOLLOWLOCATION, 0L);  // a redirect would carry the token elsewhere
  set(CURLOPT_NOPROXY, loopback_hosts);
  set(CURLOPT_ACCEPT_ENCODING, "");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_PIPEWAIT, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_ms));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_ms));
  const CURLMcode added = curl_multi_add_handle(multi, easy);
  under_way.emplace(easy, std::move(transfer));
  if (added != CURLM_OK) finish(easy, CURLE_FAILED_INIT);
}

void HttpClient::Impl::finish(CURL* easy, CURLcode code) {
  const auto found = under_way.find(easy);
  if (found == under_way.end()) return;
  const std::unique_ptr<Transfer> transfer = std::move(found->second);
  under_way.erase(found);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(multi, easy);
  curl_easy_reset(easy);  // drops headers and body, keeps the connection
  idle.push_back(easy);

  Answer& answer = transfer->answer;
  answer.status = static_cast<int>(status);
  answer.took_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - transfer->started).count();
  if (code == CURLE_OK && status != 0) {
    answer.outcome = Answer::Outcome::complete;
  } else {
    if (transfer->unwanted) answer.stop = Answer::Stop::unwanted;
    if (answer.stop == Answer::Stop::none || answer.why.empty()) answer.why = reason(code, *transfer, options);
    answer.outcome = transfer->sendings == 0 ? Answer::Outcome::not_sent
                     : status != 0           ? Answer::Outcome::cut
                                             : Answer::Outcome::lost;
  }
  transfer->promise.set_value(std::move(answer));
}

void HttpClient::Impl::stop_all(bool repeatable_only, std::string_view why) {
  std::vector<CURL*> doomed;
  for (const auto& [easy, transfer] : under_way) {
    // What changes something and has been sent gets its time to answer; everything else ends here.
    if (repeatable_only && !transfer->request.repeatable && transfer->sendings > 0) continue;
    transfer->answer.stop = Answer::Stop::interrupted;
    transfer->answer.why = why;
    doomed.push_back(easy);
  }
  for (CURL* easy : doomed) finish(easy, CURLE_ABORTED_BY_CALLBACK);
}

void HttpClient::Impl::refuse_queue(std::string_view why) {
  for (const auto& transfer : take_queue()) {
    transfer->answer.stop = Answer::Stop::interrupted;
    transfer->answer.why = why;
    transfer->promise.set_value(std::move(transfer->answer));
  }
}

HttpClient::HttpClient(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;

std::future<Answer> HttpClient::start(Request request) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  std::future<Answer> future = transfer->promise.get_future();
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->queue.push_back(std::move(transfer));
  }
  curl_multi_wakeup(impl_->multi);
  return future;
}

std::string_view HttpClient::Answer::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view program_version() {
  return ROWPAGE_VERSION;
}

Status check_base_url(std::string_view url, std::string_view setting) {
  const auto refuse = [&](std::string_view what) {
    return fail(
        {Effect::none, Scope::workspace, Cause::usage, fmt::format("{} {}", setting, what),
         fmt::format("Set {} to an https:// address, or to http:// on this machine (localhost, 127.0.0.1, [::1]).",
                     setting)});
  };
  CURLU* parsed = curl_url();
  const bool fine = curl_url_set(parsed, CURLUPART_URL, std::string(url).c_str(), 0) == CURLUE_OK;
  const auto part = [&](CURLUPart which) {
    char* text = nullptr;
    std::string copy;
    if (fine && curl_url_get(parsed, which, &text, 0) == CURLUE_OK && text) copy = text;
    curl_free(text);
    return copy;
  };
  const std::string scheme = part(CURLUPART_SCHEME);
  const std::string host = ascii_lower(part(CURLUPART_HOST));
  const bool user = !part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty();
  curl_url_cleanup(parsed);
  if (!fine || host.empty()) return refuse("is not an address");
  if (user) return refuse("must not hold a user name or password");
  if (scheme == "https") return {};
  if (scheme != "http") return refuse("is neither https nor http");
  if (host == "localhost" || host == "127.0.0.1" || host == "[::1]") return {};
  return refuse("would send the token unencrypted over the network");
}

Millis http_date(std::string_view text) {
  if (text.empty()) return 0;
  const std::time_t seconds = curl_getdate(std::string(text).c_str(), nullptr);
  constexpr std::time_t year_10000 = 253'402'300'800;  // whoever says so has no clock
  return seconds < 0 || seconds >= year_10000 ? 0 : static_cast<Millis>(seconds) * second_ms;
}

}  // namespace rowpage
