// Laying a pair's mapping beside what both sides really have.
//
// Everything that does not fit is collected, so that a person mends it in one go; each problem says what was found
// instead and what to do. Names bind exactly first, then ignoring case. What is merely optional (bookkeeping) degrades
// to a warning.
#include <algorithm>
#include <cstdint>
#include <set>

#include "core/schema.h"
#include "core/table_name.h"
#include "core/text.h"

namespace rowpage {
namespace {

constexpr const char* to_our_role = " TO the role in SUPABASE_DB_URL, or service_role over the Data API.";

std::string quoted(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + quoted(name);
  return text;
}

template <class T>
const T* by_name(const std::vector<T>& things, std::string_view name) {
  const auto exact = std::ranges::find(things, name, &T::name);
  if (exact != things.end()) return &*exact;
  const std::string lower = ascii_lower(name);
  const auto loose = std::ranges::find_if(things, [&](const T& thing) { return ascii_lower(thing.name) == lower; });
  return loose != things.end() ? &*loose : nullptr;
}

template <class T>
std::vector<std::string> names_of(const std::vector<T>& things) {
  std::vector<std::string> names;
  for (const auto& thing : things) names.push_back(thing.name);
  return names;
}

// "Did you mean …", else everything there is.
template <class T>
std::string instead(std::string_view name, const std::vector<T>& things, const char* kind) {
  const auto near = nearest(name, names_of(things));
  if (!near.empty()) return "Did you mean " + listed(near) + "?";
  return std::string("There are these ") + kind + ": " + listed(names_of(things)) + ".";
}

bool holds(FieldType type, ColumnType column) {
  using C = ColumnType;
  switch (type) {
    case FieldType::number:
      return column == C::integer || column == C::bigint || column == C::numeric || column == C::real;
    case FieldType::checkbox:
      return column == C::boolean;
    case FieldType::multi_select:
      return column == C::text || column == C::text_array || column == C::json || column == C::enumeration;
    case FieldType::date:
      return column == C::date || column == C::timestamp || column == C::timestamptz || column == C::daterange ||
             column == C::tsrange || column == C::tstzrange;
    case FieldType::created_time:
    case FieldType::last_edited_time:
      return column == C::date || column == C::timestamp || column == C::timestamptz;
    case FieldType::unique_id:
      return column == C::text || column == C::integer || column == C::bigint || column == C::numeric;
    case FieldType::json:
      return column == C::json || column == C::text;
    case FieldType::relation:
      return column == C::uuid || column == C::text || column == C::integer || column == C::bigint;
    case FieldType::people:
    case FieldType::files:
      return column == C::text || column == C::text_array || column == C::json;
    default:
      return column == C::text || column == C::enumeration || column == C::uuid;
  }
}

std::string_view columns_for(FieldType type) {
  switch (type) {
    case FieldType::number:
      return "integer, bigint, numeric or double precision";
    case FieldType::checkbox:
      return "boolean";
    case FieldType::multi_select:
      return "text (joined), text[] or jsonb";
    case FieldType::date:
      return "date, timestamptz, timestamp, daterange or tstzrange";
    case FieldType::created_time:
    case FieldType::last_edited_time:
      return "timestamptz, timestamp or date";
    case FieldType::unique_id:
      return "text or bigint";
    case FieldType::json:
      return "jsonb, json or text";
    case FieldType::relation:
      return "uuid, text or bigint, with a foreign key";
    case FieldType::people:
    case FieldType::files:
      return "jsonb, text[] or text";
    default:
      return "text, varchar, uuid or an enum";
  }
}

// Binds the field to a property of another, interchangeable type where the preset rules allow it.
bool bind_type(Field& field, const Property& property) {
  if (property.type == notion_type(field.type)) return true;
  const bool text = property.type == "rich_text" || property.type == "title";
  switch (field.type) {
    case FieldType::title:
    case FieldType::rich_text:
      if (!text) return false;
      field.type = property.type == "title" ? FieldType::title : FieldType::rich_text;
      return true;
    case FieldType::select:
      if (property.type == "status") {
        field.type = FieldType::status;
        return true;
      }
      field.as_text = text;
      return text;
    case FieldType::status:
      if (property.type != "select") return false;
      field.type = FieldType::select;
      return true;
    case FieldType::url:
    case FieldType::email:
    case FieldType::phone_number:
    case FieldType::json:
      field.as_text = text;
      return text;
    default:
      return false;
  }
}

class Resolver {
 public:
  Resolver(const PairSpec& spec, const std::string& workspace, const SourceSchema& source, const TableSchema& table,
           const Neighbours& neighbours)
      : written_(spec), source_(source), table_(table), neighbours_(neighbours) {
    static_cast<PairSpec&>(result_.pair) = spec;
    result_.pair.workspace = workspace;
    result_.pair.data_source = source.data_source;
    if (!source.database.empty()) result_.pair.database = source.database;
    result_.pair.schema_name = table.schema;
    result_.pair.table_name = table.name;
  }

