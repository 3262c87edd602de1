// The stand-in over real HTTP, and the server beneath it.
#include "sandbox/server.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include <fmt/format.h>

#include "base/http_client.h"

namespace rowpage::sandbox {
namespace {

class Server : public ::testing::Test {
 protected:
  Server() {
    SandboxOptions options;
    options.real_clock = false;
    options.start_ms = parse_time("2026-11-20T09:30:20Z")->ms;
    options.habits.requests_per_minute = 0;
    server = std::move(SandboxServer::start(options).value());
  }
  HttpClient::Answer send(std::string method, const std::string& path, std::string body = {},
                          std::vector<std::string> headers = {}) {
    HttpClient::Request request;
    request.method = std::move(method);
    request.url = server->info().base_url + path;
    request.headers = std::move(headers);
    request.body = std::move(body);
    return client.start(std::move(request)).get();
  }
  HttpClient::Answer notion(std::string method, const std::string& path, std::string body = {}) {
    return send(std::move(method), path, std::move(body),
                {"Authorization: Bearer " + server->info().integration_token, "Notion-Version: 2026-03-11",
                 "Content-Type: application/json"});
  }
  static json::value read(const HttpClient::Answer& answer) { return parse_json(answer.body).value(); }
  json::value control(std::string method, const std::string& path, std::string body = {}) {
    const auto answer = send(std::move(method), "/_sandbox" + path, std::move(body));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return read(answer);
  }
  std::string make_source() {
    const auto answer =
        notion("POST", "/v1/databases",
               R"({"parent":{"type":"page_id","page_id":")" + server->info().root_page +
                   R"("},"initial_data_source":{"properties":{"Name":{"title":{}},"Price":{"number":{}}}}})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto body = read(answer);
    return std::string(find_string((*find_array(body, "data_sources"))[0], "id"));
  }
  std::string row_body(const std::string& source) const {
    return R"({"parent":{"data_source_id":")" + source + R"("}})";
  }
  std::size_t rows(const std::string& source) {
    return static_cast<std::size_t>(*as_number(*find(control("GET", "/dump?data_source_id=" + source), "total")));
  }

  std::unique_ptr<SandboxServer> server;
  HttpClient client{HttpClient::Options{}};
};

TEST_F(Server, answers_with_the_models_clock_and_request_id) {
  const auto answer = notion("GET", "/v1/users/me");
  ASSERT_EQ(answer.status, 200) << answer.why;
  EXPECT_EQ(answer.header("date"), "Fri, 20 Nov 2026 09:30:20 GMT");
  EXPECT_EQ(answer.header("x-notion-request-id"), find_string(read(answer), "request_id"));
  EXPECT_EQ(find_string(read(answer), "type"), "bot");
}

TEST_F(Server, refuses_what_is_not_json_and_tokens_it_does_not_know) {
  EXPECT_EQ(find_string(read(notion("POST", "/v1/search", "{")), "code"), "invalid_json");
  EXPECT_EQ(send("GET", "/v1/users/me", {}, {"Notion-Version: 2026-03-11"}).status, 401);
}

TEST_F(Server, a_lost_answer_closes_the_connection_after_its_effect) {
  const auto source = make_source();
  control("POST", "/faults", R"({"faults":[{"fate":"lost_after","match":"POST /v1/pages","times":2}]})");
  for (int i = 0; i < 2; ++i) {
    const auto lost = notion("POST", "/v1/pages", row_body(source));
    EXPECT_EQ(lost.outcome, HttpClient::Answer::Outcome::lost);
  }
  EXPECT_EQ(notion("POST", "/v1/pages", row_body(source)).status, 200);
  EXPECT_EQ(rows(source), 3u);
}

