// Cells as PostgreSQL writes them, for every type of field in every type of column: what is read is written back as a
// text that reads the same. Also array literals, quoting, connection strings, and what the Data API answers with.
//
// Input: field type and column type, a letter each; then the cell and, behind a line "%", the end column's.
#include <algorithm>

#include "core/text.h"
#include "fuzz/fuzz.h"
#include "postgres/api_key.h"
#include "postgres/codec.h"
#include "postgres/data_api.h"
#include "postgres/record_text.h"
#include "postgres/sql_text.h"
#include "postgres/url.h"

using namespace rowpage;
using fuzz::claim;

namespace {

constexpr const char* sql_types[] = {"text",
                                     "integer",
                                     "bigint",
                                     "numeric",
                                     "real",
                                     "boolean",
                                     "date",
                                     "timestamp without time zone",
                                     "timestamp with time zone",
                                     "daterange",
                                     "tsrange",
                                     "tstzrange",
                                     "text[]",
                                     "jsonb",
                                     "uuid",
                                     "mood",
                                     "double precision"};

Field field_of(unsigned type, unsigned column, bool with_end) {
  Field field;
  field.column = "c";
  field.type = static_cast<FieldType>(type % 18);
  const unsigned kind = column % 17;
  field.target.type = kind == 16 ? ColumnType::numeric : static_cast<ColumnType>(kind);
  field.target.sql_type = sql_types[kind];
  // Only a text may be stored in several ways; resolve() refuses the rest.
  if (field.target.type == ColumnType::text) field.store = static_cast<Storing>(column / 17 % 5);
  if (field.type == FieldType::relation) {
    field.relation.kind = type / 18 % 2 == 0 ? Relation::Kind::column : Relation::Kind::join;
    field.relation.to = "Other";
  }
  if (with_end) {
    field.end_column = "e";
    field.end_target = field.target;
  }
  return field;
}

}  // namespace

ROWPAGE_FUZZ(postgres_text) {
  if (bytes.size() < 2) return;
  (void)parse_record(bytes);
  (void)key_headers(bytes, "KEY");
  const auto failure =
      data_api_failure(400 + static_cast<unsigned char>(bytes[0]) % 150, bytes.substr(1), true, "storing");
  claim(!failure.error.what.empty(), "a failure says something");
  const auto type = static_cast<unsigned char>(bytes[0]), column = static_cast<unsigned char>(bytes[1]);
  bytes.remove_prefix(2);
  const auto parts = fuzz::parts_of(bytes, 2);
  const bool time_column = column % 17 >= 6 && column % 17 <= 8;
  const Field field = field_of(type, column, parts.size() > 1 && time_column);
  const auto end = parts.size() > 1 ? std::optional<std::string_view>(parts[1]) : std::nullopt;

  const auto value = decode(field, parts[0], field.end_column.empty() ? std::nullopt : end);
  if (value) {
    if (const auto cells = encode(field, *value)) {
      std::optional<std::string_view> last;
      if (cells->size() > 1 && (*cells)[1].second) last = *(*cells)[1].second;
      std::optional<std::string_view> first;
      if (cells->front().second) first = *cells->front().second;
      const auto again = decode(field, first, last);
      claim(again.has_value(), "what is written can be read", first.value_or("NULL"));
      claim(*again == *value, "what is written is what was read",
            display(*value) + " " + display(*again) + " " + std::string(first.value_or("NULL")));
    }
  } else {
    claim(!value.error().empty(), "a refusal says why");
  }

  if (const auto elements = parse_array(parts[0])) {
    const auto again = parse_array(array_literal(*elements));
    claim(again && *again == *elements, "an array comes back", parts[0]);
  }
  const std::optional<std::string> whole(parts[0]);
  (void)with_literals("select $1, '$1', \"$2\", $2", std::vector<std::optional<std::string>>{whole, std::nullopt});
  const auto short_one = short_name(parts[0]);
  claim(short_one.size() <= 63, "a name fits", short_one);
  claim(!valid_utf8(parts[0]) || valid_utf8(short_one), "a name is never cut inside a character", short_one);
  if (const auto plan = plan_connection(parts[0])) {
    claim(!plan->parameters.empty(), "a connection has parameters");
    for (const auto& [name, secret] : plan->parameters) {
      if (name != "password" || secret.size() < 6) continue;
      const bool elsewhere = std::ranges::any_of(plan->parameters, [&](const auto& each) {
        return each.first != "password" && each.second.find(secret) != std::string::npos;
      });
      if (!elsewhere) claim(plan->place.find(secret) == std::string::npos, "a place shows no password", plan->place);
    }
  }
  (void)without_password(parts[0]);
}
