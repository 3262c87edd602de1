#include "config/read_pair.h"

#include <algorithm>

#include <fmt/format.h>

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

constexpr std::size_t name_bytes_max = 63;

WantedColumn kept(const std::string& name, std::string sql_type, std::string default_sql) {
  WantedColumn column;
  column.name = name;
  column.sql_type = std::move(sql_type);
  column.default_sql = std::move(default_sql);
  return column;
}

class PairReader {
 public:
  PairReader(Reading& reading, const Node& node, const PairSpec& defaults)
      : reading_(reading),
        pair_(reading, &node, "a pair", pair_keys(), {"where", "to_notion", "to_supabase", "transform", "schedule"}) {
    draft_.spec = defaults;
    draft_.spec.place = reading.place(node);
    draft_.nodes.pair = &node;
  }

  PairDraft read() {
    if (reading_.left_out(*draft_.nodes.pair, "a pair") || !pair_.present()) return std::move(draft_);
    auto& spec = draft_.spec;
    spec.model = pair_.required_text("model");
    read_notion();
    spec.table = pair_.required_text("table");
    const auto parts = name_parts(spec.table);
    for (const auto& part : parts) check_length(pair_, "table", part);
    draft_.wanted.bare = parts.size() == 1;
    spec.key = pair_.text("key").value_or("id");
    check_length(pair_, "key", spec.key);
    spec.direction = read_direction(pair_).value_or(spec.direction);
    draft_.wanted.group = pair_.text("group").value_or("");
    draft_.wanted.icon = pair_.text("icon").value_or("");
    draft_.wanted.comment = pair_.text("comment").value_or("");
    read_policy(reading_, pair_, spec);
    read_bookkeeping(reading_, pair_, spec.book);
    key_column();
    read_fields(reading_, pair_, draft_);
    bookkeeping_columns();
    read_match();
    read_setup(reading_, pair_, draft_);
    return std::move(draft_);
  }

 private:
  static Names pair_keys() {
    Names keys = {"model",  "notion",      "table", "key",   "direction", "match",
                  "fields", "bookkeeping", "setup", "group", "icon",      "comment"};
    for (auto& key : policy_keys()) keys.push_back(key);
    return keys;
  }

  void read_notion() {
    Section notion(reading_, pair_.child("notion"), "`notion` of a pair", {"database", "data_source", "title", "also"});
    if (!notion.present()) {
      reading_.wrong(*pair_.node(), "`notion` is missing in a pair",
                     "write notion: { database: ID }, or data_source: ID, or title: \"...\"");
      return;
    }
    auto& spec = draft_.spec;
    auto& wanted = draft_.wanted;
    spec.database = notion.id("database").value_or("");
    if (const Node* id = notion.child("database"); id && id->text.starts_with("${") && id->text.ends_with("}")) {
      wanted.id_variable = id->text.substr(2, id->text.size() - 3);
    }
    spec.data_source = notion.id("data_source").value_or("");
    spec.title = notion.text("title").value_or("");
    wanted.title = spec.title.empty() ? spec.model : spec.title;
    wanted.also = notion.texts("also");
    // A title is how setup names what it creates; as the way to find the database it serves only when no id is asked
    // for.
    if (notion.child("database") || notion.child("data_source")) spec.title.clear();
    const bool none = !notion.child("database") && !notion.child("data_source") && spec.title.empty();
    if (none)
      notion.wrong("", "`notion` names no database", "write database: ID, or data_source: ID, or title: \"...\"");
  }

  void key_column() {
    WantedColumn key = kept(draft_.spec.key, "uuid", "gen_random_uuid()");
    key.not_null = true;
    draft_.want(std::move(key));
  }

  // A field may show one of these, too (created_at as a date): the column is one, and the default is ours.
  void bookkeeping_columns() {
    const auto& b = draft_.spec.book;
    draft_.want(kept(b.created_at_column.empty() ? "created_at" : b.created_at_column, "timestamptz", "now()"));
    draft_.want(kept(b.updated_at_column, "timestamptz", "now()"));
    // Not unique: two rows that claim one page (a row copied in SQL, a page that was relinked) park instead of failing.
    draft_.want(kept(b.page_id_column, "text", ""));
    draft_.want(kept(b.synced_column, "boolean", "false"));
    draft_.want(kept(b.checksum_column, "text", ""));
    draft_.want(kept(b.deleted_at_column, "timestamptz", ""));
    for (const auto& column : {b.page_id_column, b.synced_column, b.checksum_column}) {
      if (!column.empty()) draft_.wanted.indexes.push_back({{column}, {}});
    }
  }

