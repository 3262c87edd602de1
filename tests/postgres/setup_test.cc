#include "postgres/setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <semaphore>
#include <thread>

#include "postgres/introspect.h"
#include "postgres/migrations.h"
#include "postgres/store.h"
#include "postgres/table.h"
#include "support/decision_vault.h"
#include "support/postgres.h"

namespace rowpage {
namespace {

using namespace testing;
using ::testing::HasSubstr;

TableSpec decision_vault_spec() {
  TableSpec spec{.name = "decision_vault"};
  spec.columns = {{.name = "id", .type = "uuid", .otherwise = "gen_random_uuid()"},
                  {.name = "created_at", .type = "timestamptz", .otherwise = "now()"},
                  {.name = "updated_at", .type = "timestamptz", .otherwise = "now()"},
                  {.name = "decision", .type = "text", .not_null = true},
                  {.name = "type", .type = "text", .not_null = true},
                  {.name = "date", .type = "date", .not_null = true},
                  {.name = "notion_page_id", .type = "text", .unique = true},
                  {.name = "notion_synced", .type = "boolean", .otherwise = "false"},
                  {.name = "checksum", .type = "text"},
                  {.name = "deleted_at", .type = "timestamptz"}};
  for (const char* column :
       {"notion_page_id", "checksum", "notion_synced", "type", "date", "created_at", "updated_at"}) {
    spec.indexes.push_back({.columns = {column}});
  }
  spec.touch_function = "update_updated_at_column";
  spec.touch_trigger = "update_decision_vault_updated_at";
  return spec;
}

class SetupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ROWPAGE_NEEDS_POSTGRES();
    url = fresh_database();
    database = std::make_unique<ConnectedDatabase>(DatabaseOptions{.url = url});
    pair = vault_pair();
    pair.table = pair.table_name = "decision_vault";
    pair.fields.resize(3);
  }
  SetupPlan apply() {
    auto done = apply_setup(*database, pair, spec);
    EXPECT_TRUE(done) << done.error().what << " " << done.error().hint;
    return done ? *done : SetupPlan{};
  }
  std::string catalogue() {
    return cell(
        url,
        "select md5(string_agg(x, '|' order by x)) from (select pg_get_triggerdef(oid) x from pg_trigger union all "
        "select pg_get_functiondef(oid) from pg_proc where pronamespace = 'rowpage'::regnamespace union all "
        "select relname::text || relkind::text from pg_class where relnamespace in ('rowpage'::regnamespace, "
        "'public'::regnamespace)) t");
  }

  std::string url;
  std::unique_ptr<ConnectedDatabase> database;
  Pair pair;
  std::optional<TableSpec> spec = decision_vault_spec();
};

TEST_F(SetupTest, creates_the_decision_vault_table_as_the_preset_says_and_a_second_setup_has_nothing_to_do) {
  const SetupPlan first = apply();
  EXPECT_FALSE(first.nothing());
  EXPECT_EQ(
      cell(url,
           "select string_agg(column_name || ' ' || data_type || ' ' || is_nullable, ', ' order by ordinal_position) "
           "from information_schema.columns where table_name = 'decision_vault'"),
      "id uuid NO, created_at timestamp with time zone YES, updated_at timestamp with time zone YES, decision text NO, "
      "type text NO, date date NO, notion_page_id text YES, notion_synced boolean YES, checksum text YES, "
      "deleted_at timestamp with time zone YES");
  EXPECT_EQ(cell(url,
                 "select count(*) from pg_indexes where tablename = 'decision_vault' and indexname like "
                 "'idx_decision_vault_%'"),
            "7");
  EXPECT_EQ(
      cell(url, "select tgname from pg_trigger where tgrelid = 'decision_vault'::regclass and tgname like 'update%'"),
      "update_decision_vault_updated_at");
  const std::string before = catalogue();
  EXPECT_TRUE(apply().nothing());
  EXPECT_EQ(catalogue(), before);
}

TEST_F(SetupTest, the_printed_script_does_what_apply_does) {
  auto plan = plan_setup(*database, pair, spec);
  ASSERT_TRUE(plan) << plan.error().what;
  sql(url, plan->script());
  auto again = plan_setup(*database, pair, spec);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(again->nothing()) << again->steps.front().statement;
}

TEST_F(SetupTest, planning_changes_nothing) {
  ASSERT_TRUE(plan_setup(*database, pair, spec));
  EXPECT_EQ(cell(url, "select count(*) from pg_namespace where nspname = 'rowpage'"), "0");
}