  Resolved run() {
    bind_key();
    for (std::size_t i = 0; i < pair().fields.size(); ++i) bind_field(pair().fields[i], i);
    find_collisions();
    bind_bookkeeping();
    check_match();
    check_privileges();
    return std::move(result_);
  }

 private:
  Pair& pair() { return result_.pair; }
  bool writes_rows() { return pair().direction != Direction::to_notion; }
  bool writes_pages() { return pair().direction != Direction::to_supabase; }
  std::string table_text() const { return table_.schema + "." + table_.name; }

  void error(std::string where, std::string what, std::string hint) {
    result_.problems.push_back(
        {Problem::Level::error, pair().model + ": " + std::move(where), std::move(what), std::move(hint)});
  }
  void warning(std::string where, std::string what, std::string hint) {
    result_.problems.push_back(
        {Problem::Level::warning, pair().model + ": " + std::move(where), std::move(what), std::move(hint)});
  }

  void bind_key() {
    const Column* key = by_name(table_.columns, pair().key);
    if (!key) {
      error("key " + quoted(pair().key), "table " + table_text() + " has no such column",
            instead(pair().key, table_.columns, "columns"));
      return;
    }
    pair().key = key->name;
    pair().key_column = *key;
    if (!table_.key_unique) {
      error("key " + quoted(key->name),
            "the column is neither the primary key of " + table_text() + " nor unique and NOT NULL",
            "Name a column that identifies one row, or add a unique index and NOT NULL.");
    }
  }

  // Under its name, or under one it may have in a database that was there before.
  const Property* find_property(const Field& field) const {
    if (const Property* property = by_name(source_.properties, field.property)) return property;
    for (const auto& name : field.also) {
      if (const Property* property = by_name(source_.properties, name)) return property;
    }
    return nullptr;
  }

  void bind_field(Field& field, std::size_t index) {
    const Property* property = find_property(field);
    const std::string where = "property " + quoted(field.property);
    if (!property) {
      const bool back = field.relation.kind == Relation::Kind::back;
      // Notion shows no relation to a database that the integration may not read.
      const bool hidden = field.is_relation() && field.relation.to != pair().model && !neighbours_.pairs.empty() &&
                          !neighbours_.sources.contains(field.relation.to);
      error(where, "the Notion database " + quoted(source_.title) + " has no such property",
            hidden ? "It leads to the database of " + field.relation.to +
                         ", which could not be read: Notion hides relations to what is not shared with the "
                         "integration. Share that one first."
            : back ? "It is the other end of " + quoted(field.relation.back_of) + " of " + field.relation.to +
                         ": make that relation two-way in Notion and name this end so, or remove the field from the "
                         "mapping; where neither end is there, `rowpage setup --side notion` adds both."
                   : instead(field.property, source_.properties, "properties") +
                         " Names must match exactly; `rowpage setup --side notion` adds missing ones.");
    } else {
      field.property = property->name;
      field.property_id = property->id;
      field.known_options = property->options;
      if (!bind_type(field, *property)) {
        std::vector<std::string> fitting;
        for (const auto& other : source_.properties) {
          if (other.type == notion_type(field.type)) fitting.push_back(other.name);
        }
        error(where, "is of type " + property->type + ", the mapping says " + std::string(name_of(field.type)),
              fitting.empty()
                  ? "Change the property's type in Notion, or the field's type in the mapping."
                  : "Of type " + std::string(notion_type(field.type)) + " there is " + listed(fitting) + ".");
      }
    }
    if (field.type == FieldType::title) pair().title_field = index;
    bind_direction(field);
    if (field.is_relation()) bind_relation(field, index, property);
    if (field.has_column()) bind_column(field);
    if (field.relation.kind == Relation::Kind::column) bind_foreign_key(field);
  }

