#include "postgres/row_shape.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

int slot_of(std::vector<std::string>& columns, const std::string& column) {
  const auto found = std::ranges::find(columns, column);
  if (found != columns.end()) return static_cast<int>(found - columns.begin());
  columns.push_back(column);
  return static_cast<int>(columns.size()) - 1;
}

/// The linked rows' names as one sorted array, NULL for none. rowpage.links_of() says the same.
std::string links_sql(const Relation& relation, const std::string& own_reference) {
  const std::string other = "j." + quote_ident(relation.other);
  const std::string text = other + "::text collate \"C\"";
  return "(select pg_catalog.array_agg(distinct " + text + " order by " + text + ")::text from " +
         quote_name(relation.join_schema, relation.join_table) + " j where j." + quote_ident(relation.own) + " = t." +
         quote_ident(own_reference) + " and " + other + " is not null)";
}

}  // namespace

RowShape::RowShape(const Pair& pair) : pair_(pair), target_(quote_name(pair.schema_name, pair.table_name)) {
  for (const auto& field : pair.fields) {
    Slots slots;
    if (field.has_column()) slots.main = slot_of(columns_, field.column);
    if (!field.end_column.empty()) slots.end = slot_of(columns_, field.end_column);
    slots_.push_back(slots);
  }
  for (std::size_t i = 0; i < pair.fields.size(); ++i) {
    if (pair.fields[i].relation.kind != Relation::Kind::join) continue;
    slots_[i].main = static_cast<int>(columns_.size() + joins_.size());
    joins_.push_back(i);
  }
  const auto optional = [](const std::string& column, const std::string& before, const std::string& after,
                           const char* otherwise) {
    return column.empty() ? std::string(otherwise) : before + "t." + quote_ident(column) + after;
  };
  const auto& book = pair.book;
  select_list_ =
      "t." + quote_ident(pair.key) + "::text, t.xmin::text, " +
      optional(book.updated_at_column, "(extract(epoch from ", "::timestamptz) * 1000)::bigint::text", "null") + ", " +
      optional(book.deleted_at_column, "(", " is not null)::text", "'false'") + ", " +
      optional(book.page_id_column, "", "::text", "null") + ", " + optional(book.checksum_column, "", "::text", "null");
  for (const auto& column : columns_) select_list_ += ", t." + quote_ident(column) + "::text";
  for (const auto field : joins_) select_list_ += ", " + links_sql(pair.fields[field].relation, own_reference(field));
}

const std::string& RowShape::own_reference(std::size_t join_field) const {
  const auto& named = pair_.fields[join_field].relation.own_references;
  return named.empty() ? pair_.key : named;
}

std::optional<std::size_t> RowShape::field_named(std::string_view column) const {
  for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
    if (pair_.fields[i].column == column || (!column.empty() && pair_.fields[i].end_column == column)) return i;
  }
  return std::nullopt;
}

Row RowShape::row(const Cells& cells) const {
  Row row;
  row.key = std::string(cells(0).value_or(""));
  row.version = std::string(cells(1).value_or(""));
  if (const auto updated = cells(2)) {
    Millis ms = 0;
    const auto [end, error] = std::from_chars(updated->data(), updated->data() + updated->size(), ms);
    if (error == std::errc()) row.updated_ms = ms;
  }
  row.deleted = cells(3).value_or("") == "true";
  const std::string page_id(cells(4).value_or(""));
  row.page_id = canonical_id(page_id);
  if (row.page_id.empty()) row.page_id = page_id;
  row.checksum = std::string(cells(5).value_or(""));
  row.values.reserve(slots_.size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const auto end = slots_[i].end < 0 ? std::nullopt : cells(meta_cells + slots_[i].end);
    const auto main = slots_[i].main < 0 ? std::nullopt : cells(meta_cells + slots_[i].main);
    auto value = decode(pair_.fields[i], main, end);
    if (!value) row.unreadable.push_back({i, value.error()});
    row.values.push_back(value ? std::move(*value) : Value(Null{}));
  }
  return row;
}

json::object RowShape::shadow_to_json(const Values& values) const {
  json::object shadow;
  for (std::size_t i = 0; i < pair_.fields.size() && i < values.size(); ++i) {
    auto cells = encode(pair_.fields[i], values[i]);
    if (!cells) {
      shadow[name(i)] = json::object{{"value", value_to_json(values[i])}};
      continue;
    }
    for (auto& [column, text] : *cells) {
      if (text)
        shadow[column] = *text;
      else
        shadow[column] = nullptr;
    }
  }
  return shadow;
}

Values RowShape::shadow_from_json(const json::value& shadow) const {
  Values values;
  const auto cell = [&](const std::string& column) -> std::optional<std::string_view> {
    const json::value* text = column.empty() ? nullptr : find(shadow, column);
    if (text == nullptr || !text->is_string()) return std::nullopt;
    return std::string_view(text->get_string());
  };
  for (const auto& field : pair_.fields) {
    const json::value* member = find(shadow, field.column);
    if (member != nullptr && member->is_object()) {
      const json::value* kept = find(*member, "value");
      const auto value = kept == nullptr ? Result<Value>(Value(Null{})) : value_from_json(*kept);
      values.push_back(value.value_or(Value(Null{})));
      continue;
    }
    values.push_back(decode(field, cell(field.column), cell(field.end_column)).value_or(Value(Null{})));
  }
  return values;
}

}  // namespace rowpage
