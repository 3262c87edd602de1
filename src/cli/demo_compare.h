// The demo's own judgement of both sides: every page as a person reads it over Notion's API, every row with SQL, field
// by field and link by link. It uses nothing of what synced them, not even its state: which page belongs to which row,
// the user's own columns say.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/demo_world.h"
#include "cli/session.h"

namespace rowpage {

struct DemoComparison {
  struct Model {
    std::string model;
    std::uint64_t records = 0, fields = 0, links = 0, differences = 0;
  };
  std::vector<Model> models;
  std::uint64_t older = 0;               // pages whose time of the row's last change is not the newest
  std::uint64_t ranges = 0;              // dates whose end only Notion holds
  std::vector<std::string> differences;  // "Task \"Call …\", Due Date: Notion …, PostgreSQL …"

  std::uint64_t records() const;
  std::uint64_t fields() const;
  std::uint64_t links() const;
};

class DemoCompare {
 public:
  using Told = std::function<bool(std::string_view model, std::size_t done, std::size_t of)>;
  DemoCompare(DemoWorld& world, Session& session) : world_(world), session_(session) {}

  Result<DemoComparison> run(const Told& told);

 private:
  using Pages = std::map<std::string, json::value>;  // by canonical id; live ones
  using Links = std::map<std::string, std::vector<std::string>>;

  Result<Pages> pages_of(const PairSpec& pair);
  Result<json::array> rows_of(const PairSpec& pair);
  Result<Links> links_in_postgres(const PairSpec& pair, const Field& field);
  Result<std::vector<std::string>> links_on_page(const std::string& page, const json::value& property);
  Status compare(const PairSpec& pair, DemoComparison& out);
  Status compare_links(const PairSpec& pair, const Field& field, const Pages& pages, DemoComparison& out,
                       DemoComparison::Model& model);

  DemoWorld& world_;
  Session& session_;
};

/// All ids of a relation property, also beyond those a page object shows; canonical and sorted.
Result<std::vector<std::string>> demo_all_links(DemoWorld& world, const std::string& page, const json::value& property);

}  // namespace rowpage
