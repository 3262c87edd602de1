// One line of `fields:`.
#include <algorithm>

#include <fmt/format.h>

#include "config/read_pair.h"
#include "core/lines.h"
#include "core/text.h"

namespace rowpage {
namespace {

constexpr std::string_view computed_types[] = {"formula", "rollup"};

// Notion's words for how a number is shown (developers.notion.com, property object).
constexpr std::string_view number_formats[] = {
    "number",
    "number_with_commas",
    "percent",
    "dollar",
    "australian_dollar",
    "canadian_dollar",
    "singapore_dollar",
    "euro",
    "pound",
    "yen",
    "ruble",
    "rupee",
    "won",
    "yuan",
    "real",
    "lira",
    "rupiah",
    "franc",
    "hong_kong_dollar",
    "new_zealand_dollar",
    "krona",
    "norwegian_krone",
    "mexican_peso",
    "rand",
    "new_taiwan_dollar",
    "danish_krone",
    "zloty",
    "baht",
    "forint",
    "koruna",
    "shekel",
    "chilean_peso",
    "philippine_peso",
    "dirham",
    "colombian_peso",
    "riyal",
    "ringgit",
    "leu",
    "argentine_peso",
    "uruguayan_peso",
    "peruvian_sol",
};

// How setup makes the column where the field does not say.
std::string_view sql_type_of(const Field& field) {
  switch (field.type) {
    case FieldType::number:
      return "double precision";
    case FieldType::date:
    case FieldType::created_time:
    case FieldType::last_edited_time:
      return "timestamptz";
    case FieldType::checkbox:
      return "boolean";
    case FieldType::json:
      return "jsonb";
    case FieldType::multi_select:
    case FieldType::people:
    case FieldType::files:
      if (field.store == Storing::json) return "jsonb";
      if (field.store == Storing::array) return "text[]";
      if (field.store != Storing::automatic || in_lines(field.type)) return "text";
      return "text[]";
    default:
      return "text";
  }
}

class FieldReader {
 public:
  FieldReader(Reading& reading, const Node& node, PairDraft& draft)
      : reading_(reading),
        node_(node),
        section_(reading, &node, "a field", all_keys(), {"to_notion", "to_supabase", "where", "transform"}),
        draft_(draft) {}

  void read() {
    if (reading_.left_out(node_, "a field") || !section_.present() || !read_type()) return;
    field_.property = section_.required_text("property");
    field_.also = section_.texts("also");
    if (field_.type == FieldType::relation) {
      read_relation(reading_, section_, field_, draft_);
    } else {
      for (const auto& key : relation_keys()) {
        if (section_.child(key)) {
          section_.wrong(key, fmt::format("`{}` belongs to fields of type relation only", key),
                         "write type: relation, or remove the key");
        }
      }
      read_values();
      read_column();
    }
    draft_.nodes.fields.push_back(&node_);
    draft_.spec.fields.push_back(std::move(field_));
  }

 private:
  static Names all_keys() {
    Names keys = {"column", "end_column", "property", "also",     "type",    "direction", "store", "options", "values",
                  "format", "percent",    "sql_type", "required", "default", "unique",    "check", "enum"};
    for (auto& key : relation_keys()) keys.push_back(key);
    return keys;
  }

  bool read_type() {
    const auto type = section_.text("type");
    if (!type) {
      if (!section_.child("type")) reading_.wrong(node_, "`type` is missing in a field");
      return true;
    }
    if (std::ranges::find(computed_types, *type) != std::end(computed_types)) {
      section_.wrong("type", fmt::format("a {} is computed in Notion and belongs to no column", *type),
                     "remove the field; `setup: { formulas: { Name: expression } }` creates formulas");
      return false;
    }
    if (const auto known = field_type(*type)) {
      field_.type = *known;
    } else {
      unknown_type(*type);
    }
    return true;
  }

  void unknown_type(const std::string& type) {
    Names names;
    for (int i = 0; i <= static_cast<int>(FieldType::files); ++i) {
      names.emplace_back(name_of(static_cast<FieldType>(i)));
    }
    const auto near = nearest(type, names, 1);
    section_.wrong("type", fmt::format("`{}` is not a field type", type),
                   (near.empty() ? std::string() : "did you mean `" + near[0] + "`? ") +
                       fmt::format("One of: {}", fmt::join(names, ", ")));
  }

  void read_values() {
    field_.direction =
        read_direction(section_).value_or(read_only(field_.type) ? Direction::to_supabase : draft_.spec.direction);
    if (read_only(field_.type) && field_.direction != Direction::to_supabase) {
      section_.wrong("direction",
                     fmt::format("a property of type `{}` cannot be written in Notion", name_of(field_.type)),
                     "write direction: to_supabase");
    }
    field_.store = section_
                       .word<Storing>("store",
                                      {{"automatic", Storing::automatic},
                                       {"single", Storing::single},
                                       {"joined", Storing::joined},
                                       {"array", Storing::array},
                                       {"json", Storing::json}},
                                      "a way to store several values")
                       .value_or(field_.store);
    field_.options = section_.texts("options");
    field_.values = section_.named_texts("values");
    check_values();
    field_.percent = section_.flag("percent").value_or(false);
    field_.format = section_.text("format").value_or(field_.percent ? "percent" : "");
    for (const std::string_view key : {"percent", "format"}) {
      if (section_.child(key) && field_.type != FieldType::number)
        section_.wrong(key, fmt::format("`{}` belongs to fields of type number only", key));
    }
    if (!field_.format.empty() && std::ranges::find(number_formats, field_.format) == std::end(number_formats)) {
      section_.wrong("format", fmt::format("`{}` is not a number format of Notion", field_.format),
                     did_you_mean(field_.format, Names(std::begin(number_formats), std::end(number_formats))));
    }
  }

