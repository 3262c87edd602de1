// `setup:` of a pair: what is created besides the mapped properties and columns.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "config/read_pair.h"
#include "core/text.h"

namespace rowpage {
namespace {

// Properties Notion fills by itself, with nothing to configure.
constexpr std::string_view own_types[] = {"created_time", "last_edited_time", "created_by", "last_edited_by"};

class SetupReader {
 public:
  SetupReader(Reading& reading, Section& pair, PairDraft& draft)
      : reading_(reading),
        setup_(reading, pair.child("setup"), "`setup`", {"indexes", "formulas", "properties", "fills", "names"}),
        draft_(draft) {}

  void read() {
    read_indexes();
    read_extras();
    read_fills();
    read_names();
  }

 private:
  void known_column(std::string_view key, const Node& at, const std::string& column) {
    if (draft_.wanted_column(column)) return;
    reading_.wrong(at, fmt::format("`{}` in `{}` is not a column of this pair", column, key),
                   did_you_mean(column, draft_.column_names()));
  }

  void read_indexes() {
    const Node* list = setup_.child("indexes");
    if (!list) return;
    if (list->kind != Node::Kind::list) {
      setup_.wrong("indexes", "`indexes` must be a list",
                   "write it like [column, [one, two], { name: idx_x, columns: [one] }]");
      return;
    }
    for (const auto& entry : list->entries) read_index(entry.value);
  }

  void read_index(const Node& node) {
    WantedIndex index;
    const Node* columns = &node;
    if (node.kind == Node::Kind::map) {
      Section section(reading_, &node, "an index", {"name", "columns"});
      index.name = section.required_text("name");
      check_length(section, "name", index.name);
      columns = section.child("columns");
      if (!columns) {
        section.wrong("columns", "`columns` is missing in an index", "write columns: [one, two]");
        return;
      }
    }
    if (columns->kind == Node::Kind::scalar) {
      add_column(index, *columns);
    } else {
      for (const auto& entry : columns->entries) add_column(index, entry.value);
    }
    if (index.columns.empty()) return;
    // The page id, checksum and synced columns have one already; a name the user gives is kept.
    auto& indexes = draft_.wanted.indexes;
    const auto same = std::ranges::find(indexes, index.columns, &WantedIndex::columns);
    if (same == indexes.end()) {
      indexes.push_back(std::move(index));
    } else if (same->name.empty()) {
      same->name = std::move(index.name);
    }
  }

  void add_column(WantedIndex& index, const Node& node) {
    const auto column = node.kind == Node::Kind::scalar ? expand(reading_, node) : std::nullopt;
    if (!column || column->empty()) {
      reading_.wrong(node, "an index is a column, a list of columns, or { name, columns }");
      return;
    }
    known_column("indexes", node, *column);
    index.columns.push_back(*column);
  }

  void read_extras() {
    for (const auto& [name, type] : setup_.named_texts("properties")) {
      if (std::ranges::find(own_types, type) == std::end(own_types)) {
        reading_.wrong(*setup_.child("properties")->find(name),
                       fmt::format("`{}` is not a property Notion fills by itself", type),
                       fmt::format("one of: {}; what is mapped stands under fields", fmt::join(own_types, ", ")));
      }
      add_extra("properties", {name, type, ""});
    }
    for (const auto& [name, expression] : setup_.named_texts("formulas"))
      add_extra("formulas", {name, "formula", expression});
  }

  void add_extra(std::string_view key, WantedExtra extra) {
    const auto& book = draft_.spec.book;
    Names taken = {book.nonce, book.row_id, book.last_synced, book.checksum, book.synced};
    for (const auto& field : draft_.spec.fields) taken.push_back(field.property);
    for (const auto& other : draft_.wanted.extras) taken.push_back(other.name);
    const auto same = [&](const std::string& name) { return ascii_lower(name) == ascii_lower(extra.name); };
    if (std::ranges::any_of(taken, same)) {
      reading_.wrong(*setup_.child(key)->find(extra.name),
                     fmt::format("the pair has a property `{}` already", extra.name), "property names are unique");
    }
    draft_.wanted.extras.push_back(std::move(extra));
  }

  void read_fills() {
    for (const auto& [column, source] : setup_.named_texts("fills")) {
      const Node& at = *setup_.child("fills")->find(column);
      known_column("fills", at, column);
      known_column("fills", at, source);
      if (column == source) reading_.wrong(at, fmt::format("`{}` cannot be filled from itself", column));
      draft_.wanted.fills.emplace_back(column, source);
    }
  }

  void read_names() {
    Section names(reading_, setup_.child("names"), "`names`", {"full", "first", "last"});
    if (!names.present()) return;
    auto& wanted = draft_.wanted;
    wanted.full_name = names.required_text("full");
    wanted.first_name = names.required_text("first");
    wanted.last_name = names.required_text("last");
    for (const std::string_view key : {"full", "first", "last"}) {
      const Node* at = names.child(key);
      if (at && at->kind == Node::Kind::scalar) known_column("names", *at, at->text);
    }
    const auto& a = wanted.full_name;
    const auto& b = wanted.first_name;
    const auto& c = wanted.last_name;
    if (!a.empty() && (a == b || a == c || (b == c && !b.empty())))
      names.wrong("full", "`names` are three columns", "the whole name, the first and the last");
  }

  Reading& reading_;
  Section setup_;
  PairDraft& draft_;
};

}  // namespace

void read_setup(Reading& reading, Section& pair, PairDraft& draft) {
  SetupReader(reading, pair, draft).read();
}

}  // namespace rowpage
