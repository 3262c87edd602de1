// One entry of `pairs:`.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "config/reading.h"
#include "config/workspace.h"
#include "core/text.h"

namespace rowpage {
namespace {

constexpr Word<Direction> directions[] = {
    {"both", Direction::both},
    {"to_notion", Direction::to_notion},
    {"to_supabase", Direction::to_supabase},
    {"notion_to_supabase", Direction::to_supabase},
    {"supabase_to_notion", Direction::to_notion},
    {"from_notion", Direction::to_supabase},
    {"from_supabase", Direction::to_notion},
};

constexpr std::string_view later_types[] = {"relation", "people", "files", "formula", "rollup"};

std::optional<Direction> read_direction(Section& section) {
  const auto text = section.text("direction");
  if (!text) return std::nullopt;
  const auto found = direction_of(*text);
  if (!found) {
    section.wrong("direction", fmt::format("`{}` is not a direction", *text),
                  fmt::format("one of: {}", fmt::join(direction_names(), ", ")));
  }
  return found;
}

// PostgreSQL cuts a longer name without an error, so that two names could mean one column.
constexpr std::size_t name_bytes_max = 63;

void check_length(Section& section, std::string_view key, const std::string& name) {
  if (name.size() <= name_bytes_max) return;
  section.wrong(
      key, fmt::format("a name in PostgreSQL has at most {} bytes, and this one has {}", name_bytes_max, name.size()),
      fmt::format("PostgreSQL itself keeps the first {} bytes of it: write those, if the table is there already",
                  name_bytes_max));
}

std::string_view sql_type_of(FieldType type) {
  switch (type) {
    case FieldType::number:
      return "double precision";
    case FieldType::date:
      return "timestamptz";
    case FieldType::checkbox:
      return "boolean";
    case FieldType::multi_select:
      return "text[]";
    case FieldType::created_time:
    case FieldType::last_edited_time:
      return "timestamptz";
    case FieldType::json:
      return "jsonb";
    default:
      return "text";
  }
}

WantedColumn plain(std::string name, std::string sql_type, bool not_null, std::string default_sql) {
  WantedColumn column;
  column.name = std::move(name);
  column.sql_type = std::move(sql_type);
  column.not_null = not_null;
  column.default_sql = std::move(default_sql);
  return column;
}

class PairReader {
 public:
  PairReader(Reading& reading, const Node& node, const PairSpec& defaults)
      : reading_(reading),
        pair_(reading, &node, "a pair", pair_keys(), {"where", "to_notion", "to_supabase", "transform", "schedule"}),
        spec_(defaults) {
    spec_.place = reading.place(node);
  }

  std::pair<PairSpec, WantedTable> read() {
    if (!pair_.present()) return {spec_, wanted_};
    spec_.model = pair_.required_text("model");
    read_notion();
    spec_.table = pair_.required_text("table");
    for (const auto& part : name_parts(spec_.table)) check_length(pair_, "table", part);
    spec_.key = pair_.text("key").value_or("id");
    check_length(pair_, "key", spec_.key);
    spec_.direction = read_direction(pair_).value_or(spec_.direction);
    read_policy(reading_, pair_, spec_);
    read_bookkeeping();
    key_column();
    read_fields();
    bookkeeping_columns();
    read_match();
    read_setup();
    return {std::move(spec_), std::move(wanted_)};
  }

 private:
  static Names pair_keys() {
    Names keys = {"model", "notion", "table", "key", "direction", "match", "fields", "bookkeeping", "setup"};
    for (auto& key : policy_keys()) keys.push_back(key);
    return keys;
  }

  void read_notion() {
    Section notion(reading_, pair_.child("notion"), "`notion` of a pair", {"database", "data_source", "title"});
    if (!notion.present()) {
      reading_.wrong(*pair_.node(), "`notion` is missing in a pair",
                     "write notion: { database: ID }, or data_source: ID, or title: \"...\"");
      return;
    }
    spec_.database = notion.id("database").value_or("");
    if (const Node* id = notion.child("database"); id && id->text.starts_with("${") && id->text.ends_with("}")) {
      wanted_.id_variable = id->text.substr(2, id->text.size() - 3);
    }
    spec_.data_source = notion.id("data_source").value_or("");
    spec_.title = notion.text("title").value_or("");
    wanted_.title = spec_.title.empty() ? spec_.model : spec_.title;
    // A title is how setup names what it creates; as the way to find the database it serves only when no id is asked
    // for.
    if (notion.child("database") || notion.child("data_source")) spec_.title.clear();
    const bool none = !notion.child("database") && !notion.child("data_source") && spec_.title.empty();
    if (none)
      notion.wrong("", "`notion` names no database", "write database: ID, or data_source: ID, or title: \"...\"");
  }