  // Names are Notion's, and Notion takes two that differ in case only for one.
  void check_values() {
    if (field_.values.empty()) return;
    const bool options =
        field_.type == FieldType::select || field_.type == FieldType::multi_select || field_.type == FieldType::status;
    if (!options) {
      section_.wrong("values", "`values` belongs to fields of type select, multi_select and status only");
      return;
    }
    std::set<std::string> seen;
    for (const auto& [name, value] : field_.values) {
      if (!seen.insert(ascii_lower(name)).second) {
        section_.wrong("values", fmt::format("the option `{}` stands here twice", name),
                       "options that differ in case only are one option in Notion; give each one value");
      }
    }
  }

  void read_column() {
    field_.column = section_.required_text("column");
    field_.end_column = section_.text("end_column").value_or("");
    check_length(section_, "column", field_.column);
    check_length(section_, "end_column", field_.end_column);
    WantedColumn column;
    column.name = field_.column;
    column.sql_type = section_.text("sql_type").value_or(std::string(sql_type_of(field_)));
    read_constraints(section_, column);
    read_enum(column);
    if (column.name == draft_.spec.key) return type_of_key(column);
    draft_.want(std::move(column));
    WantedColumn end;
    end.name = field_.end_column;
    end.sql_type = section_.text("sql_type").value_or(std::string(sql_type_of(field_)));
    draft_.want(std::move(end));
  }

  void read_enum(WantedColumn& column) {
    const auto name = section_.text("enum");
    if (!name) return;
    check_length(section_, "enum", *name);
    if (field_.type != FieldType::select && field_.type != FieldType::status) {
      section_.wrong("enum", "`enum` belongs to fields of type select and status only");
    } else if (field_.options.empty()) {
      section_.wrong("enum", fmt::format("the enum `{}` has no labels", *name), "list them under options");
    }
    if (section_.child("sql_type")) section_.wrong("sql_type", "`sql_type` and `enum` exclude each other");
    column.sql_type = *name;
    for (const auto& option : field_.options) {
      const auto at = std::ranges::find(field_.values, option, &std::pair<std::string, std::string>::first);
      column.labels.push_back(at == field_.values.end() ? option : at->second);
    }
  }

  // The key comes first among the columns; a field that shows it may say what it is.
  void type_of_key(const WantedColumn& column) {
    auto& key = *std::ranges::find(draft_.wanted.columns, column.name, &WantedColumn::name);
    if (!section_.child("sql_type")) return;
    key.sql_type = column.sql_type;
    key.default_sql = column.default_sql;
  }

  static void read_constraints(Section& section, WantedColumn& column) {
    column.not_null = section.flag("required").value_or(false);
    column.default_sql = section.text("default").value_or("");
    column.unique = section.flag("unique").value_or(false);
    column.check = section.text("check").value_or("");
  }

  Reading& reading_;
  const Node& node_;
  Section section_;
  PairDraft& draft_;
  Field field_;
};

// A property and a column belong to one field each; so does every other name of a property.
class Distinct {
 public:
  Distinct(Reading& reading, const PairDraft& draft) : reading_(reading), draft_(draft) {}

  void check() {
    std::set<std::string> columns, properties;
    const auto& fields = draft_.spec.fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      once(columns, fields[i].column, "column", i);
      once(columns, fields[i].end_column, "end_column", i);
      once(properties, fields[i].property, "property", i);
    }
    std::set<std::string> names;
    for (const auto& field : fields) names.insert(ascii_lower(field.property));
    for (std::size_t i = 0; i < fields.size(); ++i) {
      for (const auto& other : fields[i].also) {
        if (names.insert(ascii_lower(other)).second) continue;
        wrong(i, "also", fmt::format("`{}` is the name of another field's property already", other),
              "other names must tell this property from all the rest");
      }
    }
  }

 private:
  void once(std::set<std::string>& seen, const std::string& name, std::string_view key, std::size_t index) {
    if (name.empty() || seen.insert(name).second) return;
    wrong(index, key, fmt::format("two fields of this pair use the {} `{}`", key, name),
          "a property and a column belong to one field each");
  }

  void wrong(std::size_t index, std::string_view key, std::string what, std::string hint) {
    const Node& field = *draft_.nodes.fields[index];
    const Node* at = field.find(key);
    reading_.wrong(at ? *at : field, std::move(what), std::move(hint));
  }

  Reading& reading_;
  const PairDraft& draft_;
};

}  // namespace

void read_fields(Reading& reading, Section& pair, PairDraft& draft) {
  const Node* fields = pair.child("fields");
  if (!fields || fields->kind != Node::Kind::list || fields->entries.empty()) {
    pair.wrong("fields", fields ? "`fields` must be a list of fields" : "`fields` is missing in a pair",
               "write fields: with one line per property, like - { column: name, property: Name, type: title }");
    return;
  }
  for (const auto& entry : fields->entries) FieldReader(reading, entry.value, draft).read();
  Distinct(reading, draft).check();
}

}  // namespace rowpage
