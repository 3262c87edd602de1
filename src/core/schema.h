// What a pair is: one Notion data source and one table, field by field, with the rules for both.
//
// A PairSpec is what the user wrote; resolve() lays it beside what the two sides really have and gives a Pair, in which
// every field knows its property id and its column, or the list of what does not fit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.h"

namespace rowpage {

enum class Side { notion, supabase };

enum class Direction { both, to_notion, to_supabase };

/// Property types that travel. created_time, last_edited_time and unique_id are read only. `json` is a rich_text
/// property that holds JSON text. People are read only too. A relation's value is a list: ids of pages on the Notion
/// side, on the Supabase side the values its links are named by (Relation::reference). People and files are texts: one
/// name, or one address, a line.
enum class FieldType {
  title,
  rich_text,
  number,
  select,
  multi_select,
  status,
  date,
  checkbox,
  url,
  email,
  phone_number,
  created_time,
  last_edited_time,
  unique_id,
  json,
  relation,
  people,
  files,
};

/// How one column holds several values. `automatic`: an array column holds an array, jsonb holds a JSON array, text
/// holds them joined by ", ".
enum class Storing { automatic, single, joined, array, json };

enum class ColumnType {
  text,
  integer,
  bigint,
  numeric,
  real,
  boolean,
  date,
  timestamp,
  timestamptz,
  daterange,
  tsrange,
  tstzrange,
  text_array,
  json,
  uuid,
  enumeration,
  other,
};

/// A column as introspection found it.
struct Column {
  std::string name;
  ColumnType type = ColumnType::other;
  std::string sql_type;  // as format_type() writes it, e.g. "character varying(80)"
  bool not_null = false;
  bool has_default = false;
  bool generated = false;           // GENERATED ALWAYS (stored or identity): never written
  std::optional<int> max_length;    // varchar(n): characters
  int max_integer_bytes = 8;        // smallint 2, integer 4, bigint 8
  std::vector<std::string> labels;  // of an enum, in its order
};

/// A property as the data source's schema shows it. `id` is decoded (not percent-encoded).
struct Property {
  std::string id;
  std::string name;
  std::string type;                  // Notion's word, e.g. "rich_text"; unknown words are kept
  std::vector<std::string> options;  // names, of select, multi_select and status
  std::string target;                // of a relation: the data source it leads to
  std::string synced_id;             // of a two-way relation: the property at its other end
};

/// Where a relation's links are kept in PostgreSQL. Each link is one fact, written from one end.
struct Relation {
  enum class Kind {
    none,    // not a relation
    column,  // a foreign key of the row: at most one link
    join,    // rows of a join table: any number
    back,    // the other end of a two-way relation in Notion; observed only, the other pair's field owns the links
  } kind = Kind::none;
  std::string to;                      // model of the pair the links lead to
  std::string references;              // column of that pair's table the links are named by; empty: its key
  std::string join;                    // "schema.table" of the join table, and its two key columns:
  std::string own, other;              // of this pair's row, of the linked row
  std::string own_references;          // column of this pair's table that `own` holds; empty: its key
  std::string two_way;                 // name of the property at the other end in Notion; empty: a one-way relation
  std::string back_of;                 // of `back`: the property at the other end
  std::string on_delete = "set null";  // of a foreign key that setup makes

  // Filled by resolve():
  std::string to_schema, to_table, to_key;  // the linked pair's table and key
  std::string to_deleted;                   // its column that marks a deleted row; empty: none
  std::string to_source;                    // its data source; empty: not known
  std::string far;                          // stored name (Field::column) of the field at the other end; empty: none
  std::string join_schema, join_table;
  Column reference;       // of the linked table
  Column own_column;      // of this pair's table
  bool required = false;  // the foreign key is NOT NULL
};

/// One property ↔ one column. `column` also names the field in stored JSON, so a relation without a column has a
/// made-up one there: "join_table.own" or, for a back end, "back:Property".
struct Field {
  std::string property;
  std::vector<std::string> also;  // other names under which the property may be found
  std::string column;
  std::string end_column;  // optional: holds a date range's end when `column` can hold one time only
  FieldType type = FieldType::rich_text;
  Direction direction = Direction::both;
  Storing store = Storing::automatic;
  std::vector<std::string>
      options;  // wanted by the preset or the user; created by setup, and the order of joined values
  std::vector<std::pair<std::string, std::string>> values;  // option in Notion, value in the column; others as they are
  bool percent = false;                                     // 0-100 in the column, 0-1 in Notion
  std::string format;                                       // of a number property that setup makes: "dollar"
  Relation relation;

  // Filled by resolve():
  std::string property_id;
  std::vector<std::string> known_options;  // of the property, as the schema shows them
  bool as_text = false;  // the property is rich_text or title although the field says select, url, status, ...
  Column target;
  Column end_target;