  void read_bookkeeping() {
    Section book(reading_, pair_.child("bookkeeping"), "`bookkeeping`",
                 {"nonce", "row_id", "last_synced", "checksum", "synced", "page_id_column", "checksum_column",
                  "synced_column", "updated_at_column", "deleted_at_column", "write"});
    const auto name = [&book](std::string_view key, std::string& into) {
      if (auto text = book.text(key)) into = *text == "off" ? "" : *text;
      if (key.ends_with("_column")) check_length(book, key, into);
    };
    auto& b = spec_.book;
    name("nonce", b.nonce);
    name("row_id", b.row_id);
    name("last_synced", b.last_synced);
    name("checksum", b.checksum);
    name("synced", b.synced);
    name("page_id_column", b.page_id_column);
    name("checksum_column", b.checksum_column);
    name("synced_column", b.synced_column);
    name("updated_at_column", b.updated_at_column);
    name("deleted_at_column", b.deleted_at_column);
    b.write = book.word<BookkeepingWrite>("write",
                                          {{"with_changes", BookkeepingWrite::with_changes},
                                           {"background", BookkeepingWrite::background},
                                           {"off", BookkeepingWrite::off}},
                                          "a way to write bookkeeping")
                  .value_or(b.write);
  }

  void read_fields() {
    const Node* fields = pair_.child("fields");
    if (!fields || fields->kind != Node::Kind::list || fields->entries.empty()) {
      pair_.wrong("fields", fields ? "`fields` must be a list of fields" : "`fields` is missing in a pair",
                  "write fields: with one line per property, like - { column: name, property: Name, type: title }");
      return;
    }
    for (const auto& entry : fields->entries) read_field(entry.value);
  }

  void read_field(const Node& node) {
    Section section(reading_, &node, "a field",
                    {"column", "end_column", "property", "type", "direction", "store", "options", "sql_type",
                     "required", "default"},
                    {"to", "join", "to_notion", "to_supabase", "where", "own", "other", "transform"});
    if (!section.present()) return;
    Field field;
    const auto type = section.text("type");
    const bool relation =
        type && std::find(std::begin(later_types), std::end(later_types), *type) != std::end(later_types);
    if (relation) {
      section.wrong("type", fmt::format("fields of type `{}` are not supported by this version yet", *type),
                    "remove the field for now");
      return;
    }
    field.column = section.required_text("column");
    field.property = section.required_text("property");
    field.end_column = section.text("end_column").value_or("");
    check_length(section, "column", field.column);
    check_length(section, "end_column", field.end_column);
    if (!type) {
      if (!section.child("type")) reading_.wrong(node, "`type` is missing in a field");
    } else if (const auto known = field_type(*type)) {
      field.type = *known;
    } else {
      unknown_type(section, *type);
    }
    field.direction =
        read_direction(section).value_or(read_only(field.type) ? Direction::to_supabase : spec_.direction);
    if (read_only(field.type) && field.direction != Direction::to_supabase) {
      section.wrong("direction", fmt::format("a property of type `{}` cannot be written in Notion", *type),
                    "write direction: to_supabase");
    }
    field.store = section
                      .word<Storing>("store",
                                     {{"automatic", Storing::automatic},
                                      {"single", Storing::single},
                                      {"joined", Storing::joined},
                                      {"array", Storing::array},
                                      {"json", Storing::json}},
                                     "a way to store several values")
                      .value_or(field.store);
    field.options = section.texts("options");
    unique(columns_, field.column, "column", section);
    if (!field.end_column.empty()) unique(columns_, field.end_column, "end_column", section);
    unique(properties_, field.property, "property", section);

    std::string sql_type(sql_type_of(field.type));
    if (field.type == FieldType::multi_select && (field.store == Storing::joined || field.store == Storing::single))
      sql_type = "text";
    if (field.type == FieldType::multi_select && field.store == Storing::json) sql_type = "jsonb";
    sql_type = section.text("sql_type").value_or(sql_type);
    want(plain(field.column, sql_type, section.flag("required").value_or(false), section.text("default").value_or("")));
    if (!field.end_column.empty()) want(plain(field.end_column, sql_type, false, ""));
    spec_.fields.push_back(std::move(field));
  }

  void unknown_type(Section& section, const std::string& type) {
    Names names;
    for (int i = 0; i <= static_cast<int>(FieldType::json); ++i) {
      names.emplace_back(rowpage::name_of(static_cast<FieldType>(i)));
    }
    const auto near = nearest(type, names, 1);
    section.wrong("type", fmt::format("`{}` is not a field type", type),
                  (near.empty() ? std::string() : "did you mean `" + near[0] + "`? ") +
                      fmt::format("One of: {}", fmt::join(names, ", ")));
  }

