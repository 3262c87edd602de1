// Tasks that block each other (a join table from tasks to tasks), belong to a project (a foreign key to another column
// than the key), have tags (a join table to a table with bigint keys); projects see their tasks from the back.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "postgres/capture.h"
#include "postgres/migrations.h"
#include "postgres/store.h"
#include "postgres/table.h"
#include "support/decision_vault.h"
#include "support/postgres.h"

namespace rowpage::testing {

inline const char* task_tables = R"(
create table projects (id uuid primary key default gen_random_uuid(), code text unique not null, name text,
  updated_at timestamptz, deleted_at timestamptz);
create table tags (id bigint generated always as identity primary key, name text);
create table tasks (id uuid primary key default gen_random_uuid(), name text, project text references projects (code)
  on update cascade on delete set null, parent uuid references tasks (id) on delete set null, updated_at timestamptz);
create table blocks (id uuid primary key default gen_random_uuid(),
  task_id uuid not null references tasks (id) on delete cascade,
  blocked_id uuid not null references tasks (id) on delete cascade, created_at timestamptz default now(),
  unique (task_id, blocked_id));
create index on blocks (blocked_id);
create table task_tags (task_id uuid not null references tasks (id) on delete cascade,
  tag_id bigint not null references tags (id) on delete cascade);
create index on task_tags (task_id);)";

inline Column column_of(const std::string& name, ColumnType type, const std::string& sql_type) {
  return Column{.name = name, .type = type, .sql_type = sql_type, .not_null = true};
}

inline Pair pair_of(const std::string& model, const std::string& table, char mark) {
  Pair pair;
  pair.model = model;
  pair.workspace = "default";
  pair.data_source = std::string(8, mark) + "-0000-4000-8000-000000000000";
  pair.table = pair.table_name = table;
  pair.schema_name = "public";
  pair.key = "id";
  pair.key_column = column_of("id", ColumnType::uuid, "uuid");
  pair.fields = {field_of("name", FieldType::title, ColumnType::text, "text")};
  pair.title_field = 0;
  pair.book = Bookkeeping{};
  return pair;
}

inline Field relation_of(Relation::Kind kind, const std::string& stored_name, const std::string& to_table,
                         const std::string& references = "") {
  Field field = field_of(stored_name, FieldType::relation, ColumnType::uuid, "uuid");
  field.relation.kind = kind;
  field.relation.references = references;
  field.relation.to_schema = "public";
  field.relation.to_table = to_table;
  field.relation.to_key = "id";
  field.relation.reference = column_of("id", ColumnType::uuid, "uuid");
  return field;
}

inline Field join_of(const std::string& join, const std::string& own, const std::string& other,
                     const std::string& to_table) {
  Field field = relation_of(Relation::Kind::join, join + "." + own, to_table);
  field.relation.join = field.relation.join_table = join;
  field.relation.join_schema = "public";
  field.relation.own = own;
  field.relation.other = other;
  return field;
}

enum TaskField : std::size_t { task_name, project, parent, blocks, blocked_by, task_tags };

inline Pair task_pair() {
  Pair pair = pair_of("Task", "tasks", '1');
  pair.fields.push_back(relation_of(Relation::Kind::column, "project", "projects", "code"));
  pair.fields.back().target = Column{.name = "project", .type = ColumnType::text, .sql_type = "text"};
  pair.fields.back().relation.reference = column_of("code", ColumnType::text, "text");
  pair.fields.push_back(relation_of(Relation::Kind::column, "parent", "tasks"));
  pair.fields.push_back(join_of("blocks", "task_id", "blocked_id", "tasks"));
  pair.fields.push_back(join_of("blocks", "blocked_id", "task_id", "tasks"));
  pair.fields.push_back(join_of("task_tags", "task_id", "tag_id", "tags"));
  pair.fields.back().relation.reference = column_of("id", ColumnType::bigint, "bigint");
  pair.book.updated_at_column = "updated_at";
  return pair;
}

inline Pair project_pair() {
  Pair pair = pair_of("Project", "projects", '2');
  pair.fields.push_back(field_of("code", FieldType::rich_text, ColumnType::text, "text", true));
  pair.fields.push_back(relation_of(Relation::Kind::back, "back:Tasks", "tasks"));
  pair.fields.back().relation.far = "project";
  pair.book.updated_at_column = "updated_at";
  pair.book.deleted_at_column = "deleted_at";
  return pair;
}