TEST_F(SetupTest, adopts_a_table_by_adding_what_is_missing_and_leaves_the_users_trigger_alone) {
  sql(url,
      "create table decision_vault (id uuid primary key, decision text not null, type text, date date, updated_at "
      "timestamptz);"
      "insert into decision_vault values ('00000000-0000-4000-8000-000000000001', 'Old', 'Ops', null, now());"
      "create function mine() returns trigger language plpgsql as $$begin new.updated_at = now(); return new; end$$;"
      "create trigger mine before update on decision_vault for each row execute function mine()");
  const SetupPlan plan = apply();
  EXPECT_THAT(plan.notes, ::testing::Contains(HasSubstr("trigger mine already keeps updated_at")));
  EXPECT_EQ(cell(url, "select decision || coalesce(notion_page_id, '-') || notion_synced from decision_vault"),
            "Old-false");
  EXPECT_EQ(cell(url, "select count(*) from pg_trigger where tgrelid = 'decision_vault'::regclass and tgtype & 2 = 2"),
            "1");
}

TEST_F(SetupTest, never_replaces_a_function_the_user_has) {
  sql(url,
      "create function update_updated_at_column() returns trigger language plpgsql as $$begin new.updated_at = "
      "'2001-01-01'; return new; end$$");
  apply();
  sql(url,
      "insert into decision_vault (decision, type, date) values ('a', 'Ops', '2026-01-01'); update decision_vault set "
      "decision = 'b'");
  EXPECT_EQ(cell(url, "select updated_at::date from decision_vault"), "2001-01-01");
}

TEST_F(SetupTest, updated_at_moves_when_a_mapped_column_changes_and_only_then) {
  apply();
  sql(url,
      "insert into decision_vault (decision, type, date, updated_at) values ('a', 'Ops', '2026-01-01', '2001-01-01');"
      "update decision_vault set checksum = 'x', notion_synced = true");
  EXPECT_EQ(cell(url, "select updated_at::date from decision_vault"), "2001-01-01");
  sql(url, "update decision_vault set type = 'UX'");
  EXPECT_NE(cell(url, "select updated_at::date from decision_vault"), "2001-01-01");
}

TEST_F(SetupTest, our_own_touch_function_serves_where_the_spec_names_none) {
  spec->touch_function = spec->touch_trigger = "";
  apply();
  sql(url,
      "insert into decision_vault (decision, type, date, updated_at) values ('a', 'Ops', '2026-01-01', '2001-01-01');"
      "update decision_vault set decision = 'b'");
  EXPECT_EQ(cell(url, "select decision || (updated_at > now() - interval '1 minute')::text from decision_vault"),
            "btrue");
}

TEST_F(SetupTest, a_missing_privilege_is_named_with_the_grant_that_mends_it) {
  sql(url, "drop role if exists weak; create role weak login password 'weak'; grant connect on database " +
               url.substr(url.rfind('/') + 1) +
               " to weak; create table decision_vault (id uuid primary key, decision text, type text, date date)");
  std::string weak = url;
  weak.replace(weak.find("postgres:"), weak.find('@') - weak.find("postgres:"), "weak:weak");
  ConnectedDatabase other({.url = weak.replace(0, 13, "postgresql://")});
  auto plan = plan_setup(other, pair, spec);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().cause, Cause::forbidden);
  EXPECT_THAT(plan.error().hint, HasSubstr("GRANT CREATE ON DATABASE"));
  sql(url, "drop owned by weak cascade; drop role weak");
}

TEST_F(SetupTest, a_second_pair_on_the_same_table_is_refused_by_name) {
  apply();
  Pair other = pair;
  other.model = "Intruder";
  other.data_source = "22222222-2222-4222-8222-222222222222";
  auto plan = plan_setup(*database, other, spec);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().cause, Cause::usage);
  EXPECT_THAT(plan.error().what, HasSubstr("Decision"));
  TestClock clock;
  PostgresStore store(*database, clock);
  auto lease = store.acquire("default", 60'000, 0);
  ASSERT_TRUE(lease);
  auto stored = store.commit(other, Batch{.fence = lease->fence});
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().cause, Cause::usage);
  EXPECT_THAT(stored.error().what, HasSubstr("Decision"));
}