  // --- relations

  const PairSpec* neighbour(const std::string& model) const {
    const auto found = std::ranges::find(neighbours_.pairs, model, &PairSpec::model);
    return found == neighbours_.pairs.end() ? nullptr : &*found;
  }

  // Of a "schema.table" as the mapping writes it.
  const TableSchema* known_table(const std::string& name) const {
    const TableName wanted = split_table_name(name);
    const auto found = std::ranges::find_if(neighbours_.tables, [&](const TableSchema& one) {
      return one.schema == wanted.schema && one.name == wanted.name;
    });
    return found == neighbours_.tables.end() ? nullptr : &*found;
  }

  void bind_relation(Field& field, std::size_t index, const Property* property) {
    Relation& relation = field.relation;
    const std::string where = "relation " + quoted(field.property);
    const PairSpec* target = neighbour(relation.to);
    if (!target) {
      error(where, "leads to " + quoted(relation.to) + ", which is not a pair of this workspace",
            "A relation can be kept only between databases that are both pairs here.");
      return;
    }
    const auto source = neighbours_.sources.find(relation.to);
    relation.to_source = source == neighbours_.sources.end() ? target->data_source : source->second;
    if (relation.to == pair().model) relation.to_source = source_.data_source;
    const bool elsewhere = property && property->type == "relation" && !relation.to_source.empty() &&
                           !property->target.empty() && property->target != relation.to_source;
    if (elsewhere) {
      error(where,
            "leads to another database in Notion (data source " + property->target + ") than the mapping says (" +
                relation.to + ", data source " + relation.to_source + ")",
            "Point the property at the right database, or name the pair it leads to in `to`.");
    }
    const TableSchema* table = relation.to == pair().model ? &table_ : known_table(target->table);
    if (!table) {
      error(where, "leads to " + relation.to + ", whose table " + target->table + " is not there",
            "`rowpage setup --side postgres` creates what is missing.");
      return;
    }
    relation.to_schema = table->schema;
    relation.to_table = table->name;
    relation.to_key = target->key;
    if (by_name(table->columns, target->book.deleted_at_column)) relation.to_deleted = target->book.deleted_at_column;
    find_far_end(field, written_.fields[index].property, *target);
    if (relation.kind == Relation::Kind::back) return;
    if (relation.kind == Relation::Kind::column) take_foreign_key(field);
    if (relation.references.empty()) relation.references = target->key;
    const Column* reference = by_name(table->columns, relation.references);
    if (!reference) {
      error(where,
            "names rows of " + relation.to + " by the column " + quoted(relation.references) + ", which table " +
                table->schema + "." + table->name + " does not have",
            instead(relation.references, table->columns, "columns"));
      return;
    }
    relation.reference = *reference;
    if (relation.kind == Relation::Kind::join) bind_join(field, where);
  }

  // The field at the other end, under the name by which its values are stored. Mappings speak of each other's
  // properties as written, which may be found under another name.
  void find_far_end(Field& field, const std::string& property, const PairSpec& target) {
    Relation& relation = field.relation;
    for (const auto& other : target.fields) {
      if (!other.is_relation() || other.relation.to != pair().model) continue;
      const bool owner = relation.kind == Relation::Kind::back && other.property == relation.back_of &&
                         other.relation.kind != Relation::Kind::back;
      const bool back = relation.kind != Relation::Kind::back && other.relation.kind == Relation::Kind::back &&
                        other.relation.back_of == property;
      if (owner || back) relation.far = other.column;
    }
    if (relation.kind == Relation::Kind::back && relation.far.empty()) {
      error("relation " + quoted(field.property),
            "is the other end of " + quoted(relation.back_of) + ", but " + relation.to +
                " maps no such relation that leads here",
            "Map the relation on that side, or correct `back_of`.");
    }
  }

