// The part of the store that follows links to other pairs: their targets, what a back end shows, what waits for them.
#include <functional>
#include <map>

#include "postgres/key_filter.h"
#include "postgres/sql_text.h"
#include "postgres/store.h"

namespace rowpage {
namespace {

/// One end of a relation as the linked pair's table has it.
struct FarEnd {
  explicit FarEnd(const Relation& relation)
      : target(quote_name(relation.to_schema, relation.to_table)),
        key("t." + quote_ident(relation.to_key)),
        by_key(relation.references.empty() || relation.references == relation.to_key),
        reference(by_key ? key : "t." + quote_ident(relation.references)),
        deleted(relation.to_deleted.empty() ? "false" : "t." + quote_ident(relation.to_deleted) + " is not null") {}
  std::string target;
  std::string key;
  bool by_key;  // links are named by the key
  std::string reference;
  std::string deleted;  // whether the row is marked so
};

constexpr const char* linked_pair =
    "(select p.id from rowpage.pair p where p.workspace = $1 and p.table_schema = $2 and p.table_name = $3)";

/// Rows and links that belong to the given pages ($4) or references ($5), laid side by side. Answer: page, key,
/// reference, live, whether the reference is still to be looked up by key, and whether the record is known as deleted.
std::string targets_sql(const FarEnd& far, const Relation& relation, const std::string& among) {
  const std::string as = comparable_type(relation.reference.type);
  // Where the key names the links, its type is known, and what became of a page's row costs an index look-up.
  std::string its_row;
  if (far.by_key) {
    const std::string wanted =
        "case when f.k is null and l.row_key <> '' then l.row_key" + (as.empty() ? std::string() : "::" + as) + " end";
    its_row = "left join lateral (select " + far.deleted + " as d from " + far.target + " t where " + far.key +
              (as.empty() ? "::text" : "") + " = " + wanted + ") g on true ";
  }
  return "with found as materialized (select " + far.key + "::text as k, " + far.reference + "::text as r, " +
         far.deleted + " as d from " + far.target + " t where " + among +
         "), tied as materialized (select l.page_id, l.row_key, "
         "  l.page_live and l.row_live and l.page_id <> '' and l.row_key <> '' as live, "
         "  not (l.page_live or l.row_live) as dead "
         "  from rowpage.link l where l.pair = " +
         linked_pair +
         "   and (l.page_id <> '' and l.page_id = any($4::text[]) "
         "        or l.row_key <> '' and l.row_key = any(array(select found.k from found)::text[])"
         "        or " +
         std::string(far.by_key ? "l.row_key <> '' and l.row_key = any($5::text[])" : "false") +
         ")) "
         "select coalesce(l.page_id, ''), coalesce(l.row_key, f.k), coalesce(f.r, " +
         std::string(far.by_key ? "l.row_key" : "''") + "), coalesce(l.live and l.row_key <> '' and (" +
         std::string(far.by_key ? "f.k is not null or g.d is not null" : "true") +
         "), false), f.k is null, coalesce(f.d, " + (far.by_key ? "g.d, " : "") +
         "false) or coalesce(l.dead, false) from tied l full join found f on f.k = l.row_key " + its_row +
         "order by 2, 1";
}

}  // namespace

Result<std::vector<Target>> PostgresStore::targets(const Pair& pair, std::size_t field,
                                                   std::span<const std::string> page_ids,
                                                   std::span<const std::string> refs) {
  const Relation& relation = pair.fields[field].relation;
  const std::string doing = "looking up what " + pair.model + " links to by " + pair.fields[field].property;
  std::vector<Target> list;
  if (page_ids.empty() && refs.empty()) return list;
  auto there = installed();
  if (!there) return fail(there.error());
  const FarEnd far(relation);
  std::vector<std::string> wanted(refs.begin(), refs.end());
  if (!*there) {  // rows alone are known before the first setup
    const std::string among = any_of(far.reference, relation.reference.type, 1, wanted);
    if (wanted.empty()) return list;
    auto rows = database_.read("select " + far.key + "::text, " + far.reference + "::text from " + far.target +
                                   " t where " + among + " order by 1",
                               {array_literal(wanted)}, doing);
    if (!rows) return fail(rows.error());
    for (int i = 0; i < rows->rows(); ++i)
      list.push_back({.field = field, .ref = std::string(rows->text(i, 1)), .key = std::string(rows->text(i, 0))});
    return list;
  }
  const std::string among = any_of(far.reference, relation.reference.type, 5, wanted);
  return database_.read<std::vector<Target>>([&](Unit& unit) -> Result<std::vector<Target>> {
    list.clear();
    auto found = unit.run(
        targets_sql(far, relation, among),
        {pair.workspace, relation.to_schema, relation.to_table, array_literal(page_ids), array_literal(wanted)}, doing);
    if (!found) return fail(found.error());
    std::vector<std::string> without;  // keys of rows found by their pages, whose reference is another column
    for (int i = 0; i < found->rows(); ++i) {
      list.push_back({.field = field,
                      .page_id = std::string(found->text(i, 0)),
                      .ref = std::string(found->text(i, 2)),
                      .key = std::string(found->text(i, 1)),
                      .live = found->flag(i, 3),
                      .deleted = found->flag(i, 5)});
      if (!far.by_key && found->flag(i, 4) && !list.back().key.empty()) without.push_back(list.back().key);
    }
    if (without.empty()) return list;
    // The type of the key is not known here; the server takes the parameter for an array of it.
    auto rows = unit.run("select " + far.key + "::text, " + far.reference + "::text, " + far.deleted + " from " +
                             far.target + " t where " + far.key + " = any($1)",
                         {array_literal(without)}, doing);
    if (!rows) return fail(rows.error());
    std::map<std::string, int, std::less<>> line;
    for (int i = 0; i < rows->rows(); ++i) line.emplace(rows->text(i, 0), i);
    for (auto& target : list) {
      if (!target.ref.empty()) continue;
      const auto row = line.find(target.key);
      if (row == line.end()) {
        target.live = false;  // the row is gone
        continue;
      }
      target.ref = std::string(rows->text(row->second, 1));
      target.deleted = target.deleted || rows->flag(row->second, 2);
    }
    return list;
  });
}

Result<std::vector<Store::SeenEdge>> PostgresStore::news(const Pair& pair, std::size_t field,
                                                         std::span<const SeenEdge> edges) {
  const Relation& relation = pair.fields[field].relation;
  std::vector<SeenEdge> list;
  if (edges.empty()) return list;
  auto there = installed();
  if (!there) return fail(there.error());
  if (!*there) {
    for (const auto& edge : edges) {
      if (edge.shown) list.push_back(edge);
    }
    return list;
  }
  std::vector<std::string> pages, owners, shown;
  for (const auto& edge : edges) {
    pages.push_back(edge.page_id);
    owners.push_back(edge.owner);
    shown.emplace_back(edge.shown ? "t" : "f");
  }
  auto answer = database_.read(
      "select e.i from unnest($4::text[], $5::text[], $6::boolean[]) with ordinality e(page, owner, shown, i) "
      "cross join (select " +
          std::string(linked_pair) +
          " as id) p left join rowpage.link l on l.pair = p.id and l.page_id = e.owner and l.page_id <> '' "
          "where e.shown <> coalesce((l.page_shadow -> $7::text) ? e.page, false) "
          // A link the owner's page was seen with, and that waits for this very record, is no news either.
          "and not (e.shown and exists (select from rowpage.errand w where w.pair = p.id and w.kind = 'await_row' "
          "and w.page_id = e.owner and w.field = $7::text and w.other = e.page)) order by e.i",
      {pair.workspace, relation.to_schema, relation.to_table, array_literal(pages), array_literal(owners),
       array_literal(shown), relation.far},
      "comparing the back end " + pair.fields[field].property + " of " + pair.model + " with its owners");
  if (!answer) return fail(answer.error());
  for (int i = 0; i < answer->rows(); ++i) list.push_back(edges[static_cast<std::size_t>(answer->integer(i, 0)) - 1]);
  return list;
}

namespace {

constexpr int errands_at_once = 2'000;  // a run comes back for the rest as long as it gets on

// Two look-ups instead of one with OR: each has its own unique index of the links. A page's id has the collation of
// its own column and not the one of `other`, or that index would not serve and each errand read every link.
std::string awaited_lives(const std::string& found, const char* its) {
  return "exists (select from rowpage.pair t join rowpage.link l on l.pair = t.id where "
         "t.table_schema = e.to_schema and t.table_name = e.to_table and " +
         found + " and l." + its + " <> '' and l.page_live and l.row_live)";
}

// A look that has become needless: the owner's page was read meanwhile, and what it shows (or waits with) agrees with
// the back end. $5 to $8 are the two-way fields: stored name, table at the far end, stored name there.
std::string look_settled() {
  return "exists (select from unnest($5::text[], $6::text[], $7::text[], $8::text[]) f(field, to_schema, to_table, "
         "far) "
         "join rowpage.pair t on t.workspace = p.workspace and t.table_schema = f.to_schema and t.table_name = "
         "f.to_table "
         "join rowpage.link own on own.pair = e.pair and own.page_id <> '' and own.page_id = e.page_id collate "
         "\"default\" "
         "join rowpage.link its on its.pair = t.id and its.page_id <> '' and its.page_id = e.other collate \"default\" "
         "where f.field = e.field and coalesce((its.page_shadow -> f.far) ? e.page_id, false) = "
         "(coalesce((own.page_shadow -> f.field) ? e.other, false) or exists (select from rowpage.errand w "
         "where w.pair = e.pair and w.kind = 'await_row' and w.page_id = e.page_id and w.page_id <> '' "
         "and w.field = e.field and w.other = e.other)))";
}

}  // namespace

Result<Store::DueErrands> PostgresStore::errands(const Pair& pair) {
  std::vector<std::string> fields, schemas, tables, fars;
  for (const auto& field : pair.fields) {
    const Relation& relation = field.relation;
    const bool owns = relation.kind == Relation::Kind::column || relation.kind == Relation::Kind::join;
    if (!owns || relation.far.empty()) continue;
    fields.push_back(field.column);
    schemas.push_back(relation.to_schema);
    tables.push_back(relation.to_table);
    fars.push_back(relation.far);
  }
  auto answer =
      state_of(pair,
               "select e.kind, e.row_key, e.page_id, e.field, e.other, e.to_schema, e.to_table, "
               "e.kind = 'look' and " +
                   look_settled() +
                   " from rowpage.errand e join rowpage.pair p on p.id = e.pair "
                   "where p.workspace = $1 and p.data_source = $2 and p.table_schema = $3 and "
                   "p.table_name = $4 and case e.kind when 'await_page' then " +
                   awaited_lives("l.row_key = e.other and l.row_key <> ''", "page_id") + " when 'await_row' then " +
                   awaited_lives("l.page_id = e.other collate \"default\" and l.page_id <> ''", "row_key") +
                   " else true end order by e.id limit " + std::to_string(errands_at_once),
               {array_literal(fields), array_literal(schemas), array_literal(tables), array_literal(fars)},
               "reading what links left to do in " + pair.model);
  if (!answer) return fail(answer.error());
  DueErrands due;
  if (!*answer) return due;
  const Answer& rows = **answer;
  due.more = rows.rows() == errands_at_once;
  for (int i = 0; i < rows.rows(); ++i) {
    const auto kind = errand_kind(rows.text(i, 0));
    if (!kind) continue;
    auto& list = rows.flag(i, 7) ? due.settled : due.open;
    list.push_back({.kind = *kind,
                    .key = std::string(rows.text(i, 1)),
                    .page_id = std::string(rows.text(i, 2)),
                    .field = std::string(rows.text(i, 3)),
                    .other = std::string(rows.text(i, 4)),
                    .to_schema = std::string(rows.text(i, 5)),
                    .to_table = std::string(rows.text(i, 6))});
  }
  return due;
}

}  // namespace rowpage
