// Every column type on a real server: what is committed is what comes back, from the write's answer, from a read and
// from the shadow.
#include <gtest/gtest.h>

#include "postgres/migrations.h"
#include "postgres/setup.h"
#include "postgres/store.h"
#include "postgres/table.h"
#include "support/decision_vault.h"
#include "support/postgres.h"

namespace rowpage {
namespace {

using namespace testing;

struct TypeCase {
  std::string sql_type;
  ColumnType type;
  FieldType field;
  std::vector<Value> values;
};

std::vector<TypeCase> cases() {
  const std::int64_t day = 20'000 * day_ms, moment = day + 9 * hour_ms + 30 * minute_ms + 123;
  const DateSpan time{.start_ms = moment, .has_time = true};
  const DateSpan period{.start_ms = moment, .end_ms = moment + hour_ms, .has_time = true};
  const std::vector<Value> texts = {std::string("plain"), std::string("'; drop table x; --"),
                                    std::string("\\ \" {a,b} NULL \n\t"),
                                    std::string("\xF0\x9F\x98\x80 \xE2\x80\x8B e\xCC\x81"), std::string(100'000, 'x')};
  return {
      {"text", ColumnType::text, FieldType::rich_text, texts},
      {"varchar", ColumnType::text, FieldType::rich_text, texts},
      {"smallint", ColumnType::integer, FieldType::number, {-32768.0, 0.0, 32767.0}},
      {"integer", ColumnType::integer, FieldType::number, {-2147483648.0, 2147483647.0}},
      {"bigint", ColumnType::bigint, FieldType::number, {999999999999999.0, -999999999999999.0}},
      {"numeric", ColumnType::numeric, FieldType::number, {0.1, -12.5, 1e15, 1e-7, 123456789.012345}},
      {"double precision", ColumnType::numeric, FieldType::number, {0.1, 0.30000000000000004, 1e300, -5e-324}},
      {"real", ColumnType::real, FieldType::number, {0.5, -2.0, 0.1, 16777216.0, 1.2345679e8, 3.4028235e38, 1e-45}},
      {"boolean", ColumnType::boolean, FieldType::checkbox, {true, false}},
      {"date", ColumnType::date, FieldType::date, {DateSpan{day}, DateSpan{-30'000 * day_ms}}},
      {"timestamp", ColumnType::timestamp, FieldType::date, {time}},
      {"timestamptz", ColumnType::timestamptz, FieldType::date, {time}},
      {"daterange", ColumnType::daterange, FieldType::date, {DateSpan{day}, DateSpan{day, day + 3 * day_ms}}},
      {"tsrange", ColumnType::tsrange, FieldType::date, {time, period}},
      {"tstzrange", ColumnType::tstzrange, FieldType::date, {time, period}},
      {"text[]",
       ColumnType::text_array,
       FieldType::multi_select,
       {TextList{"a"}, TextList{"NULL", "a b", "q\"\\", "{x}", "\xF0\x9F\x98\x80"}}},
      {"mood[]", ColumnType::text_array, FieldType::multi_select, {TextList{"ok", "sad"}}},
      {"mood", ColumnType::enumeration, FieldType::select, {std::string("sad")}},
      {"uuid", ColumnType::uuid, FieldType::rich_text, {std::string("00000000-0000-4000-8000-00000000abcd")}},
      {"jsonb", ColumnType::json, FieldType::json, {std::string(R"({"a":[1,2.5,null],"b":"\"x\""})")}},
      {"json", ColumnType::json, FieldType::json, {std::string(R"([true,"\u0001"])")}},
      {"jsonb", ColumnType::json, FieldType::multi_select, {TextList{"a", "b,c"}}},
  };
}

TEST(Types, what_is_committed_comes_back_from_the_answer_from_a_read_and_from_the_shadow) {
  ROWPAGE_NEEDS_POSTGRES();
  const std::string url = fresh_database();
  ConnectedDatabase database({.url = url});
  TestClock clock;
  PostgresStore store(database, clock);
  PostgresTable table(database);
  sql(url, "create type mood as enum ('sad', 'ok')");
  auto migrated = migrate(database);
  ASSERT_TRUE(migrated) << migrated.error().what;
  const auto lease = store.acquire("default", 600'000, 0);
  int number = 0;
  for (const auto& one : cases()) {
    SCOPED_TRACE(one.sql_type);
    Pair pair = vault_pair();
    pair.data_source = "source " + std::to_string(++number);
    pair.table_name = "t" + std::to_string(number);
    pair.fields = {field_of("c", one.field, one.type, one.sql_type)};
    pair.book = Bookkeeping{};
    sql(url,
        "create table " + pair.table_name + " (id uuid primary key default gen_random_uuid(), c " + one.sql_type + ")");
    auto done = apply_setup(database, pair, std::nullopt);
    ASSERT_TRUE(done) << done.error().what;
    std::vector<Value> values = one.values;
    values.emplace_back(Null{});
    Batch batch{.fence = lease->fence};
    for (std::size_t i = 0; i < values.size(); ++i) {
      Item item{.page_id = "p" + std::to_string(i),
                .row = RowWrite{.kind = RowWrite::Kind::insert, .set = {{0, values[i]}}}};
      item.link = Link{.page_id = item.page_id, .page_shadow = {values[i]}, .row_shadow = {Null{}}};
      batch.items.push_back(item);
    }
    auto stored = store.commit(pair, batch);
    ASSERT_TRUE(stored) << stored.error().what;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Row& row = *stored->items[i].row;
      EXPECT_EQ(row.values[0], values[i]) << display(row.values[0]) << " for " << display(values[i]);
      EXPECT_TRUE(row.unreadable.empty());
      const auto read = table.read(pair, std::vector<std::string>{row.key});
      EXPECT_EQ(read->at(0).values[0], values[i]);
      const auto link = store.links_of_rows(pair, std::vector<std::string>{row.key});
      EXPECT_EQ(link->at(0).row_shadow[0], values[i]) << display(link->at(0).row_shadow[0]);
      EXPECT_EQ(link->at(0).page_shadow[0], values[i]);
    }
    EXPECT_TRUE(table.changes(pair, 0, 100)->changes.empty());
    // Our shadow of a value the engine agreed upon without a write is kept alike.
    Item learn{.key = stored->items[0].row->key,
               .page_id = "p0",
               .link = store.links_of_pages(pair, std::vector<std::string>{"p0"})->at(0)};
    ASSERT_TRUE(store.commit(pair, Batch{.fence = lease->fence, .items = {learn}}));
    EXPECT_EQ(store.links_of_pages(pair, std::vector<std::string>{"p0"})->at(0).row_shadow[0], values[0]);
  }
}

TEST(Types, a_number_of_more_digits_than_a_double_keeps_is_unreadable_not_rounded) {
  ROWPAGE_NEEDS_POSTGRES();
  const std::string url = fresh_database();
  ConnectedDatabase database({.url = url});
  PostgresTable table(database);
  sql(url,
      "create table vault (id uuid primary key default gen_random_uuid(), decision numeric); insert into vault "
      "(decision) "
      "values (9007199254740993.5), ('NaN')");
  Pair pair = vault_pair();
  pair.fields = {field_of("decision", FieldType::number, ColumnType::numeric, "numeric")};
  pair.book = Bookkeeping{};
  auto rows = table.scan(pair, "", 10, false);
  ASSERT_TRUE(rows) << rows.error().what;
  for (const auto& row : rows->rows) EXPECT_EQ(row.unreadable.size(), 1U);
}

}  // namespace
}  // namespace rowpage