  void unique(std::set<std::string>& seen, const std::string& name, std::string_view key, Section& section) {
    if (name.empty() || seen.insert(name).second) return;
    section.wrong(key, fmt::format("two fields of this pair use the {} `{}`", key, name),
                  "a property and a column belong to one field each");
  }

  void want(WantedColumn column) {
    if (column.name.empty()) return;
    const auto same = [&](const WantedColumn& known) { return known.name == column.name; };
    if (std::none_of(wanted_.columns.begin(), wanted_.columns.end(), same))
      wanted_.columns.push_back(std::move(column));
  }

  void key_column() { want(plain(spec_.key, "uuid", true, "gen_random_uuid()")); }

  void bookkeeping_columns() {
    const auto& b = spec_.book;
    want(plain("created_at", "timestamptz", false, "now()"));
    want(plain(b.updated_at_column, "timestamptz", false, "now()"));
    want(plain(b.page_id_column, "text", false, ""));
    want(plain(b.synced_column, "boolean", false, "false"));
    want(plain(b.checksum_column, "text", false, ""));
    want(plain(b.deleted_at_column, "timestamptz", false, ""));
    for (const auto& column : {b.page_id_column, b.synced_column, b.checksum_column}) {
      if (!column.empty()) wanted_.indexes.push_back({{column}, {}});
    }
  }

  void read_match() {
    const Node* list = pair_.child("match");
    if (!list) {
      spec_.match = {{Match::By::page_id, ""}};
      if (!spec_.book.row_id.empty()) spec_.match.push_back({Match::By::row_id, ""});
      return;
    }
    if (list->kind != Node::Kind::list) {
      pair_.wrong("match", "`match` must be a list", "write it like [page_id, row_id, \"key:column\", checksum]");
      return;
    }
    spec_.match.clear();
    for (const auto& entry : list->entries) {
      const auto text = expand(reading_, entry.value).value_or("");
      if (text == "page_id" || text == "row_id" || text == "checksum") {
        spec_.match.push_back({text == "page_id"  ? Match::By::page_id
                               : text == "row_id" ? Match::By::row_id
                                                  : Match::By::checksum,
                               ""});
        continue;
      }
      if (!text.starts_with("key:")) {
        reading_.wrong(entry.value, fmt::format("`{}` is not a way to match", text),
                       "one of: page_id, row_id, checksum, \"key:COLUMN\"");
        continue;
      }
      const std::string column = text.substr(4);
      Names known;
      for (const auto& field : spec_.fields) known.push_back(field.column);
      if (std::find(known.begin(), known.end(), column) == known.end()) {
        reading_.wrong(entry.value, fmt::format("`{}` names no column of this pair's fields", text),
                       did_you_mean(column, known));
        continue;
      }
      spec_.match.push_back({Match::By::key, column});
    }
  }

  void read_setup() {
    Section setup(reading_, pair_.child("setup"), "`setup`", {"indexes"});
    for (const auto& column : setup.texts("indexes")) {
      Names known;
      for (const auto& wanted : wanted_.columns) known.push_back(wanted.name);
      if (std::find(known.begin(), known.end(), column) == known.end()) {
        setup.wrong("indexes", fmt::format("`{}` is not a column of this pair", column), did_you_mean(column, known));
      } else {
        wanted_.indexes.push_back({{column}, {}});
      }
    }
  }

  Reading& reading_;
  Section pair_;
  PairSpec spec_;
  WantedTable wanted_;
  std::set<std::string> columns_, properties_;
};

}  // namespace

Names name_parts(std::string_view table) {
  Names parts(1);
  bool quoted = false;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i] == '"') {
      if (quoted && i + 1 < table.size() && table[i + 1] == '"') {
        parts.back() += table[i++];
      } else {
        quoted = !quoted;
      }
    } else if (table[i] == '.' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += table[i];
    }
  }
  return parts;
}

std::optional<Direction> direction_of(std::string_view name) {
  std::string plain = ascii_lower(trim(name));
  std::replace(plain.begin(), plain.end(), '-', '_');
  for (const auto& word : directions) {
    if (word.name == plain) return word.value;
  }
  return std::nullopt;
}

Names direction_names() {
  Names names;
  for (const auto& word : directions) names.emplace_back(word.name);
  return names;
}

std::pair<PairSpec, WantedTable> read_pair(Reading& reading, const Node& node, const PairSpec& defaults) {
  return PairReader(reading, node, defaults).read();
}

}  // namespace rowpage