  // What the foreign key of the column says, where there is one.
  void take_foreign_key(Field& field) {
    Relation& relation = field.relation;
    for (const auto& key : table_.foreign_keys) {
      if (key.columns.size() != 1 || ascii_lower(key.columns.front()) != ascii_lower(field.column)) continue;
      if (key.schema != relation.to_schema || key.table != relation.to_table) {
        error("column " + quoted(field.column),
              "has a foreign key to " + key.schema + "." + key.table + ", the mapping leads to " + relation.to + " (" +
                  relation.to_schema + "." + relation.to_table + ")",
              "Name the pair of that table in `to`.");
      } else if (relation.references.empty()) {
        relation.references = key.references.front();
      }
    }
  }

  void bind_foreign_key(Field& field) {
    const Relation& relation = field.relation;
    field.relation.required = field.target.not_null;
    const bool known = !relation.reference.name.empty() && !field.target.name.empty();
    const auto whole = [](ColumnType type) { return type == ColumnType::integer || type == ColumnType::bigint; };
    const bool same =
        field.target.type == relation.reference.type || (whole(field.target.type) && whole(relation.reference.type));
    if (known && !same) {
      error("column " + quoted(field.column),
            "is " + field.target.sql_type + ", and " + relation.to + "." + relation.references +
                ", which it names, is " + relation.reference.sql_type,
            "Both must have one type.");
    }
  }

  // A key column of a join table, and the column its values name.
  void bind_join_column(const TableSchema& join, const std::string& name, const Column& named,
                        const std::string& where) {
    const std::string table = join.schema + "." + join.name;
    const Column* column = by_name(join.columns, name);
    if (!column) {
      error(where, "the join table " + table + " has no column " + quoted(name),
            instead(name, join.columns, "columns"));
    } else if (!named.name.empty() && !comparable(column->type, named.type)) {
      error(where,
            "the column " + quoted(name) + " of the join table " + table + " is " + column->sql_type +
                ", and the column " + quoted(named.name) + " that it names is " + named.sql_type,
            "Both must have one type.");
    }
  }

  static bool comparable(ColumnType one, ColumnType other) {
    const auto whole = [](ColumnType type) { return type == ColumnType::integer || type == ColumnType::bigint; };
    return one == other || (whole(one) && whole(other));
  }

  void bind_join(Field& field, const std::string& where) {
    Relation& relation = field.relation;
    if (relation.own_references.empty()) relation.own_references = pair().key;
    if (const Column* own = by_name(table_.columns, relation.own_references)) {
      relation.own_column = *own;
    } else {
      error(where, "the table " + table_text() + " has no column " + quoted(relation.own_references),
            instead(relation.own_references, table_.columns, "columns"));
    }
    const TableSchema* join = known_table(relation.join);
    if (!join) {
      error(where, "the join table " + relation.join + " is not there",
            "`rowpage setup --side postgres` creates what is missing.");
      return;
    }
    relation.join_schema = join->schema;
    relation.join_table = join->name;
    bind_join_column(*join, relation.own, relation.own_column, where);
    bind_join_column(*join, relation.other, relation.reference, where);
    const bool writes = field.direction != Direction::to_notion && writes_rows();
    if (writes && (!join->can_insert || !join->can_delete)) {
      error(where, "the database role may not insert into and delete from " + relation.join,
            "As its owner: GRANT SELECT, INSERT, DELETE ON " + sql_name({join->schema, join->name}) + to_our_role);
    }
  }

  void bind_direction(Field& field) {
    if (read_only(field.type)) {
      if (field.direction == Direction::to_notion) {
        error("property " + quoted(field.property),
              "Notion sets " + std::string(name_of(field.type)) + " itself; it cannot be written",
              "Use `direction: to_supabase`.");
      }
      field.direction = Direction::to_supabase;
      return;
    }
    if (pair().direction == Direction::both || field.direction == pair().direction) return;
    if (field.direction == Direction::both) {
      field.direction = pair().direction;
    } else {
      error("property " + quoted(field.property),
            "travels " + std::string(name_of(field.direction)) + " while its pair travels " +
                std::string(name_of(pair().direction)),
            "Widen the pair's direction or drop the field's.");
    }
  }

