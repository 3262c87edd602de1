// Takes objects into the stand-in as an answer of the service shows them: pages, databases, data sources, blocks and
// people.
//
// This is how the recorded conversations begin in the world they were held in. What an answer does not show is filled
// in with as little as possible: a page's data source gets the properties the page has, a database the data source it
// was named by.
#pragma once

#include <set>

#include "sandbox/world.h"

namespace rowpage::sandbox {

class Importer {
 public:
  explicit Importer(World& world) : world_(world) {}

  /// A full object of any kind. False when it is of no kind that is kept here, or already known.
  bool take(const json::value& object);

  /// The people anywhere in an answer.
  void take_people(const json::value& value);

  /// A page of which nothing but the id is known.
  void stub_page(const Id& id);
  /// A block of which nothing but the id is known.
  void stub_block(const Id& id);
  /// A database of which nothing but the id is known, with one data source.
  void stub_database(const Id& id);
  /// A data source of which nothing but the id is known.
  void stub_source(const Id& id);

  /// The data source of a row, with the properties the row shows, when no answer shows the data source itself.
  void take_schema_of(const json::value& page);

  /// What a property item answer says about a page that no answer shows as a whole.
  void take_item(const Id& page, std::string_view property_id, const json::value& answer);

 private:
  void take_user(const json::value& object);
  bool take_page(const json::value& object);
  bool take_source(const json::value& object);
  bool take_database(const json::value& object);
  bool take_block(const json::value& object);
  Property& property_for(Source& source, std::string_view name, const json::value& value);
  Parent parent_of(const json::value& object);
  json::value kept(Property& property, const json::value& bare);

  World& world_;
  std::set<Id> stubs_;  // known by id only so far
};

}  // namespace rowpage::sandbox
