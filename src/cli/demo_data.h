// The data of `rowpage demo`: a house for wellness, art and advice with its people, its offers and what happens there.
//
// Nothing here is drawn from a clock or a random device, so every demo shows the same world, and what must hold can be
// counted beforehand. Records are plain: values by the names of Notion's properties, links by numbers of other records.
// Before the first sync the two sides know nothing of each other, so a record links only to records of its own side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "core/schema.h"

namespace rowpage {

/// The links of one relation property.
struct DemoLinks {
  std::string property;
  std::vector<std::size_t> to;  // numbers of records
};

/// One record before its first sync. A value is, by the type of its property: a text (also options, addresses), a
/// number (percentages as 0-100), a flag, an array of texts (options, addresses of files), {"start","end"} (a date),
/// or any JSON (a json property). Of people only their number is known: who they are, the workspace decides.
struct DemoRecord {
  std::string model;
  Side born = Side::notion;
  std::string key;  // of the row, for records born in PostgreSQL
  json::object values;
  std::vector<DemoLinks> links;

  std::string_view title() const;  // the first value is the title
};

struct DemoData {
  std::deque<DemoRecord> records;  // those of one model follow each other, in the order of the preset

  /// Numbers of the records of a model that were born on this side.
  std::vector<std::size_t> of(std::string_view model, Side side) const;
  std::size_t count(std::string_view model, Side side) const;
  std::size_t links_of(std::string_view model) const;
};

/// About `records` in all, never fewer than a connected world needs (some 150). Both sides together.
DemoData make_demo_data(std::size_t records);

inline constexpr std::size_t demo_records = 2400, demo_quick_records = 320;

/// A deterministic source of choices.
class DemoDice {
 public:
  explicit DemoDice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// 0 ... n-1.
  std::size_t below(std::size_t n);
  int between(int low, int high);
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  std::string uuid();

 private:
  std::uint64_t state_;
};

/// What the parts of the generator share: the data so far, the dice, how large the world is.
class DemoMaker {
 public:
  DemoMaker(DemoData& data, double scale) : data_(data), scale_(scale) {}

  /// How many of something there are in this world: `whole` in the full one, never fewer than `least`.
  std::size_t size(std::size_t whole, std::size_t least) const;

  DemoRecord& add(std::string_view model, Side side);
  void link(DemoRecord& record, std::string_view property, std::vector<std::size_t> to);
  DemoRecord& record(std::size_t number) { return data_.records[number]; }
  const DemoData& data() const { return data_; }

  /// Up to `count` different records of a model on this side; fewer where there are not so many.
  std::vector<std::size_t> some(std::string_view model, Side side, std::size_t count);
  std::vector<std::size_t> one(std::string_view model, Side side) { return some(model, side, 1); }

  template <class List>
  std::string pick(const List& list) {
    return std::string(list[dice.below(std::size(list))]);
  }
  /// Up to `most` different ones, as an array of options; may be empty.
  template <class List>
  json::array picks(const List& list, std::size_t most) {
    json::array out;
    for (const auto& each : list) {
      if (out.size() < most && dice.below(std::size(list)) < most)
        out.emplace_back(json::string(std::string_view(each)));
    }
    return out;
  }

  /// Days since 2026-01-01 as "2026-03-02", and with a time as "2026-03-02T09:30:00Z".
  static std::string day(int offset);
  std::string moment(int offset);
  static json::object on(std::string start) { return {{"start", std::move(start)}}; }
  static json::object span(std::string start, std::string end) {
    return {{"start", std::move(start)}, {"end", std::move(end)}};
  }

  DemoDice dice{20260101};

 private:
  DemoData& data_;
  double scale_;
  std::map<std::pair<std::string, Side>, std::vector<std::size_t>> numbers_;
};

/// How many of a kind there are in the whole world, and the least number of pages in a small one.
struct DemoCount {
  std::size_t pages = 0, rows = 0, least = 4;
};

/// Makes those of one kind on both sides, numbered through: the pages first.
void demo_on_both_sides(DemoMaker& maker, DemoCount count, void (*add)(DemoMaker&, std::size_t number, Side side));

// The parts, in the order in which they are called; each makes its records for both sides.
void make_demo_houses(DemoMaker& maker);     // entities, agents, integrations, workflows
void make_demo_contacts(DemoMaker& maker);   // contacts
void make_demo_offers(DemoMaker& maker);     // products and services
void make_demo_plumbing(DemoMaker& maker);   // transformations, patterns, use cases, templates
void make_demo_activity(DemoMaker& maker);   // instances, campaigns, feedback, tasks
void make_demo_community(DemoMaker& maker);  // members and rewards
void connect_demo_houses(DemoMaker& maker);  // links of entities to what came after them

}  // namespace rowpage
