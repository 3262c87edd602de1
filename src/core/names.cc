// The words of the configuration and of every report, in one place.
#include <utility>

#include "core/plan.h"
#include "core/record.h"
#include "core/schema.h"

namespace rowpage {
namespace {

constexpr std::pair<FieldType, std::string_view> field_types[] = {
    {FieldType::title, "title"},
    {FieldType::rich_text, "rich_text"},
    {FieldType::number, "number"},
    {FieldType::select, "select"},
    {FieldType::multi_select, "multi_select"},
    {FieldType::status, "status"},
    {FieldType::date, "date"},
    {FieldType::checkbox, "checkbox"},
    {FieldType::url, "url"},
    {FieldType::email, "email"},
    {FieldType::phone_number, "phone_number"},
    {FieldType::created_time, "created_time"},
    {FieldType::last_edited_time, "last_edited_time"},
    {FieldType::unique_id, "unique_id"},
    {FieldType::json, "json"},
    {FieldType::relation, "relation"},
    {FieldType::people, "people"},
    {FieldType::files, "files"},
};

constexpr std::pair<Errand::Kind, std::string_view> errand_kinds[] = {
    {Errand::Kind::await_page, "await_page"},
    {Errand::Kind::await_row, "await_row"},
    {Errand::Kind::look, "look"},
    {Errand::Kind::add, "add"},
    {Errand::Kind::drop, "drop"},
};

constexpr std::pair<RequestKind, std::string_view> request_kinds[] = {
    {RequestKind::create, "create"},
    {RequestKind::update, "update"},
    {RequestKind::trash, "trash"},
    {RequestKind::restore, "restore"},
};

constexpr std::pair<Parked::Kind, std::string_view> parked_kinds[] = {
    {Parked::Kind::parked, "parked"},
    {Parked::Kind::waiting, "waiting"},
    {Parked::Kind::held, "held"},
    {Parked::Kind::undecided, "undecided"},
};

template <class E, std::size_t N>
std::string_view name_in(const std::pair<E, std::string_view> (&table)[N], E value) {
  for (const auto& [key, name] : table) {
    if (key == value) return name;
  }
  return "?";
}

template <class E, std::size_t N>
std::optional<E> value_in(const std::pair<E, std::string_view> (&table)[N], std::string_view name) {
  for (const auto& [key, known] : table) {
    if (known == name) return key;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(FieldType type) {
  return name_in(field_types, type);
}
std::optional<FieldType> field_type(std::string_view name) {
  return value_in(field_types, name);
}
std::string_view notion_type(FieldType type) {
  return type == FieldType::json ? "rich_text" : name_of(type);
}

std::string label(const Field& field) {
  return field.property.empty() ? field.column : field.property;
}

bool read_only(FieldType type) {
  return type == FieldType::created_time || type == FieldType::last_edited_time || type == FieldType::unique_id ||
         type == FieldType::people;
}

std::string_view name_of(Errand::Kind kind) {
  return name_in(errand_kinds, kind);
}
std::optional<Errand::Kind> errand_kind(std::string_view name) {
  return value_in(errand_kinds, name);
}
std::string_view name_of(RequestKind kind) {
  return name_in(request_kinds, kind);
}
std::optional<RequestKind> request_kind(std::string_view name) {
  return value_in(request_kinds, name);
}
std::string_view name_of(Parked::Kind kind) {
  return name_in(parked_kinds, kind);
}
std::optional<Parked::Kind> parked_kind(std::string_view name) {
  return value_in(parked_kinds, name);
}

std::string_view name_of(Direction direction) {
  switch (direction) {
    case Direction::both:
      return "both";
    case Direction::to_notion:
      return "to_notion";
    case Direction::to_supabase:
      return "to_supabase";
  }
  return "?";
}

std::string_view name_of(Side side) {
  return side == Side::notion ? "Notion" : "Supabase";
}

std::string_view side_word(Side side) {
  return side == Side::notion ? "notion" : "supabase";
}

std::string_view name_of(Prefer prefer) {
  switch (prefer) {
    case Prefer::newest:
      return "newest";
    case Prefer::notion:
      return "notion";
    case Prefer::supabase:
      return "supabase";
    case Prefer::ask:
      return "ask";
  }
  return "?";
}

std::string_view name_of(RowOp op) {
  switch (op) {
    case RowOp::none:
      return "none";
    case RowOp::insert:
      return "insert";
    case RowOp::update:
      return "update";
    case RowOp::soft_delete:
      return "soft_delete";
    case RowOp::hard_delete:
      return "hard_delete";
    case RowOp::restore:
      return "restore";
  }
  return "?";
}

std::string_view name_of(PageOp op) {
  switch (op) {
    case PageOp::none:
      return "none";
    case PageOp::create:
      return "create";
    case PageOp::update:
      return "update";
    case PageOp::trash:
      return "trash";
    case PageOp::restore:
      return "restore";
  }
  return "?";
}

std::string Match::text() const {
  switch (by) {
    case By::page_id:
      return "page_id";
    case By::row_id:
      return "row_id";
    case By::key:
      return "key:" + column;
    case By::checksum:
      return "checksum";
  }
  return "?";
}

}  // namespace rowpage
