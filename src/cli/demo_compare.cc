#include "cli/demo_compare.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/demo_view.h"
#include "core/text.h"

namespace rowpage {
namespace {

constexpr int page_size = 100;

// Rows that are deleted on their side are nobody's to compare: their pages lie in the trash.
std::string live_rows(const PairSpec& pair) {
  return pair.book.deleted_at_column.empty() ? "true" : pair.book.deleted_at_column + " is null";
}

void differ(DemoComparison& out, DemoComparison::Model& model, std::string what) {
  ++model.differences;
  out.differences.push_back(model.model + " " + std::move(what));
}

}  // namespace

Result<std::vector<std::string>> demo_all_links(DemoWorld& world, const std::string& page,
                                                const json::value& property) {
  auto shown = demo_page_links(property);
  if (!shown.more) return std::move(shown.ids);
  std::vector<std::string> ids;
  std::string cursor;
  do {
    auto answer =
        world.person("GET", fmt::format("/v1/pages/{}/properties/{}?page_size={}{}", page, find_string(property, "id"),
                                        page_size, cursor.empty() ? "" : "&start_cursor=" + cursor));
    if (!answer) return fail(answer.error());
    if (const auto* results = find_array(*answer, "results")) {
      for (const auto& item : *results) {
        if (const auto* link = find(item, "relation")) ids.push_back(canonical_id(find_string(*link, "id")));
      }
    }
    cursor = find_bool(*answer, "has_more") ? std::string(find_string(*answer, "next_cursor")) : "";
  } while (!cursor.empty());
  std::ranges::sort(ids);
  return ids;
}

std::uint64_t DemoComparison::records() const {
  return std::accumulate(models.begin(), models.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Model& model) { return sum + model.records; });
}
std::uint64_t DemoComparison::fields() const {
  return std::accumulate(models.begin(), models.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Model& model) { return sum + model.fields; });
}
std::uint64_t DemoComparison::links() const {
  return std::accumulate(models.begin(), models.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Model& model) { return sum + model.links; });
}

Result<DemoCompare::Pages> DemoCompare::pages_of(const PairSpec& pair) {
  Pages pages;
  json::object body = {{"page_size", page_size},
                       {"sorts", json::array{json::object{{"timestamp", "created_time"}, {"direction", "ascending"}}}}};
  while (true) {
    auto answer = world_.person("POST", "/v1/data_sources/" + session_.sources().at(pair.model) + "/query", body);
    if (!answer) return fail(answer.error());
    if (const auto* results = find_array(*answer, "results")) {
      for (const auto& page : *results) pages[canonical_id(find_string(page, "id"))] = page;
    }
    if (!find_bool(*answer, "has_more")) return pages;
    body["start_cursor"] = find_string(*answer, "next_cursor");
  }
}

Result<json::array> DemoCompare::rows_of(const PairSpec& pair) {
  auto text =
      world_.value(fmt::format("select coalesce(jsonb_agg(to_jsonb(t) order by {}), '[]')::text from {} t where {}",
                               pair.key, pair.table, live_rows(pair)));
  if (!text) return fail(text.error());
  auto rows = parse_json(*text);
  if (!rows) return fail(rows.error());
  return std::move(rows->as_array());
}

// Page ids of the linked rows, by the page id of the row that owns the links.
Result<DemoCompare::Links> DemoCompare::links_in_postgres(const PairSpec& pair, const Field& field) {
  const PairSpec& target = *demo_pair(session_.config(), field.relation.to);
  const auto& relation = field.relation;
  const std::string references = relation.references.empty() ? target.key : relation.references;
  const std::string from =
      relation.kind == Relation::Kind::column
          ? fmt::format("{} a join {} b on b.{} = a.{}", pair.table, target.table, references, field.column)
          : fmt::format("{0} j join {1} a on a.{2} = j.{3} join {4} b on b.{5} = j.{6}", relation.join, pair.table,
                        pair.key, relation.own, target.table, references, relation.other);
  auto answer = world_.database().read(
      fmt::format("select a.{}, b.{} from {} where a.deleted_at is null and b.deleted_at is null order by 1, 2",
                  pair.book.page_id_column, target.book.page_id_column, from),
      {}, "read the links");
  if (!answer) return fail(answer.error());
  Links links;
  for (int row = 0; row < answer->rows(); ++row)
    links[canonical_id(answer->text(row, 0))].push_back(canonical_id(answer->text(row, 1)));
  for (auto& [page, ids] : links) std::ranges::sort(ids);
  return links;
}