TEST_F(Server, faults_match_by_method_and_path) {
  const auto source = make_source();
  control(
      "POST", "/faults",
      R"({"faults":[{"fate":"error_before","status":504,"match":"POST /v1/data_sources/*/query"},{"fate":"refuse_429"}]})");
  EXPECT_EQ(notion("POST", "/v1/data_sources/" + source + "/query", "{}").status, 504);
  const auto limited = notion("GET", "/v1/users/me");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.header("retry-after"), "1");
  EXPECT_EQ(notion("GET", "/v1/users/me").status, 200);
  EXPECT_EQ(send("POST", "/_sandbox/faults", R"({"faults":[{"fate":"nonsense"}]})").status, 400);
}

TEST_F(Server, a_cut_answer_is_not_json_and_an_edge_page_is_html) {
  const auto source = make_source();
  control("POST", "/faults", R"({"faults":[{"fate":"truncated_after"},{"fate":"html_after","status":502}]})");
  EXPECT_FALSE(parse_json(notion("POST", "/v1/pages", row_body(source)).body));
  const auto html = notion("POST", "/v1/pages", row_body(source));
  EXPECT_EQ(html.status, 502);
  EXPECT_TRUE(html.header("content-type").starts_with("text/html"));
  EXPECT_EQ(rows(source), 2u);
}

TEST_F(Server, the_clock_moves_by_control_and_late_requests_land) {
  const auto source = make_source();
  control("POST", "/faults", R"({"faults":[{"fate":"lands_later","delay_ms":30000,"match":"POST /v1/pages"}]})");
  notion("POST", "/v1/pages", row_body(source));
  EXPECT_EQ(rows(source), 0u);
  control("POST", "/clock", R"({"advance_s":31})");
  EXPECT_EQ(rows(source), 1u);
  EXPECT_EQ(find_array(read(notion("POST", "/v1/data_sources/" + source + "/query", "{}")), "results")->size(), 0u);
  control("POST", "/clock", R"({"advance_s":30})");
  EXPECT_EQ(find_array(read(notion("POST", "/v1/data_sources/" + source + "/query", "{}")), "results")->size(), 1u);
}

TEST_F(Server, counts_the_integrations_requests_only) {
  const auto source = make_source();
  control("POST", "/reset_stats");
  notion("POST", "/v1/pages", row_body(source));
  send("GET", "/v1/users/me", {},
       {"Authorization: Bearer " + server->info().person_token, "Notion-Version: 2026-03-11"});
  const auto stats = control("GET", "/stats");
  EXPECT_EQ(stats.at("requests_total"), 1);
  EXPECT_EQ(stats.at("writes").at("create_page"), 1);
  EXPECT_EQ(stats.at("person_requests"), 1);
}

TEST_F(Server, seeds_many_rows_and_dumps_them_in_pages) {
  const auto source = make_source();
  std::string pages;
  for (int i = 0; i < 250; ++i) {
    pages += fmt::format(R"({}{{"properties":{{"Name":"Lot {}","Price":{}}},"created_time":"2026-10-01T08:0{}:00Z"}})",
                         i ? "," : "", i, i, i % 10);
  }
  EXPECT_EQ(
      control("POST", "/seed", fmt::format(R"({{"data_source_id":"{}","pages":[{}]}})", source, pages)).at("pages"),
      250);
  const auto dump = control("GET", "/dump?data_source_id=" + source + "&offset=240&limit=100");
  EXPECT_EQ(dump.at("total"), 250);
  ASSERT_EQ(find_array(dump, "pages")->size(), 10u);
  EXPECT_EQ(find_string((*find_array(dump, "pages"))[9].at("values"), "Name"), "Lot 249");
  EXPECT_EQ(find_array(read(notion("POST", "/v1/data_sources/" + source + "/query", "{}")), "results")->size(), 100u);
}

TEST_F(Server, habits_are_read_changed_and_checked) {
  EXPECT_EQ(control("GET", "/habits").at("index_delay_ms"), 30'000);
  EXPECT_EQ(control("POST", "/habits", R"({"index_delay_ms":0,"query_in_trash":"honoured"})").at("query_in_trash"),
            "honoured");
  EXPECT_EQ(send("POST", "/_sandbox/habits", R"({"index_delay":0})").status, 400);
  EXPECT_EQ(send("POST", "/_sandbox/habits", R"({"minute_times":3})").status, 400);
}

TEST_F(Server, things_are_unshared_and_tokens_expire) {
  const auto source = make_source();
  control("POST", "/share", R"({"id":")" + source + R"(","shared":false})");
  EXPECT_EQ(notion("GET", "/v1/data_sources/" + source).status, 404);
  control("POST", "/expire", "{}");
  EXPECT_EQ(notion("GET", "/v1/users/me").status, 401);
}

TEST_F(Server, several_clients_at_once_lose_nothing) {
  const auto source = make_source();
  std::vector<std::future<HttpClient::Answer>> under_way;
  for (int i = 0; i < 100; ++i) {
    HttpClient::Request request;
    request.method = "POST";
    request.url = server->info().base_url + "/v1/pages";
    request.headers = {"Authorization: Bearer " + server->info().integration_token, "Notion-Version: 2026-03-11"};
    request.body = row_body(source);
    under_way.push_back(client.start(std::move(request)));
  }
  for (auto& one : under_way) EXPECT_EQ(one.get().status, 200);
  EXPECT_EQ(rows(source), 100u);
}

TEST_F(Server, ends_while_a_client_hangs) {
  control("POST", "/faults", R"({"faults":[{"fate":"hang"}]})");
  HttpClient::Request request;
  request.url = server->info().base_url + "/v1/users/me";
  request.headers = {"Authorization: Bearer " + server->info().integration_token, "Notion-Version: 2026-03-11"};
  auto hanging = client.start(std::move(request));
  while (find_array(control("GET", "/faults"), "faults")->size() != 0) std::this_thread::yield();
  server.reset();
  EXPECT_NE(hanging.get().outcome, HttpClient::Answer::Outcome::complete);
}

TEST(HttpServerTest, a_body_that_is_too_long_is_refused_after_it_was_read) {
  HttpServerOptions options;
  options.body_max = 1000;
  auto server = HttpServer::start(options, [](const HttpRequest& request) {
    return HttpResponse{
        200, "text/plain", request.method + " " + request.path + " " + std::to_string(request.body.size()), {}, false};
  });
  ASSERT_TRUE(server);
  HttpClient client{HttpClient::Options{}};
  const auto put = [&](std::size_t size) {
    HttpClient::Request request;
    request.method = "PUT";
    request.url = fmt::format("http://127.0.0.1:{}/a%2Fb?x=1", (*server)->port());
    request.body = std::string(size, 'x');
    return client.start(std::move(request)).get();
  };
  EXPECT_EQ(put(1000).body, "PUT /a%2Fb 1000");
  EXPECT_EQ(put(200'000).status, 413);
}

TEST(HttpServerTest, listens_on_loopback_only) {
  auto server = HttpServer::start({}, [](const HttpRequest&) { return HttpResponse{}; });
  ASSERT_TRUE(server);
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>((*server)->port()));
  inet_pton(AF_INET, "127.0.0.2", &address.sin_addr);  // this machine too, but not the address listened on
  EXPECT_NE(connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(probe);
}

TEST(HttpServerTest, says_why_it_cannot_start) {
  HttpServerOptions options;
  options.host = "not-an-address";
  const auto server = HttpServer::start(options, [](const HttpRequest&) { return HttpResponse{}; });
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().cause, Cause::usage);
  auto first = HttpServer::start({}, [](const HttpRequest&) { return HttpResponse{}; });
  options.host = "127.0.0.1";
  options.port = (*first)->port();
  EXPECT_FALSE(HttpServer::start(options, [](const HttpRequest&) { return HttpResponse{}; }));
}

}  // namespace
}  // namespace rowpage::sandbox
