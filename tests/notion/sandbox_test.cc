// The whole way a request of the program takes: client, curl, HTTP, and the stand-in behind a real server.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "notion/client.h"
#include "notion/curl_transport.h"
#include "notion/setup.h"
#include "sandbox/server.h"

namespace rowpage {
namespace {

class SystemClock : public Clock {
 public:
  Millis now() override { return since<std::chrono::system_clock>(); }
  Millis monotonic() override { return since<std::chrono::steady_clock>(); }
  bool sleep(Millis ms) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    return true;
  }
  bool interrupted() override { return false; }

 private:
  template <class Source>
  static Millis since() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Source::now().time_since_epoch()).count();
  }
};

TEST(OverHttp, pages_go_out_and_come_back) {
  sandbox::SandboxOptions options;
  options.habits.index_delay_ms = 0;
  auto server = sandbox::SandboxServer::start(options);
  ASSERT_TRUE(server) << server.error().what;
  SystemClock clock;
  HttpClient http({});
  std::vector<std::string> traced;
  auto transport = CurlTransport::make(http, clock,
                                       {(*server)->info().base_url, (*server)->info().integration_token,
                                        [&](const Exchange& e) { traced.emplace_back(e.path); }});
  ASSERT_TRUE(transport) << transport.error().what;
  Budget budget(clock, {});
  NotionClient::Options settings;
  settings.caller.first_wait_ms = 1;
  NotionClient client(**transport, clock, budget, settings);
  const auto bot = client.me();
  ASSERT_TRUE(bot) << bot.error().what;

  Pair pair;
  pair.model = "Bean";
  pair.fields.resize(1);
  pair.fields[0].property = "Name";
  pair.fields[0].property_id = "title";
  pair.fields[0].type = FieldType::title;
  const auto made = make_database(client.caller(), (*server)->info().root_page, "Beans", wanted_properties(pair));
  ASSERT_TRUE(made) << made.error().what;
  pair.data_source = made->schema.data_source;
  for (const auto& property : made->schema.properties) {
    if (property.name == "Rowpage") pair.nonce_id = property.id;
  }
  ASSERT_FALSE(pair.nonce_id.empty());
  pair.nonce_type = "rich_text";

  std::vector<PageRequest> requests;
  for (int i = 0; i < 20; ++i) {
    PageRequest create;
    create.kind = PageRequest::Kind::create;
    create.set = {{0, "Lot „" + std::to_string(i) + "“ 🫘"}};
    create.nonce = "n-" + std::to_string(i);
    requests.push_back(std::move(create));
  }
  for (const auto& page : client.perform(pair, requests)) ASSERT_TRUE(page) << page.error().what;
  const auto list = client.list(pair, {.by = ListQuery::By::created});
  ASSERT_TRUE(list) << list.error().what;
  EXPECT_EQ(list->pages.size(), 20U);
  EXPECT_NEAR(static_cast<double>(list->server_ms), static_cast<double>(clock.now()), 5'000.0);
  EXPECT_EQ(client.list(pair, {.nonce = "n-7"})->pages.front().values.front(), Value(std::string("Lot „7“ 🫘")));
  EXPECT_EQ(traced.size(), client.requests_sent());
}

}  // namespace
}  // namespace rowpage
