// Puts the demo's data where it is born: people write pages, an application writes rows.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/demo_data.h"
#include "cli/demo_world.h"
#include "cli/session.h"

namespace rowpage {

class DemoFill {
 public:
  /// Hears how far the work is; false stops it.
  using Told = std::function<bool(std::string_view what, std::size_t done, std::size_t of)>;

  DemoFill(DemoWorld& world, Session& session, const DemoData& data, Told told)
      : world_(world), session_(session), data_(data), told_(std::move(told)), pages_(data.records.size()) {}

  /// Everything that was born in Notion, as its people do it: pages with links to what is there already, then the other
  /// links.
  Status write_pages();

  /// Everything that was born in PostgreSQL, in one statement a table.
  Status write_rows();

  /// Ids of the pages, canonical, by the numbers of their records; empty for rows.
  const std::vector<std::string>& pages() const { return pages_; }
  std::size_t requests() const { return requests_; }

 private:
  Status find_person();
  Status create_pages(const PairSpec& pair);
  Status link_pages();
  Status write_table(const PairSpec& pair);
  Status write_joins(const PairSpec& pair);
  Result<std::vector<json::value>> ask(std::string_view what, const std::vector<DemoWorld::Ask>& asks);
  json::object properties(const PairSpec& pair, const DemoRecord& record, std::size_t number);
  json::object columns(const PairSpec& pair, const DemoRecord& record) const;
  json::value named(const Field& field, std::size_t target) const;

  DemoWorld& world_;
  Session& session_;
  const DemoData& data_;
  Told told_;
  std::vector<std::string> pages_;
  std::vector<std::pair<std::size_t, std::string>> later_;  // links to pages that are not there yet: record, property
  std::string person_;
  std::size_t requests_ = 0;
};

}  // namespace rowpage