TEST_F(SetupTest, hostile_names_are_quoted_everywhere) {
  const std::string table = "We\"ird 'täble' \xF0\x9F\x98\x80; drop", column = "na\"me '\\ \xF0\x9F\x92\xA5";
  pair.table_name = table;
  pair.fields.resize(1);
  pair.fields[0].column = pair.fields[0].target.name = column;
  pair.fields[0].target.not_null = false;
  spec = TableSpec{.name = table};
  spec->columns = {{.name = "id", .type = "uuid", .otherwise = "gen_random_uuid()"},
                   {.name = column, .type = "text"},
                   {.name = "updated_at", .type = "timestamptz"},
                   {.name = "deleted_at", .type = "timestamptz"}};
  spec->indexes = {{.columns = {column}}};
  apply();
  EXPECT_TRUE(apply().nothing());
  TestClock clock;
  PostgresStore store(*database, clock);
  PostgresTable rows(*database);
  auto lease = store.acquire("default", 60'000, 0);
  ASSERT_TRUE(lease);
  pair.book = Bookkeeping{.updated_at_column = "updated_at", .deleted_at_column = "deleted_at"};
  const std::string value = "'; drop table x; -- \\ \" \xF0\x9F\x92\xA5 $1 %s";
  Item item{.row = RowWrite{.kind = RowWrite::Kind::insert, .set = {{0, value}}}, .link = Link{.page_id = "p"}};
  auto done = store.commit(pair, Batch{.fence = lease->fence, .items = {item}});
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->items[0].row->values[0], Value(value));
  auto all = rows.scan(pair, "", 10, false);
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ(all->rows.size(), 1U);
  auto state = store.load(pair);
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->capture_ready);
  sql(url, "update " + std::string("\"We\"\"ird 'täble' \xF0\x9F\x98\x80; drop\"") + " set deleted_at = now()");
  auto changes = rows.changes(pair, 0, 10);
  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->changes.size(), 1U);
}

TEST_F(SetupTest, a_disabled_or_altered_trigger_makes_capture_not_ready_and_setup_mends_it) {
  apply();
  TestClock clock;
  PostgresStore store(*database, clock);
  EXPECT_TRUE(store.load(pair)->capture_ready);
  sql(url, "alter table decision_vault disable trigger rowpage_capture_update");
  EXPECT_FALSE(store.load(pair)->capture_ready);
  apply();
  EXPECT_TRUE(store.load(pair)->capture_ready);
  pair.fields.pop_back();  // another mapping: the triggers watch the wrong columns
  EXPECT_FALSE(store.load(pair)->capture_ready);
}

TEST_F(SetupTest, reset_is_refused_while_changes_wait_and_empties_everything_when_told) {
  apply();
  sql(url, "insert into decision_vault (decision, type, date) values ('a', 'Ops', '2026-01-01')");
  auto refused = reset_pair(*database, pair, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Cause::brake);
  EXPECT_EQ(cell(url, "select count(*) from decision_vault"), "1");
  auto done = reset_pair(*database, pair, true);
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(*done, 1);
  EXPECT_EQ(cell(url, "select (select count(*) from decision_vault) + (select count(*) from rowpage.change_log)"), "0");
}

TEST_F(SetupTest, a_newer_schema_is_refused_by_every_entrance) {
  apply();
  sql(url, "update rowpage.meta set schema_version = 999");
  EXPECT_EQ(plan_setup(*database, pair, spec).error().cause, Cause::incompatible);
  EXPECT_EQ(migrate(*database).error().cause, Cause::incompatible);
  TestClock clock;
  PostgresStore store(*database, clock);
  PostgresTable rows(*database);
  EXPECT_EQ(store.installed().error().cause, Cause::incompatible);
  EXPECT_EQ(store.load(pair).error().cause, Cause::incompatible);
  EXPECT_EQ(rows.changes(pair, 0, 10).error().cause, Cause::incompatible);
}

TEST_F(SetupTest, migrations_apply_once) {
  ASSERT_TRUE(migrate(*database));
  ASSERT_TRUE(migrate(*database));
  EXPECT_EQ(cell(url, "select count(*) from rowpage.migration"), std::to_string(migrations().size()));
}

TEST_F(SetupTest, a_database_of_an_older_version_is_brought_up_to_date_and_keeps_its_links) {
  constexpr int oldest = 1;
  for (int old = oldest; old < program_schema_version(); ++old) {
    sql(url, "drop schema if exists rowpage cascade");
    std::string script;
    for (const auto& one : migrations()) {
      if (one.version <= old) script += std::string(one.text);
    }
    sql(url, script + "update rowpage.meta set schema_version = " + std::to_string(old) +
                 " where true; insert into rowpage.pair (workspace, model, data_source, table_schema, table_name, "
                 "key_column) values ('default', 'Old', 'd', 'public', 't', 'id'); insert into rowpage.link (pair, "
                 "row_key, page_id) select id, 'k', 'p' from rowpage.pair");
    const Status migrated = migrate(*database);
    ASSERT_TRUE(migrated) << migrated.error().what;
    EXPECT_EQ(cell(url, "select schema_version from rowpage.meta"), std::to_string(program_schema_version()));
    EXPECT_EQ(cell(url, "select row_key || page_id from rowpage.link"), "kp");
    EXPECT_EQ(cell(url, "select relrowsecurity from pg_class where oid = 'rowpage.errand'::regclass"), "t");
  }
}

