#include "support/differences.h"

#include <fstream>
#include <stdexcept>

namespace rowpage::contract {
namespace {

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  line.remove_prefix(1);
  while (!line.empty()) {
    const auto end = std::min(line.find('|'), line.size());
    auto cell = line.substr(0, end);
    while (cell.starts_with(' ')) cell.remove_prefix(1);
    while (cell.ends_with(' ')) cell.remove_suffix(1);
    cells.emplace_back(cell);
    line.remove_prefix(std::min(line.size(), end + 1));
  }
  return cells;
}

}  // namespace

Differences Differences::read(const std::filesystem::path& table) {
  Differences differences;
  std::ifstream in(table);
  if (!in) throw std::runtime_error("cannot read " + table.string());
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("|") || line.starts_with("|--") || line.starts_with("| schema ")) continue;
    const auto cells = cells_of(line);
    if (cells.size() != 5) throw std::runtime_error(table.string() + ": not five cells: " + line);
    Row row{cells[0], cells[1], cells[2], cells[3], cells[4]};
    if (row.source.empty()) throw std::runtime_error(table.string() + ": no source: " + line);
    if (!differences.index_.emplace(row.key(), differences.rows_.size()).second) {
      throw std::runtime_error(table.string() + ": twice: " + line);
    }
    differences.rows_.push_back(std::move(row));
  }
  return differences;
}

const Differences::Row* Differences::row_of(const Violation& violation) const {
  const auto place = violation.place.empty() ? std::string("/") : violation.place;
  for (const auto& value : {violation.value, std::string("*")}) {
    const auto found = index_.find(Row{violation.schema, place, violation.rule, value, {}}.key());
    if (found != index_.end()) return &rows_[found->second];
  }
  return nullptr;
}

JsonSchema::Tolerates Differences::tolerates() const {
  return [this](const Violation& violation) { return knows(violation); };
}

}  // namespace rowpage::contract
