// The Data API: keys, the text of rows, failures, and the store's work over it, before a real PostgreSQL.
#include "postgres/data_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/digest.h"
#include "postgres/api_key.h"
#include "postgres/migrations.h"
#include "postgres/record_text.h"
#include "postgres/setup.h"
#include "postgres/sql_text.h"
#include "postgres/standing.h"
#include "postgres/store.h"
#include "support/data_api.h"
#include "support/postgres.h"

namespace rowpage {
namespace {

using testing::cell;
using testing::DataApi;
using testing::fresh_database;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::sql;

// --- keys

TEST(ApiKey, is_told_by_its_form) {
  EXPECT_EQ(kind_of_key(DataApi::secret_key), ApiKeyKind::secret);
  EXPECT_EQ(kind_of_key(DataApi::publishable_key), ApiKeyKind::publishable);
  EXPECT_EQ(kind_of_key(DataApi::service_token()), ApiKeyKind::service_token);
  EXPECT_EQ(kind_of_key(DataApi::anon_token()), ApiKeyKind::anon_token);
  for (const char* text : {"", "secret", "eyJ", "eyJhbGciOiJIUzI1NiJ9.e30.", "eyJ.!!!.x", "eyJ..", "sbp_123"})
    EXPECT_EQ(kind_of_key(text), ApiKeyKind::unknown) << text;
}

TEST(ApiKey, travels_in_the_headers_its_generation_wants) {
  EXPECT_EQ(*key_headers(DataApi::secret_key, "KEY"),
            std::vector<std::string>{"apikey: " + std::string(DataApi::secret_key)});
  EXPECT_EQ(key_headers(DataApi::service_token(), "KEY")->size(), 2U);
}

TEST(ApiKey, that_opens_nothing_is_refused_without_being_shown) {
  for (const std::string& key : {std::string(DataApi::publishable_key), DataApi::anon_token(), std::string("nonsense"),
                                 std::string("sb_secret_a b")}) {
    const auto headers = key_headers(key, "SUPABASE_SERVICE_ROLE_KEY");
    ASSERT_FALSE(headers) << key;
    EXPECT_EQ(headers.error().cause, Cause::usage);
    EXPECT_THAT(headers.error().what, HasSubstr("SUPABASE_SERVICE_ROLE_KEY"));
    EXPECT_THAT(headers.error().what + headers.error().hint, Not(HasSubstr(key)));
  }
}

// --- the text of rows

TEST(RecordText, is_taken_apart) {
  using Fields = std::vector<std::optional<std::string>>;
  EXPECT_EQ(*parse_record(R"((1,"a ""b"", \\c",,"",t))"), (Fields{"1", R"(a "b", \c)", std::nullopt, "", "t"}));
  EXPECT_EQ(*parse_record("()"), Fields{std::nullopt});
  for (const char* text : {"", "(", "1,2", "(\"a)", "(a\\)"}) EXPECT_FALSE(parse_record(text)) << text;
}

RC_GTEST_PROP(RecordText, any_text_is_read_as_it_was_written, (const std::vector<std::string>& texts)) {
  std::string line;
  for (const auto& text : texts) {
    line += line.empty() ? "(\"" : ",\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') line += c;
      line += c;
    }
    line += '"';
  }
  RC_PRE(!texts.empty());
  const auto fields = parse_record(line + ")");
  RC_ASSERT(fields.has_value());
  RC_ASSERT(fields->size() == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) RC_ASSERT((*fields)[i] == texts[i]);
}

// --- failures

TEST(DataApiFailure, of_a_gateway_leaves_a_write_unknown_and_a_reading_not) {
  for (const int status : {502, 503, 504, 520, 522, 524, 544}) {
    const auto write = data_api_failure(status, "<html>gateway</html>", true, "storing");
    EXPECT_EQ(write.error.effect, Effect::unknown) << status;
    EXPECT_TRUE(write.again) << status;
    EXPECT_EQ(data_api_failure(status, "", false, "reading").error.effect, Effect::none) << status;
  }
}

TEST(DataApiFailure, of_postgrests_own_line_leaves_a_write_unknown) {
  for (const char* code : {"PGRST001", "08006", "57P01"}) {
    const std::string body = R"({"code":")" + std::string(code) + R"(","message":"lost"})";
    EXPECT_EQ(data_api_failure(503, body, true, "storing").error.effect, Effect::unknown) << code;
    EXPECT_TRUE(data_api_failure(503, body, true, "storing").again) << code;
    EXPECT_EQ(data_api_failure(503, body, false, "reading").error.effect, Effect::none) << code;
  }
  EXPECT_EQ(data_api_failure(503, R"({"code":"PGRST000","message":"no line"})", true, "storing").error.effect,
            Effect::none);
}

TEST(DataApiFailure, names_what_a_person_can_do) {
  struct Case {
    int status;
    const char* body;
    Scope scope;
    Cause cause;
    bool again;
    const char* says;
  };
  const Case cases[] = {
      {540, "", Scope::workspace, Cause::unavailable, false, "paused"},
      {401, R"({"message":"Invalid API key"})", Scope::workspace, Cause::unauthorised, false, "Invalid API key"},
      {401, R"({"code":"PGRST301","message":"JWT expired"})", Scope::workspace, Cause::unauthorised, false,
       "JWT expired"},
      {404, R"({"code":"PGRST202","message":"Could not find the function"})", Scope::workspace, Cause::schema_drift,
       true, "Could not find"},
      {404, "<html></html>", Scope::workspace, Cause::usage, false, "no Data API"},
      {413, "", Scope::record, Cause::unavailable, false, "too large"},
      {500, R"({"code":"57014","message":"canceling statement due to statement timeout"})", Scope::record,
       Cause::unavailable, false, "57014"},
      {400, R"({"code":"23502","message":"null value"})", Scope::record, Cause::constraint, false, "23502"},
      {409, R"({"code":"PT409","message":"the lease is lost"})", Scope::workspace, Cause::lease_lost, false, "lease"},
      {503, R"({"code":"PGRST002","message":"no cache"})", Scope::workspace, Cause::unavailable, true, "no cache"},
      {403, R"({"code":"42501","message":"permission denied for table task"})", Scope::pair, Cause::forbidden, false,
       "permission denied"},
  };
  for (const auto& one : cases) {
    const auto failure = data_api_failure(one.status, one.body, true, "storing records");
    EXPECT_EQ(failure.error.scope, one.scope) << one.status << one.body;
    EXPECT_EQ(failure.error.cause, one.cause) << one.status << one.body;
    EXPECT_EQ(failure.again, one.again) << one.status << one.body;
    EXPECT_THAT(failure.error.what, HasSubstr(one.says));
    EXPECT_THAT(failure.error.what, HasSubstr("storing records"));
  }
  EXPECT_THAT(
      data_api_failure(403, R"({"code":"42501","message":"permission denied for table task"})", true, "x").error.hint,
      HasSubstr("GRANT SELECT, INSERT, UPDATE, DELETE ON table \"task\" TO \"service_role\""));
}

TEST(UnguardedWrite, is_told_from_locks_upserts_and_writes_with_where) {
  for (const char* source :
       {"delete from public.kept; x", "begin DELETE\n FROM kept; end", "update kept set a = 1; select 1 where true",
        "update public.kept k set a = 1", "execute 'delete from ' || place || ' x'"}) {
    EXPECT_NE(testing::unguarded_write(source), "") << source;
  }
  for (const char* source :
       {"delete from kept where true", "delete from kept k using t where k.id = t.id;",
        "update kept set a = 1 where true", "insert into kept values (1) on conflict (id) do update set a = 1",
        "select 1 from kept for update of kept;", "-- delete from kept;\nselect 1", "select 'an update of rows'"}) {
    EXPECT_EQ(testing::unguarded_write(source), "") << source;
  }
}

// --- over the stand-in

class DataApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ROWPAGE_NEEDS_POSTGRES();
    url = fresh_database();
    api = std::make_unique<DataApi>(url);
    ConnectedDatabase owner({.url = url});
    const auto migrated = migrate(owner);
    ASSERT_TRUE(migrated) << migrated.error().what;
    open(DataApi::secret_key);
  }
  void open(const std::string& key, int attempts = 4) {
    auto made = DataApiDatabase::make(http, {.url = api->base_url(), .key = key, .attempts = attempts});
    ASSERT_TRUE(made) << made.error().what;
    database = std::move(*made);
  }
  Result<std::string> take_permits(const std::string& bot) {
    return database->call("take_permits", R"({"bot":")" + bot + R"(","limit":180,"want":5})", "asking for permits");
  }

  std::string url;
  std::unique_ptr<DataApi> api;
  HttpClient http{HttpClient::Options{}};
  std::unique_ptr<DataApiDatabase> database;
};

