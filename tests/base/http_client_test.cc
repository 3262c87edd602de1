#include "base/http_client.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <vector>

#include <gtest/gtest.h>

#include "base/raw_server.h"

namespace rowpage {
namespace {

using Answer = HttpClient::Answer;

HttpClient::Request post(const std::string& url) {
  return {.method = "POST", .url = url, .headers = {}, .body = "{}"};
}

// Lets the server's thread wait until the test is done with the request.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

TEST(HttpClient, brings_status_headers_and_body) {
  std::string asked;
  RawServer server([&](Connection& connection, int) {
    asked = connection.read_request();
    connection.answer(R"({"a":1})", "404 Not Found", "Retry-After: 7\r\nX-Notion-Request-Id: r1\r\n");
  });
  HttpClient http({});
  HttpClient::Request request = post(server.url("/v1/pages"));
  request.method = "PATCH";
  request.headers = {"Authorization: Bearer abc"};
  const Answer answer = http.start(request).get();
  EXPECT_EQ(answer.outcome, Answer::Outcome::complete);
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, R"({"a":1})");
  EXPECT_EQ(answer.header("retry-after"), "7");
  EXPECT_EQ(answer.header("x-notion-request-id"), "r1");
  EXPECT_TRUE(asked.starts_with("PATCH /v1/pages HTTP/1.1\r\n")) << asked;
  EXPECT_NE(asked.find("User-Agent: rowpage/" + std::string(program_version())), std::string::npos);
  EXPECT_NE(asked.find("Authorization: Bearer abc"), std::string::npos);
}

// libcurl by itself sends the second POST twice here and reports one clean 200.
TEST(HttpClient, never_sends_a_write_twice_when_a_kept_connection_breaks) {
  std::atomic<int> posts = 0;
  RawServer server([&](Connection& connection, int) {
    if (connection.read_request().empty()) return;
    ++posts;
    connection.answer("{}");
    if (!connection.read_request().empty()) ++posts;  // the second request arrives, and its connection dies unanswered
  });
  HttpClient http({});
  EXPECT_EQ(http.start(post(server.url("/1"))).get().status, 200);
  const Answer answer = http.start(post(server.url("/2"))).get();
  EXPECT_EQ(answer.outcome, Answer::Outcome::lost);
  EXPECT_EQ(posts, 2);
}

TEST(HttpClient, sends_a_read_again_when_a_kept_connection_breaks) {
  std::atomic<int> gets = 0;
  RawServer server([&](Connection& connection, int number) {
    for (int i = 0; i < 2; ++i) {
      if (connection.read_request().empty()) return;
      ++gets;
      if (number == 0 && i == 1) return;
      connection.answer("{}");
    }
  });
  HttpClient http({});
  const HttpClient::Request get{.method = "GET", .url = server.url(), .headers = {}, .body = {}, .repeatable = true};
  EXPECT_EQ(http.start(get).get().status, 200);
  EXPECT_EQ(http.start(get).get().status, 200);
  EXPECT_EQ(gets, 3);
}

TEST(HttpClient, says_not_sent_when_nobody_listens) {
  std::string url;
  {
    RawServer gone([](Connection&, int) {});
    url = gone.url();
  }
  HttpClient http({});
  const Answer answer = http.start(post(url)).get();
  EXPECT_EQ(answer.outcome, Answer::Outcome::not_sent);
  EXPECT_NE(answer.why, "");
}

TEST(HttpClient, says_lost_when_the_answer_takes_too_long) {
  Gate done;
  RawServer server([&](Connection& connection, int) {
    connection.read_request();
    done.wait();
  });
  HttpClient::Options options;
  options.total_ms = 200;
  HttpClient http(options);
  const Answer answer = http.start(post(server.url())).get();
  EXPECT_EQ(answer.outcome, Answer::Outcome::lost);
  EXPECT_EQ(answer.stop, Answer::Stop::none);
  done.open();
}

TEST(HttpClient, says_cut_when_the_body_does_not_arrive_whole) {
  RawServer server([&](Connection& connection, int) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":");
  });
  HttpClient http({});
  const Answer answer = http.start(post(server.url())).get();
  EXPECT_EQ(answer.outcome, Answer::Outcome::cut);
  EXPECT_EQ(answer.status, 200);
}

TEST(HttpClient, stops_reading_an_endless_answer) {
  RawServer server([&](Connection& connection, int) {
    connection.read_request();
    connection.answer(std::string(1 << 20, 'x'));
  });
  HttpClient::Options options;
  options.answer_max = 1000;
  HttpClient http(options);
  const Answer answer = http.start(post(server.url())).get();
  EXPECT_EQ(answer.outcome, Answer::Outcome::cut);
  EXPECT_LE(answer.body.size(), 1000U);
  EXPECT_NE(answer.why.find("1000"), std::string::npos);
}

TEST(HttpClient, survives_an_answer_that_is_no_http) {
  RawServer server([&](Connection& connection, int) {
    connection.read_request();
    connection.write(std::string("\0\1\2 nonsense\r\n\r\n", 17));
  });
  HttpClient http({});
  const Answer answer = http.start(post(server.url())).get();
  EXPECT_NE(answer.outcome, Answer::Outcome::complete);
  EXPECT_NE(answer.outcome, Answer::Outcome::not_sent);
}

