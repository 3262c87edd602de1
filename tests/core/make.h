// Small pairs, records and random values for the tests of core.
#pragma once

#include <string>
#include <vector>

#include <rapidcheck.h>

#include "core/plan.h"

namespace rowpage {

inline Field make_field(const std::string& name, FieldType type, ColumnType column, const std::string& sql = {}) {
  Field field;
  field.property = field.column = name;
  field.property_id = "id-" + name;
  field.type = type;
  field.target.name = name;
  field.target.type = column;
  field.target.sql_type = sql;
  return field;
}

/// A pair of text fields a, b, c, with everything both ways.
inline Pair text_pair(std::size_t fields = 3) {
  Pair pair;
  pair.model = "M";
  pair.nonce_id = "id-nonce";
  pair.book.deleted_at_column = "deleted_at";
  for (std::size_t i = 0; i < fields; ++i)
    pair.fields.push_back(
        make_field(std::string(1, static_cast<char>('a' + i)), FieldType::rich_text, ColumnType::text));
  return pair;
}

inline Value text(const char* words) {
  return std::string(words);
}

namespace gen {

/// Few different values, so that they are often equal.
inline rc::Gen<Value> small_value() {
  return rc::gen::element<Value>(Null{}, std::string("x"), std::string("y"), std::string("z"));
}

inline rc::Gen<Values> small_values(std::size_t count) {
  return rc::gen::container<Values>(count, small_value());
}

inline rc::Gen<Millis> minute() {
  return rc::gen::map(rc::gen::inRange<Millis>(0, 5), [](Millis m) { return m * minute_ms; });
}

}  // namespace gen
}  // namespace rowpage