TEST_F(DataApiTest, reading_gives_the_same_texts_as_a_connection) {
  ConnectedDatabase direct({.url = url});
  const Statement statements[] = {
      {"select 1, 'a \"quoted\", text', null::text, '', true, 1.10::numeric, '2026-11-20 "
       "08:00:00.123456+01'::timestamptz, "
       "array['x', null, 'y,z'], '{\"k\": [1, 2]}'::jsonb, 'E'::text || chr(92) || chr(10), interval '1 day 2 hours', "
       "0.1::float8, '\\xdead'::bytea, date '2026-02-03'",
       {}},
      {"select g from generate_series(1, 2500) g order by g", {}},
      {"select $1::text || $2", {"it's", "\\'"}},
      {"select 1 where false", {}}};
  const auto over_api = database->read(statements, "reading");
  const auto over_line = direct.read(statements, "reading");
  ASSERT_TRUE(over_api) << over_api.error().what;
  ASSERT_TRUE(over_line) << over_line.error().what;
  for (std::size_t n = 0; n < std::size(statements); ++n) {
    const Answer &one = (*over_api)[n], &other = (*over_line)[n];
    ASSERT_EQ(one.rows(), other.rows()) << n;
    for (int row = 0; row < one.rows(); ++row) {
      ASSERT_EQ(one.columns(), other.columns());
      for (int column = 0; column < one.columns(); ++column)
        EXPECT_EQ(one.cell(row, column), other.cell(row, column)) << n << ": " << row << ", " << column;
    }
  }
}

