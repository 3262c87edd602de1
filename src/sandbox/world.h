// The stand-in's memory: people, pages, databases, data sources and blocks, with the past versions that a slow index
// still shows.
//
// A page is strong when read by id (`now`) and late when listed: every write makes a new PageState, and a query at time
// t shows the newest state written at or before t - index_delay. States are shared and never changed once published.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.h"
#include "core/time.h"
#include "sandbox/id.h"
#include "sandbox/links.h"
#include "sandbox/notion_types.h"

namespace rowpage::sandbox {

struct Parent {
  enum class Kind { workspace, page, database, source, block } kind = Kind::workspace;
  Id id;
};

struct Option {
  std::string id, name, color = "default";
  json::value description;
  std::string group;  // of a status option: "To-do", "In progress", "Complete"
};

/// A property of a data source. Which members count depends on `type`.
struct Property {
  std::uint32_t key = 0;  // the property id as a number: cells are keyed by it
  std::string id;         // decoded
  std::string name;
  std::string type;
  json::value description;
  std::vector<Option> options;         // select, multi_select, status
  std::vector<std::string> group_ids;  // status: ids of the three groups
  std::string format;                  // number
  Id target;                           // relation: the data source
  bool dual = false;                   // relation
  std::string synced_id;               // relation, dual: property id at the other end
  std::string relation_id, rollup_id;  // rollup
  std::string function;                // rollup
  std::string expression;              // formula, as stored
  json::value prefix;                  // unique_id
};

/// Values in a compact form, by property type:
///   title, rich_text          "text" when it is one plain run, else the array of runs as answered
///   number                    number          checkbox  bool       url, email, phone_number   "text"
///   select, status            "option id"     multi_select         ["option id"]
///   date, place, verification the object as answered
///   people                    ["id"]          files                array as answered
///   relation                  no cell: the links are kept beside the cells
///   formula, rollup           the value as imported, used when it cannot be computed here
///   unique_id                 number
/// Null means empty; an absent cell too.
struct Cell {
  std::uint32_t key = 0;
  json::value value;
};

/// The key of every title.
inline constexpr std::uint32_t title_key = 1;

struct PageState {
  Millis written = 0;  // exact
  Millis edited = 0;   // as last_edited_time shows it
  Id edited_by;
  Parent parent;
  bool in_trash = false, archived = false, locked = false;
  json::value icon, cover;
  std::vector<Cell> cells;
  std::vector<std::pair<std::uint32_t, Links>> relations;  // by the key of the property

  /// The links of a relation; none when it was never written.
  const Links& links(std::uint32_t key) const;
  void set_links(std::uint32_t key, Links links);
  /// Takes a property's kept value: a relation's is the array of ids.
  void keep(const Property& property, json::value value);

  const json::value* cell(std::uint32_t key) const {
    for (const auto& cell : cells) {
      if (cell.key == key) return &cell.value;
    }
    return nullptr;
  }
  void set(std::uint32_t key, json::value value);
};

struct Page {
  Id id;
  std::uint64_t sequence = 0;  // order of creation
  Millis created = 0;
  Id created_by;
  std::shared_ptr<const PageState> now;
  std::vector<std::shared_ptr<const PageState>> past;  // oldest first
  std::vector<Id> children;
  bool unshared = false;

  /// The newest state written at or before `moment`; null when the page did not exist then.
  const PageState* at(Millis moment) const;
};

struct Source {
  Id id, database;
  json::value title = json::array(), description = json::array();
  json::value icon, cover;
  Millis created = 0, edited = 0;
  Id created_by, edited_by;
  bool in_trash = false, unshared = false;
  std::vector<Property> properties;
  std::vector<Page*> rows;       // every page that ever was a row here
  Millis changed = 0;            // when a row was last written
  std::int64_t next_number = 1;  // unique_id
  json::value templates = json::array();

  const Property* by_name(std::string_view name) const;
  const Property* by_id(std::string_view id) const;
  /// By name first, then by id as written or percent-decoded.
  const Property* find(std::string_view name_or_id) const;
  const Property* title_property() const;
};

struct Database {
  Id id;
  Parent parent;
  json::value title = json::array(), description = json::array();
  json::value icon, cover;
  Millis created = 0, edited = 0;
  Id created_by, edited_by;
  bool is_inline = false, locked = false, in_trash = false, unshared = false;
  std::vector<Id> sources;
};

struct Block {
  Id id;
  Parent parent;
  std::string type;
  json::value content;
  std::vector<Id> children;
  Millis created = 0, edited = 0;
  Id created_by, edited_by;
  bool in_trash = false;
  bool children_unseen = false;  // imported: it has children that no answer showed
};

struct User {
  Id id;
  std::string name;
  bool is_bot = false;
  json::value avatar_url;
  json::value details;  // the "person" or "bot" object
};

struct Upload {
  Id id;
  json::object answer;
};

struct Task {
  Millis ready = 0;
  json::object answer;  // as it is once succeeded
};

class World {
 public:
  explicit World(std::uint64_t seed) : ids(seed) { key_of("title"); }

  Page* page(const Id& id) const { return look(pages, id); }
  Source* source(const Id& id) const { return look(sources, id); }
  Database* database(const Id& id) const { return look(databases, id); }
  Block* block(const Id& id) const { return look(blocks, id); }
  User* user(const Id& id) const { return look(users, id); }

  /// The number under which cells keep a property id; `title_key` for "title".
  std::uint32_t key_of(std::string_view property_id);

  /// A property id as Notion makes them: four characters, unique in the source.
  std::string new_property_id(const Source& source);

  /// Adds a page whose first state is `state`; enters it in its parent.
  Page& add_page(const Id& id, PageState state, Millis created, const Id& by);

  /// Publishes a new state of a page, keeping what an index of `delay` still shows.
  void publish(Page& page, PageState state, Millis keep_ms);

  /// Puts a child into the list of its parent page or block.
  void adopt(const Parent& parent, const Id& child, const Id* after = nullptr, bool at_start = false);
  void disown(const Parent& parent, const Id& child);

  /// True when the page itself or anything above it is in the trash.
  bool trashed(const Parent& parent) const;
  /// True when nothing from here upwards has been taken from the integration.
  bool shared(const Parent& parent) const;

  IdSource ids;
  std::unordered_map<Id, std::unique_ptr<Page>> pages;
  std::unordered_map<Id, std::unique_ptr<Source>> sources;
  std::unordered_map<Id, std::unique_ptr<Database>> databases;
  std::unordered_map<Id, std::unique_ptr<Block>> blocks;
  std::unordered_map<Id, std::unique_ptr<User>> users;
  std::vector<Id> user_order;
  std::unordered_map<std::string, Task> tasks;
  std::unordered_map<Id, Upload> uploads;
  Id space;  // the workspace
  std::string space_name = "Sandbox";
  std::uint64_t next_sequence = 1;

 private:
  template <class T>
  static T* look(const std::unordered_map<Id, std::unique_ptr<T>>& map, const Id& id) {
    const auto found = map.find(id);
    return found == map.end() ? nullptr : found->second.get();
  }

  std::unordered_map<std::string, std::uint32_t> keys_;
};

/// "Lq%3Bz" from "Lq;z", the way Notion shows property ids.
std::string encode_property_id(std::string_view id);
/// Percent-decoding; a wrong escape stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace rowpage::sandbox
