// The world of the preset `higherself`: sixteen pairs with their links, filled from a formula, so that the number of
// any record says what it links to. Two or three links a record on the average; most lead to records that can be made
// before, a few in circles.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/stage.h"

namespace rowpage::bench {

class LinkedWorld : public Stage {
 public:
  /// `defaults`: whether columns that an import leaves empty are filled, by PostgreSQL or with the page's time. Such
  /// values travel to Notion, so that nearly each page of an import is read and written once more; without them an
  /// import only reads.
  explicit LinkedWorld(bool defaults);

  static std::int64_t pairs();

  /// `count` rows in each table, with their links; a multiple of 20.
  void fill_tables(std::int64_t count);
  /// The same as pages, made by a person.
  void fill_pages(std::int64_t count);

  /// Links that rows or pages of that many records a pair hold.
  static std::int64_t links(std::int64_t count);
  /// Links as PostgreSQL has them now.
  std::int64_t links_stored();
  /// Records of which one link must be written after they were made, whatever the order: one of each circle.
  static std::int64_t late(std::int64_t count);

  /// Page of the n-th record of a pair, as PostgreSQL knows it linked.
  std::string page(const std::string& model, std::int64_t n);
  /// Expression for the key of the n-th row.
  static std::string key(const std::string& model, std::int64_t n);
  void edit_page(const std::string& page, const json::object& properties);

 private:
  void seed_pages(const std::string& model, std::int64_t count);
  void close_circles(std::int64_t count);

  std::map<std::string, std::string> sources_;             // model → data source
  std::map<std::string, std::vector<std::string>> pages_;  // model → pages, as seeded
};

}  // namespace rowpage::bench