TEST_F(DataApiTest, reading_cannot_write) {
  sql(url,
      "create table public.kept (id int); insert into public.kept values (1); grant all on public.kept to "
      "service_role");
  for (const char* statement :
       {"delete from public.kept where true returning id", "select 1) x; delete from public.kept where true; select (1",
        "select set_config('x.y', 'z', false) from (insert into public.kept values (2) returning 1) x"}) {
    EXPECT_FALSE(database->read(statement, {}, "trying")) << statement;
  }
  EXPECT_EQ(cell(url, "select count(*) from public.kept"), "1");
}

TEST_F(DataApiTest, sees_no_more_than_service_role_may) {
  sql(url, "create schema hidden; create table hidden.secrets (id int)");
  const auto answer = database->read("select * from hidden.secrets", {}, "looking");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().cause, Cause::forbidden);
}

TEST_F(DataApiTest, serves_the_older_key_and_no_other) {
  open(DataApi::service_token());
  EXPECT_TRUE(database->read("select 1", {}, "asking"));
  EXPECT_FALSE(DataApiDatabase::make(http, {.url = api->base_url(), .key = DataApi::anon_token()}));
  open("sb_secret_of_another_project");
  const auto refused = database->read("select 1", {}, "asking");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Cause::unauthorised);
  EXPECT_THAT(refused.error().what + refused.error().hint, Not(HasSubstr("sb_secret_of_another_project")));
  EXPECT_EQ(api->stats().calls["rowpage_read"], 2) << "a refused key is tried once";
  for (const auto& header : api->stats().authorization)
    EXPECT_THAT(header, Not(HasSubstr("sb_secret"))) << "a new key is no bearer token";
}

TEST_F(DataApiTest, an_address_that_would_send_the_key_in_the_clear_is_refused) {
  const auto made = DataApiDatabase::make(http, {.url = "http://project.supabase.co", .key = DataApi::secret_key});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().cause, Cause::usage);
  EXPECT_THAT(made.error().what, HasSubstr("SUPABASE_URL"));
}

TEST_F(DataApiTest, entry_points_are_closed_to_everybody_else) {
  for (const char* role : {"anon", "authenticated"}) {
    for (const char* function : {"public.rowpage_call(jsonb)", "public.rowpage_read(jsonb)"}) {
      EXPECT_EQ(cell(url, "select has_function_privilege('" + std::string(role) + "', '" + function + "', 'execute')"),
                "f")
          << role << " may call " << function;
    }
  }
  EXPECT_EQ(cell(url, "select has_function_privilege('service_role', 'public.rowpage_call(jsonb)', 'execute')"), "t");
  // Dropped and made again by hand, they would be open to everybody; the next setup closes them.
  sql(url,
      "drop function public.rowpage_read(jsonb); create function public.rowpage_read(request jsonb) returns jsonb "
      "language sql as 'select request'; select rowpage.expose()");
  EXPECT_EQ(cell(url, "select has_function_privilege('anon', 'public.rowpage_read(jsonb)', 'execute')"), "f");
}

