// What a field of type relation says: where it leads to, and where its links are kept. Exactly one of
//
//   column: owner_id                                                   a foreign key, at most one link
//   join: { table: decision_tags, own: decision_id, other: tag_id }    rows of a join table, any number
//   back_of: Supplier                                                  the other end of a two-way relation
#include <algorithm>

#include <fmt/format.h>

#include "config/read_pair.h"

namespace rowpage {
namespace {

// The table's name as it was written, without its schema.
std::string_view without_schema(std::string_view table) {
  bool quoted = false;
  std::size_t from = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i] == '"') quoted = !quoted;
    if (table[i] == '.' && !quoted) from = i + 1;
  }
  return table.substr(from);
}

class RelationReader {
 public:
  RelationReader(Reading& reading, Section& section, Field& field, PairDraft& draft)
      : reading_(reading), section_(section), field_(field), relation_(field.relation), draft_(draft) {}

  void read() {
    relation_.to = section_.required_text("to");
    Names ways;
    for (const std::string key : {"column", "join", "back_of"}) {
      if (section_.child(key)) ways.push_back(key);
    }
    if (ways.size() != 1) {
      section_.wrong(ways.empty() ? "" : ways[1],
                     ways.empty() ? std::string("the relation does not say where its links are kept")
                                  : fmt::format("`{}` and `{}` exclude each other", ways[0], ways[1]),
                     "write column: NAME for a foreign key, join: { table, own, other } for many links, or back_of: "
                     "PROPERTY for the other end of a two-way relation");
      return;
    }
    field_.direction = read_direction(section_).value_or(draft_.spec.direction);
    relation_.two_way = section_.text("two_way").value_or("");
    relation_.references = section_.text("references").value_or("");
    if (ways[0] == "column") return read_foreign_key();
    if (ways[0] == "join") return read_join();
    read_back();
  }

 private:
  void only(std::string_view what, const Names& allowed) {
    for (const auto& entry : section_.node()->entries) {
      const bool common = entry.key == "property" || entry.key == "also" || entry.key == "type" || entry.key == "to";
      const bool known = std::ranges::find(keys_of_fields(), entry.key) != keys_of_fields().end();
      if (common || !known || std::ranges::find(allowed, entry.key) != allowed.end()) continue;
      reading_.wrong(entry.line, entry.column, fmt::format("`{}` does not belong to {}", entry.key, what),
                     fmt::format("its keys are property, also, type, to, {}", fmt::join(allowed, ", ")));
    }
  }

  // Unknown keys have been complained of already.
  static const Names& keys_of_fields() {
    static const Names keys = {"column",   "end_column", "store",     "options", "values", "format",    "percent",
                               "sql_type", "default",    "unique",    "check",   "enum",   "direction", "required",
                               "join",     "references", "on_delete", "two_way", "back_of"};
    return keys;
  }

  void read_foreign_key() {
    only("a relation kept in a column", {"column", "direction", "two_way", "references", "on_delete", "required",
                                         "unique", "default", "check", "sql_type"});
    relation_.kind = Relation::Kind::column;
    field_.column = section_.required_text("column");
    check_length(section_, "column", field_.column);
    relation_.required = section_.flag("required").value_or(false);
    const auto on_delete = section_.word<std::string>(
        "on_delete",
        {{"set null", "set null"}, {"cascade", "cascade"}, {"restrict", "restrict"}, {"no action", "no action"}},
        "a way to treat rows whose linked row goes");
    if (relation_.required && on_delete == "set null") {
      section_.wrong("on_delete", "a required column cannot be set to null",
                     "write on_delete: restrict, or cascade, or drop required");
    }
    relation_.on_delete = on_delete.value_or(relation_.required ? "restrict" : "set null");
    WantedColumn column;
    column.name = field_.column;
    column.sql_type = section_.text("sql_type").value_or("");  // empty: the linked column's
    column.not_null = relation_.required;
    column.unique = section_.flag("unique").value_or(false);
    column.default_sql = section_.text("default").value_or("");
    column.check = section_.text("check").value_or("");
    column.references_model = relation_.to;
    column.references_column = relation_.references;
    column.on_delete = relation_.on_delete;
    draft_.want(std::move(column));
  }

  void read_join() {
    only("a relation kept in a join table", {"join", "direction", "two_way", "references"});
    relation_.kind = Relation::Kind::join;
    Section join(reading_, section_.child("join"), "`join`", {"table", "own", "other", "own_references"});
    if (!join.present()) return;
    const std::string table = join.required_text("table");
    relation_.own = join.required_text("own");
    relation_.other = join.required_text("other");
    relation_.own_references = join.text("own_references").value_or("");
    const auto parts = name_parts(table);
    for (const auto& part : parts) check_length(join, "table", part);
    check_length(join, "own", relation_.own);
    check_length(join, "other", relation_.other);
    if (!relation_.own.empty() && relation_.own == relation_.other)
      join.wrong("other", "`own` and `other` are two columns", "one names this pair's row, the other the linked row");
    field_.column = parts.back() + "." + relation_.own;
    relation_.join = beside(table, parts.size() == 1);
    if (parts.size() == 1 && draft_.wanted.bare) draft_.wanted.bare_joins.push_back(draft_.spec.fields.size());
  }

  // A join table that names no schema lies in that of the pair's table.
  std::string beside(const std::string& table, bool bare) const {
    const std::string_view own = draft_.spec.table;
    const auto name = without_schema(own);
    return bare ? std::string(own.substr(0, own.size() - name.size())) + table : table;
  }

  void read_back() {
    only("the other end of a relation", {"back_of"});
    relation_.kind = Relation::Kind::back;
    relation_.back_of = section_.required_text("back_of");
    field_.direction = draft_.spec.direction;
    field_.column = "back:" + field_.property;
  }

  Reading& reading_;
  Section& section_;
  Field& field_;
  Relation& relation_;
  PairDraft& draft_;
};

}  // namespace

Names relation_keys() {
  return {"to", "join", "back_of", "two_way", "references", "on_delete"};
}

void read_relation(Reading& reading, Section& section, Field& field, PairDraft& draft) {
  RelationReader(reading, section, field, draft).read();
}

}  // namespace rowpage