TEST(HttpClient, follows_no_redirect) {
  std::atomic<int> requests = 0;
  RawServer server([&](Connection& connection, int) {
    while (!connection.read_request().empty()) {
      ++requests;
      connection.answer("{}", "307 Temporary Redirect", "Location: /elsewhere\r\n");
    }
  });
  {
    HttpClient http({});
    EXPECT_EQ(http.start(post(server.url())).get().status, 307);
  }
  EXPECT_EQ(requests, 1);
}

TEST(HttpClient, sends_nothing_that_is_no_longer_wanted) {
  std::atomic<int> requests = 0;
  RawServer server([&](Connection& connection, int) {
    if (!connection.read_request().empty()) ++requests;
  });
  {
    HttpClient http({});
    HttpClient::Request request = post(server.url());
    request.still_wanted = [] { return false; };
    const Answer answer = http.start(request).get();
    EXPECT_EQ(answer.outcome, Answer::Outcome::not_sent);
    EXPECT_EQ(answer.stop, Answer::Stop::unwanted);
  }
  EXPECT_EQ(requests, 0);
}

TEST(HttpClient, an_interrupt_ends_reads_at_once_and_lets_writes_finish) {
  Gate asked, go_on;
  RawServer server([&](Connection& connection, int) {
    connection.read_request();
    asked.open();
    go_on.wait();
    connection.answer("{}");
  });
  std::atomic<bool> interrupted = false;
  HttpClient::Options options;
  options.interrupted = [&] { return interrupted.load(); };
  options.grace_ms = 60'000;
  HttpClient http(options);
  auto write = http.start(post(server.url()));
  asked.wait();
  HttpClient::Request get{.method = "GET", .url = server.url(), .headers = {}, .body = {}, .repeatable = true};
  auto read = http.start(get);  // waits behind the write: the server serves one connection at a time
  interrupted = true;
  const Answer stopped = read.get();
  EXPECT_EQ(stopped.stop, Answer::Stop::interrupted);
  go_on.open();
  EXPECT_EQ(write.get().status, 200);
  EXPECT_EQ(http.start(post(server.url())).get().outcome, Answer::Outcome::not_sent);
}

TEST(HttpClient, ending_the_client_ends_what_is_under_way) {
  Gate asked, done;
  RawServer server([&](Connection& connection, int) {
    connection.read_request();
    asked.open();
    done.wait();
  });
  std::future<Answer> future;
  {
    HttpClient http({});
    future = http.start(post(server.url()));
    asked.wait();
  }
  EXPECT_EQ(future.get().outcome, Answer::Outcome::lost);
  done.open();
}

TEST(HttpClient, reaches_this_machine_past_any_proxy) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  RawServer server([&](Connection& connection, int) {
    connection.read_request();
    connection.answer("{}");
  });
  HttpClient http({});
  EXPECT_EQ(http.start(post(server.url())).get().status, 200);
  ::unsetenv("http_proxy");
}

TEST(HttpClient, many_requests_share_few_connections) {
  HttpClient::Options options;
  options.connections = 1;
  RawServer server([&](Connection& connection, int) {
    while (!connection.read_request().empty()) connection.answer("{}");
  });
  {
    HttpClient http(options);
    std::vector<std::future<Answer>> window;
    for (int i = 0; i < 50; ++i) window.push_back(http.start(post(server.url("/" + std::to_string(i)))));
    for (auto& future : window) EXPECT_EQ(future.get().status, 200);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, the_token_travels_encrypted_or_stays_on_this_machine) {
  EXPECT_TRUE(check_base_url("https://api.notion.com", "NOTION_BASE_URL"));
  EXPECT_TRUE(check_base_url("http://localhost:8080", "NOTION_BASE_URL"));
  EXPECT_TRUE(check_base_url("http://127.0.0.1:1/v1", "NOTION_BASE_URL"));
  EXPECT_TRUE(check_base_url("http://[::1]:8080", "NOTION_BASE_URL"));
  for (const auto* bad :
       {"http://api.notion.com", "http://localhost.example.com", "http://127.0.0.1@example.com", "ftp://localhost",
        "file:///etc/passwd", "api.notion.com:443", "", "https://user:pass@example.com", "https://"}) {
    const Status status = check_base_url(bad, "NOTION_BASE_URL");
    ASSERT_FALSE(status) << bad;
    EXPECT_EQ(status.error().cause, Cause::usage) << bad;
    EXPECT_NE(status.error().what.find("NOTION_BASE_URL"), std::string::npos);
  }
}

TEST(HttpClient, reads_the_date_of_an_answer) {
  EXPECT_EQ(http_date("Fri, 20 Nov 2026 11:24:08 GMT"), 1'795'173'848'000);
  EXPECT_EQ(http_date("yesterday-ish"), 0);
  EXPECT_EQ(http_date("1 Jan 999999999"), 0);
  EXPECT_EQ(http_date(""), 0);
}

}  // namespace
}  // namespace rowpage