inline Pair tag_pair() {
  Pair pair = pair_of("Tag", "tags", '3');
  pair.key_column = column_of("id", ColumnType::bigint, "bigint");
  return pair;
}

class RelationsTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ROWPAGE_NEEDS_POSTGRES();
    direct = fresh_database();
    if (GetParam() && pooler_port() == 0) GTEST_SKIP() << "pgbouncer is not installed";
    url = GetParam() ? through_pooler(direct) : direct;
    database = std::make_unique<ConnectedDatabase>(DatabaseOptions{.url = url});
    store = std::make_unique<PostgresStore>(*database, clock);
    rows = std::make_unique<PostgresTable>(*database);
    const auto migrated = migrate(*database);
    ASSERT_TRUE(migrated) << migrated.error().what;
    sql(direct, task_tables);
    auto taken = store->acquire("default", 60'000, 0);
    ASSERT_TRUE(taken) << taken.error().what;
    lease = *taken;
    for (const Pair* pair : {&tasks, &projects, &tags}) {
      ASSERT_TRUE(commit(*pair, {}));
      capture(*pair);
    }
  }

  void capture(const Pair& pair) {
    for (const auto& one : capture_statements(pair, pair.schema_name, pair.table_name)) sql(direct, one);
    for (std::size_t i = 0; i < pair.fields.size(); ++i) {
      const auto& relation = pair.fields[i].relation;
      if (relation.kind != Relation::Kind::join) continue;
      for (const auto& one : capture_statements(pair, relation.join_schema, relation.join_table, i)) sql(direct, one);
    }
  }

  Result<Committed> commit(const Pair& pair, std::vector<Item> items) {
    return store->commit(pair, Batch{.fence = lease.fence, .items = std::move(items)});
  }
  /// As above, where it must succeed: the first item's row as stored.
  Row stored(const Pair& pair, std::vector<Item> items) {
    auto done = commit(pair, std::move(items));
    EXPECT_TRUE(done) << done.error().what;
    if (!done || done->items.empty()) return {};
    EXPECT_EQ(done->items[0].outcome, ItemResult::Outcome::done);
    return done->items[0].row.value_or(Row{});
  }

  Row insert(const Pair& pair, const std::string& name, const std::string& page, std::vector<Change> more = {},
             std::vector<EdgeWrite> edges = {}) {
    Item item{.page_id = page, .row = RowWrite{.kind = RowWrite::Kind::insert, .set = {{0, name}}}};
    for (auto& change : more) item.row->set.push_back(std::move(change));
    item.row->edges = std::move(edges);
    item.link = Link{.page_id = page};
    item.link->page_shadow = item.link->row_shadow = Values(pair.fields.size());
    return stored(pair, {item});
  }
  Row task(const std::string& name, std::vector<EdgeWrite> edges = {}) {
    return insert(tasks, name, "page-" + name, {}, std::move(edges));
  }
  /// Writes links of a row, and nothing else of it.
  static Item edges_of(const std::string& key, std::vector<EdgeWrite> edges) {
    return Item{.key = key, .row = RowWrite{.key = key, .edges = std::move(edges)}};
  }
  Row read(const Pair& pair, const std::string& key) {
    auto found = rows->read(pair, std::vector<std::string>{key});
    EXPECT_TRUE(found) << found.error().what;
    return found && found->size() == 1 ? (*found)[0] : Row{};
  }
  Link link(const Pair& pair, const std::string& key) {
    auto found = store->links_of_rows(pair, std::vector<std::string>{key});
    EXPECT_TRUE(found) << found.error().what;
    return found && found->size() == 1 ? (*found)[0] : Link{};
  }
  std::vector<Captured> changes(const Pair& pair) {
    auto found = rows->changes(pair, 0, 100);
    EXPECT_TRUE(found) << found.error().what;
    return found ? found->changes : std::vector<Captured>{};
  }
  std::int64_t queued() { return std::stoll(cell(direct, "select count(*) from rowpage.change_log")); }
  void forget_queue() { sql(direct, "delete from rowpage.change_log where true"); }

  std::string direct, url;
  Pair tasks = task_pair(), projects = project_pair(), tags = tag_pair();
  TestClock clock;
  std::unique_ptr<ConnectedDatabase> database;
  std::unique_ptr<PostgresStore> store;
  std::unique_ptr<PostgresTable> rows;
  Lease lease;
};

}  // namespace rowpage::testing