TEST_F(SetupTest, of_two_migrations_at_once_the_second_waits_and_then_has_nothing_to_do) {
  // The first one does not commit before the second one is seen waiting for it.
  bool waited = false;
  std::binary_semaphore may_start(0);
  database->before_commit = [&](ConnectedUnit&) {
    may_start.release();  // the schema is made, not committed, and its lock is held
    for (int i = 0; i < 400 && !waited; ++i) {
      waited = cell(url, "select count(*) from pg_locks where locktype = 'advisory' and not granted") != "0";
      if (!waited) std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
  };
  ConnectedDatabase other({.url = url});
  Status second = {};
  std::thread rival([&] {
    if (!may_start.try_acquire_for(std::chrono::minutes(1))) return;
    second = migrate(other);
  });
  const Status first = migrate(*database);
  rival.join();
  EXPECT_TRUE(first) << first.error().what;
  EXPECT_TRUE(second) << second.error().what;
  EXPECT_TRUE(waited);
  EXPECT_EQ(cell(url, "select count(*) from rowpage.migration"), std::to_string(migrations().size()));
}

TEST_F(SetupTest, every_object_of_ours_is_commented_closed_and_has_a_fixed_search_path) {
  sql(url,
      "do $$begin if not exists (select from pg_roles where rolname = 'service_role') then create role service_role; "
      "create role anon; "
      "create role authenticated; end if; end$$");
  apply();
  EXPECT_EQ(cell(url,
                 "select string_agg(c.relname, ',') from pg_class c where relnamespace = 'rowpage'::regnamespace and "
                 "relkind = 'r' "
                 "and (obj_description(oid, 'pg_class') is null or not relrowsecurity)"),
            "");
  EXPECT_EQ(cell(url,
                 "select string_agg(proname, ',') from pg_proc where pronamespace = 'rowpage'::regnamespace "
                 "and (obj_description(oid, 'pg_proc') is null or proconfig is null or has_function_privilege('anon', "
                 "oid, 'execute'))"),
            "");
  EXPECT_EQ(cell(url,
                 "select bool_and(has_function_privilege('service_role', oid, 'execute')) from pg_proc "
                 "where pronamespace = 'rowpage'::regnamespace"),
            "t");
  EXPECT_EQ(cell(url, "select has_table_privilege('service_role', 'decision_vault', 'update')"), "t");
  EXPECT_EQ(cell(url, "select has_table_privilege('anon', 'rowpage.link', 'select')"), "f");
}

TEST_F(SetupTest, functions_that_are_not_this_programs_are_replaced_as_a_whole) {
  const auto sources = [&] {
    return cell(url,
                "select md5(string_agg(p.oid::regprocedure::text || p.prosrc || coalesce(p.proconfig::text, '') || "
                "p.proacl::text, '' order by p.oid::regprocedure::text)) from pg_proc p where p.pronamespace = "
                "'rowpage'::regnamespace");
  };
  ASSERT_TRUE(migrate(*database));
  const std::string ours = sources();
  TestClock clock;
  EXPECT_TRUE(*PostgresStore(*database, clock).installed());
  // As another program would leave them: other arguments, other names of arguments, one that this program has not.
  sql(url,
      "drop function rowpage.commit(jsonb), rowpage.expose(); create function rowpage.commit(what jsonb) returns int "
      "language sql as 'select 1'; create function rowpage.expose(int) returns int language sql as 'select 1'; create "
      "function rowpage.of_old() returns int language sql as 'select 1'; create or replace function rowpage.touch() "
      "returns trigger language plpgsql as 'begin return old; end'; update rowpage.meta set functions = 'of another'");
  PostgresStore store(*database, clock);
  const auto installed = store.installed();
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().cause, Cause::schema_drift);
  EXPECT_THAT(installed.error().what, HasSubstr("functions of another program"));
  EXPECT_THAT(installed.error().hint, HasSubstr("rowpage setup"));
  ASSERT_TRUE(migrate(*database));
  EXPECT_EQ(sources(), ours);
  EXPECT_TRUE(*PostgresStore(*database, clock).installed());
}

TEST_F(SetupTest, a_missing_table_is_answered_with_the_nearest_names) {
  sql(url, "create table decision_vaults (id int)");
  auto schema = introspect_table(*database, "decision_vault", "id");
  ASSERT_FALSE(schema);
  EXPECT_EQ(schema.error().cause, Cause::not_found);
  EXPECT_THAT(schema.error().hint, HasSubstr("decision_vaults"));
}