  void bind_column(Field& field) {
    const std::string where = "column " + quoted(field.column);
    const Column* column = by_name(table_.columns, field.column);
    if (!column) {
      error(where, "table " + table_text() + " has no such column",
            instead(field.column, table_.columns, "columns") + " `rowpage setup --side postgres` adds missing ones.");
      return;
    }
    field.column = column->name;
    field.target = *column;
    // Under other names an option may be a number in the column.
    const bool named = !field.values.empty() && (field.type == FieldType::select || field.type == FieldType::status) &&
                       (column->type == ColumnType::integer || column->type == ColumnType::bigint);
    if (!holds(field.type, column->type) && !named) {
      error(where, "is " + column->sql_type + ", which cannot hold " + std::string(name_of(field.type)) + " values",
            "Use a column of type " + std::string(columns_for(field.type)) + ".");
    }
    if (column->generated && field.direction != Direction::to_notion) {
      if (field.direction == Direction::both) {
        field.direction = Direction::to_notion;
      } else {
        error(where, "is generated by the database and cannot be written", "Use `direction: to_notion`.");
      }
    }
    if (!field.end_column.empty()) {
      const Column* end = by_name(table_.columns, field.end_column);
      if (!end) {
        error("column " + quoted(field.end_column), "table " + table_text() + " has no such column",
              instead(field.end_column, table_.columns, "columns"));
      } else if (end->type != column->type) {
        error("column " + quoted(field.end_column),
              "is " + end->sql_type + ", its start " + quoted(column->name) + " is " + column->sql_type,
              "Both columns of a range must have one type.");
      } else {
        field.end_target = *end;
      }
    }
  }

  void find_collisions() {
    std::set<std::string> properties;
    std::set<std::string> columns;
    const auto once = [this](std::set<std::string>& seen, const std::string& name, const char* kind) {
      if (!name.empty() && !seen.insert(name).second) {
        error(kind + (" " + quoted(name)), "is mapped more than once", "One property belongs to one column.");
      }
    };
    for (const auto& field : pair().fields) {
      once(properties, field.property, "property");
      if (field.has_column()) once(columns, field.column, "column");
      once(columns, field.end_column, "column");
    }
    if (columns.contains(pair().key) && writes_rows()) {
      for (auto& field : pair().fields) {
        if (field.column == pair().key) field.direction = Direction::to_notion;  // a key is shown, never rewritten
      }
    }
    const auto& book = pair().book;
    for (const auto& name : {book.nonce, book.row_id, book.last_synced, book.checksum, book.synced}) {
      once(properties, name, "property");
    }
    // Times we keep may be shown in Notion, as long as nothing there is written into them.
    for (const auto& field : pair().fields) {
      const bool time = field.column == book.updated_at_column || field.column == book.created_at_column;
      if (time && field.direction == Direction::to_notion) columns.erase(field.column);
    }
    for (const auto& name : {book.page_id_column, book.checksum_column, book.synced_column, book.updated_at_column,
                             book.created_at_column, book.deleted_at_column}) {
      if (columns.contains(name)) error("column " + quoted(name), "is both a field and bookkeeping", "Map it once.");
    }
  }

  // A bookkeeping property: its id, or a note that it is not kept.
  std::string property_id(std::string& name, std::initializer_list<std::string_view> types, const char* what,
                          bool required) {
    if (name.empty()) return {};
    const Property* property = by_name(source_.properties, name);
    const bool right = property && std::ranges::find(types, property->type) != types.end();
    if (right) {
      name = property->name;
      return property->id;
    }
    const std::string found =
        property ? "is of type " + property->type + ", not " + std::string(*types.begin()) : "is missing";
    const std::string where = std::string(what) + " property " + quoted(name);
    if (required) {
      error(where, found + " in the Notion database " + quoted(source_.title),
            "`rowpage setup --side notion` adds it. Without it a page whose creation timed out could not be found "
            "again.");
    } else {
      warning(where, found + "; it is not kept", "`rowpage setup --side notion` adds it.");
    }
    name.clear();
    return {};
  }

  void column_for(std::string& name, std::initializer_list<ColumnType> types, const char* what) {
    if (name.empty()) return;
    const Column* column = by_name(table_.columns, name);
    if (column && std::ranges::find(types, column->type) != types.end()) {
      name = column->name;
      return;
    }
    warning(
        std::string(what) + " column " + quoted(name),
        column ? "is " + column->sql_type + "; it is not kept" : "is missing in " + table_text() + "; it is not kept",
        "`rowpage setup --side postgres` adds it.");
    name.clear();
  }

