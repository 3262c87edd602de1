// Supabase's official client for JavaScript against the stand-in for its Data API (supabase-js/calls.mjs holds the
// claims): what Rowpage is tested against must be what the real service's own client takes for it.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "postgres/connection.h"
#include "postgres/migrations.h"
#include "support/data_api.h"
#include "support/postgres.h"

namespace rowpage::test {
namespace {

namespace fs = std::filesystem;
using testing::DataApi;

TEST(SupabaseJs, finds_in_the_stand_in_what_it_expects_of_the_service) {
  ROWPAGE_NEEDS_POSTGRES();
  const auto folder = fs::path(ROWPAGE_SOURCE_DIR) / "tests/cli/supabase-js";
  if (std::system("node --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "node is not installed";
  if (!fs::exists(folder / "node_modules/@supabase/supabase-js"))
    GTEST_SKIP() << "@supabase/supabase-js is not installed: npm ci --prefix tests/cli/supabase-js (needs the network)";
  const std::string url = testing::fresh_database();
  DataApi api(url);
  ConnectedDatabase owner({.url = url});
  ASSERT_TRUE(migrate(owner));
  testing::sql(url,
               "create table public.kept (id int); insert into public.kept values (1); grant all on public.kept to "
               "service_role;"
               "create function public.many_rows() returns setof int language sql stable as 'select "
               "generate_series(1, 1500)';"
               "create function public.write_kept() returns void language sql as 'insert into public.kept values (2)';"
               "create function public.empty_kept() returns void language plpgsql as 'begin delete from public.kept; "
               "end'");
  const std::string command = "SUPABASE_URL=" + api.base_url() + " SECRET_KEY=" + DataApi::secret_key +
                              " SERVICE_TOKEN=" + DataApi::service_token() +
                              " PUBLISHABLE_KEY=" + DataApi::publishable_key + " node '" +
                              (folder / "calls.mjs").string() + "' 2>&1";
  std::string out;
  auto* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    out.append(buffer.data(), got);
  EXPECT_EQ(::pclose(pipe), 0) << out;
  EXPECT_NE(out.find("supabase-js: "), std::string::npos) << out;
  EXPECT_EQ(testing::cell(url, "select count(*) from public.kept"), "1");
}

}  // namespace
}  // namespace rowpage::test
