// A pair over a small table with one column of most kinds, as resolve() would make it.
#pragma once

#include <string>

#include "core/schema.h"

namespace rowpage::testing {

inline const char* vault_table = R"(create table public.vault (
  id uuid primary key default gen_random_uuid(), decision text not null, type text not null default 'Ops', date date,
  amount numeric(10,2), tags text[], done boolean, updated_at timestamptz default now(), notion_page_id text unique,
  checksum text, notion_synced boolean default false, deleted_at timestamptz))";

inline Field field_of(const std::string& column, FieldType type, ColumnType column_type, const std::string& sql_type,
                      bool not_null = false) {
  Field field;
  field.property = column;
  field.property_id = column;
  field.column = column;
  field.type = type;
  field.target = Column{.name = column, .type = column_type, .sql_type = sql_type, .not_null = not_null};
  return field;
}

enum VaultField : std::size_t { decision, type, date, amount, tags, done };

inline Pair vault_pair() {
  Pair pair;
  pair.model = "Decision";
  pair.workspace = "default";
  pair.data_source = "11111111-1111-4111-8111-111111111111";
  pair.table = "vault";
  pair.schema_name = "public";
  pair.table_name = "vault";
  pair.key = "id";
  pair.key_column =
      Column{.name = "id", .type = ColumnType::uuid, .sql_type = "uuid", .not_null = true, .has_default = true};
  pair.fields = {field_of("decision", FieldType::title, ColumnType::text, "text", true),
                 field_of("type", FieldType::multi_select, ColumnType::text, "text", true),
                 field_of("date", FieldType::date, ColumnType::date, "date"),
                 field_of("amount", FieldType::number, ColumnType::numeric, "numeric(10,2)"),
                 field_of("tags", FieldType::multi_select, ColumnType::text_array, "text[]"),
                 field_of("done", FieldType::checkbox, ColumnType::boolean, "boolean")};
  pair.fields[1].options = {"Policy", "Architecture", "Ops", "UX", "Other"};
  pair.title_field = 0;
  pair.book.page_id_column = "notion_page_id";
  pair.book.checksum_column = "checksum";
  pair.book.synced_column = "notion_synced";
  pair.book.updated_at_column = "updated_at";
  pair.book.deleted_at_column = "deleted_at";
  return pair;
}

}  // namespace rowpage::testing
