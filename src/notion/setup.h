// What `check`, `setup` and `init` ask of Notion beyond the engine's port: finding a data source, making a database,
// adding properties, and learning what this connection can do.
//
// Notion's schema writes need care. A list of options replaces the old one, and rows lose what is left out; one bad
// part can sink a whole request that still answers 200. So nothing is ever taken away, one property travels per
// request, and each is read back before it counts as done. Every function may be run again.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/schema.h"
#include "notion/caller.h"

namespace rowpage {

/// What a person may have given: a data source id, a database id or URL, or a title. The first that is not empty
/// counts; ids of the two kinds may be mixed up.
struct SourceName {
  std::string data_source, database, title;
};

/// The data source meant. Errors (pair): usage when several fit, each listed with name and id; not_found with the
/// remedy.
Result<SourceSchema> find_source(Caller& caller, const SourceName& name);

/// A property as it is to be.
struct WantedProperty {
  std::string name;
  std::string type;  // Notion's word
  std::vector<std::string> options;
};

/// All properties a pair needs: its fields' and its bookkeeping's.
std::vector<WantedProperty> wanted_properties(const PairSpec& spec);

/// Makes a database with one data source under a page. One of that title already there is adopted instead, which also
/// settles an earlier try whose outcome stayed unknown; properties are then added by add_properties().
struct MadeDatabase {
  SourceSchema schema;
  bool adopted = false;
};
Result<MadeDatabase> make_database(Caller& caller, const std::string& parent_page, const std::string& title,
                                   std::span<const WantedProperty> properties);

/// What add_properties() did, for a person.
struct SchemaChange {
  SourceSchema schema;             // as read back at the end
  std::vector<std::string> done;   // "added Checksum (rich_text)"
  std::vector<std::string> notes;  // what was left alone, and why
};

/// Adds missing properties and options; changes and removes nothing: a property there with another type is left alone,
/// with a note. schema_drift (pair): Notion accepted a change and did not make it.
Result<SchemaChange> add_properties(Caller& caller, const std::string& data_source,
                                    std::span<const WantedProperty> properties);

/// Whether pages in the trash can be found by an in_trash query of this data source, or by a search. True and false are
/// proved by what came back; nullopt: nothing is in the trash, so it cannot be told yet.
Result<std::optional<bool>> probe_trash_query(Caller& caller, const std::string& data_source);
Result<std::optional<bool>> probe_trash_search(Caller& caller);

}  // namespace rowpage
