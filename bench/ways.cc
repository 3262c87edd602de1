#include "bench/ways.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/digest.h"
#include "base/http_client.h"
#include "base/json.h"
#include "bench/stage.h"
#include "bench/way.h"
#include "postgres/capture.h"
#include "postgres/connection.h"
#include "postgres/data_api.h"
#include "postgres/migrations.h"
#include "postgres/private_cluster.h"
#include "postgres/store.h"
#include "support/data_api.h"
#include "support/decision_vault.h"
#include "support/pooler.h"
#include "support/relay.h"

namespace rowpage::bench {
namespace {

constexpr std::size_t batch_size = 100;  // the default of `sync.batch_size`
constexpr int away_ms = 30;
constexpr double libpq_bound = 2, data_api_bound = 4;

template <class T>
T must(Result<T> result) {
  if (!result) throw Trouble{result.error().what};
  return std::move(*result);
}

class WallClock : public Clock {
 public:
  Millis now() override { return monotonic(); }
  Millis monotonic() override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  bool sleep(Millis ms) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    return true;
  }
  bool interrupted() override { return false; }
};

// CREATE DATABASE cannot stand in a transaction, which a Unit is.
void make_database(const std::string& url, const std::string& name) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> line(PQconnectdb(url.c_str()), &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> done(PQexec(line.get(), ("create database " + name).c_str()),
                                                           &PQclear);
  if (PQresultStatus(done.get()) != PGRES_COMMAND_OK) throw Trouble{PQerrorMessage(line.get())};
}

double seconds(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double median(std::vector<double> times) {
  std::ranges::sort(times);
  return times[times.size() / 2];
}

// One database with the table, our schema and a plain table of the same columns; reached by one way through a relay.
class Ground {
 public:
  Ground(PrivateCluster& cluster, Way way, int round_trip_ms) {
    static int number = 0;
    const std::string name = "ways_" + std::to_string(++number);
    make_database(cluster.url(), name);
    const std::string url = cluster.url(name);
    api_ = std::make_unique<testing::DataApi>(url);
    ConnectedDatabase owner({.url = url});
    if (Status status = migrate(owner); !status) throw Trouble{status.error().what};
    must(owner.write<bool>([&](Unit& unit) -> Result<bool> {
      std::string script = std::string(testing::vault_table) + ";" + plain_tables + ";";
      for (const auto& statement : capture_statements(pair_, "public", "vault")) script += statement + ";";
      script += "grant all on public.vault to service_role";
      if (Status status = unit.script(script, "making the tables"); !status) return fail(status.error());
      return true;
    }));
    int port = cluster.port();
    if (way == Way::session || way == Way::transaction) {
      pooler_ = std::make_unique<testing::Pooler>(
          cluster, way == Way::session ? testing::Pooling::session : testing::Pooling::transaction, name);
      port = pooler_->port();
      if (port == 0) throw Trouble{"pgbouncer is not installed"};
    }
    if (way == Way::data_api) port = api_->port();
    relay_ = std::make_unique<test::Relay>(port);
    relay_->set_round_trip(round_trip_ms);
    // A plain insert goes over libpq: over the Data API it would be a function of the user's own.
    plain_relay_ = std::make_unique<test::Relay>(way == Way::data_api ? cluster.port() : port);
    plain_relay_->set_round_trip(round_trip_ms);
    const auto with_port = [&](int to) {
      std::string there = url;
      const std::string old = ":" + std::to_string(cluster.port()) + "/";
      return there.replace(there.find(old), old.size(), ":" + std::to_string(to) + "/");
    };
    plain_ = std::make_unique<ConnectedDatabase>(DatabaseOptions{.url = with_port(plain_relay_->port())});
    if (way == Way::data_api) {
      database_ = must(DataApiDatabase::make(
          http_, {.url = "http://127.0.0.1:" + std::to_string(relay_->port()), .key = testing::DataApi::secret_key}));
    } else {
      database_ = std::make_unique<ConnectedDatabase>(DatabaseOptions{.url = with_port(relay_->port())});
    }
    store_ = std::make_unique<PostgresStore>(*database_, clock_);
    lease_ = must(store_->acquire("default", 10 * minute_ms, 0));
    apply(1);  // connections are open, the pair is registered, statements have been seen once
    insert_plain(1, Plain::all_of_it);
  }

  void apply(std::size_t rows) {
    for (std::size_t done = 0; done < rows; done += batch_size) {
      Batch batch{.fence = lease_.fence};
      for (std::size_t i = done; i < std::min(rows, done + batch_size); ++i) batch.items.push_back(item());
      const auto stored = must(store_->commit(pair_, batch));
      if (stored.items.size() != batch.items.size()) throw Trouble{"a batch was not stored whole"};
    }
  }

  /// What a script would insert: the rows alone, or with them what we store about each, into tables like ours.
  enum class Plain { rows_alone, all_of_it };

  void insert_plain(std::size_t rows, Plain which) {
    for (std::size_t done = 0; done < rows; done += batch_size) {
      json::array list;
      const json::object shadow{{"decision", fmt::format("Decision {}", made_)},
                                {"type", json::array{"Ops"}},
                                {"date", "2026-03-01"},
                                {"amount", "12.5"},
                                {"tags", json::array{"green", "red"}},
                                {"done", true}};
      for (std::size_t i = done; i < std::min(rows, done + batch_size); ++i) {
        ++made_;
        list.push_back(json::object{{"id", random_uuid()},
                                    {"decision", fmt::format("Decision {}", made_)},
                                    {"type", "Ops"},
                                    {"date", "2026-03-01"},
                                    {"amount", 12.5},
                                    {"tags", json::array{"red", "green"}},
                                    {"done", true},
                                    {"notion_page_id", random_uuid()},
                                    {"nonce", random_uuid()},
                                    {"shadow", shadow}});
      }
      const std::string text = to_text(json::value(std::move(list)));
      must(plain_->write<bool>([&](Unit& unit) -> Result<bool> {
        auto inserted = unit.run(which == Plain::rows_alone ? plain_rows : plain_all, {text}, "inserting");
        if (!inserted) return fail(inserted.error());
        return true;
      }));
    }
  }

 private:
  // As an import from Notion stores a record: its row, its link with both shadows, what was written, for history.
  Item item() {
    ++made_;
    const std::string page = random_uuid();
    Item one{.page_id = page};
    const Values values = {fmt::format("Decision {}", made_),
                           TextList{"Ops"},
                           DateSpan{.start_ms = 1'772'323'200'000},
                           12.5,
                           TextList{"green", "red"},
                           true};
    one.row = RowWrite{.kind = RowWrite::Kind::insert};
    HistoryEntry entry{.side = Side::supabase, .action = "insert"};
    for (std::size_t i = 0; i < values.size(); ++i) {
      one.row->set.push_back({i, values[i]});
      entry.after.push_back({i, values[i]});
    }
    one.row->page_id = page;
    one.link = Link{.page_id = page, .nonce = random_uuid()};
    one.link->page_shadow = values;
    one.link->row_shadow = Values(values.size());
    one.history.push_back(std::move(entry));
    return one;
  }

  static constexpr const char* plain_rows =
      "insert into public.plain (id, decision, type, date, amount, tags, done, notion_page_id) select * from "
      "jsonb_to_recordset($1) as r(id uuid, decision text, type text, date date, amount numeric, tags text[], "
      "done boolean, notion_page_id text)";
  static constexpr const char* plain_all =
      "with given as materialized (select * from jsonb_to_recordset($1) as r(id uuid, decision text, type text, date "
      "date, amount numeric, tags text[], done boolean, notion_page_id text, nonce text, shadow jsonb)), "
      "link as (insert into public.plain_link (pair, row_key, page_id, nonce, page_shadow, row_shadow) select 1, id, "
      "notion_page_id, nonce, shadow, shadow from given), "
      "history as (insert into public.plain_history (pair, row_key, page_id, side, action, after) select 1, id, "
      "notion_page_id, 'supabase', 'insert', shadow from given) "
      "insert into public.plain (id, decision, type, date, amount, tags, done, notion_page_id) select id, decision, "
      "type, date, amount, tags, done, notion_page_id from given";
  static constexpr const char* plain_tables =
      "create table public.plain_link (like rowpage.link including all); create table public.plain_history (like "
      "rowpage.history including all); "
      "alter table public.plain_link add foreign key (pair) references rowpage.pair; "
      "alter table public.plain_history add foreign key (pair) references rowpage.pair; "
      "create table public.plain (id uuid primary key default gen_random_uuid(), decision text not null, type text not "
      "null default 'Ops', date date, amount numeric(10,2), tags text[], done boolean, updated_at timestamptz default "
      "now(), notion_page_id text unique, checksum text, notion_synced boolean default false, deleted_at timestamptz)";

  Pair pair_ = testing::vault_pair();
  WallClock clock_;
  HttpClient http_{HttpClient::Options{}};
  std::unique_ptr<testing::DataApi> api_;
  std::unique_ptr<testing::Pooler> pooler_;
  std::unique_ptr<test::Relay> relay_, plain_relay_;
  std::unique_ptr<ConnectedDatabase> plain_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<PostgresStore> store_;
  Lease lease_;
  std::size_t made_ = 0;
};

}  // namespace

void ways(const Report& report) {
  auto cluster = must(PrivateCluster::start({.settings = {{"max_connections", "100"},
                                                          // As a server that keeps what it is told.
                                                          {"fsync", "on"},
                                                          {"synchronous_commit", "on"},
                                                          {"full_page_writes", "on"}}}));
  for (const int round_trip : {0, away_ms}) {
    const std::size_t rows = round_trip == 0 ? 2'000 : 500;  // of each, five times in turn
    for (const auto& [way, name] : all_ways) {
      Ground ground(cluster, way, round_trip);
      std::vector<double> ours_s, plain_s, alone_s;
      for (int turn = 0; turn < 5; ++turn) {
        ours_s.push_back(seconds([&] { ground.apply(rows); }));
        plain_s.push_back(seconds([&] { ground.insert_plain(rows, Ground::Plain::all_of_it); }));
        alone_s.push_back(seconds([&] { ground.insert_plain(rows, Ground::Plain::rows_alone); }));
      }
      const double ours = median(ours_s), plain = median(plain_s), alone = median(alone_s);
      const auto rate = [rows](double took) {
        return fmt::format("{} rows/s", thousands(static_cast<std::int64_t>(static_cast<double>(rows) / took)));
      };
      const std::string where = name + std::string(round_trip == 0 ? "" : fmt::format(", {} ms away", round_trip));
      report(compared(where + ": new rows, each with its link, shadows and history, against plain inserts of all of it",
                      rate(ours), rate(plain), ours / plain, way == Way::data_api ? data_api_bound : libpq_bound));
      report(told(where + ": the same against a plain insert of the rows alone", rate(ours), rate(alone),
                  fmt::format("{:.2f}", ours / alone)));
    }
  }
}

}  // namespace rowpage::bench