TEST_F(DataApiTest, what_somebody_changed_about_the_entry_points_is_named_and_mended) {
  ConnectedDatabase owner({.url = url});
  struct Change {
    const char* statement;
    const char* named;
  };
  const Change changes[] = {
      {"grant execute on function public.rowpage_call(jsonb) to anon", "anon may call public.rowpage_call"},
      {"grant execute on function public.rowpage_read(jsonb) to public", "everybody may call public.rowpage_read"},
      {"revoke execute on function public.rowpage_read(jsonb) from service_role", "service_role may not call"},
      {"alter function public.rowpage_call(jsonb) security definer", "runs with its owner's privileges"},
      {"alter function public.rowpage_call(jsonb) reset search_path", "no fixed search_path"},
      {"alter function public.rowpage_read(jsonb) volatile", "made by somebody else"},
      {"drop function public.rowpage_read(jsonb)", "public.rowpage_read is missing"},
      {"grant usage on schema rowpage to authenticated", "authenticated may use the schema rowpage"},
      {"revoke all on all functions in schema rowpage from service_role", "service_role may not use the schema"},
  };
  for (const auto& [statement, named] : changes) {
    sql(url, statement);
    auto standing = read_standing(owner);
    ASSERT_TRUE(standing) << standing.error().what;
    ASSERT_EQ(standing->exposure_faults.size(), 1U) << statement;
    EXPECT_THAT(standing->exposure_faults.front(), HasSubstr(named));
    auto plan = plan_setups(owner, {});
    ASSERT_TRUE(plan) << plan.error().what;
    ASSERT_EQ(plan->steps.size(), 1U) << statement;
    EXPECT_THAT(plan->steps.front().why, HasSubstr(named));
    ASSERT_TRUE(apply_setups(owner, {}));
    standing = read_standing(*database);
    ASSERT_TRUE(standing) << standing.error().what;
    EXPECT_TRUE(standing->exposure_faults.empty()) << statement;
  }
}

TEST_F(DataApiTest, a_database_that_became_another_project_keeps_no_pairs_identity) {
  sql(url,
      "insert into rowpage.pair (workspace, model, data_source, table_schema, table_name, key_column, "
      "database_identity) values ('w', 'M', 'ds', 'public', 't', 'id', rowpage.database_identity())");
  const std::string same = "select database_identity = rowpage.database_identity() from rowpage.pair";
  ASSERT_TRUE(note_project(*database, "aaaaaaaaaaaaaaaaaaaa"));
  EXPECT_EQ(cell(url, same), "t") << "that the project is known now makes no other database of it";
  ASSERT_TRUE(note_project(*database, "aaaaaaaaaaaaaaaaaaaa"));
  EXPECT_EQ(cell(url, same), "t");
  EXPECT_EQ(read_standing(*database)->project, "aaaaaaaaaaaaaaaaaaaa");
  ASSERT_TRUE(note_project(*database, "bbbbbbbbbbbbbbbbbbbb"));
  EXPECT_EQ(cell(url, same), "f") << "a backup restored into another project";
}

TEST_F(DataApiTest, only_known_functions_are_called) {
  const auto answer = database->call("secure", "{}", "trying");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().what, HasSubstr("knows no function"));
}

TEST_F(DataApiTest, a_lost_answer_is_settled_by_asking_again) {
  api->trouble = [](const std::string&, int number) -> std::optional<DataApi::Trouble> {
    if (number > 1) return std::nullopt;
    return DataApi::Trouble{.status = 504, .after = true};
  };
  const auto lease = database->call("acquire", R"({"workspace":"w","holder":"h","ttl_ms":60000})", "taking the lease");
  ASSERT_TRUE(lease) << lease.error().what;
  EXPECT_EQ(api->stats().calls["rowpage_call"], 2);
  EXPECT_EQ(find(*parse_json(*lease), "busy"), nullptr) << "the same holder has it already";
}

TEST_F(DataApiTest, what_stays_without_an_answer_is_unknown) {
  for (const int status : {0, 504, 520}) {
    api->trouble = [status](const std::string&, int) { return DataApi::Trouble{.status = status, .after = true}; };
    open(DataApi::secret_key, 2);
    const auto answer = take_permits("b");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().effect, Effect::unknown) << status;
    EXPECT_EQ(answer.error().cause, Cause::unavailable) << status;
  }
}

TEST_F(DataApiTest, a_stale_schema_cache_is_waited_for) {
  EXPECT_TRUE(database->read("select 1", {}, "asking"));
  sql(url, "drop function public.rowpage_read(jsonb)");
  EXPECT_FALSE(database->read("select 1", {}, "asking"));
  sql(url, "select rowpage.expose()");  // tells PostgREST
  EXPECT_TRUE(database->read("select 1", {}, "asking"));
}

TEST_F(DataApiTest, never_ends_in_a_serialization_failure) {
  EXPECT_TRUE(take_permits("b"));
  EXPECT_EQ(api->stats().serialization_retries, 0);
  for (const auto text : function_texts()) EXPECT_THAT(std::string(text), Not(HasSubstr("40001")));
}

TEST_F(DataApiTest, time_limits_are_the_functions_own) {
  const auto limit =
      database->read("select current_setting('statement_timeout'), current_setting('lock_timeout')", {}, "asking");
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->text(0, 0), "25s");
  EXPECT_EQ(limit->text(0, 1), "4s");
}

TEST_F(DataApiTest, statements_are_refused_with_the_way_out) {
  const auto done = database->write<int>([](Unit&) -> Result<int> { return 1; });
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().hint, HasSubstr("SUPABASE_DB_URL"));
  EXPECT_THAT(done.error().hint, HasSubstr("--print"));
}

}  // namespace
}  // namespace rowpage