Status DemoCompare::compare_links(const PairSpec& pair, const Field& field, const Pages& pages, DemoComparison& out,
                                  DemoComparison::Model& model) {
  auto rows = links_in_postgres(pair, field);
  if (!rows) return fail(rows.error());
  for (const auto& [id, page] : pages) {
    const auto* properties = find_object(page, "properties");
    const auto* property = properties ? properties->if_contains(field.property) : nullptr;
    auto shown = property ? demo_all_links(world_, id, *property) : Result<std::vector<std::string>>();
    if (!shown) return fail(shown.error());
    const auto& stored = (*rows)[id];
    model.links += stored.size();
    if (*shown != stored) {
      differ(out, model,
             fmt::format("{}, {}: Notion links to {} pages, PostgreSQL to {}", id, field.property, shown->size(),
                         stored.size()));
    }
  }
  return {};
}

Status DemoCompare::compare(const PairSpec& pair, DemoComparison& out) {
  DemoComparison::Model model{pair.model};
  auto pages = pages_of(pair);
  if (!pages) return fail(pages.error());
  auto rows = rows_of(pair);
  if (!rows) return fail(rows.error());
  std::size_t unmatched = pages->size();
  for (const auto& row : *rows) {
    const auto id = canonical_id(find_string(row, pair.book.page_id_column));
    const auto page = pages->find(id);
    if (page == pages->end()) {
      differ(out, model, fmt::format("row {} has no page", find_string(row, pair.key)));
      continue;
    }
    --unmatched;
    ++model.records;
    const auto* properties = find_object(page->second, "properties");
    for (const auto& field : pair.fields) {
      if (field.is_relation()) continue;
      const auto* property = properties ? properties->if_contains(field.property) : nullptr;
      const auto* column = find(row, field.column);
      if (!property || !column) {
        differ(out, model, fmt::format("{} is missing on a side", field.property));
        continue;
      }
      ++model.fields;
      const std::string left = demo_page_text(field, *property), right = demo_row_text(field, *column);
      // A sync that writes a row moves its updated_at, too, and the page learns of it with the next change.
      const bool follows = field.column == pair.book.updated_at_column && left < right;
      if (follows) ++out.older;
      if (left != right && !follows) {
        differ(out, model, fmt::format("{}, {}: Notion \"{}\", PostgreSQL \"{}\"", id, field.property, left, right));
      }
      if (!demo_range_end(*property).empty()) ++out.ranges;
    }
  }
  if (unmatched > 0) differ(out, model, fmt::format("{} pages have no row", unmatched));
  for (const auto& field : pair.fields) {
    if (!field.is_relation() || field.relation.kind == Relation::Kind::back) continue;
    if (auto compared = compare_links(pair, field, *pages, out, model); !compared) return compared;
  }
  out.models.push_back(model);
  return {};
}

Result<DemoComparison> DemoCompare::run(const Told& told) {
  DemoComparison out;
  const auto& pairs = session_.config().pairs;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (!told(pairs[i].model, i, pairs.size()))
      return fail({Effect::none, Scope::workspace, Cause::interrupted, "the demo was interrupted", ""});
    if (auto compared = compare(pairs[i], out); !compared) return fail(compared.error());
  }
  return out;
}

}  // namespace rowpage