  void read_match() {
    auto& match = draft_.spec.match;
    const Node* list = pair_.child("match");
    if (!list) {
      match = {{Match::By::page_id, ""}};
      if (!draft_.spec.book.row_id.empty()) match.push_back({Match::By::row_id, ""});
      return;
    }
    if (list->kind != Node::Kind::list) {
      pair_.wrong("match", "`match` must be a list", "write it like [page_id, row_id, \"key:column\", checksum]");
      return;
    }
    match.clear();
    for (const auto& entry : list->entries) {
      const auto text = expand(reading_, entry.value).value_or("");
      if (text == "page_id" || text == "row_id" || text == "checksum") {
        match.push_back({text == "page_id"  ? Match::By::page_id
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
      for (const auto& field : draft_.spec.fields) {
        if (!field.is_relation()) known.push_back(field.column);
      }
      if (std::find(known.begin(), known.end(), column) == known.end()) {
        reading_.wrong(entry.value, fmt::format("`{}` names no column of this pair's fields", text),
                       did_you_mean(column, known));
        continue;
      }
      match.push_back({Match::By::key, column});
    }
  }

  Reading& reading_;
  Section pair_;
  PairDraft draft_;
};

}  // namespace

void PairDraft::want(WantedColumn column) {
  if (column.name.empty()) return;
  const auto there = std::ranges::find(wanted.columns, column.name, &WantedColumn::name);
  if (there == wanted.columns.end()) {
    wanted.columns.push_back(std::move(column));
  } else if (there->default_sql.empty()) {
    there->default_sql = std::move(column.default_sql);
  }
}

const WantedColumn* PairDraft::wanted_column(std::string_view name) const {
  const auto there = std::ranges::find(wanted.columns, name, &WantedColumn::name);
  return there == wanted.columns.end() ? nullptr : &*there;
}

Names PairDraft::column_names() const {
  Names names;
  for (const auto& column : wanted.columns) names.push_back(column.name);
  return names;
}

void read_bookkeeping(Reading& reading, Section& parent, Bookkeeping& b) {
  Section book(reading, parent.child("bookkeeping"), "`bookkeeping`",
               {"nonce", "row_id", "last_synced", "checksum", "synced", "page_id_column", "checksum_column",
                "synced_column", "created_at_column", "updated_at_column", "deleted_at_column", "write"});
  const auto name = [&book](std::string_view key, std::string& into) {
    if (auto text = book.text(key)) into = *text == "off" ? "" : *text;
    if (key.ends_with("_column")) check_length(book, key, into);
  };
  name("nonce", b.nonce);
  name("row_id", b.row_id);
  name("last_synced", b.last_synced);
  name("checksum", b.checksum);
  name("synced", b.synced);
  name("page_id_column", b.page_id_column);
  name("checksum_column", b.checksum_column);
  name("synced_column", b.synced_column);
  name("created_at_column", b.created_at_column);
  name("updated_at_column", b.updated_at_column);
  name("deleted_at_column", b.deleted_at_column);
  b.write = book.word<BookkeepingWrite>("write",
                                        {{"with_changes", BookkeepingWrite::with_changes},
                                         {"background", BookkeepingWrite::background},
                                         {"off", BookkeepingWrite::off}},
                                        "a way to write bookkeeping")
                .value_or(b.write);
}

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

void check_length(Section& section, std::string_view key, const std::string& name) {
  if (name.size() <= name_bytes_max) return;
  section.wrong(
      key, fmt::format("a name in PostgreSQL has at most {} bytes, and this one has {}", name_bytes_max, name.size()),
      fmt::format("PostgreSQL itself keeps the first {} bytes of it: write those, if the table is there already",
                  name_bytes_max));
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

PairDraft read_pair(Reading& reading, const Node& node, const PairSpec& defaults) {
  return PairReader(reading, node, defaults).read();
}

}  // namespace rowpage
