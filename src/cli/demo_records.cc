#include "cli/demo_records.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/demo_compare.h"
#include "cli/demo_view.h"
#include "core/text.h"

namespace rowpage {
namespace {

Error missing(const std::string& model, const std::string& which) {
  return {Effect::none, Scope::workspace, Cause::other,
          fmt::format("the demo found a fault: {} of {} has no counterpart", which, model), "please report it"};
}

}  // namespace

std::string demo_list(std::vector<std::string> names) {
  std::ranges::sort(names);
  return fmt::format("{}", fmt::join(names, "\n"));
}

std::vector<std::string> demo_list_items(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto end = std::min(list.find('\n'), list.size());
    out.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

Status DemoRecords::pair_up(const std::vector<std::string>& pages) {
  halves_.resize(data_.records.size());
  for (const auto& pair : session_.config().pairs) {
    auto rows = world_.database().read(
        fmt::format("select {}::text, {} from {}", pair.key, pair.book.page_id_column, pair.table), {},
        "find the halves");
    if (!rows) return fail(rows.error());
    std::map<std::string, std::string> page_of, key_of;
    for (int row = 0; row < rows->rows(); ++row) {
      const auto page = canonical_id(rows->text(row, 1));
      page_of[std::string(rows->text(row, 0))] = page;
      key_of[page] = rows->text(row, 0);
    }
    for (std::size_t i = 0; i < data_.records.size(); ++i) {
      const DemoRecord& record = data_.records[i];
      if (record.model != pair.model) continue;
      Half& half = halves_[i];
      half = record.born == Side::notion ? Half{pages[i], key_of[pages[i]]} : Half{page_of[record.key], record.key};
      if (half.page.empty() || half.key.empty())
        return fail(missing(record.model, fmt::format("\"{}\"", record.title())));
      by_page_[half.page] = i;
    }
  }
  return {};
}

Result<DemoRecords::Shown> DemoRecords::show(std::size_t number, std::string_view property) {
  auto page = on_page(number, property);
  if (!page) return fail(page.error());
  auto row = in_row(number, property);
  if (!row) return fail(row.error());
  return Shown{std::move(*page), std::move(*row)};
}

Result<std::vector<std::string>> DemoRecords::links(std::size_t number, std::string_view property) {
  auto page = world_.page(half(number).page);
  if (!page) return fail(page.error());
  const auto* properties = find_object(*page, "properties");
  const auto* value = properties ? properties->if_contains(property) : nullptr;
  if (!value) return fail(missing(record(number).model, std::string(property)));
  return demo_all_links(world_, half(number).page, *value);
}

Result<std::string> DemoRecords::on_page(std::size_t number, std::string_view property) {
  auto page = world_.page(half(number).page);
  if (!page) return fail(page.error());
  if (find_bool(*page, "in_trash")) return std::string(demo_in_trash);
  if (property.empty()) return std::string(demo_lives);
  const Field* field = demo_field(*demo_pair(session_.config(), record(number).model), property);
  const auto* properties = find_object(*page, "properties");
  const auto* value = properties ? properties->if_contains(property) : nullptr;
  if (!field || !value) return fail(missing(record(number).model, std::string(property)));
  if (!field->is_relation()) return demo_page_text(*field, *value);
  auto ids = demo_all_links(world_, half(number).page, *value);
  if (!ids) return fail(ids.error());
  std::vector<std::string> names;
  for (const auto& id : *ids) {
    const auto known = by_page_.find(id);
    names.push_back(known == by_page_.end() ? id : name(known->second));
  }
  return demo_list(std::move(names));
}

Result<std::string> DemoRecords::in_row(std::size_t number, std::string_view property) {
  const PairSpec& pair = *demo_pair(session_.config(), record(number).model);
  auto text =
      world_.value(fmt::format("select to_jsonb(t)::text from {} t where {} = $1::text::uuid", pair.table, pair.key),
                   {half(number).key});
  if (!text) return fail(text.error());
  const auto row = parse_json(text->empty() ? "null" : *text);
  if (!row) return fail(row.error());
  const auto* deleted = find(*row, pair.book.deleted_at_column);
  if (row->is_null() || (deleted && !deleted->is_null())) return std::string(demo_deleted);
  if (property.empty()) return std::string(demo_lives);
  const Field* field = demo_field(pair, property);
  if (!field) return fail(missing(pair.model, std::string(property)));
  if (field->is_relation()) return links_in_row(number, *field);
  const auto* column = find(*row, field->column);
  return column ? demo_row_text(*field, *column) : std::string();
}

Result<std::string> DemoRecords::links_in_row(std::size_t number, const Field& field) {
  const PairSpec& pair = *demo_pair(session_.config(), record(number).model);
  const PairSpec& target = *demo_pair(session_.config(), field.relation.to);
  const auto& relation = field.relation;
  const std::string references = relation.references.empty() ? target.key : relation.references;
  const std::string linked =
      relation.kind == Relation::Kind::column
          ? fmt::format("select {} from {} where {} = $1::text::uuid", field.column, pair.table, pair.key)
          : fmt::format("select {} from {} where {} = $1::text::uuid", relation.other, relation.join, relation.own);
  auto answer = world_.database().read(fmt::format("select {} from {} where {} in ({}) and deleted_at is null",
                                                   target.book.page_id_column, target.table, references, linked),
                                       {half(number).key}, "look at the links");
  if (!answer) return fail(answer.error());
  std::vector<std::string> names;
  for (int row = 0; row < answer->rows(); ++row) {
    const auto known = by_page_.find(canonical_id(answer->text(row, 0)));
    names.push_back(known == by_page_.end() ? std::string(answer->text(row, 0)) : name(known->second));
  }
  return demo_list(std::move(names));
}

}  // namespace rowpage
