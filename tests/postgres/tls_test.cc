// The rules of postgres/url.h against a server that really speaks TLS, with an authority made for the test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "postgres/connection.h"
#include "support/postgres.h"

namespace rowpage {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::Not;

/// A server whose certificate names "localhost", signed by `authority`; `stranger` is another authority.
class TlsServer {
 public:
  TlsServer() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rowpage-tls-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return;
    directory_ = pattern;
    std::ofstream(directory_ + "/names") << "subjectAltName=DNS:localhost\n";
    const std::string key = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";
    const bool made =
        openssl("req -x509" + key + "-keyout ca.key -out ca.crt -days 2 -subj '/CN=Authority'") &&
        openssl("req -x509" + key + "-keyout other.key -out other.crt -days 2 -subj '/CN=Stranger'") &&
        openssl("req" + key + "-keyout server.key -out server.csr -subj '/CN=localhost'") &&
        openssl(
            "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt");
    const auto user = unprivileged_user();
    if (!made || !user) return;
    chmod(directory_.c_str(), 0755);
    chmod((directory_ + "/server.key").c_str(), 0600);
    if (geteuid() == 0 && chown((directory_ + "/server.key").c_str(), user->uid, user->gid) != 0) return;
    auto started = PrivateCluster::start({.settings = {{"ssl", "on"},
                                                       {"ssl_cert_file", directory_ + "/server.crt"},
                                                       {"ssl_key_file", directory_ + "/server.key"}}});
    if (started) cluster_.emplace(std::move(*started));
  }
  ~TlsServer() {
    cluster_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  bool running() const { return cluster_.has_value(); }
  std::string file(const std::string& name) const { return directory_ + "/" + name; }
  /// The server under any name, always reached over loopback.
  std::string url(const std::string& host, const std::string& more) const {
    return "postgresql://postgres:" + cluster_->password() + "@" + host + ":" + std::to_string(cluster_->port()) +
           "/postgres?hostaddr=127.0.0.1&" + more;
  }

 private:
  bool openssl(const std::string& words) const {
    return std::system(("cd " + directory_ + " && openssl " + words + " >openssl.log 2>&1").c_str()) == 0;
  }
  std::string directory_;
  std::optional<PrivateCluster> cluster_;
};

class TlsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!find_postgres_binaries().empty() && std::system("openssl version >/dev/null 2>&1") == 0)
      server = new TlsServer;
  }
  static void TearDownTestSuite() {
    delete server;
    server = nullptr;
  }
  void SetUp() override {
    if (server == nullptr) GTEST_SKIP() << "PostgreSQL or openssl is not installed";
    ASSERT_TRUE(server->running());
  }
  static Result<Answer> ask(const std::string& url) {
    ConnectedDatabase database({.url = url});
    return database.read("select ssl from pg_catalog.pg_stat_ssl where pid = pg_backend_pid()", {}, "testing");
  }
  static void expect_refused(const std::string& url, const std::string& what, const std::string& hint) {
    const auto answer = ask(url);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().cause, Cause::usage) << answer.error().what;
    EXPECT_EQ(answer.error().effect, Effect::none);
    EXPECT_THAT(answer.error().what, HasSubstr(what));
    EXPECT_THAT(answer.error().hint, HasSubstr(hint));
  }
  static TlsServer* server;
};
TlsServer* TlsTest::server = nullptr;

TEST_F(TlsTest, a_server_that_proves_its_name_is_accepted_and_the_line_is_encrypted) {
  const auto answer = ask(server->url("localhost", "sslmode=verify-full&sslrootcert=" + server->file("ca.crt")));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_TRUE(answer->flag(0, 0));
}

TEST_F(TlsTest, a_certificate_for_another_name_is_refused_and_the_hint_says_to_use_its_own) {
  expect_refused(server->url("db.example.test", "sslmode=verify-full&sslrootcert=" + server->file("ca.crt")),
                 "db.example.test", "use the host name it was issued for");
}

TEST_F(TlsTest, an_unknown_authority_is_refused_and_the_hint_names_sslrootcert) {
  for (const char* mode : {"verify-full", "verify-ca"}) {
    expect_refused(
        server->url("localhost", std::string("sslmode=") + mode + "&sslrootcert=" + server->file("other.crt")),
        "certificate verify failed", "sslrootcert=FILE");
  }
}

TEST_F(TlsTest, a_missing_certificate_file_is_named_as_such) {
  expect_refused(server->url("localhost", "sslmode=verify-full&sslrootcert=" + server->file("absent.crt")),
                 "absent.crt", "must name a readable file");
}

TEST_F(TlsTest, require_encrypts_without_verifying_and_only_because_the_url_says_so) {
  const auto answer = ask(server->url("db.example.test", "sslmode=require"));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_TRUE(answer->flag(0, 0));
  const auto mode = [](const std::string& url) {
    const auto plan = plan_connection(url);
    if (!plan) return std::string("refused");
    for (const auto& [key, value] : plan->parameters) {
      if (key == "sslmode") return value;
    }
    return std::string();
  };
  EXPECT_EQ(mode("postgresql://u:p@db.example.test/x"), "verify-full");
  EXPECT_EQ(mode("postgresql://u:p@db.example.test/x?sslmode=require"), "require");
  EXPECT_EQ(mode("postgresql://u:p@db.example.test/x?sslmode=disable"), "refused");
}

TEST_F(TlsTest, a_server_without_encryption_is_refused_where_it_was_asked_for) {
  const std::string plain = cluster()->url() + "?sslmode=require";
  expect_refused(plain, "does not support SSL", "ssl = on");
}

}  // namespace
}  // namespace rowpage