TEST_F(SetupTest, introspection_reads_types_lengths_labels_and_keys) {
  sql(url,
      "create type mood as enum ('sad', 'ok'); create domain short as varchar(7) not null; "
      "create table t (id bigint generated always as identity primary key, v varchar(5), s short, m mood, ms mood[], "
      "g int generated always as (1) stored, d daterange, f float8, u uuid unique, x point, n numeric(4,1) default 1)");
  auto schema = introspect_table(*database, "t", "id");
  ASSERT_TRUE(schema) << schema.error().what;
  EXPECT_TRUE(schema->key_unique);
  const auto column = [&](const std::string& name) { return *std::ranges::find(schema->columns, name, &Column::name); };
  EXPECT_EQ(column("id").type, ColumnType::bigint);
  EXPECT_TRUE(column("id").generated);
  EXPECT_EQ(column("v").max_length, 5);
  EXPECT_EQ(column("s").max_length, 7);
  EXPECT_TRUE(column("s").not_null);
  EXPECT_EQ(column("m").type, ColumnType::enumeration);
  EXPECT_EQ(column("m").labels, (std::vector<std::string>{"sad", "ok"}));
  EXPECT_EQ(column("ms").type, ColumnType::text_array);
  EXPECT_EQ(column("ms").labels, (std::vector<std::string>{"sad", "ok"}));
  EXPECT_TRUE(column("g").generated);
  EXPECT_EQ(column("d").type, ColumnType::daterange);
  EXPECT_EQ(column("x").type, ColumnType::other);
  EXPECT_TRUE(column("n").has_default);
  EXPECT_FALSE(introspect_table(*database, "t", "u")->key_unique);  // unique, but may be NULL
}

TEST_F(SetupTest, several_tables_are_read_together_as_each_alone_and_a_missing_one_keeps_none_from_it) {
  sql(url,
      "create schema other; create type mood as enum ('sad', 'ok');"
      "create table a (id uuid primary key, code text not null unique, m mood);"
      "create table other.b (id bigint primary key, code text references a (code), v varchar(5) default 'x');"
      "create table links (a_id uuid references a, b_id bigint references other.b, primary key (a_id, b_id));"
      "create view seen as select * from a");
  const std::vector<AskedTable> asked = {{"a", "code"}, {"nowhere", "id"}, {"other.b", "id"},
                                         {"links", ""}, {"seen", "id"},    {"a", "id"}};
  auto together = introspect_tables(*database, asked);
  ASSERT_TRUE(together) << together.error().what;
  ASSERT_EQ(together->size(), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto alone = introspect_table(*database, asked[i].table, asked[i].key);
    const auto& found = (*together)[i];
    ASSERT_EQ(found.has_value(), alone.has_value()) << asked[i].table;
    if (!found) {
      EXPECT_EQ(found.error().what, alone.error().what);
      continue;
    }
    EXPECT_EQ(found->name, alone->name);
    EXPECT_EQ(found->key_unique, alone->key_unique) << asked[i].table;
    EXPECT_EQ(found->primary_key, alone->primary_key);
    EXPECT_EQ(found->unique_keys, alone->unique_keys);
    ASSERT_EQ(found->columns.size(), alone->columns.size());
    for (std::size_t c = 0; c < found->columns.size(); ++c) {
      EXPECT_EQ(found->columns[c].name, alone->columns[c].name);
      EXPECT_EQ(found->columns[c].sql_type, alone->columns[c].sql_type);
      EXPECT_EQ(found->columns[c].labels, alone->columns[c].labels);
    }
    ASSERT_EQ(found->foreign_keys.size(), alone->foreign_keys.size());
    for (std::size_t k = 0; k < found->foreign_keys.size(); ++k)
      EXPECT_EQ(found->foreign_keys[k].table, alone->foreign_keys[k].table);
  }
  EXPECT_EQ((*together)[0]->columns.size(), 3U);
  EXPECT_EQ((*together)[1].error().cause, Cause::not_found);
  EXPECT_EQ((*together)[2]->foreign_keys.at(0).references, std::vector<std::string>{"code"});
  EXPECT_EQ((*together)[3]->foreign_keys.size(), 2U);
  EXPECT_EQ((*together)[4].error().cause, Cause::usage);
  EXPECT_TRUE((*together)[0]->key_unique && (*together)[5]->key_unique && !(*together)[3]->key_unique);
}

}  // namespace
}  // namespace rowpage
