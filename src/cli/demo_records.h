// The demo's records once both halves are there: which page belongs to which row, and what each side shows of a
// property, for people to read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/demo_data.h"
#include "cli/demo_world.h"
#include "cli/session.h"

namespace rowpage {

class DemoRecords {
 public:
  struct Half {
    std::string page, key;
  };
  /// What both sides show of one property: the same text where they agree.
  struct Shown {
    std::string page, row;
  };

  DemoRecords(DemoWorld& world, Session& session, const DemoData& data)
      : world_(world), session_(session), data_(data) {}

  /// Finds the halves by the user's own columns. Errors: a record without a counterpart.
  Status pair_up(const std::vector<std::string>& pages);

  const Half& half(std::size_t number) const { return halves_.at(number); }
  /// The first record of a model born on this side that `fits`; the last one where none does.
  template <class Fits>
  std::size_t first(std::string_view model, Side side, Fits fits) const {
    const auto all = data_.of(model, side);
    for (const std::size_t number : all) {
      if (fits(data_.records[number])) return number;
    }
    return all.back();
  }
  const DemoRecord& record(std::size_t number) const { return data_.records[number]; }
  std::string name(std::size_t number) const { return std::string(record(number).title()); }

  /// What a person and an application see. An empty property asks whether the record lives.
  Result<Shown> show(std::size_t number, std::string_view property);
  /// Page ids of a relation, from Notion.
  Result<std::vector<std::string>> links(std::size_t number, std::string_view property);

 private:
  Result<std::string> on_page(std::size_t number, std::string_view property);
  Result<std::string> in_row(std::size_t number, std::string_view property);
  Result<std::string> links_in_row(std::size_t number, const Field& field);

  DemoWorld& world_;
  Session& session_;
  const DemoData& data_;
  std::vector<Half> halves_;
  std::map<std::string, std::size_t> by_page_;
};

/// Titles one below the other as one text, and taken apart again.
std::string demo_list(std::vector<std::string> names);
std::vector<std::string> demo_list_items(std::string_view list);

inline constexpr std::string_view demo_lives = "lives", demo_in_trash = "in the trash", demo_deleted = "deleted";

}  // namespace rowpage
