#include "contract/service.h"

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "base/http_client.h"
#include "notion/codec.h"
#include "sandbox/server.h"
#include "support/witness.h"

namespace rowpage::contract {
namespace {

constexpr Millis settled_ms = 150 * second_ms;  // longer than the sandbox's queries and searches lag behind

class ModelService : public Service {
 public:
  ModelService() : model_({}, [this] { return now_; }) {}
  std::string root_page() override { return model_.root_page().text(); }
  bool eventually(const std::function<bool()>& shows) override {
    now_ += settled_ms;
    return shows();
  }
  void pass(Millis ms) override { now_ += ms; }
  bool collide() override { return collide_ = true; }

 private:
  Sent send(const Request& request) override {
    sandbox::Request sent;
    sent.method = request.method;
    sent.path = request.path;
    sent.query = request.query;
    sent.body = request.body;
    sent.version = request.version;
    sent.token = request.good_token ? model_.integration_token() : "none";
    const auto fate = std::exchange(collide_, false) ? sandbox::Fate::Kind::refuse_409 : sandbox::Fate::Kind::normal;
    auto answer = model_.handle(sent, {.kind = fate});
    return {{answer.status, std::move(answer.body)}, answer.retry_after.value_or(0) * second_ms};
  }

  Millis now_ = parse_time("2026-11-20T09:30:20Z")->ms;
  sandbox::NotionModel model_;
  bool collide_ = false;
};

// Over HTTP, with the header fields and the query string a client sends.
class HttpService : public Service {
 protected:
  HttpService(std::string base_url, std::string token) : base_url_(std::move(base_url)), token_(std::move(token)) {}

  Sent send(const Request& request) override {
    HttpClient::Request http;
    http.method = request.method;
    http.url = base_url_ + request.path;
    char separator = '?';
    for (const auto& [key, value] : request.query) {
      http.url += separator + key + "=" + encode_id(value);
      separator = '&';
    }
    http.headers = {"Authorization: Bearer " + (request.good_token ? token_ : "none"),
                    "Content-Type: application/json"};
    if (!request.version.empty()) http.headers.push_back("Notion-Version: " + request.version);
    if (!request.body.is_null()) http.body = to_text(request.body);
    const auto got = client_.start(std::move(http)).get();
    if (got.outcome != HttpClient::Answer::Outcome::complete) throw std::runtime_error("no answer: " + got.why);
    auto body = parse_json(got.body);
    if (!body) throw std::runtime_error("the answer is not JSON: " + got.body.substr(0, 200));
    return {{got.status, std::move(*body)}, std::atoi(std::string(got.header("retry-after")).c_str()) * second_ms};
  }

  HttpClient::Answer control(const std::string& path, const json::value& body) {
    return client_
        .start({.method = "POST", .url = base_url_ + "/_sandbox" + path, .headers = {}, .body = to_text(body)})
        .get();
  }

 private:
  std::string base_url_, token_;
  HttpClient client_{HttpClient::Options{}};
};

class SandboxService : public HttpService {
 public:
  explicit SandboxService(std::unique_ptr<sandbox::SandboxServer> server)
      : HttpService(server->info().base_url, server->info().integration_token), server_(std::move(server)) {}
  std::string root_page() override { return server_->info().root_page; }
  bool eventually(const std::function<bool()>& shows) override {
    pass(settled_ms);
    return shows();
  }
  void pass(Millis ms) override { control("/clock", json::object{{"advance_s", ms / second_ms}}); }
  bool collide() override {
    control("/faults", json::object{{"faults", json::array{json::object{{"fate", "refuse_409"}}}}});
    return true;
  }

 private:
  std::unique_ptr<sandbox::SandboxServer> server_;
};

class RealService : public HttpService {
 public:
  RealService(std::string base_url, std::string token, std::string page)
      : HttpService(std::move(base_url), std::move(token)), page_(std::move(page)) {}
  std::string root_page() override { return page_; }
  bool eventually(const std::function<bool()>& shows) override {
    for (Millis waited = 0; waited < 3 * minute_ms; waited += 5 * second_ms) {
      if (shows()) return true;
      pass(5 * second_ms);
    }
    return shows();
  }
  void pass(Millis ms) override { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }
  bool real() const override { return true; }

 private:
  Sent send(const Request& request) override {
    auto sent = HttpService::send(request);
    sandbox::Request asked;
    asked.method = request.method;
    asked.path = request.path;
    asked.query = request.query;
    asked.body = request.body;
    asked.version = request.version;
    sandbox::Answer answer;
    answer.status = sent.answer.status;
    answer.body = sent.answer.body;
    Witness::get().saw(asked, answer);
    return sent;
  }

  std::string page_;
};

}  // namespace

std::unique_ptr<Service> Service::make(const std::string& name, std::string& why) {
  // Requests that are to be refused break the document on purpose.
  Witness::get().judge_accepted_only();
  if (name == "model") return std::make_unique<ModelService>();
  if (name == "sandbox") {
    auto server = sandbox::SandboxServer::start();
    if (server) return std::make_unique<SandboxService>(std::move(*server));
    why = server.error().what;
    return nullptr;
  }
  const char* token = std::getenv("ROWPAGE_CONTRACT_TOKEN");
  const char* page = std::getenv("ROWPAGE_CONTRACT_PARENT_PAGE");
  const char* url = std::getenv("ROWPAGE_CONTRACT_URL");  // a sandbox, to try the way of asking itself
  if (token && page) return std::make_unique<RealService>(url ? url : "https://api.notion.com", token, page);
  why = "the real service is asked only with ROWPAGE_CONTRACT_TOKEN and ROWPAGE_CONTRACT_PARENT_PAGE";
  return nullptr;
}

Service::Answer Service::ask(const Request& request) {
  for (int tries = 0;; ++tries) {
    auto sent = send(request);
    if (sent.answer.status != 429 || tries == 5) return std::move(sent.answer);
    pass(std::max<Millis>(sent.retry_after_ms, second_ms));
  }
}

}  // namespace rowpage::contract
