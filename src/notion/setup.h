// What `check`, `setup` and `init` ask of Notion beyond the engine's port: finding a data source, making a database,
// and learning what this connection can do. Every function may be run again. Properties and relations are added by
// notion/properties.h and notion/relations.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/schema.h"
#include "notion/caller.h"
#include "notion/properties.h"
#include "notion/relations.h"

namespace rowpage {

/// What a person may have given: a data source id, a database id or URL, or a title. The first that is not empty
/// counts; ids of the two kinds may be mixed up.
struct SourceName {
  std::string data_source, database, title;
};

/// The data source meant. Errors (pair): usage when several fit, each listed with name and id; not_found with the
/// remedy.
Result<SourceSchema> find_source(Caller& caller, const SourceName& name);

/// A database as it is to be.
struct WantedDatabase {
  std::string title;
  std::vector<std::string> also = {};  // other titles under which it may be there already, the likeliest first
  std::string icon = {};               // an emoji; empty: none
  std::string description = {};
};

/// Makes a database with one data source under a page. One of that title already there, or else of one of its other
/// titles, is adopted as it is instead, which also settles an earlier try whose outcome stayed unknown; properties are
/// then added by add_properties(). Of `properties`, relations and formulas are left for add_relations() and
/// add_formulas().
struct MadeDatabase {
  SourceSchema schema;
  bool adopted = false;
};
Result<MadeDatabase> make_database(Caller& caller, const std::string& parent_page, const WantedDatabase& wanted,
                                   std::span<const WantedProperty> properties);
inline Result<MadeDatabase> make_database(Caller& caller, const std::string& parent_page, const std::string& title,
                                          std::span<const WantedProperty> properties) {
  return make_database(caller, parent_page, WantedDatabase{title}, properties);
}

/// Whether pages in the trash can be found by an in_trash query of this data source, or by a search. True and false are
/// proved by what came back; nullopt: nothing is in the trash, so it cannot be told yet.
Result<std::optional<bool>> probe_trash_query(Caller& caller, const std::string& data_source);
Result<std::optional<bool>> probe_trash_search(Caller& caller);

}  // namespace rowpage
