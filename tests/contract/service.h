// The three things that must answer alike: the model of Notion in this process, the sandbox over HTTP, and the real
// service.
//
// The real one is asked only by people who want it: ROWPAGE_CONTRACT_TOKEN holds the token of an integration,
// ROWPAGE_CONTRACT_PARENT_PAGE a page shared with it, under which the tests make databases and trash them again. Its
// queries and searches lag behind writes by an unknown time, so what is indexed is asked for again until it shows.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "core/time.h"

namespace rowpage::contract {

class Service {
 public:
  struct Answer {
    int status = 0;
    json::value body;
    std::string code() const { return std::string(find_string(body, "code")); }
    std::string id() const { return std::string(find_string(body, "id")); }
  };
  struct Request {
    std::string method;
    std::string path;  // from "/v1/" on, without the query string
    json::value body;  // null: none
    std::vector<std::pair<std::string, std::string>> query;
    std::string version = "2026-03-11";
    bool good_token = true;
  };

  /// "model", "sandbox" or "real"; null with `why` when it cannot be had.
  static std::unique_ptr<Service> make(const std::string& name, std::string& why);
  virtual ~Service() = default;

  /// One request and its answer; when the budget is spent, waits and asks again.
  Answer ask(const Request& request);
  Answer ask(std::string method, std::string path, std::string_view body = {}) {
    return ask(Request{std::move(method), std::move(path), body.empty() ? json::value() : parse_json(body).value()});
  }

  /// A page under which the tests may make databases.
  virtual std::string root_page() = 0;
  /// Asks until `shows` is true or queries and searches must have caught up; the last verdict.
  virtual bool eventually(const std::function<bool()>& shows) = 0;
  /// Lets at least so long pass.
  virtual void pass(Millis ms) = 0;
  /// The next request collides with another writer's; false: cannot be arranged.
  virtual bool collide() { return false; }
  virtual bool real() const { return false; }

 protected:
  struct Sent {
    Answer answer;
    Millis retry_after_ms = 0;
  };
  virtual Sent send(const Request& request) = 0;
};

}  // namespace rowpage::contract