  void bind_bookkeeping() {
    auto& book = pair().book;
    const bool keep = book.write != BookkeepingWrite::off;
    nonce_off_ = book.nonce.empty();
    pair().nonce_id = property_id(book.nonce, {"rich_text"}, "nonce", writes_pages());
    pair().nonce_type = "rich_text";
    pair().row_id_id = property_id(book.row_id, {"rich_text"}, "row id", false);
    pair().checksum_id = property_id(book.checksum, {"rich_text"}, "checksum", false);
    if (keep) {
      pair().last_synced_id = property_id(book.last_synced, {"date"}, "last synced", false);
      pair().synced_id = property_id(book.synced, {"checkbox"}, "synced", false);
    }
    column_for(book.page_id_column, {ColumnType::text, ColumnType::uuid}, "page id");
    column_for(book.checksum_column, {ColumnType::text}, "checksum");
    column_for(book.synced_column, {ColumnType::boolean}, "synced");
    column_for(book.created_at_column, {ColumnType::timestamptz, ColumnType::timestamp, ColumnType::date},
               "created_at");
    column_for(book.updated_at_column, {ColumnType::timestamptz, ColumnType::timestamp}, "updated_at");
    column_for(book.deleted_at_column, {ColumnType::timestamptz, ColumnType::timestamp}, "deleted_at");
  }

  void check_match() {
    for (const auto& match : pair().match) {
      if (match.by != Match::By::key) continue;
      const auto field = std::ranges::find(pair().fields, match.column, &Field::column);
      if (field == pair().fields.end()) {
        error("match " + quoted(match.text()), "no field of the pair maps the column " + quoted(match.column),
              "Match by a mapped column.");
      }
    }
    if (writes_pages() && nonce_off_) {
      const bool natural = std::ranges::any_of(pair().match, [](const Match& m) { return m.by == Match::By::key; });
      if (!natural) {
        error("bookkeeping", "`nonce: off` needs a natural key to create pages safely, and `match` has no key:COLUMN",
              "Keep the nonce property, or add `key:COLUMN` for a column whose values are unique.");
      }
    }
  }

  void check_privileges() {
    const auto need = [this](bool have, const char* privilege) {
      if (have) return;
      error("table " + table_text(), std::string("the database role lacks ") + privilege,
            std::string("As the table's owner: GRANT ") + privilege + " ON " + sql_name({table_.schema, table_.name}) +
                to_our_role);
    };
    need(table_.can_select, "SELECT");
    if (writes_rows()) {
      need(table_.can_insert, "INSERT");
      need(table_.can_update, "UPDATE");
      if (pair().deletes == Deletes::hard) need(table_.can_delete, "DELETE");
    }
  }

  const PairSpec& written_;
  const SourceSchema& source_;
  const TableSchema& table_;
  const Neighbours& neighbours_;
  bool nonce_off_ = false;
  Resolved result_;
};

// FNV-1a, 64 bit. Not a secret, only a mark of change.
std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;
}

}  // namespace

bool Resolved::ok() const {
  return std::ranges::none_of(problems, [](const Problem& problem) { return problem.level == Problem::Level::error; });
}

Resolved resolve(const PairSpec& spec, const std::string& workspace, const SourceSchema& source,
                 const TableSchema& table, const Neighbours& neighbours) {
  return Resolver(spec, workspace, source, table, neighbours).run();
}

std::string Pair::fingerprint() const {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  hash = mix(hash, key);
  for (const auto& field : fields) {
    hash = mix(hash, field.column);
    hash = mix(hash, field.property_id);
    hash = mix(hash, name_of(field.type));
    hash = mix(hash, name_of(field.direction));
    hash = mix(hash, std::to_string(static_cast<int>(field.store)));
    for (const auto& [in_notion, in_column] : field.values) hash = mix(mix(hash, in_notion), in_column);
    if (field.percent) hash = mix(hash, "percent");
    if (!field.is_relation()) continue;
    for (const auto& part : {field.relation.to_schema, field.relation.to_table, field.relation.references,
                             field.relation.join, field.relation.own, field.relation.other, field.relation.far})
      hash = mix(hash, part);
  }
  std::string text;
  for (int i = 0; i < 16; ++i, hash >>= 4) text += "0123456789abcdef"[hash & 15];
  return text;
}

}  // namespace rowpage
