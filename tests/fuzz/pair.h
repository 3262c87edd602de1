// A pair with a field of every type of property, in columns that fit: what answers and stored states are read by.
#pragma once

#include <string>

#include "core/schema.h"

namespace rowpage::fuzz {

inline constexpr const char* source_id = "50000000-0000-4000-8000-000000000005";

inline Pair whole_pair() {
  Pair pair;
  pair.model = "Bean";
  pair.workspace = "default";
  pair.data_source = source_id;
  pair.table = "beans";
  pair.schema_name = "public";
  pair.table_name = "beans";
  pair.key_column.name = "id";
  const auto field = [&](FieldType type, ColumnType column, const char* sql_type) -> Field& {
    Field made;
    made.type = type;
    made.property = std::string(name_of(type));
    made.property_id = type == FieldType::title ? "title" : "id" + std::to_string(pair.fields.size());
    made.column = "c_" + std::string(name_of(type));
    made.target.name = made.column;
    made.target.type = column;
    made.target.sql_type = sql_type;
    return pair.fields.emplace_back(std::move(made));
  };
  field(FieldType::title, ColumnType::text, "text");
  field(FieldType::rich_text, ColumnType::text, "text");
  field(FieldType::number, ColumnType::numeric, "double precision");
  field(FieldType::select, ColumnType::text, "text");
  field(FieldType::multi_select, ColumnType::text_array, "text[]");
  field(FieldType::status, ColumnType::text, "text");
  field(FieldType::date, ColumnType::tstzrange, "tstzrange");
  field(FieldType::checkbox, ColumnType::boolean, "boolean");
  field(FieldType::url, ColumnType::text, "text");
  field(FieldType::email, ColumnType::text, "text");
  field(FieldType::phone_number, ColumnType::text, "text");
  field(FieldType::created_time, ColumnType::timestamptz, "timestamp with time zone");
  field(FieldType::last_edited_time, ColumnType::timestamptz, "timestamp with time zone");
  field(FieldType::unique_id, ColumnType::text, "text");
  field(FieldType::json, ColumnType::json, "jsonb");
  Field& links = field(FieldType::relation, ColumnType::uuid, "uuid");
  links.relation.kind = Relation::Kind::join;
  links.relation.to = "Bean";
  links.relation.to_source = source_id;
  links.relation.join_schema = "public";
  links.relation.join_table = "bean_links";
  links.relation.own = "bean_id";
  links.relation.other = "other_id";
  links.column = "bean_links.bean_id";
  field(FieldType::people, ColumnType::text_array, "text[]");
  field(FieldType::files, ColumnType::text, "text");
  pair.title_field = 0;
  pair.nonce_id = "nOnC";
  pair.nonce_type = "rich_text";
  pair.checksum_id = "ChKs";
  pair.row_id_id = "RoWi";
  pair.last_synced_id = "SyNc";
  return pair;
}

}  // namespace rowpage::fuzz
