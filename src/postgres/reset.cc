// Emptying pairs' tables and what is known of them.
//
// One DELETE statement empties all tables, for a constraint is checked at the statement's end: tables that reference
// each other in a circle, or themselves, need no order and no deferrable keys.
#include <set>

#include "postgres/migrations.h"
#include "postgres/setup.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

class Reset {
 public:
  Reset(Unit& unit, std::span<const Pair> pairs) : unit_(unit), pairs_(pairs) {
    for (const auto& pair : pairs) {
      doing_ += (doing_.empty() ? "resetting " : ", ") + pair.model;
      for (const auto& field : pair.fields) {
        if (field.relation.kind == Relation::Kind::join)
          joins_.insert(quote_name(field.relation.join_schema, field.relation.join_table));
      }
    }
    for (const auto& pair : pairs) joins_.erase(target(pair));
  }

  Result<std::vector<std::int64_t>> run(bool force) {
    if (Status status = lock(); !status) return fail(status.error());
    if (Status status = find_pairs(); !status) return fail(status.error());
    if (Status status = clear(force); !status) return fail(status.error());
    if (Status status = check_outsiders(); !status) return fail(status.error());
    auto removed = empty();
    if (!removed) return removed;
    if (Status status = clear(true); !status) return fail(status.error());  // what the emptying itself was captured as
    return removed;
  }

 private:
  static std::string target(const Pair& pair) { return quote_name(pair.schema_name, pair.table_name); }

  /// Held against writers, so that nothing can be captured between the check and the emptying.
  Status lock() {
    std::set<std::string> tables;
    for (const auto& join : joins_) {
      auto there = unit_.run("select pg_catalog.to_regclass($1) is not null", {join}, doing_);
      if (!there) return fail(there.error());
      if (there->flag(0, 0)) tables.insert(join);
    }
    joins_ = tables;
    for (const auto& pair : pairs_) tables.insert(target(pair));
    std::string list;
    for (const auto& table : tables) list += (list.empty() ? "" : ", ") + table;
    tables_.assign(tables.begin(), tables.end());
    return unit_.script("lock table " + list + " in share row exclusive mode", doing_);
  }

  Status find_pairs() {
    auto version = installed_schema_version(unit_);
    if (!version) return fail(version.error());
    for (const auto& pair : pairs_) {
      if (*version == 0) continue;
      auto known = unit_.run(
          "select id from rowpage.pair where workspace = $1 and data_source = $2 and table_schema = $3 and table_name "
          "= $4",
          {pair.workspace, pair.data_source, pair.schema_name, pair.table_name}, doing_);
      if (!known) return fail(known.error());
      if (known->rows() > 0) ids_.emplace_back(known->text(0, 0));
    }
    return {};
  }

  Status clear(bool force) {
    for (const auto& id : ids_) {
      auto cleared =
          unit_.run("select rowpage.clear_pair(jsonb_build_object('pair', $1::bigint, 'force', $2::boolean))",
                    {id, force ? "true" : "false"}, doing_);
      if (!cleared) return fail(cleared.error());
    }
    return {};
  }

  /// Rows elsewhere that hold rows of ours.
  Status check_outsiders() {
    auto keys = unit_.run(
        "select n.nspname, c.relname, k.conname, f.relname, (select string_agg(format('t.%I is not null', a.attname), "
        "' "
        "and ') from pg_catalog.pg_attribute a where a.attrelid = k.conrelid and a.attnum = any(k.conkey)) "
        "from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid "
        "join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_class f on f.oid = k.confrelid "
        "where k.contype = 'f' and k.confdeltype in ('a', 'r') and k.conparentid = 0 "
        "and k.confrelid = any(array(select t::regclass::oid from unnest($1::text[]) t)) "
        "and not k.conrelid = any(array(select t::regclass::oid from unnest($1::text[]) t)) order by 1, 2, 3",
        {array_literal(tables_)}, doing_);
    if (!keys) return fail(keys.error());
    std::string holding;
    for (int i = 0; i < keys->rows(); ++i) {
      const std::string table = quote_name(keys->text(i, 0), keys->text(i, 1));
      auto rows = unit_.run("select exists (select from " + table + " t where " + std::string(keys->text(i, 4)) + ")",
                            {}, doing_);
      if (!rows) return fail(rows.error());
      if (!rows->flag(0, 0)) continue;
      holding += (holding.empty() ? "" : ", ") + table + " (" + std::string(keys->text(i, 2)) + " to " +
                 std::string(keys->text(i, 3)) + ")";
    }
    if (holding.empty()) return {};
    return fail(Error{.scope = Scope::pair,
                      .cause = Cause::usage,
                      .what = doing_ + ": rows of other tables hold rows that would go: " + holding,
                      .hint = "Reset those tables' pairs as well, or empty them first; nothing was changed."});
  }

  Result<std::vector<std::int64_t>> empty() {
    std::string with, counts;
    std::size_t number = 0;
    for (const auto& join : joins_) {
      with +=
          (with.empty() ? "with j" : ", j") + std::to_string(number++) + " as (delete from " + join + " where true)";
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const std::string name = "p" + std::to_string(i);
      with +=
          (with.empty() ? "with " : ", ") + name + " as (delete from " + target(pairs_[i]) + " where true returning 1)";
      counts += (counts.empty() ? "select " : ", ") + ("(select count(*) from " + name + ")");
    }
    auto removed = unit_.run(with + " " + counts, {}, doing_);
    if (!removed) return fail(removed.error());
    std::vector<std::int64_t> rows;
    for (std::size_t i = 0; i < pairs_.size(); ++i) rows.push_back(removed->integer(0, static_cast<int>(i)));
    return rows;
  }

  Unit& unit_;
  std::span<const Pair> pairs_;
  std::set<std::string> joins_;      // quoted names
  std::vector<std::string> tables_;  // all that are emptied
  std::vector<std::string> ids_;
  std::string doing_;
};

}  // namespace

Result<std::vector<std::int64_t>> reset_pairs(Database& database, std::span<const Pair> pairs, bool force) {
  if (pairs.empty()) return std::vector<std::int64_t>{};
  return database.write<std::vector<std::int64_t>>([&](Unit& unit) { return Reset(unit, pairs).run(force); });
}

Result<std::int64_t> reset_pair(Database& database, const Pair& pair, bool force) {
  auto removed = reset_pairs(database, {&pair, 1}, force);
  if (!removed) return fail(removed.error());
  return removed->front();
}

}  // namespace rowpage
