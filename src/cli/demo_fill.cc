#include "cli/demo_fill.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/demo_view.h"
#include "core/text.h"

namespace rowpage {

Result<std::vector<json::value>> DemoFill::ask(std::string_view what, const std::vector<DemoWorld::Ask>& asks) {
  requests_ += asks.size();
  return world_.person(asks, [&](std::size_t done) { return told_(what, done, asks.size()); });
}

Status DemoFill::find_person() {
  auto users = world_.person("GET", "/v1/users");
  if (!users) return fail(users.error());
  if (const auto* list = find_array(*users, "results")) {
    for (const auto& user : *list) {
      if (find_string(user, "type") == "person") person_ = find_string(user, "id");
    }
  }
  return {};
}

Status DemoFill::write_pages() {
  if (auto found = find_person(); !found) return found;
  for (const auto& pair : session_.config().pairs) {
    if (auto made = create_pages(pair); !made) return made;
  }
  return link_pages();
}

// Values, and links to pages that are there; the others are noted for later.
json::object DemoFill::properties(const PairSpec& pair, const DemoRecord& record, std::size_t number) {
  json::object out;
  for (const auto& [property, value] : record.values) {
    const Field* field = demo_field(pair, property);
    const bool empty =
        (value.is_string() && value.get_string().empty()) || (value.is_array() && value.get_array().empty());
    if (field && !empty) out[property] = demo_property(*field, value, person_);
  }
  for (const auto& links : record.links) {
    std::vector<std::string> ids;
    for (const std::size_t target : links.to) ids.push_back(pages_[target]);
    if (std::ranges::find(ids, "") != ids.end()) {
      later_.emplace_back(number, links.property);
    } else {
      out[links.property] = demo_relation(ids);
    }
  }
  return out;
}

Status DemoFill::create_pages(const PairSpec& pair) {
  const auto numbers = data_.of(pair.model, Side::notion);
  const json::object parent = {{"type", "data_source_id"}, {"data_source_id", session_.sources().at(pair.model)}};
  std::vector<DemoWorld::Ask> asks;
  for (const std::size_t number : numbers) {
    asks.push_back({"POST", "/v1/pages",
                    json::object{{"parent", parent}, {"properties", properties(pair, data_.records[number], number)}}});
  }
  auto made = ask("people write: " + pair.model, asks);
  if (!made) return fail(made.error());
  for (std::size_t i = 0; i < numbers.size(); ++i) pages_[numbers[i]] = canonical_id(find_string((*made)[i], "id"));
  return {};
}

Status DemoFill::link_pages() {
  std::map<std::size_t, json::object> by_record;
  for (const auto& [number, property] : later_) {
    for (const auto& links : data_.records[number].links) {
      if (links.property != property) continue;
      std::vector<std::string> ids;
      for (const std::size_t target : links.to) ids.push_back(pages_[target]);
      by_record[number][property] = demo_relation(ids);
    }
  }
  std::vector<DemoWorld::Ask> asks;
  for (auto& [number, properties] : by_record)
    asks.push_back({"PATCH", "/v1/pages/" + pages_[number], json::object{{"properties", std::move(properties)}}});
  auto linked = ask("people link pages", asks);
  if (!linked) return fail(linked.error());
  return {};
}

Status DemoFill::write_rows() {
  const auto& pairs = session_.config().pairs;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (!told_("the application writes rows", i, pairs.size())) break;
    if (auto written = write_table(pairs[i]); !written) return written;
  }
  for (const auto& pair : pairs) {
    if (auto written = write_joins(pair); !written) return written;
  }
  return {};
}

// What a link to this record is named by: its key, or the value of the column the foreign key references.
json::value DemoFill::named(const Field& field, std::size_t target) const {
  const DemoRecord& record = data_.records[target];
  if (!field.relation.references.empty()) {
    const PairSpec* pair = demo_pair(session_.config(), record.model);
    for (const auto& each : pair->fields) {
      if (each.column == field.relation.references) return record.values.at(each.property);
    }
  }
  return json::string(record.key);
}

json::object DemoFill::columns(const PairSpec& pair, const DemoRecord& record) const {
  json::object out = {{pair.key, record.key}};
  for (const auto& [property, value] : record.values) {
    if (const Field* field = demo_field(pair, property)) out[field->column] = demo_column(*field, value);
  }
  for (const auto& links : record.links) {
    const Field* field = demo_field(pair, links.property);
    if (field && field->relation.kind == Relation::Kind::column) out[field->column] = named(*field, links.to.front());
  }
  return out;
}

// jsonb_populate_recordset() gives every value the type of its column. Columns no row names keep their defaults.
Status DemoFill::write_table(const PairSpec& pair) {
  json::array rows;
  std::set<std::string> names;
  for (const std::size_t number : data_.of(pair.model, Side::supabase)) {
    rows.push_back(columns(pair, data_.records[number]));
    for (const auto& [name, value] : rows.back().get_object()) names.insert(fmt::format("\"{}\"", std::string(name)));
  }
  if (rows.empty()) return {};
  return world_.sql(fmt::format("insert into {0} ({1}) select {1} from jsonb_populate_recordset(null::{0}, $1::jsonb)",
                                pair.table, fmt::join(names, ", ")),
                    {to_text(rows)});
}

Status DemoFill::write_joins(const PairSpec& pair) {
  for (const auto& field : pair.fields) {
    if (field.relation.kind != Relation::Kind::join) continue;
    json::array rows;
    for (const std::size_t number : data_.of(pair.model, Side::supabase)) {
      const DemoRecord& record = data_.records[number];
      for (const auto& links : record.links) {
        if (links.property != field.property) continue;
        for (const std::size_t target : links.to)
          rows.push_back(json::object{{field.relation.own, record.key}, {field.relation.other, named(field, target)}});
      }
    }
    if (rows.empty()) continue;
    auto written = world_.sql(
        fmt::format("insert into {0} ({1}, {2}) select {1}, {2} from jsonb_populate_recordset(null::{0}, $1::jsonb)",
                    field.relation.join, field.relation.own, field.relation.other),
        {to_text(rows)});
    if (!written) return written;
  }
  return {};
}

}  // namespace rowpage
