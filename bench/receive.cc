#include "bench/receive.h"

#include <chrono>
#include <cstdio>

#include "base/http_client.h"
#include "notion/codec.h"
#include "notion/curl_transport.h"
#include "notion/page.h"

namespace rowpage::bench {
namespace {

class SteadyClock : public Clock {
 public:
  Millis now() override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  Millis monotonic() override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  bool sleep(Millis) override { return true; }
  bool interrupted() override { return false; }
};

// One request after another, as a listing is: the next needs the cursor of the one before.
class Receiver {
 public:
  explicit Receiver(Transport& transport) : transport_(transport) {}

  bool all(const std::string& data_source) {
    Pair pair;
    pair.data_source = data_source;
    if (!learn_fields(pair)) return false;
    ListQuery query;
    query.by = ListQuery::By::created;
    while (true) {
      auto request = query_request(pair, query, 100);
      if (!request) return false;
      const ApiResult answer = ask(*request);
      const auto* results = find_array(answer.body, "results");
      if (answer.status != 200 || !results) return false;
      query.cursor = find_string(answer.body, "next_cursor");
      if (!query.cursor.empty()) continue;
      const json::value* status = find(answer.body, "request_status");
      const bool cut = status != nullptr && find_string(*status, "type") == "incomplete" && !results->empty();
      if (!cut) return true;
      // Ended at 10,000 rows: the next window begins with the minute of the last page.
      const auto time = parse_time(find_string(results->back(), "created_time"));
      if (!time || (query.since && time->ms <= *query.since)) return false;
      query.since = time->ms;
    }
  }

 private:
  ApiResult ask(const ApiRequest& request) { return std::move(transport_.perform({&request, 1}).front()); }

  // The program asks for the properties it maps; so do we. "Last Synced" is written only.
  bool learn_fields(Pair& pair) {
    const ApiResult answer = ask({Method::get, "/v1/data_sources/" + pair.data_source, nullptr});
    const auto* properties = find_object(answer.body, "properties");
    if (!properties) return false;
    for (const auto& [name, property] : *properties) {
      if (name == "Last Synced") continue;
      Field field;
      field.property = name;
      field.property_id = decode_id(find_string(property, "id"));
      pair.fields.push_back(std::move(field));
    }
    return true;
  }

  Transport& transport_;
};

}  // namespace

int receive(const std::string& base_url, const std::string& token, const std::string& data_source) {
  HttpClient http{HttpClient::Options{}};
  SteadyClock clock;
  auto transport = CurlTransport::make(http, clock, {base_url, token, {}});
  if (!transport) {
    std::fprintf(stderr, "%s\n", transport.error().what.c_str());
    return 1;
  }
  if (Receiver(**transport).all(data_source)) return 0;
  std::fprintf(stderr, "the sandbox's answers could not be followed to the end\n");
  return 1;
}

}  // namespace rowpage::bench