  bool is_relation() const { return relation.kind != Relation::Kind::none; }
  /// Whether `column` is a column of the pair's table.
  bool has_column() const { return relation.kind == Relation::Kind::none || relation.kind == Relation::Kind::column; }
};

/// A way to find the counterpart of an unlinked half.
struct Match {
  enum class By { page_id, row_id, key, checksum } by = By::page_id;
  std::string column;        // of `key`
  std::string text() const;  // "page_id", "key:decision"
};

enum class Prefer { newest, notion, supabase, ask };
enum class Granularity { field, record };

struct ConflictPolicy {
  Prefer prefer = Prefer::newest;
  Side on_equal = Side::notion;      // both times in one minute
  Side on_missing = Side::supabase;  // a time is not known
  Granularity granularity = Granularity::field;
};

enum class Deletes { soft, hard, ignore };
enum class First { ask, newest, notion, supabase };
enum class Drift { report, revert };
enum class BookkeepingWrite { with_changes, background, off };

/// Properties and columns only the tool writes. An empty name means: not kept.
struct Bookkeeping {
  std::string nonce = "Rowpage";
  std::string row_id, last_synced, checksum, synced;  // properties
  std::string page_id_column, checksum_column, synced_column, updated_at_column, deleted_at_column;
  std::string created_at_column;  // a row made from a page takes the page's time
  BookkeepingWrite write = BookkeepingWrite::with_changes;
};

/// max(percent % of the side's records, at_least).
struct Limit {
  int percent = 0;
  std::int64_t at_least = 0;
  std::int64_t of(std::int64_t records) const;
};

struct Brakes {
  Limit deletes{10, 5};
  Limit rewrites{50, 20};
  std::int64_t unmatched = 20;
};

/// How late a request may land and how late a query may see it (R4 of ARCHITECTURE.md).
struct Bounds {
  Millis landing_ms = 60 * second_ms;
  Millis index_ms = 120 * second_ms;
};

struct PairSpec {
  std::string model;
  std::string database;     // canonical id; or
  std::string data_source;  // canonical id; or
  std::string title;        // of the database
  std::string table;        // "schema.table" or "table" (public)
  std::string key = "id";   // column
  Direction direction = Direction::both;
  std::vector<Match> match;
  std::vector<Field> fields;
  Bookkeeping book;
  ConflictPolicy conflict;
  Deletes deletes = Deletes::soft;
  Brakes brakes;
  First first = First::ask;
  Drift drift = Drift::report;
  Bounds bounds;
  std::string place;  // "rowpage.yaml:12:5", for messages
};

/// A data source as Notion shows it.
struct SourceSchema {
  std::string data_source;
  std::string database;
  std::string title;
  std::vector<Property> properties;
};

struct ForeignKey {
  std::vector<std::string> columns;
  std::string schema, table;
  std::vector<std::string> references;
  bool deferrable = false;
};

/// A table as PostgreSQL shows it.
struct TableSchema {
  std::string schema;
  std::string name;
  std::vector<Column> columns;
  std::vector<std::string> primary_key;
  bool key_unique = false;  // the pair's key column is the primary key or has a unique index
  bool can_select = true, can_insert = true, can_update = true, can_delete = true;
  std::int64_t row_estimate = -1;
  std::vector<ForeignKey> foreign_keys;
  std::vector<std::vector<std::string>> unique_keys;  // primary key included; whole, full, valid ones only
};

/// A pair ready to run: names checked, ids known.
struct Pair : PairSpec {
  std::string workspace;
  std::string schema_name, table_name;  // `table` taken apart
  Column key_column;
  std::string nonce_id, row_id_id, last_synced_id, checksum_id, synced_id;  // property ids; empty: not kept or missing
  std::string nonce_type;                                                   // "rich_text", or "title"
  std::size_t title_field = npos;
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  /// Stored state belongs to these three, not to the model's name.
  std::string identity() const { return workspace + "/" + data_source + "/" + schema_name + "." + table_name; }

  /// Changes whenever fields, types, directions, key or filter change: a changed mapping trips the brake until named.
  std::string fingerprint() const;
};

/// One thing that does not fit, for a person.
struct Problem {
  enum class Level { error, warning } level = Level::error;
  std::string where;  // "Decision: property Type"
  std::string what;
  std::string hint;
};

struct Resolved {
  Pair pair;
  std::vector<Problem> problems;  // no errors among them: the pair can run
  bool ok() const;
};

/// What a pair's relations lead to.
struct Neighbours {
  std::vector<PairSpec> pairs;                 // all pairs of the workspace
  std::vector<TableSchema> tables;             // of the linked pairs, and the join tables, where they are there
  std::map<std::string, std::string> sources;  // model → data source, as far as known
};

/// Lays a spec beside both schemas. Names bind exactly first, then ignoring case; a missing one is answered with the
/// nearest names and types. Pure.
Resolved resolve(const PairSpec& spec, const std::string& workspace, const SourceSchema& source,
                 const TableSchema& table, const Neighbours& neighbours = {});

/// Notion's word for a field's property, as setup creates it.
std::string_view notion_type(FieldType type);
std::string_view name_of(FieldType type);
std::string_view name_of(Direction direction);
std::string_view name_of(Side side);    // for people: "Notion", "Supabase"
std::string_view side_word(Side side);  // in the database, configuration and JSON: "notion", "supabase"
std::string_view name_of(Prefer prefer);
std::optional<FieldType> field_type(std::string_view name);

/// True for types people cannot write in Notion.
bool read_only(FieldType type);

/// How people call a field: by its property or, without one, its column.
std::string label(const Field& field);

}  // namespace rowpage
